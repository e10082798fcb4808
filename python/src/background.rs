//! Long work without the interpreter, which stays alive meanwhile.

use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;

/// How often signals are looked for when the work tells nothing.
const PATIENCE: Duration = Duration::from_millis(50);

/// Runs work on a thread of its own while this one hears what it tells, and looks for Ctrl-C: Python
/// gives signals to its main thread alone. The work learns from the answer to what it tells, or from
/// telling nothing, whether to go on; once it was told to stop, what it returns is passed over and
/// the exception raised.
pub fn background<M: Send, R: Send>(
    py: Python<'_>,
    work: impl FnOnce(&(dyn Fn(Option<M>) -> bool + Sync)) -> R + Send,
    mut hear: impl FnMut(M) -> PyResult<()>,
) -> PyResult<R> {
    let stop = AtomicBool::new(false);
    let (teller, heard) = channel();
    // Shared with the detached part of this thread alone.
    let heard = Mutex::new(heard);
    thread::scope(|scope| {
        let stop = &stop;
        let worker = scope.spawn(move || {
            work(&|message| {
                if let Some(message) = message {
                    // There is somebody to hear it until this ends.
                    let _ = teller.send(message);
                }
                !stop.load(Ordering::Relaxed)
            })
        });
        let mut trouble: Option<PyErr> = None;
        loop {
            let next = py.detach(|| {
                let heard = heard.lock().expect("no other thread has it");
                heard.recv_timeout(PATIENCE)
            });
            let found = match next {
                Ok(message) if trouble.is_none() => hear(message).and_then(|()| py.check_signals()),
                Ok(_) => Ok(()),
                Err(RecvTimeoutError::Timeout) => py.check_signals(),
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if let Err(error) = found {
                trouble.get_or_insert(error);
                stop.store(true, Ordering::Relaxed);
            }
        }
        let result = py.detach(|| worker.join());
        match (trouble, result) {
            (_, Err(panic)) => resume_unwind(panic),
            (Some(trouble), Ok(_)) => Err(trouble),
            (None, Ok(result)) => Ok(result),
        }
    })
}
