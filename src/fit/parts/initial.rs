//! Where trials start.

use super::{matrix, normal, state_scale};
use crate::blocks::{Blocks, Shapes};
use crate::fit::FitFloat;
use crate::fit::architecture::{Architecture, InitialStates};
use crate::fit::observations::Groups;
use crate::matrix::Matrix;
use crate::scalar::{Scalar, Stream};

/// Vectors that trials share.
#[derive(Clone, Debug)]
pub struct OfTrials<S> {
    /// The different ones, as columns.
    pub columns: Matrix<S>,
    /// Which of them each trial has.
    pub of_trial: Vec<usize>,
}

impl<S: Scalar> OfTrials<S> {
    /// That of a trial.
    pub fn get(&self, trial: usize) -> &[S] {
        self.columns.column(self.of_trial[trial])
    }
}

/// What is learned of the initial states.
#[derive(Clone, Debug)]
pub enum InitialPart {
    /// Nothing: they are zero.
    Zero,
    /// Coefficients of the columns of the weights, (R, groups).
    Confined { rank: usize, groups: OfGroups },
    /// States, (N, groups).
    Free { groups: OfGroups },
}

/// Which trials share a state.
#[derive(Clone, Debug)]
pub struct OfGroups {
    units: usize,
    count: usize,
    of_trial: Vec<usize>,
}

impl InitialPart {
    /// Of a model of trials in these groups.
    pub fn new(architecture: &Architecture, groups: &Groups) -> Self {
        let Architecture { units, rank, .. } = *architecture;
        let InitialStates::Learned { by, confined } = architecture.initial else {
            return InitialPart::Zero;
        };
        let groups = OfGroups { units, count: groups.count(by), of_trial: groups.of_trials(by) };
        if confined { InitialPart::Confined { rank, groups } } else { InitialPart::Free { groups } }
    }

    /// `initial`, unless all start at zero.
    pub fn shapes(&self) -> Shapes {
        match self {
            InitialPart::Zero => vec![],
            InitialPart::Confined { rank, groups } => {
                vec![("initial".into(), (*rank, groups.count))]
            }
            InitialPart::Free { groups } => vec![("initial".into(), (groups.units, groups.count))],
        }
    }

    /// Random states.
    pub fn start<S: FitFloat>(&self, blocks: Blocks<S>, stream: &Stream) -> Blocks<S> {
        self.shapes().into_iter().fold(blocks, |blocks, (name, shape)| {
            blocks.with(&name, normal(shape, 0.5, &stream.named("initial")))
        })
    }

    /// The states that the blocks stand for, given the columns a_1..a_R; none if all are zero.
    pub fn states<S: FitFloat>(
        &self,
        blocks: &Blocks<S>,
        columns: &Matrix<S>,
    ) -> Option<OfTrials<S>> {
        let (states, groups) = match self {
            InitialPart::Zero => return None,
            InitialPart::Free { groups } => (matrix(blocks, "initial").clone(), groups),
            InitialPart::Confined { groups, .. } => {
                let mut states = columns.times(matrix(blocks, "initial"));
                states.scale(state_scale(groups.units));
                (states, groups)
            }
        };
        Some(OfTrials { columns: states, of_trial: groups.of_trial.clone() })
    }

    /// Appends the gradient by the blocks, given that by the states of all trials, (N, K); adds to
    /// that by the columns a_1..a_R.
    pub fn pull_back<S: FitFloat>(
        &self,
        blocks: &Blocks<S>,
        columns: &Matrix<S>,
        of_trials: &Matrix<S>,
        of_columns: &mut Matrix<S>,
        gradient: Blocks<S>,
    ) -> Blocks<S> {
        match self {
            InitialPart::Zero => gradient,
            InitialPart::Free { groups } => gradient.with("initial", groups.sums(of_trials)),
            InitialPart::Confined { groups, .. } => {
                let mut sums = groups.sums(of_trials);
                sums.scale(state_scale(groups.units));
                let coefficients = matrix(blocks, "initial");
                of_columns.add_scaled(S::ONE, &Matrix::product(sums.view(), coefficients.t()));
                gradient.with("initial", Matrix::product(columns.t(), sums.view()))
            }
        }
    }
}

impl OfGroups {
    /// The sums over the trials of each group, (N, groups).
    fn sums<S: Scalar>(&self, of_trials: &Matrix<S>) -> Matrix<S> {
        let mut sums = Matrix::zeros(self.units, self.count);
        for (k, &group) in self.of_trial.iter().enumerate() {
            let sum = sums.column_mut(group).iter_mut();
            sum.zip(of_trials.column(k)).for_each(|(sum, &x)| *sum += x);
        }
        sums
    }
}
