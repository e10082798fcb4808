use rankproof::matrix::{Matrix, RankRevealing};
use rankproof::network::Activation;
use rankproof::scalar::Fp;
use rankproof::task::Task;

use crate::explicit::{Explicit, integers, parabola};

/// (T - 1) min(p, q) with T = 4.
const BOUND: usize = 3;

fn first_gradient() -> Explicit<Fp> {
    let explicit = Explicit::new(8, 1, 1).starting_at(integers(8, 8, 5));
    assert_eq!(explicit.rank(1), BOUND);
    explicit
}

#[test]
fn the_network_must_be_linear() {
    assert_eq!(first_gradient().bent(parabola(), Activation::Identity).rank(1), 8);
}

/// The rows gain one dimension for each time step.
#[test]
fn an_initial_state_counts() {
    assert_eq!(first_gradient().with_state(integers(8, 1, 6)).rank(1), BOUND + 1);
}

/// A later gradient has A of its own: the increment, a sum of two, exceeds the bound of one.
#[test]
fn it_is_about_one_gradient() {
    assert_eq!(first_gradient().rank(2), BOUND + 1);
    let trajectory = first_gradient().train(2);
    let second = &trajectory.gradients()[1];
    assert_eq!(Fp::rank(&second.to_matrix(), 0.0).bounds.upper, BOUND);
}

/// One impulse as input, one error at the end, and A = rho times a cyclic shift of 8 neurons: G_0 is
/// a sum of T - 1 orthogonal terms of equal size. With rho = 1 that size does not depend on T, so the
/// last singular value exceeds what a norm of 1/2 would allow.
#[test]
fn the_decay_needs_a_norm_below_one() {
    const T: i32 = 8;
    let last = |rho: f64| {
        let shift = Matrix::from_fn(8, 8, |i, j| if i == (j + 1) % 8 { rho } else { 0.0 });
        let mut explicit = Explicit::<f64>::new(8, 1, 1).starting_at(shift);
        let at = |place: usize| move |i: usize, j: usize| f64::from(u8::from(i + j == place));
        explicit.put("B", Matrix::from_fn(8, 1, at(0)));
        explicit.put("C", Matrix::from_fn(1, 8, at(0)));
        // The output is 1 at time 1 and 0 at time T.
        let target = Matrix::from_fn(1, 9, |_, t| f64::from(u8::from(t == 1 || t == 8)));
        let inputs = Matrix::from_fn(1, 8, at(0));
        explicit.task = Task::new(1, inputs, target, Matrix::from_fn(1, 9, |_, _| 1.0));
        let gradient = explicit.train(1).gradients()[0].to_matrix();
        let rank = f64::rank(&gradient, 0.0);
        let (values, _) = rank.spectrum().expect("singular values");
        assert!((values[0] - values[6]).abs() < 1e-15);
        values[6]
    };
    // M T ||B|| ||C|| e u rho^6 / (1 - rho)^2
    let bound = |rho: f64| f64::from(T) * rho.powi(T - 2) / (1.0 - rho).powi(2);
    assert!(last(0.5) <= bound(0.5));
    assert!(last(1.0) > bound(0.5), "{} {}", last(1.0), bound(0.5));
}
