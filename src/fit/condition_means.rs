//! The means of each neuron in each bin over the trials of a condition, or of another group.

use super::observations::Role;
use crate::recording::Recording;

/// Means over training entries.
pub(super) struct ConditionMeans<'a> {
    recording: &'a Recording,
    /// The group of each trial.
    groups: Vec<usize>,
    /// Sum and number of the entries of each neuron, bin and group, the neuron innermost.
    sums: Vec<(f64, usize)>,
}

impl<'a> ConditionMeans<'a> {
    /// Over the entries of a recording whose role is to be trained on.
    pub fn new(recording: &'a Recording, roles: &[Role]) -> Self {
        Self::of_groups(recording, roles, recording.conditions.clone())
    }

    /// The same over the trials of these groups, numbered from 0, instead of conditions.
    pub fn of_groups(recording: &'a Recording, roles: &[Role], groups: Vec<usize>) -> Self {
        let count = groups.iter().max().map_or(0, |&last| last + 1);
        let sums = vec![(0.0, 0); count * recording.bins * recording.neurons];
        let mut means = ConditionMeans { recording, groups, sums };
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
        self.groups[place / of_trial] * of_trial + place % of_trial
    }
}
