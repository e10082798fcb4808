use rankproof::matrix::Matrix;
use rankproof::network::{Activation, Loss};
use rankproof::scalar::{Fp, Scalar};
use rankproof::task::Task;
use rankproof::training::UpdateRule;

use crate::explicit::{Explicit, integers, parabola, unit};

/// r_u = r_y = 1.
const BOUND: usize = 3;

/// Five outputs with C C^T = I (the first rows of the identity), one input, and targets that are
/// all multiples of one.
fn low_dimensional() -> Explicit<Fp> {
    let mut explicit = Explicit::new(8, 1, 6);
    let rows = Matrix::from_fn(6, 8, |i, j| Fp::from_integer(i64::from(i == j)));
    explicit.put("C", rows);
    let columns = explicit.task.targets.cols();
    explicit.task.targets = integers::<Fp>(6, 1, 5).times(&integers(1, columns, 6));
    assert_eq!(explicit.rank(5), BOUND);
    explicit
}

/// min(2 r_u + r_y, r_u + q) = 3 becomes r_u + q = 7.
#[test]
fn the_readout_must_be_orthonormal() {
    let mut explicit = low_dimensional();
    explicit.put("C", integers(6, 8, 7));
    assert_eq!(explicit.rank(5), 7);
}

/// Half the fourth power of the distance, whose gradient is not linear in the outputs.
struct FourthPower;

impl Loss<Fp> for FourthPower {
    fn value(&self, outputs: &Matrix<Fp>, task: &Task<Fp>) -> Fp {
        let errors = self.errors(outputs, task);
        errors.inner_product(&outputs.minus(&task.targets)) * Fp::ratio(1, 4)
    }

    fn errors(&self, outputs: &Matrix<Fp>, task: &Task<Fp>) -> Matrix<Fp> {
        outputs.minus(&task.targets).map(|distance| distance * distance * distance)
    }
}

#[test]
fn the_loss_must_be_squared() {
    let mut explicit = low_dimensional();
    explicit.loss = Box::new(FourthPower);
    assert_eq!(explicit.rank(5), 6);
}

#[test]
fn an_initial_state_counts() {
    assert_eq!(low_dimensional().with_state(integers(8, 1, 7)).rank(5), 5);
}

#[test]
fn a_bias_counts() {
    assert_eq!(low_dimensional().biased(integers(8, 1, 7)).rank(5), 5);
}

#[test]
fn the_network_must_be_linear() {
    assert_eq!(low_dimensional().bent(parabola(), Activation::Identity).rank(5), 8);
}

#[test]
fn the_start_must_be_a_multiple_of_the_identity() {
    assert_eq!(low_dimensional().starting_at(unit(8, 0, 7)).rank(5), 5);
}

#[test]
fn the_optimizer_must_be_gd_like() {
    let cube = UpdateRule::cube();
    assert_eq!(low_dimensional().along(cube).rank(5), 6);
}
