use rankproof::blocks::{Blocks, Subset};
use rankproof::matrix::{Matrix, RankRevealing};
use rankproof::network::{Activation, RnnParts};
use rankproof::scalar::{Fp, Scalar};
use rankproof::theorem::conservation_law::balance;
use rankproof::training::Stepper;

use crate::explicit::{Explicit, integers, parabola};

/// What Q gains in `steps` steps, less the form of each step.
fn excess(explicit: &Explicit<Fp>, steps: usize) -> Matrix<Fp> {
    let mut excess = Matrix::zeros(4, 4);
    let balance = |blocks: &Blocks<Fp>| balance(RnnParts::of(blocks).expect("in full"));
    let mut states = vec![explicit.network.blocks.clone()];
    states.extend((1..=steps).map(|k| explicit.train(k).end));
    for pair in states.windows(2) {
        let mut step = pair[1].clone();
        step.add_scaled(-Fp::ONE, &pair[0]);
        let moved = balance(&pair[1]).minus(&balance(&pair[0]));
        excess.add_scaled(Fp::ONE, &moved.minus(&balance(&step)));
    }
    excess
}

fn rank(matrix: &Matrix<Fp>) -> usize {
    Fp::rank(matrix, 0.0).bounds.upper
}

fn conserving() -> Explicit<Fp> {
    let mut explicit = Explicit::new(4, 1, 1)
        .starting_at(integers(4, 4, 5))
        .with_state(integers(4, 1, 6))
        .biased(integers(4, 1, 7));
    explicit.trained = Subset::All;
    assert_eq!(rank(&excess(&explicit, 2)), 0);
    explicit
}

/// ReLU keeps the diagonal, a parabola does not even do that.
#[test]
fn the_network_must_be_linear() {
    let bent = |phi| excess(&conserving().bent(phi, Activation::Identity), 1);
    let diagonal = |matrix: &Matrix<Fp>| (0..4).filter(|&i| matrix[(i, i)] != Fp::ZERO).count();
    let relu = bent(Activation::Relu);
    assert!(rank(&relu) > 0);
    assert_eq!(diagonal(&relu), 0);
    assert_eq!(diagonal(&bent(parabola())), 4);
}

#[test]
fn every_parameter_must_be_trained() {
    for trained in [
        Subset::only(["W", "C", "bias", "h0"]),
        Subset::only(["W", "B", "bias", "h0"]),
        Subset::only(["W", "B", "C", "h0"]),
        Subset::only(["W", "B", "C", "bias"]),
    ] {
        let mut explicit = conserving();
        explicit.trained = trained.clone();
        assert!(rank(&excess(&explicit, 1)) > 0, "{trained:?}");
    }
}

/// Momentum moves along gradients of other places.
#[test]
fn the_step_must_be_along_the_gradient() {
    let mut explicit = conserving();
    explicit.stepper = Stepper::HeavyBall { momentum: Fp::ONE };
    assert!(rank(&excess(&explicit, 2)) > 0);
}
