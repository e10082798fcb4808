use rankproof::scalar::{Fp, Scalar};
use rankproof::training::UpdateRule;

use crate::explicit::{Explicit, integers, parabola};

fn broadcast() -> Explicit<Fp> {
    let mut explicit = Explicit::new(6, 1, 1).bent(parabola(), parabola());
    explicit.feedback = Some(integers(6, 1, 5));
    assert_eq!(explicit.rank(3), 1);
    explicit
}

/// The same network with errors that are carried back through time.
#[test]
fn errors_must_not_be_transported() {
    let mut transported = broadcast();
    transported.feedback = None;
    assert_eq!(transported.rank(3), 6);
}

/// Two stages with different P: the ranks add.
#[test]
fn the_feedback_must_be_fixed() {
    let mut explicit = broadcast();
    let first = explicit.train(1).weights_at(1);
    explicit.feedback = Some(integers(6, 1, 6));
    let second = explicit.starting_at(first.clone()).train(1).weights_at(1);
    assert_eq!(rankproof::matrix::RankRevealing::rank(&second, 0.0).bounds.upper, 2);
}

/// A matrix of rank one with its entries cut to one size is no longer of rank one.
#[test]
fn the_optimizer_must_combine_updates() {
    let clip = UpdateRule::clip(Fp::ONE);
    assert_eq!(broadcast().along(clip).rank(3), 3);
}
