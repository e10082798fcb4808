//! Deliberate errors in the gradient: a check that does not notice them is worth nothing.

use crate::blocks::Block;
use crate::matrix::{Factors, Matrix};
use crate::network::{Adjoint, Gradient, Network, Run, Trained, adjoint};
use crate::scalar::Scalar;

/// A deliberate error in the gradient with respect to W.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GradientFault {
    /// One entry of dLoss/dW is off by one.
    WrongEntry,
    /// The last time step is missing in Lambda Phi^T.
    MissingStep,
    /// The adjoint runs with W in place of W^T.
    TransposedWeight,
}

impl GradientFault {
    /// All of them.
    pub const ALL: [GradientFault; 3] =
        [GradientFault::WrongEntry, GradientFault::MissingStep, GradientFault::TransposedWeight];

    /// What was done, in words.
    pub fn description(self) -> &'static str {
        match self {
            GradientFault::WrongEntry => "one wrong entry in the gradient",
            GradientFault::MissingStep => "a missing time step in the gradient",
            GradientFault::TransposedWeight => "an adjoint that uses W in place of its transpose",
        }
    }

    /// The gradient with this error. The arguments are those of the honest one.
    pub fn gradient<S: Scalar>(
        self,
        network: &Network<S>,
        run: &Run<S>,
        inputs: &Matrix<S>,
        errors: &Matrix<S>,
        trained: Trained,
    ) -> Gradient<S> {
        let honest = adjoint(network, run, errors);
        let adjoint = self.adjoint(network, run, errors, &honest);
        let mut gradient = Gradient::collect(network, run, adjoint, inputs, errors, trained);
        self.spoil(&mut gradient, run.trials, trained);
        gradient
    }

    /// The adjoint with this error, or `honest` if the error is not in the adjoint.
    pub(super) fn adjoint<S: Scalar>(
        self,
        network: &Network<S>,
        run: &Run<S>,
        errors: &Matrix<S>,
        honest: &Adjoint<S>,
    ) -> Adjoint<S> {
        if self != GradientFault::TransposedWeight {
            return honest.clone();
        }
        let mut wrong = network.clone();
        wrong.parameters.w = wrong.parameters.w.transposed();
        adjoint(&wrong, run, errors)
    }

    /// Puts this error into the gradient, if it is not in the adjoint.
    pub(super) fn spoil<S: Scalar>(
        self,
        gradient: &mut Gradient<S>,
        trials: usize,
        trained: Trained,
    ) {
        match self {
            GradientFault::WrongEntry => add_entry(&mut gradient.w),
            GradientFault::MissingStep => drop_last_step(&mut gradient.w, trials),
            GradientFault::TransposedWeight => {}
        }
        if trained.w {
            gradient.parameters.w = Block::low_rank(S::ZERO, gradient.w.clone());
        }
    }
}

/// Adds 1 to the entry in the first row and the last column.
fn add_entry<S: Scalar>(gradient: &mut Factors<S>) {
    let neurons = gradient.left.rows();
    let unit = |place| Matrix::from_fn(neurons, 1, |i, _| S::from_integer(i64::from(i == place)));
    gradient.append(S::ONE, &Factors::new(unit(0), unit(neurons - 1)));
}

fn drop_last_step<S: Scalar>(gradient: &mut Factors<S>, trials: usize) {
    let kept = gradient.left.data().len() - gradient.left.rows() * trials;
    gradient.left.data_mut()[kept..].fill(S::ZERO);
}
