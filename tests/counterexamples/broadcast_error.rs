use rankproof::scalar::{Fp, Scalar};
use rankproof::training::UpdateRule;

use crate::explicit::{Explicit, integers, parabola};

/// Errors are carried back through time.
fn transported() -> Explicit<Fp> {
    Explicit::new(6, 1, 1).bent(parabola(), parabola())
}

fn broadcast() -> Explicit<Fp> {
    let explicit = transported().broadcasting(integers(6, 1, 5));
    assert_eq!(explicit.rank(3), 1);
    explicit
}

/// The same network with errors that are carried back through time.
#[test]
fn errors_must_not_be_transported() {
    broadcast();
    assert_eq!(transported().rank(3), 6);
}

/// Two stages with different P: the ranks add.
#[test]
fn the_feedback_must_be_fixed() {
    let first = broadcast().train(1).weights_at(1);
    let explicit = broadcast().broadcasting(integers(6, 1, 6));
    let second = explicit.starting_at(first.clone()).train(1).weights_at(1);
    assert_eq!(rankproof::matrix::RankRevealing::rank(&second, 0.0).bounds.upper, 2);
}

/// A matrix of rank one with its entries cut to one size is no longer of rank one.
#[test]
fn the_optimizer_must_combine_updates() {
    let clip = UpdateRule::clip(Fp::ONE);
    assert_eq!(broadcast().along(clip).rank(3), 3);
}
