//! Tasks as proptest strategies: drawn within limits, shrunk to small dimensions.

use std::ops::RangeInclusive;

use proptest::prelude::*;

use super::{Dimensions, Task, TaskFamily};
use crate::scalar::{Scalar, Stream};

/// How large the dimensions of drawn tasks may be. Failing cases shrink towards the lower ends.
///
/// # Examples
///
/// ```
/// use rankproof::task::Limits;
///
/// let long_trials = Limits { steps: 1..=50, ..Limits::default() };
/// assert_eq!(long_trials.d_in, 1..=3);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Neurons, N.
    pub neurons: RangeInclusive<usize>,
    /// Input channels, p.
    pub d_in: RangeInclusive<usize>,
    /// Output channels, q.
    pub d_out: RangeInclusive<usize>,
    /// Time steps, T.
    pub steps: RangeInclusive<usize>,
    /// Trials, M.
    pub trials: RangeInclusive<usize>,
}

/// Sizes at which hundreds of cases take a second: N up to 8, channels up to 3, T up to 6 and M
/// up to 4.
impl Default for Limits {
    fn default() -> Self {
        Limits { neurons: 1..=8, d_in: 1..=3, d_out: 1..=3, steps: 1..=6, trials: 1..=4 }
    }
}

impl Limits {
    fn ranges(&self) -> [RangeInclusive<usize>; 5] {
        [&self.neurons, &self.d_in, &self.d_out, &self.steps, &self.trials].map(Clone::clone)
    }
}

/// Dimensions within limits, both ends included.
///
/// # Panics
///
/// If a range is empty or begins at zero.
pub fn dimensions(limits: Limits) -> impl Strategy<Value = Dimensions> {
    let ranges = limits.ranges();
    assert!(
        ranges.iter().all(|range| !range.is_empty() && *range.start() > 0),
        "limits with a range that is empty or begins at zero: {limits:?}"
    );
    ranges.prop_map(|[neurons, d_in, d_out, steps, trials]| Dimensions {
        neurons,
        d_in,
        d_out,
        steps,
        trials,
    })
}

/// One of some families. Failing cases shrink towards the first.
///
/// # Panics
///
/// When a case is drawn, if there are none.
pub fn family(choices: &'static [TaskFamily]) -> impl Strategy<Value = TaskFamily> {
    proptest::sample::select(choices)
}

/// Tasks of one family with dimensions within limits.
///
/// A failing case shrinks in its dimensions, not in its random numbers: no seed is simpler than
/// another.
///
/// # Panics
///
/// If a range of the limits is empty or begins at zero, or if this arithmetic cannot express the
/// family ([`TaskFamily::is_available`]).
pub fn tasks<S: Scalar>(family: TaskFamily, limits: Limits) -> impl Strategy<Value = Task<S>> {
    assert!(family.is_available::<S>(), "{family} in an arithmetic without real functions");
    (dimensions(limits), any::<u64>().no_shrink()).prop_map(move |(dimensions, seed)| {
        let stream = Stream::new(&format!("task/{family}"), seed, 0);
        family.draw(&dimensions, &stream).expect("an arithmetic that has the family")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Fp;
    use proptest::test_runner::{Config, TestError, TestRunner};

    /// What a failing property is reduced to.
    fn smallest_failing<T: Strategy>(strategy: &T, holds: impl Fn(&T::Value) -> bool) -> T::Value
    where
        T::Value: Clone,
    {
        // The failures are wanted, so they leave no file behind.
        let config = Config { failure_persistence: None, ..Config::default() };
        let outcome = TestRunner::new(config).run(strategy, |value| {
            if holds(&value) { Ok(()) } else { Err(TestCaseError::fail("as intended")) }
        });
        match outcome {
            Err(TestError::Fail(_, value)) => value,
            other => panic!("the property should fail: {other:?}"),
        }
    }

    #[test]
    fn dimensions_shrink_to_their_lower_ends() {
        let ones = Dimensions { neurons: 1, d_in: 1, d_out: 1, steps: 1, trials: 1 };
        assert_eq!(smallest_failing(&dimensions(Limits::default()), |_| false), ones);
        let limits = Limits { neurons: 3..=9, trials: 2..=2, ..Limits::default() };
        let expected = Dimensions { neurons: 3, trials: 2, ..ones };
        assert_eq!(smallest_failing(&dimensions(limits), |_| false), expected);
    }

    #[test]
    fn families_shrink_to_the_first() {
        let choices = family(&TaskFamily::ALL);
        assert_eq!(smallest_failing(&choices, |_| false), TaskFamily::LinearTeacher);
        let only = |family: &TaskFamily| *family != TaskFamily::CentreOut;
        assert_eq!(smallest_failing(&choices, only), TaskFamily::CentreOut);
    }

    #[test]
    fn tasks_shrink_to_what_the_failure_needs_in_every_family() {
        for family in TaskFamily::ALL {
            let tasks = tasks::<f64>(family, Limits::default());
            let task = smallest_failing(&tasks, |task| task.steps < 4 || task.d_out() < 2);
            let sizes = (task.d_in(), task.d_out(), task.steps, task.trials);
            assert_eq!(sizes, (1, 2, 4, 1), "{family}");
        }
    }

    #[test]
    fn random_numbers_do_not_shrink() {
        let one = Limits { neurons: 1..=1, d_in: 1..=1, d_out: 1..=1, steps: 1..=1, trials: 1..=1 };
        let draw =
            || smallest_failing(&tasks::<Fp>(TaskFamily::RandomTargets, one.clone()), |_| false);
        // Shrunk to the same seed, two failures would be one task.
        assert_ne!(draw(), draw());
    }

    #[test]
    #[should_panic(expected = "flip-flop in an arithmetic without real functions")]
    fn a_family_that_the_field_does_not_have_is_refused() {
        let _ = tasks::<Fp>(TaskFamily::FlipFlop, Limits::default());
    }

    #[test]
    #[should_panic(expected = "empty or begins at zero")]
    fn limits_that_begin_at_zero_are_refused() {
        let _ = dimensions(Limits { d_in: 0..=3, ..Limits::default() });
    }

    proptest! {
        #[test]
        fn drawn_dimensions_lie_within_their_limits(
            drawn in dimensions(Limits { neurons: 2..=5, steps: 3..=4, ..Limits::default() })
        ) {
            prop_assert!((2..=5).contains(&drawn.neurons) && (3..=4).contains(&drawn.steps));
            prop_assert!(drawn.d_in <= 3 && drawn.d_out <= 3 && drawn.trials <= 4);
        }

        #[test]
        fn any_family_draws_with_any_seed(
            family in family(&TaskFamily::ALL),
            dimensions in dimensions(Limits::default()),
            seed: u64,
        ) {
            let task = family.draw::<f64>(&dimensions, &Stream::new("any", seed, 0));
            prop_assert!(task.is_some_and(|task| task.targets.is_finite()));
        }
    }
}
