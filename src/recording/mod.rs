//! Recordings of neurons, cut into trials.
//!
//! [`prepare()`] cuts what is in a [file](crate::file) into trials. The [`Recording`] that results is
//! what models are fitted to.

mod prepare;
mod prepared;

pub use prepare::{
    Axis, ColumnAt, Filter, Options, Prepared, Ranges, Scale, Selection, Window, prepare,
};
pub use prepared::{Quantity, Recording};
