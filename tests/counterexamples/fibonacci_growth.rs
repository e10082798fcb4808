use rankproof::network::Activation;
use rankproof::scalar::Fp;
use rankproof::training::{Stepper, UpdateRule};

use crate::explicit::{Explicit, integers, parabola};

/// Two inputs and one output: rank D_1 <= 1, rank D_2 <= 2.
fn slow() -> Explicit<Fp> {
    let explicit = Explicit::new(6, 2, 1);
    assert_eq!([1, 2].map(|k| explicit.rank(k)), [1, 2]);
    explicit
}

#[test]
fn the_network_must_be_linear() {
    assert_eq!(slow().bent(parabola(), Activation::Identity).rank(1), 3);
}

#[test]
fn the_start_must_keep_the_space() {
    assert_eq!(slow().starting_at(integers(6, 6, 5)).rank(1), 3);
}

/// min(p, q) is q = 1 here. With as many outputs as inputs an h_0 counts as one more input.
#[test]
fn an_initial_state_counts() {
    let explicit = Explicit::<Fp>::new(6, 1, 2);
    assert_eq!(explicit.rank(1), 1);
    assert_eq!(explicit.with_state(integers(6, 1, 5)).rank(1), 2);
}

#[test]
fn the_initial_state_must_be_common() {
    let explicit = Explicit::<Fp>::new(8, 1, 4);
    assert_eq!(explicit.rank(1), 1);
    assert_eq!(explicit.with_state(integers(8, 4, 5)).rank(1), 4);
}

#[test]
fn the_optimizer_must_not_act_entry_by_entry() {
    assert_eq!(slow().along(UpdateRule::cube()).rank(1), 1);
    assert_eq!(slow().along(UpdateRule::cube()).rank(2), 4);
}

/// The classical Runge-Kutta method takes four gradients for each step.
#[test]
fn a_step_must_take_one_gradient() {
    let mut explicit = slow();
    explicit.stepper = Stepper::GradientFlow;
    assert_eq!(explicit.rank(1), 3);
}
