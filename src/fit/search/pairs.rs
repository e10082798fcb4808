//! Changing and constant weights side by side, in the architectures that the folds propose.

use serde::Serialize;

use super::Search;
use super::attempt::{Attempt, Attempted, Winner};
use super::contest::Contest;
use super::grid::{Candidate, Shared};
use super::summary::as_chosen;
use crate::fit::comparison::Comparison;
use crate::fit::prior::TrialPrior;
use crate::fit::verdict::Standing;
use crate::statistics::Moments;

/// An architecture with changing and with constant weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Contender {
    /// What they have alike.
    #[serde(flatten)]
    pub shared: Shared,
    /// The terms of both.
    pub rank: usize,
    /// Of the trial factors of changing ones.
    pub prior: Option<TrialPrior>,
    /// The validation loss of the better of the two, a mean over folds.
    pub validation: f64,
    /// Whether that is within one standard error of the best.
    pub is_close: bool,
    /// How constant weights predict the test entries against changing ones.
    pub constant: Standing,
}

/// Architectures for which the answer is looked at, at most.
const MOST_CONTENDERS: usize = 4;

/// The two between which the answer decides.
pub(super) const BOTH: [Comparison; 2] = [Comparison::LowTensorRank, Comparison::Constant];

impl Search {
    /// Changing and constant weights of every rank from the first start, with what else they chose.
    pub(super) fn rank_attempts(&self, winners: &[Winner]) -> Vec<Attempt> {
        let both = winners.iter().filter(|won| BOTH.contains(&won.comparison));
        let of_ranks = both.flat_map(|winner| {
            let ranks = self.cv.ranks.iter().filter(|&&rank| rank <= winner.candidate.shared.units);
            let with = |&rank| Candidate { rank, ..winner.candidate };
            ranks.map(move |rank| Winner { candidate: with(rank), ..*winner })
        });
        of_ranks.map(|winner| self.once(winner)).collect()
    }

    /// Changing weights in the architecture that is first of these, with the rank that is best for
    /// them over all folds and the prior that most folds chose; then with another of one of these: the
    /// next architecture, the next prior, the rank that is best for constant weights.
    pub(super) fn proposed(
        &self,
        shared: &[Shared],
        winners: &[Winner],
        ranks: &[Attempted],
    ) -> Vec<Candidate> {
        let priors = winners.iter().filter(|won| won.comparison == Comparison::LowTensorRank);
        let priors = most_frequent(priors.map(|won| won.candidate.prior));
        let ranks = BOTH.map(|model| self.pooled_rank(&of_model(ranks, model)));
        let (Some(&first), Some(&prior), [Some(rank), other]) =
            (shared.first(), priors.first(), ranks)
        else {
            return Vec::new();
        };
        let usual = Candidate { shared: first, rank, prior };
        let in_another = |&shared: &Shared| Candidate { shared, ..usual };
        let with_another = |&prior: &Option<TrialPrior>| Candidate { prior, ..usual };
        let mut all = vec![usual];
        all.extend(shared.iter().skip(1).take(1).map(in_another));
        all.extend(priors.iter().skip(1).take(1).map(with_another));
        all.extend(other.filter(|&other| other != rank).map(|rank| Candidate { rank, ..usual }));
        all.extend(shared.iter().skip(2).map(in_another));
        all.truncate(MOST_CONTENDERS);
        all
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
    pub(super) fn pooled(&self, found: &[Attempted]) -> Vec<Attempted> {
        let mean = |of: &&[Attempted]| finite(Moments::of(losses(of).into_iter()).mean);
        let best = found.chunks(self.cv.folds).min_by(|a, b| mean(a).total_cmp(&mean(b)));
        best.map(<[Attempted]>::to_vec).unwrap_or_default()
    }

    /// Changing weights in all folds of each architecture.
    pub(super) fn pairs(&self, contenders: &[Candidate]) -> impl Iterator<Item = Winner> {
        let comparison = Comparison::LowTensorRank;
        let folds = self.cv.folds;
        contenders.iter().copied().flat_map(move |candidate| {
            (0..folds).map(move |fold| Winner { comparison, fold, candidate })
        })
    }

    /// By how much constant weights lose more than changing ones beside them in each fold, the mean over
    /// these architectures of those that are as good as the best: that one is the best is chance in
    /// part, and how the two differ in it.
    pub(super) fn beside(&self, contenders: &[Contender], pairs: &[Attempted]) -> Moments {
        let all = contenders.iter().zip(pairs.chunks(self.cv.folds));
        let close: Vec<&[Attempted]> =
            all.filter(|(contender, _)| contender.is_close).map(|(_, found)| found).collect();
        let in_fold = |fold: usize| {
            Moments::of(close.iter().map(|found| found[fold].excess_of_constant())).mean
        };
        Moments::of((0..self.cv.folds).map(in_fold))
    }

    /// How these architectures compare changing with constant weights.
    pub(super) fn contenders(&self, pairs: &[Attempted]) -> Vec<Contender> {
        let mut contenders = Vec::new();
        let mut validations: Vec<Vec<f64>> = Vec::new();
        for found in pairs.chunks(self.cv.folds) {
            let both = BOTH.map(|model| of_model(found, model)).concat();
            let compared = self.cv.against(&as_chosen(&both), Comparison::Constant, 0, 0);
            let better = self.pooled(&both);
            let Candidate { shared, rank, prior } = found[0].attempt.candidate;
            contenders.push(Contender {
                shared,
                rank,
                prior,
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
}

/// The architectures that won the contests of changing and of constant weights, then the others of
/// their last rounds; the most frequent first. Gains and inputs of trials are those that went with the
/// best of each contest.
pub(super) fn shared_by_both(first: &[Contest], of_trials: &[Contest]) -> Vec<Shared> {
    let contests = first.iter().zip(of_trials).filter(|(one, _)| BOTH.contains(&one.comparison));
    let (mut won, mut came_far) = (Vec::new(), Vec::new());
    for (contest, later) in contests {
        let Shared { gain, trial_input, .. } = later.candidates[0].shared;
        let of = |one: &Candidate| Shared { gain, trial_input, ..one.shared };
        won.extend(contest.candidates.iter().map(of));
        came_far.extend(contest.finalists.iter().map(of));
    }
    let won = most_frequent(won.into_iter());
    came_far.retain(|one| !won.contains(one));
    won.into_iter().chain(most_frequent(came_far.into_iter())).collect()
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
pub(super) fn of_model(found: &[Attempted], model: Comparison) -> Vec<Attempted> {
    let beside = found.iter().filter_map(|found| found.constant.as_deref());
    let all = found.iter().chain(beside);
    all.filter(|found| found.attempt.comparison == model).cloned().collect()
}

/// A loss that is not a number is the worst.
pub(super) fn finite(loss: f64) -> f64 {
    if loss.is_nan() { f64::INFINITY } else { loss }
}

fn mean(losses: &[f64]) -> f64 {
    Moments::of(losses.iter().copied()).mean
}

fn losses(of: &[Attempted]) -> Vec<f64> {
    of.iter().map(|found| found.validation.loss).collect()
}
