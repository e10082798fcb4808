//! Training by exact gradients, and the trajectory of weights that it leaves.

mod descent;
mod fault;
mod memory;
mod optimizer;
mod point;
mod rule;
mod trainer;
mod trajectory;

pub use fault::{Faulty, GradientFault};
pub(crate) use memory::memory;
pub use optimizer::{Optimizer, Schedule, Stepper};
pub use point::Point;
pub(crate) use rule::Adam;
pub use rule::{Entrywise, Preconditioners, RuleKind, Sizes, Spectral, UpdateRule};
pub use trainer::{Batches, Storage, Training, TrainingError, Visit};
pub use trajectory::{BlockTrajectory, NOISE_FACTOR, Trajectory};
