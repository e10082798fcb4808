//! Whether the order of trials carries anything: changing weights with shuffled orders.

use std::collections::BTreeMap;

use super::Search;
use super::answer::{as_good, is_settled};
use super::attempt::{Attempt, Attempted, Ledger};
use super::pairs::finite;
use crate::recording::Recording;
use crate::scalar::Stream;

/// Held-out losses with the order of trials of the recording, with orders within condition and epoch,
/// and with orders within condition alone.
#[derive(Clone, Debug)]
pub(super) struct Orders {
    pub in_order: f64,
    pub within: Vec<f64>,
    pub across: Vec<f64>,
}

/// Orders of trials that are tried before it is asked whether more would tell more.
const ORDERS_AT_A_TIME: usize = 4;

impl Search {
    /// The recording with trials that change places, by their numbers, within condition and epoch, or
    /// within condition, by their epochs too: activity and held-out entries stay as they are, so that
    /// nothing but what the prior of trial factors takes for neighbours is another.
    pub(super) fn shuffled(&self, recording: &Recording, attempt: &Attempt) -> Recording {
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

    /// The held-out losses of changing weights in the first fold, with the order of the recording and
    /// with others; across epochs, if the order within them does not matter. The architecture is the
    /// best of that fold.
    pub(super) fn orders<E>(
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
}

/// The one of the least validation loss; one that broke down only if all did.
fn best_of<'a>(found: impl Iterator<Item = &'a Attempted>) -> Option<&'a Attempted> {
    let loss = |found: &Attempted| finite(found.validation.loss);
    found.min_by(|a, b| loss(a).total_cmp(&loss(b)))
}
