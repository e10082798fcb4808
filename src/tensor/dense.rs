//! A third-order tensor of f64, entry by entry: data, and the small cores of others.

use super::Reduced;
use crate::matrix::Matrix;
use crate::scalar::{Scalar, View};

/// A tensor of shape (rows, cols, depth), the last index running fastest, as NumPy has it.
///
/// # Examples
///
/// ```
/// use rankproof::tensor::Dense;
///
/// let tensor = Dense::new([1, 2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// assert_eq!(tensor.at(0, 1, 0), 4.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Dense {
    shape: [usize; 3],
    data: Vec<f64>,
}

impl Dense {
    /// The tensor with these entries: (i, j, k) at place (i cols + j) depth + k.
    ///
    /// # Panics
    ///
    /// If there are more or fewer entries than the shape has places.
    pub fn new(shape: [usize; 3], data: Vec<f64>) -> Self {
        assert_eq!(data.len(), shape.iter().product::<usize>(), "a tensor of shape {shape:?}");
        Dense { shape, data }
    }

    /// The tensor of the values of a function of (i, j, k).
    pub fn from_fn(shape: [usize; 3], mut entry: impl FnMut(usize, usize, usize) -> f64) -> Self {
        let mut data = Vec::with_capacity(shape.iter().product());
        for i in 0..shape[0] {
            for j in 0..shape[1] {
                data.extend((0..shape[2]).map(|k| entry(i, j, k)));
            }
        }
        Dense { shape, data }
    }

    /// (rows, cols, depth).
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// All entries, the last index running fastest.
    pub fn data(&self) -> &[f64] {
        &self.data
    }

    /// All entries, to change.
    pub fn data_mut(&mut self) -> &mut [f64] {
        &mut self.data
    }

    /// Entry (i, j, k).
    #[inline]
    pub fn at(&self, i: usize, j: usize, k: usize) -> f64 {
        self.data[(i * self.shape[1] + j) * self.shape[2] + k]
    }

    /// The square root of the sum of squares.
    pub fn norm(&self) -> f64 {
        // Pieces keep rounding errors from adding up, and can be summed in vector registers.
        let square = |piece: &[f64]| piece.iter().map(|entry| entry * entry).sum::<f64>();
        self.data.chunks(64).map(square).sum::<f64>().sqrt()
    }

    /// The transpose of slab `i`, (depth, cols).
    pub(super) fn slab(&self, i: usize) -> View<'_, f64> {
        let [_, cols, depth] = self.shape;
        View::new(&self.data[i * cols * depth..(i + 1) * cols * depth], depth, cols)
    }

    /// The transpose of the unfolding along the first mode, (cols depth, rows).
    pub(super) fn by_first(&self) -> View<'_, f64> {
        let [rows, cols, depth] = self.shape;
        View::new(&self.data, cols * depth, rows)
    }

    /// The unfolding along the last mode, (depth, rows cols).
    pub(super) fn by_last(&self) -> View<'_, f64> {
        let [rows, cols, depth] = self.shape;
        View::new(&self.data, depth, rows * cols)
    }

    /// The unfolding along a mode, of whichever order of columns: the same for all tensors that
    /// differ in this mode alone.
    pub(super) fn unfolding(&self, mode: usize) -> Matrix<f64> {
        let [rows, cols, depth] = self.shape;
        match mode {
            0 => Matrix::from_fn(rows, cols * depth, |i, rest| self.data[i * cols * depth + rest]),
            1 => Matrix::from_fn(cols, rows * depth, |j, rest| {
                self.at(rest / depth, j, rest % depth)
            }),
            _ => Matrix::from_fn(depth, rows * cols, |k, rest| self.data[rest * depth + k]),
        }
    }

    /// The tensor with a mode multiplied by the transpose of a (n, w) matrix: this mode then has
    /// w dimensions.
    pub(super) fn contracted(&self, mode: usize, matrix: &Matrix<f64>) -> Dense {
        let [rows, _, depth] = self.shape;
        let mut shape = self.shape;
        shape[mode] = matrix.cols();
        let mut data = vec![0.0; shape.iter().product()];
        match mode {
            0 => f64::gemm(&mut data, false, self.by_first(), matrix.view()),
            1 => {
                let slab = (depth * matrix.cols()).max(1);
                for (i, out) in (0..rows).zip(data.chunks_mut(slab)) {
                    f64::gemm(out, false, self.slab(i), matrix.view());
                }
            }
            _ => f64::gemm(&mut data, false, matrix.t(), self.by_last()),
        }
        Dense { shape, data }
    }

    /// The product of the unfolding along a mode with that of another tensor, which has w
    /// dimensions in this mode and the same in the others: (n, w).
    pub(super) fn paired(&self, mode: usize, other: &Dense) -> Matrix<f64> {
        match mode {
            0 => Matrix::product(self.by_first().transpose(), other.by_first()),
            1 => {
                let mut sum = Matrix::zeros(self.shape[1], other.shape[1]);
                for i in 0..self.shape[0] {
                    f64::gemm(sum.data_mut(), true, self.slab(i).transpose(), other.slab(i));
                }
                sum
            }
            _ => Matrix::product(self.by_last(), other.by_last().transpose()),
        }
    }
}

impl From<&Reduced<f64>> for Dense {
    /// The core.
    fn from(reduced: &Reduced<f64>) -> Self {
        let shape = [reduced.left.cols(), reduced.right.cols(), reduced.slices.len()];
        Dense::from_fn(shape, |i, j, k| reduced.slices[k][(i, j)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Stream;

    #[test]
    fn contractions_and_pairings_agree_with_unfoldings() {
        let mut stream = Stream::new("dense", 0, 0);
        for (shape, width) in [([4, 5, 3], 2), ([3, 4, 1], 1), ([2, 1, 2], 1), ([3, 2, 4], 0)] {
            let tensor = Dense::from_fn(shape, |_, _, _| stream.normal());
            for (mode, &length) in shape.iter().enumerate() {
                let case = format!("{shape:?} to {width} along mode {mode}");
                let matrix = Matrix::<f64>::random(length, width, &mut stream);
                let small = tensor.contracted(mode, &matrix);
                let expected = Matrix::product(matrix.t(), tensor.unfolding(mode).view());
                assert!(small.unfolding(mode).minus(&expected).norm() < 1e-14, "{case}");
                let expected = Matrix::product(tensor.unfolding(mode).view(), expected.t());
                assert!(tensor.paired(mode, &small).minus(&expected).norm() < 1e-13, "{case}");
            }
        }
    }
}
