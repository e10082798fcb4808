//! A recording that is ready to be fitted.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The activity of some neurons in the bins of some trials.
///
/// [`prepare`](super::prepare()) makes one of a file and [`Recording::from_array`] of an array.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Number of neurons.
    pub neurons: usize,
    /// Number of bins of the longest trial.
    pub bins: usize,
    /// Number of trials.
    pub trials: usize,
    /// Entry (n, t, k), neuron n in bin t of trial k, at [`place(n, t, k)`](Recording::place), which
    /// is `(k * bins + t) * neurons + n`; NaN where nothing was recorded.
    pub activity: Vec<f64>,
    /// The number of each trial in the session, strictly increasing: where trials were dropped,
    /// numbers are missing.
    pub trial_numbers: Vec<i64>,
    /// The condition of each trial, an index into `condition_names`.
    pub conditions: Vec<usize>,
    /// What the conditions are called.
    pub condition_names: Vec<String>,
    /// The epoch of each trial, an index into `epoch_names`.
    pub epochs: Vec<usize>,
    /// What the epochs are called.
    pub epoch_names: Vec<String>,
    /// What the neurons are called.
    pub neuron_names: Vec<String>,
    /// The width of a bin, in seconds.
    pub bin_seconds: f64,
    /// Where the first bin begins, in seconds after the event to which trials are aligned.
    pub start_seconds: f64,
    /// What the entries are.
    pub quantity: Quantity,
    /// The unit of the entries.
    pub unit: String,
    /// What the animal did meanwhile; none if nobody said.
    pub behaviour: Option<Behaviour>,
    /// Where it comes from and everything that was done to it, as JSON or in words.
    pub provenance: String,
}

/// Behaviour in the bins of a recording, such as the velocity of a hand.
#[derive(Clone, Debug, PartialEq)]
pub struct Behaviour {
    /// What its dimensions are called.
    pub names: Vec<String>,
    /// Dimension d in bin t of trial k at `(k * bins + t) * dimensions + d`; NaN where nothing was
    /// recorded.
    pub values: Vec<f64>,
}

impl Behaviour {
    /// All dimensions in a bin of a trial, in a recording of so many bins.
    #[cfg(any(test, feature = "files"))]
    pub(crate) fn in_bin(&self, bins: usize, bin: usize, trial: usize) -> &[f64] {
        let first = (trial * bins + bin) * self.names.len();
        &self.values[first..first + self.names.len()]
    }
}

/// What the entries of a recording are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quantity {
    /// Numbers of events in a bin, integers from 0: a Poisson likelihood is possible.
    Counts,
    /// Any real numbers.
    Values,
}

impl Quantity {
    /// `counts` or `values`.
    pub fn name(self) -> &'static str {
        match self {
            Quantity::Counts => "counts",
            Quantity::Values => "values",
        }
    }
}

/// What is wrong with a recording, and in which array of its file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("array {array:?} {found}, expected {expected}")]
pub struct InvalidRecording {
    /// As the arrays of the file are called: `activity`, `condition`.
    pub array: &'static str,
    /// What is there, as a predicate: `holds -1 at [0, 2, 5]`.
    pub found: String,
    /// What was expected.
    pub expected: String,
}

impl InvalidRecording {
    fn new(array: &'static str, found: impl Into<String>, expected: impl Into<String>) -> Self {
        InvalidRecording { array, found: found.into(), expected: expected.into() }
    }
}

impl Recording {
    /// Neuron n in bin t of trial k; NaN where nothing was recorded.
    ///
    /// # Panics
    ///
    /// If an index is out of range.
    pub fn activity_at(&self, n: usize, t: usize, k: usize) -> f64 {
        self.activity[self.place(n, t, k)]
    }

    /// Whether no neuron ever has two different values.
    pub fn is_constant(&self) -> bool {
        (0..self.neurons).all(|n| {
            let all = self.activity.iter().skip(n).step_by(self.neurons);
            let mut present = all.filter(|entry| !entry.is_nan());
            let first = present.next();
            present.all(|entry| Some(entry) == first)
        })
    }

    /// Where entry (n, t, k), neuron n in bin t of trial k, stands in `activity`.
    ///
    /// # Panics
    ///
    /// If there is no such neuron or bin.
    pub fn place(&self, n: usize, t: usize, k: usize) -> usize {
        assert!(n < self.neurons && t < self.bins, "neuron {n}, bin {t} exist");
        (k * self.bins + t) * self.neurons + n
    }

    /// Neuron, bin and trial of the entry that stands at this place in `activity`.
    pub fn entry_of(&self, place: usize) -> [usize; 3] {
        let (n, bin) = (place % self.neurons, place / self.neurons);
        [n, bin % self.bins, bin / self.bins]
    }

    /// How many different epochs its trials are of.
    pub fn epochs_used(&self) -> usize {
        self.epochs.iter().collect::<std::collections::BTreeSet<_>>().len()
    }

    /// The share of entries that are missing.
    pub fn missing_share(&self) -> f64 {
        let missing = self.activity.iter().filter(|entry| entry.is_nan()).count();
        missing as f64 / self.activity.len() as f64
    }

    /// Checks that all parts fit together.
    ///
    /// # Errors
    ///
    /// If there is no neuron, bin or trial, nothing was recorded, an entry is
    /// infinite or, of counts, no integer from 0, trial numbers do not increase, an index has no
    /// name, there is not one name for each neuron, or the bin width is not above 0.
    pub fn validate(&self) -> Result<(), InvalidRecording> {
        let fault = (self.shape_fault())
            .or_else(|| self.length_fault())
            .or_else(|| self.activity_fault())
            .or_else(|| self.behaviour_fault())
            .or_else(|| self.trial_fault());
        fault.map_or(Ok(()), Err)
    }

    /// Of the sizes and the number of entries alone.
    pub(super) fn shape_fault(&self) -> Option<InvalidRecording> {
        let shape = [self.neurons, self.bins, self.trials];
        if shape.contains(&0) {
            let [neurons, bins, trials] = shape;
            let found = format!("has shape ({neurons}, {bins}, {trials})");
            let expected = "at least one neuron, bin and trial";
            return Some(InvalidRecording::new("activity", found, expected));
        }
        let entries = shape.iter().try_fold(1_usize, |product, &n| product.checked_mul(n));
        if entries == Some(self.activity.len()) {
            return None;
        }
        let found = format!("holds {} numbers", self.activity.len());
        let expected = entries.map_or("too many".to_owned(), |entries| entries.to_string());
        Some(InvalidRecording::new("activity", found, expected))
    }

    fn length_fault(&self) -> Option<InvalidRecording> {
        let lengths = [
            ("trial", self.trial_numbers.len()),
            ("condition", self.conditions.len()),
            ("epoch", self.epochs.len()),
        ];
        if let Some((array, found)) = lengths.into_iter().find(|&(_, found)| found != self.trials) {
            let found = format!("holds {found} numbers");
            return Some(InvalidRecording::new(array, found, self.trials.to_string()));
        }
        if self.neuron_names.len() != self.neurons {
            let found = format!("names {} neurons", self.neuron_names.len());
            return Some(InvalidRecording::new("meta", found, format!("{} of them", self.neurons)));
        }
        None
    }

    fn activity_fault(&self) -> Option<InvalidRecording> {
        let fault = |index: usize, expected: &str| {
            let found = format!("holds {} at {:?}", self.activity[index], self.entry_of(index));
            Some(InvalidRecording::new("activity", found, expected))
        };
        if let Some(index) = self.activity.iter().position(|entry| entry.is_infinite()) {
            return fault(index, "finite numbers, and NaN where nothing was recorded");
        }
        if self.activity.iter().all(|entry| entry.is_nan()) {
            return Some(InvalidRecording::new("activity", "holds only NaN", "some numbers"));
        }
        let no_count = |entry: &f64| entry.fract() != 0.0 || *entry < 0.0;
        if self.quantity == Quantity::Counts
            && let Some(index) =
                self.activity.iter().position(|entry| !entry.is_nan() && no_count(entry))
        {
            return fault(index, "counts, integers from 0");
        }
        None
    }

    fn behaviour_fault(&self) -> Option<InvalidRecording> {
        let Behaviour { names, values } = self.behaviour.as_ref()?;
        let expected = names.len() * self.bins * self.trials;
        if names.is_empty() || values.len() != expected {
            let found = format!("holds {} numbers of {} dimensions", values.len(), names.len());
            return Some(InvalidRecording::new(
                "behaviour",
                found,
                format!("{expected}, and some"),
            ));
        }
        if values.iter().any(|value| value.is_infinite()) {
            let expected = "finite numbers, and NaN where nothing was recorded";
            return Some(InvalidRecording::new("behaviour", "holds an infinite number", expected));
        }
        None
    }

    fn trial_fault(&self) -> Option<InvalidRecording> {
        if let Some(pair) = self.trial_numbers.windows(2).find(|pair| pair[0] >= pair[1]) {
            let found = format!("holds {} after {}", pair[1], pair[0]);
            return Some(InvalidRecording::new("trial", found, "numbers that increase"));
        }
        for (array, indices, names) in [
            ("condition", &self.conditions, &self.condition_names),
            ("epoch", &self.epochs, &self.epoch_names),
        ] {
            if let Some(index) = indices.iter().find(|&&index| index >= names.len()) {
                let expected = format!("indices of the {} names", names.len());
                return Some(InvalidRecording::new(array, format!("holds {index}"), expected));
            }
            if names.iter().collect::<HashSet<_>>().len() != names.len() {
                let found = format!("gives the same name to two {array}s");
                return Some(InvalidRecording::new("meta", found, "different names"));
            }
        }
        if !(self.bin_seconds > 0.0 && self.bin_seconds.is_finite()) {
            let found = format!("is {}", self.bin_seconds);
            return Some(InvalidRecording::new("bin_s", found, "a positive number of seconds"));
        }
        if !self.start_seconds.is_finite() {
            let found = format!("is {}", self.start_seconds);
            return Some(InvalidRecording::new("start_s", found, "a number of seconds"));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording() -> Recording {
        let strings = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let mut activity: Vec<f64> = (0..24).map(f64::from).collect();
        activity[23] = f64::NAN;
        Recording {
            neurons: 2,
            bins: 3,
            trials: 4,
            activity,
            trial_numbers: vec![3, 4, 7, 9],
            conditions: vec![0, 1, 1, 0],
            condition_names: strings(&["left", "right"]),
            epochs: vec![0, 0, 1, 1],
            epoch_names: strings(&["before", "after"]),
            neuron_names: strings(&["a", "b"]),
            bin_seconds: 0.05,
            start_seconds: -0.1,
            quantity: Quantity::Counts,
            unit: "spikes".to_owned(),
            behaviour: None,
            provenance: String::new(),
        }
    }

    fn refused(change: impl FnOnce(&mut Recording)) -> String {
        let mut changed = recording();
        change(&mut changed);
        changed.validate().expect_err("an invalid recording is refused").to_string()
    }

    #[test]
    fn the_neuron_is_innermost_in_memory() {
        assert_eq!(recording().activity_at(1, 2, 0), 5.0);
        assert_eq!(recording().activity_at(0, 1, 3), 20.0);
        assert_eq!(recording().missing_share(), 1.0 / 24.0);
    }

    #[test]
    fn behaviour_has_the_bins_of_the_recording() {
        let of = |dimensions: usize, count: usize| {
            let names = (0..dimensions).map(|d| d.to_string()).collect();
            Some(Behaviour { names, values: (0..count).map(|i| i as f64).collect() })
        };
        let valid = Recording { behaviour: of(2, 24), ..recording() };
        assert!(valid.validate().is_ok());
        assert_eq!(valid.behaviour.unwrap().in_bin(3, 2, 1), [10.0, 11.0]);
        let message = refused(|r| r.behaviour = of(2, 23));
        assert!(message.contains("\"behaviour\" holds 23 numbers of 2 dimensions"), "{message}");
        assert!(refused(|r| r.behaviour = of(0, 0)).contains("of 0 dimensions"));
    }

    #[test]
    fn contradictions_are_refused() {
        assert_eq!(
            refused(|r| r.activity[7] = 0.5),
            "array \"activity\" holds 0.5 at [1, 0, 1], expected counts, integers from 0"
        );
        assert!(refused(|r| r.activity[7] = -1.0).contains("holds -1 at [1, 0, 1]"));
        assert!(refused(|r| r.activity[0] = f64::INFINITY).contains("holds inf at [0, 0, 0]"));
        assert!(refused(|r| r.activity.fill(f64::NAN)).contains("holds only NaN"));
        assert!(refused(|r| r.trials = 0).contains("at least one neuron, bin and trial"));
        assert!(refused(|r| r.bins = usize::MAX).contains("expected too many"));
        assert!(refused(|r| r.trial_numbers[1] = 3).contains("\"trial\" holds 3 after 3"));
        assert!(refused(|r| r.conditions[1] = 2).contains("\"condition\" holds 2, expected"));
        assert!(refused(|r| r.epochs[1] = 2).contains("\"epoch\" holds 2, expected"));
        assert!(refused(|r| r.epochs.truncate(1)).contains("\"epoch\" holds 1 numbers"));
        assert!(refused(|r| r.epoch_names[1] = "before".into()).contains("same name"));
        assert!(refused(|r| r.neuron_names.truncate(1)).contains("names 1 neurons"));
        assert!(refused(|r| r.bin_seconds = 0.0).contains("\"bin_s\" is 0, expected"));
        assert!(refused(|r| r.bin_seconds = f64::NAN).contains("\"bin_s\" is NaN, expected"));
        assert!(refused(|r| r.start_seconds = f64::NAN).contains("\"start_s\" is NaN"));
        let mut values = recording();
        values.activity[7] = -0.5;
        values.quantity = Quantity::Values;
        assert!(values.validate().is_ok());
    }
}
