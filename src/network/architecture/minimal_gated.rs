//! The minimal gated unit: a gated recurrent unit with one gate.

use super::gru::{GATED, gated_shapes};
use super::{Architecture, Shapes};
use crate::network::Activation;
use crate::scalar::Scalar;
use crate::tape::{Scope, Var};
use crate::task::Dimensions;

/// The minimal gated unit of Zhou et al. 2016 of one layer, from h_0 = 0, and a linear readout:
///
/// ```text
/// f = gate(W_if u + b_if + W_hf h + b_hf)
/// n = candidate(W_in u + b_in + W_hn (f * h) + b_hn)
/// h' = (1 - f) * h + f * n,    y = C h
/// ```
///
/// Blocks as those of [`Gru`](super::Gru), with the rows of f above those of n: `weight_ih_l0`
/// (2 N, d_in), `weight_hh_l0` (2 N, N), `bias_ih_l0` and `bias_hh_l0` (2 N, 1), and `C` (d_out, N).
#[derive(Clone, Debug, PartialEq)]
pub struct MinimalGated<S> {
    /// Of the gate: the logistic function as published. A field needs a polynomial.
    pub gate: Activation<S>,
    /// Of the candidate: tanh as published.
    pub candidate: Activation<S>,
}

impl<S: Scalar> MinimalGated<S> {
    /// The functions as published; they need real numbers.
    pub fn published() -> Self {
        MinimalGated { gate: Activation::Logistic, candidate: Activation::Tanh }
    }

    /// Names and shapes of the blocks.
    pub fn shapes(&self, sizes: &Dimensions) -> Shapes {
        gated_shapes(2, sizes)
    }
}

impl<S: Scalar> Architecture<S> for MinimalGated<S> {
    fn forward<'t>(&self, scope: &Scope<'t, S>, inputs: &[Var<'t, S>]) -> Vec<Var<'t, S>> {
        let [w_ih, w_hh, b_ih, b_hh, c] = scope.blocks(GATED);
        let n = w_hh.shape().1;
        let mut h = scope.zeros(n);
        let mut outputs = vec![c * h];
        for &u in inputs {
            let from_input = w_ih * u + b_ih.spread() + b_hh.spread();
            let f = (from_input.rows(0..n) + (w_hh * h).rows(0..n)).apply(&self.gate);
            let from_state = (w_hh * (f * h)).rows(n..2 * n);
            let new = (from_input.rows(n..2 * n) + from_state).apply(&self.candidate);
            h = h + f * (new - h);
            outputs.push(c * h);
        }
        outputs
    }
}

#[cfg(test)]
mod tests {
    use super::super::laws;
    use super::*;
    use crate::blocks::Blocks;
    use crate::matrix::Matrix;
    use crate::scalar::Stream;

    struct Example;

    impl laws::Example for Example {
        fn build<S: Scalar>(&self, sizes: &Dimensions) -> (Box<dyn Architecture<S>>, Shapes) {
            let unit = MinimalGated { gate: laws::gate(), candidate: laws::smooth() };
            let shapes = unit.shapes(sizes);
            (Box::new(unit), shapes)
        }
    }

    #[test]
    fn the_gradient_is_exact() {
        laws::hold(&Example);
    }

    /// f = sigma(W_f u + V_f h + b_f), h' = (1 - f) h + f tanh(W_c u + V_c (f h) + b_c), by numbers.
    #[test]
    fn states_are_those_of_the_published_equations() {
        let sizes = Dimensions { neurons: 2, d_in: 1, d_out: 2, steps: 3, trials: 1 };
        let unit = MinimalGated::<f64>::published();
        let stream = Stream::new("minimal gated unit", 0, 0);
        let blocks = Blocks::random(&unit.shapes(&sizes), &stream);
        let [w, v, b, b_too, c] = GATED.map(|name| blocks.get(name).expect("a block").to_matrix());
        let inputs = Matrix::from_rows(&[[0.7, -1.3, 0.4]]);
        let found = unit.outputs(&blocks, &inputs, 1).expect("blocks that fit");
        let mut h = [0.0; 2];
        for (t, &u) in inputs.data().iter().enumerate() {
            let sum = |row: usize, state: [f64; 2]| {
                let from_state = v[(row, 0)] * state[0] + v[(row, 1)] * state[1];
                w[(row, 0)] * u + from_state + b[(row, 0)] + b_too[(row, 0)]
            };
            let f = [0, 1].map(|i| 1.0 / (1.0 + (-sum(i, h)).exp()));
            let open = [f[0] * h[0], f[1] * h[1]];
            h = [0, 1].map(|i| (1.0 - f[i]) * h[i] + f[i] * sum(2 + i, open).tanh());
            for i in 0..2 {
                let expected = c[(i, 0)] * h[0] + c[(i, 1)] * h[1];
                assert!((found[(i, t + 1)] - expected).abs() < 1e-14, "step {t}");
            }
        }
    }
}
