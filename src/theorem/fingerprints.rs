//! **fingerprints.** Neurons with the same rows of `[B, C^T, h_0, b]`, in a network whose W_0 is
//! constant on these classes, stay interchangeable: W_k is constant on blocks, and
//!
//! ```text
//! rank W_k <= number of distinct fingerprints,
//! ```
//!
//! for any phi, psi, loss and data, and any optimizer that acts entry by entry, Adam included. The
//! zero fingerprint does not count where phi(0) = psi(0) = 0. With odd phi and psi the classes are
//! up to sign.
//!
//! Why: exchanging two neurons of a class changes nothing at the start, and learning treats all
//! neurons alike, so it changes nothing ever. A matrix that is constant on blocks is E X E^T, with
//! the class of each neuron in E. For odd functions the same holds for the sign of a neuron.

use super::movement::{Movement, span};
use super::setting::rules;
use super::{
    ActivationKind, Arithmetic, Case, Checks, Domain, InitialWeights, Observed, Proof, Setting,
    Theorem,
};
use crate::matrix::{Matrix, RankRevealing};
use crate::network::Network;
use crate::training::GradientFault;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "fingerprints",
    title: "Neurons that start alike stay alike under every entrywise optimizer",
    statement: "If W_0 is constant on classes of neurons with the same rows of [B, C^T, h_0, b], \
                so is every W_k: rank W_k <= number of distinct fingerprints. For odd phi, psi \
                the classes are up to sign; the zero one does not count if phi(0) = psi(0) = 0.",
    hypotheses: &[
        "any phi, psi, loss and data",
        "W_0 constant on blocks of classes",
        "an optimizer that acts entry by entry (odd, where signs occur), or a GD-like one",
    ],
    bound: "the number of distinct fingerprints",
    tightness: "Attained by generic instances with W_0 of full rank on the classes, at every step; \
                from W_0 = 0 by those that learn in all classes: not where a class stays silent.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "fingerprints.fingerprints_space",
            "fingerprints.fingerprints_entrywise",
            "fingerprints.frozen_compatible",
            "fingerprints.adaptive_compatible",
        ],
        beyond: None,
    },
    source: &["Ziyin (2023, arXiv 2309.16932)"],
    limit: None,
    attained: Some(attained),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    minors: super::generic::of_training,
    counterexamples: &[
        "the_start_must_be_constant_on_the_classes",
        "every_parameter_must_be_constant_on_the_classes",
        "signs_need_odd_activations",
        "the_zero_fingerprint_counts_where_activity_is_not_zero",
        "signs_need_an_odd_optimizer",
        "the_optimizer_must_treat_entries_alike",
    ],
};

fn attained(setting: &Setting) -> bool {
    setting.initial_weights == InitialWeights::Full
}

fn domain(arithmetic: Arithmetic) -> Domain {
    let mut activations = Domain::any_network(arithmetic).activations;
    activations.push(ActivationKind::OddCubic);
    // Signs of what is zero but for rounding would be signs of noise.
    let rules = rules(arithmetic, |rule| {
        !rule.is_spectral() && (rule.keeps_rounding_small() || !arithmetic.is_real())
    });
    Domain {
        activations,
        initial_weights: vec![InitialWeights::Zero, InitialWeights::Full],
        rules,
        ..Domain::any_network(arithmetic)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let classes = classes(case);
    let network = impose(&classes, &case.instance.network);
    let trajectory = case.training_of(&network).run(case.setting.learning_steps)?;
    let space = span(trajectory.neurons(), [&classes], "the number of classes")?;
    let movement = Movement::weights(&trajectory);
    Ok(vec![
        movement.last_rank(space.dimension()),
        movement.columns_outside(&space),
        movement.rows_outside(&space),
    ])
}

/// The class of each neuron, (N, classes): one entry in each row, 1 or where signs are allowed -1;
/// none for the zero fingerprint, where that is allowed.
fn classes<S: RankRevealing>(case: &Case<S>) -> Matrix<S> {
    let mut stream = case.stream.named("classes");
    let neurons = case.setting.dimensions.neurons;
    let count = 1 + stream.below(neurons);
    let both = [case.setting.phi, case.setting.psi];
    let signs = both.into_iter().all(ActivationKind::is_odd) && stream.below(2) == 0;
    let zeros = both.into_iter().all(ActivationKind::is_zero_at_zero) && stream.below(2) == 0;
    let mut classes = Matrix::zeros(neurons, count);
    for neuron in 0..neurons {
        let (class, sign, zero) = (stream.below(count), stream.below(2), stream.below(3));
        if !(zeros && zero == 0) {
            classes[(neuron, class)] = if signs && sign == 0 { -S::ONE } else { S::ONE };
        }
    }
    classes
}

/// Gives the neurons of each class the same row of every parameter, and W_0 = E X E^T.
fn impose<S: RankRevealing>(classes: &Matrix<S>, network: &Network<S>) -> Network<S> {
    let rows = |matrix: &Matrix<S>| {
        classes.times(&Matrix::from_fn(classes.cols(), matrix.cols(), |i, j| matrix[(i, j)]))
    };
    let parts = network.parts();
    let w = rows(&parts.w.to_matrix());
    (network.clone())
        .with("W", rows(&w.transposed()).transposed())
        .with("B", rows(parts.b))
        .with("C", rows(&parts.c.transposed()).transposed())
        .with("bias", rows(parts.bias))
        .with("h0", rows(parts.h0))
}
