//! How well outputs predict a recording: losses, their derivatives, and explained variance.

use statrs::function::factorial::ln_factorial;

use super::FitFloat;
use super::architecture::Likelihood;
use super::observations::{Chunk, Role, Statistics};
use crate::matrix::Matrix;

/// Sums over the entries of one role.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// How many entries.
    pub entries: usize,
    /// Of the squared errors, or of the negative log-likelihoods in nats.
    pub loss: f64,
    /// Of the squared differences between activity and its mean or rate.
    pub squares: f64,
    /// Of the squared deviations of the activity from the training mean of its neuron.
    pub total: f64,
}

impl Sums {
    /// Adds one entry, predicted as a mean or a rate.
    pub fn add(&mut self, likelihood: Likelihood, activity: f64, mean: f64, neuron: &Statistics) {
        self.entries += 1;
        self.squares += (activity - mean).powi(2);
        self.total += (activity - neuron.mean).powi(2);
        self.loss += match likelihood {
            Likelihood::Gaussian => (activity - mean).powi(2),
            Likelihood::Poisson => mean - activity * mean.ln() + ln_factorial(activity as u64),
        };
    }

    /// What is reported of them; `variance` is that of the training entries.
    pub fn score(&self, likelihood: Likelihood, variance: f64) -> Score {
        let mean = self.loss / self.entries.max(1) as f64;
        let loss = match likelihood {
            Likelihood::Gaussian => mean / variance.max(f64::MIN_POSITIVE),
            Likelihood::Poisson => mean,
        };
        Score { entries: self.entries, loss, r2: 1.0 - self.squares / self.total }
    }
}

/// How well entries are predicted.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Score {
    /// How many.
    pub entries: usize,
    /// Gaussian: the mean squared error in units of the variance of the training entries about the
    /// means of their neurons. Poisson: the mean negative log-likelihood in nats.
    #[serde(with = "crate::json::number")]
    pub loss: f64,
    /// The explained share of the variance about the training means of the neurons.
    #[serde(with = "crate::json::number")]
    pub r2: f64,
}

impl Likelihood {
    /// The mean or rate that an output stands for.
    pub fn mean(self, output: f64) -> f64 {
        match self {
            Likelihood::Gaussian => output,
            Likelihood::Poisson => output.exp(),
        }
    }

    /// What a reported loss is, in words.
    pub fn loss_in_words(self) -> &'static str {
        match self {
            Likelihood::Gaussian => "mean squared error over variance",
            Likelihood::Poisson => "negative log-likelihood in nats for an entry",
        }
    }

    /// What a loss sum is divided by to be the objective, given the training entries.
    pub fn scale(self, entries: usize, variance: f64) -> f64 {
        match self {
            Likelihood::Gaussian => (entries as f64 * variance).max(f64::MIN_POSITIVE),
            Likelihood::Poisson => entries.max(1) as f64,
        }
    }

    /// Replaces outputs, (neurons, T M), by the derivative of the loss summed over the training
    /// entries, times `factor`; returns the sums of losses of the training and of the validation
    /// entries, for Poisson counts without the logarithm of the factorials.
    pub fn errors<S: FitFloat>(
        self,
        outputs: &mut Matrix<S>,
        chunk: &Chunk<S>,
        factor: S,
    ) -> [f64; 2] {
        let height = outputs.rows().max(1);
        let mut sums = [0.0; 2];
        let columns = outputs.data_mut().chunks_exact_mut(height);
        let known =
            chunk.activity.data().chunks_exact(height).zip(chunk.roles.chunks_exact(height));
        for (outputs, (activity, roles)) in columns.zip(known) {
            let found = match self {
                Likelihood::Gaussian => gaussian(outputs, activity, roles, factor + factor),
                Likelihood::Poisson => poisson(outputs, activity, roles, factor),
            };
            (0..2).for_each(|role| sums[role] += found[role]);
        }
        sums
    }
}

/// One and zero where a role is the one asked for and where it is not.
fn weight<S: FitFloat>(role: Role, wanted: Role) -> S {
    if role == wanted { S::ONE } else { S::ZERO }
}

fn gaussian<S: FitFloat>(outputs: &mut [S], activity: &[S], roles: &[Role], factor: S) -> [f64; 2] {
    let (mut train, mut validation) = (S::ZERO, S::ZERO);
    for ((output, &activity), &role) in outputs.iter_mut().zip(activity).zip(roles) {
        let error = *output - activity;
        let weight_of_train = weight::<S>(role, Role::Train);
        train += weight_of_train * error * error;
        validation += weight::<S>(role, Role::Validation) * error * error;
        *output = factor * weight_of_train * error;
    }
    [train.to_f64(), validation.to_f64()]
}

fn poisson<S: FitFloat>(outputs: &mut [S], activity: &[S], roles: &[Role], factor: S) -> [f64; 2] {
    let exp = S::ELEMENTARY.expect("floats have real functions").exp;
    let (mut train, mut validation) = (S::ZERO, S::ZERO);
    for ((output, &activity), &role) in outputs.iter_mut().zip(activity).zip(roles) {
        if role == Role::Unused {
            *output = S::ZERO;
            continue;
        }
        let rate = exp(*output);
        let loss = rate - activity * *output;
        let weight_of_train = weight::<S>(role, Role::Train);
        train += weight_of_train * loss;
        validation += weight::<S>(role, Role::Validation) * loss;
        *output = factor * weight_of_train * (rate - activity);
    }
    [train.to_f64(), validation.to_f64()]
}
