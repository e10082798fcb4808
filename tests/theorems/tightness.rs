use rankproof::task::Dimensions;
use rankproof::theorem::Quantity;
use rankproof::theorem::tightness::THEOREM;

use crate::harness::{attained, catches_its_controls, first_observation, holds, report_of};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

#[test]
fn every_pair_of_channel_numbers_has_its_run() {
    for (d_in, d_out) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
        let report = attained(&THEOREM, |setting| {
            (setting.dimensions.d_in, setting.dimensions.d_out) = (d_in, d_out);
        });
        let all = if d_in + d_out == 2 { 3 } else { (d_in + d_out).pow(2) };
        let observations = report.observed.as_ref().expect("exact");
        for (observation, expected) in observations.iter().zip([all, d_in + d_out]) {
            let Quantity::Difference { found, .. } = observation.quantity else {
                panic!("another quantity: {report}")
            };
            assert_eq!(found.known(), Some(expected), "{report}");
        }
    }
}

/// How many dimensions a run of `learning_steps` steps of gradient descent lacks.
fn lacking([d_in, d_out, steps, trials]: [usize; 4], learning_steps: usize) -> usize {
    let dimensions = Dimensions { neurons: d_in + d_out + 1, d_in, d_out, steps, trials };
    first_observation(&report_of(&THEOREM, dimensions, learning_steps, |_| ())).0
}

/// Two time steps see the inputs at one end and the outputs at the other alone; three lack a few
/// dimensions still, however many trials there are.
#[test]
fn less_than_four_time_steps_are_not_enough() {
    for (channels, two, three) in [((1, 1), 2, 1), ((1, 2), 7, 2), ((2, 1), 7, 2), ((2, 2), 12, 4)]
    {
        let (d_in, d_out) = channels;
        let steps = [2, 3, 4].map(|steps| lacking([d_in, d_out, steps, 6], 16));
        assert_eq!(steps, [two, three, 0], "{channels:?}");
    }
}

/// One trial of four time steps has three inputs that count: enough for d_in = 3, not for 4.
#[test]
fn inputs_that_span_are_enough_and_needed() {
    for (d_in, d_out) in [(1, 1), (1, 3), (2, 2), (3, 1)] {
        assert_eq!(lacking([d_in, d_out, 4, 1], 16), 0, "{d_in} {d_out}");
    }
    assert_eq!(lacking([4, 1, 4, 1], 26), 9);
    assert_eq!(lacking([4, 1, 5, 1], 25), 0);
    assert_eq!(lacking([4, 1, 4, 2], 25), 0);
}

/// As many learning steps as dimensions, and no fewer.
#[test]
fn each_learning_step_adds_a_dimension() {
    assert_eq!([2, 3].map(|k| lacking([1, 1, 4, 1], k)), [1, 0]);
    assert_eq!([15, 16].map(|k| lacking([2, 2, 4, 1], k)), [1, 0]);
}
