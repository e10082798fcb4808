use rankproof::blocks::Subset;
use rankproof::matrix::{Matrix, RankRevealing, SingularValues};
use rankproof::network::{Dynamics, Network, SquaredError};
use rankproof::scalar::Stream;
use rankproof::task::{Dimensions, TaskFamily};
use rankproof::theorem::weight_decay_tail::THEOREM;
use rankproof::theorem::{ActivationKind, StepperKind};
use rankproof::training::{Optimizer, Training};

use crate::harness::{attained_at, catches_its_controls, holds, missed};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// K M T, as long as there are so many neurons.
#[test]
fn gradients_of_bent_networks_add_up() {
    for steps in 1..=3 {
        attained_at(&THEOREM, 4 * steps, |setting| {
            setting.dimensions = Dimensions { neurons: 12, d_in: 3, d_out: 3, steps: 2, trials: 2 };
            (setting.phi, setting.psi) =
                (ActivationKind::Polynomial(2), ActivationKind::Polynomial(2));
            setting.stepper = StepperKind::GradientDescent;
            setting.trained = Subset::All;
            setting.learning_steps = steps;
            setting.minibatches = false;
        });
    }
}

#[test]
fn gradients_of_linear_networks_overlap() {
    missed(&THEOREM, |setting| {
        (setting.phi, setting.psi) = (ActivationKind::Identity, ActivationKind::Identity);
        setting.learning_steps = 4;
    });
}

/// Where the weights of the start and the gradients are of different neurons, the singular value
/// after as many as the ranks of all gradients is what the decay has left of the start.
#[test]
fn the_tail_is_what_is_left_of_the_start() {
    let sizes = Dimensions { neurons: 8, d_in: 1, d_out: 1, steps: 3, trials: 4 };
    let stream = Stream::new("tail", 0, 0);
    let task = TaskFamily::RandomTargets.draw(&sizes, &stream.named("task")).expect("in f64");
    // Four neurons are driven and read, the other four have weights among themselves.
    let driven = |name| {
        let random = Matrix::<f64>::random(8, 1, &mut stream.named(name));
        Matrix::from_fn(8, 1, |i, _| if i < 4 { 2.0 * random[(i, 0)] } else { 0.0 })
    };
    let size = 1e-7;
    let start = Matrix::from_fn(8, 8, |i, j| if i >= 4 && i == j { size } else { 0.0 });
    let (b, c) = (driven("B"), driven("C").transposed());
    let network = Network::rnn(Dynamics::linear(1.0), start, b, c).expect("shapes that fit");
    for steps in 1..=2 {
        let optimizer = Optimizer { weight_decay: 2.0, ..Optimizer::gradient_descent(0.1) };
        let training = Training {
            trained: Subset::only(["W"]),
            ..Training::new(&network, &task, &SquaredError, optimizer)
        };
        let trajectory = training.run(steps).expect("a run that stays finite");
        let ranks = (0..steps).map(|j| {
            let gradient = trajectory.gradient(j).expect("one for each step").to_matrix();
            f64::rank(&gradient, trajectory.gradient_noise(j)).known().expect("a clear rank")
        });
        let sum: usize = ranks.sum();
        assert_eq!(sum, [0, 1, 3][steps]);
        let values = f64::singular_values(&trajectory.weights_at(steps));
        let left = size * 0.8_f64.powi(steps as i32);
        assert!((values[sum] - left).abs() < 1e-15, "{values:?} {left}");
        let learned = trajectory.rank(steps).known().expect("a clear rank");
        assert_eq!(learned, steps);
        assert!(values[learned - 1] > 2.0 * left, "{values:?}");
    }
}
