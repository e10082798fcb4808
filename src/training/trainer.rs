//! Training of the recurrent network of the theorems.

use thiserror::Error;

use super::descent::{Descent, Found, Source};
use super::{GradientFault, Optimizer, Trajectory};
use crate::blocks::{Block, Blocks};
use crate::matrix::{Matrix, RankRevealing};
use crate::network::{Adjoint, Gradient, Loss, Network, Parameters, Run, Trained, adjoint};
use crate::scalar::{Scalar, Stream};
use crate::tape::TapeError;
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
    pub fault: Option<GradientFault>,
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
    /// Blocks, task and architecture that do not fit together.
    #[error(transparent)]
    Architecture(#[from] TapeError),
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
            fault: None,
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
        watch: impl FnMut(Visit<'_, S>),
    ) -> Result<Trajectory<S>, TrainingError> {
        let empty = Parameters::new(Block::zero(0, 0), Matrix::zeros(0, 0), Matrix::zeros(0, 0));
        let start = std::mem::replace(&mut self.network.parameters, empty);
        let descent = Descent {
            start: start.into_blocks(),
            task: self.task,
            optimizer: &self.optimizer,
            trained: self.trained.into(),
            followed: vec!["W".into()],
            batches: self.batches.clone(),
            storage: self.storage,
        };
        descent.run(steps, &mut Adjoints { training: &self, run: Run::empty(), watch })
    }

    fn network_at(&self, parameters: Parameters<S>) -> Network<S> {
        Network { dynamics: self.network.dynamics.clone(), parameters }
    }
}

/// The gradients of a training by its adjoint.
struct Adjoints<'t, 'a, S, W> {
    training: &'t Training<'a, S>,
    run: Run<S>,
    watch: W,
}

impl<S: RankRevealing, W: FnMut(Visit<'_, S>)> Source<S> for Adjoints<'_, '_, S, W> {
    fn gradient(
        &mut self,
        at: &Blocks<S>,
        trials: Option<&[usize]>,
        step: usize,
    ) -> Result<Found<S>, TrainingError> {
        let Adjoints { training, run, watch } = self;
        let selected = trials.map(|trials| training.task.select(trials));
        let task = selected.as_ref().unwrap_or(training.task);
        let at = Parameters::of(at);
        let states = at.h0.cols();
        let network = training.network_at(match trials {
            Some(trials) => at.select_trials(trials),
            None => at,
        });
        run.repeat(&network, &task.inputs, task.trials);
        let loss = training.loss.value(&run.outputs, task);
        finite(loss.is_finite(), step, "the loss")?;
        let errors = training.loss.errors(&run.outputs, task);
        let honest = match &training.feedback {
            None => adjoint(&network, run, &errors),
            Some(feedback) => broadcast(feedback, run, &errors),
        };
        let collect = |adjoint: Adjoint<S>| {
            Gradient::collect(&network, run, adjoint, &task.inputs, &errors, training.trained)
        };
        let tampered = training.fault.map(|error| {
            let mut gradient = collect(error.adjoint(&network, run, &errors, &honest));
            error.spoil(&mut gradient, run.trials, training.trained);
            gradient
        });
        let mut gradient = collect(honest);
        if training.storage == Storage::Factors {
            gradient.compress();
        }
        let honest = vec![gradient.w.clone()];
        if let Some(tampered) = tampered {
            gradient = tampered;
        }
        if let Some(trials) = trials {
            gradient.parameters.h0 = scatter(&gradient.parameters.h0, trials, states);
        }
        finite(gradient.parameters.is_finite(), step, "the gradient")?;
        watch(Visit { step, loss, run });
        Ok(Found { loss, honest, applied: gradient.parameters.into_blocks() })
    }

    fn loss(&mut self, at: &Blocks<S>) -> Result<S, TrainingError> {
        let Adjoints { training: Training { loss, task, .. }, run, .. } = self;
        run.repeat(&self.training.network_at(Parameters::of(at)), &task.inputs, task.trials);
        Ok(loss.value(&run.outputs, task))
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

/// P e_{t+1} in the place of the back-propagated error of step t.
fn broadcast<S: Scalar>(feedback: &Matrix<S>, run: &Run<S>, errors: &Matrix<S>) -> Adjoint<S> {
    let later = errors.columns(run.trials..errors.cols());
    Adjoint::without_transport(Matrix::product(feedback.view(), later), run.trials)
}

/// The gradient by the initial states of a batch, put in the places of its trials.
pub(super) fn scatter<S: Scalar>(h0: &Matrix<S>, trials: &[usize], all: usize) -> Matrix<S> {
    if all == 1 {
        return h0.clone();
    }
    let mut scattered = Matrix::zeros(h0.rows(), all);
    for (column, &trial) in trials.iter().enumerate() {
        scattered.column_mut(trial).copy_from_slice(h0.column(column));
    }
    scattered
}

pub(super) fn finite(
    is_finite: bool,
    step: usize,
    what: &'static str,
) -> Result<(), TrainingError> {
    if is_finite { Ok(()) } else { Err(TrainingError::Diverged { step, what }) }
}
