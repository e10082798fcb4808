//! **curriculum.** A linear network from W_0 = w I that learns tasks j = 1..J one after the other
//! or in turns, each with its own B_j, C_j and numbers of channels, has
//!
//! ```text
//! rank D_k <= sum over the tasks used so far of (p_j + q_j)    (+1 for h_0, +1 for a bias)
//! ```
//!
//! With the same B and C for all (baseline, perturbation, washout) there is one space, and it does
//! not grow at all.
//!
//! Why: the sum of the spaces of all tasks used contains the generators of each, and W keeps it, so
//! invariant-subspace applies to every stage with that sum.

use super::invariant_subspace::fills_the_space;
use super::movement::{Movement, span};
use super::{
    Arithmetic, Case, Checks, Domain, Inconclusive, InitialState, Observed, Proof, Sequence,
    Setting, Theorem,
};
use crate::blocks::Subset;
use crate::matrix::{Matrix, RankRevealing};
use crate::task::{Dimensions, Task};
use crate::training::{GradientFault, Training};

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "curriculum",
    title: "Each new task adds its own dimensions, a task with the same channels adds none",
    statement: "Tasks j = 1..J one after the other or in turns, each with its own B_j, C_j: \
                rank D_k <= sum (p_j + q_j) over the tasks used (+1 for a common h_0, +1 for a \
                bias). With the same B and C the space does not grow.",
    hypotheses: &[
        "linear network: phi = psi = id",
        "W_0 = w I",
        "h_0 and b the same for all tasks",
        "GD-like learning of W alone within each task",
    ],
    bound: "sum (p_j + q_j) (+1 for a common h_0, +1 for a bias), at most N",
    tightness: "Attained by generic data where each task alone, with all channels that it may have, \
                attains invariant-subspace: after that many learning steps of each, with four time \
                steps or more and inputs that span.",
    proof: Proof::MachineChecked {
        lemmas: &["curriculum.curriculum"],
        beyond: Some("that a bias shared by all tasks counts once"),
    },
    source: &[],
    limit: None,
    attained: Some(fills_the_space),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    minors,
    counterexamples: &[
        "the_network_must_be_linear",
        "the_initial_state_must_be_the_same_for_all_tasks",
        "the_bias_must_be_the_same_for_all_tasks",
        "every_channel_counts",
        "the_start_must_keep_the_space",
        "the_optimizer_must_be_gd_like",
    ],
};

/// As of one task that is learned for as many steps as the most there are.
fn minors(setting: &Setting) -> Option<u64> {
    let learning_steps = (MAX_TASKS + 1) * setting.learning_steps;
    super::generic::of_training(&Setting { learning_steps, ..setting.clone() })
}

fn domain(arithmetic: Arithmetic) -> Domain {
    Domain {
        neurons: 2..=14,
        d_in: 1..=2,
        d_out: 1..=2,
        learning_steps: 1..=3,
        trained: vec![Subset::only(["W"])],
        ..Domain::linear(arithmetic)
    }
}

/// Tasks in a curriculum, before one of them is repeated.
const MAX_TASKS: usize = 3;

/// One task with the channels through which the network sees it.
struct Stage<S> {
    b: Matrix<S>,
    c: Matrix<S>,
    task: Task<S>,
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let mut stream = case.stream.named("curriculum");
    let count = 1 + stream.below(MAX_TASKS);
    let same_channels = stream.below(3) == 0;
    let stages: Option<Vec<_>> = (0..count).map(|j| stage(case, j, same_channels)).collect();
    let stages = stages.ok_or(Inconclusive::Unavailable)?;
    // Once each, and one of them again.
    let order = (0..count).chain([stream.below(count)]);
    let movement = learn(case, order.map(|j| &stages[j]))?;

    let start = case.instance.network.parts();
    let readouts: Vec<_> = stages.iter().map(|stage| stage.c.transposed()).collect();
    let mut generators = vec![start.h0, start.bias];
    generators.extend(stages.iter().map(|stage| &stage.b).chain(&readouts));
    let space = span(start.neurons(), generators, "the dimension of S")?;

    let different = if same_channels { &stages[..1] } else { &stages[..] };
    let channels: usize = different.iter().map(|stage| stage.b.cols() + stage.c.rows()).sum();
    let more = usize::from(case.setting.initial_state == InitialState::Common)
        + usize::from(case.setting.bias);
    movement.within(&space, (channels + more).min(start.neurons()))
}

/// Task number `j`: with channels of its own, or other data for the same ones.
fn stage<S: RankRevealing>(case: &Case<S>, j: usize, same_channels: bool) -> Option<Stage<S>> {
    let stream = case.stream.named(&format!("task {j}"));
    let dimensions = case.setting.dimensions;
    let network = case.instance.network.parts();
    if same_channels {
        let task = case.setting.task.draw(&dimensions, &stream)?;
        return Some(Stage { b: network.b.clone(), c: network.c.clone(), task });
    }
    let mut sizes = stream.named("channels");
    let dimensions = Dimensions {
        d_in: 1 + sizes.below(dimensions.d_in),
        d_out: 1 + sizes.below(dimensions.d_out),
        ..dimensions
    };
    let n = dimensions.neurons;
    Some(Stage {
        b: Matrix::random(n, dimensions.d_in, &mut stream.named("B")),
        c: Matrix::random(dimensions.d_out, n, &mut stream.named("C")),
        task: case.setting.task.draw(&dimensions, &stream)?,
    })
}

/// Learns one stage after the other; D_k of all steps of all stages.
fn learn<'a, S: RankRevealing>(
    case: &Case<S>,
    order: impl Iterator<Item = &'a Stage<S>>,
) -> Result<Movement<S>, Inconclusive> {
    let start = case.instance.network.parts().w.to_matrix();
    let (mut w, mut remainder, mut carried) = (start.clone(), S::ONE, 0.0);
    let mut movement = Movement {
        matrices: Vec::new(),
        noise: Vec::new(),
        sequence: Sequence::Increments,
        block: None,
    };
    for stage in order {
        let network = (case.instance.network.clone())
            .with("W", w)
            .with("B", stage.b.clone())
            .with("C", stage.c.clone());
        let training = Training { task: &stage.task, ..case.training_of(&network) };
        let trajectory = training.run(case.setting.learning_steps)?;
        let last = trajectory.steps();
        for k in 1..=last {
            let mut increment = trajectory.weights_at(k);
            increment.add_scaled(-(remainder * trajectory.remainder(k)), &start);
            movement.matrices.push(increment);
            movement.noise.push(carried + trajectory.noise(k));
        }
        w = trajectory.weights_at(last);
        remainder *= trajectory.remainder(last);
        carried += trajectory.noise(last);
    }
    Ok(movement)
}
