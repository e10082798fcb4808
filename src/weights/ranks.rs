//! The ranks of weights that were recorded while a network learned.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::history::Record;
use super::{SliceError, Slices, WeightHistory};
use crate::bounds::Bounds;
use crate::matrix::{Matrix, Rank, RankRevealing};
use crate::tensor::{LowerEnd, Mode, Reduced, UpperEnd};

/// What singular values say of a weight history. All of them, and all floors, are over
/// 2^[`exponent`](WeightRanks::exponent).
#[derive(Clone, Debug)]
pub struct WeightRanks {
    /// True if the tensor is that of the increments.
    pub delta: bool,
    /// The power of two of the largest weight.
    pub exponent: i32,
    /// The rank of W_k for k = 0..=K.
    pub ranks: Vec<Rank>,
    /// The rank of W_k - W_0 for k = 0..=K; the first is zero.
    pub increment_ranks: Vec<Rank>,
    /// The increments D_1..D_K as a tensor if `delta`, else the weights W_0..W_K.
    pub tensor: TensorRanks,
    /// The dimension of the space in which rows and columns of all increments lie together; `None` if
    /// they are of different lengths.
    pub space: Option<Rank>,
    /// The increments as a tensor, unless that is `tensor` already.
    increments: Option<TensorRanks>,
    /// Columns that span that space, (N, at most 2 N K), with the singular values of all rows and
    /// columns of the increments side by side; and the norm of the noise in them.
    pub(super) sides: Option<(Matrix<f64>, f64)>,
}

/// The ranks of a tensor.
#[derive(Clone, Debug)]
pub struct TensorRanks {
    /// The ranks r1 (rows), r2 (columns), r3 (steps) of the unfoldings.
    pub unfolding_ranks: [Rank; 3],
    /// What the CP rank is at least, and why.
    pub cp_lower: LowerEnd,
    /// What it is at most, by a decomposition that reproduces the tensor within the noise; `None`
    /// if none was found.
    pub cp_upper: Option<UpperEnd>,
    /// The largest noise floor of the three unfoldings.
    pub noise_floor: f64,
}

/// What a computation waits for: so many of so many parts of it are done.
#[derive(Clone, Copy, Debug)]
pub struct Stage {
    /// What is computed.
    pub what: &'static str,
    /// Parts done.
    pub done: usize,
    /// All parts.
    pub all: usize,
}

/// Is told of every part that is done, from any thread.
pub type Watch<'a> = &'a (dyn Fn(Stage) + Sync);

impl WeightRanks {
    /// Computes all ranks.
    pub fn new(history: &WeightHistory, delta: bool, watch: Watch<'_>) -> Self {
        let noise = Noise::of(history);
        let (shape, steps) = ([history.neurons(), history.columns()], history.steps());
        let ranks = counted("ranks of the weights", steps + 1, watch, |k| {
            seen(f64::rank(history.weights_at(k), noise.at(k)))
        });
        let increment_ranks = counted("ranks of the increments", steps + 1, watch, |k| {
            seen(f64::rank(&history.increment(k), noise.at(k)))
        });
        let (increments, own) =
            Reduced::from_steps(shape, steps, (1..=steps).map(|k| history.increment(k)));
        let of_increments = TensorRanks::new(increments, noise.of_increments().max(own), watch);
        let (tensor, of_increments) = if delta {
            (of_increments, None)
        } else {
            let weights = (0..=steps).map(|k| history.weights_at(k).clone());
            let (weights, own) = Reduced::from_steps(shape, steps + 1, weights);
            let noise = noise.of_weights().max(own);
            (TensorRanks::new(weights, noise, watch), Some(of_increments))
        };
        watch(Stage { what: "space of learning", done: 0, all: 1 });
        let sides = history.is_square().then(|| sides(history, 2.0 * noise.of_increments()));
        WeightRanks {
            delta,
            exponent: history.exponent(),
            ranks,
            increment_ranks,
            tensor,
            space: sides.as_ref().map(|(sides, noise)| seen(f64::rank(sides, *noise))),
            increments: of_increments,
            sides,
        }
    }

    /// The increments D_1..D_K as a tensor.
    pub fn increments(&self) -> &TensorRanks {
        self.increments.as_ref().unwrap_or(&self.tensor)
    }

    /// The largest rank of an increment, over those that the noise does not hide. `None` if it hides
    /// all.
    pub(super) fn largest_increment(&self) -> Option<Bounds> {
        let shown = || self.increment_ranks.iter().filter(|rank| !is_hidden(rank));
        let largest = shown().map(|rank| rank.bounds).reduce(Bounds::max)?;
        (largest.upper > 0 || shown().count() == self.increment_ranks.len()).then_some(largest)
    }
}

impl TensorRanks {
    fn new(tensor: Reduced<f64>, noise: f64, watch: Watch<'_>) -> Self {
        let ranks = counted("ranks of the unfoldings", 3, watch, |mode| {
            seen(f64::rank(&tensor.unfolding(Mode::ALL[mode]), noise))
        });
        let unfolding_ranks: [Rank; 3] = ranks.try_into().expect("three modes");
        watch(Stage { what: "CP rank", done: 0, all: 1 });
        let floors = unfolding_ranks.iter().filter_map(Rank::spectrum).map(|(_, floor)| floor);
        let noise_floor = floors.fold(noise, f64::max);
        let (cp_lower, cp_upper) = if unfolding_ranks.iter().all(is_hidden) {
            (LowerEnd::of_unfoldings([0; 3]), None)
        } else {
            tensor.cp_ends(noise, &unfolding_ranks)
        };
        TensorRanks { unfolding_ranks, cp_lower, cp_upper, noise_floor }
    }
}

/// Numbers for 0..all, computed in parallel; `watch` is told of each.
pub(super) fn counted<T: Send>(
    what: &'static str,
    all: usize,
    watch: Watch<'_>,
    each: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let done = AtomicUsize::new(0);
    watch(Stage { what, done: 0, all });
    let one = |index| {
        let result = each(index);
        watch(Stage { what, done: done.fetch_add(1, Ordering::Relaxed) + 1, all });
        result
    };
    (0..all).into_par_iter().map(one).collect()
}

/// A rank as it is known: of a matrix that is not zero and nowhere clear of the noise, nothing is.
fn seen(mut rank: Rank) -> Rank {
    if is_hidden(&rank) {
        rank.bounds.upper = rank.spectrum().map_or(0, |(values, _)| values.len());
    }
    rank
}

/// True if no singular value stands clear of the noise, and not all are zero.
pub(crate) fn is_hidden(rank: &Rank) -> bool {
    let largest = rank.spectrum().and_then(|(values, _)| values.first());
    rank.bounds.lower == 0 && largest.is_some_and(|&largest| largest > 0.0)
}

/// All columns and all rows of square increments, side by side or as fewer with the same singular
/// values, and the noise in them: what was there, and what making them fewer adds.
fn sides(history: &WeightHistory, noise: f64) -> (Matrix<f64>, f64) {
    let neurons = history.neurons();
    let increments = || (1..=history.steps()).map(|k| history.increment(k));
    let all = increments().chain(increments().map(|increment| increment.transposed()));
    let sides = Matrix::gathered(neurons, all);
    let columns = 2 * neurons * history.steps();
    let own =
        if sides.cols() < columns { f64::EPSILON * columns as f64 * sides.norm() } else { 0.0 };
    (sides, noise.max(own))
}

/// What rounding can have put into the weights, as a norm, for each k.
///
/// Each step rounds every weight once, by up to half a unit in its last place; over k steps these
/// errors add up like a random walk, to at most about `eps sqrt(k + 1) max ||W_j||`. Each gradient
/// has been computed with sums of N terms, which adds `eps sqrt(N)` times the length of the path
/// that the weights have gone. Here eps is that of the coarsest grid on which W_1..W_k lie, and not
/// that of the array that holds them; W_0 is what learning started from. Printing rounds once more,
/// W_k and W_0 each, and does not add up. Norms are those of Frobenius.
///
/// Where all updates are smaller than a unit, their errors are alike and add up faster than a random
/// walk. A float32 network of 32 neurons passed the floor after 5000 such steps, by 1.4, which the
/// clear gap covers.
pub(super) struct Noise(Vec<f64>);

impl Noise {
    pub fn of(history: &WeightHistory) -> Self {
        Self::of_slices(history, history.record()).expect("they are in memory")
    }

    /// Of weights that are had one by one.
    ///
    /// # Errors
    ///
    /// If one cannot be read.
    pub fn of_slices(slices: &dyn Slices, record: &Record) -> Result<Self, SliceError> {
        let (mut largest, mut path) = (0.0_f64, 0.0);
        // A gradient is a sum over neurons on either side.
        let [rows, columns] = slices.shape();
        let root = (rows.max(columns) as f64).sqrt();
        let start = slices.slice(0)?;
        let mut before = start.clone();
        let mut noise = Vec::new();
        for k in 0..slices.count() {
            let weights = slices.slice(k)?;
            largest = largest.max(weights.norm());
            if k > 0 {
                path += weights.minus(&before).norm();
            }
            let accumulated =
                record.epsilons[k] * ((k as f64 + 1.0).sqrt() * largest + root * path);
            noise.push(accumulated + record.noise(k, &start, &weights));
            before = weights;
        }
        Ok(Noise(noise))
    }

    /// Of W_k or W_k - W_0.
    pub fn at(&self, k: usize) -> f64 {
        self.0[k]
    }

    /// Of all W_k as one tensor.
    pub fn of_weights(&self) -> f64 {
        norm(&self.0)
    }

    /// Of all W_k - W_0 as one tensor.
    pub fn of_increments(&self) -> f64 {
        norm(&self.0[1..])
    }
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Precision;
    use crate::weights::Grid;

    fn columns(rows: usize, slices: &[&[f64]]) -> Vec<Matrix<f64>> {
        let matrix =
            |entries: &&[f64]| Matrix::from_columns(rows, entries.len() / rows, entries.to_vec());
        slices.iter().map(matrix).collect()
    }

    /// eps (sqrt(k + 1) max ||W_j|| + sqrt(N) (length of the path)), and half a unit of each printed
    /// number, of W_k and of W_0.
    #[test]
    fn the_noise_is_that_of_steps_sums_and_printing() {
        let steps: [&[f64]; 3] =
            [&[1.0, 0.0, 0.0, 0.0], &[1.0, 1.0, 0.0, 0.0], &[0.0, 1.0, 0.0, 0.0]];
        let printed = Grid::Decimals { decimals: 3, computed: 24 };
        for rows in [4, 1] {
            // Four neurons, or four inputs.
            for (grid, units) in [(Grid::SINGLE, 0.0), (printed, 2.0 * 1e-3)] {
                let slices = columns(rows, &steps);
                let history = WeightHistory::with_rounding(slices, Precision::Double, Some(grid));
                let noise = Noise::of(&history.expect("finite numbers of one shape"));
                let (eps, root) = (f64::from(f32::EPSILON), 2.0_f64.sqrt());
                let expected = [1.0, root * root + 2.0, 3.0_f64.sqrt() * root + 2.0 * 2.0]
                    .map(|x| eps * x + units);
                let close = |found: f64, expected: f64| (found / expected - 1.0).abs() < 1e-12;
                for (k, expected) in expected.into_iter().enumerate() {
                    assert!(close(noise.at(k), expected), "{grid}, {k}: {}", noise.at(k));
                }
                let [start, one, two] = expected.map(|x| x * x);
                assert!(close(noise.of_weights(), (start + one + two).sqrt()));
                assert!(close(noise.of_increments(), (one + two).sqrt()));
            }
        }
    }

    /// Rows and columns of all increments, as they are or as fewer columns of the same Gram matrix.
    #[test]
    fn sides_have_the_singular_values_of_all_rows_and_columns() {
        for steps in [1, 40] {
            let mut stream = crate::scalar::Stream::new("sides", steps, 0);
            let slices = (0..=steps).map(|_| Matrix::<f64>::normal(3, 3, 1.0, &mut stream));
            let history = WeightHistory::new(slices.collect()).expect("finite numbers");
            let (found, noise) = sides(&history, 1e-9);
            let mut expected = Matrix::zeros(3, 3);
            for k in 1..=history.steps() {
                let step = history.increment(k);
                expected.add_scaled(1.0, &Matrix::product(step.view(), step.t()));
                expected.add_scaled(1.0, &Matrix::product(step.t(), step.view()));
            }
            let gram = Matrix::product(found.view(), found.t());
            assert!(gram.minus(&expected).norm() < 1e-13 * expected.norm());
            assert_eq!(noise, 1e-9);
            let (found, noise) = sides(&history, 0.0);
            let columns = 6 * history.steps();
            let rounding = f64::EPSILON * columns as f64 * found.norm();
            assert_eq!(noise, if found.cols() < columns { rounding } else { 0.0 });
        }
    }

    /// Steps that do nothing have rank zero; steps that noise hides may have any.
    #[test]
    fn hidden_increments_have_no_largest_rank() {
        let start = [1.0, 0.3, -0.2, 0.7];
        let moved = |by: f64| [1.0 + by, 0.3, -0.2, 0.7];
        let largest = |steps: &[[f64; 4]]| {
            let slices: Vec<&[f64]> = steps.iter().map(|entries| &entries[..]).collect();
            let history = WeightHistory::new(columns(2, &slices)).expect("finite numbers");
            let ranks = WeightRanks::new(&history, true, &|_| ());
            let hidden = ranks.increment_ranks.iter().filter(|rank| is_hidden(rank)).count();
            let bounds: Vec<_> = ranks.increment_ranks.iter().map(|rank| rank.bounds).collect();
            (ranks.largest_increment(), hidden, bounds)
        };
        let zero = Bounds::exactly(0);
        let open = Bounds { lower: 0, upper: 2 };
        assert_eq!(largest(&[start, start]), (Some(zero), 0, vec![zero; 2]));
        assert_eq!(largest(&[start, moved(4e-16)]), (None, 1, vec![zero, open]));
        let one = Bounds::exactly(1);
        let mixed = largest(&[start, moved(4e-16), moved(0.5)]);
        assert_eq!(mixed, (Some(one), 1, vec![zero, open, one]));
    }
}
