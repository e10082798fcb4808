//! The error of the best CP decompositions, rank by rank.

use super::model::Factors;
use super::objective::{Objective, starts};
use super::refine::{Limits, alternate, refine};
use super::start::{algebraic, with_next_term};
use super::{Compress, CpError, CpOptions, core_width};
use crate::matrix::Matrix;
use crate::scalar::Stream;
use crate::tensor::Decomposition;

/// Relative errors of CP decompositions with one term, two terms, and so on.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorByRank {
    /// `errors[r - 1]`: the relative error with r terms; it never rises.
    pub errors: Vec<f64>,
}

impl ErrorByRank {
    /// The share of the squared norm that r terms explain, 1 - error^2; none without terms.
    pub fn explained(&self, rank: usize) -> f64 {
        match rank {
            0 => 0.0,
            _ => 1.0 - self.errors[rank - 1].powi(2),
        }
    }

    /// The least number of terms that explain a share, 0.95 for instance; `None` if it takes more
    /// than were tried.
    pub fn rank_for(&self, share: f64) -> Option<usize> {
        (0..=self.errors.len()).find(|&rank| self.explained(rank) >= share)
    }
}

/// The relative errors of decompositions with 1 to `max_rank` terms. Each is sought from the starts
/// of [`cp_decompose`](super::cp_decompose) and from the one before it with one term more.
///
/// # Errors
///
/// If an entry is not finite.
///
/// # Examples
///
/// ```
/// use rankproof::scalar::Stream;
/// use rankproof::tensor::{CpOptions, Dense, cp_error_by_rank};
///
/// let tensor = Dense::from_fn([5, 4, 3], |i, j, k| (i + 1) as f64 + (j * k) as f64);
/// let found = cp_error_by_rank(&tensor, 3, &CpOptions::default(), &Stream::new("example", 0, 0))?;
/// assert!(found.errors[0] > 0.1 && found.errors[1] < 1e-10);
/// assert_eq!(found.rank_for(0.999), Some(2));
/// # Ok::<(), rankproof::tensor::CpError>(())
/// ```
pub fn cp_error_by_rank(
    tensor: &impl Compress,
    max_rank: usize,
    options: &CpOptions,
    stream: &Stream,
) -> Result<ErrorByRank, CpError> {
    let compressed = tensor.compressed(core_width(max_rank), stream);
    if !compressed.norm.is_finite() {
        return Err(CpError::NotFinite);
    }
    let mut errors = Vec::new();
    let mut before: Option<Factors> = None;
    for rank in 1..=max_rank {
        let stream = stream.named(&format!("rank {rank}"));
        let given = before.iter().map(|factors| with_next_term(&compressed.core, factors));
        let fit = compressed.decomposed(rank, options, &stream, given.collect());
        let least = errors.last().copied().unwrap_or(f64::INFINITY);
        errors.push(fit.relative_error.min(least));
        before = Some(compressed.projected(&fit.decomposition.into()));
    }
    Ok(ErrorByRank { errors })
}

/// Decompositions with one term, two terms, and so on.
#[derive(Clone, Debug)]
pub struct CpGrowth {
    /// What each of them leaves.
    pub found: ErrorByRank,
    /// The decompositions themselves: `terms[r - 1]` has r of them.
    pub terms: Vec<Decomposition<f64>>,
}

/// Decompositions with one term, two terms, and so on, until they explain a share of the squared
/// norm or are as many as `most`. Each is the one before it with the term that
/// is nearest to what it leaves, refined, or the algebraic start, refined, if that is better: a few
/// seconds, where [`cp_error_by_rank`] with its many starts takes minutes for 20 terms.
///
/// # Errors
///
/// If an entry is not finite.
///
/// # Examples
///
/// ```
/// use rankproof::scalar::Stream;
/// use rankproof::tensor::{Dense, cp_growth};
///
/// let tensor = Dense::from_fn([5, 4, 3], |i, j, k| (i + 1) as f64 + (j * k) as f64);
/// let grown = cp_growth(&tensor, 0.999, 9, &Stream::new("example", 0, 0))?;
/// assert_eq!((grown.found.errors.len(), grown.terms[1].terms()), (2, 2));
/// # Ok::<(), rankproof::tensor::CpError>(())
/// ```
pub fn cp_growth(
    tensor: &impl Compress,
    share: f64,
    most: usize,
    stream: &Stream,
) -> Result<CpGrowth, CpError> {
    const SWEEPS: usize = 60;
    // Gauss-Newton, which takes time by the cube of the unknowns, up to so many.
    const MAX_UNKNOWNS: usize = 600;
    let compressed = tensor.compressed(core_width(most), stream);
    if !compressed.norm.is_finite() {
        return Err(CpError::NotFinite);
    }
    let (mut found, mut terms) = (ErrorByRank { errors: Vec::new() }, Vec::new());
    let core = &compressed.core;
    if compressed.norm == 0.0 || core.shape().contains(&0) {
        return Ok(CpGrowth { found, terms });
    }
    let objective = Objective::new(core);
    let limits =
        Limits { iterations: SWEEPS, tolerance: 1e-4, enough: 1e-26 * objective.size, ridge: 0.0 };
    let mut factors: Factors = core.shape().map(|n| Matrix::zeros(n, 0));
    for rank in 1..=most {
        let grown = with_next_term(core, &factors);
        let algebraic = algebraic(core, rank, &stream.named(&format!("rank {rank}")));
        let refined = std::iter::once(grown).chain(algebraic).map(|start| {
            if starts(&start)[3] <= MAX_UNKNOWNS {
                refine(&objective, start, Limits { iterations: SWEEPS / 3, ..limits })
            } else {
                alternate(&objective, start, limits)
            }
        });
        let best = refined.min_by(|a, b| a.value.total_cmp(&b.value)).expect("a start");
        let least = found.errors.last().copied().unwrap_or(f64::INFINITY);
        found.errors.push(compressed.relative_error(best.value).min(least));
        factors = best.factors;
        terms.push(compressed.expanded(&factors).into());
        if found.explained(rank) >= share {
            break;
        }
    }
    Ok(CpGrowth { found, terms })
}
