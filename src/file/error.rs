//! What can be wrong with a file, said in one sentence.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a file, or an array in it, could not be read.
///
/// Displays as `weights.npz: array "W" has 2 dimensions (4, 3), expected 3 (step, row, column)`:
/// the path as it was given, the array if one is concerned, and the flaw.
#[derive(Debug, Error)]
#[error("{}: {}{kind}", path.display(), Subject(array.as_deref()))]
#[non_exhaustive]
pub struct ReadError {
    /// The path as it was given.
    pub path: PathBuf,
    /// The array that the flaw is in; none if it is in the file.
    pub array: Option<String>,
    /// What is wrong.
    pub kind: ReadErrorKind,
}

impl ReadError {
    /// A flaw of the file itself.
    pub fn of_file(path: &Path, kind: ReadErrorKind) -> Self {
        ReadError { path: path.to_owned(), array: None, kind }
    }

    /// A flaw of one of its arrays.
    pub fn of_array(path: &Path, name: &str, kind: ReadErrorKind) -> Self {
        ReadError { path: path.to_owned(), array: Some(name.to_owned()), kind }
    }
}

/// What is wrong with a file or an array; displays as the predicate of a sentence.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// Nothing is there.
    #[error("does not exist")]
    Missing,
    /// A directory is there.
    #[error("is a directory, expected an .npz archive")]
    Directory,
    /// A pipe or a device is there.
    #[error("is not a regular file, expected an .npz archive")]
    NotRegular,
    /// This user may not read it.
    #[error("cannot be read for lack of permission")]
    Permission,
    /// The operating system failed to read it.
    #[error("cannot be read: {0}")]
    Io(io::Error),
    /// Something else than a zip archive.
    #[error("{found}, expected an .npz archive as numpy.savez writes it")]
    NotNpz {
        /// What it is, as a predicate.
        found: &'static str,
    },
    /// A zip archive whose directory cannot be read.
    #[error("is cut off or damaged ({detail}), expected a whole .npz archive")]
    BrokenArchive {
        /// What the reader of the archive says.
        detail: String,
    },
    /// An archive without arrays.
    #[error("is an archive of {members} members without an array, expected some .npy member")]
    NoArrays {
        /// How many members there are.
        members: usize,
    },
    /// Two members of one name.
    #[error("contains several members of the same name, expected each array once")]
    Duplicates,
    /// No array of this name.
    #[error("has no array {name:?}, only {}", List(present))]
    NoSuchArray {
        /// What was asked for.
        name: String,
        /// The arrays that exist.
        present: Vec<String>,
    },
    /// The stored bytes contradict their checksum or cannot be decompressed.
    #[error("is damaged: {detail}")]
    Damaged {
        /// What the decompressor says.
        detail: String,
    },
    /// Compressed or encrypted in a way that is not read.
    #[error("is {found}, expected a stored or deflated array without password")]
    Packing {
        /// How it is packed.
        found: String,
    },
    /// The header of the array is not one.
    #[error("has a malformed .npy header: {detail}")]
    Header {
        /// What is wrong with the header.
        detail: String,
    },
    /// Python objects, which only pickle could read.
    #[error("holds Python objects, expected numbers; pickled data are never loaded")]
    Objects,
    /// Something of a kind that is not read.
    #[error("{why}")]
    NotRead {
        /// What it is, as a predicate, and what would be read instead where that is known.
        why: String,
    },
    /// Anything else that is not a real number in f64.
    #[error("holds {found}, expected floats of 16, 32 or 64 bits, integers or booleans")]
    ElementType {
        /// What the elements are.
        found: String,
    },
    /// Fewer bytes than the shape requires.
    #[error("claims shape {}, {expected} bytes, but holds {found} bytes", Shape(shape))]
    TooShort {
        /// The shape in the header.
        shape: Vec<usize>,
        /// Bytes for this shape; more than can be counted display as the largest number.
        expected: u128,
        /// Bytes that are there.
        found: u64,
    },
    /// More bytes than the shape requires.
    #[error("claims shape {}, {expected} bytes, but holds more", Shape(shape))]
    TooLong {
        /// The shape in the header.
        shape: Vec<usize>,
        /// Bytes for this shape.
        expected: u128,
    },
    /// More numbers than the memory takes.
    #[error("of shape {} does not fit in memory", Shape(shape))]
    Memory {
        /// The shape in the header.
        shape: Vec<usize>,
    },
    /// An integer that no f64 equals.
    #[error("holds the integer {value}, which no float64 represents exactly")]
    Inexact {
        /// The integer.
        value: i128,
    },
    /// Another number of dimensions.
    #[error(
        "has {} {}, expected {} ({})",
        Dimensions(shape.len()), Shape(shape), axes.len(), axes.join(", ")
    )]
    Dimensions {
        /// The shape found.
        shape: Vec<usize>,
        /// The names of the axes expected.
        axes: Vec<String>,
    },
    /// Another shape.
    #[error("has shape {}, expected {expected}", Shape(shape))]
    Shape {
        /// The shape found.
        shape: Vec<usize>,
        /// The shape expected, in words: `square slices (step, N, N)`.
        expected: String,
    },
    /// Numbers or text that make no sense where they are.
    #[error("{found}, expected {expected}")]
    Content {
        /// What is there, as a predicate: `holds -1 at [0, 2, 5]`.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// Choices of the caller that do not go together, or not with what is there.
    #[error("{found}, expected {expected}")]
    Choice {
        /// What is there, as a predicate.
        found: String,
        /// What was expected, with the choices by their names in the library: `` `bin` above 0 s ``.
        /// A program may have other names for them.
        expected: String,
    },
    /// A NaN or an infinity.
    #[error("holds {value} at {index:?}, expected finite numbers")]
    NotFinite {
        /// Where the first one is.
        index: Vec<usize>,
        /// What it is.
        value: f64,
    },
}

impl ReadErrorKind {
    /// The flaw that an error of opening or reading the file tells of.
    pub(super) fn of_io(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => ReadErrorKind::Missing,
            io::ErrorKind::IsADirectory => ReadErrorKind::Directory,
            io::ErrorKind::PermissionDenied => ReadErrorKind::Permission,
            _ => ReadErrorKind::Io(error),
        }
    }

    /// The flaw that an error of reading a member of the archive tells of.
    ///
    /// The decompressor and the checksum report bad data by these kinds; all others come from the
    /// operating system.
    pub(super) fn of_member(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::UnexpectedEof => ReadErrorKind::Damaged { detail: error.to_string() },
            _ => ReadErrorKind::of_io(error),
        }
    }
}

/// `(4, 3)`, `(4,)`, `()`, as Python writes a shape.
pub(super) struct Shape<'a>(pub &'a [usize]);

impl fmt::Display for Shape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [single] => write!(f, "({single},)"),
            shape => {
                let lengths: Vec<_> = shape.iter().map(usize::to_string).collect();
                write!(f, "({})", lengths.join(", "))
            }
        }
    }
}

/// `1 dimension`, `2 dimensions`.
struct Dimensions(usize);

impl fmt::Display for Dimensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} dimension{}", self.0, if self.0 == 1 { "" } else { "s" })
    }
}

/// `array "W" `, or nothing.
struct Subject<'a>(Option<&'a str>);

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |name| write!(f, "array {name:?} "))
    }
}

/// `"B", "C"`; of a long list, the beginning.
struct List<'a>(&'a [String]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        let shown: Vec<_> = self.0.iter().take(SHOWN).map(|name| format!("{name:?}")).collect();
        write!(f, "{}", shown.join(", "))?;
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(flaw: ReadErrorKind) -> String {
        ReadError::of_array(Path::new("../a/w.npz"), "W", flaw).to_string()
    }

    #[test]
    fn sentences_name_file_array_found_and_expected() {
        let axes = ["step", "row", "column"].map(str::to_owned).to_vec();
        assert_eq!(
            sentence(ReadErrorKind::Dimensions { shape: vec![4, 3], axes: axes.clone() }),
            "../a/w.npz: array \"W\" has 2 dimensions (4, 3), expected 3 (step, row, column)"
        );
        assert_eq!(
            sentence(ReadErrorKind::Dimensions { shape: vec![4], axes }),
            "../a/w.npz: array \"W\" has 1 dimension (4,), expected 3 (step, row, column)"
        );
        assert_eq!(
            sentence(ReadErrorKind::NotFinite { index: vec![2, 1, 0], value: f64::NAN }),
            "../a/w.npz: array \"W\" holds NaN at [2, 1, 0], expected finite numbers"
        );
        assert_eq!(
            sentence(ReadErrorKind::Shape { shape: vec![], expected: "(3,)".into() }),
            "../a/w.npz: array \"W\" has shape (), expected (3,)"
        );
    }

    #[test]
    fn long_lists_of_names_are_cut_and_their_control_characters_escaped() {
        let mut present = vec!["new\nline".to_owned()];
        present.extend((0..30).map(|i| format!("a{i}")));
        let flaw = ReadErrorKind::NoSuchArray { name: "W".into(), present };
        let text = ReadError::of_file(Path::new("w.npz"), flaw).to_string();
        assert!(text.starts_with(r#"w.npz: has no array "W", only "new\nline", "a0","#), "{text}");
        assert!(text.ends_with(r#""a18" and 11 more"#), "{text}");
    }

    #[test]
    fn errors_of_the_operating_system_keep_their_meaning() {
        let flaw = |kind| ReadErrorKind::of_member(io::Error::from(kind)).to_string();
        assert_eq!(flaw(io::ErrorKind::NotFound), "does not exist");
        assert_eq!(flaw(io::ErrorKind::IsADirectory), ReadErrorKind::Directory.to_string());
        assert_eq!(flaw(io::ErrorKind::PermissionDenied), ReadErrorKind::Permission.to_string());
        assert!(flaw(io::ErrorKind::TimedOut).starts_with("cannot be read: "));
        assert!(flaw(io::ErrorKind::InvalidData).starts_with("is damaged: "));
    }
}
