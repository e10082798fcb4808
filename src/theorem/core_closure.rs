//! **core-closure.** A linear network that learns from W_0 = w I + P Q^T by a GD-like method does not
//! know how many neurons it has. With X = [B, C^T, h_0, b, P, Q]
//!
//! ```text
//! W_k = c_k w I + X K_k X^T,    h_t = X s_t,    y_t = gamma^T Gamma s_t,    Gamma = X^T X,
//! ```
//!
//! and the cores K_k, the states s_t, outputs and losses follow a recursion that knows N and X
//! through the Gram matrix Gamma alone. Two networks of any widths with the same Gamma have the same
//! cores, outputs and losses at every step.
//!
//! Why: W X s = X (v I + K Gamma) s and W^T X l = X (v I + K^T Gamma) l with v = c_k w, so
//! states and adjoint states have coordinates whatever X is, and the gradient is X times a sum of
//! their products times X^T. [`Cores`] is the network of these coordinates where Gamma = I.

use super::effective_task_dimension::orthonormal_rows;
use super::{
    Arithmetic, Case, Checks, Domain, Inconclusive, InitialState, InitialWeights, Observation,
    Observed, Proof, Theorem,
};
use crate::blocks::Subset;
use crate::matrix::{CLEAR_GAP, Matrix, RankRevealing};
use crate::network::Network;
use crate::network::architecture::Architecture;
use crate::task::Dimensions;
use crate::training::{Cores, GradientFault, NOISE_FACTOR, Trajectory};

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "core-closure",
    title: "The width of a network does not enter its learning, its Gram matrix does",
    statement: "Linear network, W_0 = w I + P Q^T, GD-like method, X = [B, C^T, h_0, b, P, Q]: W_k = \
                c_k w I + X K_k X^T, where the cores K_k, the outputs and the losses depend on N and \
                X through X^T X alone. Two networks of any widths with the same X^T X have the same \
                cores, outputs and losses at every step.",
    hypotheses: &[
        "linear network: phi = psi = id",
        "W_0 = w I + P Q^T",
        "any loss of the outputs, any data, any h_0",
        "a GD-like method whose coefficients do not see N",
    ],
    bound: "no dimension in which the changes of two widths differ, and no loss or output",
    tightness: "An identity: it holds with equality whenever it holds.",
    proof: Proof::MachineChecked {
        lemmas: &["core_closure.core_closure", "core_closure.core_outputs_exact"],
        beyond: Some("trained B, C, b and h_0"),
    },
    source: &["Ger and Barak (2026, arXiv 2605.04115)", "Mastrogiuseppe and Ostojic (2018)"],
    limit: None,
    attained: Some(|_| true),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    // Orthonormal columns have denominators.
    minors: super::generic::unknown,
    counterexamples: &[
        "the_network_must_be_linear",
        "the_start_must_be_of_the_form",
        "the_gram_matrix_must_be_the_same",
        "the_optimizer_must_be_gd_like",
    ],
};

fn domain(arithmetic: Arithmetic) -> Domain {
    let linear = Domain::linear(arithmetic);
    let low_rank = vec![InitialWeights::LowRank(1), InitialWeights::LowRank(2)];
    Domain {
        initial_weights: [linear.initial_weights, low_rank].concat(),
        initial_states: [linear.initial_states, vec![InitialState::PerTrial]].concat(),
        trained: vec![Subset::only(["W"]), Subset::only(["W", "bias", "h0"]), Subset::All],
        ..Domain::linear(arithmetic)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let Dimensions { neurons, steps: time, .. } = case.setting.dimensions;
    let mut stream = case.stream.named("embedding");
    let wider = neurons + 1 + stream.below(8);
    let embedding = orthonormal_rows(neurons, wider, &mut stream).transposed();
    let narrow = &case.instance.network;
    let wide = widened(narrow, &embedding);
    let steps = case.setting.learning_steps;
    let (small, large) = (case.train()?, case.training_of(&wide).run(steps)?);

    let differences = (1..=steps).map(|k| {
        let image = embedding.times(&small.increment(k));
        large.increment(k).minus(&Matrix::product(image.view(), embedding.t()))
    });
    let differences: Vec<_> = differences.collect();
    let noise = small.tensor_noise() + large.tensor_noise();

    let task = &case.instance.task;
    let outputs = narrow.architecture.outputs(&small.end, &task.inputs, task.trials)?;
    let others = wide.architecture.outputs(&large.end, &task.inputs, task.trials)?;
    let losses = Matrix::from_fn(1, steps + 1, |_, k| small.losses[k] - large.losses[k]);
    // No time step makes an error larger than by a factor of 1 + ||W||.
    let weights = (0..=steps).map(|k| large.weights_at(k).norm()).fold(0.0, f64::max);
    let sizes = [&small, &large].map(|run| run.end.norm() + task.inputs.norm());
    let size = sizes[0].max(sizes[1]).max(1.0).powi(3);
    let units = noise + NOISE_FACTOR * S::ROUNDING * (wider + time) as f64;
    let of_outputs = units * size * (1.0 + weights).powi(time as i32);
    let of_losses = of_outputs * (outputs.norm() + task.targets.norm() + 1.0);
    // Outputs near to their targets leave errors that are mostly rounding, the same for no two widths.
    let of_changes = of_losses * (1..=steps).map(|k| step_sizes(&large, k)).fold(0.0, f64::max);
    let change = (1..=steps).map(|k| large.increment(k).norm()).fold(0.0, f64::hypot);
    let learned = large.gradients().iter().any(|gradient| gradient.to_matrix().norm() != 0.0);
    if learned && CLEAR_GAP * of_changes > change {
        return Err(Inconclusive::Noise("the change of W"));
    }
    let cores = S::rank(&Matrix::beside(wider, &differences), of_changes);
    Ok(vec![
        Observation::rank("dimensions in which the changes of two widths differ", &cores, 0),
        Observation::rank(
            "dimensions in which their outputs differ",
            &S::rank(&outputs.minus(&others), of_outputs),
            0,
        ),
        Observation::rank("whether their losses differ", &S::rank(&losses, of_losses), 0),
    ])
}

/// How far the gradients went into W_k.
fn step_sizes<S: RankRevealing>(run: &Trajectory<S>, k: usize) -> f64 {
    (0..run.gradients().len()).map(|j| run.coefficient(k, j).size()).sum()
}

/// The network of more neurons with the same Gram matrix: U X in the place of X, where the columns of
/// U, the embedding, are orthonormal.
fn widened<S: RankRevealing>(narrow: &Network<S>, embedding: &Matrix<S>) -> Network<S> {
    let cores = Cores { basis: embedding.clone(), network: narrow.clone() };
    let blocks = cores.widened(&narrow.blocks, narrow.parts().w.identity());
    Network { blocks, ..narrow.clone() }
}
