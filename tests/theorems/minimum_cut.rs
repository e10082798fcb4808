use rankproof::blocks::Subset;
use rankproof::task::Dimensions;
use rankproof::theorem::minimum_cut::THEOREM;
use rankproof::theorem::{
    ALL, InitialState, InitialWeights, Measure, RuleKind, Setting, StepperKind,
};

use crate::harness::{catches_its_controls, first_observation, holds, report_of};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// Ranks that no closed formula of the catalogue explains: ranks of D_2..D_5 from a full W_0, with
/// two trials of three steps and one of the hypotheses of linear-growth dropped.
#[test]
fn explains_what_formulas_do_not() {
    let subset = |names: &[&'static str]| Subset::only(names.iter().copied());
    for (trained, state, rule, ranks) in [
        (subset(&["W"]), InitialState::Common, RuleKind::Gradient, [6, 7, 8, 9]),
        (subset(&["W", "C"]), InitialState::Common, RuleKind::Gradient, [8, 11, 14, 17]),
        (subset(&["W", "C"]), InitialState::Zero, RuleKind::Muon, [6, 8, 10, 12]),
    ] {
        let dimensions = Dimensions { neurons: 48, d_in: 2, d_out: 2, steps: 3, trials: 2 };
        for (k, rank) in (2..).zip(ranks) {
            let report = report_of(&THEOREM, dimensions, k, |setting| {
                (setting.trained, setting.initial_state) = (trained.clone(), state);
                (setting.rule, setting.initial_weights) = (rule, InitialWeights::Full);
            });
            assert_eq!(first_observation(&report), (rank, rank), "{report}");
        }
    }
}

/// Wherever another theorem bounds these ranks of a linear network that learns through time, the
/// flow is no larger. The one that asks for less than random data, effective-task-dimension, bounds
/// nothing before training.
#[test]
fn no_closed_formula_says_more() {
    let trained = ["W", "W,B", "W,C", "W,B,C,bias,h0"].map(|names| Subset::only(names.split(',')));
    let starts = [InitialWeights::ScaledIdentity, InitialWeights::LowRank(2), InitialWeights::Full];
    let states = [InitialState::Zero, InitialState::Common, InitialState::PerTrial];
    let rules = [RuleKind::Gradient, RuleKind::Muon];
    let mut compared = 0;
    for (d_in, d_out) in [(1, 1), (1, 4), (3, 2)] {
        for (steps, trials) in [(6, 6), (3, 2), (2, 5)] {
            let dimensions = Dimensions { neurons: 30, d_in, d_out, steps, trials };
            for (start, state) in starts.into_iter().flat_map(|s| states.map(|t| (s, t))) {
                for (trained, rule) in trained.iter().flat_map(|t| rules.map(|rule| (t, rule))) {
                    let setting = Setting {
                        learning_steps: 4,
                        initial_weights: start,
                        initial_state: state,
                        trained: trained.clone(),
                        rule,
                        ..Setting::plain(dimensions)
                    };
                    compared += says_no_less(&setting);
                }
            }
        }
    }
    assert!(compared > 5000, "{compared}");
}

/// How many bounds of other theorems the flow was compared with.
fn says_no_less(setting: &Setting) -> usize {
    let mut compared = 0;
    for measure in [Measure::Rank, Measure::GradientRank] {
        for k in 0..=setting.learning_steps {
            let flow = (THEOREM.limit.expect("a limit"))(setting, measure, k).expect("a flow");
            for other in ALL {
                let limit = other.limit.and_then(|limit| limit(setting, measure, k));
                let Some(limit) = limit else { continue };
                assert!(flow <= limit, "{}: {flow} > {limit}, k = {k}, {setting}", other.id);
                compared += 1;
            }
        }
    }
    compared
}

/// Networks that would take too long are not built.
#[test]
fn says_nothing_of_very_long_learning() {
    let dimensions = Dimensions { neurons: 9, d_in: 1, d_out: 1, steps: 1000, trials: 1000 };
    for (learning_steps, says) in [(0, true), (1, false), (usize::MAX / 4, false)] {
        let stepper = StepperKind::GradientFlow;
        let setting = Setting { learning_steps, stepper, ..Setting::plain(dimensions) };
        let limit = (THEOREM.limit.expect("a limit"))(&setting, Measure::Rank, 0);
        assert_eq!(limit.is_some(), says);
    }
}
