//! The file formats, one file each; all give the same tree of nodes.

mod guard;
mod hdf5;
mod mat5;
mod mat73;
mod numpy;
mod nwb;

pub(crate) use self::numpy::arrays_of_folder;
pub(crate) use self::nwb::{broken_indices, check_index};

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use self::guard::guarded;
use super::error::{Flaw, ReadError};
use super::node::Node;
use super::value::Loaded;

/// What the formats have in common: arrays are read when they are asked for.
pub(crate) trait Reader {
    /// Reads a whole array, by the number that its node has as content.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with it.
    fn load(&mut self, content: usize) -> Result<Loaded, Flaw>;

    /// Reads the first elements, at most `count`, as an array of one axis.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with them.
    fn first(&mut self, content: usize, count: usize) -> Result<Loaded, Flaw>;
}

/// An open file of some format.
pub(crate) struct Opened {
    /// What the format is called, with its version where it has one: `NWB 2.4.0 (HDF5)`.
    pub format: String,
    /// What stands between the names of a path.
    pub separator: char,
    pub root: Node,
    pub reader: Box<dyn Reader>,
}

/// Bytes from which the format is told.
const START: u64 = 1024;

/// Where the superblock of HDF5 may begin, behind a block of the user.
const SUPERBLOCKS: [usize; 2] = [0, 512];

const EXPECTED: &str =
    "a recording: .npy, .npz, .nwb (2.x), HDF5 or .mat (MATLAB v5, v6, v7 or v7.3)";

/// Opens a file by what is in it, whatever its name.
///
/// # Errors
///
/// If there is no such file, it is of no known format, or the tree of what it holds cannot be read.
pub(crate) fn open(path: &Path) -> Result<Opened, ReadError> {
    if path.is_dir()
        && let Some(opened) = numpy::open_folder(path)?
    {
        return Ok(opened);
    }
    let start = start_of(path).map_err(|flaw| ReadError::of_file(path, flaw))?;
    let unknown = |found: &str| {
        let (found, expected) = (found.to_owned(), EXPECTED.to_owned());
        Err(ReadError::of_file(path, Flaw::Content { found, expected }))
    };
    if SUPERBLOCKS.iter().any(|&at| start.get(at..).is_some_and(|s| s.starts_with(hdf5::MAGIC))) {
        let objects = hdf5::open(path).map_err(|flaw| ReadError::of_file(path, flaw))?;
        return match start.starts_with(b"MATLAB 7.3") {
            true => guarded(|| mat73::open(objects)).map_err(|flaw| ReadError::of_file(path, flaw)),
            false => nwb::open(path, objects),
        };
    }
    if start.starts_with(b"PK") {
        return numpy::open_npz(path);
    }
    if start.starts_with(b"\x93NUMPY") {
        return numpy::open_npy(path);
    }
    if mat5::is_mat5(&start) {
        return mat5::open(path).map_err(|flaw| ReadError::of_file(path, flaw));
    }
    match start.as_slice() {
        [] => unknown("is empty"),
        _ if std::str::from_utf8(&start).is_ok() => unknown("is plain text"),
        _ => unknown("is of an unknown format"),
    }
}

fn start_of(path: &Path) -> Result<Vec<u8>, Flaw> {
    let expected = || EXPECTED.to_owned();
    // Asked before opening, which would wait forever for the other end of a pipe.
    let metadata = fs::metadata(path).map_err(Flaw::of_io)?;
    if metadata.is_dir() {
        let found = "is a directory without .npy files".to_owned();
        return Err(Flaw::Content { found, expected: expected() });
    }
    if !metadata.is_file() {
        let found = "is not a regular file".to_owned();
        return Err(Flaw::Content { found, expected: expected() });
    }
    let mut start = Vec::new();
    let file = File::open(path).map_err(Flaw::of_io)?;
    file.take(START).read_to_end(&mut start).map_err(Flaw::of_io)?;
    Ok(start)
}
