//! A recurrent network and the environment that it drives and senses.

use super::{Architecture, leaky, named};
use crate::blocks::Shapes;
use crate::network::Dynamics;
use crate::scalar::Scalar;
use crate::tape::{Scope, Var};
use crate::task::Dimensions;

/// [`Rnn`](super::Rnn) in a loop with a linear environment of state x (an arm, a cursor):
///
/// ```text
/// y_t = C psi(h_t),    x_{t+1} = F x_t + H y_t,
/// h_{t+1} = (1 - a) h_t + a phi(W psi(h_t) + B (u_t + K x_t) + b)
/// ```
///
/// Blocks: those of `Rnn`, and `F` (d, d), `H` (d, outputs), `K` (d_in, d) and `x0`, (d, 1) or
/// (d, M). The environment has exact gradients as well; it stands still if it is not among what is
/// trained.
#[derive(Clone, Debug, PartialEq)]
pub struct ClosedLoop<S> {
    /// Leak and activations.
    pub dynamics: Dynamics<S>,
    /// What the targets are for.
    pub observed: Observed,
}

/// What the loss sees of a closed loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// The outputs y_t of the network.
    Output,
    /// The states x_t of the environment.
    Environment,
}

impl<S: Scalar> ClosedLoop<S> {
    /// Names and shapes of the blocks for an environment of `states` dimensions. `sizes.d_out` is
    /// the number of outputs of the network.
    pub fn shapes(&self, sizes: &Dimensions, states: usize) -> Shapes {
        let n = sizes.neurons;
        named([
            ("W", (n, n)),
            ("B", (n, sizes.d_in)),
            ("C", (sizes.d_out, n)),
            ("bias", (n, 1)),
            ("h0", (n, 1)),
            ("F", (states, states)),
            ("H", (states, sizes.d_out)),
            ("K", (sizes.d_in, states)),
            ("x0", (states, 1)),
        ])
    }
}

impl<S: Scalar> Architecture<S> for ClosedLoop<S> {
    fn forward<'t>(&self, scope: &Scope<'t, S>, inputs: &[Var<'t, S>]) -> Vec<Var<'t, S>> {
        let [w, b, c, bias, h0] = scope.blocks(["W", "B", "C", "bias", "h0"]);
        let [f, h_in, k, x0] = scope.blocks(["F", "H", "K", "x0"]);
        let Dynamics { leak, phi, psi } = &self.dynamics;
        let seen = |y, x| if self.observed == Observed::Output { y } else { x };
        let (mut h, mut x) = (h0.spread(), x0.spread());
        let mut rates = h.apply(psi);
        let mut y = c * rates;
        let mut outputs = vec![seen(y, x)];
        for &u in inputs {
            let z = w * rates + b * (u + k * x) + bias.spread();
            x = f * x + h_in * y;
            h = leaky(h, z.apply(phi), *leak);
            rates = h.apply(psi);
            y = c * rates;
            outputs.push(seen(y, x));
        }
        outputs
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Rnn, laws};
    use super::*;
    use crate::blocks::Blocks;
    use crate::matrix::Matrix;
    use crate::scalar::Fp;

    struct Example(Observed);

    fn example<S: Scalar>(observed: Observed) -> ClosedLoop<S> {
        let dynamics = Dynamics { leak: S::ratio(1, 2), phi: laws::smooth(), psi: laws::smooth() };
        ClosedLoop { dynamics, observed }
    }

    impl laws::Example for Example {
        fn build<S: Scalar>(&self, sizes: &Dimensions) -> (Box<dyn Architecture<S>>, Shapes) {
            let model = example(self.0);
            let (outputs, states) = match self.0 {
                Observed::Output => (sizes.d_out, 2),
                Observed::Environment => (2, sizes.d_out),
            };
            let shapes = model.shapes(&Dimensions { d_out: outputs, ..*sizes }, states);
            (Box::new(model), shapes)
        }
    }

    #[test]
    fn the_gradient_is_exact() {
        laws::hold(&Example(Observed::Output));
        laws::hold(&Example(Observed::Environment));
    }

    #[test]
    fn with_an_environment_that_is_not_sensed_it_is_the_open_loop() {
        laws::for_any(|sizes, stream| {
            let model = example::<Fp>(Observed::Output);
            let blocks = Blocks::random(&model.shapes(sizes, 3), stream);
            let blocks = blocks.with("K", Matrix::zeros(sizes.d_in, 3));
            let inputs = laws::task::<Fp>(sizes, stream).inputs;
            let rnn = Rnn::new(model.dynamics.clone());
            let found = model.outputs(&blocks, &inputs, sizes.trials);
            assert_eq!(found, rnn.outputs(&blocks, &inputs, sizes.trials));
        });
    }
}
