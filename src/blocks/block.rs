//! One parameter matrix, dense or never formed.

use crate::matrix::{Factors, Matrix, RankRevealing};
use crate::scalar::{AddProduct, Scalar, View};

/// A matrix of parameters, or of their gradient. A network of 100 000 neurons holds no dense one.
///
/// # Examples
///
/// ```
/// use rankproof::blocks::Block;
/// use rankproof::matrix::{Factors, Matrix};
///
/// let mut block = Block::scaled_identity(2, 3.0);
/// let ones = Matrix::from_rows(&[[1.0], [1.0]]);
/// block.add_scaled(2.0, &Block::from(Factors::new(ones.clone(), ones)));
/// assert_eq!(block.to_matrix(), Matrix::from_rows(&[[5.0, 2.0], [2.0, 5.0]]));
/// assert!(block.dense().is_none());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Block<S> {
    /// Stored in full, (m, n).
    Dense(Matrix<S>),
    /// `identity` times the identity plus `left right^T`, (m, n).
    Factored {
        /// What the identity is multiplied by; zero unless the matrix is square.
        identity: S,
        /// left (m, r) and right (n, r); of width 0 where there is nothing but the identity.
        factors: Factors<S>,
    },
}

impl<S> From<Matrix<S>> for Block<S> {
    fn from(matrix: Matrix<S>) -> Self {
        Block::Dense(matrix)
    }
}

impl<S: Scalar> From<Factors<S>> for Block<S> {
    fn from(factors: Factors<S>) -> Self {
        Block::Factored { identity: S::ZERO, factors }
    }
}

impl<S: Scalar> Block<S> {
    /// `identity` times the identity, (size, size), not stored in full.
    pub fn scaled_identity(size: usize, identity: S) -> Self {
        Block::Factored { identity, factors: no_factors(size, size) }
    }

    /// The (rows, cols) zero matrix, not stored in full.
    pub fn zero(rows: usize, cols: usize) -> Self {
        Block::Factored { identity: S::ZERO, factors: no_factors(rows, cols) }
    }

    /// `identity` times the identity plus a product of thin factors, not stored in full.
    ///
    /// # Panics
    ///
    /// If the product is not square.
    pub fn low_rank(identity: S, factors: Factors<S>) -> Self {
        assert_eq!(factors.left.rows(), factors.right.rows(), "a square matrix");
        Block::Factored { identity, factors }
    }

    /// Numbers of rows and of columns.
    pub fn shape(&self) -> (usize, usize) {
        match self {
            Block::Dense(matrix) => (matrix.rows(), matrix.cols()),
            Block::Factored { factors, .. } => (factors.left.rows(), factors.right.rows()),
        }
    }

    /// The matrix, if it is stored in full.
    pub fn dense(&self) -> Option<&Matrix<S>> {
        match self {
            Block::Dense(matrix) => Some(matrix),
            Block::Factored { .. } => None,
        }
    }

    /// The factors, if the matrix is a product of thin ones and nothing else.
    pub fn factors(&self) -> Option<&Factors<S>> {
        match self {
            Block::Factored { identity, factors } if *identity == S::ZERO => Some(factors),
            _ => None,
        }
    }

    /// What the identity is multiplied by where the matrix is not stored in full; else zero.
    pub fn identity(&self) -> S {
        match self {
            Block::Dense(_) => S::ZERO,
            Block::Factored { identity, .. } => *identity,
        }
    }

    /// The whole matrix.
    pub fn to_matrix(&self) -> Matrix<S> {
        match self {
            Block::Dense(matrix) => matrix.clone(),
            Block::Factored { identity, factors } => {
                let mut matrix = product(factors);
                add_identity(&mut matrix, *identity);
                matrix
            }
        }
    }

    /// The same matrix, stored in full.
    pub fn into_dense(self) -> Self {
        match self {
            Block::Dense(_) => self,
            Block::Factored { .. } => Block::Dense(self.to_matrix()),
        }
    }

    /// Prepares products `A x` with many x of few columns.
    pub fn multiplier(&self) -> Multiplier<'_, S> {
        match self {
            Block::Dense(matrix) => Multiplier::Dense(S::left_factor(matrix.view())),
            Block::Factored { identity, factors } => {
                Multiplier::Factored { identity: *identity, factors, transposed: false }
            }
        }
    }

    /// Prepares products `A^T x` with many x of few columns.
    pub fn transposed_multiplier(&self) -> Multiplier<'_, S> {
        match self {
            Block::Dense(matrix) => Multiplier::Dense(S::left_factor(matrix.t())),
            Block::Factored { identity, factors } => {
                Multiplier::Factored { identity: *identity, factors, transposed: true }
            }
        }
    }

    /// The transpose.
    pub fn transposed(&self) -> Self {
        match self {
            Block::Dense(matrix) => Block::Dense(matrix.transposed()),
            Block::Factored { identity, factors } => {
                Block::Factored { identity: *identity, factors: factors.clone().transposed() }
            }
        }
    }

    /// Some of the columns in this order, stored in full.
    ///
    /// # Panics
    ///
    /// If one of them is not there.
    pub fn select_columns(&self, columns: &[usize]) -> Self {
        let matrix = self.to_matrix();
        Matrix::from_fn(matrix.rows(), columns.len(), |i, j| matrix[(i, columns[j])]).into()
    }

    /// The entries of a matrix that is stored in full, column by column; none otherwise.
    pub(crate) fn entries_mut(&mut self) -> &mut [S] {
        match self {
            Block::Dense(matrix) => matrix.data_mut(),
            Block::Factored { .. } => &mut [],
        }
    }

    /// Multiplies by a number in place.
    pub fn scale(&mut self, scale: S) {
        match self {
            Block::Dense(matrix) => matrix.scale(scale),
            Block::Factored { identity, factors } => {
                *identity *= scale;
                factors.left.scale(scale);
            }
        }
    }

    /// Adds `scale * other` in place. A sum with a dense matrix is dense; factors grow wider.
    ///
    /// # Panics
    ///
    /// If the shapes differ.
    pub fn add_scaled(&mut self, scale: S, other: &Self) {
        assert_eq!(self.shape(), other.shape(), "a sum of unequal shapes");
        match (&mut *self, other) {
            (Block::Dense(own), Block::Dense(other)) => own.add_scaled(scale, other),
            (Block::Dense(own), Block::Factored { identity, factors }) => {
                if factors.width() > 0 {
                    own.add_scaled(scale, &factors.to_matrix());
                }
                add_identity(own, with_identity(*identity, || scale));
            }
            (
                Block::Factored { identity, factors },
                Block::Factored { identity: other_identity, factors: other },
            ) => {
                *identity += scale * *other_identity;
                factors.append(scale, other);
            }
            (Block::Factored { .. }, Block::Dense(other)) => {
                let mut sum = self.to_matrix();
                sum.add_scaled(scale, other);
                *self = Block::Dense(sum);
            }
        }
    }

    /// The sum of the products of corresponding entries; no matrix is formed.
    ///
    /// # Panics
    ///
    /// If the shapes differ.
    pub fn inner_product(&self, other: &Self) -> S {
        assert_eq!(self.shape(), other.shape(), "a pairing of unequal shapes");
        match (self, other) {
            (Block::Dense(a), Block::Dense(b)) => a.inner_product(b),
            (Block::Dense(dense), Block::Factored { identity, factors })
            | (Block::Factored { identity, factors }, Block::Dense(dense)) => {
                with_identity(*identity, || trace(dense)) + dense_with_factors(dense, factors)
            }
            (
                Block::Factored { identity: a, factors: f },
                Block::Factored { identity: b, factors: g },
            ) => {
                let size = || S::from_integer(self.shape().0 as i64);
                let across = with_identity(*a, || g.left.inner_product(&g.right))
                    + with_identity(*b, || f.left.inner_product(&f.right));
                with_identity(*a * *b, size) + factors_with_factors(f, g) + across
            }
        }
    }

    /// The sum of the squares of all entries; no matrix is formed.
    pub fn norm_squared(&self) -> S {
        self.inner_product(self)
    }

    /// True if no entry is a NaN or an infinity.
    pub fn is_finite(&self) -> bool {
        match self {
            Block::Dense(matrix) => matrix.is_finite(),
            Block::Factored { identity, factors } => {
                identity.is_finite() && factors.left.is_finite() && factors.right.is_finite()
            }
        }
    }

    /// The same matrix in another arithmetic.
    pub fn map<R: Scalar>(&self, convert: impl Fn(S) -> R) -> Block<R> {
        match self {
            Block::Dense(matrix) => Block::Dense(matrix.map(convert)),
            Block::Factored { identity, factors } => Block::Factored {
                identity: convert(*identity),
                factors: Factors::new(factors.left.map(&convert), factors.right.map(&convert)),
            },
        }
    }
}

impl<S: RankRevealing> Block<S> {
    /// Makes factors no wider than their rank; see [`Factors::compressed`].
    pub fn compress(&mut self) {
        if let Block::Factored { factors, .. } = self
            && factors.width() > 0
        {
            *factors = factors.compressed();
        }
    }
}

/// A block or its transpose, ready to be multiplied by.
pub enum Multiplier<'a, S> {
    /// Stored in full, and laid out for products.
    Dense(AddProduct<'a, S>),
    /// Never formed.
    Factored {
        /// What the identity is multiplied by.
        identity: S,
        /// The product of thin factors.
        factors: &'a Factors<S>,
        /// True of the transpose.
        transposed: bool,
    },
}

impl<S: Scalar> Multiplier<'_, S> {
    /// Adds the product of the (m, n) matrix with `x` (n, k) to `out` (m, k), both column-major.
    pub fn add_product(&self, x: &[S], out: &mut [S]) {
        match self {
            Multiplier::Dense(add_product) => add_product(x, out),
            Multiplier::Factored { identity, factors, transposed } => {
                let inner = if *transposed { &factors.left } else { &factors.right };
                if factors.width() > 0 && !x.is_empty() {
                    let x = View::new(x, inner.rows(), x.len() / inner.rows());
                    if *transposed {
                        factors.apply_transposed(x, out)
                    } else {
                        factors.apply(x, out)
                    }
                }
                if *identity != S::ZERO {
                    for (out, &x) in out.iter_mut().zip(x) {
                        *out += *identity * x;
                    }
                }
            }
        }
    }
}

fn no_factors<S: Scalar>(rows: usize, cols: usize) -> Factors<S> {
    Factors::new(Matrix::zeros(rows, 0), Matrix::zeros(cols, 0))
}

/// `left right^T`, also of width 0.
fn product<S: Scalar>(factors: &Factors<S>) -> Matrix<S> {
    match factors.width() {
        0 => Matrix::zeros(factors.left.rows(), factors.right.rows()),
        _ => factors.to_matrix(),
    }
}

fn add_identity<S: Scalar>(matrix: &mut Matrix<S>, scale: S) {
    if scale != S::ZERO {
        for i in 0..matrix.rows() {
            matrix[(i, i)] += scale;
        }
    }
}

/// `identity * value`, and no look at a value that a matrix without identity may not have.
fn with_identity<S: Scalar>(identity: S, value: impl FnOnce() -> S) -> S {
    if identity == S::ZERO { S::ZERO } else { identity * value() }
}

fn trace<S: Scalar>(matrix: &Matrix<S>) -> S {
    (0..matrix.rows()).fold(S::ZERO, |sum, i| sum + matrix[(i, i)])
}

/// <D, L R^T> = <L, D R>.
fn dense_with_factors<S: Scalar>(dense: &Matrix<S>, factors: &Factors<S>) -> S {
    match factors.width() {
        0 => S::ZERO,
        _ => factors.left.inner_product(&dense.times(&factors.right)),
    }
}

/// <L R^T, L' R'^T> = <L, L' (R'^T R)>.
fn factors_with_factors<S: Scalar>(f: &Factors<S>, g: &Factors<S>) -> S {
    if f.width() == 0 || g.width() == 0 {
        return S::ZERO;
    }
    let mut image = Matrix::zeros(f.left.rows(), f.width());
    g.apply(f.right.view(), image.data_mut());
    f.left.inner_product(&image)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::{Fp, Stream};

    fn all(rows: usize, cols: usize, stream: &mut Stream) -> Vec<Block<Fp>> {
        let mut random = |rows, cols| Matrix::random(rows, cols, stream);
        let mut factors = |width| Factors::new(random(rows, width), random(cols, width));
        let mut blocks = vec![
            Block::zero(rows, cols),
            Block::from(factors(1)),
            Block::from(factors(7)),
            Block::from(factors(2).to_matrix()),
        ];
        if rows == cols {
            blocks.push(Block::scaled_identity(rows, Fp::from_integer(-3)));
            blocks.push(Block::low_rank(Fp::from_integer(5), factors(2)));
        }
        blocks
    }

    /// Every way of storing a matrix is the same vector space and the same linear map.
    #[test]
    fn every_storage_agrees_with_the_dense_one() {
        let mut stream = Stream::new("block", 0, 0);
        let two = Fp::from_integer(2);
        for (rows, cols) in [(1, 1), (4, 4), (2, 5), (5, 2)] {
            let x = Matrix::random(cols, 3, &mut stream);
            let y = Matrix::random(rows, 3, &mut stream);
            let blocks = all(rows, cols, &mut stream);
            for a in &blocks {
                for b in &blocks {
                    let mut sum = a.clone();
                    sum.add_scaled(two, b);
                    let mut expected = a.to_matrix();
                    expected.add_scaled(two, &b.to_matrix());
                    assert_eq!(sum.to_matrix(), expected);
                    assert_eq!(sum.clone().into_dense(), Block::Dense(expected.clone()));
                    let pairing = a.to_matrix().inner_product(&b.to_matrix());
                    assert_eq!(a.inner_product(b), pairing);
                    let mut image = Matrix::zeros(rows, 3);
                    sum.multiplier().add_product(x.data(), image.data_mut());
                    assert_eq!(image, expected.times(&x));
                    let mut image = Matrix::zeros(cols, 3);
                    sum.transposed_multiplier().add_product(y.data(), image.data_mut());
                    assert_eq!(image, expected.transposed().times(&y));
                    assert_eq!(sum.norm_squared(), expected.inner_product(&expected));
                    assert_eq!(sum.transposed().to_matrix(), expected.transposed());
                    sum.scale(two);
                    expected.scale(two);
                    sum.compress();
                    assert_eq!(sum.to_matrix(), expected);
                }
            }
        }
    }

    #[test]
    fn a_sum_of_factors_is_not_stored_in_full() {
        let mut stream = Stream::new("block", 1, 0);
        let [_, one, seven, dense, ..] = &all(3, 4, &mut stream)[..] else { unreachable!() };
        let mut sum = one.clone();
        sum.add_scaled(Fp::ONE, seven);
        assert_eq!(sum.factors().map(Factors::width), Some(8));
        sum.add_scaled(Fp::ONE, dense);
        assert!(sum.dense().is_some());
    }

    #[test]
    #[should_panic(expected = "a sum of unequal shapes")]
    fn a_sum_of_unequal_shapes_is_refused() {
        Block::<Fp>::zero(2, 3).add_scaled(Fp::ONE, &Block::zero(3, 2));
    }
}
