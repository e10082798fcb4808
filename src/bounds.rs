//! Whole numbers that are known from below and from above, and what holding one against a bound
//! says.
//!
//! A rank in a field is one number. In floating point a singular value may stand in the noise, and
//! a CP rank is known between a certificate and a decomposition; then both ends are given, and
//! nothing in between counts as known.

use std::fmt;
use std::ops::Add;

/// A number, as far as it is known: `lower <= number <= upper`.
///
/// # Examples
///
/// ```
/// use rankproof::bounds::{Bounds, Verdict};
///
/// let rank = Bounds { lower: 3, upper: 5 };
/// assert_eq!((rank.known(), rank.to_string().as_str()), (None, "3..5"));
/// let verdicts = [2, 4, 5].map(|bound| rank.against(bound));
/// let held = Verdict::Held { attained: false };
/// assert_eq!(verdicts, [Verdict::Violated, Verdict::Inconclusive, held]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// What it is at least.
    pub lower: usize,
    /// What it is at most.
    pub upper: usize,
}

impl Bounds {
    /// A number that is known.
    pub const fn exactly(number: usize) -> Self {
        Bounds { lower: number, upper: number }
    }

    /// The number, or `None` where it is inconclusive.
    pub fn known(self) -> Option<usize> {
        (self.lower == self.upper).then_some(self.lower)
    }

    /// The larger of two numbers.
    pub fn max(self, other: Self) -> Self {
        Bounds { lower: self.lower.max(other.lower), upper: self.upper.max(other.upper) }
    }

    /// By how much the number differs from another one, in either direction.
    pub fn abs_diff(self, other: usize) -> Self {
        let ends = [self.lower.abs_diff(other), self.upper.abs_diff(other)];
        let is_between = (self.lower..=self.upper).contains(&other);
        let lower = if is_between { 0 } else { ends[0].min(ends[1]) };
        Bounds { lower, upper: ends[0].max(ends[1]) }
    }

    /// Whether it is at most `bound`.
    pub fn against(self, bound: usize) -> Verdict {
        if self.lower > bound {
            Verdict::Violated
        } else if self.upper > bound {
            Verdict::Inconclusive
        } else {
            Verdict::Held { attained: self.lower == bound }
        }
    }
}

/// The sum of two numbers.
impl Add for Bounds {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Bounds { lower: self.lower + other.lower, upper: self.upper + other.upper }
    }
}

/// A number, or both ends.
impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.known() {
            Some(number) => write!(f, "{number}"),
            None => write!(f, "{}..{}", self.lower, self.upper),
        }
    }
}

/// What follows when numbers are held against bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything stays within its bound.
    Held {
        /// The first number reaches its bound: of a theorem the one that its `bound` is about.
        attained: bool,
    },
    /// Something exceeds its bound.
    Violated,
    /// Neither can be said: the run diverged, or a singular value stands inside the noise.
    Inconclusive,
}

impl Verdict {
    /// Over several numbers: the worst verdict, and attained if that on the first one is. Of none
    /// nothing can be said.
    pub fn of_all(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
        let verdicts: Vec<_> = verdicts.into_iter().collect();
        [Verdict::Violated, Verdict::Inconclusive]
            .into_iter()
            .find(|bad| verdicts.contains(bad))
            .or(verdicts.first().copied())
            .unwrap_or(Verdict::Inconclusive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_is_zero_only_where_it_can_be() {
        let between = Bounds { lower: 3, upper: 6 };
        let differences = [1, 3, 5, 6, 8].map(|other| between.abs_diff(other));
        let expected = [(2, 5), (0, 3), (0, 2), (0, 3), (2, 5)];
        assert_eq!(differences, expected.map(|(lower, upper)| Bounds { lower, upper }));
        assert_eq!(Bounds::exactly(4).abs_diff(4), Bounds::exactly(0));
    }

    #[test]
    fn sums_and_maxima_are_of_both_ends() {
        let [a, b] = [Bounds { lower: 1, upper: 7 }, Bounds { lower: 2, upper: 3 }];
        assert_eq!(a + b, Bounds { lower: 3, upper: 10 });
        assert_eq!(a.max(b), Bounds { lower: 2, upper: 7 });
    }

    #[test]
    fn the_worst_verdict_counts_and_the_first_says_what_is_attained() {
        let held = |attained| Verdict::Held { attained };
        assert_eq!(Verdict::of_all([held(true), held(false)]), held(true));
        assert_eq!(Verdict::of_all([held(false), held(true)]), held(false));
        let all = [held(true), Verdict::Inconclusive, Verdict::Violated];
        assert_eq!(Verdict::of_all(all), Verdict::Violated);
        assert_eq!(Verdict::of_all(all[..2].iter().copied()), Verdict::Inconclusive);
        assert_eq!(Verdict::of_all([]), Verdict::Inconclusive);
    }
}
