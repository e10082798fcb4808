//! Polynomials, the functions that every arithmetic has.

use super::{Activation, ActivationKind, each_entry};
use crate::scalar::Scalar;

/// Value and derivative by Horner's rule, of coefficients from the constant on.
pub(super) fn apply<S: Scalar>(coefficients: &[S], values: &mut [S], slopes: &mut [S]) {
    each_entry(values, slopes, |z| {
        coefficients.iter().rev().fold((S::ZERO, S::ZERO), |(value, slope), &coefficient| {
            (value * z + coefficient, slope * z + value)
        })
    });
}

/// With random coefficients; in floating point near z, so that compositions stay of moderate size.
/// `number` draws one of about the given size.
pub(super) fn drawn<S: Scalar>(degree: usize, mut number: impl FnMut(f64) -> S) -> Activation<S> {
    let size = |power| if power == 1 { 1.0 } else { 0.3 };
    Activation::Polynomial((0..=degree).map(|power| number(size(power))).collect())
}

/// a z + b z^3 with random a and b.
pub(super) fn drawn_odd_cubic<S: Scalar>(mut number: impl FnMut(f64) -> S) -> Activation<S> {
    let (linear, cubic) = (number(1.0), number(0.3));
    Activation::Polynomial(vec![S::ZERO, linear, S::ZERO, cubic])
}

/// Those of the table, with a name and what they are.
pub(super) const NAMED: [(ActivationKind, &str, &str); 3] = [
    (ActivationKind::Polynomial(2), "quadratic", "Of degree 2, with random coefficients"),
    (ActivationKind::Polynomial(3), "cubic", "Of degree 3, with random coefficients"),
    (ActivationKind::OddCubic, "odd-cubic", "a z + b z^3 with random a and b"),
];
