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
use crate::blocks::{Block, Blocks, Subset};
use crate::matrix::{Matrix, Rank, RankRevealing};
use crate::network::{Network, RnnParts, forward};
use crate::scalar::Dual;
use crate::training::{GradientFault, NOISE_FACTOR};

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
    source: &["Werbos (1990)"],
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

/// Each parameter as statements name it, and its block.
const PARAMETERS: [(&str, &str); 5] =
    [("W", "W"), ("B", "B"), ("C", "C"), ("b", "bias"), ("h_0", "h0")];

/// One direction in all parameters together, and one for each.
fn directions() -> impl Iterator<Item = (&'static str, Subset)> {
    let each = PARAMETERS.map(|(name, block)| (name, Subset::only([block])));
    [("all parameters", Subset::All)].into_iter().chain(each)
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let first = FirstGradient::of(case)?;
    let gradient = first.gradient.clone().into_dense();
    let scale_of_gradient = scale(&first, &gradient)?;
    let direction = random_direction(case);
    let observations = directions().map(|(name, part)| {
        let direction = direction.only(&part);
        let forward = along(case, &direction).ok_or(Inconclusive::Unavailable)?;
        let pairing = gradient.inner_product(&direction);
        let scale = forward.scale + scale_of_gradient * direction.norm();
        let differs = differs(case, pairing - forward.derivative, scale);
        Ok(Observation::rank(Quantity::DifferingDirections(name), &differs, 0))
    });
    observations.collect()
}

fn random_direction<S: RankRevealing>(case: &Case<S>) -> Blocks<S> {
    case.instance.network.blocks.replaced(|name, block| {
        let named = PARAMETERS.iter().find(|(_, block)| *block == name);
        let (parameter, _) = named.expect("a block of the recurrent network");
        let (rows, cols) = block.shape();
        let mut stream = case.stream.named(&format!("direction of {parameter}"));
        Block::from(Matrix::random(rows, cols, &mut stream))
    })
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
fn along<S: RankRevealing>(case: &Case<S>, direction: &Blocks<S>) -> Option<Forward<S>> {
    let mut network: Network<Dual<S>> = case.instance.network.map(Dual::constant);
    let eps = Dual { value: S::ZERO, derivative: S::ONE };
    network.blocks.add_scaled(eps, &direction.map(Dual::constant));
    let task = case.instance.task.map(Dual::constant);
    let outputs = forward(&network, &task.inputs, task.trials).outputs;
    let sizes = outputs.map(|y| y.value).norm() + case.instance.task.targets.norm();
    Some(Forward {
        derivative: case.setting.loss.build()?.value(&outputs, &task).derivative,
        scale: sizes * outputs.map(|y| y.derivative).norm(),
    })
}

/// What rounding errors of the pairing with a direction of norm 1 are proportional to; zero in a
/// field.
fn scale<S: RankRevealing>(
    first: &FirstGradient<S>,
    gradient: &Blocks<S>,
) -> Result<f64, Inconclusive> {
    let parts = RnnParts::of(gradient)?;
    let others: f64 = [parts.b, parts.c, parts.bias, parts.h0].iter().map(|p| p.norm()).sum();
    Ok(first.weights().scale() + others)
}

/// Whether a difference is none (0), one (1), or in doubt between the two: the rank of one number.
fn differs<S: RankRevealing>(case: &Case<S>, difference: S, scale: f64) -> Rank {
    let dimensions = &case.setting.dimensions;
    let noise = NOISE_FACTOR * S::ROUNDING * (dimensions.neurons + dimensions.steps) as f64 * scale;
    S::rank(&Matrix::from_columns(1, 1, vec![difference]), noise)
}
