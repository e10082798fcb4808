//! The file that holds a recording.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::prepared::{Behaviour, InvalidRecording, Quantity, Recording};
use crate::file::{Array, Npz, ReadError, ReadErrorKind, WriteError, write_npz};

/// The version of the file format that is written and read.
const SCHEMA: u32 = 1;

/// What the array `meta` holds.
#[derive(Serialize, Deserialize)]
struct Meta {
    schema: u32,
    quantity: Quantity,
    unit: String,
    neuron_names: Vec<String>,
    condition_names: Vec<String>,
    epoch_names: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    behaviour_names: Vec<String>,
    provenance: Value,
}

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
/// | `behaviour` | (dimension, bin, trial) | float64 | if there is any; NaN where not recorded    |
///
/// The JSON is an object with `schema` (1), `quantity` (`"counts"` or `"values"`), `unit`,
/// `neuron_names`, `condition_names`, `epoch_names`, `provenance` and, if there is any behaviour,
/// `behaviour_names`. In Python:
/// `json.loads(bytes(numpy.load("rec.npz")["meta"]))`.
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
        let behaviour = match meta.behaviour_names {
            names if names.is_empty() => None,
            names => Some(read_behaviour(&mut npz, names, [bins, trials])?),
        };
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
            behaviour,
            provenance: text_of(meta.provenance),
        };
        match recording.validate() {
            Ok(()) => Ok(recording),
            Err(InvalidRecording { array, found, expected }) => {
                let kind = ReadErrorKind::Content { found, expected };
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
        write_npz(path, |npz| {
            let invalid = |error| io::Error::new(io::ErrorKind::InvalidInput, error);
            self.validate().map_err(invalid)?;
            let signed = |indices: &[usize]| indices.iter().map(|&i| i as i64).collect::<Vec<_>>();
            let of_neuron = (0..self.neurons).map(|n| of_neuron(self, n));
            let shape = [self.neurons, self.bins, self.trials];
            npz.array_in_parts("activity", &shape, of_neuron)?;
            npz.array("trial", &[self.trials], &self.trial_numbers)?;
            npz.array("condition", &[self.trials], &signed(&self.conditions))?;
            npz.array("epoch", &[self.trials], &signed(&self.epochs))?;
            if let Some(Behaviour { names, values }) = &self.behaviour {
                let shape = [names.len(), self.bins, self.trials];
                npz.array("behaviour", &shape, &trials_innermost(values, shape))?;
            }
            npz.array("bin_s", &[], &[self.bin_seconds])?;
            npz.array("start_s", &[], &[self.start_seconds])?;
            let meta = serde_json::to_vec(&self.meta()).map_err(io::Error::other)?;
            npz.array("meta", &[meta.len()], &meta)
        })
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

    fn meta(&self) -> Meta {
        Meta {
            schema: SCHEMA,
            quantity: self.quantity,
            unit: self.unit.clone(),
            neuron_names: self.neuron_names.clone(),
            condition_names: self.condition_names.clone(),
            epoch_names: self.epoch_names.clone(),
            behaviour_names: self.behaviour.as_ref().map_or_else(Vec::new, |b| b.names.clone()),
            provenance: json_of(&self.provenance),
        }
    }
}

/// What stands for a provenance in the file: the JSON that it is, or else a string.
fn json_of(provenance: &str) -> Value {
    serde_json::from_str(provenance).unwrap_or_else(|_| provenance.into())
}

/// The inverse of [`json_of`].
fn text_of(provenance: Value) -> String {
    match provenance {
        Value::String(words) => words,
        json => json.to_string(),
    }
}

fn read_behaviour(
    npz: &mut Npz,
    names: Vec<String>,
    [bins, trials]: [usize; 2],
) -> Result<Behaviour, ReadError> {
    let array = npz.array("behaviour")?;
    let shape = [names.len(), bins, trials];
    array.expect_shape(&shape)?;
    Ok(Behaviour { values: trials_outermost(&array.data, shape), names })
}

/// The entries of one neuron, bins by trials.
fn of_neuron(recording: &Recording, n: usize) -> Vec<f64> {
    let places = (0..recording.bins).flat_map(|t| (0..recording.trials).map(move |k| (t, k)));
    places.map(|(t, k)| recording.activity_at(n, t, k)).collect()
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

/// The inverse of [`trials_outermost`].
fn trials_innermost(data: &[f64], [rows, bins, trials]: [usize; 3]) -> Vec<f64> {
    let places = (0..rows).flat_map(|d| (0..bins).map(move |t| (d, t)));
    let of = |(d, t)| (0..trials).map(move |k| data[(k * bins + t) * rows + d]);
    places.flat_map(of).collect()
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
    use super::*;

    fn recording() -> Recording {
        let mut activity: Vec<f64> = (0..24).map(f64::from).collect();
        activity[23] = f64::NAN;
        let recording = Recording::from_array(activity, [4, 3, 2], 0.05)
            .quantity(Quantity::Counts, "spikes")
            .trial_numbers([3, 4, 7, 9])
            .conditions(["left", "right", "right", "left"])
            .epochs(["before", "before", "after", "after"])
            .neuron_names(["a", "b"])
            .build()
            .unwrap();
        let provenance = r#"{"source":{"file":"x.nwb"}}"#.to_owned();
        Recording { start_seconds: -0.1, provenance, ..recording }
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
        truth.write(&path).unwrap();
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
    fn behaviour_is_written_and_read_and_files_without_are_read_as_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rec.npz");
        let names = ["x", "y"].map(str::to_owned).to_vec();
        let behaviour = Behaviour { names, values: (0..24).map(f64::from).collect() };
        let with = Recording { behaviour: Some(behaviour.clone()), ..recording() };
        with.write(&path).unwrap();
        assert_eq!(Recording::read(&path).unwrap().behaviour, Some(behaviour));
        let array = Npz::open(&path).unwrap().array("behaviour").unwrap();
        // Of x in bin 0: trials 0 to 3.
        assert_eq!(array.data[..4], [0.0, 6.0, 12.0, 18.0]);
        assert_eq!(with.fingerprint(), recording().fingerprint());
        recording().write(&path).unwrap();
        assert_eq!(Recording::read(&path).unwrap().behaviour, None);
        assert!(!Npz::open(&path).unwrap().names().contains(&"behaviour".to_owned()));
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
    }

    #[test]
    fn a_provenance_in_words_comes_back() {
        for words in ["the network of force_field", "", "3", "\"quoted\""] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("rec.npz");
            Recording { provenance: words.to_owned(), ..recording() }.write(&path).unwrap();
            let read = Recording::read(&path).unwrap().provenance;
            // Words that are JSON are taken for it.
            assert_eq!(json_of(&read), json_of(words));
        }
    }

    #[test]
    fn what_is_no_recording_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut invalid = recording();
        invalid.activity[7] = -0.5;
        let error = invalid.write(folder.path().join("rec.npz")).unwrap_err().to_string();
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
