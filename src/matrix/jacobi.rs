//! Singular values and vectors in double-double by one-sided Jacobi rotations.

use pulp::{Arch, Simd, WithSimd};

use super::{Matrix, Singular};
use crate::scalar::{DoubleDouble, Planes, Real, Scalar};

/// Sweeps after which rotations stop; quadratic convergence needs about ten.
const SWEEPS: usize = 60;

/// One-sided Jacobi (Hestenes): columns are rotated in pairs until all are orthogonal.
pub(super) fn jacobi(matrix: &Matrix<DoubleDouble>) -> Singular<DoubleDouble> {
    if matrix.rows() < matrix.cols() {
        let Singular { left, values, right } = jacobi(&matrix.transposed());
        return Singular { left: right, values, right: left };
    }
    let mut columns = columns_of(matrix);
    let mut vectors = columns_of(&Matrix::scaled_identity(matrix.cols(), DoubleDouble::ONE));
    make_orthogonal(&mut columns, Some(&mut vectors));
    let norms = norms(&columns);
    let mut order: Vec<usize> = (0..columns.len()).collect();
    order.sort_by(|&a, &b| norms[b].to_f64().total_cmp(&norms[a].to_f64()));
    Singular {
        left: Matrix::from_fn(matrix.rows(), order.len(), |i, j| {
            let norm = norms[order[j]];
            norm.inverse().map_or(DoubleDouble::ZERO, |inverse| columns[order[j]].at(i) * inverse)
        }),
        values: order.iter().map(|&j| norms[j].to_f64()).collect(),
        right: Matrix::from_fn(matrix.cols(), order.len(), |i, j| vectors[order[j]].at(i)),
    }
}

/// The values of [`jacobi`] alone, of the transposed triangle of a QR factorization with pivoting: its
/// columns are nearly orthogonal, and no longer than they are many (Z. Drmač and K. Veselić, "New fast
/// and accurate Jacobi SVD algorithm I", SIAM J. Matrix Anal. Appl. 29, 2008). What the factorization
/// leaves stands for as many singular values.
pub(super) fn jacobi_values(matrix: &Matrix<DoubleDouble>) -> Vec<f64> {
    let is_wide = matrix.rows() < matrix.cols();
    let columns = if is_wide { columns_of(&matrix.transposed()) } else { columns_of(matrix) };
    let length = matrix.rows().max(matrix.cols());
    let Triangle { rows, rest } = Arch::new().dispatch(PivotedQr { columns, length });
    let mut rows: Vec<Planes> = rows.iter().map(|row| Planes::new(row)).collect();
    make_orthogonal(&mut rows, None);
    let norms = norms(&rows).into_iter().map(Real::to_f64);
    let mut values: Vec<f64> = norms.chain(rest).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

fn columns_of(matrix: &Matrix<DoubleDouble>) -> Vec<Planes> {
    (0..matrix.cols()).map(|j| Planes::new(matrix.column(j))).collect()
}

fn norms(columns: &[Planes]) -> Vec<DoubleDouble> {
    struct Norms<'a>(&'a [Planes]);
    impl WithSimd for Norms<'_> {
        type Output = Vec<DoubleDouble>;

        #[inline(always)]
        fn with_simd<V: Simd>(self, simd: V) -> Vec<DoubleDouble> {
            let mut norms = Vec::new();
            for column in self.0 {
                norms.push(column.dot(simd, column).sqrt());
            }
            norms
        }
    }
    Arch::new().dispatch(Norms(columns))
}

/// Householder reflections of columns, at least as long as they are many, each time along the largest
/// that is left.
struct PivotedQr {
    columns: Vec<Planes>,
    length: usize,
}

/// The rows of a triangle, but for an order of the columns.
struct Triangle {
    rows: Vec<Vec<DoubleDouble>>,
    /// Norms of what of the columns is left when that is rounding: no singular value is changed by more
    /// than all of them together.
    rest: Vec<f64>,
}

impl WithSimd for PivotedQr {
    type Output = Triangle;

    #[inline(always)]
    fn with_simd<V: Simd>(self, simd: V) -> Triangle {
        let PivotedQr { mut columns, length } = self;
        let mut rows: Vec<Vec<DoubleDouble>> = Vec::new();
        let mut negligible = 0.0;
        for k in 0..columns.len() {
            // Of the columns what is above row k has been moved to the rows.
            let (mut squares, mut largest, mut all) = (Vec::new(), 0, 0.0);
            for (j, column) in columns[k..].iter().enumerate() {
                squares.push(column.dot(simd, column));
                all += squares[j].to_f64();
                if squares[j] > squares[largest] {
                    largest = j;
                }
            }
            if k == 0 {
                negligible = negligible_square(length, squares[largest]);
            } else if all <= negligible {
                let rest = squares.iter().map(|square| square.sqrt().to_f64()).collect();
                return Triangle { rows, rest };
            }
            let square = squares[largest];
            columns.swap(k, k + largest);
            for row in &mut rows {
                row.swap(k, k + largest);
            }
            let (done, others) = columns.split_at_mut(k + 1);
            let column = &mut done[k];
            // The reflection along v = x +- |x| e, the sign without cancellation: |v|^2 / 2 is
            // |x| (|x| + |x_1|).
            let (norm, first) = (square.sqrt(), column.at(k));
            let diagonal = if first < DoubleDouble::ZERO { norm } else { -norm };
            let half_square = square + norm * first.abs();
            column.set(k, first - diagonal);
            let mut row = vec![DoubleDouble::ZERO; k];
            row.push(diagonal);
            for other in others {
                if let Some(inverse) = half_square.inverse() {
                    let share = column.dot(simd, other) * inverse;
                    other.add_scaled(simd, -share, column);
                }
                row.push(other.at(k));
                other.set(k, DoubleDouble::ZERO);
            }
            rows.push(row);
        }
        Triangle { rows, rest: Vec::new() }
    }
}

/// The square of what makes no difference beside a column of the largest square: a quarter of the error
/// that a rank allows for, `floor` of ranks.
fn negligible_square(length: usize, largest: DoubleDouble) -> f64 {
    let share = 0.25 * DoubleDouble::EPSILON * length as f64;
    share * share * largest.to_f64()
}

/// Sweeps until all columns are orthogonal, the vectors turned with them.
fn make_orthogonal(columns: &mut [Planes], mut vectors: Option<&mut Vec<Planes>>) {
    for _ in 0..SWEEPS {
        let vectors = vectors.as_deref_mut();
        if !Arch::new().dispatch(Sweep { columns, vectors }) {
            break;
        }
    }
}

/// A rotation of every pair of columns, and of the vectors with them; false if all were orthogonal.
struct Sweep<'a> {
    columns: &'a mut [Planes],
    vectors: Option<&'a mut Vec<Planes>>,
}

impl WithSimd for Sweep<'_> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<V: Simd>(self, simd: V) -> bool {
        let Sweep { columns, mut vectors } = self;
        let mut rotated = false;
        for q in 1..columns.len() {
            let (before, after) = columns.split_at_mut(q);
            for (p, column) in before.iter_mut().enumerate() {
                if let Some(rotation) = rotation(simd, column, &after[0]) {
                    column.rotate(simd, &mut after[0], rotation);
                    if let Some(vectors) = &mut vectors {
                        let (before, after) = vectors.split_at_mut(q);
                        before[p].rotate(simd, &mut after[0], rotation);
                    }
                    rotated = true;
                }
            }
        }
        rotated
    }
}

/// Cosine and sine of the rotation that makes two columns orthogonal; `None` if they are, to rounding.
///
/// The tangent is an f64: what it leaves of the inner product, 1e-16 of it, the next sweep removes.
/// Only that cosine and sine are those of one angle must be true to the last digit.
#[inline(always)]
fn rotation<V: Simd>(simd: V, p: &Planes, q: &Planes) -> Option<[DoubleDouble; 2]> {
    let (pp, qq, pq) = (p.dot(simd, p), q.dot(simd, q), p.dot(simd, q));
    let size = pp.to_f64().sqrt() * qq.to_f64().sqrt();
    // Written so that a NaN, too, ends the sweeps.
    let needed = pq.to_f64().abs() > DoubleDouble::EPSILON * size;
    if !needed || size == 0.0 {
        return None;
    }
    let zeta = (qq - pp).to_f64() / (2.0 * pq.to_f64());
    // Columns of noise shrink with every sweep, until the square of zeta would overflow; the
    // rotation is then below rounding.
    if zeta.abs().partial_cmp(&1e100) != Some(std::cmp::Ordering::Less) {
        return None;
    }
    let tangent = (1.0 / (zeta.abs() + (1.0 + zeta * zeta).sqrt())).copysign(zeta);
    let tangent = DoubleDouble::from_f64(tangent);
    let square = DoubleDouble::ONE + tangent * tangent;
    // One step of Newton's method from the f64.
    let start = DoubleDouble::from_f64(1.0 / square.to_f64().sqrt());
    let half = DoubleDouble::from_f64(0.5);
    let cosine = start + start * (DoubleDouble::ONE - square * (start * start)) * half;
    Some([cosine, cosine * tangent])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Stream;

    /// From the triangle and from the columns themselves, of ranks that the factorization ends with and
    /// of equal values.
    #[test]
    fn values_alone_are_those_with_vectors() {
        let mut stream = Stream::new("jacobi", 0, 0);
        for (rows, cols, rank) in [(1, 1, 1), (4, 4, 4), (9, 5, 2), (5, 19, 5), (12, 12, 3)] {
            let left = Matrix::<DoubleDouble>::random(rows, rank, &mut stream);
            let product = left.times(&Matrix::random(rank, cols, &mut stream));
            let mut shifted = product.clone();
            for i in 0..rows.min(cols) {
                shifted[(i, i)] += DoubleDouble::from_f64(0.7);
            }
            for (matrix, rank) in [(product, rank), (shifted, rows.min(cols))] {
                let (alone, all) = (jacobi_values(&matrix), jacobi(&matrix).values);
                assert_eq!((alone.len(), all.len()), (rows.min(cols), rows.min(cols)));
                for (a, b) in alone.iter().zip(&all).take(rank) {
                    assert!((a - b).abs() < 1e-15 * b, "{a} {b}");
                }
                assert!(alone[rank..].iter().chain(&all[rank..]).all(|&rest| rest < 1e-30));
            }
        }
    }

    #[test]
    fn nothing_has_no_values() {
        assert_eq!(jacobi_values(&Matrix::zeros(3, 2)), [0.0, 0.0]);
        assert!(jacobi_values(&Matrix::zeros(0, 2)).is_empty());
        let mut infinite = Matrix::scaled_identity(2, DoubleDouble::ONE);
        infinite[(0, 0)] = DoubleDouble::from_f64(f64::INFINITY);
        assert!(jacobi_values(&infinite).iter().any(|value| !value.is_finite()));
    }
}
