//! Training by exact gradients, and the trajectory of weights that it leaves.

mod adam;
mod architecture;
mod descent;
mod direction;
mod optimizer;
mod point;
mod tampering;
mod trainer;
mod trajectory;

pub(crate) use adam::Adam;
pub use architecture::ArchitectureTraining;
pub use direction::{Entrywise, MUON_MOMENTUM, Spectral, UpdateRule};
pub use optimizer::{Method, Optimizer, Schedule};
pub use point::Point;
pub use tampering::Tampering;
pub use trainer::{Batches, Storage, Training, TrainingError, Visit};
pub use trajectory::{BlockTrajectory, NOISE_FACTOR, Trajectory};
