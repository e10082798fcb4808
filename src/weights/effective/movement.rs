//! The movement of weights as a tensor: its Gram matrices, spectra and core, slice by slice.
//!
//! The squared singular values of an unfolding are the eigenvalues of its Gram matrix, which takes
//! one pass over the slices and memory that does not grow with their number. Rounding puts an error
//! of about 1e-16 times the length of the sums into each, as a share of the whole movement: no
//! measure of effective dimensions sees it, while an exact rank, which is decided by small singular
//! values, needs [`WeightRanks`](crate::weights::WeightRanks).

use std::ops::Range;

use rayon::prelude::*;

use super::Spectrum;
use crate::matrix::{Matrix, SingularValues};
use crate::scalar::{Scalar, Stream};
use crate::tensor::{Compress, Compressed, Dense};

/// Rows, columns or steps up to which a Gram matrix is formed.
const MAX_SIDE: usize = 8192;

/// Pieces of every sum over steps. They are added in order, so that no bit depends on the number of
/// threads.
const PARTS: usize = 2;

/// Entries, or steps, that are multiplied at once.
const CHUNK: usize = 4096;

/// The weights W_0..W_K, each (N, M).
pub(super) struct Movement<'a> {
    weights: Vec<&'a Matrix<f64>>,
}

/// Gram matrices of the changes D = W_k - W_from over some k, `None` where a side is too long.
pub(super) struct Grams {
    /// (N, N): the sum of D D^T.
    pub rows: Option<Matrix<f64>>,
    /// (M, M): the sum of D^T D.
    pub columns: Option<Matrix<f64>>,
}

impl<'a> Movement<'a> {
    pub fn new(weights: impl IntoIterator<Item = &'a Matrix<f64>>) -> Self {
        Movement { weights: weights.into_iter().collect() }
    }

    /// (N, M).
    pub fn size(&self) -> [usize; 2] {
        [self.weights[0].rows(), self.weights[0].cols()]
    }

    /// K.
    pub fn steps(&self) -> usize {
        self.weights.len() - 1
    }

    /// W_k - W_from.
    pub fn change(&self, from: usize, k: usize) -> Matrix<f64> {
        self.weights[k].minus(self.weights[from])
    }

    /// The sum of ||W_k - W_0||^2.
    pub fn total(&self) -> f64 {
        let squares = |k| self.change(0, k).norm().powi(2);
        (1..=self.steps()).into_par_iter().map(squares).collect::<Vec<_>>().iter().sum()
    }

    /// Over the changes `W_k - W_from`, k in `steps`.
    pub fn grams(&self, from: usize, steps: Range<usize>) -> Grams {
        let [rows, cols] = self.size();
        let gram = |side: usize, by_columns: bool| {
            (side <= MAX_SIDE).then(|| {
                summed(side, steps.clone(), |k, sum| {
                    let change = self.change(from, k);
                    let (left, right) = (change.view(), change.t());
                    let (left, right) = if by_columns { (right, left) } else { (left, right) };
                    f64::gemm(sum.data_mut(), true, left, right);
                })
            })
        };
        Grams { rows: gram(rows, false), columns: gram(cols, true) }
    }

    /// How W_K - W_0 is spread over directions.
    pub fn last(&self) -> Option<Spectrum> {
        let change = self.change(0, self.steps());
        let gram = if change.rows() <= change.cols() {
            Matrix::product(change.view(), change.t())
        } else {
            Matrix::product(change.t(), change.view())
        };
        (gram.rows() <= MAX_SIDE).then(|| spectrum(&gram)).flatten()
    }

    /// How the increments are spread over time courses: the unfolding along the steps.
    pub fn time_courses(&self) -> Option<Spectrum> {
        let [rows, cols] = self.size();
        let (entries, steps) = (rows * cols, self.steps());
        let side = steps.min(entries);
        if side > MAX_SIDE {
            return None;
        }
        let entry =
            |place: usize, k: usize| self.weights[k].data()[place] - self.weights[0].data()[place];
        let chunk = |chunk: usize, all: usize| chunk * CHUNK..all.min((chunk + 1) * CHUNK);
        let gram = if steps <= entries {
            summed(side, 0..entries.div_ceil(CHUNK), |number, sum| {
                let range = chunk(number, entries);
                let piece =
                    Matrix::from_fn(range.len(), steps, |i, k| entry(range.start + i, k + 1));
                f64::gemm(sum.data_mut(), true, piece.t(), piece.view());
            })
        } else {
            summed(side, 0..steps.div_ceil(CHUNK), |number, sum| {
                let range = chunk(number, steps);
                let piece =
                    Matrix::from_fn(entries, range.len(), |i, k| entry(i, range.start + k + 1));
                f64::gemm(sum.data_mut(), true, piece.view(), piece.t());
            })
        };
        spectrum(&gram)
    }

    /// The shares of the squared changes `W_k - W_from`, k in `steps`, whose columns lie in the first
    /// space, whose rows lie in the second, and both. Spaces are orthonormal columns.
    pub fn shares_in(
        &self,
        from: usize,
        steps: Range<usize>,
        left: &Matrix<f64>,
        right: &Matrix<f64>,
    ) -> [f64; 3] {
        let squares = |k| {
            let change = self.change(from, k);
            let inside = Matrix::product(left.t(), change.view());
            let both = inside.times(right).norm().powi(2);
            let columns = change.times(right).norm().powi(2);
            [change.norm().powi(2), inside.norm().powi(2), columns, both]
        };
        let squares: Vec<[f64; 4]> = steps.into_par_iter().map(squares).collect();
        let sum = |part: usize| squares.iter().map(|squares| squares[part]).sum::<f64>();
        [1, 2, 3].map(|part| if sum(0) > 0.0 { (sum(part) / sum(0)).min(1.0) } else { 0.0 })
    }

    /// The increments in orthonormal bases of rows and columns; `total` is their squared norm.
    pub fn projected(&self, left: Matrix<f64>, right: Matrix<f64>, total: f64) -> Projected {
        let inside = |k| Matrix::product(left.t(), self.change(0, k).view()).times(&right);
        let (rows, entries) = (left.cols(), left.cols() * right.cols());
        // Of very many steps as few as span them, in an orthonormal basis.
        let slices = (1..=self.steps()).map(|k| {
            let slice: Matrix<f64> = inside(k);
            Matrix::from_columns(entries, 1, slice.data().to_vec())
        });
        let slices = Matrix::gathered(entries, slices);
        let shape = [rows, right.cols(), slices.cols()];
        let core = Dense::from_fn(shape, |i, j, k| slices[(i + j * rows, k)]);
        let lost = (total - core.norm().powi(2)).max(0.0).sqrt();
        Projected { core, left, right, norm: total.sqrt(), lost }
    }
}

/// The increments in fewer dimensions of rows and columns, of which the CP decomposition is sought.
pub(super) struct Projected {
    core: Dense,
    left: Matrix<f64>,
    right: Matrix<f64>,
    norm: f64,
    /// The norm of what is not in the core.
    lost: f64,
}

impl Compress for Projected {
    fn dimensions(&self) -> [usize; 3] {
        [self.left.rows(), self.right.rows(), self.core.shape()[2]]
    }

    fn compressed(&self, width: usize, stream: &Stream) -> Compressed {
        let mut compressed = self.core.compressed(width, stream);
        compressed.bases[0] = self.left.times(&compressed.bases[0]);
        compressed.bases[1] = self.right.times(&compressed.bases[1]);
        compressed.norm = self.norm;
        compressed.lost = compressed.lost.hypot(self.lost);
        compressed
    }
}

/// A sum of (side, side) matrices to which each item adds its own.
fn summed(
    side: usize,
    items: Range<usize>,
    add: impl Fn(usize, &mut Matrix<f64>) + Sync,
) -> Matrix<f64> {
    let place = |part: usize| items.start + part * items.len() / PARTS;
    let part = |part: usize| {
        let mut sum = Matrix::zeros(side, side);
        (place(part)..place(part + 1)).for_each(|item| add(item, &mut sum));
        sum
    };
    let parts: Vec<_> = (0..PARTS).into_par_iter().map(part).collect();
    let mut sum = Matrix::zeros(side, side);
    parts.iter().for_each(|part| sum.add_scaled(1.0, part));
    sum
}

/// Eigenvalues of a Gram matrix, as shares.
pub(super) fn spectrum(gram: &Matrix<f64>) -> Option<Spectrum> {
    Spectrum::of_squares(eigenvalues(gram))
}

pub(super) fn eigenvalues(gram: &Matrix<f64>) -> Vec<f64> {
    // The singular values of a positive matrix are its eigenvalues.
    gram.symmetric_eigenvalues().unwrap_or_else(|| f64::singular_values(gram))
}

/// Eigenvalues of a Gram matrix, as shares, and its eigenvectors, from large to small.
pub(super) fn directions(gram: &Matrix<f64>) -> Option<(Spectrum, Matrix<f64>)> {
    let (values, vectors) = gram.symmetric_eigen().unwrap_or_else(|| f64::left_singular(gram));
    Some((Spectrum::of_squares(values)?, vectors))
}
