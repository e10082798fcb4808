//! Fitting: Adam with a falling step size, stopped early.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::FitFloat;
use super::dynamics::Dynamics;
use super::misfit::Misfit;
use super::model::Model;
use super::objective::{Losses, Objective};
use super::observations::Role;
use super::saved::Saved;
use super::score::Score;
use super::summary::Summary;
use crate::blocks::{Blocks, Subset};
use crate::matrix::Matrix;
use crate::scalar::Stream;
use crate::training::Adam;

/// How a model is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Iterations at most.
    pub iterations: usize,
    /// The step size of Adam at the start. Parameters are of unit scale.
    pub learning_rate: f64,
    /// Iterations without a better validation loss after which the step size is halved.
    pub patience: usize,
    /// Names the random start.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { iterations: 1500, learning_rate: 0.03, patience: 40, seed: 1 }
    }
}

/// Halvings of the step size after which fitting stops.
const HALVINGS: usize = 4;

/// What counts as a better loss, relative to it.
const BETTER: f64 = 1e-4;

/// Iterations over which the step size rises to its start.
const WARM_UP: usize = 10;

/// Why fitting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The validation loss (the training loss, if there is none) no longer fell.
    #[serde(rename = "converged")]
    Converged,
    /// All iterations were made.
    #[serde(rename = "all iterations made")]
    Iterations,
    /// The caller asked for it.
    #[serde(rename = "interrupted")]
    Interrupted,
}

/// After an iteration.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Iterations made.
    pub iteration: usize,
    /// Before the step of this iteration.
    pub losses: Losses,
}

/// Fitting broke down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "fitting diverged in iteration {iteration}: the loss is not finite; try a smaller step size"
)]
pub struct Diverged {
    /// Counted from 1.
    pub iteration: usize,
}

/// A fit under way.
#[derive(Clone, Debug)]
pub struct Fit<S> {
    pub(super) objective: Objective<S>,
    pub(super) settings: Settings,
    trained: Subset,
    pub(super) state: State<S>,
}

/// What a fit carries from iteration to iteration.
#[derive(Clone, Debug)]
pub(super) struct State<S> {
    /// What is learned.
    pub now: Blocks<S>,
    /// The decaying mean of gradients.
    pub mean: Blocks<S>,
    /// The decaying mean of their squares.
    pub square: Blocks<S>,
    /// What had the best loss so far.
    pub best: Blocks<S>,
    pub schedule: Schedule,
    /// Before each iteration.
    pub losses: Vec<Losses>,
}

/// When steps become smaller, and when they end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Schedule {
    pub best_loss: f64,
    pub best_iteration: usize,
    /// Iterations since the loss fell clearly, or the step size was halved.
    pub since: usize,
    pub halvings: usize,
}

impl<S: FitFloat> Fit<S> {
    /// A fit from a random start.
    pub fn new(objective: Objective<S>, settings: Settings) -> Self {
        let start = objective.start(&Stream::new("fit", settings.seed, 0).named("start"));
        Self::with_blocks(objective, settings, start, Subset::All)
    }

    /// A fit that starts from these blocks and moves some of them alone.
    ///
    /// # Errors
    ///
    /// If they do not have the names and shapes of those that
    /// [`Objective::start`](Objective::start) makes.
    pub fn from_blocks(
        objective: Objective<S>,
        settings: Settings,
        start: Blocks<S>,
        trained: Subset,
    ) -> Result<Self, Misfit> {
        objective.model(&start)?;
        Ok(Self::with_blocks(objective, settings, start, trained))
    }

    fn with_blocks(
        objective: Objective<S>,
        settings: Settings,
        start: Blocks<S>,
        trained: Subset,
    ) -> Self {
        let zeros =
            start.replaced(|_, block| Matrix::zeros(block.shape().0, block.shape().1).into());
        let schedule =
            Schedule { best_loss: f64::INFINITY, best_iteration: 0, since: 0, halvings: 0 };
        let state = State {
            mean: zeros.clone(),
            square: zeros,
            best: start.clone(),
            now: start,
            schedule,
            losses: Vec::new(),
        };
        Fit { objective, settings, trained, state }
    }

    /// What is fitted.
    pub fn objective(&self) -> &Objective<S> {
        &self.objective
    }

    /// How it is fitted.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The model of the best validation loss so far.
    pub fn model(&self) -> Model<S> {
        self.objective.model(&self.state.best).expect("blocks of this objective")
    }

    /// The blocks of the best validation loss so far.
    pub fn blocks(&self) -> &Blocks<S> {
        &self.state.best
    }

    /// The recurrent weights W_k of a trial, numbered from 0, in the model of the best loss: (N, N),
    /// the rate of unit j drives unit i by entry (i, j). For many trials, ask one
    /// [`model`](Fit::model).
    ///
    /// # Panics
    ///
    /// If there is no such trial.
    pub fn weights(&self, trial: usize) -> Matrix<S> {
        self.model().weights(trial)
    }

    /// The state at the start of a trial, (N), in the model of the best loss.
    ///
    /// # Panics
    ///
    /// If there is no such trial.
    pub fn initial_state(&self, trial: usize) -> Vec<S> {
        self.model().initial_state(trial)
    }

    /// The dynamics of a trial without inputs in the model of the best loss: flow, Jacobian,
    /// eigenvalues.
    ///
    /// # Panics
    ///
    /// If there is no such trial.
    pub fn dynamics(&self, trial: usize) -> Dynamics {
        self.model().dynamics(self.objective.architecture(), trial)
    }

    /// How well the model of the best loss predicts the entries of a role.
    pub fn score(&self, role: Role) -> Score {
        self.objective.score(&self.model(), role)
    }

    /// The means or rates that the model of the best loss predicts of all entries, in the order of
    /// [`Recording::activity`](crate::recording::Recording::activity).
    pub fn predictions(&self) -> Vec<S> {
        self.objective.predictions(&self.model())
    }

    /// The losses before each iteration.
    pub fn losses(&self) -> &[Losses] {
        &self.state.losses
    }

    /// Iterations made.
    pub fn iterations(&self) -> usize {
        self.state.losses.len()
    }

    /// The iteration before which the best loss was found.
    pub fn best_iteration(&self) -> usize {
        self.state.schedule.best_iteration
    }

    /// The model of the best loss, to be written.
    pub fn saved(&self) -> Saved<S> {
        Saved {
            architecture: self.objective.architecture().clone(),
            model: self.model(),
            seed: self.settings.seed,
            iterations: self.best_iteration(),
        }
    }

    /// What is reported of a fit that ended in this way.
    pub fn summary(&self, outcome: Outcome) -> Summary {
        Summary::new(self, outcome)
    }

    /// Iterates until the loss no longer falls; `report` may break it off after any iteration.
    ///
    /// # Errors
    ///
    /// If the loss is no longer finite.
    pub fn run(
        &mut self,
        mut report: impl FnMut(&Self, Progress) -> ControlFlow<()>,
    ) -> Result<Outcome, Diverged> {
        loop {
            if self.state.schedule.halvings >= HALVINGS {
                return Ok(Outcome::Converged);
            }
            if self.iterations() >= self.settings.iterations {
                return Ok(Outcome::Iterations);
            }
            let losses = self.iterate()?;
            let progress = Progress { iteration: self.iterations(), losses };
            if report(self, progress).is_break() {
                return Ok(Outcome::Interrupted);
            }
        }
    }

    fn iterate(&mut self) -> Result<Losses, Diverged> {
        let iteration = self.iterations();
        let stream = Stream::new("fit noise", self.settings.seed, iteration as u64);
        let found = self.objective.gradient(&self.state.now, &stream);
        let (losses, gradient) = found.expect("blocks of this objective");
        let judged = if losses.validation.is_nan() { losses.train } else { losses.validation };
        if !judged.is_finite() || !losses.train.is_finite() || !gradient.is_finite() {
            return Err(Diverged { iteration: iteration + 1 });
        }
        if self.state.schedule.judge(iteration, judged, self.settings.patience) {
            self.state.best = self.state.now.clone();
        }
        self.step(gradient);
        self.state.losses.push(losses);
        Ok(losses)
    }

    fn step(&mut self, mut gradient: Blocks<S>) {
        if self.trained != Subset::All {
            gradient = gradient.only(&self.trained);
        }
        let steps = self.iterations() + 1;
        let adam =
            Adam { beta1: S::from_f64(0.9), beta2: S::from_f64(0.99), epsilon: S::from_f64(1e-10) };
        let warm = (steps as f64 / WARM_UP as f64).min(1.0);
        let halved = 0.5_f64.powi(self.state.schedule.halvings as i32);
        let moments = self.state.mean.iter_mut().zip(self.state.square.iter_mut());
        for (direction, (mean, square)) in gradient.iter_mut().zip(moments) {
            let [direction, mean, square] = [direction, mean, square].map(|b| b.entries_mut());
            adam.apply(steps as i32, direction, mean, square);
        }
        let rate = S::from_f64(-self.settings.learning_rate * warm * halved);
        self.state.now.add_scaled(rate, &gradient);
    }
}

impl Schedule {
    /// Takes note of a loss; true if it is the best so far.
    fn judge(&mut self, iteration: usize, loss: f64, patience: usize) -> bool {
        let better = loss < self.best_loss;
        let clearly = loss < self.best_loss - BETTER * self.best_loss.abs().min(f64::MAX);
        if better {
            (self.best_loss, self.best_iteration) = (loss, iteration);
        }
        self.since = if clearly { 0 } else { self.since + 1 };
        if self.since >= patience {
            (self.since, self.halvings) = (0, self.halvings + 1);
        }
        better
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::{Architecture, HeldOut, Observations, Simulation};

    #[test]
    fn blocks_that_are_not_trained_stay_as_they_are() {
        let simulation = Simulation { neurons: 6, trials: 12, bins: 6, ..Simulation::default() };
        let (recording, _) = simulation.recording(1).unwrap();
        let roles = HeldOut::default().roles(&recording, 0, &[], 1).unwrap();
        let observations = Observations::<f64>::new(&recording, &roles).unwrap();
        let objective = Objective::new(&Architecture::new(5, 2, 6), observations).unwrap();
        let start = objective.start(&Stream::new("subset", 0, 0));
        let trained = Subset::named(&start, ["initial", "whitened"]).unwrap();
        let settings = Settings { iterations: 5, ..Settings::default() };
        let mut fit =
            Fit::from_blocks(objective.clone(), settings, start.clone(), trained.clone()).unwrap();
        fit.run(|_, _| ControlFlow::Continue(())).unwrap();
        for ((name, before), (_, after)) in start.iter().zip(fit.blocks().iter()) {
            assert_eq!(before != after, trained.contains(name), "{name}");
        }
        let other = start.with("gain", Matrix::zeros(1, 1));
        let error = Fit::from_blocks(objective, settings, other, Subset::All).unwrap_err();
        assert_eq!(error.what, "list of blocks");
    }
}
