//! Cell types and areas: populations with own leaks and gains, and weights between some of them.

use super::{Architecture, leaky};
use crate::blocks::Shapes;
use crate::network::Activation;
use crate::scalar::Scalar;
use crate::tape::{Scope, TapeError, Var};
use crate::task::Dimensions;

/// A population of neurons that are alike: a cell type in an area.
#[derive(Clone, Debug, PartialEq)]
pub struct Population<S> {
    /// What its blocks are called by.
    pub name: String,
    /// Number of neurons.
    pub neurons: usize,
    /// The leak a.
    pub leak: S,
    /// The gain g of its rates.
    pub gain: S,
    /// The activation psi of its rates.
    pub psi: Activation<S>,
    /// True if it gets the inputs of the task.
    pub is_driven: bool,
    /// True if it is read out.
    pub is_read: bool,
}

/// Populations P with rates `r_P = g_P psi_P(h_P)`:
///
/// ```text
/// h_P' = (1 - a_P) h_P + a_P (sum_Q W_PQ r_Q + B_P u + b_P),    y = sum_P C_P r_P
/// ```
///
/// The sum over Q goes over the listed connections, over P over the populations that are read.
/// What is not listed has no weights that could be learned: this is the block mask.
///
/// Blocks, for populations named p and q: `p.h0` and `p.bias` (neurons, 1), `p.B`
/// (neurons, d_in), `p.C` (d_out, neurons), and `p.W.q` (neurons of p, neurons of q).
#[derive(Clone, Debug, PartialEq)]
pub struct Populations<S> {
    /// The populations.
    pub populations: Vec<Population<S>>,
    /// Which get input from which, as (to, from), counted from 0.
    pub connections: Vec<(usize, usize)>,
}

impl<S: Scalar> Populations<S> {
    /// Names and shapes of the blocks.
    ///
    /// # Errors
    ///
    /// If a connection names a population that is not there.
    pub fn shapes(&self, sizes: &Dimensions) -> Result<Shapes, TapeError> {
        self.check()?;
        let mut shapes = Shapes::new();
        for (to, Population { name, neurons, is_driven, is_read, .. }) in
            self.populations.iter().enumerate()
        {
            for &(_, from) in self.connections.iter().filter(|pair| pair.0 == to) {
                let other = &self.populations[from];
                shapes.push((format!("{name}.W.{}", other.name), (*neurons, other.neurons)));
            }
            if *is_driven {
                shapes.push((format!("{name}.B"), (*neurons, sizes.d_in)));
            }
            if *is_read {
                shapes.push((format!("{name}.C"), (sizes.d_out, *neurons)));
            }
            shapes.extend(["bias", "h0"].map(|block| (format!("{name}.{block}"), (*neurons, 1))));
        }
        Ok(shapes)
    }

    /// Whether every connection is between populations that are there.
    fn check(&self) -> Result<(), TapeError> {
        let count = self.populations.len();
        match self.connections.iter().find(|&&(to, from)| to.max(from) >= count) {
            Some((to, from)) => {
                let message = format!("a connection from {from} to {to} of {count} populations");
                Err(TapeError::Model(message))
            }
            None => Ok(()),
        }
    }

    /// The output from the rates of all populations, if one is read.
    fn read<'t>(&self, scope: &Scope<'t, S>, rates: &[Var<'t, S>]) -> Var<'t, S> {
        let read = self.populations.iter().zip(rates).filter(|(population, _)| population.is_read);
        read.map(|(population, &r)| scope.part(&population.name).block("C") * r)
            .reduce(|sum, part| sum + part)
            .unwrap_or_else(|| scope.fail(TapeError::Model("no population is read out".into())))
    }

    /// What a population receives, apart from its bias.
    fn drive<'t>(
        &self,
        scope: &Scope<'t, S>,
        to: usize,
        rates: &[Var<'t, S>],
        u: Var<'t, S>,
    ) -> Var<'t, S> {
        let population = &self.populations[to];
        let own = scope.part(&population.name);
        let mut drive = own.block("bias").spread();
        for &(_, from) in self.connections.iter().filter(|pair| pair.0 == to) {
            let name = format!("W.{}", self.populations[from].name);
            drive = drive + own.block(&name) * rates[from];
        }
        if population.is_driven { drive + own.block("B") * u } else { drive }
    }
}

impl<S: Scalar> Architecture<S> for Populations<S> {
    fn forward<'t>(&self, scope: &Scope<'t, S>, inputs: &[Var<'t, S>]) -> Vec<Var<'t, S>> {
        if let Err(error) = self.check() {
            return vec![scope.fail(error)];
        }
        let mut states: Vec<_> = (self.populations.iter())
            .map(|population| scope.part(&population.name).block("h0").spread())
            .collect();
        let rates = |states: &[Var<'t, S>]| -> Vec<_> {
            let pairs = self.populations.iter().zip(states);
            pairs.map(|(own, h)| h.apply(&own.psi).scaled(own.gain)).collect()
        };
        let mut now = rates(&states);
        let mut outputs = vec![self.read(scope, &now)];
        for &u in inputs {
            for (to, h) in states.iter_mut().enumerate() {
                let drive = self.drive(scope, to, &now, u);
                *h = leaky(*h, drive, self.populations[to].leak);
            }
            now = rates(&states);
            outputs.push(self.read(scope, &now));
        }
        outputs
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Rnn, Workspace, laws};
    use super::*;
    use crate::blocks::{Blocks, Subset};
    use crate::matrix::Matrix;
    use crate::network::{Dynamics, SquaredError};
    use crate::scalar::Fp;

    /// Excitatory and inhibitory neurons of one area, and a second area that is read.
    fn example<S: Scalar>(sizes: &Dimensions) -> Populations<S> {
        let population = |name: &str, neurons, leak, gain| Population {
            name: name.into(),
            neurons,
            leak: S::ratio(leak, 4),
            gain: S::from_integer(gain),
            psi: laws::smooth(),
            is_driven: name == "exc",
            is_read: name != "inh",
        };
        let n = sizes.neurons;
        Populations {
            populations: vec![
                population("exc", n, 1, 1),
                population("inh", 1, 3, -2),
                population("area", n + 1, 4, 1),
            ],
            connections: vec![(0, 0), (0, 1), (1, 0), (2, 0), (2, 2)],
        }
    }

    struct Example;

    impl laws::Example for Example {
        fn build<S: Scalar>(&self, sizes: &Dimensions) -> (Box<dyn Architecture<S>>, Shapes) {
            let shapes = example::<S>(sizes).shapes(sizes).expect("connections that are there");
            (Box::new(example(sizes)), shapes)
        }
    }

    #[test]
    fn the_gradient_is_exact() {
        laws::hold(&Example);
    }

    /// With equal leaks and unit gains it is the network of the masked matrix, and its gradients
    /// are the unmasked parts of that one's.
    #[test]
    fn alike_populations_are_a_network_with_a_block_mask() {
        laws::for_any(|sizes, stream| {
            let mut model = example::<Fp>(sizes);
            for population in &mut model.populations {
                (population.leak, population.gain) = (Fp::ratio(1, 3), Fp::ONE);
            }
            let blocks = Blocks::random(&model.shapes(sizes).unwrap(), stream);
            let task = laws::task(sizes, stream);
            let spans: Vec<_> = (model.populations.iter())
                .scan(0, |start, population| {
                    *start += population.neurons;
                    Some(*start - population.neurons..*start)
                })
                .collect();
            let n = spans[2].end;
            // Which population a neuron belongs to, and its place in it.
            let place = |i: usize| {
                let p = spans.iter().position(|span| span.contains(&i)).unwrap();
                (&model.populations[p].name, i - spans[p].start)
            };
            let entry = |name: String, at| {
                blocks.get(&name).map_or(Fp::ZERO, |block| block.to_matrix()[at])
            };
            let w = Matrix::from_fn(n, n, |i, j| {
                let ((p, i), (q, j)) = (place(i), place(j));
                entry(format!("{p}.W.{q}"), (i, j))
            });
            let rows = |block: &str, cols| {
                Matrix::from_fn(n, cols, |i, j| {
                    let (p, i) = place(i);
                    entry(format!("{p}.{block}"), (i, j))
                })
            };
            let c = Matrix::from_fn(sizes.d_out, n, |o, i| {
                let (p, i) = place(i);
                entry(format!("{p}.C"), (o, i))
            });
            let full = Blocks::default()
                .with("W", w)
                .with("B", rows("B", sizes.d_in))
                .with("C", c)
                .with("bias", rows("bias", 1))
                .with("h0", rows("h0", 1));
            let rnn = Rnn::new(Dynamics::current(Fp::ratio(1, 3), laws::smooth()));
            let mut workspace = Workspace::default();
            let found = model
                .gradient(&blocks, &Subset::All, &task, &SquaredError, &mut workspace)
                .unwrap();
            let known =
                rnn.gradient(&full, &Subset::All, &task, &SquaredError, &mut workspace).unwrap();
            assert_eq!(found.outputs, known.outputs);
            let by_w = known.blocks.get("W").unwrap().to_matrix();
            for &(to, from) in &model.connections {
                let name =
                    format!("{}.W.{}", model.populations[to].name, model.populations[from].name);
                let part = found.blocks.get(&name).unwrap().to_matrix();
                let (rows, cols) = (spans[to].clone(), spans[from].clone());
                let expected = Matrix::from_fn(rows.len(), cols.len(), |i, j| {
                    by_w[(rows.start + i, cols.start + j)]
                });
                assert_eq!(part, expected);
            }
        });
    }

    #[test]
    fn a_population_that_is_not_there_or_none_that_is_read_is_an_error() {
        let sizes = Dimensions { neurons: 2, d_in: 1, d_out: 1, steps: 1, trials: 1 };
        let model = example::<Fp>(&sizes);
        let stream = crate::scalar::Stream::new("populations", 0, 0);
        let blocks = Blocks::random(&model.shapes(&sizes).unwrap(), &stream);
        let inputs = Matrix::zeros(1, 1);
        let mut unread = model.clone();
        unread.populations.iter_mut().for_each(|population| population.is_read = false);
        let mut unknown = model;
        unknown.connections.push((0, 3));
        for (model, message) in [
            (unread, "no population is read out"),
            (unknown, "a connection from 3 to 0 of 3 populations"),
        ] {
            let error = model.outputs(&blocks, &inputs, 1).unwrap_err();
            assert_eq!(error.to_string(), message);
            let is_unknown = message.starts_with("a connection");
            assert_eq!(model.shapes(&sizes).is_err(), is_unknown);
        }
    }
}
