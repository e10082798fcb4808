//! MATLAB v5, in which versions 5, 6 and 7 save: numbers, text, cells and structs.
//!
//! Own code, because no crate reads structs and cells and survives damaged files. After the "MAT-
//! File Format" of The MathWorks. The file is a list of elements, each with its type and length;
//! an array is an element that holds elements: flags, lengths of the axes, name, and its data, which
//! for cells and structs are arrays again, columns one after the other. Since version 7 each variable
//! is compressed by zlib.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use flate2::bufread::ZlibDecoder;

use super::sparse::{self, Sparse};
use super::{FUNCTION, object_of_class};
use crate::file::element::{Class, NumberType, TextBudget, byte_count, c_order, reserve};
use crate::file::error::ReadErrorKind;
use crate::file::format::{Opened, Reader, allowed};
use crate::file::node::{Kind, Node, NodeBudget};
use crate::file::value::{Loaded, Numbers};
use crate::scalar::Precision;

/// Bytes before the first element.
const HEADER: usize = 128;

/// Types of elements.
mod mi {
    pub const INT8: u32 = 1;
    pub const UINT8: u32 = 2;
    pub const INT16: u32 = 3;
    pub const UINT16: u32 = 4;
    pub const INT32: u32 = 5;
    pub const UINT32: u32 = 6;
    pub const SINGLE: u32 = 7;
    pub const DOUBLE: u32 = 9;
    pub const INT64: u32 = 12;
    pub const UINT64: u32 = 13;
    pub const MATRIX: u32 = 14;
    pub const COMPRESSED: u32 = 15;
    pub const UTF8: u32 = 16;
    pub const UTF16: u32 = 17;
    pub const UTF32: u32 = 18;
}

/// Classes of arrays.
mod mx {
    pub const CELL: u8 = 1;
    pub const STRUCT: u8 = 2;
    pub const OBJECT: u8 = 3;
    pub const CHAR: u8 = 4;
    pub const SPARSE: u8 = 5;
    pub const FUNCTION: u8 = 16;
    pub const OPAQUE: u8 = 17;
}

/// Bits of the flags of an array.
const LOGICAL: u32 = 0x200;
const COMPLEX: u32 = 0x800;

const COMPLEX_NUMBERS: &str = "holds complex numbers, expected real ones";

/// True for the first bytes of such a file: version and byte order end its header.
pub(in crate::file) fn is_mat5(start: &[u8]) -> bool {
    matches!(start.get(124..HEADER), Some([0, 1, b'I', b'M'] | [1, 0, b'M', b'I']))
}

/// Reads the tree of all variables; one that is damaged says so, and the others are read.
///
/// # Errors
///
/// If the file is cut off.
pub(in crate::file) fn open(path: &Path) -> Result<Opened, ReadErrorKind> {
    let mut file = BufReader::new(File::open(path).map_err(ReadErrorKind::of_io)?);
    let mut header = [0; HEADER];
    file.read_exact(&mut header).map_err(ReadErrorKind::of_member)?;
    let big_endian = header[126] == b'M';
    let length = file.get_ref().metadata().map_err(ReadErrorKind::of_io)?.len();
    let budget = NodeBudget::of_file(length);
    let mut parser = Parser { big_endian, stored: Vec::new(), budget };
    let mut variables = Vec::new();
    while let Some(bytes) = next_variable(&mut file, length, big_endian)? {
        let place = format!("(variable {})", variables.len() + 1);
        let node = bytes.and_then(|bytes| parser.array(bytes.into(), None, 1));
        // Without a name come the data of function handles and objects.
        match node {
            Ok(node) => variables.extend(node.filter(|node| !node.name.is_empty())),
            Err(flaw) => variables.push(parser.unread(&place, &flaw)),
        }
    }
    let root = Node::group("", variables);
    let reader = Box::new(Mat5 { big_endian, length, stored: parser.stored });
    Ok(Opened { format: "MATLAB v5".to_owned(), separator: '.', root, reader })
}

fn cut_off(detail: &str) -> ReadErrorKind {
    ReadErrorKind::Damaged { detail: format!("it is cut off in {detail}") }
}

fn damaged(detail: impl Into<String>) -> ReadErrorKind {
    ReadErrorKind::Damaged { detail: detail.into() }
}

/// The content of a variable, decompressed, or why there is none.
type Variable = Result<Vec<u8>, ReadErrorKind>;

/// The next variable of a file that has at most so many bytes.
fn next_variable(
    file: &mut impl Read,
    most: u64,
    big_endian: bool,
) -> Result<Option<Variable>, ReadErrorKind> {
    let mut tag = Vec::new();
    file.by_ref().take(8).read_to_end(&mut tag).map_err(ReadErrorKind::of_io)?;
    if tag.is_empty() {
        return Ok(None);
    }
    let (kind, length) =
        read_tag(&tag, big_endian).ok_or_else(|| cut_off("the tag of an array"))?;
    let mut bytes = Vec::new();
    reserve(&mut bytes, u64::from(length).min(most) as usize, &[length as usize])?;
    file.by_ref().take(u64::from(length)).read_to_end(&mut bytes).map_err(ReadErrorKind::of_io)?;
    if bytes.len() as u64 != u64::from(length) {
        let detail = format!("an array of {length} bytes, of which {} are there", bytes.len());
        return Err(cut_off(&detail));
    }
    Ok(Some(match kind {
        mi::MATRIX => Ok(bytes),
        mi::COMPRESSED => inflated(&bytes, big_endian),
        kind => Err(ReadErrorKind::NotRead {
            why: format!("is an element of type {kind} and no array"),
        }),
    }))
}

/// The content of the array that compressed bytes are.
fn inflated(bytes: &[u8], big_endian: bool) -> Result<Vec<u8>, ReadErrorKind> {
    let mut inflater = ZlibDecoder::new(bytes);
    let broken = |error: std::io::Error| damaged(format!("a variable does not inflate ({error})"));
    let mut tag = Vec::new();
    inflater.by_ref().take(8).read_to_end(&mut tag).map_err(broken)?;
    let (kind, length) =
        read_tag(&tag, big_endian).ok_or_else(|| cut_off("a compressed variable"))?;
    if kind != mi::MATRIX {
        return Err(damaged(format!("a compressed variable is of type {kind}, no array")));
    }
    let mut content = Vec::new();
    let most = u64::from(length).min(allowed(bytes.len() as u64));
    reserve(&mut content, most as usize, &[length as usize])?;
    inflater.by_ref().take(u64::from(length)).read_to_end(&mut content).map_err(broken)?;
    if content.len() as u64 != u64::from(length) {
        let found = content.len();
        return Err(damaged(format!("it claims {length} bytes, of which {found} are there")));
    }
    // To the end of the stream, where its checksum is compared.
    io::copy(&mut inflater, &mut io::sink()).map_err(broken)?;
    Ok(content)
}

/// The type and the length of an element with a tag of 8 bytes.
fn read_tag(tag: &[u8], big_endian: bool) -> Option<(u32, u32)> {
    let (words, _) = tag.as_chunks::<4>();
    let read = if big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
    match words {
        &[kind, length] => Some((read(kind), read(length))),
        _ => None,
    }
}

/// The bytes of a variable, and which of them are an element.
#[derive(Clone)]
struct Bytes {
    variable: Arc<Vec<u8>>,
    start: usize,
    end: usize,
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes { start: 0, end: bytes.len(), variable: bytes.into() }
    }
}

impl Bytes {
    fn get(&self) -> &[u8] {
        &self.variable[self.start..self.end]
    }
}

/// The elements of an array one after the other.
struct Elements {
    rest: Bytes,
    big_endian: bool,
}

impl Elements {
    /// The type and the bytes of the next element.
    fn next(&mut self) -> Result<(u32, Bytes), ReadErrorKind> {
        let rest = self.rest.get();
        let Some((kind, length)) = rest.get(..8).and_then(|tag| read_tag(tag, self.big_endian))
        else {
            return Err(cut_off("an array"));
        };
        // A small element has its length in the upper half of the first word, its data behind.
        let (kind, length, data, whole) = match kind >> 16 {
            0 => {
                let length = length as usize;
                (kind, length, 8, length.saturating_add(8).next_multiple_of(8))
            }
            small => (kind & 0xffff, small as usize, 4, 8),
        };
        if length > whole - data || data + length > rest.len() {
            return Err(cut_off("an element of an array"));
        }
        let start = self.rest.start + data;
        let element = Bytes { start, end: start + length, variable: self.rest.variable.clone() };
        // Some writers leave out the padding of the last element.
        self.rest.start = (self.rest.start + whole).min(self.rest.end);
        Ok((kind, element))
    }

    /// Integers of 32 bits.
    fn integers(&mut self) -> Result<Vec<u32>, ReadErrorKind> {
        let (kind, bytes) = self.next()?;
        if !matches!(kind, mi::INT32 | mi::UINT32) {
            return Err(damaged(format!("an array has numbers of type {kind} for its flags")));
        }
        let (words, _) = bytes.get().as_chunks::<4>();
        let read = if self.big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
        Ok(words.iter().map(|&word| read(word)).collect())
    }

    /// A name, as bytes.
    fn name(&mut self) -> Result<String, ReadErrorKind> {
        let (_, bytes) = self.next()?;
        Ok(name(bytes.get()))
    }
}

fn name(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// Data that can be read later.
enum Stored {
    /// Something that is damaged, and how.
    Broken(String),
    /// A sparse matrix, whose arrays are these three.
    Sparse {
        shape: [usize; 2],
        is_logical: bool,
        starts: Raw,
        places: Raw,
        values: Raw,
    },
    Numbers {
        number: NumberType,
        precision: Precision,
        shape: Vec<usize>,
        bytes: Bytes,
    },
    /// Characters of this type; of several rows, columns run slowest.
    Texts {
        kind: u32,
        bytes: Bytes,
        rows: Option<usize>,
    },
}

/// Numbers as they are stored.
#[derive(Clone)]
struct Raw {
    number: NumberType,
    bytes: Bytes,
}

impl Raw {
    fn numbers(&self) -> Result<Vec<f64>, ReadErrorKind> {
        let mut data = Vec::new();
        self.number.decode(self.bytes.get(), &mut data)?;
        Ok(data)
    }
}

struct Parser {
    big_endian: bool,
    stored: Vec<Stored>,
    budget: NodeBudget,
}

impl Parser {
    /// The node of an array from its content; none for one that is empty and has no name.
    ///
    /// An array within another takes its name from there.
    fn array(
        &mut self,
        bytes: Bytes,
        given: Option<&str>,
        depth: usize,
    ) -> Result<Option<Node>, ReadErrorKind> {
        self.budget.spend(depth)?;
        let mut elements = Elements { rest: bytes, big_endian: self.big_endian };
        let flags = elements.integers()?;
        let flags = *flags.first().ok_or_else(|| damaged("an array has no flags"))?;
        let class = (flags & 0xff) as u8;
        if class == mx::OPAQUE {
            return opaque(elements, given).map(Some);
        }
        let shape: Vec<usize> = elements.integers()?.iter().map(|&n| n as usize).collect();
        let own = elements.name()?;
        let head = Head { name: given.unwrap_or(&own).to_owned(), class, shape, flags };
        let name = head.name.clone();
        let node = match class {
            mx::CELL => self.cells(head, elements, depth),
            mx::STRUCT | mx::OBJECT => self.structs(head, elements, depth),
            mx::CHAR => self.text(head, elements),
            mx::SPARSE => self.sparse(head, elements),
            mx::FUNCTION => Ok(Node::unreadable(head.name, head.shape, "function", FUNCTION)),
            _ => self.numbers(head, elements),
        };
        self.or_unread(node, &name, depth).map(Some)
    }

    /// An array, or why it is not read: where the next one begins is known, whatever is in this one.
    ///
    /// # Errors
    ///
    /// If the array is within another, and no further part is listed.
    fn or_unread(
        &mut self,
        node: Result<Node, ReadErrorKind>,
        name: &str,
        depth: usize,
    ) -> Result<Node, ReadErrorKind> {
        match (node, self.budget.check()) {
            (Err(_), Err(flaw)) if depth > 1 => Err(flaw),
            (Err(flaw), _) => Ok(self.unread(name, &flaw)),
            (Ok(node), _) => Ok(node),
        }
    }

    /// A part that is not read; reading it says how it is damaged, if it is.
    fn unread(&mut self, name: &str, flaw: &ReadErrorKind) -> Node {
        let mut node = Node::unreadable(name, vec![], "array", flaw.to_string());
        let detail = match flaw {
            ReadErrorKind::Damaged { detail } => detail.clone(),
            ReadErrorKind::TooShort { .. } | ReadErrorKind::TooLong { .. } => format!("it {flaw}"),
            _ => return node,
        };
        node.content = Some(self.store(Stored::Broken(detail)));
        node
    }

    /// The next array within another.
    fn part(
        &mut self,
        elements: &mut Elements,
        name: &str,
        depth: usize,
    ) -> Result<Node, ReadErrorKind> {
        let (kind, bytes) = elements.next()?;
        if kind != mi::MATRIX {
            return Err(damaged(format!("an element of type {kind} stands where an array should")));
        }
        if bytes.get().is_empty() {
            self.budget.spend(depth)?;
            return Ok(Node::leaf(name, Kind::Numbers, vec![0, 0], "float64"));
        }
        let node = self.array(bytes, Some(name), depth);
        let node = node.and_then(|node| node.ok_or_else(|| damaged("it is empty")));
        self.or_unread(node, name, depth)
    }

    fn cells(
        &mut self,
        head: Head,
        mut elements: Elements,
        depth: usize,
    ) -> Result<Node, ReadErrorKind> {
        let mut node = Node::leaf(head.name, Kind::Cells, head.shape, "cell");
        let mut children = Vec::new();
        for _ in 0..node.len() {
            children.push(self.part(&mut elements, "", depth + 1)?);
        }
        node.children = children;
        Ok(node)
    }

    fn structs(
        &mut self,
        head: Head,
        mut elements: Elements,
        depth: usize,
    ) -> Result<Node, ReadErrorKind> {
        let what = match head.class {
            mx::OBJECT => format!("object {}", elements.name()?),
            _ => "struct".to_owned(),
        };
        let length = elements.integers()?.first().copied().unwrap_or(0) as usize;
        let (_, names) = elements.next()?;
        let fields: Vec<String> = match length {
            0 => Vec::new(),
            length => names.get().chunks(length).map(name).collect(),
        };
        let mut node = Node::leaf(head.name, Kind::Structs, head.shape, what);
        let mut children = Vec::new();
        // Without fields an element has no bytes, so that any number could be claimed.
        let count = if fields.is_empty() { node.len().min(1) } else { node.len() };
        for _ in 0..count {
            let mut parts = Vec::new();
            for field in &fields {
                parts.push(self.part(&mut elements, field, depth + 2)?);
            }
            children.push(Node { element: node.element.clone(), ..Node::group("", parts) });
        }
        if node.len() == 1 {
            let only = children.pop().ok_or_else(|| damaged("a struct is missing"))?;
            return Ok(Node { name: node.name, ..only });
        }
        if !fields.is_empty() {
            node.children = children;
        }
        Ok(node)
    }

    fn text(&mut self, head: Head, mut elements: Elements) -> Result<Node, ReadErrorKind> {
        let (kind, bytes) = elements.next()?;
        let count = characters(kind, bytes.get(), self.big_endian)?.count();
        // In UTF-8 and UTF-16 a character may take several units.
        let rows = match head.shape[..] {
            [rows, columns] if rows > 1 => {
                Some(rows).filter(|rows| rows.checked_mul(columns) == Some(count))
            }
            _ => None,
        };
        let shape = rows.into_iter().collect();
        let mut node = Node::leaf(head.name, Kind::Text, shape, "text");
        node.content = Some(self.store(Stored::Texts { kind, bytes, rows }));
        Ok(node)
    }

    fn sparse(&mut self, head: Head, mut elements: Elements) -> Result<Node, ReadErrorKind> {
        let &[rows, columns] = &head.shape[..] else {
            return Err(damaged(format!("a sparse matrix has {} axes", head.shape.len())));
        };
        if head.flags & COMPLEX != 0 {
            return Ok(Node::unreadable(head.name, head.shape, "complex", COMPLEX_NUMBERS));
        }
        let mut part = || {
            let (kind, bytes) = elements.next()?;
            let number = number_type(kind, self.big_endian)
                .ok_or_else(|| damaged(format!("a sparse matrix holds numbers of type {kind}")))?;
            Ok(Raw { number, bytes })
        };
        let (places, starts, values) = (part()?, part()?, part()?);
        let is_logical = head.flags & LOGICAL != 0;
        let mut node = sparse::node(&head.name, head.shape, is_logical);
        let shape = [rows, columns];
        let stored = Stored::Sparse { shape, is_logical, starts, places, values };
        node.content = Some(self.store(stored));
        Ok(node)
    }

    fn numbers(&mut self, head: Head, mut elements: Elements) -> Result<Node, ReadErrorKind> {
        let Head { name, class, shape, flags } = head;
        let Some(known) = class_name(class) else {
            let why = format!("is of the class {class}, which is not known");
            return Ok(Node::unreadable(name, shape, "array", why));
        };
        let (logical, complex) = (flags & LOGICAL != 0, flags & COMPLEX != 0);
        let element = if logical { "bool" } else { known };
        let (kind, bytes) = elements.next()?;
        if complex {
            return Ok(Node::unreadable(name, shape, "complex", COMPLEX_NUMBERS));
        }
        let number = number_type(kind, self.big_endian)
            .ok_or_else(|| damaged(format!("an array holds numbers of type {kind}")))?;
        let (expected, found) = (byte_count(&shape, number.size()), bytes.get().len());
        if expected != found as u128 {
            return Err(if expected > found as u128 {
                ReadErrorKind::TooShort { shape, expected, found: found as u64 }
            } else {
                ReadErrorKind::TooLong { shape, expected }
            });
        }
        let precision = match known {
            "float64" => Precision::Double,
            "float32" => Precision::Single,
            _ => Precision::Exact,
        };
        let mut node = Node::leaf(name, Kind::Numbers, shape.clone(), element);
        node.content = Some(self.store(Stored::Numbers { number, precision, shape, bytes }));
        Ok(node)
    }

    fn store(&mut self, stored: Stored) -> usize {
        self.stored.push(stored);
        self.stored.len() - 1
    }
}

/// What an array says of itself before its data.
struct Head {
    name: String,
    class: u8,
    shape: Vec<usize>,
    flags: u32,
}

/// An object of a class that only MATLAB knows: tables, strings, times.
fn opaque(mut elements: Elements, given: Option<&str>) -> Result<Node, ReadErrorKind> {
    let own = elements.name()?;
    let (_, class) = (elements.name()?, elements.name()?);
    let why = object_of_class(&class);
    Ok(Node::unreadable(given.unwrap_or(&own), vec![], class, why))
}

/// What numbers of a class are called.
fn class_name(class: u8) -> Option<&'static str> {
    const NAMES: [&str; 10] = [
        "float64", "float32", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64",
        "uint64",
    ];
    NAMES.get(usize::from(class).checked_sub(6)?).copied()
}

/// How numbers of an element are stored, which may be narrower than their class.
fn number_type(kind: u32, big_endian: bool) -> Option<NumberType> {
    let (class, size) = match kind {
        mi::INT8 => (Class::Int, 1),
        mi::UINT8 => (Class::Uint, 1),
        mi::INT16 => (Class::Int, 2),
        mi::UINT16 => (Class::Uint, 2),
        mi::INT32 => (Class::Int, 4),
        mi::UINT32 => (Class::Uint, 4),
        mi::INT64 => (Class::Int, 8),
        mi::UINT64 => (Class::Uint, 8),
        mi::SINGLE => (Class::Float, 4),
        mi::DOUBLE => (Class::Float, 8),
        _ => return None,
    };
    NumberType::new(class, size, big_endian)
}

/// The characters of a text, one after the other.
fn characters(
    kind: u32,
    bytes: &[u8],
    big_endian: bool,
) -> Result<Box<dyn Iterator<Item = char> + '_>, ReadErrorKind> {
    let read16 = if big_endian { u16::from_be_bytes } else { u16::from_le_bytes };
    let read32 = if big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
    let replace = char::REPLACEMENT_CHARACTER;
    Ok(match kind {
        mi::UTF8 => Box::new(bytes.utf8_chunks().flat_map(move |chunk| {
            let is_broken = !chunk.invalid().is_empty();
            chunk.valid().chars().chain(is_broken.then_some(replace))
        })),
        mi::INT8 | mi::UINT8 => Box::new(bytes.iter().map(|&byte| char::from(byte))),
        mi::UTF16 | mi::INT16 | mi::UINT16 => {
            let units = bytes.as_chunks::<2>().0.iter().map(move |&unit| read16(unit));
            Box::new(char::decode_utf16(units).map(move |c| c.unwrap_or(replace)))
        }
        mi::UTF32 | mi::INT32 | mi::UINT32 => {
            let units = bytes.as_chunks::<4>().0.iter().map(move |&unit| read32(unit));
            Box::new(units.map(move |unit| char::from_u32(unit).unwrap_or(replace)))
        }
        kind => return Err(damaged(format!("a text is of type {kind}"))),
    })
}

/// The strings of a text of so many rows, or its only one.
fn strings(
    rows: Option<usize>,
    characters: impl Iterator<Item = char>,
) -> Result<Vec<String>, ReadErrorKind> {
    let mut budget = TextBudget::default();
    budget.spend(rows.unwrap_or(1), 0)?;
    let mut strings = vec![String::new(); rows.unwrap_or(1)];
    for (place, character) in characters.enumerate() {
        budget.spend(0, character.len_utf8())?;
        strings[place % rows.unwrap_or(1)].push(character);
    }
    if rows.is_some() {
        strings.iter_mut().for_each(|row| row.truncate(row.trim_end().len()));
    }
    Ok(strings)
}

/// The arrays of a file.
struct Mat5 {
    big_endian: bool,
    /// Bytes of the file.
    length: u64,
    stored: Vec<Stored>,
}

impl Mat5 {
    /// The first entries of a sparse matrix with all zeros, columns one after the other; none of
    /// another array.
    fn entries(&self, content: usize, count: usize) -> Result<Vec<f64>, ReadErrorKind> {
        let Stored::Sparse { shape: [rows, columns], starts, places, values, .. } =
            &self.stored[content]
        else {
            return Ok(Vec::new());
        };
        let (rows, columns) = (*rows, *columns);
        let (starts, mut places) = (starts.numbers()?, places.numbers()?);
        let mut values = values.numbers()?;
        // Room for more entries may be stored than there are.
        let stored = starts.last().map_or(0, |&last| last as usize);
        places.truncate(stored);
        values.truncate(stored);
        Sparse { rows, columns, starts, places, values }.entries(count, self.length)
    }
}

impl Reader for Mat5 {
    fn load(&mut self, content: usize) -> Result<Loaded, ReadErrorKind> {
        match &self.stored[content] {
            Stored::Broken(detail) => Err(ReadErrorKind::Damaged { detail: detail.clone() }),
            &Stored::Sparse { shape, is_logical, .. } => {
                let data = self.entries(content, byte_count(&shape, 1) as usize)?;
                let (data, precision) = (c_order(&shape, data)?, sparse::precision(is_logical));
                Ok(Loaded::Numbers(Numbers { shape: shape.to_vec(), data, precision }))
            }
            Stored::Texts { kind, bytes, rows } => {
                let characters = characters(*kind, bytes.get(), self.big_endian)?;
                let strings = strings(*rows, characters)?;
                Ok(Loaded::Texts { shape: rows.iter().copied().collect(), strings })
            }
            Stored::Numbers { number, precision, shape, bytes } => {
                let mut data = Vec::new();
                reserve(&mut data, bytes.get().len() / number.size(), shape)?;
                number.decode(bytes.get(), &mut data)?;
                let data = c_order(shape, data)?;
                Ok(Loaded::Numbers(Numbers { shape: shape.clone(), data, precision: *precision }))
            }
        }
    }

    fn first(&mut self, content: usize, count: usize) -> Result<Loaded, ReadErrorKind> {
        match &self.stored[content] {
            Stored::Texts { .. } | Stored::Broken(_) => self.load(content),
            &Stored::Sparse { is_logical, .. } => {
                let data = self.entries(content, count)?;
                let (shape, precision) = (vec![data.len()], sparse::precision(is_logical));
                Ok(Loaded::Numbers(Numbers { shape, data, precision }))
            }
            Stored::Numbers { number, precision, bytes, .. } => {
                let wanted = count.saturating_mul(number.size()).min(bytes.get().len());
                let mut data = Vec::new();
                number.decode(&bytes.get()[..wanted], &mut data)?;
                let shape = vec![data.len()];
                Ok(Loaded::Numbers(Numbers { shape, data, precision: *precision }))
            }
        }
    }
}
