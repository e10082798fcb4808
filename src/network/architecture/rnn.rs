//! The recurrent network of the theorems.

use super::{Architecture, LossGradient, Workspace, leaky, named, same_shape};
use crate::blocks::{Block, Blocks, Shapes};
use crate::matrix::{Factors, Matrix};
use crate::network::{Dynamics, Loss, Network, Parameters, Weights};
use crate::scalar::Scalar;
use crate::tape::{Scope, TapeError, Var};
use crate::task::{Dimensions, Task};

/// `h_{t+1} = (1 - a) h_t + a phi(W psi(h_t) + B u_t + b)`, `y_t = C psi(h_t)`.
///
/// Blocks: `W` (N, N), `B` (N, d_in), `C` (d_out, N), `bias` (N, 1) and `h0`, (N, 1) or (N, M).
/// The gradient comes from the adjoint of [`network`](crate::network), which computes the same in
/// fewer and larger products.
#[derive(Clone, Debug, PartialEq)]
pub struct Rnn<S> {
    /// Leak and activations.
    pub dynamics: Dynamics<S>,
}

impl<S: Scalar> Rnn<S> {
    /// Names and shapes of the blocks, with one initial state for all trials.
    pub fn shapes(&self, sizes: &Dimensions) -> Shapes {
        let n = sizes.neurons;
        named([
            ("W", (n, n)),
            ("B", (n, sizes.d_in)),
            ("C", (sizes.d_out, n)),
            ("bias", (n, 1)),
            ("h0", (n, 1)),
        ])
    }

    /// The network of these blocks, if they fit together and to the task.
    fn network(&self, blocks: &Blocks<S>, task: &Task<S>) -> Result<Network<S>, TapeError> {
        if !self.dynamics.phi.is_available() || !self.dynamics.psi.is_available() {
            return Err(TapeError::Unavailable);
        }
        let w = blocks.get("W")?;
        let (n, h0_columns) = (w.shape().0, blocks.get("h0")?.shape().1);
        let states = if h0_columns == 1 { 1 } else { task.trials };
        let expected = [
            ("W", (n, n)),
            ("B", (n, task.d_in())),
            ("C", (task.d_out(), n)),
            ("bias", (n, 1)),
            ("h0", (n, states)),
        ];
        for (name, right) in expected {
            let left = blocks.get(name)?.shape();
            if left != right || n == 0 {
                return Err(TapeError::Shapes { operation: "parameters", left, right });
            }
        }
        let matrix = |name| blocks.get(name).map(Block::to_matrix);
        let w = match w {
            Block::Dense(matrix) => Weights::dense(matrix.clone()),
            Block::Factored { identity, factors } => Weights::low_rank(*identity, factors.clone()),
        };
        let mut parameters = Parameters::new(w, matrix("B")?, matrix("C")?);
        (parameters.bias, parameters.h0) = (matrix("bias")?, matrix("h0")?);
        Ok(Network { dynamics: self.dynamics.clone(), parameters })
    }
}

impl<S: Scalar> Architecture<S> for Rnn<S> {
    fn forward<'t>(&self, scope: &Scope<'t, S>, inputs: &[Var<'t, S>]) -> Vec<Var<'t, S>> {
        let [w, b, c, bias, h0] = scope.blocks(["W", "B", "C", "bias", "h0"]);
        let Dynamics { leak, phi, psi } = &self.dynamics;
        let mut h = h0.spread();
        let mut rates = h.apply(psi);
        let mut outputs = vec![c * rates];
        for &u in inputs {
            let z = w * rates + b * u + bias.spread();
            h = leaky(h, z.apply(phi), *leak);
            rates = h.apply(psi);
            outputs.push(c * rates);
        }
        outputs
    }

    fn gradient(
        &self,
        blocks: &Blocks<S>,
        task: &Task<S>,
        loss: &dyn Loss<S>,
        workspace: &mut Workspace<S>,
    ) -> Result<LossGradient<S>, TapeError> {
        let network = self.network(blocks, task)?;
        let Workspace { run, adjoint, .. } = workspace;
        run.repeat(&network, &task.inputs, task.trials);
        let errors = loss.errors(&run.outputs, task);
        same_shape("errors", &run.outputs, &errors)?;
        adjoint.repeat(&network, run, &errors);
        let activity = run.activity();
        let activity =
            Matrix::from_columns(activity.rows(), activity.cols(), activity.data().to_vec());
        let lambda = || adjoint.lambda.clone();
        let ones = |columns| Matrix::from_fn(1, columns, |_, _| S::ONE);
        let states = match network.parameters.h0.cols() {
            1 => ones(task.trials),
            trials => Matrix::scaled_identity(trials, S::ONE),
        };
        let blocks = blocks.replaced(|name, block| {
            Block::from(match name {
                "W" => Factors::new(lambda(), activity.clone()),
                "B" => Factors::new(lambda(), task.inputs.clone()),
                "C" => Factors::new(errors.clone(), run.rates().clone()),
                "bias" => Factors::new(lambda(), ones(task.inputs.cols())),
                "h0" => Factors::new(adjoint.initial.clone(), states.clone()),
                _ => return Block::zero(block.shape().0, block.shape().1),
            })
        });
        Ok(LossGradient {
            loss: loss.value(&run.outputs, task),
            outputs: run.outputs.clone(),
            blocks,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{gradient_by_tape, laws};
    use super::*;
    use crate::network::SquaredError;
    use crate::scalar::{Fp, Stream};

    struct Example;

    impl laws::Example for Example {
        fn build<S: Scalar>(&self, sizes: &Dimensions) -> (Box<dyn Architecture<S>>, Shapes) {
            let (leak, phi, psi) = (S::ratio(2, 3), laws::smooth(), laws::smooth());
            let rnn = Rnn { dynamics: Dynamics { leak, phi, psi } };
            let shapes = rnn.shapes(sizes);
            (Box::new(rnn), shapes)
        }
    }

    #[test]
    fn the_gradient_is_exact() {
        laws::hold(&Example);
    }

    /// Everywhere in the field, factor by factor, for W dense and not, h_0 common and not.
    #[test]
    fn the_tape_gives_the_factors_of_the_fused_adjoint() {
        laws::for_any(|sizes, stream| {
            let (n, trials) = (sizes.neurons, sizes.trials);
            let leak = Fp::ratio(1, 3);
            let task = laws::task::<Fp>(sizes, stream);
            for dynamics in [
                Dynamics::linear(leak),
                Dynamics::rate(Fp::ONE, laws::smooth()),
                Dynamics { leak, phi: laws::smooth(), psi: laws::smooth() },
            ] {
                let rnn = Rnn { dynamics };
                let blocks = Blocks::random(&rnn.shapes(sizes), stream);
                let random = |rows, cols, name: &str| {
                    Matrix::<Fp>::random(rows, cols, &mut stream.named(name))
                };
                let factors = Factors::new(random(n, 2, "left"), random(n, 2, "right"));
                let other = (blocks.clone())
                    .with("W", Block::low_rank(leak, factors))
                    .with("h0", random(n, trials, "states"));
                for blocks in [blocks, other] {
                    let mut workspace = Workspace::default();
                    let fused =
                        rnn.gradient(&blocks, &task, &SquaredError, &mut workspace).unwrap();
                    let tape =
                        gradient_by_tape(&rnn, &blocks, &task, &SquaredError, &mut workspace);
                    assert_eq!(Ok(&fused), tape.as_ref());
                    let width = |name| fused.blocks.get(name).unwrap().factors().unwrap().width();
                    let runs = sizes.steps * trials;
                    let widths = ["W", "B", "C", "bias", "h0"].map(width);
                    assert_eq!(widths, [runs, runs, runs + trials, runs, trials]);
                }
            }
        });
    }

    #[test]
    fn what_does_not_fit_is_an_error_either_way() {
        let sizes = Dimensions { neurons: 4, d_in: 2, d_out: 3, steps: 3, trials: 2 };
        let stream = Stream::new("misfits", 0, 0);
        let task = laws::task::<Fp>(&sizes, &stream);
        let rnn = Rnn { dynamics: Dynamics::<Fp>::linear(Fp::ONE) };
        let good = Blocks::random(&rnn.shapes(&sizes), &stream);
        for (name, (rows, cols)) in [
            ("W", (4, 3)),
            ("W", (0, 0)),
            ("W", (5, 5)),
            ("B", (4, 3)),
            ("B", (0, 2)),
            ("C", (2, 4)),
            ("C", (3, 0)),
            ("bias", (4, 2)),
            ("bias", (3, 1)),
            ("h0", (4, 3)),
            ("h0", (4, 0)),
        ] {
            // Two columns of a bias are one for each of two trials: too many for the adjoint alone.
            let tape_refuses = name != "bias" || cols == 1;
            let blocks = good.clone().with(name, Matrix::zeros(rows, cols));
            let mut workspace = Workspace::default();
            let fused = rnn.gradient(&blocks, &task, &SquaredError, &mut workspace);
            assert!(fused.is_err(), "{name} {rows} {cols}");
            let tape = gradient_by_tape(&rnn, &blocks, &task, &SquaredError, &mut workspace);
            assert_eq!(tape.is_err(), tape_refuses, "{name} {rows} {cols}");
        }
        let rnn = Rnn { dynamics: Dynamics::rate(Fp::ONE, crate::network::Activation::Tanh) };
        let found = rnn.gradient(&good, &task, &SquaredError, &mut Workspace::default());
        assert_eq!(found.unwrap_err(), TapeError::Unavailable);
        let tape = rnn.outputs(&good, &task.inputs, 2);
        assert_eq!(tape.unwrap_err(), TapeError::Unavailable);
    }
}
