//! Architectures: each is its forward pass, and everything else follows from it.
//!
//! A [`Network`](super::Network) is [`Blocks`] of parameters and an [`Architecture`], which says how
//! outputs are computed from inputs. Its exact gradient comes from the [tape](crate::tape), every block's as
//! `Lambda Phi^T`. A file each:
//!
//! | architecture | what it is |
//! |---|---|
//! | [`Rnn`] | h' = (1 - a) h + a phi(W psi(h) + B u + b), with an adjoint of its own |
//! | [`LowRank`] | the same with W = w I + M N^T |
//! | [`Populations`] | cell types and areas with own leaks and gains, and weights between some |
//! | [`CellTypes`] | a linear network with a leak for each type of neurons, and one block W |
//! | [`Stack`] | architectures one after the other |
//! | [`Gru`], [`Lstm`] | PyTorch's, equations and weights |
//! | [`MinimalGated`] | a gated unit with one gate |
//! | [`Attention`] | one head of any function of the scores |
//! | [`Divisive`] | psi(h) = h f(\|h\|^2) |
//! | [`ClosedLoop`] | a recurrent network and the environment that it drives |
//!
//! # Examples
//!
//! An architecture of one's own: a network whose inputs open a gate. In the prime field the
//! gradient is exact, which dual numbers show.
//!
//! ```
//! use rankproof::network::architecture::{Architecture, Workspace, derivative_along};
//! use rankproof::prelude::*;
//! use rankproof::tape::{Scope, Var};
//!
//! struct Gated;
//!
//! impl<S: Scalar> Architecture<S> for Gated {
//!     fn forward<'t>(&self, scope: &Scope<'t, S>, inputs: &[Var<'t, S>]) -> Vec<Var<'t, S>> {
//!         let [w, b, c, h0] = scope.blocks(["W", "B", "C", "h0"]);
//!         let mut h = h0.spread();
//!         let mut outputs = vec![c * h];
//!         for &u in inputs {
//!             h = (w * h) * (b * u);
//!             outputs.push(c * h);
//!         }
//!         outputs
//!     }
//! }
//!
//! let stream = Stream::new("gated", 1, 0);
//! let sizes = Dimensions { neurons: 5, d_in: 2, d_out: 3, steps: 4, trials: 2 };
//! let task: Task<Fp> = TaskFamily::RandomTargets.draw(&sizes, &stream).unwrap();
//! let shapes = [("W", (5, 5)), ("B", (5, 2)), ("C", (3, 5)), ("h0", (5, 1))];
//! let shapes = shapes.map(|(name, shape)| (name.to_string(), shape)).to_vec();
//! let blocks = Blocks::<Fp>::random(&shapes, &stream.named("blocks"));
//!
//! let mut workspace = Workspace::default();
//! let found = Gated.gradient(&blocks, &Subset::All, &task, &SquaredError, &mut workspace)?;
//! let factors = found.blocks.get("W")?.factors().unwrap();
//! assert_eq!((factors.left.rows(), factors.width()), (5, 4 * 2)); // Lambda is (N, T M)
//!
//! let direction = Blocks::random(&shapes, &stream.named("direction"));
//! let derivative = derivative_along(&Gated, &blocks, &direction, &task, &SquaredError)?;
//! assert_eq!(derivative, found.blocks.inner_product(&direction));
//! # Ok::<(), rankproof::tape::TapeError>(())
//! ```

mod attention;
mod cell_types;
mod closed_loop;
mod divisive;
mod gru;
#[cfg(test)]
mod laws;
mod low_rank;
mod lstm;
mod minimal_gated;
mod populations;
mod rnn;
mod shipped;
mod stack;

pub use attention::{Attention, Scores};
pub use cell_types::CellTypes;
pub use closed_loop::{ClosedLoop, Observed};
pub use divisive::{Divisive, Gain};
pub use gru::Gru;
pub use low_rank::LowRank;
pub use lstm::Lstm;
pub use minimal_gated::MinimalGated;
pub use populations::{Population, Populations};
pub use rnn::Rnn;
pub use shipped::{DynamicsOption, Shipped};
pub use stack::Stack;

use super::{Activation, Adjoint, Loss, Run};
use crate::blocks::{Blocks, Shapes, Subset};
use crate::matrix::Matrix;
use crate::scalar::{Dual, Scalar};
use crate::tape::{EntryFunction, Memory, Scope, Tape, TapeError, Var};
use crate::task::Task;

/// A network as its forward pass.
pub trait Architecture<S: Scalar>: Send + Sync {
    /// Computes the outputs y_0..y_T, each (d_out, M), from the inputs u_0..u_{T-1}, each
    /// (d_in, M). y_t may depend on u_0..u_{t-1} alone.
    ///
    /// What does not fit need not be noticed here: see [`tape`](crate::tape) on errors.
    fn forward<'t>(&self, scope: &Scope<'t, S>, inputs: &[Var<'t, S>]) -> Vec<Var<'t, S>>;

    /// Loss, outputs and the gradient by the blocks that are trained. An architecture with a faster
    /// adjoint may have it here.
    ///
    /// # Errors
    ///
    /// If blocks, task and architecture do not fit together, or the arithmetic lacks a function.
    fn gradient(
        &self,
        blocks: &Blocks<S>,
        trained: &Subset,
        task: &Task<S>,
        loss: &dyn Loss<S>,
        workspace: &mut Workspace<S>,
    ) -> Result<LossGradient<S>, TapeError> {
        gradient_by_tape(self, blocks, trained, task, loss, workspace)
    }

    /// The outputs (d_out, (T + 1) M) for the inputs (d_in, T M) of `trials` trials.
    ///
    /// # Errors
    ///
    /// As [`gradient`](Architecture::gradient).
    fn outputs(
        &self,
        blocks: &Blocks<S>,
        inputs: &Matrix<S>,
        trials: usize,
    ) -> Result<Matrix<S>, TapeError> {
        outputs_by_tape(self, blocks, inputs, trials)
    }
}

/// An architecture that is chosen while the program runs.
impl<S: Scalar> Architecture<S> for Box<dyn Architecture<S>> {
    fn forward<'t>(&self, scope: &Scope<'t, S>, inputs: &[Var<'t, S>]) -> Vec<Var<'t, S>> {
        (**self).forward(scope, inputs)
    }

    fn gradient(
        &self,
        blocks: &Blocks<S>,
        trained: &Subset,
        task: &Task<S>,
        loss: &dyn Loss<S>,
        workspace: &mut Workspace<S>,
    ) -> Result<LossGradient<S>, TapeError> {
        (**self).gradient(blocks, trained, task, loss, workspace)
    }

    fn outputs(
        &self,
        blocks: &Blocks<S>,
        inputs: &Matrix<S>,
        trials: usize,
    ) -> Result<Matrix<S>, TapeError> {
        (**self).outputs(blocks, inputs, trials)
    }
}

/// What a gradient leaves.
#[derive(Clone, Debug, PartialEq)]
pub struct LossGradient<S> {
    /// The loss.
    pub loss: S,
    /// The outputs y_0..y_T, (d_out, (T + 1) M).
    pub outputs: Matrix<S>,
    /// The gradient by every block, in factors `Lambda Phi^T`; zero by what is not trained.
    pub blocks: Blocks<S>,
}

/// Memory that is kept from one gradient to the next.
#[derive(Debug)]
pub struct Workspace<S> {
    memory: Memory<S>,
    run: Run<S>,
    adjoint: Adjoint<S>,
}

impl<S: Scalar> Default for Workspace<S> {
    fn default() -> Self {
        Workspace { memory: Memory::default(), run: Run::empty(), adjoint: Adjoint::empty() }
    }
}

impl<S> Workspace<S> {
    /// The forward and the backward run of the last gradient of a recurrent network; empty where
    /// the tape made it.
    pub(crate) fn into_runs(self) -> (Run<S>, Adjoint<S>) {
        (self.run, self.adjoint)
    }
}

/// The gradient by the tape: what [`Architecture::gradient`] is unless an architecture has its own.
///
/// # Errors
///
/// As [`Architecture::gradient`].
pub fn gradient_by_tape<S: Scalar, A: Architecture<S> + ?Sized>(
    architecture: &A,
    blocks: &Blocks<S>,
    trained: &Subset,
    task: &Task<S>,
    loss: &dyn Loss<S>,
    workspace: &mut Workspace<S>,
) -> Result<LossGradient<S>, TapeError> {
    gradient_of(
        &|scope, inputs| architecture.forward(scope, inputs),
        blocks,
        trained,
        task,
        loss,
        workspace,
    )
}

/// A forward pass. What works with one is compiled once for each arithmetic, not once more for each
/// architecture.
type Forward<'a, S> = &'a dyn for<'t> Fn(&Scope<'t, S>, &[Var<'t, S>]) -> Vec<Var<'t, S>>;

fn gradient_of<S: Scalar>(
    forward: Forward<'_, S>,
    blocks: &Blocks<S>,
    trained: &Subset,
    task: &Task<S>,
    loss: &dyn Loss<S>,
    workspace: &mut Workspace<S>,
) -> Result<LossGradient<S>, TapeError> {
    let memory = std::mem::take(&mut workspace.memory);
    let tape = Tape::in_memory(memory, blocks, trained, task.trials);
    let found = recorded(forward, &tape, &task.inputs, task.trials).and_then(|outputs| {
        let values = tape.values(&outputs)?;
        same_shape("outputs and targets", &values, &task.targets)?;
        let value = loss.value(&values, task);
        let blocks = tape.gradient(&outputs, &loss.errors(&values, task))?;
        Ok(LossGradient { loss: value, outputs: values, blocks })
    });
    workspace.memory = tape.into_memory();
    found
}

/// The derivative of the loss along a direction of all blocks, by dual numbers: the forward pass
/// alone, against which a gradient can be held.
///
/// # Errors
///
/// As [`Architecture::gradient`], and if the direction has other names or shapes than the blocks.
pub fn derivative_along<S: Scalar>(
    architecture: &dyn Architecture<Dual<S>>,
    blocks: &Blocks<S>,
    direction: &Blocks<S>,
    task: &Task<S>,
    loss: &dyn Loss<Dual<S>>,
) -> Result<S, TapeError> {
    if blocks.shapes() != direction.shapes() {
        let message = "a direction of other names or shapes than the blocks";
        return Err(TapeError::Model(message.into()));
    }
    let mut moving = blocks.map(Dual::constant);
    let eps = Dual { value: S::ZERO, derivative: S::ONE };
    moving.add_scaled(eps, &direction.map(Dual::constant));
    let task = task.map(Dual::constant);
    let outputs = architecture.outputs(&moving, &task.inputs, task.trials)?;
    same_shape("outputs and targets", &outputs, &task.targets)?;
    Ok(loss.value(&outputs, &task).derivative)
}

fn outputs_by_tape<S: Scalar, A: Architecture<S> + ?Sized>(
    architecture: &A,
    blocks: &Blocks<S>,
    inputs: &Matrix<S>,
    trials: usize,
) -> Result<Matrix<S>, TapeError> {
    outputs_of(&|scope, inputs| architecture.forward(scope, inputs), blocks, inputs, trials)
}

fn outputs_of<S: Scalar>(
    forward: Forward<'_, S>,
    blocks: &Blocks<S>,
    inputs: &Matrix<S>,
    trials: usize,
) -> Result<Matrix<S>, TapeError> {
    let tape = Tape::new(blocks, trials);
    let outputs = recorded(forward, &tape, inputs, trials)?;
    tape.values(&outputs)
}

/// Records the forward pass and checks that there is an output for every time.
fn recorded<'t, S: Scalar>(
    forward: Forward<'_, S>,
    tape: &'t Tape<'t, S>,
    inputs: &Matrix<S>,
    trials: usize,
) -> Result<Vec<Var<'t, S>>, TapeError> {
    if trials == 0 || !inputs.cols().is_multiple_of(trials) {
        let columns = inputs.cols();
        return Err(TapeError::Model(format!("{columns} columns of inputs for {trials} trials")));
    }
    let scope = tape.scope();
    let steps = inputs.cols() / trials;
    let input = |t| {
        let columns = inputs.columns(t * trials..(t + 1) * trials).data().to_vec();
        scope.constant(&Matrix::from_columns(inputs.rows(), trials, columns))
    };
    let inputs: Vec<_> = (0..steps).map(input).collect();
    let outputs = forward(&scope, &inputs);
    // The first error comes before what follows from it.
    tape.values(&outputs)?;
    if outputs.len() == steps + 1 {
        Ok(outputs)
    } else {
        Err(TapeError::Model(format!(
            "{} outputs from {steps} inputs, where one more than inputs is expected",
            outputs.len()
        )))
    }
}

fn same_shape<S: Scalar>(
    operation: &'static str,
    left: &Matrix<S>,
    right: &Matrix<S>,
) -> Result<(), TapeError> {
    let [left, right] = [left, right].map(|matrix| (matrix.rows(), matrix.cols()));
    if left == right { Ok(()) } else { Err(TapeError::Shapes { operation, left, right }) }
}

impl<S: Scalar> EntryFunction<S> for Activation<S> {
    fn apply(&self, values: &mut [S], slopes: &mut [S]) {
        Activation::apply(self, values, slopes);
    }

    fn is_identity(&self) -> bool {
        Activation::is_identity(self)
    }

    fn is_available(&self) -> bool {
        Activation::is_available(self)
    }
}

/// (1 - a) h + a value.
fn leaky<'t, S: Scalar>(h: Var<'t, S>, value: Var<'t, S>, leak: S) -> Var<'t, S> {
    h.scaled(S::ONE - leak) + value.scaled(leak)
}

fn named<const COUNT: usize>(shapes: [(&str, (usize, usize)); COUNT]) -> Shapes {
    shapes.map(|(name, shape)| (name.to_string(), shape)).to_vec()
}
