//! Linear teacher: the targets are the outputs of a small random linear network.
//!
//! The teacher has r = min(2, N) neurons, h_0 = 0, h_{t+1} = W h_t + B u_t and y_t = C h_t, and
//! sees inputs in general position. A linear student of N neurons can reproduce it, since r <= N,
//! and the targets span at most r dimensions.
//!
//! **Channels.** B is (r, d_in) and C is (d_out, r): the teacher has the declared channels, none
//! is made up.
//!
//! **Sizes.** In floating point the entries of W are below 0.9 / r in absolute value, so its
//! largest row sum is below 0.9 and long trials stay bounded; B, C and inputs lie in (-1, 1). In
//! a field all are uniform.
//!
//! **Source.** The teacher-student setting of Saxe, McClelland and Ganguli (2014), "Exact
//! solutions to the nonlinear dynamics of learning in deep linear neural networks", with a
//! recurrent teacher.

use super::channels::mask_after_start;
use super::{Dimensions, Task};
use crate::matrix::Matrix;
use crate::scalar::{Scalar, Stream};

/// Neurons of a teacher whose student is not smaller.
const TEACHER_NEURONS: usize = 2;

/// A linear network that starts at zero and has no leak.
struct Teacher<S> {
    /// (r, r)
    w: Matrix<S>,
    /// (r, d_in)
    b: Matrix<S>,
    /// (d_out, r)
    c: Matrix<S>,
}

impl<S: Scalar> Teacher<S> {
    fn draw(dimensions: &Dimensions, stream: &Stream) -> Self {
        let size = dimensions.neurons.min(TEACHER_NEURONS);
        let mut w = Matrix::random(size, size, &mut stream.named("W"));
        w.scale(S::ratio(9, 10 * size as i64));
        Teacher {
            w,
            b: Matrix::random(size, dimensions.d_in, &mut stream.named("B")),
            c: Matrix::random(dimensions.d_out, size, &mut stream.named("C")),
        }
    }

    /// y_t for t = 0..=T, (d_out, (T + 1) M), on inputs (d_in, T M).
    fn outputs(&self, inputs: &Matrix<S>, trials: usize) -> Matrix<S> {
        let size = self.w.rows();
        let drive = self.b.times(inputs);
        let mut state = Matrix::zeros(size, trials);
        let mut states = vec![state.clone()];
        for drive in drive.data().chunks_exact(size * trials) {
            let mut next = drive.to_vec();
            S::gemm(&mut next, true, self.w.view(), state.view());
            state = Matrix::from_columns(size, trials, next);
            states.push(state.clone());
        }
        self.c.times(&Matrix::beside(size, &states))
    }
}

/// Draws a task, in any arithmetic.
pub(super) fn draw<S: Scalar>(dimensions: &Dimensions, stream: &Stream) -> Task<S> {
    let &Dimensions { d_in, steps, trials, .. } = dimensions;
    let inputs = Matrix::random(d_in, steps * trials, &mut stream.named("inputs"));
    let targets = Teacher::draw(dimensions, &stream.named("teacher")).outputs(&inputs, trials);
    Task::new(trials, inputs, targets, mask_after_start(dimensions)).expect("shapes that fit")
}

#[cfg(all(test, feature = "verify"))]
mod tests {
    use super::*;
    use crate::matrix::RankRevealing;
    use crate::scalar::Fp;
    use crate::task::{Limits, dimensions};
    use proptest::prelude::*;

    /// y_t = sum over s < t of C W^(t-1-s) B u_s, without the recurrence.
    fn convolution(teacher: &Teacher<Fp>, task: &Task<Fp>, t: usize) -> Matrix<Fp> {
        let mut output = Matrix::zeros(task.d_out(), task.trials);
        for s in 0..t {
            let block = task.inputs.columns(s * task.trials..(s + 1) * task.trials);
            let mut response = Matrix::product(teacher.b.view(), block);
            for _ in 0..t - 1 - s {
                response = teacher.w.times(&response);
            }
            output.add_scaled(Fp::ONE, &teacher.c.times(&response));
        }
        output
    }

    proptest! {
        #[test]
        fn targets_are_what_the_teacher_yields(
            dimensions in dimensions(Limits::default()), seed: u64
        ) {
            let stream = Stream::new("linear teacher", seed, 0);
            let task: Task<Fp> = draw(&dimensions, &stream);
            let teacher = Teacher::draw(&dimensions, &stream.named("teacher"));
            for t in 0..=task.steps {
                let range = t * task.trials * task.d_out()..(t + 1) * task.trials * task.d_out();
                let expected = convolution(&teacher, &task, t);
                prop_assert_eq!(&task.targets.data()[range], expected.data());
            }
        }

        #[test]
        fn targets_span_the_dimensions_of_the_teacher_and_no_more(
            dimensions in dimensions(Limits::default()), seed: u64
        ) {
            let task: Task<Fp> = draw(&dimensions, &Stream::new("linear teacher", seed, 0));
            // In one step the states lie in the columns of B alone.
            let reached = if dimensions.steps == 1 { dimensions.d_in } else { TEACHER_NEURONS };
            let columns = dimensions.steps * dimensions.trials;
            let expected = TEACHER_NEURONS
                .min(dimensions.neurons)
                .min(dimensions.d_out)
                .min(reached)
                .min(columns);
            prop_assert_eq!(Fp::rank(&task.targets, 0.0).known(), Some(expected));
        }
    }

    #[test]
    fn long_trials_stay_of_moderate_size() {
        for seed in 0..20 {
            let dimensions = Dimensions { neurons: 5, d_in: 2, d_out: 2, steps: 500, trials: 2 };
            let task: Task<f64> = draw(&dimensions, &Stream::new("linear teacher", seed, 0));
            // Row sums: |h| <= d_in / (1 - 0.9), |y| <= r |h|.
            assert!(task.targets.data().iter().all(|y| y.abs() < 40.0));
            let late = task.targets.columns(900..1000);
            assert!(late.data().iter().any(|y| y.abs() > 1e-3));
        }
    }
}
