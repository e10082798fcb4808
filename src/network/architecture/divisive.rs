//! A recurrent network whose rates are normalised by the activity of all neurons.

use super::{Architecture, leaky, named};
use crate::blocks::Shapes;
use crate::network::Activation;
use crate::scalar::Scalar;
use crate::tape::{Scope, Var};
use crate::task::Dimensions;

/// Divisive normalisation (Carandini and Heeger 2012) by the whole network:
///
/// ```text
/// psi(h) = f(|h|^2) h,    h' = (1 - a) h + a (W psi(h) + B u),    y = C psi(h)
/// ```
///
/// It is nonlinear, but f sees inner products alone, so that an orthogonal change of basis of the
/// neurons changes nothing.
///
/// Blocks: `W` (N, N), `B` (N, d_in), `C` (d_out, N) and `h0`, (N, 1) or (N, M).
#[derive(Clone, Debug, PartialEq)]
pub struct Divisive<S> {
    /// The leak a.
    pub leak: S,
    /// f.
    pub gain: Gain<S>,
}

/// A gain as a function of the sum of squares of all states.
#[derive(Clone, Debug, PartialEq)]
pub enum Gain<S> {
    /// f(s) = 1 / (offset + s); an error where this is zero.
    Divided {
        /// Keeps the gain finite.
        offset: S,
    },
    /// Any other function.
    Function(Activation<S>),
}

impl<S: Scalar> Divisive<S> {
    /// Names and shapes of the blocks.
    pub fn shapes(&self, sizes: &Dimensions) -> Shapes {
        let n = sizes.neurons;
        named([("W", (n, n)), ("B", (n, sizes.d_in)), ("C", (sizes.d_out, n)), ("h0", (n, 1))])
    }

    /// psi(h).
    fn rates<'t>(&self, h: Var<'t, S>) -> Var<'t, S> {
        let square = h.inner(h);
        h.scaled_by(match &self.gain {
            Gain::Divided { offset } => square.apply(&|s: S| (*offset + s, S::ONE)).reciprocal(),
            Gain::Function(function) => square.apply(function),
        })
    }
}

impl<S: Scalar> Architecture<S> for Divisive<S> {
    fn forward<'t>(&self, scope: &Scope<'t, S>, inputs: &[Var<'t, S>]) -> Vec<Var<'t, S>> {
        let [w, b, c, h0] = scope.blocks(["W", "B", "C", "h0"]);
        let mut h = h0.spread();
        let mut rates = self.rates(h);
        let mut outputs = vec![c * rates];
        for &u in inputs {
            h = leaky(h, w * rates + b * u, self.leak);
            rates = self.rates(h);
            outputs.push(c * rates);
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
    use crate::scalar::Fp;
    use crate::tape::TapeError;

    struct Example {
        is_divided: bool,
    }

    impl laws::Example for Example {
        fn build<S: Scalar>(&self, sizes: &Dimensions) -> (Box<dyn Architecture<S>>, Shapes) {
            let gain = if self.is_divided {
                Gain::Divided { offset: S::ratio(3, 2) }
            } else {
                Gain::Function(laws::smooth())
            };
            let model = Divisive { leak: S::ratio(1, 2), gain };
            let shapes = model.shapes(sizes);
            (Box::new(model), shapes)
        }
    }

    #[test]
    fn the_gradient_is_exact() {
        laws::hold(&Example { is_divided: true });
        laws::hold(&Example { is_divided: false });
    }

    /// W -> Q W Q^T, B -> Q B, C -> C Q^T, h_0 -> Q h_0 leaves the outputs as they are.
    #[test]
    fn a_rotation_of_the_neurons_changes_nothing() {
        // A rotation by an angle whose sine and cosine are rational, so that it is in the field.
        let (cos, sin) = (Fp::ratio(3, 5), Fp::ratio(4, 5));
        let q = Matrix::from_rows(&[[cos, -sin], [sin, cos]]);
        laws::for_any(|sizes, stream| {
            let sizes = Dimensions { neurons: 2, ..*sizes };
            let model =
                Divisive { leak: Fp::ratio(1, 2), gain: Gain::Divided { offset: Fp::ratio(3, 2) } };
            let blocks = Blocks::random(&model.shapes(&sizes), stream);
            let matrix = |name| blocks.get(name).unwrap().to_matrix();
            let turned = (blocks.clone())
                .with("W", q.times(&matrix("W")).times(&q.transposed()))
                .with("B", q.times(&matrix("B")))
                .with("C", matrix("C").times(&q.transposed()))
                .with("h0", q.times(&matrix("h0")));
            let inputs = laws::task::<Fp>(&sizes, stream).inputs;
            let outputs = |blocks| model.outputs(blocks, &inputs, sizes.trials).unwrap();
            assert_eq!(outputs(&blocks), outputs(&turned));
        });
    }

    #[test]
    fn a_division_by_zero_is_an_error() {
        let sizes = Dimensions { neurons: 1, d_in: 1, d_out: 1, steps: 0, trials: 1 };
        let model = Divisive { leak: 1.0, gain: Gain::Divided { offset: 0.0 } };
        let zero = |(name, (rows, cols)): (String, _)| (name, Matrix::<f64>::zeros(rows, cols));
        let blocks = (model.shapes(&sizes).into_iter().map(zero))
            .fold(Blocks::default(), |blocks, (name, matrix)| blocks.with(&name, matrix));
        let found = model.outputs(&blocks, &Matrix::zeros(1, 0), 1);
        assert_eq!(found.unwrap_err(), TapeError::Reciprocal);
    }
}
