//! Fitting: Adam with a falling step size, stopped early, saved and resumed to the same bits.

#[cfg(feature = "files")]
mod checkpoint;

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::FitFloat;
use super::model::Model;
use super::objective::{Losses, Objective};
use super::parameters::Parameters;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The validation loss (the training loss, if there is none) no longer fell.
    Converged,
    /// All iterations were made.
    Iterations,
    /// The caller asked for it.
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
    /// What is fitted.
    pub objective: Objective<S>,
    settings: Settings,
    parameters: Parameters<S>,
    mean: Parameters<S>,
    square: Parameters<S>,
    best: Parameters<S>,
    schedule: Schedule,
    /// The losses before each iteration.
    pub losses: Vec<Losses>,
}

/// When steps become smaller, and when they end.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Schedule {
    best_loss: f64,
    best_iteration: usize,
    since: usize,
    halvings: usize,
}

impl<S: FitFloat> Fit<S> {
    /// A fit from a random start.
    pub fn new(objective: Objective<S>, settings: Settings) -> Self {
        let observations = &objective.observations;
        let (neurons, bins) = (observations.neurons, observations.bins);
        let stream = Stream::new("fit", settings.seed, 0).named("start");
        let architecture = objective.architecture();
        let start = Parameters::start(architecture, &observations.groups, neurons, bins, &stream);
        let zeros = Parameters::zeros(architecture, &observations.groups, neurons, bins);
        let schedule =
            Schedule { best_loss: f64::INFINITY, best_iteration: 0, since: 0, halvings: 0 };
        Fit {
            settings,
            mean: zeros.clone(),
            square: zeros,
            best: start.clone(),
            parameters: start,
            schedule,
            losses: Vec::new(),
            objective,
        }
    }

    /// The model of the best validation loss so far.
    pub fn model(&self) -> Model<S> {
        self.objective.assembly.model(&self.best)
    }

    /// Iterations made.
    pub fn iterations(&self) -> usize {
        self.losses.len()
    }

    /// The iteration before which the best loss was found.
    pub fn best_iteration(&self) -> usize {
        self.schedule.best_iteration
    }

    /// How it is fitted.
    pub fn settings(&self) -> &Settings {
        &self.settings
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
            if self.schedule.halvings >= HALVINGS {
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
        let (losses, gradient) = self.objective.gradient(&self.parameters, &stream);
        let judged = if losses.validation.is_nan() { losses.train } else { losses.validation };
        if !judged.is_finite() || !losses.train.is_finite() || !gradient.is_finite() {
            return Err(Diverged { iteration: iteration + 1 });
        }
        if self.schedule.judge(iteration, judged, self.settings.patience) {
            self.best = self.parameters.clone();
        }
        self.step(gradient);
        self.losses.push(losses);
        Ok(losses)
    }

    fn step(&mut self, mut gradient: Parameters<S>) {
        let steps = self.iterations() + 1;
        let adam =
            Adam { beta1: S::from_f64(0.9), beta2: S::from_f64(0.99), epsilon: S::from_f64(1e-10) };
        let warm = (steps as f64 / WARM_UP as f64).min(1.0);
        let halved = 0.5_f64.powi(self.schedule.halvings as i32);
        let rate = S::from_f64(-self.settings.learning_rate * warm * halved);
        let moments = self.mean.blocks_mut().into_iter().zip(self.square.blocks_mut());
        let blocks = self.parameters.blocks_mut().into_iter().zip(gradient.blocks_mut());
        for ((block, gradient), (mean, square)) in blocks.zip(moments) {
            adam.apply(steps as i32, gradient.data_mut(), mean.data_mut(), square.data_mut());
            block.add_scaled(rate, gradient);
        }
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
