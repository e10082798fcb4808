//! The archive around the arrays.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use super::npy;
use crate::file::archive::{detail, read_member, seek_member};
use crate::file::array::Array;
use crate::file::error::{ReadError, ReadErrorKind};
use crate::file::value::Numbers;

/// An open `.npz` archive: arrays with names.
///
/// Reads float16, float32, float64, integers and booleans of either byte order, and bfloat16 as
/// ml_dtypes writes it, of either array order, stored or deflated. Members whose names do not end
/// in `.npy` are passed over, and what macOS adds.
///
/// # Examples
///
/// ```
/// use rankproof::file::{Npz, write_npz};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// let path = directory.path().join("weights.npz");
/// write_npz(&path, |npz| npz.array("W", &[2, 1, 2], &[1.0, 2.0, 3.0, 4.0]))?;
///
/// let weights = Npz::open(&path)?.array("W")?;
/// let [steps, rows, cols] = weights.axes(["step", "row", "column"])?;
/// weights.expect_finite()?;
/// assert_eq!((steps, rows, cols), (2, 1, 2));
/// assert_eq!(weights.data, [1.0, 2.0, 3.0, 4.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Npz {
    path: PathBuf,
    archive: ZipArchive<BufReader<File>>,
    names: Vec<String>,
    /// Where in the archive the arrays of `names` are.
    members: Vec<usize>,
    /// The other members, and what they are.
    others: Vec<(String, &'static str)>,
}

impl Npz {
    /// Opens an archive and reads its directory, not yet its arrays.
    ///
    /// # Errors
    ///
    /// If there is no such file, it is not a readable archive, or it contains no array.
    pub fn open(path: impl AsRef<Path>) -> Result<Npz, ReadError> {
        let path = path.as_ref();
        open_archive(path)
            .and_then(|archive| Self::list(path, archive))
            .map_err(|flaw| ReadError::of_file(path, flaw))
    }

    fn list(path: &Path, archive: ZipArchive<BufReader<File>>) -> Result<Npz, ReadErrorKind> {
        if archive.has_duplicate_names() {
            return Err(ReadErrorKind::Duplicates);
        }
        let (mut names, mut members, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for (member, (name, raw)) in archive.file_names().zip(archive.file_names_raw()).enumerate()
        {
            let Ok(name) = name else {
                let name = String::from_utf8_lossy(raw).into_owned();
                others.push((name, "has a name that cannot be decoded"));
                continue;
            };
            match (name.strip_suffix(".npy"), of_macos(&name)) {
                (_, Some(what)) => others.push((name.into_owned(), what)),
                (None, None) => others.push((name.into_owned(), "is no array (.npy)")),
                (Some(name), None) => {
                    names.push(name.to_owned());
                    members.push(member);
                }
            }
        }
        if names.is_empty() {
            Err(ReadErrorKind::NoArrays { members: archive.len() })
        } else {
            Ok(Npz { path: path.to_owned(), archive, names, members, others })
        }
    }

    /// The members that are no arrays, and what they are, as a predicate.
    pub(super) fn others(&self) -> &[(String, &'static str)] {
        &self.others
    }

    /// The names of the arrays in the order of the archive, without `.npy`.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The path as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads an array.
    ///
    /// Integers of 64 bits that no f64 equals are refused, so that what is read is what is there.
    ///
    /// # Errors
    ///
    /// If there is none of this name, it does not hold real numbers, or its bytes are damaged or
    /// not as many as its shape says.
    pub fn array(&mut self, name: &str) -> Result<Array, ReadError> {
        let Some(position) = self.names.iter().position(|known| known == name) else {
            let flaw =
                ReadErrorKind::NoSuchArray { name: name.to_owned(), present: self.names.clone() };
            return Err(ReadError::of_file(&self.path, flaw));
        };
        match self.member(position, |mut reader| npy::read(&mut reader)) {
            Ok(Numbers { shape, data, precision }) => {
                Ok(Array { shape, data, precision, path: self.path.clone(), name: name.to_owned() })
            }
            Err(flaw) => Err(ReadError::of_array(&self.path, name, flaw)),
        }
    }

    /// Reads from the array at a position of [`Npz::names`].
    ///
    /// # Errors
    ///
    /// What `read` returns, if the member is not damaged itself.
    pub(super) fn member<T>(
        &mut self,
        position: usize,
        read: impl FnOnce(&mut dyn Read) -> Result<T, ReadErrorKind>,
    ) -> Result<T, ReadErrorKind> {
        read_member(&mut self.archive, self.members[position], read)
    }

    /// The numbers at some neighbouring places of the array at a position of [`Npz::names`]; `None` if
    /// it is compressed or in the order of Fortran.
    ///
    /// # Errors
    ///
    /// If they cannot be read. The checksum is not compared.
    pub(super) fn part(
        &mut self,
        position: usize,
        places: Range<usize>,
    ) -> Result<Option<Numbers>, ReadErrorKind> {
        seek_member(&mut self.archive, self.members[position], |member| npy::part(member, places))
    }
}

/// What the Finder of macOS adds to an archive, if a member is of it; such may be called `.npy` too.
fn of_macos(name: &str) -> Option<&'static str> {
    let last = name.rsplit('/').next().unwrap_or(name);
    let is_added = name.starts_with("__MACOSX/") || last.starts_with("._") || last == ".DS_Store";
    is_added.then_some("is no array: macOS added it")
}

fn open_archive(path: &Path) -> Result<ZipArchive<BufReader<File>>, ReadErrorKind> {
    // Asked before opening, which would wait forever for the other end of a pipe.
    let metadata = fs::metadata(path).map_err(ReadErrorKind::of_io)?;
    if metadata.is_dir() {
        return Err(ReadErrorKind::Directory);
    }
    if !metadata.is_file() {
        return Err(ReadErrorKind::NotRegular);
    }
    let mut reader = BufReader::new(File::open(path).map_err(ReadErrorKind::of_io)?);
    let mut start = Vec::new();
    reader.by_ref().take(512).read_to_end(&mut start).map_err(ReadErrorKind::of_io)?;
    if let Some(found) = other_format(&start) {
        return Err(ReadErrorKind::NotNpz { found });
    }
    ZipArchive::new(reader).map_err(|error| {
        if looks_like_zip(&start) {
            broken(error)
        } else {
            ReadErrorKind::NotNpz { found: "is not a zip archive" }
        }
    })
}

/// What a file is that begins so, if that is clear and no archive.
fn other_format(start: &[u8]) -> Option<&'static str> {
    let is_text = || {
        // The first bytes may end inside of a character.
        let valid = match std::str::from_utf8(start) {
            Ok(_) => start.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => return false,
        };
        start[..valid].iter().all(|&byte| byte >= b' ' || byte.is_ascii_whitespace())
    };
    match start {
        [] => Some("is empty"),
        _ if start.starts_with(b"\x93NUMPY") => Some("is a single array (.npy)"),
        _ if start.starts_with(b"\x89HDF") => Some("is an HDF5 file"),
        _ if is_text() => Some("is plain text"),
        _ => None,
    }
}

/// True for the first bytes of a member and of an empty archive.
fn looks_like_zip(start: &[u8]) -> bool {
    start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06")
}

/// Why the directory of the archive cannot be read.
fn broken(error: ZipError) -> ReadErrorKind {
    match error {
        ZipError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            ReadErrorKind::of_io(error)
        }
        error => ReadErrorKind::BrokenArchive { detail: detail(error) },
    }
}
