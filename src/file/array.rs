//! An array as it was read: its numbers, and what is known of them.

use std::path::PathBuf;

use super::error::{ReadError, ReadErrorKind, Shape};
use crate::scalar::Precision;

/// Numbers in the order of C: the last index runs fastest.
#[derive(Clone, Debug)]
pub struct Array {
    /// The lengths of the axes; none for a single number.
    pub shape: Vec<usize>,
    /// All numbers, as many as the product of `shape`.
    pub data: Vec<f64>,
    /// The type in which they were stored.
    pub precision: Precision,
    /// The file they come from, for messages.
    pub(crate) path: PathBuf,
    /// The name of the array, for messages.
    pub(crate) name: String,
}

impl Array {
    /// The lengths of the axes, if there are as many as `axes` names.
    ///
    /// # Errors
    ///
    /// [`ReadErrorKind::Dimensions`] if there are more or fewer.
    pub fn axes<const COUNT: usize>(
        &self,
        axes: [&str; COUNT],
    ) -> Result<[usize; COUNT], ReadError> {
        self.shape.as_slice().try_into().map_err(|_| {
            let axes = axes.map(str::to_owned).to_vec();
            self.error(ReadErrorKind::Dimensions { shape: self.shape.clone(), axes })
        })
    }

    /// Checks the whole shape.
    ///
    /// # Errors
    ///
    /// [`ReadErrorKind::Shape`] if it is another one.
    pub fn expect_shape(&self, expected: &[usize]) -> Result<(), ReadError> {
        if self.shape == expected {
            return Ok(());
        }
        Err(self.wrong_shape(Shape(expected).to_string()))
    }

    /// The error that says that this shape is not the one expected, described in words.
    pub fn wrong_shape(&self, expected: impl Into<String>) -> ReadError {
        self.error(ReadErrorKind::Shape { shape: self.shape.clone(), expected: expected.into() })
    }

    /// The path of the array in its file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The index and the value of the first NaN or infinity.
    pub(super) fn first_not_finite(&self) -> Option<(Vec<usize>, f64)> {
        let position = self.data.iter().position(|number| !number.is_finite())?;
        Some((self.index(position), self.data[position]))
    }

    /// Checks that all numbers are finite.
    ///
    /// # Errors
    ///
    /// [`ReadErrorKind::NotFinite`] with the first that is not.
    pub fn expect_finite(&self) -> Result<(), ReadError> {
        match self.first_not_finite() {
            None => Ok(()),
            Some((index, value)) => Err(self.error(ReadErrorKind::NotFinite { index, value })),
        }
    }

    /// The error that names this array and its file.
    pub fn error(&self, flaw: ReadErrorKind) -> ReadError {
        ReadError::of_array(&self.path, &self.name, flaw)
    }

    /// The index of the number at a position of `data`.
    fn index(&self, position: usize) -> Vec<usize> {
        let mut rest = position;
        let mut index = vec![0; self.shape.len()];
        for (entry, &length) in index.iter_mut().zip(&self.shape).rev() {
            *entry = rest % length;
            rest /= length;
        }
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(shape: &[usize], data: Vec<f64>) -> Array {
        let (path, name) = ("w.npz".into(), "W".into());
        Array { shape: shape.to_vec(), data, precision: Precision::Double, path, name }
    }

    #[test]
    fn finds_the_first_number_that_is_not_finite() {
        let mut data = vec![0.0; 24];
        assert_eq!(array(&[2, 3, 4], data.clone()).first_not_finite(), None);
        data[23] = f64::NAN;
        data[18] = f64::NEG_INFINITY;
        let with_infinity = array(&[2, 3, 4], data);
        assert_eq!(with_infinity.first_not_finite(), Some((vec![1, 1, 2], f64::NEG_INFINITY)));
        assert_eq!(
            with_infinity.expect_finite().unwrap_err().to_string(),
            "w.npz: array \"W\" holds -inf at [1, 1, 2], expected finite numbers"
        );
        let (index, value) = array(&[], vec![f64::NAN]).first_not_finite().unwrap();
        assert!(index.is_empty() && value.is_nan());
        assert!(array(&[0, 3], vec![]).expect_finite().is_ok());
    }

    #[test]
    fn shapes_are_checked() {
        let matrix = array(&[2, 3], vec![0.0; 6]);
        assert_eq!(matrix.axes(["row", "column"]).unwrap(), [2, 3]);
        assert!(matches!(matrix.axes(["row"]).unwrap_err().kind, ReadErrorKind::Dimensions { .. }));
        assert!(matrix.expect_shape(&[2, 3]).is_ok());
        assert_eq!(
            matrix.expect_shape(&[3]).unwrap_err().to_string(),
            "w.npz: array \"W\" has shape (2, 3), expected (3,)"
        );
        assert_eq!(
            matrix.wrong_shape("a square matrix").to_string(),
            "w.npz: array \"W\" has shape (2, 3), expected a square matrix"
        );
    }
}
