use std::collections::BTreeSet;

use rankproof::theorem::fingerprints::THEOREM;
use rankproof::theorem::{Arithmetic, CaseId, RuleKind, Verdict};

use crate::harness::{catches_its_controls, first_observation, holds};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// Each number of classes up to N is reached by some instance, under entrywise optimizers too.
#[test]
fn is_attained_for_every_number_of_classes() {
    let mut reached = BTreeSet::new();
    for rule in [RuleKind::Gradient, RuleKind::Sign, RuleKind::Cube] {
        for number in 0..300 {
            let id = CaseId { arithmetic: Arithmetic::Exact, seed: 0, number };
            let mut setting = THEOREM.run(id, None).setting;
            (setting.dimensions.neurons, setting.rule) = (5, rule);
            let report = THEOREM.run_setting(id, setting, None);
            if report.verdict() == (Verdict::Held { attained: true }) {
                reached.insert((format!("{rule:?}"), first_observation(&report).0));
            }
        }
    }
    for classes in 1..=5 {
        for direction in ["Gradient", "Sign", "Cube"] {
            assert!(reached.contains(&(direction.to_owned(), classes)), "{direction} {classes}");
        }
    }
}
