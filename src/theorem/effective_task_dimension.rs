//! **effective-task-dimension.** The dimension that counts is the task's, not the number of
//! channels. A linear network with squared loss, C C^T = I and W_0 = w I, whose driven inputs B u_t
//! lie in a space U of dimension r_u and whose targets lie in a space Y of dimension r_y, learns in
//!
//! ```text
//! S = U + C^T C U + C^T Y:    rank D_k <= min(2 r_u + r_y, r_u + d_out),
//! ```
//!
//! whatever d_in, d_out and N are.
//!
//! Why: the errors are e_t = C h_t - y_t, so C^T e_t lies in S whenever h_t does, since
//! C^T C C^T C = C^T C keeps S. Trained, B u_t gains combinations of adjoint states and C^T e_t of
//! states, which lie in S. Then states and adjoint states stay in S as in invariant-subspace.

use super::movement::{Movement, span};
use super::{
    Arithmetic, Case, Checks, Domain, InitialState, LossKind, Observed, Proof, Setting, Theorem,
};
use crate::blocks::Subset;
use crate::matrix::{Matrix, RankRevealing};
use crate::scalar::{Scalar, Stream};
use crate::task::{Dimensions, Task};
use crate::training::{GradientFault, Training};

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "effective-task-dimension",
    title: "The rank of learning is bounded by the dimension of the task, not of its channels",
    statement: "Linear network, squared loss, C C^T = I, W_0 = w I, h_0 = 0. Inputs B u_t in U of \
                dimension r_u, targets in Y of dimension r_y: rows and columns of D_k lie in \
                U + C^T C U + C^T Y, rank D_k <= min(2 r_u + r_y, r_u + d_out).",
    hypotheses: &[
        "linear network: phi = psi = id",
        "squared loss",
        "C C^T = I",
        "W_0 = w I, h_0 = 0, no bias",
        "GD-like learning of W, with or without B and C",
    ],
    bound: "min(2 r_u + r_y, r_u + d_out), at most N",
    tightness: "Attained by generic data after d_in + d_out learning steps, with four time steps or \
                more, inputs that span U, and N >= d_in + d_out: with fewer neurons U and C^T C U \
                meet.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "effective_task_dimension.effective_task_dimension",
            "effective_task_dimension.task_invariant",
        ],
        beyond: Some("trained B and C"),
    },
    source: &[],
    limit: None,
    attained: Some(attained),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    minors: super::generic::unknown,
    counterexamples: &[
        "the_readout_must_be_orthonormal",
        "the_loss_must_be_squared",
        "an_initial_state_counts",
        "a_bias_counts",
        "the_network_must_be_linear",
        "the_start_must_be_a_multiple_of_the_identity",
        "the_optimizer_must_be_gd_like",
    ],
};

fn attained(setting: &Setting) -> bool {
    let Dimensions { neurons, d_in, d_out, .. } = setting.dimensions;
    setting.dimensions.steps >= 4
        && setting.inputs_span()
        && setting.learning_steps >= d_in + d_out
        && neurons >= d_in + d_out
}

fn domain(arithmetic: Arithmetic) -> Domain {
    Domain {
        neurons: 4..=12,
        d_in: 1..=4,
        d_out: 1..=4,
        initial_states: vec![InitialState::Zero],
        bias: false,
        losses: vec![LossKind::Squared],
        trained: vec![
            Subset::only(["W"]),
            Subset::only(["W", "B"]),
            Subset::only(["W", "C"]),
            Subset::only(["W", "B", "C"]),
        ],
        ..Domain::linear(arithmetic)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let dimensions = &case.setting.dimensions;
    let mut stream = case.stream.named("low-dimensional task");
    let drawn = draw(&case.instance.task, &mut stream);
    let readout = orthonormal_rows(dimensions.d_out, dimensions.neurons, &mut stream);
    let network = case.instance.network.clone().with("C", readout.clone());

    let driven = network.parts().b.times(&drawn.inputs);
    let seen = readout.transposed().times(&readout.times(&driven));
    let wanted = readout.transposed().times(&drawn.targets);
    let space = span(dimensions.neurons, [&driven, &seen, &wanted], "the dimension of S")?;

    let training = Training { task: &drawn.task, ..case.training_of(&network) };
    let trajectory = training.run(case.setting.learning_steps)?;
    let (r_u, r_y) = (drawn.inputs.cols(), drawn.targets.cols());
    let bound = (2 * r_u + r_y).min(r_u + dimensions.d_out).min(dimensions.neurons);
    Movement::increments(&trajectory).within(&space, bound)
}

/// A task of low dimension, with bases of its inputs (d_in, r_u) and targets (d_out, r_y).
struct LowDimensional<S> {
    task: Task<S>,
    inputs: Matrix<S>,
    targets: Matrix<S>,
}

/// Replaces inputs and targets by random ones in random spaces.
fn draw<S: RankRevealing>(task: &Task<S>, stream: &mut Stream) -> LowDimensional<S> {
    let mut basis = |channels: usize| {
        let dimension = 1 + stream.below(channels);
        Matrix::<S>::random(channels, dimension, stream)
    };
    let (inputs, targets) = (basis(task.d_in()), basis(task.d_out()));
    let mut signals = |basis: &Matrix<S>, columns: usize| {
        basis.times(&Matrix::random(basis.cols(), columns, stream))
    };
    let task = Task::new(
        task.trials,
        signals(&inputs, task.inputs.cols()),
        signals(&targets, task.targets.cols()),
        task.mask.clone(),
    )
    .expect("shapes that fit");
    LowDimensional { task, inputs, targets }
}

/// The first rows of a product of two reflections I - 2 v v^T / (v . v): rows that are orthonormal
/// in every arithmetic.
pub(super) fn orthonormal_rows<S: Scalar>(
    rows: usize,
    cols: usize,
    stream: &mut Stream,
) -> Matrix<S> {
    let mut product = Matrix::scaled_identity(cols, S::ONE);
    for _ in 0..2 {
        let v = Matrix::<S>::random(cols, 1, stream);
        let inverse = v.inner_product(&v).inverse().expect("a vector with a norm");
        let projected = product.times(&v);
        let along = Matrix::product(projected.view(), v.t());
        product.add_scaled(-(inverse + inverse), &along);
    }
    Matrix::from_fn(rows, cols, |i, j| product[(i, j)])
}
