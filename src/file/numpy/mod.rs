//! NumPy: archives of arrays, single arrays, and folders of them.

mod header;
mod npy;
mod npz;
mod write;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::ops::Range;
use std::path::{Path, PathBuf};

use self::npy::Element as ElementType;
pub use self::npz::Npz;
pub use self::write::{Element, NpzWriter, write_npz};
use crate::file::error::{ReadError, ReadErrorKind};
use crate::file::format::{Opened, Reader};
use crate::file::node::{Kind, Node, NodeBudget};
use crate::file::value::{Loaded, Numbers};

/// Lists the members of an archive; one that is no array that is read says why.
///
/// # Errors
///
/// If the archive cannot be read, or has no array.
pub(super) fn open_npz(path: &Path) -> Result<Opened, ReadError> {
    let mut npz = Npz::open(path)?;
    let mut children = Vec::new();
    for (content, name) in npz.names().to_vec().into_iter().enumerate() {
        let outline = npz.member(content, |mut reader| npy::outline(&mut reader));
        children.push(match outline {
            Ok(outline) => node(&name, outline, content),
            Err(flaw) => unreadable(&name, vec![], &flaw, content),
        });
    }
    let others = npz.others().iter();
    children.extend(others.map(|(name, what)| Node::unreadable(name, vec![], "file", *what)));
    let root = Node::group("", children);
    let (format, reader) =
        ("NumPy .npz".to_owned(), Box::new(Archive { npz, checked: BTreeSet::new() }));
    Ok(Opened { format, separator: '/', root, reader })
}

/// A file that is one array, which is called `array`.
///
/// # Errors
///
/// If it has no header.
pub(super) fn open_npy(path: &Path) -> Result<Opened, ReadError> {
    const NAME: &str = "array";
    let file = Single(path.to_owned());
    let outline = file.with(npy::outline);
    let outline = outline.map_err(|flaw| ReadError::of_array(path, NAME, flaw))?;
    let root = Node::group("", vec![node(NAME, outline, 0)]);
    let (format, reader) = ("NumPy .npy".to_owned(), Box::new(file));
    Ok(Opened { format, separator: '/', root, reader })
}

/// The arrays of a folder in the order of their names, as Kilosort and phy write them; none if there
/// is no `.npy` in it.
///
/// # Errors
///
/// If the folder cannot be listed.
pub(super) fn open_folder(path: &Path) -> Result<Option<Opened>, ReadError> {
    let of_file = |flaw| ReadError::of_file(path, flaw);
    let files = arrays_of_folder(path).map_err(ReadErrorKind::of_io).map_err(of_file)?;
    let mut budget = NodeBudget::of_file(u64::MAX);
    let mut children = Vec::new();
    for (content, file) in files.iter().enumerate() {
        budget.spend(1).map_err(of_file)?;
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        children.push(match Single(file.clone()).with(npy::outline) {
            Ok(outline) => node(&name, outline, content),
            Err(flaw) => unreadable(&name, vec![], &flaw, content),
        });
    }
    let (format, root) = ("folder of NumPy .npy".to_owned(), Node::group("", children));
    let reader = Box::new(Folder(files.iter().cloned().map(Single).collect()));
    Ok((!files.is_empty()).then_some(Opened { format, separator: '/', root, reader }))
}

/// The files of a folder that end in `.npy`, in the order of their names.
///
/// # Errors
///
/// If the folder cannot be listed.
pub(crate) fn arrays_of_folder(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "npy") && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn node(
    name: &str,
    outline: (Result<ElementType, ReadErrorKind>, Vec<usize>),
    content: usize,
) -> Node {
    let (element, shape) = outline;
    let (kind, element) = match element {
        Ok(ElementType::Number(number)) => (Kind::Numbers, number.name()),
        Ok(ElementType::Text { .. }) => (Kind::Text, "text"),
        Err(flaw) => return unreadable(name, shape, &flaw, content),
    };
    Node { content: Some(content), ..Node::leaf(name, kind, shape, element) }
}

/// An array that is not read; whoever reads it nevertheless gets the flaw.
fn unreadable(name: &str, shape: Vec<usize>, flaw: &ReadErrorKind, content: usize) -> Node {
    let node = Node::unreadable(name, shape, "other", flaw.to_string());
    Node { content: Some(content), ..node }
}

struct Archive {
    npz: Npz,
    /// The arrays whose checksum has been compared.
    checked: BTreeSet<usize>,
}

impl Reader for Archive {
    fn load(&mut self, content: usize) -> Result<Loaded, ReadErrorKind> {
        self.npz.member(content, |mut reader| npy::read_any(&mut reader))
    }

    fn first(&mut self, content: usize, count: usize) -> Result<Loaded, ReadErrorKind> {
        self.npz.member(content, |mut reader| npy::first(&mut reader, count))
    }

    fn part(
        &mut self,
        content: usize,
        places: Range<usize>,
    ) -> Result<Option<Numbers>, ReadErrorKind> {
        // A part does not tell damage, so the whole is read once.
        if self.checked.insert(content) {
            self.npz.member(content, |reader| {
                io::copy(reader, &mut io::sink()).map_err(ReadErrorKind::of_member)
            })?;
        }
        self.npz.part(content, places)
    }
}

/// The files of a folder.
struct Folder(Vec<Single>);

impl Reader for Folder {
    fn load(&mut self, content: usize) -> Result<Loaded, ReadErrorKind> {
        self.0[content].load(0)
    }

    fn first(&mut self, content: usize, count: usize) -> Result<Loaded, ReadErrorKind> {
        self.0[content].first(0, count)
    }

    fn part(
        &mut self,
        content: usize,
        places: Range<usize>,
    ) -> Result<Option<Numbers>, ReadErrorKind> {
        self.0[content].part(0, places)
    }
}

struct Single(PathBuf);

impl Single {
    fn with<T>(
        &self,
        read: impl FnOnce(&mut BufReader<File>) -> Result<T, ReadErrorKind>,
    ) -> Result<T, ReadErrorKind> {
        read(&mut BufReader::new(File::open(&self.0).map_err(ReadErrorKind::of_io)?))
    }
}

impl Reader for Single {
    fn load(&mut self, _: usize) -> Result<Loaded, ReadErrorKind> {
        self.with(npy::read_any)
    }

    fn first(&mut self, _: usize, count: usize) -> Result<Loaded, ReadErrorKind> {
        self.with(|reader| npy::first(reader, count))
    }

    fn part(&mut self, _: usize, places: Range<usize>) -> Result<Option<Numbers>, ReadErrorKind> {
        self.with(|reader| npy::part(reader, places))
    }
}
