//! The fit of a recording: what is recovered of known weights, what is saved and resumed, and what a
//! wrong model does not reach.

use std::ops::ControlFlow;

use rankproof::fit::{
    Architecture, Blocks, Fit, Objective, Observations, Outcome, Recurrence, Role, Saved, Settings,
    Simulation,
};
use rankproof::matrix::{Matrix, Subspace, principal_angles};
use rankproof::recording::Recording;

const SMALL: Simulation = Simulation {
    neurons: 60,
    units: 40,
    trials: 120,
    bins: 25,
    rank: 2,
    conditions: 4,
    noise: 0.1,
    counts: false,
    constant: false,
    initial_spread: 0.0,
};

const BOTH: [Role; 2] = [Role::Test, Role::Validation];

fn objective(recording: &Recording, architecture: &Architecture) -> Objective<f32> {
    let roles = Blocks::default().roles(recording, 0, &BOTH, 1);
    Objective::new(architecture, Observations::new(recording, &roles))
}

fn fitted(recording: &Recording, architecture: &Architecture) -> Fit<f32> {
    let mut fit = Fit::new(objective(recording, architecture), Settings::default());
    fit.run(|_, _| ControlFlow::Continue(())).expect("it converges");
    fit
}

/// The held-out R2 of the true model.
fn truth_r2(recording: &Recording, truth: &Saved<f64>) -> f64 {
    let roles = Blocks::default().roles(recording, 0, &BOTH, 1);
    let objective = Objective::new(&truth.architecture, Observations::new(recording, &roles));
    objective.score(&truth.model, Role::Test).r2
}

#[test]
fn known_weights_are_recovered() {
    let (recording, truth) = SMALL.recording(1);
    let architecture = truth.architecture.clone();
    let fit = fitted(&recording, &architecture);
    let model = fit.model();
    let found = fit.objective.score(&model, Role::Test).r2;
    let best = truth_r2(&recording, &truth);
    assert!(best > 0.8 && found > best - 0.005, "held-out R2 {found}, of the truth {best}");

    let network = fit.objective.network(&model);
    let seen = network.visible_columns(&network.run(0..SMALL.trials, None));
    let f64_objective = Objective::<f64>::new(
        &architecture,
        Observations::new(&recording, &vec![Role::Train; recording.activity.len()]),
    );
    let network = f64_objective.network(&truth.model);
    let true_columns = network.visible_columns(&network.run(0..SMALL.trials, None));
    let space = |columns: &Matrix<f64>| Subspace::spanned_by(SMALL.neurons, [columns]).unwrap();
    let angles = principal_angles(&space(&seen.map(f64::from)), &space(&true_columns));
    assert!(angles.iter().all(|angle| angle.to_degrees() < 10.0), "{angles:?}");

    // Terms come in any order and with any sign.
    for r in 0..2 {
        let row =
            |matrix: &Matrix<f64>, r| (0..SMALL.trials).map(|k| matrix[(r, k)]).collect::<Vec<_>>();
        let expected = row(&truth.model.factors, r);
        let factors = model.factors.map(f64::from);
        let best =
            (0..2).map(|s| correlation(&expected, &row(&factors, s)).abs()).fold(0.0, f64::max);
        assert!(best > 0.95, "trial factor {r} correlates by {best}");
    }
}

/// Between -1 and 1.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let centred = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|value| value - mean).collect::<Vec<_>>()
    };
    let (a, b) = (centred(a), centred(b));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
}

/// The control of the recovery: too few terms, or weights that do not change, must be noticed.
#[test]
fn a_model_without_learning_or_of_too_low_rank_predicts_worse() {
    let (recording, truth) = SMALL.recording(1);
    let best = truth_r2(&recording, &truth);
    let low = Architecture { rank: 1, ..truth.architecture.clone() };
    let constant = Architecture { recurrence: Recurrence::Constant, ..truth.architecture.clone() };
    for architecture in [low, constant] {
        let fit = fitted(&recording, &architecture);
        let found = fit.objective.score(&fit.model(), Role::Test).r2;
        // The right model comes within 0.001 of the truth here.
        assert!(found < best - 0.01, "{:?}: {found} against {best}", architecture.recurrence);
    }
}

#[test]
fn counts_are_fitted_with_a_poisson_likelihood() {
    let (recording, truth) = Simulation { counts: true, ..SMALL }.recording(2);
    let fit = fitted(&recording, &truth.architecture);
    let roles = Blocks::default().roles(&recording, 0, &BOTH, 1);
    let exact = Objective::<f64>::new(&truth.architecture, Observations::new(&recording, &roles));
    let best = exact.score(&truth.model, Role::Test).loss;
    let found = fit.objective.score(&fit.model(), Role::Test).loss;
    // In nats for an entry: what a constant rate loses is the yardstick.
    let constant = rankproof::fit::condition_means(
        &recording,
        &roles,
        truth.architecture.likelihood,
        Role::Test,
    );
    assert!(best < constant.loss);
    assert!(found - best < 0.25 * (constant.loss - best), "{found}, {best}, {}", constant.loss);
    // What the loop reports is what is scored, factorials and all.
    let scored = fit.objective.score(&fit.model(), Role::Validation).loss;
    let reported = fit.losses.iter().map(|losses| losses.validation).fold(f64::NAN, f64::min);
    assert!((scored - reported).abs() < 1e-4, "{scored} {reported}");
}

#[test]
fn a_fit_that_was_saved_goes_on_to_the_same_bits() {
    let (recording, _) = SMALL.recording(3);
    // Noise too must not depend on where a fit was broken off.
    let architecture = Architecture { noise: 0.1, ..Architecture::new(20, 2, SMALL.bins) };
    let settings = Settings { iterations: 14, patience: 3, ..Settings::default() };
    let go_on = |_: &Fit<f32>, _| ControlFlow::Continue(());
    let mut whole = Fit::new(objective(&recording, &architecture), settings);
    assert_eq!(whole.run(go_on), Ok(Outcome::Iterations));

    let mut first = Fit::new(objective(&recording, &architecture), settings);
    let until = |_: &Fit<f32>, made: rankproof::fit::Progress| match made.iteration {
        6 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    assert_eq!(first.run(until), Ok(Outcome::Interrupted));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.npz");
    first.save(&path).unwrap();
    let mut second = Fit::resume(objective(&recording, &architecture), settings, &path).unwrap();
    assert_eq!(second.iterations(), 6);
    assert_eq!(second.run(go_on), Ok(Outcome::Iterations));
    assert_eq!(whole.losses, second.losses);
    assert_eq!(whole.model().columns, second.model().columns);
    assert_eq!(whole.model().factors, second.model().factors);
    assert_eq!(whole.model().readout, second.model().readout);

    // A checkpoint of another model is refused.
    let other = Architecture { rank: 3, ..architecture };
    let refused = Fit::resume(objective(&recording, &other), settings, &path).unwrap_err();
    assert!(refused.to_string().contains("another model"), "{refused}");
}

#[test]
fn too_large_a_step_is_reported_by_its_iteration() {
    let (recording, _) = SMALL.recording(3);
    let architecture = Architecture {
        nonlinearity: rankproof::fit::Nonlinearity::Identity,
        ..Architecture::new(20, 2, SMALL.bins)
    };
    let settings = Settings { learning_rate: 1e12, ..Settings::default() };
    let mut fit = Fit::new(objective(&recording, &architecture), settings);
    let error = fit.run(|_, _| ControlFlow::Continue(())).unwrap_err();
    assert!(error.to_string().starts_with("fitting diverged in iteration "), "{error}");
}
