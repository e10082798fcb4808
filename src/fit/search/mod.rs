//! A cross-validation in which every model chooses its own architecture.
//!
//! In each fold each network that is compared, of changing weights, of constant ones, and of ones
//! that are free in each trial, chooses among the candidates of a [`Grid`] on the validation entries
//! of that fold, never on those of the test: first where trials start, what drives them, the time
//! constant and the units, at the largest rank; then gains and inputs of trials; then the rank and, if
//! weights change, the prior of trial factors. Models without a network choose their rank. Of the candidates, each fitted with few iterations, the best third is fitted with
//! three times as many, and so on until one is left (successive halving: Karnin et al. 2013, Jamieson
//! and Talwalkar 2016). The winners are fitted to the end; so are the architectures that came far with
//! changing or with constant weights, with both, and the best of all is compared on the test entries.

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
    SizeEstimate, fitted,
};
use super::factors::{Factors, Replication};
use super::fitting::Settings;
use super::misfit::Misfit;
use super::observations::Role;
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
    /// The terms of changing weights that were fitted to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factors: Option<Factors>,
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
    /// The architectures that the folds propose.
    shared: Vec<Shared>,
    winners: Vec<Winner>,
    /// Every rank with what else was chosen.
    ranks: Vec<Attempted>,
}

/// What they come to after it.
struct Closing {
    /// Changing and constant weights with these architectures.
    others: Vec<Attempted>,
    winners: Vec<Winner>,
    /// What each chose, from every start, and from the best one.
    starts: Vec<Attempted>,
    finals: Vec<Attempted>,
    orders: Orders,
}

/// Fits of changing weights: of every rank from one start, and of the ranks that the folds chose from
/// all starts; among others.
#[derive(Clone, Copy)]
struct Ranks<'a> {
    ranks: &'a [Attempted],
    starts: &'a [Attempted],
}

/// Carries out attempts, each once.
struct Ledger<F> {
    carry_out: F,
    known: BTreeMap<String, Attempted>,
}

impl Attempt {
    /// Its name, for files.
    pub fn name(&self) -> String {
        let Attempt { comparison, candidate, fold, seed, iterations, order, across_epochs } = self;
        let model = comparison.name();
        if !comparison.is_network() {
            return match comparison.has_rank() {
                true => format!("{model}_rank{}_fold{fold}", candidate.rank),
                false => format!("{model}_fold{fold}"),
            };
        }
        let across = if *across_epochs { "-across" } else { "" };
        format!(
            "{model}_{}_seed{seed}_fold{fold}_order{order}{across}_iterations{iterations}",
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
        let found = |[test, validation, train]: [Score; 3], iterations, factors| {
            Some(Attempted { attempt, validation, test, train, iterations, factors })
        };
        let (rank, first) = (candidate.rank, cv.settings.seed);
        if let Some(scores) =
            comparison.scores(recording, &roles, likelihood, rank, first, JUDGED)?
        {
            return Ok(found(scores, 0, None));
        }
        let recurrence = comparison.recurrence(candidate.prior.unwrap_or_default());
        let architecture = candidate.architecture(&cv.architecture, recurrence, recording.bins);
        let settings = Settings { seed, iterations: attempt.iterations, ..cv.settings };
        let shuffled = self.shuffled(recording, &attempt);
        let is_kept = comparison == Comparison::LowTensorRank
            && attempt.order == 0
            && attempt.iterations == cv.settings.iterations;
        match fitted::<S>(&shuffled, &roles, &architecture, settings, go_on) {
            Ok(fitted) => Ok(fitted.and_then(|fitted| {
                found(fitted.scores, fitted.iterations, fitted.factors.filter(|_| is_kept))
            })),
            Err(FitError::Diverged(diverged)) => {
                let nothing =
                    Score { entries: 0, loss: f64::NAN, r2: f64::NAN, bits_per_spike: f64::NAN };
                Ok(found([nothing; 3], diverged.iteration, None))
            }
            Err(error) => Err(error),
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
        let closing = self.closing(recording, &opening, &all, &mut ledger)?;
        let Closing { others, winners, starts, finals, orders } = closing;
        let contenders = self.contenders(&opening.shared, &others);
        let gain = self.gain(recording, &finals)?;
        let diverged = ledger.known.values().filter(|found| found.validation.loss.is_nan()).count();
        let searched = Searched {
            grid: self.grid.clone(),
            fits: ledger.known.len(),
            diverged,
            winners,
            low_tensor_rank: self.cv.estimate(&as_chosen(&finals), Comparison::LowTensorRank, 0, 0),
            contenders,
            replication: None,
        };
        let of_ranks = Ranks { ranks: &opening.ranks, starts: &starts };
        Ok(self.summary(&finals, of_ranks, &orders, gain, searched)?)
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
        let once: Vec<Attempt> = winners.iter().map(|&winner| self.once(winner)).collect();
        let winners = best_of_all(&winners, &ledger.all("winners", &once)?, &ranks);
        let shared = shared_by_both(&first, &of_trials);
        Ok(Opening { shared, winners, ranks })
    }

    /// How the architectures of all compare, and what each model of those asked for comes to.
    fn closing<E>(
        &self,
        recording: &Recording,
        opening: &Opening,
        is_own: &dyn Fn(Comparison, usize) -> bool,
        ledger: &mut Ledger<impl FnMut(&str, &[Attempt]) -> Result<Vec<Attempted>, E>>,
    ) -> Result<Closing, E> {
        let winners = opening.winners.iter().filter(|won| is_own(won.comparison, won.fold));
        let winners: Vec<Winner> = winners.copied().collect();
        let others =
            ledger.all("other architectures", &self.of_others(&opening.shared, &winners))?;
        let others = best_of_starts(&others);
        let own = best_of_starts(&ledger.all("winners", &self.finals(&winners))?);
        let winners = best_of_all(&winners, &own, &others);
        let starts = ledger.all("winners", &self.finals(&winners))?;
        let finals = best_of_starts(&starts);
        let orders = self.orders(recording, &winners, &finals, ledger)?;
        Ok(Closing { others, winners, starts, finals, orders })
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
        }
    }

    /// A fit to the end from the first random start.
    fn once(&self, winner: Winner) -> Attempt {
        let Winner { comparison, fold, candidate } = winner;
        self.attempt(comparison, candidate, fold, self.cv.settings.iterations)
    }

    /// A fit to the end from each random start; one of a model without a network.
    fn to_the_end(&self, winner: Winner) -> impl Iterator<Item = Attempt> + '_ {
        let seed = self.cv.settings.seed;
        let starts = if winner.comparison.is_network() { self.cv.seeds } else { 1 };
        let attempt = self.once(winner);
        // Seeds are names: after the last comes the first.
        (0..starts).map(move |number| Attempt { seed: seed.wrapping_add(number), ..attempt })
    }

    fn finals(&self, winners: &[Winner]) -> Vec<Attempt> {
        winners.iter().flat_map(|&winner| self.to_the_end(winner)).collect()
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
    /// with others; across epochs, if the order within them does not matter.
    fn orders<E>(
        &self,
        recording: &Recording,
        winners: &[Winner],
        finals: &[Attempted],
        ledger: &mut Ledger<impl FnMut(&str, &[Attempt]) -> Result<Vec<Attempted>, E>>,
    ) -> Result<Orders, E> {
        let is_first = |found: &&Attempted| {
            let Attempt { comparison, fold, .. } = found.attempt;
            (comparison, fold) == (Comparison::LowTensorRank, 0)
        };
        let in_order = finals.iter().find(is_first).map_or(f64::NAN, |found| found.test.loss);
        let won = |won: &&Winner| won.comparison == Comparison::LowTensorRank && won.fold == 0;
        let mut orders = Orders { in_order, within: vec![], across: vec![] };
        let Some(winner) = winners.iter().find(won) else { return Ok(orders) };
        orders.within = self.shuffled_losses(winner, in_order, false, ledger)?;
        let does_not_matter = is_settled(as_good(&orders.within, in_order), self.permutations);
        let can_tell = !is_settled(0, self.permutations);
        if recording.epochs_used() > 1 && does_not_matter && can_tell {
            orders.across = self.shuffled_losses(winner, in_order, true, ledger)?;
        }
        Ok(orders)
    }

    /// A few orders at a time, until it is settled that order does not matter.
    fn shuffled_losses<E>(
        &self,
        winner: &Winner,
        in_order: f64,
        across_epochs: bool,
        ledger: &mut Ledger<impl FnMut(&str, &[Attempt]) -> Result<Vec<Attempted>, E>>,
    ) -> Result<Vec<f64>, E> {
        let of_order = |order: u64| {
            let starts = self.to_the_end(*winner);
            starts.map(move |attempt| Attempt { order, across_epochs, ..attempt })
        };
        let orders: Vec<u64> = (1..=self.permutations as u64).collect();
        let mut losses = Vec::new();
        for some in orders.chunks(ORDERS_AT_A_TIME) {
            let some: Vec<Attempt> = some.iter().copied().flat_map(of_order).collect();
            let found = best_of_starts(&ledger.all("shuffled orders", &some)?);
            losses.extend(found.iter().map(|found| found.test.loss));
            // Less orders than could tell are all tried: nothing can be settled.
            let can_tell = !is_settled(0, self.permutations);
            if can_tell && is_settled(as_good(&losses, in_order), self.permutations) {
                break;
            }
        }
        Ok(losses)
    }

    /// Other architectures with changing and with constant weights in all folds; rank and prior are
    /// those that each chose in the fold.
    fn of_others(&self, shared: &[Shared], winners: &[Winner]) -> Vec<Attempt> {
        let with = |shared: Shared, comparison| {
            let winners = winners.iter().filter(move |won| won.comparison == comparison);
            winners.flat_map(move |winner| {
                let rank = winner.candidate.rank.min(shared.units);
                let candidate = Candidate { shared, rank, ..winner.candidate };
                self.to_the_end(Winner { candidate, ..*winner })
            })
        };
        let both = |&shared| BOTH.into_iter().flat_map(move |comparison| with(shared, comparison));
        shared.iter().flat_map(both).collect()
    }

    /// How these architectures compare changing with constant weights.
    fn contenders(&self, shared: &[Shared], found: &[Attempted]) -> Vec<Contender> {
        let mut contenders = Vec::new();
        let mut errors = Vec::new();
        for (&shared, found) in shared.iter().zip(found.chunks(2 * self.cv.folds)) {
            let (changing, constant) = found.split_at(self.cv.folds);
            let validation = |of: &[Attempted]| Moments::of(losses(of).into_iter());
            let better = [changing, constant].map(validation).into_iter();
            let better = better.min_by(|a, b| a.mean.total_cmp(&b.mean)).expect("two models");
            let compared = self.cv.against(&as_chosen(found), Comparison::Constant, 0, 0);
            errors.push(better.standard_error());
            contenders.push(Contender {
                shared,
                validation: better.mean,
                is_close: false,
                constant: Standing::new(&compared, self.cv.folds),
            });
        }
        let ends = contenders.iter().zip(&errors);
        let best = ends.min_by(|a, b| a.0.validation.total_cmp(&b.0.validation));
        let limit = best.map_or(f64::NAN, |(best, error)| best.validation + error.max(0.0));
        contenders
            .iter_mut()
            .for_each(|contender| contender.is_close = contender.validation <= limit);
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
        of_ranks: Ranks,
        orders: &Orders,
        gain: f64,
        search: Searched,
    ) -> Result<CrossValidationSummary, Misfit> {
        let cv = self.of_one_size(&search.winners);
        let table = cv.table(&as_ranks(of_ranks.ranks, cv.units[0]));
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
        let factors = of_ranks.factors(rank);
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

impl Ranks<'_> {
    /// The terms of all different fits of a rank.
    fn factors(&self, rank: usize) -> Vec<Factors> {
        let all = self.ranks.iter().chain(self.starts);
        let of_rank = all.filter(|found| found.attempt.candidate.rank == rank);
        let named: BTreeMap<String, &Factors> = of_rank
            .filter_map(|found| Some((found.attempt.name(), found.factors.as_ref()?)))
            .collect();
        named.into_values().cloned().collect()
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
        let loss = |&place: &usize| match losses[place] {
            loss if loss.is_nan() => f64::INFINITY,
            loss => loss,
        };
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
    let mut counts: Vec<(Shared, usize)> = Vec::new();
    for one in all {
        match counts.iter_mut().find(|(shared, _)| *shared == one) {
            Some((_, count)) => *count += 1,
            None => counts.push((one, 1)),
        }
    }
    counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    counts.into_iter().take(MOST_CONTENDERS).map(|(shared, _)| shared).collect()
}

/// Of neighbouring fits that differ in their random start alone, the one of the least validation loss.
fn best_of_starts(found: &[Attempted]) -> Vec<Attempted> {
    let of_any_start = |found: &Attempted| Attempt { seed: 0, ..found.attempt };
    let starts = found.chunk_by(|a, b| of_any_start(a) == of_any_start(b));
    starts.filter_map(|starts| best_of(starts.iter()).cloned()).collect()
}

/// The one of the least validation loss; one that broke down only if all did.
fn best_of<'a>(found: impl Iterator<Item = &'a Attempted>) -> Option<&'a Attempted> {
    let loss = |found: &Attempted| match found.validation.loss {
        loss if loss.is_nan() => f64::INFINITY,
        loss => loss,
    };
    found.min_by(|a, b| loss(a).total_cmp(&loss(b)))
}

/// The winners, given how each did, each replaced by another candidate that was fitted to the end too
/// and has less validation loss. Changing and constant weights choose from the same at last, so that
/// they differ less by chance.
fn best_of_all(winners: &[Winner], own: &[Attempted], others: &[Attempted]) -> Vec<Winner> {
    let better = |(&winner, own): (&Winner, &Attempted)| {
        let is_its = |found: &&Attempted| {
            (found.attempt.comparison, found.attempt.fold) == (winner.comparison, winner.fold)
        };
        let all = std::iter::once(own).chain(others.iter().filter(is_its));
        let best = best_of(all).unwrap_or(own);
        Winner { candidate: best.attempt.candidate, ..winner }
    };
    winners.iter().zip(own).map(better).collect()
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

impl Attempted {
    fn as_fold(&self, rank: usize, units: usize) -> Fold {
        let Attempt { comparison, seed, fold, .. } = self.attempt;
        let job = Job { comparison, rank, units, seed, fold };
        let &Attempted { test, validation, train, iterations, .. } = self;
        Fold { job, test, validation, train, iterations }
    }
}
