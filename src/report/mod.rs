//! What is said of results: of recorded weights so far.

mod bounds;
mod weights;

pub use bounds::{BoundReport, InputOutput};
pub use weights::WeightReport;
