//! The model with its numbers in place, as they enter its equations.

use super::FitFloat;
use super::architecture::Architecture;
use super::dynamics::Dynamics;
use super::parts::{Drive, OfTrials, Readout, Weights};
use crate::matrix::Matrix;

/// The numbers of a model as they enter its equations.
///
/// Units are numbered from 0, trials too: in the order of the recording.
#[derive(Clone, Debug)]
pub struct Model<S> {
    /// Terms, R.
    pub(super) rank: usize,
    /// Where trials start; none if all start at zero.
    pub(super) initial: Option<OfTrials<S>>,
    /// E: a_1..a_R of unit norm, columns of inputs, a free bias, (N, R + ...).
    pub(super) columns: Matrix<S>,
    pub(super) weights: Weights<S>,
    pub(super) drive: Drive<S>,
    pub(super) readout: Readout<S>,
    /// The logarithms of the gains of trials; none if all are one.
    pub(super) gains: Option<Vec<S>>,
}

impl<S: FitFloat> Model<S> {
    /// Units of the network, N.
    pub fn units(&self) -> usize {
        self.columns.rows()
    }

    /// The recurrent weights W_k of a trial, (N, N): the rate of unit j drives unit i by entry
    /// (i, j).
    ///
    /// # Panics
    ///
    /// If there is no such trial.
    pub fn weights(&self, trial: usize) -> Matrix<S> {
        let (left, right) = self.factors_of(trial);
        Matrix::product(left.view(), right.t())
    }

    /// Two matrices (N, R) of which `W_k = left right^T`.
    fn factors_of(&self, trial: usize) -> (Matrix<S>, Matrix<S>) {
        match &self.weights {
            Weights::Shared { rows, factors } => {
                let scaled = |i, r| self.columns[(i, r)] * factors[(r, trial)];
                (Matrix::from_fn(self.units(), self.rank, scaled), rows.clone())
            }
            Weights::Free { columns, rows, rank } => {
                let own = |all: &Matrix<S>| {
                    let data = all.columns(trial * rank..(trial + 1) * rank).data().to_vec();
                    Matrix::from_columns(all.rows(), *rank, data)
                };
                (own(columns), own(rows))
            }
        }
    }

    /// The columns a_1..a_R of unit norm that the weights of all trials share, (N, R); none of
    /// weights that are free in each trial.
    pub fn columns(&self) -> Option<Matrix<S>> {
        self.trial_factors().map(|_| self.shared_columns())
    }

    fn shared_columns(&self) -> Matrix<S> {
        let data = self.columns.columns(0..self.rank).data().to_vec();
        Matrix::from_columns(self.units(), self.rank, data)
    }

    /// The rows b_1..b_R of unit norm that the weights of all trials share, (N, R); none of weights
    /// that are free in each trial.
    pub fn rows(&self) -> Option<&Matrix<S>> {
        match &self.weights {
            Weights::Shared { rows, .. } => Some(rows),
            Weights::Free { .. } => None,
        }
    }

    /// The trial factors c_r(k), (R, K); none of weights that are free in each trial.
    pub fn trial_factors(&self) -> Option<&Matrix<S>> {
        match &self.weights {
            Weights::Shared { factors, .. } => Some(factors),
            Weights::Free { .. } => None,
        }
    }

    /// The state x at the start of a trial, (N).
    ///
    /// # Panics
    ///
    /// If there is no such trial.
    pub fn initial_state(&self, trial: usize) -> Vec<S> {
        match &self.initial {
            Some(states) => states.get(trial).to_vec(),
            None => vec![S::ZERO; self.units()],
        }
    }

    /// The different initial states, (N, groups): one for each condition, or each trial, or one.
    pub fn initial_states(&self) -> Matrix<S> {
        let zero = || Matrix::zeros(self.units(), 1);
        self.initial.as_ref().map_or_else(zero, |states| states.columns.clone())
    }

    /// The readout D, (neurons, N).
    pub fn readout(&self) -> &Matrix<S> {
        &self.readout.matrix
    }

    /// The offset of each neuron, (neurons, 1); none if the model has none.
    pub fn offset(&self) -> Option<&Matrix<S>> {
        self.readout.offset.as_ref()
    }

    /// The gain of each trial, by which the means or rates of its entries are multiplied; none of
    /// models in which all gains are one.
    pub fn gains(&self) -> Option<Vec<f64>> {
        let logarithms = self.gains.as_ref()?;
        Some(logarithms.iter().map(|logarithm| logarithm.to_f64().exp()).collect())
    }

    /// The dynamics of a trial without inputs. `architecture` is that of the model.
    ///
    /// # Panics
    ///
    /// If there is no such trial.
    pub fn dynamics(&self, architecture: &Architecture, trial: usize) -> Dynamics {
        match &self.weights {
            Weights::Shared { factors, .. } => {
                let factors = factors.column(trial).iter().map(|c| c.to_f64()).collect();
                self.shared_dynamics(architecture, factors)
            }
            Weights::Free { .. } => {
                let (columns, rows) = self.factors_of(trial);
                Dynamics {
                    factors: vec![1.0; columns.cols()],
                    columns: double(&columns),
                    rows: double(&rows),
                    bias: self.bias(),
                    leak: architecture.leak,
                    activation: architecture.nonlinearity.activation(),
                }
            }
        }
    }

    /// The constant drive, (N).
    fn bias(&self) -> Vec<f64> {
        self.columns.times(&self.drive.bias).data().iter().map(|x| x.to_f64()).collect()
    }

    /// The input of the condition of a trial at a step, without the bias: the coefficients of the
    /// columns E, (R + ...).
    ///
    /// # Panics
    ///
    /// If there is no such trial or step.
    pub fn input(&self, trial: usize, step: usize) -> Vec<S> {
        let Drive { coefficients, conditions, of_trial, bias, .. } = &self.drive;
        let all = coefficients.column(step * conditions + of_trial[trial]).iter();
        all.zip(bias.data()).map(|(&all, &bias)| all - bias).collect()
    }

    fn shared_dynamics(&self, architecture: &Architecture, factors: Vec<f64>) -> Dynamics {
        Dynamics {
            columns: double(&self.shared_columns()),
            rows: self.rows().map_or_else(|| Matrix::zeros(self.units(), 0), double),
            factors,
            bias: self.bias(),
            leak: architecture.leak,
            activation: architecture.nonlinearity.activation(),
        }
    }
}

fn double<S: FitFloat>(matrix: &Matrix<S>) -> Matrix<f64> {
    matrix.map(|x| x.to_f64())
}
