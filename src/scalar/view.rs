//! A borrowed matrix: what products read.

/// A borrowed dense matrix, column-major or the transpose of one.
///
/// # Examples
///
/// ```
/// use rankproof::scalar::View;
///
/// let data = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
/// let a = View::new(&data, 2, 3);
/// assert_eq!(a.at(1, 2), 6.0);
/// assert_eq!(a.transpose().at(2, 1), 6.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct View<'a, S> {
    data: &'a [S],
    rows: usize,
    cols: usize,
    transposed: bool,
}

impl<'a, S: Copy> View<'a, S> {
    /// The (rows, cols) matrix whose columns stand one after the other in `data`.
    ///
    /// # Panics
    ///
    /// If `data` does not hold rows * cols numbers.
    #[inline]
    pub fn new(data: &'a [S], rows: usize, cols: usize) -> Self {
        assert_eq!(data.len(), rows * cols, "a ({rows}, {cols}) matrix of other length");
        View { data, rows, cols, transposed: false }
    }

    /// Number of rows.
    #[inline]
    pub fn rows(&self) -> usize {
        if self.transposed { self.cols } else { self.rows }
    }

    /// Number of columns.
    #[inline]
    pub fn cols(&self) -> usize {
        if self.transposed { self.rows } else { self.cols }
    }

    /// The same numbers with rows and columns exchanged; nothing is moved.
    #[inline]
    pub fn transpose(mut self) -> Self {
        self.transposed = !self.transposed;
        self
    }

    /// The entry in row `i` and column `j`.
    ///
    /// # Panics
    ///
    /// If the entry lies outside the matrix.
    #[inline]
    pub fn at(&self, i: usize, j: usize) -> S {
        let (i, j) = if self.transposed { (j, i) } else { (i, j) };
        self.data[i + j * self.rows]
    }

    /// True if rows are contiguous instead of columns.
    #[inline]
    pub fn is_transposed(&self) -> bool {
        self.transposed
    }

    /// The numbers as they lie in memory: column after column, or row after row if
    /// [transposed](View::is_transposed).
    #[inline]
    pub fn data(&self) -> &'a [S] {
        self.data
    }
}

/// Panics unless `out` can hold the product of `a` and `b`.
pub(super) fn assert_product_shapes<S: Copy>(out: usize, a: View<'_, S>, b: View<'_, S>) {
    assert_eq!(
        a.cols(),
        b.rows(),
        "a product of ({}, {}) by ({}, {})",
        a.rows(),
        a.cols(),
        b.rows(),
        b.cols()
    );
    assert_eq!(out, a.rows() * b.cols(), "a product written to a buffer of other length");
}
