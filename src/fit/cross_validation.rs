//! Cross-validation: which rank predicts held-out entries best, and what other models make of the
//! same entries.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::FitFloat;
use super::architecture::{Architecture, Recurrence};
use super::baseline::{condition_means, cp_of_data};
use super::fitting::{Diverged, Fit, Outcome, Settings};
use super::likelihood::Score;
use super::mask::Blocks;
use super::objective::Objective;
use super::observations::{Observations, Role};
use crate::recording::Recording;

/// What is compared on the held-out entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Weights of low tensor rank: the model itself.
    LowTensorRank,
    /// The same weights in all trials: no learning.
    Constant,
    /// Weights of the same matrix rank, free in each trial: no tensor constraint.
    Free,
    /// A CP decomposition of the activity, (neuron, bin, trial), with as many terms: no dynamics.
    Cp,
    /// The means over trials of a condition: no trial-to-trial change.
    ConditionMean,
}

impl Comparison {
    /// All that the model is compared with.
    pub const OTHERS: [Comparison; 4] =
        [Comparison::Constant, Comparison::Free, Comparison::Cp, Comparison::ConditionMean];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Comparison::LowTensorRank => "low_tensor_rank",
            Comparison::Constant => "constant",
            Comparison::Free => "free",
            Comparison::Cp => "cp",
            Comparison::ConditionMean => "condition_mean",
        }
    }

    /// Whether it depends on a random start and on the number of units.
    pub fn is_network(self) -> bool {
        !matches!(self, Comparison::Cp | Comparison::ConditionMean)
    }
}

/// One fit, of one model to one fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The model.
    pub comparison: Comparison,
    /// Terms.
    pub rank: usize,
    /// Units; 0 of a model without a network.
    pub units: usize,
    /// The random start.
    pub seed: u64,
    /// The fold whose entries are held out.
    pub fold: usize,
}

impl Job {
    /// Its name, for files.
    pub fn name(&self) -> String {
        let Job { comparison, rank, units, seed, fold } = self;
        format!("{}_rank{rank}_units{units}_seed{seed}_fold{fold}", comparison.name())
    }
}

/// How a job went.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fold {
    /// Which one.
    pub job: Job,
    /// On the held-out entries.
    pub test: Score,
    /// On the entries that it was fitted to.
    pub train: Score,
    /// Iterations made.
    pub iterations: usize,
}

/// A mean over folds; null in JSON where it is not finite.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Of the held-out loss.
    pub mean: f64,
    /// The standard error of that mean over folds; NaN of a single fold.
    pub se: f64,
    /// The mean of the held-out R2.
    pub r2: f64,
    /// Its standard error.
    pub r2_se: f64,
}

/// A rank, a number of units, and how well they do.
pub type Line = (usize, usize, Estimate);

/// Ascending, what is not a number last.
fn by_loss(a: &Line, b: &Line) -> Ordering {
    let loss = |line: &Line| if line.2.mean.is_nan() { f64::INFINITY } else { line.2.mean };
    loss(a).total_cmp(&loss(b))
}

/// What is fitted to what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CrossValidation {
    /// The ranks to choose from, ascending.
    pub ranks: Vec<usize>,
    /// The numbers of units to choose from.
    pub units: Vec<usize>,
    /// Random starts.
    pub seeds: u64,
    /// Folds.
    pub folds: usize,
    /// How entries are held out.
    pub blocks: Blocks,
    /// How models are fitted; the seed names the held-out blocks too.
    pub settings: Settings,
    /// The model; rank, units and recurrence are those of each job.
    pub architecture: Architecture,
}

impl CrossValidation {
    /// The fits among which the rank is chosen.
    pub fn jobs(&self) -> Vec<Job> {
        let sizes = self.ranks.iter().flat_map(|&r| self.units.iter().map(move |&n| (r, n)));
        sizes.flat_map(|(rank, units)| self.of(Comparison::LowTensorRank, rank, units)).collect()
    }

    /// The fits of all other models, at the size that was chosen.
    pub fn comparisons(&self, rank: usize, units: usize) -> Vec<Job> {
        Comparison::OTHERS.iter().flat_map(|&other| self.of(other, rank, units)).collect()
    }

    fn of(&self, comparison: Comparison, rank: usize, units: usize) -> Vec<Job> {
        let (seeds, units) = match comparison.is_network() {
            true => (self.seeds, units),
            false => (1, 0),
        };
        let folds = 0..self.folds;
        let each = folds.flat_map(|fold| (0..seeds).map(move |seed| (fold, seed)));
        each.map(|(fold, seed)| {
            let seed = self.settings.seed + seed;
            Job { comparison, rank, units, seed, fold }
        })
        .collect()
    }

    /// Carries one out; `None` if `go_on` said no after an iteration.
    ///
    /// # Errors
    ///
    /// If the fit diverges.
    pub fn run<S: FitFloat>(
        &self,
        recording: &Recording,
        job: Job,
        go_on: impl Fn() -> bool,
    ) -> Result<Option<Fold>, Diverged> {
        let held_out = [Role::Test, Role::Validation];
        let roles = self.blocks.roles(recording, job.fold, &held_out, self.settings.seed);
        let likelihood = self.architecture.likelihood;
        let both = [Role::Test, Role::Train];
        let of_data =
            |[test, train]: [Score; 2]| Ok(Some(Fold { job, test, train, iterations: 0 }));
        let recurrence = match job.comparison {
            Comparison::ConditionMean => {
                let of = |role| condition_means(recording, &roles, likelihood, role);
                return of_data(both.map(of));
            }
            Comparison::Cp => {
                let seed = self.settings.seed;
                return of_data(cp_of_data(recording, &roles, likelihood, job.rank, seed));
            }
            Comparison::LowTensorRank => self.architecture.recurrence.clone(),
            Comparison::Constant => Recurrence::Constant,
            Comparison::Free => Recurrence::Free,
        };
        let (units, rank) = (job.units, job.rank);
        let architecture = Architecture { units, rank, recurrence, ..self.architecture.clone() };
        let objective = Objective::<S>::new(&architecture, Observations::new(recording, &roles));
        let mut fit = Fit::new(objective, Settings { seed: job.seed, ..self.settings });
        let outcome = fit.run(|_, _| match go_on() {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        })?;
        if outcome == Outcome::Interrupted {
            return Ok(None);
        }
        let model = fit.model();
        let [test, train] = both.map(|role| fit.objective.score(&model, role));
        Ok(Some(Fold { job, test, train, iterations: fit.iterations() }))
    }

    /// Carries out several in parallel, in their order.
    ///
    /// # Errors
    ///
    /// If one diverges.
    pub fn run_all<S: FitFloat>(
        &self,
        recording: &Recording,
        jobs: &[Job],
    ) -> Result<Vec<Fold>, Diverged> {
        let folds = jobs.par_iter().map(|&job| self.run::<S>(recording, job, || true));
        let folds: Result<Vec<_>, _> = folds.collect();
        Ok(folds?.into_iter().flatten().collect())
    }

    /// The estimate of each (rank, units), in the order of [`jobs`](CrossValidation::jobs).
    pub fn table(&self, folds: &[Fold]) -> Vec<Line> {
        let sizes = self.ranks.iter().flat_map(|&r| self.units.iter().map(move |&n| (r, n)));
        sizes
            .map(|(rank, units)| {
                let of = by_fold(folds, |job| {
                    job.comparison == Comparison::LowTensorRank
                        && (job.rank, job.units) == (rank, units)
                });
                (rank, units, estimate(&of))
            })
            .collect()
    }

    /// The choice by one standard error: the smallest rank whose best held-out loss is within one
    /// standard error of the best of all; with the number of units that is best for it.
    pub fn choose(&self, table: &[Line]) -> (usize, usize) {
        let ranks = self.best_of_each_rank(table);
        let least = ranks.iter().min_by(|a, b| by_loss(a, b)).expect("at least one rank");
        let (_, _, best) = *least;
        let limit = best.mean + if best.se.is_nan() { 0.0 } else { best.se };
        let (rank, units, _) =
            *ranks.iter().find(|(_, _, estimate)| estimate.mean <= limit).unwrap_or(least);
        (rank, units)
    }

    /// Of each rank, in their order, the line of the table with the number of units that is best.
    pub fn best_of_each_rank(&self, table: &[Line]) -> Vec<Line> {
        let best = |&rank: &usize| {
            let of_rank = table.iter().filter(|(other, _, _)| *other == rank);
            *of_rank.min_by(|a, b| by_loss(a, b)).expect("a line for each rank")
        };
        self.ranks.iter().map(best).collect()
    }

    /// The estimate of another model, and by how much its loss exceeds that of the model itself of
    /// this size on the same folds.
    pub fn against(
        &self,
        folds: &[Fold],
        other: Comparison,
        rank: usize,
        units: usize,
    ) -> (Estimate, Estimate) {
        let of = |comparison: Comparison| {
            by_fold(folds, |job| {
                let sized = !comparison.is_network() || job.units == units;
                job.comparison == comparison && job.rank == rank && sized
            })
        };
        let (theirs, ours) = (of(other), of(Comparison::LowTensorRank));
        let differences: Vec<_> = (theirs.iter().zip(&ours))
            .map(|(theirs, ours)| (theirs.0 - ours.0, theirs.1 - ours.1))
            .collect();
        (estimate(&theirs), estimate(&differences))
    }
}

/// Loss and R2 of each fold, means over random starts.
fn by_fold(folds: &[Fold], of: impl Fn(&Job) -> bool) -> Vec<(f64, f64)> {
    let last = folds.iter().map(|fold| fold.job.fold).max().map_or(0, |last| last + 1);
    let each = (0..last).filter_map(|number| {
        let scores: Vec<_> = folds
            .iter()
            .filter(|fold| fold.job.fold == number && of(&fold.job))
            .map(|fold| (fold.test.loss, fold.test.r2))
            .collect();
        let count = scores.len() as f64;
        let sum = scores.iter().fold((0.0, 0.0), |sum, score| (sum.0 + score.0, sum.1 + score.1));
        (!scores.is_empty()).then_some((sum.0 / count, sum.1 / count))
    });
    each.collect()
}

fn estimate(folds: &[(f64, f64)]) -> Estimate {
    let count = folds.len() as f64;
    let mean_and_error = |values: Vec<f64>| {
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        (mean, (squares / (count - 1.0) / count).sqrt())
    };
    let (mean, se) = mean_and_error(folds.iter().map(|fold| fold.0).collect());
    let (r2, r2_se) = mean_and_error(folds.iter().map(|fold| fold.1).collect());
    Estimate { mean, se, r2, r2_se }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cross_validation() -> CrossValidation {
        CrossValidation {
            ranks: vec![1, 2, 3],
            units: vec![10, 20],
            seeds: 2,
            folds: 3,
            blocks: Blocks::default(),
            settings: Settings::default(),
            architecture: Architecture::new(1, 1, 10),
        }
    }

    fn fold(job: Job, loss: f64) -> Fold {
        let score = Score { entries: 1, loss, r2: 1.0 - loss };
        Fold { job, test: score, train: score, iterations: 1 }
    }

    #[test]
    fn the_smallest_rank_within_one_standard_error_of_the_best_is_chosen() {
        let cv = cross_validation();
        assert_eq!(cv.jobs().len(), 3 * 2 * 2 * 3);
        // Rank 2 is a little worse than rank 3, by less than the spread of folds.
        let level = |job: &Job| match (job.rank, job.units) {
            (1, _) => 0.9,
            (2, 20) => 0.505,
            (3, 20) => 0.5,
            _ => 0.7,
        };
        let folds: Vec<Fold> = (cv.jobs().into_iter())
            .map(|job| fold(job, level(&job) + 0.02 * job.fold as f64))
            .collect();
        let table = cv.table(&folds);
        let best = table[5];
        assert_eq!((best.0, best.1), (3, 20));
        assert!((best.2.mean - 0.52).abs() < 1e-12);
        assert!((best.2.se - 0.02 / 3.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(cv.choose(&table), (2, 20));
        // Without spread the best is the only one.
        let exact: Vec<Fold> = cv.jobs().into_iter().map(|job| fold(job, level(&job))).collect();
        assert_eq!(cv.choose(&cv.table(&exact)), (3, 20));
    }

    #[test]
    fn comparisons_are_paired_by_fold() {
        let cv = cross_validation();
        let mut folds: Vec<Fold> =
            cv.jobs().into_iter().map(|job| fold(job, 0.5 + 0.1 * job.fold as f64)).collect();
        let others = cv.comparisons(2, 20).into_iter();
        folds.extend(others.map(|job| fold(job, 0.6 + 0.1 * job.fold as f64)));
        let (constant, excess) = cv.against(&folds, Comparison::Constant, 2, 20);
        assert!((constant.mean - 0.7).abs() < 1e-12 && constant.se > 0.05);
        assert!((excess.mean - 0.1).abs() < 1e-12 && excess.se < 1e-12);
        let (mean, _) = cv.against(&folds, Comparison::ConditionMean, 2, 20);
        assert!((mean.mean - 0.7).abs() < 1e-12);
    }
}
