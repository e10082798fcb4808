use rankproof::matrix::Matrix;
use rankproof::network::Activation;
use rankproof::scalar::{Fp, Scalar};
use rankproof::training::UpdateRule;

use crate::explicit::{Explicit, integers, parabola, unit};

/// Two orthonormal columns of a rotation by thirds, and a neuron that is in neither.
fn columns() -> Matrix<Fp> {
    let third = Fp::ratio(1, 3);
    let rows: [[i64; 2]; 4] = [[1, 2], [2, 1], [2, -2], [0, 0]];
    Matrix::from_fn(4, 2, |i, j| third * Fp::from_integer(rows[i][j]))
}

/// Row i of what is zero but in the trials of channel i, where four trials take turns.
fn in_turns(mut matrix: Matrix<Fp>) -> Matrix<Fp> {
    for column in 0..matrix.cols() {
        matrix[(1 - column % 2, column)] = Fp::ZERO;
    }
    matrix
}

/// Two modes: two dimensions of increments, however many learning steps.
fn modal() -> Explicit<Fp> {
    let mut explicit = Explicit::new(4, 2, 2);
    explicit.put("B", columns());
    explicit.put("C", columns().transposed());
    explicit.task.inputs = in_turns(explicit.task.inputs);
    explicit.task.targets = in_turns(explicit.task.targets);
    assert_eq!(explicit.unfolding_ranks(6), [2, 2, 2]);
    explicit
}

#[test]
fn one_channel_must_be_active_in_a_trial() {
    let mut explicit = modal();
    explicit.task.inputs = integers(2, 16, 3);
    explicit.task.targets = integers(2, 20, 4);
    assert_eq!(explicit.unfolding_ranks(6), [2, 2, 4]);
}

#[test]
fn channels_must_be_orthonormal() {
    let mut explicit = modal();
    let mut skewed = columns();
    skewed[(3, 1)] = Fp::ONE;
    skewed[(0, 1)] = Fp::ONE;
    explicit.put("B", skewed.clone());
    explicit.put("C", skewed.transposed());
    assert_eq!(explicit.unfolding_ranks(6), [2, 2, 4]);
}

#[test]
fn outputs_must_be_the_inputs() {
    let mut explicit = modal();
    explicit.put("C", integers(2, 4, 2));
    assert_eq!(explicit.unfolding_ranks(6), [4, 4, 6]);
}

#[test]
fn targets_must_be_along_the_channel() {
    let mut explicit = modal();
    explicit.task.targets = integers(2, 20, 4);
    assert_eq!(explicit.unfolding_ranks(6), [2, 2, 4]);
}

#[test]
fn the_initial_state_must_be_along_the_channel() {
    let state = columns().times(&integers(2, 1, 6));
    assert_eq!(modal().with_state(state).unfolding_ranks(6), [2, 2, 4]);
}

#[test]
fn the_network_must_be_linear() {
    let bent = modal().bent(parabola(), Activation::Identity);
    assert_eq!(bent.unfolding_ranks(6), [3, 3, 6]);
}

#[test]
fn the_start_must_be_a_multiple_of_the_identity() {
    assert_eq!(modal().starting_at(unit(4, 0, 3)).unfolding_ranks(6), [4, 4, 6]);
}

#[test]
fn the_optimizer_must_be_gd_like() {
    assert_eq!(modal().along(UpdateRule::cube()).unfolding_ranks(6), [3, 3, 6]);
}
