//! The file that holds a model.

use std::io;
use std::path::Path;

use serde_json::json;

use super::Saved;
use crate::file::{Element, WriteError, write_npz};
use crate::fit::FitFloat;
use crate::fit::misfit::Misfit;
use crate::fit::model::Model;
use crate::fit::parts::{Drive, Weights};
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
