//! Every text that says when a bound is attained, by the search that the limits have too: a
//! theorem's `attained` is its `tightness` as a function, and each random setting of which it is
//! true must attain the bound, in exact arithmetic.
//!
//! Data are generic, random inputs and targets. `PROPTEST_CASES` sets the number of settings of each
//! theorem (256 if not set). The conditions are not idle: for each theorem that has some, there are
//! settings without them that miss the bound.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use rankproof::task::TaskFamily;
use rankproof::theorem::{ALL, Arithmetic, CaseId, CaseReport, Domain, Setting, Theorem, Verdict};

const ATTAINED: Verdict = Verdict::Held { attained: true };
const MISSED: Verdict = Verdict::Held { attained: false };

#[test]
fn what_is_said_to_be_attained_is() {
    let mut missed = Vec::new();
    for theorem in ALL {
        let Some(attained) = theorem.attained else { continue };
        let mut config = Config { source_file: Some(file!()), ..Config::default() };
        // The settings that say nothing are not run, so that there may be any number of them.
        config.max_local_rejects = u32::MAX;
        let settings = wider(theorem).prop_filter("a setting that attains the bound", attained);
        let drawn = (settings, any::<u64>().no_shrink());
        let result = TestRunner::new(config).run(&drawn, |(setting, seed)| {
            let report = report(theorem, setting, seed);
            match report.verdict() {
                ATTAINED => Ok(()),
                _ => Err(TestCaseError::fail(report.to_string())),
            }
        });
        match result {
            Ok(()) => {}
            Err(TestError::Fail(report, (_, seed))) => missed.push(format!(
                "{}, seed {seed}:\n{}\n  {}",
                theorem.id,
                report.message(),
                theorem.tightness
            )),
            Err(TestError::Abort(reason)) => panic!("{}: {reason}", theorem.id),
        }
    }
    assert!(missed.is_empty(), "not attained:\n{}", missed.join("\n"));
}

/// Without its conditions the same search would fail.
#[test]
fn what_is_not_said_to_be_attained_can_be_missed() {
    for theorem in ALL {
        let Some(attained) = theorem.attained else { continue };
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let mut settings = (0..4000).map(|seed| {
            let drawn = wider(theorem).new_tree(&mut runner).expect("no filters").current();
            (drawn, seed)
        });
        let missed = settings.any(|(setting, seed)| {
            !attained(&setting) && report(theorem, setting, seed).verdict() == MISSED
        });
        let is_an_equality = [
            "exact-adjoint",
            "conservation-law",
            "momentum-angular-law",
            "core-closure",
            "tightness",
        ];
        assert_eq!(missed, !is_an_equality.contains(&theorem.id), "{}", theorem.id);
    }
}

fn report(theorem: &Theorem, setting: Setting, seed: u64) -> CaseReport {
    let id = CaseId { arithmetic: Arithmetic::Exact, seed, number: 0 };
    theorem.run_setting(id, setting, None)
}

/// The theorem's own domain with generic data, and with as much time, trials and learning as its
/// bound may take.
fn wider(theorem: &Theorem) -> BoxedStrategy<Setting> {
    let domain = (theorem.domain)(Arithmetic::Exact);
    let at_least = |range: std::ops::RangeInclusive<usize>, most: usize| {
        *range.start()..=(*range.end()).max(most)
    };
    let wider = Domain {
        steps: at_least(domain.steps, 6),
        trials: at_least(domain.trials, 6),
        learning_steps: at_least(domain.learning_steps, 8),
        tasks: vec![TaskFamily::RandomTargets],
        ..domain
    };
    wider.strategy(Arithmetic::Exact)
}
