//! The operations of a forward pass.

use std::ops::{Add, Mul, Range, Sub};

use super::memory::{Operation, add_columns, add_inner};
use super::{EntryFunction, NO_NODE, Tape, TapeError};
use crate::matrix::Matrix;
use crate::scalar::Scalar;

/// A (rows, M) matrix of a forward pass, one column for each trial.
///
/// Besides the methods there are `x + y`, `x - y` and `x * y`, the product entry by entry.
#[derive(Clone, Copy)]
pub struct Var<'t, S> {
    tape: &'t Tape<'t, S>,
    pub(super) node: usize,
}

impl<'t, S: Scalar> Var<'t, S> {
    pub(super) fn new(tape: &'t Tape<'t, S>, node: usize) -> Self {
        Var { tape, node }
    }

    pub(super) fn tape(self) -> &'t Tape<'t, S> {
        self.tape
    }

    /// Number of rows; 0 after an error.
    pub fn height(self) -> usize {
        self.tape.memory.borrow().rows(self.node)
    }

    /// What is computed so far, (rows, M); (0, 0) after an error.
    pub fn value(self) -> Matrix<S> {
        let memory = self.tape.memory.borrow();
        match memory.failure {
            Some(_) => Matrix::zeros(0, 0),
            None => {
                let value = memory.value(self.node).to_vec();
                Matrix::from_columns(memory.rows(self.node), memory.trials, value)
            }
        }
    }

    /// `scale x`.
    pub fn scaled(self, scale: S) -> Self {
        let x = self.node;
        self.tape.record(|memory| {
            memory.push(memory.rows(x), Operation::Scaled { x, scale }, |earlier, out| {
                let entries = out.iter_mut().zip(earlier.value(x));
                for (out, &x) in entries {
                    *out = scale * x;
                }
            })
        })
    }

    /// f(x), entry by entry.
    pub fn apply(self, function: &(impl EntryFunction<S> + ?Sized)) -> Self {
        if function.is_identity() {
            return self;
        }
        self.tape.record(|memory| {
            if function.is_available() {
                memory.push_function(self.node, |values, slopes| function.apply(values, slopes))
            } else {
                Err(TapeError::Unavailable)
            }
        })
    }

    /// 1 / x, entry by entry; an error if an entry is zero.
    pub fn reciprocal(self) -> Self {
        self.tape.record(|memory| {
            if memory.value(self.node).contains(&S::ZERO) {
                return Err(TapeError::Reciprocal);
            }
            memory.push_function(self.node, |values, slopes| {
                for (value, slope) in values.iter_mut().zip(slopes) {
                    *value = value.inverse().unwrap_or(S::ZERO);
                    *slope = -(*value * *value);
                }
            })
        })
    }

    /// The inner product with the columns of another matrix, trial by trial, (1, M).
    pub fn inner(self, other: Self) -> Self {
        let (x, y) = (self.node, other.node);
        self.tape.record_both(self, other, |memory| {
            memory.same_shape("an inner product", x, y)?;
            let rows = memory.rows(x);
            memory.push(1, Operation::Inner { x, y }, |earlier, out| {
                add_inner(out, earlier.value(x), earlier.value(y), rows);
            })
        })
    }

    /// Each column times the number that `by`, (1, M), has for its trial.
    pub fn scaled_by(self, by: Self) -> Self {
        let (x, factor) = (self.node, by.node);
        self.tape.record_both(self, by, |memory| {
            let (rows, trials) = (memory.rows(x), memory.trials);
            if memory.rows(factor) != 1 {
                let right = (memory.rows(factor), trials);
                let operation = "a scaling of columns";
                return Err(TapeError::Shapes { operation, left: (rows, trials), right });
            }
            memory.push(rows, Operation::ScaledBy { x, by: factor }, |earlier, out| {
                add_columns(out, earlier.value(x), earlier.value(factor), rows);
            })
        })
    }

    /// Some neighbouring rows.
    pub fn rows(self, range: Range<usize>) -> Self {
        let x = self.node;
        self.tape.record(|memory| {
            let rows = memory.rows(x);
            let Range { start: from, end: to } = range;
            if from >= to || to > rows {
                return Err(TapeError::Rows { from, to, rows });
            }
            memory.push(to - from, Operation::Rows { x, from }, |earlier, out| {
                let columns = out.chunks_exact_mut(to - from);
                for (out, x) in columns.zip(earlier.value(x).chunks_exact(rows)) {
                    out.copy_from_slice(&x[from..to]);
                }
            })
        })
    }

    /// This matrix above another one.
    pub fn above(self, other: Self) -> Self {
        let (x, y) = (self.node, other.node);
        self.tape.record_both(self, other, |memory| {
            let (upper, lower) = (memory.rows(x), memory.rows(y));
            memory.push(upper + lower, Operation::Stacked { x, y }, |earlier, out| {
                let columns = earlier.value(x).chunks_exact(upper);
                let columns = columns.zip(earlier.value(y).chunks_exact(lower));
                for (out, (x, y)) in out.chunks_exact_mut(upper + lower).zip(columns) {
                    out[..upper].copy_from_slice(x);
                    out[upper..].copy_from_slice(y);
                }
            })
        })
    }

    /// The same numbers as a constant: no error goes back through it.
    pub fn stop(self) -> Self {
        self.tape.record(|memory| Ok(memory.push_stopped(self.node)))
    }

    /// x + scale y.
    fn plus(self, scale: S, other: Self, name: &'static str) -> Self {
        let (x, y) = (self.node, other.node);
        self.tape.record_both(self, other, |memory| {
            memory.same_shape(name, x, y)?;
            memory.push(memory.rows(x), Operation::Sum { x, y, scale }, |earlier, out| {
                let entries = out.iter_mut().zip(earlier.value(x)).zip(earlier.value(y));
                for ((out, &x), &y) in entries {
                    *out = x + scale * y;
                }
            })
        })
    }
}

impl<S: Scalar> Add for Var<'_, S> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.plus(S::ONE, other, "a sum")
    }
}

impl<S: Scalar> Sub for Var<'_, S> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.plus(-S::ONE, other, "a difference")
    }
}

impl<S: Scalar> Mul for Var<'_, S> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let (x, y) = (self.node, other.node);
        self.tape.record_both(self, other, |memory| {
            memory.same_shape("a product entry by entry", x, y)?;
            memory.push(memory.rows(x), Operation::Times { x, y }, |earlier, out| {
                let entries = out.iter_mut().zip(earlier.value(x)).zip(earlier.value(y));
                for ((out, &x), &y) in entries {
                    *out = x * y;
                }
            })
        })
    }
}

/// A parameter block or its transpose, in a forward pass: what a [`Var`] is multiplied by.
#[derive(Clone, Copy)]
pub struct BlockRef<'t, S> {
    tape: &'t Tape<'t, S>,
    /// Its place in the list, if there is such a block.
    block: Option<usize>,
    transposed: bool,
}

impl<'t, S: Scalar> BlockRef<'t, S> {
    pub(super) fn new(tape: &'t Tape<'t, S>, block: Option<usize>) -> Self {
        BlockRef { tape, block, transposed: false }
    }

    /// Numbers of rows and of columns; (0, 0) of a block that is not there.
    pub fn shape(self) -> (usize, usize) {
        let shape = self.block.map_or((0, 0), |block| self.tape.shapes[block]);
        if self.transposed { (shape.1, shape.0) } else { shape }
    }

    /// The transpose.
    pub fn t(self) -> Self {
        BlockRef { transposed: !self.transposed, ..self }
    }

    /// The block as a value of its own, as an initial state or a bias is used: its one column for
    /// all trials, or its M columns, one for each. This is a product with a row of ones or with
    /// the identity, so that its gradient is `Lambda Phi^T` as well.
    pub fn spread(self) -> Var<'t, S> {
        let trials = self.tape.memory.borrow().trials;
        if self.shape().1 == 1 {
            return self * self.tape.constant(1, trials, |_, _| S::ONE);
        }
        let identity = |i, j| if i == j { S::ONE } else { S::ZERO };
        self * self.tape.constant(trials, trials, identity)
    }
}

/// A product with a block.
impl<'t, S: Scalar> Mul<Var<'t, S>> for BlockRef<'t, S> {
    type Output = Var<'t, S>;
    fn mul(self, x: Var<'t, S>) -> Var<'t, S> {
        let (rows, cols) = self.shape();
        // Without the block there was an error already.
        let Some(block) = self.block else { return Var::new(self.tape, NO_NODE) };
        let transposed = self.transposed;
        let multiplier = &self.tape.multipliers[block][usize::from(transposed)];
        self.tape.record_both(x, x, |memory| {
            let right = (memory.rows(x.node), memory.trials);
            if cols != right.0 {
                let operation = "a product";
                return Err(TapeError::Shapes { operation, left: (rows, cols), right });
            }
            let x = x.node;
            memory.push(rows, Operation::Product { block, transposed, x }, |earlier, out| {
                multiplier.add_product(earlier.value(x), out);
            })
        })
    }
}
