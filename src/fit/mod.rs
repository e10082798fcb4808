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
//! belong to conditions, initial states to conditions or trials; trials may deviate from both, and may
//! have gains by which their means are multiplied, with normal priors. The model is Euler's
//! discretisation; its gradients are those of that, exactly, by the adjoint.
//!
//! | what | where |
//! |---|---|
//! | the choices of a model | [`Architecture`], [`Likelihood`] |
//! | which entries are held out | [`HeldOut`] |
//! | the loss, its gradient by the blocks that are learned, predictions | [`Objective`] |
//! | fitting, with checkpoints | [`Fit`], [`Settings`] |
//! | weights, initial states, trial factors | [`Model`] |
//! | flow, Jacobian, eigenvalues of a trial | [`Dynamics`] |
//! | fixed points and slow points | [`FixedPoints`] |
//! | files | [`Saved`], [`States`] |
//! | a model on other trials | [`Learned`] |
//! | behaviour read out from states | [`decode()`] |
//! | differences of several recordings | [`Pooled`] |
//! | models to compare with | [`Comparison`] |
//! | folds, ranks and comparisons | [`CrossValidation`] |
//! | a cross-validation in which each model chooses its architecture | [`Search`], [`Grid`] |
//! | what they say in words | [`Verdict`], [`Answer`] |
//! | the terms of the weights in a gauge of their own, and which are found again | [`Factors`], [`Replication`] |
//! | recordings with known weights | [`Simulation`] |
//!
//! # Examples
//!
//! An array in memory, 40 trials of 12 bins of six neurons, whose oscillation grows over trials. A
//! fit, scored on the entries that were held out:
//!
//! ```
//! use rankproof::fit::{Architecture, Fit, HeldOut, Objective, Observations, Role, Settings};
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
//! let roles = HeldOut::default().roles(&recording, 0, &[Role::Test], 1)?;
//! let observations = Observations::<f64>::new(&recording, &roles)?;
//! let objective = Objective::new(&architecture, observations)?;
//! let mut fit = Fit::new(objective, Settings { iterations: 300, ..Settings::default() });
//! fit.run(|_, _| std::ops::ControlFlow::Continue(()))?;
//! assert!(fit.score(Role::Test).r2 > 0.9);
//! // The weights of the last trial: eight units, of which each drives each.
//! let weights = fit.weights(trials - 1);
//! assert_eq!((weights.rows(), weights.cols()), (8, 8));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A cross-validation of the same array, which chooses the rank:
//!
//! ```
//! use rankproof::fit::{Architecture, CrossValidation, HeldOut, Settings};
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
//!     held_out: HeldOut::default(),
//!     settings: Settings { iterations: 400, ..Settings::default() },
//!     architecture: Architecture::new(8, 2, bins),
//! };
//! let summary = cv.answer::<f64>(&recording)?;
//! // An oscillation takes two terms.
//! assert_eq!(summary.chosen, 2);
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
//! | `block_mask` | [`HeldOut`] |
//!
//! Its inputs come from a neural ODE for each condition; ours are a Gaussian process in time. In Python
//! `rankproof.ltrrnn` takes its calls and dictionaries.

mod apply;
mod architecture;
mod assembly;
#[cfg(feature = "files")]
mod checkpoint;
mod comparison;
mod condition_means;
mod cross_validation;
#[cfg(feature = "files")]
mod decode;
mod dynamics;
mod factors;
mod fitting;
mod fixed_points;
mod gradient;
mod held_out;
mod likelihood;
mod misfit;
mod model;
mod network;
mod objective;
mod observations;
mod orthonormal;
mod paired;
mod parts;
mod pooled;
mod prior;
mod saved;
mod score;
mod search;
mod simulate;
#[cfg(feature = "files")]
mod states;
mod summary;
mod verdict;

#[cfg(test)]
mod gradient_tests;

pub use apply::{Applied, Change, FactorChange, Learned};
pub use architecture::{
    Architecture, Bias, Course, During, Grouping, InitialStates, Inputs, Nonlinearity, Readout,
    Recurrence, Through,
};
pub use comparison::{Comparison, condition_means};
pub use cross_validation::{
    Compared, CrossValidation, CrossValidationSummary, Estimate, FitError, Fold, Job, SizeEstimate,
};
#[cfg(feature = "files")]
pub use decode::{Decoded, DecodedDimension, R2, decode};
pub use dynamics::{Dynamics, Eigenvalue};
pub use factors::{Factors, Replication};
pub use fitting::{Diverged, Fit, Outcome, Progress, Settings};
pub use fixed_points::{FixedPoint, FixedPoints, PointKind};
pub use held_out::{HeldOut, Split};
pub use likelihood::Likelihood;
pub use misfit::Misfit;
pub use model::Model;
pub use objective::{Losses, Objective};
pub use observations::{Observations, Role};
pub use pooled::Pooled;
pub use prior::{Kernel, TrialPrior};
pub use saved::Saved;
pub use score::Score;
pub use search::{
    Answer, Attempt, Attempted, Candidate, ChangingWeights, Contender, Driving, Grid, Orders,
    Search, Searched, Shared, Start, Winner,
};
pub use simulate::Simulation;
#[cfg(feature = "files")]
pub use states::States;
pub use summary::Summary;
pub use verdict::{Assumptions, Standing, Verdict};

use rankproof_dense::Dense;

use crate::matrix::{RankRevealing, ThinQr};
use crate::scalar::Real;

/// The number types that models are fitted in: `f32` and `f64`.
pub trait FitFloat: Real + RankRevealing + ThinQr + Dense {}

impl FitFloat for f32 {}
impl FitFloat for f64 {}
