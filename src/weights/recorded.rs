//! Weight histories from the arrays of files.

use super::{Grid, Rounding, WeightHistory};
use crate::file::{Array, ReadError, ReadErrorKind};
use crate::matrix::Matrix;
use crate::scalar::Precision;
use crate::tensor::Mode;

impl WeightHistory {
    /// Takes the three axes of an array for what `axes` says they are, in the order of the file.
    /// What the numbers were rounded to is told from them unless `grid` says it.
    ///
    /// # Errors
    ///
    /// If the array does not have three axes, its rows or columns are empty, there are fewer than two
    /// steps, or a number is not finite.
    pub fn from_array(
        array: Array,
        axes: [Mode; 3],
        grid: Option<Grid>,
    ) -> Result<Self, ReadError> {
        let slices = slices(&array, axes)?;
        if slices.len() < 2 {
            return Err(array.wrong_shape("at least 2 steps, to have an increment"));
        }
        array.expect_finite()?;
        drop(array.data);
        let history = WeightHistory::with_rounding(slices, array.precision, grid);
        Ok(history.expect("finite slices of one shape, two or more"))
    }

    /// The weights `W_k = a diag(c[k]) b^T` of a fitted model, from its arrays `a` (N, R), `b`
    /// (N, R) and `c` (K + 1, R), or `a` (K + 1, N, R) and `b` likewise without `c` if weights are
    /// free in each trial: one slice for each trial.
    ///
    /// # Errors
    ///
    /// If an array has another shape, or a number is not finite, or becomes so in a product.
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
        let slices: Vec<_> = (0..trials).map(slice).collect();
        if !slices.iter().all(Matrix::is_finite) {
            let found = "makes weights that are too large for float64".to_owned();
            let expected = "factors with a finite product".to_owned();
            return Err(a.error(ReadErrorKind::Content { found, expected }));
        }
        let rounding = Rounding::of_type(Precision::Double, slices.len());
        Ok(WeightHistory::rounded(slices, rounding))
    }
}

/// The matrix of each step, whatever its numbers, from the three axes of an array in the order of the
/// file.
///
/// # Errors
///
/// If the array does not have three axes, or its rows or columns are empty.
fn slices(array: &Array, axes: [Mode; 3]) -> Result<Vec<Matrix<f64>>, ReadError> {
    let lengths = array.axes(axes.map(Mode::name))?;
    let place = |mode| axes.iter().position(|&axis| axis == mode).expect("each axis once");
    let [row, column, step] = [Mode::Row, Mode::Column, Mode::Step].map(place);
    if lengths[row] * lengths[column] == 0 {
        return Err(array.wrong_shape("at least one row and one column"));
    }
    let strides = [lengths[1] * lengths[2], lengths[2], 1];
    let slice = |k| {
        Matrix::from_fn(lengths[row], lengths[column], |i, j| {
            array.data[k * strides[step] + i * strides[row] + j * strides[column]]
        })
    };
    Ok((0..lengths[step]).map(slice).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_whose_product_overflows_are_refused() {
        let array = |data: &[f64]| Array {
            shape: vec![2, 1],
            data: data.to_vec(),
            precision: Precision::Double,
            path: "model.npz".into(),
            name: "a".into(),
        };
        let (large, c) = (array(&[1e200, 1.0]), array(&[1.0, 2.0]));
        let error = WeightHistory::from_factors(&large, &large, Some(&c)).unwrap_err().to_string();
        let sentence = "model.npz: array \"a\" makes weights that are too large for float64, \
                        expected factors with a finite product";
        assert_eq!(error, sentence);
    }
}
