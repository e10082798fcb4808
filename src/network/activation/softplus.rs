//! ln(1 + e^z).

use super::{Properties, each_entry, real};
use crate::scalar::{Elementary, Scalar};

pub(super) const PROPERTIES: Properties = Properties {
    needs_real_numbers: true,
    zero_at_zero: false,
    odd: false,
    homogeneous: false,
    silent: false,
    drawn: true,
    fitted: true,
};

pub(super) fn apply<S: Scalar>(values: &mut [S], slopes: &mut [S]) {
    let real = real();
    each_entry(values, slopes, |z| softplus(&real, z));
}

/// ln(1 + e^z) and 1 / (1 + e^-z), from e^-|z| so that nothing overflows.
pub(super) fn softplus<S: Scalar>(real: &Elementary<S>, z: S) -> (S, S) {
    let positive = z.is_positive();
    let e = (real.exp)(if positive { -z } else { z });
    let inverse = (S::ONE + e).inverse().expect("at least one");
    let value = (real.ln)(S::ONE + e);
    if positive { (z + value, inverse) } else { (value, e * inverse) }
}
