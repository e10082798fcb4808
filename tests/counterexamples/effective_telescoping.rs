use rankproof::matrix::{Matrix, RankRevealing};
use rankproof::training::UpdateRule;

use crate::explicit::{Explicit, integers};

/// The singular values of a matrix, as shares of the largest.
fn shares(matrix: &Matrix<f64>) -> Vec<f64> {
    let values = values(matrix);
    values.iter().map(|value| value / values[0]).collect()
}

fn values(matrix: &Matrix<f64>) -> Vec<f64> {
    f64::rank(matrix, 0.0).spectrum().expect("floating point").0.to_vec()
}

/// Four time steps and one output: errors of one gradient have four dimensions.
#[test]
fn the_optimizer_must_be_gd_like() {
    let fifth = |rule| {
        let mut w = integers::<f64>(8, 8, 5);
        w.scale(0.1);
        let trajectory = Explicit::new(8, 1, 1).starting_at(w).along(rule).train(1);
        let errors = shares(&trajectory.gradients()[0].left)[4];
        (errors, shares(&trajectory.increment(1))[4])
    };
    let (errors, movement) = fifth(UpdateRule::Gradient);
    assert!(errors < 1e-14 && movement < 1e-14, "{errors} {movement}");
    // What the trajectory keeps of the gradient is what has been made of it.
    assert!(fifth(UpdateRule::sign()).1 > 1e-3);
}

/// Large inputs make large activity.
#[test]
fn the_norm_counts() {
    let mut explicit = Explicit::<f64>::new(6, 1, 1);
    let mut b = integers(6, 1, 1);
    b.scale(100.0);
    explicit.put("B", b);
    let trajectory = explicit.train(1);
    let [movement, errors] =
        [&trajectory.increment(1), &trajectory.gradients()[0].left].map(values);
    assert!(movement[0] > errors[0], "{movement:?} {errors:?}");
}
