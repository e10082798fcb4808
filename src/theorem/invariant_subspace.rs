//! **invariant-subspace.** A linear network that starts from `W_0 = w I` learns in one fixed space:
//!
//! ```text
//! S = span(col B, row C, h_0, b)
//! ```
//!
//! contains the rows and columns of every `D_k = W_k - c_k W_0`, for every k, loss, data set, step
//! size and GD-like optimizer, also when B, C, h_0 and b are trained too (S is that of the start).
//! So `rank D_k <= dim S <= d_in + d_out (+ 1 for each initial state) (+ 1 for a bias)` and the CP rank
//! of the increments is at most `(dim S)^2`.
//!
//! Why: if W maps S into S and W^T does too, then all states and all adjoint states lie in S, so
//! the gradient does, and the next W maps S into S again.

use super::movement::{Movement, span};
use super::{
    Arithmetic, Case, Checks, Domain, InitialState, Measure, Observed, Proof, Setting, Theorem,
};
use crate::matrix::{Factors, RankRevealing};
use crate::training::GradientFault;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "invariant-subspace",
    title: "A linear network learns in a space fixed by its inputs and outputs",
    statement: "W_0 = w I, S = span(col B, row C, h_0, b). Rows and columns of every \
                D_k = W_k - c_k W_0 lie in S: rank D_k <= dim S <= d_in + d_out (+1 for each \
                initial state, +1 for a bias), CP rank <= (dim S)^2.",
    hypotheses: &[
        "linear network: phi = psi = id",
        "W_0 = w I",
        "GD-like learning of W, with or without B, C, b and h_0",
    ],
    bound: "d_in + d_out (+1 for each initial state, +1 for a bias), at most N",
    tightness: "Attained by generic data after as many learning steps as the bound, with four time \
                steps or more and inputs u_0..u_{T-2} that span all their dimensions (a bias is an \
                input of 1). With an h_0 for each trial, batches of some trials can miss it.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "invariant_subspace.invariant_subspace",
            "invariant_subspace.invariant_start_space",
            "invariant_subspace.invariant_tensor_rank",
            "invariant_subspace.rank_all_trained",
            "invariant_subspace.rank_zero_start",
        ],
        beyond: None,
    },
    source: &[
        "Schuessler et al. (2020)",
        "Cohen-Karlik et al. (ICLR 2023)",
        "Yaras et al. (2023, arXiv 2306.01154)",
        "Pellegrino, Cayco-Gajic and Chadwick (2023)",
    ],
    limit: Some(limit),
    attained: Some(fills_the_space),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    minors: super::generic::of_training,
    counterexamples: &[
        "phi_must_be_linear",
        "psi_must_be_linear",
        "the_start_must_keep_the_space",
        "the_transposed_start_must_keep_the_space",
        "an_initial_state_counts",
        "the_initial_state_must_be_common",
        "a_bias_counts",
        "one_entry_of_the_start_is_enough",
        "the_optimizer_must_be_gd_like",
    ],
};

fn limit(setting: &Setting, measure: Measure, k: usize) -> Option<usize> {
    let applies = setting.is_linear() && setting.starts_at_identity() && setting.rule.is_gd_like();
    applies.then(|| limit_in_space(setting.channels(), measure, k))
}

/// What rows and columns in one space of dimension d allow.
pub(super) fn limit_in_space(d: usize, measure: Measure, k: usize) -> usize {
    match measure {
        Measure::Rank | Measure::GradientRank => d,
        Measure::R3 => k.min(d * d),
        Measure::Cp => d * d.min(k),
    }
}

/// Whether generic data fill the space of the theorem, and of those like it: tightness shows that
/// four time steps and inputs that span are needed. The h_0 of a trial that batches leave out is not
/// learned from.
pub(super) fn fills_the_space(setting: &Setting) -> bool {
    let all_states = setting.initial_state != InitialState::PerTrial || !setting.minibatches;
    setting.dimensions.steps >= 4
        && setting.inputs_span()
        && all_states
        && setting.learning_steps >= setting.channels()
}

fn domain(arithmetic: Arithmetic) -> Domain {
    let linear = Domain::linear(arithmetic);
    let initial_states =
        [linear.initial_states, vec![InitialState::PerTrial, InitialState::AlongInputs]].concat();
    Domain { initial_states, ..Domain::linear(arithmetic) }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    observe_in_space(case, None)
}

/// The check that this theorem shares with spectral-optimizers and with low-rank-initialization,
/// which has P and Q of `W_0 = w I + P Q^T` among the generators of S.
pub(super) fn observe_in_space<S: RankRevealing>(
    case: &Case<S>,
    low_rank: Option<&Factors<S>>,
) -> Observed {
    let trajectory = case.train()?;
    let directions = case.directions();
    let mut generators = vec![&directions];
    generators.extend(low_rank.iter().flat_map(|factors| [&factors.left, &factors.right]));
    let space = span(trajectory.neurons(), generators, "the dimension of S")?;
    Movement::increments(&trajectory).within(&space, case.setting.channels())
}
