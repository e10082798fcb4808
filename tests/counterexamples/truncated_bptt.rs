use std::num::NonZeroUsize;

use rankproof::blocks::Subset;
use rankproof::matrix::Matrix;
use rankproof::network::{Activation, Transport};
use rankproof::scalar::{Fp, Scalar};
use rankproof::training::UpdateRule;

use crate::explicit::{Explicit, integers, parabola};

/// p = 2, q = 1, T = 4 from W_0 of full rank.
fn full() -> Explicit<Fp> {
    Explicit::new(8, 2, 1).starting_at(integers(8, 8, 5))
}

/// Errors of one time step: rank 1 for ever.
fn cut() -> Explicit<Fp> {
    let mut explicit = full();
    explicit.network.architecture.transport = Transport::Truncated(NonZeroUsize::MIN);
    assert_eq!([1, 6].map(|k| explicit.rank(k)), [1, 1]);
    explicit
}

#[test]
fn the_network_must_be_linear() {
    assert_eq!(cut().bent(parabola(), Activation::Identity).rank(1), 6);
}

/// A term at t = 0 more where tau reaches it.
#[test]
fn an_initial_state_counts() {
    let of = |state| {
        let mut explicit = full().with_state(state);
        let all = NonZeroUsize::new(4).expect("four");
        explicit.network.architecture.transport = Transport::Truncated(all);
        explicit.rank(1)
    };
    assert_eq!(of(Matrix::zeros(8, 1)), 3);
    assert_eq!(of(integers(8, 1, 6)), 4);
}

#[test]
fn the_adjoint_must_be_cut() {
    cut();
    assert_eq!([1, 2].map(|k| full().rank(k)), [3, 5]);
}

/// Each step has other outputs.
#[test]
fn outputs_must_not_be_trained() {
    let mut explicit = cut();
    explicit.trained = Subset::only(["W", "C"]);
    assert_eq!([1, 2, 3].map(|k| explicit.rank(k)), [1, 2, 3]);
}

/// A matrix of rank one with its entries cut to one size is no longer of rank one.
#[test]
fn the_optimizer_must_be_gd_like() {
    assert_eq!(cut().along(UpdateRule::clip(Fp::ONE)).rank(1), 3);
}
