use rankproof::task::Dimensions;
use rankproof::theorem::Verdict;
use rankproof::theorem::subspace_tensor_rank::THEOREM;

use crate::harness::{attained, catches_its_controls, first_observation, holds, report_of};

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

#[test]
fn is_missed_in_between() {
    for d_in in 1..=2 {
        let dimensions = Dimensions { neurons: 6, d_in, d_out: 1, steps: 2, trials: 1 };
        for learning_steps in 2..(d_in + 1).pow(2) {
            let report = report_of(&THEOREM, dimensions, learning_steps, |_| ());
            assert_eq!(report.verdict(), Verdict::Held { attained: false }, "{report}");
        }
    }
}
