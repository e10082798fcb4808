use rankproof::matrix::RankRevealing;
use rankproof::network::Activation;
use rankproof::scalar::{Fp, Scalar};
use rankproof::training::UpdateRule;

use crate::explicit::{Explicit, integers, parabola};

const BOUND: usize = 2;

fn spectral<S: RankRevealing>() -> Explicit<S> {
    let explicit = Explicit::new(6, 1, 1).along(UpdateRule::muon());
    assert_eq!(explicit.rank(2), BOUND);
    explicit
}

#[test]
fn sign_descent_leaves_the_space() {
    assert_eq!(spectral().along(UpdateRule::<Fp>::sign()).rank(2), 4);
}

#[test]
fn entrywise_clipping_leaves_the_space() {
    assert_eq!(spectral().along(UpdateRule::clip(Fp::ONE)).rank(2), 4);
}

#[test]
fn the_cube_of_a_gradient_leaves_the_space() {
    assert_eq!(spectral().along(UpdateRule::<Fp>::cube()).rank(2), 4);
}

#[test]
fn l1_decay_leaves_the_space() {
    assert_eq!(spectral().along(UpdateRule::l1(Fp::ONE)).rank(2), 4);
}

/// In f64: roots are not in the field.
#[test]
fn adam_leaves_the_space() {
    let adam = UpdateRule::adam(1e-2);
    assert_eq!(spectral::<f64>().along(adam).rank(2), 4);
}

/// In f64, as Adam.
#[test]
fn rms_prop_leaves_the_space() {
    let rms_prop = UpdateRule::rms_prop(1e-2);
    assert_eq!(spectral::<f64>().along(rms_prop).rank(3), 3);
}

#[test]
fn the_network_must_be_linear() {
    let bent = spectral::<Fp>().bent(parabola(), Activation::Identity);
    assert_eq!(bent.rank(2), 6);
}

#[test]
fn the_start_must_keep_the_space() {
    assert_eq!(spectral::<Fp>().starting_at(integers(6, 6, 5)).rank(2), 5);
}

#[test]
fn the_initial_state_must_be_common() {
    // One that all trials share adds one dimension.
    assert_eq!(spectral::<Fp>().with_state(integers(6, 1, 5)).rank(4), BOUND + 1);
    assert_eq!(spectral::<Fp>().with_state(integers(6, 4, 5)).rank(4), 6);
}
