//! In how few dimensions, and in how few tensor terms, weights moved: an answer for networks whose
//! increments have full rank in the exact sense.
//!
//! The **movement** of weights W_0..W_K is the squared Frobenius norm of their increments D_k = W_k -
//! W_0, k = 1..K, taken as an (N, M, K) tensor. Increments from the start, and not the steps W_k -
//! W_{k-1}: they are what the theorems speak of and what learning has made of the weights by step k,
//! and noise that is undone by a later step is not counted for ever. Both span the same rows and
//! columns. In increments from the start even a random walk has few time courses; hence the [`Null`].
//!
//! A number of dimensions "holds 95 %" if the best projection on so many dimensions keeps 95 % of the
//! movement (Eckart and Young): of rows, of columns or of time courses, each by the singular values of
//! the unfolding. So many CP terms hold 95 % if a sum of so many terms comes as near; the terms are
//! searched for, so fewer may do, but never fewer than the dimensions of any unfolding.

#[cfg(test)]
mod calibration;
mod fixed;
mod gram;
mod movement;
mod nearest;
mod null;
mod spectrum;
mod terms;
#[cfg(test)]
mod tests;

use gram::directions;
use movement::{Movement, Sums};
use null::Asked;

pub use fixed::{Fixed, Overlap, SecondHalf};
pub use nearest::{Nearness, SpaceShare, TheoremShare};
pub use null::{Null, NullRanks, Quantiles};
pub use spectrum::Spectrum;
pub use terms::{Courses, CpTerms};

use rayon::prelude::*;

use super::history::Record;
use super::ranks::Noise;
use super::stream::Aligned;
use super::{
    InputOutput, SliceError, Slices, Stage, Watch, WeightError, WeightHistory, WeightStream,
};
use crate::matrix::Matrix;

/// The shares of the movement for which dimensions are counted.
pub const SHARES: [f64; 3] = [0.90, 0.95, 0.99];

/// The share that a space must hold to be called that of the movement.
const MOST: f64 = SHARES[1];

/// What is computed of effective ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EffectiveOptions {
    /// Random walks of each kind, if they can be made in seconds; else fewer. None if it is 0.
    pub draws: usize,
    /// CP terms up to which decompositions are searched for; not at all if it is 0.
    pub terms: usize,
    /// Walks with the spectra of the steps even where they take minutes.
    pub all: bool,
}

impl Default for EffectiveOptions {
    /// 20 walks, 20 terms, nothing that takes minutes.
    fn default() -> Self {
        EffectiveOptions { draws: 20, terms: 20, all: false }
    }
}

/// In how few dimensions weights moved. `None` where a side has more than 8192 indices, or where
/// there is no movement.
///
/// # Definitions
///
/// The movement is the sum of `||D_k||^2` over the increments `D_k = W_k - W_0`, k = 1..K, in the norm of
/// Frobenius. Let p_1 >= p_2 >= .. be the squared singular values of W_K - W_0, or of an unfolding of
/// the increments, over their sum: the explained variances of a principal component analysis from which
/// no mean is taken.
///
/// | number | definition | source |
/// |---|---|---|
/// | participation ratio | `1 / sum p_i^2`: n if n directions are equal and the others zero | 1 |
/// | stable rank | `1 / p_1` | 2 |
/// | dimensions for 90, 95, 99 % | the least n with `p_1 + .. + p_n` at least that: no n dimensions hold more | 3 |
/// | CP terms for 90, 95, 99 % | the least R for which a sum of R terms was found that leaves at most 10, 5, 1 % of the movement; at least as many as the dimensions of any unfolding | 4 |
/// | random walk | steps as long as those of the weights, `W_k - W_{k-1}`, in uniform directions; quantiles over draws. Most of a walk lies along few time courses | 5 |
/// | steps of the same spectra | a walk whose steps have the singular values of those of the weights, and uniform singular vectors | 6 |
/// | second half | the share of `W_k - W_h`, k > h = K / 2, in the dimensions that hold 95 % of D_1..D_h; by chance r / N | |
/// | principal angles | of these dimensions and those that hold 95 % of the second half | 7 |
/// | spaces by chance | the angles of as many dimensions that are uniform: what the halves of a random walk have | 8 |
/// | share in S | the squared norm of `P D_k P` over that of `D_k`, summed over k, with the orthogonal projection P on S; by chance `(dim S / N)^2` | |
/// | distance of W_0 | the norm of what W_0 has besides what the theorem says, over that of W_0 | |
///
/// 1. P. Gao et al., "A theory of multineuronal dimensionality, dynamics and measurement", bioRxiv
///    214262 (2017).
/// 2. M. Rudelson and R. Vershynin, "Sampling from large matrices", Journal of the ACM 54 (2007).
/// 3. C. Eckart and G. Young, "The approximation of one matrix by another of lower rank", Psychometrika
///    1 (1936).
/// 4. T. G. Kolda and B. W. Bader, "Tensor decompositions and applications", SIAM Review 51 (2009).
/// 5. J. Antognini and J. Sohl-Dickstein, "PCA of high dimensional random walks with comparison to
///    neural network training", NeurIPS 2018.
/// 6. F. Mezzadri, "How to generate random matrices from the classical compact groups", Notices of the
///    AMS 54 (2007).
/// 7. Å. Björck and G. H. Golub, "Numerical methods for computing angles between linear subspaces",
///    Mathematics of Computation 27 (1973).
/// 8. P.-A. Absil, A. Edelman and P. Koev, "On the largest principal angle between random subspaces",
///    Linear Algebra and its Applications 414 (2006).
#[derive(Clone, Debug)]
pub struct EffectiveRanks {
    /// The movement: the sum of ||W_k - W_0||^2, of weights over 2^exponent.
    pub movement: f64,
    /// The power of two of the largest weight; 0 of matrices that are taken as they are.
    pub exponent: i32,
    /// ||W_K - W_0|| over ||W_0||; `None` of weights that start at zero.
    pub relative_change: Option<f64>,
    /// Of W_K - W_0.
    pub last: Option<Spectrum>,
    /// Of the unfolding of the increments by rows.
    pub rows: Option<Spectrum>,
    /// By columns.
    pub columns: Option<Spectrum>,
    /// By steps: time courses.
    pub steps: Option<Spectrum>,
    /// Along the fourth axis, if there is one.
    pub fourth: Option<Spectrum>,
    /// Sums of few terms.
    pub cp: Option<CpTerms>,
    /// Random walks with steps of the same lengths; `None` without movement, or if none are asked for.
    pub walk: Option<Null>,
    /// Random walks with steps of the same singular values; `None` where they would take minutes.
    pub turned: Option<Null>,
    /// Whether the space is fixed; `None` of one step, or if nothing moved in a half of the steps.
    pub second_half: Option<SecondHalf>,
    /// The movement in the spaces of theorems, and which of them are near, if inputs and outputs are
    /// given and weights are square.
    pub nearness: Option<Nearness>,
    /// The share of the movement that rounding can have made, at most: that of the weights, and that
    /// of the Gram matrices by which the movement is compressed.
    pub rounding: f64,
}

impl EffectiveRanks {
    /// Of a history, with inputs and outputs if they are known.
    ///
    /// # Errors
    ///
    /// If inputs or outputs do not have a row for each neuron, or hold a number that is not finite.
    ///
    /// # Examples
    ///
    /// ```
    /// use rankproof::matrix::Matrix;
    /// use rankproof::scalar::Stream;
    /// use rankproof::weights::{EffectiveOptions, EffectiveRanks, WeightHistory};
    ///
    /// // One direction in 30 x 30, and little noise: full rank, and one dimension holds 95 %.
    /// let mut stream = Stream::new("example", 0, 0);
    /// let column = |shift: f64| Matrix::from_fn(30, 1, |i, _| (i as f64 + shift).sin());
    /// let direction = column(0.0).times(&column(0.5).transposed());
    /// let mut weights = |k: i32| {
    ///     let mut weights = direction.map(|entry| f64::from(k) * entry);
    ///     weights.add_scaled(1.0, &Matrix::normal(30, 30, 0.01, &mut stream));
    ///     weights
    /// };
    /// let history = WeightHistory::new((0..=6).map(&mut weights).collect())?;
    /// let found = EffectiveRanks::new(&history, None, &EffectiveOptions::default(), &|_| ())?;
    /// assert_eq!(found.rows.unwrap().dimensions_for(0.95), 1);
    /// assert_eq!(found.cp.unwrap().found.rank_for(0.95), Some(1));
    /// assert!(found.walk.unwrap().rows.unwrap().dimensions[1].low > 15.0);
    /// # Ok::<(), rankproof::weights::WeightError>(())
    /// ```
    pub fn new(
        history: &WeightHistory,
        channels: Option<&InputOutput>,
        options: &EffectiveOptions,
        watch: Watch<'_>,
    ) -> Result<Self, WeightError> {
        channels.map_or(Ok(()), |channels| channels.check(history.neurons()))?;
        let tracks = [(history as &dyn Slices, history.record())];
        Ok(Self::recorded(&tracks, channels, options, watch).expect("they are in memory"))
    }

    /// Of weights that are had one by one, with inputs and outputs if they are known. In memory are
    /// seven slices, eight Gram matrices of either side, and 256 MiB of slices.
    ///
    /// # Errors
    ///
    /// If weights cannot be read, inputs or outputs do not have a row for each neuron, or hold a
    /// number that is not finite.
    pub fn of_stream(
        weights: &WeightStream,
        channels: Option<&InputOutput>,
        options: &EffectiveOptions,
        watch: Watch<'_>,
    ) -> Result<Self, SliceError> {
        channels.map_or(Ok(()), |channels| channels.check(weights.neurons()))?;
        Self::recorded(&[(weights as &dyn Slices, weights.record())], channels, options, watch)
    }

    /// Of several histories of one shape and length that moved side by side, one for each index of a
    /// fourth axis (task, subject, gate). Rows and columns are those of all of them, steps the
    /// unfolding along the steps, and a CP term has a course over steps and the fourth axis together.
    ///
    /// # Errors
    ///
    /// If weights cannot be read.
    ///
    /// # Panics
    ///
    /// If there are none, or they differ in shape or length.
    pub fn of_tracks(
        tracks: &[WeightStream],
        options: &EffectiveOptions,
        watch: Watch<'_>,
    ) -> Result<Self, SliceError> {
        let size = |track: &WeightStream| [track.neurons(), track.columns(), track.steps()];
        assert!(!tracks.is_empty(), "histories");
        assert!(tracks.iter().all(|track| size(track) == size(&tracks[0])), "of one size");
        let tracks = Aligned::all(tracks);
        let tracks: Vec<_> =
            tracks.iter().map(|track| (track as &dyn Slices, track.record())).collect();
        Self::recorded(&tracks, None, options, watch)
    }

    fn recorded(
        tracks: &[(&dyn Slices, &Record)],
        channels: Option<&InputOutput>,
        options: &EffectiveOptions,
        watch: Watch<'_>,
    ) -> Result<Self, SliceError> {
        let movement = Movement::new(tracks.iter().map(|&(slices, _)| slices))?;
        let mut found = Self::of_movement(&movement, options, watch)?;
        let total = found.movement;
        found.exponent = tracks[0].1.exponent;
        if total > 0.0 {
            let mut noise = movement.error();
            for (slices, record) in tracks {
                noise += Noise::of_slices(*slices, record)?.of_increments().powi(2) / total;
            }
            found.rounding = noise.min(1.0);
        }
        if let Some(cp) = &mut found.cp {
            cp.in_units(tracks[0].1.exponent);
        }
        // Theorems are of spaces of neurons: they say nothing of weights between others.
        let [rows, columns] = movement.size();
        if let (Some(channels), [(slices, record)]) = (channels.filter(|_| rows == columns), tracks)
        {
            watch(Stage { what: "spaces of theorems", done: 0, all: 1 });
            let start = slices.slice(0)?;
            found.nearness = Some(Nearness::new(&start, record, &movement, channels)?);
        }
        Ok(found)
    }

    /// Of weights W_0..W_K, each (N, M), two at least.
    ///
    /// # Panics
    ///
    /// If they are of unequal shapes, or fewer than two.
    pub fn of_slices(
        weights: &[Matrix<f64>],
        options: &EffectiveOptions,
        watch: Watch<'_>,
    ) -> Self {
        assert!(weights.len() >= 2, "weights before and after a step");
        let found = Movement::new([&weights as &dyn Slices])
            .and_then(|movement| Self::of_movement(&movement, options, watch));
        found.expect("they are in memory")
    }

    /// All but what rounding and a theorem say.
    fn of_movement(
        movement: &Movement<'_>,
        options: &EffectiveOptions,
        watch: Watch<'_>,
    ) -> Result<Self, SliceError> {
        let mut found = EffectiveRanks {
            movement: 0.0,
            exponent: 0,
            relative_change: None,
            last: None,
            rows: None,
            columns: None,
            steps: None,
            fourth: None,
            cp: None,
            walk: None,
            turned: None,
            second_half: None,
            nearness: None,
            rounding: 0.0,
        };
        let sums = movement.sums(watch)?;
        let total = sums.total;
        found.movement = total;
        found.relative_change = sums.relative_change;
        if total == 0.0 {
            return Ok(found);
        }
        [found.steps, found.fourth] = movement.courses(watch)?;
        watch(Stage { what: "spectra", done: 0, all: 1 });
        let Sums { steps: norms, later, first, second, whole, last, .. } = sums;
        found.last = last;
        let half = movement.steps() / 2;
        let grams = [whole.rows.as_ref(), whole.columns.as_ref()];
        let halves = [&first.rows, &first.columns, &second.rows, &second.columns];
        let halves = halves.map(|gram| gram.as_ref().filter(|_| half > 0));
        // Six spectra at once; each by one thread.
        let spectra: Vec<_> = (grams.into_iter().chain(halves).collect::<Vec<_>>())
            .into_par_iter()
            .map(|gram| gram.and_then(directions))
            .collect();
        let [rows, columns, first_rows, first_columns, own_rows, own_columns]: [_; 6] =
            spectra.try_into().expect("six spectra");
        let (first, own) = ([first_rows, first_columns], [own_rows, own_columns]);
        found.second_half = SecondHalf::new(half, first, own, &second, later, watch);
        if let (Some((rows, left)), Some((columns, right))) = (&rows, &columns) {
            // Of several histories the courses are over steps and histories together.
            let courses = found.steps.as_ref().filter(|_| movement.tracks() == 1);
            let spectra = [Some(rows), Some(columns), courses];
            let terms = options.terms;
            if terms > 0 {
                found.cp = CpTerms::new(movement, total, spectra, [left, right], terms, watch)?;
            }
        }
        found.rows = rows.map(|(spectrum, _)| spectrum);
        found.columns = columns.map(|(spectrum, _)| spectrum);
        let EffectiveOptions { draws, terms, all } = *options;
        let asked = found.second_half.as_ref().map(|half| Asked {
            first: half.first,
            dimensions: [half.rows.dimensions, half.columns.dimensions],
        });
        if draws > 0 {
            found.walk = Some(Null::walk(movement.size(), &norms, asked, draws, terms, watch));
            found.turned = Null::of_step_spectra(movement, draws, terms, all, watch)?;
        }
        Ok(found)
    }
}

/// The first columns, at most so many.
fn leading(matrix: &Matrix<f64>, count: usize) -> Matrix<f64> {
    let count = count.min(matrix.cols());
    Matrix::from_columns(matrix.rows(), count, matrix.columns(0..count).data().to_vec())
}
