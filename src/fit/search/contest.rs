//! What a model chooses in a fold, by successive halving.

use super::Search;
use super::attempt::{Attempt, Attempted, Ledger, Winner};
use super::grid::Candidate;
use super::pairs::finite;
use crate::fit::comparison::Comparison;
use crate::fit::prior::TrialPrior;
use crate::recording::Recording;

/// Folds in which models choose for themselves, at most.
const MOST_CONTESTED: usize = 5;

/// Of so many candidates one is kept in each round.
pub(super) const HALVING: usize = 3;

/// What a model chooses from in a fold.
#[derive(Clone, Debug)]
pub(super) struct Contest {
    pub comparison: Comparison,
    pub fold: usize,
    /// Those that are left, best first.
    pub candidates: Vec<Candidate>,
    /// Those of the last round.
    pub finalists: Vec<Candidate>,
}

impl Search {
    /// How many folds models choose in for themselves: the first.
    pub(super) fn contested(&self) -> usize {
        self.cv.folds.min(MOST_CONTESTED)
    }

    /// What models chose in those, and in the others: there what they chose in one of the first, in turn.
    pub(super) fn in_all_folds(&self, chosen: &[Winner]) -> Vec<Winner> {
        let in_fold = |fold: usize| {
            let of_fold = chosen.iter().filter(move |won| won.fold == fold % self.contested());
            of_fold.map(move |&won| Winner { fold, ..won })
        };
        (0..self.cv.folds).flat_map(in_fold).collect()
    }

    pub(super) fn first_contests(&self, recording: &Recording) -> Vec<Contest> {
        let contest = |fold: usize, comparison: Comparison| {
            let usual = self.priors(recording, comparison).first().copied();
            Contest::new(comparison, fold, self.openings(usual))
        };
        let networks = || Comparison::networks(recording.epochs_used());
        let folds = 0..self.contested();
        folds.flat_map(|fold| networks().map(move |network| contest(fold, network))).collect()
    }

    /// Gains and inputs of trials with the winners of the first.
    pub(super) fn trial_contests(&self, first: &[Contest]) -> Vec<Contest> {
        let contest = |contest: &Contest| {
            let winner = contest.winner()?.candidate;
            let shared = self.grid.with_trials(winner.shared).into_iter();
            let candidates = shared.map(|shared| Candidate { shared, ..winner }).collect();
            Some(Contest::new(contest.comparison, contest.fold, candidates))
        };
        first.iter().filter_map(contest).collect()
    }

    /// Ranks and priors with the winners so far; ranks of the models without a network.
    pub(super) fn second_contests(
        &self,
        winners: &[Contest],
        recording: &Recording,
    ) -> Vec<Contest> {
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
        for fold in 0..self.contested() {
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
    pub(super) fn halved<E>(
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

    pub fn winner(&self) -> Option<Winner> {
        let candidate = *self.candidates.first()?;
        Some(Winner { comparison: self.comparison, fold: self.fold, candidate })
    }
}
