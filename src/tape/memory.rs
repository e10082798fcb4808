//! The record of a forward pass: its operations in order, their values, and the way back.

use std::ops::Range;

use super::TapeError;
use crate::blocks::{Block, Blocks, Multiplier};
use crate::matrix::{Factors, Matrix};
use crate::scalar::{Scalar, vectorised};

/// An operation and the nodes that it is made of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operation<S> {
    /// Given from outside, or stopped: no error goes further.
    Constant,
    /// A x or A^T x with a block A.
    Product { block: usize, transposed: bool, x: usize },
    /// x + scale y.
    Sum { x: usize, y: usize, scale: S },
    /// scale x.
    Scaled { x: usize, scale: S },
    /// The products of corresponding entries.
    Times { x: usize, y: usize },
    /// f(x) entry by entry; f'(x) begins at `slopes`.
    Function { x: usize, slopes: usize },
    /// The inner product of the columns of each trial, one row.
    Inner { x: usize, y: usize },
    /// Each column of x times the entry of `by`, which has one row, in this column.
    ScaledBy { x: usize, by: usize },
    /// The rows of x from `from` on.
    Rows { x: usize, from: usize },
    /// x above y.
    Stacked { x: usize, y: usize },
}

impl<S> Operation<S> {
    /// The nodes it is made of; both the same where there is one.
    fn operands(&self) -> Option<[usize; 2]> {
        match *self {
            Operation::Constant => None,
            Operation::Product { x, .. }
            | Operation::Scaled { x, .. }
            | Operation::Function { x, .. }
            | Operation::Rows { x, .. } => Some([x, x]),
            Operation::Sum { x, y, .. }
            | Operation::Times { x, y }
            | Operation::Inner { x, y }
            | Operation::Stacked { x, y } => Some([x, y]),
            Operation::ScaledBy { x, by } => Some([x, by]),
        }
    }
}

/// A (rows, M) matrix of the pass.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<S> {
    pub rows: usize,
    /// Where its values begin, and its errors.
    offset: usize,
    /// True if it depends on a block that is trained, so that errors go through it.
    tracked: bool,
    operation: Operation<S>,
}

/// The memory of a [`Tape`](super::Tape), kept from one pass to the next: for large networks the
/// operating system needs as long to hand out new memory as the products take.
#[derive(Debug)]
pub struct Memory<S> {
    pub(super) trials: usize,
    /// Of each block whether its gradient is wanted.
    trained: Vec<bool>,
    nodes: Vec<Node<S>>,
    /// The values of all nodes, each column after column.
    values: Vec<S>,
    /// The derivatives of the functions applied.
    slopes: Vec<S>,
    /// dLoss/dvalue of all nodes, laid out as the values.
    errors: Vec<S>,
    /// The first thing that went wrong.
    pub(super) failure: Option<TapeError>,
}

impl<S> Default for Memory<S> {
    /// Nothing recorded.
    fn default() -> Self {
        Memory {
            trials: 0,
            trained: Vec::new(),
            nodes: Vec::new(),
            values: Vec::new(),
            slopes: Vec::new(),
            errors: Vec::new(),
            failure: None,
        }
    }
}

impl<S: Scalar> Memory<S> {
    /// Forgets the pass and keeps the memory.
    pub(super) fn clear(&mut self, trials: usize, trained: impl Iterator<Item = bool>) {
        self.trials = trials;
        self.trained.clear();
        self.trained.extend(trained);
        self.nodes.clear();
        self.values.clear();
        self.slopes.clear();
        self.failure = None;
    }

    /// Where the numbers lie and for how many there is room, which new memory would change.
    #[cfg(test)]
    pub(super) fn places(&self) -> [(*const S, usize); 3] {
        [&self.values, &self.slopes, &self.errors].map(|part| (part.as_ptr(), part.capacity()))
    }

    /// The number of rows of a node, 0 if it is not there.
    pub(super) fn rows(&self, node: usize) -> usize {
        self.nodes.get(node).map_or(0, |node| node.rows)
    }

    pub(super) fn value(&self, node: usize) -> &[S] {
        &self.values[range(&self.nodes[node], self.trials)]
    }

    /// The shapes of two nodes, if they differ.
    pub(super) fn same_shape(
        &self,
        operation: &'static str,
        x: usize,
        y: usize,
    ) -> Result<(), TapeError> {
        let shape = |node| (self.rows(node), self.trials);
        if shape(x) == shape(y) {
            Ok(())
        } else {
            Err(TapeError::Shapes { operation, left: shape(x), right: shape(y) })
        }
    }

    /// Appends a node; `fill` computes its values, which begin as zeros, from the earlier ones.
    pub(super) fn push(
        &mut self,
        rows: usize,
        operation: Operation<S>,
        fill: impl FnOnce(&Earlier<'_, S>, &mut [S]),
    ) -> Result<usize, TapeError> {
        if rows == 0 {
            return Err(TapeError::Rows { from: 0, to: 0, rows });
        }
        let is_trained = |block: usize| self.trained[block];
        let tracked = matches!(operation, Operation::Product { block, .. } if is_trained(block))
            || operation.operands().is_some_and(|both| both.iter().any(|&x| self.nodes[x].tracked));
        let offset = self.values.len();
        self.values.resize(offset + rows * self.trials, S::ZERO);
        let (values, own) = self.values.split_at_mut(offset);
        fill(&Earlier { nodes: &self.nodes, values, trials: self.trials }, own);
        self.nodes.push(Node { rows, offset, tracked, operation });
        Ok(self.nodes.len() - 1)
    }

    /// Appends f(x): `apply` replaces values by those of f and writes the slopes.
    pub(super) fn push_function(
        &mut self,
        x: usize,
        apply: impl FnOnce(&mut [S], &mut [S]),
    ) -> Result<usize, TapeError> {
        let slopes = self.slopes.len();
        let rows = self.rows(x);
        let node = self.push(rows, Operation::Function { x, slopes }, |earlier, out| {
            out.copy_from_slice(earlier.value(x));
        })?;
        self.slopes.resize(slopes + rows * self.trials, S::ZERO);
        let values = range(&self.nodes[node], self.trials);
        apply(&mut self.values[values], &mut self.slopes[slopes..]);
        Ok(node)
    }

    /// Appends x again, but no error goes through it. It has the same place in memory.
    pub(super) fn push_stopped(&mut self, x: usize) -> usize {
        let node = Node { tracked: false, operation: Operation::Constant, ..self.nodes[x] };
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// Sends errors back from the outputs to all nodes. `errors` are dLoss/doutput, side by side.
    pub(super) fn pull_back(
        &mut self,
        outputs: &[usize],
        errors: &Matrix<S>,
        blocks: &[[Multiplier<'_, S>; 2]],
    ) {
        self.errors.clear();
        self.errors.resize(self.values.len(), S::ZERO);
        for (index, &output) in outputs.iter().enumerate() {
            let node = &self.nodes[output];
            if node.tracked {
                let error = errors.columns(index * self.trials..(index + 1) * self.trials);
                add(&mut self.errors[range(node, self.trials)], error.data());
            }
        }
        for index in (0..self.nodes.len()).rev() {
            if self.nodes[index].tracked {
                self.pull_back_through(index, blocks);
            }
        }
    }

    /// Adds what the errors of one node are for those that it is made of.
    fn pull_back_through(&mut self, index: usize, blocks: &[[Multiplier<'_, S>; 2]]) {
        let Memory { trials, nodes, values, slopes, errors, .. } = self;
        let (node, trials) = (&nodes[index], *trials);
        let size = node.rows * trials;
        let (errors, own) = errors.split_at_mut(node.offset);
        let own = &own[..size];
        let value = |x: usize| &values[range(&nodes[x], trials)];
        let mut earlier = EarlierErrors { nodes, errors, trials };
        match node.operation {
            Operation::Constant => {}
            Operation::Product { block, transposed, x } => earlier.with(x, |out| {
                blocks[block][usize::from(!transposed)].add_product(own, out);
            }),
            Operation::Sum { x, y, scale } => {
                earlier.with(x, |out| add(out, own));
                earlier.with(y, |out| add_scaled(out, own, scale));
            }
            Operation::Scaled { x, scale } => earlier.with(x, |out| add_scaled(out, own, scale)),
            Operation::Times { x, y } => {
                earlier.with(x, |out| add_times(out, own, value(y)));
                earlier.with(y, |out| add_times(out, own, value(x)));
            }
            Operation::Function { x, slopes: from } => {
                earlier.with(x, |out| add_times(out, own, &slopes[from..from + size]));
            }
            Operation::Inner { x, y } => {
                let rows = nodes[x].rows;
                earlier.with(x, |out| add_columns(out, value(y), own, rows));
                earlier.with(y, |out| add_columns(out, value(x), own, rows));
            }
            Operation::ScaledBy { x, by } => {
                earlier.with(x, |out| add_columns(out, own, value(by), node.rows));
                earlier.with(by, |out| add_inner(out, own, value(x), node.rows));
            }
            Operation::Rows { x, from } => {
                let rows = nodes[x].rows;
                earlier.with(x, |out| {
                    let columns = out.chunks_exact_mut(rows).zip(own.chunks_exact(node.rows));
                    for (out, own) in columns {
                        add(&mut out[from..from + node.rows], own);
                    }
                });
            }
            Operation::Stacked { x, y } => {
                let upper = nodes[x].rows;
                for (x, part) in [(x, 0..upper), (y, upper..node.rows)] {
                    earlier.with(x, |out| {
                        let columns = own.chunks_exact(node.rows);
                        let columns = out.chunks_exact_mut(part.len()).zip(columns);
                        for (out, own) in columns {
                            add(out, &own[part.clone()]);
                        }
                    });
                }
            }
        }
    }

    /// dLoss/dA = Lambda Phi^T of each trained block: the errors and the inputs of its products, in
    /// order.
    pub(super) fn factors(&self, blocks: &Blocks<S>) -> Blocks<S> {
        let mut widths = vec![0; blocks.len()];
        for node in &self.nodes {
            if let Operation::Product { block, .. } = node.operation {
                widths[block] += self.trials * usize::from(self.trained[block]);
            }
        }
        let mut index = 0;
        blocks.replaced(|_, block| {
            let (rows, cols) = block.shape();
            let width = widths[index];
            let mut left = Vec::with_capacity(rows * width);
            let mut right = Vec::with_capacity(cols * width);
            for node in &self.nodes {
                let Operation::Product { block, transposed, x } = node.operation else { continue };
                if block != index || !self.trained[block] {
                    continue;
                }
                let input = self.value(x);
                let error = &self.errors[range(node, self.trials)];
                // The gradient by A of <error, A^T input> is input error^T.
                let (lambda, phi) = if transposed { (input, error) } else { (error, input) };
                left.extend_from_slice(lambda);
                right.extend_from_slice(phi);
            }
            index += 1;
            let left = Matrix::from_columns(rows, width, left);
            Block::from(Factors::new(left, Matrix::from_columns(cols, width, right)))
        })
    }
}

fn range<S>(node: &Node<S>, trials: usize) -> Range<usize> {
    node.offset..node.offset + node.rows * trials
}

/// The values of the nodes before a new one.
pub(super) struct Earlier<'a, S> {
    nodes: &'a [Node<S>],
    values: &'a [S],
    trials: usize,
}

impl<'a, S> Earlier<'a, S> {
    pub fn value(&self, node: usize) -> &'a [S] {
        &self.values[range(&self.nodes[node], self.trials)]
    }
}

/// The errors of the nodes before the one whose errors go back.
struct EarlierErrors<'a, S> {
    nodes: &'a [Node<S>],
    errors: &'a mut [S],
    trials: usize,
}

impl<S> EarlierErrors<'_, S> {
    /// Lets `add` add to the errors of a node, if errors go through it.
    fn with(&mut self, node: usize, add: impl FnOnce(&mut [S])) {
        let node = &self.nodes[node];
        if node.tracked {
            add(&mut self.errors[range(node, self.trials)]);
        }
    }
}

fn add<S: Scalar>(out: &mut [S], x: &[S]) {
    vectorised(
        #[inline(always)]
        || {
            for (out, &x) in out.iter_mut().zip(x) {
                *out += x;
            }
        },
    );
}

fn add_scaled<S: Scalar>(out: &mut [S], x: &[S], scale: S) {
    vectorised(
        #[inline(always)]
        || {
            for (out, &x) in out.iter_mut().zip(x) {
                *out += scale * x;
            }
        },
    );
}

fn add_times<S: Scalar>(out: &mut [S], x: &[S], y: &[S]) {
    vectorised(
        #[inline(always)]
        || {
            for ((out, &x), &y) in out.iter_mut().zip(x).zip(y) {
                *out += x * y;
            }
        },
    );
}

/// Adds each column of x, of `rows` entries, times its entry of `scales`.
pub(super) fn add_columns<S: Scalar>(out: &mut [S], x: &[S], scales: &[S], rows: usize) {
    let columns = out.chunks_exact_mut(rows).zip(x.chunks_exact(rows)).zip(scales);
    for ((out, x), &scale) in columns {
        add_scaled(out, x, scale);
    }
}

/// Adds the inner product of each column of x and y, of `rows` entries, to its entry.
pub(super) fn add_inner<S: Scalar>(out: &mut [S], x: &[S], y: &[S], rows: usize) {
    let columns = out.iter_mut().zip(x.chunks_exact(rows)).zip(y.chunks_exact(rows));
    for ((out, x), y) in columns {
        *out = x.iter().zip(y).fold(*out, |sum, (&x, &y)| sum + x * y);
    }
}
