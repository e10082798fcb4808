//! Random targets: inputs and targets in general position.
//!
//! Nothing connects the two, so the errors of a network point everywhere and no rank comes out
//! small by accident: the instance on which a bound must be attained if it is ever attained.
//!
//! **Channels.** Each is independent of all others.
//!
//! **Mask.** Weight 1 at every time, also at t = 0, where the target is random as well: a loss
//! that ignored the start would be a special case for the gradients of C and h_0.
//!
//! **Source.** Ours. General position is what the lemma of Schwartz (1980) and Zippel (1979)
//! asks for.

use super::channels::over_time;
use super::{Dimensions, Task};
use crate::matrix::Matrix;
use crate::scalar::{Scalar, Stream};

/// Draws a task, in any arithmetic.
pub(super) fn draw<S: Scalar>(dimensions: &Dimensions, stream: &Stream) -> Task<S> {
    let &Dimensions { d_in, d_out, steps, trials, .. } = dimensions;
    Task::new(
        trials,
        Matrix::random(d_in, steps * trials, &mut stream.named("inputs")),
        Matrix::random(d_out, (steps + 1) * trials, &mut stream.named("targets")),
        over_time(1, steps + 1, trials, |_, _, _| S::ONE),
    )
    .expect("shapes that fit")
}

#[cfg(all(test, feature = "verify"))]
mod tests {
    use super::*;
    use crate::matrix::RankRevealing;
    use crate::scalar::Fp;
    use crate::task::{Limits, TaskFamily, tasks};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn inputs_and_targets_have_full_rank_together(
            task in tasks::<Fp>(TaskFamily::RandomTargets, Limits::default())
        ) {
            let width = task.inputs.cols();
            let d_in = task.d_in();
            let together = Matrix::from_fn(d_in + task.d_out(), width, |i, j| {
                if i < d_in { task.inputs[(i, j)] } else { task.targets[(i - d_in, j)] }
            });
            let full = together.rows().min(together.cols());
            prop_assert_eq!(Fp::rank(&together, 0.0).known(), Some(full));
            prop_assert!(task.mask.data().iter().all(|&weight| weight == Fp::ONE));
        }
    }

    #[test]
    fn real_entries_lie_between_minus_one_and_one() {
        let dimensions = Dimensions { neurons: 1, d_in: 4, d_out: 4, steps: 9, trials: 9 };
        let task: Task<f64> = draw(&dimensions, &Stream::new("random", 0, 0));
        for matrix in [&task.inputs, &task.targets] {
            assert!(matrix.data().iter().all(|x| x.abs() < 1.0));
            assert!(matrix.norm().powi(2) > 0.25 * matrix.data().len() as f64);
        }
    }
}
