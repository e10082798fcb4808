//! Shorter decompositions for the upper end of a bracket, in f64, by the CP solver.

use super::cp::{Compressed, CpOptions};
use super::{Construction, CpBracket, Dense, Mode, Reduced};
use crate::bounds::Bounds;
use crate::matrix::RankRevealing;
use crate::scalar::Stream;

/// Terms may be this much larger than the tensor and no more. Terms that nearly cancel come as near
/// as one likes to tensors of higher CP rank, the W state among them, while they grow without bound.
const MAX_CANCELLATION: f64 = 100.0;

/// Numbers in a decomposition up to which one is searched for.
const MAX_UNKNOWNS: usize = 400;

/// The same for a tensor that has no fewer dimensions than rows and columns. Recorded ones of that kind
/// are generic, more or less: the search takes seconds, and finds nothing.
const MAX_UNKNOWNS_OF_FULL: usize = 200;

impl Reduced<f64> {
    /// [`cp_bracket`](Reduced::cp_bracket) with both ends improved as far as they can be.
    pub fn tight_cp_bracket(&self, noise: f64) -> Option<CpBracket<f64>> {
        let mut bracket = self.cp_bracket(noise)?;
        self.raise(&mut bracket, noise);
        self.shorten(&mut bracket, noise);
        Some(bracket)
    }

    /// Searches for decompositions with fewer terms than the upper end of a bracket, and takes the
    /// shortest that reproduces the tensor within twice the noise, without terms that cancel: the
    /// root of the sum of their squared norms is at most 100 times the norm of the tensor.
    ///
    /// As many terms as the lower end are tried first, then the numbers up to that of generic
    /// tensors are halved. A search can miss, so the end need not be the CP rank. Decompositions of
    /// more than 400 numbers are passed over; of more than 200 if the tensor has as many dimensions
    /// as rows and columns.
    pub fn shorten(&self, bracket: &mut CpBracket<f64>, noise: f64) {
        let dimensions = Mode::ALL.map(|mode| f64::rank(&self.unfolding(mode), noise).bounds.upper);
        let [a, b, c] = dimensions;
        let Bounds { lower, upper } = bracket.bounds();
        if lower == 0 || a * b * c == 0 {
            return;
        }
        // Of R terms R (a + b + c - 2) numbers are free; one term more makes it easier.
        let generic = (a * b * c).div_ceil(a + b + c - 2) + 1;
        let is_full = [a, b] == [self.left.rows(), self.right.rows()];
        let unknowns = if is_full { MAX_UNKNOWNS_OF_FULL } else { MAX_UNKNOWNS };
        let most = generic.min(unknowns / (a + b + c)).min(upper - 1);
        if lower > most {
            return;
        }
        let core = Compressed::principal(&Dense::from(self), dimensions);
        let mut take = |terms: usize| {
            let Some(found) = self.fitted(&core, terms, noise) else { return false };
            (bracket.decomposition, bracket.residual) = (found.decomposition, found.residual);
            bracket.construction = found.construction;
            true
        };
        let mut low = lower;
        if take(low) {
            return;
        }
        let mut high = most + 1;
        low += 1;
        while low < high {
            let terms = low + (high - low) / 2;
            if take(terms) { high = terms } else { low = terms + 1 }
        }
    }

    /// A decomposition of the tensor in so many terms that is good enough.
    fn fitted(&self, core: &Compressed, terms: usize, noise: f64) -> Option<Fitted> {
        // Noise cut off in three modes, of which each is at most the noise, and rounding.
        let allowed = 2.0 * noise + self.allowed_residual(0.0);
        let options = CpOptions {
            starts: 3,
            max_iterations: 100,
            tolerance: 1e-4,
            enough: 0.5 * allowed / core.norm,
        };
        let stream = Stream::new("upper end of a bracket", terms as u64, 0);
        let fit = core.decomposed(terms, &options, &stream, Vec::new());
        let mut decomposition = fit.decomposition;
        let residual = self.residual(&decomposition)?;
        // Written so that a NaN is refused.
        let near = residual <= allowed;
        let tame = decomposition.cancellation(core.norm) <= MAX_CANCELLATION;
        if !(near && tame) {
            return None;
        }
        decomposition.a = self.left.times(&decomposition.a);
        decomposition.b = self.right.times(&decomposition.b);
        let construction = Construction::Fitted { condition: fit.condition };
        Some(Fitted { decomposition, residual, construction })
    }
}

struct Fitted {
    decomposition: super::Decomposition<f64>,
    residual: f64,
    construction: Construction,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Matrix;
    use crate::scalar::Scalar;
    use crate::tensor::{Decomposition, Tensor};

    fn bracket(tensor: &Tensor<f64>, noise: f64) -> CpBracket<f64> {
        let reduced = tensor.reduced();
        let bracket = reduced.tight_cp_bracket(noise).expect("a clear spectrum");
        // What the bracket claims, on the tensor itself.
        let slices = (0..tensor.shape().2)
            .map(|k| tensor.slice(k).minus(&bracket.decomposition.slice(k)).norm().powi(2));
        let residual = slices.sum::<f64>().sqrt();
        assert!((residual - bracket.residual).abs() <= 1e-11 + 1e-3 * residual, "{residual:e}");
        bracket
    }

    fn unit_slices(size: usize, units: &[[usize; 3]]) -> Tensor<f64> {
        let slices = (0..size).map(|k| {
            Matrix::from_fn(size, size, |i, j| {
                f64::from_integer(i64::from(units.contains(&[i, j, k])))
            })
        });
        Tensor::from_slices(size, size, &slices.collect::<Vec<_>>())
    }

    /// Attained: five to eight terms in five dimensions, where slices give 25.
    #[test]
    fn random_sums_have_brackets_without_a_gap() {
        for terms in 4..=8 {
            let mut stream = Stream::new("gap", terms as u64, 0);
            let mut factor = || Matrix::random(5, terms, &mut stream);
            let sum = Decomposition { a: factor(), b: factor(), c: factor() };
            let slices: Vec<_> = (0..5).map(|k| sum.slice(k)).collect();
            let found = bracket(&Tensor::from_slices(5, 5, &slices), 0.0);
            assert_eq!(found.bounds(), Bounds::exactly(terms), "{}", found.lower_end.certificate);
        }
    }

    #[test]
    fn seven_terms_multiply_two_by_two_matrices() {
        let pairs = (0..2).flat_map(|i| (0..2).flat_map(move |j| (0..2).map(move |k| [i, j, k])));
        let units: Vec<_> = pairs.map(|[i, j, k]| [2 * i + j, 2 * j + k, 2 * i + k]).collect();
        let found = bracket(&unit_slices(4, &units), 0.0);
        // Six is the border rank that flattenings show; in the field seven is certain.
        assert_eq!(found.bounds(), Bounds { lower: 6, upper: 7 });
        assert!(matches!(found.construction, Construction::Fitted { .. }));
    }

    /// Control: two terms come as near to the W state as one likes, and must not be taken.
    #[test]
    fn the_w_state_is_not_shortened_to_two_terms() {
        let tensor = unit_slices(2, &[[0, 0, 0], [0, 1, 1], [1, 0, 1]]);
        for noise in [0.0, 1e-9, 1e-6] {
            let found = bracket(&tensor, noise);
            assert_eq!(found.bounds(), Bounds { lower: 2, upper: 3 }, "noise {noise}");
        }
        // n (a + b/n)(a + b/n)(g + f/n) - n a a g is as near as 1/n: only its size can refuse it.
        let n = 1e5;
        let side = Matrix::from_rows(&[[1.0, 1.0], [1.0 / n, 0.0]]);
        let steps = Matrix::from_rows(&[[1.0, 0.0], [n, -n]]);
        let two = Decomposition { a: side.clone(), b: side, c: steps };
        let distance = (0..2).map(|k| tensor.slice(k).minus(&two.slice(k)).norm());
        assert!(distance.fold(0.0, f64::max) < 2.0 / n);
        assert!(two.cancellation(3.0_f64.sqrt()) > MAX_CANCELLATION);
    }

    /// The noise decides: what is left must be within it. The search may miss in some cases, but
    /// never finds what is not there.
    #[test]
    fn a_term_above_the_noise_is_not_left_out() {
        let mut found = Vec::new();
        for seed in 0..4 {
            let mut stream = Stream::new("small term", seed, 0);
            let mut factor = || Matrix::random(4, 5, &mut stream);
            let mut sum = Decomposition { a: factor(), b: factor(), c: factor() };
            sum.c.column_mut(4).iter_mut().for_each(|x| *x *= 1e-3);
            let slices: Vec<_> = (0..4).map(|k| sum.slice(k)).collect();
            let tensor = Tensor::from_slices(4, 4, &slices);
            assert_eq!(bracket(&tensor, 1e-2).bounds().upper, 4, "seed {seed}");
            found.push(bracket(&tensor, 1e-9).bounds().upper);
        }
        assert!(found.iter().all(|&upper| upper >= 5) && found.contains(&5), "{found:?}");
    }
}
