//! The means of each neuron in each bin over the trials of a condition.

use super::observations::Role;
use crate::recording::Recording;

/// Means over training entries.
pub(super) struct ConditionMeans<'a> {
    recording: &'a Recording,
    /// Sum and number of the entries of each neuron, bin and condition, the neuron innermost.
    sums: Vec<(f64, usize)>,
}

impl<'a> ConditionMeans<'a> {
    /// Over the entries of a recording whose role is to be trained on.
    pub fn new(recording: &'a Recording, roles: &[Role]) -> Self {
        let conditions = recording.condition_names.len();
        let sums = vec![(0.0, 0); conditions * recording.bins * recording.neurons];
        let mut means = ConditionMeans { recording, sums };
        for (place, _) in roles.iter().enumerate().filter(|&(_, &role)| role == Role::Train) {
            let group = means.group(place);
            let (sum, entries) = &mut means.sums[group];
            (*sum, *entries) = (*sum + recording.activity[place], *entries + 1);
        }
        means
    }

    /// The mean that belongs to the entry at this place, and over how many entries it is; none if
    /// there is no other.
    pub fn at(&self, place: usize) -> Option<(f64, usize)> {
        let (sum, entries) = self.sums[self.group(place)];
        (entries > 0).then(|| (sum / entries as f64, entries))
    }

    fn group(&self, place: usize) -> usize {
        let of_trial = self.recording.bins * self.recording.neurons;
        self.recording.conditions[place / of_trial] * of_trial + place % of_trial
    }
}
