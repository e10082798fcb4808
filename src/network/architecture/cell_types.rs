//! A linear network whose neurons are of types, each with a leak of its own.

use super::{Architecture, leaky};
use crate::network::RNN_BLOCKS;
use crate::scalar::Scalar;
use crate::tape::{Scope, TapeError, Var};

/// The linear recurrent network of neurons of R types (theorem cell-types):
///
/// ```text
/// h_{t+1} = (1 - A) h_t + A (W h_t + B u_t + b),    y_t = C h_t,
/// ```
///
/// with A diagonal and constant on each type. The first neurons are of the first type and so on, as
/// many of each as there are, or one more.
///
/// Blocks: those of [`Rnn`](super::Rnn). [`Populations`](super::Populations) has a block for each pair
/// of types; here the rank of W is that of all connections together.
#[derive(Clone, Debug, PartialEq)]
pub struct CellTypes<S> {
    /// The leak of each type.
    pub leaks: Vec<S>,
}

impl<S: Scalar> CellTypes<S> {
    /// So many types, whose leaks divide the interval from 0 to 1 evenly: 1/2 of one type.
    pub fn of(types: usize) -> Self {
        let leak = |number: usize| S::ratio(number as i64, types as i64 + 1);
        CellTypes { leaks: (1..=types).map(leak).collect() }
    }
}

impl<S: Scalar> Architecture<S> for CellTypes<S> {
    fn forward<'t>(&self, scope: &Scope<'t, S>, inputs: &[Var<'t, S>]) -> Vec<Var<'t, S>> {
        let [w, b, c, bias, h0] = scope.blocks(RNN_BLOCKS);
        let (neurons, types) = (w.shape().0, self.leaks.len());
        if types == 0 || types > neurons {
            let message = format!("{types} types of {neurons} neurons, expected 1 to {neurons}");
            return vec![scope.fail(TapeError::Model(message))];
        }
        let mut h = h0.spread();
        let mut outputs = vec![c * h];
        for &u in inputs {
            let z = w * h + b * u + bias.spread();
            let of_type = |(index, &leak): (usize, &S)| {
                let neurons = index * neurons / types..(index + 1) * neurons / types;
                leaky(h.rows(neurons.clone()), z.rows(neurons), leak)
            };
            let parts = self.leaks.iter().enumerate().map(of_type);
            h = parts.reduce(Var::above).expect("a type");
            outputs.push(c * h);
        }
        outputs
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Rnn, laws};
    use super::*;
    use crate::blocks::{Blocks, Shapes, Subset};
    use crate::network::architecture::Workspace;
    use crate::network::{Dynamics, SquaredError};
    use crate::scalar::Fp;
    use crate::task::Dimensions;

    fn shapes(sizes: &Dimensions) -> Shapes {
        Rnn::new(Dynamics::linear(Fp::ONE)).shapes(sizes)
    }

    struct Example;

    impl laws::Example for Example {
        fn build<S: Scalar>(&self, sizes: &Dimensions) -> (Box<dyn Architecture<S>>, Shapes) {
            (Box::new(CellTypes::of(sizes.neurons.min(3))), shapes(sizes))
        }
    }

    #[test]
    fn the_gradient_is_exact() {
        laws::hold(&Example);
    }

    #[test]
    fn types_that_are_alike_are_the_recurrent_network() {
        laws::for_any(|sizes, stream| {
            let (blocks, task) =
                (Blocks::random(&shapes(sizes), stream), laws::task(sizes, stream));
            let leak = Fp::ratio(2, 3);
            let alike = CellTypes { leaks: vec![leak; sizes.neurons.min(2)] };
            let rnn = Rnn::new(Dynamics::linear(leak));
            let gradient = |architecture: &dyn Architecture<Fp>| {
                let workspace = &mut Workspace::default();
                architecture.gradient(&blocks, &Subset::All, &task, &SquaredError, workspace)
            };
            let [found, known] = [gradient(&alike), gradient(&rnn)].map(|found| found.unwrap());
            assert_eq!((found.loss, &found.outputs), (known.loss, &known.outputs));
            for (name, block) in known.blocks.iter() {
                assert_eq!(found.blocks.get(name).unwrap().to_matrix(), block.to_matrix());
            }
        });
    }

    #[test]
    fn more_types_than_neurons_are_an_error() {
        let sizes = Dimensions { neurons: 2, d_in: 1, d_out: 1, steps: 1, trials: 1 };
        let stream = crate::scalar::Stream::new("types", 0, 0);
        let blocks = Blocks::random(&shapes(&sizes), &stream);
        let inputs = crate::matrix::Matrix::zeros(1, 1);
        for types in [0, 3] {
            let error = CellTypes { leaks: vec![Fp::ONE; types] }.outputs(&blocks, &inputs, 1);
            let message = format!("{types} types of 2 neurons, expected 1 to 2");
            assert_eq!(error.unwrap_err().to_string(), message);
        }
    }
}
