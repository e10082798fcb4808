//! The architectures of this library by name, with sizes that follow from the number of neurons.

use super::{
    Architecture, Attention, ClosedLoop, Divisive, Gain, Gru, LowRank, Lstm, MinimalGated,
    Observed, Population, Populations, Rnn, Scores, Stack,
};
use crate::blocks::{Block, Blocks, Shapes, Subset};
use crate::matrix::Matrix;
use crate::named::Named;
use crate::network::{Dynamics, Network};
use crate::scalar::{Scalar, Stream};
use crate::tape::TapeError;
use crate::task::Dimensions;

/// An architecture of this library.
///
/// # Examples
///
/// ```
/// use rankproof::named::Named;
/// use rankproof::network::architecture::Shipped;
/// use rankproof::prelude::*;
///
/// let shipped = Shipped::find("low-rank")?;
/// let sizes = Dimensions { neurons: 20, d_in: 2, d_out: 1, steps: 5, trials: 4 };
/// let stream = Stream::new("example", 1, 0);
/// let network = shipped.network(&sizes, &Dynamics::linear(Fp::ratio(1, 2)), &stream)?;
/// assert_eq!(network.blocks.get("M")?.shape(), (20, 4));
/// assert_eq!(shipped.recurrent(&network.blocks), Subset::only(["M", "N"]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shipped {
    /// [`Rnn`].
    Rnn,
    /// [`LowRank`].
    LowRank,
    /// [`Populations`].
    Populations,
    /// [`Stack`].
    Stack,
    /// [`Gru`].
    Gru,
    /// [`Lstm`].
    Lstm,
    /// [`MinimalGated`].
    MinimalGated,
    /// [`Attention`].
    Attention,
    /// [`Divisive`].
    Divisive,
    /// [`ClosedLoop`].
    ClosedLoop,
}

impl Named for Shipped {
    const WHAT: &'static str = "architecture";

    fn table() -> Vec<(Self, &'static str, &'static str)> {
        vec![
            (Shipped::Rnn, "rnn", "h' = (1 - a) h + a phi(W psi(h) + B u + bias), y = C psi(h)"),
            (Shipped::LowRank, "low-rank", "The same with W = M N^T, of rank d_in + d_out + 1"),
            (
                Shipped::Populations,
                "populations",
                "Excitatory neurons, which are driven and read, and one inhibitory for every four",
            ),
            (
                Shipped::Stack,
                "stack",
                "Two layers of N neurons, each as rnn; the second sees N outputs of the first",
            ),
            (Shipped::Gru, "gru", "PyTorch's GRU of one layer and a linear readout C"),
            (Shipped::Lstm, "lstm", "PyTorch's LSTM of one layer and a linear readout C"),
            (
                Shipped::MinimalGated,
                "minimal-gated",
                "A gated unit with one gate, one layer and a linear readout C",
            ),
            (
                Shipped::Attention,
                "attention",
                "One causal head with softmax on tokens B u of N entries",
            ),
            (
                Shipped::Divisive,
                "divisive",
                "As rnn, with rates h / (1 + |h|^2) and without a bias",
            ),
            (
                Shipped::ClosedLoop,
                "closed-loop",
                "As rnn, whose outputs drive a leaky environment that adds to its inputs",
            ),
        ]
    }
}

/// A part of [`Dynamics`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // Named as the fields are.
pub enum DynamicsOption {
    Leak,
    Phi,
    Psi,
}

use DynamicsOption::{Leak, Phi, Psi};

/// A built architecture and its start.
type Built<S> = (Box<dyn Architecture<S>>, Shapes);

impl Shipped {
    /// Of leak, phi and psi those that it takes from the dynamics.
    fn options(self) -> &'static [DynamicsOption] {
        match self {
            Shipped::Rnn | Shipped::LowRank | Shipped::Stack | Shipped::ClosedLoop => {
                &[Leak, Phi, Psi]
            }
            Shipped::Populations => &[Leak, Psi],
            Shipped::Divisive => &[Leak],
            Shipped::Gru | Shipped::Lstm | Shipped::MinimalGated | Shipped::Attention => &[],
        }
    }

    /// Whether it takes this part of the dynamics; what it does not take is as published.
    pub fn takes(self, option: DynamicsOption) -> bool {
        self.options().contains(&option)
    }

    /// The architecture with its start: normal weights of standard deviation 1 / sqrt(N) (in a
    /// field, numbers in general position), biases and initial states zero, W_0 = 0 of `rnn`, which
    /// is what theorems begin with, and an environment that leaks a fifth of its state in a step.
    ///
    /// # Errors
    ///
    /// If the arithmetic lacks a function of it, or there are too few neurons.
    pub fn network<S: Scalar>(
        self,
        sizes: &Dimensions,
        dynamics: &Dynamics<S>,
        stream: &Stream,
    ) -> Result<Network<S, Box<dyn Architecture<S>>>, TapeError> {
        let (architecture, shapes) = self.build(sizes, dynamics)?;
        let size = (sizes.neurons as f64).sqrt().recip();
        let blocks = shapes.iter().fold(Blocks::default(), |blocks, (name, shape)| {
            blocks.with(name, self.start(name, *shape, size, stream))
        });
        Ok(Network { architecture, blocks })
    }

    fn build<S: Scalar>(
        self,
        sizes: &Dimensions,
        dynamics: &Dynamics<S>,
    ) -> Result<Built<S>, TapeError> {
        let n = sizes.neurons;
        let is_available = dynamics.phi.is_available() && dynamics.psi.is_available();
        let needs_reals = matches!(
            self,
            Shipped::Gru | Shipped::Lstm | Shipped::MinimalGated | Shipped::Attention
        );
        if !is_available || needs_reals && S::ELEMENTARY.is_none() {
            return Err(TapeError::Unavailable);
        }
        let dynamics = dynamics.clone();
        Ok(match self {
            Shipped::Rnn => boxed(Rnn::new(dynamics), |own| own.shapes(sizes)),
            Shipped::LowRank => {
                let rank = sizes.d_in + sizes.d_out + 1;
                let own = LowRank { dynamics, identity: S::ZERO };
                boxed(own, |own| own.shapes(sizes, rank))
            }
            Shipped::Populations => {
                let own = excitation_and_inhibition(n, dynamics)?;
                let shapes = own.shapes(sizes)?;
                (Box::new(own), shapes)
            }
            Shipped::Stack => {
                let layer = Rnn::new(dynamics);
                let all = [Dimensions { d_out: n, ..*sizes }, Dimensions { d_in: n, ..*sizes }];
                let shapes = all.iter().enumerate().flat_map(|(index, sizes)| {
                    let own = layer.shapes(sizes).into_iter();
                    own.map(move |(name, shape)| (format!("{index}.{name}"), shape))
                });
                let shapes = shapes.collect();
                let layers: Vec<Box<dyn Architecture<S>>> =
                    vec![Box::new(layer.clone()), Box::new(layer)];
                (Box::new(Stack { layers }), shapes)
            }
            Shipped::Gru => boxed(Gru::torch(), |own| own.shapes(sizes)),
            Shipped::Lstm => boxed(Lstm::torch(), |own| own.shapes(sizes)),
            Shipped::MinimalGated => boxed(MinimalGated::published(), |own| own.shapes(sizes)),
            Shipped::Attention => {
                let real = S::ELEMENTARY.ok_or(TapeError::Unavailable)?;
                let scale = (real.from_f64)((n as f64).sqrt().recip());
                boxed(Attention { scale, scores: Scores::Softmax }, |own| own.shapes(sizes))
            }
            Shipped::Divisive => {
                let own = Divisive { leak: dynamics.leak, gain: Gain::Divided { offset: S::ONE } };
                boxed(own, |own| own.shapes(sizes))
            }
            Shipped::ClosedLoop => {
                let own = ClosedLoop { dynamics, observed: Observed::Output };
                boxed(own, |own| own.shapes(sizes, sizes.d_out))
            }
        })
    }

    /// The start of a block.
    fn start<S: Scalar>(
        self,
        name: &str,
        (rows, cols): (usize, usize),
        size: f64,
        stream: &Stream,
    ) -> Block<S> {
        match name.rsplit('.').next().unwrap_or(name) {
            "W" if self == Shipped::Rnn => Block::zero(rows, cols),
            "h0" | "x0" | "bias" | "bias_ih_l0" | "bias_hh_l0" => Matrix::zeros(rows, cols).into(),
            "F" => Matrix::scaled_identity(rows, S::ratio(4, 5)).into(),
            "H" => Matrix::scaled_identity(rows, S::ratio(1, 5)).into(),
            _ => normal(rows, cols, size, &mut stream.named(name)).into(),
        }
    }

    /// The weights between neurons among the blocks of such a network: what is learned unless
    /// something else is asked for.
    pub fn recurrent<S: Scalar>(self, blocks: &Blocks<S>) -> Subset {
        let is_recurrent = |name: &str| match self {
            Shipped::Rnn | Shipped::Divisive | Shipped::ClosedLoop => name == "W",
            Shipped::LowRank => ["M", "N"].contains(&name),
            Shipped::Populations => name.contains(".W."),
            Shipped::Stack => name.ends_with(".W"),
            Shipped::Gru | Shipped::Lstm | Shipped::MinimalGated => name == "weight_hh_l0",
            Shipped::Attention => ["Q", "K", "V", "O"].contains(&name),
        };
        Subset::only(blocks.iter().map(|(name, _)| name).filter(|name| is_recurrent(name)))
    }
}

fn boxed<S: Scalar, A: Architecture<S> + 'static>(
    architecture: A,
    shapes: impl Fn(&A) -> Shapes,
) -> Built<S> {
    let shapes = shapes(&architecture);
    (Box::new(architecture), shapes)
}

/// Four excitatory neurons for every inhibitory one, all connected; gains have the sign.
fn excitation_and_inhibition<S: Scalar>(
    neurons: usize,
    dynamics: Dynamics<S>,
) -> Result<Populations<S>, TapeError> {
    if neurons < 2 {
        let message = format!("{neurons} neurons, expected at least 2, one of each population");
        return Err(TapeError::Model(message));
    }
    let inhibitory = neurons.div_ceil(5);
    let population = |name: &str, neurons, gain| Population {
        name: name.into(),
        neurons,
        leak: dynamics.leak,
        gain,
        psi: dynamics.psi.clone(),
        is_driven: name == "exc",
        is_read: name == "exc",
    };
    Ok(Populations {
        populations: vec![
            population("exc", neurons - inhibitory, S::ONE),
            population("inh", inhibitory, -S::ONE),
        ],
        connections: vec![(0, 0), (0, 1), (1, 0), (1, 1)],
    })
}

/// Normal numbers of this standard deviation; in a field, numbers in general position.
fn normal<S: Scalar>(rows: usize, cols: usize, size: f64, stream: &mut Stream) -> Matrix<S> {
    match S::ELEMENTARY {
        Some(real) => Matrix::<f64>::normal(rows, cols, size, stream).map(real.from_f64),
        None => Matrix::random(rows, cols, stream),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::SquaredError;
    use crate::network::architecture::{Workspace, derivative_along};
    use crate::scalar::{Dual, Fp};
    use crate::task::TaskFamily;

    const SIZES: Dimensions = Dimensions { neurons: 6, d_in: 2, d_out: 3, steps: 4, trials: 2 };

    /// Whether the gradient is that of dual numbers, exactly or but for rounding; `None` if the
    /// arithmetic does not have the architecture.
    fn error<S: Scalar>(shipped: Shipped) -> Option<S> {
        let stream = Stream::new("shipped", 0, 0);
        let task = TaskFamily::RandomTargets.draw(&SIZES, &stream).expect("in every arithmetic");
        let dynamics = Dynamics::linear(S::ratio(1, 2));
        let network = shipped.network(&SIZES, &dynamics, &stream).ok()?;
        let dual = shipped.network(&SIZES, &dynamics.map(Dual::constant), &stream).ok()?;
        let direction = Blocks::random(&network.blocks.shapes(), &stream.named("direction"));
        let mut workspace = Workspace::default();
        let Network { architecture, blocks } = &network;
        let found = architecture
            .gradient(blocks, &Subset::All, &task, &SquaredError, &mut workspace)
            .unwrap_or_else(|error| panic!("{}: {error}", shipped.name()));
        let derivative =
            derivative_along(&dual.architecture, blocks, &direction, &task, &SquaredError);
        Some(derivative.expect("the same fits") - found.blocks.inner_product(&direction))
    }

    #[test]
    fn every_one_runs_in_f64_and_in_the_field_where_it_exists() {
        for (shipped, ..) in Shipped::table() {
            let error_in_f64 = error::<f64>(shipped).expect("f64 has every function");
            assert!(error_in_f64.abs() < 1e-12, "{}: {error_in_f64}", shipped.name());
            let exists = !matches!(
                shipped,
                Shipped::Gru | Shipped::Lstm | Shipped::MinimalGated | Shipped::Attention
            );
            assert_eq!(error::<Fp>(shipped), exists.then_some(Fp::ZERO), "{}", shipped.name());
        }
    }

    /// Of six neurons two inhibit; inputs come to the others, and outputs from them.
    #[test]
    fn excitatory_neurons_alone_are_driven_and_read() {
        let stream = Stream::new("shipped", 0, 0);
        let dynamics = Dynamics::<f64>::linear(1.0);
        let Network { blocks, .. } =
            Shipped::Populations.network(&SIZES, &dynamics, &stream).expect("six neurons");
        let shape = |name: &str| blocks.get(name).ok().map(Block::shape);
        assert_eq!([shape("exc.W.exc"), shape("inh.W.exc")], [Some((4, 4)), Some((2, 4))]);
        assert_eq!([shape("exc.B"), shape("exc.C")], [Some((4, 2)), Some((3, 4))]);
        assert_eq!([shape("inh.B"), shape("inh.C")], [None, None]);
    }

    #[test]
    fn one_neuron_makes_no_two_populations() {
        let sizes = Dimensions { neurons: 1, ..SIZES };
        let stream = Stream::new("shipped", 0, 0);
        let network = Shipped::Populations.network(&sizes, &Dynamics::<f64>::linear(1.0), &stream);
        let error = network.map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), "1 neurons, expected at least 2, one of each population");
    }
}
