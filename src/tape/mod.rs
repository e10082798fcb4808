//! Exact reverse-mode differentiation of a forward pass, over any arithmetic.
//!
//! A forward pass is written with [`Var`]s, (rows, M) matrices with a column for each of M trials,
//! and [`BlockRef`]s, the parameter blocks. A product with a block remembers its inputs and later
//! receives its errors; over all products with this block the gradient is
//!
//! ```text
//! dLoss/dA = sum error input^T = Lambda Phi^T,
//! ```
//!
//! and is kept in this form: the inputs side by side are Phi, the errors Lambda, in the order in
//! which the products were computed (over time, in the order of time). That every gradient has
//! this form is where the theorems begin, so it is what the tape returns.
//!
//! A tape knows operations and their adjoints alone: no time, no network, no loss. Nothing is
//! rounded but by the arithmetic itself, so that in a prime field the gradient is exact.
//!
//! **Errors.** Operations do not return `Result`, so that a forward pass reads as its formula. The
//! first thing that does not fit (a name, a shape, a function that a field does not have) is
//! remembered; from then on nothing is computed, and [`Tape::values`] and [`Tape::gradient`]
//! return that error. No shape that a caller chooses makes a pass panic.
//!
//! # Examples
//!
//! The gradient of |A x|^2 / 2 by A is (A x) x^T:
//!
//! ```
//! use rankproof::blocks::Blocks;
//! use rankproof::matrix::Matrix;
//! use rankproof::tape::Tape;
//!
//! let blocks = Blocks::default().with("A", Matrix::from_rows(&[[1.0, 2.0], [0.0, 1.0]]));
//! let tape = Tape::new(&blocks, 1);
//! let scope = tape.scope();
//! let x = scope.constant(&Matrix::from_rows(&[[3.0], [1.0]]));
//! let y = scope.block("A") * x;
//! let gradient = tape.gradient(&[y], &y.value())?;
//! let factors = gradient.get("A")?.factors().unwrap();
//! assert_eq!(factors.left, Matrix::from_rows(&[[5.0], [1.0]]));
//! assert_eq!(factors.right, Matrix::from_rows(&[[3.0], [1.0]]));
//! # Ok::<(), rankproof::tape::TapeError>(())
//! ```

mod error;
mod function;
mod memory;
#[cfg(test)]
mod tests;
mod var;

use std::cell::RefCell;

pub use error::TapeError;
pub use function::EntryFunction;
pub use memory::Memory;
pub use var::{BlockRef, Var};

use crate::blocks::{Blocks, Multiplier, Subset};
use crate::matrix::Matrix;
use crate::scalar::Scalar;
use memory::Operation;

/// The record of one forward pass of M trials with these blocks.
pub struct Tape<'b, S> {
    blocks: &'b Blocks<S>,
    shapes: Vec<(usize, usize)>,
    /// Each block and its transpose.
    multipliers: Vec<[Multiplier<'b, S>; 2]>,
    memory: RefCell<Memory<S>>,
}

impl<'b, S: Scalar> Tape<'b, S> {
    /// An empty record, for gradients by all blocks.
    pub fn new(blocks: &'b Blocks<S>, trials: usize) -> Self {
        Self::in_memory(Memory::default(), blocks, &Subset::All, trials)
    }

    /// An empty record in the memory of an earlier one, for gradients by some of the blocks; the
    /// others are constants.
    pub fn in_memory(
        mut memory: Memory<S>,
        blocks: &'b Blocks<S>,
        trained: &Subset,
        trials: usize,
    ) -> Self {
        memory.clear(trials, blocks.iter().map(|(name, _)| trained.contains(name)));
        Tape {
            blocks,
            shapes: blocks.iter().map(|(_, block)| block.shape()).collect(),
            multipliers: blocks
                .iter()
                .map(|(_, block)| [block.multiplier(), block.transposed_multiplier()])
                .collect(),
            memory: RefCell::new(memory),
        }
    }

    /// Ends the record and returns its memory.
    pub fn into_memory(self) -> Memory<S> {
        self.memory.into_inner()
    }

    /// What a forward pass is written with.
    pub fn scope(&self) -> Scope<'_, S> {
        Scope { tape: self, prefix: String::new() }
    }

    /// The values of matrices of as many rows, side by side, (rows, count M).
    ///
    /// # Errors
    ///
    /// The first thing that went wrong in the pass, or matrices of unequal height.
    pub fn values(&self, vars: &[Var<'_, S>]) -> Result<Matrix<S>, TapeError> {
        let memory = self.memory.borrow();
        self.check(&memory, vars)?;
        let rows = vars.first().map_or(0, |var| memory.rows(var.node));
        let values = vars.iter().flat_map(|var| memory.value(var.node)).copied().collect();
        Ok(Matrix::from_columns(rows, vars.len() * memory.trials, values))
    }

    /// The gradient of a loss by every trained block, in factors `Lambda Phi^T`, from the errors
    /// dLoss/doutput, side by side as [`values`](Tape::values) has the outputs. A block that was
    /// used n times has factors of width n M, n = 0 included; one that is not trained, of width 0.
    ///
    /// # Errors
    ///
    /// The first thing that went wrong in the pass, or errors of another shape than the outputs.
    pub fn gradient(
        &self,
        outputs: &[Var<'_, S>],
        errors: &Matrix<S>,
    ) -> Result<Blocks<S>, TapeError> {
        let mut memory = self.memory.borrow_mut();
        self.check(&memory, outputs)?;
        let rows = outputs.first().map_or(0, |var| memory.rows(var.node));
        let expected = (rows, outputs.len() * memory.trials);
        if expected != (errors.rows(), errors.cols()) {
            let right = (errors.rows(), errors.cols());
            return Err(TapeError::Shapes { operation: "errors", left: expected, right });
        }
        let nodes: Vec<_> = outputs.iter().map(|var| var.node).collect();
        memory.pull_back(&nodes, errors, &self.multipliers);
        Ok(memory.factors(self.blocks))
    }

    /// An error if there was one, or if these matrices are of unequal height or of another tape.
    fn check(&self, memory: &Memory<S>, vars: &[Var<'_, S>]) -> Result<(), TapeError> {
        if let Some(failure) = &memory.failure {
            return Err(failure.clone());
        }
        if vars.iter().any(|var| !self.is_tape_of(*var)) {
            return Err(TapeError::TwoTapes);
        }
        vars.windows(2)
            .try_for_each(|pair| memory.same_shape("a pair of outputs", pair[0].node, pair[1].node))
    }

    fn is_tape_of(&self, var: Var<'_, S>) -> bool {
        std::ptr::eq(
            std::ptr::from_ref(self).cast::<()>(),
            std::ptr::from_ref(var.tape()).cast::<()>(),
        )
    }
}

impl<'t, S: Scalar> Tape<'t, S> {
    /// Takes a step of the pass, unless one has failed.
    fn record(
        &'t self,
        step: impl FnOnce(&mut Memory<S>) -> Result<usize, TapeError>,
    ) -> Var<'t, S> {
        let mut memory = self.memory.borrow_mut();
        let node = match memory.failure {
            Some(_) => NO_NODE,
            None => step(&mut memory).unwrap_or_else(|error| {
                memory.failure = Some(error);
                NO_NODE
            }),
        };
        Var::new(self, node)
    }

    /// The same for a step from two matrices, which must be of this tape.
    fn record_both(
        &'t self,
        x: Var<'_, S>,
        y: Var<'_, S>,
        step: impl FnOnce(&mut Memory<S>) -> Result<usize, TapeError>,
    ) -> Var<'t, S> {
        let is_own = self.is_tape_of(x) && self.is_tape_of(y);
        self.record(|memory| if is_own { step(memory) } else { Err(TapeError::TwoTapes) })
    }

    fn constant(
        &'t self,
        rows: usize,
        trials: usize,
        entry: impl Fn(usize, usize) -> S,
    ) -> Var<'t, S> {
        self.record(|memory| {
            let left = (rows, memory.trials);
            if trials != memory.trials {
                let right = (rows, trials);
                return Err(TapeError::Shapes { operation: "a constant", left, right });
            }
            memory.push(rows, Operation::Constant, |_, out| {
                for (index, out) in out.iter_mut().enumerate() {
                    *out = entry(index % rows, index / rows);
                }
            })
        })
    }
}

/// The node of what could not be computed.
const NO_NODE: usize = usize::MAX;

/// What a forward pass is written with: constants, and the blocks whose names begin with a prefix.
#[derive(Clone)]
pub struct Scope<'t, S> {
    tape: &'t Tape<'t, S>,
    prefix: String,
}

impl<'t, S: Scalar> Scope<'t, S> {
    /// The blocks whose names begin with `prefix` and a dot: those of a part of an architecture.
    pub fn part(&self, prefix: &str) -> Self {
        Scope { tape: self.tape, prefix: format!("{}{prefix}.", self.prefix) }
    }

    /// The block of this name; an error of the pass if there is none.
    pub fn block(&self, name: &str) -> BlockRef<'t, S> {
        match self.tape.blocks.index(&format!("{}{name}", self.prefix)) {
            Ok(block) => BlockRef::new(self.tape, Some(block)),
            Err(error) => {
                self.fail(error.into());
                BlockRef::new(self.tape, None)
            }
        }
    }

    /// The blocks of these names.
    pub fn blocks<const COUNT: usize>(&self, names: [&str; COUNT]) -> [BlockRef<'t, S>; COUNT] {
        names.map(|name| self.block(name))
    }

    /// Number of trials, M.
    pub fn trials(&self) -> usize {
        self.tape.memory.borrow().trials
    }

    /// A (rows, M) matrix that does not depend on any block, an input for example.
    pub fn constant(&self, matrix: &Matrix<S>) -> Var<'t, S> {
        self.tape.constant(matrix.rows(), matrix.cols(), |i, j| matrix[(i, j)])
    }

    /// The (rows, M) zero matrix.
    pub fn zeros(&self, rows: usize) -> Var<'t, S> {
        self.tape.constant(rows, self.trials(), |_, _| S::ZERO)
    }

    /// A constant computed entry by entry from the values of matrices of one shape: no error goes
    /// back through it. `entry` gets the entries of all of them in one place.
    pub fn constant_from(&self, vars: &[Var<'t, S>], entry: impl Fn(&[S]) -> S) -> Var<'t, S> {
        let values: Vec<_> = vars.iter().map(|var| var.value()).collect();
        let Some(first) = values.first() else {
            return self.fail(TapeError::Model("a constant from no values".into()));
        };
        let (rows, cols) = (first.rows(), first.cols());
        if let Some(other) = values.iter().find(|v| (v.rows(), v.cols()) != (rows, cols)) {
            let right = (other.rows(), other.cols());
            let operation = "a constant";
            return self.fail(TapeError::Shapes { operation, left: (rows, cols), right });
        }
        self.tape.constant(rows, cols, |i, j| {
            entry(&values.iter().map(|value| value[(i, j)]).collect::<Vec<_>>())
        })
    }

    /// Lets the pass fail: nothing is computed from here on. Returns the value of nothing.
    pub fn fail(&self, error: TapeError) -> Var<'t, S> {
        self.tape.record(|_| Err(error))
    }
}
