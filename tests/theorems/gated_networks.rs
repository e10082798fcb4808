use rankproof::network::architecture::Shipped;
use rankproof::task::Dimensions;
use rankproof::theorem::gated_networks::THEOREM;
use rankproof::theorem::{CaseReport, RuleKind, Verdict};
use rankproof::training::GradientFault;

use crate::harness::{attained_at, catches_its_controls, holds};

const UNITS: [Shipped; 3] = [Shipped::Lstm, Shipped::Gru, Shipped::MinimalGated];

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// In every arithmetic, each unit is among the settings, and notices the error.
#[test]
fn each_unit_notices_the_error() {
    for arithmetic in THEOREM.arithmetics() {
        for unit in UNITS {
            let caught = (0..200).any(|number| {
                let id = rankproof::theorem::CaseId { arithmetic, seed: 0, number };
                let report = THEOREM.run(id, Some(GradientFault::WrongEntry));
                report.setting.architecture == unit && report.verdict() == Verdict::Violated
            });
            assert!(caught, "{unit:?} in {}", arithmetic.name());
        }
    }
}

/// Four classes of ten neurons, in every gate; the first observation is of the first gate.
#[test]
fn each_unit_attains_the_number_of_classes() {
    for unit in UNITS {
        attained_at(&THEOREM, 4, |setting| {
            setting.architecture = unit;
            setting.dimensions.neurons = 10;
        });
    }
}

/// M (T-1) = 6 dimensions for all gates of one gradient; two activities make twice as many.
#[test]
fn gates_together_attain_the_rows_of_one_activity() {
    for (unit, rows) in UNITS.into_iter().zip([6, 6, 12]) {
        let report = attained_at(&THEOREM, 4, |setting| {
            setting.architecture = unit;
            setting.dimensions = Dimensions { neurons: 20, d_in: 2, d_out: 2, steps: 4, trials: 2 };
            setting.learning_steps = 1;
            setting.rule = RuleKind::Gradient;
            setting.minibatches = false;
        });
        assert_eq!(last(&report), (rows, rows), "{report}");
    }
}

/// Rank and bound of what all gates together have learned.
fn last(report: &CaseReport) -> (usize, usize) {
    let observed = report.observed.as_ref().expect("an observation");
    let last = observed.last().expect("an observation");
    (last.found.lower, last.bound)
}
