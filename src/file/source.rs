//! A file of any format, as a tree whose arrays are read by path.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::array::Array;
use super::error::{ReadError, ReadErrorKind};
use super::format::{self, Reader};
use super::node::{Kind, Node};
use super::numpy::arrays_of_folder;
use super::nwb;
use super::outline::Sample;
pub use super::path::Found;
use super::path::{self, Notation};
use super::value::{Loaded, Numbers, Texts, Value};
use crate::scalar::Precision;

/// An open file, in whatever format it was published.
///
/// Opening reads the tree of what is there; arrays are read when they are asked for.
///
/// # Examples
///
/// ```
/// use rankproof::file::{Source, Value, write_npz};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// let path = directory.path().join("counts.npz");
/// write_npz(&path, |npz| npz.array("counts", &[2, 3], &[0_u8, 1, 2, 3, 4, 5]))?;
///
/// let mut source = Source::open(&path)?;
/// let Value::Numbers(counts) = source.value("counts")? else { panic!("numbers") };
/// assert_eq!((source.format(), counts.shape), ("NumPy .npz", vec![2, 3]));
/// # Ok(())
/// # }
/// ```
pub struct Source {
    path: PathBuf,
    format: String,
    separator: char,
    root: Node,
    reader: Box<dyn Reader>,
}

impl Source {
    /// Opens a file by what is in it, of one of the [`formats`](super::formats), whatever its name;
    /// or a folder of `.npy` files as one of arrays by their names.
    ///
    /// # Errors
    ///
    /// If there is no such file, it is in another format, or what it holds cannot be listed.
    pub fn open(path: impl AsRef<Path>) -> Result<Source, ReadError> {
        let path = path.as_ref();
        let format::Opened { format, separator, root, reader } = format::open(path)?;
        Ok(Source { path: path.to_owned(), format, separator, root, reader })
    }

    /// The path as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the format is called, with its version where it has one.
    pub fn format(&self) -> &str {
        &self.format
    }

    /// What stands between the names of a path.
    pub fn separator(&self) -> char {
        self.separator
    }

    /// The tree of what is in the file.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// From which number indices are counted: 1 in the formats of MATLAB, else 0.
    pub fn first_index(&self) -> usize {
        usize::from(self.format.starts_with("MATLAB"))
    }

    /// True for NWB.
    pub fn is_nwb(&self) -> bool {
        self.format.starts_with("NWB")
    }

    fn notation(&self) -> Notation {
        Notation { separator: self.separator, first_index: self.first_index() }
    }

    /// Where a path leads, with the path from the root.
    ///
    /// # Errors
    ///
    /// If it leads nowhere, or leaves out names and leads to several places.
    pub fn find(&self, path: &str) -> Result<(String, Found<'_>), ReadError> {
        let found = path::find(&self.root, self.notation(), path);
        found.map_err(|flaw| ReadError::of_file(&self.path, flaw))
    }

    /// Reads what a path leads to.
    ///
    /// # Errors
    ///
    /// If it leads nowhere, to several places, to a group, or to what cannot be read.
    pub fn value(&mut self, path: &str) -> Result<Value, ReadError> {
        let (path, found) = path::find(&self.root, self.notation(), path)
            .map_err(|flaw| ReadError::of_file(&self.path, flaw))?;
        let base = self.first_index();
        value(&mut *self.reader, &self.path, base, &path, &found)
    }

    /// Reads an array of numbers.
    ///
    /// # Errors
    ///
    /// As for [`Source::value`], and if it is not a single array of numbers.
    pub fn numbers(&mut self, path: &str) -> Result<Array, ReadError> {
        match self.value(path)? {
            Value::Numbers(array) => Ok(array),
            Value::Texts(texts) => Err(self.error(&texts.name, "holds strings", "numbers")),
            Value::List(list) => {
                let found = format!("is a list of {} arrays", list.len());
                Err(self.error(path, found, "a single array of numbers"))
            }
        }
    }

    /// Reads the numbers at some neighbouring places of an array, in the order of C, as an array of one
    /// axis. `None` if the file does not let them be found without reading those before: it is
    /// compressed, or in another order or format.
    ///
    /// # Errors
    ///
    /// As for [`Source::numbers`], and if the array has fewer numbers.
    pub fn part(&mut self, path: &str, places: Range<usize>) -> Result<Option<Array>, ReadError> {
        let (path, found) = path::find(&self.root, self.notation(), path)
            .map_err(|flaw| ReadError::of_file(&self.path, flaw))?;
        let Found::One(&Node { kind: Kind::Numbers, content: Some(content), .. }) = found else {
            return Ok(None);
        };
        let part = self.reader.part(content, places);
        let part = part.map_err(|flaw| ReadError::of_array(&self.path, &path, flaw))?;
        Ok(part.map(|Numbers { shape, data, precision }| {
            let (path, name) = (self.path.clone(), path);
            Array { shape, data, precision, path, name }
        }))
    }

    /// The first elements of an array under the number that its node has, numbers or strings.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    pub(super) fn first(
        &mut self,
        content: usize,
        count: usize,
    ) -> Result<Vec<Sample>, ReadErrorKind> {
        Ok(match self.reader.first(content, count)? {
            Loaded::Numbers(Numbers { data, .. }) => data.into_iter().map(Sample::Number).collect(),
            Loaded::Texts { strings, .. } => {
                strings.into_iter().take(count).map(Sample::Text).collect()
            }
        })
    }

    /// What contradicts itself in the file: in NWB an index that points past its data, which is
    /// how a file shows that it was cut off.
    pub fn contradictions(&mut self) -> Vec<ReadError> {
        if !self.is_nwb() {
            return Vec::new();
        }
        let broken = nwb::broken_indices(&self.root, &mut *self.reader);
        let error =
            |(path, flaw): (String, ReadErrorKind)| ReadError::of_array(&self.path, &path, flaw);
        broken.into_iter().map(error).collect()
    }

    /// The length of the file in bytes, and its SHA-256 in hexadecimal digits; of a folder those of
    /// its arrays one after the other, in the order of their names.
    ///
    /// # Errors
    ///
    /// If it cannot be read any more.
    pub fn checksum(&self) -> Result<(u64, String), ReadError> {
        checksum(&self.path)
            .map_err(|error| ReadError::of_file(&self.path, ReadErrorKind::of_io(error)))
    }

    /// The error that names an array of this file, what was found and what was expected.
    pub fn error(
        &self,
        array: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> ReadError {
        let flaw = ReadErrorKind::Content { found: found.into(), expected: expected.into() };
        ReadError::of_array(&self.path, array, flaw)
    }
}

fn value(
    reader: &mut dyn Reader,
    file: &Path,
    base: usize,
    path: &str,
    found: &Found,
) -> Result<Value, ReadError> {
    match found {
        Found::One(node) => array(reader, node)
            .map(|loaded| named(loaded, file, path))
            .map_err(|flaw| ReadError::of_array(file, path, flaw)),
        Found::Each(list) => {
            let parts = list.iter().enumerate().map(|(index, part)| {
                let path = path.replacen("[]", &format!("[{}]", index + base), 1);
                value(reader, file, base, &path, part)
            });
            Ok(Value::List(parts.collect::<Result<_, _>>()?))
        }
    }
}

fn array(reader: &mut dyn Reader, node: &Node) -> Result<Loaded, ReadErrorKind> {
    match (node.kind, node.content) {
        // Of what is broken the reader says how.
        (Kind::Numbers | Kind::Text | Kind::Unreadable, Some(content)) => reader.load(content),
        (Kind::Numbers, None) => {
            let (shape, data, precision) = (node.shape.clone(), vec![], Precision::Exact);
            Ok(Loaded::Numbers(Numbers { shape, data, precision }))
        }
        (Kind::Text, None) => Ok(Loaded::Texts { shape: vec![], strings: vec![String::new()] }),
        (Kind::Unreadable, None) => {
            let why = node.unread.clone();
            Err(ReadErrorKind::NotRead { why: why.unwrap_or_else(|| "is not read".to_owned()) })
        }
        (Kind::Group | Kind::Structs | Kind::Cells, _) => {
            let expected = match node.kind {
                Kind::Group => "an array: name one of its parts",
                _ => "an array: write [] behind it for all its elements",
            };
            let found = format!("is {}", node.what());
            Err(ReadErrorKind::Content { found, expected: expected.to_owned() })
        }
    }
}

fn named(loaded: Loaded, file: &Path, path: &str) -> Value {
    let (file, name) = (file.to_owned(), path.to_owned());
    match loaded {
        Loaded::Numbers(Numbers { shape, data, precision }) => {
            Value::Numbers(Array { shape, data, precision, path: file, name })
        }
        Loaded::Texts { shape, strings } => Value::Texts(Texts { shape, strings, name }),
    }
}

fn checksum(path: &Path) -> io::Result<(u64, String)> {
    let files = if path.is_dir() { arrays_of_folder(path)? } else { vec![path.to_owned()] };
    let (mut hash, mut length) = (Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 16];
    for file in files {
        let mut reader = BufReader::new(File::open(file)?);
        loop {
            let count = reader.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            hash.update(&buffer[..count]);
            length += count as u64;
        }
    }
    let digits = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((length, digits))
}
