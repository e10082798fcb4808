//! What a model without a network is fitted to.

use crate::fit::misfit::Misfit;
use crate::fit::observations::{Observations, Role, Statistics};
use crate::recording::Recording;

/// The training entries of a recording, less the mean of their neuron.
///
/// Places are those of [`Recording::activity`].
pub(super) struct Training<'a> {
    pub recording: &'a Recording,
    pub roles: &'a [Role],
    pub statistics: Vec<Statistics>,
    /// Names the random starts.
    pub seed: u64,
    /// The places of the training entries, ascending.
    pub places: Vec<usize>,
    /// Neuron, bin and trial of each: to divide for them took most of the time of some fits.
    pub entries: Vec<[u32; 3]>,
    /// What is there: activity less the training mean of the neuron.
    pub deviations: Vec<f64>,
    /// The places on which models choose among each other: the validation entries, or those of
    /// training if there are none.
    judged: Vec<usize>,
}

impl<'a> Training<'a> {
    /// Of a recording, given what each entry is used for.
    pub fn new(recording: &'a Recording, roles: &'a [Role], seed: u64) -> Result<Self, Misfit> {
        let statistics = Observations::<f64>::new(recording, roles)?.statistics;
        let of = |role| -> Vec<usize> {
            roles.iter().enumerate().filter(|&(_, &r)| r == role).map(|(place, _)| place).collect()
        };
        let places = of(Role::Train);
        let mut judged = of(Role::Validation);
        if judged.is_empty() {
            judged.clone_from(&places);
        }
        let entry = |&place: &usize| recording.entry_of(place).map(|index| index as u32);
        let entries = places.iter().map(entry).collect();
        let deviations = Vec::new();
        let mut training =
            Training { recording, roles, statistics, seed, places, entries, deviations, judged };
        training.deviations =
            training.places.iter().map(|&place| training.deviation(place)).collect();
        Ok(training)
    }

    /// The activity at a place less the training mean of its neuron.
    pub fn deviation(&self, place: usize) -> f64 {
        self.recording.activity[place] - self.mean_at(place)
    }

    fn mean_at(&self, place: usize) -> f64 {
        self.statistics[place % self.recording.neurons].mean
    }

    /// The mean squared error of predicted deviations on the entries on which models are judged.
    pub fn error(&self, prediction: impl Fn(usize) -> f64) -> f64 {
        let square = |&place: &usize| (self.deviation(place) - prediction(place)).powi(2);
        self.judged.iter().map(square).sum::<f64>() / self.judged.len().max(1) as f64
    }

    /// The mean square of numbers, one for each training entry.
    pub fn mean_square(&self, residual: &[f64]) -> f64 {
        let sum: f64 = residual.iter().map(|x| x * x).sum();
        (sum / residual.len().max(1) as f64).max(f64::MIN_POSITIVE)
    }

    /// The means of all entries, given the predicted deviations.
    pub fn means(&self, prediction: impl Fn(usize) -> f64) -> Vec<f64> {
        (0..self.roles.len()).map(|place| self.mean_at(place) + prediction(place)).collect()
    }
}
