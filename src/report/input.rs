//! Files that others wrote, read to be shown.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// No file that is shown is larger, in bytes.
const LARGEST: u64 = 32 << 20;

/// Why a file cannot be shown: `out/growth/summary.json: is not there, expected ...`.
#[derive(Debug, Error)]
#[error("{}: {found}, expected {expected}", path.display())]
pub struct InputError {
    /// The path of the file.
    pub path: PathBuf,
    /// What was found there.
    pub found: String,
    /// What a file should hold to be shown.
    pub expected: &'static str,
}

impl InputError {
    /// An error of this file.
    pub(super) fn new(path: &Path, found: impl Into<String>, expected: &'static str) -> Self {
        InputError { path: path.to_owned(), found: found.into(), expected }
    }
}

/// The text of a file.
pub(super) fn read_text(path: &Path, expected: &'static str) -> Result<String, InputError> {
    let refused = |found: String| InputError::new(path, found, expected);
    let cannot = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => refused("is not there".into()),
        std::io::ErrorKind::InvalidData => refused("is not text".into()),
        _ => refused(format!("cannot be read ({error})")),
    };
    let mut text = String::new();
    let file = File::open(path).map_err(cannot)?;
    if !file.metadata().map_err(cannot)?.is_file() {
        return Err(refused("is not a file".into()));
    }
    file.take(LARGEST + 1).read_to_string(&mut text).map_err(cannot)?;
    if text.len() as u64 > LARGEST {
        Err(refused(format!("is larger than {} MiB", LARGEST >> 20)))
    } else {
        Ok(text)
    }
}
