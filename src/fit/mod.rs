//! The low-tensor-rank RNN fitted to a recording.
//!
//! In trial k a network of N units has the state x(t) and recurrent weights W_k that are never
//! formed:
//!
//! ```text
//! tau dx/dt = -x + W_k phi(x) + B v(t) + b,      W_k = sum_r c_r(k) a_r b_r^T,   r = 1..R
//! mean, or logarithm of the rate, of the neurons = D phi(x) + offset
//! ```
//!
//! The weights of K trials are a tensor of CP rank R: columns a_r and rows b_r of unit norm that all
//! trials share, and trial factors c_r(k) with a Gaussian-process prior over trials. Inputs v(t)
//! belong to conditions, initial states to conditions or trials. The model is Euler's
//! discretisation; its gradients are those of that, exactly, by the adjoint.
//!
//! | what | where |
//! |---|---|
//! | the choices of a model | [`Architecture`] |
//! | the numbers that are learned | [`Parameters`] |
//! | the network, forwards and backwards | [`Model`], [`Network`] |
//! | the loss and its gradient | [`Objective`] |
//! | which entries are held out | [`Blocks`] |
//! | fitting, with checkpoints | [`Fit`], [`Settings`] |
//! | files | [`Saved`] |
//! | models to compare with | [`condition_means`] |
//! | folds, ranks and comparisons | [`CrossValidation`] |
//! | what they say in words | [`Verdict`] |
//! | recordings with known weights | [`Simulation`] |
//!
//! # Examples
//!
//! An array in memory, 40 trials of 12 bins of six neurons, whose oscillation grows over trials. A
//! fit, scored on the entries that were held out:
//!
//! ```
//! use rankproof::fit::{Architecture, Blocks, Fit, Objective, Observations, Role, Settings};
//! use rankproof::recording::Recording;
//!
//! let shape @ [trials, bins, neurons] = [40, 12, 6];
//! let entry = |place: usize| {
//!     let (n, t, k) = (place % neurons, place / neurons % bins, place / neurons / bins);
//!     (0.4 * t as f64 + n as f64).cos() * (1.0 + k as f64 / 20.0)
//! };
//! let activity = (0..trials * bins * neurons).map(entry).collect();
//! let recording = Recording::from_array(activity, shape, 0.05).build()?;
//!
//! let architecture = Architecture::new(8, 2, bins);
//! let roles = Blocks::default().roles(&recording, 0, &[Role::Test], 1);
//! let objective = Objective::<f64>::new(&architecture, Observations::new(&recording, &roles));
//! let mut fit = Fit::new(objective, Settings { iterations: 300, ..Settings::default() });
//! fit.run(|_, _| std::ops::ControlFlow::Continue(()))?;
//! let score = fit.objective.score(&fit.model(), Role::Test);
//! assert!(score.r2 > 0.9, "{score:?}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A cross-validation of the same array, which chooses the rank:
//!
//! ```
//! use rankproof::fit::{Architecture, Blocks, CrossValidation, Settings};
//! # use rankproof::recording::Recording;
//!
//! # let shape @ [trials, bins, neurons] = [40, 12, 6];
//! # let entry = |place: usize| {
//! #     let (n, t, k) = (place % neurons, place / neurons % bins, place / neurons / bins);
//! #     (0.4 * t as f64 + n as f64).cos() * (1.0 + k as f64 / 20.0)
//! # };
//! # let activity = (0..trials * bins * neurons).map(entry).collect();
//! # let recording = Recording::from_array(activity, shape, 0.05).build()?;
//! let cv = CrossValidation {
//!     ranks: vec![1, 2],
//!     units: vec![8],
//!     seeds: 1,
//!     folds: 4,
//!     blocks: Blocks::default(),
//!     settings: Settings { iterations: 400, ..Settings::default() },
//!     architecture: Architecture::new(8, 2, bins),
//! };
//! let table = cv.table(&cv.run_all::<f64>(&recording, &cv.jobs())?);
//! // An oscillation takes two terms.
//! assert_eq!(cv.choose(&table), (2, 8));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # For users of `ltrRNN`
//!
//! The hyperparameters of the package by Pellegrino, Cayco-Gajic and Chadwick, and what they are
//! called here:
//!
//! | `ltrRNN` | here |
//! |---|---|
//! | `rnn_dim`, `rank` | `units`, `rank` |
//! | `time_constant`, `duration` | `leak`: the length of a step over the time constant |
//! | `l`, `sigma`, `sigma_observation` | `length`, `amplitude`, `independent` of [`TrialPrior`] |
//! | `discontinuous_covariance` | `jumps` |
//! | `orthogonal_decoder`, `decoder_bias` | [`Readout`] |
//! | `condition_specific_init` | [`InitialStates`] by [`Grouping::Condition`] |
//! | `control_preparatory`, `control_execution` | [`During`] |
//! | `in_space_control` | [`Through::Weights`] |
//! | `bias` (confined there) | [`Bias`] |
//! | `noise` | `noise` |
//! | `regularization` (of the square) | `activity_penalty` |
//! | `learning_rate`, `training_iterations` | [`Settings`] |
//! | `block_mask` | [`Blocks`] |
//!
//! Its inputs come from a neural ODE for each condition; ours are a Gaussian process in time.

mod architecture;
mod assembly;
mod baseline;
mod cross_validation;
mod fitting;
mod likelihood;
mod mask;
mod model;
mod objective;
mod observations;
mod orthonormal;
mod parameters;
mod prior;
mod saved;
mod simulate;
mod verdict;

#[cfg(test)]
mod gradient_tests;

pub use architecture::{
    Architecture, Bias, Course, During, Grouping, InitialStates, Inputs, Likelihood, Nonlinearity,
    Readout, Recurrence, Through,
};
pub use assembly::Assembly;
pub use baseline::condition_means;
pub use cross_validation::{Comparison, CrossValidation, Estimate, Fold, Job, Line};
pub use fitting::{Diverged, Fit, Outcome, Progress, Settings};
pub use likelihood::{Score, Sums};
pub use mask::Blocks;
pub use model::{ChunkGradient, Model, Network, Trace};
pub use objective::{Losses, Objective};
pub use observations::{Chunk, Groups, Observations, Role, Statistics};
pub use parameters::{BLOCKS, Parameters};
pub use prior::{Kernel, TrialPrior};
pub use saved::Saved;
pub use simulate::Simulation;
pub use verdict::{Assumptions, Standing, Verdict};

use crate::matrix::{RankRevealing, ThinQr};
use crate::scalar::Real;

/// The number types that models are fitted in.
pub trait FitFloat: Real + RankRevealing + ThinQr {}

impl FitFloat for f32 {}
impl FitFloat for f64 {}
