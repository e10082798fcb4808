use rankproof::matrix::SingularValues;
use rankproof::tensor::Mode;
use rankproof::theorem::effective_telescoping::Product;
use rankproof::training::{Trajectory, UpdateRule};

use crate::explicit::{Explicit, integers};

/// The movement along rows, all errors, and the norm of the rest.
fn along_rows(trajectory: &Trajectory<f64>) -> (Vec<f64>, Vec<f64>, f64) {
    let Product { movement, pooled, rest } = Product::of(trajectory, Mode::Row);
    let [movement, errors, rest] = [movement, pooled, rest].map(|part| f64::singular_values(&part));
    (movement, errors, rest[0])
}

/// Four time steps and one output: errors of one gradient have four dimensions.
#[test]
fn the_optimizer_must_be_gd_like() {
    let fifth = |rule| {
        let mut w = integers::<f64>(8, 8, 5);
        w.scale(0.1);
        let trajectory = Explicit::new(8, 1, 1).starting_at(w).along(rule).train(1);
        let (movement, errors, _) = along_rows(&trajectory);
        (movement[4] / movement[0], errors[4] / errors[0])
    };
    let (movement, errors) = fifth(UpdateRule::Gradient);
    assert!(movement < 1e-14 && errors < 1e-14, "{movement} {errors}");
    let (movement, errors) = fifth(UpdateRule::cube());
    assert!(movement > 1e-7 && errors < 1e-14, "{movement} {errors}");
}

/// Large inputs make large activity.
#[test]
fn the_norm_counts() {
    let mut explicit = Explicit::<f64>::new(6, 1, 1);
    let mut b = integers(6, 1, 1);
    b.scale(100.0);
    explicit.put("B", b);
    let (movement, errors, norm) = along_rows(&explicit.train(1));
    assert!(movement[0] > errors[0], "{movement:?} {errors:?}");
    assert!(movement[0] < errors[0] * norm, "{movement:?} {errors:?} {norm}");
}

/// The errors of the first gradient alone have fewer dimensions than two steps of movement.
#[test]
fn every_gradient_counts() {
    let mut explicit = Explicit::<f64>::new(8, 1, 2);
    // Small enough not to diverge.
    for (name, mut block) in [("B", integers(8, 1, 1)), ("C", integers(2, 8, 2))] {
        block.scale(0.01);
        explicit.put(name, block);
    }
    let trajectory = explicit.train(2);
    let (movement, errors, norm) = along_rows(&trajectory);
    let first = &trajectory.gradient(0).expect("the first").left.clone();
    let first = f64::singular_values(first);
    let place = first.iter().filter(|&&value| value > 1e-12 * first[0]).count();
    assert!(movement[place] > 1e-6 * movement[0], "{movement:?} {first:?}");
    assert!(movement[place] < errors[place] * norm, "{movement:?} {errors:?}");
}
