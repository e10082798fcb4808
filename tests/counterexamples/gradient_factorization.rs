use rankproof::blocks::Subset;
use rankproof::matrix::RankRevealing;
use rankproof::scalar::{Fp, Scalar};
use rankproof::training::{Optimizer, Training};

use crate::explicit::{Explicit, integers};

/// Weight decay adds W itself to the step, which no activity bounds: the theorem is about the
/// gradient, and W_k - c_k W_0 takes away what the decay left of W_0.
#[test]
fn weight_decay_is_not_part_of_the_gradient() {
    let explicit = Explicit::<Fp>::new(20, 1, 1).starting_at(integers(20, 20, 5));
    let visited = explicit.task.steps * explicit.task.trials;
    let optimizer =
        Optimizer { weight_decay: Fp::ONE, ..Optimizer::gradient_descent(Fp::ratio(1, 8)) };
    let training = Training {
        trained: Subset::only(["W"]),
        ..Training::new(&explicit.network, &explicit.task, &*explicit.loss, optimizer)
    };
    let trajectory = training.run(1).expect("a field has no overflow");
    let step = trajectory.weights_at(1).minus(&trajectory.weights_at(0));
    assert!(Fp::rank(&trajectory.increment(1), 0.0).bounds.upper <= visited);
    assert!(Fp::rank(&step, 0.0).bounds.lower > visited);
}
