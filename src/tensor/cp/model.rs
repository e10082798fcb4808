//! The factors of a CP decomposition, as the solver handles them.

use crate::matrix::Matrix;
use crate::scalar::Stream;
use crate::tensor::{Decomposition, Dense};

/// Factor matrices of the three modes, (n, R) each.
pub(super) type Factors = [Matrix<f64>; 3];

/// The two modes other than one, ascending.
pub(super) const OTHERS: [[usize; 2]; 3] = [[1, 2], [0, 2], [0, 1]];

impl From<Decomposition<f64>> for Factors {
    fn from(Decomposition { a, b, c }: Decomposition<f64>) -> Self {
        [a, b, c]
    }
}

impl From<Factors> for Decomposition<f64> {
    fn from([a, b, c]: Factors) -> Self {
        Decomposition { a, b, c }
    }
}

impl Decomposition<f64> {
    /// The same terms from large to small, the size of each shared equally among its vectors.
    pub(super) fn sorted(self) -> Self {
        let mut factors = Factors::from(self);
        balance(&mut factors);
        let norms = column_norms(&factors[0]);
        let mut order: Vec<usize> = (0..norms.len()).collect();
        order.sort_by(|&r, &s| norms[s].total_cmp(&norms[r]));
        let sorted = factors.map(|factor| {
            Matrix::from_fn(factor.rows(), factor.cols(), |i, r| factor[(i, order[r])])
        });
        sorted.into()
    }
}

/// Random factors: entries of the standard normal law.
pub(super) fn random(shape: [usize; 3], rank: usize, stream: &mut Stream) -> Factors {
    shape.map(|n| Matrix::from_fn(n, rank, |_, _| stream.normal()))
}

/// A^T A of each factor, (R, R).
pub(super) fn grams(factors: &Factors) -> Factors {
    factors.each_ref().map(|factor| Matrix::product(factor.t(), factor.view()))
}

/// The product entry by entry.
pub(super) fn hadamard(a: &Matrix<f64>, b: &Matrix<f64>) -> Matrix<f64> {
    Matrix::from_fn(a.rows(), a.cols(), |i, j| a[(i, j)] * b[(i, j)])
}

/// The products of the rows of two factors, (rows of b times rows of a, R): b's index runs fastest.
fn khatri_rao(a: &Matrix<f64>, b: &Matrix<f64>) -> Matrix<f64> {
    let mut product = Matrix::zeros(a.rows() * b.rows(), a.cols());
    for r in 0..a.cols() {
        let pieces = product.column_mut(r).chunks_mut(b.rows().max(1));
        for (piece, &x) in pieces.zip(a.column(r)) {
            piece.iter_mut().zip(b.column(r)).for_each(|(out, &y)| *out = x * y);
        }
    }
    product
}

/// The sum of the terms.
pub(super) fn sum(factors: &Factors) -> Dense {
    let [a, b, c] = factors;
    let product = Matrix::product(khatri_rao(b, c).view(), a.t());
    Dense::new([a.rows(), b.rows(), c.rows()], product.data().to_vec())
}

/// The unfolding of a tensor along a mode times the Khatri-Rao product of the other factors: (n, R).
/// Entry (i, r) pairs slice i with the rest of term r.
pub(super) fn unfolded_times_others(tensor: &Dense, factors: &Factors, mode: usize) -> Matrix<f64> {
    let [a, b, c] = factors;
    match mode {
        0 => Matrix::product(tensor.by_first().transpose(), khatri_rao(b, c).view()),
        1 => {
            let mut sum = Matrix::zeros(b.rows(), b.cols());
            for i in 0..a.rows() {
                let scaled = Matrix::from_fn(c.rows(), c.cols(), |k, r| c[(k, r)] * a[(i, r)]);
                let slab = tensor.slab(i).transpose();
                crate::scalar::Scalar::gemm(sum.data_mut(), true, slab, scaled.view());
            }
            sum
        }
        _ => Matrix::product(tensor.by_last(), khatri_rao(a, b).view()),
    }
}

/// The norm of each column.
pub(super) fn column_norms(factor: &Matrix<f64>) -> Vec<f64> {
    let norm = |r| factor.column(r).iter().map(|x| x * x).sum::<f64>().sqrt();
    (0..factor.cols()).map(norm).collect()
}

/// Shares the size of each term equally among its three vectors. The terms stay the same.
pub(super) fn balance(factors: &mut Factors) {
    let norms = factors.each_ref().map(column_norms);
    for r in 0..factors[0].cols() {
        let size = (norms[0][r] * norms[1][r] * norms[2][r]).cbrt();
        for (factor, norms) in factors.iter_mut().zip(&norms) {
            let scale = if size > 0.0 { size / norms[r] } else { 0.0 };
            factor.column_mut(r).iter_mut().for_each(|x| *x *= scale);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_with_the_other_factors_agree_with_entries() {
        let mut stream = Stream::new("model", 0, 0);
        let shape = [3, 4, 5];
        let mut factors = random(shape, 2, &mut stream);
        let whole = sum(&factors);
        let decomposition = Decomposition::from(factors.clone());
        for k in 0..5 {
            let slice = decomposition.slice(k);
            let entry = |i, j| whole.at(i, j, k) - slice[(i, j)];
            assert!(Matrix::from_fn(3, 4, entry).norm() < 1e-14);
        }
        let tensor = Dense::from_fn(shape, |_, _, _| stream.normal());
        for mode in 0..3 {
            let found = unfolded_times_others(&tensor, &factors, mode);
            // Paired with a term that has a unit vector in this mode.
            for i in 0..shape[mode] {
                for r in 0..2 {
                    let mut one = factors
                        .clone()
                        .map(|f| Matrix::from_columns(f.rows(), 1, f.column(r).to_vec()));
                    one[mode] =
                        Matrix::from_fn(shape[mode], 1, |row, _| f64::from(u8::from(row == i)));
                    let term = sum(&one);
                    let pairs = term.data().iter().zip(tensor.data());
                    let expected: f64 = pairs.map(|(x, y)| x * y).sum();
                    assert!((found[(i, r)] - expected).abs() < 1e-13);
                }
            }
        }
        balance(&mut factors);
        let difference = sum(&factors);
        let pairs = difference.data().iter().zip(whole.data());
        assert!(pairs.map(|(x, y)| (x - y).abs()).fold(0.0, f64::max) < 1e-14);
    }
}
