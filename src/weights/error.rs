//! What can be wrong with weights in memory.

use thiserror::Error;

use crate::matrix::Matrix;

/// Why matrices are no history of weights, or do not go with one.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum WeightError {
    /// Learning has a start and at least one step.
    #[error("{found} of the weights W_0, W_1, ... are given, expected at least 2")]
    TooFew {
        /// Matrices.
        found: usize,
    },
    /// All are of one shape.
    #[error(
        "W_{step} has shape ({rows}, {columns}), expected ({}, {}) as of W_0",
        expected[0], expected[1]
    )]
    Shape {
        /// The first matrix of another shape, counted from 0.
        step: usize,
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
        /// The shape of W_0.
        expected: [usize; 2],
    },
    /// There is something to learn.
    #[error("W_0 has shape ({rows}, {columns}), expected at least one row and one column")]
    Empty {
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
    },
    /// A NaN or an infinity.
    #[error("W_{step} holds {value} at ({row}, {column}), expected finite numbers")]
    NotFinite {
        /// The first matrix that has one, counted from 0.
        step: usize,
        /// Where it is.
        row: usize,
        /// Where it is.
        column: usize,
        /// What it is.
        value: f64,
    },
    /// Inputs and outputs have a row for each neuron.
    #[error(
        "inputs have {inputs} rows and outputs {outputs}, expected {neurons}, one for each neuron"
    )]
    ChannelShape {
        /// Rows of the inputs.
        inputs: usize,
        /// Rows of the outputs.
        outputs: usize,
        /// Neurons of the history.
        neurons: usize,
    },
    /// A NaN or an infinity in the inputs or the outputs.
    #[error("inputs or outputs hold a number that is not finite")]
    ChannelNotFinite,
}

impl WeightError {
    /// Checks that W_step has entries, all finite, and the shape of W_0.
    pub(super) fn check(
        step: usize,
        slice: &Matrix<f64>,
        expected: [usize; 2],
    ) -> Result<(), WeightError> {
        let (rows, columns) = (slice.rows(), slice.cols());
        let [neurons, inputs] = expected;
        if neurons * inputs == 0 {
            return Err(WeightError::Empty { rows: neurons, columns: inputs });
        }
        if [rows, columns] != expected {
            return Err(WeightError::Shape { step, rows, columns, expected });
        }
        match slice.data().iter().position(|entry| !entry.is_finite()) {
            None => Ok(()),
            // Column after column.
            Some(place) => {
                let (row, column, value) = (place % rows, place / rows, slice.data()[place]);
                Err(WeightError::NotFinite { step, row, column, value })
            }
        }
    }
}
