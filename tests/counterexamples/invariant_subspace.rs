use rankproof::matrix::Matrix;
use rankproof::network::Activation;
use rankproof::scalar::{Fp, Scalar};
use rankproof::training::UpdateRule;

use crate::explicit::{Explicit, integers, parabola, unit};

const BOUND: usize = 2;

fn linear() -> Explicit<Fp> {
    let linear = Explicit::new(6, 1, 1);
    assert_eq!(linear.rank(4), BOUND);
    linear
}

#[test]
fn phi_must_be_linear() {
    assert_eq!(linear().bent(parabola(), Activation::Identity).rank(4), 6);
}

#[test]
fn psi_must_be_linear() {
    assert_eq!(linear().bent(Activation::Identity, parabola()).rank(4), 6);
}

#[test]
fn the_start_must_keep_the_space() {
    assert_eq!(linear().starting_at(integers(6, 6, 5)).rank(4), 6);
}

/// W_0 = x y^T with y orthogonal to B and to C maps all of S to zero, but W_0^T does not.
#[test]
fn the_transposed_start_must_keep_the_space() {
    let start = linear();
    let parameters = start.network.parts();
    let readout = parameters.c.transposed();
    let y = orthogonal(parameters.b, &readout);
    let w = Matrix::product(readout.view(), y.t());
    let zero = |matrix: &Matrix<Fp>| matrix.data().iter().all(|&entry| entry == Fp::ZERO);
    assert!(zero(&w.times(parameters.b)) && zero(&w.times(&readout)));
    assert!(!zero(&w.transposed().times(&readout)));
    assert_eq!(start.starting_at(w).rank(4), 3);
}

/// A vector orthogonal to two others: the cross product of their first three entries.
fn orthogonal(b: &Matrix<Fp>, c: &Matrix<Fp>) -> Matrix<Fp> {
    let (b, c) = (b.column(0), c.column(0));
    let cross = |i: usize, j: usize| b[i] * c[j] - b[j] * c[i];
    let mut y = Matrix::zeros(b.len(), 1);
    y.column_mut(0)[..3].copy_from_slice(&[cross(1, 2), cross(2, 0), cross(0, 1)]);
    y
}

/// Without the + 1 for h_0 the bound fails.
#[test]
fn an_initial_state_counts() {
    assert_eq!(linear().with_state(integers(6, 1, 5)).rank(4), BOUND + 1);
}

/// The + 1 is for an h_0 that all trials share.
#[test]
fn the_initial_state_must_be_common() {
    assert_eq!(linear().with_state(integers(6, 4, 5)).rank(4), 6);
}

/// Without the + 1 for the bias the bound fails.
#[test]
fn a_bias_counts() {
    assert_eq!(linear().biased(integers(6, 1, 5)).rank(4), BOUND + 1);
}

/// One entry of W_0 outside S x S is enough.
#[test]
fn one_entry_of_the_start_is_enough() {
    assert_eq!(linear().starting_at(unit(6, 0, 5)).rank(4), 4);
}

/// The other optimizers that leave the space are the counterexamples of spectral-optimizers.
#[test]
fn the_optimizer_must_be_gd_like() {
    let sign = UpdateRule::sign();
    assert_eq!(linear().along(sign).rank(4), 6);
}
