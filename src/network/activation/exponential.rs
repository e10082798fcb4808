//! e^z.

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
    let exp = real().exp;
    each_entry(values, slopes, |z| (exp(z), exp(z)));
}
