//! The parameters of every learning step, as what they are made of.

use super::{Point, Storage};
use crate::blocks::{Block, Blocks, NoSuchBlock, Subset};
use crate::matrix::{CLEAR_GAP, Factors, Matrix, Rank, RankRevealing};
use crate::scalar::Scalar;
use crate::tensor::{Tensor, Term};

/// How many units of rounding a weight may be off, for each unit of what was summed up to it and
/// for each neuron and time step it went through. An allowance, not a bound: the largest error
/// outside the space of learning in 37 000 runs of invariant-subspace and low-rank-initialization
/// in f64 was 1.2 of these units, and the same in 7 000 runs in double-double.
pub const NOISE_FACTOR: f64 = 4.0;

/// A training run: the start, the gradients in factors, and for every k the coefficients with
/// which each followed block, W for example, is
///
/// ```text
/// W_k = c_k W_0 + sum_j coefficient_{k,j} G_j.
/// ```
///
/// The coefficients are the same for all blocks that are trained; one that is followed and not
/// trained stays as it is. Methods without a block are about the block W.
///
/// # Panics
///
/// Methods about W panic if no block of this name is followed; see [`of`](Trajectory::of).
#[derive(Clone, Debug)]
pub struct Trajectory<S> {
    /// The parameters at the start.
    pub start: Blocks<S>,
    /// The parameters at the end.
    pub end: Blocks<S>,
    /// The loss before each step, and at the end; K + 1 of them.
    pub losses: Vec<S>,
    /// For each k in 0..=K the coefficients on W_0, G_0, G_1, ... of what is trained; missing ones
    /// are zero.
    traces: Vec<Vec<S>>,
    /// How many gradients were computed.
    gradients: usize,
    /// What is kept of each block that is followed, by its name.
    followed: Vec<(String, Track<S>)>,
    /// What the rounding errors of each gradient are proportional to in the blocks that are trained
    /// and not followed.
    beside: Vec<f64>,
    time_steps: usize,
}

/// What is kept of a block.
#[derive(Clone, Debug)]
struct Track<S> {
    /// Whether it is trained.
    moves: bool,
    /// Gradients, or the directions made of them.
    gradients: Vec<Factors<S>>,
    /// What the rounding errors of each of them are proportional to.
    roundings: Vec<f64>,
    /// The gradients themselves, where `gradients` holds directions made of them.
    before_directions: Vec<Factors<S>>,
    /// The block after k steps, unless only factors are kept.
    slices: Option<Vec<Matrix<S>>>,
}

/// What the rounding errors of a sum of gradients are proportional to: of that with these coefficients,
/// the first of which is that of the start.
fn summed<S: Scalar>(trace: &[S], roundings: &[f64]) -> f64 {
    let terms = trace.iter().skip(1).zip(roundings);
    terms.map(|(coefficient, rounding)| coefficient.size() * rounding).sum()
}

/// What a training run did to one block, V of shape (m, n).
#[derive(Clone, Copy, Debug)]
pub struct BlockTrajectory<'a, S> {
    start: &'a Block<S>,
    track: &'a Track<S>,
    traces: &'a [Vec<S>],
    time_steps: usize,
}

impl<S: Scalar> Trajectory<S> {
    /// `followed` are names of blocks of the start.
    pub(super) fn new(
        start: &Point<S>,
        followed: &[String],
        trained: &Subset,
        storage: Storage,
        time_steps: usize,
    ) -> Result<Self, NoSuchBlock> {
        let track = |name: &String| {
            let block = start.blocks.get(name)?;
            let slices = (storage == Storage::Slices).then(|| vec![block.to_matrix()]);
            let [gradients, before_directions] = [Vec::new(), Vec::new()];
            let (moves, roundings) = (trained.contains(name), Vec::new());
            let track = Track { moves, gradients, roundings, before_directions, slices };
            Ok((name.clone(), track))
        };
        Ok(Trajectory {
            start: start.blocks.clone(),
            end: start.blocks.clone(),
            losses: Vec::new(),
            traces: vec![start.trace.clone()],
            gradients: 0,
            followed: followed.iter().map(track).collect::<Result<_, _>>()?,
            beside: Vec::new(),
            time_steps,
        })
    }

    /// What the rounding errors of the next gradient are proportional to in the blocks that are trained
    /// and not followed.
    pub(super) fn add_beside(&mut self, rounding: f64) {
        self.beside.push(rounding);
    }

    /// Adds the next gradient of every followed block and what the rounding errors of each are
    /// proportional to. Returns the number of the gradient.
    pub(super) fn add_gradient(&mut self, factors: Vec<Factors<S>>, roundings: &[f64]) -> usize {
        for (((_, track), factors), &rounding) in
            self.followed.iter_mut().zip(factors).zip(roundings)
        {
            track.gradients.push(factors);
            track.roundings.push(rounding);
        }
        self.gradients += 1;
        self.gradients - 1
    }

    /// The same for directions, and the gradients behind them.
    pub(super) fn add_direction(
        &mut self,
        gradients: Vec<Factors<S>>,
        directions: Vec<Factors<S>>,
        roundings: &[f64],
    ) -> usize {
        for ((_, track), gradient) in self.followed.iter_mut().zip(gradients) {
            track.before_directions.push(gradient);
        }
        self.add_gradient(directions, roundings)
    }

    pub(super) fn record(&mut self, now: &Point<S>, loss_before: S) {
        self.losses.push(loss_before);
        self.traces.push(now.trace.clone());
        for (name, track) in &mut self.followed {
            if let (Some(slices), Ok(block)) = (&mut track.slices, now.blocks.get(name)) {
                slices.push(block.to_matrix());
            }
        }
    }

    pub(super) fn finish(&mut self, end: Blocks<S>, loss: S) {
        self.end = end;
        self.losses.push(loss);
    }

    /// What became of the block of this name.
    ///
    /// # Errors
    ///
    /// If no block of this name is followed.
    pub fn of(&self, name: &str) -> Result<BlockTrajectory<'_, S>, NoSuchBlock> {
        let found = self.followed.iter().find(|(own, _)| own == name);
        let (_, track) = found.ok_or_else(|| NoSuchBlock {
            name: name.into(),
            known: self.followed.iter().map(|(own, _)| own.as_str()).collect::<Vec<_>>().join(", "),
        })?;
        let start = self.start.get(name)?;
        Ok(BlockTrajectory { start, track, traces: &self.traces, time_steps: self.time_steps })
    }

    /// The blocks that are followed and their names, in order.
    pub fn followed(&self) -> impl Iterator<Item = (&str, BlockTrajectory<'_, S>)> {
        self.followed.iter().filter_map(|(name, _)| Some((name.as_str(), self.of(name).ok()?)))
    }

    fn w(&self) -> BlockTrajectory<'_, S> {
        self.of("W").expect("a run that follows W")
    }

    /// Number of learning steps, K.
    pub fn steps(&self) -> usize {
        self.traces.len() - 1
    }

    /// Number of neurons, N.
    pub fn neurons(&self) -> usize {
        self.w().start.shape().0
    }

    /// c_k: what is left of W_0 in W_k. One without weight decay.
    pub fn remainder(&self, k: usize) -> S {
        self.w().remainder(k)
    }

    /// The coefficient of gradient `j` in W_k.
    pub fn coefficient(&self, k: usize, j: usize) -> S {
        self.w().coefficient(k, j)
    }

    /// [`BlockTrajectory::gradients`] of W.
    pub fn gradients(&self) -> &[Factors<S>] {
        self.w().gradients()
    }

    /// [`BlockTrajectory::gradient`] of W.
    pub fn gradient(&self, j: usize) -> Option<&Factors<S>> {
        self.w().gradient(j)
    }

    /// W_k; see [`BlockTrajectory::weights_at`].
    pub fn weights_at(&self, k: usize) -> Matrix<S> {
        self.w().weights_at(k)
    }

    /// [`BlockTrajectory::combination`] of W.
    pub fn combination(&self, k: usize) -> Block<S> {
        self.w().combination(k)
    }

    /// D_k = W_k - c_k W_0, (N, N).
    pub fn increment(&self, k: usize) -> Matrix<S> {
        self.w().increment(k)
    }

    /// D_1..D_K, N x N x K; see [`BlockTrajectory::increments`].
    pub fn increments(&self) -> Tensor<S> {
        self.w().increments()
    }
}

impl<S: RankRevealing> Trajectory<S> {
    /// What the rounding errors are proportional to of gradients at this place, of the followed blocks
    /// in order. To those of a gradient itself come those of all other blocks that learn, which are large
    /// in proportion where such a block started at zero and is what nearly cancels.
    pub(super) fn roundings(&self, at: &Point<S>, gradients: &[Factors<S>]) -> Vec<f64> {
        let of_track = |(_, track): &(String, Track<S>)| {
            if track.moves { summed(&at.trace, &track.roundings) } else { 0.0 }
        };
        let blocks: Vec<f64> = self.followed.iter().map(of_track).collect();
        let beside = summed(&at.trace, &self.beside);
        let of_gradient = |(own, gradient): (usize, &Factors<S>)| {
            let others = blocks.iter().enumerate().filter(|&(other, _)| other != own);
            others.map(|(_, rounding)| *rounding).fold(gradient.scale().hypot(beside), f64::hypot)
        };
        gradients.iter().enumerate().map(of_gradient).collect()
    }

    /// The rank of D_k.
    pub fn rank(&self, k: usize) -> Rank {
        self.w().rank(k)
    }

    /// [`BlockTrajectory::noise`] of W.
    pub fn noise(&self, k: usize) -> f64 {
        self.w().noise(k)
    }

    /// [`BlockTrajectory::gradient_noise`] of W.
    pub fn gradient_noise(&self, j: usize) -> f64 {
        self.w().gradient_noise(j)
    }

    /// [`BlockTrajectory::tensor_noise`] of W.
    pub fn tensor_noise(&self) -> f64 {
        self.w().tensor_noise()
    }

    /// [`BlockTrajectory::is_clear`] of W.
    pub fn is_clear(&self) -> bool {
        self.w().is_clear()
    }
}

impl<'a, S: Scalar> BlockTrajectory<'a, S> {
    /// Every gradient with respect to V that was computed, `Lambda Phi^T`, in order, or what the
    /// [`UpdateRule`](super::UpdateRule) made of it; several for each step of a Runge-Kutta method.
    pub fn gradients(&self) -> &'a [Factors<S>] {
        &self.track.gradients
    }

    /// Gradient number `j` with respect to V, `Lambda Phi^T`, whatever the direction made of it.
    pub fn gradient(&self, j: usize) -> Option<&'a Factors<S>> {
        self.track.before_directions.get(j).or_else(|| self.track.gradients.get(j))
    }

    /// Numbers of rows and of columns.
    pub fn shape(&self) -> (usize, usize) {
        self.start.shape()
    }

    /// Number of learning steps, K.
    pub fn steps(&self) -> usize {
        self.traces.len() - 1
    }

    /// c_k: what is left of V_0 in V_k. One without weight decay.
    pub fn remainder(&self, k: usize) -> S {
        if self.track.moves { self.traces[k][0] } else { S::ONE }
    }

    /// The coefficient of gradient `j` in V_k.
    pub fn coefficient(&self, k: usize, j: usize) -> S {
        let coefficient = self.traces[k].get(j + 1).copied().unwrap_or(S::ZERO);
        if self.track.moves { coefficient } else { S::ZERO }
    }

    /// V_k as the training computed it, (m, n); the combination if only factors were kept.
    pub fn weights_at(&self, k: usize) -> Matrix<S> {
        match &self.track.slices {
            Some(slices) => slices[k].clone(),
            None => self.combination(k).to_matrix(),
        }
    }

    /// c_k V_0 + sum_j coefficient_{k,j} G_j, which is V_k, in factors as far as its parts are.
    pub fn combination(&self, k: usize) -> Block<S> {
        let mut block = self.start.clone();
        block.scale(self.remainder(k));
        for (j, gradient) in self.track.gradients.iter().enumerate() {
            let coefficient = self.coefficient(k, j);
            if coefficient != S::ZERO {
                block.add_scaled(coefficient, &Block::from(gradient.clone()));
            }
        }
        block
    }

    /// D_k = V_k - c_k V_0, (m, n).
    pub fn increment(&self, k: usize) -> Matrix<S> {
        let mut increment = self.weights_at(k);
        increment.add_scaled(-self.remainder(k), &self.start.to_matrix());
        increment
    }

    /// The tensor of the increments D_1..D_K, m x n x K: from the blocks as trained where they
    /// were kept, else from the factors of the gradients. D_0 = 0 adds nothing to any rank.
    pub fn increments(&self) -> Tensor<S> {
        let (rows, cols) = self.start.shape();
        if self.track.slices.is_some() {
            let slices: Vec<_> = (1..=self.steps()).map(|k| self.increment(k)).collect();
            return Tensor::from_slices(rows, cols, &slices);
        }
        let terms = self.track.gradients.iter().enumerate().map(|(j, gradient)| Term {
            factors: gradient.clone(),
            weights: (1..=self.steps()).map(|k| self.coefficient(k, j)).collect(),
        });
        Tensor::new(rows, cols, self.steps(), terms.collect())
    }
}

impl<S: RankRevealing> BlockTrajectory<'_, S> {
    /// The rank of D_k.
    pub fn rank(&self, k: usize) -> Rank {
        S::rank(&self.increment(k), self.noise(k))
    }

    /// The largest singular value that rounding can have put into D_k; zero in a field.
    pub fn noise(&self, k: usize) -> f64 {
        let moved = if self.track.moves { &self.track.roundings[..] } else { &[] };
        let summed = summed(&self.traces[k], moved);
        let start = self.start.norm_squared().size().sqrt();
        NOISE_FACTOR * S::ROUNDING * self.size() * (summed + start)
    }

    /// The largest singular value that rounding can have put into [gradient] `j`; zero in a field,
    /// and where there is no such gradient.
    ///
    /// [gradient]: BlockTrajectory::gradient
    pub fn gradient_noise(&self, j: usize) -> f64 {
        let scale = self.gradient(j).map_or(0.0, Factors::scale);
        NOISE_FACTOR * S::ROUNDING * self.size() * scale
    }

    /// Rows or columns, whichever are more, and time steps.
    fn size(&self) -> f64 {
        let (rows, cols) = self.start.shape();
        (rows.max(cols) + self.time_steps) as f64
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
        let learned = self.gradients().iter().any(|gradient| gradient.to_matrix().norm() != 0.0);
        !learned || CLEAR_GAP * self.tensor_noise() <= size
    }
}
