use rankproof::theorem::gradient_factorization::THEOREM;

use crate::harness::{attained, catches_its_controls, first_observation, holds};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// With fewer (trial, time) pairs than neurons the rank is their number.
#[test]
fn is_attained_by_every_number_of_pairs() {
    for (trials, steps) in [(1, 1), (1, 3), (2, 2), (3, 3)] {
        let report = attained(&THEOREM, |setting| {
            setting.dimensions.neurons = 12;
            setting.dimensions.d_in = 3;
            setting.dimensions.d_out = 3;
            (setting.dimensions.trials, setting.dimensions.steps) = (trials, steps);
            setting.phi = rankproof::theorem::ActivationKind::Polynomial(3);
            setting.initial_weights = rankproof::theorem::InitialWeights::Full;
            setting.initial_state = rankproof::theorem::InitialState::PerTrial;
            setting.minibatches = false;
        });
        assert_eq!(first_observation(&report).0, trials * steps, "{report}");
    }
}
