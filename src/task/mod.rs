//! What a network is asked to do: trials of inputs and targets with declared dimensions.
//!
//! A [`Task`] is data alone. A [`TaskFamily`] draws one from a random stream for any
//! [`Dimensions`]; [`tasks`] and [`dimensions`](dimensions()) are the same as proptest strategies,
//! which shrink a failing case to few neurons, channels, steps and trials.
//!
//! **Time.** The state after step t has seen the inputs u_0 .. u_{t-1}, so a target at time t
//! depends on these alone, and every family can be solved by a causal network. At t = 0 nothing
//! has been seen: targets are zero there and have no weight, except in
//! [`TaskFamily::RandomTargets`].
//!
//! **Channels.** Every family works for any number of channels. Where more are declared than it
//! has signals, the first channels are the signals themselves and the others are fixed random
//! mixtures of them, so that the dimension of the task stays what it is however many channels
//! carry it. What happens with fewer stands in the file of the family.

mod centre_out;
mod channels;
mod delayed_recall;
mod family;
mod flip_flop;
mod integrator;
mod linear_teacher;
mod random_targets;
mod sine_generator;
#[cfg(feature = "verify")]
mod strategy;

pub use family::TaskFamily;
#[cfg(feature = "verify")]
pub use strategy::{Limits, dimensions, family, tasks};

use crate::matrix::Matrix;
use crate::scalar::Scalar;

/// The sizes of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimensions {
    /// Neurons, N.
    pub neurons: usize,
    /// Input channels, p.
    pub d_in: usize,
    /// Output channels, q.
    pub d_out: usize,
    /// Time steps, T: inputs at t = 0..T, outputs at t = 0..=T.
    pub steps: usize,
    /// Trials, M.
    pub trials: usize,
}

/// Trials of inputs and targets. Columns are trials, grouped by time: the column of trial m at
/// time t is `t * trials + m`.
///
/// # Examples
///
/// Two trials of one step, whose target is the input:
///
/// ```
/// use rankproof::{matrix::Matrix, task::Task};
///
/// let inputs = Matrix::from_rows(&[[1.0, -1.0]]);
/// let targets = Matrix::from_rows(&[[0.0, 0.0, 1.0, -1.0]]);
/// let mask = Matrix::from_rows(&[[0.0, 0.0, 1.0, 1.0]]);
/// let task = Task::new(2, inputs, targets, mask);
/// assert_eq!((task.steps, task.d_in(), task.d_out()), (1, 1, 1));
/// assert_eq!(task.select(&[1]).targets, Matrix::from_rows(&[[0.0, -1.0]]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Task<S> {
    /// Time steps, T.
    pub steps: usize,
    /// Trials, M.
    pub trials: usize,
    /// Inputs u_t for t = 0..T, (d_in, T M).
    pub inputs: Matrix<S>,
    /// Targets of the outputs y_t for t = 0..=T, (d_out, (T + 1) M).
    pub targets: Matrix<S>,
    /// The weight of each time and trial in the loss, (1, (T + 1) M).
    pub mask: Matrix<S>,
}

impl<S: Scalar> Task<S> {
    /// A task of `trials` trials: inputs (d_in, T M), targets (d_out, (T + 1) M) and mask
    /// (1, (T + 1) M). T follows from the inputs.
    ///
    /// # Panics
    ///
    /// If there are no trials or the shapes do not fit.
    pub fn new(trials: usize, inputs: Matrix<S>, targets: Matrix<S>, mask: Matrix<S>) -> Self {
        assert!(trials > 0, "a task has at least one trial");
        assert_eq!(inputs.cols() % trials, 0, "inputs of {trials} trials in whole blocks");
        let steps = inputs.cols() / trials;
        let columns = (steps + 1) * trials;
        assert_eq!(targets.cols(), columns, "targets at {steps} + 1 times for {trials} trials");
        assert_eq!((mask.rows(), mask.cols()), (1, columns), "a mask with a weight per target");
        Task { steps, trials, inputs, targets, mask }
    }

    /// Input channels, p.
    pub fn d_in(&self) -> usize {
        self.inputs.rows()
    }

    /// Output channels, q.
    pub fn d_out(&self) -> usize {
        self.targets.rows()
    }

    /// The task of these trials alone, in this order; a trial may be named more than once.
    ///
    /// # Panics
    ///
    /// If no trial is named, or one that does not exist.
    pub fn select(&self, trials: &[usize]) -> Self {
        assert!(
            trials.iter().all(|&trial| trial < self.trials),
            "trials {trials:?} of a task of {}",
            self.trials
        );
        let pick = |from: &Matrix<S>| {
            let columns = from.cols() / self.trials * trials.len();
            Matrix::from_fn(from.rows(), columns, |i, column| {
                let (time, m) = (column / trials.len(), column % trials.len());
                from[(i, time * self.trials + trials[m])]
            })
        };
        Task::new(trials.len(), pick(&self.inputs), pick(&self.targets), pick(&self.mask))
    }

    /// The same task in another arithmetic.
    pub fn map<R: Scalar>(&self, convert: impl Fn(S) -> R) -> Task<R> {
        Task {
            steps: self.steps,
            trials: self.trials,
            inputs: self.inputs.map(&convert),
            targets: self.targets.map(&convert),
            mask: self.mask.map(&convert),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::{Dual, Fp, Stream};

    fn task(steps: usize, trials: usize) -> Task<Fp> {
        let dimensions = Dimensions { neurons: 3, d_in: 2, d_out: 3, steps, trials };
        let stream = Stream::new("task", 0, 0);
        TaskFamily::RandomTargets.draw(&dimensions, &stream).expect("a field has random numbers")
    }

    #[test]
    fn selected_trials_keep_their_columns_at_every_time() {
        let (steps, trials) = (3, 5);
        let task = task(steps, trials);
        let chosen = [4, 0, 4];
        let part = task.select(&chosen);
        assert_eq!((part.steps, part.trials), (steps, chosen.len()));
        for t in 0..=steps {
            for (m, &trial) in chosen.iter().enumerate() {
                let (to, from) = (t * chosen.len() + m, t * trials + trial);
                assert_eq!(part.targets.column(to), task.targets.column(from));
                assert_eq!(part.mask.column(to), task.mask.column(from));
                if t < steps {
                    assert_eq!(part.inputs.column(to), task.inputs.column(from));
                }
            }
        }
        assert_eq!(task.select(&[0, 1, 2, 3, 4]), task);
    }

    #[test]
    #[should_panic(expected = "at least one trial")]
    fn a_task_without_trials_is_refused() {
        task(2, 2).select(&[]);
    }

    #[test]
    #[should_panic(expected = "of a task of 2")]
    fn a_trial_that_does_not_exist_is_refused() {
        task(2, 2).select(&[0, 2]);
    }

    #[test]
    #[should_panic(expected = "targets at 2 + 1 times")]
    fn targets_of_another_length_are_refused() {
        let task = task(2, 2);
        Task::new(2, task.inputs.clone(), task.inputs.clone(), task.mask);
    }

    #[test]
    #[should_panic(expected = "a mask with a weight per target")]
    fn a_mask_of_another_shape_is_refused() {
        let task = task(2, 2);
        Task::new(2, task.inputs.clone(), task.targets.clone(), task.targets);
    }

    #[test]
    fn lifted_to_dual_numbers_a_task_stands_still() {
        let task = task(2, 3);
        let lifted = task.map(Dual::constant);
        assert_eq!(lifted.map(|x| x.value), task);
        assert!(lifted.targets.data().iter().all(|x| x.derivative == Fp::new(0)));
    }
}
