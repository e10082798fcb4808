//! f(z) = z, which costs nothing to apply.

use super::Properties;
use crate::scalar::Scalar;

pub(super) const PROPERTIES: Properties = Properties {
    needs_real_numbers: false,
    zero_at_zero: true,
    odd: true,
    homogeneous: true,
    silent: false,
    drawn: true,
    fitted: true,
};

pub(super) fn apply<S: Scalar>(_: &mut [S], slopes: &mut [S]) {
    slopes.fill(S::ONE);
}
