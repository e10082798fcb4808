//! K slices of d x d have CP rank at most d (1 + floor(K / 2)) over the reals.
//!
//! Take d terms, diagonal in some bases. Large enough multiples of them added to two slices A and B
//! make the eigenvalues of A^{-1} B real and distinct, so that A and B have d terms together. Every
//! pair of slices needs d terms of its own, and the first d serve all pairs, and the last slice of an odd
//! number, of which they are the factors. Over a finite field there is no "large enough", and over
//! the rationals the eigenvalues are not rational.
//!
//! 1. J. Ja'Ja', "Optimal evaluation of pairs of bilinear forms", SIAM J. Comput. 8 (1979).

use crate::matrix::{Matrix, SingularValues};
use crate::tensor::Decomposition;

/// min(rows cols, d (1 + floor(K / 2))) with d the larger side: what K slices of (rows, cols) have at
/// most over the reals.
pub fn pairs_bound(rows: usize, cols: usize, slices: usize) -> usize {
    (rows.max(cols) * (1 + slices / 2)).min(rows * cols)
}

/// A decomposition of square slices (d, d) in d (1 + floor(K / 2)) terms, up to rounding. `None` for
/// no slices, or if rounding leaves no distinct eigenvalues.
pub fn pairs_of_slices(slices: &[Matrix<f64>]) -> Option<Decomposition<f64>> {
    let size = slices.first()?.rows();
    let depth = slices.len();
    let (pairs, last) = (slices.chunks_exact(2), slices.chunks_exact(2).remainder().first());
    // The common terms, of norm one: those of the last slice, or the diagonal.
    let [left, right, values] = match last {
        Some(last) => {
            let singular = f64::singular(last);
            let values = Matrix::from_columns(size, 1, singular.values.clone());
            [singular.left, singular.right, values]
        }
        None => {
            let unit = Matrix::scaled_identity(size, 1.0);
            [unit.clone(), unit, Matrix::zeros(size, 1)]
        }
    };
    let mut steps = Matrix::zeros(depth, size);
    if last.is_some() {
        (0..size).for_each(|r| steps[(depth - 1, r)] = values[(r, 0)]);
    }
    let (mut a, mut b) = (left.clone(), right.clone());
    for (number, pair) in pairs.enumerate() {
        let scale = 4.0 * size as f64 * pair.iter().map(Matrix::norm).fold(1.0, f64::max);
        // A + scale sum_r u_r v_r^T and B + scale sum_r (r + 1) u_r v_r^T, in the common bases.
        let added = |slice: &Matrix<f64>, weight: &dyn Fn(usize) -> f64| {
            let mut moved = Matrix::product(left.t(), slice.times(&right).view());
            (0..size).for_each(|r| moved[(r, r)] += weight(r));
            moved
        };
        let weights: [&dyn Fn(usize) -> f64; 2] = [&|_| scale, &|r| scale * (r + 1) as f64];
        let [first, second] = [0, 1].map(|side| added(&pair[side], weights[side]));
        let vectors = inverse(&first)?.times(&second).eigenvectors()?;
        let dual = inverse(&vectors)?;
        let images = first.times(&vectors);
        // second = images diag(eigenvalues) dual.
        let diagonal = inverse(&images)?.times(&second).times(&vectors);
        a = Matrix::beside(size, [&a, &left.times(&images)]);
        b = Matrix::beside(size, [&b, &right.times(&dual.transposed())]);
        let own = Matrix::from_fn(depth, size, |k, r| match k.checked_sub(2 * number) {
            Some(0) => 1.0,
            Some(1) => diagonal[(r, r)],
            _ => 0.0,
        });
        for r in 0..size {
            steps[(2 * number, r)] = -weights[0](r);
            steps[(2 * number + 1, r)] = -weights[1](r);
        }
        steps = Matrix::beside(depth, [&steps, &own]);
    }
    Some(Decomposition { a, b, c: steps })
}

/// The inverse, by singular values.
fn inverse(matrix: &Matrix<f64>) -> Option<Matrix<f64>> {
    let singular = f64::singular(matrix);
    let least = *singular.values.last()?;
    // Not so of NaN either.
    let is_regular = least > f64::EPSILON * singular.values[0];
    if !is_regular {
        return None;
    }
    let scaled = Matrix::from_fn(matrix.cols(), matrix.rows(), |i, j| {
        singular.right[(i, j)] / singular.values[j]
    });
    Some(Matrix::product(scaled.view(), singular.left.t()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Stream;

    #[test]
    fn pairs_of_slices_are_reproduced_over_the_reals() {
        for size in 2..=7 {
            for depth in 1..=7 {
                let mut stream = Stream::new("pairs", size as u64, depth as u64);
                let slices: Vec<_> =
                    (0..depth).map(|_| Matrix::<f64>::random(size, size, &mut stream)).collect();
                let found = pairs_of_slices(&slices).expect("distinct eigenvalues");
                assert_eq!(found.terms(), size * (1 + depth / 2));
                assert!(pairs_bound(size, size, depth) <= found.terms());
                for (k, slice) in slices.iter().enumerate() {
                    let error = found.slice(k).minus(slice).norm();
                    assert!(error < 1e-10, "{size} {depth} slice {k}: {error:e}");
                }
            }
        }
    }

    /// Two slices without a real eigenvalue have no fewer than size + 1 terms, and these have 2 size.
    #[test]
    fn a_rotation_has_its_terms_over_the_reals() {
        let turn = Matrix::from_rows(&[[0.0, -1.0], [1.0, 0.0]]);
        let slices = [Matrix::scaled_identity(2, 1.0), turn];
        let found = pairs_of_slices(&slices).expect("distinct eigenvalues");
        assert_eq!(found.terms(), 4);
        assert_eq!(pairs_bound(2, 2, 2), 4);
        let error = (0..2).map(|k| found.slice(k).minus(&slices[k]).norm()).fold(0.0, f64::max);
        assert!(error < 1e-12);
        assert_eq!(pairs_bound(3, 3, 7), 9);
    }

    #[test]
    fn no_slices_have_no_pairs() {
        assert_eq!(pairs_of_slices(&[]), None);
    }
}
