//! **modes.** Linear network, W_0 = w I, and inputs that are the outputs, B = C^T = V with
//! orthonormal columns v_1..v_p. In every trial one channel is active: inputs along e_i, h_0 along
//! v_i or zero, targets along e_i, squared loss. W alone learns, by a GD-like method. Then
//!
//! ```text
//! D_k = sum_i omega_i(k) v_i v_i^T,    rank D_k <= p,    CP rank <= p,
//! ```
//!
//! so that a CP term of learning is a mode of the task: its two factors of neurons are v_i, its
//! third one is the learning curve of that mode, which a network of one neuron has as well.
//!
//! Why: W = v I + V Omega V^T with a diagonal Omega maps v_i to a multiple of v_i, and so does its
//! transpose. So all states of a trial, its outputs and errors, and its adjoint states are along
//! its channel, and its gradient is a multiple of v_i v_i^T.

use super::effective_task_dimension::orthonormal_rows;
use super::instance::number;
use super::movement::Movement;
use super::{
    Arithmetic, Case, Checks, Domain, Inconclusive, InitialState, LossKind, Observation, Observed,
    Proof, Setting, Theorem,
};
use crate::blocks::Subset;
use crate::matrix::{Matrix, RankRevealing};
use crate::scalar::{Scalar, Stream};
use crate::task::{Dimensions, Task, TaskFamily};
use crate::training::{GradientFault, Training};

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "modes",
    title: "Where channels learn one by one, each term of the tensor is a mode of the task",
    statement: "Linear network, W_0 = w I, B = C^T = V with orthonormal columns v_1..v_p, one active \
                channel in each trial, squared loss with targets along it, W alone trained: D_k = \
                sum_i omega_i(k) v_i v_i^T, so rank D_k and the CP rank of D_1..D_K are at most p, \
                and the number of channels that are active in some trial.",
    hypotheses: &[
        "linear network: phi = psi = id",
        "W_0 = w I; B = C^T with orthonormal columns",
        "in each trial inputs, h_0 and targets along one channel",
        "errors that are along the channel where outputs are: squared loss",
        "GD-like learning of W alone",
    ],
    bound: "the channels that are active in some trial, at most p",
    tightness: "Attained by generic data after one step of two time steps or more on all trials.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "modes.mode_gradient",
            "modes.modes",
            "modes.modes_tensor_rank",
            "modes.modes_rank",
        ],
        beyond: None,
    },
    source: &[
        "Saxe, McClelland and Ganguli (2014)",
        "Proca et al. (ICML 2025)",
        "Bordelon et al. (2025, arXiv 2503.18754)",
    ],
    limit: None,
    attained: Some(attained),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    // Orthonormal columns have denominators.
    minors: super::generic::unknown,
    counterexamples: &[
        "one_channel_must_be_active_in_a_trial",
        "channels_must_be_orthonormal",
        "outputs_must_be_the_inputs",
        "targets_must_be_along_the_channel",
        "the_initial_state_must_be_along_the_channel",
        "the_network_must_be_linear",
        "the_start_must_be_a_multiple_of_the_identity",
        "the_optimizer_must_be_gd_like",
    ],
};

fn attained(setting: &Setting) -> bool {
    setting.dimensions.steps >= 2 && setting.batch_size() == setting.dimensions.trials
}

fn domain(arithmetic: Arithmetic) -> Domain {
    Domain {
        neurons: 4..=10,
        d_in: 1..=4,
        // There are as many outputs as inputs.
        d_out: 1..=1,
        trials: 1..=6,
        initial_states: vec![InitialState::Zero, InitialState::PerTrial],
        bias: false,
        tasks: vec![TaskFamily::RandomTargets],
        losses: vec![LossKind::Squared],
        trained: vec![Subset::only(["W"])],
        ..Domain::linear(arithmetic)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let Dimensions { neurons, d_in: channels, trials, .. } = case.setting.dimensions;
    let readout = orthonormal_rows::<S>(channels, neurons, &mut case.stream.named("channels"));
    let columns = readout.transposed();
    let task = diagonal(&case.setting.dimensions, &case.stream);
    let mut states = case.instance.network.parts().h0.clone();
    if case.setting.initial_state == InitialState::PerTrial {
        states = columns.times(&along(channels, trials, trials, &case.stream.named("states")));
    }
    let network = case.instance.network.clone();
    let network = network.with("B", columns.clone()).with("C", readout).with("h0", states);
    let training = Training { task: &task, ..case.training_of(&network) };
    let trajectory = training.run(case.setting.learning_steps)?;
    if !trajectory.is_clear() {
        return Err(Inconclusive::Noise("the change of the weights"));
    }
    let modes: Vec<_> = (0..channels)
        .map(|i| Matrix::from_fn(neurons, neurons, |a, b| columns[(a, i)] * columns[(b, i)]))
        .collect();
    let movement = Movement::increments(&trajectory);
    let outside = movement.excess_over(&modes, "the span of v_i v_i^T")?;
    let bound = channels.min(trials);
    // Increments inside the span are the p terms of the tensor.
    let name = "increments outside the span of v_i v_i^T";
    Ok(vec![movement.last_rank(bound), Observation::rank(name, &outside, 0)])
}

/// A task in which channel m modulo p is active in trial m: inputs and targets along it.
pub fn diagonal<S: Scalar>(sizes: &Dimensions, stream: &Stream) -> Task<S> {
    let Dimensions { d_in: channels, steps, trials, .. } = *sizes;
    let signals = |times, name| along(channels, times * trials, trials, &stream.named(name));
    let mask = Matrix::from_fn(1, (steps + 1) * trials, |_, _| S::ONE);
    Task::new(trials, signals(steps, "inputs"), signals(steps + 1, "targets"), mask)
        .expect("shapes that fit")
}

/// Random columns, (channels, columns), each along the channel of its trial.
fn along<S: Scalar>(channels: usize, columns: usize, trials: usize, stream: &Stream) -> Matrix<S> {
    let mut stream = stream.clone();
    Matrix::from_fn(channels, columns, |i, column| {
        let is_active = column % trials % channels == i;
        if is_active { number(&mut stream, 1.0) } else { S::ZERO }
    })
}
