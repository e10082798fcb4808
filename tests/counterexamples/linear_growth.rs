use rankproof::blocks::Subset;
use rankproof::network::Activation;
use rankproof::scalar::Fp;
use rankproof::training::UpdateRule;

use crate::explicit::{Explicit, integers, parabola};

/// One input and one output, T = 4, from W_0 of full rank: rank D_1 <= 3, rank D_2 <= 4.
fn steady() -> Explicit<Fp> {
    let explicit = Explicit::new(8, 1, 1).starting_at(integers(8, 8, 5));
    assert_eq!([1, 2].map(|k| explicit.rank(k)), [3, 4]);
    explicit
}

#[test]
fn the_network_must_be_linear() {
    assert_eq!(steady().bent(parabola(), Activation::Identity).rank(1), 8);
}

/// The rows gain A^i h_0, and A changes.
#[test]
fn an_initial_state_counts() {
    assert_eq!(steady().with_state(integers(8, 1, 6)).rank(2), 6);
}

/// The inputs are no longer the same at every step.
#[test]
fn inputs_must_not_be_trained() {
    let mut explicit = steady();
    explicit.trained = Subset::only(["W", "B"]);
    assert_eq!(explicit.rank(2), 5);
}

#[test]
fn outputs_must_not_be_trained() {
    let mut explicit = steady();
    explicit.trained = Subset::only(["W", "C"]);
    assert_eq!(explicit.rank(2), 5);
}

/// Zero at the first step, a bias is one more input at the second, and h_0 an initial state.
#[test]
fn neither_bias_nor_state_must_be_trained() {
    let (bias, h0) = (Subset::only(["W", "bias"]), Subset::only(["W", "h0"]));
    for (trained, rank) in [(bias, 5), (h0, 6)] {
        let mut explicit = steady();
        explicit.trained = trained.clone();
        assert_eq!(explicit.rank(2), rank, "{trained:?}");
    }
}

#[test]
fn the_optimizer_must_be_gd_like() {
    assert_eq!(steady().along(UpdateRule::cube()).rank(1), 8);
}

/// One step more than along gradients: shared rows and shared columns do not count once each.
#[test]
fn a_spectral_rule_mixes_both_sides() {
    assert_eq!(steady().along(UpdateRule::muon()).rank(2), 5);
}
