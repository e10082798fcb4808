//! Thin QR factorizations: faer's for f64 and f32, Gram-Schmidt done twice for double-double.
//!
//! The triangle of a very tall matrix is found block by block, each stacked under the triangle so
//! far (J. Demmel, L. Grigori, M. Hoemmen and J. Langou, "Communication-optimal parallel and
//! sequential QR and LU factorizations", SIAM J. Sci. Comput. 34, 2012). It is backward stable as
//! the factorization at once is, where the Gram matrix would lose half of the digits.

use rankproof_dense::Dense;

use super::Matrix;
use crate::scalar::{DoubleDouble, Real, View, to_faer};

/// A real type with a thin QR factorization.
pub trait ThinQr: Real {
    /// `matrix = Q R` with Q (m, r) orthonormal, R (r, n), r = min(m, n).
    fn thin_qr(matrix: &Matrix<Self>) -> (Matrix<Self>, Matrix<Self>);

    /// R alone.
    fn triangular_factor(matrix: &Matrix<Self>) -> Matrix<Self> {
        Self::thin_qr(matrix).1
    }
}

macro_rules! qr_by_faer {
    ($float:ty) => {
        impl ThinQr for $float {
            fn thin_qr(matrix: &Matrix<Self>) -> (Matrix<Self>, Matrix<Self>) {
                let (q, r) = <$float>::qr(to_faer(matrix.view()));
                (Matrix::from_faer(q.as_ref()), Matrix::from_faer(r.as_ref()))
            }

            fn triangular_factor(matrix: &Matrix<Self>) -> Matrix<Self> {
                Matrix::from_faer(<$float>::qr_triangle(to_faer(matrix.view())).as_ref())
            }
        }
    };
}

qr_by_faer!(f64);
qr_by_faer!(f32);

impl ThinQr for DoubleDouble {
    fn thin_qr(matrix: &Matrix<Self>) -> (Matrix<Self>, Matrix<Self>) {
        gram_schmidt(matrix)
    }
}

/// Rows of a block, if there are few columns.
const BLOCK: usize = 1024;

/// Rows from which on a matrix of so many columns is cut into blocks.
pub(crate) fn tall_rows(cols: usize) -> usize {
    4 * BLOCK.max(cols)
}

/// The matrix R (n, n) of the QR factorization of a tall (m, n) matrix, without Q: it has the same
/// singular values and right singular vectors. Beside the matrix itself it takes the memory of some
/// (4 n, n) matrices.
pub(super) fn triangle<S: ThinQr>(tall: View<'_, S>) -> Matrix<S> {
    let (rows, cols) = (tall.rows(), tall.cols());
    let block = BLOCK.max(3 * cols);
    let mut triangle = Matrix::zeros(0, cols);
    for first in (0..rows).step_by(block) {
        let above = triangle.rows();
        let height = block.min(rows - first);
        let stacked = Matrix::from_fn(above + height, cols, |i, j| {
            if i < above { triangle[(i, j)] } else { tall.at(first + i - above, j) }
        });
        triangle = S::triangular_factor(&stacked);
    }
    triangle
}

/// What is left of a column that depends on the ones before it, in units of rounding. Normalising
/// such a rest would make a direction out of noise that is not orthogonal to the others.
const DEPENDENT: f64 = 100.0;

/// Classical Gram-Schmidt, each column projected twice (Giraud, Langou, Rozloznik 2005). A column
/// that is dependent to rounding gets a zero column of Q.
fn gram_schmidt<S: Real>(matrix: &Matrix<S>) -> (Matrix<S>, Matrix<S>) {
    let width = matrix.rows().min(matrix.cols());
    let mut q = Matrix::zeros(matrix.rows(), width);
    for j in 0..width {
        if let Some(direction) = direction(q.view(), matrix.column(j)) {
            q.column_mut(j).copy_from_slice(direction.data());
        }
    }
    let r = Matrix::product(q.t(), matrix.view());
    (q, r)
}

/// Orthonormal columns, (m, d), that span those of a matrix (m, n) to rounding, in the order of the
/// columns that add a direction.
pub(crate) fn orthonormal_columns<S: Real>(matrix: &Matrix<S>) -> Matrix<S> {
    let rows = matrix.rows();
    let mut basis = Matrix::zeros(rows, rows.min(matrix.cols()));
    let mut found = 0;
    for j in 0..matrix.cols() {
        if found == basis.cols() {
            break;
        }
        if let Some(direction) = direction(basis.columns(0..found), matrix.column(j)) {
            basis.column_mut(found).copy_from_slice(direction.data());
            found += 1;
        }
    }
    basis.truncated(found)
}

/// What of a column is outside the span of orthonormal ones (or zeros), as a column of norm one;
/// none if that is nothing but rounding.
fn direction<S: Real>(known: View<'_, S>, column: &[S]) -> Option<Matrix<S>> {
    let mut column = Matrix::from_columns(known.rows(), 1, column.to_vec());
    let before = column.norm();
    for _ in 0..2 {
        let coordinates = Matrix::product(known.transpose(), column.view());
        column.add_scaled(-S::ONE, &Matrix::product(known, coordinates.view()));
    }
    let norm = Matrix::product(column.t(), column.view())[(0, 0)].sqrt();
    if norm.to_f64() <= DEPENDENT * S::EPSILON * before {
        return None;
    }
    column.scale(norm.inverse()?);
    Some(column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::SingularValues;
    use crate::scalar::Stream;

    #[test]
    fn a_triangle_by_blocks_has_the_singular_values() {
        let mut stream = Stream::new("triangle", 0, 0);
        for (rows, cols) in [(5000, 3), (2500, 40), (7, 7)] {
            // Of rank two with a third direction at 1e-9, which a Gram matrix would lose.
            let left = Matrix::<f64>::random(rows, 3, &mut stream);
            let mut right = Matrix::<f64>::random(3, cols, &mut stream);
            (0..cols).for_each(|j| right[(2, j)] *= 1e-9);
            let matrix = left.times(&right);
            let found = f64::singular_values(&triangle(matrix.view()));
            // The product of two triangles is as small as the matrix is thin.
            let core = triangle(left.view()).times(&triangle(right.t()).transposed());
            for (found, expected) in found.iter().zip(f64::singular_values(&core)) {
                assert!((found - expected).abs() < 1e-13 * matrix.norm(), "{found} {expected}");
            }
            assert!(found[2] > 1e-10 * found[0]);
            assert_eq!(triangle(matrix.view()).cols(), cols);
        }
    }
}
