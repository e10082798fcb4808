//! The prime field of 2^50 - 27 elements.

use std::fmt;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use super::view::assert_product_shapes;
use super::{Elementary, Scalar, Stream, View};

/// The modulus of [`Fp`]: the largest prime below 2^50.
pub const PRIME: u64 = (1 << 50) - OVERFLOW;

/// What 2^50 is modulo the prime.
const OVERFLOW: u64 = 27;

/// An integer modulo [`PRIME`], kept in 0..PRIME.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fp(u64);

impl Fp {
    /// The residue of `value`.
    #[inline]
    pub fn new(value: u64) -> Self {
        Fp(fold(u128::from(value)))
    }

    /// The representative in 0..PRIME.
    #[inline]
    pub fn value(self) -> u64 {
        self.0
    }

    /// `self` to a power.
    pub fn power(self, mut exponent: u64) -> Self {
        let (mut base, mut result) = (self, Fp::ONE);
        while exponent > 0 {
            if exponent & 1 == 1 {
                result *= base;
            }
            base *= base;
            exponent >>= 1;
        }
        result
    }
}

/// How many products of two residues, each below 2^100, are summed before a reduction; one place
/// is kept for what was there before.
const DELAY: usize = (1 << 28) - 1;

/// Reduces any 128-bit number: 2^50 = 27, so 27 times the high bits are added to the low ones.
#[inline(always)]
fn fold(value: u128) -> u64 {
    const LOW: u128 = (1 << 50) - 1;
    // The first fold leaves less than 2^84, the second less than 2^50 + 2^39.
    let once = (value & LOW) + (value >> 50) * u128::from(OVERFLOW);
    let twice = ((once & LOW) + (once >> 50) * u128::from(OVERFLOW)) as u64;
    let reduced = (twice & LOW as u64) + (twice >> 50) * OVERFLOW;
    if reduced >= PRIME { reduced - PRIME } else { reduced }
}

/// The product of two residues, not yet reduced.
#[inline(always)]
fn wide(a: Fp, b: Fp) -> u128 {
    u128::from(a.0) * u128::from(b.0)
}

/// The residue of a sum of at most [`DELAY`] wide products and one residue.
#[inline(always)]
fn reduce(sum: u128) -> Fp {
    Fp(fold(sum))
}

impl Add for Fp {
    type Output = Fp;
    #[inline(always)]
    fn add(self, other: Fp) -> Fp {
        let sum = self.0 + other.0;
        Fp(if sum >= PRIME { sum - PRIME } else { sum })
    }
}

impl Neg for Fp {
    type Output = Fp;
    #[inline(always)]
    fn neg(self) -> Fp {
        Fp(if self.0 == 0 { 0 } else { PRIME - self.0 })
    }
}

impl Sub for Fp {
    type Output = Fp;
    #[inline(always)]
    fn sub(self, other: Fp) -> Fp {
        self + -other
    }
}

impl Mul for Fp {
    type Output = Fp;
    #[inline(always)]
    fn mul(self, other: Fp) -> Fp {
        reduce(wide(self, other))
    }
}

impl AddAssign for Fp {
    #[inline(always)]
    fn add_assign(&mut self, other: Fp) {
        *self = *self + other;
    }
}

impl SubAssign for Fp {
    #[inline(always)]
    fn sub_assign(&mut self, other: Fp) {
        *self = *self - other;
    }
}

impl MulAssign for Fp {
    #[inline(always)]
    fn mul_assign(&mut self, other: Fp) {
        *self = *self * other;
    }
}

impl fmt::Debug for Fp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Shows the representative of least absolute value, so that -1 reads as -1.
impl fmt::Display for Fp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > PRIME / 2 { write!(f, "-{}", PRIME - self.0) } else { write!(f, "{}", self.0) }
    }
}

impl Scalar for Fp {
    const ZERO: Fp = Fp(0);
    const ONE: Fp = Fp(1);
    const ELEMENTARY: Option<Elementary<Fp>> = None;

    #[inline]
    fn from_integer(value: i64) -> Fp {
        let size = Fp::new(value.unsigned_abs());
        if value < 0 { -size } else { size }
    }

    /// By Euclid's algorithm: each remainder is a multiple of the number, modulo the prime, and the
    /// last one is 1.
    #[inline]
    fn inverse(self) -> Option<Fp> {
        let (mut before, mut now) = ((PRIME as i64, 0), (self.0 as i64, 1));
        while now.0 > 1 {
            let quotient = before.0 / now.0;
            (before, now) = (now, (before.0 - quotient * now.0, before.1 - quotient * now.1));
        }
        (now.0 == 1).then(|| Fp::from_integer(now.1))
    }

    #[inline]
    fn is_positive(self) -> bool {
        (1..=PRIME / 2).contains(&self.0)
    }

    #[inline]
    fn is_finite(self) -> bool {
        true
    }

    #[inline]
    fn random(stream: &mut Stream) -> Fp {
        loop {
            let bits = stream.bits() >> 14;
            if bits < PRIME {
                return Fp(bits);
            }
        }
    }

    fn gemm(out: &mut [Fp], accumulate: bool, a: View<'_, Fp>, b: View<'_, Fp>) {
        assert_product_shapes(out.len(), a, b);
        let (rows, inner) = (a.rows(), a.cols());
        if inner == 0 || rows == 0 {
            if !accumulate {
                out.fill(Fp::ZERO);
            }
            return;
        }
        // Rows of a and columns of b contiguous: each entry is then one dot product.
        let a = contiguous(a.transpose());
        let b = contiguous(b);
        for j in 0..out.len() / rows {
            let b = &b[j * inner..][..inner];
            for i in 0..rows {
                let product = dot(&a[i * inner..][..inner], b);
                let entry = &mut out[i + j * rows];
                *entry = if accumulate { *entry + product } else { product };
            }
        }
    }
}

/// The columns of a view one after the other.
fn contiguous<'a>(view: View<'a, Fp>) -> std::borrow::Cow<'a, [Fp]> {
    if !view.is_transposed() {
        return view.data().into();
    }
    let (rows, cols) = (view.rows(), view.cols());
    (0..rows * cols).map(|index| view.data()[index / rows + index % rows * cols]).collect()
}

/// The dot product, reduced once in [`DELAY`] terms.
#[inline]
fn dot(a: &[Fp], b: &[Fp]) -> Fp {
    let inner = a.len().min(b.len());
    let (mut before, mut from) = (Fp::ZERO, 0);
    while from < inner {
        let to = inner.min(from + DELAY);
        let mut sum = u128::from(before.0);
        for i in from..to {
            sum += wide(a[i], b[i]);
        }
        (before, from) = (reduce(sum), to);
    }
    before
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn element() -> impl Strategy<Value = Fp> {
        prop_oneof![Just(Fp(0)), Just(Fp(1)), Just(Fp(PRIME - 1)), (0..PRIME).prop_map(Fp)]
    }

    proptest! {
        #[test]
        fn agrees_with_128_bit_remainders(a in element(), b in element()) {
            let p = u128::from(PRIME);
            let (x, y) = (u128::from(a.0), u128::from(b.0));
            prop_assert_eq!(u128::from((a + b).0), (x + y) % p);
            prop_assert_eq!(u128::from((a - b).0), (x + p - y) % p);
            prop_assert_eq!(u128::from((a * b).0), x * y % p);
            if let Some(inverse) = a.inverse() {
                prop_assert_eq!(a * inverse, Fp::ONE);
            } else {
                prop_assert_eq!(a, Fp::ZERO);
            }
        }

        #[test]
        fn folds_every_128_bit_number(value: u128) {
            prop_assert_eq!(u128::from(fold(value)), value % u128::from(PRIME));
        }
    }

    #[test]
    fn long_sums_of_the_largest_products_do_not_overflow() {
        for length in [1, 2, 63, 64, 65, 100_000] {
            let a = vec![Fp(PRIME - 1); length];
            assert_eq!(dot(&a, &a), Fp::from_integer(length as i64));
        }
    }

    #[test]
    fn shows_small_negative_numbers_as_such() {
        assert_eq!(Fp::from_integer(-3).to_string(), "-3");
        assert_eq!((Fp::ratio(1, 2) + Fp::ratio(1, 2)).to_string(), "1");
    }
}
