//! What a search comes to.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Search;
use super::answer::{Answer, Evidence};
use super::attempt::{Attempted, Winner};
use super::grid::Grid;
use super::orders::TriedOrders;
use super::pairs::Contender;
use crate::fit::comparison::{Comparison, condition_means};
use crate::fit::cross_validation::{
    Compared, CrossValidation, CrossValidationSummary, Estimate, Fold, SizeEstimate,
};
use crate::fit::factors::{Factors, Replication};
use crate::fit::misfit::Misfit;
use crate::fit::observations::Role;
use crate::fit::verdict::{Standing, Verdict};
use crate::recording::Recording;
use crate::statistics::Moments;

/// What was tried and chosen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Searched {
    /// The candidates.
    pub grid: Grid,
    /// Fits in all, and how many of them diverged.
    pub fits: usize,
    /// How many of them diverged.
    pub diverged: usize,
    /// How many folds models chose in for themselves, and ranks were compared: the first.
    pub contested: usize,
    /// The choices, by model and fold.
    pub winners: Vec<Winner>,
    /// What changing weights score with theirs.
    pub low_tensor_rank: Estimate,
    /// The architectures for which the answer was looked at.
    pub contenders: Vec<Contender>,
    /// Which terms of the chosen rank are found again in other folds and from other starts.
    pub replication: Option<Replication>,
}

impl Search {
    /// How much less constant weights lose than the mean of each bin over all trials.
    pub(super) fn gain(&self, recording: &Recording, finals: &[Attempted]) -> Result<f64, Misfit> {
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

    pub(super) fn summary(
        &self,
        finals: &[Attempted],
        ranks: &[Attempted],
        beside: Moments,
        orders: TriedOrders,
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
            beside,
            constant: constant.expect("constant weights are among those compared"),
            folds: cv.folds,
            gain,
            orders,
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

/// The terms of all fits of changing weights of a rank.
fn factors<'a>(found: impl Iterator<Item = &'a Attempted>, rank: usize) -> Vec<Factors> {
    let of_rank = found.filter(|found| found.attempt.candidate.rank == rank);
    of_rank.flat_map(|found| found.factors.iter().cloned()).collect()
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
pub(super) fn as_chosen(found: &[Attempted]) -> Vec<Fold> {
    found.iter().map(|found| found.as_fold(0, 0)).collect()
}

/// Results of changing weights by rank, whatever units they chose.
fn as_ranks(found: &[Attempted], units: usize) -> Vec<Fold> {
    let changing =
        found.iter().filter(|found| found.attempt.comparison == Comparison::LowTensorRank);
    changing.map(|found| found.as_fold(found.attempt.candidate.rank, units)).collect()
}
