//! The gradient at the start of a case, for theorems on a single gradient.

use super::{Case, Inconclusive};
use crate::blocks::{Blocks, Subset};
use crate::matrix::{Factors, Matrix, RankRevealing};
use crate::network::architecture::{Architecture, Workspace};
use crate::network::{Adjoint, Network, Run};
use crate::tape::TapeError;
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
    /// The gradient by all blocks, each in factors, with the deliberate error of the case if it has
    /// one.
    pub gradient: Blocks<S>,
}

impl<S: RankRevealing> FirstGradient<S> {
    /// Of the case as it was drawn.
    pub fn of(case: &Case<S>) -> Result<Self, Inconclusive> {
        Self::at(case, &case.instance.network, &case.instance.task)
    }

    /// Of another network or task.
    pub fn at(case: &Case<S>, network: &Network<S>, task: &Task<S>) -> Result<Self, Inconclusive> {
        let rnn = &network.architecture;
        let gradient = |architecture: &dyn Architecture<S>, workspace: &mut Workspace<S>| {
            let found = architecture.gradient(
                &network.blocks,
                &Subset::All,
                task,
                &*case.loss,
                workspace,
            )?;
            Ok::<_, TapeError>(found.blocks)
        };
        let mut workspace = Workspace::default();
        let honest = gradient(rnn, &mut workspace)?;
        let gradient = match case.fault {
            None => honest,
            Some(fault) => gradient(&*fault.of(rnn), &mut Workspace::default())?,
        };
        let (run, adjoint) = workspace.into_runs();
        let errors = case.loss.errors(&run.outputs, task);
        Ok(FirstGradient { run, errors, adjoint, gradient })
    }

    /// dLoss/dW = Lambda Phi^T.
    pub fn weights(&self) -> &Factors<S> {
        let w = self.gradient.get("W").ok().and_then(|block| block.factors());
        w.expect("the gradient of a recurrent network, in factors")
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
