//! Which entries are held out: blocks of consecutive bins and trials of a neuron, with a guard band;
//! the last trials; or some neurons in some trials.

use serde::{Deserialize, Serialize};

use super::misfit::Misfit;
use super::observations::Role;
use crate::recording::Recording;
use crate::scalar::Stream;

/// Which entries are held out for testing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// Blocks of neighbouring bins and trials of a neuron, all over the recording.
    #[default]
    Blocks,
    /// The last fifth of the trials; in each fold of a session that ends a tenth earlier than in the
    /// fold before. Validation blocks are among the trials before.
    FutureTrials,
    /// A fifth of the neurons in a fifth of the trials, other ones in each fold (co-smoothing); the
    /// same neurons in another fifth of the trials are for validation.
    Neurons,
}

/// How entries are held out.
///
/// In blocks, if nothing else is said: the recording is tiled by blocks of consecutive bins and trials of one neuron, the same blocks
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
    /// The share of the blocks that is held out for testing.
    pub share: f64,
    /// The share that is held out for validation; as many as for testing if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<f64>,
    /// What is held out for testing.
    #[serde(default)]
    pub split: Split,
}

impl Default for HeldOut {
    fn default() -> Self {
        HeldOut {
            bins: 5,
            trials: 5,
            guard_bins: 2,
            guard_trials: 2,
            share: 0.05,
            validation: None,
            split: Split::Blocks,
        }
    }
}

impl HeldOut {
    /// What suits a [`Search`](super::Search): as many entries for testing as ten folds find that
    /// choose by others, half as many. How small a difference is seen depends on how many are tested in
    /// all.
    pub fn of_search() -> Self {
        HeldOut { share: 0.066, ..HeldOut::default() }.with_less_validation()
    }

    /// The same with half as many entries for validation as for testing.
    #[must_use]
    pub fn with_less_validation(self) -> Self {
        HeldOut { validation: Some(self.share / 2.0), ..self }
    }

    fn share_of_validation(&self) -> f64 {
        self.validation.unwrap_or(self.share)
    }

    /// The number of folds that find blocks of their own, for tests and for validation.
    pub fn most_folds(&self) -> usize {
        // Rounded, so that a share of 0.05 gives ten folds and not nine.
        let of_blocks = (1.0 / (self.share + self.share_of_validation()) + 1e-9) as usize;
        match self.split {
            Split::Blocks => of_blocks,
            Split::FutureTrials => of_blocks.min(FIFTHS),
            Split::Neurons => FIFTHS,
        }
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
        if self.split == Split::Neurons {
            return Ok(neurons_of_trials(recording, fold, held_out, seed));
        }
        let expected = "at least one bin and one trial";
        let size = format!("{} by {}", self.bins, self.trials);
        Misfit::unless(self.bins > 0 && self.trials > 0, "size of a block", size, expected)?;
        let mut roles = recorded(recording);
        let tiles = Tiles { sizes: self, recording };
        let order = Stream::new("held-out blocks", seed, 0).permutation(tiles.count());
        let [test, validation] = [self.share, self.share_of_validation()]
            .map(|share| ((tiles.count() as f64 * share) as usize).max(1));
        let of_blocks = |role: Role| role != Role::Test || self.split == Split::Blocks;
        let first = fold * (test + validation);
        let set = |first: usize, count: usize, role: Role| {
            let wanted = if held_out.contains(&role) && of_blocks(role) { count } else { 0 };
            order.iter().skip(first).take(wanted).map(move |&tile| (tile, role))
        };
        let held: Vec<(usize, Role)> = set(first, test, Role::Test)
            .chain(set(first + test, validation, Role::Validation))
            .collect();
        for &(tile, _) in &held {
            let band = [self.guard_bins, self.guard_trials];
            tiles.places(tile, band).for_each(|place| roles[place] = Role::Unused);
        }
        // A block stays whole where the band of another reaches into it.
        for &(tile, role) in &held {
            let recorded = |place: &usize| !recording.activity[*place].is_nan();
            tiles.places(tile, [0, 0]).filter(recorded).for_each(|place| roles[place] = role);
        }
        if self.split == Split::FutureTrials && held_out.contains(&Role::Test) {
            hold_out_future(recording, fold, &mut roles);
        }
        Ok(roles)
    }
}

/// Of how many parts one is held out, of trials and of neurons.
const FIFTHS: usize = 5;

/// The last fifth of the trials is for testing, of a session that each fold ends a tenth earlier.
fn hold_out_future(recording: &Recording, fold: usize, roles: &mut [Role]) {
    let end = recording.trials * (2 * FIFTHS - fold) / (2 * FIFTHS);
    let first = end * (FIFTHS - 1) / FIFTHS;
    let of_trial = recording.neurons * recording.bins;
    for (place, role) in roles.iter_mut().enumerate().skip(first * of_trial) {
        let is_test = place < end * of_trial && !recording.activity[place].is_nan();
        *role = if is_test { Role::Test } else { Role::Unused };
    }
}

/// The neurons of a fifth are for testing in the trials of a fifth, for validation in those of the
/// next.
fn neurons_of_trials(
    recording: &Recording,
    fold: usize,
    held_out: &[Role],
    seed: u64,
) -> Vec<Role> {
    let parts = |name: &str, count: usize| {
        let order = Stream::new(name, seed, 0).permutation(count);
        let mut part = vec![0; count];
        order.iter().enumerate().for_each(|(i, &one)| part[one] = i * FIFTHS / count.max(1));
        part
    };
    let of_neuron = parts("held-out neurons", recording.neurons);
    let of_trial = parts("held-out trials", recording.trials);
    let mut roles = recorded(recording);
    for (place, role) in roles.iter_mut().enumerate().filter(|(_, role)| **role == Role::Train) {
        let [n, _, k] = recording.entry_of(place);
        let new = match (of_trial[k] + FIFTHS - fold) % FIFTHS {
            0 => Role::Test,
            1 => Role::Validation,
            _ => continue,
        };
        if of_neuron[n] == fold && held_out.contains(&new) {
            *role = new;
        }
    }
    roles
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
        // A block or a band may be as large as any number.
        let around = |first: usize, length: usize, band: usize, all: usize| {
            let end = first.saturating_add(length).saturating_add(band);
            first.saturating_sub(band)..end.min(all)
        };
        let bins = around(bin, self.sizes.bins, band_bins, self.recording.bins);
        let trials = around(trial, self.sizes.trials, band_trials, self.recording.trials);
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

    /// A search tests on more than it chooses by, and ten folds still find entries of their own.
    #[test]
    fn a_search_holds_out_less_for_validation_than_for_tests() {
        let (recording, held_out) = (recording(), HeldOut::of_search());
        assert_eq!(held_out.most_folds(), 10);
        let mut tested = vec![false; recording.activity.len()];
        for fold in 0..10 {
            let both = [Role::Test, Role::Validation];
            let roles = held_out.roles(&recording, fold, &both, 1).unwrap();
            let [test, validation] = both.map(|role| share(&roles, role, |_| true));
            assert!((0.05..0.08).contains(&test), "{test}");
            assert!((0.025..0.045).contains(&validation), "{validation}");
            for (place, _) in roles.iter().enumerate().filter(|&(_, &role)| role == Role::Test) {
                assert!(!std::mem::replace(&mut tested[place], true));
            }
        }
    }

    /// What share of the entries has a role, and whether all of them are such.
    fn share(roles: &[Role], role: Role, such: impl Fn(usize) -> bool) -> f64 {
        let places = (0..roles.len()).filter(|&place| roles[place] == role);
        places.inspect(|&place| assert!(such(place))).count() as f64 / roles.len() as f64
    }

    #[test]
    fn future_trials_come_after_all_others() {
        let held_out = HeldOut { split: Split::FutureTrials, ..HeldOut::default() };
        assert_eq!(held_out.most_folds(), 5);
        let recording = recording();
        let trial = |place: usize| recording.entry_of(place)[2];
        for (fold, [first, end]) in [(0, [34, 43]), (2, [27, 34]), (4, [20, 25])] {
            let roles =
                held_out.roles(&recording, fold, &[Role::Test, Role::Validation], 1).unwrap();
            let test = share(&roles, Role::Test, |place| (first..end).contains(&trial(place)));
            assert!((test - (end - first) as f64 / 43.0).abs() < 1e-12, "{test}");
            assert!(share(&roles, Role::Train, |place| trial(place) < first) > 0.3);
            assert!(share(&roles, Role::Validation, |place| trial(place) < first) > 0.01);
        }
    }

    #[test]
    fn held_out_neurons_are_seen_in_other_trials() {
        let held_out = HeldOut { split: Split::Neurons, ..HeldOut::default() };
        let recording = recording();
        let mut tested = vec![false; recording.neurons];
        for fold in 0..5 {
            let roles =
                held_out.roles(&recording, fold, &[Role::Test, Role::Validation], 1).unwrap();
            let found = [Role::Test, Role::Validation].map(|role| share(&roles, role, |_| true));
            assert!(found.iter().all(|share| (0.02..0.07).contains(share)), "{found:?}");
            for (place, _) in roles.iter().enumerate().filter(|&(_, &role)| role == Role::Test) {
                let [n, t, k] = recording.entry_of(place);
                tested[n] = true;
                // The whole trial of the neuron, and not of all neurons.
                let all = |n| (0..17).all(|t| roles[recording.place(n, t, k)] == Role::Test);
                assert!(all(n) && !(0..12).all(all), "{t}");
            }
        }
        assert!(tested.into_iter().all(|tested| tested));
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
