//! The recurrent network of the theorems.

use super::{
    Architecture, LossGradient, Workspace, gradient_by_tape, leaky, named, outputs_by_tape,
    same_shape,
};
use crate::blocks::{Block, Blocks, Shapes, Subset};
use crate::matrix::{Factors, Matrix};
use crate::network::{Dynamics, Loss, RNN_BLOCKS, RnnParts, Run, Transport};
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
    /// How errors reach the weights: with anything but the adjoint the "gradient" is none.
    pub transport: Transport<S>,
}

impl<S: Scalar> Rnn<S> {
    /// With exact gradients.
    pub fn new(dynamics: Dynamics<S>) -> Self {
        Rnn { dynamics, transport: Transport::Adjoint }
    }

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

    /// The same in another arithmetic.
    pub fn map<R: Scalar>(&self, convert: impl Fn(S) -> R) -> Rnn<R> {
        Rnn { dynamics: self.dynamics.map(&convert), transport: self.transport.map(&convert) }
    }

    /// The parts of these blocks, if they fit together as the adjoint needs it, and to inputs of so
    /// many channels.
    fn parts<'a>(
        &self,
        blocks: &'a Blocks<S>,
        d_in: usize,
        trials: usize,
    ) -> Option<RnnParts<'a, S>> {
        let Dynamics { phi, psi, .. } = &self.dynamics;
        let parts = RnnParts::of(blocks).ok()?;
        let (n, d_out) = (parts.neurons(), parts.c.rows());
        let fits = phi.is_available()
            && psi.is_available()
            && [n, d_in, d_out, trials].iter().all(|&size| size > 0)
            && parts.b.cols() == d_in
            && [1, trials].contains(&parts.h0.cols());
        fits.then_some(parts)
    }

    /// The gradient of blocks that the adjoint does not know. The pass knows what is wrong with
    /// them, if anything is.
    fn gradient_without_adjoint(
        &self,
        blocks: &Blocks<S>,
        trained: &Subset,
        task: &Task<S>,
        loss: &dyn Loss<S>,
        workspace: &mut Workspace<S>,
    ) -> Result<LossGradient<S>, TapeError> {
        let found = gradient_by_tape(self, blocks, trained, task, loss, workspace)?;
        match self.transport {
            Transport::Adjoint => Ok(found),
            _ => Err(TapeError::Model(
                "these blocks have an exact gradient alone, without feedback or deliberate error"
                    .into(),
            )),
        }
    }
}

/// The thin blocks stored in full, as the adjoint takes them; `None` if they are.
fn thin_in_full<S: Scalar>(blocks: &Blocks<S>) -> Option<Blocks<S>> {
    let is_thin = |name: &str| name != "W" && RNN_BLOCKS.contains(&name);
    let to_do = |(name, block): (&str, &Block<S>)| is_thin(name) && block.dense().is_none();
    blocks.iter().any(to_do).then(|| {
        blocks.replaced(
            |name, block| if is_thin(name) { block.clone().into_dense() } else { block.clone() },
        )
    })
}

impl<S: Scalar> Architecture<S> for Rnn<S> {
    fn forward<'t>(&self, scope: &Scope<'t, S>, inputs: &[Var<'t, S>]) -> Vec<Var<'t, S>> {
        let [w, b, c, bias, h0] = scope.blocks(RNN_BLOCKS);
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
        trained: &Subset,
        task: &Task<S>,
        loss: &dyn Loss<S>,
        workspace: &mut Workspace<S>,
    ) -> Result<LossGradient<S>, TapeError> {
        let in_full = thin_in_full(blocks);
        let blocks = in_full.as_ref().unwrap_or(blocks);
        let Some(parts) = self.parts(blocks, task.d_in(), task.trials) else {
            return self.gradient_without_adjoint(blocks, trained, task, loss, workspace);
        };
        let Workspace { run, adjoint, .. } = workspace;
        run.repeat(&self.dynamics, parts, &task.inputs, task.trials);
        same_shape("outputs and targets", &run.outputs, &task.targets)?;
        let errors = loss.errors(&run.outputs, task);
        same_shape("errors", &run.outputs, &errors)?;
        if let Transport::Feedback(feedback)
        | Transport::FixedWeights { feedback, .. }
        | Transport::Traces(feedback) = &self.transport
        {
            let left = (feedback.rows(), feedback.cols());
            let right = (parts.neurons(), errors.rows());
            if left != right {
                return Err(TapeError::Shapes { operation: "feedback of errors", left, right });
            }
        }
        if let Transport::FixedWeights { weights, .. } = &self.transport {
            let (left, n) = ((weights.rows(), weights.cols()), parts.neurons());
            if left != (n, n) {
                let operation = "feedback between neurons";
                return Err(TapeError::Shapes { operation, left, right: (n, n) });
            }
        }
        adjoint.repeat(self, parts, run, &errors);
        let activity = || {
            let activity = run.activity();
            Matrix::from_columns(activity.rows(), activity.cols(), activity.data().to_vec())
        };
        let lambda = || adjoint.lambda.clone();
        let ones = |columns| Matrix::from_fn(1, columns, |_, _| S::ONE);
        let states = || match parts.h0.cols() {
            1 => ones(task.trials),
            trials => Matrix::scaled_identity(trials, S::ONE),
        };
        let zero = |block: &Block<S>| Block::zero(block.shape().0, block.shape().1);
        let blocks = blocks.replaced(|name, block| {
            Block::from(match name {
                _ if !trained.contains(name) => return zero(block),
                "W" => Factors::new(lambda(), activity()),
                "B" => Factors::new(lambda(), task.inputs.clone()),
                "C" => Factors::new(errors.clone(), run.rates().clone()),
                "bias" => Factors::new(lambda(), ones(task.inputs.cols())),
                "h0" => Factors::new(adjoint.initial.clone(), states()),
                _ => return zero(block),
            })
        });
        Ok(LossGradient {
            loss: loss.value(&run.outputs, task),
            outputs: run.outputs.clone(),
            blocks,
        })
    }

    fn outputs(
        &self,
        blocks: &Blocks<S>,
        inputs: &Matrix<S>,
        trials: usize,
    ) -> Result<Matrix<S>, TapeError> {
        match self.parts(blocks, inputs.rows(), trials) {
            Some(parts) if inputs.cols().is_multiple_of(trials) => {
                let mut run = Run::empty();
                run.repeat(&self.dynamics, parts, inputs, trials);
                Ok(run.outputs)
            }
            _ => outputs_by_tape(self, blocks, inputs, trials),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::laws;
    use super::*;
    use crate::network::{Activation, SquaredError};
    use crate::scalar::{Fp, Stream};

    struct Example;

    impl laws::Example for Example {
        fn build<S: Scalar>(&self, sizes: &Dimensions) -> (Box<dyn Architecture<S>>, Shapes) {
            let (leak, phi, psi) = (S::ratio(2, 3), laws::smooth(), laws::smooth());
            let rnn = Rnn::new(Dynamics { leak, phi, psi });
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
                let rnn = Rnn::new(dynamics);
                let blocks = Blocks::random(&rnn.shapes(sizes), stream);
                let random = |rows, cols, name: &str| {
                    Matrix::<Fp>::random(rows, cols, &mut stream.named(name))
                };
                let factors = Factors::new(random(n, 2, "left"), random(n, 2, "right"));
                let thin = (blocks.clone())
                    .with("W", Block::low_rank(leak, factors))
                    .with("h0", random(n, trials, "states"));
                let identity = blocks.clone().with("W", Block::scaled_identity(n, leak));
                for blocks in [blocks, thin, identity] {
                    let mut workspace = Workspace::default();
                    let fused = rnn
                        .gradient(&blocks, &Subset::All, &task, &SquaredError, &mut workspace)
                        .unwrap();
                    let tape = gradient_by_tape(
                        &rnn,
                        &blocks,
                        &Subset::All,
                        &task,
                        &SquaredError,
                        &mut workspace,
                    );
                    assert_eq!(Ok(&fused), tape.as_ref());
                    let outputs = rnn.outputs(&blocks, &task.inputs, trials);
                    assert_eq!(outputs.as_ref(), Ok(&fused.outputs));
                    let width = |name| fused.blocks.get(name).unwrap().factors().unwrap().width();
                    let runs = sizes.steps * trials;
                    let widths = ["W", "B", "C", "bias", "h0"].map(width);
                    assert_eq!(widths, [runs, runs, runs + trials, runs, trials]);
                }
            }
        });
    }

    /// The adjoint panics at none of these; the errors are those of the tape.
    #[test]
    fn what_does_not_fit_is_an_error() {
        let sizes = Dimensions { neurons: 4, d_in: 2, d_out: 3, steps: 3, trials: 2 };
        let stream = Stream::new("misfits", 0, 0);
        let task = laws::task::<Fp>(&sizes, &stream);
        let rnn = Rnn::new(Dynamics::<Fp>::linear(Fp::ONE));
        let good = Blocks::random(&rnn.shapes(&sizes), &stream);
        let gradient = |rnn: &Rnn<Fp>, blocks: &Blocks<Fp>| {
            rnn.gradient(blocks, &Subset::All, &task, &SquaredError, &mut Workspace::default())
        };
        for (name, (rows, cols)) in [
            ("W", (4, 3)),
            ("W", (0, 0)),
            ("W", (5, 5)),
            ("B", (4, 3)),
            ("B", (0, 2)),
            ("C", (2, 4)),
            ("C", (3, 0)),
            ("bias", (3, 1)),
            ("bias", (4, 3)),
            ("h0", (4, 3)),
            ("h0", (4, 0)),
        ] {
            let blocks = good.clone().with(name, Matrix::zeros(rows, cols));
            assert!(gradient(&rnn, &blocks).is_err(), "{name} {rows} {cols}");
        }
        let unnamed = Blocks::default().with("V", Block::zero(1, 1));
        assert!(matches!(gradient(&rnn, &unnamed), Err(TapeError::NoSuchBlock(_))));
        let unused = good.clone().with("V", Block::zero(1, 1));
        assert_eq!(gradient(&rnn, &unused).unwrap().blocks.get("V"), Ok(&Block::zero(1, 1)));
        let tanh = Rnn::new(Dynamics::rate(Fp::ONE, Activation::Tanh));
        assert_eq!(gradient(&tanh, &good).unwrap_err(), TapeError::Unavailable);
        assert_eq!(tanh.outputs(&good, &task.inputs, 2).unwrap_err(), TapeError::Unavailable);
        for (inputs, trials) in [(Matrix::zeros(2, 3), 2), (Matrix::zeros(2, 3), 0)] {
            assert!(rnn.outputs(&good, &inputs, trials).is_err());
        }
    }

    /// One bias for each trial is none of the adjoint's, but the pass has it.
    #[test]
    fn what_the_adjoint_does_not_know_the_tape_computes() {
        let sizes = Dimensions { neurons: 3, d_in: 1, d_out: 1, steps: 2, trials: 2 };
        let stream = Stream::new("biases", 0, 0);
        let task = laws::task::<Fp>(&sizes, &stream);
        let rnn = Rnn::new(Dynamics::current(Fp::ONE, laws::smooth()));
        let one = Blocks::random(&rnn.shapes(&sizes), &stream);
        let bias = one.get("bias").unwrap().to_matrix();
        let two = one.clone().with("bias", Matrix::beside(3, [&bias, &bias]));
        let gradient = |blocks| {
            rnn.gradient(blocks, &Subset::All, &task, &SquaredError, &mut Workspace::default())
                .unwrap()
        };
        let (one, two) = (gradient(&one), gradient(&two));
        assert_eq!((one.loss, one.blocks.get("W")), (two.loss, two.blocks.get("W")));
        let sum = two.blocks.get("bias").unwrap().to_matrix();
        let sum = sum.times(&Matrix::from_rows(&[[Fp::ONE], [Fp::ONE]]));
        assert_eq!(one.blocks.get("bias").unwrap().to_matrix(), sum);
    }

    /// Biases and states may come as what they are, zero for example.
    #[test]
    fn thin_blocks_need_not_be_stored_in_full() {
        let sizes = Dimensions { neurons: 3, d_in: 1, d_out: 1, steps: 2, trials: 2 };
        let stream = Stream::new("thin blocks", 0, 0);
        let task = laws::task::<Fp>(&sizes, &stream);
        let rnn = Rnn::new(Dynamics::current(Fp::ONE, laws::smooth()));
        let blocks = Blocks::random(&rnn.shapes(&sizes), &stream);
        let full = blocks.clone().with("bias", Matrix::zeros(3, 1));
        let thin = blocks.with("bias", Block::zero(3, 1));
        let gradient = |blocks| {
            rnn.gradient(blocks, &Subset::All, &task, &SquaredError, &mut Workspace::default())
        };
        assert!(gradient(&full).is_ok());
        assert_eq!(gradient(&full), gradient(&thin));
        assert!(
            RnnParts::of(&thin).unwrap_err().to_string().contains("bias is not stored in full")
        );
    }

    /// P e_{t+1} beside the activity, and no exact gradient in its place where that cannot be.
    #[test]
    fn feedback_takes_the_place_of_the_adjoint_or_is_an_error() {
        let sizes = Dimensions { neurons: 3, d_in: 1, d_out: 2, steps: 2, trials: 2 };
        let stream = Stream::new("feedback", 0, 0);
        let task = laws::task::<Fp>(&sizes, &stream);
        let exact = Rnn::new(Dynamics::current(Fp::ONE, laws::smooth()));
        let blocks = Blocks::random(&exact.shapes(&sizes), &stream);
        let gradient = |rnn: &Rnn<Fp>, blocks: &Blocks<Fp>| {
            rnn.gradient(blocks, &Subset::All, &task, &SquaredError, &mut Workspace::default())
        };
        let with = |feedback: Matrix<Fp>| Rnn {
            transport: Transport::Feedback(feedback),
            ..exact.clone()
        };
        let feedback = Matrix::random(3, 2, &mut stream.named("P"));
        let found = gradient(&with(feedback.clone()), &blocks).unwrap();
        let errors = SquaredError.errors(&found.outputs, &task);
        let later = Matrix::from_fn(2, 4, |i, j| errors[(i, j + task.trials)]);
        let factors = found.blocks.get("W").unwrap().factors().unwrap();
        assert_eq!(factors.left, feedback.times(&later));
        assert_eq!(found.blocks.get("h0").unwrap().to_matrix(), Matrix::zeros(3, 1));
        assert_eq!(found.blocks.get("C"), gradient(&exact, &blocks).unwrap().blocks.get("C"));

        let error = gradient(&with(Matrix::zeros(2, 2)), &blocks).unwrap_err();
        assert!(matches!(error, TapeError::Shapes { operation: "feedback of errors", .. }));
        let two_biases = blocks.with("bias", Matrix::zeros(3, 2));
        assert!(gradient(&exact, &two_biases).is_ok());
        let error = gradient(&with(feedback), &two_biases).unwrap_err();
        assert!(error.to_string().contains("an exact gradient alone"), "{error}");
    }
}
