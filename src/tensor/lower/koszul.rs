//! Koszul flattenings.
//!
//! A tensor in A (x) B (x) C, with A restricted to 2p + 1 dimensions, maps
//!
//! ```text
//! wedge^p A (x) B*  ->  wedge^{p+1} A (x) C,    omega (x) beta  ->  sum_i (a_i ^ omega) (x) X_i beta
//! ```
//!
//! with the slices X_i. A tensor of rank one gives a map of rank binomial(2p, p), so the border rank
//! is at least the rank of the map over binomial(2p, p). With p = 1 and three slices it is Strassen's
//! equation.
//!
//! **Up to matrices of rank one.** If multiples of some matrices u v^T may be added to the slices, the map
//! changes by L Z R, where L has the columns e_I (x) u and R the rows e_J (x) v. Whatever Z is, its rank is at least
//!
//! ```text
//! rank [K L] + rank [K; R] - rank [K L; R 0].
//! ```
//!
//! 1. V. Strassen, "Rank and optimal computation of generic tensors", Linear Algebra and its
//!    Applications 52 (1983).
//! 2. J. M. Landsberg and G. Ottaviani, "New lower bounds for the border rank of matrix
//!    multiplication", Theory of Computing 11 (2015): the restriction to 2p + 1 dimensions.
//! 3. Y. Tian, "The maximal and minimal ranks of some expressions of generalized inverses of matrices",
//!    Southeast Asian Bulletin of Mathematics 25 (2002): the least rank of K + L Z R.

use super::{Certificate, LowerEnd};
use crate::matrix::{Matrix, RankRevealing};
use crate::scalar::{Fp, Scalar, Stream};
use crate::tensor::Mode;

/// Rows or columns of the largest flattening that is tried.
pub(super) const LARGEST: usize = 512;

/// Raises `best` by the flattenings of one mode, smallest first, until `enough` is shown.
pub(super) fn raise<S: RankRevealing>(
    best: &mut LowerEnd,
    mode: Mode,
    slices: &[Matrix<S>],
    noise: f64,
    enough: usize,
) {
    let Some((rows, cols)) = slices.first().map(|slice| (slice.rows(), slice.cols())) else {
        return;
    };
    for p in 1..=(slices.len() - 1) / 2 {
        let dimensions = 2 * p + 1;
        let (blocks, per_term) = (binomial(dimensions, p), binomial(2 * p, p));
        if best.bound >= enough || blocks * rows.max(cols) > LARGEST {
            return;
        }
        if (blocks * rows.min(cols)).div_ceil(per_term) <= best.bound {
            continue;
        }
        let flattening = flattening(&restricted(slices, dimensions), p);
        // Every entry of the tensor occurs `per_term` times.
        let rank = S::rank(&flattening, noise * (per_term as f64).sqrt()).bounds.lower;
        let shape = (flattening.rows(), flattening.cols());
        best.raise(Some(LowerEnd {
            bound: rank.div_ceil(per_term),
            certificate: Certificate::Koszul { mode, dimensions, shape, rank, per_term },
        }));
    }
}

/// What the flattenings of the slices have at least if multiples of these columns u and v, (rows, s) and
/// (cols, s), are added to each slice as u v^T, whatever multiples. Until `enough` is shown.
pub(super) fn up_to(
    slices: &[Matrix<Fp>],
    left: &Matrix<Fp>,
    right: &Matrix<Fp>,
    enough: usize,
) -> LowerEnd {
    let mut best = LowerEnd { bound: 0, certificate: Certificate::Unfolding(Mode::Step) };
    let (rows, cols) = (left.rows(), right.rows());
    for p in 1..=slices.len().saturating_sub(1) / 2 {
        let dimensions = 2 * p + 1;
        let (blocks, per_term) = (binomial(dimensions, p), binomial(2 * p, p));
        if best.bound >= enough || blocks * (rows.max(cols) + left.cols()) > LARGEST {
            break;
        }
        let flattening = flattening(&restricted(slices, dimensions), p);
        let (left, right) = (in_blocks(left, blocks), in_blocks(right, blocks).transposed());
        let shape = (flattening.rows(), flattening.cols());
        let wide = Matrix::beside(shape.0, [&flattening, &left]);
        let below =
            Matrix::beside(right.rows(), [&right, &Matrix::zeros(right.rows(), left.cols())]);
        let both = [&wide, &below].map(Matrix::transposed);
        let both = Matrix::beside(wide.cols(), &both);
        let tall = [&flattening, &right].map(Matrix::transposed);
        let tall = Matrix::beside(shape.1, &tall);
        let [wide, tall, both] = [wide, tall, both].map(|m| Fp::rank(&m, 0.0).bounds.lower);
        let rank = wide + tall - both;
        let mode = Mode::Step;
        best.raise(Some(LowerEnd {
            bound: rank.div_ceil(per_term),
            certificate: Certificate::Koszul { mode, dimensions, shape, rank, per_term },
        }));
    }
    best
}

/// Columns once in each of so many blocks of rows, (blocks rows, blocks columns).
fn in_blocks(columns: &Matrix<Fp>, blocks: usize) -> Matrix<Fp> {
    let (rows, count) = (columns.rows(), columns.cols());
    Matrix::from_fn(blocks * rows, blocks * count, |i, j| {
        if i / rows == j / count { columns[(i % rows, j % count)] } else { Fp::ZERO }
    })
}

/// Combinations of the slices along a random basis, orthonormal in floating point.
fn restricted<S: RankRevealing>(slices: &[Matrix<S>], dimensions: usize) -> Vec<Matrix<S>> {
    if slices.len() == dimensions {
        return slices.to_vec();
    }
    let mut stream = Stream::new("Koszul flattening", slices.len() as u64, dimensions as u64);
    let (basis, _) = S::factor(&Matrix::random(slices.len(), dimensions, &mut stream));
    let combined = (0..dimensions).map(|d| {
        let mut sum = Matrix::zeros(slices[0].rows(), slices[0].cols());
        for (k, slice) in slices.iter().enumerate() {
            sum.add_scaled(basis[(k, d)], slice);
        }
        sum
    });
    combined.collect()
}

/// The matrix of the map: blocks +-X_i, in the row of I with i and the column of I.
fn flattening<S: RankRevealing>(slices: &[Matrix<S>], p: usize) -> Matrix<S> {
    let (rows, cols) = (slices[0].rows(), slices[0].cols());
    let (small, large) = (subsets(slices.len(), p), subsets(slices.len(), p + 1));
    let mut whole = Matrix::zeros(large.len() * rows, small.len() * cols);
    for (block_column, &without) in small.iter().enumerate() {
        for (i, slice) in slices.iter().enumerate().filter(|(i, _)| without & (1 << i) == 0) {
            let with = without | (1 << i);
            let block_row = large.binary_search(&with).expect("a set of p + 1");
            // a_i moves past the members before it.
            let odd = (without & ((1 << i) - 1)).count_ones() % 2 == 1;
            let sign = if odd { -S::ONE } else { S::ONE };
            for j in 0..cols {
                for r in 0..rows {
                    whole[(block_row * rows + r, block_column * cols + j)] = sign * slice[(r, j)];
                }
            }
        }
    }
    whole
}

/// The subsets of 0..n with p members as bits, ascending.
fn subsets(n: usize, p: usize) -> Vec<u32> {
    (0..1_u32 << n).filter(|set| set.count_ones() as usize == p).collect()
}

fn binomial(n: usize, k: usize) -> usize {
    (0..k).fold(1, |product, i| product * (n - i) / (i + 1))
}
