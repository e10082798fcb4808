//! From units to recorded neurons.

use super::{matrix, normal, state_scale};
use crate::blocks::{Blocks, Shapes};
use crate::fit::architecture::Architecture;
use crate::fit::observations::Observations;
use crate::fit::{FitFloat, orthonormal};
use crate::matrix::Matrix;
use crate::scalar::Stream;

/// What makes outputs of rates, or a gradient by it.
#[derive(Clone, Debug)]
pub struct Readout<S> {
    /// D, (neurons, N).
    pub matrix: Matrix<S>,
    /// Of each neuron, (neurons, 1); none if the model has none.
    pub offset: Option<Matrix<S>>,
}

/// What is learned of the readout.
#[derive(Clone, Debug)]
pub struct ReadoutPart<S> {
    units: usize,
    /// What the output of each neuron is scaled by.
    scales: Vec<S>,
    kind: Kind,
    /// Where the offset of each neuron starts; none if there are no offsets.
    offsets: Option<Vec<S>>,
}

/// Which readouts there are.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Any.
    Free,
    /// Orthonormal columns (rows, if there are fewer neurons than units) times one gain.
    Orthonormal,
}

impl<S: FitFloat> ReadoutPart<S> {
    /// Of a model of a recording.
    pub fn new(architecture: &Architecture, observations: &Observations<S>) -> Self {
        let neurons = observations.statistics.iter();
        let starts = neurons.map(|neuron| architecture.likelihood.law::<f64>().start(neuron));
        let (scales, offsets) =
            starts.map(|start| (S::from_f64(start.scale), S::from_f64(start.offset))).unzip();
        ReadoutPart {
            units: architecture.units,
            scales,
            kind: if architecture.readout.orthonormal { Kind::Orthonormal } else { Kind::Free },
            offsets: architecture.readout.offset.then_some(offsets),
        }
    }

    /// A readout whose numbers are those of the block `readout`, and offsets that are those of the
    /// block `offset` times the scale of states: not in units of what is recorded.
    pub fn given(units: usize, neurons: usize, offset: bool) -> Self {
        ReadoutPart {
            units,
            scales: vec![state_scale(units); neurons],
            kind: Kind::Free,
            offsets: offset.then(|| vec![S::ZERO; neurons]),
        }
    }

    /// `readout`; `gain` of an orthonormal one; `offset`.
    pub fn shapes(&self) -> Shapes {
        let neurons = self.scales.len();
        let mut shapes = vec![("readout".into(), (neurons, self.units))];
        if let Kind::Orthonormal = self.kind {
            shapes.push(("gain".into(), (1, 1)));
        }
        if self.offsets.is_some() {
            shapes.push(("offset".into(), (neurons, 1)));
        }
        shapes
    }

    /// A random readout, as large as the activity, and offsets at its means.
    pub fn start(&self, blocks: Blocks<S>, stream: &Stream) -> Blocks<S> {
        let neurons = self.scales.len();
        let readout = normal((neurons, self.units), 1.0, &stream.named("readout"));
        let mut blocks = blocks.with("readout", readout);
        if let Kind::Orthonormal = self.kind {
            blocks = blocks.with("gain", Matrix::from_columns(1, 1, vec![S::ONE]));
        }
        if self.offsets.is_some() {
            blocks = blocks.with("offset", Matrix::zeros(neurons, 1));
        }
        blocks
    }

    /// The readout that the blocks stand for.
    pub fn readout(&self, blocks: &Blocks<S>) -> Readout<S> {
        let free = matrix(blocks, "readout");
        let readout = match self.kind {
            Kind::Free => self.scaled(free),
            Kind::Orthonormal => {
                let mut readout = orthonormal::orthonormal_factor(free);
                readout.scale(self.common_scale() * matrix(blocks, "gain")[(0, 0)]);
                readout
            }
        };
        let offset = |starts: &Vec<S>| {
            let changes = matrix(blocks, "offset");
            let offset = |n, _| starts[n] + self.scales[n] * changes[(n, 0)];
            Matrix::from_fn(starts.len(), 1, offset)
        };
        Readout { matrix: readout, offset: self.offsets.as_ref().map(offset) }
    }

    /// Numbers of unit scale made as large as makes the outputs of each neuron as large as its
    /// activity.
    fn scaled(&self, readout: &Matrix<S>) -> Matrix<S> {
        let unit = state_scale::<S>(self.units).inverse().expect("there are units");
        Matrix::from_fn(readout.rows(), readout.cols(), |n, i| {
            self.scales[n] * unit * readout[(n, i)]
        })
    }

    /// Of an orthonormal readout: what makes the outputs as large as the data.
    fn common_scale(&self) -> S {
        let narrow = self.scales.len().min(self.units) as f64;
        let power: f64 = self.scales.iter().map(|scale| scale.to_f64().powi(2)).sum();
        S::from_f64((power / narrow).sqrt())
    }

    /// Appends the gradient by the blocks, given that by the readout.
    pub fn pull_back(
        &self,
        blocks: &Blocks<S>,
        readout: &Readout<S>,
        gradient: Blocks<S>,
    ) -> Blocks<S> {
        let gradient = match self.kind {
            Kind::Free => gradient.with("readout", self.scaled(&readout.matrix)),
            Kind::Orthonormal => {
                let (scale, gain) = (self.common_scale(), matrix(blocks, "gain")[(0, 0)]);
                let free = matrix(blocks, "readout");
                let (factor, mut back) = orthonormal::pull_back(free, &readout.matrix);
                let of_gain = scale * factor.inner_product(&readout.matrix);
                back.scale(scale * gain);
                gradient
                    .with("readout", back)
                    .with("gain", Matrix::from_columns(1, 1, vec![of_gain]))
            }
        };
        match &readout.offset {
            None => gradient,
            Some(offset) => {
                let scaled = |n, _| self.scales[n] * offset[(n, 0)];
                gradient.with("offset", Matrix::from_fn(offset.rows(), 1, scaled))
            }
        }
    }
}
