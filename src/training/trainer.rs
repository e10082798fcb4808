//! The training loop.

use thiserror::Error;

use super::{Optimizer, Point, Tampering, Trajectory};
use crate::matrix::{Factors, Matrix, RankRevealing};
use crate::network::{Gradient, Loss, Network, Parameters, Run, Trained, Weights, adjoint};
use crate::scalar::{Scalar, Stream};
use crate::task::Task;

/// One training run, ready to start.
pub struct Training<'a, S> {
    /// The network at the start.
    pub network: Network<S>,
    /// Inputs and targets.
    pub task: &'a Task<S>,
    /// What is made small.
    pub loss: &'a dyn Loss<S>,
    /// How.
    pub optimizer: Optimizer<S>,
    /// Which parameters move.
    pub trained: Trained,
    /// The trials that enter each gradient.
    pub batches: Batches,
    /// What is kept of the weights.
    pub storage: Storage,
    /// A deliberate error, for controls.
    pub tampering: Option<Tampering>,
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

/// What a trajectory keeps of the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// W_k for every k, (N, N) each, as the training itself computed them.
    Slices,
    /// Factors alone, compressed to their rank: for networks too large for an (N, N) matrix.
    Factors,
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
}

impl<S: RankRevealing> Training<'_, S> {
    /// Trains for `steps` learning steps.
    ///
    /// # Errors
    ///
    /// If the loss, a gradient or a parameter becomes infinite or NaN.
    pub fn run(self, steps: usize) -> Result<Trajectory<S>, TrainingError> {
        self.run_watched(steps, |_, _| {})
    }

    /// Trains, calling `watch` with the number of steps done and the loss before each.
    ///
    /// # Errors
    ///
    /// As [`run`](Training::run).
    pub fn run_watched(
        mut self,
        steps: usize,
        mut watch: impl FnMut(usize, S),
    ) -> Result<Trajectory<S>, TrainingError> {
        if self.storage == Storage::Slices {
            let parameters = &mut self.network.parameters;
            parameters.w = std::mem::replace(&mut parameters.w, empty()).into_dense();
        }
        let mut now = Point::start(self.network.parameters.clone());
        let mut trajectory = Trajectory::new(&now, self.storage, self.task.steps);
        let (mut memory, mut order, mut run) = (None, Vec::new(), Run::empty());
        for k in 0..steps {
            let batch = self.batches.next(&mut order, self.task.trials);
            let mut losses = Vec::new();
            now = self.optimizer.step(k, &now, &mut memory, |at| {
                let (loss, factors, gradient) = self.gradient(at, batch.as_deref(), k, &mut run)?;
                losses.push(loss);
                Ok(self.regularise(at, gradient, trajectory.add_gradient(factors)))
            })?;
            if self.storage == Storage::Factors {
                now.parameters.w.compress();
            }
            finite(now.parameters.is_finite(), k, "a parameter")?;
            watch(k, losses[0]);
            trajectory.record(&now, losses[0]);
        }
        run.repeat(&self.network_at(now.parameters.clone()), &self.task.inputs, self.task.trials);
        let last = self.loss.value(&run.outputs, self.task);
        trajectory.finish(now.parameters, last);
        Ok(trajectory)
    }

    fn network_at(&self, parameters: Parameters<S>) -> Network<S> {
        Network { dynamics: self.network.dynamics.clone(), parameters }
    }

    /// Loss, honest factors of the gradient, and the gradient that is to be applied.
    fn gradient(
        &self,
        at: &Point<S>,
        batch: Option<&[usize]>,
        k: usize,
        run: &mut Run<S>,
    ) -> Result<(S, Factors<S>, Parameters<S>), TrainingError> {
        let selected = batch.map(|trials| self.task.select(trials));
        let task = selected.as_ref().unwrap_or(self.task);
        let parameters = match batch {
            Some(trials) => at.parameters.select_trials(trials),
            None => at.parameters.clone(),
        };
        let network = self.network_at(parameters);
        run.repeat(&network, &task.inputs, task.trials);
        let loss = self.loss.value(&run.outputs, task);
        finite(loss.is_finite(), k, "the loss")?;
        let errors = self.loss.errors(&run.outputs, task);
        let honest = adjoint(&network, run, &errors);
        let mut gradient =
            Gradient::collect(&network, run, honest, &task.inputs, &errors, self.trained);
        if self.storage == Storage::Factors {
            gradient.compress();
        }
        let factors = gradient.w.clone();
        if let Some(tampering) = self.tampering {
            gradient = tampering.gradient(&network, run, &task.inputs, &errors, self.trained);
        }
        if let Some(trials) = batch {
            gradient.parameters.h0 =
                scatter(&gradient.parameters.h0, trials, at.parameters.h0.cols());
        }
        finite(gradient.parameters.is_finite(), k, "the gradient")?;
        Ok((loss, factors, gradient.parameters))
    }

    /// Clips the gradient and adds the weight decay.
    fn regularise(&self, at: &Point<S>, gradient: Parameters<S>, index: usize) -> Point<S> {
        let mut point = Point::gradient(gradient, index);
        if let (Some(clip), Some(real)) = (self.optimizer.clip, S::ELEMENTARY) {
            let norm = (real.sqrt)(point.parameters.norm_squared());
            if (real.is_positive)(norm - clip) {
                point.scale(clip * norm.inverse().expect("a norm above the clip"));
            }
        }
        if self.optimizer.weight_decay != S::ZERO {
            let mut decayed = at.clone();
            decayed.parameters = at.parameters.only(self.trained);
            if !self.trained.w {
                decayed.trace.fill(S::ZERO);
            }
            point.add_scaled(self.optimizer.weight_decay, &decayed);
        }
        point
    }
}

impl Batches {
    /// The trials of the next gradient; `None` for all. `order` holds what is left of the current
    /// permutation.
    fn next(&mut self, order: &mut Vec<usize>, trials: usize) -> Option<Vec<usize>> {
        let Batches::Mini { size, stream } = self else { return None };
        let size = (*size).clamp(1, trials);
        if order.len() < size {
            *order = stream.permutation(trials);
        }
        Some(order.split_off(order.len() - size))
    }
}

/// The gradient by the initial states of a batch, put in the places of its trials.
fn scatter<S: Scalar>(h0: &Matrix<S>, trials: &[usize], all: usize) -> Matrix<S> {
    if all == 1 {
        return h0.clone();
    }
    let mut scattered = Matrix::zeros(h0.rows(), all);
    for (column, &trial) in trials.iter().enumerate() {
        scattered.column_mut(trial).copy_from_slice(h0.column(column));
    }
    scattered
}

fn empty<S: Scalar>() -> Weights<S> {
    Weights::scaled_identity(0, S::ZERO)
}

fn finite(is_finite: bool, step: usize, what: &'static str) -> Result<(), TrainingError> {
    if is_finite { Ok(()) } else { Err(TrainingError::Diverged { step, what }) }
}
