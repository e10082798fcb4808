//! The numbers that are learned, all of unit scale, and where they start.

use super::architecture::{Architecture, Bias, Course, Grouping, InitialStates, Recurrence};
use super::observations::Groups;
use crate::matrix::Matrix;
use crate::scalar::{Real, Stream};

/// Everything that is learned, as blocks of numbers of about unit scale, so that one step size
/// serves all; [`Model`](super::Model) says what is made of them. Blocks that an architecture does
/// not have are empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters<S> {
    /// The directions of a_1..a_R, (N, R).
    pub column: Matrix<S>,
    /// The directions of b_1..b_R, (N, R).
    pub row: Matrix<S>,
    /// The means of c_1..c_R over trials, (R, 1).
    pub mean: Matrix<S>,
    /// The trial factors, whitened by the prior, (K, R).
    pub whitened: Matrix<S>,
    /// The columns of free weights, (N, R K), trial after trial.
    pub free_column: Matrix<S>,
    /// The rows of free weights, (N, R K).
    pub free_row: Matrix<S>,
    /// Initial states, (R or N, groups).
    pub initial: Matrix<S>,
    /// Inputs, whitened in time, (times, d conditions).
    pub inputs: Matrix<S>,
    /// The columns of inputs of their own, (N, d).
    pub input_columns: Matrix<S>,
    /// The constant drive, (R or N, 1).
    pub bias: Matrix<S>,
    /// The readout, (neurons, N).
    pub readout: Matrix<S>,
    /// The gain of an orthonormal readout, (1, 1).
    pub gain: Matrix<S>,
    /// The offsets of neurons, (neurons, 1).
    pub offset: Matrix<S>,
}

/// The name of each block in files, in the order of [`Parameters::blocks`].
pub const BLOCKS: [&str; 13] = [
    "column",
    "row",
    "mean",
    "whitened",
    "free_column",
    "free_row",
    "initial",
    "inputs",
    "input_columns",
    "bias",
    "readout",
    "gain",
    "offset",
];

impl<S> Parameters<S> {
    /// The blocks in the order of [`BLOCKS`].
    pub fn blocks(&self) -> [&Matrix<S>; 13] {
        [
            &self.column,
            &self.row,
            &self.mean,
            &self.whitened,
            &self.free_column,
            &self.free_row,
            &self.initial,
            &self.inputs,
            &self.input_columns,
            &self.bias,
            &self.readout,
            &self.gain,
            &self.offset,
        ]
    }

    /// The blocks in the order of [`BLOCKS`], to change.
    pub fn blocks_mut(&mut self) -> [&mut Matrix<S>; 13] {
        [
            &mut self.column,
            &mut self.row,
            &mut self.mean,
            &mut self.whitened,
            &mut self.free_column,
            &mut self.free_row,
            &mut self.initial,
            &mut self.inputs,
            &mut self.input_columns,
            &mut self.bias,
            &mut self.readout,
            &mut self.gain,
            &mut self.offset,
        ]
    }
}

impl<S: Real> Parameters<S> {
    /// All zero: the shape that an architecture needs for `neurons` neurons in `bins` bins.
    pub fn zeros(
        architecture: &Architecture,
        groups: &Groups,
        neurons: usize,
        bins: usize,
    ) -> Self {
        let Architecture { units, rank, .. } = *architecture;
        let trials = groups.trials();
        let low_tensor_rank = matches!(architecture.recurrence, Recurrence::LowTensorRank(_));
        let free = architecture.recurrence == Recurrence::Free;
        let (initial, states) = match architecture.initial {
            InitialStates::Zero => (0, 0),
            InitialStates::Learned { by, confined } => {
                (if confined { rank } else { units }, groups.count(by))
            }
        };
        let times = match architecture.inputs.course {
            Course::Constant => 1,
            Course::Smooth(_) => architecture.driven(architecture.steps(bins)).len(),
        };
        let dimension = architecture.input_dimension();
        let bias = match architecture.bias {
            Bias::None => 0,
            Bias::Confined => rank,
            Bias::Free => units,
        };
        let all_free = if free { rank * trials } else { 0 };
        let zeros = Matrix::zeros;
        Parameters {
            column: zeros(units, rank),
            row: zeros(units, if free { 0 } else { rank }),
            mean: zeros(if free { 0 } else { rank }, 1),
            whitened: zeros(if low_tensor_rank { trials } else { 0 }, rank),
            free_column: zeros(units, all_free),
            free_row: zeros(units, all_free),
            initial: zeros(initial, states),
            inputs: zeros(
                if dimension > 0 { times } else { 0 },
                dimension * groups.count(Grouping::Condition),
            ),
            input_columns: zeros(units, architecture.own_inputs()),
            bias: zeros(bias, usize::from(bias > 0)),
            readout: zeros(neurons, units),
            gain: zeros(usize::from(architecture.readout.orthonormal), 1),
            offset: zeros(if architecture.readout.offset { neurons } else { 0 }, 1),
        }
    }

    /// Where fitting starts: weights of unit strength, the same in all trials and symmetric, so
    /// that activity neither dies nor grows; random states, inputs and readout.
    pub fn start(
        architecture: &Architecture,
        groups: &Groups,
        neurons: usize,
        bins: usize,
        stream: &Stream,
    ) -> Self {
        let mut start = Self::zeros(architecture, groups, neurons, bins);
        let fill = |matrix: &mut Matrix<S>, size, name| fill(matrix, size, &stream.named(name));
        fill(&mut start.column, 1.0, "column");
        fill(&mut start.initial, 0.5, "initial");
        fill(&mut start.inputs, 0.1, "inputs");
        fill(&mut start.input_columns, 1.0, "input columns");
        fill(&mut start.readout, 1.0, "readout");
        start.mean.data_mut().fill(S::ONE);
        start.gain.data_mut().fill(S::ONE);
        if architecture.recurrence == Recurrence::Free {
            for copy in [&mut start.free_column, &mut start.free_row] {
                for trial in copy.data_mut().chunks_exact_mut(start.column.data().len().max(1)) {
                    trial.copy_from_slice(start.column.data());
                }
            }
        } else {
            start.row = start.column.clone();
        }
        start
    }

    /// How many numbers are learned.
    pub fn count(&self) -> usize {
        self.blocks().iter().map(|block| block.data().len()).sum()
    }

    /// True if no number is a NaN or an infinity.
    pub fn is_finite(&self) -> bool {
        self.blocks().iter().all(|block| block.is_finite())
    }
}

/// Fills a matrix with normal numbers of this standard deviation, from the start of a stream.
pub(super) fn fill<S: Real>(matrix: &mut Matrix<S>, size: f64, stream: &Stream) {
    let mut stream = stream.clone();
    matrix.data_mut().iter_mut().for_each(|x| *x = S::from_f64(size * stream.normal()));
}
