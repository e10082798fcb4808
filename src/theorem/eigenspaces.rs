//! **eigenspaces.** A linear network that starts from a symmetric W_0 with r distinct eigenvalues,
//! `W_0 = sum_i lambda_i P_i` with the projections P_i on its eigenspaces, learns in
//!
//! ```text
//! S = sum_i P_i span(col B, row C, h_0, b)
//! ```
//!
//! so `rank D_k <= r (d_in + d_out + ...)`, and no more than the dimension of an eigenspace in each.
//! W_0 = w I is the case r = 1. The rank of W_0 does not matter.
//!
//! Why: W_0 keeps S, it is its own transpose, and S holds the sources, as the P_i add up to I. The
//! rest is the proof of [invariant-subspace](super::invariant_subspace).

use super::invariant_subspace::limit_in_space;
use super::movement::{Movement, span};
use super::setting::rules;
use super::{
    Arithmetic, Case, Checks, Domain, InitialState, InitialWeights, Measure, Observed, Proof,
    Setting, Theorem,
};
use crate::matrix::RankRevealing;
use crate::training::GradientFault;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "eigenspaces",
    title: "Each eigenvalue of a symmetric start adds the dimensions of all channels once",
    statement: "W_0 symmetric with r distinct eigenvalues, S the sum of the projections of \
                span(col B, row C, h_0, b) on its eigenspaces. Rows and columns of every \
                D_k = W_k - c_k W_0 lie in S: rank D_k <= dim S <= r (d_in + d_out) (+r for each \
                initial state, +r for a bias), CP rank <= (dim S)^2.",
    hypotheses: &[
        "linear network: phi = psi = id",
        "W_0 symmetric, with r distinct eigenvalues",
        "a GD-like or spectral method, of W, with or without B, C, b and h_0",
    ],
    bound: "sum over the eigenspaces of d_in + d_out (+1 for each initial state, +1 for a bias), at \
            most their dimensions",
    tightness: "Attained by generic data with four time steps or more after enough learning steps; \
                no simple count of them is known.",
    proof: Proof::MachineChecked {
        lemmas: &["eigenspaces.eigen_stable", "eigenspaces.eigenspaces"],
        beyond: None,
    },
    source: &["Yaras et al. (2023, arXiv 2306.01154)"],
    limit: Some(limit),
    attained: None,
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    minors: |_| None,
    counterexamples: &[
        "every_eigenvalue_counts",
        "the_start_must_be_symmetric",
        "the_network_must_be_linear",
        "the_optimizer_must_not_act_entry_by_entry",
    ],
};

fn limit(setting: &Setting, measure: Measure, k: usize) -> Option<usize> {
    let takes_spaces = setting.rule.is_gd_like() || setting.rule.is_spectral();
    let dimension = (setting.is_linear() && takes_spaces).then(|| dimension(setting))??;
    Some(limit_in_space(dimension, measure, k))
}

/// What the dimension of S is at most; `None` of other starts.
fn dimension(setting: &Setting) -> Option<usize> {
    let InitialWeights::Symmetric(eigenvalues) = setting.initial_weights else { return None };
    let neurons = setting.dimensions.neurons;
    let eigenvalues = eigenvalues.min(neurons);
    // An instance has them in turn.
    let multiplicity = |index: usize| (neurons - index).div_ceil(eigenvalues);
    Some((0..eigenvalues).map(|index| multiplicity(index).min(setting.channels())).sum())
}

fn domain(arithmetic: Arithmetic) -> Domain {
    Domain {
        neurons: 1..=12,
        d_in: 1..=2,
        initial_weights: [2, 3, 1].map(InitialWeights::Symmetric).to_vec(),
        initial_states: vec![InitialState::Zero, InitialState::Common, InitialState::PerTrial],
        // In floating point spectral rules multiply the errors of earlier steps.
        rules: rules(arithmetic, |rule| {
            rule.is_gd_like() || rule.is_spectral() && !arithmetic.is_real()
        }),
        ..Domain::linear(arithmetic)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let bound = dimension(&case.setting).expect("a symmetric start");
    let InitialWeights::Symmetric(eigenvalues) = case.setting.initial_weights else {
        unreachable!("a symmetric start")
    };
    let trajectory = case.train()?;
    // With r eigenvalues W_0^i x for i < r span what the projections make of x.
    let start = case.instance.network.parts().w.to_matrix();
    let next = |power: &_| Some(start.times(power));
    let powers: Vec<_> =
        std::iter::successors(Some(case.directions()), next).take(eigenvalues).collect();
    let space = span(trajectory.neurons(), &powers, "the dimension of S")?;
    Movement::increments(&trajectory).within(&space, bound)
}
