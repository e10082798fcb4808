//! Training of any architecture.

use std::collections::BTreeSet;

use super::descent::{Descent, Found, Source, factors};
use super::trainer::{Batches, Storage, TrainingError, finite, scatter};
use super::{Optimizer, Trajectory};
use crate::blocks::{Blocks, Subset};
use crate::matrix::RankRevealing;
use crate::network::Loss;
use crate::network::architecture::{Architecture, Workspace};
use crate::tape::TapeError;
use crate::task::Task;

/// One training run of an [`Architecture`], ready to start. The trajectory follows every block
/// that is trained; spectral directions act on each of them.
///
/// # Examples
///
/// ```
/// use rankproof::network::architecture::LowRank;
/// use rankproof::prelude::*;
/// use rankproof::training::ArchitectureTraining;
///
/// let stream = Stream::new("low rank", 1, 0);
/// let sizes = Dimensions { neurons: 12, d_in: 2, d_out: 1, steps: 3, trials: 4 };
/// let task: Task<Fp> = TaskFamily::RandomTargets.draw(&sizes, &stream).unwrap();
/// let dynamics = Dynamics::linear(Fp::ratio(1, 2));
/// let network = LowRank { dynamics, identity: Fp::ZERO };
/// let blocks = Blocks::random(&network.shapes(&sizes, 3), &stream.named("blocks"));
///
/// let optimizer = Optimizer::gradient_descent(Fp::ratio(1, 10));
/// let trained = Subset::named(&blocks, ["M", "N"]).unwrap();
/// let training = ArchitectureTraining {
///     trained,
///     ..ArchitectureTraining::new(&network, blocks, &task, &SquaredError, optimizer)
/// };
/// let trajectory = training.run(4)?;
/// let m = trajectory.of("M").unwrap();
/// assert_eq!(m.increment(4), m.combination(4).to_matrix().minus(&m.weights_at(0)));
/// # Ok::<(), rankproof::training::TrainingError>(())
/// ```
pub struct ArchitectureTraining<'a, S> {
    /// The forward pass.
    pub architecture: &'a dyn Architecture<S>,
    /// Its blocks at the start.
    pub blocks: Blocks<S>,
    /// Inputs and targets.
    pub task: &'a Task<S>,
    /// What is made small.
    pub loss: &'a dyn Loss<S>,
    /// How.
    pub optimizer: Optimizer<S>,
    /// Which blocks move.
    pub trained: Subset,
    /// The trials that enter each gradient.
    pub batches: Batches,
    /// Blocks that have a column for each trial, of which a batch takes those of its trials.
    pub per_trial: Subset,
    /// What is kept of the blocks.
    pub storage: Storage,
}

impl<'a, S: RankRevealing> ArchitectureTraining<'a, S> {
    /// Trains all blocks on all trials, and keeps them all.
    pub fn new(
        architecture: &'a dyn Architecture<S>,
        blocks: Blocks<S>,
        task: &'a Task<S>,
        loss: &'a dyn Loss<S>,
        optimizer: Optimizer<S>,
    ) -> Self {
        ArchitectureTraining {
            architecture,
            blocks,
            task,
            loss,
            optimizer,
            trained: Subset::All,
            batches: Batches::Full,
            per_trial: Subset::Named(BTreeSet::new()),
            storage: Storage::Slices,
        }
    }

    /// Trains for `steps` learning steps.
    ///
    /// # Errors
    ///
    /// If blocks, task and architecture do not fit together, or the loss, a gradient or the norm
    /// of the parameters becomes infinite or NaN.
    pub fn run(mut self, steps: usize) -> Result<Trajectory<S>, TrainingError> {
        let start = std::mem::take(&mut self.blocks);
        let names = start.iter().map(|(name, _)| name);
        let followed: Vec<String> =
            names.filter(|name| self.trained.contains(name)).map(String::from).collect();
        let descent = Descent {
            start,
            task: self.task,
            optimizer: &self.optimizer,
            trained: self.trained.clone(),
            followed: followed.clone(),
            batches: self.batches.clone(),
            storage: self.storage,
        };
        let workspace = Workspace::default();
        descent.run(steps, &mut Gradients { training: &self, followed, workspace })
    }
}

struct Gradients<'t, 'a, S> {
    training: &'t ArchitectureTraining<'a, S>,
    followed: Vec<String>,
    workspace: Workspace<S>,
}

impl<S: RankRevealing> Gradients<'_, '_, S> {
    /// The blocks with the columns of these trials in those that have one for each.
    fn columns_of(&self, trials: &[usize], at: &Blocks<S>) -> Result<Blocks<S>, TapeError> {
        let ArchitectureTraining { per_trial, task, .. } = self.training;
        for (name, block) in at.iter().filter(|(name, _)| per_trial.contains(name)) {
            if block.shape().1 != task.trials {
                let (columns, trials) = (block.shape().1, task.trials);
                let message =
                    format!("{name} has {columns} columns, expected {trials}, one for each trial");
                return Err(TapeError::Model(message));
            }
        }
        Ok(at.replaced(|name, block| match per_trial.contains(name) {
            true => block.select_columns(trials),
            false => block.clone(),
        }))
    }

    /// The gradient with the columns of these trials where they belong, and zero for the others.
    fn in_place(&self, trials: &[usize], gradient: &Blocks<S>) -> Blocks<S> {
        let ArchitectureTraining { per_trial, task, .. } = self.training;
        gradient.replaced(|name, block| match per_trial.contains(name) {
            true => scatter(&block.to_matrix(), trials, task.trials).into(),
            false => block.clone(),
        })
    }
}

impl<S: RankRevealing> Source<S> for Gradients<'_, '_, S> {
    fn gradient(
        &mut self,
        at: &Blocks<S>,
        trials: Option<&[usize]>,
        step: usize,
    ) -> Result<Found<S>, TrainingError> {
        let ArchitectureTraining { architecture, task, loss, trained, storage, .. } = self.training;
        let selected = trials.map(|trials| task.select(trials));
        let task = selected.as_ref().unwrap_or(task);
        let chosen = trials.map(|trials| self.columns_of(trials, at)).transpose()?;
        let place = chosen.as_ref().unwrap_or(at);
        let mut found = architecture.gradient(place, trained, task, *loss, &mut self.workspace)?;
        if let Some(trials) = trials {
            found.blocks = self.in_place(trials, &found.blocks);
        }
        finite(found.loss.is_finite(), step, "the loss")?;
        finite(found.blocks.is_finite(), step, "the gradient")?;
        if *storage == Storage::Factors {
            found.blocks.compress();
        }
        let mut honest = Vec::new();
        for name in &self.followed {
            honest.push(factors(found.blocks.get(name).map_err(TapeError::from)?));
        }
        Ok(Found { loss: found.loss, honest, applied: found.blocks })
    }

    fn loss(&mut self, at: &Blocks<S>) -> Result<S, TrainingError> {
        let ArchitectureTraining { architecture, task, loss, .. } = self.training;
        let nothing = Subset::Named(BTreeSet::new());
        Ok(architecture.gradient(at, &nothing, task, *loss, &mut self.workspace)?.loss)
    }
}
