//! What is in an HDF5 group: the names of its links, and where they lead.
//!
//! Groups store links in three ways: in a table of symbols (until HDF5 1.8), as messages of their
//! header, or, if they are many, in a heap with an index.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use hdf5_reader::btree_v1::collect_btree_v1_leaves_storage;
use hdf5_reader::error::{Error, Result};
use hdf5_reader::io::Cursor;
use hdf5_reader::local_heap::LocalHeap;
use hdf5_reader::messages::{link_info, symbol_table_msg};
use hdf5_reader::symbol_table::SymbolTableNode;

use super::header::{Message, Metadata, kind};

/// Where a link leads.
pub(super) enum Target {
    /// The address of the header of an object.
    Object(u64),
    /// A path in the same file.
    Path(Vec<u8>),
    /// A path in another file.
    File { file: String, path: String },
    /// A link of a type that its user defined.
    Other(u8),
}

/// The links of a group by name. Names are bytes, because not all are UTF-8.
pub(super) type Links = BTreeMap<Vec<u8>, Target>;

/// The links of the group that a header describes, and why some of them are not known.
pub(super) fn links(file: &mut Metadata, header: &[Message]) -> (Links, Option<Error>) {
    let mut links = Links::new();
    let mut flaw = None;
    for message in header.iter().filter(|message| !message.is_shared) {
        let outcome = match message.kind {
            kind::LINK => link(&message.bytes, file.superblock.offset_size)
                .and_then(|(name, target)| insert(&mut links, name, target)),
            kind::SYMBOL_TABLE => symbols(file, &message.bytes, &mut links),
            kind::LINK_INFO => dense(file, &message.bytes, &mut links),
            _ => Ok(()),
        };
        flaw = flaw.or(outcome.err());
    }
    (links, flaw)
}

/// Adds a link, of two with one name the first.
fn insert(links: &mut Links, name: Vec<u8>, target: Target) -> Result<()> {
    match links.entry(name) {
        Entry::Vacant(place) => drop(place.insert(target)),
        Entry::Occupied(place) => {
            let name = text(place.key()).0;
            return Err(Error::InvalidData(format!("two links are called {name:?}")));
        }
    }
    Ok(())
}

/// A name as text: UTF-8, else every byte a character of Latin-1; and true if it is UTF-8.
pub(super) fn text(name: &[u8]) -> (String, bool) {
    match std::str::from_utf8(name) {
        Ok(text) => (text.to_owned(), true),
        Err(_) => (name.iter().map(|&byte| char::from(byte)).collect(), false),
    }
}

/// The link that a message is.
fn link(message: &[u8], offset_size: u8) -> Result<(Vec<u8>, Target)> {
    let mut cursor = Cursor::new(message);
    let version = cursor.read_u8()?;
    if version != 1 {
        return Err(Error::UnsupportedLinkVersion(version));
    }
    let flags = cursor.read_u8()?;
    let what = if flags & 8 == 0 { 0 } else { cursor.read_u8()? };
    // The order of creation and the encoding of the name, which writers do not keep to.
    cursor.skip(if flags & 4 == 0 { 0 } else { 8 })?;
    cursor.skip(if flags & 16 == 0 { 0 } else { 1 })?;
    let length = cursor.read_uvar(1 << (flags & 3))?;
    let length = usize::try_from(length).map_err(|_| Error::OffsetOutOfBounds(length))?;
    let name = cursor.read_bytes(length)?.to_vec();
    let target = match what {
        0 => Target::Object(cursor.read_offset(offset_size)?),
        1 => {
            let length = cursor.read_u16_le()?;
            Target::Path(cursor.read_bytes(length.into())?.to_vec())
        }
        64 => {
            let length = cursor.read_u16_le()?;
            let mut strings = cursor.read_bytes(length.into())?.get(1..).unwrap_or(&[]).split(is_0);
            let mut next = || text(strings.next().unwrap_or(&[])).0;
            Target::File { file: next(), path: next() }
        }
        other => Target::Other(other),
    };
    Ok((name, target))
}

fn is_0(byte: &u8) -> bool {
    *byte == 0
}

/// Adds the links of a table of symbols.
fn symbols(file: &mut Metadata, message: &[u8], links: &mut Links) -> Result<()> {
    let (offsets, lengths) = (file.superblock.offset_size, file.superblock.length_size);
    let mut cursor = Cursor::new(message);
    let table = symbol_table_msg::parse(&mut cursor, offsets, lengths, message.len())?;
    let heap = LocalHeap::parse_at_storage(file.storage, table.heap_address, offsets, lengths)?;
    let names = file.bytes(heap.data_segment_address, heap.data_segment_size)?;
    let name = |offset: u64| {
        let rest = usize::try_from(offset).ok().and_then(|offset| names.get(offset..));
        let name = rest.and_then(|rest| rest.split(is_0).next());
        name.map(<[u8]>::to_vec).ok_or(Error::OffsetOutOfBounds(offset))
    };
    let root = table.btree_address;
    let leaves =
        collect_btree_v1_leaves_storage(file.storage, root, offsets, lengths, None, &[], None)?;
    for (_, address) in leaves {
        let count = Cursor::new(&file.bytes(address, 8)?[6..]).read_u16_le()?;
        let length = 8 + u64::from(count) * (2 * u64::from(offsets) + 24);
        let block = file.bytes(address, length)?;
        let node = SymbolTableNode::parse(&mut Cursor::new(&block), offsets, lengths)?;
        for entry in node.entries {
            let target = match entry.cache_type {
                // A path, of which the place among the names is kept.
                2 => Target::Path(name(Cursor::new(&entry.scratch).read_u32_le()?.into())?),
                _ => Target::Object(entry.object_header_address),
            };
            insert(links, name(entry.link_name_offset)?, target)?;
        }
    }
    Ok(())
}

/// Adds the links of a heap; a group of few links has none.
fn dense(file: &mut Metadata, message: &[u8], links: &mut Links) -> Result<()> {
    let (offsets, lengths) = (file.superblock.offset_size, file.superblock.length_size);
    let info = link_info::parse(&mut Cursor::new(message), offsets, lengths, message.len())?;
    for object in file.heap(info.fractal_heap_address, info.btree_name_index_address)? {
        let (name, target) = link(&object, offsets)?;
        insert(links, name, target)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_all_types_are_told_apart() {
        let read = |bytes: &[u8]| {
            link(bytes, 8).map(|(name, target)| {
                (
                    text(&name).0,
                    match target {
                        Target::Object(address) => format!("object {address}"),
                        Target::Path(path) => format!("path {}", text(&path).0),
                        Target::File { file, path } => format!("{path} of {file}"),
                        Target::Other(other) => format!("type {other}"),
                    },
                )
            })
        };
        let is = |bytes: &[u8], name: &str, target: &str| {
            assert_eq!(read(bytes).unwrap(), (name.to_owned(), target.to_owned()));
        };
        is(b"\x01\x00\x01x\x07\0\0\0\0\0\0\0", "x", "object 7");
        is(b"\x01\x08\x01\x02\xb5V\x02\0/a", "µV", "path /a");
        // With the order of creation, the encoding, and a length of two bytes.
        is(b"\x01\x1d\x01\x05\0\0\0\0\0\0\0\x01\x02\0\xc3\xa9\x01\0b", "é", "path b");
        is(b"\x01\x08\x40\x01x\x08\0\0f.h5\0y\0", "x", "y of f.h5");
        is(b"\x01\x08\x41\x01x\x00\0", "x", "type 65");
        assert!(read(b"\x02\x00\x01x\x07\0\0\0\0\0\0\0").is_err());
        assert!(read(b"\x01\x00\xffx").is_err(), "a name longer than the message");
    }
}
