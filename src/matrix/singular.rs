//! Singular values and vectors: faer's for f64 and f32, one-sided Jacobi for double-double.

use std::borrow::Cow;

use rankproof_dense::Dense;

use super::Matrix;
use super::jacobi::{jacobi, jacobi_values};
use super::qr::{ThinQr, tall_rows, triangle};
use crate::scalar::{DoubleDouble, Real, Scalar, to_faer};

/// The thin decomposition `left diag(values) right^T` of an (m, n) matrix, r = min(m, n).
#[derive(Clone, Debug)]
pub struct Singular<S> {
    /// Orthonormal columns, (m, r). Columns of a zero singular value may be zero.
    pub left: Matrix<S>,
    /// Descending.
    pub values: Vec<f64>,
    /// Orthonormal columns, (n, r).
    pub right: Matrix<S>,
}

/// How many of the first numbers, none of them negative, it takes for a share of the sum of all:
/// squared singular values for a share of the squared norm. At least one.
pub fn count_for_share(numbers: &[f64], share: f64) -> usize {
    let enough = share * numbers.iter().sum::<f64>();
    let partial = numbers.iter().scan(0.0, |sum, number| {
        *sum += number;
        Some(*sum)
    });
    1 + partial.take_while(|&sum| sum < enough).count()
}

/// Singular values over the first, which is the largest.
pub fn over_largest(mut values: Vec<f64>) -> Vec<f64> {
    let largest = values.first().copied().unwrap_or(1.0);
    values.iter_mut().for_each(|value| *value /= largest);
    values
}

/// A real type whose matrices have singular values.
pub trait SingularValues: Real {
    /// The singular values alone, descending.
    fn singular_values(matrix: &Matrix<Self>) -> Vec<f64> {
        let (matrix, unit) = near_one(matrix);
        times(Self::values_near_one(&matrix), unit)
    }

    /// Values and vectors.
    fn singular(matrix: &Matrix<Self>) -> Singular<Self> {
        let (matrix, unit) = near_one(matrix);
        let Singular { left, values, right } = Self::singular_near_one(&matrix);
        Singular { left, values: times(values, unit), right }
    }

    /// Values and left vectors, (m, r).
    fn left_singular(matrix: &Matrix<Self>) -> (Vec<f64>, Matrix<Self>) {
        let (matrix, unit) = near_one(matrix);
        let (values, left) = Self::left_near_one(&matrix);
        (times(values, unit), left)
    }

    /// [`singular_values`](SingularValues::singular_values) of a matrix whose squares do not overflow.
    fn values_near_one(matrix: &Matrix<Self>) -> Vec<f64>;

    /// [`singular`](SingularValues::singular) of such a matrix.
    fn singular_near_one(matrix: &Matrix<Self>) -> Singular<Self>;

    /// [`left_singular`](SingularValues::left_singular) of such a matrix.
    fn left_near_one(matrix: &Matrix<Self>) -> (Vec<f64>, Matrix<Self>) {
        let Singular { left, values, .. } = Self::singular_near_one(matrix);
        (values, left)
    }
}

/// The largest exponent of two, of either sign, that entries may have: sums of their squares, and the
/// last digits of these, are far from the ends of what any type can hold.
const NEAR_ONE: i32 = 20;

/// The matrix with entries near one, and the power of two that it is to be multiplied by; itself and 1
/// if its entries are near one already, all zero, or not finite.
fn near_one<S: Real>(matrix: &Matrix<S>) -> (Cow<'_, Matrix<S>>, f64) {
    let sizes = matrix.data().iter().map(|entry| entry.to_f64().abs());
    let largest = sizes.fold(0.0, f64::max);
    // The factors of both ways must be numbers.
    let exponent = (largest.log2() as i32).clamp(-1000, 1000);
    if largest == 0.0 || !largest.is_finite() || exponent.abs() <= NEAR_ONE {
        return (Cow::Borrowed(matrix), 1.0);
    }
    let unit = 2f64.powi(exponent);
    // In two steps, as the factor may be none of a narrow type.
    let half = 2f64.powi(-exponent / 2);
    let mut scaled = matrix.clone();
    scaled.scale(S::from_f64(half));
    scaled.scale(S::from_f64(1.0 / unit / half));
    (Cow::Owned(scaled), unit)
}

fn times(mut values: Vec<f64>, unit: f64) -> Vec<f64> {
    values.iter_mut().for_each(|value| *value *= unit);
    values
}

/// A square matrix with the same singular values, if a matrix is very tall or wide.
fn squared<S: ThinQr>(matrix: &Matrix<S>) -> Option<Matrix<S>> {
    let (rows, cols) = (matrix.rows(), matrix.cols());
    if rows >= tall_rows(cols) {
        return Some(triangle(matrix.view()));
    }
    (cols >= tall_rows(rows)).then(|| triangle(matrix.t()))
}

/// By Jacobi rotations in double-double, which always converge, as what faer uses once in a great while
/// does not.
fn by_jacobi<S: Real>(matrix: &Matrix<S>) -> Singular<S> {
    fn convert<A: Real, B: Real>(matrix: &Matrix<A>) -> Matrix<B> {
        let entry = |i, j| B::from_f64(matrix[(i, j)].to_f64());
        Matrix::from_fn(matrix.rows(), matrix.cols(), entry)
    }
    let Singular { left, values, right } = jacobi(&convert(matrix));
    Singular { left: convert(&left), values, right: convert(&right) }
}

macro_rules! singular_by_faer {
    ($float:ty) => {
        impl SingularValues for $float {
            fn values_near_one(matrix: &Matrix<Self>) -> Vec<f64> {
                if let Some(square) = squared(matrix) {
                    return Self::values_near_one(&square);
                }
                match <$float>::svd_values(to_faer(matrix.view())) {
                    Some(values) => values.into_iter().map(f64::from).collect(),
                    None => by_jacobi(matrix).values,
                }
            }

            fn singular_near_one(matrix: &Matrix<Self>) -> Singular<Self> {
                let found = <$float>::svd(to_faer(matrix.view()));
                let Some((left, values, right)) = found else {
                    return by_jacobi(matrix);
                };
                Singular {
                    left: Matrix::from_faer(left.as_ref()),
                    values: values.into_iter().map(f64::from).collect(),
                    right: Matrix::from_faer(right.as_ref()),
                }
            }

            fn left_near_one(matrix: &Matrix<Self>) -> (Vec<f64>, Matrix<Self>) {
                // Of a wide matrix, the right vectors of the triangle.
                if matrix.cols() >= tall_rows(matrix.rows()) {
                    let triangle = triangle(matrix.t());
                    let Singular { values, right, .. } = Self::singular_near_one(&triangle);
                    (values, right)
                } else {
                    let Singular { left, values, .. } = Self::singular_near_one(matrix);
                    (values, left)
                }
            }
        }
    };
}

singular_by_faer!(f64);
singular_by_faer!(f32);

impl SingularValues for DoubleDouble {
    fn values_near_one(matrix: &Matrix<Self>) -> Vec<f64> {
        jacobi_values(matrix)
    }

    fn singular_near_one(matrix: &Matrix<Self>) -> Singular<Self> {
        jacobi(matrix)
    }
}

#[inline(always)]
pub(super) fn dot<S: Scalar>(a: &[S], b: &[S]) -> S {
    a.iter().zip(b).fold(S::ZERO, |sum, (&a, &b)| sum + a * b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Stream;

    fn check<S: SingularValues>(
        rows: usize,
        cols: usize,
        decompose: fn(&Matrix<S>) -> Singular<S>,
    ) {
        let matrix = Matrix::<S>::random(rows, cols, &mut Stream::new("singular", 1, rows as u64));
        let Singular { left, values, right } = decompose(&matrix);
        let scaled =
            Matrix::from_fn(rows, values.len(), |i, j| left[(i, j)] * S::from_f64(values[j]));
        let rebuilt = Matrix::product(scaled.view(), right.t());
        // The values are f64, so double-double is rebuilt to f64 precision only.
        let tolerance = 100.0 * S::EPSILON.max(f64::EPSILON) * matrix.norm();
        assert!(rebuilt.minus(&matrix).norm() < tolerance);
        for basis in [left, right] {
            let gram = Matrix::product(basis.t(), basis.view());
            let identity = Matrix::scaled_identity(values.len(), S::ONE);
            assert!(gram.minus(&identity).norm() < 300.0 * S::EPSILON * values.len() as f64);
        }
        assert!(values.is_sorted_by(|a, b| a >= b));
    }

    #[test]
    fn decompositions_rebuild_their_matrix() {
        for (rows, cols) in [(1, 1), (5, 3), (3, 5), (17, 17), (40, 33)] {
            check::<f64>(rows, cols, f64::singular);
            check::<f64>(rows, cols, by_jacobi);
            check::<f32>(rows, cols, f32::singular);
            check::<DoubleDouble>(rows, cols, DoubleDouble::singular);
        }
    }

    /// Against the decomposition at once, which `singular` is.
    #[test]
    fn tall_and_wide_matrices_are_cut_into_blocks() {
        let mut stream = Stream::new("tall", 0, 0);
        let tall = Matrix::<f64>::random(5000, 6, &mut stream);
        let wide = tall.transposed();
        let expected = f64::singular(&tall).values;
        let (values, left) = f64::left_singular(&wide);
        for found in [f64::singular_values(&tall), f64::singular_values(&wide), values] {
            assert_eq!(found.len(), 6);
            let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12 * expected[0];
            assert!(found.iter().zip(&expected).all(near), "{found:?} {expected:?}");
        }
        let rest = wide.minus(&left.times(&Matrix::product(left.t(), wide.view())));
        assert!((left.cols(), rest.norm() < 1e-12 * expected[0]) == (6, true));
    }

    /// 8, 12 and 14 of 16, of which a share that is met exactly is enough.
    #[test]
    fn a_share_takes_as_many_as_it_needs() {
        let numbers = [8.0, 4.0, 2.0, 2.0];
        for (share, count) in [(0.0, 1), (0.5, 1), (0.51, 2), (0.75, 2), (0.8, 3), (0.9, 4)] {
            assert_eq!(count_for_share(&numbers, share), count, "{share}");
        }
        assert_eq!(over_largest(vec![4.0, 3.0, 0.0]), [1.0, 0.75, 0.0]);
        assert!(over_largest(Vec::new()).is_empty());
    }

    /// Squares of entries overflow, or their last digits vanish, long before the entries do.
    fn values_scale<S: SingularValues>(powers: [i32; 2]) {
        let mut stream = Stream::new("scale", 0, 0);
        let left = Matrix::<S>::random(7, 2, &mut stream);
        let matrix = left.times(&Matrix::random(2, 5, &mut stream));
        let [plain, both] = [S::singular_values, |matrix: &Matrix<S>| S::singular(matrix).values]
            .map(|f| f(&matrix));
        for power in powers {
            let mut scaled = matrix.clone();
            scaled.scale(S::from_f64(2f64.powi(power)));
            let values = [S::singular_values(&scaled), S::singular(&scaled).values];
            for (expected, found) in [&plain, &both].into_iter().zip(values) {
                let floor = 20.0 * S::EPSILON * expected[0];
                for (expected, found) in expected.iter().zip(found) {
                    let found = found * 0.5f64.powi(power);
                    assert!(
                        (found - expected).abs() < floor.max(1e-15 * expected),
                        "2^{power}: {found:e} {expected:e}"
                    );
                }
            }
        }
    }

    #[test]
    fn values_scale_with_their_matrix() {
        values_scale::<f64>([-700, 700]);
        values_scale::<f32>([-80, 80]);
        values_scale::<DoubleDouble>([-480, 500]);
    }

    #[test]
    fn double_double_sees_a_rank_that_f64_cannot() {
        let mut stream = Stream::new("rank three", 0, 0);
        let left = Matrix::<DoubleDouble>::random(50, 3, &mut stream);
        let matrix = left.times(&Matrix::random(3, 50, &mut stream));
        let values = DoubleDouble::singular_values(&matrix);
        assert!(values[2] > 0.1 && values[3] < 1e-29, "{:?}", &values[..4]);
    }
}
