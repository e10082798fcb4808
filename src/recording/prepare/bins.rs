//! Which bin a time belongs to: the one rule by which spikes, samples, events and the ends of
//! trials are held against the edges of bins.
//!
//! A bin holds its lower edge and not its upper one. Edges such as 1234.567 + 3 x 0.1 are no
//! numbers that a computer has, and neither are most of the times that stand on them: by the bare
//! order of the rounded numbers about a fifth of what stands on an edge comes into the bin before.
//! A time that is below an edge by no more than rounding can have moved it therefore belongs to the
//! bin that begins there.

use std::ops::Range;

use crate::scalar::Precision;

/// Times nearer than this are one for every clock by which spikes and events are recorded, in
/// seconds: a hundredth of a sample at 100 kHz.
const CLOCK: f64 = 1e-7;

/// Samples stand on an edge if they are nearer to it than this part of the time between them.
const OF_INTERVAL: f64 = 1e-3;

/// Of a bin at most this part is taken for rounding.
const MOST: f64 = 0.25;

/// By how much rounding may have moved a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rounding {
    /// As a share of the time.
    relative: f64,
    /// In seconds.
    seconds: f64,
}

impl Rounding {
    /// Of times that are stored so, and scaled to seconds in double precision.
    pub fn of(precision: Precision) -> Rounding {
        let relative = match precision {
            Precision::Single => 0.5 * f64::from(f32::EPSILON),
            _ => 4.0 * f64::EPSILON,
        };
        Rounding { relative, seconds: CLOCK }
    }

    /// Of times that are samples so many seconds apart.
    pub fn of_samples(self, interval: f64) -> Rounding {
        Rounding { seconds: OF_INTERVAL * interval, ..self }
    }

    /// Of the difference of two times.
    pub fn and(self, other: Rounding) -> Rounding {
        Rounding {
            relative: self.relative + other.relative,
            seconds: self.seconds.max(other.seconds),
        }
    }

    /// Of times some of which are rounded so and some so.
    pub fn or(self, other: Rounding) -> Rounding {
        Rounding {
            relative: self.relative.max(other.relative),
            seconds: self.seconds.max(other.seconds),
        }
    }

    /// In seconds, at a time.
    pub fn at(self, time: f64) -> f64 {
        self.relative * time.abs() + self.seconds
    }

    /// One sentence if rounding is no longer small beside a bin.
    pub fn note(self, latest: f64, bin: f64) -> Option<String> {
        let slack = self.at(latest);
        (slack > MOST * bin).then(|| {
            format!(
                "times are stored so coarsely ({slack:.1e} s) that bins of {bin} s are not exact"
            )
        })
    }
}

/// Whole steps up to a place on an axis of steps of one, of which it may fall short by rounding.
pub(super) fn whole_steps(place: f64) -> f64 {
    const SHORT: f64 = 1e-6;
    (place + SHORT).floor()
}

/// Bins of one width, one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bins {
    start: f64,
    width: f64,
    count: usize,
    slack: f64,
}

impl Bins {
    /// So many bins from a time on, for times that are rounded so; all in seconds.
    pub fn new(start: f64, width: f64, count: usize, rounding: Rounding) -> Bins {
        let furthest = start.abs() + count as f64 * width;
        Bins { start, width, count, slack: rounding.at(furthest).min(MOST * width) }
    }

    /// Where a bin begins, and the one before it ends.
    pub fn edge(&self, bin: usize) -> f64 {
        self.start + bin as f64 * self.width
    }

    /// The bin that a time belongs to, as a whole number: negative before the first bin, `count` or
    /// more behind the last.
    pub fn of(&self, time: f64) -> f64 {
        ((time - self.start + self.slack) / self.width).floor()
    }

    /// Of some times that increase, the place of the first that belongs to a bin or a later one.
    pub fn first(&self, times: &[f64], bin: usize) -> usize {
        times.partition_point(|&time| self.of(time) < bin as f64)
    }

    /// Of some times that increase, the places of those that belong to a bin.
    pub fn places(&self, times: &[f64], bin: usize) -> Range<usize> {
        let first = self.first(times, bin);
        first..first + self.first(&times[first..], bin + 1)
    }

    /// Of some times that increase, the place of the first that is not before a time.
    pub fn first_from(&self, times: &[f64], from: f64) -> usize {
        times.partition_point(|&time| time < from - self.slack)
    }

    /// Of some times that increase, the place of the first that is behind a time.
    pub fn first_behind(&self, times: &[f64], end: f64) -> usize {
        times.partition_point(|&time| time <= end + self.slack)
    }

    /// How many bins are over at a time.
    pub fn over_at(&self, time: f64) -> usize {
        self.of(time).clamp(0.0, self.count as f64) as usize
    }

    /// Of some intervals that increase, the one in which a whole bin lies.
    pub fn interval_around(&self, bin: usize, intervals: &[(f64, f64)]) -> Option<(f64, f64)> {
        let begun = intervals.partition_point(|(from, _)| from - self.slack <= self.edge(bin));
        let last = intervals[..begun].last().copied();
        last.filter(|&(_, to)| self.of(to) > bin as f64)
    }

    /// True if a bin and one of some intervals have time in common.
    pub fn meets(&self, bin: usize, intervals: &[(f64, f64)]) -> bool {
        let common = |&(from, to): &(f64, f64)| {
            self.of(from) <= bin as f64 && to - self.slack > self.edge(bin)
        };
        intervals.iter().any(common)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn doubles() -> Rounding {
        Rounding::of(Precision::Double)
    }

    fn counts(bins: &Bins, times: &[f64]) -> Vec<usize> {
        (0..bins.count).map(|bin| bins.places(times, bin).len()).collect()
    }

    #[test]
    fn a_bin_holds_its_lower_edge_and_not_its_upper_one() {
        let bins = Bins::new(0.0, 0.1, 4, doubles());
        assert_eq!(counts(&bins, &[0.0, 0.1, 0.1, 0.2, 0.35, 0.4]), [1, 2, 1, 1]);
        // Written as sums, edges are rounded: 0.1 + 0.2 is above 0.3, and 1.1 - 0.8 is, too.
        assert_eq!((bins.of(0.1 + 0.2), bins.of(1.1 - 0.8), bins.of(0.3)), (3.0, 3.0, 3.0));
        // What is below by more than rounding stays below.
        assert_eq!((bins.of(0.3 - 1e-6), bins.of(-1e-6), bins.of(7.0)), (2.0, -1.0, 70.0));
    }

    #[test]
    fn intervals_end_on_edges_up_to_rounding() {
        let bins = Bins::new(1234.567, 0.1, 10, doubles());
        assert_eq!((bins.over_at(1234.567 + 0.3), bins.over_at(1234.9)), (3, 3));
        assert_eq!((bins.over_at(0.0), bins.over_at(f64::INFINITY)), (0, 10));
        let within = |interval| {
            let lies = |&bin: &usize| bins.interval_around(bin, &[(0.0, 1.0), interval]).is_some();
            (0..10).filter(lies).collect::<Vec<_>>()
        };
        let met =
            |interval| (0..10).filter(|&bin| bins.meets(bin, &[interval])).collect::<Vec<_>>();
        let on_edges = (1234.767, 1234.967);
        assert_eq!((within(on_edges), met(on_edges)), (vec![2, 3], vec![2, 3]));
        let between = (1234.75, 1234.98);
        assert_eq!((within(between), met(between)), (vec![2, 3], vec![1, 2, 3, 4]));
    }

    #[test]
    fn times_of_single_precision_stand_on_edges_of_double_precision() {
        let single = Rounding::of(Precision::Single);
        let bins = Bins::new(4321.1, 0.1, 20, single.and(doubles()));
        let times: Vec<f64> =
            (0..200).map(|i| f64::from((4321.1 + 0.01 * f64::from(i)) as f32)).collect();
        assert_eq!(counts(&bins, &times), [10; 20]);
        assert!(single.note(4321.1, 0.1).is_none());
        assert!(single.note(1e6, 0.1).is_some_and(|note| note.contains("6.0e-2 s")));
    }

    proptest! {
        /// One sample or spike in each step of a clock, events on the clock, bins of some steps:
        /// however the times were computed, each bin has as many as it is steps wide.
        #[test]
        fn counts_on_edges_are_exact(
            rate in 10_u32..=1000,
            steps in 1_u32..=40,
            milliseconds in 0_u32..3_000_000,
            event in 0_u32..2000,
            before in 0_u32..5,
            written in 0_usize..4,
        ) {
            let (rate, start) = (f64::from(rate), f64::from(milliseconds) / 1000.0);
            let time = |i: u32| start + f64::from(i) / rate;
            let mut sum = start;
            let times: Vec<f64> = (0..4000).map(|i| match written {
                0 => time(i),
                1 => start + f64::from(i) * (1.0 / rate),
                // As a table of nine decimals has it.
                2 => format!("{:.9}", time(i)).parse().expect("a number"),
                _ => {
                    let now = sum;
                    sum += 1.0 / rate;
                    now
                }
            }).collect();
            let width = f64::from(steps) / rate;
            let event = event + before * steps;
            prop_assume!(event + 20 * steps <= 4000);
            let from = time(event) + -f64::from(before) * width;
            for rounding in [doubles(), doubles().of_samples(1.0 / rate)] {
                let bins = Bins::new(from, width, 20, rounding);
                prop_assert_eq!(counts(&bins, &times), vec![steps as usize; 20]);
            }
        }
    }
}
