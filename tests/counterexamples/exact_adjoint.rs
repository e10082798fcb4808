use rankproof::matrix::Matrix;
use rankproof::network::{Activation, Dynamics, Network, Parameters, Weights, forward};

/// ReLU at its corner: the loss has two one-sided derivatives, 1 and 0, and the adjoint can be at
/// most one of them.
#[test]
fn the_activations_must_be_differentiable_where_they_are_used() {
    let output_at = |input: f64| {
        let one = Matrix::from_rows(&[[1.0]]);
        let parameters = Parameters::new(Weights::scaled_identity(1, 0.0), one.clone(), one);
        let network = Network { dynamics: Dynamics::rate(1.0, Activation::Relu), parameters };
        forward(&network, &Matrix::from_rows(&[[input]]), 1).outputs[(0, 1)]
    };
    let eps = 0.5;
    let right = (output_at(eps) - output_at(0.0)) / eps;
    let left = (output_at(0.0) - output_at(-eps)) / eps;
    assert_eq!((left, right), (0.0, 1.0));
}

/// The distance of an output from its target, where it is zero: one-sided derivatives 1 and -1, and
/// errors can be at most one of them.
#[test]
fn the_loss_must_be_differentiable() {
    let distance = |output: f64| (output - 2.0).abs();
    let eps = 0.5;
    let right = (distance(2.0 + eps) - distance(2.0)) / eps;
    let left = (distance(2.0) - distance(2.0 - eps)) / eps;
    assert_eq!((left, right), (-1.0, 1.0));
}
