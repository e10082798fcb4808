//! A cross-validation in which every model chooses its own architecture.
//!
//! In each fold each network that is compared, of changing weights, of constant ones, and of ones
//! that are free in each trial, chooses among the candidates of a [`Grid`] on the validation entries
//! of that fold, never on those of the test: first where trials start, what drives them, the time
//! constant and the units, at the largest rank; then gains and inputs of trials; then the rank and, if
//! weights change, the prior of trial factors. Models without a network choose their rank. Of the
//! candidates, each fitted with few iterations, the best third is fitted with three times as many, and
//! so on until one is left (successive halving: Karnin et al. 2013, Jamieson and Talwalkar 2016).
//!
//! The architectures that came far with changing or with constant weights are then fitted to the end
//! with both, in all folds, side by side ([`nested`](super::paired::Starts::nested)). Of these changing
//! and constant weights each take the one of the least validation loss over all folds, so that what
//! differs from fold to fold is not the architecture; they are compared on the test entries. All
//! networks predict by the mean of fits from several random starts.

mod answer;
mod grid;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use answer::{Answer, ChangingWeights};
pub use grid::{Candidate, Driving, Grid, Shared, Start};

use super::FitFloat;
use super::architecture::Recurrence;
use super::comparison::{Comparison, condition_means};
use super::cross_validation::{
    Compared, CrossValidation, CrossValidationSummary, Estimate, FitError, Fold, JUDGED, Job,
    SizeEstimate,
};
use super::factors::{Factors, Replication};
use super::fitting::Settings;
use super::misfit::Misfit;
use super::observations::Role;
use super::paired::{Averaged, Starts};
use super::prior::TrialPrior;
use super::score::Score;
use super::verdict::{Standing, Verdict};
use crate::recording::Recording;
use crate::scalar::Stream;
use crate::statistics::Moments;
use answer::{Evidence, as_good, is_settled};

/// What is chosen from, and how the answer is tested.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// Ranks, units, folds and starts; of the architecture what the grid does not choose.
    pub cv: CrossValidation,
    /// The candidates.
    pub grid: Grid,
    /// Orders of trials, shuffled within condition and epoch, in which changing weights are fitted
    /// to the first fold again.
    pub permutations: usize,
}

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
    /// The number of the shuffled order of trials; 0 for that of the recording.
    pub order: u64,
    /// Whether trials are shuffled across epochs, too.
    #[serde(default)]
    pub across_epochs: bool,
    /// Of what the answer rests on the number of random starts, of which the seed is the first: it
    /// predicts by their mean, and weights that change go on from constant ones.
    #[serde(default)]
    pub starts: Option<u64>,
}

/// How it went. Losses are NaN if fitting diverged.
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

/// An architecture with changing and with constant weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Contender {
    /// What they have alike.
    #[serde(flatten)]
    pub shared: Shared,
    /// The terms of both.
    pub rank: usize,
    /// The validation loss of the better of the two, a mean over folds.
    pub validation: f64,
    /// Whether that is within one standard error of the best.
    pub is_close: bool,
    /// How constant weights predict the test entries against changing ones.
    pub constant: Standing,
}

/// What was tried and chosen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Searched {
    /// The candidates.
    pub grid: Grid,
    /// Fits in all, and how many of them diverged.
    pub fits: usize,
    /// How many of them diverged.
    pub diverged: usize,
    /// The choices, by model and fold.
    pub winners: Vec<Winner>,
    /// What changing weights score with theirs.
    pub low_tensor_rank: Estimate,
    /// The architectures for which the answer was looked at.
    pub contenders: Vec<Contender>,
    /// Which terms of the chosen rank are found again in other folds and from other starts.
    pub replication: Option<Replication>,
}

/// Of so many candidates one is kept in each round.
const HALVING: usize = 3;

/// Architectures for which the answer is looked at, at most.
const MOST_CONTENDERS: usize = 4;

/// Orders of trials that are tried before it is asked whether more would tell more.
const ORDERS_AT_A_TIME: usize = 4;

/// The two between which the answer decides.
const BOTH: [Comparison; 2] = [Comparison::LowTensorRank, Comparison::Constant];

/// What a model chooses from in a fold.
#[derive(Clone, Debug)]
struct Contest {
    comparison: Comparison,
    fold: usize,
    /// Those that are left, best first.
    candidates: Vec<Candidate>,
    /// Those of the last round.
    finalists: Vec<Candidate>,
}

/// Held-out losses with the order of trials of the recording, with orders within condition and epoch,
/// and with orders within condition alone.
#[derive(Clone, Debug)]
struct Orders {
    in_order: f64,
    within: Vec<f64>,
    across: Vec<f64>,
}

/// What models choose in a fold before architectures are compared.
struct Opening {
    /// Changing weights in the architectures that the folds propose.
    contenders: Vec<Candidate>,
    winners: Vec<Winner>,
    /// Every rank with what else was chosen.
    ranks: Vec<Attempted>,
}

/// What they come to after it.
struct Closing {
    /// Changing weights, with constant ones, in these architectures: all folds of each.
    pairs: Vec<Attempted>,
    /// What the other models chose.
    others: Vec<Attempted>,
    orders: Orders,
}

/// Carries out attempts, each once.
struct Ledger<F> {
    carry_out: F,
    known: BTreeMap<String, Attempted>,
}

impl Attempt {
    /// Its name, for files.
    pub fn name(&self) -> String {
        let &Attempt { comparison, candidate, fold, seed, iterations, order, .. } = self;
        let model = comparison.name();
        if !comparison.is_network() {
            return match comparison.has_rank() {
                true => format!("{model}_rank{}_fold{fold}", candidate.rank),
                false => format!("{model}_fold{fold}"),
            };
        }
        let across = if self.across_epochs { "-across" } else { "" };
        let starts = self.starts.map_or(String::new(), |count| format!("_starts{count}"));
        format!(
            "{model}_{}_seed{seed}_fold{fold}_order{order}{across}_iterations{iterations}{starts}",
            candidate.name()
        )
    }
}

impl<E, F: FnMut(&str, &[Attempt]) -> Result<Vec<Attempted>, E>> Ledger<F> {
    /// In their order.
    fn all(&mut self, stage: &str, attempts: &[Attempt]) -> Result<Vec<Attempted>, E> {
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
    /// Holds the choices to their ranges.
    ///
    /// # Errors
    ///
    /// If one of the cross-validation, the grid, or a candidate is out of its range.
    pub fn validate(&self, recording: &Recording) -> Result<(), Misfit> {
        const MOST: usize = 1_000_000;
        self.cv.validate()?;
        self.grid.validate()?;
        let expected = format!("at most {MOST}");
        Misfit::unless(self.permutations <= MOST, "permutations", self.permutations, expected)?;
        for prior in self.priors(recording, Comparison::LowTensorRank) {
            for opening in self.openings(Some(prior)) {
                for shared in self.grid.with_trials(opening.shared) {
                    let recurrence = Recurrence::LowTensorRank(prior);
                    Candidate { shared, ..opening }
                        .architecture(&self.cv.architecture, recurrence, recording.bins)
                        .validate()?;
                }
            }
        }
        Ok(())
    }

    /// Those that a network chooses from; none if its weights do not change.
    fn priors(&self, recording: &Recording, comparison: Comparison) -> Vec<TrialPrior> {
        let all = self.grid.priors(self.cv.prior(), recording.epochs_used());
        match comparison {
            Comparison::LowTensorRank => all,
            Comparison::Epochs => {
                let mut different: Vec<TrialPrior> = Vec::new();
                for prior in all.into_iter().map(TrialPrior::constant_in_epochs) {
                    if !different.contains(&prior) {
                        different.push(prior);
                    }
                }
                different
            }
            _ => Vec::new(),
        }
    }

    /// The candidates of the first contest.
    fn openings(&self, prior: Option<TrialPrior>) -> Vec<Candidate> {
        let rank = self.cv.ranks.iter().copied().max().unwrap_or(1);
        let shared = self.grid.shared(&self.cv.units).into_iter();
        shared.map(|shared| Candidate { shared, rank, prior }).collect()
    }

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
            recording: &self.shuffled(recording, &attempt),
            roles: &roles,
            architecture: &architecture,
            settings,
            count: attempt.starts.unwrap_or(1),
        };
        let is_kept = comparison == Comparison::LowTensorRank
            && attempt.order == 0
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
        let fitted = if attempt.is_pair() {
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
                let nothing =
                    Score { entries: 0, loss: f64::NAN, r2: f64::NAN, bits_per_spike: f64::NAN };
                let broken = |constant| Attempted {
                    constant,
                    ..found([nothing; 3], diverged.iteration, vec![])
                };
                let constant = attempt.is_pair().then(|| beside([nothing; 3], diverged.iteration));
                Ok(Some(broken(constant.flatten())))
            }
            fitted => fitted,
        }
    }

    /// The recording with trials that change places, by their numbers, within condition and epoch, or
    /// within condition, by their epochs too: activity and held-out entries stay as they are, so that
    /// nothing but what the prior of trial factors takes for neighbours is another.
    fn shuffled(&self, recording: &Recording, attempt: &Attempt) -> Recording {
        let mut shuffled = recording.clone();
        let &Attempt { order, across_epochs, .. } = attempt;
        if order == 0 {
            return shuffled;
        }
        let mut groups: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for (k, (&condition, &epoch)) in
            recording.conditions.iter().zip(&recording.epochs).enumerate()
        {
            let epoch = if across_epochs { 0 } else { epoch };
            groups.entry((condition, epoch)).or_default().push(k);
        }
        let name = if across_epochs { "shuffled across epochs" } else { "shuffled trials" };
        let mut stream = Stream::new(name, self.cv.settings.seed, order);
        for trials in groups.values() {
            let places = stream.permutation(trials.len());
            for (&trial, place) in trials.iter().zip(places) {
                shuffled.trial_numbers[trial] = recording.trial_numbers[trials[place]];
                shuffled.epochs[trial] = recording.epochs[trials[place]];
            }
        }
        shuffled
    }

    /// Carries out everything, in parallel.
    ///
    /// # Errors
    ///
    /// If a choice is out of its range or does not fit the recording.
    pub fn answer<S: FitFloat>(
        &self,
        recording: &Recording,
    ) -> Result<CrossValidationSummary, FitError> {
        self.answer_by(recording, |_, attempts| {
            let run = |&attempt: &Attempt| self.run::<S>(recording, attempt, || true);
            let found: Result<Vec<_>, _> = attempts.par_iter().map(run).collect();
            Ok(found?.into_iter().flatten().collect())
        })
    }

    /// The same, with attempts that `carry_out` makes of the [runs](Search::run): it is given the
    /// name of a stage and what it needs, and returns how each went, in the same order.
    ///
    /// # Errors
    ///
    /// If a choice is out of its range, or `carry_out` fails.
    pub fn answer_by<E: From<Misfit>>(
        &self,
        recording: &Recording,
        carry_out: impl FnMut(&str, &[Attempt]) -> Result<Vec<Attempted>, E>,
    ) -> Result<CrossValidationSummary, E> {
        self.validate(recording)?;
        let mut ledger = Ledger { carry_out, known: BTreeMap::new() };
        let all = |_, _| true;
        let opening = self.opening(recording, &all, &mut ledger)?;
        let Closing { pairs, others, orders } =
            self.closing(recording, &opening, &all, &mut ledger)?;
        let mut finals = BOTH.map(|model| self.pooled(&of_model(&pairs, model))).concat();
        finals.extend(others);
        let gain = self.gain(recording, &finals)?;
        let diverged = ledger.known.values().filter(|found| found.validation.loss.is_nan()).count();
        let searched = Searched {
            grid: self.grid.clone(),
            fits: ledger.known.len(),
            diverged,
            winners: finals.iter().map(Winner::of).collect(),
            low_tensor_rank: self.cv.estimate(&as_chosen(&finals), Comparison::LowTensorRank, 0, 0),
            contenders: self.contenders(&pairs),
            replication: None,
        };
        Ok(self.summary(&finals, &opening.ranks, &orders, gain, searched)?)
    }

    /// The share of the same that belongs to some models in some folds, which `is_own` tells. A model
    /// in a fold chooses by itself but for the architectures that all folds propose in the middle: to
    /// get beyond, `carry_out` is asked for attempts of all models and folds, of which it returns
    /// those that others made, or an error if they have not.
    ///
    /// # Errors
    ///
    /// As for [`answer_by`](Search::answer_by).
    pub fn share_by<E: From<Misfit>>(
        &self,
        recording: &Recording,
        is_own: &dyn Fn(Comparison, usize) -> bool,
        carry_out: impl FnMut(&str, &[Attempt]) -> Result<Vec<Attempted>, E>,
    ) -> Result<(), E> {
        self.validate(recording)?;
        let mut ledger = Ledger { carry_out, known: BTreeMap::new() };
        self.opening(recording, is_own, &mut ledger)?;
        let opening = self.opening(recording, &|_, _| true, &mut ledger)?;
        self.closing(recording, &opening, is_own, &mut ledger)?;
        Ok(())
    }

    /// What models choose in a fold by themselves.
    fn opening<E>(
        &self,
        recording: &Recording,
        is_own: &dyn Fn(Comparison, usize) -> bool,
        ledger: &mut Ledger<impl FnMut(&str, &[Attempt]) -> Result<Vec<Attempted>, E>>,
    ) -> Result<Opening, E> {
        let own = |contests: Vec<Contest>| -> Vec<Contest> {
            contests.into_iter().filter(|one| is_own(one.comparison, one.fold)).collect()
        };
        let first = own(self.first_contests(recording));
        let first = self.halved("start and inputs", self.grid.iterations, first, ledger)?;
        // What is of trials shows later than what they share.
        let of_trials = self.trial_contests(&first);
        let later = HALVING * self.grid.iterations;
        let of_trials = self.halved("gains and inputs of trials", later, of_trials, ledger)?;
        let second = own(self.second_contests(&of_trials, recording));
        let second = self.halved("rank and trial prior", later, second, ledger)?;
        let winners: Vec<Winner> = second.iter().filter_map(Contest::winner).collect();
        // Which rank is best shows at the end alone.
        let ranks = ledger.all("ranks", &self.rank_attempts(&winners))?;
        let contenders = self.proposed(&shared_by_both(&first, &of_trials), &winners, &ranks);
        Ok(Opening { contenders, winners, ranks })
    }

    /// How changing and constant weights do in the architectures of all, and what each other model of
    /// those asked for comes to.
    fn closing<E>(
        &self,
        recording: &Recording,
        opening: &Opening,
        is_own: &dyn Fn(Comparison, usize) -> bool,
        ledger: &mut Ledger<impl FnMut(&str, &[Attempt]) -> Result<Vec<Attempted>, E>>,
    ) -> Result<Closing, E> {
        let own = |winner: &Winner| is_own(winner.comparison, winner.fold);
        let pairs: Vec<Attempt> =
            self.pairs(&opening.contenders).filter(own).map(|pair| self.to_the_end(pair)).collect();
        let pairs = ledger.all("changing and constant weights", &pairs)?;
        let others =
            opening.winners.iter().filter(|won| own(won) && !BOTH.contains(&won.comparison));
        let others: Vec<Attempt> = others.map(|&winner| self.to_the_end(winner)).collect();
        let others = ledger.all("winners", &others)?;
        let orders = self.orders(recording, &pairs, ledger)?;
        Ok(Closing { pairs, others, orders })
    }

    /// Changing weights in these architectures, with the rank that is best for them over all folds, and
    /// with that which is best for constant ones; with the prior that most folds chose.
    fn proposed(
        &self,
        shared: &[Shared],
        winners: &[Winner],
        ranks: &[Attempted],
    ) -> Vec<Candidate> {
        let priors = winners.iter().filter(|won| won.comparison == Comparison::LowTensorRank);
        let prior = most_frequent(priors.filter_map(|won| won.candidate.prior)).into_iter().next();
        let mut best: Vec<usize> = Vec::new();
        for model in BOTH {
            let rank = self.pooled_rank(&of_model(ranks, model));
            best.extend(rank.filter(|rank| !best.contains(rank)));
        }
        let with = |&rank: &usize| {
            let all = shared.iter().take(MOST_CONTENDERS / best.len());
            all.map(move |&shared| Candidate { shared, rank, prior })
        };
        best.iter().flat_map(with).collect()
    }

    /// The rank of the least validation loss over all folds.
    fn pooled_rank(&self, found: &[Attempted]) -> Option<usize> {
        let mean = |rank: usize| {
            let of_rank = found.iter().filter(|found| found.attempt.candidate.rank == rank);
            finite(Moments::of(of_rank.map(|found| found.validation.loss)).mean)
        };
        self.cv.ranks.iter().copied().min_by(|&a, &b| mean(a).total_cmp(&mean(b)))
    }

    /// Of fits of several candidates, each in all folds in turn, those of the one with the least
    /// validation loss over all folds.
    fn pooled(&self, found: &[Attempted]) -> Vec<Attempted> {
        let mean = |of: &&[Attempted]| finite(Moments::of(losses(of).into_iter()).mean);
        let best = found.chunks(self.cv.folds).min_by(|a, b| mean(a).total_cmp(&mean(b)));
        best.map(<[Attempted]>::to_vec).unwrap_or_default()
    }

    /// Changing weights in all folds of each architecture.
    fn pairs(&self, contenders: &[Candidate]) -> impl Iterator<Item = Winner> {
        let comparison = Comparison::LowTensorRank;
        let folds = self.cv.folds;
        contenders.iter().copied().flat_map(move |candidate| {
            (0..folds).map(move |fold| Winner { comparison, fold, candidate })
        })
    }

    fn first_contests(&self, recording: &Recording) -> Vec<Contest> {
        let contest = |fold: usize, comparison: Comparison| {
            let usual = self.priors(recording, comparison).first().copied();
            Contest::new(comparison, fold, self.openings(usual))
        };
        let networks = || Comparison::networks(recording.epochs_used());
        let folds = 0..self.cv.folds;
        folds.flat_map(|fold| networks().map(move |network| contest(fold, network))).collect()
    }

    /// Gains and inputs of trials with the winners of the first.
    fn trial_contests(&self, first: &[Contest]) -> Vec<Contest> {
        let contest = |contest: &Contest| {
            let winner = contest.winner()?.candidate;
            let shared = self.grid.with_trials(winner.shared).into_iter();
            let candidates = shared.map(|shared| Candidate { shared, ..winner }).collect();
            Some(Contest::new(contest.comparison, contest.fold, candidates))
        };
        first.iter().filter_map(contest).collect()
    }

    /// Ranks and priors with the winners so far; ranks of the models without a network.
    fn second_contests(&self, winners: &[Contest], recording: &Recording) -> Vec<Contest> {
        let of_network = |contest: &Contest| {
            let winner = contest.winner()?.candidate;
            let mut priors: Vec<Option<TrialPrior>> =
                self.priors(recording, contest.comparison).into_iter().map(Some).collect();
            if priors.is_empty() {
                priors.push(None);
            }
            let ranks = self.cv.ranks.iter().filter(|&&rank| rank <= winner.shared.units);
            let candidates = ranks.flat_map(|&rank| {
                priors.iter().map(move |&prior| Candidate { rank, prior, ..winner })
            });
            Some(Contest::new(contest.comparison, contest.fold, candidates.collect()))
        };
        let mut second: Vec<Contest> = winners.iter().filter_map(of_network).collect();
        for fold in 0..self.cv.folds {
            let Some(opening) = self.openings(None).first().copied() else { continue };
            let others = Comparison::others(recording.epochs_used());
            for other in others.filter(|other| !other.is_network()) {
                let ranks = self.cv.ranks.iter().map(|&rank| Candidate { rank, ..opening });
                let counted = if other.has_rank() { self.cv.ranks.len() } else { 1 };
                second.push(Contest::new(other, fold, ranks.take(counted).collect()));
            }
        }
        second
    }

    /// Successive halving of all contests at once.
    fn halved<E>(
        &self,
        stage: &str,
        first: usize,
        mut contests: Vec<Contest>,
        ledger: &mut Ledger<impl FnMut(&str, &[Attempt]) -> Result<Vec<Attempted>, E>>,
    ) -> Result<Vec<Contest>, E> {
        let most = self.cv.settings.iterations;
        let mut iterations = first.min(most);
        while contests.iter().any(Contest::is_open) {
            let open = contests.iter().filter(|contest| contest.is_open());
            let attempts: Vec<Attempt> = open
                .flat_map(|contest| {
                    contest.candidates.iter().map(|&candidate| {
                        self.attempt(contest.comparison, candidate, contest.fold, iterations)
                    })
                })
                .collect();
            let found = ledger.all(&format!("{stage}, {iterations} iterations"), &attempts)?;
            let mut losses = found.iter().map(|found| found.validation.loss);
            for contest in contests.iter_mut().filter(|contest| contest.is_open()) {
                let count = contest.candidates.len();
                let kept = if iterations == most { 1 } else { count.div_ceil(HALVING) };
                contest.keep(kept, losses.by_ref().take(count).collect());
            }
            iterations = (HALVING * iterations).min(most);
        }
        Ok(contests)
    }

    fn attempt(
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
            order: 0,
            across_epochs: false,
            starts: None,
        }
    }

    /// A fit with all iterations from the first random start.
    fn once(&self, winner: Winner) -> Attempt {
        let Winner { comparison, fold, candidate } = winner;
        self.attempt(comparison, candidate, fold, self.cv.settings.iterations)
    }

    /// That on which the answer rests.
    fn to_the_end(&self, winner: Winner) -> Attempt {
        let starts = winner.comparison.is_network().then_some(self.cv.seeds);
        Attempt { starts, ..self.once(winner) }
    }

    /// Changing and constant weights of every rank from the first start, with what else they chose.
    fn rank_attempts(&self, winners: &[Winner]) -> Vec<Attempt> {
        let both = winners.iter().filter(|won| BOTH.contains(&won.comparison));
        let of_ranks = both.flat_map(|winner| {
            let ranks = self.cv.ranks.iter().filter(|&&rank| rank <= winner.candidate.shared.units);
            let with = |&rank| Candidate { rank, ..winner.candidate };
            ranks.map(move |rank| Winner { candidate: with(rank), ..*winner })
        });
        of_ranks.map(|winner| self.once(winner)).collect()
    }

    /// The held-out losses of changing weights in the first fold, with the order of the recording and
    /// with others; across epochs, if the order within them does not matter. The architecture is the
    /// best of that fold.
    fn orders<E>(
        &self,
        recording: &Recording,
        pairs: &[Attempted],
        ledger: &mut Ledger<impl FnMut(&str, &[Attempt]) -> Result<Vec<Attempted>, E>>,
    ) -> Result<Orders, E> {
        let mut orders = Orders { in_order: f64::NAN, within: vec![], across: vec![] };
        let of_first = pairs.iter().filter(|found| found.attempt.fold == 0);
        let Some(best) = best_of(of_first) else { return Ok(orders) };
        let in_order = best.test.loss;
        orders.in_order = in_order;
        orders.within = self.shuffled_losses(best.attempt, in_order, false, ledger)?;
        let does_not_matter = is_settled(as_good(&orders.within, in_order), self.permutations);
        let can_tell = !is_settled(0, self.permutations);
        if recording.epochs_used() > 1 && does_not_matter && can_tell {
            orders.across = self.shuffled_losses(best.attempt, in_order, true, ledger)?;
        }
        Ok(orders)
    }

    /// A few orders at a time, until it is settled that order does not matter.
    fn shuffled_losses<E>(
        &self,
        attempt: Attempt,
        in_order: f64,
        across_epochs: bool,
        ledger: &mut Ledger<impl FnMut(&str, &[Attempt]) -> Result<Vec<Attempted>, E>>,
    ) -> Result<Vec<f64>, E> {
        let of_order = |&order: &u64| Attempt { order, across_epochs, ..attempt };
        let orders: Vec<u64> = (1..=self.permutations as u64).collect();
        let mut losses = Vec::new();
        for some in orders.chunks(ORDERS_AT_A_TIME) {
            let some: Vec<Attempt> = some.iter().map(of_order).collect();
            let found = ledger.all("shuffled orders", &some)?;
            losses.extend(found.iter().map(|found| found.test.loss));
            // Less orders than could tell are all tried: nothing can be settled.
            let can_tell = !is_settled(0, self.permutations);
            if can_tell && is_settled(as_good(&losses, in_order), self.permutations) {
                break;
            }
        }
        Ok(losses)
    }

    /// How these architectures compare changing with constant weights.
    fn contenders(&self, pairs: &[Attempted]) -> Vec<Contender> {
        let mut contenders = Vec::new();
        let mut validations: Vec<Vec<f64>> = Vec::new();
        for found in pairs.chunks(self.cv.folds) {
            let both = BOTH.map(|model| of_model(found, model)).concat();
            let compared = self.cv.against(&as_chosen(&both), Comparison::Constant, 0, 0);
            let better = self.pooled(&both);
            let Candidate { shared, rank, .. } = found[0].attempt.candidate;
            contenders.push(Contender {
                shared,
                rank,
                validation: mean(&losses(&better)),
                is_close: false,
                constant: Standing::new(&compared, self.cv.folds),
            });
            validations.push(losses(&better));
        }
        let best = validations.iter().min_by(|a, b| finite(mean(a)).total_cmp(&finite(mean(b))));
        let best = best.cloned().unwrap_or_default();
        for (contender, losses) in contenders.iter_mut().zip(&validations) {
            // The same folds: what they have in common does not count.
            let behind = Moments::of(losses.iter().zip(&best).map(|(loss, best)| loss - best));
            contender.is_close = behind.mean <= behind.standard_error();
        }
        contenders
    }

    /// How much less constant weights lose than the mean of each bin over all trials.
    fn gain(&self, recording: &Recording, finals: &[Attempted]) -> Result<f64, Misfit> {
        let mut alike = recording.clone();
        alike.conditions.fill(0);
        let likelihood = self.cv.architecture.likelihood;
        let of_bins = (0..self.cv.folds).map(|fold| {
            let roles = self.cv.roles(&alike, fold)?;
            Ok(condition_means(&alike, &roles, likelihood, Role::Test)?.loss)
        });
        let of_bins: Vec<f64> = of_bins.collect::<Result<_, Misfit>>()?;
        let constant = self.cv.estimate(&as_chosen(finals), Comparison::Constant, 0, 0).mean;
        Ok(Moments::of(of_bins.into_iter()).mean - constant)
    }

    fn summary(
        &self,
        finals: &[Attempted],
        ranks: &[Attempted],
        orders: &Orders,
        gain: f64,
        search: Searched,
    ) -> Result<CrossValidationSummary, Misfit> {
        let cv = self.of_one_size(&search.winners);
        let table = cv.table(&as_ranks(ranks, cv.units[0]));
        let SizeEstimate { rank, units, .. } = cv.choose(&table)?;
        let chosen = as_chosen(finals);
        let is_there = |other: &Comparison| finals.iter().any(|f| f.attempt.comparison == *other);
        let others = Comparison::OTHERS.into_iter().filter(is_there);
        let comparisons: Vec<Compared> =
            others.map(|other| cv.against(&chosen, other, 0, 0)).collect();
        let standing = |other| {
            let found = comparisons.iter().find(|compared| compared.comparison == other);
            found.map_or(Standing::Unclear, |compared| Standing::new(compared, cv.folds))
        };
        let constant = comparisons.iter().find(|other| other.comparison == Comparison::Constant);
        let close = || search.contenders.iter().filter(|contender| contender.is_close);
        let clear = close().filter(|contender| contender.constant == Standing::Worse).count();
        let answer = Answer::new(Evidence {
            constant: constant.expect("constant weights are among those compared"),
            folds: cv.folds,
            gain,
            in_order: orders.in_order,
            shuffled: &orders.within,
            across_epochs: &orders.across,
            permutations: self.permutations,
            of_trials: self.grid.of_trials(),
            stable: (clear, close().count()),
            best_model: best_model(search.low_tensor_rank, &comparisons),
        });
        let factors = factors(ranks.iter().chain(finals), rank);
        Ok(CrossValidationSummary {
            likelihood: cv.architecture.likelihood,
            folds: cv.folds,
            seeds: cv.seeds,
            ranks: cv.best_of_each_rank(&table),
            chosen: rank,
            units,
            verdict: Verdict {
                rank,
                constant: standing(Comparison::Constant),
                free: standing(Comparison::Free),
                assumptions: None,
                answer: Some(answer),
            },
            comparisons,
            search: Some(Searched { replication: Replication::of(&factors), ..search }),
        })
    }

    /// The cross-validation of ranks with the number of units that most folds chose.
    fn of_one_size(&self, winners: &[Winner]) -> CrossValidation {
        let changing = winners.iter().filter(|won| won.comparison == Comparison::LowTensorRank);
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        changing.for_each(|won| *counts.entry(won.candidate.shared.units).or_default() += 1);
        let most = counts.iter().max_by_key(|&(_, count)| count).map(|(&units, _)| units);
        CrossValidation { units: most.into_iter().collect(), ..self.cv.clone() }
    }
}

impl Contest {
    fn new(comparison: Comparison, fold: usize, candidates: Vec<Candidate>) -> Self {
        Contest { comparison, fold, finalists: candidates.clone(), candidates }
    }

    fn is_open(&self) -> bool {
        self.candidates.len() > 1
    }

    /// Keeps the best of this round, given their losses; one that is not a number is the worst.
    fn keep(&mut self, kept: usize, losses: Vec<f64>) {
        self.finalists = self.candidates.clone();
        let mut order: Vec<usize> = (0..losses.len()).collect();
        let loss = |&place: &usize| finite(losses[place]);
        order.sort_by(|a, b| loss(a).total_cmp(&loss(b)));
        self.candidates = order.iter().take(kept).map(|&place| self.candidates[place]).collect();
    }

    fn winner(&self) -> Option<Winner> {
        let candidate = *self.candidates.first()?;
        Some(Winner { comparison: self.comparison, fold: self.fold, candidate })
    }
}

/// The architectures of the last rounds of changing and of constant weights, the most frequent first.
/// Gains and inputs of trials are those that went with the best of each contest.
fn shared_by_both(first: &[Contest], of_trials: &[Contest]) -> Vec<Shared> {
    let contests = first.iter().zip(of_trials).filter(|(one, _)| BOTH.contains(&one.comparison));
    let all = contests.flat_map(|(contest, later)| {
        let Shared { gain, trial_input, .. } = later.candidates[0].shared;
        let of = move |one: &Candidate| Shared { gain, trial_input, ..one.shared };
        contest.finalists.iter().map(of)
    });
    most_frequent(all).into_iter().take(MOST_CONTENDERS).collect()
}

/// The different ones, the most frequent first.
fn most_frequent<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut counts: Vec<(T, usize)> = Vec::new();
    for one in all {
        match counts.iter_mut().find(|(known, _)| *known == one) {
            Some((_, count)) => *count += 1,
            None => counts.push((one, 1)),
        }
    }
    counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    counts.into_iter().map(|(one, _)| one).collect()
}

/// Those of a model, and those that constant weights are beside.
fn of_model(found: &[Attempted], model: Comparison) -> Vec<Attempted> {
    let beside = found.iter().filter_map(|found| found.constant.as_deref());
    let all = found.iter().chain(beside);
    all.filter(|found| found.attempt.comparison == model).cloned().collect()
}

/// The terms of all fits of changing weights of a rank.
fn factors<'a>(found: impl Iterator<Item = &'a Attempted>, rank: usize) -> Vec<Factors> {
    let of_rank = found.filter(|found| found.attempt.candidate.rank == rank);
    of_rank.flat_map(|found| found.factors.iter().cloned()).collect()
}

/// The one of the least validation loss; one that broke down only if all did.
fn best_of<'a>(found: impl Iterator<Item = &'a Attempted>) -> Option<&'a Attempted> {
    let loss = |found: &Attempted| finite(found.validation.loss);
    found.min_by(|a, b| loss(a).total_cmp(&loss(b)))
}

/// A loss that is not a number is the worst.
fn finite(loss: f64) -> f64 {
    if loss.is_nan() { f64::INFINITY } else { loss }
}

fn mean(losses: &[f64]) -> f64 {
    Moments::of(losses.iter().copied()).mean
}

fn losses(of: &[Attempted]) -> Vec<f64> {
    of.iter().map(|found| found.validation.loss).collect()
}

/// The one of the least loss.
fn best_model(changing: Estimate, others: &[Compared]) -> Comparison {
    let others = others.iter().map(|other| (other.comparison, other.estimate.mean));
    let all = std::iter::once((Comparison::LowTensorRank, changing.mean)).chain(others);
    let finite = all.filter(|(_, mean)| !mean.is_nan());
    let best = finite.min_by(|a, b| a.1.total_cmp(&b.1));
    best.map_or(Comparison::ConditionMean, |(model, _)| model)
}

/// Results as those of models of one size, whatever each chose: rank and units are 0.
fn as_chosen(found: &[Attempted]) -> Vec<Fold> {
    found.iter().map(|found| found.as_fold(0, 0)).collect()
}

/// Results of changing weights by rank, whatever units they chose.
fn as_ranks(found: &[Attempted], units: usize) -> Vec<Fold> {
    let changing =
        found.iter().filter(|found| found.attempt.comparison == Comparison::LowTensorRank);
    changing.map(|found| found.as_fold(found.attempt.candidate.rank, units)).collect()
}

impl Attempt {
    /// The constant weights beside changing ones.
    fn with_constant(self) -> Self {
        let candidate = Candidate { prior: None, ..self.candidate };
        Attempt { comparison: Comparison::Constant, candidate, ..self }
    }

    /// Whether constant weights are fitted beside it.
    fn is_pair(&self) -> bool {
        self.starts.is_some() && self.comparison == Comparison::LowTensorRank && self.order == 0
    }
}

impl Winner {
    fn of(found: &Attempted) -> Self {
        let Attempt { comparison, fold, candidate, .. } = found.attempt;
        Winner { comparison, fold, candidate }
    }
}

impl Attempted {
    fn as_fold(&self, rank: usize, units: usize) -> Fold {
        let Attempt { comparison, seed, fold, .. } = self.attempt;
        let job = Job { comparison, rank, units, seed, fold };
        let &Attempted { test, validation, train, iterations, .. } = self;
        Fold { job, test, validation, train, iterations }
    }
}
