//! To what numbers were rounded, told from the numbers themselves.
//!
//! A float64 array can hold float32 values, or values that were printed with four digits. The noise
//! in them is that of the coarser rounding, so the coarsest grid on which **all** of them lie is
//! sought. A value shows its significant bits and, in its shortest decimal form, its digits.
//!
//! - One value says little: 0.5 lies on every grid. That [`ENOUGH`] different values with twice the
//!   bits lie on a grid by chance has probability 2^-64.
//! - Integers and small fractions lie on a coarse grid and are exact. They share one unit whatever
//!   their size, where the unit of floats goes with their size. A binary grid of one unit with fewer
//!   than [`ROUNDED`] bits says nothing, therefore. A decimal one does: 0.1 is not exact in binary.
//! - Where nothing is said, the type of the array is all that is known.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt::{self, Write};
use std::str::FromStr;

use half::{bf16, f16};

use crate::scalar::Precision;

/// Different magnitudes from which on values tell their grid.
const ENOUGH: usize = 64;

/// Bits from which on a grid of one unit is taken for rounding: nobody writes a million levels.
const ROUNDED: u32 = 20;

/// Digits up to which a printed number may have been a float32, where there are no values to ask.
const DIGITS_OF_SINGLE: u32 = 9;

/// What numbers were rounded to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Grid {
    /// Binary floating point.
    Bits {
        /// Significant bits.
        bits: u32,
        /// The least positive number is 2 to this power.
        least: i32,
    },
    /// Decimal floating point: printed, as by `%.4g`.
    Digits {
        /// Significant digits.
        digits: u32,
        /// Significant bits of the arithmetic in which they were computed.
        computed: u32,
    },
    /// Decimal fixed point: printed, as by `%.4f`.
    Decimals {
        /// Every value is a multiple of 10^-decimals.
        decimals: i32,
        /// Significant bits of the arithmetic in which they were computed.
        computed: u32,
    },
}

/// `f16`, `bf16`, `f32`, `f64`, or the number of significant digits with which numbers were printed.
impl FromStr for Grid {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const MAX_DIGITS: u32 = 17;
        match text {
            "f16" => Ok(Grid::HALF),
            "bf16" => Ok(Grid::BFLOAT),
            "f32" => Ok(Grid::SINGLE),
            "f64" => Ok(Grid::DOUBLE),
            digits => (digits.parse().ok())
                .filter(|digits| (1..=MAX_DIGITS).contains(digits))
                .map(Grid::printed)
                .ok_or_else(|| {
                    format!("expected f16, bf16, f32, f64, or digits from 1 to {MAX_DIGITS}")
                }),
        }
    }
}

impl Grid {
    /// bfloat16.
    pub const BFLOAT: Grid = Grid::Bits { bits: 8, least: -133 };
    /// float16.
    pub const HALF: Grid = Grid::Bits { bits: 11, least: -24 };
    /// float32.
    pub const SINGLE: Grid = Grid::Bits { bits: 24, least: -149 };
    /// float64.
    pub const DOUBLE: Grid = Grid::Bits { bits: 53, least: -1074 };

    /// The grid of a type. Integers are computed with in float64.
    pub fn of(stored: Precision) -> Grid {
        match stored {
            Precision::Bfloat => Grid::BFLOAT,
            Precision::Half => Grid::HALF,
            Precision::Single => Grid::SINGLE,
            Precision::Double | Precision::Exact => Grid::DOUBLE,
        }
    }

    /// Numbers that were printed with so many significant digits, by a program that may have
    /// computed in float32 if they are few.
    pub fn printed(digits: u32) -> Grid {
        Grid::Digits { digits, computed: if digits <= DIGITS_OF_SINGLE { 24 } else { 53 } }
    }

    /// The distance from 1 to the next number of the arithmetic in which the numbers were computed.
    pub fn epsilon(self) -> f64 {
        let (Grid::Bits { bits, .. }
        | Grid::Digits { computed: bits, .. }
        | Grid::Decimals { computed: bits, .. }) = self;
        (1.0 - f64::from(bits)).exp2()
    }

    /// The distance between neighbours on the grid beside a number, both over 2^exponent. Of binary
    /// floats only the least distance, as the others are what [`epsilon`](Grid::epsilon) says.
    pub(super) fn unit(self, scaled: f64, exponent: i32) -> f64 {
        const BITS_OF_DIGIT: f64 = std::f64::consts::LOG2_10;
        let exponent = f64::from(exponent);
        match self {
            Grid::Bits { least, .. } => (f64::from(least) - exponent).exp2(),
            Grid::Decimals { decimals, .. } => {
                (-f64::from(decimals) * BITS_OF_DIGIT - exponent).exp2()
            }
            Grid::Digits { .. } if scaled == 0.0 => 0.0,
            Grid::Digits { digits, .. } => {
                let decades = (scaled.abs().log2() + exponent) / BITS_OF_DIGIT;
                scaled.abs() * 10.0_f64.powf(decades.floor() - decades + 1.0 - f64::from(digits))
            }
        }
    }
}

/// `24 bits`, `4 significant digits`, `4 decimals`.
impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Grid::Bits { bits, .. } => write!(f, "{bits} bits"),
            Grid::Digits { digits, .. } => write!(f, "{digits} significant digits"),
            Grid::Decimals { decimals, .. } if *decimals >= 0 => write!(f, "{decimals} decimals"),
            Grid::Decimals { decimals, .. } => write!(f, "no digit below 1e{}", -decimals),
        }
    }
}

/// What some values say of their grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Finding {
    /// They lie on it, and on none that is coarser.
    Lies(Grid),
    /// They are too few: so many different magnitudes.
    Few(usize),
    /// All are small multiples of 2 to this power, so that they may be exact.
    Fixed(i32),
}

/// What matters of some values, collected one by one.
pub(super) struct Census {
    stored: Precision,
    /// Different ones, until there are enough.
    magnitudes: HashSet<u64>,
    binary: Tally,
    /// The shortest decimal forms of the values as float64 and as float32, if all are short.
    double: Option<Decimal>,
    single: Option<Decimal>,
}

impl Census {
    pub fn new(stored: Precision) -> Self {
        Census {
            stored,
            magnitudes: HashSet::new(),
            binary: Tally::default(),
            // Half of all float64 need 17 digits and two thirds of all float32 need 8 or 9.
            double: Some(Decimal::up_to(16)),
            single: Some(Decimal::up_to(7)),
        }
    }

    /// True if the values are different enough to tell their grid.
    pub fn is_enough(&self) -> bool {
        self.magnitudes.len() >= ENOUGH
    }

    pub fn add(&mut self, value: f64) {
        let magnitude = value.abs();
        if magnitude == 0.0 {
            return;
        }
        if !self.is_enough() {
            self.magnitudes.insert(magnitude.to_bits());
        }
        let (significand, power) = parts(magnitude);
        let zeros = significand.trailing_zeros();
        let width = u64::BITS - significand.leading_zeros() - zeros;
        self.binary.add(width, power + zeros as i32);
        let single = magnitude as f32;
        self.single = (self.single.take().filter(|_| f64::from(single) == magnitude))
            .and_then(|decimal| decimal.with(single, magnitude, width > 21));
        self.double =
            self.double.take().and_then(|decimal| decimal.with(magnitude, magnitude, width > 44));
    }

    /// The coarsest grid of all values so far.
    pub fn finding(&self) -> Finding {
        if !self.is_enough() {
            return Finding::Few(self.magnitudes.len());
        }
        let Tally { width: bits, place, .. } = self.binary;
        let floats = self.binary.is_told() && !self.binary.has_one_unit();
        if bits < ROUNDED && !floats {
            return Finding::Fixed(place);
        }
        // Decimal fractions need all bits of their type. Subnormal numbers, which have fewer, have
        // short decimal forms too.
        let decimal = match bits {
            23 | 24 => self.single.as_ref(),
            52 | 53 => self.double.as_ref(),
            _ => None,
        };
        Finding::Lies(match decimal.filter(|decimal| decimal.is_told()) {
            Some(decimal) => decimal.grid(),
            None => Grid::Bits { bits, least: self.least(bits, place) },
        })
    }

    /// The least number of the type that has so many bits, if it can hold the values, or of the
    /// array.
    fn least(&self, bits: u32, place: i32) -> i32 {
        let types = [(8, -133), (11, -24), (24, -149)];
        let of_type = types.into_iter().find(|&(width, least)| width == bits && least <= place);
        match (of_type, Grid::of(self.stored)) {
            (Some((_, least)), _) | (None, Grid::Bits { least, .. }) => least,
            _ => unreachable!("types are binary"),
        }
    }
}

/// The integer and the power of two whose product is a positive number.
fn parts(magnitude: f64) -> (u64, i32) {
    const FRACTION: u32 = f64::MANTISSA_DIGITS - 1;
    let bits = magnitude.to_bits();
    let (exponent, fraction) = ((bits >> FRACTION) as i32, bits & ((1 << FRACTION) - 1));
    match exponent {
        0 => (fraction, -1074),
        _ => (fraction | (1 << FRACTION), exponent - 1075),
    }
}

/// How many binary or decimal digits numbers have.
struct Tally {
    count: usize,
    /// Of the longest, and how many numbers have as many.
    width: u32,
    with_width: usize,
    /// The power of the lowest digit of all, and in how many numbers it is not zero.
    place: i32,
    at_place: usize,
}

impl Default for Tally {
    fn default() -> Self {
        Tally { count: 0, width: 0, with_width: 0, place: i32::MAX, at_place: 0 }
    }
}

impl Tally {
    fn add(&mut self, width: u32, place: i32) {
        self.count += 1;
        match width.cmp(&self.width) {
            Ordering::Greater => (self.width, self.with_width) = (width, 1),
            Ordering::Equal => self.with_width += 1,
            Ordering::Less => {}
        }
        match place.cmp(&self.place) {
            Ordering::Less => (self.place, self.at_place) = (place, 1),
            Ordering::Equal => self.at_place += 1,
            Ordering::Greater => {}
        }
    }

    /// Of rounded numbers half (in binary) or nine tenths (in decimal) end with the last digit that
    /// they can have: in fixed point the same place, in floating point the same number of digits.
    fn has_one_unit(&self) -> bool {
        self.at_place >= self.with_width
    }

    /// True if not only some of the numbers end so: integers beside a few others do not.
    fn is_told(&self) -> bool {
        8 * self.at_place.max(self.with_width) >= self.count
    }
}

/// The types that may have been printed, the coarsest first: significant bits, and the digits from
/// which on a printed number tells that it was one.
const PRINTED: [(u32, u32); 3] = [(8, 4), (11, 5), (24, 0)];

/// The shortest decimal forms of some numbers.
struct Decimal {
    /// Digits beyond which nothing is told.
    most: u32,
    tally: Tally,
    /// For each of the [`PRINTED`], the largest distance of a number from it, and the largest over
    /// the power of ten of the number.
    distances: [[f64; 2]; 3],
    text: String,
}

impl Decimal {
    fn up_to(most: u32) -> Self {
        let distances = [[0.0; 2]; 3];
        Decimal { most, tally: Tally::default(), distances, text: String::new() }
    }

    /// Adds a positive number; `None` if it has too many digits. A short binary fraction tells
    /// nothing by its decimal digits, as it has few of them by itself.
    fn with(mut self, number: impl fmt::LowerExp, magnitude: f64, tells: bool) -> Option<Self> {
        self.text.clear();
        write!(self.text, "{number:e}").ok()?;
        let (mantissa, power) = self.text.split_once('e')?;
        let digits = mantissa.bytes().filter(u8::is_ascii_digit).count() as u32;
        let power: i32 = power.parse().ok()?;
        if digits > self.most {
            return None;
        }
        if tells {
            self.tally.add(digits, power + 1 - digits as i32);
        }
        let rounded = [
            bf16::from_f64(magnitude).to_f64(),
            f16::from_f64(magnitude).to_f64(),
            f64::from(magnitude as f32),
        ];
        for (largest, rounded) in self.distances.iter_mut().zip(rounded) {
            // Less what reading the printed digits may have added.
            let distance = (magnitude - rounded).abs() - f64::EPSILON * magnitude;
            largest[0] = largest[0].max(distance);
            largest[1] = largest[1].max(distance / 10.0_f64.powi(power));
        }
        Some(self)
    }

    fn is_told(&self) -> bool {
        2 * self.tally.count >= ENOUGH && self.tally.is_told()
    }

    fn grid(&self) -> Grid {
        let Tally { width: digits, place, .. } = self.tally;
        let fixed = self.tally.has_one_unit();
        let unit = 10.0_f64.powi(if fixed { place } else { 1 - digits as i32 });
        // Printed, a number moves by half a unit at most.
        let near = |distances: &[f64; 2]| distances[usize::from(!fixed)] <= 0.500_001 * unit;
        let mut types = PRINTED.iter().zip(&self.distances);
        let computed = types
            .find(|((_, telling), distances)| digits >= *telling && near(distances))
            .map_or(53, |((bits, _), _)| *bits);
        if fixed {
            Grid::Decimals { decimals: -place, computed }
        } else {
            Grid::Digits { digits, computed }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Stream;
    use proptest::prelude::*;

    fn finding(stored: Precision, values: &[f64]) -> Finding {
        let mut census = Census::new(stored);
        values.iter().for_each(|&value| census.add(value));
        census.finding()
    }

    /// Numbers of different sizes, some of them zero.
    fn numbers(seed: u64, count: usize, scale: f64) -> Vec<f64> {
        let mut stream = Stream::new("grid", seed, 0);
        let number = |i| if i % 9 == 0 { 0.0 } else { scale * stream.normal() };
        (0..count).map(number).collect()
    }

    fn bits(finding: Finding) -> u32 {
        match finding {
            Finding::Lies(Grid::Bits { bits, .. }) => bits,
            other => panic!("{other:?}"),
        }
    }

    /// To the nearest number of a type.
    type Round = fn(f64) -> f64;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 60, ..Default::default() })]

        /// Each type in each array that can hold it.
        #[test]
        fn rounded_values_tell_their_type(seed: u64, count in 160_usize..400, power in -8..3) {
            let values = numbers(seed, count, f64::from(power).exp2());
            let types: [(Round, Grid); 4] = [
                (|x| bf16::from_f64(x).to_f64(), Grid::BFLOAT),
                (|x| f16::from_f64(x).to_f64(), Grid::HALF),
                (|x| f64::from(x as f32), Grid::SINGLE),
                (|x| x, Grid::DOUBLE),
            ];
            for (round, grid) in types {
                let rounded: Vec<f64> = values.iter().map(|&x| round(x)).collect();
                prop_assert_eq!(finding(Precision::Double, &rounded), Finding::Lies(grid));
                if grid != Grid::DOUBLE {
                    prop_assert_eq!(finding(Precision::Single, &rounded), Finding::Lies(grid));
                }
            }
        }

        /// Significant digits and decimals, printed from float64 and read as float64 or, where it
        /// holds them, float32.
        #[test]
        fn printed_values_tell_their_digits(seed: u64, count in 120_usize..400, digits in 3_usize..15) {
            let values = numbers(seed, count, 0.3);
            let significant = |x: &f64| format!("{x:.*e}", digits - 1);
            let decimals = |x: &f64| format!("{x:.digits$}");
            // A float32 has all numbers of 6 digits, and not all of 7: of these one can tell if
            // some of the numbers are none. See `FLT_DIG` of C.
            let computed: &[u32] = match digits {
                ..=6 => &[24],
                7 => &[24, 53],
                _ => &[53],
            };
            let grids = |grid: &dyn Fn(u32) -> Grid| -> Vec<Finding> {
                computed.iter().map(|&computed| Finding::Lies(grid(computed))).collect()
            };
            let expected = [
                grids(&|computed| Grid::Digits { digits: digits as u32, computed }),
                grids(&|computed| Grid::Decimals { decimals: digits as i32, computed }),
            ];
            let written = [&significant as &dyn Fn(&f64) -> String, &decimals];
            for (write, expected) in written.into_iter().zip(expected) {
                let read: Vec<f64> = values.iter().map(|x| write(x).parse().unwrap()).collect();
                let found = finding(Precision::Double, &read);
                prop_assert!(expected.contains(&found), "{:?} is none of {:?}", found, expected);
                if digits <= 6 {
                    let read: Vec<f64> = values
                        .iter()
                        .map(|x| f64::from(write(x).parse::<f32>().unwrap()))
                        .collect();
                    prop_assert_eq!(finding(Precision::Single, &read), expected[0]);
                    prop_assert_eq!(finding(Precision::Double, &read), expected[0]);
                }
            }
        }

        /// float32 and float16 that were printed with more digits than they have.
        #[test]
        fn printed_values_tell_the_type_they_had(seed: u64, more in 0_usize..4) {
            let values = numbers(seed, 200, 0.3);
            let types: [(Round, u32, usize); 3] = [
                (|x| f64::from(x as f32), 24, 8),
                (|x| f16::from_f64(x).to_f64(), 11, 5),
                (|x| bf16::from_f64(x).to_f64(), 8, 4),
            ];
            for (round, bits, digits) in types {
                let print = |&x: &f64| format!("{:.*e}", digits + more - 1, round(x));
                let read: Vec<f64> = values.iter().map(|x| print(x).parse().unwrap()).collect();
                let found = finding(Precision::Double, &read);
                let Finding::Lies(Grid::Digits { computed, .. } | Grid::Decimals { computed, .. }) =
                    found
                else {
                    panic!("{found:?}")
                };
                prop_assert_eq!(computed, bits, "{:?}", found);
            }
        }

        /// What has no common grid is not given one, and what is exact is left alone.
        #[test]
        fn exact_numbers_and_mixtures_say_nothing(seed: u64, unit in -20..20) {
            let mut values: Vec<f64> =
                numbers(seed, 300, 100.0).iter().map(|x| x.round() * f64::from(unit).exp2()).collect();
            prop_assert_eq!(finding(Precision::Double, &values), Finding::Fixed(unit));
            // One of them large, and one not rounded.
            values.push(f64::from(unit + 12).exp2());
            prop_assert_eq!(finding(Precision::Double, &values), Finding::Fixed(unit));
            values.push(std::f64::consts::PI);
            values.push(1.0 / 3.0);
            prop_assert!(bits(finding(Precision::Double, &values)) > 50);
        }
    }

    #[test]
    fn few_values_say_nothing() {
        let identity: Vec<f64> = (0..1024).map(|i| if i % 33 == 0 { 0.5 } else { 0.0 }).collect();
        assert_eq!(finding(Precision::Double, &identity), Finding::Few(1));
        assert_eq!(finding(Precision::Double, &[0.0; 100]), Finding::Few(0));
        let ternary: Vec<f64> = (0..900).map(|i| f64::from(i % 3) / 10.0).collect();
        assert_eq!(finding(Precision::Double, &ternary), Finding::Few(2));
        let values = numbers(1, ENOUGH - 1, 1.0);
        assert!(matches!(finding(Precision::Double, &values), Finding::Few(_)));
    }

    /// The subnormal numbers have fewer bits, and a unit of their own.
    #[test]
    fn subnormal_numbers_have_the_least_unit() {
        let singles: Vec<f64> =
            numbers(2, 500, 1e-38).iter().map(|&x| f64::from(x as f32)).collect();
        assert_eq!(finding(Precision::Double, &singles), Finding::Lies(Grid::SINGLE));
        let doubles = numbers(3, 500, 1e-310);
        let Finding::Lies(grid) = finding(Precision::Double, &doubles) else { panic!("rounded") };
        assert_eq!(grid.unit(1.0, -1030), 2.0_f64.powi(-44));
    }

    #[test]
    fn units_follow_the_number_or_not() {
        let digits = Grid::Digits { digits: 4, computed: 24 };
        for (number, unit) in [(0.1234, 1e-4), (5.0, 1e-3), (0.0, 0.0), (-9999.0, 1.0)] {
            let found = digits.unit(number, 0);
            assert!((found - unit).abs() <= 1e-12 * unit, "{number}: {found}");
            // Over 2^40.
            let found = digits.unit(number / 40.0_f64.exp2(), 40) * 40.0_f64.exp2();
            assert!((found - unit).abs() <= 1e-12 * unit, "{number}: {found}");
        }
        let decimals = Grid::Decimals { decimals: 3, computed: 24 };
        assert!((decimals.unit(0.0, 0) - 1e-3).abs() < 1e-15);
        assert_eq!(Grid::SINGLE.epsilon(), f64::from(f32::EPSILON));
        assert_eq!(Grid::printed(12).epsilon(), f64::EPSILON);
    }
}
