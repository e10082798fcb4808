//! The recurrent weights of all trials.

use super::columns::{unit_columns, unit_columns_back};
use super::{matrix, normal};
use crate::blocks::{Blocks, Shapes};
use crate::fit::FitFloat;
use crate::fit::architecture::{Architecture, Recurrence};
use crate::fit::observations::Observations;
use crate::matrix::Matrix;
use crate::scalar::{Scalar, Stream};

/// The recurrent weights of trials, in factors, or a gradient by them.
#[derive(Clone, Debug)]
pub enum Weights<S> {
    /// `W_k = A diag(c(k)) B^T`, where A are the columns that the whole model shares.
    Shared {
        /// b_1..b_R of unit norm, (N, R).
        rows: Matrix<S>,
        /// c_r(k), (R, K).
        factors: Matrix<S>,
    },
    /// `W_k = A_k B_k^T`.
    Free {
        /// The columns A_k, trial after trial, (N, R K).
        columns: Matrix<S>,
        /// The rows B_k, (N, R K).
        rows: Matrix<S>,
        /// How many each trial has, R.
        rank: usize,
    },
}

impl<S: Scalar> Weights<S> {
    /// Terms of the weights of a trial, R.
    pub fn rank(&self) -> usize {
        match self {
            Weights::Shared { rows, .. } => rows.cols(),
            Weights::Free { rank, .. } => *rank,
        }
    }
}

/// What is learned of the recurrent weights.
#[derive(Clone, Debug)]
pub enum RecurrencePart<S> {
    /// Rows, means of trial factors, and their changes, whitened by the prior.
    LowTensorRank {
        sizes: Sizes,
        /// The Cholesky factor of the prior over trials, (K, K).
        whitening: Matrix<S>,
    },
    /// Rows, and trial factors that are the same in all trials.
    Constant { sizes: Sizes },
    /// Columns and rows for each trial.
    Free { sizes: Sizes },
}

/// Units N, terms R, trials K.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    units: usize,
    rank: usize,
    trials: usize,
}

impl<S: FitFloat> RecurrencePart<S> {
    /// Of a model of a recording.
    pub fn new(architecture: &Architecture, observations: &Observations<S>) -> Self {
        let Architecture { units, rank, .. } = *architecture;
        let sizes = Sizes { units, rank, trials: observations.groups.trials() };
        match &architecture.recurrence {
            Recurrence::LowTensorRank(prior) => {
                let factor = prior.whitening(&observations.trial_numbers, &observations.epochs);
                RecurrencePart::LowTensorRank { sizes, whitening: factor.map(S::from_f64) }
            }
            Recurrence::Constant => RecurrencePart::Constant { sizes },
            Recurrence::Free => RecurrencePart::Free { sizes },
        }
    }

    fn sizes(&self) -> Sizes {
        match *self {
            RecurrencePart::LowTensorRank { sizes, .. }
            | RecurrencePart::Constant { sizes }
            | RecurrencePart::Free { sizes } => sizes,
        }
    }

    /// `column`, and what the alternative has.
    pub fn shapes(&self) -> Shapes {
        let Sizes { units, rank, trials } = self.sizes();
        let alternative = match self {
            RecurrencePart::LowTensorRank { .. } => {
                vec![("row", (units, rank)), ("mean", (rank, 1)), ("whitened", (trials, rank))]
            }
            RecurrencePart::Constant { .. } => vec![("row", (units, rank)), ("mean", (rank, 1))],
            RecurrencePart::Free { .. } => {
                vec![("free_column", (units, rank * trials)), ("free_row", (units, rank * trials))]
            }
        };
        let column = ("column", (units, rank));
        std::iter::once(column)
            .chain(alternative)
            .map(|(name, shape)| (name.into(), shape))
            .collect()
    }

    /// Weights of unit strength, the same in all trials and symmetric, so that activity neither
    /// dies nor grows.
    pub fn start(&self, blocks: Blocks<S>, stream: &Stream) -> Blocks<S> {
        let Sizes { units, rank, trials } = self.sizes();
        let column = normal((units, rank), 1.0, &stream.named("column"));
        let blocks = blocks.with("column", column.clone());
        let ones = || Matrix::from_fn(rank, 1, |_, _| S::ONE);
        match self {
            RecurrencePart::LowTensorRank { .. } => blocks
                .with("row", column)
                .with("mean", ones())
                .with("whitened", Matrix::zeros(trials, rank)),
            RecurrencePart::Constant { .. } => blocks.with("row", column).with("mean", ones()),
            RecurrencePart::Free { .. } => {
                let of_trials = Matrix::beside(units, std::iter::repeat_n(&column, trials));
                blocks.with("free_column", of_trials.clone()).with("free_row", of_trials)
            }
        }
    }

    /// The weights that the blocks stand for.
    pub fn weights(&self, blocks: &Blocks<S>) -> Weights<S> {
        match self {
            RecurrencePart::Free { .. } => Weights::Free {
                columns: unit_strength(matrix(blocks, "free_column")),
                rows: unit_strength(matrix(blocks, "free_row")),
                rank: self.sizes().rank,
            },
            _ => Weights::Shared {
                rows: unit_columns(matrix(blocks, "row")),
                factors: self.factors(blocks),
            },
        }
    }

    /// c = mean + L w, (R, K).
    fn factors(&self, blocks: &Blocks<S>) -> Matrix<S> {
        let mean = matrix(blocks, "mean");
        let mut factors = match self {
            RecurrencePart::LowTensorRank { whitening, .. } => {
                Matrix::product(matrix(blocks, "whitened").t(), whitening.t())
            }
            _ => Matrix::zeros(mean.rows(), self.sizes().trials),
        };
        for k in 0..factors.cols() {
            let column = factors.column_mut(k).iter_mut();
            column.zip(mean.data()).for_each(|(c, &mean)| *c += mean);
        }
        factors
    }

    /// Appends the gradient by the blocks to those of other parts, given that by the columns
    /// a_1..a_R and by the weights.
    pub fn pull_back(
        &self,
        blocks: &Blocks<S>,
        columns: &Matrix<S>,
        weights: &Weights<S>,
        gradient: Blocks<S>,
    ) -> Blocks<S> {
        let column = unit_columns_back(matrix(blocks, "column"), columns);
        let gradient = gradient.with("column", column);
        let (rows, factors) = match weights {
            Weights::Free { columns, rows, .. } => {
                return gradient
                    .with("free_column", unit_strength(columns))
                    .with("free_row", unit_strength(rows));
            }
            Weights::Shared { rows, factors } => (rows, factors),
        };
        let gradient = gradient
            .with("row", unit_columns_back(matrix(blocks, "row"), rows))
            .with("mean", sum_of_columns(factors));
        match self {
            RecurrencePart::LowTensorRank { whitening, .. } => {
                gradient.with("whitened", Matrix::product(whitening.t(), factors.t()))
            }
            _ => gradient,
        }
    }
}

/// Factors of free weights, whose entries are of unit scale, made as long as unit vectors.
fn unit_strength<S: FitFloat>(matrix: &Matrix<S>) -> Matrix<S> {
    let mut scaled = matrix.clone();
    scaled.scale(S::from_f64((matrix.rows() as f64).sqrt().recip()));
    scaled
}

fn sum_of_columns<S: Scalar>(matrix: &Matrix<S>) -> Matrix<S> {
    Matrix::from_fn(matrix.rows(), 1, |r, _| {
        (0..matrix.cols()).fold(S::ZERO, |sum, k| sum + matrix[(r, k)])
    })
}
