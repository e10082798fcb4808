//! Where trials start.

use super::{matrix, normal, state_scale};
use crate::blocks::{Blocks, Shapes};
use crate::fit::FitFloat;
use crate::fit::architecture::{Architecture, Grouping, InitialStates};
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
    /// The states of groups of trials, and of trials within their group.
    Learned(States),
}

/// States, or what they are made of.
#[derive(Clone, Debug)]
pub struct States {
    units: usize,
    /// The number of columns of the weights, R, if states are coefficients of these.
    confined: Option<usize>,
    /// How many groups there are.
    groups: usize,
    /// The group of each trial.
    of_trial: Vec<usize>,
    /// The standard deviation of a trial within its group, if trials deviate.
    spread: Option<f64>,
}

impl InitialPart {
    /// Of a model of trials in these groups.
    pub fn new(architecture: &Architecture, groups: &Groups) -> Self {
        let Architecture { units, rank, .. } = *architecture;
        let learned = |by, confined: bool, spread| {
            InitialPart::Learned(States {
                units,
                confined: confined.then_some(rank),
                groups: groups.count(by),
                of_trial: groups.of_trials(by),
                spread,
            })
        };
        match architecture.initial {
            InitialStates::Zero => InitialPart::Zero,
            InitialStates::Learned { by, confined } => learned(by, confined, None),
            InitialStates::Hierarchy { confined, spread } => {
                learned(Grouping::Condition, confined, Some(spread))
            }
        }
    }

    /// `initial`, unless all start at zero; `deviations`, if trials deviate from it.
    pub fn shapes(&self) -> Shapes {
        let InitialPart::Learned(states) = self else { return vec![] };
        let mut shapes = vec![("initial".into(), (states.height(), states.groups))];
        if states.spread.is_some() {
            shapes.push(("deviations".into(), (states.height(), states.of_trial.len())));
        }
        shapes
    }

    /// Random states, from which no trial deviates.
    pub fn start<S: FitFloat>(&self, blocks: Blocks<S>, stream: &Stream) -> Blocks<S> {
        self.shapes().into_iter().fold(blocks, |blocks, (name, shape)| {
            let deviation = if name == "initial" { 0.5 } else { 0.0 };
            blocks.with(&name, normal(shape, deviation, &stream.named("initial")))
        })
    }

    /// The states that the blocks stand for, given the columns a_1..a_R; none if all are zero.
    pub fn states<S: FitFloat>(
        &self,
        blocks: &Blocks<S>,
        columns: &Matrix<S>,
    ) -> Option<OfTrials<S>> {
        let InitialPart::Learned(states) = self else { return None };
        let OfTrials { columns: coefficients, of_trial } = states.coefficients(blocks);
        let columns = match states.confined {
            None => coefficients,
            Some(_) => {
                let mut all = columns.times(&coefficients);
                all.scale(state_scale(states.units));
                all
            }
        };
        Some(OfTrials { columns, of_trial })
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
        let InitialPart::Learned(states) = self else { return gradient };
        let mut of_states = match states.spread {
            None => states.sums(of_trials),
            Some(_) => of_trials.clone(),
        };
        if states.confined.is_some() {
            of_states.scale(state_scale(states.units));
            let coefficients = states.coefficients(blocks).columns;
            of_columns.add_scaled(S::ONE, &Matrix::product(of_states.view(), coefficients.t()));
            of_states = Matrix::product(columns.t(), of_states.view());
        }
        match states.spread {
            None => gradient.with("initial", of_states),
            Some(spread) => {
                let gradient = gradient.with("initial", states.sums(&of_states));
                of_states.scale(S::from_f64(spread));
                gradient.with("deviations", of_states)
            }
        }
    }
}

impl States {
    /// Numbers of a state: coefficients of columns, or one for each unit.
    fn height(&self) -> usize {
        self.confined.unwrap_or(self.units)
    }

    /// The numbers of the different states.
    fn coefficients<S: FitFloat>(&self, blocks: &Blocks<S>) -> OfTrials<S> {
        let of_groups = matrix(blocks, "initial");
        let Some(spread) = self.spread else {
            return OfTrials { columns: of_groups.clone(), of_trial: self.of_trial.clone() };
        };
        let deviations = matrix(blocks, "deviations");
        let columns = Matrix::from_fn(deviations.rows(), deviations.cols(), |i, k| {
            of_groups[(i, self.of_trial[k])] + S::from_f64(spread) * deviations[(i, k)]
        });
        OfTrials { columns, of_trial: (0..deviations.cols()).collect() }
    }

    /// The sums over the trials of each group, (rows, groups).
    fn sums<S: Scalar>(&self, of_trials: &Matrix<S>) -> Matrix<S> {
        let mut sums = Matrix::zeros(of_trials.rows(), self.groups);
        for (k, &group) in self.of_trial.iter().enumerate() {
            let sum = sums.column_mut(group).iter_mut();
            sum.zip(of_trials.column(k)).for_each(|(sum, &x)| *sum += x);
        }
        sums
    }
}
