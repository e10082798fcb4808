//! The file from which a fit goes on to the same bits as if it had never ended.
//!
//! An `.npz` archive: the choices of the model and of fitting as JSON in `meta`, `schedule`,
//! `losses` (iteration, 2), and each block four times, transposed: as it is (`now_`), the mean and
//! the mean square of its gradients (`mean_`, `square_`), and where the loss was best (`best_`).

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::FitFloat;
use super::architecture::Architecture;
use super::fitting::{Fit, Schedule, Settings, State};
use super::objective::{Losses, Objective};
use crate::file::{Element, Npz, ReadError, ReadErrorKind, WriteError, write_npz};
use crate::matrix::Matrix;

/// What a saved fit says of itself.
#[derive(Serialize, Deserialize)]
struct Meta {
    architecture: Architecture,
    settings: Settings,
}

impl<S: FitFloat + Element> Fit<S> {
    /// Writes everything that [`Fit::resume`] needs, whole or not at all.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        let architecture = self.objective.architecture();
        write(path.as_ref(), architecture, &self.settings, &self.state)
    }

    /// Takes up a fit where [`Fit::save`] left it. More iterations may be asked for than before.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is of another fit.
    pub fn resume(
        objective: Objective<S>,
        settings: Settings,
        path: impl AsRef<Path>,
    ) -> Result<Self, ReadError> {
        let mut fit = Fit::new(objective, settings);
        let architecture = fit.objective.architecture();
        read(path.as_ref(), architecture, &settings, &mut fit.state)?;
        Ok(fit)
    }
}

/// Writes the file, whole or not at all.
fn write<S: FitFloat + Element>(
    path: &Path,
    architecture: &Architecture,
    settings: &Settings,
    state: &State<S>,
) -> Result<(), WriteError> {
    let meta = Meta { architecture: architecture.clone(), settings: *settings };
    let meta = serde_json::to_vec(&meta).expect("plain data");
    write_npz(path, |npz| {
        npz.array("meta", &[meta.len()], &meta)?;
        let Schedule { best_loss, best_iteration, since, halvings } = state.schedule;
        let schedule = [best_iteration as f64, since as f64, halvings as f64, best_loss];
        npz.array("schedule", &[4], &schedule)?;
        let pairs = state.losses.iter().flat_map(|losses| [losses.train, losses.validation]);
        npz.array("losses", &[state.losses.len(), 2], &pairs.collect::<Vec<f64>>())?;
        for (prefix, blocks) in [
            ("now", &state.now),
            ("mean", &state.mean),
            ("square", &state.square),
            ("best", &state.best),
        ] {
            for (name, block) in blocks.iter() {
                // Column after column: the transpose in NumPy's order.
                let (rows, cols) = block.shape();
                let entries = block.dense().expect("blocks of a fit are dense").data();
                npz.array(&format!("{prefix}_{name}"), &[cols, rows], entries)?;
            }
        }
        Ok(())
    })
}

/// Reads the file into a state that has the right blocks. Arrays of other names are passed over.
fn read<S: FitFloat + Element>(
    path: &Path,
    architecture: &Architecture,
    settings: &Settings,
    state: &mut State<S>,
) -> Result<(), ReadError> {
    let mut npz = Npz::open(path)?;
    let other = |what: &str| {
        let found = format!("holds a fit with another {what}");
        let expected = "the one that is asked for".to_owned();
        ReadError::of_file(path, ReadErrorKind::Content { found, expected })
    };
    let bytes: Vec<u8> = npz.array("meta")?.data.iter().map(|&byte| byte as u8).collect();
    let meta: Meta = serde_json::from_slice(&bytes).map_err(|_| other("form"))?;
    if meta.architecture != *architecture {
        return Err(other("model"));
    }
    if (Settings { iterations: settings.iterations, ..meta.settings }) != *settings {
        return Err(other("step size, patience or seed"));
    }
    let schedule = npz.array("schedule")?;
    schedule.expect_shape(&[4])?;
    state.schedule = Schedule {
        best_loss: schedule.data[3],
        best_iteration: schedule.data[0] as usize,
        since: schedule.data[1] as usize,
        halvings: schedule.data[2] as usize,
    };
    let losses = npz.array("losses")?;
    state.losses = (losses.data.chunks_exact(2))
        .map(|pair| Losses { train: pair[0], validation: pair[1] })
        .collect();
    for (prefix, blocks) in [
        ("now", &mut state.now),
        ("mean", &mut state.mean),
        ("square", &mut state.square),
        ("best", &mut state.best),
    ] {
        for (name, (rows, cols)) in blocks.shapes() {
            let array = npz.array(&format!("{prefix}_{name}"))?;
            array.expect_shape(&[cols, rows])?;
            let data = array.data.iter().map(|&x| S::from_f64(x)).collect();
            *blocks = std::mem::take(blocks).with(&name, Matrix::from_columns(rows, cols, data));
        }
    }
    Ok(())
}
