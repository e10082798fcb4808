use rankproof::matrix::Matrix;
use rankproof::network::Activation;
use rankproof::scalar::Fp;
use rankproof::task::Task;

use crate::explicit::{Explicit, integers, parabola, unit};

/// p + q = 3: rank 3 and r3 = 9 after nine steps.
fn full() -> Explicit<Fp> {
    let explicit = Explicit::new(6, 2, 1);
    assert_eq!(explicit.unfolding_ranks(9), [3, 3, 9]);
    explicit
}

#[test]
fn it_takes_as_many_steps_as_dimensions() {
    assert_eq!(full().unfolding_ranks(8)[2], 8);
}

/// With one time step h_0 = 0 is all that the gradient sees, with two the inputs alone; three lack
/// two dimensions.
#[test]
fn it_takes_time_steps() {
    full();
    let cut = |steps: usize| {
        let mut explicit = Explicit::<Fp>::new(6, 2, 1);
        let mask = explicit.task.mask.columns(0..(steps + 1) * 4);
        let mask = Matrix::from_fn(1, mask.cols(), |i, j| mask.at(i, j));
        explicit.task =
            Task::new(4, integers(2, steps * 4, 3), integers(1, (steps + 1) * 4, 4), mask)
                .expect("shapes that fit");
        explicit.unfolding_ranks(9)
    };
    assert_eq!(cut(1), [0, 0, 0]);
    assert_eq!(cut(2), [1, 2, 2]);
    assert_eq!(cut(3), [3, 3, 7]);
    assert_eq!(cut(4), [3, 3, 9]);
}

/// Two inputs that are always equal are one input.
#[test]
fn the_inputs_must_span() {
    let mut explicit = full();
    let one: Matrix<Fp> = integers(1, explicit.task.inputs.cols(), 3);
    explicit.task.inputs = Matrix::from_fn(2, one.cols(), |_, j| one[(0, j)]);
    assert_eq!(explicit.unfolding_ranks(12), [2, 2, 3]);
}

/// Two neurons have four dimensions, not nine.
#[test]
fn it_takes_as_many_neurons_as_channels() {
    full();
    assert_eq!(Explicit::<Fp>::new(2, 2, 1).unfolding_ranks(9), [2, 2, 4]);
}

/// d_in = d_out = 1 is the exception: three of four, by siso-reciprocity.
#[test]
fn one_input_and_one_output_are_an_exception() {
    full();
    assert_eq!(Explicit::<Fp>::new(6, 1, 1).unfolding_ranks(9), [2, 2, 3]);
}

/// More than the rank p + q and the (p + q)^2 dimensions of the equality.
#[test]
fn the_network_must_be_linear() {
    assert_eq!(full().bent(parabola(), Activation::Identity).unfolding_ranks(12), [6, 6, 12]);
}

#[test]
fn the_start_must_be_a_multiple_of_the_identity() {
    assert_eq!(full().starting_at(unit(6, 0, 5)).unfolding_ranks(16), [5, 5, 16]);
}

#[test]
fn the_initial_state_must_be_zero() {
    assert_eq!(full().with_state(integers(6, 1, 5)).unfolding_ranks(16), [4, 4, 16]);
}
