use rankproof::blocks::Subset;
use rankproof::matrix::{Matrix, RankRevealing};
use rankproof::network::{Activation, Transport};
use rankproof::scalar::{Fp, Scalar};
use rankproof::theorem::local_rules::Hebbian;
use rankproof::training::{Optimizer, Training, UpdateRule};

use crate::explicit::{Explicit, integers, parabola};

/// Traces with the errors of two outputs, from W_0 of full rank: rank 2 for ever.
fn traces() -> Explicit<Fp> {
    let explicit = fed_back(Activation::Identity, 1);
    assert_eq!([1, 6].map(|k| explicit.rank(k)), [2, 2]);
    explicit
}

/// Through feedback that is another for each variant.
fn fed_back(phi: Activation<Fp>, variant: usize) -> Explicit<Fp> {
    let mut explicit = Explicit::new(8, 2, 2).bent(phi, parabola()).starting_at(integers(8, 8, 6));
    explicit.network.architecture.dynamics.leak = Fp::ratio(1, 2);
    explicit.network.architecture.transport = Transport::Traces(integers(8, 2, 5 * variant));
    explicit
}

/// Two stages with different P: the ranks add.
#[test]
fn the_feedback_must_be_fixed() {
    let start = traces().train(0).weights_at(0);
    let first = traces().train(2).weights_at(2);
    let second = fed_back(Activation::Identity, 2).starting_at(first).train(2).weights_at(2);
    assert_eq!(Fp::rank(&second.minus(&start), 0.0).bounds.lower, 4);
}

/// The third powers of a matrix of rank two.
#[test]
fn the_optimizer_must_combine_updates() {
    assert_eq!(traces().along(UpdateRule::cube()).rank(1), 4);
}

#[test]
fn phi_must_be_linear_or_gated() {
    traces();
    assert_eq!(fed_back(parabola(), 1).rank(1), 8);
}

/// Two inputs, and three outputs that do not count.
fn hebb() -> Explicit<Fp> {
    let explicit = Explicit::new(8, 2, 3).starting_at(Matrix::scaled_identity(8, Fp::ONE));
    assert_eq!([1, 6].map(|k| learned(&explicit, k)), [2, 2]);
    explicit
}

/// The rank of what k steps of the Hebbian rule change in W.
fn learned(explicit: &Explicit<Fp>, k: usize) -> usize {
    let hebbian = Hebbian(&explicit.network.architecture);
    let optimizer = Optimizer::gradient_descent(Fp::ratio(1, 8));
    let training = Training {
        trained: explicit.trained.clone(),
        architecture: &hebbian,
        ..Training::new(&explicit.network, &explicit.task, &*explicit.loss, optimizer)
    };
    let trajectory = training.run(k).expect("blocks that fit");
    trajectory.rank(k).known().expect("an exact rank")
}

#[test]
fn the_network_must_be_linear() {
    assert_eq!(learned(&hebb().bent(parabola(), Activation::Identity), 6), 7);
}

#[test]
fn the_start_must_be_a_multiple_of_the_identity() {
    assert_eq!(learned(&hebb().starting_at(integers(8, 8, 6)), 6), 8);
}

/// Their errors bring the outputs in.
#[test]
fn inputs_must_not_be_trained() {
    let mut explicit = hebb();
    explicit.trained = Subset::only(["W", "B"]);
    assert_eq!(learned(&explicit, 6), 5);
}

#[test]
fn an_initial_state_counts() {
    assert_eq!(learned(&hebb().with_state(integers(8, 1, 5)), 6), 3);
}
