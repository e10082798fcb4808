//! The ranks of weights that were recorded while a network learned.

use crate::matrix::{CLEAR_GAP, Matrix, Rank, RankRevealing};
use crate::recording::WeightHistory;
use crate::tensor::{CpBracket, LowerEnd, Tensor};

/// What singular values say of a weight history.
#[derive(Clone, Debug)]
pub struct WeightReport {
    /// True if unfoldings and CP rank are those of the increments.
    pub delta: bool,
    /// The rank of W_k for k = 0..=K.
    pub ranks: Vec<Rank>,
    /// The rank of W_k - W_0 for k = 0..=K; the first is zero.
    pub increment_ranks: Vec<Rank>,
    /// The ranks r1 (rows), r2 (columns), r3 (steps) of the unfoldings of the tensor.
    pub unfolding_ranks: [Rank; 3],
    /// What the CP rank of the tensor is at least, and why.
    pub cp_lower: LowerEnd,
    /// What it is at most, by a decomposition that reproduces the tensor within the noise; `None`
    /// if none was found.
    pub cp_upper: Option<CpBracket<f64>>,
    /// The largest noise floor of the three unfoldings.
    pub noise_floor: f64,
    /// The dimension of the space in which rows and columns of all increments lie together.
    pub space: Rank,
}

impl WeightReport {
    /// Computes all ranks: unfoldings and CP bracket of the increments D_1..D_K if `delta`, else of
    /// the weights W_0..W_K.
    pub fn new(history: &WeightHistory, delta: bool) -> Self {
        let noise = Noise::of(history);
        let neurons = history.neurons();
        let increments: Vec<_> = (0..=history.steps()).map(|k| history.increment(k)).collect();
        let (slices, rounding) = match delta {
            true => (&increments[1..], noise.of_increments()),
            false => (history.slices(), noise.of_slices()),
        };
        let tensor = Tensor::from_slices(neurons, neurons, slices).reduced();
        let unfolding_ranks = tensor.unfolding_ranks(rounding);
        let bracket = tensor.tight_cp_bracket(rounding);
        let cp_lower = match &bracket {
            Some(bracket) => bracket.lower_end(),
            None => tensor.best_lower_end(rounding, usize::MAX),
        };
        let floors = unfolding_ranks.iter().filter_map(Rank::spectrum).map(|(_, floor)| floor);
        let rank = |(k, matrix): (usize, &Matrix<f64>)| f64::rank(matrix, noise.at(k));
        WeightReport {
            delta,
            ranks: history.slices().iter().enumerate().map(rank).collect(),
            increment_ranks: increments.iter().enumerate().map(rank).collect(),
            cp_lower,
            cp_upper: bracket,
            noise_floor: floors.fold(rounding, f64::max),
            unfolding_ranks,
            space: f64::rank(&sides(&increments[1..]), 2.0 * noise.of_increments()),
        }
    }

    /// What could not be decided, and why: one sentence for each.
    pub fn inconclusive(&self) -> Vec<String> {
        let slices =
            self.ranks.iter().enumerate().map(|(k, rank)| (format!("rank of W_{k}"), rank));
        let increments = self.increment_ranks.iter().enumerate();
        let increments = increments.map(|(k, rank)| (format!("rank of W_{k} - W_0"), rank));
        let unfoldings = ["r1 (rows)", "r2 (columns)", "r3 (steps)"].map(str::to_owned);
        let unfoldings = unfoldings.into_iter().zip(&self.unfolding_ranks);
        let space = std::iter::once(("dimension of the space of learning".to_owned(), &self.space));
        let mut doubts: Vec<String> = (slices.chain(increments).chain(unfoldings).chain(space))
            .filter_map(|(what, rank)| doubt(&what, rank))
            .collect();
        if self.cp_upper.is_none() {
            let why = "no decomposition reproduces the tensor within the noise";
            doubts.push(format!("CP rank: at least {}, {why}", self.cp_lower.bound));
        }
        doubts
    }
}

/// A sentence on a rank that is not known.
fn doubt(what: &str, rank: &Rank) -> Option<String> {
    if rank.known().is_some() {
        return None;
    }
    let (values, floor) = rank.spectrum()?;
    let next = values.get(rank.lower)?;
    Some(format!(
        "{what}: between {} and {}, because singular value {} is {next:.1e}, less than {CLEAR_GAP} \
         times the noise floor {floor:.1e}",
        rank.lower,
        rank.upper,
        rank.lower + 1
    ))
}

/// All columns and all rows of some (N, N) matrices, side by side.
pub(super) fn sides(matrices: &[Matrix<f64>]) -> Matrix<f64> {
    let turned: Vec<_> = matrices.iter().map(Matrix::transposed).collect();
    let neurons = matrices.first().map_or(0, Matrix::rows);
    Matrix::beside(neurons, matrices.iter().chain(&turned))
}

/// What rounding can have put into the weights, as a norm, for each k.
///
/// Each step rounds every weight once, by up to half a unit in its last place; over k steps these
/// errors add up like a random walk, to at most about `eps sqrt(k + 1) max ||W_j||`. Each gradient
/// has been computed with sums of N terms, which adds `eps sqrt(N)` times the length of the path
/// that the weights have gone. Norms are those of Frobenius.
pub(super) struct Noise(Vec<f64>);

impl Noise {
    pub fn of(history: &WeightHistory) -> Self {
        let (mut largest, mut path) = (0.0_f64, 0.0);
        let root = (history.neurons() as f64).sqrt();
        let mut noise = Vec::new();
        for (k, slice) in history.slices().iter().enumerate() {
            largest = largest.max(slice.norm());
            if k > 0 {
                path += slice.minus(&history.slices()[k - 1]).norm();
            }
            noise.push(history.rounding() * ((k as f64 + 1.0).sqrt() * largest + root * path));
        }
        Noise(noise)
    }

    /// Of W_k or W_k - W_0.
    pub fn at(&self, k: usize) -> f64 {
        self.0[k]
    }

    /// Of all W_k as one tensor.
    pub fn of_slices(&self) -> f64 {
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
