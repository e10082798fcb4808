//! The training loop: it moves named blocks and knows no network.

use super::rule::{Sizes, State};
use super::trainer::{Batches, Storage, TrainingError, finite};
use super::{Optimizer, Point, Trajectory, UpdateRule};
use crate::blocks::{Block, Blocks, Subset};
use crate::matrix::{Factors, Matrix, RankRevealing};
use crate::scalar::Scalar;
use crate::tape::TapeError;
use crate::task::Task;

/// One descent, ready to start.
pub(super) struct Descent<'a, S> {
    /// The blocks at the start.
    pub start: Blocks<S>,
    /// Inputs and targets.
    pub task: &'a Task<S>,
    /// How to move.
    pub optimizer: &'a Optimizer<S>,
    /// Which blocks move.
    pub trained: Subset,
    /// The names of the blocks whose gradients are kept.
    pub followed: Vec<String>,
    /// The trials that enter each gradient.
    pub batches: Batches,
    /// What is kept of the followed blocks.
    pub storage: Storage,
}

/// Where losses and gradients come from.
pub(super) trait Source<S> {
    /// The loss at a place and its gradient, on some of the trials or on all.
    fn gradient(
        &mut self,
        at: &Blocks<S>,
        trials: Option<&[usize]>,
        step: usize,
    ) -> Result<Found<S>, TrainingError>;

    /// The loss on all trials.
    fn loss(&mut self, at: &Blocks<S>) -> Result<S, TrainingError>;
}

/// A loss and its gradient.
pub(super) struct Found<S> {
    /// The loss.
    pub loss: S,
    /// The exact gradient of every followed block, in order.
    pub honest: Vec<Factors<S>>,
    /// The gradient that is to be applied: another one where there is a deliberate error.
    pub applied: Blocks<S>,
}

impl<S: RankRevealing> Descent<'_, S> {
    /// Descends for `steps` learning steps.
    pub fn run(
        mut self,
        steps: usize,
        source: &mut dyn Source<S>,
    ) -> Result<Trajectory<S>, TrainingError> {
        let mut start = std::mem::take(&mut self.start);
        if self.storage == Storage::Slices {
            start = start.into_dense();
        }
        let mut now = Point::start(start);
        let mut trajectory = Trajectory::new(&now, &self.followed, self.storage, self.task.steps)
            .map_err(TapeError::from)?;
        let (mut memory, mut moments) = (None, State::default());
        let mut order = Vec::new();
        for k in 0..steps {
            let batch = self.batches.next(&mut order, self.task.trials);
            let mut losses = Vec::new();
            now = self.optimizer.step::<TrainingError>(k, &now, &mut memory, |at| {
                let found = source.gradient(&at.blocks, batch.as_deref(), k)?;
                losses.push(found.loss);
                Ok(self.direction(at, found, &mut moments, &mut trajectory))
            })?;
            if self.storage == Storage::Factors {
                now.blocks.compress();
            }
            // With entries so large that their squares overflow, no rank would be known.
            finite(now.blocks.norm_squared().is_finite(), k, "the norm of the parameters")?;
            trajectory.record(&now, losses[0]);
        }
        let last = source.loss(&now.blocks)?;
        trajectory.finish(now.blocks, last);
        Ok(trajectory)
    }

    /// Clips the gradient, makes it a direction and adds the weight decay. The trajectory keeps
    /// the honest factors.
    fn direction(
        &self,
        at: &Point<S>,
        found: Found<S>,
        moments: &mut State<S>,
        trajectory: &mut Trajectory<S>,
    ) -> Point<S> {
        let Found { honest, applied: mut gradient, .. } = found;
        let scale = self.clipping(&gradient);
        let roundings: Vec<f64> = honest.iter().map(Factors::scale).collect();
        let mut point = match self.optimizer.rule {
            UpdateRule::Gradient => {
                let index = trajectory.add_gradient(honest, &roundings);
                if self.storage == Storage::Slices {
                    // A velocity of factors would grow wider with every step.
                    gradient = gradient.into_dense();
                }
                let mut point = Point::gradient(gradient, index);
                point.scale(scale);
                point
            }
            ref rule => {
                gradient.scale(scale);
                let method = &self.optimizer.method;
                let (gathered, mut roundings) = rule.gathered(moments, method, gradient, roundings);
                let norms: Vec<_> = self.followed(&gathered).map(|block| block.norm()).collect();
                let changed = rule.apply(moments, &at.blocks, gathered, &self.followed);
                let changed = changed.only(&self.trained);
                let directions: Vec<_> = self.followed(&changed).map(in_factors).collect();
                for (index, factors) in directions.iter().enumerate() {
                    let (rounding, norm) = (roundings[index], norms[index]);
                    let sizes = Sizes { rounding, norm, direction: factors.left.norm() };
                    roundings[index] = rule.rounding(moments, index, sizes);
                }
                let index = trajectory.add_direction(honest, directions, &roundings);
                Point::gradient(changed, index)
            }
        };
        if self.optimizer.weight_decay != S::ZERO {
            let mut decayed = at.clone();
            decayed.blocks = at.blocks.only(&self.trained);
            if !self.followed.iter().any(|name| self.trained.contains(name)) {
                decayed.trace.fill(S::ZERO);
            }
            point.add_scaled(self.optimizer.weight_decay, &decayed);
        }
        point
    }

    /// The followed ones among blocks, in full.
    fn followed<'s>(&'s self, blocks: &'s Blocks<S>) -> impl Iterator<Item = Matrix<S>> + 's {
        self.followed.iter().filter_map(|name| Some(blocks.get(name).ok()?.to_matrix()))
    }

    /// What the gradient is multiplied by to have at most the norm of the clip.
    fn clipping(&self, gradient: &Blocks<S>) -> S {
        let (Some(clip), Some(real)) = (self.optimizer.clip, S::ELEMENTARY) else { return S::ONE };
        let norm = (real.sqrt)(gradient.norm_squared());
        if (norm - clip).is_positive() {
            clip * norm.inverse().expect("a norm above the clip")
        } else {
            S::ONE
        }
    }
}

/// A matrix times the identity.
fn in_factors<S: Scalar>(matrix: Matrix<S>) -> Factors<S> {
    let identity = Matrix::scaled_identity(matrix.cols(), S::ONE);
    Factors::new(matrix, identity)
}

/// The factors of a gradient, whatever it is stored as.
pub(super) fn factors<S: Scalar>(block: &Block<S>) -> Factors<S> {
    block.factors().cloned().unwrap_or_else(|| in_factors(block.to_matrix()))
}
