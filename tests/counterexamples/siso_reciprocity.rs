use rankproof::blocks::Subset;
use rankproof::network::Activation;
use rankproof::scalar::Fp;
use rankproof::training::UpdateRule;

use crate::explicit::{Explicit, integers, parabola, unit};

/// r3 after ten steps.
fn r3(explicit: &Explicit<Fp>) -> usize {
    explicit.unfolding_ranks(10)[2]
}

fn reciprocal() -> Explicit<Fp> {
    let explicit = Explicit::new(6, 1, 1);
    assert_eq!(r3(&explicit), 3);
    explicit
}

#[test]
fn there_must_be_one_input_and_one_output() {
    reciprocal();
    assert_eq!(r3(&Explicit::new(6, 2, 1)), 9);
    assert_eq!(r3(&Explicit::new(6, 1, 2)), 9);
}

#[test]
fn the_initial_state_must_lie_along_the_input() {
    assert_eq!(r3(&reciprocal().with_state(integers(6, 1, 5))), 9);
}

/// Within span(b, c) there are four dimensions and no more.
#[test]
fn even_along_the_output_an_initial_state_breaks_it() {
    let explicit = reciprocal();
    let along = explicit.network.parts().c.transposed();
    assert_eq!(r3(&explicit.with_state(along)), 4);
}

#[test]
fn nothing_else_must_be_trained() {
    for trained in [
        Subset::only(["W", "B"]),
        Subset::only(["W", "C"]),
        Subset::only(["W", "bias"]),
        Subset::only(["W", "h0"]),
    ] {
        let mut explicit = reciprocal();
        explicit.trained = trained;
        assert_eq!(r3(&explicit), 4);
    }
}

#[test]
fn the_network_must_be_linear() {
    assert_eq!(r3(&reciprocal().bent(parabola(), Activation::Identity)), 10);
}

#[test]
fn the_start_must_be_a_multiple_of_the_identity() {
    assert_eq!(r3(&reciprocal().starting_at(unit(6, 0, 5))), 10);
}

#[test]
fn a_bias_breaks_it() {
    assert_eq!(r3(&reciprocal().biased(integers(6, 1, 5))), 9);
}

#[test]
fn the_optimizer_must_not_act_entry_by_entry() {
    let cube = UpdateRule::cube();
    assert_eq!(r3(&reciprocal().along(cube)), 10);
}
