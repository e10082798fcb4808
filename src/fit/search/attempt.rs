//! Single fits of a search, and the record of those that were made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Search;
use super::grid::Candidate;
use crate::fit::FitFloat;
use crate::fit::comparison::Comparison;
use crate::fit::cross_validation::{FitError, Fold, JUDGED, Job};
use crate::fit::factors::Factors;
use crate::fit::fitting::Settings;
use crate::fit::paired::{Averaged, Starts};
use crate::fit::score::Score;
use crate::recording::Recording;

/// One fit of one model to one fold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The model.
    pub comparison: Comparison,
    /// What it is made of; of a model without a network the rank alone counts.
    pub candidate: Candidate,
    /// The fold whose entries are held out.
    pub fold: usize,
    /// The random start.
    pub seed: u64,
    /// Iterations at most.
    pub iterations: usize,
    /// Of what the answer rests on the number of random starts, of which the seed is the first: it
    /// predicts by their mean, and weights that change go on from constant ones.
    #[serde(default)]
    pub starts: Option<u64>,
    /// Of changing weights with several orders of trials which; with each they go on from the same
    /// constant ones.
    #[serde(default)]
    pub orders: Option<Orders>,
}

/// Orders of trials, by their numbers; 0 is that of the recording, the others are shuffled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// The first.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// Whether trials are shuffled across epochs, too.
    pub across_epochs: bool,
}

/// How it went. Losses are NaN if fitting diverged. Of several orders of trials the scores are those
/// with the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempted {
    /// Which one.
    pub attempt: Attempt,
    /// On the entries on which candidates are judged.
    pub validation: Score,
    /// On the entries that are held out to the end.
    pub test: Score,
    /// On the entries that it was fitted to.
    pub train: Score,
    /// Iterations made.
    pub iterations: usize,
    /// The terms of changing weights that were fitted to the end, from each start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub factors: Vec<Factors>,
    /// Of changing weights on which the answer rests, the constant ones beside them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constant: Option<Box<Attempted>>,
    /// Of several orders of trials the score on test entries with each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_order: Vec<Score>,
}

/// What a model chose in a fold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Winner {
    /// The model.
    pub comparison: Comparison,
    /// The fold.
    pub fold: usize,
    /// Its choice.
    pub candidate: Candidate,
}

/// Carries out attempts, each once.
pub(super) struct Ledger<F> {
    pub carry_out: F,
    pub known: BTreeMap<String, Attempted>,
}

impl Attempt {
    /// Its name, for files.
    pub fn name(&self) -> String {
        let &Attempt { comparison, candidate, fold, seed, iterations, .. } = self;
        let model = comparison.name();
        if !comparison.is_network() {
            return match comparison.has_rank() {
                true => format!("{model}_rank{}_fold{fold}", candidate.rank),
                false => format!("{model}_fold{fold}"),
            };
        }
        let starts = self.starts.map_or(String::new(), |count| format!("_starts{count}"));
        let orders = self.orders.map_or(String::new(), |orders| format!("_{}", orders.name()));
        format!(
            "{model}_{}_seed{seed}_fold{fold}_iterations{iterations}{starts}{orders}",
            candidate.name()
        )
    }

    /// The constant weights beside changing ones.
    pub(super) fn with_constant(self) -> Self {
        let candidate = Candidate { prior: None, ..self.candidate };
        Attempt { comparison: Comparison::Constant, candidate, ..self }
    }

    /// Whether constant weights are fitted beside it.
    pub(super) fn is_pair(&self) -> bool {
        self.starts.is_some() && self.comparison == Comparison::LowTensorRank
    }
}

impl Orders {
    /// Their numbers.
    pub fn numbers(&self) -> std::ops::Range<u64> {
        self.first..self.first + self.count
    }

    fn name(&self) -> String {
        let across = if self.across_epochs { "-across" } else { "" };
        format!("orders{}to{}{across}", self.first, self.first + self.count - 1)
    }
}

impl<E, F: FnMut(&str, &[Attempt]) -> Result<Vec<Attempted>, E>> Ledger<F> {
    /// In their order.
    pub fn all(&mut self, stage: &str, attempts: &[Attempt]) -> Result<Vec<Attempted>, E> {
        let mut new: BTreeMap<String, Attempt> = BTreeMap::new();
        for attempt in attempts {
            let name = attempt.name();
            if !self.known.contains_key(&name) {
                new.insert(name, *attempt);
            }
        }
        let (names, new): (Vec<String>, Vec<Attempt>) = new.into_iter().unzip();
        if !new.is_empty() {
            self.known.extend(names.into_iter().zip((self.carry_out)(stage, &new)?));
        }
        Ok(attempts.iter().map(|attempt| self.known[&attempt.name()].clone()).collect())
    }
}

impl Search {
    /// Carries one out; `None` if `go_on` said no after an iteration.
    ///
    /// # Errors
    ///
    /// If the choices do not fit the recording.
    pub fn run<S: FitFloat>(
        &self,
        recording: &Recording,
        attempt: Attempt,
        go_on: impl Fn() -> bool,
    ) -> Result<Option<Attempted>, FitError> {
        let cv = &self.cv;
        let Attempt { comparison, candidate, fold, seed, .. } = attempt;
        let roles = cv.roles(recording, fold)?;
        let likelihood = cv.architecture.likelihood;
        let found = |[test, validation, train]: [Score; 3], iterations, factors| Attempted {
            attempt,
            validation,
            test,
            train,
            iterations,
            factors,
            constant: None,
            by_order: vec![],
        };
        let (rank, first) = (candidate.rank, cv.settings.seed);
        if let Some(scores) =
            comparison.scores(recording, &roles, likelihood, rank, first, JUDGED)?
        {
            return Ok(Some(found(scores, 0, vec![])));
        }
        let recurrence = comparison.recurrence(candidate.prior.unwrap_or_default());
        let architecture = candidate.architecture(&cv.architecture, recurrence, recording.bins);
        let settings = Settings { seed, iterations: attempt.iterations, ..cv.settings };
        let starts = Starts {
            recording,
            roles: &roles,
            architecture: &architecture,
            settings,
            count: attempt.starts.unwrap_or(1),
        };
        let is_kept = comparison == Comparison::LowTensorRank
            && attempt.orders.is_none()
            && attempt.iterations == cv.settings.iterations;
        let own = |of: Averaged| {
            let factors = if is_kept { of.factors } else { vec![] };
            found(of.scores, of.iterations, factors)
        };
        let beside = |scores, iterations| {
            let constant = found(scores, iterations, vec![]);
            Some(Box::new(Attempted { attempt: attempt.with_constant(), ..constant }))
        };
        let changes = matches!(comparison, Comparison::LowTensorRank | Comparison::Epochs);
        let fitted = if let Some(orders) = attempt.orders {
            let shuffled = orders
                .numbers()
                .map(|number| self.shuffled(recording, number, orders.across_epochs));
            starts.in_orders::<S>(shuffled, go_on).map(|all| {
                let all = all?;
                let by_order = all.iter().map(|one| one.scores[0]).collect();
                all.into_iter().next().map(|first| Attempted { by_order, ..own(first) })
            })
        } else if attempt.is_pair() {
            starts.nested::<S>(go_on).map(|both| {
                let [changing, constant] = both?;
                let constant = beside(constant.scores, constant.iterations);
                Some(Attempted { constant, ..own(changing) })
            })
        } else if attempt.starts.is_some() && changes {
            starts.after_constant::<S>(go_on).map(|changing| changing.map(own))
        } else {
            starts.averaged::<S>(go_on).map(|averaged| averaged.map(own))
        };
        match fitted {
            Err(FitError::Diverged(diverged)) => {
                let nothing = [Score::NONE; 3];
                let constant = attempt.is_pair().then(|| beside(nothing, diverged.iteration));
                let broken = found(nothing, diverged.iteration, vec![]);
                Ok(Some(Attempted { constant: constant.flatten(), ..broken }))
            }
            fitted => fitted,
        }
    }

    pub(super) fn attempt(
        &self,
        comparison: Comparison,
        candidate: Candidate,
        fold: usize,
        iterations: usize,
    ) -> Attempt {
        Attempt {
            comparison,
            candidate,
            fold,
            seed: self.cv.settings.seed,
            iterations,
            starts: None,
            orders: None,
        }
    }

    /// A fit with all iterations from the first random start.
    pub(super) fn once(&self, winner: Winner) -> Attempt {
        let Winner { comparison, fold, candidate } = winner;
        self.attempt(comparison, candidate, fold, self.cv.settings.iterations)
    }

    /// That on which the answer rests.
    pub(super) fn to_the_end(&self, winner: Winner) -> Attempt {
        let starts = winner.comparison.is_network().then_some(self.cv.seeds);
        Attempt { starts, ..self.once(winner) }
    }
}

impl Winner {
    pub(super) fn of(found: &Attempted) -> Self {
        let Attempt { comparison, fold, candidate, .. } = found.attempt;
        Winner { comparison, fold, candidate }
    }
}

impl Attempted {
    /// By how much constant weights beside it lose more on test entries; NaN if there are none.
    pub(super) fn excess_of_constant(&self) -> f64 {
        self.constant.as_ref().map_or(f64::NAN, |constant| constant.test.loss - self.test.loss)
    }

    pub(super) fn as_fold(&self, rank: usize, units: usize) -> Fold {
        let Attempt { comparison, seed, fold, .. } = self.attempt;
        let job = Job { comparison, rank, units, seed, fold };
        let &Attempted { test, validation, train, iterations, .. } = self;
        Fold { job, test, validation, train, iterations }
    }
}
