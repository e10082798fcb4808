//! What the model is compared with on the held-out entries: other networks, and models without a
//! network, one file each.

mod cp;
mod linear_dynamics;
mod means;
mod slices;
mod smooth_cp;
mod smoothing;
#[cfg(test)]
mod tests;
mod training;

use serde::{Deserialize, Serialize};

use super::architecture::Recurrence;
use super::likelihood::Likelihood;
use super::misfit::Misfit;
use super::observations::{Observations, Role, Statistics};
use super::prior::TrialPrior;
use super::score::{Score, of_means};
use crate::recording::Recording;
use training::Training;

/// What is compared on the held-out entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Weights of low tensor rank: the model itself.
    LowTensorRank,
    /// The same weights in all trials: no learning.
    Constant,
    /// Weights of low tensor rank that are the same in all trials of an epoch.
    Epochs,
    /// Weights of the same matrix rank, free in each trial: no tensor constraint.
    Free,
    /// A CP decomposition of the activity, (neuron, bin, trial), with as many terms: no dynamics.
    Cp,
    /// The same with trial factors that are random walks.
    SmoothCp,
    /// Principal components of the neurons, over all bins of all trials: nothing is shared by trials
    /// but the components.
    PrincipalComponents,
    /// A decomposition of the activity into slices: sliceTCA.
    SliceRank,
    /// Linear dynamics of the activity from bin to bin, of low tensor rank over trials: TVART.
    LinearDynamics,
    /// The means over trials of a condition: no trial-to-trial change.
    ConditionMean,
    /// The means over trials of a condition in an epoch.
    EpochMean,
}

/// A model without a network.
trait Predictor: Sync {
    /// Whether it has terms, of which there can be more or less.
    fn has_rank(&self) -> bool {
        true
    }

    /// The means of all entries of the recording, in its order; from the training entries, and from
    /// those of validation what is to be chosen.
    fn predictions(&self, training: &Training, rank: usize) -> Vec<f64>;
}

impl Comparison {
    /// All that the model is compared with.
    pub const OTHERS: [Comparison; 10] = [
        Comparison::Constant,
        Comparison::Epochs,
        Comparison::Free,
        Comparison::Cp,
        Comparison::SmoothCp,
        Comparison::PrincipalComponents,
        Comparison::SliceRank,
        Comparison::LinearDynamics,
        Comparison::ConditionMean,
        Comparison::EpochMean,
    ];

    /// The networks: changing weights, constant ones, ones that are constant in each epoch, free
    /// ones.
    pub const NETWORKS: [Comparison; 4] =
        [Comparison::LowTensorRank, Comparison::Constant, Comparison::Epochs, Comparison::Free];

    /// Those of [`OTHERS`](Comparison::OTHERS) that a recording of so many epochs can be compared
    /// with: in a single epoch what belongs to epochs is what belongs to all trials.
    pub fn others(epochs: usize) -> impl Iterator<Item = Comparison> {
        Comparison::OTHERS.into_iter().filter(move |other| other.is_for(epochs))
    }

    /// The same of [`NETWORKS`](Comparison::NETWORKS).
    pub fn networks(epochs: usize) -> impl Iterator<Item = Comparison> {
        Comparison::NETWORKS.into_iter().filter(move |network| network.is_for(epochs))
    }

    fn is_for(self, epochs: usize) -> bool {
        epochs > 1 || !matches!(self, Comparison::Epochs | Comparison::EpochMean)
    }

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Comparison::LowTensorRank => "low_tensor_rank",
            Comparison::Constant => "constant",
            Comparison::Epochs => "epochs",
            Comparison::Free => "free",
            Comparison::Cp => "cp",
            Comparison::SmoothCp => "smooth_cp",
            Comparison::PrincipalComponents => "principal_components",
            Comparison::SliceRank => "slice_rank",
            Comparison::LinearDynamics => "linear_dynamics",
            Comparison::ConditionMean => "condition_mean",
            Comparison::EpochMean => "epoch_mean",
        }
    }

    /// What it is called in tables and figures.
    pub fn in_words(self) -> &'static str {
        match self {
            Comparison::LowTensorRank => "low tensor rank",
            Comparison::Constant => "constant weights",
            Comparison::Epochs => "constant in an epoch",
            Comparison::Free => "free in each trial",
            Comparison::Cp => "CP of the activity",
            Comparison::SmoothCp => "CP, smooth in trials",
            Comparison::PrincipalComponents => "principal components",
            Comparison::SliceRank => "slice rank",
            Comparison::LinearDynamics => "linear dynamics",
            Comparison::ConditionMean => "condition means",
            Comparison::EpochMean => "means by epoch",
        }
    }

    /// Whether it depends on a random start and on the number of units.
    pub fn is_network(self) -> bool {
        self.predictor().is_none()
    }

    /// Whether it has terms, of which there can be more or less.
    pub fn has_rank(self) -> bool {
        self.predictor().is_none_or(Predictor::has_rank)
    }

    /// How the weights of a network of its kind may differ from trial to trial.
    pub(super) fn recurrence(self, prior: TrialPrior) -> Recurrence {
        match self {
            Comparison::Constant => Recurrence::Constant,
            Comparison::Epochs => Recurrence::LowTensorRank(prior.constant_in_epochs()),
            Comparison::Free => Recurrence::Free,
            _ => Recurrence::LowTensorRank(prior),
        }
    }

    fn predictor(self) -> Option<&'static dyn Predictor> {
        match self {
            Comparison::LowTensorRank
            | Comparison::Constant
            | Comparison::Epochs
            | Comparison::Free => None,
            Comparison::Cp => Some(&cp::Cp),
            Comparison::SmoothCp => Some(&smooth_cp::SmoothCp),
            Comparison::PrincipalComponents => Some(&slices::PrincipalComponents),
            Comparison::SliceRank => Some(&slices::SliceRank),
            Comparison::LinearDynamics => Some(&linear_dynamics::LinearDynamics),
            Comparison::ConditionMean => Some(&means::OfConditions),
            Comparison::EpochMean => Some(&means::OfEpochs),
        }
    }

    /// How well it predicts the entries of some roles, fitted to the training entries by least
    /// squares; none of a network. Roles are in the order of [`Recording::activity`].
    ///
    /// A sum of terms can predict a negative rate. Rates of counts are kept above a share of the
    /// mean of their neuron, which is chosen on the validation entries.
    ///
    /// # Errors
    ///
    /// If there are not as many roles as entries.
    pub fn scores<const N: usize>(
        self,
        recording: &Recording,
        roles: &[Role],
        likelihood: Likelihood,
        rank: usize,
        seed: u64,
        judged: [Role; N],
    ) -> Result<Option<[Score; N]>, Misfit> {
        let Some(predictor) = self.predictor() else { return Ok(None) };
        let training = Training::new(recording, roles, seed)?;
        let means = predictor.predictions(&training, rank);
        let observations = Observations::<f64>::new(recording, roles)?;
        let score = |role, floor| {
            of_means(recording, roles, &observations, likelihood, role, |place| {
                let neuron = &observations.statistics[place % recording.neurons];
                above_floor(likelihood, means[place], floor, neuron)
            })
        };
        let floors = FLOORS.into_iter().map(|floor| (floor, score(Role::Validation, floor).loss));
        // The first of those that are equal, and that without validation entries.
        let best = floors.min_by(|a, b| a.1.total_cmp(&b.1)).expect("there are floors").0;
        Ok(Some(judged.map(|role| score(role, best))))
    }
}

/// Shares of the mean of a neuron that no rate is below.
const FLOORS: [f64; 5] = [0.0, 0.03, 0.1, 0.2, 0.4];

fn above_floor(likelihood: Likelihood, mean: f64, floor: f64, neuron: &Statistics) -> f64 {
    let law = likelihood.law::<f64>();
    let mean = if law.is_logarithmic() { mean.max(floor * neuron.mean) } else { mean };
    law.possible(mean, neuron)
}

/// How well the entries of a role are predicted by the mean of the same neuron in the same bin over
/// the training entries of the same condition; by the training mean of the neuron where there are
/// none. Roles are in the order of [`Recording::activity`].
///
/// # Errors
///
/// If there are not as many roles as entries.
pub fn condition_means(
    recording: &Recording,
    roles: &[Role],
    likelihood: Likelihood,
    role: Role,
) -> Result<Score, Misfit> {
    let scores = Comparison::ConditionMean.scores(recording, roles, likelihood, 0, 0, [role])?;
    let [score] = scores.expect("means are no network");
    Ok(score)
}
