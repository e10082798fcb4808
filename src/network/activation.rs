//! Activations and their derivatives.

use crate::scalar::{Elementary, Scalar, vectorised};

/// A function applied entry by entry.
///
/// # Examples
///
/// ```
/// use rankproof::network::Activation;
///
/// let square = Activation::Polynomial(vec![0.0, 0.0, 1.0]);
/// let (mut values, mut slopes) = ([3.0], [0.0]);
/// square.apply(&mut values, &mut slopes);
/// assert_eq!((values, slopes), ([9.0], [6.0]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Activation<S> {
    /// f(z) = z.
    Identity,
    /// The hyperbolic tangent. Not in a field.
    Tanh,
    /// z where it [is positive](Scalar::is_positive), else 0, with derivative 0 at 0.
    Relu,
    /// ln(1 + e^z). Not in a field.
    Softplus,
    /// 1 / (1 + e^-z), the derivative of the one before. Not in a field.
    Logistic,
    /// e^z. Not in a field.
    Exponential,
    /// c_0 + c_1 z + c_2 z^2 + ..., the coefficients from the constant on.
    Polynomial(Vec<S>),
}

impl<S: Scalar> Activation<S> {
    /// True of the identity, which costs nothing to apply.
    pub fn is_identity(&self) -> bool {
        matches!(self, Activation::Identity)
    }

    /// True if this arithmetic can express the function.
    pub fn is_available(&self) -> bool {
        matches!(self, Activation::Identity | Activation::Relu | Activation::Polynomial(_))
            || S::ELEMENTARY.is_some()
    }

    /// Replaces each z in `values` by f(z) and writes f'(z) into `slopes`.
    ///
    /// # Panics
    ///
    /// If the function is not [available](Activation::is_available) in this arithmetic.
    pub fn apply(&self, values: &mut [S], slopes: &mut [S]) {
        match self {
            Activation::Identity => slopes.fill(S::ONE),
            Activation::Polynomial(coefficients) => {
                each(values, slopes, |z| polynomial(coefficients, z));
            }
            Activation::Tanh => {
                (real().tanh)(values);
                vectorised(|| {
                    for (slope, &value) in slopes.iter_mut().zip(&*values) {
                        *slope = S::ONE - value * value;
                    }
                });
            }
            Activation::Relu => {
                each(values, slopes, |z| {
                    if z.is_positive() { (z, S::ONE) } else { (S::ZERO, S::ZERO) }
                });
            }
            Activation::Softplus => {
                let real = real();
                each(values, slopes, |z| softplus(&real, z));
            }
            Activation::Logistic => {
                let real = real();
                each(values, slopes, |z| {
                    let (_, value) = softplus(&real, z);
                    (value, value * (S::ONE - value))
                });
            }
            Activation::Exponential => {
                let exp = real().exp;
                each(values, slopes, |z| (exp(z), exp(z)));
            }
        }
    }

    /// The same function in another arithmetic.
    pub fn map<R: Scalar>(&self, convert: impl Fn(S) -> R) -> Activation<R> {
        match self {
            Activation::Identity => Activation::Identity,
            Activation::Tanh => Activation::Tanh,
            Activation::Relu => Activation::Relu,
            Activation::Softplus => Activation::Softplus,
            Activation::Logistic => Activation::Logistic,
            Activation::Exponential => Activation::Exponential,
            Activation::Polynomial(coefficients) => {
                Activation::Polynomial(coefficients.iter().map(|&c| convert(c)).collect())
            }
        }
    }
}

fn real<S: Scalar>() -> Elementary<S> {
    S::ELEMENTARY.expect("this activation needs real numbers")
}

fn each<S: Scalar>(values: &mut [S], slopes: &mut [S], function: impl Fn(S) -> (S, S)) {
    vectorised(|| {
        for (value, slope) in values.iter_mut().zip(slopes) {
            (*value, *slope) = function(*value);
        }
    });
}

/// Value and derivative by Horner's rule.
fn polynomial<S: Scalar>(coefficients: &[S], z: S) -> (S, S) {
    coefficients.iter().rev().fold((S::ZERO, S::ZERO), |(value, slope), &coefficient| {
        (value * z + coefficient, slope * z + value)
    })
}

/// ln(1 + e^z) and 1 / (1 + e^-z), from e^-|z| so that nothing overflows.
fn softplus<S: Scalar>(real: &Elementary<S>, z: S) -> (S, S) {
    let positive = z.is_positive();
    let e = (real.exp)(if positive { -z } else { z });
    let inverse = (S::ONE + e).inverse().expect("at least one");
    let value = (real.ln)(S::ONE + e);
    if positive { (z + value, inverse) } else { (value, e * inverse) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::{DoubleDouble, Dual, Fp};

    fn all<S: Scalar>() -> Vec<Activation<S>> {
        vec![
            Activation::Identity,
            Activation::Tanh,
            Activation::Relu,
            Activation::Softplus,
            Activation::Logistic,
            Activation::Exponential,
            Activation::Polynomial(vec![S::ratio(1, 2), S::from_integer(-2), S::ZERO, S::ONE]),
        ]
    }

    /// Slopes against dual numbers, which differentiate the operations and not the formula.
    fn slopes_agree<S: crate::scalar::Real>() {
        for (plain, dual) in all::<S>().into_iter().zip(all::<Dual<S>>()) {
            for tenths in [-300, -21, -5, 4, 17, 300] {
                let z = S::ratio(tenths, 10);
                let (mut value, mut slope) = ([z], [S::ZERO]);
                plain.apply(&mut value, &mut slope);
                let (mut lifted, mut ignored) =
                    ([Dual { value: z, derivative: S::ONE }], [Dual::ZERO]);
                dual.apply(&mut lifted, &mut ignored);
                let tolerance = 8.0 * S::EPSILON * (1.0 + slope[0].abs().to_f64());
                assert_eq!(lifted[0].value, value[0]);
                assert!((lifted[0].derivative - slope[0]).abs().to_f64() <= tolerance, "{plain:?}");
            }
        }
    }

    #[test]
    fn slopes_are_derivatives() {
        slopes_agree::<f64>();
        slopes_agree::<DoubleDouble>();
    }

    #[test]
    fn a_field_has_polynomials_and_gates_alone() {
        let available: Vec<bool> = all::<Fp>().iter().map(Activation::is_available).collect();
        assert_eq!(available, [true, false, true, false, false, false, true]);
    }
}
