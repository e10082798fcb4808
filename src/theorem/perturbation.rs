//! **perturbation.** The exact statements are robust. Let S = span(col B, row C, h_0, b), P the
//! projection on it and Q = I - P.
//!
//! - A linear network from W_0 = w I + eps R, R of full rank:
//!   `||D_k - P D_k P|| = O(eps)` and `||Q D_k Q|| = O(eps^2)`.
//! - phi or psi = tanh, inputs, h_0 and b of size s:
//!   `||D_k - P D_k P|| / ||D_k|| = O(s^2)` and `||Q D_k Q|| / ||D_k|| = O(s^4)`.
//!
//! So `sigma_{2d+1} / sigma_1`, d = dim S, is O(eps^2) and O(s^4): the order of what leaves S on one
//! side is squared for what leaves it on both. So is `sigma_{d+1} / sigma_1` where the time courses
//! of activity and error inside S are d-dimensional and not orthogonal to each other: where
//! `D_k = Lambda H^T`, Lambda_S and H_S being the rows of Lambda = `[c delta_t]` and H =
//! `[psi(h_t)]` in coordinates of S, and the oblique projection
//!
//! ```text
//! Pi = H_S^T (Lambda_S H_S^T)^{-1} Lambda_S,    ||Pi|| = 1 / cos(largest angle of the row spaces),
//! ```
//!
//! exists and stays bounded. The orders are checked as slopes of log-log regressions, against
//! confidence intervals at 95 %. That of sigma_{d+1} is not: where time courses are nearly
//! orthogonal it shows at sizes alone that are small beside their angle. What is checked is what
//! it follows from, `sigma_{d+1} <= ||Q Lambda|| (1 + ||Pi||) ||Q H||` at every size, and the
//! order of `||Q Lambda|| ||Q H||`.
//!
//! Why: states and adjoint states are smooth functions of eps, and lie in S at eps = 0 by
//! invariant-subspace, so what lies outside of either is of first order. And
//! tanh(x) = x - x^3/3 + ..., so they differ from those of the linear network by a relative error
//! of second order in s. D_k is a combination of products lambda psi(h)^T, and
//! Q D_k Q of products (Q lambda) (Q psi(h))^T, both factors of which are small. D_k - Q D_k Q has
//! rank 2 d at most. And Lambda Pi H^T has rank d and differs from D_k by
//! (Q Lambda) (I - Pi) (Q H)^T alone.

use super::{
    ActivationKind, Arithmetic, Case, Checks, Domain, Inconclusive, InitialWeights, LossKind,
    Observation, Observed, Proof, Quantity, Size, Slope, Theorem,
};
use crate::blocks::Subset;
use crate::bounds::Bounds;
use crate::matrix::{CLEAR_GAP, Matrix, RankRevealing, Subspace};
use crate::network::Dynamics;
use crate::task::{Task, TaskFamily};
use crate::training::{GradientFault, NOISE_FACTOR, Training, Trajectory};

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "perturbation",
    title: "Almost linear networks learn almost in the space",
    statement: "P the projection on S, Q = I - P. Linear network, W_0 = w I + eps R: \
                D_k - P D_k P = O(eps), Q D_k Q = O(eps^2). With tanh and a drive of size s, \
                relative to D_k: O(s^2) and O(s^4), as is sigma_{2d+1} / sigma_1, d = dim S. \
                So is sigma_{d+1} / sigma_1 where the projection Pi = H_S^T (Lambda_S H_S^T)^{-1} \
                Lambda_S of the time courses of activity and error in S is bounded.",
    hypotheses: &[
        "W_0 = w I + eps R; or W_0 = w I and phi, psi the identity or tanh",
        "inputs, h_0 and b of size s; squared loss with fixed targets",
        "GD-like learning",
        "for s: ||D_k|| >= const s",
        "for sigma_{d+1}: row spaces of Lambda_S and H_S of d dimensions, at angles bounded \
         below a right one",
    ],
    bound: "exponents of 1 and 2 for eps, 2 and 4 for s, at least",
    tightness: "Generic instances have these exponents; each case that holds counts as attained.",
    proof: Proof::OnPaper,
    source: &["Schuessler et al. (2020)", "Pellegrino, Cayco-Gajic and Chadwick (2023)"],
    limit: None,
    attained: None,
    domain,
    // A statement on limits: a field has none, and f64 too few digits between the next order and
    // the noise (one case in a thousand shows the exponent of the next order there).
    checks: Checks { exact: None, f64: None, double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    minors: super::generic::unknown,
    counterexamples: &[
        "the_activation_must_be_odd",
        "the_activation_must_be_smooth",
        "the_start_must_be_near_the_identity",
        "the_bias_must_be_small_too",
        "the_optimizer_must_be_gd_like",
        "the_time_courses_must_not_be_orthogonal",
    ],
};

/// How far an estimated exponent may be from its limit: the next order, eps or s^2, is a few
/// percent of the largest values used.
const TOLERANCE: f64 = 0.2;

fn domain(arithmetic: Arithmetic) -> Domain {
    Domain {
        neurons: 8..=10,
        d_in: 1..=2,
        d_out: 1..=2,
        steps: 2..=5,
        learning_steps: 1..=3,
        activations: vec![ActivationKind::Tanh, ActivationKind::Identity],
        initial_weights: vec![InitialWeights::Zero, InitialWeights::ScaledIdentity],
        tasks: vec![TaskFamily::RandomTargets],
        losses: vec![LossKind::Squared],
        trained: vec![Subset::only(["W"])],
        ..Domain::linear(arithmetic)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let start = measured(case, &by_start(case)?)?;
    let drive = measured(case, &by_drive(case)?)?;
    Ok(vec![
        law("D_K - P D_K P", Size::Start, 1.0, &start.outside),
        law("Q D_K Q", Size::Start, 2.0, &start.outside_twice),
        law("D_K - P D_K P", Size::Drive, 2.0, &drive.outside),
        law("Q D_K Q", Size::Drive, 4.0, &drive.outside_twice),
        law("sigma_{2d+1} / sigma_1", Size::Start, 2.0, &start.after_twice),
        law("sigma_{2d+1} / sigma_1", Size::Drive, 4.0, &drive.after_twice),
        law("||Q Lambda|| ||Q H|| / sigma_1", Size::Start, 2.0, &start.beyond),
        law("||Q Lambda|| ||Q H|| / sigma_1", Size::Drive, 4.0, &drive.beyond),
        within(Size::Start, &start),
        within(Size::Drive, &drive),
    ])
}

/// Sizes at which sigma_{d+1} is more than the time courses allow.
fn within(over: Size, measured: &Measured) -> Observation {
    let Measured { compared, exceeding, .. } = *measured;
    let quantity = Quantity::Exceeding { compared, over };
    Observation::number(quantity, Bounds::exactly(exceeding), 0)
}

/// Whether an exponent is at least the predicted one: 0 if it is, 1 if not, both ends if the
/// confidence interval does not say. Where nothing is clear of the noise, which lies far below the
/// prediction at all sizes, the law holds.
pub(super) fn law(
    of: &'static str,
    over: Size,
    predicted: f64,
    points: &[(f64, f64)],
) -> Observation {
    let measured = Slope::of_logs(points);
    let is_enough = measured.map_or(Some(true), |slope| slope.is_at_least(predicted, TOLERANCE));
    let below = match is_enough {
        Some(is_enough) => Bounds::exactly(usize::from(!is_enough)),
        None => Bounds { lower: 0, upper: 1 },
    };
    Observation::number(Quantity::Exponent { of, over, measured, predicted }, below, 0)
}

/// Six powers of two: small enough for the next order not to show, large enough for rounding in
/// double-double not to.
fn sizes(largest: i32) -> impl Iterator<Item = f64> {
    (largest..largest + 6).map(|power| 0.5f64.powi(power))
}

fn real<S: RankRevealing>(x: f64) -> Result<S, Inconclusive> {
    Ok((S::ELEMENTARY.ok_or(Inconclusive::Unavailable)?.from_f64)(x))
}

/// A size, and what training with it gave.
pub type Runs<S> = Vec<(f64, Trajectory<S>)>;

/// Points of a size and a number, the norms and singular values relative to D_K and only where
/// they are clear of the noise.
#[derive(Debug, Default)]
pub struct Measured {
    /// The norm of what lies outside S x S.
    pub outside: Vec<(f64, f64)>,
    /// The norm of what lies outside S on both sides.
    pub outside_twice: Vec<(f64, f64)>,
    /// sigma_{d+1}.
    pub after_once: Vec<(f64, f64)>,
    /// sigma_{2d+1}.
    pub after_twice: Vec<(f64, f64)>,
    /// ||Pi||, where it is known.
    pub oblique: Vec<(f64, f64)>,
    /// ||Q Lambda|| ||Q H|| over sigma_1.
    pub beyond: Vec<(f64, f64)>,
    /// Sizes at which ||Pi|| is known, so that it bounds sigma_{d+1}.
    pub compared: usize,
    /// Those of them at which sigma_{d+1} exceeds the bound for certain.
    pub exceeding: usize,
}

/// The linear network from W_0 + eps R, for six sizes eps.
fn by_start<S: RankRevealing>(case: &Case<S>) -> Result<Runs<S>, Inconclusive> {
    let start = &case.instance.network;
    let n = start.parts().neurons();
    let direction = Matrix::<S>::random(n, n, &mut case.stream.named("R"));
    let run = |eps| {
        let mut w = start.parts().w.to_matrix();
        w.add_scaled(real(eps)?, &direction);
        let mut network = start.clone().with("W", w);
        network.architecture.dynamics = Dynamics::linear(network.architecture.dynamics.leak);
        Ok((eps, case.training_of(&network).run(case.setting.learning_steps)?))
    };
    sizes(24).map(run).collect()
}

/// The network as it was drawn, with inputs, h_0 and b times s, for six sizes s.
///
/// # Errors
///
/// If a run diverges.
pub fn by_drive<S: RankRevealing>(case: &Case<S>) -> Result<Runs<S>, Inconclusive> {
    let Task { trials, inputs, targets, mask, .. } = &case.instance.task;
    let run = |s| {
        let scaled = |matrix: &Matrix<S>| {
            let mut matrix = matrix.clone();
            real(s).map(|s| matrix.scale(s)).map(|()| matrix)
        };
        let task = Task::new(*trials, scaled(inputs)?, targets.clone(), mask.clone())
            .expect("shapes that fit");
        let start = case.instance.network.parts();
        let network = (case.instance.network.clone())
            .with("h0", scaled(start.h0)?)
            .with("bias", scaled(start.bias)?);
        let training = Training { task: &task, ..case.training_of(&network) };
        Ok((s, training.run(case.setting.learning_steps)?))
    };
    sizes(15).map(run).collect()
}

/// Measures the end of each run.
///
/// # Errors
///
/// If the dimension of S is inside the noise.
pub fn measured<S: RankRevealing>(
    case: &Case<S>,
    runs: &Runs<S>,
) -> Result<Measured, Inconclusive> {
    let space = case.space()?;
    let mut measured = Measured::default();
    for (size, trajectory) in runs {
        measure(*size, trajectory, &space, &mut measured);
    }
    Ok(measured)
}

/// Appends what is measured at the end of a run.
fn measure<S: RankRevealing>(
    size: f64,
    trajectory: &Trajectory<S>,
    space: &Subspace<S>,
    measured: &mut Measured,
) {
    let (last, d) = (trajectory.steps(), space.dimension());
    let increment = trajectory.increment(last);
    let [outside, outside_twice] = space.norms_outside(&increment);
    let values = singular_values(&increment);
    let floor = CLEAR_GAP * trajectory.noise(last);
    let value = |values: &[f64], place: usize| values.get(place).copied().unwrap_or(0.0);
    let largest = value(&values, 0);
    let numbers = [
        (&mut measured.outside, outside, increment.norm()),
        (&mut measured.outside_twice, outside_twice, increment.norm()),
        (&mut measured.after_once, value(&values, d), largest),
        (&mut measured.after_twice, value(&values, 2 * d), largest),
    ];
    for (points, number, scale) in numbers {
        if number > floor {
            points.push((size, number / scale));
        }
    }
    let [errors, activity] = time_courses(trajectory);
    let [left, right] = [&errors, &activity].map(|courses| {
        let beyond = S::outside(space.basis(), courses);
        let norm = singular_values(&beyond).first().copied().unwrap_or(0.0);
        (norm, norm > CLEAR_GAP * rounding(courses))
    });
    if left.1 && right.1 {
        measured.beyond.push((size, left.0 * right.0 / largest));
    }
    if let Some(norm) = oblique(&errors, &activity, space.basis()) {
        measured.oblique.push((size, norm));
        measured.compared += 1;
        let bound = left.0 * (1.0 + norm) * right.0;
        measured.exceeding += usize::from(value(&values, d) > bound + floor);
    }
}

/// Lambda and H of D_K = Lambda H^T: the columns of all gradients side by side.
fn time_courses<S: RankRevealing>(trajectory: &Trajectory<S>) -> [Matrix<S>; 2] {
    let last = trajectory.steps();
    let (mut errors, mut activity) = (Vec::new(), Vec::new());
    for (j, gradient) in trajectory.gradients().iter().enumerate() {
        let mut left = gradient.left.clone();
        left.scale(trajectory.coefficient(last, j));
        errors.push(left);
        activity.push(gradient.right.clone());
    }
    [errors, activity].map(|parts| Matrix::beside(trajectory.neurons(), &parts))
}

/// What rounding can have put into a matrix.
fn rounding<S: RankRevealing>(matrix: &Matrix<S>) -> f64 {
    NOISE_FACTOR * S::ROUNDING * (matrix.rows() + matrix.cols()) as f64 * matrix.norm()
}

/// ||Pi||: one over the smallest cosine between the row spaces of Lambda_S and H_S. `None` if one
/// of them has not d dimensions clear of the noise, or they are orthogonal.
fn oblique<S: RankRevealing>(
    errors: &Matrix<S>,
    activity: &Matrix<S>,
    basis: &Matrix<S>,
) -> Option<f64> {
    let [errors, activity] = [errors, activity].map(|all| {
        // The rows of Lambda or H in coordinates of S, as columns.
        let courses = Matrix::product(all.t(), basis.view());
        S::column_basis(&courses, rounding(&courses)).filter(|space| space.cols() == basis.cols())
    });
    let cosines = singular_values(&Matrix::product(errors?.t(), activity?.view()));
    let smallest = cosines.last().copied()?;
    (smallest > CLEAR_GAP * S::ROUNDING * basis.rows() as f64).then(|| 1.0 / smallest)
}

/// Descending; none in a field.
fn singular_values<S: RankRevealing>(matrix: &Matrix<S>) -> Vec<f64> {
    S::rank(matrix, 0.0).spectrum().map_or(Vec::new(), |(values, _)| values.to_vec())
}
