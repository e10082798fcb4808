//! The hyperbolic tangent.

use super::{Properties, real};
use crate::scalar::{Scalar, vectorised};

pub(super) const PROPERTIES: Properties = Properties {
    needs_real_numbers: true,
    zero_at_zero: true,
    odd: true,
    homogeneous: false,
    silent: false,
    drawn: true,
    fitted: true,
};

pub(super) fn apply<S: Scalar>(values: &mut [S], slopes: &mut [S]) {
    (real().tanh)(values);
    vectorised(
        #[inline(always)]
        || {
            for (slope, &value) in slopes.iter_mut().zip(&*values) {
                *slope = S::ONE - value * value;
            }
        },
    );
}
