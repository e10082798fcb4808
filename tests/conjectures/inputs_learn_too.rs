use rankproof::conjecture::prelude::*;
use rankproof::theorem::fibonacci_growth::fibonacci;

fn setting(arithmetic: Arithmetic) -> Domain {
    Domain {
        neurons: 1..=48,
        d_in: 1..=3,
        d_out: 1..=12,
        steps: 3..=4,
        trials: 2..=3,
        // Rounding hides the ranks of later steps.
        learning_steps: if arithmetic.is_real() { 1..=2 } else { 1..=6 },
        activations: vec![ActivationKind::Identity],
        phi: Some(vec![ActivationKind::Identity]),
        initial_weights: vec![InitialWeights::Zero],
        initial_states: vec![InitialState::Common],
        bias: false,
        tasks: vec![TaskFamily::RandomTargets],
        steppers: vec![StepperKind::GradientDescent],
        rules: vec![RuleKind::Gradient],
        trained: vec![Subset::only(["W", "B"])],
        ..Domain::linear(arithmetic)
    }
}

fn claim<S: RankRevealing>(case: &Case<S>) -> Observed {
    let learned = case.train()?;
    let step = learned.steps();
    let k = step as i64;
    let p = case.setting.dimensions.d_in as i64;
    let q = case.setting.dimensions.d_out as i64;
    let time = case.setting.dimensions.steps as i64;
    let trials = case.setting.dimensions.trials as i64;
    let terms = [
        (time - 2) + p.min(q) * (time - 2) + trials * (fibonacci(k as usize + 2) as i64 - 1),
        -1 + q + trials * k * (time - 2),
        -(time - 2) + p.min(q) * (time - 2) + trials * ((1 << k) - 1),
    ];
    let bound = terms.into_iter().min().and_then(|least| usize::try_from(least).ok());
    let bound = bound.ok_or(Inconclusive::Unavailable)?;
    let found = Measure::Rank.of(&learned, step).ok_or(Inconclusive::Unavailable)?;
    Ok(vec![Observation::number("rank D_k", found, bound)])
}

#[test]
fn inputs_learn_too() {
    Conjecture {
        id: "inputs-learn-too",
        statement: "rank D_k <= min((T-2) + m (T-2) + M (F_{k+2} - 1), -1 + q + k M (T-2), -(T-2) + m (T-2) + M (2^k - 1))",
        status: Status::Supported,
        setting,
        exact: claim,
        f64: claim,
    }
    .test(file!());
}
