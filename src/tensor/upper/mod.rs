//! What the CP rank is at most: constructions beyond the slices of a mode.
//!
//! | construction | terms | holds over |
//! |---|---|---|
//! | matrices of rank one in the span of c slices, d x e | c, if c > (d-1) e; if c = (d-1) e, where there are roots | the field; where it has the roots |
//! | gradients that are factored, and the pencil of two | their ranks, and that of the pencil | its closure |
//! | pairs of slices | min(d e, d (1 + K / 2)), K slices of at most d rows and columns | the reals |

mod pairs;
mod peel;
mod span;

pub use pairs::{pairs_bound, pairs_of_slices};
pub use peel::peeled;
