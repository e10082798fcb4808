//! Gram matrices, symmetric, of which the lower half alone is computed and read.
//!
//! Panels of columns are computed in parallel, and each by one thread: the same bits on any number of
//! threads.

use rankproof_dense::{Dense, MatMut};
use rayon::prelude::*;

use super::Spectrum;
use crate::matrix::{Matrix, SingularValues};
use crate::scalar::to_faer;

/// The columns of a panel, at least, and the number of panels, at most.
const WIDTH: usize = 128;
const PANELS: usize = 16;

/// Of which vectors of a matrix the inner products are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// A A^T.
    Rows,
    /// A^T A.
    Columns,
}

/// Adds the Gram matrix of a matrix.
pub(super) fn add_gram(sum: &mut Matrix<f64>, side: Side, matrix: &Matrix<f64>) {
    let vectors = to_faer(match side {
        Side::Rows => matrix.view(),
        Side::Columns => matrix.t(),
    });
    let size = sum.rows();
    assert_eq!(vectors.nrows(), size, "a Gram matrix of the same vectors");
    let width = size.div_ceil(PANELS).max(WIDTH);
    sum.data_mut().par_chunks_mut(size * width).enumerate().for_each(|(panel, out)| {
        let (first, columns) = (panel * width, out.len() / size);
        let out = MatMut::from_column_major_slice_mut(out, size, columns);
        let below = vectors.subrows(first, size - first);
        let own = vectors.subrows(first, columns);
        let out = out.subrows_mut(first, size - first);
        f64::multiply(out, true, below, own.transpose());
    });
}

/// The Gram matrix of the shorter side.
pub(super) fn shorter_gram(matrix: &Matrix<f64>) -> Matrix<f64> {
    let (size, side) = if matrix.rows() <= matrix.cols() {
        (matrix.rows(), Side::Rows)
    } else {
        (matrix.cols(), Side::Columns)
    };
    let mut gram = Matrix::zeros(size, size);
    add_gram(&mut gram, side, matrix);
    gram
}

/// Adds P + P^T with the inner products P of the vectors of two matrices.
pub(super) fn add_cross(
    sum: &mut Matrix<f64>,
    side: Side,
    left: &Matrix<f64>,
    right: &Matrix<f64>,
) {
    let products = match side {
        Side::Rows => Matrix::product(left.view(), right.t()),
        Side::Columns => Matrix::product(left.t(), right.view()),
    };
    for j in 0..sum.cols() {
        for i in j..sum.rows() {
            sum[(i, j)] += products[(i, j)] + products[(j, i)];
        }
    }
}

/// The inner products of the columns of two matrices. Sums over rows are cut into as many pieces for
/// any number of threads.
pub(super) fn products_of_columns(left: &Matrix<f64>, right: &Matrix<f64>) -> Matrix<f64> {
    const PIECES: usize = 8;
    let rows = left.rows();
    let piece = |number: usize| {
        let place = |number: usize| number * rows / PIECES;
        let (first, count) = (place(number), place(number + 1) - place(number));
        let [a, b] = [left, right].map(|matrix| to_faer(matrix.view()).subrows(first, count));
        let mut products = Matrix::zeros(left.cols(), right.cols());
        let out =
            MatMut::from_column_major_slice_mut(products.data_mut(), left.cols(), right.cols());
        f64::multiply(out, false, a.transpose(), b);
        products
    };
    let pieces: Vec<_> = (0..PIECES).into_par_iter().map(piece).collect();
    let mut sum = Matrix::zeros(left.cols(), right.cols());
    pieces.iter().for_each(|piece| sum.add_scaled(1.0, piece));
    sum
}

/// The squared norm that lies in the space of orthonormal columns: the trace of `B^T G B`.
pub(super) fn inside(gram: &Matrix<f64>, basis: &Matrix<f64>) -> f64 {
    basis.inner_product(&whole(gram).times(basis))
}

/// Eigenvalues, as shares.
pub(super) fn spectrum(gram: &Matrix<f64>) -> Option<Spectrum> {
    Spectrum::of_squares(eigenvalues(gram))
}

pub(super) fn eigenvalues(gram: &Matrix<f64>) -> Vec<f64> {
    // The singular values of a positive matrix are its eigenvalues.
    gram.symmetric_eigenvalues().unwrap_or_else(|| f64::singular_values(&whole(gram)))
}

/// Eigenvalues, as shares, and eigenvectors, from large to small.
pub(super) fn directions(gram: &Matrix<f64>) -> Option<(Spectrum, Matrix<f64>)> {
    let found = gram.symmetric_eigen().unwrap_or_else(|| f64::left_singular(&whole(gram)));
    Some((Spectrum::of_squares(found.0)?, found.1))
}

/// Both halves.
fn whole(gram: &Matrix<f64>) -> Matrix<f64> {
    Matrix::from_fn(gram.rows(), gram.cols(), |i, j| gram[(i.max(j), i.min(j))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Stream;

    /// Of several panels, on both sides, against products of whole matrices.
    #[test]
    fn panels_make_the_whole() {
        let mut stream = Stream::new("panels", 0, 0);
        let matrix = Matrix::normal(300, 170, 1.0, &mut stream);
        let other = Matrix::normal(300, 170, 1.0, &mut stream);
        let near = |found: &Matrix<f64>, expected: &Matrix<f64>| {
            let error = found.minus(expected).norm();
            assert!(error < 1e-12 * expected.norm(), "{error}");
        };
        let sides =
            [(Side::Rows, matrix.view(), matrix.t()), (Side::Columns, matrix.t(), matrix.view())];
        for (side, left, right) in sides {
            let expected = Matrix::product(left, right);
            let mut found = Matrix::zeros(expected.rows(), expected.rows());
            add_gram(&mut found, side, &matrix);
            near(&whole(&found), &expected);
            assert_eq!(found[(0, found.cols() - 1)], 0.0, "the upper half");
            add_cross(&mut found, side, &matrix, &other);
            add_gram(&mut found, side, &other);
            let mut sum = matrix.clone();
            sum.add_scaled(1.0, &other);
            let expected = match side {
                Side::Rows => Matrix::product(sum.view(), sum.t()),
                Side::Columns => Matrix::product(sum.t(), sum.view()),
            };
            near(&whole(&found), &expected);
        }
        near(&products_of_columns(&matrix, &other), &Matrix::product(matrix.t(), other.view()));
        let basis = Matrix::from_fn(300, 2, |i, j| f64::from(u8::from(i == 7 + j)));
        let mut gram = Matrix::zeros(300, 300);
        add_gram(&mut gram, Side::Rows, &matrix);
        let rows: f64 =
            [7, 8].iter().map(|&i| (0..170).map(|j| matrix[(i, j)].powi(2)).sum::<f64>()).sum();
        assert!((inside(&gram, &basis) - rows).abs() < 1e-12 * rows);
    }
}
