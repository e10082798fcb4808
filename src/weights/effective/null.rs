//! What chance would do: random walks whose steps are as long as those of the weights.
//!
//! In a walk D_k = E_1 + .. + E_k with independent steps most of the movement lies along few time
//! courses (the first holds 81 % if all steps are of one length), whatever the directions are. Few
//! time courses are therefore no finding, and few dimensions of rows and columns are one only beside
//! those of a walk.

use rayon::prelude::*;

use super::gram::{eigenvalues, shorter_gram, spectrum};
use super::movement::Movement;
use super::{SHARES, Spectrum};
use crate::matrix::{Matrix, ThinQr};
use crate::scalar::Stream;
use crate::weights::ranks::counted;
use crate::weights::{SliceError, Slices, Watch};

/// Rows and columns, about, in which a walk is drawn if the weights have more.
const SIDE: usize = 128;

/// Rows or columns up to which their number is kept.
const FEW: usize = 16;

/// Multiplications that the draws of a null may take, about, beyond the least number of draws.
const WORK: usize = 1 << 32;

/// Multiplications of one draw up to which steps of given spectra are drawn.
const MAX_WORK: usize = 1 << 30;

/// By how much such a draw takes longer, about: it factors two matrices for each step.
const TURNS: usize = 4;

/// Draws that are made at least.
const MIN_DRAWS: usize = 4;

/// Effective dimensions of random walks.
#[derive(Clone, Debug)]
pub struct Null {
    /// How many were drawn.
    pub draws: usize,
    /// Steps of each, K.
    pub moves: usize,
    /// Rows and columns of those that were drawn: fewer than the weights have if these have many.
    pub size: [usize; 2],
    /// Of the last position.
    pub last: Option<NullRanks>,
    /// Of the unfoldings of all positions.
    pub rows: Option<NullRanks>,
    /// Likewise.
    pub columns: Option<NullRanks>,
    /// Likewise.
    pub steps: Option<NullRanks>,
    /// Along the fourth axis, if there is one: of walks that do not know of each other.
    pub fourth: Option<NullRanks>,
    /// CP terms that 90, 95 and 99 % of the movement need at least.
    pub cp_at_least: Option<[Quantiles; 3]>,
    /// The most that one CP term, two terms, and so on can hold of the movement: the median.
    pub cp_explained: Vec<f64>,
    /// The share of the second half of a walk that lies in so many dimensions of rows, and of
    /// columns, as were asked about. The walk does not know of them: it may be any that many.
    pub second_half: Option<[Quantiles; 2]>,
}

/// Two spaces that are known after the first half of the steps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// The last step of the first half.
    pub first: usize,
    /// Dimensions of rows and of columns.
    pub dimensions: [usize; 2],
}

/// The measures of a [`Spectrum`] over draws.
#[derive(Clone, Debug)]
pub struct NullRanks {
    /// [`Spectrum::participation_ratio`].
    pub participation_ratio: Quantiles,
    /// [`Spectrum::stable_rank`].
    pub stable_rank: Quantiles,
    /// Dimensions that hold 90, 95 and 99 %.
    pub dimensions: [Quantiles; 3],
    /// What one dimension, two dimensions, and so on hold, until nearly all draws hold 99 %.
    pub explained: Vec<Quantiles>,
}

/// Of some draws the 5th percentile, the median and the 95th percentile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantiles {
    /// 5 % of the draws are below.
    pub low: f64,
    /// Half of them are.
    pub median: f64,
    /// 95 % are.
    pub high: f64,
}

impl Quantiles {
    /// Of numbers, with linear interpolation, as NumPy has it by default.
    pub(super) fn of(mut numbers: Vec<f64>) -> Self {
        numbers.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * (numbers.len() - 1) as f64;
            let (below, rest) = (place.floor() as usize, place.fract());
            let above = (below + 1).min(numbers.len() - 1);
            numbers[below] + rest * (numbers[above] - numbers[below])
        };
        Quantiles { low: at(0.05), median: at(0.5), high: at(0.95) }
    }
}

/// The spectra of one walk.
struct Draw {
    last: Option<Spectrum>,
    unfoldings: [Option<Spectrum>; 3],
    fourth: Option<Spectrum>,
    /// True of one history: CP terms then need the dimensions of its time courses, too.
    single: bool,
    /// The shares of the second half in the first so many rows and columns.
    second_half: Option<[f64; 2]>,
}

impl Null {
    /// Walks with steps of these Frobenius norms, those of each history, in directions that are
    /// uniform on the sphere of all (N, M) matrices.
    ///
    /// Of more than 128 rows and columns, about, walks are drawn in 128 and dimensions multiplied by
    /// the ratio. In the limit of many rows the spectrum of a walk depends on the lengths of its
    /// steps and the ratio of columns to rows alone, so that this is exact up to one in 128; the
    /// quantiles are then somewhat too far apart.
    ///
    /// The second half of a walk is independent of the first, and its directions are uniform, so that
    /// the first rows and columns stand for any space that the first half has told.
    pub(super) fn walk(
        size: [usize; 2],
        norms: &[Vec<f64>],
        asked: Option<Asked>,
        draws: usize,
        terms: usize,
        watch: Watch<'_>,
    ) -> Self {
        let small = shrunk(size);
        let draws = draws_within(draws, work(small, norms.iter().map(Vec::len).sum()));
        let scales = [0, 1].map(|side| size[side] as f64 / small[side] as f64);
        let asked = asked.map(|Asked { first, dimensions }| {
            (first, [0, 1].map(|side| dimensions[side] as f64 / scales[side]))
        });
        let made = counted("random walks", draws, watch, |draw| {
            let mut stream = Stream::new("random walk of weights", 0, draw as u64);
            let mut step = |norm: &f64| {
                let mut step = normal(small[0], small[1], &mut stream);
                step.scale(norm / step.norm());
                step
            };
            let walk = |norms: &Vec<f64>| positions(norms.iter().map(&mut step));
            Draw::of_walks(norms.iter().map(walk).collect(), asked)
        });
        let moves = norms.first().map_or(0, Vec::len);
        Self::of_draws(&made, moves, small, scales, terms)
    }

    /// Walks whose steps have the singular values of the steps W_k - W_{k-1}, and singular vectors
    /// that are uniform among orthonormal ones: as few dimensions in each step, and none in common.
    /// `None` if that would take minutes, unless `all` asks for it.
    ///
    /// # Errors
    ///
    /// If weights cannot be read.
    pub(super) fn of_step_spectra(
        movement: &Movement<'_>,
        draws: usize,
        terms: usize,
        all: bool,
        watch: Watch<'_>,
    ) -> Result<Option<Self>, SliceError> {
        let (size, steps, tracks) = (movement.size(), movement.steps(), movement.tracks());
        if work(size, steps * tracks) > MAX_WORK && !all {
            return Ok(None);
        }
        let of_step = |track, k| {
            let gram = shorter_gram(&movement.change(track, k - 1, k)?);
            Ok(eigenvalues(&gram).into_iter().map(|square| square.max(0.0).sqrt()).collect())
        };
        let of_track =
            |track| (1..=steps).into_par_iter().map(move |k| of_step(track, k)).collect();
        let values: Vec<Vec<Vec<f64>>> =
            (0..tracks).map(of_track).collect::<Result<_, SliceError>>()?;
        let draws = draws_within(draws, TURNS * work(size, steps * tracks));
        let made = counted("walks with the spectra of the steps", draws, watch, |draw| {
            let mut stream = Stream::new("turned steps of weights", 0, draw as u64);
            let mut step = |values: &Vec<f64>| {
                let mut left = orthonormal(size[0], values.len(), &mut stream);
                let right = orthonormal(size[1], values.len(), &mut stream);
                for (j, value) in values.iter().enumerate() {
                    left.column_mut(j).iter_mut().for_each(|x| *x *= value);
                }
                Matrix::product(left.view(), right.t())
            };
            let walk = |values: &Vec<Vec<f64>>| positions(values.iter().map(&mut step));
            Draw::of_walks(values.iter().map(walk).collect(), None)
        });
        Ok(Some(Self::of_draws(&made, steps, size, [1.0; 2], terms)))
    }

    fn of_draws(
        draws: &[Draw],
        moves: usize,
        size: [usize; 2],
        scales: [f64; 2],
        terms: usize,
    ) -> Self {
        let [rows, columns] = scales;
        let scales = [rows, columns, 1.0];
        let of = |mode: usize| {
            let spectra = draws.iter().map(|draw| draw.unfoldings[mode].as_ref());
            NullRanks::of(spectra, scales[mode])
        };
        let cp_at_least = |share: f64| {
            let needed = |draw: &Draw| {
                let modes = draw.of_terms().iter().zip(scales).flat_map(|(spectrum, scale)| {
                    spectrum.as_ref().map(|spectrum| scaled_dimensions(spectrum, share, scale))
                });
                modes.fold(0.0, f64::max)
            };
            Quantiles::of(draws.iter().map(needed).collect())
        };
        let cp_explained = |count: usize| {
            let held = |draw: &Draw| {
                let modes = draw.of_terms().iter().zip(scales).flat_map(|(spectrum, scale)| {
                    spectrum.as_ref().map(|spectrum| explained(spectrum, count as f64 / scale))
                });
                modes.fold(1.0, f64::min)
            };
            Quantiles::of(draws.iter().map(held).collect()).median
        };
        let halves: Option<Vec<_>> = draws.iter().map(|draw| draw.second_half).collect();
        let second_half = halves.map(|shares| {
            [0, 1].map(|side| Quantiles::of(shares.iter().map(|share| share[side]).collect()))
        });
        let any = draws.iter().all(|draw| draw.of_terms().iter().any(Option::is_some));
        Null {
            draws: draws.len(),
            moves,
            size,
            last: NullRanks::of(draws.iter().map(|draw| draw.last.as_ref()), rows.min(columns)),
            rows: of(0),
            columns: of(1),
            steps: of(2),
            fourth: NullRanks::of(draws.iter().map(|draw| draw.fourth.as_ref()), 1.0),
            cp_at_least: any.then(|| SHARES.map(cp_at_least)),
            cp_explained: if any { (1..=terms).map(cp_explained).collect() } else { Vec::new() },
            second_half,
        }
    }
}

impl NullRanks {
    /// `None` if a spectrum is missing.
    fn of<'a>(spectra: impl Iterator<Item = Option<&'a Spectrum>>, scale: f64) -> Option<Self> {
        let spectra: Vec<&Spectrum> = spectra.collect::<Option<_>>()?;
        let over = |measure: &dyn Fn(&Spectrum) -> f64| {
            Quantiles::of(spectra.iter().map(|spectrum| measure(spectrum)).collect())
        };
        let most = |spectrum: &&Spectrum| scaled_dimensions(spectrum, SHARES[2], scale) as usize;
        let most = spectra.iter().map(most).max().unwrap_or(0);
        let explained = |count: usize| over(&|spectrum| explained(spectrum, count as f64 / scale));
        Some(NullRanks {
            explained: (1..=most).map(explained).collect(),
            participation_ratio: over(&|spectrum| scale * spectrum.participation_ratio()),
            stable_rank: over(&|spectrum| scale * spectrum.stable_rank()),
            dimensions: SHARES
                .map(|share| over(&|spectrum| scaled_dimensions(spectrum, share, scale))),
        })
    }
}

impl Draw {
    /// Of walks side by side, each its positions; of the second half, after so many steps, the shares
    /// in so many rows and columns are asked for.
    fn of_walks(walks: Vec<Vec<Matrix<f64>>>, asked: Option<(usize, [f64; 2])>) -> Self {
        let measured = || {
            let movement = Movement::new(walks.iter().map(|walk| walk as &dyn Slices))?;
            let sums = movement.sums(&|_| ())?;
            let of = |gram: Option<Matrix<f64>>| gram.and_then(|gram| spectrum(&gram));
            let [steps, fourth] = movement.courses(&|_| ())?;
            let unfoldings = [of(sums.whole.rows), of(sums.whole.columns), steps];
            Ok::<_, SliceError>(Draw {
                last: sums.last,
                unfoldings,
                fourth,
                single: walks.len() == 1,
                second_half: asked
                    .map(|(first, dimensions)| second_half(&walks, first, dimensions)),
            })
        };
        measured().expect("they are in memory")
    }

    /// Of the unfoldings of which no CP decomposition has fewer terms than dimensions.
    fn of_terms(&self) -> &[Option<Spectrum>] {
        &self.unfoldings[..if self.single { 3 } else { 2 }]
    }
}

/// The share of what walks do after a step that is in the first so many rows, and columns; a part of a
/// row or column counts as that part.
fn second_half(walks: &[Vec<Matrix<f64>>], first: usize, dimensions: [f64; 2]) -> [f64; 2] {
    let start = &walks[0][0];
    let mut squares = [start.rows(), start.cols()].map(|side| vec![0.0; side]);
    for walk in walks {
        for position in &walk[first + 1..] {
            let change = position.minus(&walk[first]);
            for j in 0..change.cols() {
                for (i, entry) in change.column(j).iter().enumerate() {
                    squares[0][i] += entry * entry;
                    squares[1][j] += entry * entry;
                }
            }
        }
    }
    [0, 1].map(|side| {
        let (held, all) = (dimensions[side], squares[side].iter().sum::<f64>());
        let part = |place: usize| (held - place as f64).clamp(0.0, 1.0);
        let inside = squares[side].iter().enumerate().map(|(place, square)| part(place) * square);
        if all > 0.0 { inside.sum::<f64>() / all } else { 0.0 }
    })
}

/// Where a walk comes that starts at zero and makes these steps.
fn positions(steps: impl Iterator<Item = Matrix<f64>>) -> Vec<Matrix<f64>> {
    let mut positions: Vec<Matrix<f64>> = Vec::new();
    for step in steps {
        let start = || Matrix::zeros(step.rows(), step.cols());
        let mut position = positions.last().cloned().unwrap_or_else(start);
        if positions.is_empty() {
            positions.push(position.clone());
        }
        position.add_scaled(1.0, &step);
        positions.push(position);
    }
    positions
}

/// Dimensions in a spectrum of which each stands for `scale` of them.
fn scaled_dimensions(spectrum: &Spectrum, share: f64, scale: f64) -> f64 {
    (scale * spectrum.dimensions_for(share) as f64).ceil()
}

/// What a number of dimensions that need not be whole holds.
fn explained(spectrum: &Spectrum, dimensions: f64) -> f64 {
    let below = dimensions.floor() as usize;
    let next = spectrum.shares().get(below).copied().unwrap_or(0.0);
    spectrum.explained(below) + dimensions.fract() * next
}

/// Rows and columns in which walks are drawn.
fn shrunk(size: [usize; 2]) -> [usize; 2] {
    let [short, long] = [size[0].min(size[1]), size[0].max(size[1])];
    let ratio = (SIDE as f64 / short.max(long / 4).max(1) as f64).min(1.0);
    size.map(|side| if side <= FEW { side } else { (ratio * side as f64).round() as usize })
}

/// Multiplications for the Gram matrices of a walk, about.
fn work([rows, cols]: [usize; 2], steps: usize) -> usize {
    rows.saturating_mul(cols).saturating_mul(rows.max(cols)).saturating_mul(steps)
}

/// As many draws as are asked for, or as can be made in seconds.
pub(super) fn draws_within(draws: usize, work: usize) -> usize {
    draws.min(MIN_DRAWS.max(WORK / work.max(1))).max(1)
}

/// Standard normal entries.
fn normal(rows: usize, columns: usize, stream: &mut Stream) -> Matrix<f64> {
    let mut matrix = Matrix::zeros(rows, columns);
    stream.fill_normal(matrix.data_mut());
    matrix
}

/// Orthonormal columns, (rows, columns), uniform among all: the Q of a normal matrix whose R has a
/// positive diagonal (F. Mezzadri, "How to generate random matrices from the classical compact
/// groups", Notices of the AMS 54, 2007).
pub(super) fn orthonormal(rows: usize, columns: usize, stream: &mut Stream) -> Matrix<f64> {
    let (mut q, r) = f64::thin_qr(&normal(rows, columns, stream));
    for j in 0..q.cols() {
        if r[(j, j)] < 0.0 {
            q.column_mut(j).iter_mut().for_each(|x| *x = -*x);
        }
    }
    q
}
