//! How well entries are predicted: the loss of their likelihood, and explained variance.

use serde::{Deserialize, Serialize};

use super::likelihood::Likelihood;
use super::observations::Statistics;

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
}

/// Sums over the entries that are scored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sums {
    likelihood: Likelihood,
    entries: usize,
    /// Of the losses.
    loss: f64,
    /// Of the squared differences between activity and its mean.
    squares: f64,
    /// Of the squared deviations of the activity from the training mean of its neuron.
    total: f64,
}

impl Sums {
    /// Of no entry yet.
    pub fn new(likelihood: Likelihood) -> Self {
        Sums { likelihood, entries: 0, loss: 0.0, squares: 0.0, total: 0.0 }
    }

    /// Adds one entry, predicted by its mean.
    pub fn add(&mut self, activity: f64, mean: f64, neuron: &Statistics) {
        self.entries += 1;
        self.squares += (activity - mean).powi(2);
        self.total += (activity - neuron.mean).powi(2);
        self.loss += self.likelihood.law::<f64>().loss(activity, mean, neuron);
    }

    /// What is reported of them; `variance` is that of the training entries.
    pub fn score(&self, variance: f64) -> Score {
        let mean = self.loss / self.entries.max(1) as f64;
        Score {
            entries: self.entries,
            loss: mean / self.likelihood.law::<f64>().unit(variance),
            r2: 1.0 - self.squares / self.total,
        }
    }
}
