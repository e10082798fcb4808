//! Recurrent weights, dense or never formed.

use crate::matrix::{Factors, Matrix, RankRevealing};
use crate::scalar::{AddProduct, Scalar, View};

/// An (N, N) matrix as the sum of a multiple of the identity, a dense matrix and a product of thin
/// factors, each present only where needed: a network of 100 000 neurons holds no dense part.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights<S> {
    size: usize,
    identity: S,
    dense: Option<Matrix<S>>,
    low_rank: Option<Factors<S>>,
}

impl<S: Scalar> Weights<S> {
    /// `identity` times the identity, kept without a dense part.
    pub fn scaled_identity(size: usize, identity: S) -> Self {
        Weights { size, identity, dense: None, low_rank: None }
    }

    /// A dense matrix.
    ///
    /// # Panics
    ///
    /// If it is not square.
    pub fn dense(matrix: Matrix<S>) -> Self {
        assert_eq!(matrix.rows(), matrix.cols(), "recurrent weights are square");
        Weights { size: matrix.rows(), identity: S::ZERO, dense: Some(matrix), low_rank: None }
    }

    /// `identity` times the identity plus a product of thin factors.
    ///
    /// # Panics
    ///
    /// If the product is not square.
    pub fn low_rank(identity: S, factors: Factors<S>) -> Self {
        assert_eq!(factors.left.rows(), factors.right.rows(), "recurrent weights are square");
        let size = factors.left.rows();
        Weights { size, identity, dense: None, low_rank: Some(factors) }
    }

    /// Number of neurons, N.
    pub fn size(&self) -> usize {
        self.size
    }

    /// True if the matrix is stored in full.
    pub fn is_dense(&self) -> bool {
        self.dense.is_some()
    }

    /// Prepares products `W x` with many x of few columns.
    pub fn multiplier(&self) -> Multiplier<'_, S> {
        let dense = self.dense.as_ref().map(|dense| S::left_factor(dense.view()));
        Multiplier { weights: self, transposed: false, dense }
    }

    /// Prepares products `W^T x` with many x of few columns.
    pub fn transposed_multiplier(&self) -> Multiplier<'_, S> {
        let dense = self.dense.as_ref().map(|dense| S::left_factor(dense.t()));
        Multiplier { weights: self, transposed: true, dense }
    }

    /// The whole matrix, (N, N).
    pub fn to_matrix(&self) -> Matrix<S> {
        let mut matrix = Matrix::scaled_identity(self.size, self.identity);
        if let Some(dense) = &self.dense {
            matrix.add_scaled(S::ONE, dense);
        }
        if let Some(factors) = &self.low_rank {
            matrix.add_scaled(S::ONE, &factors.to_matrix());
        }
        matrix
    }

    /// The entries of a matrix that is stored in full and nothing else; none otherwise.
    pub(super) fn dense_entries_mut(&mut self) -> &mut [S] {
        match &mut self.dense {
            Some(dense) => dense.data_mut(),
            None => &mut [],
        }
    }

    /// The same matrix, stored in full.
    pub fn into_dense(self) -> Self {
        if self.is_dense() && self.low_rank.is_none() && self.identity == S::ZERO {
            return self;
        }
        Weights::dense(self.to_matrix())
    }

    /// The transpose.
    pub fn transposed(&self) -> Self {
        Weights {
            size: self.size,
            identity: self.identity,
            dense: self.dense.as_ref().map(Matrix::transposed),
            low_rank: self.low_rank.clone().map(Factors::transposed),
        }
    }

    /// Multiplies by a number in place.
    pub fn scale(&mut self, scale: S) {
        self.identity *= scale;
        if let Some(dense) = &mut self.dense {
            dense.scale(scale);
        }
        if let Some(factors) = &mut self.low_rank {
            factors.left.scale(scale);
        }
    }

    /// Adds `scale * other` in place: into the dense part where there is one, else the factors
    /// grow.
    pub fn add_scaled(&mut self, scale: S, other: &Self) {
        match (&mut self.dense, &other.dense) {
            (Some(dense), Some(other)) => dense.add_scaled(scale, other),
            (None, Some(other)) => {
                let mut dense = other.clone();
                dense.scale(scale);
                self.dense = Some(dense);
            }
            (_, None) => {}
        }
        if let Some(factors) = &other.low_rank {
            self.add_factors(scale, factors);
        }
        self.add_identity(scale * other.identity);
    }

    fn add_factors(&mut self, scale: S, factors: &Factors<S>) {
        if let Some(dense) = &mut self.dense {
            dense.add_scaled(scale, &factors.to_matrix());
            return;
        }
        match &mut self.low_rank {
            Some(own) => own.append(scale, factors),
            None => {
                let mut own = factors.clone();
                own.left.scale(scale);
                self.low_rank = Some(own);
            }
        }
    }

    fn add_identity(&mut self, scale: S) {
        match &mut self.dense {
            Some(dense) if scale != S::ZERO => (0..self.size).for_each(|i| dense[(i, i)] += scale),
            Some(_) => {}
            None => self.identity += scale,
        }
    }

    /// The sum of the squares of all entries, without forming the matrix.
    pub fn norm_squared(&self) -> S {
        let identity = || Self::scaled_identity(self.size, S::ONE);
        let mut sum = self.identity * self.identity * S::from_integer(self.size as i64);
        if let Some(dense) = &self.dense {
            sum += dense.inner_product(dense);
            if self.identity != S::ZERO {
                let cross = self.identity * (0..self.size).fold(S::ZERO, |t, i| t + dense[(i, i)]);
                sum += cross + cross;
            }
        }
        if let Some(Factors { left, right }) = &self.low_rank {
            // <L R^T, A> = <L, A R> for each part A, counted once with itself and twice across.
            let with = |part: &Self| {
                let mut image = Matrix::zeros(self.size, right.cols());
                part.multiplier().add_product(right.data(), image.data_mut());
                left.inner_product(&image)
            };
            let itself = Weights { identity: S::ZERO, dense: None, ..self.clone() };
            sum += with(&itself);
            if self.identity != S::ZERO {
                let cross = self.identity * with(&identity());
                sum += cross + cross;
            }
            if let Some(dense) = &self.dense {
                let cross = with(&Weights::dense(dense.clone()));
                sum += cross + cross;
            }
        }
        sum
    }

    /// True if no entry is a NaN or an infinity.
    pub fn is_finite(&self) -> bool {
        self.identity.is_finite()
            && self.dense.as_ref().is_none_or(Matrix::is_finite)
            && self.low_rank.as_ref().is_none_or(|f| f.left.is_finite() && f.right.is_finite())
    }

    /// The same matrix in another arithmetic.
    pub fn map<R: Scalar>(&self, convert: impl Fn(S) -> R) -> Weights<R> {
        Weights {
            size: self.size,
            identity: convert(self.identity),
            dense: self.dense.as_ref().map(|dense| dense.map(&convert)),
            low_rank: self
                .low_rank
                .as_ref()
                .map(|f| Factors::new(f.left.map(&convert), f.right.map(&convert))),
        }
    }
}

/// Weights or their transpose, ready to be multiplied by.
pub struct Multiplier<'a, S> {
    weights: &'a Weights<S>,
    transposed: bool,
    dense: Option<AddProduct<'a, S>>,
}

impl<S: Scalar> Multiplier<'_, S> {
    /// Adds the product with `x` to `out`, both (N, k) and column-major.
    pub fn add_product(&self, x: &[S], out: &mut [S]) {
        if let Some(dense) = &self.dense {
            dense(x, out);
        }
        let Weights { size, identity, low_rank, .. } = self.weights;
        if let Some(factors) = low_rank {
            let x = View::new(x, *size, x.len() / size);
            match self.transposed {
                true => factors.apply_transposed(x, out),
                false => factors.apply(x, out),
            }
        }
        if *identity != S::ZERO {
            out.iter_mut().zip(x).for_each(|(out, &x)| *out += *identity * x);
        }
    }
}

impl<S: RankRevealing> Weights<S> {
    /// Makes the factors no wider than their rank; see [`Factors::compressed`].
    pub fn compress(&mut self) {
        if let Some(factors) = &mut self.low_rank {
            *factors = factors.compressed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::{Fp, Stream};

    /// Every way of storing a sum is the same matrix.
    #[test]
    fn every_storage_agrees_with_the_dense_one() {
        let mut stream = Stream::new("weights", 0, 0);
        let n = 5;
        let mut factors =
            || Factors::new(Matrix::random(n, 2, &mut stream), Matrix::random(n, 2, &mut stream));
        let (first, second) = (factors(), factors());
        let two = Fp::from_integer(2);
        let parts = [
            Weights::scaled_identity(n, two),
            Weights::low_rank(Fp::ONE, first.clone()),
            Weights::dense(second.to_matrix()),
        ];
        let x = Matrix::random(n, 3, &mut Stream::new("weights", 1, 0));
        for a in &parts {
            for b in &parts {
                let mut sum = a.clone();
                sum.add_scaled(two, b);
                let mut expected = a.to_matrix();
                expected.add_scaled(two, &b.to_matrix());
                assert_eq!(sum.to_matrix(), expected);
                assert_eq!(sum.clone().into_dense().to_matrix(), expected);
                assert_eq!(sum.norm_squared(), expected.inner_product(&expected));
                assert_eq!(sum.transposed().to_matrix(), expected.transposed());
                let mut applied = Matrix::zeros(n, 3);
                sum.multiplier().add_product(x.data(), applied.data_mut());
                assert_eq!(applied, expected.times(&x));
                let mut applied = Matrix::zeros(n, 3);
                sum.transposed_multiplier().add_product(x.data(), applied.data_mut());
                assert_eq!(applied, expected.transposed().times(&x));
                sum.compress();
                assert_eq!(sum.to_matrix(), expected);
            }
        }
    }
}
