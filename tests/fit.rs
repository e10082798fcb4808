//! The fit of a recording: what is recovered of known weights, what is saved and resumed, and what a
//! wrong model does not reach.

use std::ops::ControlFlow;

use proptest::prelude::*;
use rankproof::file::Element;
use rankproof::fit::{
    Architecture, ChangingWeights, Comparison, Course, CrossValidation, Driving, Fit, FitFloat,
    Fold, Grid, Grouping, HeldOut, InitialStates, Inputs, Job, Likelihood, Objective, Observations,
    Outcome, Recurrence, Role, Saved, Score, Search, Settings, Simulation, Standing, Start,
    TrialPrior, Verdict, condition_means,
};
use rankproof::matrix::{Matrix, Subspace, principal_angles};
use rankproof::recording::Recording;
use rankproof::report::{Number, Summary, VerificationRecord, VerificationRow};
use rankproof::scalar::Stream;
use rankproof::theorem::Generic;
use serde::Serialize;
use serde::de::DeserializeOwned;
use statrs::statistics::Statistics;

const SMALL: Simulation = Simulation {
    neurons: 60,
    units: 40,
    trials: 120,
    bins: 25,
    rank: 2,
    conditions: 4,
    noise: 0.1,
    likelihood: Likelihood::Gaussian,
    constant: false,
    initial_spread: 0.0,
    gain_spread: 0.0,
};

const BOTH: [Role; 2] = [Role::Test, Role::Validation];

fn objective<S: FitFloat>(recording: &Recording, architecture: &Architecture) -> Objective<S> {
    let roles = HeldOut::default().roles(recording, 0, &BOTH, 1).unwrap();
    Objective::new(architecture, Observations::new(recording, &roles).unwrap()).unwrap()
}

fn fitted(recording: &Recording, architecture: &Architecture) -> Fit<f32> {
    let mut fit = Fit::new(objective(recording, architecture), Settings::default());
    fit.run(|_, _| ControlFlow::Continue(())).expect("it converges");
    fit
}

/// How well the true model predicts held-out entries.
fn truth_score(recording: &Recording, truth: &Saved<f64>) -> Score {
    objective(recording, &truth.architecture).score(&truth.model, Role::Test)
}

#[test]
fn known_weights_are_recovered() {
    let (recording, truth) = SMALL.recording(1).unwrap();
    let fit = fitted(&recording, &truth.architecture);
    let model = fit.model();
    let found = fit.score(Role::Test).r2;
    let best = truth_score(&recording, &truth).r2;
    // Noise is a tenth of the variance, and so many numbers explain so much of it by chance.
    assert!((best - 0.9).abs() < 0.005, "held-out R2 of the truth {best}");
    let numbers: usize = fit.blocks().shapes().iter().map(|(_, (rows, cols))| rows * cols).sum();
    let by_chance = 0.1 * numbers as f64 / fit.objective().entries(Role::Train) as f64;
    assert!(by_chance < 0.003 && found > best - by_chance, "{found}, of the truth {best}");

    let seen = fit.objective().visible_columns(&model).map(f64::from);
    let exact = objective::<f64>(&recording, &truth.architecture);
    let true_columns = exact.visible_columns(&truth.model);
    let space = |columns: &Matrix<f64>| Subspace::spanned_by(SMALL.neurons, [columns]).unwrap();
    let angles = principal_angles(&space(&seen), &space(&true_columns));
    // The noise turns them by 1.7 and 2.9 degrees; a random plane of 60 is turned by more than 60.
    assert!(angles.iter().all(|angle| angle.to_degrees() < 5.0), "{angles:?}");

    // Terms come in any order and with any sign.
    let of_term = |factors: &Matrix<f64>, r: usize| {
        (0..SMALL.trials).map(|k| factors[(r, k)]).collect::<Vec<_>>()
    };
    let factors = model.trial_factors().unwrap().map(f64::from);
    for r in 0..2 {
        let expected = of_term(truth.model.trial_factors().unwrap(), r);
        let correlations = (0..2).map(|s| correlation(&expected, &of_term(&factors, s)).abs());
        let best = correlations.fold(0.0, f64::max);
        assert!(best > 0.99, "trial factor {r} correlates by {best}");
    }
}

/// Between -1 and 1.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    a.covariance(b) / (a.std_dev() * b.std_dev())
}

/// The control of the recovery: too few terms, or weights that do not change, must be noticed.
#[test]
fn a_model_without_learning_or_of_too_low_rank_predicts_worse() {
    let (recording, truth) = SMALL.recording(1).unwrap();
    let best = truth_score(&recording, &truth).r2;
    let low = Architecture { rank: 1, ..truth.architecture.clone() };
    let constant = Architecture { recurrence: Recurrence::Constant, ..truth.architecture.clone() };
    for architecture in [low, constant] {
        let found = fitted(&recording, &architecture).score(Role::Test).r2;
        // The right model comes within 0.002 of the truth here, these within 0.05 do not.
        assert!(found < best - 0.05, "{:?}: {found} against {best}", architecture.recurrence);
    }
}

#[test]
fn counts_are_fitted_with_a_poisson_likelihood() {
    let poisson = Simulation { likelihood: Likelihood::Poisson, ..SMALL };
    let (recording, truth) = poisson.recording(2).unwrap();
    let fit = fitted(&recording, &truth.architecture);
    let best = truth_score(&recording, &truth).loss;
    let found = fit.score(Role::Test).loss;
    // In nats for an entry: what the means of conditions lose is the yardstick.
    let roles = HeldOut::default().roles(&recording, 0, &BOTH, 1).unwrap();
    let means = condition_means(&recording, &roles, Likelihood::Poisson, Role::Test).unwrap();
    assert!(best < means.loss);
    assert!(found - best < 0.05 * (means.loss - best), "{found}, {best}, {}", means.loss);
    // What the loop reports is what is scored, factorials and all.
    let scored = fit.score(Role::Validation).loss;
    let reported = fit.losses().iter().map(|losses| losses.validation).fold(f64::NAN, f64::min);
    assert!((scored - reported).abs() < 1e-4, "{scored} {reported}");
}

#[test]
fn a_fit_that_was_saved_goes_on_to_the_same_bits() {
    let (recording, _) = SMALL.recording(3).unwrap();
    // Noise too must not depend on where a fit was broken off.
    let architecture = Architecture { noise: 0.1, ..Architecture::new(20, 2, SMALL.bins) };
    let settings = Settings { iterations: 14, patience: 3, ..Settings::default() };
    let go_on = |_: &Fit<f32>, _| ControlFlow::Continue(());
    let mut whole: Fit<f32> = Fit::new(objective(&recording, &architecture), settings);
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
    assert_eq!(whole.losses(), second.losses());
    assert_eq!(whole.weights(7), second.weights(7));
    assert_eq!(whole.model().readout(), second.model().readout());
    assert_eq!(whole.initial_state(7), second.initial_state(7));

    // A checkpoint of another model is refused.
    let other = Architecture { rank: 3, ..architecture };
    let refused = Fit::<f32>::resume(objective(&recording, &other), settings, &path).unwrap_err();
    assert!(refused.to_string().contains("another model"), "{refused}");
}

#[test]
fn too_large_a_step_is_reported_by_its_iteration() {
    let (recording, _) = SMALL.recording(3).unwrap();
    let architecture = Architecture {
        nonlinearity: rankproof::fit::Nonlinearity::IDENTITY,
        ..Architecture::new(20, 2, SMALL.bins)
    };
    let settings = Settings { learning_rate: 1e12, ..Settings::default() };
    let mut fit: Fit<f32> = Fit::new(objective(&recording, &architecture), settings);
    let error = fit.run(|_, _| ControlFlow::Continue(())).unwrap_err();
    assert!(error.to_string().starts_with("fitting diverged in iteration "), "{error}");
}

/// All finite numbers: of every exponent, and quotients, whose digits go on.
fn finite() -> impl Strategy<Value = f64> {
    let extremes = vec![0.0, -0.0, f64::from_bits(1), -f64::MIN_POSITIVE, f64::MAX, f64::MIN];
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |number| number.is_finite()),
        (1_u32..300, 1_u32..300).prop_map(|(a, b)| f64::from(a) / f64::from(b)),
        prop::sample::select(extremes),
    ]
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => finite(),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
    ]
}

/// What comes back of a value that is written as JSON and read as the program reads it: as what it
/// is, or as any JSON first.
fn read_back<T: Serialize + DeserializeOwned>(value: &T) -> [T; 2] {
    let text = serde_json::to_string(value).unwrap();
    let any: serde_json::Value = serde_json::from_str(&text).unwrap();
    [serde_json::from_str(&text).unwrap(), serde_json::from_value(any).unwrap()]
}

/// By all digits and signs: `{:?}` tells any two numbers apart, and NaN is NaN.
fn comes_back<T: Serialize + DeserializeOwned + std::fmt::Debug>(value: &T) {
    for found in read_back(value) {
        assert_eq!(format!("{found:?}"), format!("{value:?}"));
    }
}

/// All that `fit` and `cv` keep of what they were asked for.
fn plan(numbers: [f64; 10], seed: u64) -> CrossValidation {
    let [leak, noise, activity_penalty, length, amplitude, independent, ..] = numbers;
    let prior = TrialPrior { length, amplitude, independent, ..TrialPrior::default() };
    let architecture = Architecture::new(5, 2, 10);
    CrossValidation {
        ranks: vec![1, usize::MAX],
        units: vec![5],
        seeds: seed,
        folds: 2,
        held_out: HeldOut { share: numbers[6], ..HeldOut::default() },
        settings: Settings { learning_rate: numbers[7], seed, ..Settings::default() },
        architecture: Architecture {
            leak,
            noise,
            activity_penalty,
            recurrence: Recurrence::LowTensorRank(prior),
            inputs: Inputs { course: Course::Smooth(numbers[8]), ..architecture.inputs },
            ..architecture
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_number_in_json_comes_back_to_the_same_bits(
        numbers in prop::array::uniform10(finite()),
        any_numbers in prop::array::uniform4(any_number()),
        seed in any::<u64>(),
    ) {
        comes_back(&plan(numbers, seed));
        let [loss, r2, low, high] = any_numbers;
        let score = |loss, r2| Score { entries: usize::MAX, loss, r2, bits_per_spike: r2 };
        let job = Job { comparison: Comparison::Cp, rank: 1, units: 0, seed, fold: 1 };
        let (test, train) = (score(loss, r2), score(low, high));
        comes_back(&Fold { job, test, validation: train, train, iterations: 3 });
        let expected = Some((low, high));
        let number = Number { name: "x".into(), meaning: "y".into(), value: Some(numbers[0]), expected };
        comes_back(&Summary {
            schema: 1,
            experiment: "e".into(),
            title: "t".into(),
            quick: true,
            words: Some("said".into()),
            seconds: numbers[1],
            numbers: vec![number.clone(), Number { value: None, expected: None, ..number }],
            figures: Vec::new(),
            tables: Vec::new(),
        });
        let row = VerificationRow {
            theorem: "fingerprints".into(),
            source: vec!["Ziyin (2023)".into()],
            arithmetic: "exact".into(),
            cases: seed,
            held: seed / 3,
            violated: u64::MAX,
            inconclusive: 0,
            attained: seed % 5,
            generic: Some(Generic {
                missed_each: numbers[2],
                missed_together: numbers[3],
                degree: seed,
                ..Generic::default()
            }),
        };
        comes_back(&VerificationRecord { schema: 1, seed, prime: seed, results: vec![row] });
    }

    #[test]
    fn every_number_of_a_recording_comes_back_to_the_same_bits(
        activity in prop::collection::vec(finite(), 6),
        [width, start, given] in prop::array::uniform3(finite()),
    ) {
        let small = Simulation { neurons: 1, trials: 3, bins: 2, ..SMALL };
        let (mut recording, _) = small.recording(1).unwrap();
        recording.activity = activity;
        recording.activity[4] = f64::NAN;
        recording.bin_seconds = width.abs().max(f64::from_bits(1));
        recording.start_seconds = start;
        recording.provenance = serde_json::json!({ "given": given, "more": [start, width] }).to_string();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rec.npz");
        recording.write(&path).unwrap();
        let found = Recording::read(&path).unwrap();
        prop_assert_eq!(format!("{found:?}"), format!("{recording:?}"));
    }
}

/// A recording and what is fitted to it, with numbers that few digits do not name.
fn random_fit(stream: &mut Stream) -> (Recording, Architecture, Settings) {
    let bins = 3 + stream.below(20);
    let simulation = Simulation {
        neurons: 6,
        units: 5,
        trials: 20 + stream.below(30),
        bins,
        conditions: 2,
        likelihood: [Likelihood::Poisson, Likelihood::Gaussian][stream.below(2)],
        ..SMALL
    };
    let (mut recording, _) = simulation.recording(stream.bits()).unwrap();
    // As where trials were left out.
    let mut number = 0;
    for trial in &mut recording.trial_numbers {
        number += 1 + stream.below(5) as i64;
        *trial = number;
    }
    let prior = TrialPrior {
        length: 1.0 + 20.0 * stream.uniform(),
        amplitude: 0.1 + stream.uniform(),
        independent: stream.uniform(),
        ..TrialPrior::default()
    };
    let by = [Grouping::Common, Grouping::Condition, Grouping::Trial][stream.below(3)];
    let architecture = Architecture {
        recurrence: match stream.below(4) {
            0 => Recurrence::Constant,
            1 => Recurrence::Free,
            _ => Recurrence::LowTensorRank(prior),
        },
        likelihood: simulation.likelihood,
        leak: 0.05 + 0.9 * stream.uniform(),
        noise: 0.2 * stream.uniform(),
        activity_penalty: 0.1 * stream.uniform(),
        initial: InitialStates::Learned { by, confined: stream.below(2) == 0 },
        ..Architecture::new(5, 2, bins)
    };
    let settings = Settings {
        iterations: 8 + stream.below(8),
        learning_rate: 0.001 + 0.05 * stream.uniform(),
        patience: 1 + stream.below(4),
        seed: stream.bits(),
    };
    (recording, architecture, settings)
}

/// Breaks a fit off after some iterations, and takes it up with what JSON gives back of its plan.
fn resumed_as_whole<S: FitFloat + Element>(case: u64) {
    let mut stream = Stream::new("random fits", 1, case);
    let (recording, architecture, settings) = random_fit(&mut stream);
    let until = 1 + stream.below(settings.iterations);
    let roles = HeldOut::default().roles(&recording, 0, &BOTH, settings.seed).unwrap();
    let objective = |architecture| {
        Objective::<S>::new(architecture, Observations::new(&recording, &roles).unwrap()).unwrap()
    };
    let mut whole = Fit::new(objective(&architecture), settings);
    let end = whole.run(|_, _| ControlFlow::Continue(())).unwrap();

    let mut first = Fit::new(objective(&architecture), settings);
    first
        .run(|_, made| {
            if made.iteration == until { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let bytes = |name: &str, fit: &Fit<S>| {
        let (checkpoint, model) = (folder.path().join(name), folder.path().join("model.npz"));
        fit.save(&checkpoint).unwrap();
        fit.saved().write(&model, &recording, None).unwrap();
        [checkpoint, model].map(|path| std::fs::read(path).unwrap())
    };
    let broken_off = bytes("first.npz", &first);
    let ([architecture, _], [settings, _]) = (read_back(&architecture), read_back(&settings));
    let path = folder.path().join("first.npz");
    let mut second = Fit::resume(objective(&architecture), settings, path).unwrap();
    assert!(bytes("read.npz", &second) == broken_off, "case {case}: a checkpoint as it was");
    assert_eq!(second.run(|_, _| ControlFlow::Continue(())), Ok(end), "case {case}");
    assert!(bytes("second.npz", &second) == bytes("whole.npz", &whole), "case {case}");
}

#[test]
fn fits_with_random_settings_go_on_to_the_same_bits() {
    for case in 0..20 {
        match case % 2 {
            0 => resumed_as_whole::<f32>(case),
            _ => resumed_as_whole::<f64>(case),
        }
    }
}

/// What the caution of a verdict says: initial states of trials look like changing weights where
/// they are not fitted, and do not where they are; where weights change, that is found all the same.
#[test]
fn varied_initial_states_look_like_changing_weights_until_they_are_fitted() {
    let simulation = Simulation {
        neurons: 20,
        units: 20,
        trials: 60,
        bins: 12,
        conditions: 2,
        constant: true,
        initial_spread: 0.5,
        ..SMALL
    };
    for (constant, by, expected) in [
        (true, Grouping::Condition, Standing::Worse),
        (true, Grouping::Trial, Standing::Unclear),
        (false, Grouping::Trial, Standing::Worse),
    ] {
        let (recording, _) = Simulation { constant, ..simulation }.recording(2).unwrap();
        let cv = CrossValidation {
            ranks: vec![2],
            units: vec![20],
            seeds: 1,
            folds: 6,
            held_out: HeldOut::default(),
            settings: Settings { iterations: 400, ..Settings::default() },
            architecture: Architecture {
                initial: InitialStates::Learned { by, confined: true },
                ..Architecture::new(20, 2, 12)
            },
        };
        let others = cv.comparisons(1, 2, 20).into_iter();
        let constant_weights = others.filter(|job| job.comparison == Comparison::Constant);
        let jobs: Vec<_> = cv.jobs().into_iter().chain(constant_weights).collect();
        let folds = cv.run_all::<f32>(&recording, &jobs).unwrap();
        let verdict = Verdict::new(&cv, &folds, 2, 20);
        assert_eq!(verdict.constant, expected, "constant: {constant}, by {by:?}");
        let false_alarm = verdict.in_words().starts_with("Weights that change over trials predict");
        assert_eq!(false_alarm, expected == Standing::Worse);
    }
}

/// With much noise a state for each trial is fitted to the noise, and one for each condition is wrong:
/// what trials share and how they differ are told apart by a prior, whose size is chosen on the
/// validation entries.
#[test]
fn a_hierarchy_of_initial_states_predicts_better_than_either_of_its_ends() {
    for (noise, trials, confined) in [(0.5, 80, true), (0.7, 160, false)] {
        let simulation = Simulation {
            neurons: 8,
            units: 20,
            trials,
            bins: 8,
            conditions: 2,
            noise,
            constant: true,
            initial_spread: 0.35,
            ..SMALL
        };
        let (recording, truth) = simulation.recording(3).unwrap();
        let held_out = HeldOut {
            bins: 3,
            trials: 2,
            guard_bins: 1,
            guard_trials: 1,
            share: 0.1,
            ..HeldOut::default()
        };
        let objective = |architecture: &Architecture, fold| {
            let roles = held_out.roles(&recording, fold, &BOTH, 1).unwrap();
            let observations = Observations::<f64>::new(&recording, &roles).unwrap();
            Objective::new(architecture, observations).unwrap()
        };
        let folds = || 0..4;
        // The losses of validation and test entries, as sums over folds.
        let losses = |initial| {
            let recurrence = Recurrence::Constant;
            let architecture =
                Architecture { initial, recurrence, ..Architecture::new(20, SMALL.rank, 8) };
            let of_folds = folds().map(|fold| {
                let settings = Settings { iterations: 600, ..Settings::default() };
                let mut fit = Fit::new(objective(&architecture, fold), settings);
                fit.run(|_, _| ControlFlow::Continue(())).unwrap();
                [fit.score(Role::Validation).loss, fit.score(Role::Test).loss]
            });
            of_folds.fold([0.0, 0.0], |sum, loss| [sum[0] + loss[0], sum[1] + loss[1]])
        };
        let [condition, trial] = [Grouping::Condition, Grouping::Trial]
            .map(|by| losses(InitialStates::Learned { by, confined })[1]);
        let sizes = [0.05, 0.2, 0.7].map(|spread| {
            let [judged, test] = losses(InitialStates::Hierarchy { confined, spread });
            (judged, test)
        });
        let chosen = sizes.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).unwrap().1;
        let exact = |fold| objective(&truth.architecture, fold).score(&truth.model, Role::Test);
        let best: f64 = folds().map(|fold| exact(fold).loss).sum();
        let all = format!("{chosen} of {best}; condition {condition}, trial {trial}");
        assert!(chosen < condition && chosen < trial, "{all}");
        assert!(chosen - best < 0.9 * (condition.min(trial) - best), "{all}");
    }
}

/// Initial states and gains that vary from trial to trial are not taken for changing weights where
/// each model chooses what it is made of, and changing weights are not missed.
#[test]
fn a_search_raises_no_false_alarm() {
    let simulation = Simulation {
        neurons: 12,
        units: 12,
        trials: 48,
        bins: 8,
        rank: 2,
        conditions: 4,
        noise: 0.2,
        initial_spread: 0.35,
        gain_spread: 0.15,
        ..SMALL
    };
    for constant in [true, false] {
        let (recording, _) = Simulation { constant, ..simulation }.recording(1).unwrap();
        let search = Search {
            cv: CrossValidation {
                ranks: vec![2],
                units: vec![12],
                seeds: 1,
                folds: 4,
                held_out: HeldOut::default(),
                settings: Settings { iterations: 250, ..Settings::default() },
                architecture: Architecture::new(12, 2, 8),
            },
            grid: Grid {
                initial: vec![Start::Condition, Start::Hierarchy(0.5)],
                inputs: vec![Driving::Never],
                time_constant: vec![0.5],
                length: vec![15.0],
                ..Grid::default()
            },
            permutations: 19,
        };
        let summary = search.answer::<f32>(&recording).unwrap();
        let answer = summary.verdict.answer.unwrap();
        let wrong = if constant { ChangingWeights::Needed } else { ChangingWeights::NotNeeded };
        assert_ne!(answer.changing_weights, wrong, "constant: {constant}: {answer:?}");
        let winners = summary.search.unwrap().winners;
        let of_constant = winners.iter().filter(|won| won.comparison == Comparison::Constant);
        let initial: Vec<_> = of_constant.map(|won| won.candidate.shared.initial).collect();
        assert_eq!(initial, [Start::Hierarchy(0.5); 4], "constant: {constant}");
    }
}
