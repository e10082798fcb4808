//! The states that a fit infers, as an array.

use super::FitFloat;
use super::fitting::Fit;
use crate::recording::Recording;

/// The states of the network at the bins of all trials.
///
/// The file is an `.npz` archive that NumPy reads too: `x` (unit, bin, trial), `trial` with the
/// number of each trial, and in `meta`, as JSON, the fingerprint of the recording that was fitted.
#[derive(Clone, Debug, PartialEq)]
pub struct States {
    /// Units of the network, N.
    pub units: usize,
    /// Bins of the longest trial, T.
    pub bins: usize,
    /// The state of unit i in bin t of trial k at `(k * bins + t) * units + i`.
    pub values: Vec<f64>,
    /// The number of each trial in the session.
    pub trial_numbers: Vec<i64>,
    /// The [fingerprint](Recording::fingerprint) of the recording.
    pub fingerprint: String,
}

impl States {
    /// Of the model of the best loss; `recording` is the one that was fitted.
    pub fn of<S: FitFloat>(fit: &Fit<S>, recording: &Recording) -> Self {
        let all = fit.objective().states(&fit.model());
        States {
            units: fit.objective().architecture().units,
            bins: recording.bins,
            values: all.iter().flat_map(|trial| trial.data()).map(|x| x.to_f64()).collect(),
            trial_numbers: recording.trial_numbers.clone(),
            fingerprint: recording.fingerprint(),
        }
    }

    /// The state (N) in a bin of a trial.
    ///
    /// # Panics
    ///
    /// If there is no such bin or trial.
    pub fn at(&self, bin: usize, trial: usize) -> &[f64] {
        let first = (trial * self.bins + bin) * self.units;
        &self.values[first..first + self.units]
    }
}

mod npz {
    use std::path::Path;

    use serde::{Deserialize, Serialize};

    use super::States;
    use crate::file::{Npz, ReadError, ReadErrorKind, WriteError, write_npz};

    #[derive(Serialize, Deserialize)]
    struct Meta {
        schema: u32,
        recording: String,
    }

    impl States {
        /// Writes the file, whole or not at all.
        ///
        /// # Errors
        ///
        /// If it cannot be written.
        pub fn write(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
            let meta = Meta { schema: 1, recording: self.fingerprint.clone() };
            let meta = serde_json::to_vec(&meta).expect("plain data");
            let trials = self.trial_numbers.len();
            write_npz(path, |npz| {
                npz.array("meta", &[meta.len()], &meta)?;
                npz.array("trial", &[trials], &self.trial_numbers)?;
                let of_unit = |i: usize| {
                    let places = (0..self.bins).flat_map(|t| (0..trials).map(move |k| (t, k)));
                    places.map(|(t, k)| self.at(t, k)[i] as f32).collect::<Vec<f32>>()
                };
                let shape = [self.units, self.bins, trials];
                npz.array_in_parts("x", &shape, (0..self.units).map(of_unit))
            })
        }

        /// Reads a file that [`States::write`] wrote.
        ///
        /// # Errors
        ///
        /// If it cannot be read, or holds something else.
        pub fn read(path: impl AsRef<Path>) -> Result<Self, ReadError> {
            let mut npz = Npz::open(path.as_ref())?;
            let array = npz.array("x")?;
            let [units, bins, trials] = array.axes(["unit", "bin", "trial"])?;
            let numbers = npz.array("trial")?;
            numbers.expect_shape(&[trials])?;
            let meta = npz.array("meta")?;
            let bytes: Vec<u8> = meta.data.iter().map(|&byte| byte as u8).collect();
            let read: Meta = serde_json::from_slice(&bytes).map_err(|error| {
                meta.error(ReadErrorKind::Content {
                    found: format!("cannot be understood ({error})"),
                    expected: "the JSON of the states of a fit".to_owned(),
                })
            })?;
            let mut values = Vec::with_capacity(array.data.len());
            for (k, t) in (0..trials).flat_map(|k| (0..bins).map(move |t| (k, t))) {
                values.extend((0..units).map(|i| array.data[(i * bins + t) * trials + k]));
            }
            Ok(States {
                units,
                bins,
                values,
                trial_numbers: numbers.data.iter().map(|&number| number as i64).collect(),
                fingerprint: read.recording,
            })
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_is_written_is_read() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("states.npz");
            let states = States {
                units: 2,
                bins: 3,
                values: (0..24).map(f64::from).collect(),
                trial_numbers: vec![4, 5, 9, 10],
                fingerprint: "abc".to_owned(),
            };
            states.write(&path).unwrap();
            assert_eq!(States::read(&path).unwrap(), states);
            assert_eq!(states.at(2, 1), [10.0, 11.0]);
            assert_eq!(Npz::open(&path).unwrap().array("x").unwrap().data[..2], [0.0, 6.0]);
        }
    }
}
