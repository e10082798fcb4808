use rankproof::task::Dimensions;
use rankproof::theorem::gradient_factorization::THEOREM;
use rankproof::theorem::{InitialState, InitialWeights};

use crate::harness::{attained, catches_its_controls, first_observation, holds, report_of};

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

/// At t = 0 all trials share h_0, so that the errors there count once.
#[test]
fn a_linear_network_can_miss_it() {
    let dimensions = Dimensions { neurons: 4, d_in: 2, d_out: 2, steps: 2, trials: 3 };
    let report = report_of(&THEOREM, dimensions, 1, |setting| {
        setting.initial_weights = InitialWeights::Full;
        setting.initial_state = InitialState::Common;
    });
    assert_eq!(first_observation(&report), (3, 4), "{report}");
}

/// A silent start: the errors at t = 0 meet no activity, and count for nothing.
#[test]
fn a_time_without_activity_does_not_count() {
    let dimensions = Dimensions { neurons: 6, d_in: 2, d_out: 2, steps: 2, trials: 2 };
    let report = report_of(&THEOREM, dimensions, 1, |setting| {
        setting.initial_weights = InitialWeights::Full;
    });
    let observations = report.observed.as_ref().expect("exact");
    assert_eq!(observations[1].bound, 2, "{report}");
}
