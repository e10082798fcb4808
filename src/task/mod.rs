//! What a network is asked to do: trials of inputs and targets.

use crate::matrix::Matrix;

/// The sizes of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimensions {
    /// Neurons, N.
    pub neurons: usize,
    /// Input channels, p.
    pub d_in: usize,
    /// Output channels, q.
    pub d_out: usize,
    /// Time steps, T: inputs at t = 0..T, outputs at t = 0..=T.
    pub steps: usize,
    /// Trials, M.
    pub trials: usize,
}

/// Trials of inputs and targets. Columns are trials, grouped by time: the column of trial m at
/// time t is `t * trials + m`.
#[derive(Clone, Debug, PartialEq)]
pub struct Task<S> {
    /// Time steps, T.
    pub steps: usize,
    /// Trials, M.
    pub trials: usize,
    /// Inputs u_t for t = 0..T, (d_in, T M).
    pub inputs: Matrix<S>,
    /// Targets of the outputs y_t for t = 0..=T, (d_out, (T + 1) M).
    pub targets: Matrix<S>,
    /// The weight of each time and trial in the loss, (1, (T + 1) M).
    pub mask: Matrix<S>,
}
impl<S: crate::scalar::Scalar> Task<S> {
    pub fn select(&self, trials: &[usize]) -> Self {
        let _ = trials;
        todo!()
    }
}
