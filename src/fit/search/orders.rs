//! Whether the order of trials carries anything: changing weights with shuffled orders.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::Search;
use super::answer::is_settled;
use super::attempt::{Attempt, Attempted, Ledger, Orders};
use super::pairs::of_model;
use crate::fit::comparison::Comparison;
use crate::recording::Recording;
use crate::scalar::Stream;
use crate::statistics::{Moments, median};

/// How many orders of trials within condition and epoch, and within condition alone, were tried beside
/// that of the recording, and with how many of them changing weights predict as well.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TriedOrders {
    pub within: Tried,
    pub across: Tried,
}

/// Orders of one kind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tried {
    pub orders: usize,
    pub as_good: usize,
}

/// Orders of trials that are tried before it is asked whether more would tell more; that of the
/// recording is among the first.
const ORDERS_AT_A_TIME: usize = 5;

impl Search {
    /// The recording with trials that change places, by their numbers, within condition and epoch, or
    /// within condition, by their epochs too: activity and held-out entries stay as they are, so that
    /// nothing but what the prior of trial factors takes for neighbours is another.
    pub(super) fn shuffled(
        &self,
        recording: &Recording,
        order: u64,
        across_epochs: bool,
    ) -> Recording {
        let mut shuffled = recording.clone();
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

    /// Compares the order of the recording with others; across epochs, if the order within them does not
    /// matter. The architecture is that of the least validation loss.
    pub(super) fn orders<E>(
        &self,
        recording: &Recording,
        pairs: &[Attempted],
        ledger: &mut Ledger<impl FnMut(&str, &[Attempt]) -> Result<Vec<Attempted>, E>>,
    ) -> Result<TriedOrders, E> {
        let mut tried = TriedOrders::default();
        let Some(best) = self.best(pairs) else { return Ok(tried) };
        tried.within = self.tried(best, false, ledger)?;
        if recording.epochs_used() > 1 && self.is_settled(tried.within) {
            tried.across = self.tried(best, true, ledger)?;
        }
        Ok(tried)
    }

    /// The fits with orders that belong to some folds. Whether more would tell more depends on all
    /// folds: here all orders are tried.
    pub(super) fn share_of_orders<E>(
        &self,
        recording: &Recording,
        pairs: &[Attempted],
        is_own: &dyn Fn(Comparison, usize) -> bool,
        ledger: &mut Ledger<impl FnMut(&str, &[Attempt]) -> Result<Vec<Attempted>, E>>,
    ) -> Result<(), E> {
        let Some(best) = self.best(pairs) else { return Ok(()) };
        let kinds = if recording.epochs_used() > 1 { &[false, true][..] } else { &[false] };
        let mut own = Vec::new();
        for &across_epochs in kinds {
            for some in self.portions(across_epochs) {
                let attempts = self.with_orders(best, some).into_iter();
                own.extend(attempts.filter(|one| is_own(one.comparison, one.fold)));
            }
        }
        ledger.all("shuffled orders", &own)?;
        Ok(())
    }

    /// Changing weights in the architecture of the least validation loss.
    fn best(&self, pairs: &[Attempted]) -> Option<Attempt> {
        let changing = self.pooled(&of_model(pairs, Comparison::LowTensorRank));
        changing.first().map(|found| found.attempt)
    }

    /// All orders, a few at a time.
    fn portions(&self, across_epochs: bool) -> Vec<Orders> {
        // Without another there is nothing to compare that of the recording with.
        let all = if self.permutations == 0 { 0 } else { 1 + self.permutations };
        let firsts = (0..all).step_by(ORDERS_AT_A_TIME);
        let from = |first: usize| Orders {
            first: first as u64,
            count: ORDERS_AT_A_TIME.min(all - first) as u64,
            across_epochs,
        };
        firsts.map(from).collect()
    }

    /// From one start, in all folds: of half of them a false order passed too often for as good.
    fn with_orders(&self, best: Attempt, orders: Orders) -> Vec<Attempt> {
        let in_fold = |fold| Attempt { fold, starts: None, orders: Some(orders), ..best };
        (0..self.cv.folds).map(in_fold).collect()
    }

    /// Until it is settled that order does not matter.
    fn tried<E>(
        &self,
        best: Attempt,
        across_epochs: bool,
        ledger: &mut Ledger<impl FnMut(&str, &[Attempt]) -> Result<Vec<Attempted>, E>>,
    ) -> Result<Tried, E> {
        let mut losses: Vec<Vec<f64>> = Vec::new();
        let mut tried = Tried::default();
        for some in self.portions(across_epochs) {
            let found = ledger.all("shuffled orders", &self.with_orders(best, some))?;
            let of_order = |order| found.iter().map(|one| one.loss_with(order)).collect();
            losses.extend((0..some.numbers().count()).map(of_order));
            tried = Tried { orders: losses.len() - 1, as_good: as_good(&excesses(&losses)) };
            if self.is_settled(tried) {
                break;
            }
        }
        Ok(tried)
    }

    /// Whether these orders show that order does not matter. Less than could tell are all tried: with
    /// them nothing can be settled.
    fn is_settled(&self, tried: Tried) -> bool {
        let can_tell = !is_settled(0, self.permutations);
        can_tell && is_settled(tried.as_good, self.permutations)
    }
}

/// How much more than others each order loses, given the loss of each order in each fold: the excess over
/// the median of all orders in a fold, a mean over the folds but for the highest and the lowest fifth. In
/// some folds the fit with one order leaves a local minimum in which it stays with all others: that
/// says nothing of the order, and would outweigh all other folds. NaN if a fit broke down.
fn excesses(losses: &[Vec<f64>]) -> Vec<f64> {
    let folds = losses.first().map_or(0, Vec::len);
    let usual: Vec<f64> =
        (0..folds).map(|fold| median(losses.iter().map(|one| one[fold]).collect())).collect();
    let excess = |of_order: &Vec<f64>| {
        let mut excesses: Vec<f64> = of_order.iter().zip(&usual).map(|(x, m)| x - m).collect();
        if excesses.iter().any(|x| x.is_nan()) {
            return f64::NAN;
        }
        excesses.sort_by(f64::total_cmp);
        let left_out = folds / 5;
        Moments::of(excesses[left_out..folds - left_out].iter().copied()).mean
    };
    losses.iter().map(excess).collect()
}

/// How many others lose no more than the first. A fit that broke down counts against the first, whichever
/// it is.
fn as_good(excesses: &[f64]) -> usize {
    let Some((first, others)) = excesses.split_first() else { return 0 };
    others.iter().filter(|other| other.partial_cmp(&first) != Some(Ordering::Greater)).count()
}

impl Attempted {
    /// The loss on test entries with one of several orders; NaN if fitting broke down.
    fn loss_with(&self, order: usize) -> f64 {
        self.by_order.get(order).map_or(f64::NAN, |score| score.loss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_in_one_fold_does_not_decide() {
        // In nine of ten folds the first order is better by 0.01; in the last another is, by 1.
        let mut losses = vec![vec![0.4; 10]; 4];
        losses[1..].iter_mut().for_each(|other| other[..9].fill(0.41));
        losses[2][9] = -0.6;
        let found = excesses(&losses);
        // The median of four is that of the others, so that these exceed it by nothing.
        assert!((found[0] + 0.01).abs() < 1e-12, "{found:?}");
        assert!(found[1..].iter().all(|&x| x.abs() < 1e-12), "{found:?}");
        assert_eq!(as_good(&found), 0);
        // In three folds it does.
        losses[2][7..].fill(-0.6);
        assert_eq!(as_good(&excesses(&losses)), 1);
    }

    #[test]
    fn of_less_than_five_folds_all_count() {
        let losses = [vec![1.0, 2.0], vec![2.0, 4.0], vec![6.0, 3.0]];
        assert_eq!(excesses(&losses), [-1.0, 0.5, 2.0]);
        assert_eq!(excesses(&losses[..2]), [-0.75, 0.75]);
    }

    #[test]
    fn a_fit_that_broke_down_counts_against_the_order_of_the_recording() {
        let numbers = |first: f64, other: f64| [vec![first; 3], vec![other; 3], vec![0.5; 3]];
        assert_eq!(as_good(&excesses(&numbers(0.4, 0.5))), 0);
        assert_eq!(as_good(&excesses(&numbers(0.4, f64::NAN))), 1);
        assert_eq!(as_good(&excesses(&numbers(f64::NAN, 0.5))), 2);
        assert_eq!(as_good(&[0.0, 0.0]), 1);
    }
}
