use rankproof::blocks::Subset;
use rankproof::matrix::RankRevealing;
use rankproof::scalar::{Fp, Scalar};
use rankproof::training::{Optimizer, Stepper, Training, Trajectory, UpdateRule};

use crate::explicit::{Explicit, integers};

/// Eight neurons from W_0 of full rank, of which each step leaves a half.
fn train(stepper: Stepper<Fp>, rule: UpdateRule<Fp>, decay: Fp, steps: usize) -> Trajectory<Fp> {
    let Explicit { network, task, loss, .. } =
        Explicit::new(8, 1, 1).starting_at(integers(8, 8, 5));
    let optimizer = Optimizer {
        stepper,
        rule,
        weight_decay: decay,
        ..Optimizer::gradient_descent(Fp::ratio(1, 8))
    };
    let training = Training {
        trained: Subset::only(["W"]),
        ..Training::new(&network, &task, &*loss, optimizer)
    };
    training.run(steps).expect("a field has no overflow")
}

/// The rank of W_k less the halves of W_{k-n}, and the ranks of the n gradients between.
fn since(trajectory: &Trajectory<Fp>, n: usize) -> (usize, Vec<usize>) {
    let steps = trajectory.steps();
    let rank = |matrix| Fp::rank(&matrix, 0.0).known().expect("an exact rank");
    let mut rest = trajectory.weights_at(steps);
    rest.add_scaled(-Fp::ratio(1, 1 << n), &trajectory.weights_at(steps - n));
    let gradients = (steps - n..steps).map(|j| {
        let gradient = trajectory.gradient(j).expect("one for each step");
        rank(gradient.to_matrix())
    });
    (rank(rest), gradients.collect())
}

fn decaying(steps: usize) -> Trajectory<Fp> {
    let four = Fp::from_integer(4);
    let trajectory = train(Stepper::GradientDescent, UpdateRule::Gradient, four, steps);
    assert_eq!(since(&trajectory, 1), (3, vec![3]));
    trajectory
}

/// A momentum that decays, or nothing, leaves W_0 as it is.
#[test]
fn the_decay_must_be_of_the_weights() {
    decaying(1);
    let half = Stepper::HeavyBall { momentum: Fp::ratio(1, 2) };
    for stepper in [Stepper::GradientDescent, half] {
        let trajectory = train(stepper, UpdateRule::Gradient, Fp::ZERO, 1);
        assert_eq!(since(&trajectory, 1), (8, vec![3]));
    }
}

/// Directions that are made entry by entry have a rank of their own.
#[test]
fn the_updates_must_be_gradients() {
    decaying(1);
    let four = Fp::from_integer(4);
    let trajectory = train(Stepper::GradientDescent, UpdateRule::cube(), four, 1);
    assert_eq!(since(&trajectory, 1), (8, vec![3]));
}

/// Not the last gradient alone.
#[test]
fn every_gradient_since_counts() {
    assert_eq!(since(&decaying(2), 2), (4, vec![3, 3]));
}
