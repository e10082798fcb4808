//! HDF5: groups, datasets and attributes.
//!
//! hdf5-reader decodes the file; here its objects become nodes, and its element types numbers and
//! strings. It lists every kind of group and follows soft links; external links are passed over.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use hdf5_reader::attribute_api::Attribute;
use hdf5_reader::dataset::{Dataset, SliceInfo, SliceInfoElem};
use hdf5_reader::datatype_api::{H5Type, StringSize, VarLenKind, dtype_element_size};
use hdf5_reader::error::{ByteOrder, Error};
use hdf5_reader::group::Group;
use hdf5_reader::messages::datatype::Datatype;
use hdf5_reader::{Hdf5File, OpenOptions};

use super::guard::guarded;
use super::{Opened, Reader};
use crate::recording::element::{Class, NumberType, byte_count, reserve};
use crate::recording::error::Flaw;
use crate::recording::node::{Kind, Node, NodeBudget};
use crate::recording::value::{Loaded, Numbers};

/// With what the superblock begins.
pub(super) const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";

/// Deflate makes data at most this much smaller: what claims more is not in the file.
const LARGEST_RATIO: u64 = 1032;

/// Bytes that may be claimed by a file of any size: fill values need none.
const ALWAYS_ALLOWED: u64 = 1 << 26;

/// Bytes that a chunk may have, which is held in memory as a whole.
const LARGEST_CHUNK: usize = 1 << 28;

/// Bytes that the strings of one array may have.
const LONGEST_TEXTS: usize = 1 << 28;

/// A group or a dataset, and what is said of it.
pub(super) struct Object {
    pub name: String,
    /// Where its header is in the file, by which references point to it.
    pub address: u64,
    pub attributes: HashMap<String, Attribute>,
    pub body: Body,
}

pub(super) enum Body {
    Group(Vec<Object>),
    Dataset(Box<Dataset>),
}

/// Opens a file and lists everything in it; the result is the root group.
///
/// # Errors
///
/// If the file is shorter than it says, or an object cannot be read.
pub(super) fn open(path: &Path) -> Result<Object, Flaw> {
    let length = fs::metadata(path).map_err(Flaw::of_io)?.len();
    let limit = length.saturating_mul(LARGEST_RATIO).max(ALWAYS_ALLOWED);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let options = OpenOptions::default()
        .with_chunk_cache_bytes(0)
        .with_max_chunk_bytes(limit.min(LARGEST_CHUNK))
        .with_max_read_bytes(limit);
    guarded(|| {
        let file = Hdf5File::open_with_options(path, options).map_err(damage)?;
        let claimed = file.superblock().eof_address;
        if length < claimed {
            let found = format!("is cut off: it has {length} bytes");
            return Err(Flaw::Content { found, expected: format!("{claimed} as its header says") });
        }
        let mut walk = Walk { budget: NodeBudget::default(), above: Vec::new() };
        walk.object_of_group(&file.root_group().map_err(damage)?)
    })
}

/// What an error of the reader tells of the file.
fn damage(error: Error) -> Flaw {
    match error {
        Error::Io(error) => Flaw::of_member(error),
        Error::UnsupportedFilter(name) => {
            let found = format!("is compressed by the filter {name}");
            Flaw::Content {
                found,
                expected: "gzip, shuffle, fletcher32, szip, nbit or scale-offset".to_owned(),
            }
        }
        Error::ResourceLimit(detail) => {
            let found = format!("claims more than the file can hold ({detail})");
            Flaw::Content { found, expected: "as many bytes as are there".to_owned() }
        }
        error => Flaw::Damaged { detail: error.to_string() },
    }
}

struct Walk {
    budget: NodeBudget,
    /// The addresses of the groups above: a link back to one of them is not followed.
    above: Vec<u64>,
}

impl Walk {
    fn object_of_group(&mut self, group: &Group) -> Result<Object, Flaw> {
        self.budget.spend(self.above.len())?;
        let within = |flaw| within(group.name(), flaw);
        let attributes = group.attributes().map_err(damage).map_err(within)?;
        let (groups, datasets) = group.members().map_err(damage).map_err(within)?;
        self.above.push(group.address());
        let mut children = Vec::new();
        for dataset in datasets {
            self.budget.spend(self.above.len())?;
            children.push(Object {
                name: dataset.name().to_owned(),
                address: dataset.address(),
                attributes: by_name(dataset.attributes()),
                body: Body::Dataset(Box::new(dataset)),
            });
        }
        for child in groups {
            if !self.above.contains(&child.address()) {
                children.push(self.object_of_group(&child)?);
            }
        }
        self.above.pop();
        children.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Object {
            name: group.name().to_owned(),
            address: group.address(),
            attributes: by_name(attributes),
            body: Body::Group(children),
        })
    }
}

/// Says in which group the damage is.
fn within(group: &str, flaw: Flaw) -> Flaw {
    match flaw {
        Flaw::Damaged { detail } => Flaw::Damaged { detail: format!("group {group:?}: {detail}") },
        flaw => flaw,
    }
}

fn by_name(attributes: Vec<Attribute>) -> HashMap<String, Attribute> {
    attributes.into_iter().map(|attribute| (attribute.name.clone(), attribute)).collect()
}

impl Object {
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
            Body::Dataset(_) => None,
        }
    }
}

/// The lengths of the axes of a dataset.
pub(super) fn shape(dataset: &Dataset) -> Result<Vec<usize>, Flaw> {
    let length = |&length: &u64| usize::try_from(length).ok();
    dataset.shape().iter().map(length).collect::<Option<_>>().ok_or_else(|| {
        let found = format!("claims shape {:?}", dataset.shape());
        Flaw::Content { found, expected: "axes that a computer can hold".to_owned() }
    })
}

/// How the elements of a dataset are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Number(NumberType),
    /// Strings of a fixed number of bytes.
    Fixed(usize),
    /// Strings in the heap, to which the elements point.
    Heap,
    /// References to other objects, of this many bytes.
    Reference(usize),
}

impl Element {
    /// How elements of this type are read, or what they are called if they are not.
    pub fn new(datatype: &Datatype) -> Result<Element, &'static str> {
        let number = |class, size, order| {
            let number = NumberType::new(class, usize::from(size), order == ByteOrder::BigEndian);
            number.map(Element::Number)
        };
        match datatype {
            Datatype::FixedPoint { size, signed, byte_order } => {
                let class = if *signed { Class::Int } else { Class::Uint };
                number(class, *size, *byte_order).ok_or("integers of an odd width")
            }
            Datatype::Bitfield { size, byte_order } => {
                number(Class::Uint, *size, *byte_order).ok_or("bit fields")
            }
            Datatype::FloatingPoint { size, byte_order } => {
                let number = number(Class::Float, *size, *byte_order);
                number.ok_or("floats that are neither float32 nor float64")
            }
            // h5py writes booleans so.
            Datatype::Enum { base, members } => match Element::new(base)? {
                Element::Number(number) if number.size() == 1 && members.len() == 2 => {
                    let boolean = NumberType::new(Class::Bool, 1, false);
                    let names: Vec<_> = members.iter().map(|member| member.name.as_str()).collect();
                    let is_boolean = names.contains(&"FALSE") && names.contains(&"TRUE");
                    Ok(Element::Number(boolean.filter(|_| is_boolean).unwrap_or(number)))
                }
                element => Ok(element),
            },
            Datatype::String { size: StringSize::Fixed(0), .. } => Err("empty strings"),
            Datatype::String { size: StringSize::Fixed(bytes), .. } => {
                Ok(Element::Fixed(*bytes as usize))
            }
            Datatype::String { size: StringSize::Variable, .. }
            | Datatype::VarLen { kind: VarLenKind::String, .. } => Ok(Element::Heap),
            Datatype::Reference { size, .. } => Ok(Element::Reference(usize::from(*size))),
            Datatype::VarLen { .. } => Err("sequences of variable length"),
            Datatype::Compound { .. } => Err("records"),
            Datatype::Array { .. } => Err("arrays"),
            Datatype::Opaque { .. } => Err("opaque bytes"),
        }
    }

    /// As it is called in a listing.
    pub fn name(self) -> &'static str {
        match self {
            Element::Number(number) => number.name(),
            Element::Fixed(_) | Element::Heap => "text",
            Element::Reference(_) => "reference",
        }
    }
}

/// An array that can be read.
pub(super) struct Stored {
    dataset: Box<Dataset>,
    element: Element,
}

/// The arrays of a file.
#[derive(Default)]
pub(super) struct Hdf5(Vec<Stored>);

impl Hdf5 {
    /// The node of a dataset, which can be read from now on.
    ///
    /// # Errors
    ///
    /// If its shape cannot be one.
    pub fn node(&mut self, name: &str, dataset: Box<Dataset>) -> Result<Node, Flaw> {
        let shape = shape(&dataset)?;
        let element = match Element::new(dataset.dtype()) {
            Err(what) => return Ok(Node::unreadable(name, shape, what, "not read")),
            Ok(element @ Element::Reference(_)) => {
                return Ok(Node::unreadable(name, shape, element.name(), "not read"));
            }
            Ok(element) => element,
        };
        let kind = match element {
            Element::Number(_) => Kind::Numbers,
            _ => Kind::Text,
        };
        let mut node = Node::leaf(name, kind, shape, element.name());
        node.content = Some(self.add(dataset, element));
        Ok(node)
    }

    fn add(&mut self, dataset: Box<Dataset>, element: Element) -> usize {
        self.0.push(Stored { dataset, element });
        self.0.len() - 1
    }
}

impl Reader for Hdf5 {
    fn load(&mut self, content: usize) -> Result<Loaded, Flaw> {
        let stored = &self.0[content];
        guarded(|| {
            let bytes = bytes(&stored.dataset)?;
            stored.decode(shape(&stored.dataset)?, &bytes)
        })
    }

    fn first(&mut self, content: usize, count: usize) -> Result<Loaded, Flaw> {
        let stored = &self.0[content];
        guarded(|| {
            let bytes = first_bytes(&stored.dataset, count)?;
            let size = stored.dataset.raw_element_size().map_err(damage)?.max(1);
            stored.decode(vec![bytes.len() / size], &bytes)
        })
    }
}

/// All elements of a dataset as they are stored, in the order of C.
pub(super) fn bytes(dataset: &Dataset) -> Result<Vec<u8>, Flaw> {
    dataset.read_raw_bytes().map_err(|error| {
        let error = match error {
            Error::Context { source, .. } => *source,
            error => error,
        };
        match error {
            // hdf5-reader takes two bytes too few for reserved in the layout of these versions.
            Error::InvalidData(detail) if detail.starts_with("contiguous raw data has") => {
                let older = "or stored by HDF5 1.6.2 or older, which is not read";
                Flaw::Damaged { detail: format!("{detail}, {older}") }
            }
            error => damage(error),
        }
    })
}

/// The first elements of the last axis.
fn first_bytes(dataset: &Dataset, count: usize) -> Result<Vec<u8>, Flaw> {
    let lengths = dataset.shape();
    if lengths.contains(&0) {
        return Ok(Vec::new());
    }
    let Some((&last, others)) = lengths.split_last() else { return bytes(dataset) };
    let size = dataset.raw_element_size().map_err(damage)?;
    if size != dtype_element_size(dataset.dtype()).map_err(damage)? {
        // References to the heap of a file with short addresses, which slices do not know.
        return bytes(dataset)
            .map(|bytes| bytes.chunks(size.max(1)).take(count).flatten().copied().collect());
    }
    let from_start = |end| SliceInfoElem::Slice { start: 0, end, step: 1 };
    // A column is shown from above, not as the one number of its first row.
    let column = last == 1 && !others.is_empty();
    let wanted = |length: u64| from_start(length.min(count as u64));
    let mut selections: Vec<_> = others.iter().map(|_| from_start(1)).collect();
    if column {
        let axis = others.len() - 1;
        selections[axis] = wanted(others[axis]);
    }
    selections.push(wanted(last));
    let slice = dataset.read_slice::<Raw>(&SliceInfo { selections }).map_err(damage)?;
    Ok(slice.into_iter().flat_map(|element| element.0).collect())
}

/// An element as it is stored.
#[derive(Clone)]
struct Raw(Vec<u8>);

impl H5Type for Raw {
    fn hdf5_type() -> Datatype {
        Datatype::Opaque { size: 1, tag: String::new() }
    }

    fn from_bytes(bytes: &[u8], datatype: &Datatype) -> hdf5_reader::error::Result<Self> {
        let size = dtype_element_size(datatype)?;
        let short = || Error::InvalidData("an element is cut off".to_owned());
        bytes.get(..size).map(|bytes| Raw(bytes.to_vec())).ok_or_else(short)
    }

    fn element_size(datatype: &Datatype) -> usize {
        dtype_element_size(datatype).unwrap_or(0)
    }
}

impl Stored {
    /// What the bytes of some elements are.
    fn decode(&self, shape: Vec<usize>, bytes: &[u8]) -> Result<Loaded, Flaw> {
        match self.element {
            Element::Number(number) => {
                let expected = byte_count(&shape, number.size());
                if bytes.len() as u128 != expected {
                    return Err(Flaw::TooShort { shape, expected, found: bytes.len() as u64 });
                }
                let mut data = Vec::new();
                reserve(&mut data, bytes.len() / number.size(), &shape)?;
                number.decode(bytes, &mut data)?;
                Ok(Loaded::Numbers(Numbers { shape, data, precision: number.precision() }))
            }
            Element::Reference(_) => {
                Err(Flaw::ElementType { found: "references to other objects".to_owned() })
            }
            Element::Fixed(size) => {
                Ok(Loaded::Texts { shape, strings: bytes.chunks_exact(size).map(string).collect() })
            }
            Element::Heap => {
                let size = self.dataset.vlen_reference_size();
                let mut total = 0;
                let mut strings = Vec::new();
                for reference in bytes.chunks_exact(size) {
                    let bytes =
                        self.dataset.resolve_vlen_reference_bytes(reference, 1).map_err(damage)?;
                    total += bytes.len();
                    if total > LONGEST_TEXTS {
                        let found = format!("claims more than {LONGEST_TEXTS} bytes of text");
                        return Err(Flaw::Content { found, expected: "less".to_owned() });
                    }
                    strings.push(string(&bytes));
                }
                Ok(Loaded::Texts { shape, strings })
            }
        }
    }
}

/// ASCII or UTF-8, padded with zeros; what is neither keeps its readable part.
fn string(bytes: &[u8]) -> String {
    let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// A file that is HDF5 and nothing more special.
///
/// # Errors
///
/// If the shape of a dataset cannot be one.
pub(super) fn plain(root: Object) -> Result<Opened, Flaw> {
    let mut reader = Hdf5::default();
    let root = node(&mut reader, root)?;
    Ok(Opened { format: "HDF5".to_owned(), separator: '/', root, reader: Box::new(reader) })
}

/// The node of an object with all below it.
pub(super) fn node(reader: &mut Hdf5, object: Object) -> Result<Node, Flaw> {
    let unit = object.text("unit").or_else(|| object.text("units"));
    let note = object.text("description");
    let rate = object.number("rate");
    let kind = object.text("neurodata_type");
    let mut node = match object.body {
        Body::Dataset(dataset) => reader.node(&object.name, dataset)?,
        Body::Group(children) => {
            let children = children.into_iter().map(|child| node(reader, child));
            let mut group = Node::group(object.name, children.collect::<Result<_, _>>()?);
            if let Some(kind) = kind {
                group.element = kind;
            }
            group
        }
    };
    node.rate = rate;
    node.unit = unit.filter(|unit| !unit.is_empty());
    node.note = node.note.or(note).filter(|note| !note.is_empty());
    Ok(node)
}

/// All numbers of a dataset.
///
/// # Errors
///
/// If it does not hold numbers, or they cannot be read.
pub(super) fn numbers(dataset: &Dataset) -> Result<Vec<f64>, Flaw> {
    let Ok(Element::Number(number)) = Element::new(dataset.dtype()) else {
        return Err(Flaw::ElementType { found: "no numbers".to_owned() });
    };
    let mut data = Vec::new();
    number.decode(&bytes(dataset)?, &mut data)?;
    Ok(data)
}
