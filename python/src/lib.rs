//! What Python imports as `rankproof._native`: thin, no logic of its own.

mod background;
mod error;
mod fit;

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the command line; `arguments` begin with the name of the program. Returns the exit status.
#[pyfunction]
fn main(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| rankproof::cli::run(arguments))
}

/// The compiled half of rankproof.
#[pymodule]
mod _native {
    #[pymodule_export]
    use super::main;

    // Fits.
    #[pymodule_export]
    use crate::fit::{CrossValidation, Fitted, MemoryRecording, fit};
}
