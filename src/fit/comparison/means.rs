//! Means over the trials of a condition, or of a condition in an epoch.

use super::Predictor;
use super::training::Training;
use crate::fit::condition_means::ConditionMeans;

/// Of each neuron in each bin over the training entries of the same condition; the training mean of
/// the neuron where there are none.
pub(super) struct OfConditions;

/// The same over those of the same condition in the same epoch; where there are none, of the
/// condition.
pub(super) struct OfEpochs;

impl Predictor for OfConditions {
    fn has_rank(&self) -> bool {
        false
    }

    fn predictions(&self, training: &Training, _: usize) -> Vec<f64> {
        predictions(training, &[ConditionMeans::new(training.recording, training.roles)])
    }
}

impl Predictor for OfEpochs {
    fn has_rank(&self) -> bool {
        false
    }

    fn predictions(&self, training: &Training, _: usize) -> Vec<f64> {
        let recording = training.recording;
        let conditions = recording.condition_names.len();
        let of_epochs = recording.conditions.iter().zip(&recording.epochs);
        let groups = of_epochs.map(|(condition, epoch)| epoch * conditions + condition).collect();
        let by_epoch = ConditionMeans::of_groups(recording, training.roles, groups);
        predictions(training, &[by_epoch, ConditionMeans::new(recording, training.roles)])
    }
}

/// Of the first that has a mean.
fn predictions(training: &Training, means: &[ConditionMeans]) -> Vec<f64> {
    let mean = |place: usize| means.iter().find_map(|means| means.at(place)).map(|found| found.0);
    let of_neuron = |place: usize| training.statistics[place % training.recording.neurons].mean;
    (0..training.roles.len()).map(|place| mean(place).unwrap_or_else(|| of_neuron(place))).collect()
}
