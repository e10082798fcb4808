//! The movement of weights as a tensor: its Gram matrices, spectra and core, slice by slice.
//!
//! The squared singular values of an unfolding are the eigenvalues of its Gram matrix, which takes
//! one pass over the slices and memory that does not grow with their number. Rounding puts an error
//! of about 1e-16 times the length of the sums into each, as a share of the whole movement
//! ([`Movement::error`]): no measure of effective dimensions sees it, while an exact rank, which is
//! decided by small singular values, needs [`WeightRanks`](crate::weights::WeightRanks).
//!
//! Three passes read the slices one by one: for the Gram matrices of rows and columns, for that of
//! the time courses (more than one pass, if memory does not hold them all), and for the core.

use std::borrow::Cow;

use super::Spectrum;
use super::gram::{Side, add_cross, add_gram, products_of_columns, shorter_gram, spectrum};
use crate::matrix::Matrix;
use crate::memory::Memory;
use crate::scalar::Stream;
use crate::tensor::{Compress, Compressed, Dense};
use crate::weights::{SliceError, Slices, Stage, Watch};

/// Rows, columns or steps up to which a Gram matrix is formed.
const MAX_SIDE: usize = 8192;

/// Bytes of slices that are in memory at once for the inner products of time courses.
const BLOCK: usize = 1 << 28;

/// Weights W_0..W_K, each (N, M): one history, or several of the same length that moved side by side,
/// one for each index of a fourth axis.
pub(super) struct Movement<'a> {
    tracks: Vec<&'a dyn Slices>,
    /// W_0 of each.
    starts: Vec<Cow<'a, Matrix<f64>>>,
}

/// What one pass over the slices tells.
pub(super) struct Sums {
    /// The sum of ||W_k - W_0||^2.
    pub total: f64,
    /// ||W_K - W_0|| over ||W_0||, if that is not zero.
    pub relative_change: Option<f64>,
    /// ||W_k - W_{k-1}|| for k = 1..K, of each history.
    pub steps: Vec<Vec<f64>>,
    /// The sum of ||W_k - W_h||^2, k > h, with h = K / 2.
    pub later: f64,
    /// Of D_1..D_h.
    pub first: Grams,
    /// Of W_k - W_h, k > h.
    pub second: Grams,
    /// Of D_1..D_K.
    pub whole: Grams,
    /// How W_K - W_0 is spread over directions.
    pub last: Option<Spectrum>,
}

/// Gram matrices of changes, their lower halves; `None` where a side is too long.
pub(super) struct Grams {
    /// (N, N): the sum of D D^T.
    pub rows: Option<Matrix<f64>>,
    /// (M, M): the sum of D^T D.
    pub columns: Option<Matrix<f64>>,
}

impl Grams {
    fn zeros([rows, columns]: [usize; 2]) -> Self {
        let zeros = |side: usize| (side <= MAX_SIDE).then(|| Matrix::zeros(side, side));
        Grams { rows: zeros(rows), columns: zeros(columns) }
    }

    fn each(&mut self, mut change: impl FnMut(Side, &mut Matrix<f64>)) {
        self.rows.iter_mut().for_each(|gram| change(Side::Rows, gram));
        self.columns.iter_mut().for_each(|gram| change(Side::Columns, gram));
    }

    fn add(&mut self, change: &Matrix<f64>) {
        self.each(|side, gram| add_gram(gram, side, change));
    }

    fn add_all(&mut self, other: &Grams) {
        let of = |side: Side| match side {
            Side::Rows => other.rows.as_ref(),
            Side::Columns => other.columns.as_ref(),
        };
        self.each(|side, gram| gram.add_scaled(1.0, of(side).expect("the same sides")));
    }
}

impl<'a> Movement<'a> {
    /// Of histories of one shape and length.
    ///
    /// # Errors
    ///
    /// If a slice cannot be read.
    pub fn new(tracks: impl IntoIterator<Item = &'a dyn Slices>) -> Result<Self, SliceError> {
        let tracks: Vec<_> = tracks.into_iter().collect();
        let starts = tracks.iter().map(|track| track.slice(0)).collect::<Result<_, _>>()?;
        Ok(Movement { tracks, starts })
    }

    /// (N, M).
    pub fn size(&self) -> [usize; 2] {
        self.tracks[0].shape()
    }

    /// K.
    pub fn steps(&self) -> usize {
        self.tracks[0].count() - 1
    }

    /// Histories side by side.
    pub fn tracks(&self) -> usize {
        self.tracks.len()
    }

    /// W_k - W_from of a history.
    pub fn change(&self, track: usize, from: usize, k: usize) -> Result<Matrix<f64>, SliceError> {
        let slice = self.tracks[track].slice(k)?;
        Ok(match from {
            0 => slice.minus(&self.starts[track]),
            _ => slice.minus(&*self.tracks[track].slice(from)?),
        })
    }

    /// D_1..D_K of all histories, by history and step.
    pub fn increments(&self) -> Vec<(usize, usize)> {
        let of_track = |track| (1..=self.steps()).map(move |k| (track, k));
        (0..self.tracks.len()).flat_map(of_track).collect()
    }

    /// The largest error that computing the Gram matrices can have made, as a share of the movement:
    /// of sums of so many terms (N. J. Higham, "Accuracy and Stability of Numerical Algorithms",
    /// 2002, section 3.1).
    pub fn error(&self) -> f64 {
        let [rows, columns] = self.size();
        let terms = rows.max(columns).saturating_mul(self.steps() * self.tracks.len());
        0.5 * f64::EPSILON * terms as f64
    }

    /// What the sums take, and the directions that are found from them.
    fn memory(&self) -> Memory {
        let [rows, columns] = self.size();
        let sides = [rows, columns].into_iter().filter(|&side| side <= MAX_SIDE);
        let matrices = Memory::default().and(
            format!("matrices of {rows} x {columns}"),
            size_of::<f64>(),
            &[6, rows, columns],
        );
        // Of the first half, the second and the whole; of one its eigenvectors, and room to find them.
        sides.fold(matrices, |memory, side| {
            memory.and(
                format!("Gram matrices of {side} vectors"),
                size_of::<f64>(),
                &[6, side, side],
            )
        })
    }

    /// Reads the slices once, in their order.
    ///
    /// # Errors
    ///
    /// If one cannot be read, or there is too little memory.
    pub fn sums(&self, watch: Watch<'_>) -> Result<Sums, SliceError> {
        let (size, steps) = (self.size(), self.steps());
        self.memory().check()?;
        let half = steps / 2;
        let mut sums = Sums {
            total: 0.0,
            relative_change: None,
            steps: Vec::new(),
            later: 0.0,
            first: Grams::zeros(size),
            second: Grams::zeros(size),
            whole: Grams::zeros(size),
            last: None,
        };
        // That of the last change has the shorter side.
        let (mut squared, mut of_starts) = (0.0, 0.0);
        let mut last = (size[0].min(size[1]) <= MAX_SIDE).then_some(None::<Matrix<f64>>);
        for (&track, start) in self.tracks.iter().zip(&self.starts) {
            let mut before = start.clone();
            let mut turn = start.clone();
            let mut later = Matrix::zeros(size[0], size[1]);
            let mut norms = Vec::new();
            for k in 1..=steps {
                watch(Stage { what: "movement", done: k - 1, all: steps });
                let weights = track.slice(k)?;
                norms.push(weights.minus(&before).norm());
                let change = weights.minus(start);
                sums.total += change.norm().powi(2);
                if k <= half {
                    sums.first.add(&change);
                } else {
                    let change = weights.minus(&turn);
                    sums.later += change.norm().powi(2);
                    sums.second.add(&change);
                    later.add_scaled(1.0, &change);
                }
                if k == half {
                    turn = weights.clone();
                }
                if k == steps {
                    squared += change.norm().powi(2);
                    of_starts += start.norm().powi(2);
                }
                if let (true, Some(sum)) = (k == steps, &mut last) {
                    let gram = shorter_gram(&change);
                    match sum {
                        None => *sum = Some(gram),
                        Some(sum) => sum.add_scaled(1.0, &gram),
                    }
                }
                before = weights;
            }
            // D_k = D_h + (W_k - W_h), so that both halves and the products with D_h are the whole.
            let turn = turn.minus(start);
            later.add_scaled((steps - half) as f64 / 2.0, &turn);
            sums.whole.each(|side, gram| add_cross(gram, side, &turn, &later));
            sums.steps.push(norms);
        }
        sums.whole.add_all(&sums.first);
        sums.whole.add_all(&sums.second);
        sums.relative_change = (of_starts > 0.0).then(|| (squared / of_starts).sqrt());
        sums.last = last.flatten().and_then(|gram| spectrum(&gram));
        Ok(sums)
    }

    /// How the increments are spread over time courses, the unfolding along the steps; and over the
    /// histories, if there are several.
    ///
    /// # Errors
    ///
    /// If a slice cannot be read.
    pub fn courses(&self, watch: Watch<'_>) -> Result<[Option<Spectrum>; 2], SliceError> {
        let [rows, columns] = self.size();
        let (entries, tracks, steps) = (rows * columns, self.tracks.len(), self.steps());
        if tracks == 1 && steps > entries {
            return Ok([self.courses_of_few_entries()?, None]);
        }
        if tracks * steps > MAX_SIDE {
            return Ok([None, None]);
        }
        let products = self.inner_products(watch)?;
        if tracks == 1 {
            return Ok([spectrum(&products), None]);
        }
        // The unfolding along one axis sums over the other.
        let place = |track: usize, k: usize| track * steps + k;
        let by_step = Matrix::from_fn(steps, steps, |j, k| {
            (0..tracks).map(|track| products[(place(track, j), place(track, k))]).sum()
        });
        let by_track = Matrix::from_fn(tracks, tracks, |a, b| {
            (0..steps).map(|k| products[(place(a, k), place(b, k))]).sum()
        });
        Ok([spectrum(&by_step), spectrum(&by_track)])
    }

    /// Of fewer entries than steps, by the Gram matrix of the entries.
    fn courses_of_few_entries(&self) -> Result<Option<Spectrum>, SliceError> {
        const AT_ONCE: usize = 4096;
        let [rows, columns] = self.size();
        let entries = rows * columns;
        if entries > MAX_SIDE {
            return Ok(None);
        }
        let mut gram = Matrix::zeros(entries, entries);
        for part in self.increments().chunks(AT_ONCE) {
            add_gram(&mut gram, Side::Rows, &self.as_columns(part)?);
        }
        Ok(spectrum(&gram))
    }

    /// The inner products of all increments. Blocks of them are in memory, and the others are read
    /// again for each.
    fn inner_products(&self, watch: Watch<'_>) -> Result<Matrix<f64>, SliceError> {
        let [rows, columns] = self.size();
        let all = self.increments();
        let at_once = (BLOCK / (size_of::<f64>() * rows * columns)).max(2);
        let mut products = Matrix::zeros(all.len(), all.len());
        let mut put = |row: usize, column: usize, block: &Matrix<f64>| {
            for j in 0..block.cols() {
                for i in 0..block.rows() {
                    products[(row + i, column + j)] = block[(i, j)];
                    products[(column + j, row + i)] = block[(i, j)];
                }
            }
        };
        for (number, part) in all.chunks(at_once).enumerate() {
            let first = number * at_once;
            watch(Stage { what: "time courses", done: first, all: all.len() });
            let block = self.as_columns(part)?;
            put(first, first, &products_of_columns(&block, &block));
            for (later, increment) in all.iter().enumerate().skip(first + part.len()) {
                let other = self.as_columns(std::slice::from_ref(increment))?;
                put(first, later, &products_of_columns(&block, &other));
            }
        }
        Ok(products)
    }

    /// Increments as columns, (N M, count).
    fn as_columns(&self, increments: &[(usize, usize)]) -> Result<Matrix<f64>, SliceError> {
        let [rows, columns] = self.size();
        let mut data = Vec::with_capacity(rows * columns * increments.len());
        for &(track, k) in increments {
            data.extend_from_slice(self.change(track, 0, k)?.data());
        }
        Ok(Matrix::from_columns(rows * columns, increments.len(), data))
    }

    /// The shares of the increments D_1..D_K whose columns lie in the first space, whose rows lie in
    /// the second, and both. Spaces are orthonormal columns.
    ///
    /// # Errors
    ///
    /// If a slice cannot be read.
    pub fn shares_in(
        &self,
        left: &Matrix<f64>,
        right: &Matrix<f64>,
    ) -> Result<[f64; 3], SliceError> {
        let mut sums = [0.0; 4];
        for (track, k) in self.increments() {
            let change = self.change(track, 0, k)?;
            let inside = Matrix::product(left.t(), change.view());
            let parts = [&change, &inside, &change.times(right), &inside.times(right)];
            sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part.norm().powi(2));
        }
        let [all, parts @ ..] = sums;
        Ok(parts.map(|part| if all > 0.0 { (part / all).min(1.0) } else { 0.0 }))
    }

    /// The increments in orthonormal bases of rows and columns; `total` is their squared norm.
    ///
    /// # Errors
    ///
    /// If a slice cannot be read.
    pub fn projected(
        &self,
        left: Matrix<f64>,
        right: Matrix<f64>,
        total: f64,
        watch: Watch<'_>,
    ) -> Result<Projected, SliceError> {
        let (rows, entries) = (left.cols(), left.cols() * right.cols());
        let all = self.increments();
        let slice = |(done, &(track, k)): (usize, &(usize, usize))| {
            watch(Stage { what: "core", done, all: all.len() });
            let change = self.change(track, 0, k)?;
            let inside = Matrix::product(left.t(), change.view()).times(&right);
            Ok(Matrix::from_columns(entries, 1, inside.data().to_vec()))
        };
        let slices: Vec<_> =
            all.iter().enumerate().map(slice).collect::<Result<_, SliceError>>()?;
        // Of very many steps as few as span them, in an orthonormal basis.
        let slices = Matrix::gathered(entries, slices);
        let shape = [rows, right.cols(), slices.cols()];
        let core = Dense::from_fn(shape, |i, j, k| slices[(i + j * rows, k)]);
        let lost = (total - core.norm().powi(2)).max(0.0).sqrt();
        Ok(Projected { core, left, right, norm: total.sqrt(), lost })
    }
}

/// The increments in fewer dimensions of rows and columns, of which the CP decomposition is sought.
pub(super) struct Projected {
    core: Dense,
    left: Matrix<f64>,
    right: Matrix<f64>,
    norm: f64,
    /// The norm of what is not in the core.
    lost: f64,
}

impl Compress for Projected {
    fn dimensions(&self) -> [usize; 3] {
        [self.left.rows(), self.right.rows(), self.core.shape()[2]]
    }

    fn compressed(&self, width: usize, stream: &Stream) -> Compressed {
        let mut compressed = self.core.compressed(width, stream);
        compressed.bases[0] = self.left.times(&compressed.bases[0]);
        compressed.bases[1] = self.right.times(&compressed.bases[1]);
        compressed.norm = self.norm;
        compressed.lost = compressed.lost.hypot(self.lost);
        compressed
    }
}
