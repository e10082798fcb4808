use rankproof::conjecture::prelude::*;

fn setting(arithmetic: Arithmetic) -> Domain {
    Domain {
        neurons: 1..=16,
        d_in: 1..=2,
        d_out: 1..=3,
        trials: 1..=6,
        learning_steps: 1..=1,
        activations: vec![ActivationKind::Polynomial(2), ActivationKind::Polynomial(3)],
        initial_weights: vec![InitialWeights::Zero],
        initial_states: vec![InitialState::Zero],
        steppers: vec![StepperKind::GradientDescent],
        trained: vec![Subset::only(["W"])],
        bias: false,
        ..Domain::linear(arithmetic)
    }
}

/// Monomials of degree n and below in p variables: binomial(p + n, n).
fn monomials(p: usize, n: usize) -> usize {
    (1..=n).fold(1, |product, i| product * (p + i) / i)
}

fn claim<S: RankRevealing>(case: &Case<S>) -> Observed {
    // The current form without a leak: with W_0 = 0 a state is B u_t, a polynomial of degree one.
    let mut network = case.instance.network.clone();
    let dynamics = &mut network.architecture.dynamics;
    *dynamics = rankproof::network::Dynamics::current(S::ONE, dynamics.psi.clone());
    let learned = case.training_of(&network).run(1)?;
    let ActivationKind::Polynomial(n) = case.setting.psi else {
        return Err(Inconclusive::Unavailable);
    };
    let (p, q) = (case.setting.dimensions.d_in, case.setting.dimensions.d_out);
    let bound = monomials(p, n).min(q * monomials(p, n - 1));
    Ok(vec![Observation::rank(Quantity::Rank(Sequence::Increments, 1), &learned.rank(1), bound)])
}

#[test]
fn polynomial_first_step() {
    Conjecture {
        id: "polynomial-first-step",
        statement: "psi a polynomial of degree n, phi = id, a = 1, W_0 = 0, h_0 = 0: \
                    rank D_1 <= min(binomial(p+n, n), q binomial(p+n-1, n-1)).",
        status: Status::Supported,
        setting,
        exact: claim,
        f64: claim,
    }
    .test(file!());
}
