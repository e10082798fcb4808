//! An HDF5 file with an index of its objects behind its end.
//!
//! hdf5-reader opens an object by its name in a group, and only if it understands the whole group,
//! all names being UTF-8, and the whole header of the object. So each object gets a second header, of
//! the messages that are understood, and its number as name in one group that holds nothing else.
//! Headers and group exist in memory alone, at the addresses behind the end of the file.

use hdf5_reader::checksum::jenkins_lookup3;
use hdf5_reader::error::{Error, Result};
use hdf5_reader::storage::{FileStorage, Storage, StorageBuffer};
use hdf5_reader::superblock::Superblock;

use super::header::{Message, kind, written};

/// Entries in a node of the table of symbols, which counts them in 16 bits.
const LARGEST_NODE: usize = 1 << 15;

/// The bytes of a file from its superblock on, and others behind its end.
pub(super) struct Extended {
    file: FileStorage,
    /// Where the superblock is.
    base: u64,
    /// The superblock, with the address of another root.
    start: Vec<u8>,
    end: Vec<u8>,
}

impl Extended {
    /// The bytes of a file, its superblock being at `base`.
    pub fn new(file: FileStorage, base: u64) -> Self {
        Extended { file, base, start: Vec::new(), end: Vec::new() }
    }

    fn file_length(&self) -> u64 {
        self.file.len().saturating_sub(self.base)
    }

    /// Adds an index behind the end and makes it the root of the file.
    ///
    /// # Errors
    ///
    /// If the addresses of the file are too narrow for the index.
    pub fn extend(&mut self, superblock: &Superblock, index: Index) -> Result<()> {
        let (root, end) = index.finished();
        let width = usize::from(superblock.offset_size);
        // Of all ones is the address of nothing.
        let last = root + end.len() as u64;
        if width < 8 && last >= (1 << (8 * width)) - 1 {
            let what = format!("a file of {last} bytes with addresses of {width}");
            return Err(Error::UnsupportedEncoding(what));
        }
        let place = match superblock.version {
            0 => 24 + 5 * width,
            1 => 28 + 5 * width,
            _ => 12 + 3 * width,
        };
        let mut start = self.file.read_range(self.base, place + width)?.to_vec();
        start[place..].copy_from_slice(&root.to_le_bytes()[..width]);
        if superblock.version > 1 {
            start.extend(jenkins_lookup3(&start).to_le_bytes());
        }
        (self.start, self.end) = (start, end);
        Ok(())
    }
}

impl Storage for Extended {
    fn len(&self) -> u64 {
        self.file_length() + self.end.len() as u64
    }

    fn read_range(&self, offset: u64, len: usize) -> Result<StorageBuffer> {
        let out_of_bounds = || Error::OffsetOutOfBounds(offset);
        let last = offset.checked_add(len as u64).filter(|last| *last <= self.len());
        let last = last.ok_or_else(out_of_bounds)?;
        let length = self.file_length();
        if last <= length && offset >= self.start.len() as u64 {
            return self.file.read_range(offset + self.base, len);
        }
        let in_file = last.min(length).saturating_sub(offset) as usize;
        let mut bytes = match in_file {
            0 => Vec::new(),
            count => self.file.read_range(offset + self.base, count)?.to_vec(),
        };
        if last > length {
            let range = offset.max(length) - length..last - length;
            bytes.extend(&self.end[range.start as usize..range.end as usize]);
        }
        for (byte, other) in bytes.iter_mut().zip(self.start.iter().skip(offset as usize)) {
            *byte = *other;
        }
        Ok(StorageBuffer::from_vec(bytes))
    }
}

/// Headers, and the group in which their numbers are their names.
pub(super) struct Index {
    /// The address of the first byte.
    start: u64,
    /// Bytes of an address and of a length.
    sizes: (usize, usize),
    bytes: Vec<u8>,
    headers: Vec<u64>,
}

impl Index {
    /// An index to be put behind the end of a file.
    pub fn new(file: &Extended, superblock: &Superblock) -> Self {
        let sizes = (superblock.offset_size.into(), superblock.length_size.into());
        Index { start: file.file_length(), sizes, bytes: Vec::new(), headers: Vec::new() }
    }

    /// Adds an object and returns its number.
    pub fn add<'m>(&mut self, messages: impl Iterator<Item = &'m Message>) -> usize {
        let header = self.append(&written(messages));
        self.headers.push(header);
        self.headers.len() - 1
    }

    fn append(&mut self, bytes: &[u8]) -> u64 {
        let address = self.start + self.bytes.len() as u64;
        self.bytes.extend(bytes);
        address
    }

    /// Addresses or other numbers in the width of an address.
    fn addresses(&self, numbers: &[u64]) -> Vec<u8> {
        numbers
            .iter()
            .flat_map(|number| number.to_le_bytes().into_iter().take(self.sizes.0))
            .collect()
    }

    fn lengths(&self, numbers: &[u64]) -> Vec<u8> {
        numbers
            .iter()
            .flat_map(|number| number.to_le_bytes().into_iter().take(self.sizes.1))
            .collect()
    }

    /// The address of the group, and all bytes.
    fn finished(mut self) -> (u64, Vec<u8>) {
        let mut names = vec![0; 8];
        let mut nodes = Vec::new();
        let headers = std::mem::take(&mut self.headers);
        for (node, part) in headers.chunks(LARGEST_NODE).enumerate() {
            let mut symbols = b"SNOD\x01\0".to_vec();
            symbols.extend((part.len() as u16).to_le_bytes());
            for (place, &header) in part.iter().enumerate() {
                symbols.extend(self.addresses(&[names.len() as u64, header]));
                symbols.extend([0; 24]);
                names.extend((node * LARGEST_NODE + place).to_string().bytes().chain([0]));
            }
            nodes.push(self.append(&symbols));
        }
        let segment = self.append(&names);
        let mut heap = b"HEAP\0\0\0\0".to_vec();
        heap.extend(self.lengths(&[names.len() as u64, u64::MAX]));
        heap.extend(self.addresses(&[segment]));
        let heap = self.append(&heap);
        let mut tree = b"TREE\0\0".to_vec();
        tree.extend((nodes.len() as u16).to_le_bytes());
        tree.extend(self.addresses(&[u64::MAX, u64::MAX]));
        for node in nodes {
            tree.extend(self.lengths(&[0]));
            tree.extend(self.addresses(&[node]));
        }
        tree.extend(self.lengths(&[0]));
        let tree = self.append(&tree);
        let bytes = self.addresses(&[tree, heap]);
        let table = Message { kind: kind::SYMBOL_TABLE, is_shared: false, bytes };
        let root = self.append(&written([&table].into_iter()));
        (root, self.bytes)
    }
}
