//! The tree of what is in an HDF5 file: groups, datasets, and what is not understood.
//!
//! Every kind of group is listed and soft links are followed. What is not understood is listed with
//! the reason, so that the rest is read.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::iter;
use std::sync::Arc;

use hdf5_reader::attribute_api::Attribute;
use hdf5_reader::dataset::Dataset;
use hdf5_reader::group::Group;
use hdf5_reader::messages::datatype::Datatype;
use hdf5_reader::storage::FileStorage;
use hdf5_reader::superblock::Superblock;
use hdf5_reader::{Hdf5File, OpenOptions};

use super::filters;
use super::index::Extended;
use super::links::{Target, text};
use super::parts::{Part, Parts, Unread, damage, parts};
use crate::file::error::ReadErrorKind;
use crate::file::format::allowed;
use crate::file::guard::guarded;
use crate::file::node::{MAX_NODES, NodeBudget};

/// With what the superblock begins.
const MAGIC: [u8; 8] = *b"\x89HDF\r\n\x1a\n";

/// Bytes that a chunk may have, which is held in memory as a whole.
const LARGEST_CHUNK: usize = 1 << 28;

/// A group or a dataset, and what is said of it.
pub(in crate::file) struct Object {
    pub name: String,
    /// Where its header is in the file, by which references point to it.
    pub address: u64,
    pub attributes: HashMap<String, Attribute>,
    pub body: Body,
    /// What is taken for granted in reading it.
    pub assumed: Option<&'static str>,
    /// What of it is not read, and why.
    pub unread: Option<String>,
}

pub(in crate::file) enum Body {
    Group(Vec<Object>),
    Dataset(Box<Dataset>),
    Unread(Unread),
}

/// Where the superblock begins: at 0, 512, 1024, 2048 or so on, behind a block of the user.
///
/// # Errors
///
/// If the file cannot be read.
pub(in crate::file) fn superblock_of(file: &mut File) -> io::Result<Option<u64>> {
    let length = file.metadata()?.len();
    let places = iter::once(0).chain(iter::successors(Some(512_u64), |at| at.checked_mul(2)));
    for place in places.take_while(|at| at + MAGIC.len() as u64 <= length) {
        let mut start = [0; MAGIC.len()];
        file.seek(SeekFrom::Start(place))?;
        file.read_exact(&mut start)?;
        if start == MAGIC {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

/// Opens a file of `length` bytes whose superblock is at `base`, and lists everything in it; the
/// result is the root group.
///
/// # Errors
///
/// If the file is shorter than it says, or its root is not a group.
pub(in crate::file) fn open(file: File, length: u64, base: u64) -> Result<Object, ReadErrorKind> {
    let limit = usize::try_from(allowed(length)).unwrap_or(usize::MAX);
    let options = OpenOptions::default()
        .with_chunk_cache_bytes(0)
        .with_max_chunk_bytes(limit.min(LARGEST_CHUNK))
        .with_max_read_bytes(limit)
        .with_filter_registry(filters::registry(limit.min(LARGEST_CHUNK)));
    guarded(|| {
        let mut bytes = Extended::new(FileStorage::from_file(file).map_err(damage)?, base);
        let superblock = Superblock::parse_from_storage(&bytes).map_err(damage)?;
        if length < superblock.eof_address {
            let found = format!("is cut off: it has {length} bytes");
            let expected = format!("{} as its header says", superblock.eof_address);
            return Err(ReadErrorKind::Content { found, expected });
        }
        let root = superblock.root_object_header_address().map_err(damage)?;
        let (parts, index) = parts(&bytes, &superblock, root);
        bytes.extend(&superblock, index).map_err(damage)?;
        let file = Hdf5File::from_storage_with_options(Arc::new(bytes), options).map_err(damage)?;
        let index = file.root_group().map_err(damage)?;
        let budget = NodeBudget::of_file(length);
        let (above, known) = (Vec::new(), Known::default());
        let mut walk = Walk { index, root, parts, budget, above, known };
        let root = walk.object("", root);
        match root.body {
            Body::Group(_) => Ok(root),
            Body::Dataset(_) => {
                Err(ReadErrorKind::Damaged { detail: "its root is no group".to_owned() })
            }
            Body::Unread(Unread { why, .. }) => Err(ReadErrorKind::Damaged {
                detail: format!("the group that holds all others {why}"),
            }),
        }
    })
}

/// The address of what is not there.
const NOWHERE: u64 = u64::MAX;

/// Opens parts and puts them into a tree.
struct Walk {
    /// The group in which the numbers of headers are their names.
    index: Group,
    root: u64,
    parts: Parts,
    budget: NodeBudget,
    /// The addresses of the groups above: a link back to one of them is not followed.
    above: Vec<u64>,
    known: Known,
}

/// Which parts were described, and how much of it was said before: of few groups with two links to
/// each there are very many paths.
#[derive(Default)]
struct Known {
    /// Of each part the parts and attributes below it and of itself.
    sizes: HashMap<u64, usize>,
    first: usize,
    repeated: usize,
}

impl Known {
    /// Parts and attributes that were described.
    fn described(&self) -> usize {
        self.first + self.repeated
    }

    /// True if a part is new, or there is room to describe it again.
    fn may_repeat(&self, address: u64) -> bool {
        /// Of a file of any size so many may be repeated, and of each part so often.
        const ALWAYS: usize = 4096;
        const OFTEN: usize = 4;
        let size = self.sizes.get(&address).copied().unwrap_or(0);
        size == 0 || self.repeated + size <= ALWAYS + OFTEN * self.first
    }

    /// Counts a part of its own size, below which all was described since `before`.
    fn describe(&mut self, address: u64, own: usize, before: usize) {
        if self.sizes.contains_key(&address) {
            self.repeated += own;
        } else {
            self.first += own;
            self.sizes.insert(address, self.described() - before);
        }
    }
}

/// Links through which one path may lead.
const MAX_LINKS: usize = 64;

impl Walk {
    fn object(&mut self, name: &str, address: u64) -> Object {
        if let Err(flaw) = self.budget.spend(self.above.len()) {
            let unread = Unread::new("object", flaw.to_string());
            return Object { address, ..Object::unread(name, unread) };
        }
        let (part, unread) = match self.parts.get(&address) {
            Some((part, unread)) => (part, unread.clone()),
            None => {
                let why = format!("is beyond the {MAX_NODES} parts that are listed");
                return Object::unread(name, Unread::new("object", why));
            }
        };
        if !self.known.may_repeat(address) {
            let why = "leads to a part that is listed by other names, too often to be listed again";
            return Object::unread(name, Unread::new("link", why));
        }
        let before = self.known.described();
        let object = match part {
            Part::Unread(unread) => Object::unread(name, unread.clone()),
            Part::Dataset(header, is_known) => self.dataset(name, *header, *is_known),
            Part::Group(..) => self.group(name, address),
        };
        self.known.describe(address, 1 + object.attributes.len(), before);
        Object { address, unread: object.unread.or(unread), ..object }
    }

    fn dataset(&self, name: &str, header: usize, is_known: bool) -> Object {
        match self.index.dataset(&header.to_string()) {
            Ok(dataset) if !is_known && is_of_two_bytes(dataset.dtype()) => {
                let why = "holds floats of two bytes of a type that is shared in a heap: save them \
                           as float32";
                Object::unread(name, Unread::new("numbers", why))
            }
            Ok(dataset) => Object {
                attributes: by_name(dataset.attributes()),
                ..Object::new(name, Body::Dataset(Box::new(dataset)))
            },
            Err(error) => Object::unread(name, Unread::of_error("dataset", error)),
        }
    }

    fn group(&mut self, name: &str, address: u64) -> Object {
        let Some((Part::Group(links, flaw, header), _)) = self.parts.get(&address) else {
            unreachable!("was found to be a group")
        };
        let attributes = self.index.group(&header.to_string()).and_then(|group| group.attributes());
        let (attributes, unread) = match attributes {
            Ok(attributes) => (attributes, None),
            Err(error) => (vec![], Some(format!("has attributes that are not read ({error})"))),
        };
        let flaw = flaw.clone();
        let links: Vec<_> =
            links.iter().map(|(name, target)| (text(name), self.target(address, target))).collect();
        self.above.push(address);
        let of_utf8 = |((name, is_utf8), _): &((String, bool), _)| is_utf8.then(|| name.clone());
        let mut names: HashSet<String> = links.iter().filter_map(of_utf8).collect();
        let mut children: Vec<_> = links
            .into_iter()
            .map(|((name, is_utf8), target)| {
                // Other bytes may be the same text, by which a path could not tell them apart.
                let mut name = name;
                while !is_utf8 && !names.insert(name.clone()) {
                    name.push('\'');
                }
                let object = match target {
                    Ok(address) if self.above.contains(&address) => {
                        Object::unread(&name, Unread::new("link", "leads back to a group above it"))
                    }
                    Ok(address) => self.object(&name, address),
                    Err(unread) => Object::unread(&name, unread),
                };
                let latin = "has a name that is not UTF-8 and is taken for Latin-1";
                Object { assumed: (!is_utf8).then_some(latin), ..object }
            })
            .collect();
        self.above.pop();
        children.extend(flaw.map(|flaw| Object::unread("(others)", flaw)));
        Object {
            attributes: by_name(attributes),
            unread,
            ..Object::new(name, Body::Group(children))
        }
    }

    /// The address to which a link leads from a group.
    fn target(&self, from: u64, target: &Target) -> Result<u64, Unread> {
        match target {
            Target::Object(address) => Ok(*address),
            Target::Path(path) => {
                let why = || format!("leads to {:?}, where nothing is", text(path).0);
                let mut left = MAX_LINKS;
                let address = self.followed(from, path, &mut left);
                address.ok_or_else(|| Unread::new("link", why()))
            }
            Target::File { file, path } => {
                let why = format!("leads to {path:?} in the file {file:?}: name that file instead");
                Err(Unread::new("external link", why))
            }
            Target::Other(other) => {
                Err(Unread::new("link", format!("is of the type {other}, which its user defined")))
            }
        }
    }

    /// Where a path leads from a group, through at most as many links as are left.
    fn followed(&self, from: u64, path: &[u8], left: &mut usize) -> Option<u64> {
        *left = left.checked_sub(1)?;
        let mut at = if path.starts_with(b"/") { self.root } else { from };
        let names = path.split(|&byte| byte == b'/');
        for name in names.filter(|name| !name.is_empty() && *name != b".") {
            let Some((Part::Group(links, ..), _)) = self.parts.get(&at) else { return None };
            at = match links.get(name)? {
                Target::Object(address) => *address,
                Target::Path(path) => self.followed(at, path, left)?,
                _ => return None,
            };
        }
        Some(at)
    }
}

/// True for floats of two bytes, also in lists: float16 or bfloat16, which hdf5-reader does not tell.
fn is_of_two_bytes(datatype: &Datatype) -> bool {
    match datatype {
        Datatype::FloatingPoint { size, .. } => *size == 2,
        Datatype::VarLen { base, .. } => is_of_two_bytes(base),
        _ => false,
    }
}

fn by_name(attributes: Vec<Attribute>) -> HashMap<String, Attribute> {
    attributes.into_iter().map(|attribute| (attribute.name.clone(), attribute)).collect()
}

impl Object {
    fn new(name: &str, body: Body) -> Self {
        let (attributes, address) = (HashMap::new(), NOWHERE);
        Object { name: name.to_owned(), address, attributes, body, assumed: None, unread: None }
    }

    fn unread(name: &str, unread: Unread) -> Self {
        Object::new(name, Body::Unread(unread))
    }

    /// An attribute that is a string.
    pub fn text(&self, name: &str) -> Option<String> {
        let text = self.attributes.get(name)?.read_string().ok()?;
        Some(text.trim_end_matches('\0').to_owned())
    }

    /// An attribute that is a number.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.attributes.get(name)?.read_as_f64().ok()
    }

    /// An attribute that is several strings.
    pub fn texts(&self, name: &str) -> Option<Vec<String>> {
        self.attributes.get(name)?.read_strings().ok()
    }

    /// An attribute that is a reference to another object: the address of that.
    pub fn reference(&self, name: &str) -> Option<u64> {
        let attribute = self.attributes.get(name)?;
        let address = attribute.raw_data.first_chunk::<8>().copied().map(u64::from_le_bytes);
        address.filter(|_| matches!(attribute.datatype, Datatype::Reference { .. }))
    }

    /// The part of this name, of a group.
    pub fn child(&self, name: &str) -> Option<&Object> {
        match &self.body {
            Body::Group(children) => children.iter().find(|child| child.name == name),
            Body::Dataset(_) | Body::Unread(_) => None,
        }
    }
}
