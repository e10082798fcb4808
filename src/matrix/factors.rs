//! A matrix kept as a product of two thin ones.

use super::{Matrix, RankRevealing};
use crate::scalar::{Scalar, View};

/// The matrix `left right^T`, with left (m, r) and right (n, r). It is never formed unless asked.
///
/// # Examples
///
/// ```
/// use rankproof::matrix::{Factors, Matrix};
///
/// let outer = Factors::new(Matrix::from_rows(&[[1.0], [2.0]]), Matrix::from_rows(&[[3.0], [4.0]]));
/// assert_eq!(outer.to_matrix(), Matrix::from_rows(&[[3.0, 4.0], [6.0, 8.0]]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Factors<S> {
    /// Shape (m, r).
    pub left: Matrix<S>,
    /// Shape (n, r).
    pub right: Matrix<S>,
}

impl<S: Scalar> Factors<S> {
    /// `left right^T`.
    ///
    /// # Panics
    ///
    /// If the numbers of columns differ.
    pub fn new(left: Matrix<S>, right: Matrix<S>) -> Self {
        assert_eq!(left.cols(), right.cols(), "factors of unequal width");
        Factors { left, right }
    }

    /// Number of columns of the factors: no less than the rank.
    pub fn width(&self) -> usize {
        self.left.cols()
    }

    /// The product, (m, n).
    pub fn to_matrix(&self) -> Matrix<S> {
        Matrix::product(self.left.view(), self.right.t())
    }

    /// The transpose, `right left^T`.
    pub fn transposed(self) -> Self {
        Factors { left: self.right, right: self.left }
    }

    /// Adds `left right^T x` to `out`, where x is (n, k) and `out` (m, k) column-major.
    pub fn apply(&self, x: View<'_, S>, out: &mut [S]) {
        apply(&self.left, &self.right, x, out);
    }

    /// Adds `right left^T x` to `out`, where x is (m, k) and `out` (n, k) column-major.
    pub fn apply_transposed(&self, x: View<'_, S>, out: &mut [S]) {
        apply(&self.right, &self.left, x, out);
    }

    /// Appends `scale * other`; the widths add up.
    pub fn append(&mut self, scale: S, other: &Self) {
        let mut left = other.left.clone();
        left.scale(scale);
        self.left = Matrix::beside(left.rows(), [&self.left, &left]);
        self.right = Matrix::beside(other.right.rows(), [&self.right, &other.right]);
    }
}

fn apply<S: Scalar>(left: &Matrix<S>, right: &Matrix<S>, x: View<'_, S>, out: &mut [S]) {
    let inner = Matrix::product(right.t(), x);
    S::gemm(out, true, left.view(), inner.view());
}

impl<S: RankRevealing> Factors<S> {
    /// The same matrix with factors no wider than needed: exactly the rank in a field; in floating
    /// point the number of singular values above rounding error, eps times the product of the
    /// norms of the factors. What is dropped is smaller than the error of forming the product.
    pub fn compressed(&self) -> Self {
        S::compress(self, 0.0)
    }

    /// The product of the norms of the factors: what its rounding errors are proportional to.
    pub fn scale(&self) -> f64 {
        self.left.norm() * self.right.norm()
    }
}
