use rankproof::theorem::low_rank_initialization::THEOREM;
use rankproof::theorem::{ActivationKind, InitialState, InitialWeights};

use crate::harness::{attained, catches_its_controls, first_observation, holds, violated};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

#[test]
fn is_attained_for_both_ranks() {
    for rank in [1, 2] {
        let report = attained(&THEOREM, |setting| {
            setting.dimensions.neurons = 12;
            (setting.dimensions.d_in, setting.dimensions.d_out) = (2, 1);
            (setting.dimensions.trials, setting.dimensions.steps) = (4, 5);
            setting.learning_steps = 5;
            (setting.initial_state, setting.bias) = (InitialState::Zero, false);
            setting.initial_weights = InitialWeights::LowRank(rank);
        });
        assert_eq!(first_observation(&report), (3 + 2 * rank, 3 + 2 * rank), "{report}");
    }
}

#[test]
fn needs_a_linear_network() {
    violated(&THEOREM, |setting| setting.phi = ActivationKind::Polynomial(2));
}

#[test]
fn needs_a_start_of_low_rank() {
    violated(&THEOREM, |setting| setting.initial_weights = InitialWeights::Full);
}
