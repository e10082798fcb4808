//! Headers of HDF5 objects, taken apart into messages that need not be understood.
//!
//! hdf5-reader refuses a header for a single message that it does not know, and with it the group
//! and the whole file. So headers are taken apart here, and it is given what it does understand.

use hdf5_reader::btree_v2::{BTreeV2Header, BTreeV2Record, collect_btree_v2_records_storage};
use hdf5_reader::checksum::jenkins_lookup3;
use hdf5_reader::error::{Error, Result};
use hdf5_reader::fractal_heap::{FractalHeap, FractalHeapDirectBlockCache};
use hdf5_reader::io::Cursor;
use hdf5_reader::storage::Storage;
use hdf5_reader::superblock::Superblock;

/// Kinds of messages.
pub(super) mod kind {
    pub const DATASPACE: u16 = 0x01;
    pub const LINK_INFO: u16 = 0x02;
    pub const DATATYPE: u16 = 0x03;
    pub const FILL_VALUE_OLD: u16 = 0x04;
    pub const FILL_VALUE: u16 = 0x05;
    pub const LINK: u16 = 0x06;
    pub const EXTERNAL_FILES: u16 = 0x07;
    pub const LAYOUT: u16 = 0x08;
    pub const GROUP_INFO: u16 = 0x0a;
    pub const FILTERS: u16 = 0x0b;
    pub const ATTRIBUTE: u16 = 0x0c;
    pub const CONTINUATION: u16 = 0x10;
    pub const SYMBOL_TABLE: u16 = 0x11;
    pub const ATTRIBUTE_INFO: u16 = 0x15;
}

/// Says of a message that its bytes refer to one that is stored elsewhere.
const SHARED: u8 = 2;

/// A message of a header.
pub(super) struct Message {
    pub kind: u16,
    /// True if the bytes only refer to a message that is stored elsewhere.
    pub is_shared: bool,
    pub bytes: Vec<u8>,
}

/// The bytes of a file, of which headers and lists of links may take each once.
pub(super) struct Metadata<'f> {
    pub storage: &'f dyn Storage,
    pub superblock: &'f Superblock,
    /// Bytes that may still be read. No file has more metadata than bytes, but damaged or hostile
    /// headers that share or repeat a block could claim so.
    left: u64,
}

impl<'f> Metadata<'f> {
    pub fn new(storage: &'f dyn Storage, superblock: &'f Superblock) -> Self {
        Metadata { storage, superblock, left: storage.len() }
    }

    /// Some bytes of the file.
    ///
    /// # Errors
    ///
    /// If they are not there, or more are asked for than the file has.
    pub fn bytes(&mut self, address: u64, length: u64) -> Result<Vec<u8>> {
        self.spend(length)?;
        let length = usize::try_from(length).map_err(|_| Error::OffsetOutOfBounds(address))?;
        Ok(self.storage.read_range(address, length)?.to_vec())
    }

    /// The messages of the header at an address.
    ///
    /// # Errors
    ///
    /// If there is no header, or it contradicts its checksum.
    pub fn header(&mut self, address: u64) -> Result<Vec<Message>> {
        let start = self.storage.read_range(address, 4)?;
        let (mut blocks, envelope) = if &start[..] == b"OHDR" {
            self.second_version(address)?
        } else {
            self.first_version(address)?
        };
        let mut messages = Vec::new();
        while let Some(block) = blocks.pop() {
            let mut cursor = Cursor::new(&block);
            while let Some(message) = envelope.next(&mut cursor)? {
                match message.kind {
                    0 => {}
                    kind::CONTINUATION if !message.is_shared => {
                        blocks.push(self.continuation(&message.bytes, &envelope)?);
                    }
                    _ => messages.push(message),
                }
            }
        }
        Ok(messages)
    }

    /// The objects of a heap that an index lists by the hashes of their names: links or attributes.
    ///
    /// # Errors
    ///
    /// If heap or index are damaged, or an attribute is stored with those of other objects.
    pub fn heap(&mut self, heap: u64, index: u64) -> Result<Vec<Vec<u8>>> {
        let (offsets, lengths) = (self.superblock.offset_size, self.superblock.length_size);
        if Cursor::is_undefined_offset(heap, offsets) {
            return Ok(Vec::new());
        }
        let storage = self.storage;
        let heap = FractalHeap::parse_at_storage(storage, heap, offsets, lengths)?;
        let index = BTreeV2Header::parse_at_storage(storage, index, offsets, lengths)?;
        let records =
            collect_btree_v2_records_storage(storage, &index, offsets, lengths, None, &[], None)?;
        let mut blocks = FractalHeapDirectBlockCache::default();
        let mut objects = Vec::new();
        for record in records {
            let id = match record {
                BTreeV2Record::LinkNameHash { heap_id, .. } => heap_id,
                BTreeV2Record::AttributeNameHash { heap_id, flags, .. } if flags & SHARED == 0 => {
                    heap_id
                }
                _ => return Err(Error::UnsupportedEncoding("an index of others".to_owned())),
            };
            let object =
                heap.get_object_storage_cached(&id, storage, offsets, lengths, &mut blocks)?;
            self.spend(object.len() as u64)?;
            objects.push(object);
        }
        Ok(objects)
    }

    fn spend(&mut self, length: u64) -> Result<()> {
        self.left = self.left.checked_sub(length).ok_or_else(|| {
            Error::InvalidData("its headers claim more bytes than it has".to_owned())
        })?;
        Ok(())
    }

    fn first_version(&mut self, address: u64) -> Result<(Vec<Vec<u8>>, Envelope)> {
        let prefix = self.bytes(address, 16)?;
        if prefix[0] != 1 {
            return Err(Error::UnsupportedObjectHeaderVersion(prefix[0]));
        }
        let length = Cursor::new(&prefix[8..]).read_u32_le()?;
        Ok((vec![self.bytes(address + 16, length.into())?], Envelope::Wide))
    }

    fn second_version(&mut self, address: u64) -> Result<(Vec<Vec<u8>>, Envelope)> {
        let prefix = self.storage.read_range(address, 6)?;
        let (version, flags) = (prefix[4], prefix[5]);
        if version != 2 {
            return Err(Error::UnsupportedObjectHeaderVersion(version));
        }
        // Times and limits that are there if the flags say so, and the length of the messages.
        let times = if flags & 0x20 == 0 { 0 } else { 16 };
        let limits = if flags & 0x10 == 0 { 0 } else { 4 };
        let (before, width) = (6 + times + limits, 1_usize << (flags & 3));
        let prefix = self.storage.read_range(address, before + width)?;
        let length = Cursor::new(&prefix[before..]).read_uvar(width)?;
        let whole = length.checked_add((before + width + 4) as u64);
        let block = self.bytes(address, whole.ok_or(Error::OffsetOutOfBounds(address))?)?;
        let envelope = Envelope::Narrow { is_ordered: flags & 4 != 0 };
        Ok((vec![checked(&block)?[before + width..].to_vec()], envelope))
    }

    fn continuation(&mut self, message: &[u8], envelope: &Envelope) -> Result<Vec<u8>> {
        let mut cursor = Cursor::new(message);
        let address = cursor.read_offset(self.superblock.offset_size)?;
        let length = cursor.read_length(self.superblock.length_size)?;
        let block = self.bytes(address, length)?;
        match envelope {
            Envelope::Wide => Ok(block),
            Envelope::Narrow { .. } => match checked(&block)?.strip_prefix(b"OCHK") {
                Some(messages) => Ok(messages.to_vec()),
                None => Err(Error::InvalidObjectHeaderSignature),
            },
        }
    }
}

/// The bytes before the checksum that ends them.
fn checked(block: &[u8]) -> Result<&[u8]> {
    let short = || Error::InvalidData("a block of a header is cut off".to_owned());
    let (bytes, checksum) = block.split_last_chunk::<4>().ok_or_else(short)?;
    let (expected, actual) = (u32::from_le_bytes(*checksum), jenkins_lookup3(bytes));
    if expected == actual { Ok(bytes) } else { Err(Error::ChecksumMismatch { expected, actual }) }
}

/// What stands before the bytes of each message.
enum Envelope {
    /// 8 bytes, in headers of version 1.
    Wide,
    /// 4 bytes, or 6 with the order of creation.
    Narrow { is_ordered: bool },
}

impl Envelope {
    /// The next message of a block; none where it ends.
    fn next(&self, cursor: &mut Cursor) -> Result<Option<Message>> {
        let length = match self {
            Envelope::Wide => 8,
            Envelope::Narrow { is_ordered } => 4 + 2 * u64::from(*is_ordered),
        };
        if cursor.remaining() < length {
            return Ok(None);
        }
        let (kind, size, flags) = match self {
            Envelope::Wide => {
                let start = (cursor.read_u16_le()?, cursor.read_u16_le()?, cursor.read_u8()?);
                cursor.skip(3)?;
                start
            }
            Envelope::Narrow { is_ordered } => {
                let kind = u16::from(cursor.read_u8()?);
                let start = (kind, cursor.read_u16_le()?, cursor.read_u8()?);
                cursor.skip(if *is_ordered { 2 } else { 0 })?;
                start
            }
        };
        let bytes = cursor.read_bytes(size.into())?.to_vec();
        Ok(Some(Message { kind, is_shared: flags & SHARED != 0, bytes }))
    }
}

/// A header of version 1 with some messages, in one block.
pub(super) fn written<'m>(messages: impl Iterator<Item = &'m Message>) -> Vec<u8> {
    let mut body = Vec::new();
    let mut count = 0_u16;
    for message in messages {
        // The length came out of 16 bits.
        let length = u16::try_from(message.bytes.len()).unwrap_or(u16::MAX);
        body.extend(message.kind.to_le_bytes());
        body.extend(length.to_le_bytes());
        body.extend([if message.is_shared { SHARED } else { 0 }, 0, 0, 0]);
        body.extend(&message.bytes);
        count = count.saturating_add(1);
    }
    let mut header = vec![1, 0];
    header.extend(count.to_le_bytes());
    header.extend(1_u32.to_le_bytes());
    header.extend(u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    header.extend([0; 4]);
    header.extend(body);
    header
}
