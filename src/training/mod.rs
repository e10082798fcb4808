//! Training by exact gradients, and the trajectory of weights that it leaves.

mod cores;
mod descent;
mod fault;
#[cfg(feature = "cli")]
mod memory;
mod optimizer;
mod point;
mod rule;
mod trainer;
mod trajectory;

pub use cores::{Cores, NotClosed};
pub use fault::{Faulty, GradientFault};
#[cfg(feature = "cli")]
pub(crate) use memory::memory;
pub use optimizer::{Optimizer, Schedule, Stepper};
pub use point::Point;
pub(crate) use rule::Adam;
pub use rule::{Entrywise, Preconditioners, RuleKind, Sizes, Spectral, UpdateRule};
pub use trainer::{Batches, Storage, Training, TrainingError, Visit};
pub use trajectory::{BlockTrajectory, NOISE_FACTOR, Trajectory};
