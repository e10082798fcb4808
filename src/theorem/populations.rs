//! Linear networks of populations, cell types or areas, drawn for the case of a setting.

use super::instance::number;
use super::movement::{Movement, span};
use super::{Case, Inconclusive, InitialWeights, Observation, Sequence};
use crate::blocks::{Blocks, Subset};
use crate::matrix::{Matrix, RankRevealing, Subspace};
use crate::network::Activation;
use crate::network::architecture::{Architecture, Population, Populations};
use crate::scalar::{Scalar, Stream};
use crate::training::{Faulty, Training, Trajectory};

/// The populations.
const NAMES: [&str; 3] = ["x", "y", "z"];

/// The blocks between them, to the one and from the other.
const BETWEEN: [[&str; 3]; 3] =
    [["x.W.x", "x.W.y", "x.W.z"], ["y.W.x", "y.W.y", "y.W.z"], ["z.W.x", "z.W.y", "z.W.z"]];

/// Connections, to the one population and from the other.
type Pairs = Vec<(usize, usize)>;

/// Which populations the inputs, outputs, initial states and biases of a case belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channels {
    /// All of them to every population.
    Shared,
    /// Each input and each output to one population; initial states and a bias to some.
    Own,
}

/// A network of populations at the start.
pub(super) struct Drawn<S> {
    architecture: Populations<S>,
    blocks: Blocks<S>,
    /// For each population what spans its space: its columns of B, rows of C, initial states and
    /// bias, (its neurons, its channels).
    directions: Vec<Matrix<S>>,
    /// The connections that learn.
    trained: Pairs,
}

/// A population's part of the recurrent network of a case, and which channels are its own.
struct Part<'a, S> {
    case: &'a Case<S>,
    /// Its first neuron, and how many there are.
    first: usize,
    neurons: usize,
    inputs: Vec<bool>,
    outputs: Vec<bool>,
    has_state: bool,
    has_bias: bool,
}

impl<S: RankRevealing> Drawn<S> {
    /// `least` populations or more, if there are neurons for them. Each has a leak, a sign of its
    /// rates and a multiple of I in W_0 of its own. Of the other connections, which start at zero,
    /// some are missing, and of those that are there some do not learn.
    pub fn new(case: &Case<S>, channels: Channels, least: usize) -> Self {
        let stream = case.stream.named("populations");
        let sizes = sizes(case.setting.dimensions.neurons, least, &mut stream.named("sizes"));
        let parts = parts(case, channels, &sizes, &mut stream.named("channels"));
        let [connections, trained] = connections(sizes.len(), &mut stream.named("connections"));
        let mut kinds = stream.named("kinds");
        let population = |(index, part): (usize, &Part<'_, S>)| {
            let (quarters, sign) = (1 + kinds.below(4), kinds.below(2));
            let quarters = if index == 0 { case.setting.leak_quarters } else { quarters };
            Population {
                name: NAMES[index].into(),
                neurons: part.neurons,
                leak: S::ratio(quarters as i64, 4),
                gain: if sign == 0 { S::ONE } else { -S::ONE },
                psi: Activation::Identity,
                is_driven: part.inputs.contains(&true),
                is_read: part.outputs.contains(&true),
            }
        };
        let populations = parts.iter().enumerate().map(population).collect();
        let mut blocks = Blocks::default();
        for &(to, from) in &connections {
            let multiple = match case.setting.initial_weights {
                InitialWeights::ScaledIdentity if to == from => {
                    number(&mut stream.named(NAMES[to]), 0.7)
                }
                _ => S::ZERO,
            };
            let start = |i, j| if i == j { multiple } else { S::ZERO };
            let start = Matrix::from_fn(sizes[to], sizes[from], start);
            blocks = blocks.with(BETWEEN[to][from], start);
        }
        let blocks = parts.iter().zip(NAMES).fold(blocks, |blocks, (part, name)| {
            part.channels().into_iter().fold(blocks, |blocks, (block, matrix)| {
                blocks.with(&format!("{name}.{block}"), matrix)
            })
        });
        Drawn {
            architecture: Populations { populations, connections },
            blocks,
            directions: parts.iter().map(Part::directions).collect(),
            trained,
        }
    }

    /// How many neurons each population has.
    fn sizes(&self) -> Vec<usize> {
        self.directions.iter().map(Matrix::rows).collect()
    }

    /// What the dimension of the space of each population can be: its channels, at most its
    /// neurons.
    pub fn dimensions(&self) -> Vec<usize> {
        self.directions.iter().map(|channels| channels.cols().min(channels.rows())).collect()
    }

    /// The sum of the spaces of all populations, in the space of all neurons.
    ///
    /// # Errors
    ///
    /// If rounding noise hides its dimension.
    pub fn space(&self) -> Result<Subspace<S>, Inconclusive> {
        let neurons = self.sizes().iter().sum();
        let mut first = 0;
        let embedded = self.directions.iter().map(|own| {
            let rows = first..first + own.rows();
            first = rows.end;
            Matrix::from_fn(neurons, own.cols(), |i, j| {
                if rows.contains(&i) { own[(i - rows.start, j)] } else { S::ZERO }
            })
        });
        let embedded: Vec<_> = embedded.collect();
        span(neurons, &embedded, "the dimension of the spaces of all populations")
    }

    /// Trains the connections that learn on the task of the case. A deliberate error is in the
    /// gradient by the first of them.
    ///
    /// # Errors
    ///
    /// If the run diverges, or rounding noise hides what it changed in one of the blocks.
    pub fn train(&self, case: &Case<S>) -> Result<Trajectory<S>, Inconclusive> {
        let states =
            self.blocks.iter().filter(|(name, block)| name.ends_with(".h0") && block.shape().1 > 1);
        let training = Training {
            blocks: self.blocks.clone(),
            trained: Subset::only(self.trained.iter().map(|&(to, from)| BETWEEN[to][from])),
            per_trial: Subset::only(states.map(|(name, _)| name)),
            applied: case.fault.map(|fault| -> Box<dyn Architecture<S> + '_> {
                let (to, from) = self.trained[0];
                let block = BETWEEN[to][from].into();
                Box::new(Faulty { architecture: &self.architecture, block, fault })
            }),
            ..case.training_as(&self.architecture)
        };
        let trajectory = training.run(case.setting.learning_steps)?;
        let is_clear = trajectory.followed().all(|(_, block)| block.is_clear());
        if is_clear { Ok(trajectory) } else { Err(Inconclusive::Noise("the change of a block")) }
    }

    /// D_1..D_K of all neurons, zero where nothing learns.
    pub fn movement(&self, trajectory: &Trajectory<S>) -> Movement<S> {
        let sizes = self.sizes();
        let neurons = sizes.iter().sum();
        let first = |population: usize| sizes[..population].iter().sum::<usize>();
        let steps = 1..=trajectory.steps();
        let (matrices, noise) = steps
            .map(|k| {
                let mut sum = Matrix::zeros(neurons, neurons);
                let mut noise = 0.0f64;
                for &(to, from) in &self.trained {
                    let block = trajectory.of(BETWEEN[to][from]).expect("a block that learns");
                    let increment = block.increment(k);
                    for j in 0..increment.cols() {
                        for i in 0..increment.rows() {
                            sum[(first(to) + i, first(from) + j)] = increment[(i, j)];
                        }
                    }
                    noise = noise.hypot(block.noise(k));
                }
                (sum, noise)
            })
            .unzip();
        Movement { matrices, noise, sequence: Sequence::Increments, block: None }
    }

    /// The rank of the change of each block that learns against the dimensions of its two
    /// populations, those between two populations first.
    pub fn ranks_of_blocks(&self, trajectory: &Trajectory<S>) -> Vec<Observation> {
        let dimensions = self.dimensions();
        let observed = self.trained.iter().map(|&(to, from)| {
            let name = BETWEEN[to][from];
            let block = trajectory.of(name).expect("a block that learns");
            let bound = dimensions[to].min(dimensions[from]);
            Movement::of_block(Some(name), block).last_rank(bound)
        });
        observed.collect()
    }
}

impl<S: Scalar> Part<'_, S> {
    /// Its blocks beside those between populations.
    fn channels(&self) -> Vec<(&'static str, Matrix<S>)> {
        let network = self.case.instance.network.parts();
        let own = |is_own: bool, value: S| if is_own { value } else { S::ZERO };
        let rows = |matrix: &Matrix<S>, is_own: &dyn Fn(usize) -> bool| {
            Matrix::from_fn(self.neurons, matrix.cols(), |i, j| {
                own(is_own(j), matrix[(self.first + i, j)])
            })
        };
        let mut blocks = Vec::new();
        if self.inputs.contains(&true) {
            blocks.push(("B", rows(network.b, &|input| self.inputs[input])));
        }
        if self.outputs.contains(&true) {
            let readout = rows(&network.c.transposed(), &|output| self.outputs[output]);
            blocks.push(("C", readout.transposed()));
        }
        blocks.push(("bias", rows(network.bias, &|_| self.has_bias)));
        blocks.push(("h0", rows(network.h0, &|_| self.has_state)));
        blocks
    }

    /// What spans its space.
    fn directions(&self) -> Matrix<S> {
        let setting = &self.case.setting;
        let is_own = |name: &str, column: usize| match name {
            "B" => self.inputs[column],
            "C" => self.outputs[column],
            "bias" => setting.bias && self.has_bias,
            _ => setting.states() > 0 && self.has_state,
        };
        let columns = self.channels().into_iter().flat_map(|(name, block)| {
            let block = if name == "C" { block.transposed() } else { block };
            let own: Vec<_> = (0..block.cols()).filter(|&column| is_own(name, column)).collect();
            own.into_iter()
                .map(|j| Matrix::from_columns(self.neurons, 1, block.column(j).to_vec()))
                .collect::<Vec<_>>()
        });
        Matrix::beside(self.neurons, &columns.collect::<Vec<_>>())
    }
}

/// The neurons of each population, one or more.
fn sizes(neurons: usize, least: usize, stream: &mut Stream) -> Vec<usize> {
    let most = NAMES.len().min(neurons);
    let least = least.min(most);
    let count = least + stream.below(most - least + 1);
    let mut sizes = vec![1; count];
    for _ in count..neurons {
        sizes[stream.below(count)] += 1;
    }
    sizes
}

fn parts<'a, S: Scalar>(
    case: &'a Case<S>,
    channels: Channels,
    sizes: &[usize],
    stream: &mut Stream,
) -> Vec<Part<'a, S>> {
    let dimensions = &case.setting.dimensions;
    let mut owners =
        |count: usize| -> Vec<usize> { (0..count).map(|_| stream.below(sizes.len())).collect() };
    let (inputs, outputs) = (owners(dimensions.d_in), owners(dimensions.d_out));
    let is_shared = channels == Channels::Shared;
    let mut first = 0;
    let part = |(index, &neurons): (usize, &usize)| {
        let own = |owners: &[usize]| {
            owners.iter().map(|&owner| is_shared || owner == index).collect::<Vec<_>>()
        };
        first += neurons;
        Part {
            case,
            first: first - neurons,
            neurons,
            inputs: own(&inputs),
            outputs: own(&outputs),
            has_state: is_shared || stream.below(2) == 0,
            has_bias: is_shared || stream.below(2) == 0,
        }
    };
    sizes.iter().enumerate().map(part).collect()
}

/// Those that there are and those that learn, to and from, between two populations first. The first
/// is always among both.
fn connections(count: usize, stream: &mut Stream) -> [Pairs; 2] {
    let mut pairs: Pairs =
        (0..count).flat_map(|to| (0..count).map(move |from| (to, from))).collect();
    pairs.sort_by_key(|(to, from)| to == from);
    let first = pairs[0];
    let mut some = |pairs: Pairs| -> Pairs {
        pairs.into_iter().filter(|&pair| stream.below(4) > 0 || pair == first).collect()
    };
    let there = some(pairs);
    let trained = some(there.clone());
    [there, trained]
}
