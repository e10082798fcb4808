//! Checks the theorems on the rank of learning dynamics.
//!
//! Recurrent networks are trained on random low-dimensional tasks by exact gradients, and the
//! predicted bounds on the matrix and tensor rank of their weight changes are checked: in a prime
//! field, where a rank is a fact, and in floating point, where it is one only as far as the
//! singular values leave the rounding noise.
//!
//! # Where to begin
//!
//! | you | guide | modules |
//! |---|---|---|
//! | check theorems, or have a conjecture | [`guide::theorems`] | [`theorem`], [`conjecture`], [`training`] |
//! | have weights that were recorded while a network learned | [`guide::weights`] | [`weights`] |
//! | have a recording of neurons | [`guide::recordings`] | [`recording`], [`fit`] |
//!
//! # The map
//!
//! Each module stands on those above it.
//!
//! | module | what it holds |
//! |---|---|
//! | [`named`] | choices by name, in commands and tables |
//! | [`bounds`] | whole numbers known from both sides, and held against bounds |
//! | [`scalar`] | number types: f64, f32, double-double, a prime field; random streams |
//! | [`matrix`] | dense matrices: products, exact and numerical rank, factors, subspaces |
//! | [`tensor`] | third-order tensors in factors: unfoldings, CP bracket, CP decomposition |
//! | [`blocks`] | named parameter matrices, dense or in factors, as one vector |
//! | [`tape`] | exact gradients of any forward pass, each block's as Lambda Phi^T |
//! | [`task`] | what a network is asked to do, one file for each family |
//! | [`network`] | architectures and their blocks, activations, losses; forward run, adjoint |
//! | [`training`] | optimizers, the training loop, the trajectory of weights |
//! | [`theorem`] | the registry, and one file for each theorem |
//! | [`conjecture`] | what a new statement needs, and the exploration that finds one |
//! | [`mod@file`] | what is in a file: arrays with names, of all formats |
//! | [`weights`] | weight histories: their rounding, their ranks, the bounds of the theorems |
//! | [`recording`] | recordings of neurons, cut into trials |
//! | [`fit`] | recurrent networks of low tensor rank fitted to recordings, and cross-validated |
//! | [`report`] | what is said of them: tables, figures, the HTML page |
//! | [`cli`] | the command line: one file for each subcommand |
//!
//! # Features
//!
//! With `default-features = false` there is the core alone: all of the modules above that need no
//! feature. It reads and writes no files, and depends on linear algebra, random numbers and threads.
//!
//! | feature | what it adds |
//! |---|---|
//! | `verify` | theorems against random cases ([`theorem::Theorem::verify`]), [`conjecture`], tasks as proptest strategies |
//! | `files` | [`mod@file`], recordings cut out of files, fits that are saved and resumed |
//! | `report` | [`report`]; with `verify` and `files` |
//! | `cli` | the program; with all others. The default |
//!
//! # Three programs
//!
//! They are in `examples/` too. The ranks of weights in memory:
//!
//! ```
#![doc = include_str!("../examples/rank_of_weights.rs")]
//! ```
//!
//! An architecture of one's own, of which the forward pass is enough, trained on a task of one's own:
//!
//! ```
#![doc = include_str!("../examples/own_architecture.rs")]
//! ```
//!
//! A fit and a cross-validation of an array in memory:
//!
//! ```
#![doc = include_str!("../examples/fit_of_array.rs")]
//! ```

// Of the library alone; the lints for all of the package are in Cargo.toml.
#![warn(missing_docs, clippy::missing_errors_doc)]

pub mod blocks;
pub mod bounds;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "verify")]
pub mod conjecture;
#[cfg(feature = "files")]
pub mod file;
pub mod fit;
pub mod guide;
mod json;
pub mod matrix;
pub mod named;
pub mod network;
pub mod part;
pub mod recording;
#[cfg(feature = "report")]
pub mod report;
pub mod scalar;
mod statistics;
pub mod tape;
pub mod task;
pub mod tensor;
pub mod theorem;
pub mod training;
pub mod weights;

/// What most programs need.
pub mod prelude {
    pub use crate::blocks::{Block, Blocks, Subset};
    pub use crate::bounds::Bounds;
    pub use crate::matrix::{Factors, Matrix, Rank, RankRevealing, Subspace};
    pub use crate::network::{
        Activation, Architecture, CrossEntropy, Dynamics, Loss, Network, Rnn, RnnParts,
        SquaredError,
    };
    pub use crate::scalar::{DoubleDouble, Fp, Scalar, Stream};
    pub use crate::tape::{Scope, Var};
    pub use crate::task::{Dimensions, Task, TaskFamily};
    pub use crate::tensor::Tensor;
    pub use crate::theorem::{self, Arithmetic, Theorem, Verdict};
    pub use crate::training::{
        Batches, Optimizer, Schedule, Stepper, Storage, Training, Trajectory,
    };
}
