//! Ctrl-C, or a signal to end, asks long work to save and end; a second one ends it at once.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;

use super::output::say;

static ASKED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C or a signal to end sets what [`asked`] tells.
pub fn listen() -> anyhow::Result<()> {
    ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
        say("saving; Ctrl-C again ends at once");
    })
    .context("Ctrl-C cannot be handled")
}

/// From now on Ctrl-C or a signal to end says this and ends: what is written is whole, as files are
/// renamed into place.
pub fn end_with(message: &'static str) -> anyhow::Result<()> {
    ctrlc::set_handler(move || {
        say(&format!("\n{message}"));
        std::process::exit(130);
    })
    .context("Ctrl-C cannot be handled")
}

/// True once the user has pressed Ctrl-C, or the system wants an end.
pub fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}
