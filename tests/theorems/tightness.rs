use rankproof::theorem::tightness::THEOREM;

use crate::harness::{attained, catches_its_controls, holds};

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
        assert!(observations[0].what.contains(&format!("r3 = {all}")), "{report}");
        assert!(observations[1].what.contains(&format!("= {}", d_in + d_out)), "{report}");
    }
}
