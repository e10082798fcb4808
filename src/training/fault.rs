//! Deliberate errors in the gradient: a check that does not notice them is worth nothing.

use crate::blocks::{Block, Blocks, Subset};
use crate::matrix::{Factors, Matrix};
use crate::network::architecture::{Architecture, LossGradient, Rnn, Workspace};
use crate::network::{Loss, Transport};
use crate::scalar::Scalar;
use crate::tape::{Scope, TapeError, Var};
use crate::task::Task;

/// A deliberate error in the gradient with respect to a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GradientFault {
    /// One entry is off by one.
    WrongEntry,
    /// The last time step is missing in Lambda Phi^T.
    MissingStep,
    /// The adjoint of a recurrent network runs with W in place of W^T.
    TransposedWeight,
}

/// An architecture whose gradient by one block has an error in its factors.
pub struct Faulty<'a, S> {
    /// The architecture without the error.
    pub architecture: &'a dyn Architecture<S>,
    /// The name of the block.
    pub block: String,
    /// The error. [`TransposedWeight`](GradientFault::TransposedWeight) is none of the factors, and
    /// is refused.
    pub fault: GradientFault,
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

    /// A recurrent network with this error in its gradient by W.
    pub fn of<S: Scalar>(self, rnn: &Rnn<S>) -> Box<dyn Architecture<S> + '_> {
        match self {
            GradientFault::TransposedWeight => {
                Box::new(Rnn { transport: Transport::Untransposed, ..rnn.clone() })
            }
            fault => Box::new(Faulty { architecture: rnn, block: "W".into(), fault }),
        }
    }

    /// Puts this error into the factors of a gradient on so many trials.
    fn spoil<S: Scalar>(self, factors: &mut Factors<S>, trials: usize) -> Result<(), TapeError> {
        match self {
            GradientFault::WrongEntry => add_entry(factors),
            GradientFault::MissingStep => drop_last_step(factors, trials),
            GradientFault::TransposedWeight => {
                let message = "a transposed weight is an error of an adjoint, not of one block";
                return Err(TapeError::Model(message.into()));
            }
        }
        Ok(())
    }
}

impl<S: Scalar> Architecture<S> for Faulty<'_, S> {
    fn forward<'t>(&self, scope: &Scope<'t, S>, inputs: &[Var<'t, S>]) -> Vec<Var<'t, S>> {
        self.architecture.forward(scope, inputs)
    }

    fn gradient(
        &self,
        blocks: &Blocks<S>,
        trained: &Subset,
        task: &Task<S>,
        loss: &dyn Loss<S>,
        workspace: &mut Workspace<S>,
    ) -> Result<LossGradient<S>, TapeError> {
        let mut found = self.architecture.gradient(blocks, trained, task, loss, workspace)?;
        if trained.contains(&self.block) {
            let block = found.blocks.get_mut(&self.block)?;
            let no_factors = || TapeError::Model(format!("{} has no factors", self.block));
            let mut factors = block.factors().cloned().ok_or_else(no_factors)?;
            self.fault.spoil(&mut factors, task.trials)?;
            *block = Block::from(factors);
        }
        Ok(found)
    }

    fn outputs(
        &self,
        blocks: &Blocks<S>,
        inputs: &Matrix<S>,
        trials: usize,
    ) -> Result<Matrix<S>, TapeError> {
        self.architecture.outputs(blocks, inputs, trials)
    }
}

/// Adds 1 to the entry in the first row and the last column.
fn add_entry<S: Scalar>(gradient: &mut Factors<S>) {
    let unit = |size: usize, place: usize| {
        Matrix::from_fn(size, 1, |i, _| S::from_integer(i64::from(i == place)))
    };
    let (rows, cols) = (gradient.left.rows(), gradient.right.rows());
    gradient.append(S::ONE, &Factors::new(unit(rows, 0), unit(cols, cols - 1)));
}

fn drop_last_step<S: Scalar>(gradient: &mut Factors<S>, trials: usize) {
    let entries = gradient.left.data().len();
    let kept = entries.saturating_sub(gradient.left.rows() * trials);
    gradient.left.data_mut()[kept..].fill(S::ZERO);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::SquaredError;
    use crate::network::architecture::LowRank;
    use crate::network::{Activation, Dynamics};
    use crate::scalar::{Fp, Stream};
    use crate::task::{Dimensions, TaskFamily};

    /// In a block of any architecture, and in no other block.
    #[test]
    fn a_fault_is_in_the_block_that_is_named() {
        let sizes = Dimensions { neurons: 4, d_in: 2, d_out: 3, steps: 3, trials: 2 };
        let stream = Stream::new("faults", 0, 0);
        let task = TaskFamily::RandomTargets.draw(&sizes, &stream).expect("in every arithmetic");
        let squares = Activation::Polynomial(vec![Fp::ZERO, Fp::ONE, Fp::ONE]);
        let dynamics = Dynamics::current(Fp::ratio(1, 2), squares);
        let honest = LowRank { dynamics, identity: Fp::ONE };
        let blocks = Blocks::random(&honest.shapes(&sizes, 2), &stream);
        let gradient = |architecture: &dyn Architecture<Fp>| {
            let mut workspace = Workspace::default();
            architecture.gradient(&blocks, &Subset::All, &task, &SquaredError, &mut workspace)
        };
        let right = gradient(&honest).expect("everything fits").blocks;
        let spoiled = |fault| {
            let faulty = Faulty { architecture: &honest, block: "M".into(), fault };
            gradient(&faulty).map(|found| found.blocks)
        };
        let wrong = spoiled(GradientFault::WrongEntry).expect("an error in the factors");
        let difference = |wrong: &Blocks<Fp>, name| {
            let [wrong, right] =
                [wrong, &right].map(|blocks| blocks.get(name).unwrap().to_matrix());
            wrong.minus(&right)
        };
        let unit = Matrix::from_fn(4, 2, |i, j| Fp::from_integer(i64::from((i, j) == (0, 1))));
        assert_eq!(difference(&wrong, "M"), unit);
        let missing = spoiled(GradientFault::MissingStep).expect("an error in the factors");
        assert_ne!(difference(&missing, "M"), Matrix::zeros(4, 2));
        for (name, block) in right.iter().filter(|(name, _)| *name != "M") {
            let (rows, cols) = block.shape();
            assert_eq!(difference(&wrong, name), Matrix::zeros(rows, cols), "{name}");
            assert_eq!(difference(&missing, name), Matrix::zeros(rows, cols), "{name}");
        }
        assert!(spoiled(GradientFault::TransposedWeight).is_err());
    }
}
