use rankproof::theorem::invariant_subspace::THEOREM;
use rankproof::theorem::{ActivationKind, Arithmetic, InitialState, InitialWeights};

use crate::harness::{
    attained, catches_its_controls, first_observation, holds, smallest_caught, violated,
};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// Every bound of small tasks is reached by some instance, with each kind of start.
#[test]
fn is_attained_for_all_small_tasks() {
    for (d_in, d_out) in [(1, 1), (2, 1), (1, 2), (3, 2)] {
        for (state, bias) in [(InitialState::Zero, false), (InitialState::Common, true)] {
            let report = attained(&THEOREM, |setting| {
                setting.dimensions.neurons = 10;
                (setting.dimensions.d_in, setting.dimensions.d_out) = (d_in, d_out);
                (setting.dimensions.trials, setting.dimensions.steps) = (4, 5);
                setting.learning_steps = 5;
                (setting.initial_state, setting.bias) = (state, bias);
            });
            let bound = d_in + d_out + 2 * usize::from(bias);
            assert_eq!(first_observation(&report), (bound, bound), "{report}");
        }
    }
}

#[test]
fn needs_a_linear_network() {
    violated(&THEOREM, |setting| setting.phi = ActivationKind::Polynomial(2));
    violated(&THEOREM, |setting| setting.psi = ActivationKind::Polynomial(3));
}

#[test]
fn needs_a_start_that_preserves_the_space() {
    violated(&THEOREM, |setting| setting.initial_weights = InitialWeights::LowRank(1));
    violated(&THEOREM, |setting| setting.initial_weights = InitialWeights::Full);
}

/// One wrong entry shows as soon as a neuron is free: the smallest instance has two more neurons
/// than dimensions of S at most.
#[test]
fn a_caught_control_is_made_small() {
    for arithmetic in Arithmetic::ALL {
        let control = rankproof::training::GradientFault::WrongEntry;
        let setting = smallest_caught(&THEOREM, arithmetic, control);
        let dimensions = setting.dimensions;
        assert!(dimensions.neurons <= 4, "{setting}");
        assert_eq!((dimensions.trials, setting.learning_steps), (1, 1), "{setting}");
    }
}
