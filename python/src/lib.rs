//! What Python imports as `rankproof._native`: thin, no logic of its own.

mod background;
mod error;
mod fit;
mod rank;

use std::ffi::OsString;
use std::path::PathBuf;

use pyo3::prelude::*;

/// Runs the command line; `arguments` begin with the name of the program. Returns the exit status.
#[pyfunction]
fn main(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| rankproof::cli::run(arguments))
}

/// As `main`, but an error is raised.
#[pyfunction]
fn command(py: Python<'_>, arguments: Vec<OsString>) -> PyResult<u8> {
    py.detach(|| rankproof::cli::execute(arguments)).map_err(|error| error::exception(&error))
}

/// Checks that a file is a recording as `prepare` writes it.
#[pyfunction]
fn check_recording(py: Python<'_>, path: PathBuf) -> PyResult<()> {
    let read = py.detach(|| rankproof::recording::Recording::read(path));
    read.map(drop).map_err(|error| error::exception(&error.into()))
}

/// The compiled half of rankproof.
#[pymodule]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::fit::{CrossValidation, Fitted, MemoryRecording, compared_models, fit};
    #[pymodule_export]
    use super::rank::{rank_arrays, rank_files};
    #[pymodule_export]
    use super::{check_recording, command, main};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        rankproof::cli::keep_quiet_of_readers();
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
