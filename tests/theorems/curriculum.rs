use rankproof::theorem::InitialState;
use rankproof::theorem::curriculum::THEOREM;

use crate::harness::{attained_at, catches_its_controls, first_observation, holds};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// From one task with one input and one output to eight channels in all.
#[test]
fn is_attained_by_curricula_of_each_size() {
    for rank in [2, 4, 6, 8] {
        let report = attained_at(&THEOREM, rank, |setting| {
            let dimensions = &mut setting.dimensions;
            (dimensions.neurons, dimensions.d_in, dimensions.d_out) = (14, 2, 2);
            (dimensions.steps, dimensions.trials) = (5, 4);
            setting.learning_steps = 4;
            setting.initial_state = InitialState::Zero;
            setting.bias = false;
        });
        assert_eq!(first_observation(&report), (rank, rank), "{report}");
    }
}
