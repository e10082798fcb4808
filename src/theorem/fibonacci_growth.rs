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
//! c_k counts, so r_{k+1} <= f + t + c_k. The same for outputs with rows and columns exchanged. In
//! trials of T steps what the states of step k add to the columns of step k lies in the span of
//! D_k A^i B, i < T - 2, and of D_k A^i h_0, i < T - 1, and has no more dimensions than there are
//! such times in all trials.

use super::setting::rules;
use super::sources::{Columns, Sources};
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
            "fibonacci_then_linear.fibonacci_then_linear",
            "fibonacci_attained.fibonacci_attained",
            "fibonacci_attained.fibonacci_trained_attained",
        ],
        beyond: Some(
            "sources of which some are trained and some are not, or trained from \
                 zero, and W_0 = w I + P Q^T",
        ),
    },
    source: &[
        "Pellegrino, Cayco-Gajic and Chadwick (2023)",
        "Boix-Adsera et al. (2023, arXiv 2306.07042)",
    ],
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
        && (setting.starts_at_identity()
            || matches!(setting.initial_weights, InitialWeights::LowRank(_)))
        && (setting.rule.is_gd_like() || setting.rule.is_spectral());
    if !applies {
        return None;
    }
    let gradients = k * setting.gradients_per_step();
    let growth = Growth::of(setting, gradients);
    match measure {
        Measure::Rank => Some(growth.weights[gradients].min(setting.channels())),
        Measure::GradientRank => Some(growth.gradients[k]),
        // Momentum can give an update the rank of all gradients so far; a combination is no more
        // than their sum.
        Measure::Cp if !setting.rule.is_gd_like() => None,
        Measure::Cp => Some(growth.gradients[..gradients].iter().sum()),
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

/// The bounds on rank D_k and rank G_k.
struct Growth {
    weights: Vec<usize>,
    gradients: Vec<usize>,
}

impl Growth {
    /// For k = 0 to `last`.
    fn of(setting: &Setting, last: usize) -> Self {
        let sources = Sources::of(setting);
        let (mut inputs, mut outputs) = (sources.inputs.and(sources.states), sources.outputs);
        if let InitialWeights::LowRank(r) = setting.initial_weights {
            inputs.add(r, false);
            outputs.add(r, false);
        }
        let gradient = |k: usize| sources.rank_of_sum(k..k + 1).min(setting.channels());
        Self::recursion([inputs, outputs], last, gradient, |k| sources.beyond_sources(k))
    }

    /// The recursion of the proof. `gradient` bounds rank G_k, and `beyond` what its rows have beside
    /// the sources of step k on the side of the inputs, and its columns on that of the outputs.
    fn recursion(
        sides: [Columns; 2],
        last: usize,
        gradient: impl Fn(usize) -> usize,
        beyond: impl Fn(usize) -> [usize; 2],
    ) -> Self {
        let mut growth = Growth { weights: vec![], gradients: vec![] };
        // For each side the dimensions of the sums over all gradients so far: of their rows (of
        // the inputs; of their columns, of the outputs), of these with the sources, and of these
        // with what the sources of the other side gained.
        let mut spans = [0; 2];
        let mut with_sources = sides.map(|side| side.start());
        let mut with_gains = [0; 2];
        for k in 0..=last {
            let rank = spans[0].min(spans[1]);
            let by_side = sides.map(|side| side.at(k) + rank);
            let own = by_side.into_iter().fold(gradient(k), usize::min);
            growth.weights.push(rank);
            growth.gradients.push(own);
            let beyond = beyond(k).map(|side| side.min(rank));
            let (before, gains) = (with_sources, with_gains);
            for (side, other) in [(0, 1), (1, 0)] {
                // States lie in the sources at the start and in what columns gained.
                let states = sides[side].start() + gains[other];
                let moving = sides[side].moving();
                spans[side] = (spans[side] + own).min(states).min(before[side] + beyond[side]);
                with_sources[side] = states.min(before[side] + beyond[side].min(own)) + moving;
                with_gains[side] = states.min(gains[side] + own + sides[other].moving());
            }
        }
        growth
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let trajectory = case.train()?;
    let per_step = case.setting.gradients_per_step();
    let growth = Growth::of(&case.setting, trajectory.steps() * per_step);
    let mut observations = vec![];
    for k in (1..=trajectory.steps()).rev() {
        observations.push(Observation::rank(
            Quantity::Rank(Sequence::Increments, k),
            &trajectory.rank(k),
            growth.weights[k * per_step].min(case.setting.channels()),
        ));
    }
    let (mut total, mut sum) = (Bounds::exactly(0), 0);
    let gradients = (0..).map_while(|j| trajectory.gradient(j));
    for (j, (gradient, &bound)) in gradients.zip(&growth.gradients).enumerate() {
        let rank = S::rank(&gradient.to_matrix(), trajectory.gradient_noise(j));
        (total, sum) = (total + rank.bounds, sum + bound);
        observations.push(Observation::rank(Quantity::Rank(Sequence::Gradients, j), &rank, bound));
    }
    observations.push(Observation::number("sum of rank G_j", total, sum));
    Ok(observations)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without an end of time or of trials.
    const ENOUGH: usize = 1 << 40;

    /// The bounds on (rank D_k, rank G_k) if one side is the narrower one.
    fn growth(inputs: Columns, k: usize) -> (usize, usize) {
        let outputs = Columns { fixed: ENOUGH, ..Columns::default() };
        let growth = Growth::recursion([inputs, outputs], k, |_| ENOUGH, |_| [ENOUGH; 2]);
        (growth.weights[k], growth.gradients[k])
    }

    /// The closed forms of the statement are those of the recursion.
    #[test]
    fn each_source_grows_by_fibonacci_numbers() {
        let fixed = Columns { fixed: 1, ..Columns::default() };
        let trained = Columns { trained: 1, ..Columns::default() };
        let mixed = Columns { fixed: 2, trained: 3, trained_from_zero: 5 };
        for k in 1..12 {
            assert_eq!(growth(fixed, k), (fibonacci(k + 2) - 1, fibonacci(k + 2)));
            assert_eq!(growth(trained, k), (fibonacci(k + 3) - 2, fibonacci(k + 3) - 1));
            let expected = 2 * (fibonacci(k + 2) - 1)
                + 3 * (fibonacci(k + 3) - 2)
                + 5 * (fibonacci(k + 2) - 2);
            assert_eq!(growth(mixed, k).0, expected);
        }
        assert_eq!((growth(fixed, 0), growth(trained, 0)), ((0, 1), (0, 1)));
    }

    /// And that of short trials.
    #[test]
    fn growth_becomes_linear_in_short_trials() {
        let [inputs, outputs] = [2, ENOUGH].map(|fixed| Columns { fixed, ..Columns::default() });
        for beyond in 1..8 {
            let by_time = |_| [2 * beyond, ENOUGH];
            let found = Growth::recursion([inputs, outputs], 9, |_| ENOUGH, by_time);
            for k in 1..=9 {
                let by_step = |l: usize| 2 * (fibonacci(l + 2) - 1 + (k - l) * beyond);
                assert_eq!(Some(found.weights[k]), (1..=k).map(by_step).min(), "{beyond} {k}");
            }
        }
    }
}
