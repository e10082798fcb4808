//! A conjecture, and what running it has to show.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use crate::scalar::Fp;
use crate::theorem::{
    Arithmetic, Case, CaseId, CaseReport, Checks, Domain, MAX_INCONCLUSIVE, Observed, Proof,
    Theorem, Verdict,
};

/// What is believed of a conjecture, and what its test expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// No counterexample is known: the test fails when it finds one.
    Supported,
    /// There is a counterexample, which the test expects to find again. The text is the smallest
    /// setting, as it is printed.
    Refuted(&'static str),
}

/// A statement that waits for a proof.
#[derive(Debug)]
pub struct Conjecture {
    /// Its name: of its file (with underscores) and its test.
    pub id: &'static str,
    /// What it says, in words.
    pub statement: &'static str,
    /// What is believed of it.
    pub status: Status,
    /// The instances it speaks about.
    pub setting: fn(Arithmetic) -> Domain,
    /// What is observed on one, and its bound; in the prime field.
    pub exact: fn(&Case<Fp>) -> Observed,
    /// The same function in double precision.
    pub f64: fn(&Case<f64>) -> Observed,
}

/// Cases among which a refuted conjecture must show its counterexample.
const REFUTING_CASES: u64 = 2000;

impl Conjecture {
    /// Runs it as its status says, in exact arithmetic and in f64; `file` is the test's own
    /// `file!()`, beside which proptest keeps what fails. Returns the counterexample of one that is
    /// refuted.
    ///
    /// # Panics
    ///
    /// If a supported conjecture is violated or mostly inconclusive, or if a refuted one shows
    /// another smallest counterexample or none.
    pub fn test(&self, file: &'static str) -> Option<CaseReport> {
        match self.status {
            Status::Supported => {
                for arithmetic in [Arithmetic::Exact, Arithmetic::F64] {
                    self.theorem().hold(arithmetic, file);
                }
                None
            }
            Status::Refuted(smallest) => {
                let report = self.counterexample().unwrap_or_else(|| {
                    panic!("{}: no counterexample among {REFUTING_CASES} cases", self.id)
                });
                assert_eq!(
                    report.setting.to_string(),
                    smallest,
                    "another counterexample:\n{report}"
                );
                Some(report)
            }
        }
    }

    /// The first case of seed 0 that violates it in exact arithmetic, made small.
    pub fn counterexample(&self) -> Option<CaseReport> {
        let theorem = self.theorem();
        (0..REFUTING_CASES).find_map(|number| {
            let id = CaseId { arithmetic: Arithmetic::Exact, seed: 0, number };
            theorem.smallest_violation(id, None)
        })
    }

    /// The same as a value of the registry's type, which knows how to draw, run and shrink.
    fn theorem(&self) -> Theorem {
        Theorem {
            id: self.id,
            title: self.statement,
            statement: self.statement,
            hypotheses: &[],
            bound: "",
            tightness: "",
            proof: Proof::Conjectured,
            source: &[],
            limit: None,
            attained: None,
            domain: self.setting,
            checks: Checks { exact: Some(self.exact), f64: Some(self.f64), double_double: None },
            controls: &[],
            minors: |_| None,
            counterexamples: &[],
        }
    }
}

impl Theorem {
    /// Draws settings from the domain in one arithmetic, as proptest does: what violates the
    /// theorem is made small, printed, and kept beside `file` to be tried first next time.
    /// Inconclusive cases are rejected.
    ///
    /// # Panics
    ///
    /// If a case violates the theorem, or more than [`MAX_INCONCLUSIVE`] of them are inconclusive.
    pub fn hold(&self, arithmetic: Arithmetic, file: &'static str) {
        let mut config = Config::default();
        config.max_global_rejects = (MAX_INCONCLUSIVE * f64::from(config.cases)) as u32;
        config.test_name = Some(self.id);
        config.source_file = Some(file);
        let settings = (self.domain)(arithmetic).strategy(arithmetic);
        let drawn = (settings, any::<u64>().no_shrink());
        let result = TestRunner::new(config).run(&drawn, |(setting, seed)| {
            let id = CaseId { arithmetic, seed, number: 0 };
            let report = self.run_setting(id, setting, None);
            match report.verdict() {
                Verdict::Held { .. } => Ok(()),
                Verdict::Violated => Err(TestCaseError::fail(report.to_string())),
                Verdict::Inconclusive => Err(TestCaseError::reject(report.to_string())),
            }
        });
        let name = arithmetic.name();
        match result {
            Ok(()) => {}
            Err(TestError::Fail(report, (_, seed))) => panic!(
                "{} is violated in {name} by\n{}\n  random numbers: seed {seed}, kept in \
                 proptest-regressions/; tried first by\n  cargo test {}",
                self.id,
                report.message(),
                self.id.replace('-', "_"),
            ),
            Err(TestError::Abort(reason)) => panic!("{} in {name}: {reason}", self.id),
        }
    }
}
