//! Zip archives: their members, and what can be wrong with one.

use std::io::{self, Read, Seek};

use zip::read::ZipFileSeek;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::error::ReadErrorKind;

/// Bytes of a refused array that are still read to compare its checksum.
///
/// A bit flip in the header of an array makes it look like another kind of array. Its checksum
/// tells damage from an array that was written so.
const CHECKED_AFTER_REFUSAL: u64 = 1 << 28;

/// Reads from a member.
///
/// # Errors
///
/// What `read` returns, if the member is not damaged itself.
pub(super) fn read_member<R: Read + Seek, T>(
    archive: &mut ZipArchive<R>,
    index: usize,
    read: impl FnOnce(&mut dyn Read) -> Result<T, ReadErrorKind>,
) -> Result<T, ReadErrorKind> {
    let mut member = archive.by_index(index).map_err(unopened)?;
    let method = member.compression();
    if !matches!(method, CompressionMethod::Stored | CompressionMethod::Deflated) {
        return Err(ReadErrorKind::Packing { found: format!("compressed as {method}") });
    }
    read(&mut member).map_err(|flaw| {
        match io::copy(&mut member.take(CHECKED_AFTER_REFUSAL), &mut io::sink()) {
            Ok(_) => flaw,
            Err(error) => ReadErrorKind::of_member(error),
        }
    })
}

/// Reads from some place of a member, if it is stored as it is. Its checksum is not compared.
///
/// # Errors
///
/// What `read` returns, or why the member cannot be opened.
pub(super) fn seek_member<R: Read + Seek, T>(
    archive: &mut ZipArchive<R>,
    index: usize,
    read: impl FnOnce(&mut ZipFileSeek<'_, R>) -> Result<Option<T>, ReadErrorKind>,
) -> Result<Option<T>, ReadErrorKind> {
    match archive.by_index_seek(index) {
        Ok(mut member) => read(&mut member),
        Err(ZipError::UnsupportedArchive(_)) => Ok(None),
        Err(error) => Err(unopened(error)),
    }
}

/// Why a member of the archive cannot be opened.
fn unopened(error: ZipError) -> ReadErrorKind {
    match error {
        ZipError::Io(error) => ReadErrorKind::of_member(error),
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
            ReadErrorKind::Packing { found: "encrypted".into() }
        }
        error => ReadErrorKind::Damaged { detail: detail(error) },
    }
}

/// What the reader of archives says.
pub(super) fn detail(error: ZipError) -> String {
    match error {
        ZipError::InvalidArchive(text) => text.into_owned(),
        error => error.to_string(),
    }
}
