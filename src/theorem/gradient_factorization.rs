//! **gradient-factorization.** The gradient with respect to W is `G = Lambda Phi^T`, with the
//! back-propagated errors `Lambda` and the activity `Phi`, both (N, M T). So
//!
//! ```text
//! rank G <= min(rank Lambda, rank Phi) <= min(N, M T)
//! ```
//!
//! for any network, any activation, any loss: the rank of a gradient is at most the dimension of
//! the activity, and of the back-propagated error.
//!
//! Why: W enters step t of trial m as W psi(h_t^m), so the chain rule gives G = sum over (m, t) of
//! lambda_t^m psi(h_t^m)^T, one outer product for each pair; together they are Lambda Phi^T. A
//! product has no more rank than either factor, and a factor no more than its sides.

use super::first_gradient::FirstGradient;
use super::{
    Arithmetic, Case, Checks, DirectionKind, Domain, InitialState, Measure, Observation, Observed,
    Proof, Setting, Theorem, Undecided,
};
use crate::matrix::{Matrix, RankRevealing, Subspace};
use crate::training::Tampering;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "gradient-factorization",
    title: "A gradient has no more rank than the activity and the error",
    statement: "G = dLoss/dW = Lambda Phi^T. The columns of G lie in the span of Lambda, its rows \
                in the span of Phi: rank G <= min(rank Lambda, rank Phi) <= min(N, M T).",
    hypotheses: &["any phi and psi", "any loss that is differentiable in the outputs"],
    bound: "min(rank Lambda, rank Phi)",
    tightness: "Attained unless the error and the activity happen to be orthogonal in time: by \
                generic instances with M T <= N, where rank G = M T.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "gradient_factorization.gradient_factors",
            "gradient_factorization.rank_gradient",
            "gradient_factorization.rank_batch_gradient",
            "gradient_factorization.rank_batch_gradient_count",
        ],
        beyond: None,
    },
    limit: Some(limit),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[Tampering::WrongEntry, Tampering::TransposedWeight],
    counterexamples: &["weight_decay_is_not_part_of_the_gradient"],
};

/// Pairs of a trial and a time at which there is activity. An h_0 that is trained from zero is
/// silent in the first gradient alone.
fn limit(setting: &Setting, measure: Measure, k: usize) -> Option<usize> {
    if measure != Measure::GradientRank || setting.direction != DirectionKind::Gradient {
        return None;
    }
    let silent_start = setting.initial_state == InitialState::Zero
        && setting.psi.is_zero_at_zero()
        && (k == 0 || !setting.trained.h0);
    let steps = setting.dimensions.steps - usize::from(silent_start);
    Some(setting.dimensions.trials * steps)
}

fn domain(arithmetic: Arithmetic) -> Domain {
    // Short runs of few trials, so that M T is below N in most and the bound says something.
    Domain { steps: 1..=4, trials: 1..=3, learning_steps: 1..=1, ..Domain::any_network(arithmetic) }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let first = FirstGradient::of(case);
    let (run, task) = (&first.run, &case.instance.task);
    let neurons = run.states.rows();
    let active = run.activity();
    let activity = Matrix::from_fn(neurons, active.cols(), |i, j| active.at(i, j));
    let (gradient, noise) = (first.gradient.w.to_matrix(), first.weight_noise());
    let rank = S::rank(&gradient, noise);
    let spans =
        [&first.adjoint.lambda, &activity].map(|part| Subspace::spanned_by(part.rows(), [part]));
    let [Some(error), Some(active)] = spans else {
        return Err(Undecided::Noise("the dimension of the activity or of the error"));
    };
    let pairs = task.trials * task.steps;
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
