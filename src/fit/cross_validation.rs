//! Cross-validation: which rank predicts held-out entries best, and what other models make of the
//! same entries.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rayon::prelude::*;
use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

use super::FitFloat;
use super::architecture::{Architecture, Recurrence};
use super::baseline::{condition_means, cp_of_data};
use super::fitting::{Diverged, Fit, Outcome, Settings};
use super::held_out::HeldOut;
use super::likelihood::Likelihood;
use super::misfit::Misfit;
use super::objective::Objective;
use super::observations::{Observations, Role};
use super::score::Score;
use super::search::Searched;
use super::verdict::Verdict;
use crate::recording::Recording;
use crate::statistics::Moments;

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

    /// The networks: changing weights, constant ones, free ones.
    pub const NETWORKS: [Comparison; 3] =
        [Comparison::LowTensorRank, Comparison::Constant, Comparison::Free];

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

    /// What it is called in tables and figures.
    pub fn in_words(self) -> &'static str {
        match self {
            Comparison::LowTensorRank => "low tensor rank",
            Comparison::Constant => "constant weights",
            Comparison::Free => "free in each trial",
            Comparison::Cp => "CP of the activity",
            Comparison::ConditionMean => "condition means",
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

/// Why there is no fit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FitError {
    /// What was asked for does not fit together.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// Fitting broke down.
    #[error(transparent)]
    Diverged(#[from] Diverged),
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

/// How well a network of some size predicts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SizeEstimate {
    /// Terms of the weights.
    pub rank: usize,
    /// Units.
    pub units: usize,
    /// On held-out entries.
    #[serde(flatten)]
    pub estimate: Estimate,
}

/// How another model predicts the same entries.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// Which one.
    #[serde(skip)]
    pub comparison: Comparison,
    /// On held-out entries.
    #[serde(flatten)]
    pub estimate: Estimate,
    /// By how much its loss exceeds that of the chosen model, on the same folds.
    pub excess: f64,
    /// The standard error of that over folds.
    pub excess_se: f64,
}

/// What a cross-validation came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CrossValidationSummary {
    /// What the losses are of.
    pub likelihood: Likelihood,
    /// Folds.
    pub folds: usize,
    /// Random starts.
    pub seeds: u64,
    /// Of each rank, with the number of units that is best for it.
    pub ranks: Vec<SizeEstimate>,
    /// The rank that was chosen.
    pub chosen: usize,
    /// The number of units that is best for it.
    pub units: usize,
    /// The other models, in the order of [`Comparison::OTHERS`].
    #[serde(serialize_with = "by_name")]
    pub comparisons: Vec<Compared>,
    /// What they say in words.
    pub verdict: Verdict,
    /// What each model chose, if each had a [`Search`](super::Search) of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<Searched>,
}

/// In JSON an object, by the names of models.
fn by_name<T: Serializer>(comparisons: &[Compared], to: T) -> Result<T::Ok, T::Error> {
    let names: BTreeMap<_, _> =
        comparisons.iter().map(|compared| (compared.comparison.name(), compared)).collect();
    names.serialize(to)
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
    #[serde(rename = "blocks")]
    pub held_out: HeldOut,
    /// How models are fitted; the seed names the held-out blocks too.
    pub settings: Settings,
    /// The model; rank, units and recurrence are those of each job.
    pub architecture: Architecture,
}

impl CrossValidation {
    /// Ranks 1 to 6 of an architecture, with its units, in five folds from one random start.
    pub fn new(architecture: Architecture) -> Self {
        CrossValidation {
            ranks: (1..=6).collect(),
            units: vec![architecture.units],
            seeds: 1,
            folds: 5,
            held_out: HeldOut::default(),
            settings: Settings::default(),
            architecture,
        }
    }

    /// Holds the choices to their ranges.
    ///
    /// # Errors
    ///
    /// If there is no rank, no number of units or no random start, a rank exceeds a number of
    /// units, there are less than two folds or more than find blocks of their own, or a choice of
    /// the architecture is out of its range.
    pub fn validate(&self) -> Result<(), Misfit> {
        for (rank, units) in self.sizes() {
            Architecture { rank, units, ..self.architecture.clone() }.validate()?;
        }
        Misfit::unless(!self.ranks.is_empty(), "number of ranks", 0, "at least 1")?;
        Misfit::unless(!self.units.is_empty(), "number of units", "not given", "at least 1")?;
        Misfit::unless(self.seeds > 0, "number of random starts", 0, "at least 1")?;
        let (folds, most) = (self.folds, self.held_out.most_folds());
        let expected = || format!("2 to {most} where {} is held out", self.held_out.share);
        Misfit::unless((2..=most).contains(&folds), "folds", folds, expected())
    }

    /// Every rank with every number of units.
    fn sizes(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.ranks.iter().flat_map(|&rank| self.units.iter().map(move |&units| (rank, units)))
    }

    /// The fits among which the rank is chosen.
    pub fn jobs(&self) -> Vec<Job> {
        let low_tensor_rank = Comparison::LowTensorRank;
        self.sizes().flat_map(|(rank, units)| self.jobs_of(low_tensor_rank, rank, units)).collect()
    }

    /// The fits of all other models, at the size that was chosen.
    pub fn comparisons(&self, rank: usize, units: usize) -> Vec<Job> {
        Comparison::OTHERS.iter().flat_map(|&other| self.jobs_of(other, rank, units)).collect()
    }

    fn jobs_of(&self, comparison: Comparison, rank: usize, units: usize) -> Vec<Job> {
        let (seeds, units) = if comparison.is_network() { (self.seeds, units) } else { (1, 0) };
        let starts = (0..self.folds).flat_map(|fold| (0..seeds).map(move |seed| (fold, seed)));
        starts
            .map(|(fold, seed)| Job {
                comparison,
                rank,
                units,
                seed: self.settings.seed + seed,
                fold,
            })
            .collect()
    }

    /// Carries one out; `None` if `go_on` said no after an iteration.
    ///
    /// # Errors
    ///
    /// If the choices do not fit the recording, or the fit diverges.
    pub fn run<S: FitFloat>(
        &self,
        recording: &Recording,
        job: Job,
        go_on: impl Fn() -> bool,
    ) -> Result<Option<Fold>, FitError> {
        let roles = self.roles(recording, job.fold)?;
        let likelihood = self.architecture.likelihood;
        let recurrence = match job.comparison {
            Comparison::ConditionMean => {
                let test = condition_means(recording, &roles, likelihood, Role::Test)?;
                let train = condition_means(recording, &roles, likelihood, Role::Train)?;
                return Ok(Some(Fold { job, test, train, iterations: 0 }));
            }
            Comparison::Cp => {
                let seed = self.settings.seed;
                let judged = [Role::Test, Role::Train];
                let scores = cp_of_data(recording, &roles, likelihood, job.rank, seed, judged)?;
                let [test, train] = scores;
                return Ok(Some(Fold { job, test, train, iterations: 0 }));
            }
            Comparison::LowTensorRank => self.architecture.recurrence.clone(),
            Comparison::Constant => Recurrence::Constant,
            Comparison::Free => Recurrence::Free,
        };
        let (units, rank) = (job.units, job.rank);
        let architecture = Architecture { units, rank, recurrence, ..self.architecture.clone() };
        let settings = Settings { seed: job.seed, ..self.settings };
        let judged = [Role::Test, Role::Train];
        let scores =
            scores_of_fit::<S, 2>(recording, &roles, &architecture, settings, judged, go_on)?;
        Ok(scores.map(|([test, train], iterations)| Fold { job, test, train, iterations }))
    }

    /// What each entry of a recording is used for in a fold.
    pub(super) fn roles(&self, recording: &Recording, fold: usize) -> Result<Vec<Role>, Misfit> {
        let held_out = [Role::Test, Role::Validation];
        self.held_out.roles(recording, fold, &held_out, self.settings.seed)
    }

    /// Carries out several in parallel, in their order.
    ///
    /// # Errors
    ///
    /// If the choices do not fit the recording, or a fit diverges.
    pub fn run_all<S: FitFloat>(
        &self,
        recording: &Recording,
        jobs: &[Job],
    ) -> Result<Vec<Fold>, FitError> {
        let folds = jobs.par_iter().map(|&job| self.run::<S>(recording, job, || true));
        let folds: Result<Vec<_>, _> = folds.collect();
        Ok(folds?.into_iter().flatten().collect())
    }

    /// Carries out everything: chooses the rank, and compares with other models at that rank.
    ///
    /// # Errors
    ///
    /// If a choice is out of its range or does not fit the recording, or a fit diverges.
    pub fn answer<S: FitFloat>(
        &self,
        recording: &Recording,
    ) -> Result<CrossValidationSummary, FitError> {
        self.validate()?;
        let mut folds = self.run_all::<S>(recording, &self.jobs())?;
        let SizeEstimate { rank, units, .. } = self.choose(&self.table(&folds))?;
        folds.extend(self.run_all::<S>(recording, &self.comparisons(rank, units))?);
        Ok(self.summary(&folds)?)
    }

    /// The estimate of each rank and number of units, in the order of
    /// [`jobs`](CrossValidation::jobs).
    pub fn table(&self, folds: &[Fold]) -> Vec<SizeEstimate> {
        let sizes = self.sizes().map(|(rank, units)| {
            let estimate = self.estimate(folds, Comparison::LowTensorRank, rank, units);
            SizeEstimate { rank, units, estimate }
        });
        sizes.collect()
    }

    /// The choice by one standard error: the smallest rank whose best held-out loss is within one
    /// standard error of the best of all; with the number of units that is best for it.
    ///
    /// # Errors
    ///
    /// If the table is empty.
    pub fn choose(&self, table: &[SizeEstimate]) -> Result<SizeEstimate, Misfit> {
        let ranks = self.best_of_each_rank(table);
        let nothing = || Misfit::new("table of ranks", "empty", "an estimate to choose");
        let best = best(ranks.iter()).ok_or_else(nothing)?;
        let Estimate { mean, se, .. } = best.estimate;
        let limit = mean + if se.is_nan() { 0.0 } else { se };
        Ok(*ranks.iter().find(|size| size.estimate.mean <= limit).unwrap_or(best))
    }

    /// Of each rank, in their order, the line of the table with the number of units that is best.
    pub fn best_of_each_rank(&self, table: &[SizeEstimate]) -> Vec<SizeEstimate> {
        let of_rank = |&rank: &usize| best(table.iter().filter(|size| size.rank == rank)).copied();
        self.ranks.iter().filter_map(of_rank).collect()
    }

    /// How a model of this size predicts.
    pub(super) fn estimate(
        &self,
        folds: &[Fold],
        comparison: Comparison,
        rank: usize,
        units: usize,
    ) -> Estimate {
        Estimate::over(scores_by_fold(folds, comparison, rank, units).values().copied())
    }

    /// How another model predicts, and by how much its loss exceeds that of the model itself of
    /// this size on the same folds.
    pub fn against(
        &self,
        folds: &[Fold],
        comparison: Comparison,
        rank: usize,
        units: usize,
    ) -> Compared {
        let own = scores_by_fold(folds, Comparison::LowTensorRank, rank, units);
        let other = scores_by_fold(folds, comparison, rank, units);
        let paired =
            other.iter().filter_map(|(fold, score)| Some(score.loss - own.get(fold)?.loss));
        let excess = Moments::of(paired);
        Compared {
            comparison,
            estimate: Estimate::over(other.values().copied()),
            excess: excess.mean,
            excess_se: excess.standard_error(),
        }
    }

    /// What all the folds say, those of the comparisons too.
    ///
    /// # Errors
    ///
    /// If there are no folds.
    pub fn summary(&self, folds: &[Fold]) -> Result<CrossValidationSummary, Misfit> {
        let table = self.table(folds);
        let SizeEstimate { rank, units, .. } = self.choose(&table)?;
        let compared = |&other: &Comparison| self.against(folds, other, rank, units);
        Ok(CrossValidationSummary {
            likelihood: self.architecture.likelihood,
            folds: self.folds,
            seeds: self.seeds,
            ranks: self.best_of_each_rank(&table),
            chosen: rank,
            units,
            comparisons: Comparison::OTHERS.iter().map(compared).collect(),
            verdict: Verdict::new(self, folds, rank, units),
            search: None,
        })
    }
}

/// The scores of a fit on entries of some roles, and the iterations made; `None` if `go_on` said no
/// after one.
pub(super) fn scores_of_fit<S: FitFloat, const N: usize>(
    recording: &Recording,
    roles: &[Role],
    architecture: &Architecture,
    settings: Settings,
    judged: [Role; N],
    go_on: impl Fn() -> bool,
) -> Result<Option<([Score; N], usize)>, FitError> {
    let observations = Observations::<S>::new(recording, roles)?;
    let mut fit = Fit::new(Objective::new(architecture, observations)?, settings);
    let outcome =
        fit.run(|_, _| if go_on() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })?;
    if outcome == Outcome::Interrupted {
        return Ok(None);
    }
    let model = fit.model();
    let scores = judged.map(|role| fit.objective().score(&model, role));
    Ok(Some((scores, fit.iterations())))
}

/// The one of the least loss; one that is not a number only if all are.
fn best<'a>(sizes: impl Iterator<Item = &'a SizeEstimate>) -> Option<&'a SizeEstimate> {
    let loss = |size: &SizeEstimate| match size.estimate.mean {
        mean if mean.is_nan() => f64::INFINITY,
        mean => mean,
    };
    sizes.min_by(|a, b| loss(a).total_cmp(&loss(b)))
}

/// What a model scores on the held-out entries of a fold, as a mean over random starts.
#[derive(Clone, Copy, Debug)]
struct FoldScore {
    loss: f64,
    r2: f64,
}

/// The scores of a model by fold; units count where the model is a network.
fn scores_by_fold(
    folds: &[Fold],
    comparison: Comparison,
    rank: usize,
    units: usize,
) -> BTreeMap<usize, FoldScore> {
    let mut starts: BTreeMap<usize, Vec<Score>> = BTreeMap::new();
    for Fold { job, test, .. } in folds {
        let is_sized = !comparison.is_network() || job.units == units;
        if job.comparison == comparison && job.rank == rank && is_sized {
            starts.entry(job.fold).or_default().push(*test);
        }
    }
    let mean = |scores: &[Score], of: fn(&Score) -> f64| Moments::of(scores.iter().map(of)).mean;
    let score = |scores: Vec<Score>| FoldScore {
        loss: mean(&scores, |score| score.loss),
        r2: mean(&scores, |score| score.r2),
    };
    starts.into_iter().map(|(fold, scores)| (fold, score(scores))).collect()
}

impl Estimate {
    fn over(folds: impl Iterator<Item = FoldScore> + Clone) -> Self {
        let loss = Moments::of(folds.clone().map(|score| score.loss));
        let r2 = Moments::of(folds.map(|score| score.r2));
        Estimate {
            mean: loss.mean,
            se: loss.standard_error(),
            r2: r2.mean,
            r2_se: r2.standard_error(),
        }
    }
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
            held_out: HeldOut::default(),
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
        assert_eq!((best.rank, best.units), (3, 20));
        assert!((best.estimate.mean - 0.52).abs() < 1e-12);
        assert!((best.estimate.se - 0.02 / 3.0_f64.sqrt()).abs() < 1e-12);
        let chosen = |folds: &[Fold]| {
            let size = cv.choose(&cv.table(folds)).unwrap();
            (size.rank, size.units)
        };
        assert_eq!(chosen(&folds), (2, 20));
        // Without spread the best is the only one.
        let exact: Vec<Fold> = cv.jobs().into_iter().map(|job| fold(job, level(&job))).collect();
        assert_eq!(chosen(&exact), (3, 20));
        assert!(cv.choose(&[]).is_err());
    }

    #[test]
    fn comparisons_are_paired_by_fold() {
        let cv = cross_validation();
        let mut folds: Vec<Fold> =
            cv.jobs().into_iter().map(|job| fold(job, 0.5 + 0.1 * job.fold as f64)).collect();
        let others = cv.comparisons(2, 20).into_iter();
        folds.extend(others.map(|job| fold(job, 0.6 + 0.1 * job.fold as f64)));
        let constant = cv.against(&folds, Comparison::Constant, 2, 20);
        assert!((constant.estimate.mean - 0.7).abs() < 1e-12 && constant.estimate.se > 0.05);
        assert!((constant.excess - 0.1).abs() < 1e-12 && constant.excess_se < 1e-12);
        let means = cv.against(&folds, Comparison::ConditionMean, 2, 20);
        assert!((means.estimate.mean - 0.7).abs() < 1e-12);
        let summary = cv.summary(&folds).unwrap();
        assert_eq!((summary.chosen, summary.comparisons.len()), (1, 4));
    }

    #[test]
    fn choices_out_of_their_range_are_refused() {
        let cv = cross_validation;
        for (cv, expected) in [
            (CrossValidation { folds: 1, ..cv() }, "folds is 1, expected 2 to 10"),
            (CrossValidation { folds: 11, ..cv() }, "folds is 11, expected 2 to 10"),
            (CrossValidation { ranks: vec![], ..cv() }, "number of ranks is 0"),
            (CrossValidation { seeds: 0, ..cv() }, "number of random starts is 0"),
            (CrossValidation { ranks: vec![11], ..cv() }, "rank is 11, expected 1 to"),
        ] {
            assert!(cv.validate().unwrap_err().to_string().contains(expected), "{expected}");
        }
        assert_eq!(cv().validate(), Ok(()));
    }
}
