//! How well entries are predicted: the loss of their likelihood, and explained variance.

use serde::{Deserialize, Serialize};

use super::likelihood::Likelihood;
use super::observations::{Observations, Role, Statistics};
use crate::recording::{Quantity, Recording};

/// How well entries are predicted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// How many.
    pub entries: usize,
    /// Gaussian: the mean squared error in units of the variance of the training entries about the
    /// means of their neurons. Of counts: the mean negative log-likelihood in nats.
    #[serde(with = "crate::json::number")]
    pub loss: f64,
    /// The explained share of the variance about the training means of the neurons.
    #[serde(with = "crate::json::number")]
    pub r2: f64,
    /// Of counts: by how many bits for each spike the log-likelihood exceeds that of the training
    /// means of the neurons; NaN of values. Of held-out neurons it is known as co-bps.
    #[serde(with = "crate::json::number")]
    pub bits_per_spike: f64,
}

impl Score {
    /// That of a fit that broke down.
    pub(super) const NONE: Score =
        Score { entries: 0, loss: f64::NAN, r2: f64::NAN, bits_per_spike: f64::NAN };
}

/// Sums over the entries that are scored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sums {
    likelihood: Likelihood,
    entries: usize,
    /// Of the losses.
    loss: f64,
    /// Of those of the training mean of the neuron.
    loss_of_means: f64,
    /// Of the activity.
    activity: f64,
    /// Of the squared differences between activity and its mean.
    squares: f64,
    /// Of the squared deviations of the activity from the training mean of its neuron.
    total: f64,
}

impl Sums {
    /// Of no entry yet.
    pub fn new(likelihood: Likelihood) -> Self {
        Sums {
            likelihood,
            entries: 0,
            loss: 0.0,
            loss_of_means: 0.0,
            activity: 0.0,
            squares: 0.0,
            total: 0.0,
        }
    }

    /// Adds one entry, predicted by its mean.
    pub fn add(&mut self, activity: f64, mean: f64, neuron: &Statistics) {
        self.entries += 1;
        self.squares += (activity - mean).powi(2);
        self.total += (activity - neuron.mean).powi(2);
        let law = self.likelihood.law::<f64>();
        self.loss += law.loss(activity, mean, neuron);
        self.loss_of_means += law.loss(activity, law.possible(neuron.mean, neuron), neuron);
        self.activity += activity;
    }

    /// What is reported of them; `variance` is that of the training entries.
    pub fn score(&self, variance: f64) -> Score {
        let mean = self.loss / self.entries.max(1) as f64;
        Score {
            entries: self.entries,
            loss: mean / self.likelihood.law::<f64>().unit(variance),
            r2: 1.0 - self.squares / self.total,
            bits_per_spike: match self.likelihood.law::<f64>().recorded() {
                Quantity::Counts => {
                    (self.loss_of_means - self.loss) / (self.activity * std::f64::consts::LN_2)
                }
                Quantity::Values => f64::NAN,
            },
        }
    }
}

/// How well the entries of a role are predicted by these means, by their places in
/// [`Recording::activity`].
pub(super) fn of_means(
    recording: &Recording,
    roles: &[Role],
    observations: &Observations<f64>,
    likelihood: Likelihood,
    role: Role,
    mean: impl Fn(usize) -> f64,
) -> Score {
    let mut sums = Sums::new(likelihood);
    for (place, _) in roles.iter().enumerate().filter(|&(_, &other)| other == role) {
        let neuron = &observations.statistics[place % recording.neurons];
        sums.add(recording.activity[place], mean(place), neuron);
    }
    sums.score(observations.variance())
}
