use rankproof::theorem::feedback_alignment::THEOREM;
use rankproof::theorem::{InitialState, StepperKind};

use crate::harness::{attained_at, catches_its_controls, first_observation, holds, missed};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// One dimension for each time step and output, whatever the number of learning steps.
#[test]
fn is_attained_for_every_number_of_time_steps() {
    for steps in 1..=4 {
        for learning_steps in [3, 5] {
            let report = attained_at(&THEOREM, 2 * steps, |setting| {
                let dimensions = &mut setting.dimensions;
                (dimensions.neurons, dimensions.d_out) = (12, 2);
                (dimensions.steps, dimensions.trials) = (steps, 4);
                setting.initial_state = InitialState::PerTrial;
                setting.stepper = StepperKind::GradientDescent;
                setting.learning_steps = learning_steps;
            });
            assert_eq!(first_observation(&report), (2 * steps, 2 * steps), "{report}");
        }
    }
}

/// One trial and one learning step see each time once.
#[test]
fn is_missed_with_few_trials() {
    missed(&THEOREM, |setting| {
        (setting.dimensions.neurons, setting.dimensions.d_out) = (12, 2);
        (setting.dimensions.steps, setting.dimensions.trials) = (3, 1);
        setting.learning_steps = 1;
    });
}
