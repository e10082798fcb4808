use rankproof::blocks::{Blocks, Subset};
use rankproof::matrix::RankRevealing;
use rankproof::network::architecture::{Architecture, LossGradient, Workspace};
use rankproof::network::{Activation, Loss, Rnn, RnnParts, SquaredError};
use rankproof::scalar::{Fp, Scalar};
use rankproof::tape::{Scope, TapeError, Var};
use rankproof::task::Task;
use rankproof::theorem::momentum_angular_law::angular;
use rankproof::training::{Optimizer, Stepper, Training, UpdateRule};

use crate::explicit::{Explicit, integers, parabola};

/// The rank of J after some steps from rest: (theta_{k-1} - theta_k) / eta is the velocity.
fn momentum(before: &Blocks<Fp>, now: &Blocks<Fp>) -> usize {
    let mut velocity = before.clone();
    velocity.add_scaled(-Fp::ONE, now);
    velocity.scale(Fp::from_integer(8));
    let [velocity, now] = [&velocity, now].map(|blocks| RnnParts::of(blocks).expect("in full"));
    Fp::rank(&angular(velocity, now), 0.0).known().expect("an exact rank")
}

fn momentum_of(explicit: &Explicit<Fp>, steps: usize) -> usize {
    momentum(&explicit.train(steps - 1).end, &explicit.train(steps).end)
}

/// Four neurons, everything trained by heavy ball from rest.
fn resting() -> Explicit<Fp> {
    let mut explicit = Explicit::new(4, 1, 1)
        .starting_at(integers(4, 4, 5))
        .with_state(integers(4, 1, 6))
        .biased(integers(4, 1, 7));
    explicit.trained = Subset::All;
    explicit.stepper = Stepper::HeavyBall { momentum: Fp::ratio(1, 2) };
    assert_eq!([1, 2, 3].map(|k| momentum_of(&explicit, k)), [0, 0, 0]);
    explicit
}

/// The loss does not stay the same when the neurons of other networks are turned.
#[test]
fn the_network_must_be_linear() {
    for phi in [parabola(), Activation::Relu] {
        assert_eq!(momentum_of(&resting().bent(phi, Activation::Identity), 1), 4);
    }
}

#[test]
fn every_parameter_must_be_trained() {
    for (trained, rank) in [
        (["W", "C", "bias", "h0"], 2),
        (["W", "B", "bias", "h0"], 2),
        (["W", "B", "C", "h0"], 2),
        (["W", "B", "C", "bias"], 2),
        (["B", "C", "bias", "h0"], 4),
    ] {
        let mut explicit = resting();
        explicit.trained = Subset::only(trained);
        assert_eq!(momentum_of(&explicit, 1), rank, "{trained:?}");
    }
}

/// A step of B that is twice as long as those of the others.
struct Uneven<'a>(&'a Rnn<Fp>);

impl Architecture<Fp> for Uneven<'_> {
    fn forward<'t>(&self, scope: &Scope<'t, Fp>, inputs: &[Var<'t, Fp>]) -> Vec<Var<'t, Fp>> {
        self.0.forward(scope, inputs)
    }

    fn gradient(
        &self,
        blocks: &Blocks<Fp>,
        trained: &Subset,
        task: &Task<Fp>,
        loss: &dyn Loss<Fp>,
        workspace: &mut Workspace<Fp>,
    ) -> Result<LossGradient<Fp>, TapeError> {
        let mut found = self.0.gradient(blocks, trained, task, loss, workspace)?;
        found.blocks.get_mut("B")?.scale(Fp::from_integer(2));
        Ok(found)
    }
}

#[test]
fn all_parameters_must_move_alike() {
    let Explicit { network, task, stepper, .. } = resting();
    let optimizer = Optimizer { stepper, ..Optimizer::gradient_descent(Fp::ratio(1, 8)) };
    let training = Training {
        applied: Some(Box::new(Uneven(&network.architecture))),
        ..Training::new(&network, &task, &SquaredError, optimizer)
    };
    let end = training.run(1).expect("a field has no overflow").end;
    assert_eq!(momentum(&network.blocks, &end), 2);
}

/// Nesterov's gradients are taken ahead of where the parameters are, and directions that are made
/// entry by entry do not turn with the neurons.
#[test]
fn the_velocity_must_be_that_of_heavy_ball() {
    let mut nesterov = resting();
    nesterov.stepper = Stepper::Nesterov { momentum: Fp::ratio(1, 2) };
    assert_eq!([1, 2].map(|k| momentum_of(&nesterov, k)), [0, 4]);
    assert_eq!(momentum_of(&resting().along(UpdateRule::cube()), 1), 4);
}
