//! Centre-out reach: from the centre to one of eight targets on the unit circle.
//!
//! The input is the direction of the target, constant over the trial. The output is a
//! minimum-jerk movement that takes the whole trial: with tau = t / T the position is
//! s(tau) = 10 tau^3 - 15 tau^4 + 6 tau^5 along the direction, and the velocity, in reach lengths
//! per trial, is s'(tau) = 30 tau^2 (1 - tau)^2, a bell with its peak of 15/8 in the middle. The
//! eight directions are equally spaced, rotated together by a random angle, and come in random
//! order; no direction comes again before all have come.
//!
//! **Channels.** Inputs: the cosine and the sine of the angle; a single input is the angle itself,
//! from 0 to 2 pi, mapped to [-1, 1). Outputs: x, y, v_x, v_y, of which fewer channels show the
//! first. Surplus channels are fixed random mixtures of these.
//!
//! **Source.** Flash and Hogan (1985), "The coordination of arm movements: an experimentally
//! confirmed mathematical model"; the eight directions are those of Georgopoulos, Kalaska,
//! Caminiti and Massey (1982).

use std::f64::consts::{PI, TAU};

use super::channels::{fill, mask_after_start, over_time};
use super::{Dimensions, Task};
use crate::scalar::Stream;

/// Targets on the circle.
const DIRECTIONS: usize = 8;

/// Draws a task.
pub(super) fn draw(dimensions: &Dimensions, stream: &Stream) -> Task<f64> {
    let &Dimensions { d_in, steps, trials, .. } = dimensions;
    let angles = draw_angles(trials, &mut stream.named("angles"));
    let inputs = if d_in == 1 {
        over_time(1, steps, trials, |_, _, m| angles[m] / PI - 1.0)
    } else {
        over_time(2, steps, trials, |i, _, m| [angles[m].cos(), angles[m].sin()][i])
    };
    let targets = over_time(4, steps + 1, trials, |i, t, m| {
        let time = t as f64 / steps as f64;
        let along = if i < 2 { position(time) } else { velocity(time) };
        along * if i % 2 == 0 { angles[m].cos() } else { angles[m].sin() }
    });
    fill(dimensions, stream, &inputs, &targets, mask_after_start(dimensions))
}

/// The angle of each trial, in [0, 2 pi).
fn draw_angles(trials: usize, stream: &mut Stream) -> Vec<f64> {
    let rotation = stream.uniform();
    let mut order = Vec::new();
    let mut next = || {
        if order.is_empty() {
            order = stream.permutation(DIRECTIONS);
        }
        order.pop().expect("a permutation of eight is not empty")
    };
    let sector = TAU / DIRECTIONS as f64;
    (0..trials).map(|_| (next() as f64 + rotation) * sector).collect()
}

/// The distance from the centre at a time in [0, 1].
fn position(time: f64) -> f64 {
    time.powi(3) * (10.0 - 15.0 * time + 6.0 * time.powi(2))
}

/// The derivative of [`position`].
fn velocity(time: f64) -> f64 {
    30.0 * (time * (1.0 - time)).powi(2)
}

#[cfg(all(test, feature = "verify"))]
mod tests {
    use super::*;
    use crate::task::{Limits, TaskFamily, tasks};
    use proptest::prelude::*;

    fn limits() -> Limits {
        Limits { d_in: 2..=3, d_out: 4..=6, steps: 1..=30, ..Limits::default() }
    }

    proptest! {
        #[test]
        fn movements_go_from_the_centre_to_the_target_and_stop(
            task in tasks::<f64>(TaskFamily::CentreOut, limits())
        ) {
            for m in 0..task.trials {
                let (input, last) = (task.inputs.column(m), task.steps * task.trials + m);
                prop_assert!((input[0].hypot(input[1]) - 1.0).abs() < 1e-12);
                prop_assert_eq!(&task.targets.column(m)[..4], &[0.0; 4]);
                let end = task.targets.column(last);
                prop_assert!((end[0] - input[0]).abs().max((end[1] - input[1]).abs()) < 1e-12);
                prop_assert_eq!(&end[2..4], &[0.0; 2]);
            }
        }

        #[test]
        fn speed_is_a_bell_along_the_direction(
            task in tasks::<f64>(TaskFamily::CentreOut, limits())
        ) {
            for m in 0..task.trials {
                let output = |t: usize| task.targets.column(t * task.trials + m);
                let speed = |t: usize| output(t)[2].hypot(output(t)[3]);
                for t in 0..task.steps {
                    let rises = speed(t + 1) > speed(t);
                    let mirrored = (speed(t) - speed(task.steps - t)).abs();
                    prop_assert!(mirrored < 1e-12, "asymmetric at {t}");
                    // The step across the middle is neither.
                    prop_assert!(rises || 2 * t + 1 >= task.steps, "falls at {t}");
                    prop_assert!(!rises || 2 * t < task.steps, "rises at {t}");
                    let input = task.inputs.column(t * task.trials + m);
                    let across = output(t)[0] * input[1] - output(t)[1] * input[0];
                    prop_assert!(across.abs() < 1e-12);
                }
            }
        }

        #[test]
        fn one_input_is_the_angle(seed: u64) {
            let dimensions = Dimensions { neurons: 1, d_in: 1, d_out: 2, steps: 3, trials: 8 };
            let task = draw(&dimensions, &Stream::new("centre-out", seed, 0));
            for m in 0..8 {
                let angle = (task.inputs[(0, m)] + 1.0) * PI;
                let end = task.targets.column(3 * 8 + m);
                prop_assert!((-1.0..1.0).contains(&task.inputs[(0, m)]));
                let distance = (end[0] - angle.cos()).hypot(end[1] - angle.sin());
                prop_assert!(distance < 1e-12);
            }
        }
    }

    #[test]
    fn velocity_is_the_derivative_of_position_and_jerk_is_least() {
        let step = 1e-3;
        for index in 1..1000 {
            let time = index as f64 * step;
            let slope = (position(time + step) - position(time - step)) / (2.0 * step);
            assert!((slope - velocity(time)).abs() < 1e-4, "at {time}");
        }
        // Least jerk: the sixth derivative is zero, so sixth differences are.
        let binomials = [1.0, -6.0, 15.0, -20.0, 15.0, -6.0, 1.0];
        let difference: f64 =
            binomials.iter().enumerate().map(|(k, b)| b * position(k as f64 / 6.0)).sum();
        assert!(difference.abs() < 1e-12);
        assert!((velocity(0.5) - 15.0 / 8.0).abs() < 1e-12);
    }

    #[test]
    fn eight_trials_reach_in_eight_directions() {
        let angles = draw_angles(20, &mut Stream::new("centre-out", 0, 0));
        for round in [&angles[..8], &angles[8..16]] {
            let mut sorted = round.to_vec();
            sorted.sort_by(f64::total_cmp);
            let steps = sorted.windows(2).map(|pair| pair[1] - pair[0]);
            assert!(steps.into_iter().all(|gap| (gap - TAU / 8.0).abs() < 1e-12));
        }
        assert_ne!(angles[..8], angles[8..16]);
    }
}
