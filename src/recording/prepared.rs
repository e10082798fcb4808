//! A recording that is ready to be fitted, and the file that holds it.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::file::{Array, Npz, NpzWriter, ReadError, ReadErrorKind, WriteError, write_npz};

/// The version of the file format that is written and read.
const SCHEMA: u32 = 1;

/// The activity of some neurons in the bins of some trials.
///
/// [`prepare`](super::prepare()) makes one of a file and [`Recording::from_array`] of an array.
///
/// # The file
///
/// An `.npz` archive, which NumPy reads too. Arrays of other names are passed over.
///
/// | array       | shape                 | type    | what it holds                                |
/// |-------------|-----------------------|---------|----------------------------------------------|
/// | `activity`  | (neuron, bin, trial)  | float64 | NaN where nothing was recorded               |
/// | `trial`     | (trial)               | int64   | number of each trial in the session          |
/// | `condition` | (trial)               | int64   | index into `condition_names`                 |
/// | `epoch`     | (trial)               | int64   | index into `epoch_names`                     |
/// | `bin_s`     | ()                    | float64 | width of a bin in seconds                    |
/// | `start_s`   | ()                    | float64 | start of the first bin in seconds            |
/// | `meta`      | (bytes)               | uint8   | JSON, as UTF-8: names, unit, provenance      |
///
/// The JSON is an object with `schema` (1), `quantity` (`"counts"` or `"values"`), `unit`,
/// `neuron_names`, `condition_names`, `epoch_names` and `provenance`. In Python:
/// `json.loads(bytes(numpy.load("rec.npz")["meta"]))`.
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
    /// The source file, its SHA-256, and everything that was done to it.
    pub provenance: Value,
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

/// What the array `meta` holds.
#[derive(Serialize, Deserialize)]
struct Meta {
    schema: u32,
    quantity: Quantity,
    unit: String,
    neuron_names: Vec<String>,
    condition_names: Vec<String>,
    epoch_names: Vec<String>,
    provenance: Value,
}

/// What is wrong with a recording, and in which array of its file.
#[derive(Debug, Error)]
#[error("array {array:?} {kind}")]
pub struct InvalidRecording {
    /// As the arrays of the file are called: `activity`, `condition`.
    pub array: &'static str,
    /// What is wrong with it.
    pub kind: ReadErrorKind,
}

impl InvalidRecording {
    fn new(array: &'static str, found: impl Into<String>, expected: impl Into<String>) -> Self {
        let kind = ReadErrorKind::Content { found: found.into(), expected: expected.into() };
        InvalidRecording { array, kind }
    }
}

impl Recording {
    /// Reads a file as [`Recording::write`] and `rankproof prepare` write it.
    ///
    /// # Errors
    ///
    /// If it is not a readable archive, an array is missing or has another shape, or what they
    /// hold is no recording: see [`Recording::validate`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        let mut npz = Npz::open(path.as_ref())?;
        let activity = npz.array("activity")?;
        let [neurons, bins, trials] = activity.axes(["neuron", "bin", "trial"])?;
        let meta = read_meta(&npz.array("meta")?)?;
        let trial_numbers = integers(&npz.array("trial")?, trials)?;
        let mut indices = |name| -> Result<Vec<usize>, ReadError> {
            let array = npz.array(name)?;
            let index = |&number: &i64| usize::try_from(number).ok();
            let indices: Option<_> = integers(&array, trials)?.iter().map(index).collect();
            let refused = || {
                let found = "holds a negative number".to_owned();
                array.error(ReadErrorKind::Content {
                    found,
                    expected: "indices of names".to_owned(),
                })
            };
            indices.ok_or_else(refused)
        };
        let (conditions, epochs) = (indices("condition")?, indices("epoch")?);
        let mut single = |name| -> Result<f64, ReadError> {
            let array = npz.array(name)?;
            array.expect_shape(&[])?;
            Ok(array.data[0])
        };
        let (bin_seconds, start_seconds) = (single("bin_s")?, single("start_s")?);
        let recording = Recording {
            neurons,
            bins,
            trials,
            activity: trials_outermost(&activity.data, [neurons, bins, trials]),
            trial_numbers,
            conditions,
            condition_names: meta.condition_names,
            epochs,
            epoch_names: meta.epoch_names,
            neuron_names: meta.neuron_names,
            bin_seconds,
            start_seconds,
            quantity: meta.quantity,
            unit: meta.unit,
            provenance: meta.provenance,
        };
        match recording.validate() {
            Ok(()) => Ok(recording),
            Err(InvalidRecording { array, kind }) => {
                Err(ReadError::of_array(npz.path(), array, kind))
            }
        }
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    ///
    /// If it is not valid or the file cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        self.write_with(path, |_| Ok(()))
    }

    /// Writes the file with more arrays in it, as `more` adds them; [`Recording::read`] passes
    /// over them.
    ///
    /// # Errors
    ///
    /// If it is not valid, `more` fails or the file cannot be written.
    pub fn write_with(
        &self,
        path: impl AsRef<Path>,
        more: impl FnOnce(&mut NpzWriter<&mut BufWriter<File>>) -> io::Result<()>,
    ) -> Result<(), WriteError> {
        write_npz(path, |npz| {
            let invalid = |error| io::Error::new(io::ErrorKind::InvalidInput, error);
            self.validate().map_err(invalid)?;
            let signed = |indices: &[usize]| indices.iter().map(|&i| i as i64).collect::<Vec<_>>();
            let of_neuron = (0..self.neurons).map(|n| self.neuron(n));
            let shape = [self.neurons, self.bins, self.trials];
            npz.array_in_parts("activity", &shape, of_neuron)?;
            npz.array("trial", &[self.trials], &self.trial_numbers)?;
            npz.array("condition", &[self.trials], &signed(&self.conditions))?;
            npz.array("epoch", &[self.trials], &signed(&self.epochs))?;
            npz.array("bin_s", &[], &[self.bin_seconds])?;
            npz.array("start_s", &[], &[self.start_seconds])?;
            let meta = serde_json::to_vec(&self.meta()).map_err(io::Error::other)?;
            npz.array("meta", &[meta.len()], &meta)?;
            more(npz)
        })
    }

    /// Neuron n in bin t of trial k; NaN where nothing was recorded.
    ///
    /// # Panics
    ///
    /// If an index is out of range.
    pub fn activity_at(&self, n: usize, t: usize, k: usize) -> f64 {
        self.activity[self.place(n, t, k)]
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

    /// A SHA-256 of the activity and of the trials, in hexadecimal: the same for the same recording,
    /// whatever its file is called.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let sizes = [self.neurons, self.bins, self.trials];
        let indices = sizes.iter().chain(&self.conditions).chain(&self.epochs);
        indices.for_each(|&index| hash.update((index as u64).to_le_bytes()));
        self.trial_numbers.iter().for_each(|number| hash.update(number.to_le_bytes()));
        self.activity.iter().for_each(|entry| hash.update(entry.to_bits().to_le_bytes()));
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
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
            .or_else(|| self.trial_fault());
        fault.map_or(Ok(()), Err)
    }

    /// Of the sizes and the number of entries alone.
    pub(super) fn shape_fault(&self) -> Option<InvalidRecording> {
        let shape = [self.neurons, self.bins, self.trials];
        if shape.contains(&0) {
            let expected = "at least one neuron, bin and trial".to_owned();
            let kind = ReadErrorKind::Shape { shape: shape.to_vec(), expected };
            return Some(InvalidRecording { array: "activity", kind });
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

    /// The entries of one neuron, bins by trials.
    fn neuron(&self, n: usize) -> Vec<f64> {
        let places = (0..self.bins).flat_map(|t| (0..self.trials).map(move |k| (t, k)));
        places.map(|(t, k)| self.activity_at(n, t, k)).collect()
    }

    fn meta(&self) -> Meta {
        Meta {
            schema: SCHEMA,
            quantity: self.quantity,
            unit: self.unit.clone(),
            neuron_names: self.neuron_names.clone(),
            condition_names: self.condition_names.clone(),
            epoch_names: self.epoch_names.clone(),
            provenance: self.provenance.clone(),
        }
    }
}

fn read_meta(array: &Array) -> Result<Meta, ReadError> {
    let refused = |detail: String| {
        let expected = format!("the JSON of a recording of schema {SCHEMA}");
        array.error(ReadErrorKind::Content { found: detail, expected })
    };
    let byte = |&number: &f64| (number.fract() == 0.0).then_some(number).map(|byte| byte as u8);
    let bytes: Option<Vec<u8>> = array.data.iter().map(byte).collect();
    let bytes = bytes.ok_or_else(|| refused("does not hold bytes".to_owned()))?;
    let meta: Meta = serde_json::from_slice(&bytes)
        .map_err(|error| refused(format!("cannot be understood ({error})")))?;
    match meta.schema {
        SCHEMA => Ok(meta),
        other => Err(refused(format!("is of schema {other}"))),
    }
}

/// The numbers of an array of this length, which must be integers.
fn integers(array: &Array, length: usize) -> Result<Vec<i64>, ReadError> {
    array.expect_shape(&[length])?;
    let integer = |&number: &f64| (number.fract() == 0.0).then_some(number as i64);
    let integers: Option<_> = array.data.iter().map(integer).collect();
    integers.ok_or_else(|| {
        let found = "holds numbers with a fraction".to_owned();
        array.error(ReadErrorKind::Content { found, expected: "integers".to_owned() })
    })
}

/// Reorders (neuron, bin, trial) so that the neuron runs fastest and the trial slowest.
fn trials_outermost(data: &[f64], [neurons, bins, trials]: [usize; 3]) -> Vec<f64> {
    let mut ordered = Vec::with_capacity(data.len());
    for (k, t) in (0..trials).flat_map(|k| (0..bins).map(move |t| (k, t))) {
        ordered.extend((0..neurons).map(|n| data[(n * bins + t) * trials + k]));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
            provenance: json!({"source": {"file": "x.nwb"}}),
        }
    }

    fn refused(change: impl FnOnce(&mut Recording)) -> String {
        let mut changed = recording();
        change(&mut changed);
        changed.validate().expect_err("an invalid recording is refused").to_string()
    }

    /// Writes the recording with one array replaced, or left out, and reads it.
    fn read_with(name: &str, shape: &[usize], data: Option<&[f64]>) -> String {
        let folder = tempfile::tempdir().unwrap();
        let (whole, path) = (folder.path().join("whole.npz"), folder.path().join("rec.npz"));
        recording().write(&whole).unwrap();
        let mut npz = Npz::open(&whole).unwrap();
        let names = npz.names().to_vec();
        write_npz(&path, |out| {
            for other in names.iter().filter(|other| *other != name) {
                let array = npz.array(other).map_err(io::Error::other)?;
                out.array(other, &array.shape, &array.data)?;
            }
            data.map_or(Ok(()), |data| out.array(name, shape, data))
        })
        .unwrap();
        let message = Recording::read(&path).expect_err("is refused").to_string();
        let start = format!("{}: ", path.display());
        message.strip_prefix(&start).expect("the path comes first").to_owned()
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rec.npz");
        let truth = recording();
        truth.write_with(&path, |npz| npz.array("truth_rank", &[], &[3_i64])).unwrap();
        let read = Recording::read(&path).unwrap();
        let bits = |r: &Recording| r.activity.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&read), bits(&truth));
        assert_eq!((read.neurons, read.bins, read.trials), (2, 3, 4));
        assert_eq!(read.trial_numbers, truth.trial_numbers);
        assert_eq!((read.conditions, read.epochs), (truth.conditions, truth.epochs));
        assert_eq!(read.condition_names, truth.condition_names);
        assert_eq!((read.epoch_names, read.neuron_names), (truth.epoch_names, truth.neuron_names));
        assert_eq!((read.bin_seconds, read.start_seconds), (0.05, -0.1));
        assert_eq!((read.quantity, &*read.unit), (Quantity::Counts, "spikes"));
        assert_eq!(read.provenance, truth.provenance);
    }

    #[test]
    fn the_file_is_in_the_order_that_it_documents() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rec.npz");
        recording().write(&path).unwrap();
        let activity = Npz::open(&path).unwrap().array("activity").unwrap();
        assert_eq!(activity.shape, [2, 3, 4]);
        // Neuron 1, bin 2, trial 0 comes last of its trial in memory.
        assert_eq!(activity.data[(3 + 2) * 4], 5.0);
        assert_eq!(recording().activity_at(1, 2, 0), 5.0);
        assert_eq!(recording().activity_at(0, 1, 3), 20.0);
        assert_eq!(recording().missing_share(), 1.0 / 24.0);
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
        let folder = tempfile::tempdir().unwrap();
        values.quantity = Quantity::Counts;
        let error = values.write(folder.path().join("rec.npz")).unwrap_err().to_string();
        assert!(error.contains("cannot be written: array \"activity\" holds -0.5"), "{error}");
    }

    #[test]
    fn files_that_hold_something_else_are_refused() {
        let nothing = read_with("activity", &[], None);
        assert!(nothing.starts_with("has no array \"activity\", only"), "{nothing}");
        let flat = read_with("activity", &[24], Some(&[0.0; 24]));
        assert_eq!(
            flat,
            "array \"activity\" has 1 dimension (24,), expected 3 (neuron, bin, trial)"
        );
        let empty = read_with("activity", &[2, 0, 4], Some(&[]));
        assert!(empty.starts_with("array \"activity\" has shape (2, 0, 4), expected"), "{empty}");
        let short = read_with("trial", &[3], Some(&[1.0, 2.0, 3.0]));
        assert_eq!(short, "array \"trial\" has shape (3,), expected (4,)");
        let halves = read_with("trial", &[4], Some(&[1.0, 2.5, 3.0, 4.0]));
        assert!(halves.starts_with("array \"trial\" holds numbers with a fraction"), "{halves}");
        let negative = read_with("epoch", &[4], Some(&[0.0, -1.0, 0.0, 0.0]));
        assert!(negative.starts_with("array \"epoch\" holds a negative number"), "{negative}");
        let text = read_with("meta", &[2], Some(&[123.0, 124.0]));
        assert!(text.starts_with("array \"meta\" cannot be understood ("), "{text}");
        assert!(text.ends_with("expected the JSON of a recording of schema 1"), "{text}");
    }
}
