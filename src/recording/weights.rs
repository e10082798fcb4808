//! The weights of every learning step, as somebody recorded them.

use super::{Array, Precision, ReadError};
use crate::matrix::Matrix;
use crate::tensor::Mode;

/// Recurrent weights W_0..W_K, each (N, N), from any trainer.
///
/// # Examples
///
/// ```
/// use rankproof::{matrix::Matrix, recording::WeightHistory};
///
/// let grown = Matrix::from_rows(&[[0.5, 1.0], [0.0, 0.5]]);
/// let history = WeightHistory::new(vec![Matrix::scaled_identity(2, 0.5), grown], f64::EPSILON);
/// assert_eq!((history.neurons(), history.steps()), (2, 1));
/// assert_eq!(history.increment(1), Matrix::from_rows(&[[0.0, 1.0], [0.0, 0.0]]));
/// ```
#[derive(Clone, Debug)]
pub struct WeightHistory {
    slices: Vec<Matrix<f64>>,
    rounding: f64,
}

impl WeightHistory {
    /// Weights that were computed with numbers of this rounding, the distance from 1 to the next.
    ///
    /// # Panics
    ///
    /// If there are fewer than two slices, or they are not square and of one size.
    pub fn new(slices: Vec<Matrix<f64>>, rounding: f64) -> Self {
        assert!(slices.len() > 1, "learning has a start and at least one step");
        let neurons = slices[0].rows();
        let square = |slice: &Matrix<f64>| (slice.rows(), slice.cols()) == (neurons, neurons);
        assert!(slices.iter().all(square), "square slices of one size");
        WeightHistory { slices, rounding }
    }

    /// Takes the three axes of an array for what `axes` says they are, in the order of the file.
    ///
    /// # Errors
    ///
    /// If the array does not have three axes, its rows and columns differ in length or are empty,
    /// there are fewer than two steps, or a number is not finite.
    pub fn from_array(array: &Array, axes: [Mode; 3]) -> Result<Self, ReadError> {
        let lengths = array.axes(axes.map(Mode::name))?;
        let place = |mode| axes.iter().position(|&axis| axis == mode).expect("each axis once");
        let [row, column, step] = [Mode::Row, Mode::Column, Mode::Step].map(place);
        if lengths[row] != lengths[column] || lengths[row] == 0 {
            return Err(array.wrong_shape("as many rows as columns, and at least one"));
        }
        if lengths[step] < 2 {
            return Err(array.wrong_shape("at least 2 steps, to have an increment"));
        }
        array.expect_finite()?;
        let strides = [lengths[1] * lengths[2], lengths[2], 1];
        let slice = |k| {
            Matrix::from_fn(lengths[row], lengths[column], |i, j| {
                array.data[k * strides[step] + i * strides[row] + j * strides[column]]
            })
        };
        let rounding = match array.precision {
            Precision::Single => f64::from(f32::EPSILON),
            Precision::Double | Precision::Exact => f64::EPSILON,
        };
        Ok(WeightHistory::new((0..lengths[step]).map(slice).collect(), rounding))
    }

    /// The weights `W_k = a diag(c[k]) b^T` of a fitted model, from its arrays `a` (N, R), `b`
    /// (N, R) and `c` (K + 1, R), or `a` (K + 1, N, R) and `b` likewise without `c` if weights are
    /// free in each trial: one slice for each trial.
    ///
    /// # Errors
    ///
    /// If an array has another shape, or a number is not finite.
    pub fn from_factors(a: &Array, b: &Array, c: Option<&Array>) -> Result<Self, ReadError> {
        for array in [Some(a), Some(b), c].into_iter().flatten() {
            array.expect_finite()?;
        }
        b.expect_shape(&a.shape)?;
        let (neurons, rank, trials) = match (a.shape.as_slice(), c) {
            (&[neurons, rank], Some(c)) => {
                let [trials, _] = c.axes(["trial", "term"])?;
                c.expect_shape(&[trials, rank])?;
                (neurons, rank, trials)
            }
            (&[trials, neurons, rank], None) => (neurons, rank, trials),
            _ => return Err(a.wrong_shape("(N, R) beside c, or (trial, N, R) without")),
        };
        if trials < 2 || neurons == 0 {
            return Err(a.wrong_shape("units, and at least 2 trials"));
        }
        let slice = |k: usize| {
            let first = if c.is_some() { 0 } else { k * neurons * rank };
            let factor =
                |of: &Array| Matrix::from_fn(neurons, rank, |i, r| of.data[first + i * rank + r]);
            let mut left = factor(a);
            if let Some(c) = c {
                for r in 0..rank {
                    let scale = c.data[k * rank + r];
                    left.column_mut(r).iter_mut().for_each(|x| *x *= scale);
                }
            }
            Matrix::product(left.view(), factor(b).t())
        };
        // The factors are what they are; only their product, in double precision, rounds.
        Ok(WeightHistory::new((0..trials).map(slice).collect(), f64::EPSILON))
    }

    /// Number of neurons, N.
    pub fn neurons(&self) -> usize {
        self.slices[0].rows()
    }

    /// Number of learning steps, K.
    pub fn steps(&self) -> usize {
        self.slices.len() - 1
    }

    /// The distance from 1 to the next number of the type in which the weights were computed.
    pub fn rounding(&self) -> f64 {
        self.rounding
    }

    /// W_0..W_K.
    pub fn slices(&self) -> &[Matrix<f64>] {
        &self.slices
    }

    /// W_k - W_0.
    ///
    /// # Panics
    ///
    /// If `k` is above [`steps`](WeightHistory::steps).
    pub fn increment(&self, k: usize) -> Matrix<f64> {
        self.slices[k].minus(&self.slices[0])
    }
}
