//! Delayed recall: see a stimulus, keep it over a delay, show it after the go cue.
//!
//! The stimulus is a random direction (a unit vector; a sign if there is one channel). It is
//! shown for the first quarter of the trial. The go cue comes after a delay that differs from
//! trial to trial, between half and three quarters of the trial, and stays on. The output is zero
//! up to the time of the cue and equals the stimulus afterwards. Trials of fewer than four steps
//! have a shorter delay, a single step has none: stimulus and cue come together.
//!
//! **Channels.** k = clamp(d_in - 1, 1, d_out) stimulus channels, then the cue. With one input
//! that input is the stimulus plus half the cue: the half keeps +-1 and the cue from cancelling
//! where they meet. Surplus inputs are fixed random mixtures of stimulus and cue, surplus outputs
//! of the recalled stimulus.
//!
//! **Mask.** 1 after the cue, 1/5 before it: what is asked for weighs five times as much as
//! silence.
//!
//! **Source.** The memory-pro task of Yang, Joglekar, Song, Newsome and Wang (2019), "Task
//! representations in neural networks trained to perform many cognitive tasks", whose weights are
//! in the same proportion; without their ring of tuned inputs and their grace period.

use super::channels::{fill, over_time};
use super::{Dimensions, Task};
use crate::matrix::Matrix;
use crate::scalar::Stream;

/// The weight of times before the response.
const WEIGHT_OF_SILENCE: f64 = 0.2;

/// Draws a task.
pub(super) fn draw(dimensions: &Dimensions, stream: &Stream) -> Task<f64> {
    let &Dimensions { d_in, d_out, steps, trials, .. } = dimensions;
    let channels = (d_in - 1).clamp(1, d_out);
    let stimulus = directions(channels, trials, &mut stream.named("stimuli"));
    let mut cues = stream.named("cues");
    let cues: Vec<_> = (0..trials).map(|_| draw_cue(steps, &mut cues)).collect();

    let shown = |i, t, m| if t < stimulus_steps(steps) { stimulus[(i, m)] } else { 0.0 };
    let cue = |t: usize, m: usize| if t < cues[m] { 0.0 } else { 1.0 };
    let inputs = if d_in == 1 {
        over_time(1, steps, trials, |_, t, m| shown(0, t, m) + 0.5 * cue(t, m))
    } else {
        over_time(channels + 1, steps, trials, |i, t, m| {
            if i < channels { shown(i, t, m) } else { cue(t, m) }
        })
    };
    // The cue at time t can first be seen in the output at t + 1.
    let targets =
        over_time(
            channels,
            steps + 1,
            trials,
            |i, t, m| {
                if t > cues[m] { stimulus[(i, m)] } else { 0.0 }
            },
        );
    let mask = over_time(1, steps + 1, trials, |_, t, m| match t {
        0 => 0.0,
        t if t > cues[m] => 1.0,
        _ => WEIGHT_OF_SILENCE,
    });
    fill(dimensions, stream, &inputs, &targets, mask)
}

/// For how many steps the stimulus is shown.
fn stimulus_steps(steps: usize) -> usize {
    (steps / 4).max(1)
}

/// The time of the go cue.
fn draw_cue(steps: usize, stream: &mut Stream) -> usize {
    let earliest = (stimulus_steps(steps) + steps / 4).min(steps - 1);
    let latest = (3 * steps / 4).clamp(earliest, steps - 1);
    earliest + stream.below(latest - earliest + 1)
}

/// Random unit vectors, (channels, trials).
fn directions(channels: usize, trials: usize, stream: &mut Stream) -> Matrix<f64> {
    let mut directions = Matrix::from_fn(channels, trials, |_, _| stream.normal());
    for m in 0..trials {
        let column = directions.column_mut(m);
        let length = column.iter().map(|x| x * x).sum::<f64>().sqrt();
        column.iter_mut().for_each(|x| *x /= length.max(f64::MIN_POSITIVE));
    }
    directions
}

#[cfg(all(test, feature = "verify"))]
mod tests {
    use super::*;
    use crate::task::{Limits, TaskFamily, tasks};
    use proptest::prelude::*;

    fn limits(d_in: std::ops::RangeInclusive<usize>) -> Limits {
        Limits { d_in, steps: 1..=20, ..Limits::default() }
    }

    proptest! {
        #[test]
        fn outputs_are_silent_before_the_cue_and_show_the_stimulus_after_it(
            task in tasks::<f64>(TaskFamily::DelayedRecall, limits(2..=4))
        ) {
            let channels = (task.d_in() - 1).min(task.d_out());
            for m in 0..task.trials {
                let at = |t: usize| t * task.trials + m;
                let seen = task.inputs.column(at(0));
                let length: f64 = seen[..channels].iter().map(|x| x * x).sum();
                prop_assert!((length - 1.0).abs() < 1e-12);
                for t in 0..=task.steps {
                    let told = (0..t).any(|s| task.inputs[(channels, at(s))] == 1.0);
                    let target = &task.targets.column(at(t))[..channels];
                    let expected = if told { &seen[..channels] } else { &vec![0.0; channels] };
                    prop_assert_eq!(target, expected);
                    let weight = if told { 1.0 } else if t > 0 { 0.2 } else { 0.0 };
                    prop_assert_eq!(task.mask[(0, at(t))], weight);
                }
                prop_assert_eq!(task.mask[(0, at(task.steps))], 1.0);
            }
        }

        #[test]
        fn one_input_carries_stimulus_and_cue(
            task in tasks::<f64>(TaskFamily::DelayedRecall, limits(1..=1))
        ) {
            for m in 0..task.trials {
                let at = |t: usize| t * task.trials + m;
                let stimulus = task.inputs[(0, at(0))] - if task.steps == 1 { 0.5 } else { 0.0 };
                prop_assert_eq!(stimulus.abs(), 1.0);
                prop_assert_eq!(task.targets[(0, at(task.steps))], stimulus);
                if task.steps > 1 {
                    prop_assert_eq!(task.inputs[(0, at(task.steps - 1))], 0.5);
                }
            }
        }
    }

    #[test]
    fn the_delay_is_empty_of_inputs_and_varies() {
        let dimensions = Dimensions { neurons: 1, d_in: 3, d_out: 2, steps: 40, trials: 50 };
        let task = draw(&dimensions, &Stream::new("delayed recall", 0, 0));
        let mut cues = std::collections::BTreeSet::new();
        for m in 0..50 {
            let column = |t: usize| task.inputs.column(t * 50 + m);
            let cue = (0..40).find(|&t| column(t)[2] == 1.0).expect("a cue in every trial");
            assert!((20..=30).contains(&cue));
            assert!((0..10).all(|t| column(t) == column(0)));
            assert!((10..cue).all(|t| column(t) == [0.0; 3]));
            assert!((cue..40).all(|t| column(t) == [0.0, 0.0, 1.0]));
            cues.insert(cue);
        }
        assert_eq!(cues, (20..=30).collect());
    }
}
