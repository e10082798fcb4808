//! What a fit must beat: the mean over the trials of a condition, and a decomposition of the
//! activity that knows no dynamics.

use super::architecture::Likelihood;
use super::likelihood::{Score, Sums};
use super::observations::{Observations, Role, Statistics};
use crate::recording::Recording;
use crate::scalar::Stream;
use crate::tensor::{CpOptions, Decomposition, Dense, cp_decompose_weighted};

/// How well the entries of a role are predicted by the mean of the same neuron in the same bin over
/// the training entries of the same condition; by the training mean of the neuron where there are
/// none.
pub fn condition_means(
    recording: &Recording,
    roles: &[Role],
    likelihood: Likelihood,
    role: Role,
) -> Score {
    let observations: Observations<f64> = Observations::new(recording, roles);
    let Recording { neurons, bins, trials, .. } = *recording;
    let conditions = recording.condition_names.len();
    let mut sums = vec![(0.0, 0usize); conditions * bins * neurons];
    let cell = |k: usize, within: usize| recording.conditions[k] * bins * neurons + within;
    let each = || (0..trials).flat_map(|k| (0..bins * neurons).map(move |within| (k, within)));
    for (k, within) in each() {
        let place = k * bins * neurons + within;
        if roles[place] == Role::Train {
            let (sum, entries) = &mut sums[cell(k, within)];
            (*sum, *entries) = (*sum + recording.activity[place], *entries + 1);
        }
    }
    let mut found = Sums::default();
    for (k, within) in each() {
        let place = k * bins * neurons + within;
        if roles[place] == role {
            let neuron = &observations.statistics[within % neurons];
            let mean = match sums[cell(k, within)] {
                (_, 0) => neuron.mean,
                (sum, entries) => sum / entries as f64,
            };
            let mean = at_least(likelihood, mean, neuron);
            found.add(likelihood, recording.activity[place], mean, neuron);
        }
    }
    found.score(likelihood, observations.variance())
}

/// How well the test and the training entries are predicted by a CP decomposition of the activity,
/// (neuron, bin, trial), less the training mean of each neuron, with `rank` terms fitted to the
/// training entries by least squares; of counts too.
///
/// # Panics
///
/// If a training entry is not finite, which no [`Recording`] has.
pub fn cp_of_data(
    recording: &Recording,
    roles: &[Role],
    likelihood: Likelihood,
    rank: usize,
    seed: u64,
) -> [Score; 2] {
    let observations: Observations<f64> = Observations::new(recording, roles);
    let Recording { neurons, bins, trials, .. } = *recording;
    let place = |n: usize, t: usize, k: usize| (k * bins + t) * neurons + n;
    let shape = [neurons, bins, trials];
    let used = |n, t, k| roles[place(n, t, k)] == Role::Train;
    let weights = Dense::from_fn(shape, |n, t, k| f64::from(u8::from(used(n, t, k))));
    let tensor = Dense::from_fn(shape, |n, t, k| match used(n, t, k) {
        true => recording.activity[place(n, t, k)] - observations.statistics[n].mean,
        false => 0.0,
    });
    let stream = Stream::new("CP of the data", seed, 0);
    let fit = cp_decompose_weighted(&tensor, &weights, rank, &CpOptions::default(), &stream);
    let Decomposition { a, b, c } = fit.expect("recorded entries are finite").decomposition;
    [Role::Test, Role::Train].map(|role| {
        let mut sums = Sums::default();
        for (place, _) in roles.iter().enumerate().filter(|&(_, &other)| other == role) {
            let (n, t, k) = (place % neurons, place / neurons % bins, place / neurons / bins);
            let neuron = &observations.statistics[n];
            let terms = (0..a.cols()).map(|r| a[(n, r)] * b[(t, r)] * c[(k, r)]);
            let mean = neuron.mean + terms.sum::<f64>();
            let mean = at_least(likelihood, mean, neuron);
            sums.add(likelihood, recording.activity[place], mean, neuron);
        }
        sums.score(likelihood, observations.variance())
    })
}

/// A rate that leaves a spike possible.
fn at_least(likelihood: Likelihood, mean: f64, neuron: &Statistics) -> f64 {
    match likelihood {
        Likelihood::Gaussian => mean,
        Likelihood::Poisson => mean.max(0.1 / neuron.entries.max(1) as f64),
    }
}
