//! **low-rank-initialization.** A linear network that starts from `W_0 = w I + P Q^T`, with P and Q
//! of r columns, learns in
//!
//! ```text
//! S = span(col B, row C, P, Q, h_0, b)
//! ```
//!
//! so `rank D_k <= d_in + d_out + 2 r (+ 1 for a common h_0) (+ 1 for a bias)`. The proof is that
//! of [invariant-subspace](super::invariant_subspace): all it needs is that W_0 and its transpose
//! map S into S.

use super::invariant_subspace::{fills_the_space, limit_in_space, observe_in_space};
use super::{
    Arithmetic, Case, Checks, Domain, InitialWeights, Measure, Observed, Proof, Setting, Theorem,
};
use crate::matrix::RankRevealing;
use crate::training::GradientFault;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "low-rank-initialization",
    title: "A start of rank r adds at most 2 r dimensions to the space of learning",
    statement: "W_0 = w I + P Q^T with r columns, S = span(col B, row C, P, Q, h_0, b). Rows and \
                columns of every D_k = W_k - c_k W_0 lie in S: rank D_k <= dim S <= d_in + d_out \
                + 2 r (+1 for a common h_0, +1 for a bias), CP rank <= (dim S)^2.",
    hypotheses: &[
        "linear network: phi = psi = id",
        "W_0 = w I + P Q^T",
        "h_0 zero or common to all trials",
        "GD-like learning of W, with or without B, C, b and h_0",
    ],
    bound: "d_in + d_out + 2 r (+1 for a common h_0, +1 for a bias), at most N",
    tightness: "Attained by generic data where invariant-subspace is: after as many learning steps \
                as the bound, with four time steps or more and inputs that span.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "low_rank_initialization.low_rank_initialization",
            "subspace_tensor_rank.tensor_rank_le_subspace",
        ],
        beyond: None,
    },
    source: &["Schuessler et al. (2020)"],
    limit: Some(limit),
    attained: Some(fills_the_space),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    minors: super::generic::of_training,
    counterexamples: &[
        "every_column_of_the_start_counts",
        "the_network_must_be_linear",
        "the_initial_state_must_be_common",
        "the_optimizer_must_be_gd_like",
    ],
};

fn limit(setting: &Setting, measure: Measure, k: usize) -> Option<usize> {
    let applies = setting.is_linear()
        && matches!(setting.initial_weights, InitialWeights::LowRank(_))
        && setting.rule.is_gd_like();
    applies.then(|| limit_in_space(setting.channels(), measure, k))
}

fn domain(arithmetic: Arithmetic) -> Domain {
    Domain {
        neurons: 1..=12,
        d_in: 1..=2,
        initial_weights: vec![InitialWeights::LowRank(1), InitialWeights::LowRank(2)],
        ..Domain::linear(arithmetic)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    observe_in_space(case, case.instance.low_rank.as_ref())
}
