//! What the tests of all theorems share.

use rankproof::task::Dimensions;
use rankproof::theorem::{Arithmetic, CaseId, CaseReport, Setting, Theorem, Verdict};
use rankproof::training::GradientFault;

/// Draws settings from the theorem's own domain, in each of its arithmetics, and shrinks those
/// that violate it.
pub fn holds(theorem: &Theorem) {
    // proptest wants a static name for the file beside which it keeps failures; there are few.
    let name = theorem.id.replace('-', "_");
    let file = format!("{}/tests/theorems/{name}.rs", env!("CARGO_MANIFEST_DIR"));
    let file: &'static str = Box::leak(file.into_boxed_str());
    theorem.arithmetics().for_each(|arithmetic| theorem.hold(arithmetic, file));
}

/// Every control is caught in each arithmetic of the theorem, and the same cases without it hold.
pub fn catches_its_controls(theorem: &Theorem) {
    for arithmetic in theorem.arithmetics() {
        let verification = theorem.verify(arithmetic, 0, 50, &|| ());
        assert_eq!(verification.violated, 0);
        for control in verification.controls {
            let name = format!("{} in {}", control.fault.description(), arithmetic.name());
            let number = control.caught_at.unwrap_or_else(|| panic!("{name} was not caught"));
            let id = CaseId { arithmetic, seed: 0, number };
            assert_eq!(theorem.run(id, Some(control.fault)).verdict(), Verdict::Violated);
            assert_ne!(theorem.run(id, None).verdict(), Verdict::Violated);
        }
    }
}

/// The first case of seed 0 that a control spoils, made small.
pub fn smallest_caught(
    theorem: &Theorem,
    arithmetic: Arithmetic,
    control: GradientFault,
) -> Setting {
    (0..1000)
        .find_map(|number| {
            let id = CaseId { arithmetic, seed: 0, number };
            theorem.smallest_violation(id, Some(control))
        })
        .expect("a control that is caught")
        .setting
}

/// Some setting of the theorem's domain, changed by `change`, attains its bound exactly; returns
/// the first such report.
pub fn attained(theorem: &Theorem, change: impl Fn(&mut Setting)) -> CaseReport {
    let attained = |report: &CaseReport| report.verdict() == Verdict::Held { attained: true };
    first_report(theorem, change, attained)
        .unwrap_or_else(|| panic!("{} is never attained", theorem.id))
}

/// Some setting of the theorem's domain, changed by `change`, attains its bound where that is
/// `value`.
pub fn attained_at(theorem: &Theorem, value: usize, change: impl Fn(&mut Setting)) -> CaseReport {
    let wanted = |report: &CaseReport| {
        let attained = report.verdict() == Verdict::Held { attained: true };
        attained && first_observation(report) == (value, value)
    };
    first_report(theorem, change, wanted)
        .unwrap_or_else(|| panic!("{} is never attained at {value}", theorem.id))
}

/// Some setting of the theorem's domain, changed by `change`, stays below the bound.
pub fn missed(theorem: &Theorem, change: impl Fn(&mut Setting)) -> CaseReport {
    let missed = |report: &CaseReport| report.verdict() == Verdict::Held { attained: false };
    first_report(theorem, change, missed)
        .unwrap_or_else(|| panic!("{} is never missed", theorem.id))
}

/// A plain setting, as [`Setting::plain`] has it, changed by `change`.
pub fn report_of(
    theorem: &Theorem,
    dimensions: Dimensions,
    learning_steps: usize,
    change: impl Fn(&mut Setting),
) -> CaseReport {
    let mut setting = Setting { learning_steps, ..Setting::plain(dimensions) };
    change(&mut setting);
    let id = CaseId { arithmetic: Arithmetic::Exact, seed: 0, number: 0 };
    theorem.run_setting(id, setting, None)
}

/// Some setting of the domain, changed by `change` to break a hypothesis, violates the theorem.
pub fn violated(theorem: &Theorem, change: impl Fn(&mut Setting)) -> CaseReport {
    first_report(theorem, change, |report| report.verdict() == Verdict::Violated)
        .unwrap_or_else(|| panic!("{} still holds", theorem.id))
}

fn first_report(
    theorem: &Theorem,
    change: impl Fn(&mut Setting),
    wanted: impl Fn(&CaseReport) -> bool,
) -> Option<CaseReport> {
    (0..500).find_map(|number| {
        let arithmetic = theorem.arithmetics().next().expect("a check");
        let id = CaseId { arithmetic, seed: 0, number };
        let mut setting = theorem.run(id, None).setting;
        change(&mut setting);
        let report = theorem.run_setting(id, setting, None);
        wanted(&report).then_some(report)
    })
}

/// The first observation, which carries the theorem's name: observed and bound.
pub fn first_observation(report: &CaseReport) -> (usize, usize) {
    let observations = report.observed.as_ref().expect("an observation");
    (observations[0].found.lower, observations[0].bound)
}
