//! **orders.** In which order of a small step size each dimension is learned. A linear network from
//! W_0 = w I, W alone trained along the gradients of all trials, eta times any step sizes. With
//! m = min(p, q), a bias and each initial state counted among the p,
//!
//! ```text
//! sigma_{m+1} (D_k) = O(eta^2),    sigma_{2m+1} (D_k) = O(eta^4),
//! ```
//!
//! and sigma_{4m+1} (D_k) = O(eta^6), for every k. So the Fibonacci numbers of fibonacci-growth are not
//! seen at small steps: in floating point there are about m dimensions more for each factor eta.
//!
//! It is exact: modulo eta^e D_k is X Y^T with m, 2 m and 4 m columns, so as many of the exponents of
//! its Smith form over the power series in eta are below 2, 4 and 6. They are the same for gradient
//! flow, in time.
//!
//! Why: let p <= q. G_j = P_j0 B^T + P_j1 B^T D_j^T + .., and D_j = eta c_j C^T F B^T + O(eta^2) with
//! one F for all j. So B^T D_j^T begins with one and the same block of p rows, times c_j: D_k is
//! X B^T + P_1 Q + eta^3 Z Q' where Q = sum_j s_kj B^T D_j^T of p rows begins with
//! eta^2 (sum_j c_kj c_j) Q', and what is left is modulo eta^4 a multiple of Q again, as long as that
//! sum is not zero. Positive steps make it positive. If q < p, the transpose.

use std::ops::RangeInclusive;

use super::perturbation::law;
use super::{
    Arithmetic, Case, Checks, Domain, Inconclusive, InitialState, Observation, Observed, Proof,
    Setting, Size, Theorem,
};
use crate::blocks::Subset;
use crate::bounds::Bounds;
use crate::matrix::{CLEAR_GAP, RankRevealing};
use crate::scalar::{DoubleDouble, Fp, Real, Series};
use crate::training::{
    Batches, GradientFault, Optimizer, Schedule, Training, TrainingError, Trajectory,
};

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "orders",
    title: "Small steps learn their dimensions one order of the step size after the other",
    statement: "Linear network, W_0 = w I, W alone trained by full gradients with step sizes eta c_j, \
                m = min(p, q). The Smith form of D_k over the power series in eta has at most m \
                exponents below 2, 2 m below 4 and 4 m below 6: sigma_{m+1} = O(eta^2), \
                sigma_{2m+1} = O(eta^4), sigma_{4m+1} = O(eta^6).",
    hypotheses: &[
        "linear network: phi = psi = id",
        "W_0 = w I, W alone trained; any h_0, bias, smooth loss and data",
        "GD-like learning along gradients of all trials, with weight decay or without",
        "three sums of products of step sizes are not zero: gradient descent with positive ones",
    ],
    bound: "2 m exponents below 4; a bias and each h_0 counted among the p",
    tightness: "Attained from the second learning step on by generic data of three time steps and m \
                trials or more, if there are p + q neurons.",
    proof: Proof::OnPaper,
    source: &["Boix-Adsera et al. (2023, arXiv 2306.07042)"],
    limit: None,
    attained: Some(attained),
    domain,
    // Slopes over several orders need more digits than f64 has.
    checks: Checks { exact: Some(count), f64: None, double_double: Some(fall) },
    controls: &[GradientFault::WrongEntry],
    minors: super::generic::unknown,
    counterexamples: &[
        "the_network_must_be_linear",
        "the_start_must_be_the_identity",
        "an_initial_state_counts",
        "weights_alone_must_be_trained",
        "each_gradient_must_see_all_trials",
        "the_steps_must_be_positive",
    ],
};

fn attained(setting: &Setting) -> bool {
    let dimensions = &setting.dimensions;
    let (inputs, outputs) = (inputs(setting), dimensions.d_out);
    setting.learning_steps >= 2
        && setting.initial_state == InitialState::Zero
        && dimensions.steps >= 3
        && dimensions.trials >= inputs.min(outputs)
        && dimensions.neurons >= inputs + outputs
}

fn domain(arithmetic: Arithmetic) -> Domain {
    // In few neurons, or before the third step, there is no sigma_{2m+1} to fall.
    let (neurons, steps, learning_steps) =
        if arithmetic.is_real() { (4..=8, 3..=5, 3..=4) } else { (1..=7, 1..=4, 1..=4) };
    Domain {
        neurons,
        d_out: 1..=3,
        steps,
        trials: 1..=3,
        learning_steps,
        initial_states: vec![
            InitialState::Zero,
            InitialState::Common,
            InitialState::PerTrial,
            InitialState::AlongInputs,
        ],
        trained: vec![Subset::only(["W"])],
        ..Domain::linear(arithmetic)
    }
}

/// p, with a bias, which is an input that is always 1, and each h_0, which is one of an earlier time.
fn inputs(setting: &Setting) -> usize {
    setting.inputs() + setting.states()
}

/// m: as many dimensions have the order of a step.
fn first(setting: &Setting) -> usize {
    let dimensions = &setting.dimensions;
    inputs(setting).min(dimensions.d_out).min(dimensions.neurons)
}

/// The exponents, from learning with power series.
fn count(case: &Case<Fp>) -> Observed {
    let case = Case::<Series<6>>::draw(&case.setting, case.stream.clone(), case.fault)?;
    let trajectory = learned(&case, Series::VARIABLE)?;
    let orders = trajectory.increment(trajectory.steps()).orders();
    let below = |order: usize, bound: usize| {
        let found = orders.iter().filter(|&&exponent| exponent < order).count();
        Observation::number(format!("exponents below {order}"), Bounds::exactly(found), bound)
    };
    let m = first(&case.setting);
    Ok(vec![below(4, 2 * m), below(2, m), below(6, 4 * m)])
}

/// Products of the first singular values of the last increment for six sizes of eta. The exponent of
/// the first j of them is the least order of a minor of j rows, so it is at least the sum of the first
/// j exponents. A single singular value may cross from one order to the next at any eta, and has then
/// an exponent between those of the statement although it holds: two that meet at eta^3 are of orders
/// 2 and 4 further down.
fn fall(case: &Case<DoubleDouble>) -> Observed {
    let m = first(&case.setting);
    let [mut after_first, mut after_second] = [Vec::new(), Vec::new()];
    for power in SMALL {
        let eta = 0.25f64.powi(power);
        let trajectory = learned(case, DoubleDouble::from_f64(eta))?;
        let last = trajectory.steps();
        let rank = DoubleDouble::rank(&trajectory.increment(last), 0.0);
        let (values, _) = rank.spectrum().ok_or(Inconclusive::Unavailable)?;
        let clear = CLEAR_GAP * trajectory.noise(last);
        for (points, place) in [(&mut after_first, m), (&mut after_second, 2 * m)] {
            if values.get(place).is_some_and(|&value| value > clear) {
                points.push((eta, values[..=place].iter().product()));
            }
        }
    }
    let m = m as f64;
    Ok(vec![
        law("sigma_1 .. sigma_{m+1}", Size::Step, m + 2.0, &after_first),
        law("sigma_1 .. sigma_{2m+1}", Size::Step, m + 2.0 * m + 4.0, &after_second),
    ])
}

/// The powers of a quarter that eta is. They span three orders of magnitude, as the order that counts
/// in the end may have a small factor and begin late: over one order of magnitude one case in six
/// thousand showed the exponents of both.
const SMALL: RangeInclusive<i32> = 5..=10;

/// Learning with eta times the step sizes, along gradients of all trials.
///
/// # Errors
///
/// If the run diverges.
pub fn learned<S: RankRevealing>(case: &Case<S>, eta: S) -> Result<Trajectory<S>, TrainingError> {
    let steps = case.setting.learning_steps;
    let schedule = &case.instance.optimizer.schedule;
    let small = (0..steps).map(|k| eta * schedule.at(k)).collect();
    let optimizer =
        Optimizer { schedule: Schedule::Listed(small), ..case.instance.optimizer.clone() };
    Training { optimizer, batches: Batches::Full, ..case.training() }.run(steps)
}
