//! A cross-validation in which every model chooses its own architecture.
//!
//! In each of the first folds, five at most, each network that is compared, of changing weights, of
//! constant ones, and of ones that are free in each trial, chooses among the candidates of a [`Grid`] on
//! the validation entries of that fold, never on those of the test: first where trials start, what drives
//! them, the time constant and the units, at the largest rank; then gains and inputs of trials; then the
//! rank and, if weights change, the prior of trial factors. Models without a network choose their rank.
//! Of the candidates, each fitted with few iterations, the best third is fitted with three times as many,
//! and so on until one is left (successive halving: Karnin et al. 2013, Jamieson and Talwalkar 2016). In
//! the other folds models take what they chose in the first.
//!
//! The architectures that came far with changing or with constant weights are then fitted to the end
//! with both, in all folds, side by side ([`nested`](super::paired::Starts::nested)). Of these changing
//! and constant weights each take the one of the least validation loss over all folds, so that what
//! differs from fold to fold is not the architecture; they are compared on the test entries, and side by
//! side in all architectures that are as good as the best. All networks predict by the mean of fits from
//! several random starts.
//!
//! Changing weights are fitted again with other orders of the trials, in all folds: if order carries
//! something, the losses of all folds together are larger.

mod answer;
mod attempt;
mod contest;
mod grid;
mod orders;
mod pairs;
mod summary;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use answer::{Answer, ChangingWeights};
pub use attempt::{Attempt, Attempted, Orders, Winner};
pub use grid::{Candidate, Driving, Grid, Shared, Start};
pub use pairs::Contender;
pub use summary::Searched;

use super::FitFloat;
use super::architecture::Recurrence;
use super::comparison::Comparison;
use super::cross_validation::{CrossValidation, CrossValidationSummary, FitError};
use super::misfit::Misfit;
use super::prior::TrialPrior;
use crate::recording::Recording;
use attempt::Ledger;
use contest::{Contest, HALVING};
use pairs::{BOTH, of_model, shared_by_both};
use summary::as_chosen;

/// What is chosen from, and how the answer is tested.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// Ranks, units, folds and starts; of the architecture what the grid does not choose.
    pub cv: CrossValidation,
    /// The candidates.
    pub grid: Grid,
    /// Orders of trials, shuffled within condition and epoch, in which changing weights are fitted
    /// again.
    pub permutations: usize,
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
        let Closing { pairs, others } = self.closing(&opening, &all, &mut ledger)?;
        let orders = self.orders(recording, &pairs, &mut ledger)?;
        let mut finals = BOTH.map(|model| self.pooled(&of_model(&pairs, model))).concat();
        finals.extend(others);
        let gain = self.gain(recording, &finals)?;
        let diverged = ledger.known.values().filter(|found| found.validation.loss.is_nan()).count();
        let contenders = self.contenders(&pairs);
        let beside = self.beside(&contenders, &pairs);
        let searched = Searched {
            grid: self.grid.clone(),
            fits: ledger.known.len(),
            diverged,
            contested: self.contested(),
            winners: finals.iter().map(Winner::of).collect(),
            low_tensor_rank: self.cv.estimate(&as_chosen(&finals), Comparison::LowTensorRank, 0, 0),
            contenders,
            replication: None,
        };
        Ok(self.summary(&finals, &opening.ranks, beside, orders, gain, searched)?)
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
        self.closing(&opening, is_own, &mut ledger)?;
        let Closing { pairs, .. } = self.closing(&opening, &|_, _| true, &mut ledger)?;
        self.share_of_orders(recording, &pairs, is_own, &mut ledger)
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
        opening: &Opening,
        is_own: &dyn Fn(Comparison, usize) -> bool,
        ledger: &mut Ledger<impl FnMut(&str, &[Attempt]) -> Result<Vec<Attempted>, E>>,
    ) -> Result<Closing, E> {
        let own = |winner: &Winner| is_own(winner.comparison, winner.fold);
        let pairs: Vec<Attempt> =
            self.pairs(&opening.contenders).filter(own).map(|pair| self.to_the_end(pair)).collect();
        let pairs = ledger.all("changing and constant weights", &pairs)?;
        let winners = self.in_all_folds(&opening.winners);
        let others = winners.iter().filter(|won| own(won) && !BOTH.contains(&won.comparison));
        let others: Vec<Attempt> = others.map(|&winner| self.to_the_end(winner)).collect();
        let others = ledger.all("winners", &others)?;
        Ok(Closing { pairs, others })
    }
}
