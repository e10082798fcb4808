//! Long work of a call from Python: other threads of Python go on, Ctrl-C ends it, and a function is
//! told how far it is.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use rankproof::weights::{Stage, Watch};
use rayon::ThreadPoolBuilder;

use crate::error::exception;

/// How often Python is asked for signals.
const PAUSE: Duration = Duration::from_millis(50);

/// Ends work from the inside; caught where the work was begun.
struct Stopped;

/// Does work in threads of its own, which end with it: those of a pool for all calls would be missing
/// after a fork. `progress` is called with what is done, how many parts of it, and of how many.
///
/// # Errors
///
/// The exception of the work, of a signal (`KeyboardInterrupt`) or of `progress`. The work ends at the
/// next part that it tells of.
pub fn run<T: Send>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(Watch<'_>) -> anyhow::Result<T> + Send,
) -> PyResult<T> {
    let pool = ThreadPoolBuilder::new().build();
    let pool = pool.map_err(|error| PyRuntimeError::new_err(format!("threads: {error}")))?;
    let (stopped, stage) = (AtomicBool::new(false), Mutex::new(None::<Stage>));
    let (ended, end) = (Mutex::new(false), Condvar::new());
    let watch = |now: Stage| {
        if stopped.load(Ordering::Relaxed) {
            resume_unwind(Box::new(Stopped));
        }
        *stage.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    };
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let result = catch_unwind(AssertUnwindSafe(|| pool.install(|| work(&watch))));
            *ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
            end.notify_all();
            result
        });
        let wait = || {
            let ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = end.wait_timeout_while(ended, PAUSE, |ended| !*ended);
            *waited.unwrap_or_else(PoisonError::into_inner).0
        };
        let mut asked = Ok(());
        while asked.is_ok() && !py.detach(wait) {
            let now = stage.lock().unwrap_or_else(PoisonError::into_inner).take();
            asked = py.check_signals().and_then(|()| tell(progress, now));
        }
        stopped.store(asked.is_err(), Ordering::Relaxed);
        let result = py.detach(|| worker.join());
        asked?;
        match result {
            Ok(Ok(result)) => result.map_err(|error| exception(&error)),
            Ok(Err(_)) | Err(_) => Err(PyRuntimeError::new_err(
                "a defect of rankproof, which standard error describes",
            )),
        }
    })
}

fn tell(progress: Option<&Bound<'_, PyAny>>, now: Option<Stage>) -> PyResult<()> {
    if let (Some(progress), Some(Stage { what, done, all })) = (progress, now) {
        progress.call1((what, done, all))?;
    }
    Ok(())
}
