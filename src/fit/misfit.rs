//! What is said of choices and shapes that do not fit.

use thiserror::Error;

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

impl Misfit {
    pub(super) fn new(
        what: &'static str,
        found: impl ToString,
        expected: impl Into<String>,
    ) -> Self {
        Misfit { what, found: found.to_string(), expected: expected.into() }
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
