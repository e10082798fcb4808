use rankproof::blocks::{Block, Subset};
use rankproof::matrix::{Matrix, RankRevealing};
use rankproof::network::{Dynamics, Network, SquaredError};
use rankproof::scalar::{Fp, Scalar, Stream};
use rankproof::task::{Dimensions, TaskFamily};
use rankproof::theorem::fibonacci_growth::{THEOREM, fibonacci};
use rankproof::training::{Optimizer, Training, UpdateRule};

use crate::harness::{catches_its_controls, first_observation, holds, report_of};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// The ranks of D_1..D_K of one random network with W_0 = 0, h_0 = 0 on one random task.
fn ranks(
    d_in: usize,
    d_out: usize,
    steps: usize,
    change: impl Fn(&mut Training<Fp>),
) -> Vec<usize> {
    // As many time steps and trials as the growth needs not to be cut short.
    let dimensions = Dimensions { neurons: 80, d_in, d_out, steps: 16, trials: 16 };
    let stream = Stream::new("fibonacci attained", 0, 0);
    let task = TaskFamily::RandomTargets.draw(&dimensions, &stream.named("task"));
    let task = task.expect("in every arithmetic");
    let w = Block::scaled_identity(80, Fp::ZERO);
    let b = Matrix::random(80, d_in, &mut stream.named("B"));
    let c = Matrix::random(d_out, 80, &mut stream.named("C"));
    let network = Network::rnn(Dynamics::linear(Fp::ONE), w, b, c).expect("shapes that fit");
    let optimizer = Optimizer::gradient_descent(Fp::ratio(1, 7));
    let mut training = Training {
        trained: Subset::only(["W"]),
        ..Training::new(&network, &task, &SquaredError, optimizer)
    };
    change(&mut training);
    let trajectory = training.run(steps).expect("a field has no overflow");
    let rank = |k| Fp::rank(&trajectory.increment(k), 0.0).bounds.lower;
    (1..=steps).map(rank).collect()
}

#[test]
fn one_input_shows_the_fibonacci_numbers_up_to_the_seventh_step() {
    assert_eq!(ranks(1, 40, 7, |_| ()), [1, 2, 4, 7, 12, 20, 33]);
    assert_eq!(ranks(40, 1, 7, |_| ()), [1, 2, 4, 7, 12, 20, 33]);
}

#[test]
fn several_channels_multiply_them() {
    for m in 2..=3 {
        let expected: Vec<_> = (1..=5).map(|k| m * (fibonacci(k + 2) - 1)).collect();
        assert_eq!(ranks(m, 40, 5, |_| ()), expected);
    }
}

#[test]
fn spectral_updates_grow_as_fast() {
    let muon = |training: &mut Training<Fp>| training.optimizer.rule = UpdateRule::muon();
    assert_eq!(ranks(1, 40, 6, muon), [1, 2, 4, 7, 12, 20]);
}

#[test]
fn with_inputs_and_outputs_trained_each_is_two_more_than_the_sum_of_the_two_before() {
    let trained = Subset::only(["W", "B", "C"]);
    assert_eq!(
        ranks(1, 40, 6, |training| training.trained = trained.clone()),
        [1, 3, 6, 11, 19, 32]
    );
}

#[test]
fn growth_ends_at_the_sum_of_the_channels() {
    assert_eq!(ranks(1, 5, 6, |_| ()), [1, 2, 4, 6, 6, 6]);
}

/// The k-th step adds F_k dimensions as long as trials have F_k + 2 time steps, then T - 2.
#[test]
fn growth_is_linear_when_time_is_used_up() {
    for steps in 3..=6 {
        let mut expected = 1;
        for k in 2..=6 {
            expected += fibonacci(k).min(steps - 2);
            let dimensions = Dimensions { neurons: 40, d_in: 1, d_out: 34, steps, trials: 4 };
            let report = report_of(&THEOREM, dimensions, k, |_| ());
            assert_eq!(first_observation(&report), (expected, expected), "{report}");
        }
    }
}
