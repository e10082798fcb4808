//! Long work of a call from Python, without the interpreter: other threads of Python go on, Ctrl-C ends
//! the work, and a function hears how far it is.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// How often Python hears of the work, and is asked for signals.
const PAUSE: Duration = Duration::from_millis(50);

/// What the work told since it was heard last, and whether it has ended.
struct Told<M> {
    news: Vec<M>,
    ended: bool,
}

/// Runs work on a thread of its own while this one hears what it tells, and looks for Ctrl-C: Python
/// gives signals to its main thread alone. The work learns from the answer to what it tells, or from
/// telling nothing, whether to go on. Once it was told to stop, what it returns, or how it unwinds, is
/// passed over and the exception raised.
///
/// # Errors
///
/// The exception of a signal (`KeyboardInterrupt`) or of `hear`; `RuntimeError` if the work panics.
pub fn background<M: Send, R: Send>(
    py: Python<'_>,
    work: impl FnOnce(&(dyn Fn(Option<M>) -> bool + Sync)) -> R + Send,
    mut hear: impl FnMut(Vec<M>) -> PyResult<()>,
) -> PyResult<R> {
    let stop = AtomicBool::new(false);
    let (told, end) = (Mutex::new(Told { news: Vec::new(), ended: false }), Condvar::new());
    let tell = |message: Option<M>| {
        if let Some(message) = message {
            locked(&told).news.push(message);
        }
        !stop.load(Ordering::Relaxed)
    };
    let wait = || {
        let ended = end.wait_timeout_while(locked(&told), PAUSE, |told| !told.ended);
        let mut told = ended.unwrap_or_else(PoisonError::into_inner).0;
        (mem::take(&mut told.news), told.ended)
    };
    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let result = catch_unwind(AssertUnwindSafe(|| work(&tell)));
            locked(&told).ended = true;
            end.notify_all();
            result
        });
        let mut trouble: Option<PyErr> = None;
        loop {
            let (news, ended) = py.detach(wait);
            if trouble.is_none()
                && let Err(error) = hear(news).and_then(|()| py.check_signals())
            {
                trouble = Some(error);
                stop.store(true, Ordering::Relaxed);
            }
            if ended {
                break;
            }
        }
        let result = py.detach(|| worker.join());
        match (trouble, result) {
            (Some(trouble), _) => Err(trouble),
            (None, Ok(Ok(result))) => Ok(result),
            (None, _) => Err(PyRuntimeError::new_err(
                "a defect of rankproof, which standard error describes",
            )),
        }
    })
}

fn locked<M>(told: &Mutex<Told<M>>) -> MutexGuard<'_, Told<M>> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}
