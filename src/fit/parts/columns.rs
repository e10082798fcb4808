//! The columns E through which the network is driven, side by side: those of the weights, those of
//! inputs, a free bias.

use std::ops::Range;

use crate::fit::FitFloat;
use crate::fit::architecture::{Architecture, Bias};
use crate::matrix::Matrix;

/// Where the columns of each kind stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// a_1..a_R.
    pub weights: Range<usize>,
    /// Those of inputs of their own.
    pub inputs: Range<usize>,
    /// A free bias.
    pub bias: Range<usize>,
}

impl Columns {
    /// Of a model.
    pub fn new(architecture: &Architecture) -> Self {
        let inputs = architecture.rank + architecture.own_inputs();
        let bias = inputs + usize::from(architecture.bias == Bias::Free);
        Columns {
            weights: 0..architecture.rank,
            inputs: architecture.rank..inputs,
            bias: inputs..bias,
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.bias.end
    }
}

/// The columns divided by their norms; zero stays zero.
pub fn unit_columns<S: FitFloat>(matrix: &Matrix<S>) -> Matrix<S> {
    let mut unit = matrix.clone();
    for r in 0..unit.cols() {
        let inverse = inverse_norm(matrix.column(r));
        unit.column_mut(r).iter_mut().for_each(|x| *x *= inverse);
    }
    unit
}

/// Through [`unit_columns`]: the part of the gradient across each column, divided by its norm.
pub fn unit_columns_back<S: FitFloat>(matrix: &Matrix<S>, gradient: &Matrix<S>) -> Matrix<S> {
    let unit = unit_columns(matrix);
    let mut back = gradient.clone();
    for r in 0..back.cols() {
        let inverse = inverse_norm(matrix.column(r));
        let along = dot(unit.column(r), gradient.column(r));
        for (g, &u) in back.column_mut(r).iter_mut().zip(unit.column(r)) {
            *g = inverse * (*g - along * u);
        }
    }
    back
}

fn dot<S: FitFloat>(a: &[S], b: &[S]) -> S {
    a.iter().zip(b).fold(S::ZERO, |sum, (&a, &b)| sum + a * b)
}

fn inverse_norm<S: FitFloat>(column: &[S]) -> S {
    dot(column, column).sqrt().inverse().unwrap_or(S::ZERO)
}
