//! The stages of learning of which figures show one trial each: epochs, or thirds of the session.

use super::{CONDITIONS, SHOWN};
use crate::recording::Recording;

/// Trials that belong together.
pub(super) struct Stage {
    /// An epoch, or `early`, `middle` and `late`.
    pub name: String,
    /// In order; not empty.
    trials: Vec<usize>,
}

impl Stage {
    /// The trial in the middle.
    pub fn middle(&self) -> usize {
        self.trials[self.trials.len() / 2]
    }

    /// `adaptation, trial 83`.
    pub fn title(&self, recording: &Recording) -> String {
        format!("{}, trial {}", self.name, recording.trial_numbers[self.middle()])
    }

    /// The trial of each condition that is nearest to the middle: condition and trial.
    pub fn examples(&self, recording: &Recording) -> Vec<(usize, usize)> {
        let nearest = |condition: usize| {
            let of_condition =
                self.trials.iter().filter(move |&&k| recording.conditions[k] == condition);
            of_condition.copied().min_by_key(|&k| k.abs_diff(self.middle()))
        };
        let conditions = 0..recording.condition_names.len().min(CONDITIONS);
        conditions.filter_map(|c| Some((c, nearest(c)?))).collect()
    }

    /// Its trials, in order.
    pub fn trials(&self) -> &[usize] {
        &self.trials
    }
}

/// The epochs of a recording in the order in which they begin, the first few of many; thirds of the
/// session, if there is one epoch.
pub(super) fn stages(recording: &Recording) -> Vec<Stage> {
    let mut order: Vec<usize> = Vec::new();
    for &epoch in &recording.epochs {
        if !order.contains(&epoch) {
            order.push(epoch);
        }
    }
    if order.len() > 1 {
        let of = |epoch: usize| {
            (0..recording.trials).filter(|&k| recording.epochs[k] == epoch).collect()
        };
        let stage = |epoch: usize| Stage { name: named(recording, epoch), trials: of(epoch) };
        return order.into_iter().take(SHOWN).map(stage).collect();
    }
    let third = recording.trials / 3;
    if third == 0 {
        return vec![Stage { name: "all".to_owned(), trials: (0..recording.trials).collect() }];
    }
    let ends = [0, third, recording.trials - third, recording.trials];
    let names = ["early", "middle", "late"].into_iter();
    names
        .zip(ends.windows(2))
        .map(|(name, ends)| Stage { name: name.to_owned(), trials: (ends[0]..ends[1]).collect() })
        .collect()
}

/// What an epoch is called: a number alone says too little.
fn named(recording: &Recording, epoch: usize) -> String {
    let name = &recording.epoch_names[epoch];
    if name.parse::<f64>().is_ok() { format!("epoch {name}") } else { name.clone() }
}

/// Consecutive trials of one epoch, on the axis of trial numbers.
pub(super) struct EpochRun {
    pub name: String,
    /// The number of its first trial.
    pub first: f64,
    /// The number of the first trial after it, or of the last trial.
    pub last: f64,
}

/// All runs, in order.
pub(super) fn epoch_runs(recording: &Recording) -> Vec<EpochRun> {
    let mut runs: Vec<EpochRun> = Vec::new();
    for k in 0..recording.trials {
        let number = recording.trial_numbers[k] as f64;
        if let Some(run) = runs.last_mut() {
            run.last = number;
        }
        if k == 0 || recording.epochs[k] != recording.epochs[k - 1] {
            let name = named(recording, recording.epochs[k]);
            runs.push(EpochRun { name, first: number, last: number });
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(epochs: &[&str]) -> Recording {
        let trials = epochs.len();
        Recording::from_array(vec![0.5; trials * 2], [trials, 2, 1], 0.1)
            .epochs(epochs.iter().copied())
            .conditions((0..trials).map(|k| ["left", "right"][k % 2]))
            .trial_numbers((0..trials).map(|k| 10 + k as i64))
            .build()
            .unwrap()
    }

    /// The first and the last tenth are both unperturbed: adaptation is in the middle.
    #[test]
    fn each_epoch_has_its_middle_trial() {
        let recording = recording(&["base", "base", "adapt", "adapt", "adapt", "wash", "base"]);
        let stages = stages(&recording);
        let titles: Vec<String> = stages.iter().map(|stage| stage.title(&recording)).collect();
        assert_eq!(titles, ["base, trial 11", "adapt, trial 13", "wash, trial 15"]);
        assert_eq!(stages[1].examples(&recording), [(0, 2), (1, 3)]);
        assert_eq!(stages[2].examples(&recording), [(1, 5)]);
        let runs = epoch_runs(&recording);
        let ends: Vec<_> = runs.iter().map(|run| (&*run.name, run.first, run.last)).collect();
        let expected = [
            ("base", 10.0, 12.0),
            ("adapt", 12.0, 15.0),
            ("wash", 15.0, 16.0),
            ("base", 16.0, 16.0),
        ];
        assert_eq!(ends, expected);
    }

    #[test]
    fn one_epoch_is_shown_in_thirds() {
        let recording = recording(&["all"; 10]);
        let titles: Vec<_> = stages(&recording).iter().map(|s| s.title(&recording)).collect();
        assert_eq!(titles, ["early, trial 11", "middle, trial 15", "late, trial 18"]);
        assert_eq!(stages(&recording).iter().map(|stage| stage.trials().len()).sum::<usize>(), 10);
        assert_eq!(super::stages(&self::recording(&["all"; 2])).len(), 1);
    }
}
