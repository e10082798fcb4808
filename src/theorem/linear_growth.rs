//! **linear-growth.** A linear network from **any** W_0, h_0 = 0, W alone trained by a GD-like
//! method, or a spectral one (below). With m = min(p, q), alpha the dimension of the first inputs u_0 of all trials (at most p
//! and the number of trials), n the number of trials in all k gradients together, and T >= 3
//!
//! ```text
//! rank D_k <= min(alpha + min(q, n) + n (T-3),      few trials
//!                 alpha + q + k q (T-3),            few outputs
//!                 p + min(q, n) + k p (T-3),        few inputs
//!                 m + k m (T-2),  k m (T-1),  n (T-1)).
//! ```
//!
//! For T = 2 it is min(alpha, q, n), for T = 1 nothing is learned. A bias counts among the p
//! inputs, where it is always 1; p is no more than the dimension of all inputs before the last. With trials enough this is min(m + k m (T-2), p + q + k m (T-3)):
//! after the first step rank grows by m (T-3), or m (T-2) until |p - q| is used up, where
//! krylov-decay alone allows m (T-1) for each gradient.
//!
//! Why: a gradient is a sum of l_{t+1} h_t^T over t = 1..T-1. The first term has its row in
//! span(B u_0), which is the same at every step, the last one its column in span(C^T). Each of the
//! T - 3 between them has rank 1 for each trial. Or with A = (1-a) I + a W: l_{t+1} less what is in
//! span(C^T) lies in the span of (A^T)^i C^T, 0 < i < T - 2, and h_t less what is in span(B) in
//! that of A^i B. A changes from step to step, B and C do not.
//!
//! A spectral rule (Muon, Shampoo) mixes the terms of a gradient, but leaves its columns and its rows
//! where they are. So D_k has its columns in the sum of those of all gradients, and its rows in that
//! of theirs, each with what is shared counted once:
//!
//! ```text
//! rank D_k <= min(p + k p (T-2),  q + k q (T-2),  alpha + n (T-2)),
//! ```
//!
//! and k m (T-1), n (T-1); p + q is not enough for T = 3, but 2 (p + q) is, at every step: no state
//! or error leaves span(B, W_0 B, C^T, W_0^T C^T).
//!
//! In general h_0 has its own powers A^t h_0, of which the first is shared, and of B, C, b and h_0
//! what is trained is not shared: it counts in each gradient. The bound is the least over what may
//! be shared, the first rows, all that is not multiplied by A, or nothing, and the same of the
//! columns; see `sources.rs`.

use super::movement::Movement;
use super::setting::rules;
use super::sources::Sources;
use super::{
    Arithmetic, Case, Checks, Domain, Inconclusive, InitialState, InitialWeights, Measure,
    Observed, Proof, Setting, Theorem,
};
use crate::blocks::Subset;
use crate::matrix::RankRevealing;
use crate::training::GradientFault;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "linear-growth",
    title: "From any start rank grows at most linearly over learning steps",
    statement: "Linear network, any W_0, h_0 = 0, W alone trained, m = min(p, q), T >= 2: \
                rank D_k <= min(m + k m (T-2), p + q + k m (T-3)). With few trials, n in all k \
                gradients and alpha = dim span u_0: rank D_k <= alpha + min(q, n) + n (T-3), \
                alpha + q + k q (T-3), p + min(q, n) + k p (T-3); for T = 2 min(alpha, q). What of \
                B, C, b, h_0 is trained is not shared and counts in each gradient; h_0 has its own \
                powers. By a spectral rule: rank D_k <= min(p + k p (T-2), q + k q (T-2), \
                alpha + n (T-2)), and 2 (p + q) for T = 3.",
    hypotheses: &[
        "linear network: phi = psi = id",
        "any W_0; h_0 along the inputs is one more time step",
        "GD-like learning, or a spectral rule; what is trained beside W, and h_0 != 0, as the statement counts",
        "alpha: the first inputs of a trial are the same at every learning step",
    ],
    bound: "the least of alpha + min(q, n) + n (T-3), alpha + q + k q (T-3), p + min(q, n) + \
            k p (T-3), m + k m (T-2), k m (T-1), n (T-1) and N; a bias counted among the p; by a \
            spectral rule that of m + k m (T-2), alpha + n (T-2), k m (T-1), n (T-1), N, and \
            2 (p + q) for T = 3",
    tightness: "Attained at every step by generic data with W_0 of full rank and h_0 along the inputs \
                or zero, W alone trained along gradients, whatever the number of trials, if every \
                gradient has all of them. From W_0 = w I fibonacci-growth says more.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "linear_growth.gradient_parts",
            "linear_growth.linear_growth",
            "few_trials.few_trials",
            "spectral_growth.spectral_growth",
            "inputs.initial_state_in_columns",
        ],
        beyond: Some(
            "h_0 of its own, training of more than W, and a spectral rule in three time steps",
        ),
    },
    source: &["Schuessler et al. (2020)", "Pellegrino, Cayco-Gajic and Chadwick (2023)"],
    limit: Some(limit),
    attained: Some(attained),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    minors: super::generic::of_training,
    counterexamples: &[
        "the_network_must_be_linear",
        "an_initial_state_counts",
        "inputs_must_not_be_trained",
        "outputs_must_not_be_trained",
        "neither_bias_nor_state_must_be_trained",
        "the_optimizer_must_be_gd_like",
        "a_spectral_rule_mixes_both_sides",
    ],
};

fn limit(setting: &Setting, measure: Measure, k: usize) -> Option<usize> {
    if !setting.is_linear() {
        return None;
    }
    match measure {
        Measure::Rank => rank_bound(setting, k),
        // Any gradient is the change that one step along it makes, however its weights came about.
        Measure::GradientRank => Some(Sources::of(setting).rank_of_sum(k..k + 1)),
        Measure::R3 | Measure::Cp => None,
    }
}

/// What the rank is at most after k learning steps; `None` where steps are neither along gradients
/// nor made of their singular vectors.
fn rank_bound(setting: &Setting, k: usize) -> Option<usize> {
    let (sources, gradients) = (Sources::of(setting), 0..k * setting.gradients_per_step());
    if setting.rule.is_gd_like() {
        Some(sources.rank_of_sum(gradients))
    } else if setting.rule.is_spectral() {
        Some(sources.rank_of_sides(gradients))
    } else {
        None
    }
}

fn attained(setting: &Setting) -> bool {
    // A bias is no input of the step that a state along the inputs stands for.
    let every_step_alike = !setting.bias || setting.initial_state == InitialState::Zero;
    setting.initial_weights == InitialWeights::Full
        && setting.rule.is_gd_like()
        && setting.states() == 0
        && setting.trained == Subset::only(["W"])
        && !setting.minibatches
        && every_step_alike
}

fn domain(arithmetic: Arithmetic) -> Domain {
    // The gradients of later steps shrink below the noise of floating point.
    let learning_steps = if arithmetic.is_real() { 1..=3 } else { 1..=5 };
    Domain {
        learning_steps,
        neurons: 4..=24,
        d_out: 1..=3,
        steps: 2..=5,
        trials: 1..=6,
        initial_weights: vec![InitialWeights::Full, InitialWeights::ScaledIdentity],
        initial_states: vec![
            InitialState::Zero,
            InitialState::AlongInputs,
            InitialState::Common,
            InitialState::PerTrial,
        ],
        trained: vec![
            Subset::only(["W"]),
            Subset::only(["W", "B"]),
            Subset::only(["W", "C"]),
            Subset::All,
        ],
        // In floating point spectral rules multiply the errors of earlier steps.
        rules: rules(arithmetic, |rule| {
            rule.is_gd_like() || rule.is_spectral() && !arithmetic.is_real()
        }),
        ..Domain::linear(arithmetic)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let trajectory = case.train()?;
    let movement = Movement::increments(&trajectory);
    let bound = rank_bound(&case.setting, trajectory.steps()).ok_or(Inconclusive::Unavailable)?;
    Ok(vec![movement.last_rank(bound)])
}
