use rankproof::task::Dimensions;
use rankproof::theorem::short_trials::THEOREM;

use crate::harness::{catches_its_controls, first_observation, holds, report_of};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// p q for two time steps; p^2 + q^2 + p q for three, and 2 for one input and one output.
#[test]
fn is_attained_for_all_small_tasks() {
    for (d_in, d_out) in [(1, 1), (1, 2), (2, 1), (2, 2), (3, 2)] {
        let all = d_in * d_in + d_out * d_out + d_in * d_out;
        let three = if d_in + d_out == 2 { 2 } else { all };
        for (steps, expected) in [(2, d_in * d_out), (3, three)] {
            let dimensions = Dimensions { neurons: 6, d_in, d_out, steps, trials: 5 };
            let report = report_of(&THEOREM, dimensions, expected + 1, |_| ());
            assert_eq!(first_observation(&report), (expected, expected), "{report}");
        }
    }
}
