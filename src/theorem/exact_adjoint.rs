//! **exact-adjoint.** The adjoint computes the exact first-order coefficient of the loss:
//!
//! ```text
//! Loss(x + eps v) = Loss(x) + eps <G, v> + O(eps^2)
//! ```
//!
//! jointly in x = (W, B, C, b, h_0) and in every direction v. Over a field this is an identity
//! between numbers, for polynomial activations and squared loss. The left side is computed without
//! the adjoint, by running the same network on dual numbers.
//!
//! Why: the tangent of the states obeys a linear recursion, and the adjoint states obey its
//! transpose backwards in time. Pairing both at every time and summing over t, all but the terms
//! in which a parameter moves cancel.

use super::first_gradient::FirstGradient;
use super::{
    Arithmetic, Case, Checks, Domain, Inconclusive, Observation, Observed, Proof, Quantity, Theorem,
};
use crate::blocks::Block;
use crate::matrix::{Matrix, Rank, RankRevealing};
use crate::network::{Gradient, Network, Parameters, Trained, forward};
use crate::scalar::{Dual, Scalar};
use crate::training::{NOISE_FACTOR, GradientFault};

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "exact-adjoint",
    title: "The adjoint is the exact derivative, in every direction of all parameters",
    statement: "Loss(x + eps v) = Loss(x) + eps <G, v> + O(eps^2) for every direction v, jointly \
                in x = (W, B, C, b, h_0), with G from the adjoint.",
    hypotheses: &[
        "phi and psi differentiable where they are used",
        "the loss differentiable in the outputs",
    ],
    bound: "no direction in which the two differ",
    tightness: "An identity: it holds with equality whenever it holds.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "exact_adjoint.adjoint_pairing",
            "exact_adjoint.exact_adjoint",
            "exact_adjoint.linear_exact_adjoint",
        ],
        beyond: Some(
            "activations and losses that are differentiable functions of a real \
                 number, which proofs/real treats with the three axioms of \
                 mathcomp-analysis",
        ),
    },
    limit: None,
    attained: Some(|_| true),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &GradientFault::ALL,
    minors: super::generic::of_identity,
    counterexamples: &[
        "the_activations_must_be_differentiable_where_they_are_used",
        "the_loss_must_be_differentiable",
    ],
};

fn domain(arithmetic: Arithmetic) -> Domain {
    Domain { learning_steps: 1..=1, ..Domain::any_network(arithmetic) }
}

/// One direction for each parameter, and one in all of them together.
const DIRECTIONS: [(&str, Trained); 6] = [
    ("all parameters", Trained::ALL),
    ("W", Trained::W),
    ("B", Trained { w: false, b: true, c: false, bias: false, h0: false }),
    ("C", Trained { w: false, b: false, c: true, bias: false, h0: false }),
    ("b", Trained { w: false, b: false, c: false, bias: true, h0: false }),
    ("h_0", Trained { w: false, b: false, c: false, bias: false, h0: true }),
];

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let gradient = FirstGradient::of(case).gradient;
    let direction = random_direction(case);
    let observations = DIRECTIONS.iter().map(|(name, part)| {
        let direction = direction.only(*part);
        let forward = along(case, &direction).ok_or(Inconclusive::Unavailable)?;
        let pairing = pairing(&gradient.parameters, &direction);
        let scale = forward.scale + size(&gradient, &direction);
        let differs = differs(case, pairing - forward.derivative, scale);
        Ok(Observation::rank(Quantity::DifferingDirections(name), &differs, 0))
    });
    observations.collect()
}

fn random_direction<S: RankRevealing>(case: &Case<S>) -> Parameters<S> {
    let parameters = &case.instance.network.parameters;
    let like = |matrix: &Matrix<S>, name: &str| {
        Matrix::random(matrix.rows(), matrix.cols(), &mut case.stream.named(name))
    };
    let n = parameters.neurons();
    Parameters {
        w: Block::from(Matrix::random(n, n, &mut case.stream.named("direction of W"))),
        b: like(&parameters.b, "direction of B"),
        c: like(&parameters.c, "direction of C"),
        bias: like(&parameters.bias, "direction of b"),
        h0: like(&parameters.h0, "direction of h_0"),
    }
}

/// What dual numbers say of a direction.
struct Forward<S> {
    /// The derivative of the loss.
    derivative: S,
    /// What its rounding errors are proportional to: errors are differences of outputs (or
    /// functions of them) and targets, and may cancel.
    scale: f64,
}

/// Runs the network on dual numbers that move along a direction.
fn along<S: RankRevealing>(case: &Case<S>, direction: &Parameters<S>) -> Option<Forward<S>> {
    let mut network: Network<Dual<S>> = case.instance.network.map(Dual::constant);
    let eps = Dual { value: S::ZERO, derivative: S::ONE };
    network.parameters.add_scaled(eps, &direction.map(Dual::constant));
    let task = case.instance.task.map(Dual::constant);
    let outputs = forward(&network, &task.inputs, task.trials).outputs;
    let sizes = outputs.map(|y| y.value).norm() + case.instance.task.targets.norm();
    Some(Forward {
        derivative: case.setting.loss.build()?.value(&outputs, &task).derivative,
        scale: sizes * outputs.map(|y| y.derivative).norm(),
    })
}

/// The sum over all parameters of the products of corresponding entries.
fn pairing<S: Scalar>(a: &Parameters<S>, b: &Parameters<S>) -> S {
    a.w.to_matrix().inner_product(&b.w.to_matrix())
        + a.b.inner_product(&b.b)
        + a.c.inner_product(&b.c)
        + a.bias.inner_product(&b.bias)
        + a.h0.inner_product(&b.h0)
}

/// What rounding errors of the pairing are proportional to; zero in a field.
fn size<S: RankRevealing>(gradient: &Gradient<S>, direction: &Parameters<S>) -> f64 {
    let parts = &gradient.parameters;
    let others: f64 = [&parts.b, &parts.c, &parts.bias, &parts.h0].iter().map(|p| p.norm()).sum();
    (gradient.w.scale() + others) * direction.norm_squared().size().sqrt()
}

/// Whether a difference is none (0), one (1), or in doubt between the two: the rank of one number.
fn differs<S: RankRevealing>(case: &Case<S>, difference: S, scale: f64) -> Rank {
    let dimensions = &case.setting.dimensions;
    let noise = NOISE_FACTOR * S::ROUNDING * (dimensions.neurons + dimensions.steps) as f64 * scale;
    S::rank(&Matrix::from_columns(1, 1, vec![difference]), noise)
}
