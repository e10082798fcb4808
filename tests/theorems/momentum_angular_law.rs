use rankproof::blocks::{Blocks, Subset};
use rankproof::matrix::{Matrix, RankRevealing};
use rankproof::network::{Dynamics, Network, RnnParts, SquaredError};
use rankproof::scalar::{Fp, Scalar, Stream};
use rankproof::task::{Dimensions, TaskFamily};
use rankproof::theorem::momentum_angular_law::{Pushed, THEOREM, angular};
use rankproof::training::{Optimizer, Stepper, Training};

use crate::harness::{catches_its_controls, holds};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// J_0 of five neurons, which is antisymmetric, has rank 4, and so has every J_k = mu^k J_0: the
/// momentum is there to be lost.
#[test]
fn a_momentum_decays_and_does_not_vanish() {
    let sizes = Dimensions { neurons: 5, d_in: 2, d_out: 1, steps: 3, trials: 3 };
    let stream = Stream::new("angular momentum", 0, 0);
    let task = TaskFamily::RandomTargets.draw(&sizes, &stream.named("task")).expect("in a field");
    let random = |rows, cols, name| Matrix::<Fp>::random(rows, cols, &mut stream.named(name));
    let (w, b, c) = (random(5, 5, "W"), random(5, 2, "B"), random(1, 5, "C"));
    let network = Network::rnn(Dynamics::linear(Fp::ratio(1, 2)), w.clone(), b, c)
        .expect("shapes that fit")
        .with("h0", random(5, 1, "h0"));
    let push = Blocks::random(&network.blocks.shapes(), &stream.named("velocity"));
    let (momentum, eta) = (Fp::ratio(2, 3), Fp::ratio(1, 7));
    let after = |steps: usize| {
        let architecture = Box::new(network.architecture.clone());
        let pushed = Pushed { architecture, at: w.clone(), push: push.clone() };
        let optimizer = Optimizer {
            stepper: Stepper::HeavyBall { momentum },
            ..Optimizer::gradient_descent(eta)
        };
        let training = Training {
            trained: Subset::All,
            applied: Some(Box::new(pushed)),
            ..Training::new(&network, &task, &SquaredError, optimizer)
        };
        training.run(steps).expect("a field has no overflow").end
    };
    let parts = |blocks: &Blocks<Fp>, velocity: &Blocks<Fp>| {
        angular(RnnParts::of(velocity).expect("in full"), RnnParts::of(blocks).expect("in full"))
    };
    let mut expected = parts(&network.blocks, &push);
    for k in 1..=4 {
        let (now, mut velocity) = (after(k), after(k - 1));
        velocity.add_scaled(-Fp::ONE, &now);
        velocity.scale(eta.inverse().expect("not zero"));
        let found = parts(&now, &velocity);
        assert_eq!(found, expected, "step {k}");
        assert_eq!(Fp::rank(&found, 0.0).known(), Some(4));
        expected.scale(momentum);
    }
}
