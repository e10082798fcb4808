//! Each model finds what it is made for.

use super::*;
use crate::fit::held_out::HeldOut;
use crate::fit::simulate::Simulation;
use crate::scalar::Stream;

const SHAPE: [usize; 3] = [120, 10, 12];

/// Trials of bins of neurons, with a little noise, in two epochs of two conditions each.
fn recording(entry: impl Fn(usize, usize, usize) -> f64) -> Recording {
    let [trials, bins, neurons] = SHAPE;
    let mut stream = Stream::new("comparisons", 1, 0);
    let mut activity = Vec::new();
    for k in 0..trials {
        for t in 0..bins {
            activity.extend((0..neurons).map(|n| entry(n, t, k) + 0.1 * stream.normal()));
        }
    }
    Recording::from_array(activity, SHAPE, 0.05)
        .conditions((0..trials).map(|k| (k % 2).to_string()))
        .epochs((0..trials).map(|k| (k / 60).to_string()))
        .build()
        .unwrap()
}

/// The explained variance of test entries, with so many terms.
fn explained(recording: &Recording, comparison: Comparison, rank: usize) -> f64 {
    let held_out = [Role::Test, Role::Validation];
    let roles = HeldOut::default().roles(recording, 0, &held_out, 1).unwrap();
    let scores = comparison.scores(recording, &roles, Likelihood::Gaussian, rank, 1, [Role::Test]);
    scores.unwrap().expect("no network")[0].r2
}

fn number(n: usize, seed: f64) -> f64 {
    (1.7 * n as f64 + seed).sin() + 0.3 * (0.9 * (n * n) as f64 + seed).cos()
}

/// Of the same size, without any order.
fn scattered(n: usize, seed: f64) -> f64 {
    2.0 * (1e4 * (12.9898 * n as f64 + seed).sin()).fract()
}

#[test]
fn principal_components_take_courses_that_trials_do_not_share() {
    let latent = |t: usize, k: usize, r: f64| scattered(t * 97 + k * 31, r);
    let found = recording(|n, t, k| {
        number(n, 1.0) * latent(t, k, 0.5) + number(n, 2.0) * latent(t, k, 2.5)
    });
    assert!(explained(&found, Comparison::PrincipalComponents, 2) > 0.9);
    assert!(explained(&found, Comparison::PrincipalComponents, 1) < 0.8);
    assert!(explained(&found, Comparison::SliceRank, 2) > 0.9);
    assert!(explained(&found, Comparison::Cp, 2) < 0.5);
}

#[test]
fn slices_of_any_index_are_found() {
    let of_trial = |k: usize| 1.0 + (k as f64 / 9.0).sin();
    let found = recording(|n, t, k| {
        of_trial(k) * scattered(t * 13 + n * 7, 0.2) + number(n, 1.0) * scattered(t * 97 + k, 0.5)
    });
    let slices = explained(&found, Comparison::SliceRank, 2);
    let components = explained(&found, Comparison::PrincipalComponents, 2);
    assert!(slices > 0.9 && components < slices - 0.05, "{slices} {components}");
}

#[test]
fn a_smooth_decomposition_predicts_noisy_trials_better() {
    let course = |k: usize| 1.0 + (k as f64 / 12.0).cos();
    let signal = recording(|n, t, k| number(n, 1.0) * number(t, 3.0) * course(k));
    let mut stream = Stream::new("much noise", 1, 0);
    let mut noisy = signal.clone();
    noisy.activity.iter_mut().for_each(|x| *x += 1.5 * stream.normal());
    // Against the signal that the noise hides.
    let roles = HeldOut::default().roles(&noisy, 0, &[Role::Test, Role::Validation], 1).unwrap();
    let training = Training::new(&noisy, &roles, 1).unwrap();
    let error = |model: Comparison| {
        let means = model.predictor().expect("no network").predictions(&training, 1);
        let pairs = means.iter().zip(&signal.activity);
        pairs.map(|(mean, signal)| (mean - signal).powi(2)).sum::<f64>()
    };
    let [smooth, plain] = [Comparison::SmoothCp, Comparison::Cp].map(error);
    assert!(smooth < 0.9 * plain, "{smooth} {plain}");
    assert!(explained(&signal, Comparison::SmoothCp, 1) > 0.9);
}

/// Trial factors without any order: nothing is gained by smoothness, and nothing lost.
#[test]
fn a_smooth_decomposition_is_not_worse_than_a_plain_one_where_nothing_is_smooth() {
    let found = recording(|n, t, k| {
        let term = |r: f64| number(n, r) * number(t, r + 3.0) * scattered(k, r + 0.3);
        term(1.0) + term(2.0) + term(4.0)
    });
    let [smooth, plain] = [Comparison::SmoothCp, Comparison::Cp].map(|m| explained(&found, m, 3));
    assert!(plain > 0.9 && smooth > plain - 0.01, "{smooth} {plain}");
}

/// A rotation of two dimensions whose speed changes over trials, from another state in each.
#[test]
fn linear_dynamics_take_the_bin_before() {
    let found = recording(|n, t, k| {
        let angle = (0.6 + 0.004 * k as f64) * t as f64 + 2.4 * (k * k) as f64;
        number(n, 1.0) * angle.cos() + number(n, 2.0) * angle.sin()
    });
    let dynamics = explained(&found, Comparison::LinearDynamics, 4);
    let means = explained(&found, Comparison::ConditionMean, 0);
    // The first of ten bins, which nothing drives, is predicted by means.
    assert!(dynamics > 0.7 && means < 0.2, "{dynamics} {means}");
}

#[test]
fn means_by_epoch_take_what_changes_between_epochs() {
    let found =
        recording(|n, t, k| number(n + 20 * (k / 60), 1.0) + number(t * 5 + k % 2, n as f64));
    let [epochs, conditions] =
        [Comparison::EpochMean, Comparison::ConditionMean].map(|m| explained(&found, m, 0));
    assert!(epochs > 0.9 && conditions < 0.8, "{epochs} {conditions}");
}

#[test]
fn rates_of_counts_are_never_below_zero_and_everything_is_finite() {
    let likelihood = Likelihood::Poisson;
    let simulation = Simulation { neurons: 10, trials: 30, likelihood, ..Simulation::default() };
    let (recording, _) = simulation.recording(1).unwrap();
    let roles = HeldOut::default().roles(&recording, 0, &[Role::Test], 1).unwrap();
    let judged = [Role::Test, Role::Train];
    for other in Comparison::OTHERS {
        let scores = other.scores(&recording, &roles, likelihood, 2, 1, judged).unwrap();
        assert_eq!(scores.is_none(), other.is_network());
        for score in scores.into_iter().flatten() {
            assert!(score.loss.is_finite() && score.entries > 0, "{}: {score:?}", other.name());
        }
    }
}

#[test]
fn names_differ_and_fit_their_column() {
    let names: std::collections::BTreeSet<_> = Comparison::OTHERS.map(Comparison::name).into();
    assert_eq!(names.len(), Comparison::OTHERS.len());
    assert_eq!((Comparison::others(1).count(), Comparison::others(2).count()), (8, 10));
    assert!(Comparison::networks(1).all(Comparison::is_network));
}
