//! Checks the theorems on the rank of learning dynamics.
//!
//! Recurrent networks are trained on random low-dimensional tasks by exact gradients, and the
//! predicted bounds on the matrix and tensor rank of their weight changes are checked: in a prime
//! field, where a rank is a fact, and in floating point, where it is one only as far as the
//! singular values leave the rounding noise.
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
//! | [`mod@file`] | what is in a file: arrays with names, NumPy, NWB, HDF5 and MATLAB |
//! | [`weights`] | weight histories: their rounding, their ranks, the bounds of the theorems |
//! | [`recording`] | recordings of neurons, cut into trials |
//! | [`fit`] | recurrent networks of low tensor rank fitted to recordings, and cross-validated |
//! | [`report`] | what is said of them: tables, figures, the HTML page |
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
//! # Example
//!
//! A linear network with three inputs and two outputs, trained by gradient descent in the prime
//! field: however many neurons it has, its weights move in a space of five dimensions.
//!
//! ```
//! use rankproof::prelude::*;
//!
//! let stream = Stream::new("example", 1, 0);
//! let dimensions = Dimensions { neurons: 30, d_in: 3, d_out: 2, steps: 6, trials: 4 };
//! let task = TaskFamily::RandomTargets.draw(&dimensions, &stream).unwrap();
//! let random = |rows, cols, name| Matrix::<Fp>::random(rows, cols, &mut stream.named(name));
//! let dynamics = Dynamics::linear(Fp::ratio(1, 2));
//! let w = Block::scaled_identity(30, Fp::ZERO);
//! let network = Network::rnn(dynamics, w, random(30, 3, "B"), random(2, 30, "C"))?;
//! let optimizer = Optimizer::gradient_descent(Fp::ratio(1, 10));
//! let training = Training {
//!     trained: Subset::only(["W"]),
//!     ..Training::new(&network, &task, &SquaredError, optimizer)
//! };
//! let trajectory = training.run(5)?;
//! let ranks = (1..=5).map(|k| Fp::rank(&trajectory.increment(k), 0.0).known().unwrap());
//! assert_eq!(ranks.collect::<Vec<_>>(), [2, 4, 5, 5, 5]);
//!
//! // The same statement, in general: 100 random cases of the theorem.
//! let theorem = theorem::find("invariant-subspace").unwrap();
//! let found = theorem.verify(Arithmetic::Exact, 1, 100, &|| ());
//! assert_eq!((found.held, found.violated), (100, 0));
//! # Ok::<(), rankproof::training::TrainingError>(())
//! ```

// Of the library alone; the lints for all of the package are in Cargo.toml.
#![warn(missing_docs, clippy::missing_errors_doc)]

pub mod blocks;
pub mod bounds;
#[cfg(feature = "verify")]
pub mod conjecture;
#[cfg(feature = "files")]
pub mod file;
pub mod fit;
mod json;
pub mod matrix;
pub mod named;
pub mod network;
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
    pub use crate::task::{Dimensions, Task, TaskFamily};
    pub use crate::tensor::Tensor;
    pub use crate::theorem::{self, Arithmetic, Theorem, Verdict};
    pub use crate::training::{
        Batches, Optimizer, Schedule, Stepper, Storage, Training, Trajectory,
    };
}
