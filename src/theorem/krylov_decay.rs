//! **krylov-decay.** The first gradient of a linear network with any W_0. With
//! A = (1-a) I + a W_0 its columns lie in span((A^T)^i C^T) and its rows in span(A^i B), i < T - 1,
//! so with h_0 = 0
//!
//! ```text
//! rank G_0 <= (T - 1) min(p, q),
//! ```
//!
//! whatever the number of trials (a bias counts as one more input). With h_0 != 0 the rows gain
//! A^i h_0, i < T, and the columns i = T - 1. If ||A|| <= rho < 1 and h_0 = 0, its singular values
//! decay:
//!
//! ```text
//! sigma_{1 + tau min(p,q)}(G_0) <= a^2 M T ||B|| ||C|| e u rho^tau / (1 - rho)^2
//! ```
//!
//! with e and u the largest norms of an error and of an input.
//!
//! Why: G_0 = a^2 sum_{i,j} (A^T)^i C^T E_ij B^T (A^T)^j, where E_ij is the sum over trials and times
//! of e_{t+1+i} u_{t-1-j}^T, at most M T terms. The terms with j < tau have rank at most p tau
//! together, those with i < tau rank q tau; the rest is at most the geometric series above, and
//! by Eckart and Young it bounds the next singular value.

use super::first_gradient::FirstGradient;
use super::movement::span;
use super::{
    Arithmetic, Case, Checks, Domain, InitialState, InitialWeights, Measure, Observation, Observed,
    Proof, Quantity, Sequence, Setting, Theorem,
};
use crate::bounds::Bounds;
use crate::matrix::{Matrix, RankRevealing};
use crate::network::Network;
use crate::scalar::Scalar;
use crate::training::GradientFault;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "krylov-decay",
    title: "A gradient gains at most min(d_in, d_out) dimensions for each time step, ever smaller",
    statement: "Linear network, any W_0, A = (1-a) I + a W_0, h_0 = 0. Columns of G_0 in \
                span((A^T)^i C^T), rows in span(A^i B), i < T - 1: rank G_0 <= (T-1) min(p, q). \
                If ||A|| <= rho < 1: sigma_{1 + tau min(p,q)}(G_0) <= a^2 M T ||B|| ||C|| e u \
                rho^tau / (1 - rho)^2.",
    hypotheses: &[
        "linear network: phi = psi = id",
        "any W_0; for the decay ||A|| < 1 and h_0 = 0",
        "any loss and data",
    ],
    bound: "(T - 1) min(p, q), a bias counted among the p; with h_0 one T more",
    tightness: "With h_0 = 0 the rank is attained by generic data with W_0 of full rank and min(p, q) \
                trials or more; not with h_0 != 0 and q > 1 where it is T q, because in \
                (A^T)^{T-1} C^T one combination of outputs alone meets h_0. The decay is a worst \
                case, which random errors do not reach.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "krylov_decay.krylov_gradient",
            "krylov_decay.krylov_gradient_zero_start",
            "krylov_decay.krylov_trajectory",
        ],
        beyond: Some("the decay of the singular values"),
    },
    source: &["Schuessler et al. (2020)"],
    limit: Some(limit),
    attained: Some(attained),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry, GradientFault::TransposedWeight],
    minors: super::generic::of_training,
    counterexamples: &[
        "the_network_must_be_linear",
        "an_initial_state_counts",
        "it_is_about_one_gradient",
        "the_decay_needs_a_norm_below_one",
    ],
};

fn limit(setting: &Setting, measure: Measure, k: usize) -> Option<usize> {
    let applies = setting.is_linear() && setting.rule.is_gd_like();
    let gradients = k * setting.gradients_per_step();
    match measure {
        _ if !applies => None,
        // Each gradient is the first one of a network that starts from its weights.
        Measure::GradientRank => Some(rank_bound(&learned(setting))),
        Measure::Rank | Measure::Cp => Some(gradients * rank_bound(&learned(setting))),
        Measure::R3 => None,
    }
}

fn attained(setting: &Setting) -> bool {
    setting.initial_weights == InitialWeights::Full
        && setting.initial_state == InitialState::Zero
        && setting.dimensions.trials >= setting.inputs().min(setting.dimensions.d_out)
}

fn domain(arithmetic: Arithmetic) -> Domain {
    Domain {
        neurons: 1..=16,
        trials: 1..=6,
        learning_steps: 1..=1,
        initial_weights: vec![InitialWeights::Full, InitialWeights::Zero],
        ..Domain::linear(arithmetic)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let network = contracting(&case.instance.network);
    let first = FirstGradient::at(case, &network, &case.instance.task)?;
    let gradient = first.weights().to_matrix();
    let noise = first.weight_noise();
    let krylov = Krylov::of(&network, case.setting.dimensions.steps);
    let n = network.parts().neurons();
    let rows = span(n, &krylov.rows, "the dimension of span(A^i B)")?;
    let columns = span(n, &krylov.columns, "the dimension of span((A^T)^i C^T)")?;
    let rank = S::rank(&gradient, noise);
    let mut observations = vec![
        Observation::rank(Quantity::Rank(Sequence::Gradients, 0), &rank, rank_bound(&case.setting)),
        Observation::rank("columns of G_0 outside", &columns.excess(&gradient, noise), 0),
        Observation::rank("rows of G_0 outside", &rows.excess(&gradient.transposed(), noise), 0),
    ];
    if let Some((values, floor)) = rank.spectrum()
        && case.setting.initial_state == InitialState::Zero
        && krylov.rho < 1.0
    {
        let limits = decay(case, &network, &first, krylov.rho);
        observations.push(above(values, floor, &limits));
    }
    Ok(observations)
}

/// The same network with half of W_0, which makes ||A|| < 1 in most instances.
fn contracting<S: Scalar>(network: &Network<S>) -> Network<S> {
    let mut w = network.parts().w.to_matrix();
    w.scale(S::ratio(1, 2));
    network.clone().with("W", w)
}

/// The spaces of the theorem, as lists of generators, and ||A||.
struct Krylov<S> {
    rows: Vec<Matrix<S>>,
    columns: Vec<Matrix<S>>,
    rho: f64,
}

impl<S: RankRevealing> Krylov<S> {
    fn of(network: &Network<S>, steps: usize) -> Self {
        let parameters = network.parts();
        let leak = network.architecture.dynamics.leak;
        let mut a = parameters.w.to_matrix();
        a.scale(leak);
        a.add_scaled(S::ONE - leak, &Matrix::scaled_identity(a.rows(), S::ONE));
        let powers = |matrix: &Matrix<S>, start: Matrix<S>, count: usize| {
            let next = |power: &Matrix<S>| Some(matrix.times(power));
            std::iter::successors(Some(start), next).take(count).collect::<Vec<_>>()
        };
        let starts_at_zero = parameters.h0.data().iter().all(|&entry| entry == S::ZERO);
        let drive = Matrix::beside(a.rows(), [parameters.b, parameters.bias]);
        let mut rows = powers(&a, drive, steps - 1);
        if !starts_at_zero {
            rows.extend(powers(&a, parameters.h0.clone(), steps));
        }
        let count = if starts_at_zero { steps - 1 } else { steps };
        let columns = powers(&a.transposed(), parameters.c.transposed(), count);
        let rho = S::rank(&a, 0.0).spectrum().map_or(0.0, |(values, _)| values[0]);
        Krylov { rows, columns, rho }
    }
}

/// The setting with a bias and an initial state if they are learned: zero at the start, they are
/// not zero later. A state along inputs that are learned does not stay along them.
fn learned(setting: &Setting) -> Setting {
    let mut setting = setting.clone();
    setting.bias |= setting.trained.contains("bias");
    if setting.leaves_its_state() {
        setting.initial_state = match setting.initial_state {
            InitialState::Zero => InitialState::Common,
            InitialState::AlongInputs => InitialState::PerTrial,
            own => own,
        };
    }
    setting
}

fn rank_bound(setting: &Setting) -> usize {
    let steps = setting.input_steps();
    let (inputs, outputs) = (setting.inputs(), setting.dimensions.d_out);
    let bound = match setting.states() {
        0 => (steps - 1) * inputs.min(outputs),
        states => ((steps - 1) * inputs + steps * states).min(steps * outputs),
    };
    bound.min(setting.dimensions.neurons)
}

/// For tau = 0, 1, ...: the place of a singular value, counted from 0, and its bound.
fn decay<S: RankRevealing>(
    case: &Case<S>,
    network: &Network<S>,
    first: &FirstGradient<S>,
    rho: f64,
) -> Vec<(usize, f64)> {
    let parameters = network.parts();
    let task = &case.instance.task;
    let norm = |matrix: &Matrix<S>| S::rank(matrix, 0.0).spectrum().map_or(0.0, |(v, _)| v[0]);
    let largest = |matrix: &Matrix<S>| {
        let norms = (0..matrix.cols())
            .map(|j| Matrix::from_columns(matrix.rows(), 1, matrix.column(j).to_vec()).norm());
        norms.fold(0.0, f64::max)
    };
    // A bias is one more input, which is always 1.
    let (input, inputs) = if case.setting.bias {
        (largest(&task.inputs).hypot(1.0), task.d_in() + 1)
    } else {
        (largest(&task.inputs), task.d_in())
    };
    let drive = norm(&Matrix::beside(parameters.neurons(), [parameters.b, parameters.bias]));
    let leak = case.setting.leak_quarters as f64 / 4.0;
    let constant = leak.powi(2)
        * (task.trials * task.steps) as f64
        * drive
        * norm(parameters.c)
        * largest(&first.errors)
        * input
        / (1.0 - rho).powi(2);
    let width = inputs.min(task.d_out());
    (0..task.steps).map(|tau| (tau * width, constant * rho.powi(tau as i32))).collect()
}

/// How many singular values exceed their bound.
fn above(values: &[f64], floor: f64, limits: &[(usize, f64)]) -> Observation {
    let count = |margin: f64| {
        limits
            .iter()
            .filter(|&&(i, limit)| values.get(i).is_some_and(|v| v + margin > limit))
            .count()
    };
    let found = Bounds { lower: count(-floor), upper: count(0.0) };
    Observation::number("singular values of G_0 above const rho^tau", found, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::{Fp, Stream};
    use crate::task::Dimensions;

    /// A^i B and A^i b for i < T - 1, (A^T)^i C^T for as many i; with h_0 also A^i h_0 and one more of C.
    #[test]
    fn the_spaces_are_those_of_the_statement() {
        let dimensions = Dimensions { neurons: 4, d_in: 2, d_out: 1, steps: 3, trials: 2 };
        for initial_state in [InitialState::Zero, InitialState::Common] {
            let setting = Setting {
                initial_state,
                bias: true,
                leak_quarters: 2,
                initial_weights: InitialWeights::Full,
                ..Setting::plain(dimensions)
            };
            let case = Case::<Fp>::draw(&setting, Stream::new("Krylov", 0, 0), None);
            let network = case.expect("in a field").instance.network;
            let parts = network.parts();
            let half = Fp::ratio(1, 2);
            let w = parts.w.to_matrix();
            let a = Matrix::from_fn(4, 4, |i, j| {
                half * (w[(i, j)] + Fp::from_integer(i64::from(i == j)))
            });
            let drive = Matrix::beside(4, [parts.b, parts.bias]);
            let readout = parts.c.transposed();
            let mut rows = vec![drive.clone(), a.times(&drive)];
            let mut columns = vec![readout.clone(), a.transposed().times(&readout)];
            if initial_state == InitialState::Common {
                let once = a.times(parts.h0);
                rows.extend([parts.h0.clone(), once.clone(), a.times(&once)]);
                columns.push(a.transposed().times(&columns[1]));
            }
            let found = Krylov::of(&network, 3);
            assert_eq!((found.rows, found.columns, found.rho), (rows, columns, 0.0), "{setting}");
        }
    }

    /// Of one neuron the norms of B and C are those of vectors: a^2 M T ||B|| ||C|| e u rho^tau /
    /// (1 - rho)^2 at the place tau min(p, q), with a bias as one more input.
    #[test]
    fn the_decay_of_one_neuron_is_that_of_the_statement() {
        let dimensions = Dimensions { neurons: 1, d_in: 2, d_out: 3, steps: 4, trials: 5 };
        for (bias, leak_quarters, width) in [(false, 4, 2), (true, 4, 3), (true, 1, 3)] {
            let setting = Setting { bias, leak_quarters, ..Setting::plain(dimensions) };
            let stream = Stream::new("one neuron", 0, 0);
            let case = Case::<f64>::draw(&setting, stream, None).expect("in f64");
            let network = &case.instance.network;
            let first = FirstGradient::of(&case).expect("a run that stays finite");
            let found = decay(&case, network, &first, 0.25);

            let largest = |matrix: &Matrix<f64>| {
                let squares = (0..matrix.cols())
                    .map(|j| matrix.column(j).iter().map(|entry| entry * entry).sum::<f64>());
                squares.fold(0.0, f64::max)
            };
            let parts = network.parts();
            let one = if bias { 1.0 } else { 0.0 };
            let input = (largest(&case.instance.task.inputs) + one).sqrt();
            let drive = (parts.b.norm().powi(2) + parts.bias[(0, 0)].powi(2)).sqrt();
            let leak = leak_quarters as f64 / 4.0;
            let sizes = drive * parts.c.norm() * largest(&first.errors).sqrt() * input;
            let expected = leak * leak * 20.0 * sizes / 0.5625;
            assert_eq!(found.len(), 4);
            for (tau, (place, limit)) in found.into_iter().enumerate() {
                assert_eq!(place, tau * width, "{setting}");
                let ratio = limit / (expected * 0.25_f64.powi(tau as i32));
                assert!((ratio - 1.0).abs() < 1e-12, "{setting}, tau = {tau}: {ratio}");
            }
        }
    }

    /// Above the limit by more than the floor, or by less; a place behind the last value has none.
    #[test]
    fn values_above_their_limits_are_counted() {
        let values = [5.0, 2.0, 1.0];
        for (limits, [lower, upper]) in [
            (&[(0, 6.0), (1, 2.1), (2, 1.0)][..], [0, 0]),
            (&[(0, 6.0), (1, 1.95), (2, 1.0)], [0, 1]),
            (&[(0, 6.0), (1, 1.5), (2, 0.95)], [1, 2]),
            (&[(0, 4.0), (2, 0.5), (4, 0.0)], [2, 2]),
        ] {
            let found = above(&values, 0.1, limits);
            assert_eq!((found.found, found.bound), (Bounds { lower, upper }, 0), "{limits:?}");
        }
    }
}
