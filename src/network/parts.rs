//! The blocks of a recurrent network by field.

use crate::blocks::{Block, Blocks};
use crate::matrix::Matrix;
use crate::scalar::Scalar;
use crate::tape::TapeError;

/// The names of the blocks of a recurrent network, in the order of their list.
pub const RNN_BLOCKS: [&str; 5] = ["W", "B", "C", "bias", "h0"];

/// W, B, C, b and h_0 among [`Blocks`], borrowed. A gradient stored in full has the same parts.
#[derive(Clone, Copy, Debug)]
pub struct RnnParts<'a, S> {
    /// Recurrent weights W, (N, N).
    pub w: &'a Block<S>,
    /// Input weights B, (N, d_in).
    pub b: &'a Matrix<S>,
    /// Readout C, (d_out, N).
    pub c: &'a Matrix<S>,
    /// Bias b, (N, 1).
    pub bias: &'a Matrix<S>,
    /// Initial state h_0: (N, 1) common to all trials, or (N, M), one for each.
    pub h0: &'a Matrix<S>,
}

impl<'a, S: Scalar> RnnParts<'a, S> {
    /// The parts of these blocks.
    ///
    /// # Errors
    ///
    /// If one of them is missing, or their shapes do not fit together, or one of the thin ones is
    /// not stored in full.
    pub fn of(blocks: &'a Blocks<S>) -> Result<Self, TapeError> {
        let thin = |name: &str| {
            let not_full = || TapeError::Model(format!("{name} is not stored in full"));
            blocks.get(name)?.dense().ok_or_else(not_full)
        };
        let w = blocks.get("W")?;
        let [b, c, bias, h0] = [thin("B")?, thin("C")?, thin("bias")?, thin("h0")?];
        let (n, shape) = (w.shape().0, |matrix: &Matrix<S>| (matrix.rows(), matrix.cols()));
        let pairs = [
            ("W, which is square", w.shape().1 == n, w.shape()),
            ("W and B", b.rows() == n, shape(b)),
            ("W and C", c.cols() == n, shape(c)),
            ("W and bias", shape(bias) == (n, 1), shape(bias)),
            ("W and h0", h0.rows() == n, shape(h0)),
        ];
        match pairs.into_iter().find(|(_, fits, _)| !fits) {
            Some((operation, _, right)) => {
                Err(TapeError::Shapes { operation, left: (n, n), right })
            }
            None => Ok(RnnParts { w, b, c, bias, h0 }),
        }
    }

    /// Number of neurons, N.
    pub fn neurons(&self) -> usize {
        self.w.shape().0
    }
}
