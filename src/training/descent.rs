//! The training loop: it moves named blocks and knows no network.

use super::rule::{Sizes, State};
use super::trainer::{Batches, Storage, Training, TrainingError, Visit, finite};
use super::{Point, Trajectory, UpdateRule};
use crate::blocks::{Block, Blocks, Subset};
use crate::matrix::{Factors, Matrix, RankRevealing};
use crate::network::architecture::{LossGradient, Workspace};
use crate::scalar::Scalar;
use crate::tape::TapeError;

/// A training on its way.
pub(super) struct Descent<'t, 'a, S> {
    training: &'t Training<'a, S>,
    /// The names of the blocks that the trajectory follows.
    followed: Vec<String>,
    /// What is trained or followed.
    wanted: Subset,
    workspace: Workspace<S>,
    state: State<S>,
}

/// A loss and its gradient.
struct Found<S> {
    loss: S,
    /// The exact gradient of every followed block, in order.
    honest: Vec<Factors<S>>,
    /// What the rounding errors are proportional to of the gradients of the blocks that are trained
    /// and not followed.
    beside: f64,
    /// The gradient that is to be applied: another one where there is a deliberate error.
    applied: Blocks<S>,
}

impl<'t, 'a, S: RankRevealing> Descent<'t, 'a, S> {
    /// Of a training from these blocks.
    pub fn new(training: &'t Training<'a, S>, start: &Blocks<S>) -> Result<Self, TapeError> {
        let followed = training.followed.as_ref().unwrap_or(&training.trained);
        for subset in [&training.trained, followed, &training.per_trial] {
            subset.check(start)?;
        }
        let names = start.iter().map(|(name, _)| name);
        Ok(Descent {
            training,
            followed: names.filter(|name| followed.contains(name)).map(String::from).collect(),
            wanted: followed.union(&training.trained),
            workspace: Workspace::default(),
            state: State::default(),
        })
    }

    /// Descends for `steps` learning steps.
    pub fn run(
        mut self,
        mut start: Blocks<S>,
        steps: usize,
        watch: &mut dyn FnMut(Visit<'_, S>),
    ) -> Result<Trajectory<S>, TrainingError> {
        let Training { task, optimizer, trained, storage, .. } = self.training;
        if *storage == Storage::Slices {
            start = start.into_dense();
        }
        let mut now = Point::start(start);
        let mut trajectory = Trajectory::new(&now, &self.followed, trained, *storage, task.steps)
            .map_err(TapeError::from)?;
        let (mut memory, mut order) = (None, Vec::new());
        let mut batches: Batches = self.training.batches.clone();
        for k in 0..steps {
            let batch = batches.next(&mut order, task.trials);
            let mut losses = Vec::new();
            now = optimizer.step::<TrainingError>(k, &now, &mut memory, |at| {
                let found = self.gradient(&at.blocks, batch.as_deref(), k, watch)?;
                losses.push(found.loss);
                Ok(self.direction(at, found, &mut trajectory))
            })?;
            if *storage == Storage::Factors {
                now.blocks.compress();
            }
            // With entries so large that their squares overflow, no rank would be known.
            finite(now.blocks.norm_squared().is_finite(), k, "the norm of the parameters")?;
            trajectory.record(&now, losses[0]);
        }
        let last = self.loss(&now.blocks)?;
        trajectory.finish(now.blocks, last);
        Ok(trajectory)
    }

    /// The loss at a place and its gradient, on some of the trials or on all.
    fn gradient(
        &mut self,
        at: &Blocks<S>,
        trials: Option<&[usize]>,
        step: usize,
        watch: &mut dyn FnMut(Visit<'_, S>),
    ) -> Result<Found<S>, TrainingError> {
        let Training { architecture, task, loss, trained, applied, per_trial, .. } = self.training;
        let selected = trials.map(|trials| task.select(trials));
        let task = selected.as_ref().unwrap_or(task);
        let columns = trials.filter(|_| at.iter().any(|(name, _)| per_trial.contains(name)));
        let chosen = columns.map(|trials| self.columns_of(trials, at)).transpose()?;
        let place = chosen.as_ref().unwrap_or(at);
        let Descent { wanted, workspace, .. } = self;
        let found = architecture.gradient(place, wanted, task, *loss, workspace)?;
        let value = found.loss;
        finite(value.is_finite(), step, "the loss")?;
        let faulty = applied
            .as_ref()
            .map(|faulty| faulty.gradient(place, wanted, task, *loss, workspace))
            .transpose()?;
        watch(Visit { step, loss: value, blocks: place, task });

        let beside = self.rounding_beside(&found.blocks);
        let mut gradient = self.kept(place, columns, found, step)?;
        let mut honest = Vec::new();
        for name in &self.followed {
            honest.push(factors(gradient.get(name).map_err(TapeError::from)?));
        }
        if let Some(faulty) = faulty {
            gradient = self.kept(place, columns, faulty, step)?;
        }
        if self.followed.iter().any(|name| !trained.contains(name)) {
            gradient = gradient.only(trained);
        }
        Ok(Found { loss: value, honest, beside, applied: gradient })
    }

    /// What the rounding errors are proportional to in the blocks that are trained and not followed.
    fn rounding_beside(&self, gradient: &Blocks<S>) -> f64 {
        if S::ROUNDING == 0.0 {
            return 0.0;
        }
        let trained = &self.training.trained;
        let is_beside =
            |name: &str| trained.contains(name) && self.followed.iter().all(|own| own != name);
        let beside = gradient.iter().filter(|(name, _)| is_beside(name));
        beside.map(|(_, block)| scale(block)).fold(0.0, f64::hypot)
    }

    /// The gradient at a place as the descent goes on with it: by all columns, and stored as the
    /// blocks are.
    fn kept(
        &self,
        place: &Blocks<S>,
        trials: Option<&[usize]>,
        found: LossGradient<S>,
        step: usize,
    ) -> Result<Blocks<S>, TrainingError> {
        let mut gradient = found.blocks;
        if !gradient.is_alike(place) {
            let message = "a gradient of other names or shapes than the blocks";
            return Err(TapeError::Model(message.into()).into());
        }
        finite(gradient.is_finite(), step, "the gradient")?;
        if let Some(trials) = trials {
            gradient = self.in_place(trials, &gradient);
        }
        match self.training.storage {
            Storage::Factors => gradient.compress(),
            // Nobody asks for the factors of the others.
            Storage::Slices => {
                let is_followed = |name: &str| self.followed.iter().any(|own| own == name);
                gradient = gradient.into_dense_where(|name| !is_followed(name));
            }
        }
        Ok(gradient)
    }

    /// The loss on all trials.
    fn loss(&self, at: &Blocks<S>) -> Result<S, TapeError> {
        let Training { architecture, task, loss, .. } = self.training;
        let outputs = architecture.outputs(at, &task.inputs, task.trials)?;
        let [left, right] = [&outputs, &task.targets].map(|values| (values.rows(), values.cols()));
        if left != right {
            return Err(TapeError::Shapes { operation: "outputs and targets", left, right });
        }
        Ok(loss.value(&outputs, task))
    }

    /// The blocks with the columns of these trials in those that have one for each.
    fn columns_of(&self, trials: &[usize], at: &Blocks<S>) -> Result<Blocks<S>, TapeError> {
        let Training { per_trial, task, .. } = self.training;
        for (name, block) in at.iter().filter(|(name, _)| per_trial.contains(name)) {
            if block.shape().1 != task.trials {
                let (columns, trials) = (block.shape().1, task.trials);
                let message =
                    format!("{name} has {columns} columns, expected {trials}, one for each trial");
                return Err(TapeError::Model(message));
            }
        }
        Ok(at.replaced(|name, block| {
            if per_trial.contains(name) { block.select_columns(trials) } else { block.clone() }
        }))
    }

    /// The gradient with the columns of these trials where they belong, and zero for the others.
    fn in_place(&self, trials: &[usize], gradient: &Blocks<S>) -> Blocks<S> {
        let Training { per_trial, task, .. } = self.training;
        gradient.replaced(|name, block| {
            if per_trial.contains(name) {
                scatter(&block.to_matrix(), trials, task.trials).into()
            } else {
                block.clone()
            }
        })
    }

    /// Clips the gradient, makes it a direction and adds the weight decay. The trajectory keeps
    /// the honest factors.
    fn direction(
        &mut self,
        at: &Point<S>,
        found: Found<S>,
        trajectory: &mut Trajectory<S>,
    ) -> Point<S> {
        let Training { optimizer, trained, storage, .. } = self.training;
        let Found { honest, beside, applied: mut gradient, .. } = found;
        let scale = self.clipping(&gradient);
        let roundings = trajectory.roundings(at, &honest);
        trajectory.add_beside(beside);
        let mut point = match optimizer.rule {
            UpdateRule::Gradient => {
                let index = trajectory.add_gradient(honest, &roundings);
                if *storage == Storage::Slices {
                    // A velocity of factors would grow wider with every step.
                    gradient = gradient.into_dense();
                }
                let mut point = Point::gradient(gradient, index);
                point.scale(scale);
                point
            }
            ref rule => {
                gradient.scale(scale);
                let stepper = &optimizer.stepper;
                let state = &mut self.state;
                let (gathered, mut roundings) = rule.gathered(state, stepper, gradient, roundings);
                let norms: Vec<_> =
                    in_full(&self.followed, &gathered).map(|block| block.norm()).collect();
                let changed = rule.apply(state, &at.blocks, gathered, &self.followed);
                let changed = changed.only(trained);
                let directions: Vec<_> =
                    in_full(&self.followed, &changed).map(in_factors).collect();
                for (index, factors) in directions.iter().enumerate() {
                    let (rounding, norm) = (roundings[index], norms[index]);
                    let sizes = Sizes { rounding, norm, direction: factors.left.norm() };
                    roundings[index] = rule.rounding(state, index, sizes);
                }
                let index = trajectory.add_direction(honest, directions, &roundings);
                Point::gradient(changed, index)
            }
        };
        if optimizer.weight_decay != S::ZERO {
            let decayed = Point { blocks: at.blocks.only(trained), trace: at.trace.clone() };
            point.add_scaled(optimizer.weight_decay, &decayed);
        }
        point
    }

    /// What the gradient is multiplied by to have at most the norm of the clip.
    fn clipping(&self, gradient: &Blocks<S>) -> S {
        let (Some(clip), Some(real)) = (self.training.optimizer.clip, S::ELEMENTARY) else {
            return S::ONE;
        };
        let norm = (real.sqrt)(gradient.norm_squared());
        if (norm - clip).is_positive() {
            clip * norm.inverse().expect("a norm above the clip")
        } else {
            S::ONE
        }
    }
}

/// Blocks of these names, stored in full.
fn in_full<'a, S: Scalar>(
    names: &'a [String],
    blocks: &'a Blocks<S>,
) -> impl Iterator<Item = Matrix<S>> + 'a {
    names.iter().filter_map(|name| Some(blocks.get(name).ok()?.to_matrix()))
}

/// A matrix times the identity.
fn in_factors<S: Scalar>(matrix: Matrix<S>) -> Factors<S> {
    let identity = Matrix::scaled_identity(matrix.cols(), S::ONE);
    Factors::new(matrix, identity)
}

/// The factors of a gradient, whatever it is stored as.
fn factors<S: Scalar>(block: &Block<S>) -> Factors<S> {
    block.factors().cloned().unwrap_or_else(|| in_factors(block.to_matrix()))
}

/// What the rounding errors of a gradient are proportional to, whatever it is stored as.
fn scale<S: RankRevealing>(block: &Block<S>) -> f64 {
    block.factors().map_or_else(|| block.to_matrix().norm(), Factors::scale)
}

/// Columns of a batch in the places of its trials, zero elsewhere.
fn scatter<S: Scalar>(columns: &Matrix<S>, trials: &[usize], all: usize) -> Matrix<S> {
    let mut scattered = Matrix::zeros(columns.rows(), all);
    for (column, &trial) in trials.iter().enumerate() {
        scattered.column_mut(trial).copy_from_slice(columns.column(column));
    }
    scattered
}
