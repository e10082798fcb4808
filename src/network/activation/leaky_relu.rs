//! z where it [is positive](Scalar::is_positive), else a multiple of it (Maas, Hannun and Ng 2013).
//!
//! Its slope takes two values, neither of them zero: f(z) = f'(z) z as for ReLU, so gates are
//! conserved, but no neuron falls silent. In a field z or -z is positive by its size alone, which is
//! all that f(z) = f'(z) z asks for; that f(c z) = c f(z) for positive c is lost there, as for ReLU.

use super::{Properties, each_entry};
use crate::scalar::Scalar;

pub(super) const PROPERTIES: Properties = Properties {
    needs_real_numbers: false,
    zero_at_zero: true,
    odd: false,
    homogeneous: true,
    silent: false,
    drawn: true,
    fitted: true,
};

/// The slope where z is not positive.
pub(super) fn slope<S: Scalar>() -> S {
    S::ratio(1, 100)
}

pub(super) fn apply<S: Scalar>(slope: S, values: &mut [S], slopes: &mut [S]) {
    each_entry(values, slopes, |z| if z.is_positive() { (z, S::ONE) } else { (slope * z, slope) });
}

#[cfg(test)]
mod tests {
    use crate::network::Activation;

    #[test]
    fn what_is_negative_leaks() {
        let (mut values, mut slopes) = ([3.0, -3.0, 0.0], [0.0; 3]);
        Activation::LeakyRelu(0.25).apply(&mut values, &mut slopes);
        assert_eq!((values, slopes), ([3.0, -0.75, 0.0], [1.0, 0.25, 0.25]));
    }
}
