//! Training of any architecture.

use thiserror::Error;

use super::descent::Descent;
use super::{Optimizer, Trajectory};
use crate::blocks::{Blocks, Subset};
use crate::matrix::RankRevealing;
use crate::network::architecture::Architecture;
use crate::network::{Loss, Network};
use crate::scalar::Stream;
use crate::tape::TapeError;
use crate::task::Task;

/// One training run, ready to start.
///
/// # Examples
///
/// ```
/// use rankproof::network::architecture::LowRank;
/// use rankproof::prelude::*;
///
/// let stream = Stream::new("low rank", 1, 0);
/// let sizes = Dimensions { neurons: 12, d_in: 2, d_out: 1, steps: 3, trials: 4 };
/// let task: Task<Fp> = TaskFamily::RandomTargets.draw(&sizes, &stream).unwrap();
/// let dynamics = Dynamics::linear(Fp::ratio(1, 2));
/// let architecture = LowRank { dynamics, identity: Fp::ZERO };
/// let blocks = Blocks::random(&architecture.shapes(&sizes, 3), &stream.named("blocks"));
/// let network = Network { architecture, blocks };
///
/// let optimizer = Optimizer::gradient_descent(Fp::ratio(1, 10));
/// let training = Training {
///     trained: Subset::only(["M", "N"]),
///     ..Training::new(&network, &task, &SquaredError, optimizer)
/// };
/// let trajectory = training.run(4)?;
/// let m = trajectory.of("M").unwrap();
/// assert_eq!(m.increment(4), m.combination(4).to_matrix().minus(&m.weights_at(0)));
/// # Ok::<(), rankproof::training::TrainingError>(())
/// ```
pub struct Training<'a, S> {
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
    /// Which blocks the trajectory follows, moving or not; those that are trained if this is
    /// `None`. [Spectral](super::UpdateRule::Spectral) rules act on the blocks that are
    /// followed, on each of them alone, and others move along their gradients.
    pub followed: Option<Subset>,
    /// The trials that enter each gradient.
    pub batches: Batches,
    /// Blocks that have a column for each trial, of which a batch takes those of its trials.
    pub per_trial: Subset,
    /// What is kept of the blocks.
    pub storage: Storage,
    /// An architecture of the same blocks whose gradients are applied, while the trajectory keeps
    /// the exact ones: a deliberate error, for controls, as [`Faulty`](super::Faulty).
    pub applied: Option<Box<dyn Architecture<S> + 'a>>,
}

/// The trials that enter each gradient.
#[derive(Clone, Debug)]
pub enum Batches {
    /// All of them.
    Full,
    /// Batches of `size` trials, cut from one random permutation after another.
    Mini {
        /// Trials in a batch.
        size: usize,
        /// Draws the permutations.
        stream: Box<Stream>,
    },
}

/// What a trajectory keeps of the blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Every followed block for every k, as the training itself computed them.
    Slices,
    /// Factors alone, compressed to their rank: for networks too large for an (N, N) matrix.
    Factors,
}

/// What training passes by at each gradient; several for each step of a Runge-Kutta method.
pub struct Visit<'a, S> {
    /// The learning step, counted from 0.
    pub step: usize,
    /// The loss there.
    pub loss: S,
    /// Where: the blocks, with the columns of the batch in those that have one for each trial.
    pub blocks: &'a Blocks<S>,
    /// The trials of the batch.
    pub task: &'a Task<S>,
}

/// Why a training run ended early.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrainingError {
    /// A NaN or an infinity.
    #[error("training diverged: {what} is not finite at learning step {step}")]
    Diverged {
        /// The learning step, counted from 0.
        step: usize,
        /// What is not finite.
        what: &'static str,
    },
    /// Blocks, task and architecture that do not fit together.
    #[error(transparent)]
    Architecture(#[from] TapeError),
}

impl<'a, S: RankRevealing> Training<'a, S> {
    /// Trains all blocks of a network on all trials, and keeps them all.
    pub fn new<A: Architecture<S>>(
        network: &'a Network<S, A>,
        task: &'a Task<S>,
        loss: &'a dyn Loss<S>,
        optimizer: Optimizer<S>,
    ) -> Self {
        Self::of(&network.architecture, network.blocks.clone(), task, loss, optimizer)
    }

    /// The same for an architecture and its blocks.
    pub fn of(
        architecture: &'a dyn Architecture<S>,
        blocks: Blocks<S>,
        task: &'a Task<S>,
        loss: &'a dyn Loss<S>,
        optimizer: Optimizer<S>,
    ) -> Self {
        Training {
            architecture,
            blocks,
            task,
            loss,
            optimizer,
            trained: Subset::All,
            followed: None,
            batches: Batches::Full,
            per_trial: Subset::none(),
            storage: Storage::Slices,
            applied: None,
        }
    }

    /// Trains for `steps` learning steps. Called inside a rayon pool, networks of some hundred
    /// neurons use two of its threads; the result has the same bits.
    ///
    /// # Errors
    ///
    /// If blocks, task and architecture do not fit together, a block is named that is not there,
    /// or the loss, a gradient or the norm of the parameters becomes infinite or NaN.
    pub fn run(self, steps: usize) -> Result<Trajectory<S>, TrainingError> {
        self.run_watched(steps, |_| {})
    }

    /// Trains, calling `watch` at each gradient.
    ///
    /// # Errors
    ///
    /// As [`run`](Training::run).
    pub fn run_watched(
        mut self,
        steps: usize,
        mut watch: impl FnMut(Visit<'_, S>),
    ) -> Result<Trajectory<S>, TrainingError> {
        let start = std::mem::take(&mut self.blocks);
        Descent::new(&self, &start)?.run(start, steps, &mut watch)
    }
}

impl Batches {
    /// The trials of the next gradient; `None` for all. `order` holds what is left of the current
    /// permutation.
    pub(super) fn next(&mut self, order: &mut Vec<usize>, trials: usize) -> Option<Vec<usize>> {
        let Batches::Mini { size, stream } = self else { return None };
        let size = (*size).clamp(1, trials);
        if order.len() < size {
            *order = stream.permutation(trials);
        }
        Some(order.split_off(order.len() - size))
    }
}

pub(super) fn finite(
    is_finite: bool,
    step: usize,
    what: &'static str,
) -> Result<(), TrainingError> {
    if is_finite { Ok(()) } else { Err(TrainingError::Diverged { step, what }) }
}
