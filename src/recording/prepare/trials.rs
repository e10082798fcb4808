//! Activity cut into trials, before anything is selected.

use crate::file::{ReadError, ReadErrorKind, Source};
use crate::recording::prepared::{Quantity, Recording};

/// Entries that a recording may have: 4 GiB of numbers.
pub(super) const MAX_ENTRIES: usize = 1 << 29;

/// Activity cut into trials.
pub(super) struct Trials {
    pub neurons: usize,
    pub neuron_names: Vec<String>,
    pub bin_seconds: f64,
    /// Where the first bin of each trial begins, in seconds after its event.
    pub start_seconds: f64,
    pub unit: Option<String>,
    /// All entries are integers from 0.
    pub counts: bool,
    pub trials: Vec<Trial>,
    /// What a column with a value for each trial may have, by its number of values.
    pub places: Places,
}

/// The activity of one trial.
#[derive(Clone, Default)]
pub(super) struct Trial {
    /// The entry of neuron n in bin t at `t * neurons + n`; NaN where nothing was recorded.
    pub activity: Vec<f64>,
    /// Which row of a column with a value for each trial is its own.
    pub row: usize,
    /// Which of the arrays of a list it comes from.
    pub part: usize,
    /// Which bins of its array it comes from; of a continuous array, for each that was recorded.
    pub bins: std::ops::Range<usize>,
    /// Of a trial that has an array of its own: the bins of that.
    pub length: usize,
}

/// Numbers of values that a column may have.
#[derive(Clone, Copy, Default)]
pub(super) struct Places {
    /// One for each trial.
    pub rows: usize,
    /// One for each array of a list.
    pub parts: usize,
    /// One for each bin of a continuous array.
    pub bins: usize,
}

/// The trials that stay, and what is known of them.
pub(super) struct Kept {
    pub numbers: Vec<i64>,
    pub conditions: Vec<usize>,
    pub condition_names: Vec<String>,
    pub epochs: Vec<usize>,
    pub epoch_names: Vec<String>,
}

impl Trials {
    /// Number of bins of a trial.
    pub fn bins(&self, trial: &Trial) -> usize {
        trial.activity.len() / self.neurons.max(1)
    }

    /// Puts NaN in the place of the marker of missing entries, and cuts off what is missing for
    /// all neurons at the end of a trial.
    pub fn mask(&mut self, marker: Option<f64>) {
        for trial in &mut self.trials {
            if let Some(marker) = marker {
                let missing = trial.activity.iter_mut().filter(|entry| **entry == marker);
                missing.for_each(|entry| *entry = f64::NAN);
            }
            let last = trial.activity.iter().rposition(|entry| !entry.is_nan());
            let bins = last.map_or(0, |last| last / self.neurons + 1);
            trial.activity.truncate(bins * self.neurons);
        }
    }

    /// True if all entries are integers from 0.
    pub fn hold_counts(&self) -> bool {
        let mut entries = self.trials.iter().flat_map(|trial| &trial.activity);
        entries.all(|entry| entry.is_nan() || (entry.fract() == 0.0 && *entry >= 0.0))
    }

    /// Makes one bin of `factor` bins: counts are added, other values averaged. A bin of which a
    /// part is missing is missing. Returns in how many trials the last bins were too few for one.
    pub fn widen(&mut self, factor: usize) -> usize {
        self.bin_seconds *= factor as f64;
        if factor == 1 {
            return 0;
        }
        let (neurons, counts) = (self.neurons, self.counts);
        let mut cut = 0;
        for trial in &mut self.trials {
            cut += usize::from(!trial.activity.len().is_multiple_of(factor * neurons.max(1)));
            let wide = trial.activity.chunks_exact(factor * neurons).flat_map(|bins| {
                (0..neurons).map(move |n| {
                    let sum: f64 = bins.iter().skip(n).step_by(neurons).sum();
                    if counts { sum } else { sum / factor as f64 }
                })
            });
            trial.activity = wide.collect();
        }
        cut
    }

    /// Takes the neurons at these places.
    pub fn take_neurons(&mut self, places: &[usize]) {
        for trial in &mut self.trials {
            let bins = trial.activity.chunks_exact(self.neurons.max(1));
            trial.activity = bins.flat_map(|bin| places.iter().map(|&place| bin[place])).collect();
        }
        self.neuron_names = places.iter().map(|&place| self.neuron_names[place].clone()).collect();
        self.neurons = places.len();
    }

    /// The recording of all trials, which has as many bins as the longest.
    ///
    /// # Errors
    ///
    /// If there is no trial, nothing was recorded, or it does not fit in memory.
    pub fn assemble(self, source: &Source, kept: Kept) -> Result<Recording, ReadError> {
        let bins = self.trials.iter().map(|trial| self.bins(trial)).max().unwrap_or(0);
        let size = bins * self.neurons;
        let refused = |found: &str, expected: &str| {
            let flaw =
                ReadErrorKind::Content { found: found.to_owned(), expected: expected.to_owned() };
            Err(ReadError::of_file(source.path(), flaw))
        };
        if self.trials.is_empty() {
            return refused("has no trial that was asked for", "at least one");
        }
        if size == 0 {
            return refused("holds only missing entries", "some numbers");
        }
        let mut activity: Vec<f64> = Vec::new();
        let total = size.saturating_mul(self.trials.len());
        if total > MAX_ENTRIES || activity.try_reserve_exact(total).is_err() {
            return refused("gives more entries than fit in memory", "a smaller selection");
        }
        for trial in &self.trials {
            activity.extend(&trial.activity);
            activity.extend(std::iter::repeat_n(f64::NAN, size - trial.activity.len()));
        }
        let quantity = if self.counts { Quantity::Counts } else { Quantity::Values };
        let unit = self.unit.unwrap_or_else(|| match quantity {
            Quantity::Counts => "counts per bin".to_owned(),
            Quantity::Values => "unknown".to_owned(),
        });
        Ok(Recording {
            neurons: self.neurons,
            bins,
            trials: self.trials.len(),
            activity,
            trial_numbers: kept.numbers,
            conditions: kept.conditions,
            condition_names: kept.condition_names,
            epochs: kept.epochs,
            epoch_names: kept.epoch_names,
            neuron_names: self.neuron_names,
            bin_seconds: self.bin_seconds,
            start_seconds: self.start_seconds,
            quantity,
            unit,
            behaviour: None,
            provenance: String::new(),
        })
    }
}

/// The numbers from `first` on, as names.
pub(super) fn numbered(count: usize, first: usize) -> Vec<String> {
    (first..first + count).map(|number| number.to_string()).collect()
}
