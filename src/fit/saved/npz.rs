//! The file that holds a model.

use std::io;
use std::path::Path;

use serde::Deserialize;
use serde_json::json;

use super::Saved;
use crate::file::{Array, Element, Npz, ReadError, ReadErrorKind, WriteError, write_npz};
use crate::fit::FitFloat;
use crate::fit::apply::{Learned, Origin, free};
use crate::fit::architecture::{Architecture, Bias, During, Recurrence};
use crate::fit::misfit::Misfit;
use crate::fit::model::Model;
use crate::fit::parts::{Columns, Drive, Readout, Weights};
use crate::matrix::Matrix;
use crate::recording::Recording;

impl<S: FitFloat + Element> Saved<S> {
    /// Writes the file, whole or not at all; with the predicted means or rates (neuron, bin,
    /// trial), if they are given in the order of [`Recording::activity`].
    ///
    /// # Errors
    ///
    /// If there is not one prediction for each entry, or the file cannot be written.
    pub fn write(
        &self,
        path: impl AsRef<Path>,
        recording: &Recording,
        predictions: Option<&[S]>,
    ) -> Result<(), WriteError> {
        let Model { columns, weights, readout, initial, drive, gains, .. } = &self.model;
        let (units, rank) = (self.architecture.units, self.architecture.rank);
        let meta = json!({
            "schema": 1,
            "architecture": self.architecture,
            "seed": self.seed,
            "iterations": self.iterations,
            "neuron_names": recording.neuron_names,
            "bin_s": recording.bin_seconds,
        });
        let meta = serde_json::to_vec(&meta).expect("plain data");
        write_npz(path, |npz| {
            npz.array("meta", &[meta.len()], &meta)?;
            match weights {
                Weights::Shared { rows, factors } => {
                    let a = columns.columns(0..rank).data().to_vec();
                    let a = Matrix::from_columns(units, rank, a);
                    npz.array("a", &[units, rank], a.transposed().data())?;
                    npz.array("b", &[units, rank], rows.transposed().data())?;
                    npz.array("c", &[factors.cols(), rank], factors.data())?;
                }
                Weights::Free { columns, rows, .. } => {
                    for (name, of_trials) in [("a", columns), ("b", rows)] {
                        let of_trial = |k| {
                            let data = of_trials.columns(k * rank..(k + 1) * rank).data().to_vec();
                            Matrix::from_columns(units, rank, data).transposed().data().to_vec()
                        };
                        let shape = [recording.trials, units, rank];
                        npz.array_in_parts(name, &shape, (0..recording.trials).map(of_trial))?;
                    }
                }
            }
            let d = &readout.matrix;
            npz.array("D", &[d.rows(), units], d.transposed().data())?;
            // Arrays that a model does not have are empty.
            let offset = readout.offset.as_ref().map_or(&[][..], |offset| offset.data());
            npz.array("offset", &[offset.len()], offset)?;
            let x0 = initial.as_ref().map_or(&[][..], |states| states.columns.data());
            npz.array("x0", &[x0.len() / units, units], x0)?;
            npz.array("E", &[units, columns.cols()], columns.transposed().data())?;
            let Drive { coefficients, conditions, deviations, .. } = drive;
            let shape = [coefficients.cols() / conditions, *conditions, coefficients.rows()];
            npz.array("drive", &shape, coefficients.data())?;
            npz.array("bias", &[drive.bias.rows()], drive.bias.data())?;
            if let Some(deviations) = deviations {
                npz.array("drive_of_trial", &[deviations.cols(), rank], deviations.data())?;
            }
            if let Some(logarithms) = gains {
                npz.array("log_gain", &[logarithms.len()], logarithms)?;
            }
            npz.array("trial", &[recording.trials], &recording.trial_numbers)?;
            let condition: Vec<i64> = recording.conditions.iter().map(|&c| c as i64).collect();
            npz.array("condition", &[recording.trials], &condition)?;
            if let Some(predictions) = predictions {
                let Recording { neurons, bins, trials, .. } = *recording;
                let found = predictions.len();
                let expected = format!("{}, one for each entry", recording.activity.len());
                let fits = found == recording.activity.len();
                Misfit::unless(fits, "number of predictions", found, expected)
                    .map_err(|misfit| io::Error::new(io::ErrorKind::InvalidInput, misfit))?;
                let of_neuron = |n: usize| {
                    let entries = (0..bins).flat_map(|t| (0..trials).map(move |k| (t, k)));
                    let entry = |(t, k)| predictions[recording.place(n, t, k)];
                    entries.map(entry).collect::<Vec<S>>()
                };
                let shape = [neurons, bins, trials];
                npz.array_in_parts("predictions", &shape, (0..neurons).map(of_neuron))?;
            }
            Ok(())
        })
    }
}

/// What a file says of its model.
#[derive(Deserialize)]
struct Meta {
    architecture: Architecture,
    /// Not in files of versions that did not write it, like the next.
    neuron_names: Option<Vec<String>>,
    bin_s: Option<f64>,
}

impl Learned {
    /// Reads what is learned of units and neurons from the file of a model.
    ///
    /// # Errors
    ///
    /// If it cannot be read, is of a model whose weights are free in each trial, or an older version
    /// wrote it without the bias of a model that has one beside inputs.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        let path = path.as_ref();
        let mut npz = Npz::open(path)?;
        let bytes = npz.array("meta")?;
        let text: Vec<u8> = bytes.data.iter().map(|&byte| byte as u8).collect();
        let content = |array: &Array, found: String, expected: &str| {
            array.error(ReadErrorKind::Content { found, expected: expected.to_owned() })
        };
        let expected = "the JSON of a fitted model";
        let meta: Meta = serde_json::from_slice(&text).map_err(|error| {
            content(&bytes, format!("cannot be understood ({error})"), expected)
        })?;
        let architecture = meta.architecture;
        if architecture.recurrence == Recurrence::Free {
            let Misfit { found, expected, .. } = free();
            let found = format!("holds {found}");
            return Err(ReadError::of_file(path, ReadErrorKind::Content { found, expected }));
        }
        let (units, rank) = (architecture.units, architecture.rank);
        let width = Columns::new(&architecture).count();
        let mut shaped = |name: &str, cols: usize| -> Result<Matrix<f64>, ReadError> {
            let array = npz.array(name)?;
            let [rows, found] = array.axes(["row", "column"])?;
            if found != cols {
                array.expect_shape(&[rows, cols])?;
            }
            array.expect_finite()?;
            // Rows run fastest in memory.
            Ok(Matrix::from_fn(rows, cols, |i, j| array.data[i * cols + j]))
        };
        let columns = shaped("E", width)?;
        let rows = shaped("b", rank)?;
        let factors = shaped("c", rank)?.transposed();
        let matrix = shaped("D", units)?;
        let offset = npz.array("offset")?;
        let offset = (!offset.data.is_empty())
            .then(|| Matrix::from_columns(offset.data.len(), 1, offset.data));
        let bias = if npz.names().iter().any(|name| name == "bias") {
            let array = npz.array("bias")?;
            array.expect_shape(&[width])?;
            array.data
        } else {
            bias_of_drive(&mut npz, &architecture, width)?
        };
        let origin = meta.neuron_names.zip(meta.bin_s);
        Ok(Learned {
            architecture,
            columns,
            rows,
            factors,
            readout: Readout { matrix, offset },
            bias: Matrix::from_columns(width, 1, bias),
            origin: origin.map(|(neuron_names, bin_seconds)| Origin { neuron_names, bin_seconds }),
        })
    }
}

/// The bias of a model whose file does not say it: all of the drive, if there are no inputs.
fn bias_of_drive(
    npz: &mut Npz,
    architecture: &Architecture,
    width: usize,
) -> Result<Vec<f64>, ReadError> {
    if architecture.bias == Bias::None {
        return Ok(vec![0.0; width]);
    }
    let drive = npz.array("drive")?;
    if architecture.inputs.during == During::Never && drive.data.len() >= width {
        return Ok(drive.data[..width].to_vec());
    }
    Err(drive.error(ReadErrorKind::Content {
        found: "has bias and inputs in one".to_owned(),
        expected: "an array \"bias\", which `rankproof fit` writes now".to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::{Course, Fit, Inputs, Settings, Simulation, Through};

    /// The file of a fit with a bias, less the arrays that older versions did not write.
    fn read(during: During, old: bool) -> (Result<Learned, ReadError>, Learned) {
        let simulation = Simulation { neurons: 5, trials: 12, bins: 6, ..Simulation::default() };
        let (recording, _) = simulation.recording(1).unwrap();
        let inputs = Inputs { during, course: Course::Constant, through: Through::Own(1) };
        let bias = Bias::Confined;
        let architecture = Architecture { inputs, bias, ..Architecture::new(4, 2, 6) };
        let settings = Settings { iterations: 5, ..Settings::default() };
        let fit: Fit<f64> = Fit::of(&recording, &architecture, settings).unwrap();
        let saved = fit.saved();
        let folder = tempfile::tempdir().unwrap();
        let (whole, path) = (folder.path().join("whole.npz"), folder.path().join("model.npz"));
        saved.write(&whole, &recording, None).unwrap();
        let mut npz = Npz::open(&whole).unwrap();
        write_npz(&path, |out| {
            for name in npz.names().to_vec() {
                let array = npz.array(&name).map_err(io::Error::other)?;
                match name.as_str() {
                    "bias" if old => {}
                    "meta" if old => {
                        let meta = json!({"schema": 1, "architecture": architecture});
                        let meta = serde_json::to_vec(&meta)?;
                        out.array("meta", &[meta.len()], &meta)?;
                    }
                    _ => out.array(&name, &array.shape, &array.data)?,
                }
            }
            Ok(())
        })
        .unwrap();
        let expected = Learned::new(&saved.model, &architecture, &recording).unwrap();
        (Learned::read(&path), expected)
    }

    #[test]
    fn what_is_learned_is_read_from_files_of_older_versions_too() {
        for (during, old) in
            [(During::Throughout, false), (During::Never, false), (During::Never, true)]
        {
            let (found, expected) = read(during, old);
            let found = found.unwrap();
            assert_eq!(found.architecture, expected.architecture);
            assert_eq!(found.columns, expected.columns);
            assert_eq!((found.rows, found.factors), (expected.rows, expected.factors));
            assert_eq!(found.readout.matrix, expected.readout.matrix);
            assert_eq!(found.readout.offset, expected.readout.offset);
            assert_eq!(found.bias, expected.bias);
            assert!(expected.bias.norm() > 0.0, "a bias was learned");
            assert_eq!(found.origin.is_some(), !old);
        }
        let refused = read(During::Throughout, true).0.unwrap_err().to_string();
        assert!(refused.contains("array \"drive\" has bias and inputs in one"), "{refused}");
    }
}
