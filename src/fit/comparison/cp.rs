//! A CP decomposition of the activity.

use super::Predictor;
use super::training::Training;
use crate::scalar::Stream;
use crate::tensor::{CpOptions, Decomposition, Dense, cp_decompose_weighted};

/// R terms, (neuron, bin, trial), fitted to the training entries by least squares; of counts too.
pub(super) struct Cp;

impl Predictor for Cp {
    fn predictions(&self, training: &Training, rank: usize) -> Vec<f64> {
        let Decomposition { a, b, c } = decomposition(training, rank);
        training.means(|place| {
            let [n, t, k] = training.recording.entry_of(place);
            (0..a.cols()).map(|r| a[(n, r)] * b[(t, r)] * c[(k, r)]).sum()
        })
    }
}

/// Of the activity less the training mean of each neuron.
pub(super) fn decomposition(training: &Training, rank: usize) -> Decomposition<f64> {
    let recording = training.recording;
    let shape = [recording.neurons, recording.bins, recording.trials];
    let [mut tensor, mut weights] = [(), ()].map(|()| vec![0.0; recording.activity.len()]);
    for (&entry, &deviation) in training.entries.iter().zip(&training.deviations) {
        let [n, t, k] = entry.map(|index| index as usize);
        let place = (n * recording.bins + t) * recording.trials + k;
        (tensor[place], weights[place]) = (deviation, 1.0);
    }
    let [tensor, weights] = [tensor, weights].map(|data| Dense::new(shape, data));
    let stream = Stream::new("CP of the data", training.seed, 0);
    let fit = cp_decompose_weighted(&tensor, &weights, rank, &CpOptions::default(), &stream);
    fit.expect("recorded entries are finite").decomposition
}
