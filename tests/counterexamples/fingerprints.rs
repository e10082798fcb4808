use rankproof::matrix::Matrix;
use rankproof::network::Activation;
use rankproof::scalar::{Fp, Scalar};
use rankproof::training::UpdateRule;

use crate::explicit::{Explicit, integers, unit};

/// Six neurons in the classes of `classes`, a (6, 2) matrix, with a cubic psi and sign descent.
fn in_classes(classes: &Matrix<Fp>) -> Explicit<Fp> {
    let mut explicit =
        Explicit::new(6, 2, 1).bent(Activation::Identity, odd()).along(UpdateRule::cube());
    explicit.put("B", classes.times(&integers(2, 2, 1)));
    explicit.put("C", Matrix::product(integers::<Fp>(1, 2, 2).view(), classes.t()));
    let w = Matrix::product(integers::<Fp>(2, 2, 5).view(), classes.t());
    explicit.put("W", classes.times(&w));
    explicit
}

/// z + z^3.
fn odd() -> Activation<Fp> {
    Activation::Polynomial(vec![Fp::ZERO, Fp::ONE, Fp::ZERO, Fp::ONE])
}

fn classes(of: [[i64; 2]; 6]) -> Matrix<Fp> {
    Matrix::from_rows(&of.map(|row| row.map(Fp::from_integer)))
}

/// The rank of W_2, which may have gone up or down.
fn rank(explicit: &Explicit<Fp>) -> usize {
    let weights = explicit.train(2).weights_at(2);
    rankproof::matrix::RankRevealing::rank(&weights, 0.0).bounds.upper
}

const TWO: [[i64; 2]; 6] = [[1, 0], [1, 0], [1, 0], [0, 1], [0, 1], [0, 1]];
const SIGNED: [[i64; 2]; 6] = [[1, 0], [-1, 0], [1, 0], [0, 1], [0, -1], [0, 1]];
const WITH_ZERO: [[i64; 2]; 6] = [[1, 0], [1, 0], [0, 0], [0, 1], [0, 1], [0, 0]];

#[test]
fn the_start_must_be_constant_on_the_classes() {
    let explicit = in_classes(&classes(TWO));
    assert_eq!(rank(&explicit), 2);
    assert_eq!(rank(&explicit.starting_at(unit(6, 0, 0))), 3);
}

#[test]
fn every_parameter_must_be_constant_on_the_classes() {
    let mut explicit = in_classes(&classes(TWO));
    let mut readout = explicit.network.parts().c.clone();
    readout[(0, 0)] += Fp::ONE;
    explicit.put("C", readout);
    assert_eq!(rank(&explicit), 3);
}

/// z + z^2 is not odd: neurons of opposite sign differ from the first step on.
#[test]
fn signs_need_odd_activations() {
    let explicit = in_classes(&classes(SIGNED));
    assert_eq!(rank(&explicit), 2);
    let even = Activation::Polynomial(vec![Fp::ZERO, Fp::ONE, Fp::ONE]);
    assert_eq!(rank(&explicit.bent(Activation::Identity, even)), 4);
}

/// psi(0) = 1: neurons without inputs and outputs become active.
#[test]
fn the_zero_fingerprint_counts_where_activity_is_not_zero() {
    let explicit = in_classes(&classes(WITH_ZERO));
    assert_eq!(rank(&explicit), 2);
    let shifted = Activation::Polynomial(vec![Fp::ONE, Fp::ONE, Fp::ZERO, Fp::ONE]);
    assert_eq!(rank(&explicit.bent(Activation::Identity, shifted)), 3);
}

/// Squares of the entries of a gradient have one sign, also where neurons have two.
#[test]
fn signs_need_an_odd_optimizer() {
    let mut explicit = in_classes(&classes(SIGNED));
    assert_eq!(rank(&explicit), 2);
    let mut weights = explicit.network.parts().w.to_matrix();
    for _ in 0..2 {
        let step = explicit.along(UpdateRule::Gradient).train(1);
        weights.add_scaled(Fp::ONE, &step.increment(1).map(|entry| entry * entry));
        explicit = in_classes(&classes(SIGNED)).starting_at(weights.clone());
    }
    assert!(rankproof::matrix::RankRevealing::rank(&weights, 0.0).bounds.lower > 2);
}

/// A learning rate for each neuron: interchangeable ones part at the first step.
#[test]
fn the_optimizer_must_treat_entries_alike() {
    let mut explicit = in_classes(&classes(TWO));
    assert_eq!(rank(&explicit), 2);
    let mut weights = explicit.network.parts().w.to_matrix();
    for _ in 0..2 {
        let step = explicit.train(1).increment(1);
        let rates = Matrix::from_fn(6, 6, |i, j| Fp::from_integer(i as i64 + 1) * step[(i, j)]);
        weights.add_scaled(Fp::ONE, &rates);
        explicit = explicit.starting_at(weights.clone());
    }
    assert_eq!(rankproof::matrix::RankRevealing::rank(&weights, 0.0).bounds.upper, 6);
}
