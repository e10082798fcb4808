//! CP decompositions in f64: of data, and as the upper end of a bracket.
//!
//! A decomposition of R terms is found in four steps: **compress** the tensor to a core in
//! orthonormal bases of its modes, which costs a few passes over it; **start** from the
//! simultaneous diagonalisation of the core, which is exact where the tensor is, from terms one by
//! one, and from random factors; **refine** by damped Gauss-Newton on the core; **report** the distance from the whole
//! tensor and the condition number of the terms. Where entries are missing or differ in weight
//! there is no core: missing entries are filled from a fit of the filled tensor, a few times, and
//! the result is refined on the entries that are there.
//!
//! 1. T. G. Kolda and B. W. Bader, "Tensor decompositions and applications", SIAM Review 51 (2009).
//! 2. R. Bro and C. A. Andersson, "Improving the speed of multiway algorithms: compression",
//!    Chemometrics and Intelligent Laboratory Systems 42 (1998).
//! 3. L. Sorber, M. Van Barel and L. De Lathauwer, "Optimization-based algorithms for tensor
//!    decompositions", SIAM J. Optim. 23 (2013).

mod by_rank;
mod compress;
mod condition;
mod model;
mod objective;
mod refine;
mod start;
#[cfg(test)]
mod tests;

pub use by_rank::{CpGrowth, ErrorByRank, cp_error_by_rank, cp_growth};
pub use compress::{Compress, Compressed};

use thiserror::Error;

use super::{Decomposition, Dense};
use crate::scalar::Stream;
use model::Factors;
use objective::Objective;
use refine::{Limits, Refined, alternate, refine};

/// How a CP decomposition is searched for.
#[derive(Clone, Debug, PartialEq)]
pub struct CpOptions {
    /// Random starts, after the algebraic one or, for more terms than that can have, the growing
    /// one.
    pub starts: usize,
    /// Steps of the refinement of each start.
    pub max_iterations: usize,
    /// A refinement has converged when a step decreases the error by less than this share.
    pub tolerance: f64,
    /// A relative error for which no other start is tried.
    pub enough: f64,
}

impl Default for CpOptions {
    /// Two random starts of 100 steps, a tolerance of 1e-6; 1e-11 is enough.
    fn default() -> Self {
        CpOptions { starts: 2, max_iterations: 100, tolerance: 1e-6, enough: 1e-11 }
    }
}

/// A CP decomposition that was found.
#[derive(Clone, Debug)]
pub struct CpFit {
    /// The terms, sorted by falling norm, each shared equally among its three vectors.
    pub decomposition: Decomposition<f64>,
    /// The norm of the difference from the tensor over the norm of the tensor; with weights, of
    /// the weighted entries.
    pub relative_error: f64,
    /// [`Decomposition::condition`]: how much an error in the tensor can grow in its terms.
    pub condition: f64,
    /// Steps of refinement, over all starts.
    pub iterations: usize,
    /// False if the best refinement was stopped while it still moved.
    pub converged: bool,
}

/// Why there is no CP decomposition.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CpError {
    /// A number is a NaN or an infinity.
    #[error("the tensor has an entry that is not finite")]
    NotFinite,
    /// Weights of another shape, negative or not finite.
    #[error("expected weights of shape {expected:?} that are finite and not negative")]
    Weights {
        /// The shape of the tensor.
        expected: [usize; 3],
    },
}

/// A CP decomposition of at most `rank` terms, near to the best one.
///
/// # Errors
///
/// If an entry is not finite.
///
/// # Examples
///
/// ```
/// use rankproof::scalar::Stream;
/// use rankproof::tensor::{CpOptions, Dense, cp_decompose};
///
/// let tensor = Dense::from_fn([5, 4, 3], |i, j, k| (i + j) as f64 + (i * k) as f64);
/// let fit = cp_decompose(&tensor, 3, &CpOptions::default(), &Stream::new("example", 0, 0))?;
/// assert!(fit.relative_error < 1e-10 && fit.converged);
/// # Ok::<(), rankproof::tensor::CpError>(())
/// ```
pub fn cp_decompose(
    tensor: &impl Compress,
    rank: usize,
    options: &CpOptions,
    stream: &Stream,
) -> Result<CpFit, CpError> {
    let compressed = tensor.compressed(core_width(rank), stream);
    if !compressed.norm.is_finite() {
        return Err(CpError::NotFinite);
    }
    Ok(compressed.decomposed(rank, options, stream, Vec::new()))
}

/// A CP decomposition of at most `rank` terms in which entry (i, j, k) counts with weight
/// (i, j, k): zero for a missing one, which may hold a NaN. What no entry determines is zero.
///
/// # Errors
///
/// If an entry of positive weight is not finite, or the weights do not fit.
pub fn cp_decompose_weighted(
    tensor: &Dense,
    weights: &Dense,
    rank: usize,
    options: &CpOptions,
    stream: &Stream,
) -> Result<CpFit, CpError> {
    let proper = |&w: &f64| w.is_finite() && w >= 0.0;
    if weights.shape() != tensor.shape() || !weights.data().iter().all(proper) {
        return Err(CpError::Weights { expected: tensor.shape() });
    }
    let pairs = || tensor.data().iter().zip(weights.data());
    if !pairs().all(|(x, &w)| w == 0.0 || x.is_finite()) {
        return Err(CpError::NotFinite);
    }
    let known = pairs().map(|(&x, &w)| if w == 0.0 { 0.0 } else { x }).collect();
    let known = Dense::new(tensor.shape(), known);
    Ok(decomposed_by_weight(&known, weights, rank, options, stream))
}

/// The relative error of a decomposition on the entries of positive weight: on those left out of a
/// fit, if these are what the weights mark.
///
/// # Panics
///
/// If the shapes differ.
pub fn cp_error(tensor: &Dense, weights: &Dense, decomposition: &Decomposition<f64>) -> f64 {
    assert_eq!(tensor.shape(), weights.shape(), "a weight for each entry");
    let fit = model::sum(&decomposition.clone().into());
    assert_eq!(tensor.shape(), fit.shape(), "a decomposition of this tensor");
    let entries = tensor.data().iter().zip(fit.data()).zip(weights.data());
    let counted = entries.filter(|&(_, &w)| w > 0.0);
    let (error, size) = counted.fold((0.0, 0.0), |(error, size), ((x, y), w)| {
        (error + w * (x - y) * (x - y), size + w * x * x)
    });
    if size == 0.0 { error.sqrt() } else { (error / size).sqrt() }
}

/// Dimensions of a core in which nearly all of the best R terms lie, noise or not.
fn core_width(rank: usize) -> usize {
    rank + (rank / 2).max(6)
}

impl CpOptions {
    fn limits(&self, objective: &Objective<'_>) -> Limits {
        Limits {
            iterations: self.max_iterations,
            tolerance: self.tolerance,
            enough: 1e-4 * self.enough.powi(2) * objective.size,
            ridge: 0.0,
        }
    }
}

impl Compressed {
    /// The best of the refinements of the algebraic start, the starts given, the growing one, and
    /// random ones.
    pub(in crate::tensor) fn decomposed(
        &self,
        rank: usize,
        options: &CpOptions,
        stream: &Stream,
        given: Vec<Factors>,
    ) -> CpFit {
        let objective = Objective::new(&self.core);
        let limits = options.limits(&objective);
        let algebraic = start::algebraic(&self.core, rank, stream);
        let starts =
            algebraic.into_iter().chain(given).map(|start| refine(&objective, start, limits));
        let growing = std::iter::once_with(|| start::growing(&self.core, rank, limits, stream));
        let growing = growing.flatten().map(|start| refine(&objective, start, limits));
        let random = (0..options.starts).map(|number| {
            let mut stream = stream.named(&format!("random start {number}"));
            from_random(&objective, rank, limits, &mut stream)
        });
        let enough = (options.enough * self.norm).powi(2);
        let (best, iterations) = best_of(starts.chain(growing).chain(random), enough);
        match best {
            // No terms, no start or nothing to decompose.
            None => self.without_terms(rank),
            Some(best) => self.fit(best, iterations),
        }
    }

    fn fit(&self, best: Refined, iterations: usize) -> CpFit {
        let decomposition = Decomposition::from(self.expanded(&best.factors)).sorted();
        CpFit {
            relative_error: self.relative_error(best.value),
            condition: decomposition.condition(),
            decomposition,
            iterations,
            converged: best.converged,
        }
    }

    fn without_terms(&self, rank: usize) -> CpFit {
        let shape = self.bases.each_ref().map(crate::matrix::Matrix::rows);
        let decomposition =
            Decomposition::from(shape.map(|n| crate::matrix::Matrix::zeros(n, rank)));
        CpFit {
            condition: decomposition.condition(),
            decomposition,
            relative_error: if self.norm == 0.0 { 0.0 } else { 1.0 },
            iterations: 0,
            converged: true,
        }
    }
}

/// Random factors brought near the tensor by a few sweeps, and with a ridge, then refined.
fn from_random(
    objective: &Objective<'_>,
    rank: usize,
    limits: Limits,
    stream: &mut Stream,
) -> Refined {
    const SWEEPS: usize = 10;
    const STEPS: usize = 30;
    // Of a term of norm s the numbers square to 3 s^(2/3).
    let ridge = 1e-3 * objective.size.powf(2.0 / 3.0);
    let factors = model::random(objective.shape(), rank, stream);
    let near = alternate(objective, factors, Limits { iterations: SWEEPS, ..limits });
    let tame = Limits { iterations: STEPS, ridge, ..limits };
    let tame = refine(objective, near.factors, tame);
    let mut refined = refine(objective, tame.factors, limits);
    refined.iterations += near.iterations + tame.iterations;
    refined
}

/// The refinement with the least distance, the first one that is `enough`, and the steps of all.
fn best_of(starts: impl Iterator<Item = Refined>, enough: f64) -> (Option<Refined>, usize) {
    let (mut best, mut iterations) = (None::<Refined>, 0);
    for refined in starts {
        iterations += refined.iterations;
        if best.as_ref().is_none_or(|best| refined.value < best.value) {
            best = Some(refined);
        }
        if best.as_ref().is_some_and(|best| best.value <= enough) {
            break;
        }
    }
    (best, iterations)
}

/// Weighted entries: each start fills what is missing, and is then refined on what is there.
fn decomposed_by_weight(
    tensor: &Dense,
    weights: &Dense,
    rank: usize,
    options: &CpOptions,
    stream: &Stream,
) -> CpFit {
    let objective = Objective::weighted(tensor, weights);
    let limits = options.limits(&objective);
    let starts = (0..=options.starts).map(|number| {
        let stream = stream.named(&format!("filling {number}"));
        match number {
            0 => refine(&objective, filled(tensor, weights, rank, options, &stream), limits),
            _ => from_random(&objective, rank, limits, &mut stream.named("factors")),
        }
    });
    let enough = options.enough.powi(2) * objective.size;
    let (best, iterations) = best_of(starts, enough);
    let best = best.expect("there is a first start");
    let relative_error =
        if objective.size > 0.0 { (best.value / objective.size).sqrt() } else { 0.0 };
    let mut factors = best.factors;
    forget_unseen_rows(&mut factors, weights);
    let decomposition = Decomposition::from(factors).sorted();
    CpFit {
        condition: decomposition.condition(),
        decomposition,
        relative_error,
        iterations,
        converged: best.converged,
    }
}

/// Zeros in the rows to which no entry belongs: refined, they would stay where they started.
fn forget_unseen_rows(factors: &mut Factors, weights: &Dense) {
    let mut seen = factors.each_ref().map(|factor| vec![false; factor.rows()]);
    let [_, cols, depth] = weights.shape();
    for (place, _) in weights.data().iter().enumerate().filter(|&(_, &w)| w > 0.0) {
        let index = [place / (cols * depth), place / depth % cols, place % depth];
        seen.iter_mut().zip(index).for_each(|(seen, i)| seen[i] = true);
    }
    for (factor, seen) in factors.iter_mut().zip(&seen) {
        for r in 0..factor.cols() {
            let column = factor.column_mut(r).iter_mut().zip(seen);
            column.filter(|(_, seen)| !**seen).for_each(|(x, _)| *x = 0.0);
        }
    }
}

/// Factors of the tensor with its missing entries filled: by the mean first, then by the fit of
/// the filled one. An entry of weight w is filled by 1 - w, with the largest weight as one.
fn filled(
    tensor: &Dense,
    weights: &Dense,
    rank: usize,
    options: &CpOptions,
    stream: &Stream,
) -> Factors {
    const ROUNDS: usize = 5;
    let largest = weights.data().iter().fold(0.0, |most: f64, &w| most.max(w));
    let total: f64 = weights.data().iter().sum();
    if total == 0.0 {
        return tensor.shape().map(|n| crate::matrix::Matrix::zeros(n, rank));
    }
    let pairs = tensor.data().iter().zip(weights.data());
    let mean = pairs.map(|(x, w)| x * w).sum::<f64>() / total;
    let mut fit = Dense::from_fn(tensor.shape(), |_, _, _| mean);
    let mut factors = Vec::new();
    for _ in 0..ROUNDS {
        let entries = tensor.data().iter().zip(fit.data()).zip(weights.data());
        let mixed = entries.map(|((x, y), w)| y + (x - y) * (w / largest));
        let whole = Dense::new(tensor.shape(), mixed.collect());
        let compressed = whole.compressed(core_width(rank), stream);
        let few = CpOptions { starts: 1, ..options.clone() };
        let given: Vec<Factors> = factors.iter().map(|f| compressed.projected(f)).collect();
        let found: Factors = compressed.decomposed(rank, &few, stream, given).decomposition.into();
        fit = model::sum(&found);
        factors = vec![found];
    }
    factors.pop().expect("a round")
}
