use rankproof::theorem::eigenspaces::THEOREM;
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
fn is_attained_for_each_number_of_eigenvalues() {
    for eigenvalues in 1..=3 {
        let report = attained(&THEOREM, |setting| {
            setting.dimensions.neurons = 12;
            (setting.dimensions.d_in, setting.dimensions.d_out) = (2, 1);
            (setting.dimensions.trials, setting.dimensions.steps) = (4, 5);
            setting.learning_steps = 5;
            (setting.initial_state, setting.bias) = (InitialState::Zero, false);
            setting.initial_weights = InitialWeights::Symmetric(eigenvalues);
        });
        assert_eq!(first_observation(&report), (3 * eigenvalues, 3 * eigenvalues), "{report}");
    }
}

#[test]
fn needs_a_linear_network() {
    violated(&THEOREM, |setting| setting.phi = ActivationKind::Polynomial(2));
}
