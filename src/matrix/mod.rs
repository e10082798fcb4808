//! Dense matrices over a scalar: products, rank with its evidence, factored form, subspaces.

mod elimination;
mod factors;
mod jacobi;
mod modular;
mod nilpotent;
mod qr;
mod rank;
mod real;
mod singular;
mod smith;
mod solve;
mod subspace;

use std::fmt;
use std::ops::{Index, IndexMut, Range};

pub use factors::Factors;
pub use qr::ThinQr;
pub(crate) use qr::{orthonormal_columns, tall_rows};
pub use rank::{CLEAR_GAP, Evidence, Rank, RankRevealing};
use rankproof_dense::MatRef;
pub use real::Cholesky;
pub use singular::{Singular, SingularValues, count_for_share, over_largest};
pub use subspace::{Subspace, principal_angles};

use crate::scalar::{Scalar, Stream, View};

/// A dense matrix, column-major.
///
/// # Examples
///
/// ```
/// use rankproof::matrix::Matrix;
///
/// let a = Matrix::from_rows(&[[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(a.times(&a), Matrix::from_rows(&[[7.0, 10.0], [15.0, 22.0]]));
/// assert_eq!(a.column(1), [2.0, 4.0]);
/// ```
#[derive(Clone, PartialEq)]
pub struct Matrix<S> {
    rows: usize,
    cols: usize,
    data: Vec<S>,
}

impl<S: Scalar> Matrix<S> {
    /// The (rows, cols) zero matrix.
    pub fn zeros(rows: usize, cols: usize) -> Self {
        Matrix { rows, cols, data: vec![S::ZERO; rows * cols] }
    }

    /// `scale` times the identity, (size, size).
    pub fn scaled_identity(size: usize, scale: S) -> Self {
        Self::from_fn(size, size, |i, j| if i == j { scale } else { S::ZERO })
    }

    /// The (rows, cols) matrix of the values of a function of (row, column), called column after
    /// column.
    pub fn from_fn(rows: usize, cols: usize, mut entry: impl FnMut(usize, usize) -> S) -> Self {
        let mut data = Vec::with_capacity(rows * cols);
        for j in 0..cols {
            for i in 0..rows {
                data.push(entry(i, j));
            }
        }
        Matrix { rows, cols, data }
    }

    /// The same matrix, of faer.
    pub(crate) fn from_faer(matrix: MatRef<'_, S>) -> Self {
        Self::from_fn(matrix.nrows(), matrix.ncols(), |i, j| matrix[(i, j)])
    }

    /// The matrix with these rows.
    pub fn from_rows<const COLS: usize>(rows: &[[S; COLS]]) -> Self {
        Self::from_fn(rows.len(), COLS, |i, j| rows[i][j])
    }

    /// The (rows, cols) matrix whose columns stand one after the other in `data`.
    ///
    /// # Panics
    ///
    /// If `data` does not hold rows * cols numbers.
    pub fn from_columns(rows: usize, cols: usize, data: Vec<S>) -> Self {
        assert_eq!(data.len(), rows * cols, "a ({rows}, {cols}) matrix of other length");
        Matrix { rows, cols, data }
    }

    /// A (rows, cols) matrix of random entries in general position.
    pub fn random(rows: usize, cols: usize, stream: &mut Stream) -> Self {
        Self::from_fn(rows, cols, |_, _| S::random(stream))
    }

    /// Makes this a (rows, cols) matrix of whatever numbers, in the same memory if it is enough.
    pub(crate) fn reshape(&mut self, rows: usize, cols: usize) {
        (self.rows, self.cols) = (rows, cols);
        self.data.resize(rows * cols, S::ZERO);
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The first columns alone.
    pub(crate) fn truncated(mut self, cols: usize) -> Self {
        self.data.truncate(self.rows * cols);
        self.cols = self.cols.min(cols);
        self
    }

    /// All entries, column after column.
    pub fn data(&self) -> &[S] {
        &self.data
    }

    /// All entries, column after column, to change.
    pub fn data_mut(&mut self) -> &mut [S] {
        &mut self.data
    }

    /// Column `j`.
    pub fn column(&self, j: usize) -> &[S] {
        &self.data[j * self.rows..(j + 1) * self.rows]
    }

    /// Column `j`, to change.
    pub fn column_mut(&mut self, j: usize) -> &mut [S] {
        &mut self.data[j * self.rows..(j + 1) * self.rows]
    }

    /// The whole matrix, to read.
    pub fn view(&self) -> View<'_, S> {
        View::new(&self.data, self.rows, self.cols)
    }

    /// The transpose, to read; nothing is moved.
    pub fn t(&self) -> View<'_, S> {
        self.view().transpose()
    }

    /// Some neighbouring columns, to read.
    pub fn columns(&self, range: Range<usize>) -> View<'_, S> {
        let cols = range.len();
        View::new(&self.data[range.start * self.rows..range.end * self.rows], self.rows, cols)
    }

    /// The transpose as a matrix of its own.
    pub fn transposed(&self) -> Self {
        Self::from_fn(self.cols, self.rows, |i, j| self[(j, i)])
    }

    /// The product of two views, (a.rows, b.cols).
    pub fn product(a: View<'_, S>, b: View<'_, S>) -> Self {
        let mut out = Self::zeros(a.rows(), b.cols());
        S::gemm(&mut out.data, false, a, b);
        out
    }

    /// `self other`.
    pub fn times(&self, other: &Self) -> Self {
        Self::product(self.view(), other.view())
    }

    /// Adds `scale * other` in place.
    ///
    /// # Panics
    ///
    /// If the shapes differ.
    pub fn add_scaled(&mut self, scale: S, other: &Self) {
        assert_eq!((self.rows, self.cols), (other.rows, other.cols), "a sum of unequal shapes");
        for (entry, &other) in self.data.iter_mut().zip(&other.data) {
            *entry += scale * other;
        }
    }

    /// Multiplies every entry in place.
    pub fn scale(&mut self, scale: S) {
        for entry in &mut self.data {
            *entry *= scale;
        }
    }

    /// `self - other`.
    pub fn minus(&self, other: &Self) -> Self {
        let mut difference = self.clone();
        difference.add_scaled(-S::ONE, other);
        difference
    }

    /// The matrices side by side.
    ///
    /// # Panics
    ///
    /// If the numbers of rows differ.
    pub fn beside<'a>(rows: usize, parts: impl IntoIterator<Item = &'a Self>) -> Self {
        let parts: Vec<&Self> = parts.into_iter().collect();
        let mut joined = Self::zeros(rows, 0);
        joined.data.reserve_exact(parts.iter().map(|part| part.data.len()).sum());
        for part in parts {
            assert_eq!(part.rows, rows, "matrices of unequal height side by side");
            joined.data.extend_from_slice(&part.data);
            joined.cols += part.cols;
        }
        joined
    }

    /// The same entries in another arithmetic.
    pub fn map<R: Scalar>(&self, convert: impl Fn(S) -> R) -> Matrix<R> {
        let data = self.data.iter().map(|&entry| convert(entry)).collect();
        Matrix { rows: self.rows, cols: self.cols, data }
    }

    /// True if no entry is a NaN or an infinity.
    pub fn is_finite(&self) -> bool {
        self.data.iter().all(|entry| entry.is_finite())
    }

    /// The matrix divided by its norm; as it is in a field, and where that is zero or not finite.
    pub(crate) fn normalized(mut self) -> Self {
        if let Some(real) = S::ELEMENTARY {
            let norm = (real.sqrt)(self.inner_product(&self));
            if let Some(inverse) = norm.inverse().filter(|_| norm.is_finite()) {
                self.scale(inverse);
            }
        }
        self
    }

    /// The sum of the products of corresponding entries.
    pub fn inner_product(&self, other: &Self) -> S {
        assert_eq!((self.rows, self.cols), (other.rows, other.cols), "a pairing of unequal shapes");
        let mut sum = S::ZERO;
        for (&a, &b) in self.data.iter().zip(&other.data) {
            sum += a * b;
        }
        sum
    }

    /// The square root of the sum of squares as an f64; 0 where there are no real numbers.
    ///
    /// It is what noise floors are proportional to, so in a field, where there is no noise, zero
    /// is the right answer.
    pub fn norm(&self) -> f64 {
        let mut sum = 0.0;
        for entry in &self.data {
            sum += entry.size().powi(2);
        }
        sum.sqrt()
    }
}

impl Matrix<f64> {
    /// Matrices with as many rows side by side or, where they have very many columns, a square
    /// matrix of the same singular values and left singular vectors. They are taken one by one.
    ///
    /// # Panics
    ///
    /// If the numbers of rows differ.
    pub fn gathered(rows: usize, parts: impl IntoIterator<Item = Self>) -> Self {
        let (mut gathered, mut many) = (Self::zeros(rows, 0), false);
        for part in parts {
            assert_eq!(part.rows, rows, "matrices of unequal height side by side");
            gathered.data.extend_from_slice(&part.data);
            gathered.cols += part.cols;
            if gathered.cols >= tall_rows(rows) {
                gathered = qr::triangle(gathered.t()).transposed();
                many = true;
            }
        }
        if many && gathered.cols > rows {
            qr::triangle(gathered.t()).transposed()
        } else {
            gathered
        }
    }

    /// A (rows, cols) matrix of independent normal entries of mean zero and this deviation.
    pub fn normal(rows: usize, cols: usize, deviation: f64, stream: &mut Stream) -> Self {
        Self::from_fn(rows, cols, |_, _| deviation * stream.normal())
    }
}

impl<S> Index<(usize, usize)> for Matrix<S> {
    type Output = S;
    #[inline]
    fn index(&self, (i, j): (usize, usize)) -> &S {
        debug_assert!(i < self.rows, "row {i} of {}", self.rows);
        &self.data[i + j * self.rows]
    }
}

impl<S> IndexMut<(usize, usize)> for Matrix<S> {
    #[inline]
    fn index_mut(&mut self, (i, j): (usize, usize)) -> &mut S {
        debug_assert!(i < self.rows, "row {i} of {}", self.rows);
        &mut self.data[i + j * self.rows]
    }
}

impl<S: fmt::Debug> fmt::Debug for Matrix<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "({}, {}) matrix", self.rows, self.cols)?;
        for i in 0..self.rows {
            writeln!(f, "{:?}", (0..self.cols).map(|j| &self[(i, j)]).collect::<Vec<_>>())?;
        }
        Ok(())
    }
}
