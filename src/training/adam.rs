//! Adam, on a list of numbers: for networks in training and for models of recordings.

use crate::scalar::Scalar;

/// The settings of Adam (Kingma and Ba 2015).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Adam<S> {
    /// The decay of the mean.
    pub beta1: S,
    /// The decay of the mean square.
    pub beta2: S,
    /// Added to the root of the mean square.
    pub epsilon: S,
}

impl<S: Scalar> Adam<S> {
    /// Replaces a gradient by the direction of a step, and updates its mean and mean square.
    /// `steps` counts from 1.
    ///
    /// # Panics
    ///
    /// If there are no real numbers.
    pub fn apply(&self, steps: i32, gradient: &mut [S], mean: &mut [S], square: &mut [S]) {
        let sqrt = S::ELEMENTARY.expect("Adam needs real numbers").sqrt;
        let average = |old: S, new: S, decay: S| decay * old + (S::ONE - decay) * new;
        let correction = |beta: S| (S::ONE - power(beta, steps)).inverse().unwrap_or(S::ZERO);
        let (first, second) = (correction(self.beta1), correction(self.beta2));
        for ((g, mean), square) in gradient.iter_mut().zip(mean).zip(square) {
            *mean = average(*mean, *g, self.beta1);
            *square = average(*square, *g * *g, self.beta2);
            let root = sqrt(second * *square) + self.epsilon;
            *g = root.inverse().map_or(S::ZERO, |inverse| first * *mean * inverse);
        }
    }
}

/// By repeated squaring.
fn power<S: Scalar>(base: S, exponent: i32) -> S {
    let (mut product, mut square, mut rest) = (S::ONE, base, exponent);
    while rest > 0 {
        if rest % 2 == 1 {
            product *= square;
        }
        square *= square;
        rest /= 2;
    }
    product
}
