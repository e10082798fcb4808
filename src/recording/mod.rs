//! Recordings of neurons, cut into trials.
//!
//! [`prepare()`] cuts what is in a [file](crate::file) into trials, and [`Recording::from_array`] takes
//! numbers in memory. The [`Recording`] that results is what models are fitted to.

mod builder;
#[cfg(feature = "files")]
mod npz;
#[cfg(feature = "files")]
mod prepare;
mod prepared;

pub use builder::RecordingBuilder;
#[cfg(feature = "files")]
pub use prepare::{
    Axis, ColumnAt, Filter, OptionName, Options, Prepared, Ranges, Scale, Selection, Window,
    prepare,
};
pub use prepared::{Behaviour, InvalidRecording, Quantity, Recording};
