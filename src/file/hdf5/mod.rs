//! HDF5: datasets as arrays of numbers or strings.
//!
//! hdf5-reader decodes the datasets; here the objects of a file become nodes, and their element types
//! numbers and strings.

mod blosc;
mod filters;
mod header;
mod index;
mod links;
pub(super) mod objects;
pub(super) mod parts;

use std::sync::Arc;

use hdf5_reader::dataset::{Dataset, SliceInfo, SliceInfoElem};
use hdf5_reader::datatype_api::{H5Type, StringSize, VarLenKind, dtype_element_size};
use hdf5_reader::error::{ByteOrder, Error};
use hdf5_reader::messages::datatype::Datatype;

use self::objects::{Body, Object};
use self::parts::{Unread, damage};
use crate::file::element::{Class, NumberType, TextBudget, byte_count, reserve};
use crate::file::error::ReadErrorKind;
use crate::file::format::{Opened, Reader, allowed};
use crate::file::guard::guarded;
use crate::file::node::{Kind, MAX_NODES, Node};
use crate::file::value::{Loaded, Numbers};

/// The lengths of the axes of a dataset.
pub(super) fn shape(dataset: &Dataset) -> Result<Vec<usize>, ReadErrorKind> {
    let length = |&length: &u64| usize::try_from(length).ok();
    dataset.shape().iter().map(length).collect::<Option<_>>().ok_or_else(|| {
        let found = format!("claims shape {:?}", dataset.shape());
        ReadErrorKind::Content { found, expected: "axes that a computer can hold".to_owned() }
    })
}

/// Number of elements of a dataset.
pub(super) fn length(dataset: &Dataset) -> Result<usize, ReadErrorKind> {
    Ok(shape(dataset)?.iter().fold(1, |product: usize, &length| product.saturating_mul(length)))
}

/// How the elements of a dataset are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Number(NumberType),
    /// Strings of a fixed number of bytes.
    Fixed(usize),
    /// Strings in the heap, to which the elements point.
    Heap,
    /// Lists of numbers in the heap, to which the elements point.
    List(NumberType),
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
                // Of two bytes they are float16: what is not was sorted out before.
                let number = number(Class::Float, *size, *byte_order);
                number.ok_or("floats that are neither float16, float32 nor float64")
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
            Datatype::VarLen { base, .. } => match Element::new(base) {
                Ok(Element::Number(number)) => Ok(Element::List(number)),
                _ => Err("lists of other than numbers"),
            },
            Datatype::Compound { .. } => Err("records"),
            Datatype::Array { .. } => Err("elements that are arrays"),
            Datatype::Opaque { .. } => Err("opaque bytes"),
        }
    }

    /// As it is called in a listing.
    pub fn name(self) -> &'static str {
        match self {
            Element::Number(number) => number.name(),
            Element::Fixed(_) | Element::Heap => "text",
            Element::List(_) => "list",
            Element::Reference(_) => "references",
        }
    }
}

/// An array that can be read.
pub(super) struct Stored {
    dataset: Arc<Dataset>,
    element: Element,
    /// The reference to the one list that is meant of a dataset of lists.
    list: Option<Vec<u8>>,
}

/// What is behind the number of a node.
enum Content {
    Array(Stored),
    /// Something that is broken, and how.
    Broken(String),
}

/// The arrays of a file.
pub(super) struct Hdf5 {
    contents: Vec<Content>,
    /// Bytes of the file.
    pub length: u64,
}

impl Hdf5 {
    /// The arrays of a file of `length` bytes, so far none.
    pub fn new(length: u64) -> Self {
        Hdf5 { contents: Vec::new(), length }
    }

    /// The node of a dataset, which can be read from now on.
    ///
    /// # Errors
    ///
    /// If its shape cannot be one.
    pub fn node(&mut self, name: &str, dataset: Box<Dataset>) -> Result<Node, ReadErrorKind> {
        let shape = shape(&dataset)?;
        let element = match Element::new(dataset.dtype()) {
            Err(what) => {
                let why = unread_elements(what, dataset.dtype());
                return Ok(Node::unreadable(name, shape, what, why));
            }
            Ok(element @ Element::Reference(_)) => {
                let why = "holds references to other objects, expected numbers or text";
                return Ok(Node::unreadable(name, shape, element.name(), why));
            }
            Ok(Element::List(number)) => return self.lists(name, shape, dataset.into(), number),
            Ok(element) => element,
        };
        let kind = match element {
            Element::Number(_) => Kind::Numbers,
            _ => Kind::Text,
        };
        let mut node = Node::leaf(name, kind, shape, element.name());
        node.content = Some(self.add(dataset.into(), element, None));
        Ok(node)
    }

    /// The node of a dataset of lists, each of which is an array.
    fn lists(
        &mut self,
        name: &str,
        shape: Vec<usize>,
        dataset: Arc<Dataset>,
        number: NumberType,
    ) -> Result<Node, ReadErrorKind> {
        let references = guarded(|| bytes(&dataset))?;
        let mut node = Node::leaf(name, Kind::Cells, shape, Element::List(number).name());
        let mut total = 0;
        for reference in references.chunks_exact(dataset.vlen_reference_size()) {
            let count = reference.first_chunk().map_or(0, |count| u32::from_le_bytes(*count));
            total += u64::from(count) * number.size() as u64;
            if total > allowed(self.length) || node.children.len() > MAX_NODES {
                let found = "has lists that claim more than the file can hold".to_owned();
                let expected = "as many bytes as are there".to_owned();
                return Err(ReadErrorKind::Content { found, expected });
            }
            let mut list = Node::leaf("", Kind::Numbers, vec![count as usize], number.name());
            let reference = Some(reference.to_vec());
            list.content = Some(self.add(dataset.clone(), Element::Number(number), reference));
            node.children.push(list);
        }
        Ok(node)
    }

    /// A part that is not read; reading it says how it is broken, if it is.
    pub fn unread(&mut self, name: &str, unread: &Unread) -> Node {
        let mut node = Node::unreadable(name, vec![], unread.element, &unread.why);
        if unread.is_damaged {
            self.contents.push(Content::Broken(unread.why.clone()));
            node.content = Some(self.contents.len() - 1);
        }
        node
    }

    fn add(&mut self, dataset: Arc<Dataset>, element: Element, list: Option<Vec<u8>>) -> usize {
        let stored = Stored { dataset, element, list };
        self.contents.push(Content::Array(stored));
        self.contents.len() - 1
    }

    /// Whether the characters of an array are no more than are read as text.
    ///
    /// # Errors
    ///
    /// If they are.
    pub fn check_text(&self, content: usize) -> Result<(), ReadErrorKind> {
        TextBudget::default().spend(0, length(&self.stored(content)?.dataset)?)
    }

    fn stored(&self, content: usize) -> Result<&Stored, ReadErrorKind> {
        match &self.contents[content] {
            Content::Array(stored) => Ok(stored),
            Content::Broken(detail) => Err(ReadErrorKind::Damaged { detail: detail.clone() }),
        }
    }
}

/// Why elements of this type are not read.
fn unread_elements(what: &str, datatype: &Datatype) -> String {
    let Datatype::Compound { fields, .. } = datatype else {
        return format!("holds {what}, expected numbers or text");
    };
    let names: Vec<_> = fields.iter().take(8).map(|field| field.name.as_str()).collect();
    format!("holds {what} of {}: save each field as an array of its own", names.join(", "))
}

impl Reader for Hdf5 {
    fn load(&mut self, content: usize) -> Result<Loaded, ReadErrorKind> {
        let stored = self.stored(content)?;
        guarded(|| match &stored.list {
            Some(reference) => stored.list(reference),
            None => {
                let shape = shape(&stored.dataset)?;
                if matches!(stored.element, Element::Fixed(_) | Element::Heap) {
                    TextBudget::default().spend(length(&stored.dataset)?, 0)?;
                }
                stored.decode(shape, &bytes(&stored.dataset)?)
            }
        })
    }

    fn first(&mut self, content: usize, count: usize) -> Result<Loaded, ReadErrorKind> {
        let stored = self.stored(content)?;
        guarded(|| {
            if let Some(reference) = &stored.list {
                return stored.list(reference).map(|list| beginning(list, count));
            }
            let bytes = first_bytes(&stored.dataset, count)?;
            let size = stored.dataset.raw_element_size().map_err(damage)?.max(1);
            stored.decode(vec![bytes.len() / size], &bytes)
        })
    }
}

/// All elements of a dataset as they are stored, in the order of C.
pub(super) fn bytes(dataset: &Dataset) -> Result<Vec<u8>, ReadErrorKind> {
    dataset.read_raw_bytes().map_err(damage)
}

/// The first elements of the last axis.
fn first_bytes(dataset: &Dataset, count: usize) -> Result<Vec<u8>, ReadErrorKind> {
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

/// The first elements of a list.
fn beginning(list: Loaded, count: usize) -> Loaded {
    match list {
        Loaded::Numbers(Numbers { mut data, precision, .. }) => {
            data.truncate(count);
            Loaded::Numbers(Numbers { shape: vec![data.len()], data, precision })
        }
        texts @ Loaded::Texts { .. } => texts,
    }
}

impl Stored {
    /// The list to which a reference leads.
    fn list(&self, reference: &[u8]) -> Result<Loaded, ReadErrorKind> {
        let Element::Number(number) = self.element else { unreachable!("lists are of numbers") };
        let bytes = self.dataset.resolve_vlen_reference_bytes(reference, number.size());
        let bytes = bytes.map_err(damage)?;
        self.decode(vec![bytes.len() / number.size()], &bytes)
    }

    /// What the bytes of some elements are.
    fn decode(&self, shape: Vec<usize>, bytes: &[u8]) -> Result<Loaded, ReadErrorKind> {
        match self.element {
            Element::Number(number) => {
                let expected = byte_count(&shape, number.size());
                if bytes.len() as u128 != expected {
                    return Err(ReadErrorKind::TooShort {
                        shape,
                        expected,
                        found: bytes.len() as u64,
                    });
                }
                let mut data = Vec::new();
                reserve(&mut data, bytes.len() / number.size(), &shape)?;
                number.decode(bytes, &mut data)?;
                Ok(Loaded::Numbers(Numbers { shape, data, precision: number.precision() }))
            }
            Element::Reference(_) | Element::List(_) => {
                Err(ReadErrorKind::ElementType { found: "references to other objects".to_owned() })
            }
            Element::Fixed(size) => {
                TextBudget::default().spend(bytes.len() / size, bytes.len())?;
                Ok(Loaded::Texts { shape, strings: bytes.chunks_exact(size).map(string).collect() })
            }
            Element::Heap => {
                let size = self.dataset.vlen_reference_size();
                let mut budget = TextBudget::default();
                let mut strings = Vec::new();
                for reference in bytes.chunks_exact(size) {
                    let bytes =
                        self.dataset.resolve_vlen_reference_bytes(reference, 1).map_err(damage)?;
                    budget.spend(1, bytes.len())?;
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
pub(super) fn plain(root: Object, mut reader: Hdf5) -> Opened {
    let root = node(&mut reader, root);
    Opened { format: "HDF5".to_owned(), separator: '/', root, reader: Box::new(reader) }
}

/// The node of an object with all below it.
pub(super) fn node(reader: &mut Hdf5, object: Object) -> Node {
    let unit = object.text("unit").or_else(|| object.text("units"));
    let note = object.text("description");
    let rate = object.number("rate");
    let kind = object.text("neurodata_type");
    let mut node = match object.body {
        Body::Dataset(dataset) => reader
            .node(&object.name, dataset)
            .unwrap_or_else(|flaw| reader.unread(&object.name, &Unread::of_flaw("dataset", flaw))),
        Body::Group(children) => {
            let children = children.into_iter().map(|child| node(reader, child));
            let mut group = Node::group(object.name, children.collect());
            if let Some(kind) = kind {
                group.element = kind;
            }
            group
        }
        Body::Unread(unread) => reader.unread(&object.name, &unread),
    };
    node.assumed = object.assumed.map(str::to_owned);
    node.unread = node.unread.or(object.unread);
    node.rate = rate;
    node.unit = unit.filter(|unit| !unit.is_empty());
    node.note = note.filter(|note| !note.is_empty());
    node
}

/// All numbers of a dataset.
///
/// # Errors
///
/// If it does not hold numbers, or they cannot be read.
pub(super) fn numbers(dataset: &Dataset) -> Result<Vec<f64>, ReadErrorKind> {
    let Ok(Element::Number(number)) = Element::new(dataset.dtype()) else {
        return Err(ReadErrorKind::ElementType { found: "no numbers".to_owned() });
    };
    let mut data = Vec::new();
    number.decode(&bytes(dataset)?, &mut data)?;
    Ok(data)
}
