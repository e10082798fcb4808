//! A recording as the fit sees it: chunks of trials, and what each entry is used for.

use std::ops::Range;

use super::architecture::Grouping;
use super::condition_means::ConditionMeans;
use super::misfit::Misfit;
use crate::matrix::Matrix;
use crate::recording::{Quantity, Recording};
use crate::scalar::Real;
use crate::statistics::Moments;

/// What an entry of a recording is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Role {
    /// Nothing: not recorded, or in a guard band.
    Unused,
    /// The parameters are fitted to it.
    Train,
    /// It decides when to stop.
    Validation,
    /// It is held out to the end.
    Test,
}

/// Which trials belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Groups {
    conditions: Vec<usize>,
    number_of_conditions: usize,
}

impl Groups {
    /// Trials with these conditions, numbered from 0.
    pub fn new(conditions: Vec<usize>) -> Self {
        let number_of_conditions = conditions.iter().max().map_or(0, |&last| last + 1);
        Groups { conditions, number_of_conditions }
    }

    /// Trials, K.
    pub fn trials(&self) -> usize {
        self.conditions.len()
    }

    /// How many groups there are.
    pub fn count(&self, by: Grouping) -> usize {
        match by {
            Grouping::Common => 1,
            Grouping::Condition => self.number_of_conditions,
            Grouping::Trial => self.trials(),
        }
    }

    /// The group of each trial.
    pub fn of_trials(&self, by: Grouping) -> Vec<usize> {
        match by {
            Grouping::Common => vec![0; self.trials()],
            Grouping::Condition => self.conditions.clone(),
            Grouping::Trial => (0..self.trials()).collect(),
        }
    }
}

/// Trials that are computed together. Results do not depend on the number of threads because the
/// chunks do not.
pub(super) const CHUNK: usize = 32;

/// Some neighbouring trials.
#[derive(Clone, Debug)]
pub struct Chunk<S> {
    /// Which ones.
    pub trials: Range<usize>,
    /// The activity, (neurons, bins M): the M trials of one bin stand together. Zero where nothing
    /// was recorded.
    pub activity: Matrix<S>,
    /// What each entry of it is used for.
    pub roles: Vec<Role>,
}

impl<S> Chunk<S> {
    /// The column of a bin of the m-th trial.
    pub(super) fn column(&self, bin: usize, m: usize) -> usize {
        bin * self.trials.len() + m
    }
}

/// A recording, divided.
#[derive(Clone, Debug)]
pub struct Observations<S> {
    /// What the entries are.
    pub(super) quantity: Quantity,
    /// Recorded neurons.
    pub(super) neurons: usize,
    /// Bins of the longest trial, T.
    pub(super) bins: usize,
    /// Conditions of trials.
    pub(super) groups: Groups,
    /// True numbers of trials.
    pub(super) trial_numbers: Vec<i64>,
    /// Epochs of trials.
    pub(super) epochs: Vec<usize>,
    /// All trials in order.
    pub(super) chunks: Vec<Chunk<S>>,
    /// Over the entries with [`Role::Train`], for each neuron.
    pub(super) statistics: Vec<Statistics>,
}

/// What is known of a neuron from the entries that the fit sees.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Statistics {
    /// How many entries.
    pub entries: usize,
    /// Their mean.
    pub mean: f64,
    /// Their mean squared deviation from it.
    pub variance: f64,
    /// An unbiased estimate of their variance about the mean over the trials of their condition in
    /// their bin, what no model without changes over trials explains; `variance` where no two
    /// entries share a condition and a bin.
    pub within: f64,
}

impl<S: Real> Observations<S> {
    /// Divides a recording by the roles of its entries, which are in the order of
    /// [`Recording::activity`].
    ///
    /// # Errors
    ///
    /// If there are not as many roles as entries.
    pub fn new(recording: &Recording, roles: &[Role]) -> Result<Self, Misfit> {
        let entries = recording.activity.len();
        let expected = || format!("{entries}, one for each entry");
        Misfit::unless(roles.len() == entries, "number of roles", roles.len(), expected())?;
        let trials: Vec<usize> = (0..recording.trials).collect();
        let chunks = trials.chunks(CHUNK).map(|trials| chunk(recording, roles, trials));
        let means = ConditionMeans::new(recording, roles);
        let statistics = (0..recording.neurons).map(|n| statistics(recording, roles, &means, n));
        Ok(Observations {
            quantity: recording.quantity,
            neurons: recording.neurons,
            bins: recording.bins,
            groups: Groups::new(recording.conditions.clone()),
            trial_numbers: recording.trial_numbers.clone(),
            epochs: recording.epochs.clone(),
            chunks: chunks.collect(),
            statistics: statistics.collect(),
        })
    }

    /// How many entries have a role.
    pub(super) fn entries(&self, role: Role) -> usize {
        self.chunks.iter().flat_map(|chunk| &chunk.roles).filter(|&&other| other == role).count()
    }

    /// True if the training entries of a neuron are not all the same, in this precision.
    pub(super) fn vary(&self) -> bool {
        let mut first: Vec<Option<S>> = vec![None; self.neurons];
        self.chunks.iter().any(|chunk| {
            let trained = chunk.roles.iter().enumerate().filter(|&(_, &r)| r == Role::Train);
            let mut entries = trained.map(|(place, _)| (place, chunk.activity.data()[place]));
            entries.any(|(place, x)| *first[place % self.neurons].get_or_insert(x) != x)
        })
    }

    /// The mean of the variances of the neurons, each weighted by its training entries: the mean
    /// squared error of predicting each neuron by its mean.
    pub(super) fn variance(&self) -> f64 {
        let entries: usize = self.statistics.iter().map(|neuron| neuron.entries).sum();
        let sum: f64 =
            self.statistics.iter().map(|neuron| neuron.entries as f64 * neuron.variance).sum();
        sum / (entries.max(1)) as f64
    }
}

fn chunk<S: Real>(recording: &Recording, roles: &[Role], trials: &[usize]) -> Chunk<S> {
    let (neurons, bins) = (recording.neurons, recording.bins);
    let columns = (0..bins).flat_map(|t| trials.iter().map(move |&k| recording.place(0, t, k)));
    let places: Vec<usize> = columns.flat_map(|first| first..first + neurons).collect();
    let value = |&place: &usize| match roles[place] {
        Role::Unused => S::ZERO,
        _ => S::from_f64(recording.activity[place]),
    };
    let activity = places.iter().map(value).collect();
    Chunk {
        trials: trials[0]..trials[trials.len() - 1] + 1,
        activity: Matrix::from_columns(neurons, bins * trials.len(), activity),
        roles: places.iter().map(|&place| roles[place]).collect(),
    }
}

fn statistics(
    recording: &Recording,
    roles: &[Role],
    means: &ConditionMeans,
    neuron: usize,
) -> Statistics {
    let of_neuron = (neuron..roles.len()).step_by(recording.neurons);
    let trained = of_neuron.filter(|&place| roles[place] == Role::Train);
    let moments = Moments::of(trained.clone().map(|place| recording.activity[place]));
    if moments.count == 0 {
        return Statistics::default();
    }
    // Each entry of a group of n leaves (n - 1) / n of a degree of freedom.
    let (mut squares, mut freedom) = (0.0, 0.0);
    for (place, (mean, entries)) in trained.filter_map(|place| Some((place, means.at(place)?))) {
        squares += (recording.activity[place] - mean).powi(2);
        freedom += 1.0 - 1.0 / entries as f64;
    }
    let (mean, variance) = (moments.mean, moments.variance());
    let within = if freedom > 0.0 { squares / freedom } else { variance };
    Statistics { entries: moments.count, mean, variance, within }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two conditions, of which one is twice as active: the variance has both, that within none of
    /// the difference.
    #[test]
    fn the_variance_within_conditions_leaves_out_what_conditions_explain() {
        let activity = vec![1.0, 3.0, 11.0, 13.0, 5.0, 50.0];
        let recording = Recording::from_array(activity, [6, 1, 1], 0.1)
            .conditions(["a", "a", "b", "b", "c", "c"])
            .build()
            .unwrap();
        let mut roles = vec![Role::Train; 6];
        roles[5] = Role::Test;
        let observations = Observations::<f64>::new(&recording, &roles).unwrap();
        let found = observations.statistics[0];
        assert_eq!((found.entries, found.mean), (5, 6.6));
        assert!((found.within - 2.0).abs() < 1e-12, "{found:?}");
        assert!(found.variance > 20.0);
        let error = Observations::<f64>::new(&recording, &roles[1..]).unwrap_err();
        assert_eq!(error.to_string(), "number of roles is 5, expected 6, one for each entry");
    }
}
