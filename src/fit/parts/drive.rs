//! What drives the network: inputs of conditions, deviations of single trials from them, and a bias.

use std::ops::Range;

use super::columns::Columns;
use super::{matrix, normal, state_scale};
use crate::blocks::{Blocks, Shapes};
use crate::fit::FitFloat;
use crate::fit::architecture::{Architecture, Bias, Course, Grouping, Through};
use crate::fit::observations::Groups;
use crate::fit::prior::time_whitening;
use crate::matrix::Matrix;
use crate::scalar::{Scalar, Stream};

/// By how much each column drives the network.
#[derive(Clone, Debug)]
pub struct Drive<S> {
    /// The coefficients of the columns, (R + ..., conditions S): all conditions of a step together.
    pub coefficients: Matrix<S>,
    /// Conditions.
    pub conditions: usize,
    /// That of each trial.
    pub of_trial: Vec<usize>,
    /// What the bias is of the coefficients, at every step of every condition, (R + ..., 1).
    pub bias: Matrix<S>,
    /// What is added to the coefficients of the weights' columns in all steps of a trial, (R, K);
    /// none if nothing is.
    pub deviations: Option<Matrix<S>>,
}

impl<S: Scalar> Drive<S> {
    /// Appends the coefficients in a trial at a step.
    pub fn append(&self, all: &mut Vec<S>, trial: usize, step: usize) {
        let first = all.len();
        let condition = self.of_trial[trial];
        all.extend_from_slice(self.coefficients.column(step * self.conditions + condition));
        if let Some(deviations) = &self.deviations {
            let added = deviations.column(trial).iter();
            all[first..].iter_mut().zip(added).for_each(|(z, &deviation)| *z += deviation);
        }
    }
}

/// What is learned of the drive.
#[derive(Clone, Debug)]
pub struct DrivePart<S> {
    units: usize,
    columns: Columns,
    steps: usize,
    conditions: usize,
    of_trial: Vec<usize>,
    /// None if no step has inputs.
    inputs: Option<InputPart<S>>,
    /// The standard deviation of the deviations of trials; 0 if there are none.
    spread: f64,
    bias: Bias,
}

/// Inputs, one for each condition.
#[derive(Clone, Debug)]
struct InputPart<S> {
    /// The steps in which they are there.
    steps: Range<usize>,
    /// The columns through which they enter.
    columns: Range<usize>,
    /// What they are multiplied by there.
    scale: S,
    course: InputCourse<S>,
}

/// How inputs change in time.
#[derive(Clone, Debug)]
enum InputCourse<S> {
    /// They do not.
    Constant,
    /// Smoothly: the Cholesky factor of the prior over their steps.
    Smooth(Matrix<S>),
}

impl<S: FitFloat> InputPart<S> {
    fn new(architecture: &Architecture, columns: &Columns, steps: usize) -> Option<Self> {
        let driven = architecture.driven(steps);
        let (columns, scale) = match architecture.inputs.through {
            Through::Weights => (columns.weights.clone(), state_scale(architecture.units)),
            Through::Own(_) => (columns.inputs.clone(), S::ONE),
        };
        let course = match architecture.inputs.course {
            Course::Constant => InputCourse::Constant,
            Course::Smooth(length) => {
                InputCourse::Smooth(time_whitening(driven.len(), length).map(S::from_f64))
            }
        };
        (!driven.is_empty()).then_some(InputPart { steps: driven, columns, scale, course })
    }

    /// Times at which there are numbers of their own.
    fn times(&self) -> usize {
        match &self.course {
            InputCourse::Constant => 1,
            InputCourse::Smooth(_) => self.steps.len(),
        }
    }

    /// The steps, each with the time whose numbers it has.
    fn steps_and_times(&self) -> impl Iterator<Item = (usize, usize)> + use<S> {
        let last = self.times() - 1;
        self.steps.clone().enumerate().map(move |(time, step)| (step, time.min(last)))
    }
}

impl<S: FitFloat> DrivePart<S> {
    /// Of a model of trials of these conditions, in `steps` steps.
    pub fn new(architecture: &Architecture, groups: &Groups, steps: usize) -> Self {
        let columns = Columns::new(architecture);
        DrivePart {
            units: architecture.units,
            inputs: InputPart::new(architecture, &columns, steps),
            columns,
            steps,
            conditions: groups.count(Grouping::Condition),
            of_trial: groups.of_trials(Grouping::Condition),
            spread: architecture.input_spread,
            bias: architecture.bias,
        }
    }

    /// `inputs`, whitened in time; `input_columns` and `input_deviations`, of unit scale; `bias`.
    pub fn shapes(&self) -> Shapes {
        let mut shapes = Vec::new();
        if let Some(inputs) = &self.inputs {
            let shape = (inputs.times(), inputs.columns.len() * self.conditions);
            shapes.push(("inputs".into(), shape));
        }
        if !self.columns.inputs.is_empty() {
            shapes.push(("input_columns".into(), (self.units, self.columns.inputs.len())));
        }
        if self.spread > 0.0 {
            let shape = (self.columns.weights.len(), self.of_trial.len());
            shapes.push(("input_deviations".into(), shape));
        }
        match self.bias {
            Bias::None => {}
            Bias::Confined => shapes.push(("bias".into(), (self.columns.weights.len(), 1))),
            Bias::Free => shapes.push(("bias".into(), (self.units, 1))),
        }
        shapes
    }

    /// Weak random inputs, random columns, no deviations, no bias.
    pub fn start(&self, blocks: Blocks<S>, stream: &Stream) -> Blocks<S> {
        self.shapes().into_iter().fold(blocks, |blocks, (name, shape)| {
            let start = match name.as_str() {
                "inputs" => normal(shape, 0.1, &stream.named("inputs")),
                "input_columns" => normal(shape, 1.0, &stream.named("input columns")),
                _ => Matrix::zeros(shape.0, shape.1),
            };
            blocks.with(&name, start)
        })
    }

    /// All columns E, given those of the weights.
    pub fn columns(&self, blocks: &Blocks<S>, of_weights: &Matrix<S>) -> Matrix<S> {
        let mut parts = vec![of_weights];
        if !self.columns.inputs.is_empty() {
            parts.push(matrix(blocks, "input_columns"));
        }
        if self.bias == Bias::Free {
            parts.push(matrix(blocks, "bias"));
        }
        Matrix::beside(self.units, parts)
    }

    /// The coefficients of the columns that the blocks stand for.
    pub fn drive(&self, blocks: &Blocks<S>) -> Drive<S> {
        let mut coefficients = Matrix::zeros(self.columns.count(), self.conditions * self.steps);
        self.add_bias(blocks, &mut coefficients);
        if let Some(part) = &self.inputs {
            let inputs = match &part.course {
                InputCourse::Constant => matrix(blocks, "inputs").clone(),
                InputCourse::Smooth(whitening) => whitening.times(matrix(blocks, "inputs")),
            };
            let dimension = part.columns.len();
            for (step, time) in part.steps_and_times() {
                for condition in 0..self.conditions {
                    let z = coefficients.column_mut(step * self.conditions + condition);
                    for (d, column) in part.columns.clone().enumerate() {
                        z[column] += part.scale * inputs[(time, condition * dimension + d)];
                    }
                }
            }
        }
        let mut bias = Matrix::zeros(self.columns.count(), 1);
        self.add_bias(blocks, &mut bias);
        let deviations = (self.spread > 0.0).then(|| {
            let mut deviations = matrix(blocks, "input_deviations").clone();
            deviations.scale(self.size_of_deviations());
            deviations
        });
        let (conditions, of_trial) = (self.conditions, self.of_trial.clone());
        Drive { coefficients, conditions, of_trial, bias, deviations }
    }

    fn size_of_deviations(&self) -> S {
        S::from_f64(self.spread) * state_scale(self.units)
    }

    fn add_bias(&self, blocks: &Blocks<S>, coefficients: &mut Matrix<S>) {
        for column in coefficients.data_mut().chunks_exact_mut(self.columns.count()) {
            match self.bias {
                Bias::None => {}
                Bias::Free => column[self.columns.bias.start] = S::ONE,
                Bias::Confined => {
                    let scale: S = state_scale(self.units);
                    let bias = matrix(blocks, "bias").data();
                    column.iter_mut().zip(bias).for_each(|(z, &bias)| *z = scale * bias);
                }
            }
        }
    }

    /// Appends the gradient by the blocks, given that by the columns E and by the coefficients of
    /// all trials, (R + ..., S K): trial after trial in each step.
    pub fn pull_back(
        &self,
        columns: &Matrix<S>,
        coefficients: &Matrix<S>,
        gradient: Blocks<S>,
    ) -> Blocks<S> {
        let some_columns = |range: &Range<usize>| {
            let data = columns.columns(range.clone()).data().to_vec();
            Matrix::from_columns(self.units, range.len(), data)
        };
        let mut gradient = gradient;
        if let Some(part) = &self.inputs {
            gradient = gradient.with("inputs", self.pull_back_inputs(part, coefficients));
        }
        if !self.columns.inputs.is_empty() {
            gradient = gradient.with("input_columns", some_columns(&self.columns.inputs));
        }
        if self.spread > 0.0 {
            let of_trials = self.pull_back_deviations(coefficients);
            gradient = gradient.with("input_deviations", of_trials);
        }
        match self.bias {
            Bias::None => gradient,
            Bias::Free => gradient.with("bias", some_columns(&self.columns.bias)),
            Bias::Confined => gradient.with("bias", self.pull_back_bias(coefficients)),
        }
    }

    fn pull_back_inputs(&self, part: &InputPart<S>, coefficients: &Matrix<S>) -> Matrix<S> {
        let (dimension, trials) = (part.columns.len(), self.of_trial.len());
        let mut inputs = Matrix::zeros(part.times(), dimension * self.conditions);
        for (step, time) in part.steps_and_times() {
            for (k, &condition) in self.of_trial.iter().enumerate() {
                let z = coefficients.column(step * trials + k);
                for (d, column) in part.columns.clone().enumerate() {
                    inputs[(time, condition * dimension + d)] += part.scale * z[column];
                }
            }
        }
        match &part.course {
            InputCourse::Constant => inputs,
            InputCourse::Smooth(whitening) => Matrix::product(whitening.t(), inputs.view()),
        }
    }

    /// The sums over steps of the gradient by the coefficients of the weights' columns, (R, K).
    fn pull_back_deviations(&self, coefficients: &Matrix<S>) -> Matrix<S> {
        let (rank, trials) = (self.columns.weights.len(), self.of_trial.len());
        let mut sums = Matrix::zeros(rank, trials);
        for (j, z) in coefficients.data().chunks_exact(coefficients.rows()).enumerate() {
            let sum = sums.column_mut(j % trials).iter_mut();
            sum.zip(z).for_each(|(sum, &z)| *sum += z);
        }
        sums.scale(self.size_of_deviations());
        sums
    }

    fn pull_back_bias(&self, coefficients: &Matrix<S>) -> Matrix<S> {
        let scale: S = state_scale(self.units);
        let mut bias = Matrix::zeros(self.columns.weights.len(), 1);
        for z in coefficients.data().chunks_exact(coefficients.rows()) {
            bias.data_mut().iter_mut().zip(z).for_each(|(sum, &z)| *sum += scale * z);
        }
        bias
    }
}
