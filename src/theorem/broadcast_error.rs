//! **broadcast-error.** The local rule
//!
//! ```text
//! W_{k+1} = W_k - eta sum (P e_t) psi(h_t)^T
//! ```
//!
//! with a fixed P in the place of the adjoint (random feedback, no transport through time) keeps
//! the columns of every D_k in the column space of P:
//!
//! ```text
//! rank D_k <= rank P <= d_out,    CP rank <= rank P min(K, N),
//! ```
//!
//! for any nonlinearity, loss and data.
//!
//! Why: the columns of P e_t z_t^T are multiples of P e_t. Of K matrices with columns in a space
//! of dimension d each is a sum of d matrices of rank one, and so is each of the N slices that
//! collect one column of every matrix.

use super::movement::{Movement, span};
use super::{Arithmetic, Case, Checks, Domain, Inconclusive, Observed, Proof, Setting, Theorem};
use crate::matrix::{Matrix, RankRevealing};
use crate::network::architecture::Architecture;
use crate::network::{Network, Transport};
use crate::task::Dimensions;
use crate::training::{GradientFault, NOISE_FACTOR, Trajectory};

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "broadcast-error",
    title: "Learning from broadcast errors stays in the space of the feedback weights",
    statement: "W_{k+1} = W_k - eta sum (P e_t) z_t^T with a fixed P: rank D_k <= rank P <= d_out, \
                CP rank <= rank P min(K, N), for any network and any vectors z.",
    hypotheses: &[
        "any phi, psi, loss, data and start",
        "the back-propagated error replaced by P e_t, P fixed",
        "an optimizer that combines such updates",
    ],
    bound: "rank P",
    tightness: "Attained by generic data without ReLU, with two time steps or more, d_in >= d_out \
                and d_out trials or more in each gradient.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "broadcast_error.broadcast_span",
            "broadcast_error.broadcast_tensor_rank",
            "broadcast_error.broadcast_rank",
        ],
        beyond: None,
    },
    source: &["Lillicrap et al. (2016)", "Murray (2019)"],
    limit: None,
    attained: Some(attained),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry, GradientFault::TransposedWeight],
    minors: super::generic::of_feedback,
    counterexamples: &[
        "errors_must_not_be_transported",
        "the_feedback_must_be_fixed",
        "the_optimizer_must_combine_updates",
    ],
};

fn attained(setting: &Setting) -> bool {
    let Dimensions { d_in, d_out, steps, .. } = setting.dimensions;
    !(setting.phi.is_silent() || setting.psi.is_silent())
        && steps >= 2
        && d_in >= d_out
        && setting.batch_size() >= d_out
}

fn domain(arithmetic: Arithmetic) -> Domain {
    Domain { d_out: 1..=3, ..Domain::any_network(arithmetic) }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let feedback = feedback(case);
    let (n, steps) = (case.setting.dimensions.neurons, case.setting.learning_steps);
    let space = span(n, [&feedback], "the rank of P")?;
    let mut network = case.instance.network.clone();
    network.architecture.transport = Transport::Feedback(feedback);
    let trajectory = case.training_of(&network).run(steps)?;
    let mut movement = Movement::increments(&trajectory);
    let rounding = rounding_of_feedback(case, &network, &trajectory)?;
    movement.noise.iter_mut().for_each(|noise| *noise += rounding);
    Ok(vec![
        movement.last_rank(space.dimension()),
        movement.columns_outside(&space),
        movement.cp_rank(space.dimension() * steps.min(n))?,
    ])
}

/// P, (N, d_out), of a random rank.
/// What rounding of P e can have put into W: where P has fewer dimensions than there are outputs, P e
/// may be small beside P and e. No e is larger than outputs and targets.
fn rounding_of_feedback<S: RankRevealing>(
    case: &Case<S>,
    network: &Network<S>,
    trajectory: &Trajectory<S>,
) -> Result<f64, Inconclusive> {
    let task = &case.instance.task;
    let outputs = network.architecture.outputs(&trajectory.end, &task.inputs, task.trials)?;
    let error = outputs.norm() + task.targets.norm() + 1.0;
    let activity = |k: usize| -> f64 {
        let gradients = trajectory.gradients().iter().enumerate();
        gradients
            .map(|(j, gradient)| trajectory.coefficient(k, j).size() * gradient.right.norm())
            .sum()
    };
    let activity = (1..=trajectory.steps()).map(activity).fold(0.0, f64::max);
    let size = (case.setting.dimensions.neurons + case.setting.dimensions.steps) as f64;
    Ok(NOISE_FACTOR * S::ROUNDING * size * feedback(case).norm() * error * activity)
}

fn feedback<S: RankRevealing>(case: &Case<S>) -> Matrix<S> {
    let mut stream = case.stream.named("feedback");
    let dimensions = &case.setting.dimensions;
    let rank = 1 + stream.below(dimensions.d_out);
    let left = Matrix::random(dimensions.neurons, rank, &mut stream);
    left.times(&Matrix::random(rank, dimensions.d_out, &mut stream))
}
