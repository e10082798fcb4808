use rankproof::theorem::subspace_tensor_rank::THEOREM;

use crate::harness::{attained, catches_its_controls, first_observation, holds};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// With one matrix the bound is d, with d^2 of them it is d^2.
#[test]
fn is_attained_at_both_ends() {
    for (learning_steps, expected) in [(1, 2), (4, 4)] {
        let report = attained(&THEOREM, |setting| {
            setting.dimensions.neurons = 6;
            (setting.dimensions.d_in, setting.dimensions.d_out) = (1, 1);
            setting.learning_steps = learning_steps;
        });
        assert_eq!(first_observation(&report), (expected, expected), "{report}");
    }
}
