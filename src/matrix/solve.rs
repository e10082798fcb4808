//! Inverses and kernels over the prime field.

use super::Matrix;
use super::elimination::column_echelon;
use crate::scalar::{Fp, Scalar};

impl Matrix<Fp> {
    /// The inverse of an (n, n) matrix; `None` if it is singular.
    ///
    /// # Panics
    ///
    /// If the matrix is not square.
    pub fn inverse(&self) -> Option<Matrix<Fp>> {
        let n = self.rows();
        assert_eq!(n, self.cols(), "the inverse of a matrix that is not square");
        // Reduced, A over I becomes I over A^{-1}.
        let echelon = column_echelon(&self.over_identity());
        let inverse = echelon.columns.below(n);
        echelon.pivots.iter().copied().eq(0..n).then_some(inverse)
    }

    /// A basis of the vectors that a (m, n) matrix maps to zero, (n, n - rank).
    pub fn kernel(&self) -> Matrix<Fp> {
        // The columns of A over I whose upper part has been eliminated hold the combinations that
        // did it.
        let echelon = column_echelon(&self.over_identity());
        let rank = echelon.pivots.partition_point(|&pivot| pivot < self.rows());
        let all = echelon.columns.below(self.rows());
        Matrix::from_fn(self.cols(), all.cols() - rank, |i, j| all[(i, rank + j)])
    }

    fn over_identity(&self) -> Matrix<Fp> {
        Matrix::from_fn(self.rows() + self.cols(), self.cols(), |i, j| {
            if i < self.rows() {
                self[(i, j)]
            } else {
                Fp::from_integer(i64::from(i - self.rows() == j))
            }
        })
    }

    /// The rows from `first` on.
    fn below(&self, first: usize) -> Matrix<Fp> {
        Matrix::from_fn(self.rows() - first, self.cols(), |i, j| self[(first + i, j)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::RankRevealing;
    use crate::scalar::Stream;

    #[test]
    fn inverses_undo_and_singular_matrices_have_none() {
        for size in [1, 2, 7, 17] {
            let mut stream = Stream::new("inverse", 0, size as u64);
            let matrix = Matrix::<Fp>::random(size, size, &mut stream);
            let inverse = matrix.inverse().expect("a random matrix is regular");
            assert_eq!(matrix.times(&inverse), Matrix::scaled_identity(size, Fp::ONE));
            let thin = Matrix::<Fp>::random(size, size - 1, &mut stream);
            assert_eq!(Matrix::product(thin.view(), thin.t()).inverse(), None);
        }
        // A zero in the place of the first pivot.
        let [zero, one] = [Fp::ZERO, Fp::ONE];
        let exchange = Matrix::from_rows(&[[zero, one], [one, zero]]);
        assert_eq!(exchange.inverse(), Some(exchange));
    }

    #[test]
    fn kernels_are_mapped_to_zero_and_have_the_right_dimension() {
        for (rows, cols, rank) in [(3, 5, 2), (5, 3, 3), (4, 4, 0), (6, 6, 5)] {
            let mut stream = Stream::new("kernel", rows as u64, cols as u64);
            let left = Matrix::<Fp>::random(rows, rank, &mut stream);
            let matrix = left.times(&Matrix::random(rank, cols, &mut stream));
            let kernel = matrix.kernel();
            assert_eq!(kernel.cols(), cols - rank);
            assert_eq!(Fp::rank(&kernel, 0.0).known(), Some(cols - rank));
            assert_eq!(matrix.times(&kernel), Matrix::zeros(rows, cols - rank));
        }
    }
}
