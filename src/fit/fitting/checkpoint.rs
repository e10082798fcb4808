//! A fit under way as a file.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Fit, Schedule, Settings};
use crate::file::{Element, Npz, ReadError, ReadErrorKind, WriteError, write_npz};
use crate::fit::FitFloat;
use crate::fit::architecture::Architecture;
use crate::fit::objective::{Losses, Objective};
use crate::fit::parameters::{BLOCKS, Parameters};
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
        let meta =
            Meta { architecture: self.objective.architecture().clone(), settings: self.settings };
        let meta = serde_json::to_vec(&meta).expect("plain data");
        write_npz(path, |npz| {
            npz.array("meta", &[meta.len()], &meta)?;
            let Schedule { best_loss, best_iteration, since, halvings } = self.schedule;
            let schedule = [best_iteration as f64, since as f64, halvings as f64, best_loss];
            npz.array("schedule", &[4], &schedule)?;
            let pairs = self.losses.iter().flat_map(|losses| [losses.train, losses.validation]);
            npz.array("losses", &[self.losses.len(), 2], &pairs.collect::<Vec<f64>>())?;
            for (prefix, parameters) in self.parts() {
                for (name, block) in BLOCKS.iter().zip(parameters.blocks()) {
                    // Column after column: the transpose in NumPy's order.
                    let shape = [block.cols(), block.rows()];
                    npz.array(&format!("{prefix}_{name}"), &shape, block.data())?;
                }
            }
            Ok(())
        })
    }

    fn parts(&self) -> [(&'static str, &Parameters<S>); 4] {
        [
            ("now", &self.parameters),
            ("mean", &self.mean),
            ("square", &self.square),
            ("best", &self.best),
        ]
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
        let mut npz = Npz::open(path.as_ref())?;
        let other = |what: &str| {
            let found = format!("holds a fit with another {what}");
            let expected = "the one that is asked for".to_owned();
            ReadError::of_file(path.as_ref(), ReadErrorKind::Content { found, expected })
        };
        let bytes: Vec<u8> = npz.array("meta")?.data.iter().map(|&byte| byte as u8).collect();
        let meta: Meta = serde_json::from_slice(&bytes).map_err(|_| other("form"))?;
        if meta.architecture != *objective.architecture() {
            return Err(other("model"));
        }
        if (Settings { iterations: settings.iterations, ..meta.settings }) != settings {
            return Err(other("step size, patience or seed"));
        }
        let mut fit = Fit::new(objective, settings);
        let schedule = npz.array("schedule")?;
        schedule.expect_shape(&[4])?;
        fit.schedule = Schedule {
            best_loss: schedule.data[3],
            best_iteration: schedule.data[0] as usize,
            since: schedule.data[1] as usize,
            halvings: schedule.data[2] as usize,
        };
        let losses = npz.array("losses")?;
        fit.losses = (losses.data.chunks_exact(2))
            .map(|pair| Losses { train: pair[0], validation: pair[1] })
            .collect();
        for (prefix, parameters) in [
            ("now", &mut fit.parameters),
            ("mean", &mut fit.mean),
            ("square", &mut fit.square),
            ("best", &mut fit.best),
        ] {
            for (name, block) in BLOCKS.iter().zip(parameters.blocks_mut()) {
                let array = npz.array(&format!("{prefix}_{name}"))?;
                array.expect_shape(&[block.cols(), block.rows()])?;
                let data = array.data.iter().map(|&x| S::from_f64(x)).collect();
                *block = Matrix::from_columns(block.rows(), block.cols(), data);
            }
        }
        Ok(fit)
    }
}
