//! The gated recurrent unit, as PyTorch defines it.

use super::{Architecture, named};
use crate::blocks::Shapes;
use crate::network::Activation;
use crate::scalar::Scalar;
use crate::tape::{Scope, Var};
use crate::task::Dimensions;

/// `torch.nn.GRU` of one layer (Cho et al. 2014, with the reset gate inside the candidate), from
/// h_0 = 0, and a linear readout:
///
/// ```text
/// r = gate(W_ir u + b_ir + W_hr h + b_hr)
/// z = gate(W_iz u + b_iz + W_hz h + b_hz)
/// n = candidate(W_in u + b_in + r * (W_hn h + b_hn))
/// h' = (1 - z) * n + z * h,    y = C h
/// ```
///
/// Blocks, with the rows of r, z and n one below the other: `weight_ih_l0` (3 N, d_in),
/// `weight_hh_l0` (3 N, N), `bias_ih_l0` and `bias_hh_l0` (3 N, 1), and `C` (d_out, N).
#[derive(Clone, Debug, PartialEq)]
pub struct Gru<S> {
    /// Of the gates: the logistic function in PyTorch. A field needs a polynomial.
    pub gate: Activation<S>,
    /// Of the candidate: tanh in PyTorch.
    pub candidate: Activation<S>,
}

impl<S: Scalar> Gru<S> {
    /// The functions that PyTorch uses; they need real numbers.
    pub fn torch() -> Self {
        Gru { gate: Activation::Logistic, candidate: Activation::Tanh }
    }

    /// Names and shapes of the blocks.
    pub fn shapes(&self, sizes: &Dimensions) -> Shapes {
        gated_shapes(3, sizes)
    }
}

/// The blocks of a gated unit, by PyTorch's names, and its readout.
pub(super) const GATED: [&str; 5] =
    ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "C"];

/// The blocks of a unit with so many gates and candidates.
pub(super) fn gated_shapes(parts: usize, sizes: &Dimensions) -> Shapes {
    let (n, rows) = (sizes.neurons, parts * sizes.neurons);
    let [w_ih, w_hh, b_ih, b_hh, c] = GATED;
    named([
        (w_ih, (rows, sizes.d_in)),
        (w_hh, (rows, n)),
        (b_ih, (rows, 1)),
        (b_hh, (rows, 1)),
        (c, (sizes.d_out, n)),
    ])
}

impl<S: Scalar> Architecture<S> for Gru<S> {
    fn forward<'t>(&self, scope: &Scope<'t, S>, inputs: &[Var<'t, S>]) -> Vec<Var<'t, S>> {
        let [w_ih, w_hh, b_ih, b_hh, c] = scope.blocks(GATED);
        let n = w_hh.shape().1;
        let mut h = scope.zeros(n);
        let mut outputs = vec![c * h];
        for &u in inputs {
            let from_input = w_ih * u + b_ih.spread();
            let from_state = w_hh * h + b_hh.spread();
            let part = |x: Var<'t, S>, index: usize| x.rows(index * n..(index + 1) * n);
            let gate =
                |index| (part(from_input, index) + part(from_state, index)).apply(&self.gate);
            let (r, z) = (gate(0), gate(1));
            let candidate = part(from_input, 2) + r * part(from_state, 2);
            let new = candidate.apply(&self.candidate);
            h = new + z * (h - new);
            outputs.push(c * h);
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
            let gru = Gru { gate: laws::gate(), candidate: laws::smooth() };
            let shapes = gru.shapes(sizes);
            (Box::new(gru), shapes)
        }
    }

    #[test]
    fn the_gradient_is_exact() {
        laws::hold(&Example);
    }

    #[cfg(feature = "files")]
    #[test]
    fn it_is_the_one_of_torch() {
        laws::agrees_with_torch(&Gru::torch(), "gru");
    }
}
