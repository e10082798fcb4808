use rankproof::matrix::RankRevealing;
use rankproof::network::Activation;
use rankproof::scalar::Fp;

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
    let second = &first_gradient().train(2).gradients[1];
    assert_eq!(Fp::rank(&second.to_matrix(), 0.0).upper, BOUND);
}
