use rankproof::conjecture::prelude::*;
use rankproof::theorem::fibonacci_growth::fibonacci;

fn setting(arithmetic: Arithmetic) -> Domain {
    Domain {
        neurons: 1..=48,
        d_in: 1..=2,
        d_out: 1..=30,
        steps: 2..=16,
        trials: 2..=8,
        // Rounding hides the ranks of later steps.
        learning_steps: if arithmetic.is_real() { 1..=2 } else { 1..=5 },
        activations: vec![ActivationKind::Identity],
        phi: Some(vec![ActivationKind::Identity]),
        initial_weights: vec![InitialWeights::ScaledIdentity],
        initial_states: vec![InitialState::Zero],
        bias: false,
        tasks: vec![TaskFamily::RandomTargets],
        steppers: vec![StepperKind::GradientDescent],
        rules: vec![RuleKind::Gradient],
        trained: vec![Subset::only(["W", "bias", "h0"])],
        ..Domain::linear(arithmetic)
    }
}

fn claim<S: RankRevealing>(case: &Case<S>) -> Observed {
    let learned = case.train()?;
    let k = learned.steps();
    let p = case.setting.dimensions.d_in;
    // fibonacci-growth allows 2 (F_{k+2} - 2) for b and h_0.
    let inputs = p * (fibonacci(k + 2) - 1);
    let bound = inputs + 2 * (fibonacci(k + 2) - 2) + 1 - fibonacci(k);
    let found = Measure::Rank.of(&learned, k).ok_or(Inconclusive::Unavailable)?;
    Ok(vec![Observation::number("rank D_k", found, bound)])
}

#[test]
fn bias_and_state_share() {
    Conjecture {
        id: "bias-and-state-share",
        statement: "rank D_k <= p (F_{k+2} - 1) + 2 (F_{k+2} - 2) - (F_k - 1)",
        status: Status::Supported,
        setting,
        exact: claim,
        f64: claim,
    }
    .test(file!());
}
