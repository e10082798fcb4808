//! Weight histories: the weights of every learning step, whoever trained them.
//!
//! A [`WeightHistory`] knows to what its numbers were rounded ([`Rounding`]), hence how much noise is
//! in them. [`WeightRanks`] are its ranks as far as singular values stand clear of that noise, and
//! [`HeldBound`] holds them against the bounds of the theorems.

mod bounds;
mod grid;
mod history;
mod ranks;
mod rounding;

pub use bounds::{HeldBound, InputOutput};
pub use grid::Grid;
pub use history::WeightHistory;
pub(crate) use ranks::is_hidden;
pub use ranks::{Stage, TensorRanks, Watch, WeightRanks};
pub use rounding::{Decided, Rounding};
