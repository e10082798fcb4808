//! The gradient at the start of a case, for theorems on a single gradient.

use super::Case;
use crate::matrix::{Matrix, RankRevealing};
use crate::network::{Adjoint, Gradient, Network, Run, Trained, adjoint, forward};
use crate::task::Task;
use crate::training::NOISE_FACTOR;

/// One forward and one backward run.
pub(super) struct FirstGradient<S> {
    /// The forward run.
    pub run: Run<S>,
    /// e_t = dLoss/dy_t, (d_out, (T + 1) M).
    pub errors: Matrix<S>,
    /// The honest adjoint.
    pub adjoint: Adjoint<S>,
    /// The gradient by all parameters, with the deliberate error of the case if it has one.
    pub gradient: Gradient<S>,
}

impl<S: RankRevealing> FirstGradient<S> {
    /// Of the case as it was drawn.
    pub fn of(case: &Case<S>) -> Self {
        Self::at(case, &case.instance.network, &case.instance.task)
    }

    /// Of another network or task.
    pub fn at(case: &Case<S>, network: &Network<S>, task: &Task<S>) -> Self {
        let run = forward(network, &task.inputs, task.trials);
        let errors = case.loss.errors(&run.outputs, task);
        let adjoint = adjoint(network, &run, &errors);
        let gradient = match case.fault {
            Some(error) => error.gradient(network, &run, &task.inputs, &errors, Trained::ALL),
            None => {
                let adjoint = adjoint.clone();
                Gradient::collect(network, &run, adjoint, &task.inputs, &errors, Trained::ALL)
            }
        };
        FirstGradient { run, errors, adjoint, gradient }
    }

    /// The largest singular value that rounding can have put into something of this scale; zero in
    /// a field.
    pub fn noise(&self, scale: f64) -> f64 {
        NOISE_FACTOR * S::ROUNDING * (self.run.states.rows() + self.run.steps) as f64 * scale
    }

    /// The noise of dLoss/dW.
    pub fn weight_noise(&self) -> f64 {
        self.noise(self.adjoint.lambda.norm() * self.run.rates().norm())
    }
}
