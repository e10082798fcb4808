//! The file that holds a model.

use std::path::Path;

use serde_json::json;

use super::Saved;
use crate::file::{Element, WriteError, write_npz};
use crate::fit::FitFloat;
use crate::fit::model::Model;
use crate::matrix::Matrix;
use crate::recording::Recording;

impl<S: FitFloat + Element> Saved<S> {
    /// Writes the file, whole or not at all; with the predicted means or rates (neuron, bin,
    /// trial), if they are given in the order of [`Recording::activity`].
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write(
        &self,
        path: impl AsRef<Path>,
        recording: &Recording,
        predictions: Option<&[S]>,
    ) -> Result<(), WriteError> {
        let Model { columns, rows, factors, readout, offset, initial, drive, .. } = &self.model;
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
            if rows.cols() > 0 {
                let a = columns.columns(0..rank).data().to_vec();
                let a = Matrix::from_columns(units, rank, a);
                npz.array("a", &[units, rank], a.transposed().data())?;
                npz.array("b", &[units, rank], rows.transposed().data())?;
                npz.array("c", &[factors.cols(), rank], factors.data())?;
            } else {
                for (name, all) in [("a", &self.model.free_columns), ("b", &self.model.free_rows)] {
                    let of_trial = |k| {
                        let data = all.columns(k * rank..(k + 1) * rank).data().to_vec();
                        Matrix::from_columns(units, rank, data).transposed().data().to_vec()
                    };
                    let shape = [recording.trials, units, rank];
                    npz.array_in_parts(name, &shape, (0..recording.trials).map(of_trial))?;
                }
            }
            npz.array("D", &[readout.rows(), units], readout.transposed().data())?;
            npz.array("offset", &[offset.rows()], offset.data())?;
            npz.array("x0", &[initial.cols(), units], initial.data())?;
            npz.array("E", &[units, columns.cols()], columns.transposed().data())?;
            let conditions = recording.condition_names.len().max(1);
            let shape = [drive.cols() / conditions, conditions, drive.rows()];
            npz.array("drive", &shape, drive.data())?;
            npz.array("trial", &[recording.trials], &recording.trial_numbers)?;
            let condition: Vec<i64> = recording.conditions.iter().map(|&c| c as i64).collect();
            npz.array("condition", &[recording.trials], &condition)?;
            if let Some(predictions) = predictions {
                let Recording { neurons, bins, trials, .. } = *recording;
                let of_neuron = |n: usize| {
                    let place = move |place: usize| {
                        let (t, k) = (place / trials, place % trials);
                        predictions[(k * bins + t) * neurons + n]
                    };
                    (0..bins * trials).map(place).collect::<Vec<S>>()
                };
                let shape = [neurons, bins, trials];
                npz.array_in_parts("predictions", &shape, (0..neurons).map(of_neuron))?;
            }
            Ok(())
        })
    }
}
