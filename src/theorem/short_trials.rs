//! **short-trials.** In trials of two or three time steps a linear network does not use the whole
//! space of invariant-subspace. From W_0 = w I and h_0 = 0, W alone trained by a GD-like method
//!
//! ```text
//! T = 2:  D_k = C^T X B^T                              rank <= min(p, q),  r3, CP <= p q
//! T = 3:  D_k = C^T X B^T + B Y B^T + C^T Z C          rank <= p + q,      r3, CP <= p^2 + q^2 + p q
//! ```
//!
//! and with one input and one output r3 <= 2 for T = 3. A bias counts among the p inputs. The block
//! B Y C, of which longer trials are made as well, is never learned.
//!
//! Why: with T = 2 a gradient is C^T E B^T, and a spectral rule keeps its columns and rows. With T = 3 and A = (1-a) I + a W it is
//! C^T E B^T + A^T C^T F B^T + C^T F B^T A^T. For D in the space D^T C^T has its columns in
//! span(B, C^T) and B^T D^T its rows in span(B, C^T), which gives three blocks and not the fourth.

use super::movement::Movement;
use super::{
    Arithmetic, Case, Checks, Domain, InitialState, Measure, Observation, Observed, Proof,
    Quantity, Setting, Theorem,
};
use crate::blocks::Subset;
use crate::matrix::{Matrix, RankRevealing};
use crate::tensor::Mode;
use crate::training::GradientFault;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "short-trials",
    title: "Two or three time steps do not use the whole space of learning",
    statement: "Linear network, h_0 = 0, W alone trained. T = 2, any W_0: D_k = C^T X B^T, so rank \
                D_k <= min(p, q) and r3, CP rank <= p q. T = 3, W_0 = w I: D_k = C^T X B^T + B Y B^T + C^T Z C, \
                so r3, CP rank <= p^2 + q^2 + p q; with one input and one output r3 <= 2.",
    hypotheses: &[
        "linear network: phi = psi = id",
        "W_0 = w I, any W_0 for T = 2; h_0 = 0, or along the inputs: then T is one more",
        "two or three time steps",
        "GD-like learning of W alone; for T = 2 a spectral rule too",
    ],
    bound: "r3 at most p q for T = 2, p^2 + q^2 + p q for T = 3 (2 for p = q = 1), and K; a bias \
            counted among the p",
    tightness: "Attained at every step by generic data with as many trials in each gradient as there \
                are inputs and outputs, and N >= p + q.",
    proof: Proof::MachineChecked {
        lemmas: &["short_trials.two_steps", "short_trials.three_steps"],
        beyond: Some("that for T = 3 one input and one output have two dimensions"),
    },
    source: &[],
    limit: Some(limit),
    attained: Some(attained),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    minors: super::generic::of_training,
    counterexamples: &[
        "four_time_steps_use_the_whole_space",
        "the_network_must_be_linear",
        "the_start_must_be_a_multiple_of_the_identity",
        "the_initial_state_must_lie_along_the_inputs",
        "nothing_else_must_be_trained",
        "the_optimizer_must_be_gd_like",
    ],
};

fn limit(setting: &Setting, measure: Measure, k: usize) -> Option<usize> {
    let applies = setting.is_linear()
        && setting.input_steps() <= 3
        && (setting.starts_at_identity() || setting.input_steps() <= 2)
        && setting.states() == 0
        && setting.trained == Subset::only(["W"])
        && (setting.rule.is_gd_like() || setting.rule.is_spectral() && setting.input_steps() <= 2);
    match measure {
        _ if !applies => None,
        Measure::Rank => Some(rank_bound(setting)),
        Measure::R3 => Some(dimensions(setting).min(k)),
        Measure::Cp => Some(blocks(setting)),
        Measure::GradientRank => None,
    }
}

/// The number of inputs and of outputs, at most N each.
fn sides(setting: &Setting) -> [usize; 2] {
    [setting.inputs(), setting.dimensions.d_out].map(|side| side.min(setting.dimensions.neurons))
}

fn rank_bound(setting: &Setting) -> usize {
    let [inputs, outputs] = sides(setting);
    match setting.input_steps() {
        1 => 0,
        2 => inputs.min(outputs),
        _ => (inputs + outputs).min(setting.dimensions.neurons),
    }
}

/// The entries of the blocks together.
fn blocks(setting: &Setting) -> usize {
    let [inputs, outputs] = sides(setting);
    match setting.input_steps() {
        1 => 0,
        2 => inputs * outputs,
        _ => inputs * inputs + outputs * outputs + inputs * outputs,
    }
}

/// What the increments span. With one input and one output, siso-reciprocity makes one multiple of
/// B Y B^T and C^T Z C.
fn dimensions(setting: &Setting) -> usize {
    let is_reciprocal = (setting.inputs(), setting.dimensions.d_out) == (1, 1);
    if is_reciprocal { blocks(setting).min(2) } else { blocks(setting) }
}

fn attained(setting: &Setting) -> bool {
    let (inputs, outputs) = (setting.inputs(), setting.dimensions.d_out);
    (2..=3).contains(&setting.input_steps())
        && setting.dimensions.neurons >= inputs + outputs
        && setting.batch_size() >= inputs + outputs
}

fn domain(arithmetic: Arithmetic) -> Domain {
    Domain {
        neurons: 2..=6,
        steps: 2..=3,
        trials: 1..=5,
        learning_steps: 1..=8,
        initial_states: vec![InitialState::Zero],
        trained: vec![Subset::only(["W"])],
        ..Domain::linear(arithmetic)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let trajectory = case.train()?;
    let movement = Movement::increments(&trajectory);
    let [_, _, r3] = trajectory.increments().reduced().unfolding_ranks(movement.total_noise());
    let start = case.instance.network.parts();
    let inputs = Matrix::beside(start.neurons(), [start.b, start.bias]);
    let outputs = start.c.transposed();
    let mut pairs = vec![(&outputs, &inputs)];
    if case.setting.dimensions.steps > 2 {
        pairs.extend([(&inputs, &inputs), (&outputs, &outputs)]);
    }
    let products: Vec<_> =
        pairs.into_iter().flat_map(|(left, right)| products(left, right)).collect();
    let outside = movement.excess_over(&products, "the span of the blocks")?;
    let bound = dimensions(&case.setting).min(trajectory.steps());
    Ok(vec![
        Observation::rank(Quantity::UnfoldingRank(Mode::Step), &r3, bound),
        Observation::rank("matrices outside the blocks", &outside, 0),
        movement.last_rank(rank_bound(&case.setting)),
    ])
}

/// The products of a column of one matrix with one of the other.
fn products<S: RankRevealing>(left: &Matrix<S>, right: &Matrix<S>) -> Vec<Matrix<S>> {
    let pairs = (0..left.cols()).flat_map(|i| (0..right.cols()).map(move |j| (i, j)));
    let product = |(i, j)| {
        Matrix::from_fn(left.rows(), right.rows(), |row, col| left[(row, i)] * right[(col, j)])
    };
    pairs.map(product).collect()
}
