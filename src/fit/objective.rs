//! The loss of a recording and its exact gradient, over all chunks of trials in parallel.

use rayon::prelude::*;
use statrs::function::factorial::ln_factorial;

use super::FitFloat;
use super::architecture::{Architecture, Likelihood};
use super::assembly::Assembly;
use super::likelihood::{Score, Sums};
use super::model::{Model, Network};
use super::observations::{Chunk, Observations, Role};
use super::parameters::Parameters;
use crate::matrix::Matrix;
use crate::scalar::Stream;

/// A recording to be fitted with an architecture.
#[derive(Clone, Debug)]
pub struct Objective<S> {
    /// The recording.
    pub observations: Observations<S>,
    /// How parameters become a model of it.
    pub assembly: Assembly<S>,
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
    /// The mean of what [`Likelihood::errors`] leaves out because no model changes it.
    constant: f64,
}

/// The two losses of a model, as [`Score::loss`] defines them, without penalties.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Losses {
    /// Of the entries that are fitted.
    pub train: f64,
    /// Of those that decide when to stop; NaN if there are none.
    pub validation: f64,
}

impl<S: FitFloat> Objective<S> {
    /// Prepares the priors.
    pub fn new(architecture: &Architecture, observations: Observations<S>) -> Self {
        let assembly = Assembly::new(architecture, &observations);
        let [train, validation] = [Role::Train, Role::Validation]
            .map(|role| Measure::new(&observations, architecture.likelihood, role));
        Objective { observations, assembly, train, validation }
    }

    /// What the model is made of.
    pub fn architecture(&self) -> &Architecture {
        &self.assembly.architecture
    }

    /// A model as a network on this recording.
    pub fn network<'a>(&'a self, model: &'a Model<S>) -> Network<'a, S> {
        Network {
            architecture: self.architecture(),
            groups: &self.observations.groups,
            model,
            bins: self.observations.bins,
        }
    }

    /// The losses, and the gradient of the training loss and the penalties by the parameters.
    /// Noise, if the architecture has any, is drawn from `stream`.
    pub fn gradient(&self, parameters: &Parameters<S>, stream: &Stream) -> (Losses, Parameters<S>) {
        let model = self.assembly.model(parameters);
        let network = self.network(&model);
        let likelihood = self.architecture().likelihood;
        let factor = S::from_f64(1.0 / self.train.scale);
        let penalty = S::from_f64(self.architecture().activity_penalty / self.states());
        let one = |(index, chunk): (usize, &Chunk<S>)| {
            let mut noise = stream.named(&format!("noise of chunk {index}"));
            let trace = network.run(chunk.trials.clone(), Some(&mut noise));
            let mut outputs = network.outputs(&trace);
            let sums = likelihood.errors(&mut outputs, chunk, factor);
            (sums, network.adjoint(&trace, &outputs, penalty))
        };
        let found: Vec<_> = self.observations.chunks.par_iter().enumerate().map(one).collect();
        let (sums, gradients): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let mut gradient = self.assembly.pull_back(parameters, &model, &gradients);
        self.add_prior(parameters, &mut gradient);
        (self.losses(&sums), gradient)
    }

    /// The training loss and the penalties, of which [`gradient`](Objective::gradient) is the
    /// gradient when there is no noise.
    pub fn value(&self, parameters: &Parameters<S>) -> f64 {
        let model = self.assembly.model(parameters);
        let network = self.network(&model);
        let likelihood = self.architecture().likelihood;
        let one = |chunk: &Chunk<S>| {
            let trace = network.run(chunk.trials.clone(), None);
            let mut outputs = network.outputs(&trace);
            let [train, _] = likelihood.errors(&mut outputs, chunk, S::ZERO);
            (train, trace.states.norm().powi(2))
        };
        let found: Vec<(f64, f64)> = self.observations.chunks.par_iter().map(one).collect();
        let loss: f64 = found.iter().map(|(loss, _)| loss).sum();
        let squares: f64 = found.iter().map(|(_, squares)| squares).sum();
        let whitened = [&parameters.whitened, &parameters.inputs];
        let prior: f64 = whitened.iter().map(|block| block.norm().powi(2)).sum();
        loss / self.train.scale
            + self.architecture().activity_penalty * squares / self.states()
            + 0.5 * self.prior_weight() * prior
    }

    fn losses(&self, sums: &[[f64; 2]]) -> Losses {
        let total = |role: usize| sums.iter().map(|sums| sums[role]).sum::<f64>();
        Losses {
            train: self.train.loss(total(0)),
            validation: match self.validation.entries {
                0 => f64::NAN,
                _ => self.validation.loss(total(1)),
            },
        }
    }

    /// Numbers of which the activity penalty is the mean.
    fn states(&self) -> f64 {
        let steps = self.architecture().steps(self.observations.bins) + 1;
        (steps * self.architecture().units * self.observations.groups.trials()) as f64
    }

    /// The weight of the whitened numbers, standard normal before the data are seen, against the
    /// loss: that of a log-prior against a mean log-likelihood, with the variance of the data for
    /// that of the noise, which is not less.
    fn prior_weight(&self) -> f64 {
        match self.architecture().likelihood {
            Likelihood::Gaussian => 2.0 / self.train.entries.max(1) as f64,
            Likelihood::Poisson => 1.0 / self.train.entries.max(1) as f64,
        }
    }

    fn add_prior(&self, parameters: &Parameters<S>, gradient: &mut Parameters<S>) {
        let weight = S::from_f64(self.prior_weight());
        gradient.whitened.add_scaled(weight, &parameters.whitened);
        gradient.inputs.add_scaled(weight, &parameters.inputs);
    }

    /// The means or rates of all entries of each chunk, (neurons, T M).
    fn predictions_by_chunk(&self, model: &Model<S>) -> Vec<Matrix<S>> {
        let network = self.network(model);
        let likelihood = self.architecture().likelihood;
        let one = |chunk: &Chunk<S>| {
            let outputs = network.outputs(&network.run(chunk.trials.clone(), None));
            outputs.map(|output| S::from_f64(likelihood.mean(output.to_f64())))
        };
        self.observations.chunks.par_iter().map(one).collect()
    }

    /// The means or rates of all entries, in the order of
    /// [`Recording::activity`](crate::recording::Recording::activity).
    pub fn predictions(&self, model: &Model<S>) -> Vec<S> {
        let Observations { neurons, bins, .. } = self.observations;
        let mut all = Vec::with_capacity(neurons * bins * self.observations.groups.trials());
        for (chunk, means) in self.observations.chunks.iter().zip(self.predictions_by_chunk(model))
        {
            for m in 0..chunk.trials.len() {
                let of_bins = (0..bins).map(|t| means.column(t * chunk.trials.len() + m));
                of_bins.for_each(|column| all.extend_from_slice(column));
            }
        }
        all
    }

    /// How well a model of this architecture predicts the entries of a role.
    pub fn score(&self, model: &Model<S>, role: Role) -> Score {
        let likelihood = self.architecture().likelihood;
        let mut sums = Sums::default();
        let neurons = self.observations.neurons;
        for (chunk, means) in self.observations.chunks.iter().zip(self.predictions_by_chunk(model))
        {
            for (place, _) in chunk.roles.iter().enumerate().filter(|&(_, &other)| other == role) {
                let activity = chunk.activity.data()[place].to_f64();
                let mean = means.data()[place].to_f64();
                let neuron = &self.observations.statistics[place % neurons];
                sums.add(likelihood, activity, mean, neuron);
            }
        }
        sums.score(likelihood, self.observations.variance())
    }
}

impl Measure {
    fn new<S: FitFloat>(
        observations: &Observations<S>,
        likelihood: Likelihood,
        role: Role,
    ) -> Self {
        let entries = observations.entries(role);
        Measure {
            entries,
            scale: likelihood.scale(entries, observations.variance()),
            constant: constant(observations, likelihood, role),
        }
    }

    fn loss(&self, sum: f64) -> f64 {
        sum / self.scale + self.constant
    }
}

/// The mean of ln(y!) over the counts of a role: what the losses of [`Likelihood::errors`] lack.
fn constant<S: FitFloat>(
    observations: &Observations<S>,
    likelihood: Likelihood,
    role: Role,
) -> f64 {
    let entries = observations.entries(role);
    if likelihood == Likelihood::Gaussian || entries == 0 {
        return 0.0;
    }
    let counts = observations.chunks.iter().flat_map(|chunk| {
        let of_role = chunk.roles.iter().zip(chunk.activity.data());
        of_role.filter(move |&(&other, _)| other == role).map(|(_, count)| count.to_f64())
    });
    let sum: f64 = counts.map(|count| ln_factorial(count as u64)).sum();
    sum / entries as f64
}
