use rankproof::theorem::effective_telescoping::THEOREM;

use crate::harness::{catches_its_controls, holds};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}
