//! A fitted or a true model as a file.

use std::path::Path;

use serde_json::json;

use super::FitFloat;
use super::architecture::Architecture;
use super::model::Model;
use crate::file::{WriteError, write_npz};
use crate::matrix::Matrix;
use crate::recording::Recording;

/// A model, and where it comes from.
///
/// The file is an `.npz` archive that NumPy reads too: `a` (N, R) and `b` (N, R), of unit norm, and
/// `c` (trial, R), so that `W_k = a @ diag(c[k]) @ b.T`; of weights that are free in each trial `a`
/// and `b` are (trial, N, R) and there is no `c`. Further `D` (neuron, N), `offset` (neuron), `x0`
/// (group, N), `E` (N, column) and `drive` (step, condition, column) with the rest of the model,
/// `trial` and `condition` of the recording, and the choices of the model as JSON in `meta`.
#[derive(Clone, Debug)]
pub struct Saved<S> {
    /// What it is made of.
    pub architecture: Architecture,
    /// Its numbers.
    pub model: Model<S>,
    /// The seed of its random start, or of the simulation.
    pub seed: u64,
    /// The iteration that it is of; 0 of a true model.
    pub iterations: usize,
}

impl<S: FitFloat> Saved<S> {
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
