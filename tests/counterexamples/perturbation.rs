use rankproof::matrix::{Matrix, RankRevealing, SingularValues, Subspace};
use rankproof::network::Activation;
use rankproof::task::Task;
use rankproof::theorem::Slope;
use rankproof::training::UpdateRule;

use crate::explicit::{Explicit, integers};

/// The exponent with which Q D_1 Q, relative to D_1, falls with the size of the inputs.
fn exponent(psi: Activation<f64>) -> Slope {
    exponent_with(psi, |explicit| explicit)
}

/// The same of an instance that is changed.
fn exponent_with(psi: Activation<f64>, change: impl Fn(Explicit<f64>) -> Explicit<f64>) -> Slope {
    let points = (5..11).map(|power| {
        let size = 0.5f64.powi(power);
        let half = Matrix::scaled_identity(6, 0.5);
        let bent = Explicit::new(6, 2, 1).starting_at(half).bent(Activation::Identity, psi.clone());
        let mut explicit = change(bent);
        explicit.task.inputs.scale(size);
        let trajectory = explicit.train(1);
        let increment = trajectory.increment(1);
        let start = explicit.network.parts();
        let space = Subspace::spanned_by(6, [start.b, &start.c.transposed()]);
        let space = space.expect("a clear dimension");
        let beyond = |matrix: &Matrix<f64>| f64::outside(space.basis(), matrix);
        let both = beyond(&beyond(&increment).transposed());
        (size, both.norm() / increment.norm())
    });
    Slope::of_logs(&points.collect::<Vec<_>>()).expect("six points")
}

/// z + z^2 differs from the identity in second order, tanh in third.
#[test]
fn the_activation_must_be_odd() {
    assert_eq!(exponent(Activation::Tanh).is_at_least(4.0, 0.1), Some(true));
    let parabola = exponent(Activation::Polynomial(vec![0.0, 1.0, 1.0]));
    assert_eq!(parabola.is_at_least(4.0, 0.1), Some(false), "{parabola}");
    assert_eq!(parabola.is_at_least(2.0, 0.1), Some(true), "{parabola}");
}

/// ReLU is not smooth at zero: its corner does not go away however small the inputs are.
#[test]
fn the_activation_must_be_smooth() {
    let relu = exponent(Activation::Relu);
    assert_eq!(relu.is_at_least(1.0, 0.1), Some(false), "{relu}");
}

/// W_0 of full rank does not become small.
#[test]
fn the_start_must_be_near_the_identity() {
    let trajectory = Explicit::<f64>::new(6, 1, 1).starting_at(integers(6, 6, 5)).train(1);
    let rank = f64::rank(&trajectory.increment(1), trajectory.noise(1));
    assert!(rank.bounds.lower > 2);
}

/// Small inputs are not enough: the bias must be as small.
#[test]
fn the_bias_must_be_small_too() {
    let biased = exponent_with(Activation::Tanh, |explicit| explicit.biased(integers(6, 1, 5)));
    assert_eq!(biased.is_at_least(1.0, 0.1), Some(false), "{biased}");
}

/// The signs of a small part outside the space are as large as those of the part inside.
#[test]
fn the_optimizer_must_be_gd_like() {
    let sign = UpdateRule::sign();
    let signs = exponent_with(Activation::Tanh, |explicit| explicit.along(sign.clone()));
    assert_eq!(signs.is_at_least(1.0, 0.1), Some(false), "{signs}");
}

/// The exponent with which sigma_3 / sigma_1 of D_1 falls with the size of the inputs. Outputs read
/// the directions of the inputs, so that S has two dimensions. The first input is given in one
/// trial, the second in two others as 1 and 2, and the second output is to become `wanted` there.
fn exponent_of_the_third(wanted: [f64; 2]) -> Slope {
    let points = (5..11).map(|power| {
        let s = 0.5f64.powi(power);
        let half = Matrix::scaled_identity(6, 0.5);
        let mut explicit =
            Explicit::new(6, 2, 2).starting_at(half).bent(Activation::Identity, Activation::Tanh);
        explicit.put("C", explicit.network.parts().b.transposed());
        let inputs =
            Matrix::from_rows(&[[s, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, s, 2.0 * s, 0.0, 0.0, 0.0]]);
        let targets = Matrix::from_fn(2, 9, |i, column| match (i, column) {
            (0, 6) => 1.0,
            (1, 7) => wanted[0],
            (1, 8) => wanted[1],
            _ => 0.0,
        });
        explicit.task = Task::new(3, inputs, targets, Matrix::from_fn(1, 9, |_, _| 1.0));
        let values = f64::singular_values(&explicit.train(1).increment(1));
        (s, values[2] / values[0])
    });
    Slope::of_logs(&points.collect::<Vec<_>>()).expect("six points")
}

/// The input 1, 2 has a linear response that an error 2, -1 does not see: then the second dimension
/// of S is learned in third order alone, as what lies outside S on one side.
#[test]
fn the_time_courses_must_not_be_orthogonal() {
    let seen = exponent_of_the_third([2.0, 1.0]);
    assert_eq!(seen.is_at_least(4.0, 0.1), Some(true), "{seen}");
    let unseen = exponent_of_the_third([2.0, -1.0]);
    assert_eq!(unseen.is_at_least(4.0, 0.1), Some(false), "{unseen}");
    assert!((unseen.estimate - 3.0).abs() < 0.1, "{unseen}");
}
