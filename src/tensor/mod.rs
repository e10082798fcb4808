//! Third-order tensors in factored form: unfoldings, multilinear rank, CP bracket, CP decomposition.
//!
//! The weights of K learning steps are an N x N x K tensor. It is kept as a sum of matrices in
//! factors times vectors over the steps, and reduced to a small core before any rank is computed
//! (Tucker compression; Kolda and Bader, "Tensor decompositions and applications", SIAM Review
//! 2009), so it is never formed.
//!
//! What is known of a CP rank is a bracket. Its lower end is a rank, its upper end a decomposition:
//! [`cp_bracket`](Reduced::cp_bracket) takes what is cheap, [`raise`](Reduced::raise) and
//! [`shorten`](Reduced::shorten) improve it. Data tensors, entry by entry and with missing ones, are
//! decomposed by [`cp_decompose`] and [`cp_decompose_weighted`].

mod bracket;
mod certify;
mod cp;
mod dense;
mod generic;
mod interval;
mod lower;
mod shorten;
mod shrink;
mod upper;

pub use bracket::{Construction, CpBracket, Decomposition, Field, UpperEnd};
pub use certify::{Certified, certified_terms};
pub use cp::{
    Compress, Compressed, CpError, CpFit, CpGrowth, CpOptions, ErrorByRank, cp_decompose,
    cp_decompose_weighted, cp_error, cp_error_by_rank, cp_growth,
};
pub use dense::Dense;
pub use generic::generic_rank;
pub use lower::{Certificate, LowerEnd};
pub use upper::{pairs_bound, pairs_of_slices, peeled};

use crate::matrix::{Factors, Matrix, Rank, RankRevealing};
use crate::scalar::{Fp, Scalar};

/// One summand of a tensor: slice k is `weights[k]` times the matrix.
#[derive(Clone, Debug)]
pub struct Term<S> {
    /// A (rows, cols) matrix in factors.
    pub factors: Factors<S>,
    /// One number for each slice.
    pub weights: Vec<S>,
}

/// A third-order tensor: `depth` slices of shape (rows, cols), as a sum of terms.
///
/// # Examples
///
/// ```
/// use rankproof::{bounds::Bounds, matrix::Matrix, scalar::{Fp, Scalar}, tensor::Tensor};
///
/// let [zero, one] = [Fp::ZERO, Fp::ONE];
/// // The W state: multilinear rank (2, 2, 2), CP rank 3, border rank 2.
/// let slices = [
///     Matrix::from_rows(&[[zero, one], [one, zero]]),
///     Matrix::from_rows(&[[one, zero], [zero, zero]]),
/// ];
/// let tensor = Tensor::from_slices(2, 2, &slices).reduced();
/// assert_eq!(tensor.unfolding_ranks(0.0).map(|rank| rank.known()), [Some(2); 3]);
/// let mut bracket = tensor.cp_bracket(0.0).unwrap();
/// assert_eq!(bracket.bounds(), Bounds { lower: 2, upper: 3 });
/// tensor.raise(&mut bracket, 0.0);
/// assert_eq!(bracket.bounds(), Bounds::exactly(3));
/// ```
#[derive(Clone, Debug)]
pub struct Tensor<S> {
    rows: usize,
    cols: usize,
    depth: usize,
    terms: Vec<Term<S>>,
}

impl<S: Scalar> Tensor<S> {
    /// A sum of terms.
    ///
    /// # Panics
    ///
    /// If a term has another shape.
    pub fn new(rows: usize, cols: usize, depth: usize, terms: Vec<Term<S>>) -> Self {
        for Term { factors, weights } in &terms {
            let shape = (factors.left.rows(), factors.right.rows(), weights.len());
            assert_eq!(shape, (rows, cols, depth), "terms of one shape");
        }
        Tensor { rows, cols, depth, terms }
    }

    /// The tensor with these slices of shape (rows, cols).
    pub fn from_slices(rows: usize, cols: usize, slices: &[Matrix<S>]) -> Self {
        let depth = slices.len();
        let terms = slices.iter().enumerate().map(|(k, slice)| Term {
            factors: Factors::new(slice.clone(), Matrix::scaled_identity(cols, S::ONE)),
            weights: (0..depth).map(|j| S::from_integer(i64::from(j == k))).collect(),
        });
        Tensor::new(rows, cols, depth, terms.collect())
    }

    /// (rows, cols, depth).
    pub fn shape(&self) -> (usize, usize, usize) {
        (self.rows, self.cols, self.depth)
    }

    /// Slice `k`, (rows, cols).
    pub fn slice(&self, k: usize) -> Matrix<S> {
        let mut slice = Matrix::zeros(self.rows, self.cols);
        for Term { factors, weights } in self.terms.iter().filter(|t| t.weights[k] != S::ZERO) {
            slice.add_scaled(weights[k], &factors.to_matrix());
        }
        slice
    }
}

impl<S: RankRevealing> Tensor<S> {
    /// The tensor in bases of the sums of its column and row spaces, which changes no rank.
    pub fn reduced(&self) -> Reduced<S> {
        let (left, left_parts) =
            common_basis(self.rows, self.terms.iter().map(|term| &term.factors.left));
        let (right, right_parts) =
            common_basis(self.cols, self.terms.iter().map(|term| &term.factors.right));
        let cores: Vec<Matrix<S>> = (left_parts.iter().zip(&right_parts))
            .map(|(left, right)| Matrix::product(left.view(), right.t()))
            .collect();
        let slices = (0..self.depth).map(|k| {
            let mut slice = Matrix::zeros(left.cols(), right.cols());
            for (core, term) in cores.iter().zip(&self.terms) {
                if term.weights[k] != S::ZERO {
                    slice.add_scaled(term.weights[k], core);
                }
            }
            slice
        });
        Reduced { slices: slices.collect(), left, right, lost: 0.0 }
    }
}

impl Tensor<Fp> {
    /// The tensor with these slices of one shape, in bases of the sums of their column and of their
    /// row spaces.
    pub fn concise(slices: &[Matrix<Fp>]) -> Reduced<Fp> {
        let (rows, cols) = slices.first().map_or((0, 0), |slice| (slice.rows(), slice.cols()));
        let terms = slices.iter().enumerate().map(|(k, slice)| Term {
            factors: Factors::new(slice.clone(), Matrix::scaled_identity(cols, Fp::ONE))
                .compressed(),
            weights: (0..slices.len()).map(|j| Fp::from_integer(i64::from(j == k))).collect(),
        });
        Tensor::new(rows, cols, slices.len(), terms.collect()).reduced()
    }
}

/// A basis of all columns of some matrices, and the coordinates of each matrix.
fn common_basis<'a, S: RankRevealing>(
    rows: usize,
    parts: impl Iterator<Item = &'a Matrix<S>>,
) -> (Matrix<S>, Vec<Matrix<S>>) {
    let parts: Vec<&Matrix<S>> = parts.collect();
    let (basis, coordinates) = S::factor(&Matrix::beside(rows, parts.iter().copied()));
    let mut start = 0;
    let split = parts.iter().map(|part| {
        let range = start * basis.cols()..(start + part.cols()) * basis.cols();
        start += part.cols();
        Matrix::from_columns(basis.cols(), part.cols(), coordinates.data()[range].to_vec())
    });
    let split = split.collect();
    (basis, split)
}

/// A tensor whose slices are `left slice right^T`, with bases `left` and `right` that are
/// orthonormal in floating point, so that ranks and norms are those of the small slices.
#[derive(Clone, Debug)]
pub struct Reduced<S> {
    /// The core: `depth` matrices of shape (left.cols(), right.cols()).
    pub slices: Vec<Matrix<S>>,
    /// Shape (rows, r).
    pub left: Matrix<S>,
    /// Shape (cols, s).
    pub right: Matrix<S>,
    /// The norm of what of the tensor is not in the core; zero unless it was
    /// [shrunk](Reduced::shrunk).
    pub lost: f64,
}

/// The direction along which a tensor is unfolded or cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Rows of the slices: the postsynaptic side of weights.
    Row,
    /// Columns of the slices: the presynaptic side of weights.
    Column,
    /// The number of the slice: the learning step of weights.
    Step,
}

impl Mode {
    /// In the order of r1, r2, r3.
    pub const ALL: [Mode; 3] = [Mode::Row, Mode::Column, Mode::Step];

    /// Its name in commands and tables.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Row => "row",
            Mode::Column => "column",
            Mode::Step => "step",
        }
    }
}

impl<S: RankRevealing> Reduced<S> {
    /// The tensor with these slices of one shape, as it is.
    pub fn from_slices(slices: Vec<Matrix<S>>) -> Self {
        let identity = |size: fn(&Matrix<S>) -> usize| {
            Matrix::scaled_identity(slices.first().map_or(0, size), S::ONE)
        };
        let (left, right) = (identity(Matrix::rows), identity(Matrix::cols));
        Reduced { slices, left, right, lost: 0.0 }
    }

    /// The unfolding of the core along a mode: one row for each index of that mode.
    pub fn unfolding(&self, mode: Mode) -> Matrix<S> {
        let (rows, cols) = (self.left.cols(), self.right.cols());
        match mode {
            Mode::Row => Matrix::beside(rows, &self.slices),
            Mode::Column => Matrix::from_fn(cols, rows * self.slices.len(), |j, place| {
                self.slices[place / rows][(place % rows, j)]
            }),
            Mode::Step => Matrix::from_fn(self.slices.len(), rows * cols, |k, place| {
                self.slices[k].data()[place]
            }),
        }
    }

    /// The ranks r1, r2, r3 of the unfoldings. `noise` is the largest norm that rounding errors in
    /// the tensor can have.
    pub fn unfolding_ranks(&self, noise: f64) -> [Rank; 3] {
        Mode::ALL.map(|mode| S::rank(&self.unfolding(mode), noise))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Stream;

    /// Slices of two dimensions in five rows and four columns, one, two and none of them.
    #[test]
    fn a_concise_tensor_has_the_slices_that_were_given() {
        let mut stream = Stream::new("concise", 0, 0);
        let left = Matrix::<Fp>::random(5, 2, &mut stream);
        let right = Matrix::random(2, 4, &mut stream);
        for depth in [1, 2, 3] {
            let inner = (0..depth).map(|_| Matrix::random(2, 2, &mut stream));
            let slices: Vec<_> = inner.map(|inner| left.times(&inner).times(&right)).collect();
            let found = Tensor::concise(&slices);
            assert_eq!((found.left.cols(), found.right.cols(), found.lost), (2, 2, 0.0));
            for (core, slice) in found.slices.iter().zip(&slices) {
                assert_eq!(found.left.times(core).times(&found.right.transposed()), *slice);
            }
        }
        let nothing = Tensor::concise(&[]);
        let sizes = [nothing.left.rows(), nothing.right.rows(), nothing.slices.len()];
        assert_eq!(sizes, [0, 0, 0]);
    }
}
