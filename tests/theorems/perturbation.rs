use rankproof::theorem::perturbation::THEOREM;
use rankproof::theorem::{ActivationKind, Arithmetic, CaseId, InitialWeights};

use crate::harness::{catches_its_controls, holds};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// The exponents are those of the statement and not merely at least them: 1, 2, 2 and 4, each
/// within a twentieth in double-double.
#[test]
fn exponents_are_those_of_the_statement() {
    let id = |number| CaseId { arithmetic: Arithmetic::DoubleDouble, seed: 0, number };
    let mut seen = [0; 4];
    for number in 0..20 {
        let mut setting = THEOREM.run(id(number), None).setting;
        setting.psi = ActivationKind::Tanh;
        setting.initial_weights = InitialWeights::ScaledIdentity;
        setting.learning_steps = 1;
        let report = THEOREM.run_setting(id(number), setting, None);
        let observations = report.observed.clone().expect("a run that ends");
        for (law, (observation, predicted)) in
            observations.iter().zip([1.0, 2.0, 2.0, 4.0]).enumerate()
        {
            let Some((_, rest)) = observation.what.split_once("exponent ") else { continue };
            let (estimate, _) = rest.split_once(" +-").expect("an interval");
            let estimate: f64 = estimate.parse().expect("a number");
            seen[law] += usize::from((estimate - predicted).abs() < 0.05);
        }
    }
    // Some instances have nothing outside, where D_1 is zero.
    assert!(seen.iter().all(|&count| count >= 10), "{seen:?}");
}
