//! What is reported of a fit.

use serde::{Deserialize, Serialize};

use super::FitFloat;
use super::fitting::{Fit, Outcome};
use super::likelihood::Likelihood;
use super::observations::Role;
use super::score::Score;

/// What a fit came to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Terms of the weights, R.
    pub rank: usize,
    /// Units of the network, N.
    pub units: usize,
    /// Iterations made.
    pub iterations: usize,
    /// The iteration before which the best loss was found: that of the model.
    pub best_iteration: usize,
    /// Why it ended.
    pub outcome: Outcome,
    /// What the losses are of.
    pub likelihood: Likelihood,
    /// Of the entries that were fitted.
    pub train: Score,
    /// Of those that decided when to stop, if there are any.
    pub validation: Option<Score>,
    /// Of those that were only predicted, if there are any.
    pub held_out: Option<Score>,
}

impl Summary {
    pub(super) fn new<S: FitFloat>(fit: &Fit<S>, outcome: Outcome) -> Self {
        let (objective, model) = (fit.objective(), fit.model());
        let architecture = objective.architecture();
        let score = |role| (objective.entries(role) > 0).then(|| objective.score(&model, role));
        Summary {
            rank: architecture.rank,
            units: architecture.units,
            iterations: fit.iterations(),
            best_iteration: fit.best_iteration(),
            outcome,
            likelihood: architecture.likelihood,
            train: objective.score(&model, Role::Train),
            validation: score(Role::Validation),
            held_out: score(Role::Test),
        }
    }
}
