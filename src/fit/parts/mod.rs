//! The parts of a model: each owns the blocks that are learned of it, says where they start, makes
//! what the model needs of them, and takes its gradient back to them.
//!
//! The numbers of a block are of about unit scale, so that one step size serves all.

mod columns;
mod drive;
mod gain;
mod initial;
mod readout;
mod recurrence;

pub(super) use columns::{Columns, unit_columns};
pub(super) use drive::{Drive, DrivePart};
pub(super) use gain::GainPart;
pub(super) use initial::{InitialPart, OfTrials};
pub(super) use readout::{Readout, ReadoutPart};
pub(super) use recurrence::{RecurrencePart, Weights};

use crate::blocks::{Block, Blocks};
use crate::matrix::Matrix;
use crate::scalar::{Real, Scalar, Stream};

/// The block of this name, which is stored in full.
///
/// # Panics
///
/// If there is none: the shapes of blocks are checked where they come in.
pub(super) fn matrix<'b, S: Scalar>(blocks: &'b Blocks<S>, name: &str) -> &'b Matrix<S> {
    let block = blocks.get(name).ok().and_then(Block::dense);
    block.expect("blocks of the shapes of the model")
}

/// The same, to change.
pub(super) fn matrix_mut<'b, S: Scalar>(
    blocks: &'b mut Blocks<S>,
    name: &str,
) -> &'b mut Matrix<S> {
    match blocks.get_mut(name) {
        Ok(Block::Dense(matrix)) => matrix,
        _ => panic!("blocks of the shapes of the model"),
    }
}

/// A (rows, cols) matrix of normal numbers of this standard deviation, from the start of a stream.
pub(super) fn normal<S: Real>(
    (rows, cols): (usize, usize),
    deviation: f64,
    stream: &Stream,
) -> Matrix<S> {
    let mut stream = stream.clone();
    Matrix::from_fn(rows, cols, |_, _| S::from_f64(deviation * stream.normal()))
}

/// The scale of states: as long as a vector of N numbers of unit size.
fn state_scale<S: Real>(units: usize) -> S {
    S::from_f64((units as f64).sqrt())
}
