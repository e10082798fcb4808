//! Real terms of an instance, found in floating point and certified.
//!
//! D_1..D_k of one instance are computed in double-double, with as few neurons as there are channels (see
//! core-closure), and brought into bases of rows, columns and steps in which they are well conditioned,
//! which keeps the CP rank. Terms are searched for in double precision and certified for all tensors that
//! are within [`NOISE`] of these numbers; double-double rounds a thousand million times finer. So the
//! instance has so many terms over the reals, and so do all instances near it. Others may need more:
//! over the reals almost all tensors need not have one CP rank.
//!
//! Where terms have derivatives that make all tensors of the format is open, over the complex numbers too.
//! A certificate shows that one instance is there, and so almost all complex ones are.

use std::ops::RangeInclusive;

use crate::matrix::{Matrix, RankRevealing};
use crate::scalar::{DoubleDouble, Real, Stream};
use crate::tensor::{Dense, Tensor, certified_terms};
use crate::theorem::{Case, Setting};

/// What certificates leave for the rounding of a tensor whose slices have norm one.
const NOISE: f64 = 1e-12;

/// Rounds in which each mode is made orthonormal.
const ROUNDS: usize = 3;

/// The fewest terms in a range that are found and certified of an instance; `setting` is closed, and has as many
/// neurons as channels. `None` if none are, or if rows, columns and steps do not have all dimensions: a search
/// can miss.
pub(super) fn real_terms(
    setting: &Setting,
    stream: &Stream,
    k: usize,
    mut terms: RangeInclusive<usize>,
) -> Option<usize> {
    let n = setting.dimensions.neurons;
    let setting = Setting { learning_steps: k, ..setting.clone() };
    let trajectory =
        Case::<DoubleDouble>::draw(&setting, stream.clone(), None).ok()?.train().ok()?;
    let increments: Vec<_> = (1..=k).map(|step| trajectory.increment(step)).collect();
    let noise = trajectory.tensor_noise();
    let ranks = Tensor::from_slices(n, n, &increments).reduced().unfolding_ranks(noise);
    if ranks.map(|rank| rank.bounds.lower) != [n, n, k] {
        return None;
    }
    let tensor = balanced(&increments);
    terms.find(|&terms| certified_terms(&tensor, terms, NOISE, stream).is_some())
}

/// The slices in other bases, of slices, rows and columns in turn: whatever is unfolded has orthonormal rows.
fn balanced(slices: &[Matrix<DoubleDouble>]) -> Dense {
    let mut shape = [slices[0].rows(), slices[0].cols(), slices.len()];
    let mut flat: Vec<DoubleDouble> = (0..shape[0] * shape[1] * shape[2])
        .map(|at| slices[at % shape[2]][(at / shape[2] / shape[1], at / shape[2] % shape[1])])
        .collect();
    for _ in 0..3 * ROUNDS {
        let [first, second, last] = shape;
        let unfolded = Matrix::from_fn(first * second, last, |at, slice| flat[at * last + slice]);
        let (orthonormal, _) = DoubleDouble::factor(&unfolded);
        // The last mode becomes the first one.
        flat = orthonormal.data().to_vec();
        shape = [last, first, second];
    }
    Dense::new(shape, flat.into_iter().map(Real::to_f64).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Scalar;
    use crate::task::Dimensions;

    fn setting(d_in: usize, d_out: usize) -> Setting {
        let neurons = d_in + d_out;
        Setting::plain(Dimensions { neurons, d_in, d_out, steps: 8, trials: 6 })
    }

    /// Two inputs and one output learn six slices of 3 x 3, which have six terms; two and two four of 4 x 4, which have
    /// seven. Fewer numbers than entries certify nothing.
    #[test]
    fn instances_have_real_terms() {
        let stream = Stream::new("real", 0, 0);
        assert_eq!(real_terms(&setting(2, 1), &stream, 6, 5..=7), Some(6));
        assert_eq!(real_terms(&setting(2, 2), &stream, 4, 7..=8), Some(7));
        assert_eq!(real_terms(&setting(2, 2), &stream, 4, 4..=6), None);
        // One input and one output are reciprocal: three dimensions of steps.
        assert_eq!(real_terms(&setting(1, 1), &stream, 4, 3..=5), None);
    }

    #[test]
    fn other_bases_are_orthonormal_and_keep_ranks() {
        let mut stream = Stream::new("balanced", 0, 0);
        let tiny = DoubleDouble::from_integer(1000).inverse().expect("not zero");
        let slices: Vec<_> = (0..4)
            .map(|slice| {
                let mut random = Matrix::<DoubleDouble>::random(3, 5, &mut stream);
                (0..slice).for_each(|_| random.scale(tiny));
                random
            })
            .collect();
        let tensor = balanced(&slices);
        assert_eq!(tensor.shape(), [3, 5, 4]);
        // The rows come last.
        let rows = Matrix::from_fn(20, 3, |at, i| tensor.at(i, at / 4, at % 4));
        let gram = Matrix::product(rows.t(), rows.view());
        assert!(gram.minus(&Matrix::scaled_identity(3, 1.0)).norm() < 1e-12);
    }
}
