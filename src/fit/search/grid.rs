//! The architectures that a search chooses from.

use serde::{Deserialize, Serialize};

use crate::fit::architecture::{
    Architecture, Course, During, Grouping, InitialStates, Inputs, Recurrence,
};
use crate::fit::misfit::Misfit;
use crate::fit::prior::TrialPrior;

/// The choices of each part of a model, as a JSON file has them.
///
/// Where trials start, what drives them, the time constant and the numbers of units and terms are
/// chosen for each network that is compared, constant weights too; the prior of trial factors for
/// changing weights alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// Where trials start.
    pub initial: Vec<Start>,
    /// What drives them.
    pub inputs: Vec<Driving>,
    /// Time constants, as shares of the longest trial.
    pub time_constant: Vec<f64>,
    /// Standard deviations of the logarithms of the gains of trials; 0 for gains of one. The first is
    /// that with which the parts above are chosen.
    #[serde(default = "none")]
    pub gain: Vec<f64>,
    /// Standard deviations of inputs of single trials, which are the same in all bins; 0 for none.
    /// Here too the first comes first.
    #[serde(default = "none")]
    pub trial_input: Vec<f64>,
    /// How far trial factors are correlated, in trials.
    pub length: Vec<f64>,
    /// Standard deviations of trial factors about their means.
    pub amplitude: Vec<f64>,
    /// Whether trial factors may jump where the epoch changes; where there is one epoch, they
    /// cannot.
    pub jumps: Vec<bool>,
    /// Iterations of the first fit of each candidate; those that are kept get three times as many.
    pub iterations: usize,
}

/// That no trial has one of its own.
fn none() -> Vec<f64> {
    vec![0.0]
}

/// Where trials start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// At the state of their condition.
    Condition,
    /// At a state of their own, without a prior.
    Trial,
    /// At the state of their condition and a deviation with this standard deviation.
    Hierarchy(f64),
}

/// What drives the trials of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Driving {
    /// Nothing.
    Never,
    /// An input that does not change in time.
    Constant,
    /// An input that is correlated over this share of the longest trial.
    Smooth(f64),
}

/// A choice of each part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// What constant and changing weights have alike.
    #[serde(flatten)]
    pub shared: Shared,
    /// Terms of the weights.
    pub rank: usize,
    /// Of the trial factors, if weights have some that change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior: Option<TrialPrior>,
}

/// What constant and changing weights have alike.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shared {
    /// Where trials start.
    pub initial: Start,
    /// What drives them.
    pub inputs: Driving,
    /// The time constant, as a share of the longest trial.
    pub time_constant: f64,
    /// The standard deviation of the logarithms of gains.
    pub gain: f64,
    /// The standard deviation of inputs of trials.
    pub trial_input: f64,
    /// Units.
    pub units: usize,
}

impl Default for Grid {
    fn default() -> Self {
        Grid {
            initial: vec![
                Start::Condition,
                Start::Hierarchy(0.1),
                Start::Hierarchy(0.5),
                Start::Hierarchy(2.5),
            ],
            inputs: vec![Driving::Never, Driving::Constant, Driving::Smooth(0.25)],
            time_constant: vec![0.5, 0.2],
            gain: vec![0.0, 0.2],
            trial_input: vec![0.0, 0.3],
            length: vec![15.0, 50.0],
            amplitude: vec![0.5],
            jumps: vec![false, true],
            iterations: 60,
        }
    }
}

impl Grid {
    /// Holds the choices to their ranges.
    ///
    /// # Errors
    ///
    /// If there is no choice of a part, or no iteration.
    pub fn validate(&self) -> Result<(), Misfit> {
        for (what, count) in [
            ("number of choices of initial", self.initial.len()),
            ("number of choices of inputs", self.inputs.len()),
            ("number of choices of time_constant", self.time_constant.len()),
            ("number of choices of gain", self.gain.len()),
            ("number of choices of trial_input", self.trial_input.len()),
            ("number of choices of length", self.length.len()),
            ("number of choices of amplitude", self.amplitude.len()),
            ("number of choices of jumps", self.jumps.len()),
            ("number of first iterations", self.iterations),
        ] {
            Misfit::unless(count > 0, what, count, "at least 1")?;
        }
        for &share in &self.time_constant {
            let is_share = share > 0.0 && share.is_finite();
            Misfit::unless(is_share, "time_constant", share, "a number above 0")?;
        }
        Ok(())
    }

    /// Whether trials may differ in their initial states, their gains and their inputs.
    pub(super) fn of_trials(&self) -> [bool; 3] {
        let may = |spreads: &[f64]| spreads.iter().any(|&spread| spread > 0.0);
        let own = self.initial.iter().any(|start| *start != Start::Condition);
        [own, may(&self.gain), may(&self.trial_input)]
    }

    /// Where trials start, what drives their conditions, time constants and units.
    pub(super) fn shared(&self, units: &[usize]) -> Vec<Shared> {
        let mut all = Vec::new();
        for &initial in &self.initial {
            for &inputs in &self.inputs {
                for &time_constant in &self.time_constant {
                    let with = |&units: &usize| Shared {
                        initial,
                        inputs,
                        time_constant,
                        gain: self.gain[0],
                        trial_input: self.trial_input[0],
                        units,
                    };
                    all.extend(units.iter().map(with));
                }
            }
        }
        all
    }

    /// The same network with every choice of gains and inputs of trials.
    pub(super) fn with_trials(&self, shared: Shared) -> Vec<Shared> {
        let all = self.gain.iter().flat_map(|&gain| {
            self.trial_input.iter().map(move |&trial_input| Shared { gain, trial_input, ..shared })
        });
        all.collect()
    }

    /// The priors of trial factors of a recording; what the grid has no choice of is that of `base`.
    pub(super) fn priors(&self, base: TrialPrior, epochs: usize) -> Vec<TrialPrior> {
        let mut all = Vec::new();
        for &length in &self.length {
            for &amplitude in &self.amplitude {
                for jumps in self.jumps.iter().map(|&jumps| jumps && epochs > 1) {
                    let prior = TrialPrior { length, amplitude, jumps, ..base };
                    if !all.contains(&prior) {
                        all.push(prior);
                    }
                }
            }
        }
        all
    }
}

impl Candidate {
    /// The network of a recording of so many bins; what is not chosen is that of `base`.
    pub(super) fn architecture(
        &self,
        base: &Architecture,
        recurrence: Recurrence,
        bins: usize,
    ) -> Architecture {
        let Shared { initial, inputs, time_constant, gain, trial_input, units } = self.shared;
        let confined = match base.initial {
            InitialStates::Zero => true,
            InitialStates::Learned { confined, .. } | InitialStates::Hierarchy { confined, .. } => {
                confined
            }
        };
        let by = |by| InitialStates::Learned { by, confined };
        let leak = (1.0 / (time_constant * bins.max(1) as f64)).min(1.0);
        let driven = |during, course| Inputs { during, course, through: base.inputs.through };
        Architecture {
            units,
            rank: self.rank,
            recurrence,
            leak: leak / base.steps_per_bin as f64,
            initial: match initial {
                Start::Condition => by(Grouping::Condition),
                Start::Trial => by(Grouping::Trial),
                Start::Hierarchy(spread) => InitialStates::Hierarchy { confined, spread },
            },
            inputs: match inputs {
                Driving::Never => driven(During::Never, Course::Constant),
                Driving::Constant => driven(During::Throughout, Course::Constant),
                Driving::Smooth(share) => {
                    let length = share * (bins * base.steps_per_bin) as f64;
                    driven(During::Throughout, Course::Smooth(length))
                }
            },
            gain_spread: gain,
            input_spread: trial_input,
            ..base.clone()
        }
    }

    /// Its name in files.
    pub(super) fn name(&self) -> String {
        let Shared { time_constant, gain, trial_input, units, .. } = self.shared;
        let [initial, inputs] = [self.shared.initial.in_words(), self.shared.inputs.in_words()]
            .map(|words| words.replace(' ', ""));
        let prior = self.prior.map_or(String::new(), |prior| {
            let jumps = if prior.jumps { "_jumps" } else { "" };
            format!("_length{}_amplitude{}{jumps}", prior.length, prior.amplitude)
        });
        format!(
            "{initial}_inputs-{inputs}_tau{time_constant}_gain{gain}_input{trial_input}_units{units}\
             _rank{}{prior}",
            self.rank
        )
    }
}

impl Start {
    /// As tables have it.
    pub fn in_words(self) -> String {
        match self {
            Start::Condition => "condition".to_owned(),
            Start::Trial => "trial".to_owned(),
            Start::Hierarchy(spread) => format!("hierarchy {spread}"),
        }
    }
}

impl Driving {
    /// As tables have it.
    pub fn in_words(self) -> String {
        match self {
            Driving::Never => "never".to_owned(),
            Driving::Constant => "constant".to_owned(),
            Driving::Smooth(share) => format!("smooth {share}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "files")]
    #[test]
    fn a_grid_is_read_from_json_as_it_was_written() {
        let grid = Grid::default();
        let text = serde_json::to_string(&grid).unwrap();
        assert_eq!(serde_json::from_str::<Grid>(&text).unwrap(), grid);
        assert!(text.contains(r#""initial":["condition",{"hierarchy":0.1}"#), "{text}");
        let unknown = text.replacen("\"length\"", "\"lengths\"", 1);
        let error = serde_json::from_str::<Grid>(&unknown).unwrap_err().to_string();
        assert!(error.contains("unknown field `lengths`"), "{error}");
        // What older grids do not have is that no trial has one of its own.
        let older = text.replacen(r#""gain":[0.0,0.2],"trial_input":[0.0,0.3],"#, "", 1);
        let older = serde_json::from_str::<Grid>(&older).unwrap();
        assert_eq!((&older.gain, &older.trial_input), (&vec![0.0], &vec![0.0]));
        let none = Grid { inputs: vec![], ..Grid::default() };
        assert!(none.validate().unwrap_err().to_string().contains("choices of inputs is 0"));
    }

    #[test]
    fn jumps_are_tried_where_there_are_epochs() {
        let grid = Grid::default();
        let priors = |epochs| grid.priors(TrialPrior::default(), epochs);
        assert_eq!((priors(1).len(), priors(3).len()), (2, 4));
        assert!(priors(1).iter().all(|prior| !prior.jumps));
    }

    #[test]
    fn candidates_with_different_names_are_different_networks() {
        let base = Architecture::new(5, 2, 20);
        let grid = Grid::default();
        let candidates: Vec<Candidate> = (grid.shared(&[5, 9]).into_iter())
            .flat_map(|shared| grid.with_trials(shared))
            .flat_map(|shared| [1, 2].map(|rank| Candidate { shared, rank, prior: None }))
            .collect();
        assert_eq!(candidates.len(), 4 * 3 * 2 * 2 * 4 * 2);
        let names: std::collections::BTreeSet<_> = candidates.iter().map(Candidate::name).collect();
        assert_eq!(names.len(), candidates.len());
        for candidate in candidates {
            let network = candidate.architecture(&base, Recurrence::Constant, 20);
            assert_eq!(network.validate(), Ok(()));
            let is_usual = candidate.shared.time_constant == 0.5;
            assert_eq!(network.leak == base.leak, is_usual, "half a trial is what it is otherwise");
        }
    }
}
