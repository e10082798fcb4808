//! z where it [is positive](Scalar::is_positive), else 0, with derivative 0 at 0.

use super::{Properties, each_entry};
use crate::scalar::Scalar;

pub(super) const PROPERTIES: Properties = Properties {
    needs_real_numbers: false,
    zero_at_zero: true,
    odd: false,
    homogeneous: true,
    silent: true,
    drawn: true,
    fitted: true,
};

pub(super) fn apply<S: Scalar>(values: &mut [S], slopes: &mut [S]) {
    each_entry(values, slopes, |z| if z.is_positive() { (z, S::ONE) } else { (S::ZERO, S::ZERO) });
}
