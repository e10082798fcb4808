use rankproof::blocks::Subset;
use rankproof::matrix::{Matrix, RankRevealing};
use rankproof::network::{Activation, Dynamics, Network, SquaredError};
use rankproof::scalar::{DoubleDouble, Stream};
use rankproof::task::{Dimensions, TaskFamily};
use rankproof::tensor::Mode;
use rankproof::theorem::effective_telescoping::{Product, Spectra, THEOREM};
use rankproof::training::{Optimizer, Training};

use crate::harness::{attained, catches_its_controls, holds};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// One gradient of one trial and one time is one product of two vectors: both sides are equal, and
/// what is between them is rounding, far within the slack.
#[test]
fn both_sides_are_equal_for_one_outer_product() {
    attained(&THEOREM, |setting| {
        (setting.dimensions.steps, setting.dimensions.trials) = (2, 1);
        setting.learning_steps = 1;
    });
}

/// Of a product with an isometry all singular values are equal on both sides. The largest difference
/// is a tenth of the slack in each arithmetic.
#[test]
fn rounding_is_far_within_the_slack() {
    fn largest<S: RankRevealing>() -> f64 {
        let mut largest = 0.0_f64;
        for number in 0..200 {
            let mut stream = Stream::new("slack", 0, number);
            let (rows, cols) = (1 + stream.below(12), 1 + stream.below(12));
            let pooled = Matrix::<S>::random(rows, cols, &mut stream);
            // Columns in another order, some with the other sign, and zeros between.
            let order = stream.permutation(cols);
            let rest = Matrix::from_fn(cols, 2 * cols, |i, j| {
                if 2 * order[i] != j {
                    S::ZERO
                } else if i % 2 == 0 {
                    S::ONE
                } else {
                    -S::ONE
                }
            });
            let product = Product { movement: pooled.times(&rest), pooled, rest };
            let Spectra { movement, limits, slack } =
                Spectra::of(&product, 0.0).expect("real numbers");
            let shown = 4.0 * f64::EPSILON;
            for (value, limit) in movement.iter().zip(&limits) {
                largest = largest.max(((value - limit).abs() - shown * limit) / slack);
            }
        }
        largest
    }
    for largest in [largest::<f64>(), largest::<DoubleDouble>()] {
        assert!(largest < 0.1, "{largest}");
    }
}

/// A hundred neurons with tanh: how much larger the limits are than the singular values, and what
/// can be compared all the same, the dimensions of errors, activity and movement.
#[test]
fn the_limits_are_loose() {
    let stream = Stream::new("loose", 0, 0);
    let sizes = Dimensions { neurons: 100, d_in: 3, d_out: 2, steps: 20, trials: 20 };
    let task = TaskFamily::RandomTargets.draw(&sizes, &stream.named("task")).expect("in f64");
    let scaled =
        |rows, cols, size: f64, name| Matrix::normal(rows, cols, size, &mut stream.named(name));
    let dynamics = Dynamics { leak: 0.5, phi: Activation::Identity, psi: Activation::Tanh };
    let network = Network::rnn(
        dynamics,
        scaled(100, 100, 0.09, "W"),
        scaled(100, 3, 1.0, "B"),
        scaled(2, 100, 0.01, "C"),
    );
    let network = network.expect("shapes that fit");
    let optimizer = Optimizer::gradient_descent(1.0);
    let training = Training {
        trained: Subset::only(["W"]),
        ..Training::new(&network, &task, &SquaredError, optimizer)
    };
    let trajectory = training.run(10).expect("a run that stays finite");
    let mut found = Vec::new();
    for mode in Mode::ALL {
        let spectra = Spectra::of(&Product::of(&trajectory, mode), trajectory.tensor_noise());
        let spectra = spectra.expect("real numbers");
        let ratios = spectra.movement.iter().zip(&spectra.limits).take(10);
        let ratios: Vec<_> = ratios.map(|(value, limit)| limit / value).collect();
        found.push((spectra.dimensions().known().expect("clear"), spectra.allowed()));
        let loose = if mode == Mode::Step { 2.0..20.0 } else { 10.0..40.0 };
        assert!(ratios.iter().all(|ratio| loose.contains(ratio)), "{}: {ratios:?}", mode.name());
    }
    assert_eq!(found, [(5, 95), (5, 92), (2, 4)]);
}
