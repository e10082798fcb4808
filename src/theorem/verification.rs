//! A theorem against many random cases, and against the controls.

use std::collections::BTreeMap;
use std::fmt;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use statrs::distribution::{Beta, ContinuousCDF};

use super::{
    Arithmetic, CaseId, CaseReport, MAX_MISSED, SECOND_INSTANCES, Theorem, Verdict, missed,
};
use crate::part::Part;
use crate::scalar::PRIME;
use crate::training::GradientFault;

/// A verification in which more than this share of the cases is inconclusive has shown nothing,
/// and fails.
pub const MAX_INCONCLUSIVE: f64 = 0.1;

/// A control has this many cases in which to be caught. Not every case can catch it: an error
/// cannot leave a space that is the whole space.
pub const CONTROL_CASES: u64 = 1000;

/// How a theorem fared in one arithmetic.
#[derive(Clone, Debug, PartialEq)]
pub struct Verification {
    /// The arithmetic.
    pub arithmetic: Arithmetic,
    /// The seed of the run.
    pub seed: u64,
    /// Cases in which everything stayed within its bound.
    pub held: u64,
    /// Cases in which something did not.
    pub violated: u64,
    /// Cases of which neither can be said.
    pub inconclusive: u64,
    /// Cases, among those held, that reach the bound.
    pub attained: u64,
    /// What is known of generic instances; none in floating point.
    pub generic: Option<Generic>,
    /// The first case that violates the theorem.
    pub first_violation: Option<CaseId>,
    /// What became of the deliberate errors.
    pub controls: Vec<Control>,
}

/// What cases came to, all of a theorem in one arithmetic or those of a [`Part`]: counts, of which
/// those of disjoint sets of cases [add](Tally::with).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Cases in which everything stayed within its bound.
    pub held: u64,
    /// Cases in which something did not.
    pub violated: u64,
    /// Cases of which neither can be said.
    pub inconclusive: u64,
    /// Cases, among those held, that reach the bound.
    pub attained: u64,
    /// The number of the first instance that violates the theorem, in the order of cases: of a case
    /// or of its second instance.
    pub first_violation: Option<u64>,
    /// Exact ranks of matrices that are generic but with a small probability, by the degree of their
    /// minors.
    pub ranks: BTreeMap<u64, u64>,
    /// Cases of which a second instance was run.
    pub second_instances: u64,
    /// Second instances with another verdict.
    pub disagreeing: u64,
    /// The first case in which the check noticed each control.
    pub caught_at: Vec<Option<u64>>,
}

/// How far the ranks of exact instances are those of generic ones. An instance can only have less:
/// a violation may stay hidden in it, and what it attains is attained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Generic {
    /// Ranks of matrices that are generic but with a probability that is known and small. CP ranks,
    /// which are bracketed by more than minors, are not counted.
    pub ranks: u64,
    /// The largest degree of their minors.
    pub degree: u64,
    /// The largest of these probabilities, for one rank.
    pub missed_each: f64,
    /// Their sum: the probability that one of the ranks is not generic is at most this.
    pub missed_together: f64,
    /// Cases without such a probability, of which a second instance was run.
    pub second_instances: u64,
    /// Second instances with another verdict: most often one attains the bound and the other does
    /// not, because gates, classes, batches or sizes are drawn anew with the numbers.
    pub disagreeing: u64,
}

/// What became of one deliberate error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Control {
    /// The error.
    pub fault: GradientFault,
    /// The first case in which the check noticed it.
    pub caught_at: Option<u64>,
}

/// Why a verification is not a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A case violates the theorem.
    Violated(CaseId),
    /// Too many cases are inconclusive.
    Inconclusive,
    /// The check did not notice a deliberate error, so that it shows nothing.
    Blind(GradientFault),
}

impl Verification {
    /// Number of cases.
    pub fn cases(&self) -> u64 {
        self.held + self.violated + self.inconclusive
    }

    /// What is wrong, if anything is: the worst first.
    pub fn failure(&self) -> Option<Failure> {
        let violated = self.first_violation.map(Failure::Violated);
        let missed = self.controls.iter().find(|control| control.caught_at.is_none());
        let inconclusive = self.inconclusive as f64 > MAX_INCONCLUSIVE * self.cases() as f64;
        violated
            .or(missed.map(|control| Failure::Blind(control.fault)))
            .or(inconclusive.then_some(Failure::Inconclusive))
    }

    /// The rate of violations that these cases exclude with the given confidence: at a higher one,
    /// as few violations as were seen would have been less likely than `1 - confidence` (Clopper
    /// and Pearson 1934). One if no case was decided.
    pub fn violation_rate_below(&self, confidence: f64) -> f64 {
        if self.held == 0 {
            return 1.0;
        }
        Beta::new(self.violated as f64 + 1.0, self.held as f64)
            .map_or(1.0, |beta| beta.inverse_cdf(confidence))
    }
}

impl Theorem {
    /// Runs cases 0..`cases` and the controls, in parallel on the current rayon pool; the result
    /// does not depend on the number of threads. Where Schwartz-Zippel says nothing of an exact
    /// instance, the case is violated if its [second instance](CaseId::second_instance) is. `done`
    /// is called after each case, and once for each control.
    pub fn verify(
        &self,
        arithmetic: Arithmetic,
        seed: u64,
        cases: u64,
        done: &(dyn Fn() + Sync),
    ) -> Verification {
        let tally = self.tally(arithmetic, seed, cases, Part::WHOLE, done);
        self.verification(arithmetic, seed, &tally)
    }

    /// Runs those of the cases 0..`cases`, and of the cases of each control, that fall to a part.
    pub fn tally(
        &self,
        arithmetic: Arithmetic,
        seed: u64,
        cases: u64,
        part: Part,
        done: &(dyn Fn() + Sync),
    ) -> Tally {
        let id = |number| CaseId { arithmetic, seed, number };
        let tallies = (0..cases).into_par_iter().filter(|&number| part.has(number)).map(|number| {
            let outcome = self.outcome(id(number));
            done();
            Tally::of(&outcome)
        });
        let tally = tallies.reduce(Tally::default, Tally::with);
        let caught_at = self.controls.iter().map(|&fault| {
            let caught =
                |&number: &u64| self.run(id(number), Some(fault)).verdict() == Verdict::Violated;
            let numbers = (0..CONTROL_CASES).into_par_iter().filter(|&number| part.has(number));
            let caught_at = numbers.find_first(caught);
            done();
            caught_at
        });
        Tally { caught_at: caught_at.collect(), ..tally }
    }

    /// What a tally of all cases says.
    pub fn verification(&self, arithmetic: Arithmetic, seed: u64, tally: &Tally) -> Verification {
        let &Tally { held, violated, inconclusive, attained, first_violation, .. } = tally;
        let controls = self.controls.iter().enumerate().map(|(index, &fault)| Control {
            fault,
            caught_at: tally.caught_at.get(index).copied().flatten(),
        });
        Verification {
            arithmetic,
            seed,
            held,
            violated,
            inconclusive,
            attained,
            generic: (arithmetic == Arithmetic::Exact).then(|| Generic::of(tally)),
            first_violation: first_violation.map(|number| CaseId { arithmetic, seed, number }),
            controls: controls.collect(),
        }
    }

    /// Runs a case, and its second instance where that is needed.
    fn outcome(&self, id: CaseId) -> Outcome {
        let report = self.run(id, None);
        let exact = id.arithmetic == Arithmetic::Exact;
        let degree = (self.minors)(&report.setting).filter(|_| exact);
        let second = (exact && missed(degree).is_none())
            .then(|| self.run(id.second_instance(), None).verdict());
        Outcome { id, report, degree, second }
    }
}

/// What came of a case.
struct Outcome {
    id: CaseId,
    report: CaseReport,
    /// Of the largest minor.
    degree: Option<u64>,
    /// The verdict on the second instance, if there was one.
    second: Option<Verdict>,
}

impl Outcome {
    /// That of the first instance, unless the second violates the theorem.
    fn verdict(&self) -> Verdict {
        match self.second {
            Some(Verdict::Violated) => Verdict::Violated,
            _ => self.report.verdict(),
        }
    }

    /// The instance that violates the theorem.
    fn violation(&self) -> Option<CaseId> {
        if self.report.verdict() == Verdict::Violated {
            return Some(self.id);
        }
        (self.verdict() == Verdict::Violated).then(|| self.id.second_instance())
    }
}

impl Tally {
    fn of(outcome: &Outcome) -> Self {
        let verdict = outcome.verdict();
        let mut tally = Tally {
            held: u64::from(matches!(verdict, Verdict::Held { .. })),
            violated: u64::from(verdict == Verdict::Violated),
            inconclusive: u64::from(verdict == Verdict::Inconclusive),
            attained: u64::from(verdict == Verdict::Held { attained: true }),
            first_violation: outcome.violation().map(|id| id.number),
            ..Tally::default()
        };
        if let Some(second) = outcome.second {
            tally.second_instances = 1;
            tally.disagreeing = u64::from(second != outcome.report.verdict());
        } else if let Some(degree) = outcome.degree {
            tally.ranks.insert(degree, outcome.report.ranks() as u64);
        }
        tally
    }

    /// Of two disjoint sets of cases together, in whichever order.
    #[must_use]
    pub fn with(mut self, other: Tally) -> Tally {
        for (degree, ranks) in other.ranks {
            *self.ranks.entry(degree).or_default() += ranks;
        }
        let controls = self.caught_at.len().max(other.caught_at.len());
        let of = |caught: &[Option<u64>], index: usize| caught.get(index).copied().flatten();
        let first = |index| {
            let both = [&self.caught_at, &other.caught_at].map(|caught| of(caught, index));
            both.into_iter().flatten().min()
        };
        let caught_at = (0..controls).map(first).collect();
        let violations = [self.first_violation, other.first_violation].into_iter().flatten();
        Tally {
            held: self.held + other.held,
            violated: self.violated + other.violated,
            inconclusive: self.inconclusive + other.inconclusive,
            attained: self.attained + other.attained,
            first_violation: violations.min_by_key(|number| number % SECOND_INSTANCES),
            ranks: self.ranks,
            second_instances: self.second_instances + other.second_instances,
            disagreeing: self.disagreeing + other.disagreeing,
            caught_at,
        }
    }

    /// Number of cases.
    pub fn cases(&self) -> u64 {
        self.held + self.violated + self.inconclusive
    }
}

impl Generic {
    /// In the order of degrees, so that the sum has the same bits however cases were shared out.
    fn of(tally: &Tally) -> Self {
        let &Tally { second_instances, disagreeing, .. } = tally;
        let mut generic = Generic { second_instances, disagreeing, ..Generic::default() };
        for (&degree, &ranks) in &tally.ranks {
            let each = missed(Some(degree)).unwrap_or(1.0);
            generic.ranks += ranks;
            generic.degree = generic.degree.max(degree);
            generic.missed_each = generic.missed_each.max(each);
            generic.missed_together += ranks as f64 * each;
        }
        generic
    }

    /// Of several verifications together.
    pub fn sum<'a>(parts: impl IntoIterator<Item = &'a Generic>) -> Self {
        parts.into_iter().fold(Generic::default(), |sum, part| Generic {
            ranks: sum.ranks + part.ranks,
            degree: sum.degree.max(part.degree),
            missed_each: sum.missed_each.max(part.missed_each),
            missed_together: sum.missed_together + part.missed_together,
            second_instances: sum.second_instances + part.second_instances,
            disagreeing: sum.disagreeing + part.disagreeing,
        })
    }
}

/// In sentences; nothing of a run without exact ranks.
impl fmt::Display for Generic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Generic { ranks, degree, missed_each, missed_together, .. } = *self;
        if ranks > 0 {
            write!(
                f,
                "Each of {ranks} exact ranks of matrices is that of a generic instance of its \
                 setting, except with probability at most {missed_each:.0e}; that any of them is \
                 not has at most {missed_together:.0e} (Schwartz-Zippel, minors of degree at most \
                 {:.0e} modulo {:.0e}). An instance can only have less. ",
                degree as f64, PRIME as f64
            )?;
        }
        let Generic { second_instances, disagreeing, .. } = *self;
        if second_instances > 0 {
            write!(
                f,
                "{second_instances} cases have no such bound below {MAX_MISSED:.0e} (gates, signs, \
                 high degrees): for each a second instance was held against the theorem too, "
            )?;
            match disagreeing {
                0 => write!(f, "with the same verdict.")?,
                _ => write!(
                    f,
                    "and {disagreeing} differ in whether they attain the bound, because gates, \
                     classes, batches and sizes are drawn anew with the numbers."
                )?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Rank;
    use crate::scalar::Fp;
    use crate::theorem::{Case, Checks, Observation, Observed, Setting, invariant_subspace};

    /// A theorem that the random numbers of an instance break one time in four.
    fn broken_by_chance(minors: fn(&Setting) -> Option<u64>) -> Theorem {
        fn chance(case: &Case<Fp>) -> Observed {
            let broken = usize::from(case.stream.named("chance").below(4) == 0);
            Ok(vec![Observation::rank("chance", &Rank::exact(broken), 0)])
        }
        let checks = Checks { exact: Some(chance), f64: None, double_double: None };
        Theorem { checks, minors, controls: &[], ..invariant_subspace::THEOREM }
    }

    #[test]
    fn where_no_degree_is_known_a_second_instance_counts() {
        let id = |number| CaseId { arithmetic: Arithmetic::Exact, seed: 5, number };
        let theorem = broken_by_chance(|_| None);
        let breaks = |id| theorem.run(id, None).verdict() == Verdict::Violated;
        let pairs: Vec<_> =
            (0..100).map(|n| [breaks(id(n)), breaks(id(n).second_instance())]).collect();
        let count = |test: fn(&[bool; 2]) -> bool| pairs.iter().filter(|p| test(p)).count() as u64;

        let all = theorem.verify(Arithmetic::Exact, 5, 100, &|| ());
        assert_eq!(all.violated, count(|[first, second]| *first || *second));
        let generic = all.generic.expect("exact");
        assert_eq!((generic.second_instances, generic.ranks), (100, 0));
        assert_eq!(generic.disagreeing, count(|[first, second]| first != second));
        // What is found in a second instance alone is named so that it can be run again.
        let number = pairs.iter().position(|[first, second]| *first || *second).expect("some");
        let found = all.first_violation.expect("some");
        let expected =
            if pairs[number][0] { id(number as u64) } else { id(number as u64).second_instance() };
        assert_eq!(found, expected);
        assert!(theorem.smallest_violation(found, None).is_some());

        let known = broken_by_chance(|_| Some(7)).verify(Arithmetic::Exact, 5, 100, &|| ());
        assert_eq!(known.violated, count(|[first, _]| *first));
        let generic = known.generic.expect("exact");
        assert_eq!((generic.second_instances, generic.ranks, generic.degree), (0, 100, 7));
        assert!((generic.missed_together / (700.0 / PRIME as f64) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_second_instance_has_the_same_setting_and_other_numbers() {
        let theorem = broken_by_chance(|_| None);
        for number in 0..20 {
            let id = CaseId { arithmetic: Arithmetic::Exact, seed: 5, number };
            let [first, second] = [id, id.second_instance()].map(|id| theorem.run(id, None));
            assert_eq!(first.setting, second.setting);
        }
        let id = CaseId { arithmetic: Arithmetic::Exact, seed: 5, number: 3 };
        let real = |id| invariant_subspace::THEOREM.run(id, None).setting;
        assert_eq!(real(id), real(id.second_instance().second_instance()));
    }

    /// What a run says does not depend on who ran which case.
    #[test]
    fn the_tallies_of_parts_add_to_that_of_the_whole() {
        let theorems = [
            broken_by_chance(|_| None),
            broken_by_chance(|setting| Some(7 + setting.dimensions.neurons as u64)),
            Theorem {
                controls: invariant_subspace::THEOREM.controls,
                ..broken_by_chance(|_| None)
            },
        ];
        for theorem in &theorems {
            let tally = |part| theorem.tally(Arithmetic::Exact, 5, 50, part, &|| ());
            let whole = tally(Part::WHOLE);
            assert!(whole.violated > 0 && whole.cases() == 50);
            assert_eq!(whole.caught_at.len(), theorem.controls.len());
            assert!(whole.caught_at.iter().all(Option::is_some), "{whole:?}");
            for count in [2, 3, 60] {
                let first: Part = format!("1/{count}").parse().unwrap();
                let parts: Vec<Tally> = first.siblings().map(tally).collect();
                let sum =
                    |parts: &[Tally]| parts.iter().cloned().fold(Tally::default(), Tally::with);
                assert_eq!(sum(&parts), whole);
                let reversed: Vec<Tally> = parts.into_iter().rev().collect();
                assert_eq!(sum(&reversed), whole);
            }
        }
    }

    fn verification(held: u64, violated: u64, inconclusive: u64) -> Verification {
        let id = CaseId { arithmetic: Arithmetic::F64, seed: 3, number: 7 };
        Verification {
            arithmetic: id.arithmetic,
            seed: id.seed,
            held,
            violated,
            inconclusive,
            attained: 0,
            generic: None,
            first_violation: (violated > 0).then_some(id),
            controls: Vec::new(),
        }
    }

    #[test]
    fn inconclusive_cases_fail_beyond_their_share() {
        assert_eq!(verification(90, 0, 10).failure(), None);
        assert_eq!(verification(89, 0, 11).failure(), Some(Failure::Inconclusive));
        assert_eq!(verification(0, 0, 1).failure(), Some(Failure::Inconclusive));
        assert!(matches!(verification(99, 1, 0).failure(), Some(Failure::Violated(_))));
    }

    #[test]
    fn a_control_that_is_not_caught_fails() {
        let mut blind = verification(100, 0, 0);
        blind.controls = vec![Control { fault: GradientFault::WrongEntry, caught_at: None }];
        assert_eq!(blind.failure(), Some(Failure::Blind(GradientFault::WrongEntry)));
        blind.controls[0].caught_at = Some(0);
        assert_eq!(blind.failure(), None);
    }

    #[test]
    fn the_excluded_rate_is_that_of_clopper_and_pearson() {
        // Without violations the bound solves (1 - rate)^n = 1 - confidence.
        let bound = verification(1000, 0, 50).violation_rate_below(0.95);
        assert!((bound - (1.0 - 0.05f64.powf(1.0 / 1000.0))).abs() < 1e-9, "{bound}");
        // From tables: 2 of 10 at one-sided 95 %.
        let bound = verification(8, 2, 0).violation_rate_below(0.95);
        assert!((bound - 0.5069).abs() < 1e-3, "{bound}");
        assert_eq!(verification(0, 0, 5).violation_rate_below(0.95), 1.0);
    }
}
