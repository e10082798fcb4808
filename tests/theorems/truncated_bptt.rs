use std::num::NonZeroUsize;

use rankproof::blocks::Subset;
use rankproof::matrix::{Matrix, RankRevealing};
use rankproof::network::{Dynamics, Network, SquaredError, Transport};
use rankproof::scalar::{Fp, Scalar, Stream};
use rankproof::task::{Dimensions, TaskFamily};
use rankproof::theorem::truncated_bptt::THEOREM;
use rankproof::training::{Optimizer, Training};

use crate::harness::{catches_its_controls, holds};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// rank D_1..D_5 with q = 2, T = 6 from W_0 of full rank: q + k q (tau - 1), at most N = 20.
#[test]
fn is_attained_step_by_step() {
    let sizes = Dimensions { neurons: 20, d_in: 4, d_out: 2, steps: 6, trials: 8 };
    let stream = Stream::new("truncated", 0, 0);
    let task = TaskFamily::RandomTargets.draw(&sizes, &stream.named("task")).expect("in a field");
    let random = |rows, cols, name| Matrix::<Fp>::random(rows, cols, &mut stream.named(name));
    let (w, b, c) = (random(20, 20, "W"), random(20, 4, "B"), random(2, 20, "C"));
    let mut network = Network::rnn(Dynamics::linear(Fp::ONE), w, b, c).expect("shapes that fit");
    for (cut, ranks) in [(1, [2, 2, 2, 2, 2]), (2, [4, 6, 8, 10, 12]), (3, [6, 10, 14, 18, 20])] {
        network.architecture.transport =
            Transport::Truncated(NonZeroUsize::new(cut).expect("one or more"));
        let training = Training {
            trained: Subset::only(["W"]),
            ..Training::new(
                &network,
                &task,
                &SquaredError,
                Optimizer::gradient_descent(Fp::ratio(1, 7)),
            )
        };
        let trajectory = training.run(5).expect("a field has no overflow");
        let found = [1, 2, 3, 4, 5].map(|k| Fp::rank(&trajectory.increment(k), 0.0).bounds.lower);
        assert_eq!(found, ranks, "tau = {cut}");
    }
}

/// With tau = T it is the gradient.
#[test]
fn errors_that_are_not_cut_give_the_gradient() {
    let sizes = Dimensions { neurons: 5, d_in: 2, d_out: 1, steps: 4, trials: 3 };
    let stream = Stream::new("truncated", 0, 1);
    let task = TaskFamily::RandomTargets.draw(&sizes, &stream.named("task")).expect("in a field");
    let random = |rows, cols, name| Matrix::<Fp>::random(rows, cols, &mut stream.named(name));
    let (w, b, c) = (random(5, 5, "W"), random(5, 2, "B"), random(1, 5, "C"));
    let network = Network::rnn(Dynamics::linear(Fp::ratio(1, 2)), w, b, c).expect("they fit");
    let changed = |cut: usize| {
        let mut network = network.clone();
        network.architecture.transport = Transport::Truncated(NonZeroUsize::new(cut).expect("> 0"));
        let optimizer = Optimizer::gradient_descent(Fp::ONE);
        let training = Training::new(&network, &task, &SquaredError, optimizer);
        training.run(2).expect("a field has no overflow").increment(2)
    };
    let optimizer = Optimizer::gradient_descent(Fp::ONE);
    let full = Training::new(&network, &task, &SquaredError, optimizer);
    let full = full.run(2).expect("a field has no overflow").increment(2);
    assert_eq!(changed(5), full);
    assert_ne!(changed(3), full);
}
