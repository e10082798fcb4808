//! **linear-growth.** A linear network from **any** W_0, h_0 = 0, W alone trained by a GD-like
//! method. With m = min(p, q) and T >= 2, after k gradients
//!
//! ```text
//! rank D_k <= min(m + k m (T - 2),  p + q + k m (T - 3)),
//! ```
//!
//! a bias counted among the p inputs (for T = 2 the bound is m, for T = 1 nothing is learned). So
//! after the first step rank grows by m (T - 3), or m (T - 2) until |p - q| is used up, where
//! krylov-decay alone allows m (T - 1) for each gradient.
//!
//! Why: with A = (1-a) I + a W a gradient is the sum over i + j <= T - 2 of
//! (A^T)^i C^T E_ij B^T (A^T)^j. A changes from step to step, B and C do not. Terms with i = 0 have
//! their columns in span(C^T), terms with j = 0 their rows in span(B): p + q dimensions for all
//! gradients together. The others have rank m (T - 3) in each. Of one side alone, the narrower one:
//! m dimensions for all gradients, and m (T - 2) in each.

use super::movement::Movement;
use super::{
    Arithmetic, Case, Checks, Domain, InitialState, InitialWeights, Measure, Observed, Proof,
    Setting, Theorem,
};
use crate::blocks::Subset;
use crate::matrix::RankRevealing;
use crate::training::GradientFault;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "linear-growth",
    title: "From any start rank grows at most linearly over learning steps",
    statement: "Linear network, any W_0, h_0 = 0, W alone trained, m = min(p, q), T >= 2: \
                rank D_k <= min(m + k m (T-2), p + q + k m (T-3)).",
    hypotheses: &[
        "linear network: phi = psi = id",
        "any W_0; h_0 = 0",
        "GD-like learning of W alone",
    ],
    bound: "min(m + k m (T-2), p + q + k m (T-3)), at most k m (T-1) and N; a bias counted among \
            the p",
    tightness: "Attained at every step by generic data with W_0 of full rank and max(p, q) trials or \
                more in each gradient; with fewer trials it may be missed. From W_0 = w I \
                fibonacci-growth says more.",
    proof: Proof::MachineChecked {
        lemmas: &["linear_growth.gradient_parts", "linear_growth.linear_growth"],
        beyond: None,
    },
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
    ],
};

fn limit(setting: &Setting, measure: Measure, k: usize) -> Option<usize> {
    let applies = setting.is_linear()
        && setting.initial_state == InitialState::Zero
        && setting.trained == Subset::only(["W"])
        && setting.rule.is_gd_like();
    (applies && measure == Measure::Rank).then(|| rank_bound(setting, k))
}

/// What the rank is at most after k learning steps.
fn rank_bound(setting: &Setting, k: usize) -> usize {
    let gradients = k * setting.gradients_per_step();
    let (inputs, outputs) = (setting.inputs(), setting.dimensions.d_out);
    let least = inputs.min(outputs);
    // With T = 2 a gradient is C^T E B^T; with T = 1 it is zero.
    let powers_less = |n: usize| least * setting.dimensions.steps.saturating_sub(n);
    let bounds = [
        gradients * powers_less(1),
        least + gradients * powers_less(2),
        inputs + outputs + gradients * powers_less(3),
        setting.dimensions.neurons,
    ];
    bounds.into_iter().min().expect("four bounds")
}

fn attained(setting: &Setting) -> bool {
    setting.initial_weights == InitialWeights::Full
        && setting.batch_size() >= setting.inputs().max(setting.dimensions.d_out)
}

fn domain(arithmetic: Arithmetic) -> Domain {
    Domain {
        neurons: 4..=24,
        d_out: 1..=3,
        steps: 2..=5,
        trials: 1..=6,
        initial_weights: vec![InitialWeights::Full, InitialWeights::ScaledIdentity],
        initial_states: vec![InitialState::Zero],
        trained: vec![Subset::only(["W"])],
        ..Domain::linear(arithmetic)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let trajectory = case.train()?;
    let movement = Movement::increments(&trajectory);
    Ok(vec![movement.last_rank(rank_bound(&case.setting, trajectory.steps()))])
}
