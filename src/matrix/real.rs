//! Solutions and eigenvectors of small f64 matrices.

use rankproof_dense as dense;

use super::Matrix;
use crate::scalar::to_faer;

/// A symmetric positive definite matrix as L L^T, to solve many equations with.
pub struct Cholesky(dense::Cholesky);

impl Cholesky {
    /// L.
    pub fn lower(&self) -> Matrix<f64> {
        let factor = self.0.lower();
        let lower = |i, j| if i < j { 0.0 } else { factor[(i, j)] };
        Matrix::from_fn(factor.nrows(), factor.ncols(), lower)
    }

    /// The solution x of `matrix x = right`.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit.
    pub fn solve(&self, right: &Matrix<f64>) -> Matrix<f64> {
        Matrix::from_faer(self.0.solve(to_faer(right.view())).as_ref())
    }
}

impl Matrix<f64> {
    /// The decomposition of a symmetric matrix of which the lower half is read; `None` if it is not
    /// positive definite, to rounding.
    ///
    /// # Panics
    ///
    /// If the matrix is not square.
    pub fn cholesky(&self) -> Option<Cholesky> {
        dense::Cholesky::new(to_faer(self.view())).map(Cholesky)
    }

    /// The solution x of `self x = right`, with a matrix of the same kind.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit.
    pub fn solve_positive(&self, right: &Matrix<f64>) -> Option<Matrix<f64>> {
        Some(self.cholesky()?.solve(right))
    }

    /// Eigenvalues, descending, and orthonormal eigenvectors of a symmetric matrix of which the lower
    /// half is read. `None` if the iteration does not converge.
    ///
    /// # Panics
    ///
    /// If the matrix is not square.
    pub fn symmetric_eigen(&self) -> Option<(Vec<f64>, Matrix<f64>)> {
        let (mut values, vectors) = dense::symmetric_eigen(to_faer(self.view()))?;
        values.reverse();
        let size = self.rows();
        Some((values, Matrix::from_fn(size, size, |i, j| vectors[(i, size - 1 - j)])))
    }

    /// The eigenvalues alone, descending.
    ///
    /// # Panics
    ///
    /// If the matrix is not square.
    pub fn symmetric_eigenvalues(&self) -> Option<Vec<f64>> {
        let mut values = dense::symmetric_eigenvalues(to_faer(self.view()))?;
        values.reverse();
        Some(values)
    }

    /// The eigenvectors of a square matrix, (n, n): for a pair of complex ones their real and
    /// imaginary parts. `None` if the iteration does not converge.
    ///
    /// # Panics
    ///
    /// If the matrix is not square.
    pub fn eigenvectors(&self) -> Option<Matrix<f64>> {
        let vectors = dense::eigenvectors(to_faer(self.view()))?;
        Some(Matrix::from_faer(vectors.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Stream;

    #[test]
    fn positive_matrices_are_solved_and_others_refused() {
        for size in [1, 3, 16, 33] {
            let mut stream = Stream::new("positive", 0, size as u64);
            let root = Matrix::<f64>::random(size, size + 2, &mut stream);
            let matrix = Matrix::product(root.view(), root.t());
            let expected = Matrix::<f64>::random(size, 2, &mut stream);
            let found = matrix.solve_positive(&matrix.times(&expected)).expect("positive");
            assert!(found.minus(&expected).norm() < 1e-6, "{size}");
        }
        let indefinite = Matrix::from_rows(&[[1.0, 2.0], [2.0, 1.0]]);
        assert!(indefinite.solve_positive(&Matrix::zeros(2, 1)).is_none());
    }

    #[test]
    fn symmetric_matrices_are_rebuilt_from_their_eigenvectors() {
        for size in [1, 2, 16, 33] {
            let root =
                Matrix::normal(size, size, 1.0, &mut Stream::new("symmetric", 0, size as u64));
            let matrix = Matrix::product(root.view(), root.t());
            let (values, vectors) = matrix.symmetric_eigen().expect("it converges");
            assert!(values.is_sorted_by(|a, b| a >= b));
            let scaled = Matrix::from_fn(size, size, |i, j| vectors[(i, j)] * values[j]);
            let rebuilt = Matrix::product(scaled.view(), vectors.t());
            assert!(rebuilt.minus(&matrix).norm() < 1e-12 * matrix.norm(), "{size}");
            let alone = matrix.symmetric_eigenvalues().expect("it converges");
            let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12 * values[0];
            assert!(alone.iter().zip(&values).all(near), "{size}");
        }
    }

    #[test]
    fn eigenvectors_span_what_they_should() {
        let mut stream = Stream::new("eigenvectors", 0, 0);
        // One real eigenvalue, and a rotation by a right angle.
        let blocks = Matrix::from_rows(&[[2.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]);
        let basis = Matrix::<f64>::random(3, 3, &mut stream);
        let gram = Matrix::product(basis.t(), basis.view());
        let inverse = gram.solve_positive(&basis.transposed()).expect("a basis");
        let vectors = basis.times(&blocks).times(&inverse).eigenvectors().expect("it converges");
        let coordinates = inverse.times(&vectors);
        let real = (0..3).filter(|&j| coordinates[(0, j)].abs() > 1e-9).collect::<Vec<_>>();
        assert_eq!(real.len(), 1, "{coordinates:?}");
        let alone = coordinates.column(real[0]);
        assert!(alone[1].abs() < 1e-9 && alone[2].abs() < 1e-9, "{coordinates:?}");
        let rank = crate::matrix::RankRevealing::rank(&coordinates, 1e-9);
        assert_eq!(crate::matrix::Rank::known(&rank), Some(3));
    }
}
