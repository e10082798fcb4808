//! The boundary to a reader that was written by others: its panics end here.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};

use super::error::ReadErrorKind;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `read`; a panic in it becomes a flaw of the file. The panic hook is called first, as ever.
///
/// # Errors
///
/// What `read` returns, and [`ReadErrorKind::Damaged`] if it panics.
pub(super) fn guarded<T>(
    read: impl FnOnce() -> Result<T, ReadErrorKind>,
) -> Result<T, ReadErrorKind> {
    let before = GUARDED.replace(true);
    // What `read` borrows is dropped with the file that it could not read.
    let outcome = panic::catch_unwind(AssertUnwindSafe(read));
    GUARDED.set(before);
    outcome.unwrap_or_else(|payload| Err(ReadErrorKind::Damaged { detail: message(&*payload) }))
}

/// True while another's reader runs on this thread, whose panics become errors. A program whose
/// panic hook asks this can keep quiet about them; this library sets no hook.
pub fn is_guarded() -> bool {
    GUARDED.get()
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    let text = text.unwrap_or_else(|| "no message".to_owned());
    format!("its reader gave up ({})", text.replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_flaw_of_the_file() {
        let flaw = guarded::<()>(|| panic!("index {} out\nof range", 7)).unwrap_err();
        assert_eq!(flaw.to_string(), "is damaged: its reader gave up (index 7 out of range)");
        assert_eq!(guarded(|| Ok(3)).unwrap(), 3);
        assert!(guarded(|| Ok(is_guarded())).unwrap() && !is_guarded());
    }
}
