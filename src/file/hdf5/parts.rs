//! What is at each address of an HDF5 file, as far as it is understood.
//!
//! All headers are taken apart before anything is opened: each is a group with links, a dataset of
//! which an index gets what hdf5-reader understands, or something that is not read, with the reason.

use std::collections::HashMap;

use hdf5_reader::error::Error;
use hdf5_reader::io::Cursor;
use hdf5_reader::messages::{attribute, attribute_info};
use hdf5_reader::superblock::Superblock;

use super::filters;
use super::header::{Message, Metadata, kind};
use super::index::{Extended, Index};
use super::links::{Links, Target, links};
use crate::file::error::ReadErrorKind;
use crate::file::node::MAX_NODES;

/// Something that is there and not read.
#[derive(Clone)]
pub(in crate::file) struct Unread {
    /// What it is.
    pub element: &'static str,
    pub why: String,
    /// True if the file is broken there, and not only of a kind that is not read.
    pub is_damaged: bool,
}

impl Unread {
    pub fn new(element: &'static str, why: impl Into<String>) -> Self {
        Unread { element, why: why.into(), is_damaged: false }
    }

    pub fn of_error(element: &'static str, error: Error) -> Self {
        Unread::of_flaw(element, damage(error))
    }

    pub fn of_flaw(element: &'static str, flaw: ReadErrorKind) -> Self {
        match flaw {
            ReadErrorKind::Damaged { detail } => Unread { element, why: detail, is_damaged: true },
            flaw => Unread::new(element, flaw.to_string()),
        }
    }
}

/// What an error of the reader tells of the file.
pub(super) fn damage(error: Error) -> ReadErrorKind {
    match error {
        // Where it was, in numbers of the index.
        Error::Context { source, .. } => damage(*source),
        Error::Io(error) => ReadErrorKind::of_member(error),
        Error::UnsupportedFilter(name) => ReadErrorKind::Content {
            found: format!("is compressed by {}", filters::name(&name)),
            expected: format!("{}: rewrite it by h5repack -f GZIP=4", filters::KNOWN),
        },
        Error::ResourceLimit(detail) => {
            let found = format!("claims more than the file can hold ({detail})");
            ReadErrorKind::Content { found, expected: "as many bytes as are there".to_owned() }
        }
        Error::UnsupportedDatatypeClass(_)
        | Error::UnsupportedLayoutClass(_)
        | Error::UnsupportedLayoutVersion(_)
        | Error::UnsupportedLinkVersion(_)
        | Error::UnsupportedChunkIndexType(_)
        | Error::UnsupportedFilterPipelineVersion(_)
        | Error::UnsupportedFillValueVersion(_)
        | Error::UnsupportedDataspaceVersion(_)
        | Error::UnsupportedEncoding(_) => ReadErrorKind::Content {
            found: format!("is stored in a way that is not read ({error})"),
            expected: "what HDF5 1.8 to 1.14 write".to_owned(),
        },
        error => ReadErrorKind::Damaged { detail: error.to_string() },
    }
}

/// What is at an address, before it is opened.
pub(super) enum Part {
    /// Its links, why some of them or its attributes are not known, and the number of its header in
    /// the index.
    Group(Links, Option<Unread>, usize),
    /// The number of its header in the index, and whether its type was found to be of the numbers
    /// that hdf5-reader takes it for.
    Dataset(usize, bool),
    Unread(Unread),
}

/// All parts by address, each with what of it is not read.
pub(super) type Parts = HashMap<u64, (Part, Option<String>)>;

/// Everything that links lead to, and an index of it.
pub(super) fn parts(bytes: &Extended, superblock: &Superblock, root: u64) -> (Parts, Index) {
    let mut index = Index::new(bytes, superblock);
    let mut file = Metadata::new(bytes, superblock);
    let mut types = Types::new();
    let mut parts = Parts::new();
    let mut open = vec![root];
    while let Some(address) = open.pop() {
        if parts.contains_key(&address) || parts.len() > MAX_NODES {
            continue;
        }
        let part = match file.header(address) {
            Ok(header) => part(&mut file, &mut types, header, &mut index),
            Err(error) => (Part::Unread(Unread::of_error("object", error)), None),
        };
        if let Part::Group(links, ..) = &part.0 {
            open.extend(links.values().filter_map(|target| match target {
                Target::Object(address) => Some(*address),
                _ => None,
            }));
        }
        parts.insert(address, part);
    }
    (parts, index)
}

/// What a header describes, and what of it is not read.
fn part(
    file: &mut Metadata,
    types: &mut Types,
    mut header: Vec<Message>,
    index: &mut Index,
) -> (Part, Option<String>) {
    let has = |kinds: &[u16]| header.iter().any(|message| kinds.contains(&message.kind));
    let has_links = has(&[kind::SYMBOL_TABLE, kind::LINK, kind::LINK_INFO, kind::GROUP_INFO]);
    let is_dataset = has(&[kind::DATASPACE, kind::LAYOUT]) && !has_links;
    if !has_links && !is_dataset && has(&[kind::DATATYPE]) {
        let why = "is a type with a name, without data";
        return (Part::Unread(Unread::new("type", why)), None);
    }
    let (links, flaw) = links(file, &header);
    let damage = attributes(file, &mut header).err();
    let mut unread = None;
    header.retain_mut(|message| {
        let outcome = understood(file, message);
        outcome.unwrap_or_else(|error| {
            unread = Some(format!("has an attribute that is not read ({error})"));
            false
        })
    });
    if !is_dataset {
        // By this message hdf5-reader knows a group.
        let known = Message { kind: kind::GROUP_INFO, is_shared: false, bytes: vec![0, 0] };
        let attributes = header.iter().filter(|message| message.kind == kind::ATTRIBUTE);
        let number = index.add(attributes.chain([&known]));
        let flaw = flaw.or(damage).map(|error| Unread::of_error("links", error));
        return (Part::Group(links, flaw, number), unread);
    }
    let datatype = datatype(file, types, &header);
    match (not_read(&header, datatype.as_deref()), damage) {
        (Some(why), _) => (Part::Unread(why), None),
        // The unit or the scale of its numbers may be among them.
        (None, Some(error)) => (Part::Unread(Unread::of_error("dataset", error)), None),
        (None, None) => (Part::Dataset(index.add(header.iter()), datatype.is_some()), unread),
    }
}

/// Adds the attributes that are stored in a heap, being many, to those of the header.
fn attributes(file: &mut Metadata, header: &mut Vec<Message>) -> Result<(), Error> {
    let (offsets, lengths) = (file.superblock.offset_size, file.superblock.length_size);
    let is_info = |message: &Message| message.kind == kind::ATTRIBUTE_INFO && !message.is_shared;
    let Some(message) = header.iter().find(|message| is_info(message)) else { return Ok(()) };
    let mut cursor = Cursor::new(&message.bytes);
    let info = attribute_info::parse(&mut cursor, offsets, lengths, message.bytes.len())?;
    let objects = file.heap(info.fractal_heap_address, info.btree_name_index_address)?;
    let message = |bytes| Message { kind: kind::ATTRIBUTE, is_shared: false, bytes };
    header.extend(objects.into_iter().map(message));
    Ok(())
}

/// True for a message that is handed on, which is mended where hdf5-reader misreads it.
///
/// # Errors
///
/// If it is an attribute that is not understood, without which the object is.
fn understood(file: &Metadata, message: &mut Message) -> Result<bool, Error> {
    match message.kind {
        kind::ATTRIBUTE if !message.is_shared => {
            let length = message.bytes.len();
            if u16::try_from(length).is_err() {
                let what = format!("an attribute of {length} bytes");
                return Err(Error::UnsupportedEncoding(what));
            }
            let (offsets, lengths) = (file.superblock.offset_size, file.superblock.length_size);
            let mut cursor = Cursor::new(&message.bytes);
            attribute::parse(&mut cursor, offsets, lengths, length).map(|_| true)
        }
        // Versions 1 and 2 are the same, but it takes two bytes too few for reserved in the second.
        kind::LAYOUT if !message.is_shared && message.bytes.first() == Some(&2) => {
            message.bytes[0] = 1;
            Ok(true)
        }
        kind => Ok([
            kind::DATASPACE,
            kind::DATATYPE,
            kind::FILL_VALUE_OLD,
            kind::FILL_VALUE,
            kind::EXTERNAL_FILES,
            kind::LAYOUT,
            kind::FILTERS,
            kind::ATTRIBUTE,
        ]
        .contains(&kind)),
    }
}

/// Types with a name by the addresses of their headers.
type Types = HashMap<u64, Option<Vec<u8>>>;

/// The message that says the type of a dataset, which may be that of a type with a name; `None` if
/// it is kept in a heap with those of others.
fn datatype(file: &mut Metadata, types: &mut Types, header: &[Message]) -> Option<Vec<u8>> {
    let is_type = |message: &&Message| message.kind == kind::DATATYPE;
    let message = header.iter().find(is_type)?;
    if !message.is_shared {
        return Some(message.bytes.clone());
    }
    let place = match message.bytes[..] {
        [1, 0, ..] => 8,
        [2, _, ..] | [3, 2, ..] => 2,
        _ => return None,
    };
    let mut cursor = Cursor::new(message.bytes.get(place..)?);
    let address = cursor.read_offset(file.superblock.offset_size).ok()?;
    // Each is read once, however many datasets are of it.
    let read = || {
        let messages = file.header(address).ok()?;
        messages.into_iter().find(|m| is_type(&m) && !m.is_shared).map(|m| m.bytes)
    };
    types.entry(address).or_insert_with(read).clone()
}

/// Why the dataset of a header is not read, if its storage or its numbers are of another kind.
fn not_read(header: &[Message], datatype: Option<&[u8]>) -> Option<Unread> {
    let message = |kind| header.iter().find(|m| m.kind == kind && !m.is_shared);
    let layout = message(kind::LAYOUT).map_or(&[][..], |layout| &layout.bytes);
    if matches!(layout, [version, 3, ..] if *version > 2) {
        let why = "is a virtual dataset, put together of others: save its numbers as a dataset of \
                   their own";
        return Some(Unread::new("virtual", why));
    }
    if message(kind::EXTERNAL_FILES).is_some() {
        let why = "keeps its numbers in another file: save them in the same";
        return Some(Unread::new("external", why));
    }
    Some(Unread::new("numbers", odd_numbers(datatype?)?))
}

/// What numbers are that are stored otherwise than in whole bytes or as IEEE says, also those of an
/// enumeration or of lists.
fn odd_numbers(datatype: &[u8]) -> Option<&'static str> {
    let class = datatype.first()? & 15;
    let size = u32::from_le_bytes(*datatype.get(4..)?.first_chunk()?);
    let properties = datatype.get(8..)?;
    let bits = |place: usize| Some(u16::from_le_bytes(*properties.get(place..)?.first_chunk()?));
    let is_whole = bits(0)? == 0 && u32::from(bits(2)?) == 8 * size;
    // Place and width of the exponent, those of the mantissa, and the bias.
    let ieee = match size {
        2 => Some(([10, 5, 0, 10], 15_u32)),
        4 => Some(([23, 8, 0, 23], 127)),
        8 => Some(([52, 11, 0, 52], 1023)),
        _ => None,
    };
    match class {
        0 if !is_whole => Some("holds integers of an odd number of bits, expected whole bytes"),
        1 => {
            let (fields, bias) = ieee?;
            let is_ieee = properties.get(4..8)? == fields
                && u32::from_le_bytes(*properties.get(8..)?.first_chunk()?) == bias;
            let odd = "holds floats of another format than IEEE 754, expected float16, float32 or \
                       float64";
            (!is_whole || !is_ieee).then_some(odd)
        }
        // The type of their elements comes first.
        8 | 9 => odd_numbers(properties),
        _ => None,
    }
}
