//! 1 / (1 + e^-z), the derivative of softplus.

use super::softplus::softplus;
use super::{Properties, each_entry, real};
use crate::scalar::Scalar;

pub(super) const PROPERTIES: Properties = Properties {
    needs_real_numbers: true,
    zero_at_zero: false,
    odd: false,
    homogeneous: false,
    silent: false,
    drawn: false,
    fitted: false,
};

pub(super) fn apply<S: Scalar>(values: &mut [S], slopes: &mut [S]) {
    let real = real();
    each_entry(values, slopes, |z| {
        let (_, value) = softplus(&real, z);
        (value, value * (S::ONE - value))
    });
}
