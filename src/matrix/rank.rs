//! The rank of a matrix with its evidence; inconclusive is an answer.

use std::fmt;

use super::elimination::{column_echelon, rank as eliminate};
use super::qr::ThinQr;
use super::singular::{SingularValues, dot};
use super::{Factors, Matrix};
use crate::bounds::Bounds;
use crate::scalar::{DoubleDouble, Fp, Real, Scalar};

/// By what factor a singular value must exceed the noise floor to count as signal. Between the
/// floor and this multiple of it nothing is claimed.
pub const CLEAR_GAP: f64 = 10.0;

/// A rank, as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Rank {
    /// What it is at least and at most.
    pub bounds: Bounds,
    /// Where the two come from.
    pub evidence: Evidence,
}

/// How a rank was found.
#[derive(Clone, Debug, PartialEq)]
pub enum Evidence {
    /// Elimination without rounding: both ends are the same.
    Exact,
    /// Singular values against a noise floor: those above [`CLEAR_GAP`] times the floor are
    /// signal, those below the floor are noise, those between leave the rank open.
    Spectrum {
        /// Descending.
        values: Vec<f64>,
        /// What rounding can have contributed to a singular value.
        floor: f64,
    },
}

impl Rank {
    /// A rank that is a fact.
    pub fn exact(rank: usize) -> Self {
        Rank { bounds: Bounds::exactly(rank), evidence: Evidence::Exact }
    }

    /// The rank that singular values show above a noise floor; any rank above one that is not
    /// finite.
    pub fn of_spectrum(values: Vec<f64>, floor: f64) -> Self {
        let above = |limit: f64| values.iter().filter(|&&value| value > limit).count();
        let (lower, upper) = if floor.is_finite() {
            (above(CLEAR_GAP * floor), above(floor))
        } else {
            (0, values.len())
        };
        Rank { bounds: Bounds { lower, upper }, evidence: Evidence::Spectrum { values, floor } }
    }

    /// The singular values and the noise floor, if the rank comes from them.
    pub fn spectrum(&self) -> Option<(&[f64], f64)> {
        match &self.evidence {
            Evidence::Exact => None,
            Evidence::Spectrum { values, floor } => Some((values, *floor)),
        }
    }

    /// The rank, or `None` when it is inconclusive.
    pub fn known(&self) -> Option<usize> {
        self.bounds.known()
    }
}

/// A number, or both ends.
impl fmt::Display for Rank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bounds.fmt(f)
    }
}

/// A scalar over which matrices have a rank, exactly or above a noise floor.
///
/// Wherever a `noise` is asked for, it is the largest singular value that the rounding errors
/// already in the matrix can have: zero for a matrix that is given. The error of the rank
/// computation itself, eps max(m, n) sigma_1, is added to it here. Fields ignore it.
pub trait RankRevealing: Scalar {
    /// Name of the arithmetic in tables, files and replay commands.
    const NAME: &'static str;

    /// The distance from 1 to the next number; zero in a field.
    const ROUNDING: f64;

    /// The rank of a matrix.
    fn rank(matrix: &Matrix<Self>, noise: f64) -> Rank;

    /// `matrix = basis coordinates` with no more than min(m, n) columns in the basis: exactly the
    /// rank in a field, a thin QR in floating point.
    fn factor(matrix: &Matrix<Self>) -> (Matrix<Self>, Matrix<Self>);

    /// A basis of the column space, orthonormal in floating point; `None` if its dimension is
    /// inconclusive.
    fn column_basis(matrix: &Matrix<Self>, noise: f64) -> Option<Matrix<Self>>;

    /// A basis of as many dimensions of the column space as are clear of the noise, the strongest
    /// ones: `rank(matrix, noise).bounds.lower` columns, orthonormal in floating point.
    fn clear_basis(matrix: &Matrix<Self>, noise: f64) -> Matrix<Self>;

    /// The same matrix, where this arithmetic is the prime field: for what is true of ranks but
    /// not of singular values.
    fn in_field(matrix: &Matrix<Self>) -> Option<&Matrix<Fp>>;

    /// The coordinates of the columns of `matrix` in a basis from
    /// [`column_basis`](RankRevealing::column_basis); of what lies inside its span, in floating
    /// point.
    fn coordinates(basis: &Matrix<Self>, matrix: &Matrix<Self>) -> Matrix<Self>;

    /// What of `matrix` lies outside the span of a basis from
    /// [`column_basis`](RankRevealing::column_basis): zero if its columns lie inside; the rank is
    /// the number of dimensions that the columns add.
    fn outside(basis: &Matrix<Self>, matrix: &Matrix<Self>) -> Matrix<Self>;

    /// A^{-1/4} of a symmetric positive definite matrix; `None` in a field. Not finite where
    /// rounding leaves nothing of the smallest eigenvalue, or less than nothing.
    fn inverse_fourth_root(matrix: &Matrix<Self>) -> Option<Matrix<Self>>;

    /// The same matrix with factors no wider than needed: exactly the rank in a field; in floating
    /// point the number of singular values above the noise, or above the error of forming the
    /// product if that is larger.
    fn compress(factors: &Factors<Self>, noise: f64) -> Factors<Self>;
}

impl RankRevealing for Fp {
    const NAME: &'static str = "exact";
    const ROUNDING: f64 = 0.0;

    fn rank(matrix: &Matrix<Fp>, _noise: f64) -> Rank {
        Rank::exact(eliminate(matrix))
    }

    fn factor(matrix: &Matrix<Fp>) -> (Matrix<Fp>, Matrix<Fp>) {
        let echelon = column_echelon(matrix);
        let coordinates = echelon.coordinates(matrix);
        (echelon.columns, coordinates)
    }

    fn column_basis(matrix: &Matrix<Fp>, _noise: f64) -> Option<Matrix<Fp>> {
        Some(column_echelon(matrix).columns)
    }

    fn clear_basis(matrix: &Matrix<Fp>, _noise: f64) -> Matrix<Fp> {
        column_echelon(matrix).columns
    }

    fn in_field(matrix: &Matrix<Fp>) -> Option<&Matrix<Fp>> {
        Some(matrix)
    }

    fn coordinates(basis: &Matrix<Fp>, matrix: &Matrix<Fp>) -> Matrix<Fp> {
        // The basis is reduced already, so this only finds its pivots again.
        column_echelon(basis).coordinates(matrix)
    }

    fn outside(basis: &Matrix<Fp>, matrix: &Matrix<Fp>) -> Matrix<Fp> {
        matrix.minus(&basis.times(&Self::coordinates(basis, matrix)))
    }

    fn inverse_fourth_root(_matrix: &Matrix<Fp>) -> Option<Matrix<Fp>> {
        None
    }

    fn compress(factors: &Factors<Fp>, _noise: f64) -> Factors<Fp> {
        let (basis, coordinates) = Self::factor(&factors.left);
        let right = Matrix::product(factors.right.view(), coordinates.t());
        // left = basis, right (n, d); the rank may still be lower on the other side.
        let (right_basis, coordinates) = Self::factor(&right);
        Factors::new(Matrix::product(basis.view(), coordinates.t()), right_basis)
    }
}

macro_rules! rank_by_singular_values {
    ($float:ty, $name:literal) => {
        impl RankRevealing for $float {
            const NAME: &'static str = $name;
            const ROUNDING: f64 = <$float as Real>::EPSILON;

            fn rank(matrix: &Matrix<Self>, noise: f64) -> Rank {
                let values = <$float>::singular_values(matrix);
                let floor = floor(Self::ROUNDING, matrix, &values, noise);
                Rank::of_spectrum(values, floor)
            }

            fn factor(matrix: &Matrix<Self>) -> (Matrix<Self>, Matrix<Self>) {
                if matrix.cols() >= matrix.rows() {
                    return (Matrix::scaled_identity(matrix.rows(), Self::ONE), matrix.clone());
                }
                <$float>::thin_qr(matrix)
            }

            fn column_basis(matrix: &Matrix<Self>, noise: f64) -> Option<Matrix<Self>> {
                let (values, left) = <$float>::left_singular(matrix);
                let floor = floor(Self::ROUNDING, matrix, &values, noise);
                let rank = Rank::of_spectrum(values, floor).known()?;
                Some(left.truncated(rank))
            }

            fn clear_basis(matrix: &Matrix<Self>, noise: f64) -> Matrix<Self> {
                let (values, left) = <$float>::left_singular(matrix);
                let floor = floor(Self::ROUNDING, matrix, &values, noise);
                let rank = Rank::of_spectrum(values, floor).bounds.lower;
                left.truncated(rank)
            }

            fn in_field(_matrix: &Matrix<Self>) -> Option<&Matrix<Fp>> {
                None
            }

            fn coordinates(basis: &Matrix<Self>, matrix: &Matrix<Self>) -> Matrix<Self> {
                Matrix::product(basis.t(), matrix.view())
            }

            fn outside(basis: &Matrix<Self>, matrix: &Matrix<Self>) -> Matrix<Self> {
                matrix.minus(&basis.times(&Self::coordinates(basis, matrix)))
            }

            fn inverse_fourth_root(matrix: &Matrix<Self>) -> Option<Matrix<Self>> {
                // Of such a matrix singular vectors are eigenvectors. Their Rayleigh quotients are
                // eigenvalues in full precision, which the singular values, being f64, are not:
                // of two close ones the vectors are mixed, so their roots must be close, too.
                let vectors = <$float>::singular(matrix).right;
                let images = matrix.times(&vectors);
                let roots = (0..vectors.cols()).map(|j| {
                    let value = dot(vectors.column(j), images.column(j));
                    <$float as Scalar>::ONE / Real::sqrt(Real::sqrt(value))
                });
                let roots: Vec<Self> = roots.collect();
                let scaled =
                    Matrix::from_fn(vectors.rows(), roots.len(), |i, j| vectors[(i, j)] * roots[j]);
                Some(Matrix::product(scaled.view(), vectors.t()))
            }

            fn compress(factors: &Factors<Self>, noise: f64) -> Factors<Self> {
                let (left, left_core) = Self::factor(&factors.left);
                let (right, right_core) = Self::factor(&factors.right);
                let core = Matrix::product(left_core.view(), right_core.t());
                let singular = <$float>::singular(&core);
                let floor = noise.max(Self::ROUNDING * factors.scale());
                let kept = singular.values.iter().filter(|&&value| value > floor).count();
                let vectors = singular.right.columns(0..kept);
                let scaled = Matrix::product(core.view(), vectors);
                Factors::new(left.times(&scaled), Matrix::product(right.view(), vectors))
            }
        }
    };
}

rank_by_singular_values!(f64, "f64");
rank_by_singular_values!(f32, "f32");
rank_by_singular_values!(DoubleDouble, "dd");

/// The noise floor: what was there before, or the error of computing singular values.
fn floor<S: Scalar>(rounding: f64, matrix: &Matrix<S>, values: &[f64], noise: f64) -> f64 {
    let size = matrix.rows().max(matrix.cols()) as f64;
    let own = rounding * size * values.first().copied().unwrap_or(0.0);
    // `max` would drop what is not a number.
    if noise.is_nan() || own.is_nan() { f64::NAN } else { noise.max(own) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Stream;

    #[test]
    fn spectrum_between_floor_and_gap_is_inconclusive() {
        let rank = Rank::of_spectrum(vec![1.0, 1e-3, 1e-9], 1e-6);
        assert_eq!((rank.bounds, rank.known()), (Bounds::exactly(2), Some(2)));
        let rank = Rank::of_spectrum(vec![1.0, 5e-6, 1e-9], 1e-6);
        assert_eq!((rank.bounds, rank.known()), (Bounds { lower: 1, upper: 2 }, None));
        assert_eq!(rank.to_string(), "1..2");
    }

    #[test]
    fn without_a_finite_floor_nothing_is_known() {
        let matrix = Matrix::scaled_identity(3, 1.0);
        for noise in [f64::NAN, f64::INFINITY] {
            let rank = f64::rank(&matrix, noise);
            assert_eq!(rank.bounds, Bounds { lower: 0, upper: 3 });
        }
        let overflown = f64::rank(&Matrix::scaled_identity(3, f64::INFINITY), 0.0);
        assert_eq!(overflown.known(), None);
        let infinite = DoubleDouble::from_f64(f64::INFINITY);
        let overflown = DoubleDouble::rank(&Matrix::scaled_identity(3, infinite), 0.0);
        assert_eq!(overflown.known(), None);
    }

    /// The laws of the trait, for each arithmetic.
    fn laws<S: RankRevealing>() {
        let mut stream = Stream::new("rank laws", 0, 0);
        for (rows, cols, rank) in [(6, 9, 3), (9, 6, 3), (8, 8, 8), (5, 5, 0), (20, 4, 2)] {
            let left = Matrix::<S>::random(rows, rank, &mut stream);
            let right = Matrix::<S>::random(cols, rank, &mut stream);
            let factors = Factors::new(left, right);
            let matrix = factors.to_matrix();
            let tolerance = 1e3 * S::ROUNDING * (1.0 + matrix.norm());
            let zero = |difference: &Matrix<S>| {
                if S::ROUNDING == 0.0 {
                    assert!(difference.data().iter().all(|&entry| entry == S::ZERO));
                }
                assert!(difference.norm() <= tolerance, "{} {}", S::NAME, difference.norm());
            };
            assert_eq!(S::rank(&matrix, 0.0).known(), Some(rank));
            let (basis, coordinates) = S::factor(&matrix);
            assert!(basis.cols() <= rows.min(cols));
            zero(&basis.times(&coordinates).minus(&matrix));
            let basis = S::column_basis(&matrix, 0.0).expect("a clear gap");
            assert_eq!(basis.cols(), rank, "{}", S::NAME);
            zero(&S::outside(&basis, &matrix));
            let other = Matrix::random(rows, 1, &mut stream);
            assert_eq!(
                S::rank(&S::outside(&basis, &other), tolerance).bounds.lower,
                usize::from(rank < rows)
            );
            let mut doubled = factors.clone();
            doubled.append(S::from_integer(2), &factors);
            let compressed = doubled.compressed();
            assert_eq!(compressed.width(), rank, "{}", S::NAME);
            let mut triple = matrix.clone();
            triple.scale(S::from_integer(3));
            zero(&compressed.to_matrix().minus(&triple));
        }
    }

    /// The fourth power of the root is the inverse, to the precision of the arithmetic.
    fn inverse_fourth_root_is_one<S: RankRevealing>() {
        let mut stream = Stream::new("inverse fourth root", 0, 0);
        let factor = Matrix::<S>::random(7, 3, &mut stream);
        // 3 eigenvalues in general position and 4 equal ones.
        let mut matrix = Matrix::product(factor.view(), factor.t());
        matrix.add_scaled(S::ratio(1, 10), &Matrix::scaled_identity(7, S::ONE));
        let root = S::inverse_fourth_root(&matrix).expect("real numbers");
        let square = root.times(&root);
        let product = square.times(&square).times(&matrix);
        let error = product.minus(&Matrix::scaled_identity(7, S::ONE)).norm();
        assert!(error < 1e4 * S::ROUNDING, "{}: {error}", S::NAME);
    }

    #[test]
    fn inverse_fourth_roots_have_full_precision() {
        inverse_fourth_root_is_one::<f64>();
        inverse_fourth_root_is_one::<f32>();
        inverse_fourth_root_is_one::<DoubleDouble>();
    }

    /// As where the smallest eigenvalue is lost beside a large one.
    #[test]
    fn an_inverse_fourth_root_of_a_singular_matrix_is_not_finite() {
        fn is_finite<S: RankRevealing>() -> bool {
            let singular = Matrix::from_rows(&[[S::ONE, S::ZERO], [S::ZERO, S::ZERO]]);
            S::inverse_fourth_root(&singular).expect("real numbers").is_finite()
        }
        assert_eq!([is_finite::<f64>(), is_finite::<DoubleDouble>()], [false; 2]);
    }

    #[test]
    fn laws_hold_in_every_arithmetic() {
        laws::<Fp>();
        laws::<f64>();
        laws::<f32>();
        laws::<DoubleDouble>();
    }
}
