//! From the numbers that are learned to the model, and gradients back.

use super::FitFloat;
use super::architecture::{Architecture, Bias, Course, Grouping, InitialStates, Recurrence};
use super::architecture::{Likelihood, Through};
use super::model::{ChunkGradient, Model};
use super::observations::{Groups, Observations};
use super::orthonormal;
use super::parameters::Parameters;
use super::prior::time_whitening;
use crate::matrix::Matrix;

/// What turns parameters of unit scale into a model of a given recording.
#[derive(Clone, Debug)]
pub struct Assembly<S> {
    /// What the model is made of.
    pub architecture: Architecture,
    /// Conditions of trials.
    pub groups: Groups,
    /// Bins, T.
    pub bins: usize,
    /// The Cholesky factor of the prior over trials, (K, K), if there is one.
    trial_factor: Option<Matrix<S>>,
    /// That over the steps of inputs, if they are smooth.
    time_factor: Option<Matrix<S>>,
    /// What the output of each neuron is scaled by.
    scales: Vec<S>,
    /// Where the offset of each neuron starts.
    offsets: Vec<S>,
}

impl<S: FitFloat> Assembly<S> {
    /// Prepares the priors and the scales of the neurons.
    pub fn new(architecture: &Architecture, observations: &Observations<S>) -> Self {
        let trial_factor = match &architecture.recurrence {
            Recurrence::LowTensorRank(prior) => Some(
                prior.whitening(&observations.trial_numbers, &observations.epochs).map(S::from_f64),
            ),
            _ => None,
        };
        let driven = architecture.driven(architecture.steps(observations.bins)).len();
        let time_factor = match architecture.inputs.course {
            Course::Smooth(length) if driven > 0 => {
                Some(time_whitening(driven, length).map(S::from_f64))
            }
            _ => None,
        };
        let (scales, offsets) = scales(architecture, observations);
        Assembly {
            architecture: architecture.clone(),
            groups: observations.groups.clone(),
            bins: observations.bins,
            trial_factor,
            time_factor,
            scales,
            offsets,
        }
    }

    fn steps(&self) -> usize {
        self.architecture.steps(self.bins)
    }

    /// The scale of states: as long as a vector of N numbers of unit size.
    fn root(&self) -> S {
        S::from_f64((self.architecture.units as f64).sqrt())
    }

    /// The model of these parameters.
    pub fn model(&self, parameters: &Parameters<S>) -> Model<S> {
        let units = self.architecture.units;
        let directions = normalized(&parameters.column);
        let bias = match self.architecture.bias {
            Bias::Free => parameters.bias.clone(),
            _ => Matrix::zeros(units, 0),
        };
        Model {
            columns: Matrix::beside(units, [&directions, &parameters.input_columns, &bias]),
            rows: normalized(&parameters.row),
            factors: self.factors(parameters),
            free_columns: unit_strength(&parameters.free_column),
            free_rows: unit_strength(&parameters.free_row),
            initial: match self.architecture.initial {
                InitialStates::Learned { confined: true, .. } => {
                    let mut states = directions.times(&parameters.initial);
                    states.scale(self.root());
                    states
                }
                _ => parameters.initial.clone(),
            },
            drive: self.drive(parameters),
            readout: self.readout(parameters),
            offset: Matrix::from_fn(parameters.offset.rows(), 1, |n, _| {
                self.offsets[n] + self.scales[n] * parameters.offset[(n, 0)]
            }),
        }
    }

    /// c = mean + L w, (R, K).
    fn factors(&self, parameters: &Parameters<S>) -> Matrix<S> {
        let (rank, trials) = (parameters.mean.rows(), self.groups.trials());
        let mut factors = match &self.trial_factor {
            Some(factor) => Matrix::product(parameters.whitened.t(), factor.t()),
            None => Matrix::zeros(rank, if rank == 0 { 0 } else { trials }),
        };
        for column in factors.data_mut().chunks_exact_mut(rank.max(1)) {
            column.iter_mut().zip(parameters.mean.data()).for_each(|(c, &mean)| *c += mean);
        }
        factors
    }

    /// Coefficients of the columns at every step for every condition.
    fn drive(&self, parameters: &Parameters<S>) -> Matrix<S> {
        let conditions = self.groups.count(Grouping::Condition);
        let (rank, own) = (self.architecture.rank, self.architecture.own_inputs());
        let free_bias = self.architecture.bias == Bias::Free;
        let width = rank + own + usize::from(free_bias);
        let mut drive = Matrix::zeros(width, conditions * self.steps());
        for column in drive.data_mut().chunks_exact_mut(width.max(1)) {
            match self.architecture.bias {
                Bias::None => {}
                Bias::Free => column[rank + own] = S::ONE,
                Bias::Confined => {
                    for (z, &bias) in column.iter_mut().zip(parameters.bias.data()) {
                        *z = self.root() * bias;
                    }
                }
            }
        }
        let dimension = self.architecture.input_dimension();
        let inputs = self.inputs(parameters);
        let (first, scale) = self.entry();
        for (index, step) in self.architecture.driven(self.steps()).enumerate() {
            for condition in 0..conditions {
                let z = drive.column_mut(step * conditions + condition);
                let time = index.min(inputs.rows().saturating_sub(1));
                for d in 0..dimension {
                    z[first + d] += scale * inputs[(time, condition * dimension + d)];
                }
            }
        }
        drive
    }

    /// The first column through which inputs enter, and their scale.
    fn entry(&self) -> (usize, S) {
        match self.architecture.inputs.through {
            Through::Weights => (0, self.root()),
            Through::Own(_) => (self.architecture.rank, S::ONE),
        }
    }

    fn inputs(&self, parameters: &Parameters<S>) -> Matrix<S> {
        match &self.time_factor {
            Some(factor) => factor.times(&parameters.inputs),
            None => parameters.inputs.clone(),
        }
    }

    fn readout(&self, parameters: &Parameters<S>) -> Matrix<S> {
        if self.architecture.readout.orthonormal {
            let mut readout = orthonormal::of(&parameters.readout);
            readout.scale(self.common_scale() * parameters.gain[(0, 0)]);
            return readout;
        }
        let unit = self.root().inverse().expect("there are units");
        let m = &parameters.readout;
        Matrix::from_fn(m.rows(), m.cols(), |n, i| self.scales[n] * unit * m[(n, i)])
    }

    /// Of an orthonormal readout: what makes the outputs as large as the data.
    fn common_scale(&self) -> S {
        let neurons = self.scales.len();
        let narrow = neurons.min(self.architecture.units).max(1) as f64;
        let power: f64 = self.scales.iter().map(|scale| scale.to_f64().powi(2)).sum();
        S::from_f64((power / narrow).sqrt())
    }

    /// The gradient by the parameters, from those of all chunks in their order.
    pub fn pull_back(
        &self,
        parameters: &Parameters<S>,
        model: &Model<S>,
        chunks: &[ChunkGradient<S>],
    ) -> Parameters<S> {
        let sum = together(chunks);
        let (units, rank) = (self.architecture.units, self.architecture.rank);
        let columns = |range: std::ops::Range<usize>| {
            let data = sum.columns.columns(range.clone()).data().to_vec();
            Matrix::from_columns(units, range.len(), data)
        };
        let own = self.architecture.own_inputs();
        let mut directions = columns(0..rank);
        let initial = self.pull_back_initial(&sum.initial, parameters, model, &mut directions);
        let mean = (0..parameters.mean.rows())
            .map(|r| (0..sum.factors.cols()).fold(S::ZERO, |total, k| total + sum.factors[(r, k)]));
        let (inputs, confined_bias) = self.pull_back_drive(parameters, &sum.drive);
        let (readout, gain) = self.pull_back_readout(parameters, &sum.readout);
        Parameters {
            column: normalized_back(&parameters.column, &directions),
            row: normalized_back(&parameters.row, &sum.rows),
            mean: Matrix::from_columns(parameters.mean.rows(), 1, mean.collect()),
            whitened: match &self.trial_factor {
                Some(factor) => Matrix::product(factor.t(), sum.factors.t()),
                None => Matrix::zeros(0, rank),
            },
            free_column: unit_strength(&sum.free_columns),
            free_row: unit_strength(&sum.free_rows),
            initial,
            inputs,
            input_columns: columns(rank..rank + own),
            bias: match self.architecture.bias {
                Bias::Free => columns(rank + own..rank + own + 1),
                Bias::None | Bias::Confined => confined_bias,
            },
            readout,
            gain,
            offset: Matrix::from_fn(parameters.offset.rows(), 1, |n, _| {
                self.scales[n] * sum.offset[(n, 0)]
            }),
        }
    }

    fn pull_back_initial(
        &self,
        of_trials: &Matrix<S>,
        parameters: &Parameters<S>,
        model: &Model<S>,
        directions: &mut Matrix<S>,
    ) -> Matrix<S> {
        let InitialStates::Learned { by, confined } = self.architecture.initial else {
            return Matrix::zeros(0, 0);
        };
        let mut of_groups = Matrix::zeros(of_trials.rows(), self.groups.count(by));
        for k in 0..of_trials.cols() {
            let group = of_groups.column_mut(self.groups.of(by, k));
            group.iter_mut().zip(of_trials.column(k)).for_each(|(sum, &x)| *sum += x);
        }
        if !confined {
            return of_groups;
        }
        of_groups.scale(self.root());
        directions.add_scaled(S::ONE, &Matrix::product(of_groups.view(), parameters.initial.t()));
        let unit = model.columns.columns(0..self.architecture.rank);
        Matrix::product(unit.transpose(), of_groups.view())
    }

    /// The gradients of inputs and of a confined bias.
    fn pull_back_drive(
        &self,
        parameters: &Parameters<S>,
        of_trials: &Matrix<S>,
    ) -> (Matrix<S>, Matrix<S>) {
        let dimension = self.architecture.input_dimension();
        let (first, scale) = self.entry();
        let times = parameters.inputs.rows();
        let mut inputs = Matrix::zeros(times, parameters.inputs.cols());
        let trials = self.groups.trials();
        if times > 0 {
            for (index, step) in self.architecture.driven(self.steps()).enumerate() {
                for k in 0..trials {
                    let condition = self.groups.of(Grouping::Condition, k);
                    let z = of_trials.column(step * trials + k);
                    for d in 0..dimension {
                        let place = (index.min(times - 1), condition * dimension + d);
                        inputs[place] += scale * z[first + d];
                    }
                }
            }
        }
        let mut bias = Matrix::zeros(parameters.bias.rows(), parameters.bias.cols());
        if self.architecture.bias == Bias::Confined {
            for z in of_trials.data().chunks_exact(of_trials.rows()) {
                let entries = bias.data_mut().iter_mut().zip(z);
                entries.for_each(|(sum, &z)| *sum += self.root() * z);
            }
        }
        match &self.time_factor {
            Some(factor) => (Matrix::product(factor.t(), inputs.view()), bias),
            None => (inputs, bias),
        }
    }

    fn pull_back_readout(
        &self,
        parameters: &Parameters<S>,
        gradient: &Matrix<S>,
    ) -> (Matrix<S>, Matrix<S>) {
        if self.architecture.readout.orthonormal {
            let (scale, gain) = (self.common_scale(), parameters.gain[(0, 0)]);
            let (factor, mut back) = orthonormal::back(&parameters.readout, gradient);
            let of_gain = scale * factor.inner_product(gradient);
            back.scale(scale * gain);
            return (back, Matrix::from_columns(1, 1, vec![of_gain]));
        }
        let unit = self.root().inverse().expect("there are units");
        let scaled = |n: usize, i: usize| self.scales[n] * unit * gradient[(n, i)];
        (Matrix::from_fn(gradient.rows(), gradient.cols(), scaled), Matrix::zeros(0, 1))
    }
}

/// The gradient of all trials: sums, in the order of the chunks, of what is common, and side by side
/// what belongs to trials.
fn together<S: FitFloat>(chunks: &[ChunkGradient<S>]) -> ChunkGradient<S> {
    let first = chunks.first().expect("there are trials");
    let sum = |part: fn(&ChunkGradient<S>) -> &Matrix<S>| {
        let mut sum = part(first).clone();
        chunks[1..].iter().for_each(|chunk| sum.add_scaled(S::ONE, part(chunk)));
        sum
    };
    let beside = |part: fn(&ChunkGradient<S>) -> &Matrix<S>| {
        Matrix::beside(part(first).rows(), chunks.iter().map(part))
    };
    ChunkGradient {
        columns: sum(|chunk| &chunk.columns),
        rows: sum(|chunk| &chunk.rows),
        readout: sum(|chunk| &chunk.readout),
        offset: sum(|chunk| &chunk.offset),
        factors: beside(|chunk| &chunk.factors),
        free_columns: beside(|chunk| &chunk.free_columns),
        free_rows: beside(|chunk| &chunk.free_rows),
        initial: beside(|chunk| &chunk.initial),
        drive: step_by_step(chunks),
    }
}

/// The coefficients of all trials at the first step, then those at the next, and so on.
fn step_by_step<S: FitFloat>(chunks: &[ChunkGradient<S>]) -> Matrix<S> {
    let (width, trials) = (chunks[0].drive.rows(), chunks[0].initial.cols());
    let steps = chunks[0].drive.cols() / trials;
    let mut data = Vec::new();
    for step in 0..steps {
        for ChunkGradient { drive, initial, .. } in chunks {
            let block = step * initial.cols()..(step + 1) * initial.cols();
            data.extend_from_slice(drive.columns(block).data());
        }
    }
    Matrix::from_columns(width, data.len() / width, data)
}

/// The size of a neuron's activity and where it lies: the standard deviation and the mean, or of a
/// Poisson count 1 and the logarithm of the mean.
fn scales<S: FitFloat>(
    architecture: &Architecture,
    observations: &Observations<S>,
) -> (Vec<S>, Vec<S>) {
    let pair = observations.statistics.iter().map(|neuron| match architecture.likelihood {
        // A neuron without variance is predicted by its offset alone.
        Likelihood::Gaussian => (neuron.variance.sqrt(), neuron.mean),
        // A neuron without a spike gets a rate below what its number of bins could show.
        Likelihood::Poisson => (1.0, neuron.mean.max(0.1 / neuron.entries.max(1) as f64).ln()),
    });
    pair.map(|(scale, offset)| (S::from_f64(scale), S::from_f64(offset))).unzip()
}

/// The columns divided by their norms.
fn normalized<S: FitFloat>(matrix: &Matrix<S>) -> Matrix<S> {
    let mut unit = matrix.clone();
    for r in 0..unit.cols() {
        let inverse = inverse_norm(matrix.column(r));
        unit.column_mut(r).iter_mut().for_each(|x| *x *= inverse);
    }
    unit
}

/// Through [`normalized`]: the part across each column, divided by its norm.
fn normalized_back<S: FitFloat>(matrix: &Matrix<S>, gradient: &Matrix<S>) -> Matrix<S> {
    let unit = normalized(matrix);
    let mut back = gradient.clone();
    for r in 0..back.cols() {
        let inverse = inverse_norm(matrix.column(r));
        let along = dot(unit.column(r), gradient.column(r));
        for (g, &u) in back.column_mut(r).iter_mut().zip(unit.column(r)) {
            *g = inverse * (*g - along * u);
        }
    }
    back
}

/// Factors of free weights, whose entries are of unit scale, made as long as unit vectors.
fn unit_strength<S: FitFloat>(matrix: &Matrix<S>) -> Matrix<S> {
    let mut scaled = matrix.clone();
    scaled.scale(S::from_f64((matrix.rows().max(1) as f64).sqrt().recip()));
    scaled
}

fn dot<S: FitFloat>(a: &[S], b: &[S]) -> S {
    a.iter().zip(b).fold(S::ZERO, |sum, (&a, &b)| sum + a * b)
}

fn inverse_norm<S: FitFloat>(column: &[S]) -> S {
    dot(column, column).sqrt().inverse().unwrap_or(S::ZERO)
}
