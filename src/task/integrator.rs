//! Integrator: each output is the running sum of its input.
//!
//! Inputs are noise in general position, u_t = random / floor(sqrt(T)), so that sums stay of
//! about size 1 however long the trial is; the target is y_t = u_0 + ... + u_{t-1}. Both are
//! linear, so the family exists in every arithmetic, the prime field included.
//!
//! **Channels.** There are min(d_in, d_out) independent integrators. Surplus inputs are fixed
//! random mixtures of their inputs, surplus outputs fixed random mixtures of their sums.
//!
//! **Source.** The neural integrator of Seung (1996), "How the brain keeps the eyes still"; as a
//! task for trained networks Mante, Sussillo, Shenoy and Newsome (2013), without their context.

use super::channels::{fill, mask_after_start};
use super::{Dimensions, Task};
use crate::matrix::Matrix;
use crate::scalar::{Scalar, Stream};

/// Draws a task, in any arithmetic.
pub(super) fn draw<S: Scalar>(dimensions: &Dimensions, stream: &Stream) -> Task<S> {
    let &Dimensions { d_in, d_out, steps, trials, .. } = dimensions;
    let mut inputs = Matrix::random(d_in.min(d_out), steps * trials, &mut stream.named("inputs"));
    inputs.scale(S::ratio(1, steps.isqrt() as i64));
    let sums = running_sums(&inputs, trials);
    fill(dimensions, stream, &inputs, &sums, mask_after_start(dimensions))
}

/// (k, (T + 1) M) from (k, T M).
fn running_sums<S: Scalar>(inputs: &Matrix<S>, trials: usize) -> Matrix<S> {
    let mut sums = Matrix::zeros(inputs.rows(), inputs.cols() + trials);
    // One time later is one block of numbers later.
    let block = inputs.rows() * trials;
    for (index, &input) in inputs.data().iter().enumerate() {
        sums.data_mut()[index + block] = sums.data()[index] + input;
    }
    sums
}

#[cfg(all(test, feature = "verify"))]
mod tests {
    use super::*;
    use crate::matrix::RankRevealing;
    use crate::scalar::Fp;
    use crate::task::{Limits, TaskFamily, tasks};
    use proptest::prelude::*;

    fn sum_before(task: &Task<Fp>, channel: usize, t: usize, m: usize) -> Fp {
        (0..t).map(|s| task.inputs[(channel, s * task.trials + m)]).fold(Fp::ZERO, |a, b| a + b)
    }

    proptest! {
        #[test]
        fn targets_are_running_sums(
            task in tasks::<Fp>(TaskFamily::Integrator, Limits::default())
        ) {
            for t in 0..=task.steps {
                for m in 0..task.trials {
                    for i in 0..task.d_in().min(task.d_out()) {
                        let target = task.targets[(i, t * task.trials + m)];
                        prop_assert_eq!(target, sum_before(&task, i, t, m));
                    }
                }
            }
        }

        #[test]
        fn surplus_channels_add_no_dimension(
            task in tasks::<Fp>(TaskFamily::Integrator, Limits::default())
        ) {
            let expected = task.d_in().min(task.d_out()).min(task.inputs.cols());
            prop_assert_eq!(Fp::rank(&task.inputs, 0.0).known(), Some(expected));
            prop_assert_eq!(Fp::rank(&task.targets, 0.0).known(), Some(expected));
        }
    }

    #[test]
    fn sums_of_long_trials_stay_of_moderate_size() {
        let dimensions = Dimensions { neurons: 1, d_in: 1, d_out: 1, steps: 2000, trials: 50 };
        let task: Task<f64> = draw(&dimensions, &Stream::new("integrator", 0, 0));
        let last = task.targets.columns(2000 * 50..2001 * 50);
        // The variance is that of one input, 1/3.
        let spread = (last.data().iter().map(|y| y * y).sum::<f64>() / 50.0).sqrt();
        assert!((0.3..1.0).contains(&spread), "standard deviation {spread}");
    }
}
