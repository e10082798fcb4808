//! What is said of choices and shapes that do not fit.

use thiserror::Error;

use crate::memory::{OutOfMemory, bytes};

/// A choice out of its range, or parts that do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{what} is {found}, expected {expected}")]
pub struct Misfit {
    /// What does not fit, in words: `rank`, `number of roles`.
    pub what: &'static str,
    /// What it is.
    pub found: String,
    /// What it could be.
    pub expected: String,
}

impl From<OutOfMemory> for Misfit {
    fn from(OutOfMemory { needed, free, most }: OutOfMemory) -> Self {
        Misfit {
            what: "memory needed",
            found: format!("{}, most of it for {most}", bytes(needed)),
            expected: format!("at most the {} that are free", bytes(free)),
        }
    }
}

/// Of a number with very many digits its power.
fn shortened(text: String) -> String {
    const LONG: usize = 25;
    match text.parse::<f64>() {
        Ok(number) if text.len() > LONG => format!("{number:e}"),
        _ => text,
    }
}

impl Misfit {
    pub(super) fn new(
        what: &'static str,
        found: impl ToString,
        expected: impl Into<String>,
    ) -> Self {
        Misfit { what, found: shortened(found.to_string()), expected: expected.into() }
    }

    /// Holds something to a condition.
    pub(super) fn unless(
        holds: bool,
        what: &'static str,
        found: impl ToString,
        expected: impl Into<String>,
    ) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self::new(what, found, expected)) }
    }
}
