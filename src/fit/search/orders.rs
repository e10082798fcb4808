//! Whether the order of trials carries anything: changing weights with shuffled orders.

use std::collections::BTreeMap;

use super::Search;
use super::answer::{as_good, is_settled};
use super::attempt::{Attempt, Attempted, Ledger, Orders};
use super::pairs::of_model;
use crate::fit::comparison::Comparison;
use crate::recording::Recording;
use crate::scalar::Stream;
use crate::statistics::Moments;

/// Held-out losses, means over the contested folds, with the order of trials of the recording, with
/// orders within condition and epoch, and with orders within condition alone.
#[derive(Clone, Debug)]
pub(super) struct OrderLosses {
    pub in_order: f64,
    pub within: Vec<f64>,
    pub across: Vec<f64>,
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

    /// The held-out losses of changing weights with the order of the recording and with others; across
    /// epochs, if the order within them does not matter. The architecture is that of the least
    /// validation loss.
    pub(super) fn orders<E>(
        &self,
        recording: &Recording,
        pairs: &[Attempted],
        ledger: &mut Ledger<impl FnMut(&str, &[Attempt]) -> Result<Vec<Attempted>, E>>,
    ) -> Result<OrderLosses, E> {
        let mut orders = OrderLosses { in_order: f64::NAN, within: vec![], across: vec![] };
        let Some(best) = self.best(pairs) else { return Ok(orders) };
        (orders.in_order, orders.within) = self.order_losses(best, false, ledger)?;
        let does_not_matter = self.is_settled(&orders.within, orders.in_order);
        if recording.epochs_used() > 1 && does_not_matter {
            (_, orders.across) = self.order_losses(best, true, ledger)?;
        }
        Ok(orders)
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

    /// From one start, in the contested folds.
    fn with_orders(&self, best: Attempt, orders: Orders) -> Vec<Attempt> {
        let in_fold = |fold| Attempt { fold, starts: None, orders: Some(orders), ..best };
        (0..self.contested()).map(in_fold).collect()
    }

    /// With the order of the recording, and with others until it is settled that order does not matter.
    fn order_losses<E>(
        &self,
        best: Attempt,
        across_epochs: bool,
        ledger: &mut Ledger<impl FnMut(&str, &[Attempt]) -> Result<Vec<Attempted>, E>>,
    ) -> Result<(f64, Vec<f64>), E> {
        let (mut in_order, mut others) = (f64::NAN, Vec::new());
        for some in self.portions(across_epochs) {
            let found = ledger.all("shuffled orders", &self.with_orders(best, some))?;
            for (place, number) in some.numbers().enumerate() {
                let of_folds = found.iter().map(|one| one.loss_with(place));
                match (number, Moments::of(of_folds).mean) {
                    (0, loss) => in_order = loss,
                    (_, loss) => others.push(loss),
                }
            }
            if self.is_settled(&others, in_order) {
                break;
            }
        }
        Ok((in_order, others))
    }

    /// Whether these orders show that order does not matter. Less than could tell are all tried: with
    /// them nothing can be settled.
    fn is_settled(&self, others: &[f64], in_order: f64) -> bool {
        let can_tell = !is_settled(0, self.permutations);
        can_tell && is_settled(as_good(others, in_order), self.permutations)
    }
}

impl Attempted {
    /// The loss on test entries with one of several orders; NaN if fitting broke down.
    fn loss_with(&self, order: usize) -> f64 {
        self.by_order.get(order).map_or(f64::NAN, |score| score.loss)
    }
}
