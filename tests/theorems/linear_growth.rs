use rankproof::theorem::linear_growth::THEOREM;
use rankproof::theorem::{InitialWeights, LossKind, StepperKind};

use crate::harness::{attained_at, catches_its_controls, first_observation, holds};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// D_1..D_5 with T = 4 from W_0 of full rank.
#[test]
fn is_attained_step_by_step() {
    for (channels, ranks) in [
        ((1, 1), [3, 4, 5, 6, 7]),
        ((2, 2), [6, 8, 10, 12, 14]),
        // Two at a time until |p - q| = 2 is used up.
        ((1, 3), [3, 5, 7, 8, 9]),
        ((3, 1), [3, 5, 7, 8, 9]),
    ] {
        for (k, rank) in (1..).zip(ranks) {
            let report = attained_at(&THEOREM, rank, |setting| {
                let dimensions = &mut setting.dimensions;
                (dimensions.d_in, dimensions.d_out) = channels;
                (dimensions.neurons, dimensions.steps, dimensions.trials) = (24, 4, 6);
                (setting.initial_weights, setting.bias) = (InitialWeights::Full, false);
                (setting.stepper, setting.loss) = (StepperKind::GradientDescent, LossKind::Squared);
                setting.learning_steps = k;
            });
            assert_eq!(first_observation(&report), (rank, rank), "{report}");
        }
    }
}
