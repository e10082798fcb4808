//! Recordings with known weights.

use serde::Serialize;

use super::architecture::{Architecture, Grouping, InitialStates, Recurrence};
use super::likelihood::Likelihood;
use super::misfit::Misfit;
use super::objective::Objective;
use super::observations::{Groups, Observations, Role};
use super::parts::{Weights, matrix, normal};
use super::prior::TrialPrior;
use super::saved::Saved;
use crate::blocks::Blocks;
use crate::matrix::Matrix;
use crate::memory::Memory;
use crate::recording::{Quantity, Recording};
use crate::scalar::Stream;

/// A network that learns, and a recording of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Simulation {
    /// Recorded neurons.
    pub neurons: usize,
    /// Units of the network, N.
    pub units: usize,
    /// Trials, K.
    pub trials: usize,
    /// Bins of a trial, T.
    pub bins: usize,
    /// Terms of the weights, R.
    pub rank: usize,
    /// Conditions, which follow each other in random order.
    pub conditions: usize,
    /// The variance of the noise as a share of that of the recording, where the likelihood does not
    /// say it: counts are as noisy as they are.
    pub noise: f64,
    /// What is recorded of the network.
    pub likelihood: Likelihood,
    /// The same weights in all trials: the network does not learn.
    pub constant: bool,
    /// Standard deviation by which the initial states of trials, in the span of the weights'
    /// columns, differ from that of their condition; those of conditions have one of 0.7.
    pub initial_spread: f64,
    /// Standard deviation by which the gains of trials differ from one: all means of a trial are
    /// multiplied by its gain, which is not below zero.
    pub gain_spread: f64,
}

impl Default for Simulation {
    fn default() -> Self {
        Simulation {
            neurons: 50,
            units: 50,
            trials: 100,
            bins: 20,
            rank: 3,
            conditions: 8,
            noise: 0.1,
            likelihood: Likelihood::Gaussian,
            constant: false,
            initial_spread: 0.0,
            gain_spread: 0.0,
        }
    }
}

impl Simulation {
    fn architecture(&self) -> Architecture {
        Architecture {
            recurrence: Recurrence::LowTensorRank(TrialPrior {
                length: 0.2 * self.trials as f64,
                ..TrialPrior::default()
            }),
            likelihood: self.likelihood,
            initial: InitialStates::Learned {
                by: if self.initial_spread > 0.0 { Grouping::Trial } else { Grouping::Condition },
                confined: true,
            },
            ..Architecture::new(self.units, self.rank, self.bins)
        }
    }

    /// Holds the sizes to their ranges.
    ///
    /// # Errors
    ///
    /// If there is no neuron, unit, trial, bin or condition, there are more terms than units, or the
    /// noise or a spread is out of its range.
    pub fn validate(&self) -> Result<(), Misfit> {
        for (what, size) in [
            ("neurons", self.neurons),
            ("units", self.units),
            ("trials", self.trials),
            ("bins", self.bins),
            ("rank", self.rank),
            ("conditions", self.conditions),
        ] {
            Misfit::unless(size > 0, what, size, "at least 1")?;
        }
        let expected = || format!("at most the number of units, {}", self.units);
        Misfit::unless(self.rank <= self.units, "rank", self.rank, expected())?;
        let (noise, spread) = (self.noise, self.initial_spread);
        let is_share = (0.0..1.0).contains(&noise);
        Misfit::unless(is_share, "noise", noise, "a share from 0 to below 1")?;
        for (what, spread) in [("initial spread", spread), ("gain spread", self.gain_spread)] {
            let is_spread = spread >= 0.0 && spread.is_finite();
            Misfit::unless(is_spread, what, spread, "0 or a number above")?;
        }
        Ok(())
    }

    /// Draws a network and records it. The same seed gives the same recording.
    ///
    /// # Errors
    ///
    /// If a size is out of its range, or there is too little memory.
    pub fn recording(&self, seed: u64) -> Result<(Recording, Saved<f64>), Misfit> {
        self.validate()?;
        self.memory().check()?;
        let stream = Stream::new("simulated recording", seed, 0);
        let architecture = self.architecture();
        let mut recording = self.empty(seed, &stream);
        let roles = vec![Role::Train; recording.activity.len()];
        let observations: Observations<f64> = Observations::new(&recording, &roles)?;
        let groups = observations.groups.clone();
        let objective = Objective::new(&architecture, observations)?;
        let mut model =
            objective.model(&self.blocks(objective.start(&stream), &groups, &stream))?;
        if let Weights::Shared { factors, .. } = &mut model.weights {
            *factors = self.trial_factors();
        }
        recording.activity = objective.predictions(&model);
        self.multiply_by_gains(&mut recording.activity, &stream);
        let mut noise = stream.named("noise");
        self.likelihood.law::<f64>().draw(
            &mut recording.activity,
            self.neurons,
            self.noise,
            &mut noise,
        );
        Ok((recording, Saved { architecture, model, seed, iterations: 0 }))
    }

    /// What the recording takes, beside what the model does.
    fn memory(&self) -> Memory {
        /// Of an entry: what is recorded, observed and predicted, and its role.
        const ENTRY: usize = 5 * size_of::<f64>() + 2;
        /// Of a condition or a neuron: its name and what is known of it.
        const NAMED: usize = 128;
        let Simulation { neurons, bins, trials, conditions, units, .. } = *self;
        let entries = format!("{trials} trials of {bins} bins of {neurons} neurons");
        self.architecture()
            .memory(size_of::<f64>(), [neurons, bins, trials, conditions.min(trials)])
            .and(entries, ENTRY, &[neurons, bins, trials])
            .and(format!("{conditions} conditions"), NAMED, &[conditions])
            .and(format!("{neurons} neurons"), NAMED, &[neurons])
            .and(format!("states of {units} units"), size_of::<f64>(), &[units, trials])
    }

    fn multiply_by_gains(&self, means: &mut [f64], stream: &Stream) {
        let mut stream = stream.named("gains");
        for of_trial in means.chunks_exact_mut(self.neurons * self.bins) {
            let gain = (1.0 + self.gain_spread * stream.normal()).max(0.0);
            of_trial.iter_mut().for_each(|mean| *mean *= gain);
        }
    }

    /// The recording before anything was recorded.
    fn empty(&self, seed: u64, stream: &Stream) -> Recording {
        let mut order = stream.named("conditions");
        let conditions: Vec<usize> = (0..self.trials.div_ceil(self.conditions))
            .flat_map(|_| order.permutation(self.conditions))
            .take(self.trials)
            .collect();
        Recording {
            neurons: self.neurons,
            bins: self.bins,
            trials: self.trials,
            activity: (0..self.neurons * self.bins * self.trials)
                .map(|place| self.before(place))
                .collect(),
            trial_numbers: (0..self.trials as i64).collect(),
            conditions,
            condition_names: (0..self.conditions).map(|c| format!("condition {c}")).collect(),
            epochs: vec![0; self.trials],
            epoch_names: vec!["all".to_owned()],
            neuron_names: (0..self.neurons).map(|n| format!("neuron {n}")).collect(),
            bin_seconds: 0.05,
            start_seconds: 0.0,
            quantity: self.likelihood.law::<f64>().recorded(),
            unit: if self.counts() { "spikes per bin" } else { "arbitrary" }.to_owned(),
            behaviour: None,
            provenance: format!("simulated, seed {seed}"),
        }
    }

    fn counts(&self) -> bool {
        self.likelihood.law::<f64>().recorded() == Quantity::Counts
    }

    /// What an entry is before anything was recorded, for the scales of the model: of unit variance
    /// and zero mean, or of counts, whose rate is scaled by their mean, one.
    fn before(&self, place: usize) -> f64 {
        let is_even = (place / self.neurons).is_multiple_of(2);
        if self.counts() || is_even { 1.0 } else { -1.0 }
    }

    /// Weights that are neither symmetric nor stable. The trial factors are set apart.
    fn blocks(&self, start: Blocks<f64>, groups: &Groups, stream: &Stream) -> Blocks<f64> {
        let column = matrix(&start, "column");
        // Rows lie between the columns and directions of their own: recurrent, but not symmetric.
        let mut row = column.clone();
        row.add_scaled(0.5, &normal((self.units, self.rank), 1.0, &stream.named("rows")));
        row.add_scaled(0.7, &mixed_neighbours(column));
        let offset = if self.counts() {
            // One spike in two bins, and rates that differ by a factor of about e.
            Matrix::from_fn(self.neurons, 1, |_, _| 0.5_f64.ln())
        } else {
            normal((self.neurons, 1), 0.3, &stream.named("offsets"))
        };
        start
            .with("row", row)
            .with("initial", self.initial_states(groups, stream))
            .with("offset", offset)
    }

    /// In the span of the weights' columns, (R, conditions), or (R, trials) if trials differ.
    fn initial_states(&self, groups: &Groups, stream: &Stream) -> Matrix<f64> {
        let conditions = groups.count(Grouping::Condition);
        let of_conditions: Matrix<f64> =
            normal((self.rank, conditions), 0.7, &stream.named("initial states"));
        if self.initial_spread == 0.0 {
            return of_conditions;
        }
        let own = stream.named("initial states of trials");
        let mut of_trials = normal((self.rank, groups.trials()), self.initial_spread, &own);
        for (k, condition) in groups.of_trials(Grouping::Condition).into_iter().enumerate() {
            let state = of_trials.column_mut(k).iter_mut();
            state.zip(of_conditions.column(condition)).for_each(|(x, c)| *x += c);
        }
        of_trials
    }

    /// Half-waves over the session, the first falling once, the second falling and rising, and so
    /// on: smooth, and as different from each other as can be, so that a fit can tell them apart.
    /// Their middle in all trials, if weights are constant.
    fn trial_factors(&self) -> Matrix<f64> {
        Matrix::from_fn(self.rank, self.trials, |r, k| {
            let phase = (r + 1) as f64 * (k as f64 + 0.5) / self.trials as f64;
            let change = if self.constant { 0.0 } else { 0.5 };
            1.5 + change * (std::f64::consts::PI * phase).cos()
        })
    }
}

/// Each column the next one, the last the negative of the first: a rotation of the columns.
fn mixed_neighbours(columns: &Matrix<f64>) -> Matrix<f64> {
    let last = columns.cols() - 1;
    Matrix::from_fn(columns.rows(), columns.cols(), |i, r| {
        if r == last { -columns[(i, 0)] } else { columns[(i, r + 1)] }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Moments;

    fn recording(simulation: &Simulation, seed: u64) -> (Recording, Saved<f64>) {
        simulation.recording(seed).expect("sizes in their ranges")
    }

    #[test]
    fn the_noise_has_the_share_asked_for() {
        let clean = Simulation { noise: 0.0, ..Simulation::default() };
        let (clean, noisy) = (recording(&clean, 5).0, recording(&Simulation::default(), 5).0);
        for n in 0..3 {
            let variance = |values: Vec<f64>| {
                Moments::of(values.into_iter().skip(n).step_by(noisy.neurons)).variance()
            };
            let pairs = noisy.activity.iter().zip(&clean.activity);
            let noise = pairs.map(|(noisy, clean)| noisy - clean).collect();
            let share = variance(noise) / variance(noisy.activity.clone());
            assert!((0.09..0.11).contains(&share), "{share}");
        }
    }

    #[test]
    fn sizes_out_of_their_range_are_refused() {
        let default = Simulation::default();
        for (simulation, expected) in [
            (Simulation { bins: 0, ..default }, "bins is 0, expected at least 1"),
            (Simulation { rank: 51, ..default }, "expected at most the number of units, 50"),
            (Simulation { noise: 1.0, ..default }, "a share from 0 to below 1"),
            (Simulation { initial_spread: f64::NAN, ..default }, "initial spread is NaN"),
            (Simulation { gain_spread: -0.1, ..default }, "gain spread is -0.1"),
        ] {
            let error = simulation.recording(1).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    /// As the offsets say, times what the states make of it.
    #[test]
    fn counts_are_about_one_spike_in_two_bins() {
        for (seed, bins) in [(1, 20), (2, 25), (3, 2)] {
            let likelihood = Likelihood::Poisson;
            let counts = Simulation { likelihood, bins, ..Simulation::default() };
            let activity = recording(&counts, seed).0.activity;
            let mean = Moments::of(activity.into_iter()).mean;
            assert!((0.3..1.5).contains(&mean), "{mean} in {bins} bins");
        }
    }

    #[test]
    fn initial_states_differ_from_those_of_conditions_by_their_spread() {
        let spread = |initial_spread| {
            let simulation = Simulation {
                rank: 2,
                trials: 400,
                conditions: 4,
                initial_spread,
                ..Default::default()
            };
            let stream = Stream::new("spread", 0, 0);
            let recording = simulation.empty(1, &stream);
            let groups = Groups::new(recording.conditions.clone());
            (simulation.initial_states(&groups, &stream), groups)
        };
        let ((of_conditions, _), (of_trials, groups)) = (spread(0.0), spread(0.5));
        assert_eq!((of_conditions.cols(), of_trials.cols()), (4, 400));
        let conditions = groups.of_trials(Grouping::Condition);
        let squares = (0..400).flat_map(|k| {
            let condition = of_conditions.column(conditions[k]);
            let pairs = of_trials.column(k).iter().zip(condition);
            pairs.map(|(trial, of_condition)| (trial - of_condition).powi(2)).collect::<Vec<_>>()
        });
        let found = (squares.sum::<f64>() / 800.0).sqrt();
        // Four standard errors of 800 normal numbers, for a fixed seed.
        assert!((found - 0.5).abs() < 0.05, "{found}");
    }

    #[test]
    fn all_means_of_a_trial_have_its_gain() {
        let clean = Simulation { noise: 0.0, trials: 400, ..Simulation::default() };
        let spread = Simulation { gain_spread: 0.15, ..clean };
        let (clean, varied) = (recording(&clean, 5).0, recording(&spread, 5).0);
        let size = clean.neurons * clean.bins;
        let trials = varied.activity.chunks(size).zip(clean.activity.chunks(size));
        let gains: Vec<f64> = trials
            .map(|(varied, clean)| {
                let gain = varied[0] / clean[0];
                let pairs = varied.iter().zip(clean);
                assert!(pairs.clone().all(|(a, b)| (a - gain * b).abs() < 1e-9), "{gain}");
                gain
            })
            .collect();
        let moments = Moments::of(gains.into_iter());
        // Four standard errors of 400 normal numbers, for a fixed seed.
        assert!((moments.mean - 1.0).abs() < 0.03, "{moments:?}");
        assert!((moments.variance().sqrt() - 0.15).abs() < 0.022, "{moments:?}");
    }

    #[test]
    fn constant_weights_are_the_same_in_all_trials() {
        let (_, truth) = recording(&Simulation { constant: true, ..Simulation::default() }, 1);
        let factors = truth.model.trial_factors().unwrap();
        assert!(factors.data().iter().all(|&factor| factor == 1.5));
    }

    #[test]
    fn a_seed_names_a_recording_of_which_the_file_reader_approves() {
        for &likelihood in Likelihood::ALL {
            let simulation = Simulation { likelihood, ..Simulation::default() };
            let (a, truth) = recording(&simulation, 1);
            assert!(a.validate().is_ok());
            assert_eq!(a.activity, recording(&simulation, 1).0.activity);
            assert_ne!(a.activity, recording(&simulation, 2).0.activity);
            let factors = truth.model.trial_factors().unwrap();
            assert_eq!((factors.rows(), factors.cols()), (3, 100));
        }
    }
}
