use rankproof::matrix::Matrix;
use rankproof::network::Activation;
use rankproof::scalar::Fp;
use rankproof::training::UpdateRule;

use crate::explicit::{Explicit, integers, parabola};

/// p + q + 2 r with r = 1.
const BOUND: usize = 4;

fn start(columns: usize) -> Explicit<Fp> {
    let (p, q) = (integers(8, columns, 5), integers(8, columns, 6));
    Explicit::new(8, 1, 1).starting_at(Matrix::product(p.view(), q.t()))
}

fn of_rank_one() -> Explicit<Fp> {
    let start = start(1);
    assert_eq!(start.rank(4), BOUND);
    start
}

#[test]
fn every_column_of_the_start_counts() {
    of_rank_one();
    assert_eq!(start(2).rank(4), BOUND + 2);
}

#[test]
fn the_network_must_be_linear() {
    assert_eq!(of_rank_one().bent(parabola(), Activation::Identity).rank(4), 8);
}

#[test]
fn the_initial_state_must_be_common() {
    assert_eq!(of_rank_one().with_state(integers(8, 4, 7)).rank(4), 7);
}

#[test]
fn the_optimizer_must_be_gd_like() {
    let cube = UpdateRule::cube();
    assert_eq!(of_rank_one().along(cube).rank(4), 8);
}
