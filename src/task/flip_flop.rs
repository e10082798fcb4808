//! Flip-flop: each output holds the sign of the last pulse on its input.
//!
//! The task of k bits: at every time each input is silent (0) or, with probability 1/4, carries a
//! pulse of +1 or -1; the output is the sign of the last pulse. Every input begins with a pulse,
//! so that the output is defined from t = 1 on.
//!
//! **Channels.** k = min(d_in, d_out) bits. Surplus inputs are fixed random mixtures of the
//! pulses, surplus outputs fixed random mixtures of the bits.
//!
//! **Source.** Sussillo and Barak (2013), "Opening the black box: low-dimensional dynamics in
//! high-dimensional recurrent neural networks", with k = 3.

use super::channels::{fill, mask_after_start, over_time};
use super::{Dimensions, Task};
use crate::matrix::Matrix;
use crate::scalar::Stream;

/// How often an input carries a pulse, after the first.
const PULSE_PROBABILITY: f64 = 0.25;

/// Draws a task.
pub(super) fn draw(dimensions: &Dimensions, stream: &Stream) -> Task<f64> {
    let bits = dimensions.d_in.min(dimensions.d_out);
    let mut draws = stream.named("inputs");
    let pulses = over_time(bits, dimensions.steps, dimensions.trials, |_, t, _| {
        let (chance, sign) = (draws.uniform(), [-1.0, 1.0][draws.below(2)]);
        if t == 0 || chance < PULSE_PROBABILITY { sign } else { 0.0 }
    });
    let held = hold(&pulses, dimensions.trials);
    fill(dimensions, stream, &pulses, &held, mask_after_start(dimensions))
}

/// The last pulse before each time, (k, (T + 1) M) from (k, T M); zero at t = 0.
fn hold(pulses: &Matrix<f64>, trials: usize) -> Matrix<f64> {
    let mut held = Matrix::zeros(pulses.rows(), pulses.cols() + trials);
    // One time later is one block of numbers later.
    let block = pulses.rows() * trials;
    for (index, &pulse) in pulses.data().iter().enumerate() {
        held.data_mut()[index + block] = if pulse == 0.0 { held.data()[index] } else { pulse };
    }
    held
}

#[cfg(all(test, feature = "verify"))]
mod tests {
    use super::*;
    use crate::task::{Limits, TaskFamily, tasks};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn targets_are_the_last_pulses(
            task in tasks::<f64>(TaskFamily::FlipFlop, Limits::default())
        ) {
            for i in 0..task.d_in().min(task.d_out()) {
                for m in 0..task.trials {
                    prop_assert_eq!(task.targets[(i, m)], 0.0);
                    for t in 1..=task.steps {
                        let last = (0..t)
                            .rev()
                            .map(|s| task.inputs[(i, s * task.trials + m)])
                            .find(|&pulse| pulse != 0.0)
                            .expect("every input begins with a pulse");
                        prop_assert_eq!(last.abs(), 1.0);
                        prop_assert_eq!(task.targets[(i, t * task.trials + m)], last);
                    }
                }
            }
        }
    }

    #[test]
    fn pulses_come_at_the_stated_rate_and_with_both_signs() {
        let dimensions = Dimensions { neurons: 1, d_in: 3, d_out: 3, steps: 1000, trials: 10 };
        let task = draw(&dimensions, &Stream::new("flip-flop", 0, 0));
        let pulses = |sign: f64| task.inputs.data().iter().filter(|&&x| x == sign).count() as f64;
        let chances = 3.0 * 999.0 * 10.0;
        for sign in [1.0, -1.0] {
            // Five standard deviations of 30 000 draws are 0.01.
            assert!((pulses(sign) / chances - PULSE_PROBABILITY / 2.0).abs() < 0.01);
        }
        let zeros = task.inputs.data().iter().filter(|&&x| x == 0.0).count() as f64;
        assert_eq!(zeros + pulses(1.0) + pulses(-1.0), 30_000.0);
    }
}
