//! How well a decomposition is determined.
//!
//! 1. P. Breiding and N. Vannieuwenhoven, "The condition number of join decompositions", SIAM J.
//!    Matrix Anal. Appl. 39 (2018).

use super::model::{Factors, column_norms};
use super::objective::{normal_matrix, starts};
use crate::matrix::{Matrix, RankRevealing};
use crate::tensor::Decomposition;

impl Decomposition<f64> {
    /// By how much an error in the tensor is multiplied in its terms, at most and to first order
    /// (Breiding and Vannieuwenhoven): one over the smallest singular value of the tangent spaces of
    /// all terms side by side. At least one; infinite, or above 1e7, for a decomposition that is not
    /// determined.
    pub fn condition(&self) -> f64 {
        if self.terms() == 0 {
            return 1.0;
        }
        let factors = [&self.a, &self.b, &self.c].map(coordinates);
        let Some(factors) = unit(factors) else { return f64::INFINITY };
        let gram = gram_of_tangents(&factors);
        smallest_eigenvalue(&gram).map_or(f64::INFINITY, |value| 1.0 / value.sqrt())
    }

    /// The root of the sum of the squared norms of the terms, over the norm of a tensor: one for
    /// terms that are orthogonal, much more for terms that nearly cancel, as those do that
    /// approach a tensor of higher rank.
    pub fn cancellation(&self, norm: f64) -> f64 {
        let [a, b, c] = [&self.a, &self.b, &self.c].map(column_norms);
        let squares = (0..self.terms()).map(|r| (a[r] * b[r] * c[r]).powi(2));
        squares.sum::<f64>().sqrt() / norm
    }
}

/// A factor in an orthonormal basis of its columns: the condition number does not change.
fn coordinates(factor: &Matrix<f64>) -> Matrix<f64> {
    f64::factor(factor).1
}

/// Columns of norm one; `None` if one is zero.
fn unit(mut factors: Factors) -> Option<Factors> {
    for factor in &mut factors {
        for (r, norm) in column_norms(factor).into_iter().enumerate() {
            if norm.partial_cmp(&0.0) != Some(std::cmp::Ordering::Greater) {
                return None;
            }
            factor.column_mut(r).iter_mut().for_each(|x| *x /= norm);
        }
    }
    Some(factors)
}

/// The inner products of orthonormal bases of the tangent spaces of all terms: J^T J, in which each
/// vector moves in all directions, without the moves of the second and the third along themselves,
/// which the first one makes already.
fn gram_of_tangents(factors: &Factors) -> Matrix<f64> {
    let rank = factors[0].cols();
    let starts = starts(factors);
    let mut gram = normal_matrix(factors);
    for mode in [1, 2] {
        for r in 0..rank {
            let mirror = mirror(factors[mode].column(r));
            let places: Vec<_> = (0..mirror.len()).map(|i| starts[mode] + i * rank + r).collect();
            reflect_columns(&mut gram, &places, &mirror);
            gram = gram.transposed();
            reflect_columns(&mut gram, &places, &mirror);
        }
    }
    // Reflected, the vector itself is the first unit vector.
    let along = |&place: &usize| {
        place >= starts[2] + rank
            || (place >= starts[1] + rank && place < starts[2])
            || place < starts[1]
    };
    let kept: Vec<usize> = (0..starts[3]).filter(along).collect();
    Matrix::from_fn(kept.len(), kept.len(), |i, j| gram[(kept[i], kept[j])])
}

/// The vector v of the reflection I - v v^T that maps a vector of norm one to a multiple of the
/// first unit vector.
fn mirror(vector: &[f64]) -> Vec<f64> {
    let mut mirror = vector.to_vec();
    mirror[0] += if vector[0] < 0.0 { -1.0 } else { 1.0 };
    let square: f64 = mirror.iter().map(|x| x * x).sum();
    mirror.iter().map(|x| x * (2.0 / square).sqrt()).collect()
}

/// Multiplies by I - v v^T from the right, with v at some places.
fn reflect_columns(matrix: &mut Matrix<f64>, places: &[usize], v: &[f64]) {
    let mut sum = vec![0.0; matrix.rows()];
    for (&place, x) in places.iter().zip(v) {
        sum.iter_mut().zip(matrix.column(place)).for_each(|(out, y)| *out += x * y);
    }
    for (&place, x) in places.iter().zip(v) {
        matrix.column_mut(place).iter_mut().zip(&sum).for_each(|(out, y)| *out -= x * y);
    }
}

/// The smallest eigenvalue of a positive definite matrix by inverse iteration; `None` if it is not
/// positive definite, to rounding.
fn smallest_eigenvalue(matrix: &Matrix<f64>) -> Option<f64> {
    const ROUNDS: usize = 60;
    let n = matrix.rows();
    let cholesky = matrix.cholesky()?;
    // No direction of this can be missed by chance of a symmetry.
    let mut vector = Matrix::from_fn(n, 1, |i, _| 1.0 + (i as f64 * 0.7).sin());
    let mut size = 0.0;
    for _ in 0..ROUNDS {
        vector.scale(1.0 / vector.norm());
        vector = cholesky.solve(&vector);
        let before = std::mem::replace(&mut size, vector.norm());
        if (size - before).abs() <= 1e-6 * size {
            break;
        }
    }
    Some(1.0 / size)
}

#[cfg(test)]
mod tests {
    use super::super::model::random;
    use super::*;
    use crate::matrix::SingularValues;
    use crate::scalar::Stream;

    /// A basis of what is orthogonal to a vector.
    fn complement(vector: &[f64]) -> Matrix<f64> {
        let v = mirror(vector);
        Matrix::from_fn(v.len(), v.len() - 1, |i, j| {
            f64::from(u8::from(i == j + 1)) - v[i] * v[j + 1]
        })
    }

    #[test]
    fn orthogonal_terms_have_condition_one() {
        let unit = Matrix::scaled_identity(4, 1.0);
        let decomposition = Decomposition { a: unit.clone(), b: unit.clone(), c: unit };
        assert!((decomposition.condition() - 1.0).abs() < 1e-12);
        assert!((decomposition.cancellation(2.0) - 1.0).abs() < 1e-12);
    }

    /// Against the singular values of all tangent vectors, entry by entry.
    #[test]
    fn the_condition_is_that_of_the_tangent_spaces() {
        let mut stream = Stream::new("condition", 0, 0);
        for shape in [[3, 3, 3], [2, 4, 3], [6, 5, 4]] {
            let factors = random(shape, 3, &mut stream);
            let units = unit(factors.clone()).expect("no zero column");
            let mut columns = Vec::new();
            for r in 0..3 {
                let vectors: Vec<_> = units.iter().map(|f| f.column(r).to_vec()).collect();
                let mut push = |a: &[f64], b: &[f64], c: &[f64]| {
                    for x in a {
                        for y in b {
                            columns.extend(c.iter().map(|z| x * y * z));
                        }
                    }
                };
                let [a, b, c] = [0, 1, 2].map(|mode| complement(&vectors[mode]));
                push(&vectors[0], &vectors[1], &vectors[2]);
                (0..a.cols()).for_each(|j| push(a.column(j), &vectors[1], &vectors[2]));
                (0..b.cols()).for_each(|j| push(&vectors[0], b.column(j), &vectors[2]));
                (0..c.cols()).for_each(|j| push(&vectors[0], &vectors[1], c.column(j)));
            }
            let rows = shape.iter().product();
            let all = Matrix::from_columns(rows, columns.len() / rows, columns);
            let values = f64::singular_values(&all);
            let expected = 1.0 / values[all.cols() - 1];
            let found = Decomposition::from(factors).condition();
            assert!((found / expected - 1.0).abs() < 1e-3, "{shape:?}: {found} {expected}");
        }
    }

    /// One term is determined as well as can be, unless it is zero: then all that are zero make it.
    #[test]
    fn no_term_and_one_term_have_condition_one() {
        let mut stream = Stream::new("one term", 0, 0);
        let none = random([3, 4, 2], 0, &mut stream);
        assert_eq!(Decomposition::from(none).condition(), 1.0);
        let mut one = random([3, 4, 2], 1, &mut stream);
        let condition = Decomposition::from(one.clone()).condition();
        assert!((condition - 1.0).abs() < 1e-12, "{condition}");
        one[1] = Matrix::zeros(4, 1);
        assert_eq!(Decomposition::from(one).condition(), f64::INFINITY);
    }

    #[test]
    fn two_equal_terms_are_not_determined() {
        let mut stream = Stream::new("equal terms", 0, 0);
        let twice = random([3, 3, 3], 1, &mut stream).map(|f| Matrix::beside(3, [&f, &f]));
        assert!(Decomposition::from(twice).condition() > 1e7);
    }
}
