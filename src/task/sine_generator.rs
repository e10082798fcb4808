//! Sine generator: a constant input sets the frequency of a sinusoidal output.
//!
//! In each trial a level l is drawn from [0, 1); the input is 1/4 + l at all times and the target
//! is sin(omega t) with omega = 0.1 + 0.5 l radians per step: from about 63 steps to 10 in a
//! period.
//!
//! **Channels.** There are min(d_in, d_out) independent generators. Surplus inputs are fixed
//! random mixtures of their inputs, surplus outputs fixed random mixtures of their sinusoids.
//!
//! **Source.** Sussillo and Barak (2013), "Opening the black box: low-dimensional dynamics in
//! high-dimensional recurrent neural networks", with levels from an interval instead of a list.

use super::channels::{fill, mask_after_start, over_time};
use super::{Dimensions, Task};
use crate::matrix::Matrix;
use crate::scalar::Stream;

/// The input at level 0, so that the slowest generator has one too.
const OFFSET: f64 = 0.25;

/// omega at level 0, and how much it grows up to level 1, in radians per step.
const SLOWEST: f64 = 0.1;
const RANGE: f64 = 0.5;

/// Draws a task.
pub(super) fn draw(dimensions: &Dimensions, stream: &Stream) -> Task<f64> {
    let &Dimensions { d_in, d_out, steps, trials, .. } = dimensions;
    let generators = d_in.min(d_out);
    let mut draws = stream.named("levels");
    let levels = Matrix::from_fn(generators, trials, |_, _| draws.uniform());
    let inputs = over_time(generators, steps, trials, |i, _, m| OFFSET + levels[(i, m)]);
    let targets = over_time(generators, steps + 1, trials, |i, t, m| {
        ((SLOWEST + RANGE * levels[(i, m)]) * t as f64).sin()
    });
    fill(dimensions, stream, &inputs, &targets, mask_after_start(dimensions))
}

#[cfg(all(test, feature = "verify"))]
mod tests {
    use super::*;
    use crate::task::{Limits, TaskFamily, tasks};
    use proptest::prelude::*;

    proptest! {
        /// A sequence that starts at 0 and has y_{t+1} + y_{t-1} = 2 cos(omega) y_t is a multiple
        /// of sin(omega t).
        #[test]
        fn the_input_sets_the_frequency(
            task in tasks::<f64>(
                TaskFamily::SineGenerator,
                Limits { steps: 1..=100, ..Limits::default() }
            )
        ) {
            for i in 0..task.d_in().min(task.d_out()) {
                for m in 0..task.trials {
                    let y = |t: usize| task.targets[(i, t * task.trials + m)];
                    let omega = 0.1 + 0.5 * (task.inputs[(i, m)] - 0.25);
                    prop_assert_eq!(y(0), 0.0);
                    prop_assert!((y(1) - omega.sin()).abs() < 1e-12);
                    for t in 1..task.steps {
                        let next = 2.0 * omega.cos() * y(t) - y(t - 1);
                        prop_assert!((y(t + 1) - next).abs() < 1e-12);
                        let input = task.inputs[(i, t * task.trials + m)];
                        prop_assert_eq!(input, task.inputs[(i, m)]);
                    }
                }
            }
        }
    }

    #[test]
    fn trials_and_channels_differ_in_frequency() {
        let dimensions = Dimensions { neurons: 1, d_in: 3, d_out: 2, steps: 1, trials: 20 };
        let task = draw(&dimensions, &Stream::new("sine", 0, 0));
        let mut levels: Vec<_> =
            (0..20).flat_map(|m| task.inputs.column(m)[..2].to_vec()).collect();
        levels.sort_by(f64::total_cmp);
        assert!(levels.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(levels[0] >= 0.25 && levels[0] < 0.5 && levels[39] < 1.25 && levels[39] > 1.0);
    }
}
