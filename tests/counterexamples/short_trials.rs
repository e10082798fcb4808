use rankproof::blocks::Subset;
use rankproof::matrix::Matrix;
use rankproof::network::Activation;
use rankproof::scalar::{Fp, Scalar};
use rankproof::task::Task;
use rankproof::training::UpdateRule;

use crate::explicit::{Explicit, integers, parabola, unit};

/// p = 2, q = 1, trials of some time steps.
fn of_steps(steps: usize) -> Explicit<Fp> {
    let mut explicit = Explicit::new(6, 2, 1);
    let mask = Matrix::from_fn(1, (steps + 1) * 4, |_, _| Fp::ONE);
    let (inputs, targets) = (integers(2, steps * 4, 3), integers(1, (steps + 1) * 4, 4));
    explicit.task = Task::new(4, inputs, targets, mask).expect("shapes that fit");
    explicit
}

/// Three time steps: 4 + 1 + 2 dimensions, and with two 2.
fn short() -> Explicit<Fp> {
    assert_eq!(r3(&of_steps(2)), 2);
    let explicit = of_steps(3);
    assert_eq!(r3(&explicit), 7);
    explicit
}

/// r3 after twelve steps.
fn r3(explicit: &Explicit<Fp>) -> usize {
    explicit.unfolding_ranks(12)[2]
}

#[test]
fn four_time_steps_use_the_whole_space() {
    short();
    assert_eq!(r3(&of_steps(4)), 9);
}

#[test]
fn the_network_must_be_linear() {
    assert_eq!(r3(&short().bent(parabola(), Activation::Identity)), 12);
}

#[test]
fn the_start_must_be_a_multiple_of_the_identity() {
    assert_eq!(r3(&short().starting_at(unit(6, 0, 5))), 10);
}

#[test]
fn the_initial_state_must_lie_along_the_inputs() {
    assert_eq!(r3(&short().with_state(integers(6, 1, 5))), 12);
}

/// Then three time steps fill the space as well.
#[test]
fn nothing_else_must_be_trained() {
    for trained in [Subset::only(["W", "B"]), Subset::only(["W", "C"])] {
        let mut explicit = short();
        explicit.trained = trained.clone();
        assert_eq!(r3(&explicit), 9, "{trained:?}");
    }
}

/// X X^T X of X in the three blocks has the fourth.
#[test]
fn the_optimizer_must_be_gd_like() {
    assert_eq!(r3(&short().along(UpdateRule::muon())), 9);
}
