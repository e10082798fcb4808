//! Truncated power series over the field: the order in which a number vanishes is a fact.

use std::fmt;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use super::{Elementary, Fp, Scalar, Stream};

/// A power series in eta up to the power L - 1, modulo eta^L. Its coefficients are given from that of
/// eta^0 on.
///
/// # Examples
///
/// ```
/// use rankproof::scalar::{Fp, Scalar, Series};
///
/// let eta = Series::<4>::VARIABLE;
/// let quotient = eta * eta * (Series::ONE - eta).inverse().unwrap();
/// assert_eq!(quotient.0, [0, 0, 1, 1].map(Fp::from_integer));
/// assert_eq!((quotient.order(), eta.inverse()), (2, None));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Series<const L: usize>(pub [Fp; L]);

impl<const L: usize> Series<L> {
    /// eta.
    pub const VARIABLE: Self = Self::power(1);

    /// A number that does not depend on eta.
    #[inline]
    pub fn constant(value: Fp) -> Self {
        let mut series = Self::ZERO;
        series.0[0] = value;
        series
    }

    /// The power of eta with which it begins; L of zero.
    #[inline]
    pub fn order(self) -> usize {
        self.0.iter().position(|&coefficient| coefficient != Fp::ZERO).unwrap_or(L)
    }

    /// What is left when it is divided by this power of eta, with which it begins or later: the last
    /// coefficients are not known, and are zero.
    pub fn divided(self, power: usize) -> Self {
        Series(std::array::from_fn(|i| self.0.get(i + power).copied().unwrap_or(Fp::ZERO)))
    }

    /// A power of eta; zero from L on.
    const fn power(exponent: usize) -> Self {
        let mut coefficients = [Fp::ZERO; L];
        if exponent < L {
            coefficients[exponent] = Fp::ONE;
        }
        Series(coefficients)
    }
}

impl<const L: usize> AddAssign for Series<L> {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        for (a, b) in self.0.iter_mut().zip(other.0) {
            *a += b;
        }
    }
}

impl<const L: usize> SubAssign for Series<L> {
    #[inline]
    fn sub_assign(&mut self, other: Self) {
        for (a, b) in self.0.iter_mut().zip(other.0) {
            *a -= b;
        }
    }
}

impl<const L: usize> MulAssign for Series<L> {
    #[inline]
    fn mul_assign(&mut self, other: Self) {
        *self = *self * other;
    }
}

impl<const L: usize> Add for Series<L> {
    type Output = Self;
    #[inline]
    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl<const L: usize> Sub for Series<L> {
    type Output = Self;
    #[inline]
    fn sub(mut self, other: Self) -> Self {
        self -= other;
        self
    }
}

impl<const L: usize> Neg for Series<L> {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        Series(self.0.map(|coefficient| -coefficient))
    }
}

impl<const L: usize> Mul for Series<L> {
    type Output = Self;
    #[inline]
    fn mul(self, other: Self) -> Self {
        let mut product = Self::ZERO;
        for (i, &a) in self.0.iter().enumerate() {
            // Step sizes and what they have moved begin late.
            if a == Fp::ZERO {
                continue;
            }
            for (sum, &b) in product.0[i..].iter_mut().zip(&other.0) {
                *sum += a * b;
            }
        }
        product
    }
}

impl<const L: usize> fmt::Display for Series<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (power, coefficient) in self.0.iter().enumerate() {
            let sign = if power == 0 { "" } else { " + " };
            write!(f, "{sign}{coefficient} eta^{power}")?;
        }
        Ok(())
    }
}

impl<const L: usize> Scalar for Series<L> {
    const ZERO: Self = Series([Fp::ZERO; L]);
    const ONE: Self = Self::power(0);
    const ELEMENTARY: Option<Elementary<Self>> = None;

    #[inline]
    fn from_integer(value: i64) -> Self {
        Self::constant(Fp::from_integer(value))
    }

    /// The inverse of one that begins with eta^0.
    #[inline]
    fn inverse(self) -> Option<Self> {
        let first = self.0[0].inverse()?;
        // Its product with this series is 1: one coefficient follows from those before.
        let mut inverse = Self::constant(first);
        for n in 1..L {
            let sum = (1..=n).fold(Fp::ZERO, |sum, k| sum + self.0[k] * inverse.0[n - k]);
            inverse.0[n] = -(sum * first);
        }
        Some(inverse)
    }

    #[inline]
    fn is_positive(self) -> bool {
        self.0[0].is_positive()
    }

    #[inline]
    fn is_finite(self) -> bool {
        true
    }

    /// The number that the field has at this place of the stream.
    #[inline]
    fn random(stream: &mut Stream) -> Self {
        Self::constant(Fp::random(stream))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(stream: &mut Stream) -> Series<5> {
        Series(std::array::from_fn(|_| Fp::random(stream)))
    }

    #[test]
    fn a_ring_with_inverses() {
        let mut stream = Stream::new("series", 0, 0);
        for _ in 0..100 {
            let [a, b, c] = [(); 3].map(|()| random(&mut stream));
            assert_eq!((a + b) * c, a * c + b * c);
            assert_eq!((a * b) * c, a * (b * c));
            assert_eq!(a - b + -c, a - (b + c));
            assert_eq!(a * a.inverse().expect("a first coefficient"), Series::ONE);
        }
    }

    /// Orders add up, until nothing is left.
    #[test]
    fn orders_are_those_of_powers() {
        let eta = Series::<5>::VARIABLE;
        let number = Series::from_integer(7) * eta * eta;
        assert_eq!(
            [number.order(), (number * eta).order(), (number * number * eta).order()],
            [2, 3, 5]
        );
        assert_eq!(number.divided(2), Series::from_integer(7));
        assert_eq!(Series::<1>::VARIABLE, Series::ZERO);
    }
}
