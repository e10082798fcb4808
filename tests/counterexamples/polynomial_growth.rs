use rankproof::matrix::Matrix;
use rankproof::network::Activation;
use rankproof::scalar::{Fp, Scalar};
use rankproof::training::UpdateRule;

use crate::explicit::{Explicit, integers, parabola};

/// psi = z + z^2 with one input and one output: z and z^2 in one variable at the first step; in the
/// three of the second there are 9 such monomials, of which one output misses one.
fn quadratic() -> Explicit<Fp> {
    let explicit = with(Activation::Identity, parabola());
    assert_eq!([1, 2].map(|k| explicit.rank(k)), [2, 8]);
    explicit
}

fn with(phi: Activation<Fp>, psi: Activation<Fp>) -> Explicit<Fp> {
    Explicit::new(12, 1, 1).bent(phi, psi)
}

/// With two inputs, where a quadratic psi learns in three dimensions and a ReLU tells more neurons
/// apart.
#[test]
fn psi_must_be_a_polynomial() {
    let rank = |psi| Explicit::<Fp>::new(12, 2, 1).bent(Activation::Identity, psi).rank(1);
    assert_eq!([parabola(), Activation::Relu].map(rank), [3, 7]);
}

/// z + z^2 + z^3: three monomials, and those of degree 2 with one output.
#[test]
fn the_degree_counts() {
    quadratic();
    let cubic = Activation::Polynomial(vec![Fp::ZERO, Fp::ONE, Fp::ONE, Fp::ONE]);
    assert_eq!(with(Activation::Identity, cubic).rank(1), 3);
}

#[test]
fn phi_must_be_linear() {
    quadratic();
    assert_eq!(with(parabola(), parabola()).rank(1), 4);
}

/// The degree doubles at every time step.
#[test]
fn the_start_must_be_zero() {
    let identity = Matrix::scaled_identity(12, Fp::ONE);
    assert_eq!(quadratic().starting_at(identity).rank(1), 5);
}

/// A leak leaves it in all later states.
#[test]
fn an_initial_state_counts() {
    let mut leaky = quadratic();
    leaky.network.architecture.dynamics.leak = Fp::ratio(1, 2);
    assert_eq!(leaky.rank(1), 2);
    assert_eq!(leaky.with_state(integers(12, 1, 5)).rank(1), 3);
}

/// The third powers of a matrix of rank two.
#[test]
fn the_optimizer_must_not_act_entry_by_entry() {
    assert_eq!(quadratic().along(UpdateRule::cube()).rank(1), 4);
}
