//! Adam (Kingma and Ba 2015): for networks in training and for models of recordings.

use std::sync::Arc;

use super::{Entrywise, Row, UpdateRule, averaged, divided, size};
use crate::matrix::RankRevealing;
use crate::scalar::Scalar;

/// The settings of Adam.
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
        let correction = |beta: S| (S::ONE - power(beta, steps)).inverse().unwrap_or(S::ZERO);
        let (first, second) = (correction(self.beta1), correction(self.beta2));
        for ((g, mean), square) in gradient.iter_mut().zip(mean).zip(square) {
            *mean = averaged(*mean, *g, self.beta1);
            *square = averaged(*square, *g * *g, self.beta2);
            *g = divided(first * *mean, sqrt(second * *square) + self.epsilon);
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

impl<S: Scalar> Entrywise<S> for Adam<S> {
    fn is_available(&self) -> bool {
        S::ELEMENTARY.is_some()
    }

    fn numbers(&self) -> usize {
        2
    }

    fn direction(&self, step: i32, gradient: &mut [S], _: &[S], memory: &mut [Vec<S>]) {
        let [mean, square] = memory else { unreachable!("two numbers for each entry") };
        self.apply(step, gradient, mean, square);
    }

    fn slope(&self, _: f64) -> f64 {
        1.0 / size(self.epsilon)
    }

    fn is_lipschitz(&self) -> bool {
        true
    }
}

impl<S: Scalar> UpdateRule<S> {
    /// Adam with decays 0.9 and 0.999; `epsilon` is added to the root of the mean square.
    pub fn adam(epsilon: S) -> Self {
        let (beta1, beta2) = (S::ratio(9, 10), S::ratio(999, 1000));
        UpdateRule::Entrywise(Arc::new(Adam { beta1, beta2, epsilon }))
    }
}

pub(super) struct Rule;

impl Row for Rule {
    /// The denominator of PyTorch, and of the paper.
    fn usual<S: RankRevealing>() -> UpdateRule<S> {
        UpdateRule::adam(S::ratio(1, 100_000_000))
    }

    fn drawn<S: RankRevealing>() -> UpdateRule<S> {
        UpdateRule::adam(S::ratio(1, 10))
    }
}

#[cfg(test)]
mod tests {
    use super::super::test::{assert_close, directions};
    use super::*;

    /// Algorithm 1 of the paper by hand: means 0.1 and -0.11, mean squares 0.001 and 0.004999.
    #[test]
    fn steps_follow_the_published_formula() {
        let found = directions(&UpdateRule::adam(0.1), &[&[1.0], &[-2.0]], 0.0);
        let second = (-0.11 / 0.19) / ((0.004999f64 / 0.001999).sqrt() + 0.1);
        assert_close(&found, &[&[1.0 / (1.0 + 0.1)], &[second]]);
    }
}
