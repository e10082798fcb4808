//! Long short-term memory, as PyTorch defines it.

use super::Architecture;
use super::gru::{GATED, gated_shapes};
use crate::blocks::Shapes;
use crate::network::Activation;
use crate::scalar::Scalar;
use crate::tape::{Scope, Var};
use crate::task::Dimensions;

/// `torch.nn.LSTM` of one layer (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et
/// al. 2000), from h_0 = c_0 = 0, and a linear readout:
///
/// ```text
/// i, f, o = gate(W_i. u + b_i. + W_h. h + b_h.)
/// g = candidate(W_ig u + b_ig + W_hg h + b_hg)
/// c' = f * c + i * g,    h' = o * candidate(c'),    y = C h
/// ```
///
/// Blocks, with the rows of i, f, g and o one below the other: `weight_ih_l0` (4 N, d_in),
/// `weight_hh_l0` (4 N, N), `bias_ih_l0` and `bias_hh_l0` (4 N, 1), and `C` (d_out, N).
#[derive(Clone, Debug, PartialEq)]
pub struct Lstm<S> {
    /// Of the gates: the logistic function in PyTorch. A field needs a polynomial.
    pub gate: Activation<S>,
    /// Of the candidate and the output: tanh in PyTorch.
    pub candidate: Activation<S>,
}

impl<S: Scalar> Lstm<S> {
    /// The functions that PyTorch uses; they need real numbers.
    pub fn torch() -> Self {
        Lstm { gate: Activation::Logistic, candidate: Activation::Tanh }
    }

    /// Names and shapes of the blocks.
    pub fn shapes(&self, sizes: &Dimensions) -> Shapes {
        gated_shapes(4, sizes)
    }
}

impl<S: Scalar> Architecture<S> for Lstm<S> {
    fn forward<'t>(&self, scope: &Scope<'t, S>, inputs: &[Var<'t, S>]) -> Vec<Var<'t, S>> {
        let [w_ih, w_hh, b_ih, b_hh, readout] = scope.blocks(GATED);
        let n = w_hh.shape().1;
        let (mut h, mut c) = (scope.zeros(n), scope.zeros(n));
        let mut outputs = vec![readout * h];
        for &u in inputs {
            let all = w_ih * u + b_ih.spread() + w_hh * h + b_hh.spread();
            let part = |index: usize, function: &Activation<S>| {
                all.rows(index * n..(index + 1) * n).apply(function)
            };
            let (i, f) = (part(0, &self.gate), part(1, &self.gate));
            let (g, o) = (part(2, &self.candidate), part(3, &self.gate));
            c = f * c + i * g;
            h = o * c.apply(&self.candidate);
            outputs.push(readout * h);
        }
        outputs
    }
}

#[cfg(test)]
mod tests {
    use super::super::laws;
    use super::*;

    struct Example;

    impl laws::Example for Example {
        fn build<S: Scalar>(&self, sizes: &Dimensions) -> (Box<dyn Architecture<S>>, Shapes) {
            let lstm = Lstm { gate: laws::gate(), candidate: laws::smooth() };
            let shapes = lstm.shapes(sizes);
            (Box::new(lstm), shapes)
        }
    }

    #[test]
    fn the_gradient_is_exact() {
        laws::hold(&Example);
    }

    #[cfg(feature = "files")]
    #[test]
    fn it_is_the_one_of_torch() {
        laws::agrees_with_torch(&Lstm::torch(), "lstm");
    }
}
