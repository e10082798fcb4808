//! The weights of every learning step, as somebody recorded them.

use super::{Grid, Rounding, WeightError};
use crate::matrix::Matrix;
use crate::scalar::Precision;

/// Weights W_0..W_K, each (N, M), from any trainer: of recurrent weights M is N, of input weights the
/// number of inputs.
///
/// They are kept over a power of two such that the largest entry is from 1 to 2: no number that is
/// computed from them overflows, and none that matters underflows, whatever their unit is.
///
/// # Examples
///
/// ```
/// use rankproof::{matrix::Matrix, weights::WeightHistory};
///
/// let grown = Matrix::from_rows(&[[4.0, 8.0], [0.0, 4.0]]);
/// let history = WeightHistory::new(vec![Matrix::scaled_identity(2, 4.0), grown])?;
/// assert_eq!((history.neurons(), history.steps(), history.exponent()), (2, 1, 3));
/// assert_eq!(history.increment(1), Matrix::from_rows(&[[0.0, 1.0], [0.0, 0.0]]));
/// # Ok::<(), rankproof::weights::WeightError>(())
/// ```
#[derive(Clone, Debug)]
pub struct WeightHistory {
    slices: Vec<Matrix<f64>>,
    record: Record,
}

/// What is known of the numbers of recorded weights.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// The weights are kept over 2 to this power.
    pub exponent: i32,
    /// To what they were rounded.
    pub rounding: Rounding,
    /// The distance from 1 to the next number of the coarsest arithmetic that led to each W_k.
    pub epsilons: Vec<f64>,
}

impl Record {
    pub fn new(exponent: i32, rounding: Rounding) -> Self {
        let epsilons = rounding.epsilons();
        Record { exponent, rounding, epsilons }
    }

    /// [`WeightHistory::recording_noise`] of W_k, which is `slice`, with W_0, which is `start`.
    pub fn noise(&self, k: usize, start: &Matrix<f64>, slice: &Matrix<f64>) -> f64 {
        let grid = self.rounding.grids()[k];
        let units = |slice: &Matrix<f64>| match grid {
            Grid::Digits { .. } => {
                let squares = slice.data().iter().map(|&x| grid.unit(x, self.exponent).powi(2));
                squares.sum::<f64>().sqrt()
            }
            // The same for all entries.
            _ => grid.unit(0.0, self.exponent) * (slice.data().len() as f64).sqrt(),
        };
        // Half a unit of each.
        (units(slice) + units(start)) / 2.0
    }
}

impl WeightHistory {
    /// The weights W_0..W_K, each (N, M). What they were rounded to, float32 or less, is told from
    /// the values.
    ///
    /// # Errors
    ///
    /// If there are fewer than two, they are empty or not of one shape, or a number is not finite.
    pub fn new(slices: Vec<Matrix<f64>>) -> Result<Self, WeightError> {
        Self::with_rounding(slices, Precision::Double, None)
    }

    /// The weights W_0..W_K, each (N, M), that were stored in this type. What they were rounded to
    /// before is told from the values unless `grid` says it.
    ///
    /// # Errors
    ///
    /// As for [`new`](WeightHistory::new).
    pub fn with_rounding(
        slices: Vec<Matrix<f64>>,
        stored: Precision,
        grid: Option<Grid>,
    ) -> Result<Self, WeightError> {
        check(&slices)?;
        let rounding = match grid {
            Some(grid) => Rounding::given(stored, grid, slices.len()),
            None => Rounding::of_values(stored, &slices).expect("they are in memory"),
        };
        Ok(Self::rounded(slices, rounding))
    }

    /// A history of at least two matrices of one shape with finite entries.
    pub(super) fn rounded(mut slices: Vec<Matrix<f64>>, rounding: Rounding) -> Self {
        let exponent = exponent(&slices);
        slices.iter_mut().for_each(|slice| scale(slice, -exponent));
        WeightHistory { slices, record: Record::new(exponent, rounding) }
    }

    /// Number of neurons that the weights lead to, N: the rows.
    pub fn neurons(&self) -> usize {
        self.slices[0].rows()
    }

    /// Number of neurons or inputs that they lead from, M: the columns.
    pub fn columns(&self) -> usize {
        self.slices[0].cols()
    }

    /// True of weights that may be recurrent, of which theorems speak: as many columns as rows.
    pub fn is_square(&self) -> bool {
        self.neurons() == self.columns()
    }

    /// Number of learning steps, K.
    pub fn steps(&self) -> usize {
        self.slices.len() - 1
    }

    /// To what the weights were rounded, and how that is known.
    pub fn rounding(&self) -> &Rounding {
        &self.record.rounding
    }

    /// The weights are kept over 2 to this power.
    pub fn exponent(&self) -> i32 {
        self.record.exponent
    }

    /// The distance from 1 to the next number of the coarsest arithmetic that led to W_k.
    pub fn epsilon(&self, k: usize) -> f64 {
        self.record.epsilons[k]
    }

    /// The largest norm that the rounding of W_k or of W_k - W_0 can have which is not in
    /// proportion to each weight and accumulated by learning: by printing, once for each of the
    /// two, and that of the least numbers. Over 2^exponent.
    pub fn recording_noise(&self, k: usize) -> f64 {
        self.record.noise(k, &self.slices[0], &self.slices[k])
    }

    pub(super) fn record(&self) -> &Record {
        &self.record
    }

    /// W_0..W_K, over 2^exponent.
    pub(super) fn into_slices(self) -> Vec<Matrix<f64>> {
        self.slices
    }

    /// W_k, over 2^exponent.
    ///
    /// # Panics
    ///
    /// If `k` is above [`steps`](WeightHistory::steps).
    pub fn weights_at(&self, k: usize) -> &Matrix<f64> {
        &self.slices[k]
    }

    /// W_k - W_0, over 2^exponent.
    ///
    /// # Panics
    ///
    /// If `k` is above [`steps`](WeightHistory::steps).
    pub fn increment(&self, k: usize) -> Matrix<f64> {
        self.slices[k].minus(&self.slices[0])
    }
}

/// Two or more matrices of one shape with finite entries.
fn check(slices: &[Matrix<f64>]) -> Result<(), WeightError> {
    let [start, _, ..] = slices else {
        return Err(WeightError::TooFew { found: slices.len() });
    };
    let shape = [start.rows(), start.cols()];
    slices.iter().enumerate().try_for_each(|(step, slice)| WeightError::check(step, slice, shape))
}

/// The power of two of the largest entry; zero if all are zero.
fn exponent(slices: &[Matrix<f64>]) -> i32 {
    let entries = slices.iter().flat_map(|slice| slice.data());
    let largest = entries.fold(0.0_f64, |largest, entry| largest.max(entry.abs()));
    match largest {
        0.0 => 0,
        _ => binary_exponent(largest),
    }
}

/// The largest e with 2^e <= a positive number.
pub(super) fn binary_exponent(number: f64) -> i32 {
    const SUBNORMAL: i32 = 64;
    let biased = |number: f64| (number.to_bits() >> (f64::MANTISSA_DIGITS - 1)) as i32;
    match biased(number) {
        0 => biased(number * f64::from(SUBNORMAL).exp2()) - 1023 - SUBNORMAL,
        exponent => exponent - 1023,
    }
}

/// Multiplies by 2^exponent in two steps, as that power itself may not be a number.
pub(super) fn scale(matrix: &mut Matrix<f64>, exponent: i32) {
    let half = exponent / 2;
    for power in [half, exponent - half] {
        if power != 0 {
            matrix.scale(f64::from(power).exp2());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_unit_is_scaled_away() {
        for power in [-1074, -1030, -1, 0, 1, 700, 1023] {
            let largest = f64::from(power).exp2();
            let mut slices = vec![Matrix::zeros(2, 2); 2];
            slices[1][(0, 1)] = -largest;
            let history = WeightHistory::new(slices).unwrap();
            assert_eq!((history.exponent(), history.weights_at(1)[(0, 1)]), (power, -1.0));
        }
        let nothing = WeightHistory::new(vec![Matrix::zeros(2, 2); 2]).unwrap();
        assert_eq!((nothing.exponent(), nothing.recording_noise(1)), (0, 2.0_f64.powi(-1073)));
    }

    #[test]
    fn matrices_that_are_no_history_are_refused() {
        let refused = |slices: Vec<Matrix<f64>>| WeightHistory::new(slices).unwrap_err();
        assert_eq!(refused(vec![]), WeightError::TooFew { found: 0 });
        assert_eq!(
            refused(vec![Matrix::zeros(2, 2)]).to_string(),
            "1 of the weights W_0, W_1, ... are given, expected at least 2"
        );
        assert_eq!(
            refused(vec![Matrix::zeros(2, 2), Matrix::zeros(3, 3)]).to_string(),
            "W_1 has shape (3, 3), expected (2, 2) as of W_0"
        );
        let empty = refused(vec![Matrix::zeros(0, 3); 2]).to_string();
        assert_eq!(empty, "W_0 has shape (0, 3), expected at least one row and one column");
        let mut slices = vec![Matrix::zeros(2, 2); 3];
        slices[2][(0, 1)] = f64::INFINITY;
        assert_eq!(refused(slices).to_string(), "W_2 holds inf at (0, 1), expected finite numbers");
    }

    /// Weights in memory tell their rounding as those in a file do.
    #[test]
    fn float32_in_memory_has_the_noise_of_float32() {
        let slice = |seed| Matrix::from_columns(12, 12, random(seed, 12, single));
        let history = WeightHistory::new(vec![slice(1), slice(2)]).unwrap();
        assert_eq!(history.epsilon(1), SINGLE);
    }

    /// A history of square slices.
    fn history(stored: Precision, slices: &[Vec<f64>]) -> WeightHistory {
        let size = slices[0].len().isqrt();
        let matrix = |entries: &Vec<f64>| Matrix::from_columns(size, size, entries.clone());
        WeightHistory::with_rounding(slices.iter().map(matrix).collect(), stored, None).unwrap()
    }

    /// Random entries, rounded.
    fn random(seed: u64, size: usize, round: fn(f64) -> f64) -> Vec<f64> {
        let mut stream = crate::scalar::Stream::new("rounded weights", seed, 0);
        (0..size * size).map(|_| round(stream.normal())).collect()
    }

    fn single(x: f64) -> f64 {
        f64::from(x as f32)
    }

    fn double(x: f64) -> f64 {
        x
    }

    fn identity(size: usize) -> Vec<f64> {
        (0..size * size).map(|i| if i % (size + 1) == 0 { 0.5 } else { 0.0 }).collect()
    }

    const SINGLE: f64 = f32::EPSILON as f64;

    /// The start is exact, and of float32 are the steps.
    #[test]
    fn an_exact_start_has_no_part_in_the_rounding() {
        let slices = [identity(12), random(1, 12, single), random(2, 12, single)];
        let mixed = history(Precision::Double, &slices);
        assert_eq!([0, 1, 2].map(|k| mixed.epsilon(k)), [SINGLE; 3], "asked with the next");
        assert_eq!(mixed.rounding().to_string(), "values have 24 bits in a float64 array");
        let slices = [random(1, 12, single), random(2, 12, double), random(3, 12, double)];
        let started = history(Precision::Double, &slices);
        assert_eq!(started.epsilon(2), f64::EPSILON);
        let sentence = "values have 24 bits (W_0), 53 bits (W_1 to W_2) in a float64 array; \
                        W_0 is taken as it is";
        assert_eq!(started.rounding().to_string(), sentence);
    }

    #[test]
    fn the_coarsest_step_so_far_rounds() {
        let kinds: [fn(f64) -> f64; 4] = [double, double, single, double];
        let slices: Vec<_> = (0..4).map(|k| random(k, 12, kinds[k as usize])).collect();
        let mixed = history(Precision::Double, &slices);
        let expected = [f64::EPSILON, f64::EPSILON, SINGLE, SINGLE];
        assert_eq!([0, 1, 2, 3].map(|k| mixed.epsilon(k)), expected);
    }

    /// Slices of 3 x 3 tell their grid together, and the last ones with those before.
    #[test]
    fn small_slices_are_asked_together() {
        let slices: Vec<_> = (0..19).map(|k| random(k, 3, single)).collect();
        let small = history(Precision::Double, &slices);
        assert!((0..19).all(|k| small.epsilon(k) == SINGLE));
        let few = history(Precision::Double, &slices[..3]);
        assert_eq!(few.epsilon(2), f64::EPSILON);
        let sentence = "values have 53 bits as a float64 array can: 27 different ones are too few to \
                        tell";
        assert_eq!(few.rounding().to_string(), sentence);
    }

    /// Printing rounds W_k and W_0 by half a unit each, in whatever unit the weights are.
    #[test]
    fn printed_numbers_have_the_noise_of_their_digits() {
        for scale in [1.0, 1e-290, 1e200] {
            let print = |x: &f64| format!("{:.3e}", x * scale).parse::<f64>().unwrap();
            let slices: Vec<Vec<f64>> =
                (0..3).map(|k| random(k, 10, double).iter().map(print).collect()).collect();
            let printed = history(Precision::Double, &slices);
            let noise = printed.recording_noise(2) * f64::from(printed.exponent()).exp2() / scale;
            // Units are from 1e-4 to 1e-3 of a number.
            let size = (slices[0].iter().chain(&slices[2]))
                .map(|x| (x / scale).powi(2))
                .sum::<f64>()
                .sqrt();
            assert!((1e-4 * size..1e-3 * size).contains(&noise), "{noise} {size}");
        }
    }

    #[test]
    fn integers_are_exact_and_whoever_knows_better_says_so() {
        let numbers: Vec<f64> = (0..144).map(|i| f64::from((7 * i * i) % 1009)).collect();
        let integers = history(Precision::Exact, &[numbers.clone(), numbers.clone()]);
        assert_eq!(integers.rounding().to_string(), "values are integers");
        assert_eq!(integers.epsilon(1), f64::EPSILON);
        let stored = history(Precision::Double, &[numbers.clone(), numbers]);
        assert_eq!(stored.rounding().decided(), super::super::Decided::Fixed(0));
        assert_eq!(stored.epsilon(1), f64::EPSILON);
    }
}
