//! Intervals with outward rounding: what is computed with them is proved.

use std::ops::{Add, Mul, Sub};

/// All numbers from `low` to `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Interval {
    pub low: f64,
    pub high: f64,
}

impl Interval {
    pub const ZERO: Interval = Interval { low: 0.0, high: 0.0 };

    /// A number as it is.
    pub fn exactly(value: f64) -> Self {
        Interval { low: value, high: value }
    }

    /// All numbers this near to another one.
    pub fn around(value: f64, radius: f64) -> Self {
        Interval { low: (value - radius).next_down(), high: (value + radius).next_up() }
    }

    /// The largest absolute value; infinite for what is not a number.
    pub fn size(self) -> f64 {
        let size = self.low.abs().max(self.high.abs());
        if self.low.is_nan() || self.high.is_nan() { f64::INFINITY } else { size }
    }
}

// An operation of f64 gives the number next to the exact one at worst, so the one beyond it is outside.
impl Add for Interval {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Interval {
            low: (self.low + other.low).next_down(),
            high: (self.high + other.high).next_up(),
        }
    }
}

impl Sub for Interval {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Interval {
            low: (self.low - other.high).next_down(),
            high: (self.high - other.low).next_up(),
        }
    }
}

impl Mul for Interval {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let products = [
            self.low * other.low,
            self.low * other.high,
            self.high * other.low,
            self.high * other.high,
        ];
        if products.iter().any(|product| product.is_nan()) {
            return Interval { low: f64::NEG_INFINITY, high: f64::INFINITY };
        }
        Interval {
            low: products.iter().copied().fold(f64::INFINITY, f64::min).next_down(),
            high: products.iter().copied().fold(f64::NEG_INFINITY, f64::max).next_up(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holds(interval: Interval, high: f64, low: f64) -> bool {
        // The exact number is high + low, |low| at most half a unit in the last place of high.
        let above = interval.low < high || (interval.low == high && low >= 0.0);
        let below = interval.high > high || (interval.high == high && low <= 0.0);
        above && below
    }

    proptest! {
        /// Against the exact sum and the exact product, as two f64.
        #[test]
        fn the_exact_result_is_inside(a in -1e3..1e3_f64, b in -1e3..1e3_f64, r in 0.0..1.0_f64) {
            let (x, y) = (Interval::exactly(a), Interval::exactly(b));
            let sum = a + b;
            let part = sum - a;
            prop_assert!(holds(x + y, sum, (a - (sum - part)) + (b - part)));
            prop_assert!(holds(x * y, a * b, a.mul_add(b, -(a * b))));
            prop_assert!(holds(x - y, a - b, 0.0));
            let wide = Interval::around(a, r) * Interval::around(b, r);
            for (s, t) in [(-1.0, -1.0), (1.0, -1.0), (0.3, 0.9)] {
                let product = (a + s * r) * (b + t * r);
                prop_assert!(wide.low <= product && product <= wide.high);
            }
        }
    }

    #[test]
    fn what_overflows_is_anything() {
        let all = Interval::exactly(f64::MAX) + Interval::exactly(f64::MAX);
        assert_eq!((all * Interval::ZERO).size(), f64::INFINITY);
        let nan = Interval { low: f64::NAN, high: 0.0 };
        assert_eq!(nan.size(), f64::INFINITY);
    }
}
