//! The gradient by the model, of the trials of a chunk or of all trials.

use super::parts::{Readout, Weights};
use crate::matrix::Matrix;
use crate::scalar::Scalar;

/// dLoss/d(model). What belongs to trials is of those of a chunk, M, or of all.
#[derive(Clone, Debug)]
pub(super) struct ModelGradient<S> {
    /// By the initial states, (N, M).
    pub initial: Matrix<S>,
    /// By the columns E.
    pub columns: Matrix<S>,
    /// By the weights.
    pub weights: Weights<S>,
    /// By the coefficients of the columns, (R + ..., S M): trial after trial in each step.
    pub drive: Matrix<S>,
    /// By the readout.
    pub readout: Readout<S>,
    /// By the logarithms of the gains, (M); empty if the model has none.
    pub gains: Vec<S>,
}

impl<S: Scalar> ModelGradient<S> {
    /// The gradient of all trials: what is common is summed, in the order of the chunks, and what
    /// belongs to trials stands side by side.
    pub fn joined(chunks: &[Self]) -> Self {
        let (first, others) = chunks.split_first().expect("there are trials");
        let mut sum = first.clone();
        for chunk in others {
            sum.columns.add_scaled(S::ONE, &chunk.columns);
            sum.readout.matrix.add_scaled(S::ONE, &chunk.readout.matrix);
            if let (Some(sum), Some(offset)) = (&mut sum.readout.offset, &chunk.readout.offset) {
                sum.add_scaled(S::ONE, offset);
            }
        }
        sum.initial = Matrix::beside(first.initial.rows(), chunks.iter().map(|c| &c.initial));
        sum.drive = step_by_step(chunks);
        sum.gains = chunks.iter().flat_map(|chunk| chunk.gains.iter().copied()).collect();
        sum.weights = joined_weights(chunks);
        sum
    }
}

/// Shared rows are summed; what belongs to trials stands side by side.
fn joined_weights<S: Scalar>(chunks: &[ModelGradient<S>]) -> Weights<S> {
    match &chunks[0].weights {
        Weights::Shared { rows, factors } => {
            let (mut sum, mut all) = (rows.clone(), vec![factors]);
            for chunk in &chunks[1..] {
                if let Weights::Shared { rows, factors } = &chunk.weights {
                    sum.add_scaled(S::ONE, rows);
                    all.push(factors);
                }
            }
            Weights::Shared { rows: sum, factors: Matrix::beside(factors.rows(), all) }
        }
        Weights::Free { columns, rank, .. } => {
            let (mut all_columns, mut all_rows) = (Vec::new(), Vec::new());
            for chunk in chunks {
                if let Weights::Free { columns, rows, .. } = &chunk.weights {
                    all_columns.push(columns);
                    all_rows.push(rows);
                }
            }
            let beside = |parts: Vec<&Matrix<S>>| Matrix::beside(columns.rows(), parts);
            Weights::Free { columns: beside(all_columns), rows: beside(all_rows), rank: *rank }
        }
    }
}

/// The coefficients of all trials at the first step, then those at the next, and so on.
fn step_by_step<S: Scalar>(chunks: &[ModelGradient<S>]) -> Matrix<S> {
    let (width, trials) = (chunks[0].drive.rows(), chunks[0].initial.cols());
    let steps = chunks[0].drive.cols() / trials;
    let mut data = Vec::new();
    for step in 0..steps {
        for ModelGradient { drive, initial, .. } in chunks {
            let of_step = step * initial.cols()..(step + 1) * initial.cols();
            data.extend_from_slice(drive.columns(of_step).data());
        }
    }
    Matrix::from_columns(width, data.len() / width, data)
}
