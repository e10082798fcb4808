use rankproof::matrix::Matrix;
use rankproof::network::{Dynamics, Network, SquaredError};
use rankproof::scalar::{Fp, Scalar, Stream};
use rankproof::task::{Dimensions, Task};
use rankproof::theorem::modes::{THEOREM, diagonal};
use rankproof::training::{Optimizer, Stepper, Training, Trajectory};

use crate::harness::{attained_at, catches_its_controls, first_observation, holds};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// p after one step and after any number; the trials where there are fewer.
#[test]
fn is_attained_for_every_number_of_channels() {
    for (channels, trials, expected) in [(1, 1, 1), (2, 2, 2), (3, 5, 3), (4, 4, 4), (4, 3, 3)] {
        for steps in [1, 4] {
            let report = attained_at(&THEOREM, expected, |setting| {
                (setting.dimensions.d_in, setting.dimensions.trials) = (channels, trials);
                setting.dimensions.steps = 3;
                setting.learning_steps = steps;
                setting.minibatches = false;
            });
            assert_eq!(first_observation(&report), (expected, expected), "{report}");
        }
    }
}

fn learn(network: &Network<Fp>, task: &Task<Fp>) -> Trajectory<Fp> {
    let optimizer = Optimizer {
        stepper: Stepper::HeavyBall { momentum: Fp::ratio(1, 2) },
        ..Optimizer::gradient_descent(Fp::ratio(1, 5))
    };
    let training = Training {
        trained: rankproof::blocks::Subset::only(["W"]),
        ..Training::new(network, task, &SquaredError, optimizer)
    };
    training.run(4).expect("a field has no overflow")
}

/// The curve of mode i, v_i^T D_k v_i, is what a network of one neuron learns from row i of inputs
/// and targets: modes learn as if there were no other.
#[test]
fn each_mode_learns_as_one_neuron() {
    let sizes = Dimensions { neurons: 6, d_in: 3, d_out: 3, steps: 4, trials: 5 };
    let task = diagonal::<Fp>(&sizes, &Stream::new("modes", 0, 0));
    let (leak, w) = (Fp::ratio(3, 4), Fp::ratio(1, 3));
    // Three rows of the identity.
    let readout = Matrix::from_fn(3, 6, |i, j| Fp::from_integer(i64::from(2 * i == j)));
    let start = Matrix::scaled_identity(6, w);
    let network = Network::rnn(Dynamics::linear(leak), start, readout.transposed(), readout)
        .expect("shapes that fit");
    let all = learn(&network, &task);
    let one = Matrix::scaled_identity(1, Fp::ONE);
    for mode in 0..3 {
        let row = |matrix: &Matrix<Fp>| Matrix::from_fn(1, matrix.cols(), |_, j| matrix[(mode, j)]);
        let own = Task { inputs: row(&task.inputs), targets: row(&task.targets), ..task.clone() };
        let start = Matrix::scaled_identity(1, w);
        let neuron = Network::rnn(Dynamics::linear(leak), start, one.clone(), one.clone())
            .expect("shapes that fit");
        let alone = learn(&neuron, &own);
        for k in 1..=4 {
            let curve = all.increment(k)[(2 * mode, 2 * mode)];
            assert_eq!(curve, alone.increment(k)[(0, 0)], "mode {mode}, step {k}");
            assert_ne!(curve, Fp::ZERO);
        }
    }
}
