use rankproof::matrix::Matrix;
use rankproof::network::Activation;
use rankproof::scalar::{Fp, Scalar};
use rankproof::training::UpdateRule;

use crate::explicit::{Explicit, integers, parabola};

/// r (p + q) with two eigenvalues.
const BOUND: usize = 4;

/// One input and one output, and a diagonal W_0 with these entries in turn.
fn start(eigenvalues: &[i64]) -> Explicit<Fp> {
    Explicit::new(8, 1, 1).starting_at(diagonal(eigenvalues))
}

fn diagonal(eigenvalues: &[i64]) -> Matrix<Fp> {
    let value = |i: usize| Fp::from_integer(eigenvalues[i % eigenvalues.len()]);
    Matrix::from_fn(8, 8, |i, j| if i == j { value(i) } else { Fp::ZERO })
}

fn of_two() -> Explicit<Fp> {
    let start = start(&[1, -1]);
    assert_eq!(start.rank(6), BOUND);
    start
}

#[test]
fn every_eigenvalue_counts() {
    of_two();
    assert_eq!(start(&[1, -1, 2]).rank(6), BOUND + 2);
}

/// An upper triangle has the eigenvalues of its diagonal.
#[test]
fn the_start_must_be_symmetric() {
    let above = integers::<Fp>(8, 8, 5);
    let triangle = diagonal(&[1, -1]);
    let w = Matrix::from_fn(8, 8, |i, j| if i < j { above[(i, j)] } else { triangle[(i, j)] });
    assert_eq!(of_two().starting_at(w).rank(6), 8);
}

#[test]
fn the_network_must_be_linear() {
    assert_eq!(of_two().bent(parabola(), Activation::Identity).rank(6), 8);
}

#[test]
fn the_optimizer_must_not_act_entry_by_entry() {
    assert_eq!(of_two().along(UpdateRule::cube()).rank(6), 8);
}
