//! What a fit must beat: the mean over the trials of a condition, and a decomposition of the
//! activity that knows no dynamics.

use super::condition_means::ConditionMeans;
use super::likelihood::Likelihood;
use super::misfit::Misfit;
use super::observations::{Observations, Role};
use super::score::{Score, Sums};
use crate::recording::Recording;
use crate::scalar::Stream;
use crate::tensor::{CpOptions, Decomposition, Dense, cp_decompose_weighted};

/// How well the entries of a role are predicted by the mean of the same neuron in the same bin over
/// the training entries of the same condition; by the training mean of the neuron where there are
/// none. Roles are in the order of [`Recording::activity`].
///
/// # Errors
///
/// If there are not as many roles as entries.
pub fn condition_means(
    recording: &Recording,
    roles: &[Role],
    likelihood: Likelihood,
    role: Role,
) -> Result<Score, Misfit> {
    let observations: Observations<f64> = Observations::new(recording, roles)?;
    let means = ConditionMeans::new(recording, roles);
    Ok(score(recording, roles, likelihood, role, &observations, |place| {
        let [n, _, _] = recording.entry_of(place);
        means.at(place).map_or(observations.statistics[n].mean, |(mean, _)| mean)
    }))
}

/// How well the entries of some roles are predicted by a CP decomposition of the activity,
/// (neuron, bin, trial), less the training mean of each neuron, with `rank` terms fitted to the
/// training entries by least squares; of counts too.
///
/// # Errors
///
/// If there are not as many roles as entries.
///
/// # Panics
///
/// If a training entry is not finite, which no [`Recording`] has.
pub fn cp_of_data<const N: usize>(
    recording: &Recording,
    roles: &[Role],
    likelihood: Likelihood,
    rank: usize,
    seed: u64,
    judged: [Role; N],
) -> Result<[Score; N], Misfit> {
    let observations: Observations<f64> = Observations::new(recording, roles)?;
    let shape = [recording.neurons, recording.bins, recording.trials];
    let used = |n, t, k| roles[recording.place(n, t, k)] == Role::Train;
    let weights = Dense::from_fn(shape, |n, t, k| if used(n, t, k) { 1.0 } else { 0.0 });
    let tensor = Dense::from_fn(shape, |n, t, k| {
        if used(n, t, k) {
            recording.activity_at(n, t, k) - observations.statistics[n].mean
        } else {
            0.0
        }
    });
    let stream = Stream::new("CP of the data", seed, 0);
    let fit = cp_decompose_weighted(&tensor, &weights, rank, &CpOptions::default(), &stream);
    let Decomposition { a, b, c } = fit.expect("recorded entries are finite").decomposition;
    Ok(judged.map(|role| {
        score(recording, roles, likelihood, role, &observations, |place| {
            let [n, t, k] = recording.entry_of(place);
            let terms = (0..a.cols()).map(|r| a[(n, r)] * b[(t, r)] * c[(k, r)]);
            observations.statistics[n].mean + terms.sum::<f64>()
        })
    }))
}

/// How well the entries of a role are predicted by means, given by place.
fn score(
    recording: &Recording,
    roles: &[Role],
    likelihood: Likelihood,
    role: Role,
    observations: &Observations<f64>,
    mean: impl Fn(usize) -> f64,
) -> Score {
    let mut sums = Sums::new(likelihood);
    for (place, _) in roles.iter().enumerate().filter(|&(_, &other)| other == role) {
        let neuron = &observations.statistics[recording.entry_of(place)[0]];
        let mean = likelihood.law::<f64>().possible(mean(place), neuron);
        sums.add(recording.activity[place], mean, neuron);
    }
    sums.score(observations.variance())
}
