//! **feedback-alignment.** Errors that travel back in time through fixed matrices, and not through
//! the transpose of the weights that learn,
//!
//! ```text
//! l_t = (1-a) l_{t+1} + P e_t + a Y^T l_{t+1},    W_{k+1} = W_k - eta sum l_{t+1} psi(h_t)^T
//! ```
//!
//! with fixed P and Y keep the columns of every D_k in the space of (Y_a^T)^i P, i < T, where
//! Y_a = (1-a) I + a Y:
//!
//! ```text
//! rank D_k <= T rank P,   (T - 1) rank P if nothing is active at t = 0,
//! ```
//!
//! for **all** k, any nonlinearity, loss, data and start. broadcast-error is the case of no transport
//! through time.
//!
//! Why: l_{t+1} is a sum of (Y_a^T)^i P e_{t+1+i}, and these matrices are the same at every step.

use super::movement::{Movement, span};
use super::{Arithmetic, Case, Checks, Domain, Observed, Proof, Setting, Theorem};
use crate::matrix::{Matrix, RankRevealing};
use crate::network::Transport;
use crate::scalar::Scalar;
use crate::training::GradientFault;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "feedback-alignment",
    title: "Feedback through fixed weights learns in the space that they make of the errors",
    statement: "l_t = (1-a) l_{t+1} + P e_t + a Y^T l_{t+1} with fixed P and Y in the place of the \
                adjoint: the columns of D_k lie in span{((1-a) I + a Y^T)^i P, i < T}, so rank D_k \
                <= T rank P for all k, (T-1) rank P with psi(h_0) = 0; for any network.",
    hypotheses: &[
        "any phi, psi, loss, data and start",
        "errors carried back by fixed P and Y, without slopes",
        "an optimizer that combines such updates",
    ],
    bound: "dim span{((1-a) I + a Y^T)^i P}, i < T, or T - 1 where psi(h_0) = 0",
    tightness: "Attained by generic data without ReLU, once learning steps and trials are enough for \
                all times to be independent.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "feedback_alignment.feedback_alignment",
            "feedback_alignment.feedback_tensor_rank",
            "feedback_alignment.broadcast_feedback",
        ],
        beyond: None,
    },
    source: &["Lillicrap et al. (2016)", "Murray (2019)"],
    limit: None,
    attained: None,
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry, GradientFault::TransposedWeight],
    // Degrees grow with powers of Y; a second instance speaks for the first.
    minors: |_| None,
    counterexamples: &[
        "errors_must_not_go_through_the_weights",
        "the_feedback_must_be_fixed",
        "an_initial_activity_counts",
        "the_optimizer_must_combine_updates",
    ],
};

fn domain(arithmetic: Arithmetic) -> Domain {
    Domain { neurons: 1..=12, d_out: 1..=2, steps: 1..=4, ..Domain::any_network(arithmetic) }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let n = case.setting.dimensions.neurons;
    let mut stream = case.stream.named("feedback");
    let feedback = Matrix::random(n, case.setting.dimensions.d_out, &mut stream);
    let weights = Matrix::random(n, n, &mut stream.named("Y"));
    let powers = powers(&weights, &feedback, &case.setting);
    let mut network = case.instance.network.clone();
    network.architecture.transport = Transport::FixedWeights { feedback, weights };
    let trajectory = case.training_of(&network).run(case.setting.learning_steps)?;
    let space = span(n, &powers, "the dimension of span((Y_a^T)^i P)")?;
    let movement = Movement::increments(&trajectory);
    Ok(vec![movement.last_rank(space.dimension()), movement.columns_outside(&space)])
}

/// ((1-a) I + a Y^T)^i P for as many i as errors can travel to something active.
fn powers<S: Scalar>(
    weights: &Matrix<S>,
    feedback: &Matrix<S>,
    setting: &Setting,
) -> Vec<Matrix<S>> {
    let leak = S::ratio(setting.leak_quarters as i64, 4);
    let silent = setting.starts_silent();
    let count = setting.dimensions.steps - usize::from(silent);
    let mut powers = Vec::with_capacity(count);
    let mut power = feedback.clone();
    for _ in 0..count {
        let mut next = Matrix::product(weights.t(), power.view());
        next.scale(leak);
        next.add_scaled(S::ONE - leak, &power);
        powers.push(std::mem::replace(&mut power, next));
    }
    powers
}
