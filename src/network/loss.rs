//! Losses: squared error, softmax cross-entropy, and the trait for one's own.

use crate::matrix::Matrix;
use crate::scalar::{Elementary, Scalar};
use crate::task::Task;

/// A differentiable function of the outputs of a run, which have the shape of the targets: it is
/// asked for no others. What stands between outputs and targets, an arm for example, belongs to the
/// [architecture](super::architecture::ClosedLoop).
///
/// # Examples
///
/// A loss of one's own, linear in the outputs:
///
/// ```
/// use rankproof::{matrix::Matrix, network::Loss, scalar::Scalar, task::Task};
///
/// struct Projection;
///
/// impl<S: Scalar> Loss<S> for Projection {
///     fn value(&self, outputs: &Matrix<S>, task: &Task<S>) -> S {
///         outputs.inner_product(&task.targets)
///     }
///     fn errors(&self, _outputs: &Matrix<S>, task: &Task<S>) -> Matrix<S> {
///         task.targets.clone()
///     }
/// }
/// ```
pub trait Loss<S: Scalar>: Send + Sync {
    /// The loss; outputs are (d_out, (T + 1) M).
    fn value(&self, outputs: &Matrix<S>, task: &Task<S>) -> S;

    /// e_t = dLoss/dy_t for all t, the shape of the outputs.
    fn errors(&self, outputs: &Matrix<S>, task: &Task<S>) -> Matrix<S>;
}

/// Half the squared distance from the targets, weighted by the mask, summed over outputs and
/// times, averaged over trials.
#[derive(Clone, Copy, Debug)]
pub struct SquaredError;

impl<S: Scalar> Loss<S> for SquaredError {
    fn value(&self, outputs: &Matrix<S>, task: &Task<S>) -> S {
        // errors = mask (y - target) / M, so that the loss is half its pairing with y - target.
        let distance = outputs.minus(&task.targets);
        Loss::<S>::errors(self, outputs, task).inner_product(&distance) * S::ratio(1, 2)
    }

    fn errors(&self, outputs: &Matrix<S>, task: &Task<S>) -> Matrix<S> {
        let mut errors = outputs.minus(&task.targets);
        weight_columns(&mut errors, task);
        errors
    }
}

/// Softmax cross-entropy `-sum target ln softmax(y)`, weighted by the mask, summed over times,
/// averaged over trials. Targets are probabilities; columns need not sum to one.
#[derive(Clone, Copy)]
pub struct CrossEntropy<S: 'static> {
    real: Elementary<S>,
}

impl<S: Scalar> CrossEntropy<S> {
    /// The loss, or `None` in a field.
    pub fn new() -> Option<Self> {
        Some(CrossEntropy { real: S::ELEMENTARY? })
    }

    /// ln sum_i e^{y_i} of a column, and e^{y_i - that}. Shifted by the largest entry.
    fn log_softmax(&self, column: &[S]) -> (S, Vec<S>) {
        let largest =
            column.iter().map(|&y| (self.real.to_f64)(y)).fold(f64::NEG_INFINITY, f64::max);
        let shift = (self.real.from_f64)(largest);
        let sum = column.iter().fold(S::ZERO, |sum, &y| sum + (self.real.exp)(y - shift));
        let log_sum = shift + (self.real.ln)(sum);
        (log_sum, column.iter().map(|&y| (self.real.exp)(y - log_sum)).collect())
    }
}

impl<S: Scalar> Loss<S> for CrossEntropy<S> {
    fn value(&self, outputs: &Matrix<S>, task: &Task<S>) -> S {
        let mut terms = Matrix::from_fn(1, outputs.cols(), |_, j| {
            let (log_sum, _) = self.log_softmax(outputs.column(j));
            let pairs = outputs.column(j).iter().zip(task.targets.column(j));
            pairs.fold(S::ZERO, |sum, (&y, &target)| sum + target * (log_sum - y))
        });
        weight_columns(&mut terms, task);
        terms.data().iter().fold(S::ZERO, |sum, &term| sum + term)
    }

    fn errors(&self, outputs: &Matrix<S>, task: &Task<S>) -> Matrix<S> {
        let mut errors = Matrix::zeros(outputs.rows(), outputs.cols());
        for j in 0..outputs.cols() {
            let (_, softmax) = self.log_softmax(outputs.column(j));
            let targets = task.targets.column(j);
            let total = targets.iter().fold(S::ZERO, |sum, &target| sum + target);
            for (i, error) in errors.column_mut(j).iter_mut().enumerate() {
                *error = total * softmax[i] - targets[i];
            }
        }
        weight_columns(&mut errors, task);
        errors
    }
}

/// Multiplies each column by its mask and divides by the number of trials.
fn weight_columns<S: Scalar>(matrix: &mut Matrix<S>, task: &Task<S>) {
    let average = S::ratio(1, task.trials as i64);
    for (j, &mask) in task.mask.data().iter().enumerate() {
        for entry in matrix.column_mut(j).iter_mut() {
            *entry *= mask * average;
        }
    }
}
