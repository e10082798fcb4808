//! **gradient-factorization.** The gradient with respect to W is `G = Lambda Phi^T`, with the
//! back-propagated errors `Lambda` and the activity `Phi`, both (N, M T). So
//!
//! ```text
//! rank G <= min(rank Lambda, rank Phi) <= min(N, M T)
//! ```
//!
//! for any network, any activation, any loss: the rank of a gradient is at most the dimension of
//! the activity, and of the back-propagated error. Trials and times at which either column is zero
//! (as psi(h_0) of a silent start) count for neither.
//!
//! Why: W enters step t of trial m as W psi(h_t^m), so the chain rule gives G = sum over (m, t) of
//! lambda_t^m psi(h_t^m)^T, one outer product for each pair; together they are Lambda Phi^T, also
//! without the products that are zero. A product of matrices has no more rank than either factor,
//! and a factor no more than its sides.

use super::first_gradient::FirstGradient;
use super::{
    Arithmetic, Case, Checks, Domain, Inconclusive, InitialState, InitialWeights, Measure,
    Observation, Observed, Proof, Setting, Theorem,
};
use crate::matrix::{Matrix, RankRevealing, Subspace};
use crate::task::Dimensions;
use crate::training::GradientFault;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "gradient-factorization",
    title: "A gradient has no more rank than the activity and the error",
    statement: "G = dLoss/dW = Lambda Phi^T. The columns of G lie in the span of Lambda, its rows \
                in the span of Phi, each of those trials and times alone at which neither column \
                is zero: rank G <= min(rank Lambda, rank Phi) <= min(N, M T).",
    hypotheses: &["any phi and psi", "any loss that is differentiable in the outputs"],
    bound: "min(rank Lambda, rank Phi), both where neither column is zero",
    tightness: "Attained where the columns of one factor are independent: by generic data without \
                ReLU, with W_0 of full rank, an h_0 for each trial and M T <= N. Not always: a \
                linear network whose trials share h_0 can have rank Lambda = rank Phi = 4 and rank \
                G = 3.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "gradient_factorization.gradient_factors",
            "gradient_factorization.rank_gradient",
            "gradient_factorization.rank_batch_gradient",
            "gradient_factorization.rank_batch_gradient_count",
        ],
        beyond: None,
    },
    source: &["Pellegrino, Cayco-Gajic and Chadwick (2023)"],
    limit: Some(limit),
    attained: Some(attained),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry, GradientFault::TransposedWeight],
    minors: super::generic::of_gradient,
    counterexamples: &["weight_decay_is_not_part_of_the_gradient"],
};

/// Pairs of a trial and a time at which there is activity. An h_0 that is trained from zero is
/// silent in the first gradient alone.
fn limit(setting: &Setting, measure: Measure, k: usize) -> Option<usize> {
    if measure != Measure::GradientRank || !setting.rule.is_gd_like() {
        return None;
    }
    let silent_start = setting.initial_state == InitialState::Zero
        && setting.psi.is_zero_at_zero()
        && (k == 0 || !setting.trained.contains("h0"));
    let steps = setting.dimensions.steps - usize::from(silent_start);
    Some(setting.dimensions.trials * steps)
}

/// All states are independent.
fn attained(setting: &Setting) -> bool {
    let Dimensions { neurons, steps, trials, .. } = setting.dimensions;
    !(setting.phi.is_silent() || setting.psi.is_silent())
        && setting.initial_weights == InitialWeights::Full
        && setting.initial_state == InitialState::PerTrial
        && trials * steps <= neurons
}

fn domain(arithmetic: Arithmetic) -> Domain {
    // Short runs of few trials, so that M T is below N in most and the bound says something.
    Domain { steps: 1..=4, trials: 1..=3, learning_steps: 1..=1, ..Domain::any_network(arithmetic) }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let first = FirstGradient::of(case)?;
    let run = &first.run;
    let neurons = run.states.rows();
    let active = run.activity();
    let activity = Matrix::from_fn(neurons, active.cols(), |i, j| active.at(i, j));
    let (gradient, noise) = (first.weights().to_matrix(), first.weight_noise());
    let rank = S::rank(&gradient, noise);
    let factors = without_zeros(&first.adjoint.lambda, &activity);
    let spans = factors.each_ref().map(|part| Subspace::spanned_by(part.rows(), [part]));
    let [Some(error), Some(active)] = spans else {
        return Err(Inconclusive::Noise("the dimension of the activity or of the error"));
    };
    let pairs = factors[0].cols();
    Ok(vec![
        Observation::rank("rank G", &rank, error.dimension().min(active.dimension())),
        Observation::rank("rank G, by counting (trial, time) pairs", &rank, pairs),
        Observation::rank("columns of G outside the errors", &error.excess(&gradient, noise), 0),
        Observation::rank(
            "rows of G outside the activity",
            &active.excess(&gradient.transposed(), noise),
            0,
        ),
    ])
}

/// The columns at which neither of two matrices is zero.
fn without_zeros<S: RankRevealing>(left: &Matrix<S>, right: &Matrix<S>) -> [Matrix<S>; 2] {
    let is_zero = |column: &[S]| column.iter().all(|&entry| entry == S::ZERO);
    let kept: Vec<_> = (0..left.cols())
        .filter(|&j| !is_zero(left.column(j)) && !is_zero(right.column(j)))
        .collect();
    [left, right]
        .map(|matrix| Matrix::from_fn(matrix.rows(), kept.len(), |i, j| matrix[(i, kept[j])]))
}
