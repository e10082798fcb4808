//! Parameters together with where they come from.

use crate::blocks::Blocks;
use crate::scalar::Scalar;

/// A point that an optimizer may form: parameters, and the same linear combination traced on
/// the start and the gradients so far.
///
/// Optimizers see points through three operations alone (copy, scale, add a multiple). So whatever
/// they do, every block at step k is a combination of its start and its gradients, and the trace
/// says which: this is what "GD-like" means, and it holds by construction.
#[derive(Clone, Debug, PartialEq)]
pub struct Point<S> {
    /// The parameters.
    pub blocks: Blocks<S>,
    /// Coefficients on W_0, G_0, G_1, ...; missing ones are zero.
    pub trace: Vec<S>,
}

impl<S: Scalar> Point<S> {
    /// The starting point: W_0 once.
    pub fn start(blocks: Blocks<S>) -> Self {
        Point { blocks, trace: vec![S::ONE] }
    }

    /// Gradient number `index`, counted from 0.
    pub fn gradient(blocks: Blocks<S>, index: usize) -> Self {
        let mut trace = vec![S::ZERO; index + 2];
        trace[index + 1] = S::ONE;
        Point { blocks, trace }
    }

    /// Multiplies by a number in place.
    pub fn scale(&mut self, scale: S) {
        self.blocks.scale(scale);
        for entry in &mut self.trace {
            *entry *= scale;
        }
    }

    /// Adds `scale * other` in place.
    pub fn add_scaled(&mut self, scale: S, other: &Self) {
        self.blocks.add_scaled(scale, &other.blocks);
        if self.trace.len() < other.trace.len() {
            self.trace.resize(other.trace.len(), S::ZERO);
        }
        for (entry, &other) in self.trace.iter_mut().zip(&other.trace) {
            *entry += scale * other;
        }
    }

    /// `self + scale * other`.
    pub fn plus(&self, scale: S, other: &Self) -> Self {
        let mut sum = self.clone();
        sum.add_scaled(scale, other);
        sum
    }
}
