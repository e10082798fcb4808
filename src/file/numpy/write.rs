//! Writing `.npz` archives that NumPy reads, the same bytes for the same numbers.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use super::header::Header;
use crate::file::atomic::{WriteError, write_atomically};

/// Members from this size on get the headers for members beyond 4 GiB; half of that, because
/// deflating can lengthen what does not compress.
const LARGE: u64 = 1 << 31;

/// A number that arrays can be written of; each is stored in its own type, little-endian.
pub trait Element: Copy {
    /// How NumPy names the type.
    const DESCR: &'static str;
    /// The number in little-endian order.
    fn append_to(self, bytes: &mut Vec<u8>);
}

macro_rules! elements {
    ($($number:ty: $descr:literal),*) => {$(
        impl Element for $number {
            const DESCR: &'static str = $descr;
            fn append_to(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}

elements!(f64: "<f8", f32: "<f4", i64: "<i8", i32: "<i4", u64: "<u8", u32: "<u4", u8: "|u1");

impl Element for bool {
    const DESCR: &'static str = "|b1";
    fn append_to(self, bytes: &mut Vec<u8>) {
        bytes.push(self.into());
    }
}

/// Writes an archive, whole or not at all: `write` adds the arrays.
///
/// # Errors
///
/// If `write` fails, or the file cannot be written.
pub fn write_npz(
    path: impl AsRef<Path>,
    write: impl FnOnce(&mut NpzWriter<&mut BufWriter<File>>) -> io::Result<()>,
) -> Result<(), WriteError> {
    write_atomically(path, |out| {
        let mut npz = NpzWriter::new(out);
        write(&mut npz)?;
        npz.finish().map(|_| ())
    })
}

/// Adds arrays to an archive, deflated at the fastest level.
pub struct NpzWriter<W: Write + Seek> {
    zip: ZipWriter<UntilFailure<W>>,
    names: HashSet<String>,
}

impl<W: Write + Seek> NpzWriter<W> {
    /// An archive without arrays.
    pub fn new(out: W) -> Self {
        NpzWriter { zip: ZipWriter::new(UntilFailure::new(out)), names: HashSet::new() }
    }

    /// Adds an array, whose numbers are in the order of C: the last index runs fastest.
    ///
    /// # Errors
    ///
    /// If there is an array of this name already, `data` does not have the length that `shape`
    /// says, or writing fails.
    pub fn array<E: Element>(&mut self, name: &str, shape: &[usize], data: &[E]) -> io::Result<()> {
        self.array_in_parts(name, shape, [data])
    }

    /// Adds an array whose numbers come in parts, such as slice after slice, of which only one
    /// need exist at a time.
    ///
    /// # Errors
    ///
    /// As for [`NpzWriter::array`], with the length of all parts together.
    pub fn array_in_parts<E: Element, P: AsRef<[E]>>(
        &mut self,
        name: &str,
        shape: &[usize],
        parts: impl IntoIterator<Item = P>,
    ) -> io::Result<()> {
        if !self.names.insert(name.to_owned()) {
            return Err(invalid(format!("array {name:?} is there already")));
        }
        let bytes = shape.iter().try_fold(size_of::<E>(), |bytes, &len| bytes.checked_mul(len));
        let bytes = bytes.ok_or_else(|| invalid(format!("array {name:?} is too large")))?;
        let count = bytes / size_of::<E>();
        self.zip.start_file(format!("{name}.npy"), options(bytes as u64))?;
        let header =
            Header { descr: E::DESCR.to_owned(), fortran_order: false, shape: shape.to_vec() };
        self.zip.write_all(&header.to_bytes())?;
        let mut written = 0;
        for part in parts {
            written += part.as_ref().len();
            self.numbers(part.as_ref())?;
        }
        if written == count {
            Ok(())
        } else {
            Err(invalid(format!(
                "array {name:?} of shape {shape:?} has {count} numbers, not {written}"
            )))
        }
    }

    /// Completes the archive and returns what it was written to.
    ///
    /// # Errors
    ///
    /// If writing fails.
    pub fn finish(self) -> io::Result<W> {
        let UntilFailure { out, has_failed, .. } = self.zip.finish()?;
        if has_failed { Err(io::Error::other("writing failed before")) } else { Ok(out) }
    }

    fn numbers<E: Element>(&mut self, data: &[E]) -> io::Result<()> {
        let mut bytes = Vec::new();
        // Some at a time, so that a large array is not there twice.
        for chunk in data.chunks(1 << 13) {
            bytes.clear();
            chunk.iter().for_each(|number| number.append_to(&mut bytes));
            self.zip.write_all(&bytes)?;
        }
        Ok(())
    }
}

/// Takes what comes after a failure without writing it: a [`ZipWriter`] that is dropped completes its
/// archive, and if that fails, too, it says so on standard error by itself.
struct UntilFailure<W> {
    out: W,
    has_failed: bool,
    /// Where the next byte goes, or would go.
    position: u64,
    /// The end of what is written, or would be.
    end: u64,
}

impl<W> UntilFailure<W> {
    fn new(out: W) -> Self {
        UntilFailure { out, has_failed: false, position: 0, end: 0 }
    }

    fn noticed<T>(&mut self, outcome: io::Result<T>) -> io::Result<T> {
        let is_failure = |error: &io::Error| error.kind() != io::ErrorKind::Interrupted;
        self.has_failed |= outcome.as_ref().is_err_and(is_failure);
        outcome
    }
}

impl<W: Write> Write for UntilFailure<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let outcome = if self.has_failed { Ok(bytes.len()) } else { self.out.write(bytes) };
        if let Ok(count) = outcome {
            self.position += count as u64;
            self.end = self.end.max(self.position);
        }
        self.noticed(outcome)
    }

    fn flush(&mut self) -> io::Result<()> {
        let outcome = if self.has_failed { Ok(()) } else { self.out.flush() };
        self.noticed(outcome)
    }
}

impl<W: Seek> Seek for UntilFailure<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let there = match to {
            SeekFrom::Start(position) => position,
            SeekFrom::Current(distance) => self.position.saturating_add_signed(distance),
            SeekFrom::End(distance) => self.end.saturating_add_signed(distance),
        };
        let outcome = if self.has_failed { Ok(there) } else { self.out.seek(to) };
        self.position = there;
        self.noticed(outcome)
    }
}

/// Everything that could differ between two runs or two machines is fixed.
fn options(bytes: u64) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(1))
        .last_modified_time(DateTime::DEFAULT)
        .system(System::Unix)
        .unix_permissions(0o644)
        .large_file(bytes >= LARGE)
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
