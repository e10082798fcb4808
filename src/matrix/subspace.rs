//! Linear subspaces: sums, containment, principal angles.

use super::{Matrix, Rank, RankRevealing, SingularValues};

/// A subspace of the space of N-vectors, held by a basis (orthonormal in floating point).
///
/// # Examples
///
/// ```
/// use rankproof::matrix::{Matrix, Subspace};
/// use rankproof::scalar::{Fp, Scalar};
///
/// let one = Fp::ONE;
/// let plane = Subspace::spanned_by(3, [&Matrix::from_rows(&[[one, one], [one, -one], [Fp::ZERO; 2]])]).unwrap();
/// let line = Matrix::from_rows(&[[one], [one + one], [Fp::ZERO]]);
/// assert_eq!(plane.dimension(), 2);
/// assert_eq!(plane.excess(&line, 0.0).known(), Some(0));
/// ```
#[derive(Clone, Debug)]
pub struct Subspace<S> {
    basis: Matrix<S>,
}

impl<S: RankRevealing> Subspace<S> {
    /// The sum of the column spaces of matrices with `ambient` rows; `None` when its dimension is
    /// inconclusive in floating point.
    pub fn spanned_by<'a>(
        ambient: usize,
        generators: impl IntoIterator<Item = &'a Matrix<S>>,
    ) -> Option<Self> {
        let basis = S::column_basis(&Matrix::beside(ambient, generators), 0.0)?;
        Some(Subspace { basis })
    }

    /// Its dimension.
    pub fn dimension(&self) -> usize {
        self.basis.cols()
    }

    /// A basis, (N, dimension).
    pub fn basis(&self) -> &Matrix<S> {
        &self.basis
    }

    /// The smallest space that contains both; `None` when its dimension is inconclusive.
    pub fn sum(&self, other: &Self) -> Option<Self> {
        Self::spanned_by(self.basis.rows(), [&self.basis, &other.basis])
    }

    /// How many dimensions the columns of `matrix` add to the space: 0 if they lie inside.
    ///
    /// `noise` is the largest singular value that rounding errors in `matrix` can have.
    pub fn excess(&self, matrix: &Matrix<S>, noise: f64) -> Rank {
        // Projecting rounds as well, in proportion to the whole matrix and not to what is left.
        let own = S::ROUNDING * matrix.rows().max(matrix.cols()) as f64 * matrix.norm();
        S::rank(&S::outside(&self.basis, matrix), noise.max(own))
    }

    /// How much of a square matrix D lies outside: ||D - P D P|| and ||Q D Q|| in the Frobenius
    /// norm, with P the projection on the space and Q = 1 - P; zero in a field, which has no norms.
    pub fn norms_outside(&self, matrix: &Matrix<S>) -> [f64; 2] {
        let beyond = |matrix: &Matrix<S>| S::outside(&self.basis, matrix);
        // Q D, then Q D Q and P D Q by their transposes.
        let left = beyond(matrix);
        let both = beyond(&left.transposed()).norm();
        let right = beyond(&matrix.minus(&left).transposed()).norm();
        [left.norm().hypot(right), both]
    }
}

/// The principal angles between two subspaces in radians, ascending, min(dim a, dim b) of them.
///
/// From cosines where those are accurate and from sines where the angle is small (Björck and
/// Golub 1973).
pub fn principal_angles<S>(a: &Subspace<S>, b: &Subspace<S>) -> Vec<f64>
where
    S: RankRevealing + SingularValues,
{
    let (large, small) = if a.dimension() < b.dimension() { (b, a) } else { (a, b) };
    let cosines = S::singular_values(&Matrix::product(large.basis.t(), small.basis.view()));
    let sines = S::singular_values(&S::outside(&large.basis, &small.basis));
    (0..small.dimension()).map(|k| sines[small.dimension() - 1 - k].atan2(cosines[k])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::{DoubleDouble, Fp, Stream};

    fn sums_and_containment<S: RankRevealing>() {
        let mut stream = Stream::new("subspace", 0, 0);
        let (a, b) = (Matrix::<S>::random(9, 3, &mut stream), Matrix::random(9, 2, &mut stream));
        let space = Subspace::spanned_by(9, [&a]).expect("clear");
        let other = Subspace::spanned_by(9, [&b, &a]).expect("clear");
        assert_eq!((space.dimension(), other.dimension()), (3, 5));
        assert_eq!(space.sum(&other).expect("clear").dimension(), 5);
        assert_eq!(other.excess(&a, 0.0).known(), Some(0));
        assert_eq!(space.excess(&b, 0.0).known(), Some(2));
        let inside = a.times(&Matrix::random(3, 20, &mut stream));
        assert_eq!(space.excess(&inside, 0.0).known(), Some(0));
        let nothing = Subspace::<S>::spanned_by(9, []).expect("clear");
        assert_eq!((nothing.dimension(), nothing.excess(&a, 0.0).known()), (0, Some(3)));
    }

    #[test]
    fn sums_and_containment_in_every_arithmetic() {
        sums_and_containment::<Fp>();
        sums_and_containment::<f64>();
        sums_and_containment::<f32>();
        sums_and_containment::<DoubleDouble>();
    }

    #[test]
    fn a_matrix_is_split_in_what_is_inside_and_outside() {
        let plane = Matrix::from_rows(&[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]);
        let space = Subspace::spanned_by(3, [&plane]).expect("clear");
        let matrix = Matrix::from_rows(&[[9.0, 9.0, 2.0], [9.0, 9.0, 3.0], [6.0, 0.0, 4.0]]);
        let [outside, both] = space.norms_outside(&matrix);
        let expected = (4.0 + 9.0 + 36.0 + 16.0_f64).sqrt();
        assert!((outside - expected).abs() < 1e-14 && (both - 4.0).abs() < 1e-14);
    }

    #[test]
    fn angles_are_accurate_large_and_small() {
        for angle in [0.0, 1e-12, 1e-5, 0.3, 1.2, std::f64::consts::FRAC_PI_2] {
            let a = Matrix::from_rows(&[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]]);
            let b = Matrix::from_rows(&[[angle.cos()], [0.0], [angle.sin()], [0.0]]);
            let (a, b) = (Subspace::spanned_by(4, [&a]), Subspace::spanned_by(4, [&b]));
            let found = principal_angles(&a.expect("clear"), &b.expect("clear"));
            assert_eq!(found.len(), 1);
            assert!((found[0] - angle).abs() < 1e-15, "{found:?} {angle}");
        }
    }
}
