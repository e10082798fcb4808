//! **fibonacci-growth.** Rank cannot grow faster than the Fibonacci numbers. A linear network from
//! W_0 = w I, h_0 = 0, trained on W alone by a GD-like or spectral method, has with
//! m = min(d_in, d_out) and F_1 = F_2 = 1
//!
//! ```text
//! rank D_k <= min(m (F_{k+2} - 1), d_in + d_out)     0, 1, 2, 4, 7, 12, 20, ...  times m
//! rank G_k <= min(m F_{k+2}, d_in + d_out)           1, 2, 3, 5, 8, ...  times m
//! sum_{j<K} rank G_j <= m (F_{K+3} - 2), which bounds the CP rank of D_0..D_K if GD-like.
//! ```
//!
//! In trials of T steps growth becomes linear when F_l exceeds T - 2:
//!
//! ```text
//! rank D_k <= m (F_{l+2} - 1 + (k - l) (T - 2))    for every 0 < l <= k
//! ```
//!
//! In general each source counts by itself, on the side of the inputs and on that of the outputs,
//! and the smaller side is the bound. On rank D_k
//!
//! ```text
//! F_{k+2} - 1    0, 1, 2, 4, 7, ...    each fixed column of B, of h_0, of b, of P in W_0 = w I + P Q^T;
//!                                      each fixed row of C, column of Q
//! F_{k+3} - 2    0, 1, 3, 6, 11, ...   each of them that is trained
//! F_{k+2} - 2    0, 0, 1, 3, 6, ...    each that is trained and starts at zero
//! ```
//!
//! So training C makes nothing faster where the inputs are the smaller side. A step of a
//! Runge-Kutta method counts as four.
//!
//! Why: let f columns be fixed, t trained, z trained from zero, r_k = rank D_k and c_k the
//! dimension of the sum over j < k of the columns of G_j and of the gradients of the trained
//! columns. States at step k lie in the span of the columns of step k and col D_k, so
//! rank G_k <= f + t + z + r_k (z from k = 1 on), and c_{k+1} <= c_k + rank G_k + t + z. Rows of D_{k+1} are
//! states of steps up to k, which lie in the span of the f + t columns at the start and of what
//! c_k counts, so r_{k+1} <= f + t + c_k. The same for outputs with rows and columns exchanged.
//! With W alone trained and h_0 = 0 the states of step k lie in the span of B and of
//! D_k A^i B, i < T - 2, so after the l-th step each adds no more than m (T - 2) dimensions.

use super::setting::rules;
use super::{
    Arithmetic, Case, Checks, Domain, InitialState, InitialWeights, Measure, Observation, Observed,
    Proof, Quantity, Sequence, Setting, Theorem,
};
use crate::blocks::Subset;
use crate::bounds::Bounds;
use crate::matrix::RankRevealing;
use crate::task::Dimensions;
use crate::training::GradientFault;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "fibonacci-growth",
    title: "The rank of learning grows no faster than the Fibonacci numbers",
    statement: "Linear network, W_0 = w I, h_0 = 0, W trained, m = min(d_in, d_out): \
                rank D_k <= min(m (F_{k+2} - 1), d_in + d_out), rank G_k <= min(m F_{k+2}, \
                d_in + d_out), sum_{j<K} rank G_j <= m (F_{K+3} - 2). In general each column of B, \
                h_0, b and P counts F_{k+2} - 1 on the side of the inputs, each row of C and Q^T \
                on that of the outputs; F_{k+3} - 2 if it is trained, F_{k+2} - 2 if it is trained \
                from zero; the smaller side is the bound. In trials of T steps with W alone \
                trained, rank D_k <= m (F_{l+2} - 1 + (k - l) (T-2)) for every 0 < l <= k.",
    hypotheses: &[
        "linear network: phi = psi = id",
        "W_0 = w I, or w I + P Q^T",
        "a GD-like or spectral method, steps counted in gradients",
    ],
    bound: "min(m (F_{l+2} - 1 + (k-l) (T-2)), d_in + d_out) for the best 0 < l <= k; in general \
            as the statement counts",
    tightness: "From W_0 = w I and h_0 = 0 without bias, W alone trained, generic data with enough \
                trials in each gradient attain it at every step. \
                Other sources need more time, and not all attain it: a common h_0 with a trained \
                bias can miss it by one.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "fibonacci_growth.fibonacci_space",
            "fibonacci_growth.fibonacci_growth",
            "fibonacci_growth.fibonacci_growth_common_start",
            "fibonacci_growth.fibonacci_gradient_descent",
            "fibonacci_growth.fibonacci_all_trained",
            "fibonacci_attained.fibonacci_attained",
            "fibonacci_attained.fibonacci_trained_attained",
        ],
        beyond: Some(
            "sources of which some are trained and some are not, or trained from \
                 zero, and W_0 = w I + P Q^T",
        ),
    },
    limit: Some(limit),
    attained: Some(attained),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    minors: super::generic::of_training,
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
        && setting.initial_weights != InitialWeights::Full
        && (setting.rule.is_gd_like() || setting.rule.is_spectral());
    let growth = Growth::of(setting);
    let gradients = k * setting.gradients_per_step();
    match measure {
        _ if !applies => None,
        Measure::Rank => Some(growth.weights(gradients)),
        Measure::GradientRank => Some(growth.gradient(k)),
        // Momentum can give an update the rank of all gradients so far; a combination is no more
        // than their sum.
        Measure::Cp if !setting.rule.is_gd_like() => None,
        Measure::Cp => Some((0..gradients).map(|j| growth.gradient(j)).sum()),
        Measure::R3 => None,
    }
}

fn attained(setting: &Setting) -> bool {
    let Dimensions { d_in, d_out, steps, .. } = setting.dimensions;
    let plain = setting.starts_at_identity()
        && setting.initial_state == InitialState::Zero
        && !setting.bias
        && setting.trained == Subset::only(["W"]);
    plain && steps >= 2 && setting.batch_size() >= d_in.max(d_out)
}

fn domain(arithmetic: Arithmetic) -> Domain {
    let starts = if arithmetic.is_real() { 1 } else { 2 };
    // The gradients of later steps shrink below the noise of floating point.
    let (neurons, d_out, learning_steps) =
        if arithmetic.is_real() { (1..=12, 1..=5, 1..=3) } else { (1..=24, 1..=14, 1..=6) };
    let linear = Domain::linear(arithmetic);
    Domain {
        neurons,
        d_out,
        learning_steps,
        trials: 1..=6,
        initial_weights: [linear.initial_weights, vec![InitialWeights::LowRank(starts)]].concat(),
        initial_states: [
            linear.initial_states,
            vec![InitialState::PerTrial, InitialState::AlongInputs],
        ]
        .concat(),
        rules: rules(arithmetic, |rule| rule.is_gd_like() || rule.is_spectral()),
        trained: vec![
            Subset::only(["W"]),
            Subset::only(["W", "B"]),
            Subset::only(["W", "C"]),
            Subset::only(["W", "bias", "h0"]),
            Subset::All,
        ],
        ..Domain::linear(arithmetic)
    }
}

/// F_n, with F_1 = F_2 = 1.
pub fn fibonacci(n: usize) -> usize {
    (0..n).fold((0, 1), |(now, next), _| (next, now + next)).0
}

/// What feeds one side: the number of columns that span it at the start, and how they change.
#[derive(Clone, Copy, Default)]
struct Sources {
    fixed: usize,
    trained: usize,
    trained_from_zero: usize,
}

impl Sources {
    /// Counts `columns` that are trained or not.
    fn add(&mut self, columns: usize, trained: bool) {
        *if trained { &mut self.trained } else { &mut self.fixed } += columns;
    }

    /// The bounds on (rank D_k, rank G_k), by the recursion of the proof.
    fn growth(&self, k: usize) -> (usize, usize) {
        let Sources { fixed, trained, trained_from_zero } = *self;
        let start = fixed + trained;
        let gradient =
            |k: usize, rank: usize| start + rank + if k > 0 { trained_from_zero } else { 0 };
        let (mut rank, mut counted) = (0, 0);
        for j in 0..k {
            let next = start + counted;
            counted += gradient(j, rank) + trained + trained_from_zero;
            rank = next;
        }
        (rank, gradient(k, rank))
    }
}

/// What the theorem allows a setting.
struct Growth {
    inputs: Sources,
    outputs: Sources,
    /// What the dimension of the whole space can be.
    limit: usize,
    /// If W alone is trained.
    time: Option<Time>,
}

/// What trials of a few steps let one gradient add, on either side.
#[derive(Clone, Copy)]
struct Time {
    inputs: usize,
    outputs: usize,
}

impl Growth {
    fn of(setting: &Setting) -> Self {
        let dimensions = &setting.dimensions;
        let [b, c, bias, h0] = ["B", "C", "bias", "h0"].map(|name| setting.trained.contains(name));
        let (mut inputs, mut outputs) = (Sources::default(), Sources::default());
        inputs.add(dimensions.d_in, b);
        outputs.add(dimensions.d_out, c);
        let zero = usize::from;
        match setting.initial_state {
            InitialState::Zero => inputs.trained_from_zero += zero(h0),
            InitialState::Common => inputs.add(1, h0),
            InitialState::PerTrial => inputs.add(dimensions.trials, h0),
            // They count as inputs as long as they lie along those that there are.
            InitialState::AlongInputs if setting.leaves_its_state() => {
                inputs.add(dimensions.trials, h0)
            }
            InitialState::AlongInputs => {}
        }
        if setting.bias {
            inputs.add(1, bias)
        } else {
            inputs.trained_from_zero += zero(bias)
        }
        if let InitialWeights::LowRank(r) = setting.initial_weights {
            inputs.add(r, false);
            outputs.add(r, false);
        }
        let time = (setting.trained == Subset::only(["W"])).then(|| Time::of(setting));
        Growth { inputs, outputs, limit: setting.channels(), time }
    }

    /// The bound on rank D_k.
    fn weights(&self, k: usize) -> usize {
        let sides = |inputs: usize, outputs: usize| inputs.min(outputs).min(self.limit);
        let by_steps = |l: usize| {
            let (inputs, outputs) = (self.inputs.growth(l).0, self.outputs.growth(l).0);
            let left = k - l;
            match self.time {
                Some(time) => sides(inputs + left * time.inputs, outputs + left * time.outputs),
                None => sides(inputs, outputs),
            }
        };
        let first = if self.time.is_some() { k.min(1) } else { k };
        (first..=k).map(by_steps).min().expect("k itself")
    }

    /// The bound on rank G_k.
    fn gradient(&self, k: usize) -> usize {
        self.inputs.growth(k).1.min(self.outputs.growth(k).1).min(self.limit)
    }
}

impl Time {
    /// Columns of D_k A^i B, i < T - 2, and of D_k A^i h_0, i < T - 1; rows of C A^i D_k, as many
    /// as powers reach h_1, or h_0 where it is not zero.
    fn of(setting: &Setting) -> Self {
        let states = setting.states();
        let powers = |less: usize| setting.input_steps().saturating_sub(less);
        let outputs = setting.dimensions.d_out * powers(if states == 0 { 2 } else { 1 });
        Time { inputs: setting.inputs() * powers(2) + states * powers(1), outputs }
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let trajectory = case.train()?;
    let growth = Growth::of(&case.setting);
    let per_step = case.setting.gradients_per_step();
    let mut observations = vec![];
    for k in (1..=trajectory.steps()).rev() {
        let bound = growth.weights(k * per_step);
        observations.push(Observation::rank(
            Quantity::Rank(Sequence::Increments, k),
            &trajectory.rank(k),
            bound,
        ));
    }
    let mut total = Bounds::exactly(0);
    let gradients = (0..).map_while(|j| trajectory.gradient(j));
    for (j, gradient) in gradients.enumerate() {
        let rank = S::rank(&gradient.to_matrix(), trajectory.gradient_noise(j));
        total = total + rank.bounds;
        observations.push(Observation::rank(
            Quantity::Rank(Sequence::Gradients, j),
            &rank,
            growth.gradient(j),
        ));
    }
    let sum = (0..trajectory.gradients().len()).map(|j| growth.gradient(j)).sum();
    observations.push(Observation::number("sum of rank G_j", total, sum));
    Ok(observations)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The closed forms of the statement are those of the recursion.
    #[test]
    fn each_source_grows_by_fibonacci_numbers() {
        let fixed = Sources { fixed: 1, ..Sources::default() };
        let trained = Sources { trained: 1, ..Sources::default() };
        let mixed = Sources { fixed: 2, trained: 3, trained_from_zero: 5 };
        for k in 1..12 {
            assert_eq!(fixed.growth(k), (fibonacci(k + 2) - 1, fibonacci(k + 2)));
            assert_eq!(trained.growth(k), (fibonacci(k + 3) - 2, fibonacci(k + 3) - 1));
            let expected = 2 * (fibonacci(k + 2) - 1)
                + 3 * (fibonacci(k + 3) - 2)
                + 5 * (fibonacci(k + 2) - 2);
            assert_eq!(mixed.growth(k).0, expected);
        }
        assert_eq!((fixed.growth(0), trained.growth(0)), ((0, 1), (0, 1)));
    }
}
