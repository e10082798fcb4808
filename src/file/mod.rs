//! What is in a file: arrays with names, of any format.
//!
//! [`Npz`] reads the archives of NumPy and [`write_npz`] writes them. [`Source`] opens a file of any
//! of the [`formats`] as a tree of arrays with paths, and [`outline`] lists it.
//!
//! A reader trusts nothing that a file says of itself: memory grows with the bytes that are there,
//! not with those that a header claims, and whatever is wrong ends in a [`ReadError`] of one
//! sentence that names the file, the array, what was found and what was expected. A writer leaves
//! either the whole file or none.

mod archive;
mod array;
mod atomic;
mod element;
mod error;
mod format;
mod guard;
mod hdf5;
mod lock;
mod matlab;
mod node;
mod numpy;
mod nwb;
mod outline;
mod path;
mod safetensors;
mod shards;
mod source;
mod torch;
mod value;

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod fixture_tests;
#[cfg(test)]
mod round_trip_tests;

pub use array::Array;
pub use atomic::{WriteError, write_atomically};
pub use error::{ReadError, ReadErrorKind};
pub use format::formats;
pub use guard::is_guarded;
pub use lock::{Lock, LockError};
pub use node::{Kind, Node};
pub use numpy::{Element, Npz, NpzWriter, write_npz};
pub(crate) use nwb::{check_index, check_number_of_lists};
pub use outline::{Entry, Sample, outline};
pub use source::{Found, Source};
pub use value::{Texts, Value};
