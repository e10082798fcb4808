//! Which entries are held out: blocks of consecutive bins and trials of a neuron, with a guard band.

use serde::{Deserialize, Serialize};

use super::misfit::Misfit;
use super::observations::Role;
use crate::recording::Recording;
use crate::scalar::Stream;

/// How entries are held out.
///
/// The recording is tiled by blocks of consecutive bins and trials of one neuron, the same blocks
/// for all folds; a fold holds out a share of them that no other fold does. Around a held-out
/// block a guard band of the same neuron is used for nothing: neighbouring bins and trials are so
/// alike that they would give the answer away.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// Bins of a block.
    pub bins: usize,
    /// Trials of a block.
    pub trials: usize,
    /// Bins of the guard band on each side.
    pub guard_bins: usize,
    /// Trials of the guard band on each side.
    pub guard_trials: usize,
    /// The share of the blocks that is held out for testing, and again as many for validation.
    pub share: f64,
}

impl Default for HeldOut {
    fn default() -> Self {
        HeldOut { bins: 5, trials: 5, guard_bins: 2, guard_trials: 2, share: 0.05 }
    }
}

impl HeldOut {
    /// The number of folds that find blocks of their own, for tests and for validation.
    pub fn most_folds(&self) -> usize {
        // Rounded, so that a share of 0.05 gives ten folds and not nine.
        (0.5 / self.share + 1e-9) as usize
    }

    /// What each entry of a recording, in its order, is used for in a fold. Each of the two sets is
    /// empty if not asked for.
    ///
    /// # Errors
    ///
    /// If there are not that many folds, or blocks hold no entry.
    pub fn roles(
        &self,
        recording: &Recording,
        fold: usize,
        held_out: &[Role],
        seed: u64,
    ) -> Result<Vec<Role>, Misfit> {
        let most = self.most_folds();
        let expected = || format!("below {most} where {} is held out", self.share);
        let has_blocks = held_out.is_empty() || fold < most;
        Misfit::unless(has_blocks, "number of the fold", fold, expected())?;
        let expected = "at least one bin and one trial";
        let size = format!("{} by {}", self.bins, self.trials);
        Misfit::unless(self.bins > 0 && self.trials > 0, "size of a block", size, expected)?;
        let mut roles = recorded(recording);
        let tiles = Tiles { sizes: self, recording };
        let order = Stream::new("held-out blocks", seed, 0).permutation(tiles.count());
        let count = ((tiles.count() as f64 * self.share) as usize).max(1);
        let set = |which: usize, role: Role| {
            let first = (2 * fold + which) * count;
            let wanted = if held_out.contains(&role) { count } else { 0 };
            order.iter().skip(first).take(wanted).map(move |&tile| (tile, role))
        };
        let held: Vec<(usize, Role)> = set(0, Role::Test).chain(set(1, Role::Validation)).collect();
        for &(tile, _) in &held {
            let band = [self.guard_bins, self.guard_trials];
            tiles.places(tile, band).for_each(|place| roles[place] = Role::Unused);
        }
        // A block stays whole where the band of another reaches into it.
        for &(tile, role) in &held {
            let recorded = |place: &usize| !recording.activity[*place].is_nan();
            tiles.places(tile, [0, 0]).filter(recorded).for_each(|place| roles[place] = role);
        }
        Ok(roles)
    }
}

/// All that was recorded is trained on.
fn recorded(recording: &Recording) -> Vec<Role> {
    let role = |entry: &f64| if entry.is_nan() { Role::Unused } else { Role::Train };
    recording.activity.iter().map(role).collect()
}

/// The tiling of a recording.
struct Tiles<'a> {
    sizes: &'a HeldOut,
    recording: &'a Recording,
}

impl Tiles<'_> {
    fn along_bins(&self) -> usize {
        self.recording.bins.div_ceil(self.sizes.bins)
    }

    fn along_trials(&self) -> usize {
        self.recording.trials.div_ceil(self.sizes.trials)
    }

    fn count(&self) -> usize {
        self.recording.neurons * self.along_bins() * self.along_trials()
    }

    /// The places of all entries of a tile, and of a band of so many bins and trials around it.
    fn places(
        &self,
        tile: usize,
        [band_bins, band_trials]: [usize; 2],
    ) -> impl Iterator<Item = usize> + use<'_> {
        let (neuron, tile) = (tile % self.recording.neurons, tile / self.recording.neurons);
        let bin = tile % self.along_bins() * self.sizes.bins;
        let trial = tile / self.along_bins() * self.sizes.trials;
        let bins = bin.saturating_sub(band_bins)
            ..(bin + self.sizes.bins + band_bins).min(self.recording.bins);
        let trials = trial.saturating_sub(band_trials)
            ..(trial + self.sizes.trials + band_trials).min(self.recording.trials);
        trials.flat_map(move |k| bins.clone().map(move |t| self.recording.place(neuron, t, k)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::simulate::Simulation;

    fn recording() -> Recording {
        let simulation = Simulation { neurons: 12, bins: 17, trials: 43, ..Simulation::default() };
        simulation.recording(3).unwrap().0
    }

    #[test]
    fn folds_hold_out_different_entries_of_the_share_asked_for() {
        let (recording, held_out) = (recording(), HeldOut::default());
        let both = [Role::Test, Role::Validation];
        let roles: Vec<_> = (0..held_out.most_folds())
            .map(|fold| held_out.roles(&recording, fold, &both, 1).unwrap())
            .collect();
        assert_eq!(roles.len(), 10);
        let mut used = vec![false; roles[0].len()];
        for roles in &roles {
            for role in both {
                let entries: Vec<_> = (0..used.len()).filter(|&e| roles[e] == role).collect();
                let share = entries.len() as f64 / used.len() as f64;
                assert!((0.03..0.07).contains(&share), "{share}");
                assert!(entries.iter().all(|&entry| !std::mem::replace(&mut used[entry], true)));
            }
        }
    }

    #[test]
    fn nothing_next_to_a_held_out_entry_is_trained_on() {
        let (recording, held_out) = (recording(), HeldOut::default());
        let roles = held_out.roles(&recording, 2, &[Role::Test, Role::Validation], 1).unwrap();
        let at = |n: usize, t: usize, k: usize| roles[recording.place(n, t, k)];
        let held = |role| role == Role::Test || role == Role::Validation;
        for n in 0..recording.neurons {
            for t in 0..recording.bins {
                for k in (0..recording.trials).filter(|&k| held(at(n, t, k))) {
                    let bins = t.saturating_sub(2)..(t + 3).min(recording.bins);
                    for (t, k) in bins.flat_map(|t| {
                        (k.saturating_sub(2)..(k + 3).min(recording.trials)).map(move |k| (t, k))
                    }) {
                        assert_ne!(at(n, t, k), Role::Train);
                    }
                }
            }
        }
    }

    #[test]
    fn what_was_not_recorded_has_no_role() {
        let mut recording = recording();
        recording.activity.iter_mut().step_by(3).for_each(|entry| *entry = f64::NAN);
        let roles = HeldOut::default().roles(&recording, 0, &[Role::Test], 1).unwrap();
        let pairs = || recording.activity.iter().zip(&roles);
        assert!(pairs().all(|(entry, role)| !entry.is_nan() || *role == Role::Unused));
        assert!(pairs().any(|(_, role)| *role == Role::Test));
        assert!(pairs().all(|(_, role)| *role != Role::Validation));
    }
}
