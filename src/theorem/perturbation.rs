//! **perturbation.** The exact statements are robust. Let S = span(col B, row C, h_0, b) with
//! projection P, and d_in + d_out (+1)(+1) = d its dimension.
//!
//! - A linear network from W_0 = w I + eps R, R of full rank: `||D_k - P D_k P|| = O(eps)`.
//! - phi or psi = tanh, inputs, h_0 and b of size s: `sigma_{d+1}(D_k) / sigma_1(D_k) = O(s^2)`.
//!
//! Both are checked as slopes of log-log regressions, against confidence intervals at 95 %.
//!
//! Why: D_k is a smooth function of eps, and lies in S x S at eps = 0 by invariant-subspace, so what
//! lies outside is of first order. And tanh(x) = x - x^3/3 + ..., so the states differ from those
//! of the linear network by a relative error of second order in s, while D_k itself is of first
//! order or constant in s.

use super::movement::span;
use super::{
    ActivationKind, Arithmetic, Case, Checks, Domain, InitialWeights, LossKind, Observation,
    Observed, Slope, Theorem, Undecided,
};
use crate::matrix::{CLEAR_GAP, Matrix, RankRevealing};
use crate::network::{Activation, Trained, Weights};
use crate::task::{Task, TaskFamily};
use crate::training::{Tampering, Training};

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "perturbation",
    title: "Almost linear networks learn almost in the space",
    statement: "Linear network, W_0 = w I + eps R: the part of D_k outside S x S is O(eps). With \
                tanh and a drive of size s: sigma_{d+1}(D_k) / sigma_1(D_k) = O(s^2), d = dim S.",
    hypotheses: &[
        "W_0 = w I + eps R; or W_0 = w I and phi, psi the identity or tanh",
        "inputs, h_0 and b of size s; squared loss with fixed targets",
        "GD-like learning",
    ],
    bound: "exponents of 1 and 2 at least",
    tightness: "Generic instances have these exponents; each case that holds counts as attained.",
    domain,
    // A statement on limits: a field has none.
    checks: Checks { exact: None, f64: Some(observe), double_double: Some(observe) },
    controls: &[Tampering::WrongEntry],
};

/// How far an estimated exponent may be from its limit: the next order, eps or s^2, is a few
/// percent of the largest values used.
const TOLERANCE: f64 = 0.15;

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
    Ok(vec![
        law("||D_K - P D_K P|| over eps", 1.0, &outside_by_start(case)?),
        law("sigma_{d+1} / sigma_1 over s", 2.0, &outside_by_drive(case)?),
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

/// Powers of two; small enough for the next order not to show, large enough for rounding not to.
fn sizes(largest: i32) -> impl Iterator<Item = f64> {
    (largest..largest + 6).map(|power| 0.5f64.powi(power))
}

fn real<S: RankRevealing>(x: f64) -> Result<S, Undecided> {
    Ok((S::ELEMENTARY.ok_or(Undecided::Unavailable)?.from_f64)(x))
}

/// (eps, ||D_K - P D_K P||) of the linear network, where the latter is clear of the noise.
fn outside_by_start<S: RankRevealing>(case: &Case<S>) -> Result<Vec<(f64, f64)>, Undecided> {
    let start = &case.instance.network.parameters;
    let n = start.neurons();
    let direction = Matrix::<S>::random(n, n, &mut case.stream.named("R"));
    let readout = start.c.transposed();
    let space = span(n, [&start.b, &readout, &start.h0, &start.bias], "the dimension of S")?;
    let mut points = Vec::new();
    for eps in sizes(12) {
        let mut training = case.training();
        training.network.dynamics.phi = Activation::Identity;
        training.network.dynamics.psi = Activation::Identity;
        let mut w = start.w.to_matrix();
        w.add_scaled(real(eps)?, &direction);
        training.network.parameters.w = Weights::dense(w);
        let trajectory = training.run(case.setting.learning_steps)?;
        let last = trajectory.steps();
        let increment = trajectory.increment(last);
        let projection = Matrix::product(space.basis().view(), space.basis().t());
        let inside = projection.times(&increment).times(&projection);
        let outside = increment.minus(&inside).norm();
        if outside > CLEAR_GAP * trajectory.noise(last) {
            points.push((eps, outside));
        }
    }
    Ok(points)
}

/// (s, sigma_{d+1} / sigma_1) of the network as it was drawn, where sigma_{d+1} is clear of the noise.
fn outside_by_drive<S: RankRevealing>(case: &Case<S>) -> Result<Vec<(f64, f64)>, Undecided> {
    let Task { trials, inputs, targets, mask, .. } = &case.instance.task;
    let parameters = &case.instance.network.parameters;
    let n = parameters.neurons();
    let readout = parameters.c.transposed();
    let generators = [&parameters.b, &readout, &parameters.h0, &parameters.bias];
    let d = span(n, generators, "the dimension of S")?.dimension();
    let mut points = Vec::new();
    for s in sizes(5) {
        let scaled = |matrix: &Matrix<S>| {
            let mut matrix = matrix.clone();
            real(s).map(|s| matrix.scale(s)).map(|()| matrix)
        };
        let task = Task::new(*trials, scaled(inputs)?, targets.clone(), mask.clone());
        let mut training = Training { task: &task, ..case.training() };
        let start = &mut training.network.parameters;
        (start.h0, start.bias) = (scaled(&start.h0)?, scaled(&start.bias)?);
        let trajectory = training.run(case.setting.learning_steps)?;
        let last = trajectory.steps();
        let rank = S::rank(&trajectory.increment(last), trajectory.noise(last));
        let (values, floor) = rank.spectrum().ok_or(Undecided::Unavailable)?;
        if values.len() > d && values[d] > CLEAR_GAP * floor {
            points.push((s, values[d] / values[0]));
        }
    }
    Ok(points)
}
