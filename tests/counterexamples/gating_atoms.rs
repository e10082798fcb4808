use rankproof::network::Activation;
use rankproof::scalar::{Fp, Scalar};
use rankproof::training::UpdateRule;

use crate::explicit::{Explicit, integers, parabola};

/// With inputs and weights above zero all gates are open: one atom, and the bound is 2.
fn one_atom() -> Explicit<Fp> {
    let mut explicit = Explicit::new(6, 1, 1);
    let positive = |x: Fp| if x.is_positive() { x } else { Fp::ONE - x };
    explicit.put("B", explicit.network.parts().b.map(positive));
    explicit.task.inputs = explicit.task.inputs.map(positive);
    let explicit = explicit.bent(Activation::Relu, Activation::Identity);
    assert_eq!(explicit.rank(1), 1);
    explicit
}

/// z + z^2 has no gates: neurons with different inputs bend differently.
#[test]
fn the_activations_must_be_piecewise_linear() {
    assert_eq!(one_atom().bent(parabola(), parabola()).rank(1), 3);
}

#[test]
fn the_start_must_keep_the_space() {
    let squares = integers::<Fp>(6, 6, 5).map(|x| x * x);
    assert_eq!(one_atom().starting_at(squares).rank(1), 3);
}

/// With inputs of both signs there is more than one atom, and more than the rank 2 of one.
#[test]
fn every_atom_counts() {
    one_atom();
    let explicit = Explicit::<Fp>::new(6, 1, 1).bent(Activation::Relu, Activation::Identity);
    assert_eq!(explicit.rank(2), 6);
}

/// The bound of one atom is 2.
#[test]
fn the_optimizer_must_be_gd_like() {
    let clip = UpdateRule::clip(Fp::from_integer(500));
    assert_eq!(one_atom().along(clip).rank(1), 3);
}
