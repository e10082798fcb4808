//! The loss of a recording and its exact gradient, over all chunks of trials in parallel.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::FitFloat;
use super::architecture::{Architecture, Grouping, Recurrence};
use super::assembly::Assembly;
use super::factors::Factors;
use super::gradient::ModelGradient;
use super::likelihood::Likelihood;
use super::misfit::Misfit;
use super::model::Model;
use super::network::Network;
use super::observations::{Chunk, Observations, Role};
use super::parts::{Readout, ReadoutPart, matrix, matrix_mut};
use super::score::{Score, Sums};
use crate::blocks::Blocks;
use crate::matrix::Matrix;
use crate::named::Named;
use crate::scalar::Stream;

/// A recording to be fitted with an architecture.
///
/// What is learned is a list of named blocks; [`start`](Objective::start) makes one, and
/// [`model`](Objective::model) says what is made of it.
#[derive(Clone, Debug)]
pub struct Objective<S> {
    architecture: Architecture,
    observations: Observations<S>,
    assembly: Assembly<S>,
    /// Of the training entries.
    train: Measure,
    /// Of the validation entries.
    validation: Measure,
}

/// How sums of losses over the entries of a role become what is reported.
#[derive(Clone, Copy, Debug)]
struct Measure {
    /// How many entries.
    entries: usize,
    /// What the sum is divided by.
    scale: f64,
    /// The mean of what the errors of a likelihood leave out because no model changes it.
    constant: f64,
}

/// The two losses of a model, as [`Score::loss`] defines them, without penalties.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Losses {
    /// Of the entries that are fitted.
    pub train: f64,
    /// Of those that decide when to stop; NaN if there are none.
    pub validation: f64,
}

/// The blocks that have a standard normal prior.
const WHITENED: [&str; 5] = ["whitened", "inputs", "deviations", "input_deviations", "gains"];

impl<S: FitFloat> Objective<S> {
    /// Prepares the priors.
    ///
    /// # Errors
    ///
    /// If a choice of the architecture is out of its range, its likelihood does not allow the
    /// entries of the recording, none of them is to be fitted, they do not vary though errors are
    /// measured by their variance, or there is too little memory.
    pub fn new(architecture: &Architecture, observations: Observations<S>) -> Result<Self, Misfit> {
        architecture.validate()?;
        let (likelihood, quantity) = (architecture.likelihood, observations.quantity);
        let expected = || format!("one for {}, which the recording holds", quantity.name());
        let allowed = likelihood.allows(quantity);
        Misfit::unless(allowed, "likelihood", likelihood.name(), expected())?;
        let [train, validation] = [Role::Train, Role::Validation]
            .map(|role| Measure::new(&observations, architecture, role));
        Misfit::unless(train.entries > 0, "number of entries to fit", 0, "at least 1")?;
        // Errors are measured by how much a neuron varies.
        let has_unit = likelihood != Likelihood::Gaussian || observations.vary();
        let expected = "above 0: of no neuron do they vary, so that there is nothing to explain";
        Misfit::unless(has_unit, "variance of the entries to fit", 0, expected)?;
        let Observations { neurons, bins, ref groups, .. } = observations;
        let sizes = [neurons, bins, groups.trials(), groups.count(Grouping::Condition)];
        architecture.memory(size_of::<S>(), sizes).check()?;
        Ok(Objective {
            assembly: Assembly::new(architecture, &observations),
            architecture: architecture.clone(),
            observations,
            train,
            validation,
        })
    }

    /// The same with a readout in the units of the neurons, which a model brings along, in place of
    /// one in units of what is recorded here.
    pub(super) fn with_given_readout(mut self) -> Self {
        let Architecture { units, readout, .. } = self.architecture;
        self.assembly = self.assembly.with_readout(ReadoutPart::given(
            units,
            self.observations.neurons,
            readout.offset,
        ));
        self
    }

    /// The blocks `readout` and `offset` of a readout, of an objective with a given one.
    pub(super) fn blocks_of_readout(
        &self,
        readout: &Readout<f64>,
    ) -> (Matrix<S>, Option<Matrix<S>>) {
        let scale = (self.architecture.units as f64).sqrt().recip();
        let offset = readout.offset.as_ref();
        let offset = offset.map(|offset| offset.map(|x| S::from_f64(scale * x)));
        (readout.matrix.map(S::from_f64), offset)
    }

    /// What the model is made of.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// How many entries have a role.
    pub fn entries(&self, role: Role) -> usize {
        self.observations.entries(role)
    }

    /// The blocks from which fitting starts, drawn from a stream: weights of unit strength, the
    /// same in all trials and symmetric, so that activity neither dies nor grows; random states,
    /// inputs and readout.
    pub fn start(&self, stream: &Stream) -> Blocks<S> {
        self.assembly.start(stream)
    }

    /// The model of these blocks.
    ///
    /// # Errors
    ///
    /// If they do not have the names and shapes of those that [`start`](Objective::start) makes.
    pub fn model(&self, blocks: &Blocks<S>) -> Result<Model<S>, Misfit> {
        self.assembly.check(blocks)?;
        Ok(self.assembly.model(blocks))
    }

    fn network<'a>(&'a self, model: &'a Model<S>) -> Network<'a, S> {
        Network { architecture: &self.architecture, model, bins: self.observations.bins }
    }

    /// The losses, and the gradient of the training loss and the penalties by the blocks. Noise, if
    /// the architecture has any, is drawn from `stream`.
    ///
    /// # Errors
    ///
    /// If the blocks do not have the names and shapes of those that [`start`](Objective::start)
    /// makes.
    pub fn gradient(
        &self,
        blocks: &Blocks<S>,
        stream: &Stream,
    ) -> Result<(Losses, Blocks<S>), Misfit> {
        let model = self.model(blocks)?;
        let network = self.network(&model);
        let factor = S::from_f64(1.0 / self.train.scale);
        let penalty = S::from_f64(self.architecture.activity_penalty / self.number_of_states());
        let of_chunk = |(index, chunk): (usize, &Chunk<S>)| {
            let mut noise = stream.named(&format!("noise of chunk {index}"));
            let trace = network.run(chunk.trials.clone(), Some(&mut noise));
            let mut outputs = network.outputs(&trace);
            let sums = self.errors(&mut outputs, chunk, factor);
            (sums, network.adjoint(&trace, outputs, penalty))
        };
        let found: Vec<_> = self.observations.chunks.par_iter().enumerate().map(of_chunk).collect();
        let (sums, gradients): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let mut gradient = self.assembly.pull_back(blocks, &ModelGradient::joined(&gradients));
        self.add_prior(blocks, &mut gradient);
        Ok((self.losses(&sums), gradient))
    }

    fn errors(&self, outputs: &mut Matrix<S>, chunk: &Chunk<S>, factor: S) -> [f64; 2] {
        let neurons = &self.observations.statistics;
        self.architecture.likelihood.law().errors(outputs, chunk, neurons, factor)
    }

    /// The training loss and the penalties, of which [`gradient`](Objective::gradient) is the
    /// gradient when there is no noise.
    ///
    /// # Errors
    ///
    /// As of [`gradient`](Objective::gradient).
    pub fn value(&self, blocks: &Blocks<S>) -> Result<f64, Misfit> {
        let model = self.model(blocks)?;
        let network = self.network(&model);
        let of_chunk = |chunk: &Chunk<S>| {
            let trace = network.run(chunk.trials.clone(), None);
            let mut outputs = network.outputs(&trace);
            let [train, _] = self.errors(&mut outputs, chunk, S::ZERO);
            (train, trace.states.norm().powi(2))
        };
        let found: Vec<(f64, f64)> = self.observations.chunks.par_iter().map(of_chunk).collect();
        let loss: f64 = found.iter().map(|(loss, _)| loss).sum();
        let squares: f64 = found.iter().map(|(_, squares)| squares).sum();
        let whitened = whitened(blocks).map(|name| matrix(blocks, name).norm().powi(2));
        Ok(loss / self.train.scale
            + self.architecture.activity_penalty * squares / self.number_of_states()
            + 0.5 * self.prior_weight() * whitened.sum::<f64>())
    }

    fn losses(&self, sums: &[[f64; 2]]) -> Losses {
        let total = |role: usize| sums.iter().map(|sums| sums[role]).sum::<f64>();
        Losses { train: self.train.loss(total(0)), validation: self.validation.loss(total(1)) }
    }

    /// Numbers of which the activity penalty is the mean.
    fn number_of_states(&self) -> f64 {
        let steps = self.architecture.steps(self.observations.bins) + 1;
        (steps * self.architecture.units * self.observations.groups.trials()) as f64
    }

    /// The weight of the whitened numbers, standard normal before the data are seen, against the
    /// loss: that of a log-prior against a mean log-likelihood.
    fn prior_weight(&self) -> f64 {
        self.architecture.likelihood.law::<f64>().of_a_nat() / self.train.entries as f64
    }

    fn add_prior(&self, blocks: &Blocks<S>, gradient: &mut Blocks<S>) {
        let weight = S::from_f64(self.prior_weight());
        for name in whitened(blocks) {
            matrix_mut(gradient, name).add_scaled(weight, matrix(blocks, name));
        }
    }

    /// The means of all entries of each chunk, (neurons, T M).
    fn means_by_chunk(&self, model: &Model<S>) -> Vec<Matrix<S>> {
        let network = self.network(model);
        let law = self.architecture.likelihood.law::<f64>();
        let of_chunk = |chunk: &Chunk<S>| {
            let outputs = network.outputs(&network.run(chunk.trials.clone(), None));
            outputs.map(|output| S::from_f64(law.mean(output.to_f64())))
        };
        self.observations.chunks.par_iter().map(of_chunk).collect()
    }

    /// The means or rates of all entries, in the order of
    /// [`Recording::activity`](crate::recording::Recording::activity). `model` is one of this
    /// architecture and recording.
    pub fn predictions(&self, model: &Model<S>) -> Vec<S> {
        let Observations { neurons, bins, .. } = self.observations;
        let mut all = Vec::with_capacity(neurons * bins * self.observations.groups.trials());
        for (chunk, means) in self.observations.chunks.iter().zip(self.means_by_chunk(model)) {
            for m in 0..chunk.trials.len() {
                (0..bins).for_each(|t| all.extend_from_slice(means.column(chunk.column(t, m))));
            }
        }
        all
    }

    /// The states x at the bins of each trial, (N, T), of a model of this architecture and recording.
    pub fn states(&self, model: &Model<S>) -> Vec<Matrix<S>> {
        let network = self.network(model);
        let of_chunk = |chunk: &Chunk<S>| network.states_at_bins(chunk.trials.clone());
        self.observations.chunks.par_iter().flat_map_iter(of_chunk).collect()
    }

    /// The prior of each trial factor before the data are seen, its mean (as learned) and its
    /// standard deviation; none if the model has no such prior. `blocks` are those of a model of
    /// this architecture and recording.
    pub fn factor_priors(&self, blocks: &Blocks<S>) -> Option<Vec<(f64, f64)>> {
        let Recurrence::LowTensorRank(prior) = &self.architecture.recurrence else { return None };
        let mean = blocks.get("mean").ok()?.dense()?;
        Some(mean.data().iter().map(|mean| (mean.to_f64(), prior.deviation())).collect())
    }

    /// How well a model of this architecture and recording predicts the entries of a role.
    pub fn score(&self, model: &Model<S>, role: Role) -> Score {
        let mut sums = Sums::new(self.architecture.likelihood);
        let neurons = self.observations.neurons;
        for (chunk, means) in self.observations.chunks.iter().zip(self.means_by_chunk(model)) {
            for (place, _) in chunk.roles.iter().enumerate().filter(|&(_, &other)| other == role) {
                let activity = chunk.activity.data()[place].to_f64();
                let mean = means.data()[place].to_f64();
                sums.add(activity, mean, &self.observations.statistics[place % neurons]);
            }
        }
        sums.score(self.observations.variance())
    }

    /// The columns a_1..a_R of a model of this architecture and recording as the recorded neurons
    /// see them, D diag(mean of phi'(x)) a_r over all trials, (neurons, R): in which directions of
    /// neural space the weights move the activity. Units themselves are not identified by a
    /// recording, but this is.
    pub fn visible_columns(&self, model: &Model<S>) -> Matrix<S> {
        let network = self.network(model);
        network.visible_columns(&network.run(0..self.observations.groups.trials(), None))
    }

    /// The terms of the weights of a model of this architecture and recording, in their own gauge;
    /// none of weights that are free in each trial.
    pub fn factors(&self, model: &Model<S>) -> Option<Factors> {
        let courses = model.trial_factors()?.map(|c| c.to_f64());
        Some(Factors::new(&self.visible_columns(model).map(|x| x.to_f64()), &courses))
    }
}

/// The names of those that there are of the blocks with a standard normal prior.
fn whitened<S: FitFloat>(blocks: &Blocks<S>) -> impl Iterator<Item = &'static str> {
    WHITENED.into_iter().filter(|name| blocks.get(name).is_ok())
}

impl Measure {
    fn new<S: FitFloat>(
        observations: &Observations<S>,
        architecture: &Architecture,
        role: Role,
    ) -> Self {
        let (law, entries) = (architecture.likelihood.law::<f64>(), observations.entries(role));
        let unit = law.unit(observations.variance());
        let constants = observations.chunks.iter().flat_map(|chunk| {
            let of_role = chunk.roles.iter().enumerate().filter(move |&(_, &other)| other == role);
            of_role.map(|(place, _)| {
                let neuron = &observations.statistics[place % observations.neurons];
                law.constant(chunk.activity.data()[place].to_f64(), neuron)
            })
        });
        Measure {
            entries,
            scale: (entries as f64 * unit).max(f64::MIN_POSITIVE),
            constant: constants.sum::<f64>() / (entries.max(1) as f64 * unit),
        }
    }

    /// NaN if there are no entries.
    fn loss(&self, sum: f64) -> f64 {
        if self.entries == 0 { f64::NAN } else { sum / self.scale + self.constant }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Recording;

    #[test]
    fn entries_that_do_not_vary_are_refused_where_their_variance_is_the_unit() {
        let refused = |entry: fn(usize) -> f64, likelihood| {
            let activity = (0..24).map(entry).collect();
            let recording = Recording::from_array(activity, [4, 3, 2], 0.1).build().unwrap();
            let recording = match likelihood {
                Likelihood::Gaussian => recording,
                _ => Recording { quantity: crate::recording::Quantity::Counts, ..recording },
            };
            let observations = Observations::<f32>::new(&recording, &[Role::Train; 24]).unwrap();
            let architecture = Architecture { likelihood, ..Architecture::new(3, 1, 3) };
            Objective::new(&architecture, observations).err().map(|error| error.to_string())
        };
        // Each neuron has its own value; the second differs by less than single precision shows.
        let levels = |place: usize| [0.1, 7.0][place % 2];
        let nearly = |place: usize| if place == 0 { 0.1 + 1e-12 } else { 0.1 };
        for entry in [levels, nearly] {
            let error = refused(entry, Likelihood::Gaussian).expect("refused");
            assert!(error.starts_with("variance of the entries to fit is 0, expected"), "{error}");
        }
        assert_eq!(refused(|place| [0.1, place as f64][place % 2], Likelihood::Gaussian), None);
        assert_eq!(refused(|_| 2.0, Likelihood::Poisson), None);
    }
}
