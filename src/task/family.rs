//! The families of tasks by name.

use std::fmt;
use std::str::FromStr;

use super::{
    Dimensions, Task, centre_out, delayed_recall, flip_flop, integrator, linear_teacher,
    random_targets, sine_generator,
};
use crate::named::{Named, UnknownName};
use crate::scalar::{Scalar, Stream};

/// A kind of task.
///
/// # Examples
///
/// ```
/// use rankproof::scalar::{Fp, Stream};
/// use rankproof::task::{Dimensions, TaskFamily};
///
/// let family: TaskFamily = "flip-flop".parse()?;
/// let dimensions = Dimensions { neurons: 20, d_in: 3, d_out: 3, steps: 50, trials: 4 };
/// let stream = Stream::new("example", 1, 0);
/// let task = family.draw::<f64>(&dimensions, &stream).expect("floats have real functions");
/// assert_eq!((task.d_out(), task.targets.cols()), (3, 51 * 4));
/// // Pulses and signs mean nothing in a finite field.
/// assert!(family.draw::<Fp>(&dimensions, &stream).is_none());
/// # Ok::<(), rankproof::named::UnknownName>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskFamily {
    /// Targets from a small random linear network; in every arithmetic.
    LinearTeacher,
    /// Inputs and targets in general position; in every arithmetic.
    RandomTargets,
    /// Running sums of the inputs; in every arithmetic.
    Integrator,
    /// The sign of the last pulse (Sussillo and Barak 2013).
    FlipFlop,
    /// A stimulus shown again after a delay (memory-pro of Yang et al. 2019).
    DelayedRecall,
    /// A sinusoid whose frequency a constant input sets (Sussillo and Barak 2013).
    SineGenerator,
    /// Minimum-jerk reaches in eight directions (Flash and Hogan 1985).
    CentreOut,
}

impl TaskFamily {
    /// All families.
    pub const ALL: [TaskFamily; 7] = [
        TaskFamily::LinearTeacher,
        TaskFamily::RandomTargets,
        TaskFamily::Integrator,
        TaskFamily::FlipFlop,
        TaskFamily::DelayedRecall,
        TaskFamily::SineGenerator,
        TaskFamily::CentreOut,
    ];

    /// True if the family can be drawn in this arithmetic: all can where there are real numbers,
    /// the linear ones also in a field.
    pub fn is_available<S: Scalar>(self) -> bool {
        use TaskFamily::{Integrator, LinearTeacher, RandomTargets};
        S::ELEMENTARY.is_some() || matches!(self, LinearTeacher | RandomTargets | Integrator)
    }

    /// Draws a task of the declared dimensions: inputs (d_in, T M), targets (d_out, (T + 1) M).
    /// `None` if this arithmetic cannot express the family.
    ///
    /// The families that need real functions are computed in f64 and rounded, so that they are
    /// the same task in every arithmetic that has them.
    ///
    /// # Panics
    ///
    /// If a dimension is zero.
    pub fn draw<S: Scalar>(self, dimensions: &Dimensions, stream: &Stream) -> Option<Task<S>> {
        let &Dimensions { neurons, d_in, d_out, steps, trials } = dimensions;
        assert!(
            [neurons, d_in, d_out, steps, trials].iter().all(|&size| size > 0),
            "a task with a dimension of zero: {dimensions:?}"
        );
        let draw: fn(&Dimensions, &Stream) -> Task<f64> = match self {
            TaskFamily::LinearTeacher => return Some(linear_teacher::draw(dimensions, stream)),
            TaskFamily::RandomTargets => return Some(random_targets::draw(dimensions, stream)),
            TaskFamily::Integrator => return Some(integrator::draw(dimensions, stream)),
            TaskFamily::FlipFlop => flip_flop::draw,
            TaskFamily::DelayedRecall => delayed_recall::draw,
            TaskFamily::SineGenerator => sine_generator::draw,
            TaskFamily::CentreOut => centre_out::draw,
        };
        let from_f64 = S::ELEMENTARY?.from_f64;
        Some(draw(dimensions, stream).map(from_f64))
    }
}

/// The name.
impl fmt::Display for TaskFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for TaskFamily {
    type Err = UnknownName;

    /// Finds a family by its name.
    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::find(name)
    }
}

impl Named for TaskFamily {
    const WHAT: &'static str = "task family";

    /// The descriptions say what the network has to do.
    fn table() -> Vec<(Self, &'static str, &'static str)> {
        use TaskFamily::*;
        vec![
            (
                LinearTeacher,
                "linear-teacher",
                "Reproduce the outputs of a linear network of two neurons",
            ),
            (
                RandomTargets,
                "random-targets",
                "Produce targets that have nothing to do with the inputs",
            ),
            (Integrator, "integrator", "Output the running sum of each input"),
            (FlipFlop, "flip-flop", "Hold the sign of the last pulse on each input"),
            (
                DelayedRecall,
                "delayed-recall",
                "Remember a stimulus over a delay and show it after the go cue",
            ),
            (
                SineGenerator,
                "sine-generator",
                "Produce a sinusoid of the frequency that a constant input sets",
            ),
            (
                CentreOut,
                "centre-out",
                "Move from the centre to one of eight targets with minimum jerk",
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::{DoubleDouble, Dual, Fp, Real};

    fn all_small_dimensions() -> impl Iterator<Item = Dimensions> {
        let sizes = 1..=4;
        (0..256).map(move |index: usize| {
            let size =
                |digit: u32| sizes.start() + index / 4usize.pow(digit) % sizes.clone().count();
            Dimensions {
                neurons: 1 + index % 3,
                d_in: size(0),
                d_out: size(1),
                steps: size(2),
                trials: size(3),
            }
        })
    }

    /// What holds for every family, dimension and arithmetic.
    fn check_all<S: Scalar>() {
        for family in TaskFamily::ALL {
            for (case, dimensions) in all_small_dimensions().enumerate() {
                let draw =
                    |seed| family.draw::<S>(&dimensions, &Stream::new("t", seed, case as u64));
                let task = draw(0);
                assert_eq!(task.is_some(), family.is_available::<S>());
                let Some(task) = task else { continue };
                let context = format!("{family} {dimensions:?}");
                check_shapes(&task, &dimensions, &context);
                check_content(&task, family, &context);
                assert_eq!(draw(0).as_ref(), Some(&task), "{context}");
                // With few bits and trials two flip-flops may agree by chance.
                let may_agree = matches!(family, TaskFamily::FlipFlop | TaskFamily::DelayedRecall);
                assert!(may_agree || draw(1).as_ref() != Some(&task), "{context}");
            }
        }
    }

    fn check_shapes<S: Scalar>(task: &Task<S>, dimensions: &Dimensions, context: &str) {
        let &Dimensions { d_in, d_out, steps, trials, .. } = dimensions;
        let shape = |matrix: &crate::matrix::Matrix<S>| (matrix.rows(), matrix.cols());
        assert_eq!((task.steps, task.trials), (steps, trials), "{context}");
        assert_eq!((task.d_in(), task.d_out()), (d_in, d_out), "{context}");
        assert_eq!(shape(&task.inputs), (d_in, steps * trials), "{context}");
        assert_eq!(shape(&task.targets), (d_out, (steps + 1) * trials), "{context}");
        assert_eq!(shape(&task.mask), (1, (steps + 1) * trials), "{context}");
    }

    fn check_content<S: Scalar>(task: &Task<S>, family: TaskFamily, context: &str) {
        let all = [&task.inputs, &task.targets, &task.mask];
        assert!(all.iter().all(|matrix| matrix.is_finite()), "{context}");
        assert!(task.inputs.data().iter().any(|&u| u != S::ZERO), "{context}");
        for m in 0..task.trials {
            if family != TaskFamily::RandomTargets {
                assert_eq!(task.mask[(0, m)], S::ZERO, "{context}");
                assert!(task.targets.column(m).iter().all(|&y| y == S::ZERO), "{context}");
            }
            // Something other than zero is asked for in every trial.
            let asked = (0..=task.steps).map(|t| t * task.trials + m).any(|column| {
                let target = task.targets.column(column);
                task.mask[(0, column)] != S::ZERO && target.iter().any(|&y| y != S::ZERO)
            });
            assert!(asked, "{context} trial {m}");
        }
    }

    #[test]
    fn every_family_works_for_all_small_dimensions() {
        check_all::<f64>();
        check_all::<f32>();
        check_all::<DoubleDouble>();
        check_all::<Dual<f64>>();
    }

    #[test]
    fn the_linear_families_work_in_the_field() {
        check_all::<Fp>();
        check_all::<Dual<Fp>>();
        let available = TaskFamily::ALL.map(|family| family.is_available::<Fp>());
        assert_eq!(available, [true, true, true, false, false, false, false]);
    }

    #[test]
    fn real_families_are_one_task_in_all_arithmetics() {
        let dimensions = Dimensions { neurons: 4, d_in: 3, d_out: 5, steps: 7, trials: 3 };
        let stream = Stream::new("arithmetics", 0, 0);
        for family in TaskFamily::ALL.into_iter().filter(|family| !family.is_available::<Fp>()) {
            let draw = family.draw::<f64>(&dimensions, &stream).unwrap();
            let lifted = draw.map(DoubleDouble::from_f64);
            assert_eq!(family.draw::<DoubleDouble>(&dimensions, &stream), Some(lifted));
            assert_eq!(family.draw::<f32>(&dimensions, &stream), Some(draw.map(|x| x as f32)));
        }
    }

    #[test]
    fn a_task_does_not_depend_on_what_was_drawn_before() {
        let dimensions = Dimensions { neurons: 4, d_in: 2, d_out: 2, steps: 5, trials: 3 };
        let fresh = Stream::new("order", 0, 0);
        let mut used = fresh.clone();
        used.bits();
        for family in TaskFamily::ALL {
            let draw = |stream| family.draw::<f64>(&dimensions, stream);
            assert_eq!(draw(&fresh), draw(&used));
        }
    }

    #[test]
    #[should_panic(expected = "a dimension of zero")]
    fn a_dimension_of_zero_is_refused() {
        let dimensions = Dimensions { neurons: 1, d_in: 1, d_out: 1, steps: 0, trials: 1 };
        let _ = TaskFamily::FlipFlop.draw::<f64>(&dimensions, &Stream::new("zero", 0, 0));
    }

    #[test]
    fn names_are_kebab_case_and_read_back() {
        for family in TaskFamily::ALL {
            assert_eq!(family.name().parse(), Ok(family));
            assert_eq!(family.to_string(), family.name());
            assert!(family.name().chars().all(|c| c.is_ascii_lowercase() || c == '-'));
        }
        let error = "flipflop".parse::<TaskFamily>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "no task family is called \"flipflop\"; there are linear-teacher, random-targets, \
             integrator, flip-flop, delayed-recall, sine-generator, centre-out"
        );
    }
}
