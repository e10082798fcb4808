//! Compression: a tensor in orthonormal bases of its three modes, of as few dimensions as matter.
//!
//! 1. L. De Lathauwer, B. De Moor and J. Vandewalle, "A multilinear singular value decomposition",
//!    SIAM J. Matrix Anal. Appl. 21 (2000).
//! 2. N. Halko, P. G. Martinsson and J. A. Tropp, "Finding structure with randomness", SIAM Review
//!    53 (2011): the bases of long modes.

use super::model::{Factors, random, sum};
use crate::matrix::{Matrix, RankRevealing, SingularValues};
use crate::scalar::Stream;
use crate::tensor::{Dense, Tensor};

/// A tensor of which a CP decomposition can be computed: [`Dense`], or [`Tensor`] in factors.
pub trait Compress {
    /// (rows, cols, depth).
    fn dimensions(&self) -> [usize; 3];

    /// The tensor in orthonormal bases of at most `width` dimensions for each mode.
    fn compressed(&self, width: usize, stream: &Stream) -> Compressed;
}

/// A core in orthonormal bases of the three modes.
#[derive(Clone, Debug)]
pub struct Compressed {
    /// The core, its entries the coordinates. Indices of a mode go from large to small norms.
    pub core: Dense,
    /// The bases, (rows, r), (cols, s) and (depth, t).
    pub bases: [Matrix<f64>; 3],
    /// The norm of the tensor.
    pub norm: f64,
    /// The norm of what is not in the core.
    pub lost: f64,
}

impl Compressed {
    /// A small tensor in as many principal directions of each mode as are asked for.
    pub(in crate::tensor) fn principal(tensor: &Dense, dimensions: [usize; 3]) -> Self {
        let bases: [Matrix<f64>; 3] =
            std::array::from_fn(|mode| principal(&tensor.unfolding(mode), dimensions[mode]).0);
        let core = (0..3).fold(tensor.clone(), |core, mode| core.contracted(mode, &bases[mode]));
        let lost = distance(tensor, &core, &bases);
        Compressed { core, bases, norm: tensor.norm(), lost }
    }

    /// Factors of the core as factors of the tensor.
    pub(super) fn expanded(&self, factors: &Factors) -> Factors {
        let mut pairs = self.bases.iter().zip(factors);
        std::array::from_fn(|_| {
            let (basis, factor) = pairs.next().expect("three modes");
            basis.times(factor)
        })
    }

    /// Factors of the tensor in the bases of the core.
    pub(super) fn projected(&self, factors: &Factors) -> Factors {
        let mut pairs = self.bases.iter().zip(factors);
        std::array::from_fn(|_| {
            let (basis, factor) = pairs.next().expect("three modes");
            Matrix::product(basis.t(), factor.view())
        })
    }

    /// The relative distance from the tensor of a sum with this squared distance from the core.
    pub(super) fn relative_error(&self, value: f64) -> f64 {
        if self.norm == 0.0 { 0.0 } else { self.lost.hypot(value.sqrt()) / self.norm }
    }
}

impl Compress for Dense {
    fn dimensions(&self) -> [usize; 3] {
        self.shape()
    }

    fn compressed(&self, width: usize, stream: &Stream) -> Compressed {
        let norm = self.norm();
        let mut core = std::borrow::Cow::Borrowed(self);
        let mut ranges = [const { None }; 3];
        let mut kept = norm;
        // The last mode first: its unfolding lies as it is in memory.
        for mode in [2, 1, 0] {
            if core.shape()[mode] > width {
                let (basis, projected) = range(&core, mode, width, kept, stream);
                (ranges[mode], core) = (Some(basis), std::borrow::Cow::Owned(projected));
                kept = core.norm();
            }
        }
        let mut core = core.into_owned();
        let mut projected = core.shape() != self.shape();
        let bases = std::array::from_fn(|mode| {
            let (rotation, all) = principal(&core.unfolding(mode), width);
            core = core.contracted(mode, &rotation);
            projected |= !all;
            match &ranges[mode] {
                Some(range) => range.times(&rotation),
                None => rotation,
            }
        });
        let lost = if projected { distance(self, &core, &bases) } else { 0.0 };
        Compressed { core, bases, norm, lost }
    }
}

impl Compress for Tensor<f64> {
    fn dimensions(&self) -> [usize; 3] {
        let (rows, cols, depth) = self.shape();
        [rows, cols, depth]
    }

    /// By way of the factors: no slice is formed.
    fn compressed(&self, width: usize, stream: &Stream) -> Compressed {
        let reduced = self.reduced();
        let mut compressed = Dense::from(&reduced).compressed(width, stream);
        compressed.bases[0] = reduced.left.times(&compressed.bases[0]);
        compressed.bases[1] = reduced.right.times(&compressed.bases[1]);
        compressed
    }
}

/// What is left outside the range of a sketch, as a share of the squared norm, for which the
/// range is improved by another round.
const OUTSIDE: f64 = 1e-13;

/// The rounds at most.
const ROUNDS: usize = 3;

/// An orthonormal basis (n, width) that holds most of a mode, and the tensor, of this norm, in it:
/// the range of a product with a random tensor, improved by subspace iteration if it leaves a
/// noticeable rest.
fn range(
    tensor: &Dense,
    mode: usize,
    width: usize,
    norm: f64,
    stream: &Stream,
) -> (Matrix<f64>, Dense) {
    let mut shape = tensor.shape();
    shape[mode] = width;
    let mut stream = stream.named("sketch").named(["rows", "columns", "depth"][mode]);
    // Term r of the random tensor stands at index r of the mode.
    let mut terms = random(shape, width, &mut stream);
    terms[mode] = Matrix::scaled_identity(width, 1.0);
    let mut sketch = tensor.paired(mode, &sum(&terms));
    let total = norm.powi(2);
    for round in 1.. {
        let (basis, _) = f64::factor(&sketch);
        let projected = tensor.contracted(mode, &basis);
        let outside = total - projected.norm().powi(2);
        if outside <= OUTSIDE * total || round == ROUNDS {
            return (basis, projected);
        }
        sketch = tensor.paired(mode, &projected);
    }
    unreachable!("the last round returns")
}

/// Left singular vectors of an unfolding, at most `width` of them and none below rounding, and
/// whether they are as many as it has rows.
fn principal(unfolding: &Matrix<f64>, width: usize) -> (Matrix<f64>, bool) {
    let (values, left) = f64::left_singular(unfolding);
    let size = unfolding.rows().max(unfolding.cols()) as f64;
    let floor = f64::EPSILON * size * values.first().copied().unwrap_or(0.0);
    let above = values.iter().filter(|&&value| value > floor).count();
    let kept = above.min(width);
    (left.truncated(kept), kept == unfolding.rows())
}

/// The norm of the difference between a tensor and a core in bases.
fn distance(tensor: &Dense, core: &Dense, bases: &[Matrix<f64>; 3]) -> f64 {
    let [rows, cols, depth] = tensor.shape();
    let [r, s, t] = core.shape();
    let turned = bases[0].transposed();
    let mut squares = 0.0;
    for i in 0..rows {
        // The transposed slab of the core, (t, s), for this row.
        let weights = Matrix::from_columns(r, 1, turned.column(i).to_vec());
        let slab = Matrix::product(core.by_first(), weights.view());
        let slab = Matrix::from_columns(t, s, slab.data().to_vec());
        let fit = Matrix::product(bases[2].times(&slab).view(), bases[1].t());
        let pairs = tensor.slab(i).data().iter().zip(fit.data());
        squares += pairs.map(|(x, y)| (x - y) * (x - y)).sum::<f64>();
        debug_assert_eq!(fit.data().len(), cols * depth);
    }
    squares.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orthonormal(basis: &Matrix<f64>) -> bool {
        let gram = Matrix::product(basis.t(), basis.view());
        gram.minus(&Matrix::scaled_identity(basis.cols(), 1.0)).norm() < 1e-12
    }

    /// Long modes, so that ranges are sketched.
    #[test]
    fn a_core_of_the_multilinear_rank_loses_nothing() {
        let mut stream = Stream::new("compress", 0, 0);
        let shape = [40, 30, 50];
        let tensor = sum(&random(shape, 4, &mut stream));
        let compressed = tensor.compressed(9, &stream);
        assert_eq!(compressed.core.shape(), [4, 4, 4]);
        assert!(compressed.bases.iter().all(orthonormal));
        assert!(compressed.lost < 1e-13 * compressed.norm, "{}", compressed.lost);
        let norm = compressed.core.norm();
        assert!((norm - tensor.norm()).abs() < 1e-12 * norm);
    }

    /// Of a tensor with noise, close to the best bases, which the singular values of its unfoldings
    /// give.
    #[test]
    fn with_noise_the_core_keeps_nearly_what_the_best_bases_keep() {
        let mut stream = Stream::new("compress noise", 0, 0);
        let shape = [40, 30, 50];
        let mut tensor = sum(&random(shape, 4, &mut stream));
        tensor.data_mut().iter_mut().for_each(|x| *x += 0.3 * stream.normal());
        let compressed = tensor.compressed(8, &stream);
        assert_eq!(compressed.core.shape(), [8, 8, 8]);
        let rest = (compressed.norm.powi(2) - compressed.core.norm().powi(2)).sqrt();
        assert!((rest - compressed.lost).abs() < 1e-6 * compressed.norm);
        let mut best = tensor.clone();
        for mode in 0..3 {
            best = best.contracted(mode, &principal(&tensor.unfolding(mode), 8).0);
        }
        assert!(compressed.core.norm() > 0.999 * best.norm());
    }

    #[test]
    fn short_modes_are_kept_and_a_tensor_in_factors_gives_the_same_core() {
        let mut stream = Stream::new("compress short", 0, 0);
        let tensor = sum(&random([6, 3, 4], 2, &mut stream));
        let compressed = tensor.compressed(10, &stream);
        assert_eq!((compressed.core.shape(), compressed.lost < 1e-14), ([2, 2, 2], true));
        let slices: Vec<_> =
            (0..4).map(|k| Matrix::from_fn(6, 3, |i, j| tensor.at(i, j, k))).collect();
        let again = Tensor::from_slices(6, 3, &slices).compressed(10, &stream);
        assert_eq!(again.core.shape(), [2, 2, 2]);
        assert!((again.core.norm() - compressed.core.norm()).abs() < 1e-13);
        let nothing = Dense::from_fn([3, 2, 2], |_, _, _| 0.0).compressed(4, &stream);
        assert_eq!((nothing.core.shape(), nothing.norm), ([0, 0, 0], 0.0));
    }
}
