use rankproof::theorem::tensor_telescoping::THEOREM;
use rankproof::theorem::{InitialWeights, StepperKind};

use crate::harness::{attained, catches_its_controls, first_observation, holds};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// Gradients of one trial and one step of time have rank one; their spaces are independent where
/// the activations bend them, so that K of them make a tensor of CP rank K.
#[test]
fn is_attained_over_several_steps() {
    for learning_steps in 1..=3 {
        let report = attained(&THEOREM, |setting| {
            setting.dimensions.neurons = 10;
            (setting.dimensions.trials, setting.dimensions.steps) = (2, 2);
            setting.learning_steps = learning_steps;
            setting.phi = rankproof::theorem::ActivationKind::Polynomial(3);
            setting.psi = rankproof::theorem::ActivationKind::Polynomial(2);
            setting.initial_weights = InitialWeights::Full;
            setting.stepper = StepperKind::GradientDescent;
        });
        assert!(first_observation(&report).0 >= learning_steps, "{report}");
    }
}
