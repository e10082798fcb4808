//! Starts that are not random: simultaneous diagonalisation, and growth by the next term.
//!
//! With R terms that are independent in two modes, two combinations of the slices along the third
//! are A D B^T and A D' B^T with diagonal D and D', so A holds the eigenvectors of the first times
//! the inverse of the second. Exact for a tensor of exact rank R in general position, a start for
//! others.
//!
//! 1. R. A. Harshman, "Determination and proof of minimum uniqueness conditions for PARAFAC1",
//!    UCLA Working Papers in Phonetics 22 (1972).
//! 2. S. E. Leurgans, R. T. Ross and R. B. Abel, "A decomposition for three-way arrays", SIAM J.
//!    Matrix Anal. Appl. 14 (1993).

use super::model::{Factors, sum};
use super::objective::Objective;
use super::refine::{Limits, alternate, refine};
use crate::matrix::{Matrix, SingularValues};
use crate::scalar::Stream;
use crate::tensor::Dense;

/// Pairs of combinations that are tried; the best is taken, since some are ill conditioned.
const PAIRS: usize = 6;

/// A start of R terms; `None` if R is larger than the second largest dimension, or nothing could
/// be diagonalised. Indices of each mode must go from large to small norms.
pub(super) fn algebraic(core: &Dense, rank: usize, stream: &Stream) -> Option<Factors> {
    // The smallest mode is combined.
    let mut modes = [0, 1, 2];
    modes.sort_by_key(|&mode| core.shape()[mode]);
    let [third, second, first] = modes;
    if core.shape()[second] < rank || core.shape()[third] == 0 {
        return None;
    }
    let objective = Objective::new(core);
    let mut stream = stream.named("algebraic start");
    let tries = (0..PAIRS).filter_map(|_| {
        let [one, other] = [0, 1].map(|_| combination(core, modes, rank, &mut stream));
        let vectors = quotient(&one, &other)?.eigenvectors()?;
        let factors = with_eigenvectors(core, [first, second, third], &vectors)?;
        let value = objective.value(&factors);
        value.is_finite().then_some((value, factors))
    });
    tries.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, factors)| factors)
}

/// A start of R terms that grows term by term: each is the one nearest to what the terms before it
/// leave, and all are refined together before the next. It finds terms of very unequal size, which
/// random starts miss. `None` where the algebraic start has all of the terms already.
pub(super) fn growing(
    core: &Dense,
    rank: usize,
    limits: Limits,
    stream: &Stream,
) -> Option<Factors> {
    const STEPS: usize = 30;
    let objective = Objective::new(core);
    let limits = Limits { iterations: STEPS.min(limits.iterations), ..limits };
    let mut sorted = core.shape();
    sorted.sort_unstable();
    if rank <= sorted[1] || sorted[0] == 0 {
        return None;
    }
    let begun = algebraic(core, sorted[1], stream);
    let mut factors = begun.unwrap_or_else(|| core.shape().map(|n| Matrix::zeros(n, 0)));
    while factors[0].cols() < rank {
        if factors[0].cols() > 0 {
            factors = refine(&objective, factors, limits).factors;
        }
        factors = with_next_term(core, &factors);
    }
    Some(factors)
}

/// The same terms, and the one nearest to what they leave of the tensor.
pub(super) fn with_next_term(core: &Dense, factors: &Factors) -> Factors {
    const SWEEPS: usize = 20;
    let fit = sum(factors);
    let rest = core.data().iter().zip(fit.data()).map(|(x, y)| x - y).collect();
    let rest = Dense::new(core.shape(), rest);
    let leading: Factors = std::array::from_fn(|mode| {
        let singular = f64::singular(&rest.unfolding(mode));
        Matrix::from_columns(core.shape()[mode], 1, singular.left.column(0).to_vec())
    });
    let objective = Objective::new(&rest);
    let limits = Limits { iterations: SWEEPS, tolerance: 1e-3, enough: 0.0, ridge: 0.0 };
    let term = alternate(&objective, leading, limits).factors;
    std::array::from_fn(|mode| Matrix::beside(core.shape()[mode], [&factors[mode], &term[mode]]))
}

/// A random combination of the slices along the third mode, the leading R x R of it.
fn combination(
    core: &Dense,
    [third, second, first]: [usize; 3],
    rank: usize,
    stream: &mut Stream,
) -> Matrix<f64> {
    let weights: Vec<f64> = (0..core.shape()[third]).map(|_| stream.normal()).collect();
    Matrix::from_fn(rank, rank, |i, j| {
        let mut index = [0; 3];
        (index[first], index[second]) = (i, j);
        let term = |(k, w): (usize, &f64)| {
            index[third] = k;
            w * core.at(index[0], index[1], index[2])
        };
        weights.iter().enumerate().map(term).sum()
    })
}

/// `one other^{-1}` by the pseudo-inverse of the other.
fn quotient(one: &Matrix<f64>, other: &Matrix<f64>) -> Option<Matrix<f64>> {
    let singular = f64::singular(other);
    let floor = f64::EPSILON * singular.values.first()?;
    let inverse = Matrix::from_fn(other.cols(), other.cols(), |i, j| {
        let value = singular.values[j];
        if value > floor { singular.right[(i, j)] / value } else { 0.0 }
    });
    Some(Matrix::product(one.times(&inverse).view(), singular.left.t()))
}

/// The factors whose first one consists of these vectors: each row of its inverse times the
/// unfolding is the rest of a term, b c^T, of which the nearest matrix of rank one is taken.
fn with_eigenvectors(
    core: &Dense,
    [first, second, third]: [usize; 3],
    vectors: &Matrix<f64>,
) -> Option<Factors> {
    let rank = vectors.cols();
    let identity = Matrix::scaled_identity(rank, 1.0);
    let inverse = quotient(&identity, vectors)?;
    let shape = core.shape();
    let mut factors = shape.map(|n| Matrix::zeros(n, rank));
    for i in 0..rank {
        factors[first].column_mut(i)[..rank].copy_from_slice(vectors.column(i));
    }
    for r in 0..rank {
        let rest = Matrix::from_fn(shape[second], shape[third], |j, k| {
            let mut index = [0; 3];
            (index[second], index[third]) = (j, k);
            let term = |i| {
                index[first] = i;
                inverse[(r, i)] * core.at(index[0], index[1], index[2])
            };
            (0..rank).map(term).sum()
        });
        let singular = f64::singular(&rest);
        let size = *singular.values.first()?;
        factors[second].column_mut(r).copy_from_slice(singular.left.column(0));
        let along = singular.right.column(0).iter().map(|x| x * size);
        factors[third].column_mut(r).iter_mut().zip(along).for_each(|(out, x)| *out = x);
    }
    Some(factors)
}
