use rankproof::theorem::spectral_optimizers::THEOREM;
use rankproof::theorem::{Arithmetic, InitialState, RuleKind};

use crate::harness::{attained, catches_its_controls, first_observation, holds, violated};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

#[test]
fn muon_reaches_the_bound_of_gradient_descent() {
    for (d_in, d_out) in [(1, 1), (2, 1), (3, 2)] {
        let report = attained(&THEOREM, |setting| {
            setting.dimensions.neurons = 10;
            (setting.dimensions.d_in, setting.dimensions.d_out) = (d_in, d_out);
            (setting.dimensions.trials, setting.dimensions.steps) = (4, 5);
            setting.learning_steps = 5;
            (setting.initial_state, setting.bias) = (InitialState::Zero, false);
        });
        assert_eq!(first_observation(&report), (d_in + d_out, d_in + d_out), "{report}");
    }
}

/// The negative half, on random instances; explicit ones are in `tests/counterexamples/`.
#[test]
fn entrywise_rules_violate_it() {
    let available = |rule: &RuleKind| Arithmetic::Exact.has_rule(*rule);
    for rule in RuleKind::ALL.into_iter().filter(available).filter(|rule| rule.is_entrywise()) {
        violated(&THEOREM, |setting| setting.rule = rule);
    }
}
