//! **gating-atoms.** Piecewise-linear phi or psi: f(z) = g(z) z with f'(z) = g(z), as ReLU. Let two
//! neurons be in one atom when their gates agree at every step, trial and time that learning
//! visits. Then
//!
//! ```text
//! rank D_k <= sum over atoms of rank([B, C^T, h_0, b] restricted to the atom).
//! ```
//!
//! One atom, a network that never crosses a corner, is invariant-subspace.
//!
//! Why: where gates agree they multiply a vector of the atom by a number. So all states, adjoint
//! states and gradients stay in the sum over atoms of the spaces spanned by the restricted columns.

use std::collections::BTreeMap;

use super::invariant_subspace::fills_the_space;
use super::movement::{Movement, span};
use super::setting::homogeneous;
use super::{Arithmetic, Case, Checks, Domain, InitialState, Observed, Proof, Setting, Theorem};
use crate::matrix::{Matrix, RankRevealing};
use crate::network::{Dynamics, RnnParts, Run};
use crate::training::GradientFault;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "gating-atoms",
    title: "A ReLU network learns in one space for each pattern of gates",
    statement: "phi and psi piecewise linear without offset, W_0 = w I. With an atom for each set \
                of neurons whose gates agree at all visited steps, trials and times, rank D_k <= \
                sum over atoms of rank([B, C^T, h_0, b] restricted to the atom).",
    hypotheses: &[
        "phi, psi of the form f(z) = g(z) z, f'(z) = g(z): identity, ReLU, leaky ReLU",
        "W_0 = w I",
        "GD-like learning",
    ],
    bound: "the sum over atoms of the restricted ranks",
    tightness: "Attained with phi = psi = id, one atom, where invariant-subspace is. With ReLU by \
                many instances, not by all: a neuron whose gates never open counts and does not \
                learn.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "gating_atoms.gating_atoms",
            "gating_atoms.gating_atoms_current_form",
            "gating_atoms.bias_alone_keeps",
            "gating_atoms.relu_is_gated",
        ],
        beyond: None,
    },
    source: &[],
    limit: None,
    attained: Some(attained),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    minors: super::generic::of_training,
    counterexamples: &[
        "the_activations_must_be_piecewise_linear",
        "the_start_must_keep_the_space",
        "every_atom_counts",
        "the_optimizer_must_be_gd_like",
    ],
};

fn attained(setting: &Setting) -> bool {
    setting.is_linear() && fills_the_space(setting)
}

fn domain(arithmetic: Arithmetic) -> Domain {
    let mut initial_states = Domain::linear(arithmetic).initial_states;
    initial_states.push(InitialState::PerTrial);
    // Few visits and channels, or every neuron is its own atom.
    Domain {
        neurons: 1..=14,
        d_in: 1..=1,
        d_out: 1..=1,
        steps: 1..=3,
        trials: 1..=2,
        learning_steps: 1..=2,
        activations: homogeneous().rev().collect(),
        initial_states,
        ..Domain::linear(arithmetic)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let dynamics = &case.instance.network.architecture.dynamics;
    let mut patterns = vec![Vec::new(); case.setting.dimensions.neurons];
    let mut run = Run::empty();
    let trajectory = case.training().run_watched(case.setting.learning_steps, |visit| {
        let parts = RnnParts::of(visit.blocks).expect("the blocks of a recurrent network");
        run.repeat(dynamics, parts, &visit.task.inputs, visit.task.trials);
        note(&mut patterns, &run, dynamics);
    })?;
    let restricted = restrict(&case.directions(), &patterns);
    let space = span(trajectory.neurons(), &restricted, "a rank restricted to an atom")?;
    Movement::increments(&trajectory).within(&space, space.dimension())
}

/// Appends the gates of each neuron in this run to its pattern.
fn note<S: RankRevealing>(patterns: &mut [Vec<bool>], run: &Run<S>, dynamics: &Dynamics<S>) {
    for slopes in run.slopes(dynamics).into_iter().flatten() {
        for (neuron, pattern) in patterns.iter_mut().enumerate() {
            pattern.extend((0..slopes.cols()).map(|j| slopes[(neuron, j)] == S::ONE));
        }
    }
}

/// For each atom the rows of its neurons, with zeros elsewhere.
pub(super) fn restrict<S: RankRevealing>(
    matrix: &Matrix<S>,
    patterns: &[Vec<bool>],
) -> Vec<Matrix<S>> {
    let mut atoms: BTreeMap<&[bool], Matrix<S>> = BTreeMap::new();
    for (neuron, pattern) in patterns.iter().enumerate() {
        let atom =
            atoms.entry(pattern).or_insert_with(|| Matrix::zeros(matrix.rows(), matrix.cols()));
        for j in 0..matrix.cols() {
            atom[(neuron, j)] = matrix[(neuron, j)];
        }
    }
    atoms.into_values().collect()
}
