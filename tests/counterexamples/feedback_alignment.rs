use rankproof::matrix::RankRevealing;
use rankproof::network::Transport;
use rankproof::scalar::Fp;
use rankproof::training::UpdateRule;

use crate::explicit::{Explicit, integers, parabola};

/// Errors are carried back through W^T, with slopes.
fn transported() -> Explicit<Fp> {
    Explicit::new(8, 1, 1).bent(parabola(), parabola())
}

/// Four time steps, of which the first is silent: rank 3 at every step.
fn aligned() -> Explicit<Fp> {
    let explicit = through(1);
    assert_eq!([2, 6].map(|k| explicit.rank(k)), [3, 3]);
    explicit
}

/// Through fixed matrices that are others for each variant.
fn through(variant: usize) -> Explicit<Fp> {
    let mut explicit = transported();
    let (feedback, weights) = (integers(8, 1, 5 * variant), integers(8, 8, 7 * variant));
    explicit.network.architecture.transport = Transport::FixedWeights { feedback, weights };
    explicit
}

#[test]
fn errors_must_not_go_through_the_weights() {
    aligned();
    assert_eq!(transported().rank(6), 8);
}

/// Two stages with different P and Y: the ranks add.
#[test]
fn the_feedback_must_be_fixed() {
    let first = aligned().train(2).weights_at(2);
    let second = through(2).starting_at(first).train(2).weights_at(2);
    assert_eq!(Fp::rank(&second, 0.0).bounds.lower, 6);
}

#[test]
fn an_initial_activity_counts() {
    assert_eq!(aligned().with_state(integers(8, 1, 6)).rank(6), 4);
}

#[test]
fn the_optimizer_must_combine_updates() {
    assert_eq!(aligned().along(UpdateRule::cube()).rank(2), 8);
}
