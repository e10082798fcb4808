//! **tightness.** invariant-subspace cannot be improved: for every d_in and d_out generic runs reach
//! rank D_K = d_in + d_out, and for (d_in, d_out) other than (1, 1) their increments span all of the
//! (d_in + d_out)^2 matrices on S, so that their CP rank is exactly (d_in + d_out)^2. For (1, 1) it is
//! three, by siso-reciprocity.
//!
//! What it takes: T >= 4, inputs u_0..u_{T-2} that span F^{d_in} (one trial can do), and as many
//! learning steps as dimensions. With T <= 3 or inputs that do not span no run gets there.
//!
//! Why: that a polynomial in the entries of a run is not zero at one point makes it nonzero at
//! almost all, so one run over the field shows it for almost all runs.

use super::movement::{Movement, span};
use super::{
    Arithmetic, Case, Checks, Domain, Inconclusive, InitialState, LossKind, Observation, Observed,
    Proof, Quantity, Setting, StepperKind, Theorem,
};
use crate::blocks::Subset;
use crate::matrix::{Rank, RankRevealing};
use crate::task::{Dimensions, TaskFamily};
use crate::tensor::Mode;
use crate::training::GradientFault;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "tightness",
    title: "Four time steps of generic data reach the bounds on rank and tensor rank",
    statement: "For all d_in, d_out generic runs of four time steps or more from W_0 = w I, h_0 = 0 \
                have rank D_K = d_in + d_out, and for (d_in, d_out) other than (1, 1) r3 = CP rank \
                = (d_in + d_out)^2 once K >= (d_in + d_out)^2; for (1, 1) both are 3 once K >= 3.",
    hypotheses: &[
        "linear network: phi = psi = id",
        "W_0 = w I, h_0 = 0",
        "generic data: T >= 4, and inputs u_0..u_{T-2} of all trials that span F^{d_in}",
        "N >= d_in + d_out neurons",
        "K >= (d_in + d_out)^2 learning steps; K >= 3 for (1, 1)",
    ],
    bound: "0 dimensions missing",
    tightness: "It is the statement: an equality.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "tightness.tightness_rank",
            "tightness.tightness_tensor_rank",
            "tightness.tightness_siso",
            "tightness_fixed_data.tightness_fixed_data",
        ],
        beyond: Some(
            "that (d_in + d_out)^2 steps on one data set are enough for all d_in \
                 and d_out: checked by Coq up to 3, observed above; and starts other \
                 than W_0 = 0",
        ),
    },
    source: &[],
    limit: None,
    attained: Some(attained),
    domain,
    // In floating point the last of the singular values of so many steps are below the noise.
    checks: Checks { exact: Some(observe), f64: None, double_double: None },
    controls: &[GradientFault::WrongEntry],
    minors: super::generic::of_training,
    counterexamples: &[
        "it_takes_as_many_steps_as_dimensions",
        "it_takes_time_steps",
        "the_inputs_must_span",
        "it_takes_as_many_neurons_as_channels",
        "one_input_and_one_output_are_an_exception",
        "the_network_must_be_linear",
        "the_start_must_be_a_multiple_of_the_identity",
        "the_initial_state_must_be_zero",
    ],
};

/// The hypotheses.
fn attained(setting: &Setting) -> bool {
    let Dimensions { neurons, d_in, d_out, steps, .. } = setting.dimensions;
    steps >= 4
        && setting.inputs_span()
        && neurons >= d_in + d_out
        && setting.learning_steps >= dimensions(setting)
}

fn domain(arithmetic: Arithmetic) -> Domain {
    Domain {
        neurons: 4..=8,
        d_in: 1..=2,
        d_out: 1..=2,
        steps: 4..=6,
        trials: 1..=4,
        learning_steps: 16..=18,
        initial_states: vec![InitialState::Zero],
        bias: false,
        tasks: vec![TaskFamily::RandomTargets],
        losses: vec![LossKind::Squared],
        steppers: vec![StepperKind::GradientDescent, StepperKind::HeavyBall],
        trained: vec![Subset::only(["W"])],
        ..Domain::linear(arithmetic)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let trajectory = case.train()?;
    let Dimensions { neurons, d_in, d_out, .. } = case.setting.dimensions;
    let d = d_in + d_out;
    let movement = Movement::increments(&trajectory);
    let noise = movement.total_noise();
    let last =
        S::rank(&movement.matrices[trajectory.steps() - 1], trajectory.noise(trajectory.steps()));
    let tensor = trajectory.increments().reduced();
    let [_, _, r3] = tensor.unfolding_ranks(noise);
    let bracket = tensor.cp_bracket(noise).ok_or(Inconclusive::Noise("the CP rank"))?;
    let start = case.instance.network.parts();
    let space = span(neurons, [start.b, &start.c.transposed()], "the dimension of S")?;
    Ok(vec![
        difference(Quantity::UnfoldingRank(Mode::Step), &r3, dimensions(&case.setting)),
        difference("rank D_K".into(), &last, d),
        Observation::number("CP rank", bracket.bounds(), d * d),
        movement.columns_outside(&space),
    ])
}

/// Of the span of the increments.
fn dimensions(setting: &Setting) -> usize {
    let d = setting.dimensions.d_in + setting.dimensions.d_out;
    if d == 2 { 3 } else { d * d }
}

/// By how much a rank differs from what it should be.
fn difference(of: Quantity, rank: &Rank, expected: usize) -> Observation {
    let (of, found) = (Box::new(of), rank.bounds);
    let quantity = Quantity::Difference { of, found, expected };
    Observation::number(quantity, found.abs_diff(expected), 0)
}
