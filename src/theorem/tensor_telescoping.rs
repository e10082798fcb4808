//! **tensor-telescoping.** Under a GD-like optimizer `D_k = W_k - c_k W_0` is a combination of the
//! gradients so far, so the tensor of the increments is a sum of one `G_j (x) coefficients` for
//! each gradient:
//!
//! ```text
//! CP rank (D_1..D_K) <= sum_j rank G_j
//! r3 <= min(K, dim span {G_j}),  r1 <= dim of all errors,  r2 <= dim of all activity
//! ```
//!
//! The first state of a trial that is not zero is the same at every step: psi(h_0), or psi(h_1) from
//! h_0 = 0 where psi(0) = 0 and B and b are not trained. Its rows are shared by all gradients, so
//!
//! ```text
//! rank D_k <= M + k M (T-2)     h_0 = 0, psi(0) = 0, M trials of T steps
//! ```
//!
//! Why: D_k = sum_j coefficient_{k,j} G_j, so the tensor is sum_j G_j (x) coefficient_{.,j}. A
//! matrix of rank r times a vector is a sum of r tensors of rank one. The columns of all D_k are
//! columns of the Lambda_j, the rows those of the Phi_j.

use super::{
    ActivationKind, Arithmetic, Case, Checks, Domain, Inconclusive, InitialState, Measure,
    Observation, Observed, Proof, Quantity, Setting, StepperKind, Theorem,
};
use crate::bounds::Bounds;
use crate::matrix::{Factors, Matrix, RankRevealing, Subspace};
use crate::task::Dimensions;
use crate::tensor::{Decomposition, Mode};
use crate::training::{GradientFault, Trajectory};

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "tensor-telescoping",
    title: "The rank of learning is at most the sum of the ranks of its gradients",
    statement: "The N x N x K tensor of D_k = W_k - c_k W_0 has CP rank <= sum_j rank G_j, \
                r3 <= min(K, dim span of the G_j), r1 <= dimension of all error directions, \
                r2 <= dimension of all activity directions. From h_0 = 0 with psi(0) = 0 and B, b fixed \
                psi(h_1) is the same at every step: rank D_k <= M + k M (T-2). Where psi(h_0) is not \
                zero and fixed, it takes the place of psi(h_1).",
    hypotheses: &[
        "any phi, psi, loss and start",
        "GD-like learning: W_{k+1} is a combination of W_0, the earlier iterates and the gradients",
    ],
    bound: "sum_j rank G_j",
    tightness: "Attained by one gradient; by several of a network with polynomial phi and psi as \
                long as K M T <= N. A linear network falls behind when spaces of its gradients \
                meet.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "tensor_telescoping.tensor_telescoping",
            "tensor_telescoping.rank_unfolding_increments",
            "tensor_telescoping.rank_slice_rows",
            "tensor_telescoping.rank_slice_columns",
            "tensor_telescoping.shared_first_states",
            "tensor_telescoping.shared_initial_states",
        ],
        beyond: None,
    },
    source: &["Pellegrino, Cayco-Gajic and Chadwick (2023)"],
    limit: Some(limit),
    attained: Some(attained),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &GradientFault::ALL,
    minors: super::generic::of_training,
    counterexamples: &["the_optimizer_must_be_gd_like"],
};

/// One gradient for each step: r3 <= K, and D_k a sum of k of them, of one rank each per pair of a
/// trial and a time.
fn limit(setting: &Setting, measure: Measure, k: usize) -> Option<usize> {
    let gradients = k * setting.gradients_per_step();
    let each = setting.batch_size() * times(setting);
    match measure {
        _ if !setting.rule.is_gd_like() => None,
        Measure::Cp => Some(gradients * each),
        Measure::Rank => Some((gradients * each).min(with_first_shared(setting, gradients))),
        Measure::R3 => Some(k),
        Measure::GradientRank => None,
    }
}

/// Times at which a state and an error meet.
fn times(setting: &Setting) -> usize {
    setting.dimensions.steps - usize::from(setting.starts_silent())
}

/// The first states of all trials once, and all others for each gradient; unless the first change.
fn with_first_shared(setting: &Setting, gradients: usize) -> usize {
    let trained = |name| setting.trained.contains(name);
    let trials = setting.dimensions.trials;
    let shared = match setting.initial_state {
        _ if trained("h0") => return usize::MAX,
        _ if setting.starts_silent() && (trained("B") || trained("bias")) => return usize::MAX,
        InitialState::Zero if !setting.starts_silent() => 1,
        InitialState::Common => 1,
        _ => trials,
    };
    shared + gradients * setting.batch_size() * times(setting).saturating_sub(1)
}

pub(super) fn attained(setting: &Setting) -> bool {
    let Dimensions { neurons, steps, trials, .. } = setting.dimensions;
    let is_polynomial = |activation| matches!(activation, ActivationKind::Polynomial(_));
    let fits = setting.learning_steps * trials * steps <= neurons;
    let bends = is_polynomial(setting.phi) && is_polynomial(setting.psi);
    setting.gradients() == 1 || (bends && fits && setting.stepper != StepperKind::GradientFlow)
}

fn domain(arithmetic: Arithmetic) -> Domain {
    Domain { learning_steps: 1..=4, steps: 1..=3, trials: 1..=2, ..Domain::any_network(arithmetic) }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    use Quantity::UnfoldingRank;
    let trajectory = case.train()?;
    let (n, noise) = (trajectory.neurons(), trajectory.tensor_noise());
    let tensor = trajectory.increments().reduced();
    let [r1, r2, r3] = tensor.unfolding_ranks(noise);

    // Each of norm one: beside one that is cut to 1e-36 of itself, others would be rounding.
    let sides = trajectory.gradients().iter().map(|gradient| {
        let Factors { left, right } = gradient.clone();
        (left.normalized(), right.normalized())
    });
    let (lefts, rights): (Vec<_>, Vec<_>) = sides.unzip();
    let [lefts, rights] = [lefts, rights].map(|factors| Matrix::beside(n, &factors));
    let gradients = trajectory.gradients().iter().map(|gradient| gradient.to_matrix().normalized());
    let gradients = flattened(gradients, n);
    let increments = flattened((1..=trajectory.steps()).map(|k| trajectory.increment(k)), n);
    let span = Subspace::spanned_by(n * n, [&gradients])
        .ok_or(Inconclusive::Noise("the dimension of the span of the gradients"))?;
    let rank_of =
        |matrix: &Matrix<S>, what| S::rank(matrix, 0.0).known().ok_or(Inconclusive::Noise(what));

    let decomposition = telescoped(&trajectory);
    let explicit = decomposition.terms();
    let bracket = tensor.cp_bracket(noise);
    let reproduced = (1..=trajectory.steps()).all(|k| {
        let rest = decomposition.slice(k - 1).minus(&trajectory.increment(k));
        S::rank(&rest, noise).bounds.upper == 0
    });
    let unfoldings = r1.bounds.max(r2.bounds).max(r3.bounds);
    let without = Bounds { upper: usize::MAX, ..unfoldings };
    let mut cp_rank = bracket.map_or(without, |bracket| bracket.bounds());
    if reproduced {
        cp_rank.upper = cp_rank.upper.min(explicit);
    }

    Ok(vec![
        Observation::number(Quantity::IncrementsCpRank, cp_rank, explicit),
        Observation::rank(UnfoldingRank(Mode::Step), &r3, trajectory.steps().min(span.dimension())),
        Observation::rank(
            UnfoldingRank(Mode::Row),
            &r1,
            rank_of(&lefts, "the dimension of the errors")?,
        ),
        Observation::rank(
            UnfoldingRank(Mode::Column),
            &r2,
            rank_of(&rights, "the dimension of the activity")?,
        ),
        Observation::rank(
            "increments outside the span of the gradients",
            &span.excess(&increments, noise),
            0,
        ),
    ])
}

/// Matrices as columns of N^2 entries.
fn flattened<S: RankRevealing>(matrices: impl Iterator<Item = Matrix<S>>, n: usize) -> Matrix<S> {
    let columns: Vec<_> =
        matrices.map(|matrix| Matrix::from_columns(n * n, 1, matrix.data().to_vec())).collect();
    Matrix::beside(n * n, &columns)
}

/// The decomposition of the proof: each gradient in as many terms as its rank.
fn telescoped<S: RankRevealing>(trajectory: &Trajectory<S>) -> Decomposition<S> {
    let n = trajectory.neurons();
    let mut decomposition = Decomposition {
        a: Matrix::zeros(n, 0),
        b: Matrix::zeros(n, 0),
        c: Matrix::zeros(trajectory.steps(), 0),
    };
    for (j, gradient) in trajectory.gradients().iter().enumerate() {
        let gradient = gradient.compressed();
        let coefficients = Matrix::from_fn(trajectory.steps(), gradient.width(), |k, _| {
            trajectory.coefficient(k + 1, j)
        });
        decomposition.a = Matrix::beside(n, [&decomposition.a, &gradient.left]);
        decomposition.b = Matrix::beside(n, [&decomposition.b, &gradient.right]);
        decomposition.c = Matrix::beside(trajectory.steps(), [&decomposition.c, &coefficients]);
    }
    decomposition
}
