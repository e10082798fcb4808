//! Dual numbers a + b eps with eps^2 = 0: forward-mode differentiation by running the same code.

use std::fmt;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use super::{Elementary, Scalar, Stream};

/// A value and its derivative along one direction.
///
/// # Examples
///
/// ```
/// use rankproof::scalar::Dual;
///
/// let x = Dual { value: 3.0, derivative: 1.0 };
/// assert_eq!((x * x).derivative, 6.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dual<S> {
    /// The value.
    pub value: S,
    /// The coefficient of eps.
    pub derivative: S,
}

impl<S: Scalar> Dual<S> {
    /// A number that does not move.
    #[inline]
    pub fn constant(value: S) -> Self {
        Dual { value, derivative: S::ZERO }
    }
}

impl<S: Scalar> Add for Dual<S> {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Dual { value: self.value + other.value, derivative: self.derivative + other.derivative }
    }
}

impl<S: Scalar> Neg for Dual<S> {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        Dual { value: -self.value, derivative: -self.derivative }
    }
}

impl<S: Scalar> Sub for Dual<S> {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl<S: Scalar> Mul for Dual<S> {
    type Output = Self;
    #[inline]
    fn mul(self, other: Self) -> Self {
        Dual {
            value: self.value * other.value,
            derivative: self.value * other.derivative + self.derivative * other.value,
        }
    }
}

impl<S: Scalar> AddAssign for Dual<S> {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl<S: Scalar> SubAssign for Dual<S> {
    #[inline]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl<S: Scalar> MulAssign for Dual<S> {
    #[inline]
    fn mul_assign(&mut self, other: Self) {
        *self = *self * other;
    }
}

impl<S: Scalar> fmt::Display for Dual<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} + {} eps", self.value, self.derivative)
    }
}

impl<S: Scalar> Scalar for Dual<S> {
    const ZERO: Self = Dual { value: S::ZERO, derivative: S::ZERO };
    const ONE: Self = Dual { value: S::ONE, derivative: S::ZERO };
    const ELEMENTARY: Option<Elementary<Self>> = match S::ELEMENTARY {
        None => None,
        Some(_) => Some(Elementary {
            tanh: |values| {
                for x in values {
                    *x = tanh(*x);
                }
            },
            exp,
            exp_all: |values| {
                for x in values {
                    *x = exp(*x);
                }
            },
            ln: |x| Dual {
                value: (real::<S>().ln)(x.value),
                derivative: quotient(x.derivative, x.value),
            },
            sqrt: |x| {
                let value = (real::<S>().sqrt)(x.value);
                Dual { value, derivative: quotient(x.derivative, value + value) }
            },
            to_f64: |x| (real::<S>().to_f64)(x.value),
            from_f64: |x| Dual::constant((real::<S>().from_f64)(x)),
        }),
    };

    #[inline]
    fn from_integer(value: i64) -> Self {
        Dual::constant(S::from_integer(value))
    }

    #[inline]
    fn inverse(self) -> Option<Self> {
        let value = self.value.inverse()?;
        Some(Dual { value, derivative: -(value * value * self.derivative) })
    }

    #[inline]
    fn is_positive(self) -> bool {
        self.value.is_positive()
    }

    #[inline]
    fn is_finite(self) -> bool {
        self.value.is_finite() && self.derivative.is_finite()
    }

    /// The number that the other arithmetic has at this place of the stream, in the direction of the
    /// stream [beside](Stream::beside) it.
    #[inline]
    fn random(stream: &mut Stream) -> Self {
        Dual { value: S::random(stream), derivative: S::random(stream.beside()) }
    }
}

/// The real functions of the values. Only reached through a table that exists, so they do.
fn real<S: Scalar>() -> Elementary<S> {
    S::ELEMENTARY.expect("dual numbers over a type with real functions")
}

fn quotient<S: Scalar>(numerator: S, denominator: S) -> S {
    denominator.inverse().map_or(S::ZERO, |inverse| numerator * inverse)
}

fn exp<S: Scalar>(x: Dual<S>) -> Dual<S> {
    let value = (real::<S>().exp)(x.value);
    Dual { value, derivative: value * x.derivative }
}

fn tanh<S: Scalar>(x: Dual<S>) -> Dual<S> {
    let mut value = [x.value];
    (real::<S>().tanh)(&mut value);
    Dual { value: value[0], derivative: (S::ONE - value[0] * value[0]) * x.derivative }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_agree_with_central_differences() {
        type D = Dual<f64>;
        let functions = D::ELEMENTARY.unwrap();
        let tanh = |x: D| {
            let mut value = [x];
            (functions.tanh)(&mut value);
            value[0]
        };
        let all: [&dyn Fn(D) -> D; 5] =
            [&tanh, &functions.exp, &functions.ln, &functions.sqrt, &|x: D| x.inverse().unwrap()];
        for function in all {
            let at = |x: f64| function(Dual::constant(x)).value;
            let step = 1e-5;
            let difference = (at(0.7 + step) - at(0.7 - step)) / (2.0 * step);
            let dual = function(Dual { value: 0.7, derivative: 1.0 }).derivative;
            assert!((dual - difference).abs() < 1e-9, "{dual} {difference}");
        }
    }
}
