//! The training loop.

use thiserror::Error;

use super::direction::Memory;
use super::{Direction, Optimizer, Point, Tampering, Trajectory};
use crate::matrix::{Factors, Matrix, RankRevealing};
use crate::network::{
    Adjoint, Gradient, Loss, Network, Parameters, Run, Trained, Weights, adjoint,
};
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
    /// P of the local rule W <- W - eta sum (P e_t) psi(h_t)^T, (N, d_out), which takes the place
    /// of the adjoint: random feedback without transport through time (Lillicrap et al. 2016).
    pub feedback: Option<Matrix<S>>,
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

/// What training passes by at each gradient; several for each step of a Runge-Kutta method.
pub struct Visit<'a, S> {
    /// The learning step, counted from 0.
    pub step: usize,
    /// The loss there.
    pub loss: S,
    /// The forward run.
    pub run: &'a Run<S>,
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

impl<'a, S: RankRevealing> Training<'a, S> {
    /// Trains W alone on all trials by back-propagation through time, and keeps all weights.
    pub fn new(
        network: Network<S>,
        task: &'a Task<S>,
        loss: &'a dyn Loss<S>,
        optimizer: Optimizer<S>,
    ) -> Self {
        Training {
            network,
            task,
            loss,
            optimizer,
            trained: Trained::W,
            batches: Batches::Full,
            feedback: None,
            storage: Storage::Slices,
            tampering: None,
        }
    }

    /// Trains for `steps` learning steps. Called inside a rayon pool, networks of some hundred
    /// neurons use two of its threads; the result has the same bits.
    ///
    /// # Errors
    ///
    /// If the loss, a gradient or the norm of the parameters becomes infinite or NaN.
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
        if self.storage == Storage::Slices {
            let parameters = &mut self.network.parameters;
            parameters.w = std::mem::replace(&mut parameters.w, empty()).into_dense();
        }
        let mut now = Point::start(self.network.parameters.clone());
        let mut trajectory = Trajectory::new(&now, self.storage, self.task.steps);
        let (mut memory, mut moments) = (None, Memory::default());
        let (mut order, mut run) = (Vec::new(), Run::empty());
        for k in 0..steps {
            let batch = self.batches.next(&mut order, self.task.trials);
            let mut losses = Vec::new();
            now = self.optimizer.step(k, &now, &mut memory, |at| {
                let (loss, honest, gradient) = self.gradient(at, batch.as_deref(), k, &mut run)?;
                watch(Visit { step: k, loss, run: &run });
                losses.push(loss);
                Ok(self.direction(at, honest, gradient, &mut moments, &mut trajectory))
            })?;
            if self.storage == Storage::Factors {
                now.parameters.w.compress();
            }
            // With entries so large that their squares overflow, no rank would be known.
            finite(now.parameters.norm_squared().is_finite(), k, "the norm of the parameters")?;
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
        let honest = match &self.feedback {
            None => adjoint(&network, run, &errors),
            Some(feedback) => broadcast(feedback, run, &errors),
        };
        let collect = |adjoint: Adjoint<S>| {
            Gradient::collect(&network, run, adjoint, &task.inputs, &errors, self.trained)
        };
        let tampered = self.tampering.map(|error| {
            let mut gradient = collect(error.adjoint(&network, run, &errors, &honest));
            error.spoil(&mut gradient, run.trials, self.trained);
            gradient
        });
        let mut gradient = collect(honest);
        if self.storage == Storage::Factors {
            gradient.compress();
        }
        let factors = gradient.w.clone();
        if let Some(tampered) = tampered {
            gradient = tampered;
        }
        if let Some(trials) = batch {
            gradient.parameters.h0 =
                scatter(&gradient.parameters.h0, trials, at.parameters.h0.cols());
        }
        finite(gradient.parameters.is_finite(), k, "the gradient")?;
        Ok((loss, factors, gradient.parameters))
    }

    /// Clips the gradient, makes it a direction and adds the weight decay. The trajectory keeps
    /// the factors of `honest`, which differs from `gradient` by a deliberate error alone.
    fn direction(
        &self,
        at: &Point<S>,
        honest: Factors<S>,
        mut gradient: Parameters<S>,
        moments: &mut Memory<S>,
        trajectory: &mut Trajectory<S>,
    ) -> Point<S> {
        let scale = self.clipping(&gradient);
        let mut point = match self.optimizer.direction {
            Direction::Gradient => {
                let rounding = honest.scale();
                let index = trajectory.add_gradient(honest, rounding);
                if self.storage == Storage::Slices {
                    // A velocity of factors would grow wider with every step.
                    gradient.w = gradient.w.into_dense();
                }
                let mut point = Point::gradient(gradient, index);
                point.scale(scale);
                point
            }
            ref direction => {
                gradient.scale(scale);
                let method = &self.optimizer.method;
                let (gathered, rounding) =
                    direction.gathered(moments, method, gradient, honest.scale());
                let norm = gathered.w.to_matrix().norm();
                let changed = direction.apply(moments, &at.parameters, gathered).only(self.trained);
                let identity = Matrix::scaled_identity(changed.neurons(), S::ONE);
                let factors = Factors::new(changed.w.to_matrix(), identity);
                let size = factors.left.norm();
                let rounding = direction.rounding(moments, rounding, norm, size);
                Point::gradient(changed, trajectory.add_direction(honest, factors, rounding))
            }
        };
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

    /// What the gradient is multiplied by to have at most the norm of the clip.
    fn clipping(&self, gradient: &Parameters<S>) -> S {
        let (Some(clip), Some(real)) = (self.optimizer.clip, S::ELEMENTARY) else { return S::ONE };
        let norm = (real.sqrt)(gradient.norm_squared());
        if (norm - clip).is_positive() {
            clip * norm.inverse().expect("a norm above the clip")
        } else {
            S::ONE
        }
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

/// P e_{t+1} in the place of the back-propagated error of step t.
fn broadcast<S: Scalar>(feedback: &Matrix<S>, run: &Run<S>, errors: &Matrix<S>) -> Adjoint<S> {
    let later = errors.columns(run.trials..errors.cols());
    Adjoint::without_transport(Matrix::product(feedback.view(), later), run.trials)
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
