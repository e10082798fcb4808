//! Training by exact gradients, and the trajectory of weights that it leaves.

mod adam;
mod descent;
mod direction;
mod fault;
mod optimizer;
mod point;
mod trainer;
mod trajectory;

pub(crate) use adam::Adam;
pub use direction::{Direction, Entrywise, MUON_MOMENTUM, Spectral};
pub use fault::{Faulty, GradientFault};
pub use optimizer::{Method, Optimizer, Schedule};
pub use point::Point;
pub use trainer::{Batches, Storage, Training, TrainingError, Visit};
pub use trajectory::{BlockTrajectory, NOISE_FACTOR, Trajectory};
