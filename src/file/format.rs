//! What the file formats have in common, and of which one a file is: all give the same tree of nodes.

use std::fs::{self, File};
use std::io::Read;
use std::ops::Range;
use std::path::Path;

use super::error::{ReadError, ReadErrorKind};
use super::guard::guarded;
use super::hdf5::{Hdf5, objects};
use super::matlab::{mat5, mat73};
use super::node::Node;
use super::value::{Loaded, Numbers};
use super::{numpy, nwb, safetensors, shards, torch};

/// What the formats have in common: arrays are read when they are asked for.
pub(crate) trait Reader: Send {
    /// Reads a whole array, by the number that its node has as content.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with it.
    fn load(&mut self, content: usize) -> Result<Loaded, ReadErrorKind>;

    /// Reads the first elements, at most `count`, as an array of one axis.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with them.
    fn first(&mut self, content: usize, count: usize) -> Result<Loaded, ReadErrorKind>;

    /// Reads the numbers at some neighbouring places, in the order of C, as an array of one axis.
    /// `None` if the format, or this array, has them in another order or does not let them be found
    /// without reading those before.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with them.
    fn part(&mut self, _: usize, _: Range<usize>) -> Result<Option<Numbers>, ReadErrorKind> {
        Ok(None)
    }
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

/// Deflate makes data at most this much smaller: what claims more is not in the file.
const LARGEST_RATIO: u64 = 1032;

/// Bytes that may be claimed by a file of any size: fill values and zeros need none.
const ALWAYS_ALLOWED: u64 = 1 << 26;

/// Bytes that an array of a file of `length` bytes may have.
pub(super) fn allowed(length: u64) -> u64 {
    length.saturating_mul(LARGEST_RATIO).max(ALWAYS_ALLOWED)
}

/// Bytes from which the format is told.
const START: u64 = 1024;

/// The usual ends of names of files that are read, and what is in them. HDF5 and MATLAB v7.3 are
/// read whatever they are called, as all formats are.
const FORMATS: [(&str, &str); 7] = [
    (".npy", "NumPy"),
    (".npz", "NumPy"),
    (".nwb", "NWB 2.x"),
    (".h5", "HDF5"),
    (".mat", "MATLAB v5, v6, v7 or v7.3"),
    (".pt", "PyTorch, as torch.save writes tensors"),
    (".safetensors", "PyTorch, JAX and others"),
];

/// All formats that are read, in a row: `.npy (NumPy), .npz (NumPy), ...`.
pub fn formats() -> String {
    FORMATS.map(|(ending, what)| format!("{ending} ({what})")).join(", ")
}

fn expected() -> String {
    format!("a file of arrays: {}", formats())
}

/// Opens a file by what is in it, whatever its name.
///
/// # Errors
///
/// If there is no such file, it is of no known format, or the tree of what it holds cannot be read.
pub(crate) fn open(path: &Path) -> Result<Opened, ReadError> {
    let of_file = |flaw| ReadError::of_file(path, flaw);
    if path.is_dir()
        && let Some(opened) = numpy::open_folder(path)?
    {
        return Ok(opened);
    }
    let start = start_of(path).map_err(of_file)?;
    let unknown = |found: &str| {
        let (found, expected) = (found.to_owned(), expected());
        Err(ReadError::of_file(path, ReadErrorKind::Content { found, expected }))
    };
    let mut file = File::open(path).map_err(ReadErrorKind::of_io).map_err(of_file)?;
    let base = objects::superblock_of(&mut file).map_err(ReadErrorKind::of_io).map_err(of_file)?;
    if let Some(base) = base {
        let length = file.metadata().map_err(ReadErrorKind::of_io).map_err(of_file)?.len();
        let root = objects::open(file, length, base).map_err(of_file)?;
        let reader = Hdf5::new(length);
        return if start.starts_with(b"MATLAB 7.3") {
            guarded(|| Ok(mat73::open(root, reader))).map_err(of_file)
        } else {
            nwb::open(path, root, reader)
        };
    }
    if torch::is_torch(&start) {
        return torch::open(path);
    }
    if start.starts_with(b"PK") {
        return numpy::open_npz(path);
    }
    if start.starts_with(b"\x93NUMPY") {
        return numpy::open_npy(path);
    }
    if safetensors::is_safetensors(&start) {
        return safetensors::open(path);
    }
    if shards::is_index(path, &start) {
        return shards::open(path);
    }
    if mat5::is_mat5(&start) {
        return mat5::open(path).map_err(of_file);
    }
    match start.as_slice() {
        [] => unknown("is empty"),
        _ if start.starts_with(torch::LEGACY) => Err(ReadError::of_file(path, torch::legacy())),
        [0x80, 2..=5, ..] => unknown("is a pickled object of Python, which is never loaded"),
        _ if std::str::from_utf8(&start).is_ok() => unknown("is plain text"),
        _ => unknown("is of an unknown format"),
    }
}

fn start_of(path: &Path) -> Result<Vec<u8>, ReadErrorKind> {
    // Asked before opening, which would wait forever for the other end of a pipe.
    let metadata = fs::metadata(path).map_err(ReadErrorKind::of_io)?;
    if metadata.is_dir() {
        let found = "is a directory without .npy files".to_owned();
        return Err(ReadErrorKind::Content { found, expected: expected() });
    }
    if !metadata.is_file() {
        let found = "is not a regular file".to_owned();
        return Err(ReadErrorKind::Content { found, expected: expected() });
    }
    let mut start = Vec::new();
    let file = File::open(path).map_err(ReadErrorKind::of_io)?;
    file.take(START).read_to_end(&mut start).map_err(ReadErrorKind::of_io)?;
    Ok(start)
}
