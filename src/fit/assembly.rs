//! From the blocks that are learned to the model, and gradients back.

use super::FitFloat;
use super::architecture::Architecture;
use super::gradient::ModelGradient;
use super::misfit::Misfit;
use super::model::Model;
use super::observations::Observations;
use super::parts::{
    Columns, DrivePart, GainPart, InitialPart, ReadoutPart, RecurrencePart, matrix, unit_columns,
};
use crate::blocks::{Blocks, Shapes};
use crate::matrix::Matrix;
use crate::scalar::Stream;

/// The parts of a model of a given recording.
#[derive(Clone, Debug)]
pub(super) struct Assembly<S> {
    columns: Columns,
    initial: InitialPart,
    recurrence: RecurrencePart<S>,
    drive: DrivePart<S>,
    readout: ReadoutPart<S>,
    gain: GainPart,
}

impl<S: FitFloat> Assembly<S> {
    /// Prepares the priors and the scales of the neurons.
    pub fn new(architecture: &Architecture, observations: &Observations<S>) -> Self {
        let groups = &observations.groups;
        let steps = architecture.steps(observations.bins);
        Assembly {
            columns: Columns::new(architecture),
            initial: InitialPart::new(architecture, groups),
            recurrence: RecurrencePart::new(architecture, observations),
            drive: DrivePart::new(architecture, groups, steps),
            readout: ReadoutPart::new(architecture, observations),
            gain: GainPart::new(architecture, groups),
        }
    }

    /// The same with another readout.
    pub fn with_readout(self, readout: ReadoutPart<S>) -> Self {
        Assembly { readout, ..self }
    }

    /// The names and shapes of all blocks.
    pub fn shapes(&self) -> Shapes {
        let parts = [
            self.initial.shapes(),
            self.recurrence.shapes(),
            self.drive.shapes(),
            self.readout.shapes(),
            self.gain.shapes(),
        ];
        parts.concat()
    }

    /// Holds blocks to these names and shapes.
    pub fn check(&self, blocks: &Blocks<S>) -> Result<(), Misfit> {
        let (found, expected) = (blocks.shapes(), self.shapes());
        let dense = blocks.iter().all(|(_, block)| block.dense().is_some());
        Misfit::unless(
            found == expected && dense,
            "list of blocks",
            format!("{found:?}"),
            format!("{expected:?}, all of them dense"),
        )
    }

    /// Where fitting starts: weights of unit strength, the same in all trials and symmetric, so
    /// that activity neither dies nor grows; random states, inputs and readout.
    pub fn start(&self, stream: &Stream) -> Blocks<S> {
        let blocks = self.initial.start(Blocks::default(), stream);
        let blocks = self.recurrence.start(blocks, stream);
        let blocks = self.drive.start(blocks, stream);
        let blocks = self.readout.start(blocks, stream);
        self.gain.start(blocks)
    }

    /// The model that the blocks stand for.
    pub fn model(&self, blocks: &Blocks<S>) -> Model<S> {
        let of_weights = unit_columns(matrix(blocks, "column"));
        Model {
            rank: of_weights.cols(),
            initial: self.initial.states(blocks, &of_weights),
            columns: self.drive.columns(blocks, &of_weights),
            weights: self.recurrence.weights(blocks),
            drive: self.drive.drive(blocks),
            readout: self.readout.readout(blocks),
            gains: self.gain.logarithms(blocks),
        }
    }

    /// The gradient by the blocks, given that by the model.
    pub fn pull_back(&self, blocks: &Blocks<S>, by_model: &ModelGradient<S>) -> Blocks<S> {
        let of_weights = by_model.columns.columns(self.columns.weights.clone());
        let mut of_weights =
            Matrix::from_columns(of_weights.rows(), of_weights.cols(), of_weights.data().to_vec());
        let columns = unit_columns(matrix(blocks, "column"));
        let gradient = self.initial.pull_back(
            blocks,
            &columns,
            &by_model.initial,
            &mut of_weights,
            Blocks::default(),
        );
        let gradient = self.recurrence.pull_back(blocks, &of_weights, &by_model.weights, gradient);
        let gradient = self.drive.pull_back(&by_model.columns, &by_model.drive, gradient);
        let gradient = self.readout.pull_back(blocks, &by_model.readout, gradient);
        self.gain.pull_back(&by_model.gains, gradient)
    }
}
