use rankproof::blocks::Subset;
use rankproof::network::Activation;
use rankproof::scalar::{Fp, Scalar, Series, Stream};
use rankproof::training::{Batches, Optimizer, Schedule, Training};

use crate::explicit::{Explicit, integers, parabola};

type Eta = Series<6>;

/// The exponents of D_k along the gradients of an explicit network, after eta times these steps.
fn orders_of(explicit: &Explicit<Eta>, steps: &[Fp], batches: Batches) -> Vec<usize> {
    let sizes = steps.iter().map(|&size| Eta::VARIABLE * Eta::constant(size)).collect();
    let optimizer =
        Optimizer { schedule: Schedule::Listed(sizes), ..Optimizer::gradient_descent(Eta::ONE) };
    let training = Training {
        trained: explicit.trained.clone(),
        followed: Some(Subset::only(["W"])),
        batches,
        ..Training::new(&explicit.network, &explicit.task, &*explicit.loss, optimizer)
    };
    let trajectory = training.run(steps.len()).expect("a field has no overflow");
    trajectory.increment(steps.len()).orders()
}

/// After five equal steps.
fn orders(explicit: &Explicit<Eta>) -> Vec<usize> {
    orders_of(explicit, &[Fp::ONE; 5], Batches::Full)
}

fn below(order: usize, orders: &[usize]) -> usize {
    orders.iter().filter(|&&exponent| exponent < order).count()
}

/// One input and six outputs: m = 1.
fn one_input() -> Explicit<Eta> {
    let explicit = Explicit::new(8, 1, 6);
    assert_eq!(orders(&explicit), [1, 2, 4, 4]);
    explicit
}

#[test]
fn the_network_must_be_linear() {
    let bent = one_input().bent(parabola(), Activation::Identity);
    assert!(below(2, &orders(&bent)) > 1);
}

#[test]
fn the_start_must_be_the_identity() {
    assert!(below(2, &orders(&one_input().starting_at(integers(8, 8, 5)))) > 1);
}

/// It is one more input.
#[test]
fn an_initial_state_counts() {
    assert_eq!(below(2, &orders(&one_input().with_state(integers(8, 1, 6)))), 2);
}

/// B moves into the columns of C^T, so that the first state has a new direction in the order eta.
#[test]
fn weights_alone_must_be_trained() {
    let explicit = Explicit { trained: Subset::only(["W", "B"]), ..one_input() };
    assert_eq!(below(4, &orders(&explicit)), 3);
}

/// Gradients of other trials begin with other matrices F.
#[test]
fn each_gradient_must_see_all_trials() {
    let half = Batches::Mini { size: 2, stream: Box::new(Stream::new("batches", 0, 0)) };
    let orders = orders_of(&one_input(), &[Fp::ONE; 5], half);
    assert_eq!(below(4, &orders), 4);
}

/// Of 1, 1 and -1/2 the sum of the products of two is zero.
#[test]
fn the_steps_must_be_positive() {
    let steps = [Fp::ONE, Fp::ONE, Fp::ratio(-1, 2)];
    let orders = orders_of(&one_input(), &steps, Batches::Full);
    assert_eq!(below(4, &orders), 3);
}
