//! **fibonacci-growth.** Rank cannot grow faster than the Fibonacci numbers. A linear network from
//! W_0 = w I, h_0 = 0, trained on W alone by a GD-like or spectral method, has with
//! m = min(d_in, d_out) and F_1 = F_2 = 1
//!
//! ```text
//! rank G_k <= min(m F_{k+2}, d_in + d_out)           1, 2, 3, 5, 8, ...  times m
//! rank D_k <= min(m (F_{k+2} - 1), d_in + d_out)     0, 1, 2, 4, 7, 12, 20, ...  times m
//! sum_{j<K} rank G_j <= m (F_{K+3} - 2), which bounds the CP rank of D_0..D_K.
//! ```
//!
//! A common h_0 or a bias counts as one more input. With B and C trained too:
//!
//! ```text
//! rank D_k <= min(m (F_{k+3} - 2), d_in + d_out)     0, 1, 3, 6, 11, ...  times m
//! rank G_k <= min(m (F_{k+3} - 1), d_in + d_out)
//! ```
//!
//! Why: states at step k lie in span(B) + col D_k, so rank G_k <= p + rank D_k. With c_k the
//! dimension of sum_{j<k} col G_j, rows of D_{k+1} lie in span(B) + sum_{j<k} col G_j, so
//! rank D_{k+1} <= p + c_k and c_{k+1} <= c_k + rank G_k <= c_k + p + rank D_k
//! <= c_k + c_{k-1} + 2 p. The same for q with rows and columns exchanged.

use super::{
    Arithmetic, Case, Checks, DirectionKind, Domain, InitialState, Measure, MethodKind,
    Observation, Observed, Setting, Theorem,
};
use crate::matrix::RankRevealing;
use crate::network::Trained;
use crate::training::Tampering;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "fibonacci-growth",
    title: "The rank of learning grows no faster than the Fibonacci numbers",
    statement: "Linear network, W_0 = w I, h_0 = 0, W trained, m = min(d_in, d_out): \
                rank D_k <= min(m (F_{k+2} - 1), d_in + d_out), rank G_k <= min(m F_{k+2}, \
                d_in + d_out), sum_{j<K} rank G_j <= m (F_{K+3} - 2). A common h_0 or a bias \
                counts as one more input. With B and C trained too: rank D_k <= m (F_{k+3} - 2), \
                rank G_k <= m (F_{k+3} - 1).",
    hypotheses: &[
        "linear network: phi = psi = id",
        "W_0 = w I",
        "h_0 zero or common to all trials",
        "a GD-like or spectral method that takes one gradient for each step",
    ],
    bound: "min(m (F_{k+2} - 1), d_in + d_out), or min(m (F_{k+3} - 2), d_in + d_out)",
    tightness: "Attained at every step by generic data, until the bound meets d_in + d_out or the \
                number of time steps and trials.",
    limit: Some(limit),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[Tampering::WrongEntry],
    counterexamples: &[
        "the_network_must_be_linear",
        "the_start_must_keep_the_space",
        "an_initial_state_counts",
        "the_initial_state_must_be_common",
        "the_optimizer_must_not_act_entry_by_entry",
        "a_step_must_take_one_gradient",
    ],
};

fn limit(setting: &Setting, measure: Measure, k: usize) -> Option<usize> {
    let applies = setting.is_linear()
        && setting.starts_at_identity()
        && setting.initial_state != InitialState::PerTrial
        && (setting.direction == DirectionKind::Gradient || setting.is_spectral())
        && setting.gradients_per_step() == 1
        && !setting.trained.bias
        && !setting.trained.h0;
    let growth = Growth::of(setting);
    match measure {
        _ if !applies => None,
        Measure::Rank => Some(growth.weights(k)),
        Measure::GradientRank => Some(growth.gradient(k)),
        Measure::Cp => Some((0..k).map(|j| growth.gradient(j)).sum()),
        Measure::R3 => None,
    }
}

fn domain(arithmetic: Arithmetic) -> Domain {
    let directions = if arithmetic.is_real() {
        vec![DirectionKind::Gradient, DirectionKind::Muon, DirectionKind::Shampoo]
    } else {
        vec![DirectionKind::Gradient, DirectionKind::Muon]
    };
    // The gradients of later steps shrink below the noise of floating point.
    let (neurons, d_out, learning_steps) =
        if arithmetic.is_real() { (1..=12, 1..=5, 1..=3) } else { (1..=24, 1..=14, 1..=6) };
    Domain {
        neurons,
        d_out,
        learning_steps,
        trials: 1..=6,
        methods: vec![MethodKind::GradientDescent, MethodKind::HeavyBall, MethodKind::Nesterov],
        directions,
        trained: vec![Trained::W, Trained { bias: false, h0: false, ..Trained::ALL }],
        ..Domain::linear(arithmetic)
    }
}

/// F_n, with F_1 = F_2 = 1.
pub fn fibonacci(n: usize) -> usize {
    (0..n).fold((0, 1), |(now, next), _| (next, now + next)).0
}

/// What the theorem allows a setting.
struct Growth {
    /// min(p, q), h_0 and bias counted among the inputs.
    smaller: usize,
    /// p + q, or N if that is less.
    limit: usize,
    /// Whether B and C are trained.
    all: bool,
}

impl Growth {
    fn of(setting: &Setting) -> Self {
        let more =
            usize::from(setting.initial_state == InitialState::Common) + usize::from(setting.bias);
        let (inputs, outputs) = (setting.dimensions.d_in + more, setting.dimensions.d_out);
        Growth {
            smaller: inputs.min(outputs),
            limit: (inputs + outputs).min(setting.dimensions.neurons),
            all: setting.trained.b || setting.trained.c,
        }
    }

    /// The bound on rank D_k.
    fn weights(&self, k: usize) -> usize {
        let growth = if self.all { fibonacci(k + 3) - 2 } else { fibonacci(k + 2) - 1 };
        (self.smaller * growth).min(self.limit)
    }

    /// The bound on rank G_k.
    fn gradient(&self, k: usize) -> usize {
        let growth = if self.all { fibonacci(k + 3) - 1 } else { fibonacci(k + 2) };
        (self.smaller * growth).min(self.limit)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let trajectory = case.train()?;
    let growth = Growth::of(&case.setting);
    let last = trajectory.steps();
    let rank = |k| S::rank(&trajectory.increment(k), trajectory.noise(k));
    let mut observations = vec![];
    for k in (1..=last).rev() {
        observations.push(Observation::rank(format!("rank D_{k}"), &rank(k), growth.weights(k)));
    }
    let (mut lower, mut upper) = (0, 0);
    for (k, gradient) in trajectory.gradients.iter().enumerate() {
        // The factors of a gradient are as wide as it has pairs of trial and time.
        let noise = trajectory.gradient_noise(k);
        let rank = S::rank(&gradient.to_matrix(), noise);
        (lower, upper) = (lower + rank.lower, upper + rank.upper);
        observations.push(Observation::rank(format!("rank G_{k}"), &rank, growth.gradient(k)));
    }
    let sum = (0..last).map(|k| growth.gradient(k)).sum();
    observations.push(Observation::between("sum of rank G_j", lower, upper, sum));
    Ok(observations)
}
