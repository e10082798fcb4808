//! Which entries are held out: blocks of consecutive bins and trials of a neuron, with a guard band.

use serde::{Deserialize, Serialize};

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
pub struct Blocks {
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

impl Default for Blocks {
    fn default() -> Self {
        Blocks { bins: 5, trials: 5, guard_bins: 2, guard_trials: 2, share: 0.05 }
    }
}

impl Blocks {
    /// The number of folds that find blocks of their own, for tests and for validation.
    pub fn most_folds(&self) -> usize {
        // Rounded, so that a share of 0.05 gives ten folds and not nine.
        (0.5 / self.share + 1e-9) as usize
    }

    /// What each entry of a recording, in its order, is used for in a fold. Each of the two sets is
    /// empty if not asked for.
    ///
    /// # Panics
    ///
    /// If there are not that many folds.
    pub fn roles(
        &self,
        recording: &Recording,
        fold: usize,
        held_out: &[Role],
        seed: u64,
    ) -> Vec<Role> {
        assert!(held_out.is_empty() || fold < self.most_folds(), "a fold with blocks of its own");
        let mut roles = recorded(recording);
        let tiles = Tiles::new(self, recording);
        let order = Stream::new("held-out blocks", seed, 0).permutation(tiles.count());
        let each = ((tiles.count() as f64 * self.share) as usize).max(1);
        let held: Vec<(usize, Role)> = [Role::Test, Role::Validation]
            .into_iter()
            .enumerate()
            .filter(|(_, role)| held_out.contains(role))
            .flat_map(|(which, role)| {
                let first = (2 * fold + which) * each;
                order.iter().skip(first).take(each).map(move |&tile| (tile, role))
            })
            .collect();
        for &(tile, _) in &held {
            tiles.each_entry(tile, true, |entry| roles[entry] = Role::Unused);
        }
        // A block stays whole where the band of another reaches into it.
        for &(tile, role) in &held {
            tiles.each_entry(tile, false, |entry| {
                if !recording.activity[entry].is_nan() {
                    roles[entry] = role;
                }
            });
        }
        roles
    }
}

/// All that was recorded is trained on.
fn recorded(recording: &Recording) -> Vec<Role> {
    let role = |entry: &f64| if entry.is_nan() { Role::Unused } else { Role::Train };
    recording.activity.iter().map(role).collect()
}

/// The tiling of a recording.
struct Tiles<'a> {
    blocks: &'a Blocks,
    neurons: usize,
    bins: usize,
    trials: usize,
}

impl<'a> Tiles<'a> {
    fn new(blocks: &'a Blocks, recording: &Recording) -> Self {
        let Recording { neurons, bins, trials, .. } = *recording;
        Tiles { blocks, neurons, bins, trials }
    }

    fn along_bins(&self) -> usize {
        self.bins.div_ceil(self.blocks.bins)
    }

    fn count(&self) -> usize {
        self.neurons * self.along_bins() * self.trials.div_ceil(self.blocks.trials)
    }

    /// Calls with every entry of a tile, or also of its guard band.
    fn each_entry(&self, tile: usize, guard: bool, mut call: impl FnMut(usize)) {
        let Blocks { bins, trials, guard_bins, guard_trials, .. } = *self.blocks;
        let (guard_bins, guard_trials) = if guard { (guard_bins, guard_trials) } else { (0, 0) };
        let neuron = tile % self.neurons;
        let place = tile / self.neurons;
        let (t, k) = (place % self.along_bins() * bins, place / self.along_bins() * trials);
        let last = |end: usize, all: usize| end.min(all);
        for trial in k.saturating_sub(guard_trials)..last(k + trials + guard_trials, self.trials) {
            for bin in t.saturating_sub(guard_bins)..last(t + bins + guard_bins, self.bins) {
                call((trial * self.bins + bin) * self.neurons + neuron);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::simulate::Simulation;

    fn recording() -> Recording {
        let simulation = Simulation { neurons: 12, bins: 17, trials: 43, ..Simulation::default() };
        simulation.recording(3).0
    }

    #[test]
    fn folds_hold_out_different_entries_of_the_share_asked_for() {
        let (recording, blocks) = (recording(), Blocks::default());
        let both = [Role::Test, Role::Validation];
        let roles: Vec<_> =
            (0..blocks.most_folds()).map(|fold| blocks.roles(&recording, fold, &both, 1)).collect();
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
        let (recording, blocks) = (recording(), Blocks::default());
        let roles = blocks.roles(&recording, 2, &[Role::Test, Role::Validation], 1);
        let at =
            |n: usize, t: usize, k: usize| roles[(k * recording.bins + t) * recording.neurons + n];
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
        let roles = Blocks::default().roles(&recording, 0, &[Role::Test], 1);
        let pairs = || recording.activity.iter().zip(&roles);
        assert!(pairs().all(|(entry, role)| !entry.is_nan() || *role == Role::Unused));
        assert!(pairs().any(|(_, role)| *role == Role::Test));
        assert!(pairs().all(|(_, role)| *role != Role::Validation));
    }
}
