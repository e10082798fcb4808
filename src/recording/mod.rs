//! Data from files: weights that a trainer recorded, and recordings of neurons.
//!
//! [`Npz`] reads the archives of NumPy and [`write_npz`] writes them. [`Source`] opens a recording of
//! any format, NumPy, NWB, HDF5 or MATLAB, as a tree of arrays with paths; [`outline`] lists it, and
//! [`prepare()`] cuts it into trials. The [`Recording`] that results is what models are fitted to.
//!
//! A reader trusts nothing that a file says of itself: memory grows with the bytes that are there,
//! not with those that a header claims, and whatever is wrong ends in a [`ReadError`] of one
//! sentence that names the file, the array, what was found and what was expected. A writer leaves
//! either the whole file or none.

mod array;
mod atomic;
mod element;
mod error;
mod format;
mod grid;
mod header;
mod node;
mod npy;
mod npz;
mod outline;
mod path;
mod prepare;
mod prepared;
mod rounding;
mod source;
mod value;
mod weights;
mod write;

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod fixture_tests;
#[cfg(test)]
mod round_trip_tests;

pub use array::{Array, Precision};
pub use atomic::{WriteError, write_atomically};
pub use error::{Flaw, ReadError};
pub use grid::Grid;
pub use node::{Kind, Node};
pub use npz::Npz;
pub use outline::{Entry, outline};
pub use prepare::{
    Axis, ColumnAt, Filter, Options, Prepared, Ranges, Scale, What, Window, prepare,
};
pub use prepared::{Quantity, Recording};
pub use rounding::{Decided, Rounding};
pub use source::{Found, Source};
pub use value::{Texts, Value};
pub use weights::WeightHistory;
pub use write::{Element, NpzWriter, write_npz};
