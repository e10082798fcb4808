//! Recordings with known weights.

use serde::Serialize;

use super::architecture::{Architecture, Grouping, InitialStates, Likelihood, Recurrence};
use super::objective::Objective;
use super::observations::{Groups, Observations, Role};
use super::parameters::{Parameters, fill};
use super::prior::TrialPrior;
use super::saved::Saved;
use crate::matrix::Matrix;
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
    /// The variance of the noise as a share of that of the recording.
    pub noise: f64,
    /// Spike counts instead of normal activity: the noise is that of the counts alone.
    pub counts: bool,
    /// The same weights in all trials: the network does not learn.
    pub constant: bool,
    /// Standard deviation by which the initial states of trials, in the span of the weights'
    /// columns, differ from that of their condition; those of conditions have one of 0.7.
    pub initial_spread: f64,
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
            counts: false,
            constant: false,
            initial_spread: 0.0,
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
            likelihood: if self.counts { Likelihood::Poisson } else { Likelihood::Gaussian },
            initial: InitialStates::Learned {
                by: match self.initial_spread > 0.0 {
                    true => Grouping::Trial,
                    false => Grouping::Condition,
                },
                confined: true,
            },
            ..Architecture::new(self.units, self.rank, self.bins)
        }
    }

    /// Draws a network and records it. The same seed gives the same recording.
    pub fn recording(&self, seed: u64) -> (Recording, Saved<f64>) {
        let stream = Stream::new("simulated recording", seed, 0);
        let architecture = self.architecture();
        let mut recording = self.empty(seed, &stream);
        let observations: Observations<f64> =
            Observations::new(&recording, &vec![Role::Train; recording.activity.len()]);
        let parameters = self.parameters(&architecture, &observations, &stream);
        let objective = Objective::new(&architecture, observations);
        let mut model = objective.assembly.model(&parameters);
        model.factors = self.trial_factors();
        recording.activity = objective.predictions(&model);
        self.add_noise(&mut recording, &stream);
        (recording, Saved { architecture, model, seed, iterations: 0 })
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
            quantity: if self.counts { Quantity::Counts } else { Quantity::Values },
            unit: if self.counts { "spikes per bin" } else { "arbitrary" }.to_owned(),
            provenance: format!("simulated, seed {seed}"),
        }
    }

    /// What an entry is before anything was recorded, for the scales of the model: of unit variance
    /// and zero mean, or of counts, whose rate is scaled by their mean, one.
    fn before(&self, place: usize) -> f64 {
        let is_even = (place / self.neurons).is_multiple_of(2);
        if self.counts || is_even { 1.0 } else { -1.0 }
    }

    /// Weights that are neither symmetric nor stable.
    fn parameters(
        &self,
        architecture: &Architecture,
        observations: &Observations<f64>,
        stream: &Stream,
    ) -> Parameters<f64> {
        let groups = &observations.groups;
        let mut parameters =
            Parameters::start(architecture, groups, self.neurons, self.bins, stream);
        let fill = |matrix: &mut Matrix<f64>, size, name| fill(matrix, size, &stream.named(name));
        // The trial factors are set apart. Rows lie between the columns and directions of their
        // own: recurrent, but not symmetric.
        let mut own = Matrix::zeros(self.units, self.rank);
        fill(&mut own, 1.0, "rows");
        parameters.row = parameters.column.clone();
        parameters.row.add_scaled(0.5, &own);
        let mixed = mixed_neighbours(&parameters.column);
        parameters.row.add_scaled(0.7, &mixed);
        parameters.initial = self.initial_states(groups, stream);
        if self.counts {
            // One spike in two bins, and rates that differ by a factor of about e.
            parameters.offset.data_mut().iter_mut().for_each(|offset| *offset = 0.5_f64.ln());
        } else {
            fill(&mut parameters.offset, 0.3, "offsets");
        }
        parameters
    }

    /// In the span of the weights' columns, (R, conditions), or (R, trials) if trials differ.
    fn initial_states(&self, groups: &Groups, stream: &Stream) -> Matrix<f64> {
        let mut of_conditions = Matrix::zeros(self.rank, groups.count(Grouping::Condition));
        fill(&mut of_conditions, 0.7, &stream.named("initial states"));
        if self.initial_spread == 0.0 {
            return of_conditions;
        }
        let mut of_trials = Matrix::zeros(self.rank, groups.trials());
        fill(&mut of_trials, self.initial_spread, &stream.named("initial states of trials"));
        for k in 0..groups.trials() {
            let condition = of_conditions.column(groups.of(Grouping::Condition, k));
            of_trials.column_mut(k).iter_mut().zip(condition).for_each(|(x, c)| *x += c);
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

    fn add_noise(&self, recording: &mut Recording, stream: &Stream) {
        let mut stream = stream.named("noise");
        if self.counts {
            for entry in &mut recording.activity {
                *entry = poisson(*entry, &mut stream);
            }
            return;
        }
        for n in 0..self.neurons {
            let of_neuron = || (n..recording.activity.len()).step_by(self.neurons);
            let entries = of_neuron().count() as f64;
            let mean = of_neuron().map(|e| recording.activity[e]).sum::<f64>() / entries;
            let squares: f64 = of_neuron().map(|e| (recording.activity[e] - mean).powi(2)).sum();
            // The noise is this share of the whole, signal and noise.
            let size = (squares / entries * self.noise / (1.0 - self.noise)).sqrt();
            for entry in (n..recording.activity.len()).step_by(self.neurons) {
                recording.activity[entry] += size * stream.normal();
            }
        }
    }
}

/// Each column the next one, the last the negative of the first: a rotation of the columns.
fn mixed_neighbours(columns: &Matrix<f64>) -> Matrix<f64> {
    let last = columns.cols() - 1;
    Matrix::from_fn(columns.rows(), columns.cols(), |i, r| {
        if r == last { -columns[(i, 0)] } else { columns[(i, r + 1)] }
    })
}

/// A Poisson number by counting exponential waiting times.
fn poisson(rate: f64, stream: &mut Stream) -> f64 {
    let (mut count, mut waited) = (0.0, -(1.0 - stream.uniform()).ln());
    while waited < rate {
        count += 1.0;
        waited -= (1.0 - stream.uniform()).ln();
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_noise_has_the_share_asked_for() {
        let clean = Simulation { noise: 0.0, ..Simulation::default() };
        let noisy = Simulation::default();
        let (clean, noisy) = (clean.recording(5).0, noisy.recording(5).0);
        let variance = |values: Vec<f64>| {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64
        };
        for n in 0..3 {
            let of = |recording: &Recording| -> Vec<f64> {
                recording.activity.iter().skip(n).step_by(recording.neurons).copied().collect()
            };
            let noise: Vec<f64> = of(&noisy).iter().zip(of(&clean)).map(|(a, b)| a - b).collect();
            let share = variance(noise) / variance(of(&noisy));
            assert!((0.09..0.11).contains(&share), "{share}");
        }
    }

    /// As the offsets say, times what the states make of it.
    #[test]
    fn counts_are_about_one_spike_in_two_bins() {
        for (seed, bins) in [(1, 20), (2, 25), (3, 2)] {
            let counts = Simulation { counts: true, bins, ..Simulation::default() };
            let activity = counts.recording(seed).0.activity;
            let mean = activity.iter().sum::<f64>() / activity.len() as f64;
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
        let squares = (0..400).flat_map(|k| {
            let condition = of_conditions.column(groups.of(Grouping::Condition, k));
            let pairs = of_trials.column(k).iter().zip(condition);
            pairs.map(|(trial, of_condition)| (trial - of_condition).powi(2)).collect::<Vec<_>>()
        });
        let found = (squares.sum::<f64>() / 800.0).sqrt();
        // Four standard errors of 800 normal numbers, for a fixed seed.
        assert!((found - 0.5).abs() < 0.05, "{found}");
    }

    #[test]
    fn constant_weights_are_the_same_in_all_trials() {
        let (_, truth) = Simulation { constant: true, ..Simulation::default() }.recording(1);
        assert!(truth.model.factors.data().iter().all(|&factor| factor == 1.5));
    }

    #[test]
    fn poisson_numbers_have_the_mean_and_the_variance_of_their_law() {
        let mut stream = Stream::new("poisson", 0, 0);
        for rate in [0.3, 4.0] {
            let draws: Vec<f64> = (0..20_000).map(|_| poisson(rate, &mut stream)).collect();
            let mean = draws.iter().sum::<f64>() / 20_000.0;
            let variance = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 20_000.0;
            // Four standard errors of each, for a fixed seed.
            assert!((mean - rate).abs() < 4.0 * (rate / 20_000.0).sqrt());
            assert!((variance - rate).abs() < 4.0 * ((rate + 2.0 * rate * rate) / 20_000.0).sqrt());
        }
    }

    #[test]
    fn a_seed_names_a_recording_of_which_the_file_reader_approves() {
        for counts in [false, true] {
            let simulation = Simulation { counts, ..Simulation::default() };
            let (a, truth) = simulation.recording(1);
            assert!(a.validate().is_ok());
            assert_eq!(a.activity, simulation.recording(1).0.activity);
            assert_ne!(a.activity, simulation.recording(2).0.activity);
            assert_eq!((truth.model.factors.rows(), truth.model.factors.cols()), (3, 100));
        }
    }
}
