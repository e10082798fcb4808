//! Matrices of dual numbers and of power series over the field: they are trained as all others are,
//! and have no rank.
//!
//! A ring with nilpotent elements has no rank of matrices that would serve here, so every question
//! for one is answered as open, and nothing is made narrower than it is. Matrices of power series
//! have [orders](Matrix::orders) instead.

use super::{Factors, Matrix, Rank, RankRevealing};
use crate::scalar::{Dual, Fp, Scalar, Series};

macro_rules! without_rank {
    ([$($parameter:tt)*] $ring:ty, $name:literal) => {
        impl<$($parameter)*> RankRevealing for $ring {
            const NAME: &'static str = $name;
            const ROUNDING: f64 = 0.0;

            fn rank(matrix: &Matrix<Self>, _noise: f64) -> Rank {
                Rank::of_spectrum(vec![0.0; matrix.rows().min(matrix.cols())], f64::INFINITY)
            }

            fn factor(matrix: &Matrix<Self>) -> (Matrix<Self>, Matrix<Self>) {
                let unit = |size| Matrix::scaled_identity(size, Self::ONE);
                if matrix.cols() >= matrix.rows() {
                    (unit(matrix.rows()), matrix.clone())
                } else {
                    (matrix.clone(), unit(matrix.cols()))
                }
            }

            fn column_basis(_matrix: &Matrix<Self>, _noise: f64) -> Option<Matrix<Self>> {
                None
            }

            fn clear_basis(matrix: &Matrix<Self>, _noise: f64) -> Matrix<Self> {
                Matrix::zeros(matrix.rows(), 0)
            }

            fn in_field(_matrix: &Matrix<Self>) -> Option<&Matrix<Fp>> {
                None
            }

            /// No basis has a column, see [`column_basis`](RankRevealing::column_basis).
            fn coordinates(basis: &Matrix<Self>, matrix: &Matrix<Self>) -> Matrix<Self> {
                Matrix::zeros(basis.cols(), matrix.cols())
            }

            fn outside(_basis: &Matrix<Self>, matrix: &Matrix<Self>) -> Matrix<Self> {
                matrix.clone()
            }

            fn inverse_fourth_root(_matrix: &Matrix<Self>) -> Option<Matrix<Self>> {
                None
            }

            fn compress(factors: &Factors<Self>, _noise: f64) -> Factors<Self> {
                factors.clone()
            }
        }
    };
}

without_rank!([] Dual<Fp>, "dual");
without_rank!([const L: usize] Series<L>, "series");
