//! From a start to a minimum: damped Gauss-Newton, or alternating least squares where its
//! equations would be too large.
//!
//! A ridge, the squared numbers of all factors, keeps the way from a random start off the valleys in
//! which terms grow without bound and cancel. Without it half of the random starts end there for
//! tensors whose rank exceeds their dimensions, with it one in four or less.
//!
//! 1. K. Madsen, H. B. Nielsen and O. Tingleff, "Methods for non-linear least squares problems"
//!    (2004): the damping.
//! 2. G. Tomasi and R. Bro, "A comparison of algorithms for fitting the PARAFAC model",
//!    Computational Statistics and Data Analysis 50 (2006): why damped Gauss-Newton.

use super::model::{Factors, balance};
use super::objective::{Objective, starts};
use crate::matrix::Matrix;

/// Unknowns up to which Gauss-Newton is used at all, and alone: its equations take time by their
/// cube. Between the two it follows on alternating least squares.
const MAX_UNKNOWNS: usize = 1500;
const FEW_UNKNOWNS: usize = 200;

/// What is added to the equations of alternating least squares, as a share of them.
const SHARE: f64 = 1e-12;

/// Steps of alternating least squares that take the time of one of Gauss-Newton, about.
const SWEEPS_PER_STEP: usize = 3;

/// The tolerance with which alternating least squares hands over to Gauss-Newton.
const COARSE: f64 = 1e-5;

/// A share of the tensor, squared, below which a distance is rounding.
const ROUNDING: f64 = 1e-31;

/// When a refinement ends.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub iterations: usize,
    /// The relative decrease of the distance, in a step, that counts as none.
    pub tolerance: f64,
    /// A squared distance at which there is no need to go on.
    pub enough: f64,
    /// What is added to the squared distance for each squared number of the factors.
    pub ridge: f64,
}

/// Where a refinement has come to.
pub(super) struct Refined {
    pub factors: Factors,
    /// The squared distance, and the ridge.
    pub value: f64,
    pub iterations: usize,
    /// False if it was stopped while it still moved.
    pub converged: bool,
}

pub(super) fn refine(objective: &Objective<'_>, factors: Factors, limits: Limits) -> Refined {
    let unknowns = starts(&factors)[3];
    if unknowns <= FEW_UNKNOWNS {
        return gauss_newton(objective, factors, limits);
    }
    let sweeps = Limits { iterations: SWEEPS_PER_STEP * limits.iterations, ..limits };
    if unknowns > MAX_UNKNOWNS {
        return alternate(objective, factors, sweeps);
    }
    let coarse = Limits { tolerance: limits.tolerance.max(COARSE), ..sweeps };
    let near = alternate(objective, factors, coarse);
    let mut refined = gauss_newton(objective, near.factors, limits);
    refined.iterations += near.iterations;
    refined
}

/// What is minimised.
fn penalised(objective: &Objective<'_>, factors: &Factors, ridge: f64) -> f64 {
    let numbers = || factors.iter().map(|factor| factor.norm().powi(2)).sum::<f64>();
    objective.value(factors) + if ridge > 0.0 { ridge * numbers() } else { 0.0 }
}

/// Alternating least squares.
pub(super) fn alternate(
    objective: &Objective<'_>,
    mut factors: Factors,
    limits: Limits,
) -> Refined {
    let mut value = penalised(objective, &factors, limits.ridge);
    for iteration in 0..limits.iterations {
        if value <= limits.enough.max(ROUNDING * objective.size) {
            return Refined { factors, value, iterations: iteration, converged: true };
        }
        for mode in 0..3 {
            factors[mode] = objective.best_factor(&factors, mode, SHARE, limits.ridge);
        }
        balance(&mut factors);
        let now = penalised(objective, &factors, limits.ridge);
        let before = std::mem::replace(&mut value, now);
        if before.sqrt() - value.sqrt() <= limits.tolerance * before.sqrt() {
            return Refined { factors, value, iterations: iteration + 1, converged: true };
        }
    }
    Refined { factors, value, iterations: limits.iterations, converged: false }
}

/// Gauss-Newton with the damping of Nielsen. Terms are kept in balance, so that the damping means
/// the same for each factor.
fn gauss_newton(objective: &Objective<'_>, mut factors: Factors, limits: Limits) -> Refined {
    /// Steps refused in a row after which there is nothing to gain.
    const REFUSALS: usize = 12;
    balance(&mut factors);
    let mut value = penalised(objective, &factors, limits.ridge);
    let mut equations = Equations::of(objective, &factors, limits.ridge);
    let mut damping = 1e-3 * equations.largest;
    let (mut growth, mut refusals) = (2.0, 0);
    for iteration in 0..limits.iterations {
        if value <= limits.enough.max(ROUNDING * objective.size) || refusals > REFUSALS {
            return Refined { factors, value, iterations: iteration, converged: true };
        }
        let step = equations.step(damping);
        let gain = step.and_then(|step| {
            let moved = moved(&factors, step.data());
            let decrease = value - penalised(objective, &moved, limits.ridge);
            let expected = equations.decrease(step.data(), damping);
            (decrease > 0.0).then_some((moved, decrease, decrease / expected))
        });
        let Some((moved, decrease, ratio)) = gain else {
            damping *= growth;
            growth *= 2.0;
            refusals += 1;
            continue;
        };
        factors = moved;
        balance(&mut factors);
        let before = value;
        value = penalised(objective, &factors, limits.ridge);
        (growth, refusals) = (2.0, 0);
        damping *= (1.0 - (2.0 * ratio - 1.0).powi(3)).max(1.0 / 3.0);
        equations = Equations::of(objective, &factors, limits.ridge);
        // A short step counts only where it is not the damping that made it short.
        let undamped = damping <= 1e-3 * equations.largest;
        if undamped && decrease <= 2.0 * limits.tolerance * before {
            return Refined { factors, value, iterations: iteration + 1, converged: true };
        }
    }
    Refined { factors, value, iterations: limits.iterations, converged: false }
}

/// The linear least-squares problem at a point.
struct Equations {
    matrix: Matrix<f64>,
    gradient: Matrix<f64>,
    /// The largest entry on the diagonal.
    largest: f64,
}

impl Equations {
    fn of(objective: &Objective<'_>, factors: &Factors, ridge: f64) -> Self {
        let mut matrix = objective.normal_matrix(factors);
        let mut gradient = objective.gradient(factors);
        let numbers = factors.iter().flat_map(|f| f.transposed().data().to_vec());
        for (i, (slope, x)) in gradient.iter_mut().zip(numbers).enumerate() {
            *slope += ridge * x;
            matrix[(i, i)] += ridge;
        }
        let largest = (0..matrix.rows()).map(|i| matrix[(i, i)]).fold(0.0, f64::max);
        let gradient = Matrix::from_columns(gradient.len(), 1, gradient);
        Equations { matrix, gradient, largest }
    }

    /// The solution of (J^T J + damping) step = -gradient.
    fn step(&self, damping: f64) -> Option<Matrix<f64>> {
        let mut matrix = self.matrix.clone();
        (0..matrix.rows()).for_each(|i| matrix[(i, i)] += damping);
        let mut step = matrix.solve_positive(&self.gradient)?;
        step.scale(-1.0);
        step.is_finite().then_some(step)
    }

    /// By how much the squared distance of the linear model decreases.
    fn decrease(&self, step: &[f64], damping: f64) -> f64 {
        let pairs = step.iter().zip(self.gradient.data());
        pairs.map(|(x, g)| x * (damping * x - g)).sum()
    }
}

/// The factors after a step, whose numbers stand mode after mode and row after row.
fn moved(factors: &Factors, step: &[f64]) -> Factors {
    let starts = starts(factors);
    let mut moved = factors.clone();
    for (mode, factor) in moved.iter_mut().enumerate() {
        let rank = factor.cols();
        for row in 0..factor.rows() {
            for r in 0..rank {
                factor[(row, r)] += step[starts[mode] + row * rank + r];
            }
        }
    }
    moved
}
