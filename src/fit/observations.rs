//! A recording as the fit sees it: chunks of trials, and what each entry is used for.

use std::ops::Range;

use super::architecture::Grouping;
use crate::matrix::Matrix;
use crate::recording::Recording;
use crate::scalar::Real;

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

    /// The group of a trial.
    pub fn of(&self, by: Grouping, trial: usize) -> usize {
        match by {
            Grouping::Common => 0,
            Grouping::Condition => self.conditions[trial],
            Grouping::Trial => trial,
        }
    }
}

/// Trials that are computed together. Results do not depend on the number of threads because the
/// chunks do not.
const CHUNK: usize = 32;

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

/// A recording, divided.
#[derive(Clone, Debug)]
pub struct Observations<S> {
    /// Recorded neurons.
    pub neurons: usize,
    /// Bins of the longest trial, T.
    pub bins: usize,
    /// Conditions of trials.
    pub groups: Groups,
    /// True numbers of trials.
    pub trial_numbers: Vec<i64>,
    /// Epochs of trials.
    pub epochs: Vec<usize>,
    /// All trials in order.
    pub chunks: Vec<Chunk<S>>,
    /// Over the entries with [`Role::Train`], for each neuron.
    pub statistics: Vec<Statistics>,
}

/// Mean and variance of a neuron over the entries that the fit sees.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Statistics {
    /// How many entries.
    pub entries: usize,
    /// Their mean.
    pub mean: f64,
    /// Their mean squared deviation from it.
    pub variance: f64,
}

impl<S: Real> Observations<S> {
    /// Divides a recording by the roles of its entries, which are in the order of
    /// [`Recording::activity`].
    ///
    /// # Panics
    ///
    /// If there are not as many roles as entries.
    pub fn new(recording: &Recording, roles: &[Role]) -> Self {
        assert_eq!(roles.len(), recording.activity.len(), "a role for each entry");
        let all: Vec<usize> = (0..recording.trials).collect();
        let chunks = all.chunks(CHUNK).map(|trials| chunk(recording, roles, trials)).collect();
        Observations {
            neurons: recording.neurons,
            bins: recording.bins,
            groups: Groups::new(recording.conditions.clone()),
            trial_numbers: recording.trial_numbers.clone(),
            epochs: recording.epochs.clone(),
            chunks,
            statistics: (0..recording.neurons).map(|n| statistics(recording, roles, n)).collect(),
        }
    }

    /// How many entries have a role.
    pub fn entries(&self, role: Role) -> usize {
        self.chunks.iter().flat_map(|chunk| &chunk.roles).filter(|&&other| other == role).count()
    }

    /// The mean of the variances of the neurons, each weighted by its training entries: the mean
    /// squared error of predicting each neuron by its mean.
    pub fn variance(&self) -> f64 {
        let entries: usize = self.statistics.iter().map(|neuron| neuron.entries).sum();
        let sum: f64 =
            self.statistics.iter().map(|neuron| neuron.entries as f64 * neuron.variance).sum();
        sum / (entries.max(1)) as f64
    }
}

fn chunk<S: Real>(recording: &Recording, roles: &[Role], trials: &[usize]) -> Chunk<S> {
    let (neurons, bins) = (recording.neurons, recording.bins);
    let places = (0..bins).flat_map(|t| trials.iter().map(move |&k| (k * bins + t) * neurons));
    let places: Vec<usize> = places.flat_map(|first| first..first + neurons).collect();
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

fn statistics(recording: &Recording, roles: &[Role], neuron: usize) -> Statistics {
    let of_neuron = || (neuron..roles.len()).step_by(recording.neurons);
    let values =
        || of_neuron().filter(|&place| roles[place] == Role::Train).map(|p| recording.activity[p]);
    let entries = values().count();
    if entries == 0 {
        return Statistics::default();
    }
    let mean = values().sum::<f64>() / entries as f64;
    let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>() / entries as f64;
    Statistics { entries, mean, variance }
}
