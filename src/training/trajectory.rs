//! The weights of every learning step, as what they are made of.

use super::{Point, Storage};
use crate::matrix::{CLEAR_GAP, Factors, Matrix, Rank, RankRevealing};
use crate::network::{Parameters, Weights};
use crate::scalar::Scalar;
use crate::tensor::{Tensor, Term};

/// How many units of rounding a weight may be off, for each unit of what was summed up to it and
/// for each neuron and time step it went through. An allowance, not a bound: the largest error
/// outside the space of learning in 37 000 runs of invariant-subspace and low-rank-initialization
/// in f64 was 1.2 of these units, and the same in 7 000 runs in double-double.
pub const NOISE_FACTOR: f64 = 4.0;

/// A training run: W_0, the gradients in factors, and for every k the coefficients with which
///
/// ```text
/// W_k = c_k W_0 + sum_j coefficient_{k,j} G_j.
/// ```
#[derive(Clone, Debug)]
pub struct Trajectory<S> {
    /// The parameters at the start.
    pub start: Parameters<S>,
    /// The parameters at the end.
    pub end: Parameters<S>,
    /// Every gradient with respect to W that was computed, `Lambda Phi^T`, in order, or what the
    /// [`Direction`](super::Direction) made of it; several for each step of a Runge-Kutta method.
    pub gradients: Vec<Factors<S>>,
    /// What the rounding errors of each of `gradients` are proportional to.
    roundings: Vec<f64>,
    /// The gradients themselves, where `gradients` holds directions made of them.
    before_directions: Vec<Factors<S>>,
    /// The loss before each step, and at the end; K + 1 of them.
    pub losses: Vec<S>,
    /// For each k in 0..=K the coefficients on W_0, G_0, G_1, ...; missing ones are zero.
    traces: Vec<Vec<S>>,
    /// W_k, unless only factors are kept.
    slices: Option<Vec<Matrix<S>>>,
    time_steps: usize,
}

impl<S: Scalar> Trajectory<S> {
    pub(super) fn new(start: &Point<S>, storage: Storage, time_steps: usize) -> Self {
        Trajectory {
            start: start.parameters.clone(),
            end: start.parameters.clone(),
            gradients: Vec::new(),
            roundings: Vec::new(),
            before_directions: Vec::new(),
            losses: Vec::new(),
            traces: vec![start.trace.clone()],
            slices: (storage == Storage::Slices).then(|| vec![start.parameters.w.to_matrix()]),
            time_steps,
        }
    }

    /// Returns the number of the gradient.
    pub(super) fn add_gradient(&mut self, factors: Factors<S>, rounding: f64) -> usize {
        self.gradients.push(factors);
        self.roundings.push(rounding);
        self.gradients.len() - 1
    }

    /// The same for a direction, and the gradient behind it.
    pub(super) fn add_direction(
        &mut self,
        gradient: Factors<S>,
        direction: Factors<S>,
        rounding: f64,
    ) -> usize {
        self.before_directions.push(gradient);
        self.add_gradient(direction, rounding)
    }

    pub(super) fn record(&mut self, now: &Point<S>, loss_before: S) {
        self.losses.push(loss_before);
        self.traces.push(now.trace.clone());
        if let Some(slices) = &mut self.slices {
            slices.push(now.parameters.w.to_matrix());
        }
    }

    pub(super) fn finish(&mut self, end: Parameters<S>, loss: S) {
        self.end = end;
        self.losses.push(loss);
    }

    /// Number of learning steps, K.
    pub fn steps(&self) -> usize {
        self.traces.len() - 1
    }

    /// Number of neurons, N.
    pub fn neurons(&self) -> usize {
        self.start.neurons()
    }

    /// Gradient number `j` with respect to W, `Lambda Phi^T`, whatever the direction made of it.
    pub fn gradient(&self, j: usize) -> Option<&Factors<S>> {
        self.before_directions.get(j).or_else(|| self.gradients.get(j))
    }

    /// c_k: what is left of W_0 in W_k. One without weight decay.
    pub fn remainder(&self, k: usize) -> S {
        self.traces[k][0]
    }

    /// The coefficient of gradient `j` in W_k.
    pub fn coefficient(&self, k: usize, j: usize) -> S {
        self.traces[k].get(j + 1).copied().unwrap_or(S::ZERO)
    }

    /// W_k as the training computed it, (N, N); rebuilt from factors if only those were kept.
    pub fn slice(&self, k: usize) -> Matrix<S> {
        match &self.slices {
            Some(slices) => slices[k].clone(),
            None => self.rebuilt(k).to_matrix(),
        }
    }

    /// W_k from W_0, the coefficients and the gradients.
    pub fn rebuilt(&self, k: usize) -> Weights<S> {
        let mut weights = self.start.w.clone();
        weights.scale(self.remainder(k));
        for (j, gradient) in self.gradients.iter().enumerate() {
            let coefficient = self.coefficient(k, j);
            if coefficient != S::ZERO {
                weights.add_scaled(coefficient, &Weights::low_rank(S::ZERO, gradient.clone()));
            }
        }
        weights
    }

    /// D_k = W_k - c_k W_0, (N, N).
    pub fn increment(&self, k: usize) -> Matrix<S> {
        let mut increment = self.slice(k);
        increment.add_scaled(-self.remainder(k), &self.start.w.to_matrix());
        increment
    }

    /// The tensor of the increments D_1..D_K, N x N x K: from the weights as trained where they
    /// were kept, else from the factors of the gradients. D_0 = 0 adds nothing to any rank.
    pub fn increments(&self) -> Tensor<S> {
        let neurons = self.neurons();
        if self.slices.is_some() {
            let slices: Vec<_> = (1..=self.steps()).map(|k| self.increment(k)).collect();
            return Tensor::from_slices(neurons, neurons, &slices);
        }
        let terms = self.gradients.iter().enumerate().map(|(j, gradient)| Term {
            factors: gradient.clone(),
            weights: (1..=self.steps()).map(|k| self.coefficient(k, j)).collect(),
        });
        Tensor::new(neurons, neurons, self.steps(), terms.collect())
    }
}

impl<S: RankRevealing> Trajectory<S> {
    /// The rank of D_k.
    pub fn rank(&self, k: usize) -> Rank {
        S::rank(&self.increment(k), self.noise(k))
    }

    /// The largest singular value that rounding can have put into D_k; zero in a field.
    pub fn noise(&self, k: usize) -> f64 {
        let Some(real) = S::ELEMENTARY else { return 0.0 };
        let summed: f64 = (self.roundings.iter().enumerate())
            .map(|(j, rounding)| (real.to_f64)(self.coefficient(k, j)).abs() * rounding)
            .sum();
        let start = self.start.w.norm_squared();
        let size = (self.neurons() + self.time_steps) as f64;
        NOISE_FACTOR * S::ROUNDING * size * (summed + (real.to_f64)(start).sqrt())
    }

    /// The largest singular value that rounding can have put into [gradient](Trajectory::gradient)
    /// `j`; zero in a field, and where there is no such gradient.
    pub fn gradient_noise(&self, j: usize) -> f64 {
        let size = (self.neurons() + self.time_steps) as f64;
        NOISE_FACTOR * S::ROUNDING * size * self.gradient(j).map_or(0.0, Factors::scale)
    }

    /// The noise of the tensor of increments: that of D_1..D_K together.
    pub fn tensor_noise(&self) -> f64 {
        (1..=self.steps()).map(|k| self.noise(k).powi(2)).sum::<f64>().sqrt()
    }

    /// Whether D_1..D_K together stand clear of their noise, or there was nothing to learn: if
    /// not, their ranks are small for no other reason than the noise.
    pub fn is_clear(&self) -> bool {
        let norms = (1..=self.steps()).map(|k| self.increment(k).norm());
        let size = norms.fold(0.0, f64::hypot);
        let learned = self.gradients.iter().any(|gradient| gradient.to_matrix().norm() != 0.0);
        !learned || CLEAR_GAP * self.tensor_noise() <= size
    }
}
