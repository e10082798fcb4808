//! **perturbation.** The exact statements are robust. Let S = span(col B, row C, h_0, b), P the
//! projection on it and Q = I - P.
//!
//! - A linear network from W_0 = w I + eps R, R of full rank:
//!   `||D_k - P D_k P|| = O(eps)` and `||Q D_k Q|| = O(eps^2)`.
//! - phi or psi = tanh, inputs, h_0 and b of size s:
//!   `||D_k - P D_k P|| / ||D_k|| = O(s^2)` and `||Q D_k Q|| / ||D_k|| = O(s^4)`.
//!
//! So where D_k has rank d = dim S in the limit, `sigma_{d+1} / sigma_1` is O(eps^2) and O(s^4): the
//! order of what leaves S on one side is squared for what leaves it on both. All are checked as
//! slopes of log-log regressions, against confidence intervals at 95 %.
//!
//! Why: states and adjoint states are smooth functions of eps, and lie in S at eps = 0 by
//! invariant-subspace, so what lies outside of either is of first order. And
//! tanh(x) = x - x^3/3 + ..., so they differ from those of the linear network by a relative error
//! of second order in s. D_k is a combination of products lambda psi(h)^T, and
//! Q D_k Q of products (Q lambda) (Q psi(h))^T, both factors of which are small.

use super::movement::span;
use super::{
    ActivationKind, Arithmetic, Case, Checks, Domain, InitialWeights, LossKind, Observation,
    Observed, Proof, Slope, Theorem, Undecided,
};
use crate::matrix::{CLEAR_GAP, Matrix, RankRevealing};
use crate::network::{Activation, Trained, Weights};
use crate::task::{Task, TaskFamily};
use crate::training::{Tampering, Training, Trajectory};

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "perturbation",
    title: "Almost linear networks learn almost in the space",
    statement: "P the projection on S, Q = I - P. Linear network, W_0 = w I + eps R: \
                D_k - P D_k P = O(eps), Q D_k Q = O(eps^2). With tanh and a drive of size s, \
                relative to D_k: O(s^2) and O(s^4). So sigma_{d+1}(D_k) / sigma_1(D_k) is \
                O(eps^2) and O(s^4) where D_k has rank d = dim S in the limit.",
    hypotheses: &[
        "W_0 = w I + eps R; or W_0 = w I and phi, psi the identity or tanh",
        "inputs, h_0 and b of size s; squared loss with fixed targets",
        "GD-like learning",
    ],
    bound: "exponents of 1 and 2 for eps, 2 and 4 for s, at least",
    tightness: "Generic instances have these exponents; each case that holds counts as attained.",
    proof: Proof::OnPaper,
    limit: None,
    attained: None,
    domain,
    // A statement on limits: a field has none, and f64 too few digits between the next order and
    // the noise (one case in a thousand shows the exponent of the next order there).
    checks: Checks { exact: None, f64: None, double_double: Some(observe) },
    controls: &[Tampering::WrongEntry],
    counterexamples: &[
        "the_activation_must_be_odd",
        "the_activation_must_be_smooth",
        "the_start_must_be_near_the_identity",
        "the_bias_must_be_small_too",
        "the_optimizer_must_be_gd_like",
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
        trained: vec![Trained::W],
        ..Domain::linear(arithmetic)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let [start, start_twice] = outside_by_start(case)?;
    let [drive, drive_twice] = outside_by_drive(case)?;
    Ok(vec![
        law("D_K - P D_K P over eps", 1.0, &start),
        law("Q D_K Q over eps", 2.0, &start_twice),
        law("D_K - P D_K P over s", 2.0, &drive),
        law("Q D_K Q over s", 4.0, &drive_twice),
    ])
}

/// Whether an exponent is at least the predicted one: 0 if it is, 1 if not, both ends if the
/// confidence interval does not say. Where nothing lies outside, the law holds.
fn law(what: &str, predicted: f64, points: &[(f64, f64)]) -> Observation {
    let Some(slope) = Slope::of_logs(points) else {
        let what = format!("{what}: nothing outside; exponents below {predicted}");
        return Observation::between(what, 0, 0, 0);
    };
    let (lower, upper) = match slope.is_at_least(predicted, TOLERANCE) {
        Some(true) => (0, 0),
        Some(false) => (1, 1),
        None => (0, 1),
    };
    let what = format!("{what}: exponent {slope}; exponents below {predicted}");
    Observation::between(what, lower, upper, 0)
}

/// Six powers of two: small enough for the next order not to show, large enough for rounding in
/// double-double not to.
fn sizes(largest: i32) -> impl Iterator<Item = f64> {
    (largest..largest + 6).map(|power| 0.5f64.powi(power))
}

fn real<S: RankRevealing>(x: f64) -> Result<S, Undecided> {
    Ok((S::ELEMENTARY.ok_or(Undecided::Unavailable)?.from_f64)(x))
}

/// Two lists of points: a size, and the norm of what lies outside S x S, and outside S on both
/// sides; relative to D_K, and only where it is clear of the noise.
type Outside = [Vec<(f64, f64)>; 2];

/// The linear network from W_0 + eps R.
fn outside_by_start<S: RankRevealing>(case: &Case<S>) -> Result<Outside, Undecided> {
    let n = case.instance.network.parameters.neurons();
    let direction = Matrix::<S>::random(n, n, &mut case.stream.named("R"));
    let mut outside = Outside::default();
    for eps in sizes(24) {
        let mut training = case.training();
        training.network.dynamics.phi = Activation::Identity;
        training.network.dynamics.psi = Activation::Identity;
        let mut w = training.network.parameters.w.to_matrix();
        w.add_scaled(real(eps)?, &direction);
        training.network.parameters.w = Weights::dense(w);
        measure(case, eps, &training.run(case.setting.learning_steps)?, &mut outside)?;
    }
    Ok(outside)
}

/// The network as it was drawn, with inputs, h_0 and b times s.
fn outside_by_drive<S: RankRevealing>(case: &Case<S>) -> Result<Outside, Undecided> {
    let Task { trials, inputs, targets, mask, .. } = &case.instance.task;
    let mut outside = Outside::default();
    for s in sizes(15) {
        let scaled = |matrix: &Matrix<S>| {
            let mut matrix = matrix.clone();
            real(s).map(|s| matrix.scale(s)).map(|()| matrix)
        };
        let task = Task::new(*trials, scaled(inputs)?, targets.clone(), mask.clone());
        let mut training = Training { task: &task, ..case.training() };
        let start = &mut training.network.parameters;
        (start.h0, start.bias) = (scaled(&start.h0)?, scaled(&start.bias)?);
        measure(case, s, &training.run(case.setting.learning_steps)?, &mut outside)?;
    }
    Ok(outside)
}

/// Appends what lies outside S at the end of a run.
fn measure<S: RankRevealing>(
    case: &Case<S>,
    size: f64,
    trajectory: &Trajectory<S>,
    outside: &mut Outside,
) -> Result<(), Undecided> {
    let start = &case.instance.network.parameters;
    let readout = start.c.transposed();
    let generators = [&start.b, &readout, &start.h0, &start.bias];
    let space = span(start.neurons(), generators, "the dimension of S")?;
    let last = trajectory.steps();
    let increment = trajectory.increment(last);
    // Q D, then Q D Q and P D P = P D - P D Q by way of transposes.
    let beyond = |matrix: &Matrix<S>| S::outside(space.basis(), matrix);
    let left = beyond(&increment);
    let both = beyond(&left.transposed());
    let right = beyond(&increment.minus(&left).transposed());
    let norms = [left.norm().hypot(right.norm()), both.norm()];
    for (points, norm) in outside.iter_mut().zip(norms) {
        if norm > CLEAR_GAP * trajectory.noise(last) {
            points.push((size, norm / increment.norm()));
        }
    }
    Ok(())
}
