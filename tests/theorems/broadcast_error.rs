use rankproof::theorem::broadcast_error::THEOREM;

use crate::harness::{attained_at, catches_its_controls, first_observation, holds};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

#[test]
fn is_attained_for_every_rank_of_the_feedback() {
    for rank in 1..=3 {
        let report = attained_at(&THEOREM, rank, |setting| {
            (setting.dimensions.neurons, setting.dimensions.d_out) = (6, 3);
            (setting.dimensions.steps, setting.dimensions.trials) = (3, 3);
        });
        assert_eq!(first_observation(&report), (rank, rank), "{report}");
    }
}
