//! **spectral-optimizers.** invariant-subspace holds for every update of the form L G R with L
//! mapping the column space into itself and R^T the row space, G a gradient or a combination of
//! the gradients so far: Muon, whose Newton-Schulz iteration is a polynomial V p(V^T V) of the
//! momentum V, and Shampoo, (sum G G^T)^{-1/4} G (sum G^T G)^{-1/4}.
//! It fails for updates that act entry by entry: Adam, RMSProp, sign descent, entrywise clipping
//! and L1 decay each leave S, see `tests/counterexamples/`.
//!
//! Why: (G G^T)^j maps every vector to a combination of columns of G, so a function of sums of
//! G G^T maps S into S, up to a multiple of the identity, and L G has columns in S again.

use super::invariant_subspace::{fills_the_space, limit_in_space, observe_in_space};
use super::setting::rules;
use super::{
    Arithmetic, Case, Checks, Domain, Measure, Observed, Proof, RuleKind, Setting, Theorem,
};
use crate::matrix::RankRevealing;
use crate::training::GradientFault;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "spectral-optimizers",
    title: "Muon and Shampoo keep the space of learning, entrywise optimizers leave it",
    statement: "invariant-subspace holds for every update L G R, G a combination of gradients, L \
                mapping the column space into itself and R^T the row space: Muon, Shampoo. It \
                fails for Adam, RMSProp, sign descent, entrywise clipping and L1 decay.",
    hypotheses: &[
        "linear network: phi = psi = id",
        "W_0 = w I",
        "h_0 zero or common to all trials",
        "L and R functions of sums of G G^T and G^T G",
    ],
    bound: "d_in + d_out (+1 for a common h_0, +1 for a bias), at most N",
    tightness: "Attained by generic data where invariant-subspace is: after as many learning steps \
                as the bound, with four time steps or more and inputs that span.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "spectral_optimizers.muon_rank",
            "spectral_optimizers.odd_rank",
            "spectral_optimizers.odd_poly_rank",
            "spectral_optimizers.shampoo_rank",
            "spectral_optimizers.preconditioned_rank",
            "counterexamples.entrywise_updates_leave_the_space",
        ],
        beyond: Some(
            "that the inverse fourth roots of Shampoo are polynomials of their \
                 matrices; and, of the entrywise optimizers, all but the cube of a \
                 gradient",
        ),
    },
    source: &["Gupta, Koren and Singer (2018)", "Jordan et al. (2024)"],
    limit: Some(limit),
    attained: Some(fills_the_space),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    minors: super::generic::of_training,
    counterexamples: &[
        "sign_descent_leaves_the_space",
        "entrywise_clipping_leaves_the_space",
        "the_cube_of_a_gradient_leaves_the_space",
        "l1_decay_leaves_the_space",
        "adam_leaves_the_space",
        "rms_prop_leaves_the_space",
        "the_network_must_be_linear",
        "the_start_must_keep_the_space",
        "the_initial_state_must_be_common",
    ],
};

fn limit(setting: &Setting, measure: Measure, k: usize) -> Option<usize> {
    let applies = setting.is_linear() && setting.starts_at_identity() && setting.rule.is_spectral();
    applies.then(|| limit_in_space(setting.channels(), measure, k))
}

fn domain(arithmetic: Arithmetic) -> Domain {
    let rules = rules(arithmetic, RuleKind::is_spectral);
    Domain { rules, ..Domain::linear(arithmetic) }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    observe_in_space(case, None)
}
