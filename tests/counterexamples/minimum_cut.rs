use rankproof::network::Activation;
use rankproof::scalar::Fp;
use rankproof::training::{Stepper, UpdateRule};

use crate::explicit::{Explicit, parabola};

/// Two inputs and one output, from a multiple of the identity: flows of 1 and 2.
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
fn the_optimizer_must_not_act_entry_by_entry() {
    assert_eq!(slow().along(UpdateRule::cube()).rank(2), 4);
}

/// The classical Runge-Kutta method takes four gradients for each step.
#[test]
fn a_step_must_take_one_gradient() {
    let mut explicit = slow();
    explicit.stepper = Stepper::GradientFlow;
    assert_eq!(explicit.rank(1), 3);
}
