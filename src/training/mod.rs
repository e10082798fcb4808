//! Training by exact gradients, and the trajectory of weights that it leaves.

mod optimizer;
mod point;
mod tampering;
mod trainer;
mod trajectory;

pub use optimizer::{Method, Optimizer, Schedule};
pub use point::Point;
pub use tampering::Tampering;
pub use trainer::{Batches, Storage, Training, TrainingError};
pub use trajectory::{NOISE_FACTOR, Trajectory};
