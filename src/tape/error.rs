//! What can be wrong with a forward pass.

use thiserror::Error;

use crate::blocks::NoSuchBlock;

/// Why a forward pass has no values and no gradient.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TapeError {
    /// A name that no block has.
    #[error(transparent)]
    NoSuchBlock(#[from] NoSuchBlock),
    /// Two matrices whose shapes do not fit, each as rows and columns.
    #[error("{operation}: shapes {left:?} and {right:?} do not fit")]
    Shapes {
        /// What was to be computed.
        operation: &'static str,
        /// The shape of the first.
        left: (usize, usize),
        /// The shape of the second.
        right: (usize, usize),
    },
    /// Rows that are not there, or a matrix without rows.
    #[error("rows {from}..{to} of {rows}")]
    Rows {
        /// The first.
        from: usize,
        /// The one after the last.
        to: usize,
        /// How many there are.
        rows: usize,
    },
    /// A function that needs real numbers, in a field.
    #[error("a function that does not exist in this arithmetic")]
    Unavailable,
    /// The reciprocal of zero.
    #[error("the reciprocal of zero")]
    Reciprocal,
    /// Values that do not belong together.
    #[error("values of two tapes in one operation")]
    TwoTapes,
    /// What an architecture itself has to say.
    #[error("{0}")]
    Model(String),
}
