//! Errors of the library as exceptions of Python, with the sentence of the command line.

use std::io;

use pyo3::PyErr;
use pyo3::exceptions::{
    PyFileNotFoundError, PyIsADirectoryError, PyOSError, PyPermissionError, PyValueError,
};
use rankproof::file::{LockError, ReadError, ReadErrorKind, WriteError};

/// `OSError`, or its subclass, where a file is not there or cannot be read or written; else `ValueError`.
pub fn exception(error: &anyhow::Error) -> PyErr {
    let sentence = format!("{error:#}");
    match error.chain().find_map(of_the_system) {
        Some(io::ErrorKind::NotFound) => PyFileNotFoundError::new_err(sentence),
        Some(io::ErrorKind::PermissionDenied) => PyPermissionError::new_err(sentence),
        Some(io::ErrorKind::IsADirectory) => PyIsADirectoryError::new_err(sentence),
        Some(_) => PyOSError::new_err(sentence),
        None => PyValueError::new_err(sentence),
    }
}

/// What the operating system refused, if it did.
fn of_the_system(error: &(dyn std::error::Error + 'static)) -> Option<io::ErrorKind> {
    if let Some(error) = error.downcast_ref::<ReadError>() {
        return match &error.kind {
            ReadErrorKind::Missing => Some(io::ErrorKind::NotFound),
            ReadErrorKind::Directory => Some(io::ErrorKind::IsADirectory),
            ReadErrorKind::NotRegular => Some(io::ErrorKind::Other),
            ReadErrorKind::Permission => Some(io::ErrorKind::PermissionDenied),
            ReadErrorKind::Io(error) => Some(error.kind()),
            _ => None,
        };
    }
    match error.downcast_ref::<LockError>() {
        Some(LockError::Folder { error, .. }) => return Some(error.kind()),
        Some(LockError::Write(error)) => return Some(error.error.kind()),
        _ => {}
    }
    let written = error.downcast_ref::<WriteError>().map(|error| error.error.kind());
    written.or_else(|| error.downcast_ref::<io::Error>().map(io::Error::kind))
}
