//! A recurrent network whose weights are a product of thin factors, which are what is learned.

use super::{Architecture, leaky, named};
use crate::blocks::Shapes;
use crate::network::Dynamics;
use crate::scalar::Scalar;
use crate::tape::{Scope, Var};
use crate::task::Dimensions;

/// [`Rnn`](super::Rnn) with `W = w I + M N^T` (Mastrogiuseppe and Ostojic 2018, with a multiple of
/// the identity).
///
/// Blocks: `M` and `N` (neurons, rank), `B` (neurons, d_in), `C` (d_out, neurons), `bias`
/// (neurons, 1) and `h0`, (neurons, 1) or (neurons, trials).
#[derive(Clone, Debug, PartialEq)]
pub struct LowRank<S> {
    /// Leak and activations.
    pub dynamics: Dynamics<S>,
    /// w, which is not learned.
    pub identity: S,
}

impl<S: Scalar> LowRank<S> {
    /// Names and shapes of the blocks for factors of this width.
    pub fn shapes(&self, sizes: &Dimensions, rank: usize) -> Shapes {
        let n = sizes.neurons;
        named([
            ("M", (n, rank)),
            ("N", (n, rank)),
            ("B", (n, sizes.d_in)),
            ("C", (sizes.d_out, n)),
            ("bias", (n, 1)),
            ("h0", (n, 1)),
        ])
    }
}

impl<S: Scalar> Architecture<S> for LowRank<S> {
    fn forward<'t>(&self, scope: &Scope<'t, S>, inputs: &[Var<'t, S>]) -> Vec<Var<'t, S>> {
        let [m, n, b, c, bias, h0] = scope.blocks(["M", "N", "B", "C", "bias", "h0"]);
        let Dynamics { leak, phi, psi } = &self.dynamics;
        let mut h = h0.spread();
        let mut rates = h.apply(psi);
        let mut outputs = vec![c * rates];
        for &u in inputs {
            let recurrent = rates.scaled(self.identity) + m * (n.t() * rates);
            let z = recurrent + b * u + bias.spread();
            h = leaky(h, z.apply(phi), *leak);
            rates = h.apply(psi);
            outputs.push(c * rates);
        }
        outputs
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Rnn, Workspace, laws};
    use super::*;
    use crate::blocks::{Block, Blocks, Subset};
    use crate::matrix::Factors;
    use crate::network::SquaredError;
    use crate::scalar::Fp;

    fn example<S: Scalar>() -> LowRank<S> {
        let dynamics = Dynamics { leak: S::ratio(1, 2), phi: laws::smooth(), psi: laws::smooth() };
        LowRank { dynamics, identity: S::ratio(1, 3) }
    }

    struct Example;

    impl laws::Example for Example {
        fn build<S: Scalar>(&self, sizes: &Dimensions) -> (Box<dyn Architecture<S>>, Shapes) {
            (Box::new(example()), example::<S>().shapes(sizes, 2))
        }
    }

    #[test]
    fn the_gradient_is_exact() {
        laws::hold(&Example);
    }

    /// The same outputs as a network with these weights, and by the chain rule
    /// dLoss/dM = (dLoss/dW) N and dLoss/dN = (dLoss/dW)^T M.
    #[test]
    fn it_is_the_recurrent_network_with_these_weights() {
        laws::for_any(|sizes, stream| {
            let model = example::<Fp>();
            let blocks = Blocks::random(&model.shapes(sizes, 2), stream);
            let task = laws::task(sizes, stream);
            let matrix = |name| blocks.get(name).unwrap().to_matrix();
            let (m, n) = (matrix("M"), matrix("N"));
            let w = Block::low_rank(model.identity, Factors::new(m.clone(), n.clone()));
            let full = ["B", "C", "bias", "h0"]
                .iter()
                .fold(Blocks::default().with("W", w), |all, name| all.with(name, matrix(name)));
            let rnn = Rnn::new(model.dynamics.clone());
            let mut workspace = Workspace::default();
            let found = model
                .gradient(&blocks, &Subset::All, &task, &SquaredError, &mut workspace)
                .unwrap();
            let known =
                rnn.gradient(&full, &Subset::All, &task, &SquaredError, &mut workspace).unwrap();
            assert_eq!((found.loss, &found.outputs), (known.loss, &known.outputs));
            let gradient = |name| found.blocks.get(name).unwrap().to_matrix();
            let by_w = known.blocks.get("W").unwrap().to_matrix();
            assert_eq!(gradient("M"), by_w.times(&n));
            assert_eq!(gradient("N"), by_w.transposed().times(&m));
        });
    }
}
