//! Cross-validation: which rank predicts held-out entries best, and what other models make of the
//! same entries.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rayon::prelude::*;
use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

use super::FitFloat;
use super::architecture::{Architecture, Recurrence};
use super::comparison::Comparison;
use super::fitting::{Diverged, Fit, Outcome, Settings};
use super::held_out::HeldOut;
use super::likelihood::Likelihood;
use super::misfit::Misfit;
use super::objective::Objective;
use super::observations::{Observations, Role};
use super::prior::TrialPrior;
use super::score::Score;
use super::search::Searched;
use super::verdict::Verdict;
use crate::recording::Recording;
use crate::statistics::Moments;

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
    /// On the entries by which ranks and units are chosen.
    pub validation: Score,
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
    /// The mean of the held-out bits per spike; NaN of values.
    pub bits_per_spike: f64,
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
    /// On validation entries, by which it is chosen.
    pub validation: Estimate,
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
    /// The other models, in the order of [`Comparison::OTHERS`]; those that were fitted.
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

    /// What suits a [`Search`](super::Search): ten folds and two random starts, and other entries held
    /// out ([`HeldOut::of_search`]).
    pub fn of_search(architecture: Architecture) -> Self {
        CrossValidation {
            seeds: 2,
            folds: 10,
            held_out: HeldOut::of_search(),
            ..CrossValidation::new(architecture)
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
        Misfit::unless((2..=most).contains(&folds), "folds", folds, expected())?;
        self.check_number_of_fits()
    }

    /// Of how many fits are named at once.
    fn check_number_of_fits(&self) -> Result<(), Misfit> {
        const MOST: usize = 1_000_000;
        let sizes = self.ranks.len().saturating_mul(self.units.len());
        let starts = usize::try_from(self.seeds).unwrap_or(usize::MAX).saturating_mul(self.folds);
        let fits = sizes.saturating_mul(starts);
        Misfit::unless(fits <= MOST, "number of fits", fits, format!("at most {MOST}"))
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

    /// The fits of all other models, at the size that was chosen, for a recording of so many epochs.
    pub fn comparisons(&self, epochs: usize, rank: usize, units: usize) -> Vec<Job> {
        let others = Comparison::others(epochs);
        others.flat_map(|other| self.jobs_of(other, rank, units)).collect()
    }

    fn jobs_of(&self, comparison: Comparison, rank: usize, units: usize) -> Vec<Job> {
        let (seeds, units) = if comparison.is_network() { (self.seeds, units) } else { (1, 0) };
        let starts = (0..self.folds).flat_map(|fold| (0..seeds).map(move |seed| (fold, seed)));
        starts
            .map(|(fold, seed)| Job {
                comparison,
                rank,
                units,
                // Seeds are names: after the last comes the first.
                seed: self.settings.seed.wrapping_add(seed),
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
        let (units, rank, seed) = (job.units, job.rank, self.settings.seed);
        let fold = |[test, validation, train]: [Score; 3], iterations| {
            Some(Fold { job, test, validation, train, iterations })
        };
        if let Some(scores) =
            job.comparison.scores(recording, &roles, likelihood, rank, seed, JUDGED)?
        {
            return Ok(fold(scores, 0));
        }
        let recurrence = job.comparison.recurrence(self.prior());
        let architecture = Architecture { units, rank, recurrence, ..self.architecture.clone() };
        let settings = Settings { seed: job.seed, ..self.settings };
        let fitted = fitted::<S>(recording, &roles, &architecture, settings, go_on)?;
        Ok(fitted.and_then(|fitted| fold(fitted.scores, fitted.iterations)))
    }

    /// The prior of trial factors, if weights change.
    pub(super) fn prior(&self) -> TrialPrior {
        match self.architecture.recurrence {
            Recurrence::LowTensorRank(prior) => prior,
            Recurrence::Constant | Recurrence::Free => TrialPrior::default(),
        }
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
        self.answer_by(recording, |jobs| self.run_all::<S>(recording, jobs))
    }

    /// The same, with jobs that `carry_out` makes of the [runs](CrossValidation::run): it is given
    /// what it needs, and returns how each went, in the same order.
    ///
    /// # Errors
    ///
    /// If a choice is out of its range, or `carry_out` fails.
    pub fn answer_by<E: From<Misfit>>(
        &self,
        recording: &Recording,
        mut carry_out: impl FnMut(&[Job]) -> Result<Vec<Fold>, E>,
    ) -> Result<CrossValidationSummary, E> {
        self.validate()?;
        let mut folds = carry_out(&self.jobs())?;
        let SizeEstimate { rank, units, .. } = self.choose(&self.table(&folds))?;
        let others = self.comparisons(recording.epochs_used(), rank, units);
        folds.extend(carry_out(&others)?);
        Ok(self.summary(&folds)?)
    }

    /// The estimate of each rank and number of units, in the order of
    /// [`jobs`](CrossValidation::jobs).
    pub fn table(&self, folds: &[Fold]) -> Vec<SizeEstimate> {
        let sizes = self.sizes().map(|(rank, units)| {
            let of = |judged| Estimate::of(folds, Comparison::LowTensorRank, rank, units, judged);
            let [estimate, validation] = [Judged::Test, Judged::Validation].map(of);
            SizeEstimate { rank, units, estimate, validation }
        });
        sizes.collect()
    }

    /// The choice by one standard error: the smallest rank whose best validation loss is within one
    /// standard error of the best of all; with the number of units that is best for it. The entries
    /// on which the choice is judged have no say in it.
    ///
    /// # Errors
    ///
    /// If the table is empty.
    pub fn choose(&self, table: &[SizeEstimate]) -> Result<SizeEstimate, Misfit> {
        let ranks = self.best_of_each_rank(table);
        let nothing = || Misfit::new("table of ranks", "empty", "an estimate to choose");
        let best = best(ranks.iter()).ok_or_else(nothing)?;
        let Estimate { mean, se, .. } = best.validation;
        let limit = mean + if se.is_nan() { 0.0 } else { se };
        Ok(*ranks.iter().find(|size| size.validation.mean <= limit).unwrap_or(best))
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
        Estimate::of(folds, comparison, rank, units, Judged::Test)
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
        let of = |model| scores_by_fold(folds, model, rank, units, Judged::Test);
        let (own, other) = (of(Comparison::LowTensorRank), of(comparison));
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
        let is_there = |&other: &Comparison| folds.iter().any(|fold| fold.job.comparison == other);
        let others = Comparison::OTHERS.into_iter().filter(is_there);
        let compared = |other| self.against(folds, other, rank, units);
        Ok(CrossValidationSummary {
            likelihood: self.architecture.likelihood,
            folds: self.folds,
            seeds: self.seeds,
            ranks: self.best_of_each_rank(&table),
            chosen: rank,
            units,
            comparisons: others.map(compared).collect(),
            verdict: Verdict::new(self, folds, rank, units),
            search: None,
        })
    }
}

/// On what models are judged, in the order of [`Fitted::scores`].
pub(super) const JUDGED: [Role; 3] = [Role::Test, Role::Validation, Role::Train];

/// What is kept of a fit.
pub(super) struct Fitted {
    /// On entries of the roles [`JUDGED`].
    pub scores: [Score; 3],
    /// Iterations made.
    pub iterations: usize,
}

/// A fit; `None` if `go_on` said no after an iteration.
pub(super) fn fitted<S: FitFloat>(
    recording: &Recording,
    roles: &[Role],
    architecture: &Architecture,
    settings: Settings,
    go_on: impl Fn() -> bool,
) -> Result<Option<Fitted>, FitError> {
    let observations = Observations::<S>::new(recording, roles)?;
    let mut fit = Fit::new(Objective::new(architecture, observations)?, settings);
    let outcome =
        fit.run(|_, _| if go_on() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })?;
    if outcome == Outcome::Interrupted {
        return Ok(None);
    }
    let model = fit.model();
    let scores = JUDGED.map(|role| fit.objective().score(&model, role));
    Ok(Some(Fitted { scores, iterations: fit.iterations() }))
}

/// The one of the least validation loss; one that is not a number only if all are.
fn best<'a>(sizes: impl Iterator<Item = &'a SizeEstimate>) -> Option<&'a SizeEstimate> {
    let loss = |size: &SizeEstimate| match size.validation.mean {
        mean if mean.is_nan() => f64::INFINITY,
        mean => mean,
    };
    sizes.min_by(|a, b| loss(a).total_cmp(&loss(b)))
}

/// What a model scores on the entries of a fold, as a mean over random starts.
#[derive(Clone, Copy, Debug)]
struct FoldScore {
    loss: f64,
    r2: f64,
    bits_per_spike: f64,
}

/// On which entries a model is judged.
#[derive(Clone, Copy, Debug)]
enum Judged {
    Test,
    Validation,
}

/// The scores of a model by fold; units count where the model is a network.
fn scores_by_fold(
    folds: &[Fold],
    comparison: Comparison,
    rank: usize,
    units: usize,
    judged: Judged,
) -> BTreeMap<usize, FoldScore> {
    let mut starts: BTreeMap<usize, Vec<Score>> = BTreeMap::new();
    for Fold { job, test, validation, .. } in folds {
        let is_sized = !comparison.is_network() || job.units == units;
        if job.comparison == comparison && job.rank == rank && is_sized {
            let score = match judged {
                Judged::Test => *test,
                Judged::Validation => *validation,
            };
            starts.entry(job.fold).or_default().push(score);
        }
    }
    let mean = |scores: &[Score], of: fn(&Score) -> f64| Moments::of(scores.iter().map(of)).mean;
    let score = |scores: Vec<Score>| FoldScore {
        loss: mean(&scores, |score| score.loss),
        r2: mean(&scores, |score| score.r2),
        bits_per_spike: mean(&scores, |score| score.bits_per_spike),
    };
    starts.into_iter().map(|(fold, scores)| (fold, score(scores))).collect()
}

impl Estimate {
    /// Of a model of this size.
    fn of(
        folds: &[Fold],
        comparison: Comparison,
        rank: usize,
        units: usize,
        judged: Judged,
    ) -> Self {
        Self::over(scores_by_fold(folds, comparison, rank, units, judged).values().copied())
    }

    fn over(folds: impl Iterator<Item = FoldScore> + Clone) -> Self {
        let loss = Moments::of(folds.clone().map(|score| score.loss));
        let r2 = Moments::of(folds.clone().map(|score| score.r2));
        Estimate {
            mean: loss.mean,
            se: loss.standard_error(),
            r2: r2.mean,
            r2_se: r2.standard_error(),
            bits_per_spike: Moments::of(folds.map(|score| score.bits_per_spike)).mean,
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
        judged(job, loss, loss)
    }

    fn judged(job: Job, validation: f64, test: f64) -> Fold {
        let score = |loss| Score { entries: 1, loss, r2: 1.0 - loss, bits_per_spike: f64::NAN };
        let [test, validation] = [test, validation].map(score);
        Fold { job, test, validation, train: test, iterations: 1 }
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
        assert!((best.validation.mean - 0.52).abs() < 1e-12);
        assert!((best.validation.se - 0.02 / 3.0_f64.sqrt()).abs() < 1e-12);
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

    /// The rank is chosen by the entries of validation, and judged by those of the test: what is best
    /// by chance on the latter is not chosen for it.
    #[test]
    fn test_entries_have_no_say_in_the_choice() {
        let cv = cross_validation();
        let folds: Vec<Fold> = (cv.jobs().into_iter())
            .map(|job| judged(job, [0.9, 0.5, 0.7][job.rank - 1], [0.9, 0.6, 0.2][job.rank - 1]))
            .collect();
        let chosen = cv.choose(&cv.table(&folds)).unwrap();
        assert_eq!(chosen.rank, 2);
        assert!((chosen.estimate.mean - 0.6).abs() < 1e-12, "the loss shown is of the test");
        assert!((chosen.validation.mean - 0.5).abs() < 1e-12);
    }

    #[test]
    fn comparisons_are_paired_by_fold() {
        let cv = cross_validation();
        let mut folds: Vec<Fold> =
            cv.jobs().into_iter().map(|job| fold(job, 0.5 + 0.1 * job.fold as f64)).collect();
        let others = cv.comparisons(1, 2, 20).into_iter();
        folds.extend(others.map(|job| fold(job, 0.6 + 0.1 * job.fold as f64)));
        let constant = cv.against(&folds, Comparison::Constant, 2, 20);
        assert!((constant.estimate.mean - 0.7).abs() < 1e-12 && constant.estimate.se > 0.05);
        assert!((constant.excess - 0.1).abs() < 1e-12 && constant.excess_se < 1e-12);
        let means = cv.against(&folds, Comparison::ConditionMean, 2, 20);
        assert!((means.estimate.mean - 0.7).abs() < 1e-12);
        let summary = cv.summary(&folds).unwrap();
        assert_eq!((summary.chosen, summary.comparisons.len()), (1, 8));
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
