//! Double-double numbers: an unevaluated sum of two f64, about 106 bits.
//!
//! Sums, products and quotients follow Joldes, Muller and Popescu, "Tight and rigorous error
//! bounds for basic building blocks of double-word arithmetic", ACM TOMS 44 (2017), algorithms 6,
//! 12 and 17: relative errors of at most 3, 5 and 10 times 2^-106. Our own, because of the two
//! crates that offer them faer's panics (0.24, matrices of 17 rows and more) and twofloat's
//! (0.8.4) returns 1/3 with an error of 2e-17 and exp(7/3) with one of 4e-12.

use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

use pulp::{Arch, Simd, WithSimd};

use super::view::assert_product_shapes;
use super::wide::{WIDTH, exp_minus_one};
use super::{Elementary, Real, Scalar, Stream, View};

/// A number of about 32 decimal digits: `high + low`, with `|low|` at most half a unit in the
/// last place of `high`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct DoubleDouble {
    pub(super) high: f64,
    pub(super) low: f64,
}

const LN_2: DoubleDouble =
    DoubleDouble { high: std::f64::consts::LN_2, low: 2.319_046_813_846_299_6e-17 };

impl DoubleDouble {
    /// The part beyond [`Real::to_f64`].
    #[inline]
    pub fn low(self) -> f64 {
        self.low
    }

    /// Multiplies by a power of two, without error.
    #[inline]
    pub(super) fn scaled(self, power: f64) -> Self {
        DoubleDouble { high: self.high * power, low: self.low * power }
    }

    /// e^x.
    pub fn exp(self) -> Self {
        Function::Exp.of(self)
    }

    /// The natural logarithm of a positive number: one step of Halley's method from the f64.
    pub fn ln(self) -> Self {
        let start = Self::from_f64(self.high.ln());
        let exp = start.exp();
        start + ((self - exp) / (self + exp)).scaled(2.0)
    }

    /// The hyperbolic tangent.
    pub fn tanh(self) -> Self {
        Function::Tanh.of(self)
    }

    /// n in e^x = 2^n e^rest, the rest at most half of ln 2.
    #[inline(always)]
    fn octaves(self) -> f64 {
        (self.high / LN_2.high).round()
    }
}

/// A function by way of e^rest - 1 of a small number, which is computed for several at once.
#[derive(Clone, Copy)]
enum Function {
    Exp,
    Tanh,
}

impl Function {
    fn of(self, mut value: DoubleDouble) -> DoubleDouble {
        self.apply(std::slice::from_mut(&mut value));
        value
    }

    fn apply(self, values: &mut [DoubleDouble]) {
        Arch::new().dispatch(Each(self, values));
    }

    /// The number of which e^x is wanted, if it is neither too large to matter nor NaN.
    #[inline(always)]
    fn exponent(self, x: DoubleDouble) -> Option<DoubleDouble> {
        match self {
            Function::Exp => (x.high.abs() <= 709.0).then_some(x),
            Function::Tanh => (x.high.abs() <= 40.0).then_some(x.abs().scaled(2.0)),
        }
    }

    /// True if e^x - 1 is wanted of the exponent itself.
    #[inline(always)]
    fn is_small(self, x: DoubleDouble) -> bool {
        matches!(self, Function::Tanh) && x.high.abs() < 0.3
    }

    /// A number of at most 0.7 of which e^rest - 1 is needed; zero where nothing is.
    #[inline(always)]
    fn rest(self, x: DoubleDouble) -> DoubleDouble {
        let Some(exponent) = self.exponent(x) else {
            return DoubleDouble::ZERO;
        };
        if self.is_small(x) {
            return exponent;
        }
        exponent - LN_2 * DoubleDouble::from_f64(exponent.octaves())
    }

    /// The value at x, given `e = e^rest - 1`.
    #[inline(always)]
    fn value(self, x: DoubleDouble, e: DoubleDouble) -> DoubleDouble {
        let (one, two) = (DoubleDouble::ONE, DoubleDouble::from_f64(2.0));
        let Some(exponent) = self.exponent(x) else {
            return match self {
                _ if x.high.is_nan() => x,
                Function::Exp if x.high < 0.0 => DoubleDouble::ZERO,
                Function::Exp => DoubleDouble::from_f64(f64::INFINITY),
                Function::Tanh => DoubleDouble::from_f64(1.0_f64.copysign(x.high)),
            };
        };
        let exp = (e + one).scaled(2.0_f64.powi(exponent.octaves() as i32));
        let size = match self {
            Function::Exp => return exp,
            Function::Tanh if self.is_small(x) => e / (e + two),
            Function::Tanh => one - two / (exp + one),
        };
        if x.high < 0.0 { -size } else { size }
    }
}

/// a + b and its rounding error.
#[inline(always)]
fn two_sum(a: f64, b: f64) -> DoubleDouble {
    let high = a + b;
    let other = high - a;
    DoubleDouble { high, low: (a - (high - other)) + (b - other) }
}

/// The same for |a| >= |b|.
#[inline(always)]
fn fast_two_sum(a: f64, b: f64) -> DoubleDouble {
    let high = a + b;
    DoubleDouble { high, low: b - (high - a) }
}

/// a b and its rounding error.
#[inline(always)]
fn two_product(a: f64, b: f64) -> DoubleDouble {
    let high = a * b;
    DoubleDouble { high, low: a.mul_add(b, -high) }
}

impl Add for DoubleDouble {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let high = two_sum(self.high, other.high);
        let low = two_sum(self.low, other.low);
        let sum = fast_two_sum(high.high, high.low + low.high);
        fast_two_sum(sum.high, low.low + sum.low)
    }
}

impl Neg for DoubleDouble {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        DoubleDouble { high: -self.high, low: -self.low }
    }
}

impl Sub for DoubleDouble {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for DoubleDouble {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let high = two_product(self.high, other.high);
        let cross = self.high.mul_add(other.low, self.low * other.high);
        fast_two_sum(high.high, high.low + cross)
    }
}

impl Div for DoubleDouble {
    type Output = Self;
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        let guess = self.high / other.high;
        if !guess.is_finite() {
            return Self::from_f64(guess);
        }
        let remainder = self - other * Self::from_f64(guess);
        fast_two_sum(guess, (remainder.high + remainder.low) / other.high)
    }
}

impl AddAssign for DoubleDouble {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for DoubleDouble {
    #[inline(always)]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl MulAssign for DoubleDouble {
    #[inline(always)]
    fn mul_assign(&mut self, other: Self) {
        *self = *self * other;
    }
}

/// Shows the f64 part: nobody reads 32 digits.
impl fmt::Display for DoubleDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.high, f)
    }
}

/// A function of each of several numbers, inlined into the code for the instructions of this machine:
/// without those a fused multiply-add is a call. Not a closure, as that would not be inlined.
struct Each<'a>(Function, &'a mut [DoubleDouble]);

impl WithSimd for Each<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<V: Simd>(self, simd: V) {
        let Each(function, values) = self;
        for several in values.chunks_mut(WIDTH) {
            let mut e = [DoubleDouble::ZERO; WIDTH];
            for i in 0..several.len() {
                e[i] = function.rest(several[i]);
            }
            exp_minus_one(simd, &mut e);
            for i in 0..several.len() {
                several[i] = function.value(several[i], e[i]);
            }
        }
    }
}

/// A product, as [`Scalar::gemm`] has it, for the instructions of this machine. Each entry is summed in
/// the order of the columns of the left factor; side by side are the entries of a column.
struct Gemm<'a> {
    out: &'a mut [DoubleDouble],
    accumulate: bool,
    a: View<'a, DoubleDouble>,
    b: View<'a, DoubleDouble>,
}

impl WithSimd for Gemm<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<V: Simd>(self, _: V) {
        let Gemm { out, accumulate, a, b } = self;
        let rows = a.rows();
        let mut columns = Vec::new();
        if a.is_transposed() {
            for k in 0..a.cols() {
                for i in 0..rows {
                    columns.push(a.at(i, k));
                }
            }
        }
        let left = if a.is_transposed() { &columns } else { a.data() };
        if !accumulate {
            out.fill(DoubleDouble::ZERO);
        }
        for j in 0..b.cols() {
            let out = &mut out[j * rows..][..rows];
            for k in 0..a.cols() {
                let (column, factor) = (&left[k * rows..][..rows], b.at(k, j));
                for i in 0..rows {
                    out[i] += column[i] * factor;
                }
            }
        }
    }
}

impl Scalar for DoubleDouble {
    const ZERO: Self = DoubleDouble { high: 0.0, low: 0.0 };
    const ONE: Self = DoubleDouble { high: 1.0, low: 0.0 };
    const ELEMENTARY: Option<Elementary<Self>> = Some(Elementary {
        tanh: |values| Function::Tanh.apply(values),
        exp: Self::exp,
        exp_all: |values| Function::Exp.apply(values),
        ln: Self::ln,
        sqrt: Real::sqrt,
        to_f64: Real::to_f64,
        from_f64: Real::from_f64,
    });

    #[inline]
    fn from_integer(value: i64) -> Self {
        let high = value as f64;
        // i128, because the f64 nearest to i64::MAX is one more than it.
        let rest = i128::from(value) - high as i128;
        DoubleDouble { high, low: rest as f64 }
    }

    #[inline(always)]
    fn inverse(self) -> Option<Self> {
        (self != Self::ZERO).then(|| Self::ONE / self)
    }

    #[inline]
    fn is_positive(self) -> bool {
        self > Self::ZERO
    }

    #[inline]
    fn is_finite(self) -> bool {
        self.high.is_finite() && self.low.is_finite()
    }

    #[inline]
    fn random(stream: &mut Stream) -> Self {
        let low = (2.0 * stream.uniform() - 1.0) * f64::EPSILON;
        two_sum(2.0 * stream.uniform() - 1.0, low)
    }

    fn gemm(out: &mut [Self], accumulate: bool, a: View<'_, Self>, b: View<'_, Self>) {
        assert_product_shapes(out.len(), a, b);
        Arch::new().dispatch(Gemm { out, accumulate, a, b });
    }
}

impl Real for DoubleDouble {
    /// 2^-104: the rounding error of a product is at most 5 times 2^-106.
    const EPSILON: f64 = 4.930_380_657_631_324e-32;

    #[inline]
    fn to_f64(self) -> f64 {
        self.high
    }

    #[inline]
    fn from_f64(value: f64) -> Self {
        DoubleDouble { high: value, low: 0.0 }
    }

    /// One step of Newton's method from the f64.
    #[inline(always)]
    fn sqrt(self) -> Self {
        if self.high <= 0.0 {
            return Self::from_f64(self.high.sqrt());
        }
        let guess = self.high.sqrt();
        let remainder = self - two_product(guess, guess);
        fast_two_sum(guess, remainder.high / (2.0 * guess))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn relative_error(found: DoubleDouble, expected: DoubleDouble) -> f64 {
        ((found - expected) / expected).to_f64().abs()
    }

    /// A value of which 34 digits are known, as the f64 nearest to it and the rest.
    fn known(high: f64, low: f64) -> DoubleDouble {
        two_sum(high, low)
    }

    #[test]
    fn agrees_with_known_digits() {
        let third = DoubleDouble::ratio(1, 3);
        assert_eq!(third * DoubleDouble::from_integer(3), DoubleDouble::ONE);
        // From a decimal computation of 45 digits.
        let seven_thirds = DoubleDouble::ratio(7, 3);
        for (found, expected) in [
            (third.exp(), known(1.395_612_425_086_089_5, 1.444_687_188_480_344e-17)),
            (third.tanh(), known(0.321_512_737_531_634_34, 4.170_714_369_679_374e-18)),
            (third.ln(), known(-1.098_612_288_668_109_8, 9.071_297_235_001_53e-17)),
            (seven_thirds, known(2.333_333_333_333_333_5, -1.480_297_366_166_875_3e-16)),
            (seven_thirds.exp(), known(10.312_258_501_325_765, 2.013_642_954_847_071e-16)),
            (
                DoubleDouble::from_integer(-40).exp(),
                known(4.248_354_255_291_589e-18, 1.243_747_080_264_577_3e-34),
            ),
        ] {
            assert!(relative_error(found, expected) < 1e-29, "{found:?} {expected:?}");
        }
        let e = DoubleDouble::ONE.exp();
        assert_eq!(e.high, std::f64::consts::E);
        assert!((e.low - 1.445_646_891_729_250_2e-16).abs() < 1e-30, "{e:?}");
        let root = DoubleDouble::from_integer(2).sqrt();
        assert!((root.low + 9.667_293_313_452_913e-17).abs() < 1e-30, "{root:?}");
    }

    /// To the same bits, as each entry is summed in the order of the inner index.
    #[test]
    fn products_are_sums_in_order() {
        let mut stream = Stream::new("products", 0, 0);
        for (rows, inner, columns) in [(1, 1, 1), (3, 5, 2), (9, 4, 1), (17, 8, 3), (2, 0, 2)] {
            let mut draw = |count: usize| -> Vec<DoubleDouble> {
                (0..count).map(|_| DoubleDouble::random(&mut stream)).collect()
            };
            let (left, right) = (draw(rows * inner), draw(inner * columns));
            let b = View::new(&right, inner, columns);
            let (columns_first, rows_first) =
                (View::new(&left, rows, inner), View::new(&left, inner, rows).transpose());
            for (a, accumulate) in [(columns_first, false), (rows_first, true)] {
                let start = draw(rows * columns);
                let mut found = start.clone();
                DoubleDouble::gemm(&mut found, accumulate, a, b);
                for j in 0..columns {
                    for i in 0..rows {
                        let place = i + j * rows;
                        let mut sum = if accumulate { start[place] } else { DoubleDouble::ZERO };
                        for k in 0..inner {
                            sum += a.at(i, k) * b.at(k, j);
                        }
                        assert_eq!(found[place], sum, "{rows} {inner} {columns}: {i} {j}");
                    }
                }
            }
        }
    }

    #[test]
    fn keeps_whole_64_bit_integers() {
        for value in [i64::MAX, i64::MIN, (1 << 53) + 1, -3] {
            let x = DoubleDouble::from_integer(value);
            assert_eq!(x.high as i128 + x.low as i128, i128::from(value));
        }
    }

    proptest! {
        #[test]
        fn ring_laws_hold_to_a_few_units(a in -10.0..10.0f64, b in -10.0..10.0f64, c in 0.1..10.0f64) {
            let (a, b, c) = (
                DoubleDouble::from_f64(a) / DoubleDouble::from_integer(3),
                DoubleDouble::from_f64(b) / DoubleDouble::from_integer(7),
                DoubleDouble::from_f64(c) / DoubleDouble::from_integer(11),
            );
            let tolerance = 8.0 * DoubleDouble::EPSILON * 100.0;
            prop_assert!(((a + b) * c - (a * c + b * c)).to_f64().abs() < tolerance);
            prop_assert!((a / c * c - a).to_f64().abs() < tolerance);
            prop_assert!((c.sqrt() * c.sqrt() - c).to_f64().abs() < tolerance);
        }

        #[test]
        fn functions_agree_with_their_inverses_and_addition_laws(x in -20.0..20.0f64, y in -1.0..1.0f64) {
            let (x, y) = (
                DoubleDouble::from_f64(x) / DoubleDouble::from_integer(3),
                DoubleDouble::from_f64(y) / DoubleDouble::from_integer(3),
            );
            let tolerance = 1e-29;
            prop_assert!(relative_error((x + y).exp(), x.exp() * y.exp()) < tolerance);
            prop_assert!((x.exp().ln() - x).to_f64().abs() < tolerance);
            prop_assert!((x.exp().to_f64() / x.to_f64().exp() - 1.0).abs() < 1e-14);
            let (s, t) = (x.tanh(), y.tanh());
            let sum = (s + t) / (DoubleDouble::ONE + s * t);
            prop_assert!(((x + y).tanh() - sum).to_f64().abs() < tolerance);
        }
    }
}
