//! By how much the activity of single trials is multiplied.

use super::matrix;
use crate::blocks::{Blocks, Shapes};
use crate::fit::FitFloat;
use crate::fit::architecture::Architecture;
use crate::fit::observations::Groups;
use crate::matrix::Matrix;

/// What is learned of the gains of trials: their logarithms, whose prior is normal.
#[derive(Clone, Copy, Debug)]
pub struct GainPart {
    trials: usize,
    /// Their standard deviation; 0 if all gains are one.
    spread: f64,
}

impl GainPart {
    /// Of a model of these trials.
    pub fn new(architecture: &Architecture, groups: &Groups) -> Self {
        GainPart { trials: groups.trials(), spread: architecture.gain_spread }
    }

    /// `gains`, of unit scale, if they differ from one.
    pub fn shapes(&self) -> Shapes {
        let is_there = self.spread > 0.0;
        is_there.then(|| ("gains".into(), (self.trials, 1))).into_iter().collect()
    }

    /// Gains of one.
    pub fn start<S: FitFloat>(&self, blocks: Blocks<S>) -> Blocks<S> {
        self.shapes().into_iter().fold(blocks, |blocks, (name, (trials, one))| {
            blocks.with(&name, Matrix::zeros(trials, one))
        })
    }

    /// The logarithms of the gains of all trials; none if all gains are one.
    pub fn logarithms<S: FitFloat>(&self, blocks: &Blocks<S>) -> Option<Vec<S>> {
        let spread = S::from_f64(self.spread);
        let scaled = || matrix(blocks, "gains").data().iter().map(|&gain| spread * gain).collect();
        (self.spread > 0.0).then(scaled)
    }

    /// Appends the gradient by the block, given that by the logarithms of all trials.
    pub fn pull_back<S: FitFloat>(&self, logarithms: &[S], gradient: Blocks<S>) -> Blocks<S> {
        if self.spread == 0.0 {
            return gradient;
        }
        let spread = S::from_f64(self.spread);
        let scaled = logarithms.iter().map(|&slope| spread * slope).collect();
        gradient.with("gains", Matrix::from_columns(self.trials, 1, scaled))
    }
}
