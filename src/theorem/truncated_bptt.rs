//! **truncated-bptt.** A linear network from any W_0 whose errors are carried back for tau time
//! steps alone. With C fixed and a GD-like method the columns of W move in at most
//!
//! ```text
//! rank G_k <= tau q,    rank D_k <= q + k q (tau - 1)
//! ```
//!
//! dimensions: with tau = 1 rank stays at q for ever, whatever W_0, h_0, the data and the number of
//! learning steps. Full back-propagation adds q for each time step, not for each of tau.
//!
//! Why: with A = (1-a) I + a W the error that meets h_t is the sum of (A^T)^i C^T e_{t+1+i} over
//! i < tau. The term i = 0 has its columns in span(C^T), the same at every step; the others have
//! rank q (tau - 1) in each gradient.

use std::num::NonZeroUsize;

use super::movement::Movement;
use super::{
    Arithmetic, Case, Checks, Domain, InitialState, InitialWeights, Observation, Observed, Proof,
    Quantity, Sequence, Theorem,
};
use crate::blocks::Subset;
use crate::matrix::RankRevealing;
use crate::network::Transport;
use crate::training::GradientFault;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "truncated-bptt",
    title: "Errors that are cut after tau steps learn tau - 1 times as fast, or not at all",
    statement: "Linear network, any W_0, errors carried back for tau time steps, C fixed: rank G_k <= \
                tau q and rank D_k <= q + k q (tau-1). With tau = 1 rank D_k <= q for all k.",
    hypotheses: &[
        "linear network: phi = psi = id",
        "errors cut after tau time steps; any W_0 and h_0",
        "GD-like learning, C not trained",
    ],
    bound: "q + k q (d - 1) with d = min(tau, T), and k d q and N; d <= T - 1 where h_0 = 0",
    tightness: "Attained by generic data with W_0 of full rank, if p T >= tau q and trials are enough.",
    proof: Proof::MachineChecked {
        lemmas: &["truncated_bptt.truncated_gradient", "truncated_bptt.truncated_bptt"],
        beyond: Some("h_0 that is not zero, for which d = min(tau, T)"),
    },
    source: &["Baker et al. (2024, arXiv 2402.06751)"],
    limit: None,
    attained: None,
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry, GradientFault::TransposedWeight],
    minors: super::generic::of_training,
    counterexamples: &[
        "the_network_must_be_linear",
        "an_initial_state_counts",
        "the_adjoint_must_be_cut",
        "outputs_must_not_be_trained",
        "the_optimizer_must_be_gd_like",
    ],
};

fn domain(arithmetic: Arithmetic) -> Domain {
    let linear = Domain::linear(arithmetic);
    Domain {
        neurons: 2..=20,
        d_out: 1..=3,
        initial_weights: [vec![InitialWeights::Full], linear.initial_weights].concat(),
        initial_states: [linear.initial_states, vec![InitialState::PerTrial]].concat(),
        trained: vec![
            Subset::only(["W"]),
            Subset::only(["W", "B"]),
            Subset::only(["W", "bias", "h0"]),
        ],
        ..Domain::linear(arithmetic)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let setting = &case.setting;
    let cut = 1 + case.stream.named("cut").below(setting.dimensions.steps);
    let mut network = case.instance.network.clone();
    network.architecture.transport =
        Transport::Truncated(NonZeroUsize::MIN.saturating_add(cut - 1));
    let trajectory = case.training_of(&network).run(setting.learning_steps)?;
    let silent = setting.initial_state == InitialState::Zero && !setting.trained.contains("h0");
    let times = setting.dimensions.steps - usize::from(silent);
    let each = cut.min(times) * setting.dimensions.d_out;
    let movement = Movement::increments(&trajectory);
    let gradients = setting.gradients();
    let more = each.saturating_sub(setting.dimensions.d_out);
    let shared = (setting.dimensions.d_out.min(each) + gradients * more).min(gradients * each);
    let mut observations = vec![movement.last_rank(shared.min(setting.dimensions.neurons))];
    for (j, gradient) in (0..).map_while(|j| Some((j, trajectory.gradient(j)?))) {
        let rank = S::rank(&gradient.to_matrix(), trajectory.gradient_noise(j));
        let bound = each.min(setting.dimensions.neurons);
        observations.push(Observation::rank(Quantity::Rank(Sequence::Gradients, j), &rank, bound));
    }
    Ok(observations)
}
