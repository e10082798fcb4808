use rankproof::matrix::{Matrix, RankRevealing};
use rankproof::scalar::Fp;

use crate::explicit::{Explicit, integers, parabola};
use rankproof::network::Activation;
use rankproof::training::UpdateRule;

/// Learns the task of `explicit` from W_0 = 0, then one with other channels; the rank of all that
/// was learned.
fn two_tasks(explicit: Explicit<Fp>, then: impl FnOnce(&mut Explicit<Fp>)) -> usize {
    learned_from(&Matrix::zeros(8, 8), explicit, then)
}

/// The same from another W_0.
fn learned_from(
    start: &Matrix<Fp>,
    mut explicit: Explicit<Fp>,
    then: impl FnOnce(&mut Explicit<Fp>),
) -> usize {
    let first = explicit.train(3).weights_at(3);
    explicit.put("B", integers(8, 1, 5));
    explicit.put("C", integers(1, 8, 6));
    then(&mut explicit);
    let last: Matrix<Fp> = explicit.starting_at(first).train(3).weights_at(3);
    Fp::rank(&last.minus(start), 0.0).bounds.upper
}

const BOUND: usize = 4;

fn linear() -> Explicit<Fp> {
    assert_eq!(two_tasks(Explicit::new(8, 1, 1), |_| ()), BOUND);
    Explicit::new(8, 1, 1)
}

#[test]
fn the_network_must_be_linear() {
    assert_eq!(two_tasks(linear().bent(parabola(), Activation::Identity), |_| ()), 8);
}

/// One h_0 for all tasks adds one dimension, one for each task adds two.
#[test]
fn the_initial_state_must_be_the_same_for_all_tasks() {
    let stateful = || linear().with_state(integers(8, 1, 7));
    assert_eq!(two_tasks(stateful(), |_| ()), BOUND + 1);
    let another = |second: &mut Explicit<Fp>| second.put("h0", integers(8, 1, 8));
    assert_eq!(two_tasks(stateful(), another), BOUND + 2);
}

/// A bias is one more input of its task.
#[test]
fn the_bias_must_be_the_same_for_all_tasks() {
    let biased = || linear().biased(integers(8, 1, 7));
    assert_eq!(two_tasks(biased(), |_| ()), BOUND + 1);
    let another = |second: &mut Explicit<Fp>| second.put("bias", integers(8, 1, 8));
    assert_eq!(two_tasks(biased(), another), BOUND + 2);
}

#[test]
fn every_channel_counts() {
    let wider = |second: &mut Explicit<Fp>| {
        second.put("B", integers(8, 2, 5));
        second.task.inputs = integers(2, second.task.inputs.cols(), 9);
    };
    assert_eq!(two_tasks(linear(), wider), BOUND + 1);
}

#[test]
fn the_start_must_keep_the_space() {
    linear();
    let start = integers(8, 8, 9);
    let explicit = Explicit::new(8, 1, 1).starting_at(start.clone());
    assert_eq!(learned_from(&start, explicit, |_| ()), 8);
}

#[test]
fn the_optimizer_must_be_gd_like() {
    let cube = UpdateRule::cube();
    assert_eq!(two_tasks(linear().along(cube), |_| ()), 8);
}
