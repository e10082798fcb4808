//! Layers: architectures one after the other.

use super::Architecture;
use crate::scalar::Scalar;
use crate::tape::{Scope, Var};

/// Layers of any kind. The outputs y_1..y_T of a layer are the inputs of the next, at the same
/// time; those of the last are the outputs, y_0 included.
///
/// Blocks: those of layer l, counted from 0, with `l.` before their names.
pub struct Stack<S> {
    /// The layers, from the input on.
    pub layers: Vec<Box<dyn Architecture<S>>>,
}

impl<S: Scalar> Architecture<S> for Stack<S> {
    /// Without layers there are as many outputs as inputs, one too few: an error.
    fn forward<'t>(&self, scope: &Scope<'t, S>, inputs: &[Var<'t, S>]) -> Vec<Var<'t, S>> {
        let mut outputs = inputs.to_vec();
        for (index, layer) in self.layers.iter().enumerate() {
            let seen = if index == 0 { &outputs[..] } else { outputs.get(1..).unwrap_or_default() };
            outputs = layer.forward(&scope.part(&index.to_string()), seen);
        }
        outputs
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Gru, Rnn, laws};
    use super::*;
    use crate::blocks::{Blocks, Shapes};
    use crate::matrix::Matrix;
    use crate::network::Dynamics;
    use crate::scalar::Fp;
    use crate::task::Dimensions;

    /// A recurrent network whose three outputs are the inputs of a GRU.
    struct Example;

    impl laws::Example for Example {
        fn build<S: Scalar>(&self, sizes: &Dimensions) -> (Box<dyn Architecture<S>>, Shapes) {
            let rnn = Rnn::new(Dynamics::rate(S::ratio(1, 2), laws::smooth()));
            let gru = Gru { gate: laws::smooth(), candidate: laws::smooth() };
            let first = rnn.shapes(&Dimensions { d_out: 3, ..*sizes });
            let second = gru.shapes(&Dimensions { d_in: 3, ..*sizes });
            let renamed = |layer: usize, shapes: Shapes| {
                shapes.into_iter().map(move |(name, shape)| (format!("{layer}.{name}"), shape))
            };
            let shapes = renamed(0, first).chain(renamed(1, second)).collect();
            (Box::new(Stack { layers: vec![Box::new(rnn), Box::new(gru)] }), shapes)
        }
    }

    #[test]
    fn the_gradient_is_exact() {
        laws::hold(&Example);
    }

    #[test]
    fn a_stack_without_layers_is_an_error() {
        let stack = Stack::<Fp> { layers: Vec::new() };
        let error = stack.outputs(&Blocks::default(), &Matrix::zeros(1, 2), 1).unwrap_err();
        assert!(error.to_string().contains("2 outputs from 2 inputs"), "{error}");
    }
}
