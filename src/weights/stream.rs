//! Weights that are read when they are asked for: no more than a few matrices are in memory.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use super::history::{Record, binary_exponent, scale};
use super::{Grid, Rounding, Stage, Watch, WeightError, WeightHistory};
use crate::matrix::Matrix;
use crate::scalar::Precision;

/// Why a matrix cannot be had.
pub type SliceError = Box<dyn Error + Send + Sync>;

/// Matrices W_0..W_K of one shape that are had one by one, in any order, from memory or as they are
/// read from files.
pub trait Slices: Send + Sync {
    /// (N, M).
    fn shape(&self) -> [usize; 2];

    /// K + 1.
    fn count(&self) -> usize;

    /// W_k.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    fn slice(&self, k: usize) -> Result<Cow<'_, Matrix<f64>>, SliceError>;
}

/// Matrices in memory.
impl<T: AsRef<[Matrix<f64>]> + Send + Sync> Slices for T {
    fn shape(&self) -> [usize; 2] {
        self.as_ref().first().map_or([0; 2], |slice| [slice.rows(), slice.cols()])
    }

    fn count(&self) -> usize {
        self.as_ref().len()
    }

    fn slice(&self, k: usize) -> Result<Cow<'_, Matrix<f64>>, SliceError> {
        Ok(Cow::Borrowed(&self.as_ref()[k]))
    }
}

/// Weights W_0..W_K, each (N, M), of which a few at a time are in memory: a
/// [`WeightHistory`] for [effective ranks](super::EffectiveRanks) alone. Exact ranks need all of them.
///
/// As there, they are had over a power of two such that the largest entry is from 1 to 2.
pub struct WeightStream {
    slices: Box<dyn Slices>,
    record: Record,
}

impl WeightStream {
    /// The weights that are had from `slices` and were stored in this type. They are read twice: what
    /// they were rounded to before is told from the values unless `grid` says it.
    ///
    /// # Errors
    ///
    /// If there are fewer than two, they are empty or not of one shape, a number is not finite, or
    /// they cannot be read.
    pub fn new(
        slices: Box<dyn Slices>,
        stored: Precision,
        grid: Option<Grid>,
        watch: Watch<'_>,
    ) -> Result<Self, SliceError> {
        let (shape, count) = (slices.shape(), slices.count());
        if count < 2 {
            return Err(WeightError::TooFew { found: count }.into());
        }
        let mut largest = 0.0_f64;
        for k in 0..count {
            watch(Stage { what: "reading", done: k, all: count });
            let slice = slices.slice(k)?;
            WeightError::check(k, &slice, shape)?;
            largest = slice.data().iter().fold(largest, |largest, entry| largest.max(entry.abs()));
        }
        let rounding = match grid {
            Some(grid) => Rounding::given(stored, grid, count),
            None => Rounding::of_values(stored, &*slices)?,
        };
        let exponent = if largest == 0.0 { 0 } else { binary_exponent(largest) };
        Ok(WeightStream { slices, record: Record::new(exponent, rounding) })
    }

    /// Number of neurons that the weights lead to, N: the rows.
    pub fn neurons(&self) -> usize {
        self.slices.shape()[0]
    }

    /// Number of neurons or inputs that they lead from, M: the columns.
    pub fn columns(&self) -> usize {
        self.slices.shape()[1]
    }

    /// Number of learning steps, K.
    pub fn steps(&self) -> usize {
        self.slices.count() - 1
    }

    /// They are had over 2 to this power.
    pub fn exponent(&self) -> i32 {
        self.record.exponent
    }

    /// To what the weights were rounded, and how that is known.
    pub fn rounding(&self) -> &Rounding {
        &self.record.rounding
    }

    /// All of them in memory.
    ///
    /// # Errors
    ///
    /// If they cannot be read any more.
    pub fn load(&self) -> Result<WeightHistory, SliceError> {
        let slices = (0..self.slices.count()).map(|k| Ok(self.slices.slice(k)?.into_owned()));
        let slices = slices.collect::<Result<_, SliceError>>()?;
        Ok(WeightHistory::rounded(slices, self.record.rounding.clone()))
    }

    pub(super) fn record(&self) -> &Record {
        &self.record
    }
}

impl From<WeightHistory> for WeightStream {
    /// All of which are in memory.
    fn from(history: WeightHistory) -> Self {
        let record = history.record().clone();
        let mut slices = history.into_slices();
        slices.iter_mut().for_each(|slice| scale(slice, record.exponent));
        WeightStream { slices: Box::new(slices), record }
    }
}

/// Matrices that several have; an `Arc` itself could be one of matrices in memory.
pub struct Shared(pub Arc<dyn Slices>);

impl Slices for Shared {
    fn shape(&self) -> [usize; 2] {
        self.0.shape()
    }

    fn count(&self) -> usize {
        self.0.count()
    }

    fn slice(&self, k: usize) -> Result<Cow<'_, Matrix<f64>>, SliceError> {
        self.0.slice(k)
    }
}

impl Slices for WeightStream {
    fn shape(&self) -> [usize; 2] {
        self.slices.shape()
    }

    fn count(&self) -> usize {
        self.slices.count()
    }

    /// W_k, over 2^exponent.
    fn slice(&self, k: usize) -> Result<Cow<'_, Matrix<f64>>, SliceError> {
        scaled(self.slices.slice(k)?, self.record.exponent)
    }
}

/// Weights over a power of two that several have in common.
pub(super) struct Aligned<'a> {
    slices: &'a dyn Slices,
    record: Record,
}

impl<'a> Aligned<'a> {
    /// All over the power of two of the largest.
    pub fn all(tracks: &'a [WeightStream]) -> Vec<Self> {
        let exponent = tracks.iter().map(WeightStream::exponent).max().unwrap_or(0);
        let aligned = |track: &'a WeightStream| Aligned {
            slices: &*track.slices,
            record: Record::new(exponent, track.rounding().clone()),
        };
        tracks.iter().map(aligned).collect()
    }

    pub fn record(&self) -> &Record {
        &self.record
    }
}

impl Slices for Aligned<'_> {
    fn shape(&self) -> [usize; 2] {
        self.slices.shape()
    }

    fn count(&self) -> usize {
        self.slices.count()
    }

    fn slice(&self, k: usize) -> Result<Cow<'_, Matrix<f64>>, SliceError> {
        scaled(self.slices.slice(k)?, self.record.exponent)
    }
}

/// Over 2^exponent.
fn scaled(
    mut slice: Cow<'_, Matrix<f64>>,
    exponent: i32,
) -> Result<Cow<'_, Matrix<f64>>, SliceError> {
    if exponent != 0 {
        scale(slice.to_mut(), -exponent);
    }
    Ok(slice)
}

/// Some neighbouring rows of matrices.
pub struct SomeRows {
    /// The matrices.
    pub of: Arc<dyn Slices>,
    /// The first of their rows.
    pub first: usize,
    /// How many rows.
    pub count: usize,
}

impl Slices for SomeRows {
    fn shape(&self) -> [usize; 2] {
        [self.count, self.of.shape()[1]]
    }

    fn count(&self) -> usize {
        self.of.count()
    }

    fn slice(&self, k: usize) -> Result<Cow<'_, Matrix<f64>>, SliceError> {
        let slice = self.of.slice(k)?;
        let entry = |i, j| slice[(self.first + i, j)];
        Ok(Cow::Owned(Matrix::from_fn(self.count, slice.cols(), entry)))
    }
}

impl Slices for WeightHistory {
    fn shape(&self) -> [usize; 2] {
        [self.neurons(), self.columns()]
    }

    fn count(&self) -> usize {
        self.steps() + 1
    }

    /// W_k, over 2^exponent.
    fn slice(&self, k: usize) -> Result<Cow<'_, Matrix<f64>>, SliceError> {
        Ok(Cow::Borrowed(self.weights_at(k)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Stream;

    /// The same weights, whether they are in memory or had one by one.
    #[test]
    fn a_stream_knows_what_a_history_knows() {
        let mut stream = Stream::new("streamed weights", 0, 0);
        let mut slice = || {
            let single = |x: f64| f64::from((1e5 * x) as f32);
            Matrix::normal(9, 12, 1.0, &mut stream).map(single)
        };
        let slices: Vec<_> = (0..4).map(|_| slice()).collect();
        let history = WeightHistory::new(slices.clone()).unwrap();
        let streamed =
            WeightStream::new(Box::new(slices), Precision::Double, None, &|_| ()).unwrap();
        assert_eq!(streamed.rounding(), history.rounding());
        assert_eq!(streamed.rounding().to_string(), "values have 24 bits in a float64 array");
        assert!(history.exponent() > 10);
        let loaded = streamed.load().unwrap();
        for k in 0..4 {
            assert_eq!(&*streamed.slice(k).unwrap(), history.weights_at(k));
            assert_eq!(loaded.weights_at(k), history.weights_at(k));
        }
    }

    #[test]
    fn what_is_no_history_is_refused() {
        let refused = |slices: Vec<Matrix<f64>>| {
            let stream = WeightStream::new(Box::new(slices), Precision::Double, None, &|_| ());
            stream.err().expect("is refused").to_string()
        };
        assert!(refused(vec![Matrix::zeros(2, 2)]).starts_with("1 of the weights"));
        let mut slices = vec![Matrix::zeros(2, 2); 2];
        slices[1][(1, 0)] = f64::NAN;
        assert_eq!(refused(slices), "W_1 holds NaN at (1, 0), expected finite numbers");
        let unequal = vec![Matrix::zeros(2, 2), Matrix::zeros(2, 3)];
        assert_eq!(refused(unequal), "W_1 has shape (2, 3), expected (2, 2) as of W_0");
    }
}
