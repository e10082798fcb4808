//! RMSProp (Tieleman and Hinton 2012).

use std::sync::Arc;

use super::{Entrywise, Row, UpdateRule, averaged, divided, size};
use crate::matrix::RankRevealing;
use crate::scalar::Scalar;

#[derive(Debug)]
struct RmsProp<S> {
    /// The decay of the mean square.
    decay: S,
    /// Added to its root.
    epsilon: S,
}

impl<S: Scalar> Entrywise<S> for RmsProp<S> {
    fn is_available(&self) -> bool {
        S::ELEMENTARY.is_some()
    }

    fn numbers(&self) -> usize {
        1
    }

    fn direction(&self, _: i32, gradient: &mut [S], _: &[S], memory: &mut [Vec<S>]) {
        let sqrt = S::ELEMENTARY.expect("RMSProp needs real numbers").sqrt;
        let [square] = memory else { unreachable!("one number for each entry") };
        for (g, square) in gradient.iter_mut().zip(square) {
            *square = averaged(*square, *g * *g, self.decay);
            *g = divided(*g, sqrt(*square) + self.epsilon);
        }
    }

    fn slope(&self, _: f64) -> f64 {
        1.0 / size(self.epsilon)
    }

    fn is_lipschitz(&self) -> bool {
        true
    }
}

impl<S: Scalar> UpdateRule<S> {
    /// RMSProp with decay 0.99; `epsilon` is added to the root of the mean square.
    pub fn rms_prop(epsilon: S) -> Self {
        UpdateRule::Entrywise(Arc::new(RmsProp { decay: S::ratio(99, 100), epsilon }))
    }
}

pub(super) struct Rule;

impl Row for Rule {
    /// The denominator of PyTorch.
    fn usual<S: RankRevealing>() -> UpdateRule<S> {
        UpdateRule::rms_prop(S::ratio(1, 100_000_000))
    }

    fn drawn<S: RankRevealing>() -> UpdateRule<S> {
        UpdateRule::rms_prop(S::ratio(1, 10))
    }
}

#[cfg(test)]
mod tests {
    use super::super::test::{assert_close, directions};
    use super::*;

    /// The mean squares are 0.01, 0.0099 + 0.04 and 0.049401 + 0.0025.
    #[test]
    fn steps_follow_the_published_formula() {
        let found = directions(&UpdateRule::rms_prop(0.1), &[&[1.0], &[-2.0], &[0.5]], 0.0);
        assert_close(
            &found,
            &[
                &[1.0 / (0.1 + 0.1)],
                &[-2.0 / (0.0499f64.sqrt() + 0.1)],
                &[0.5 / (0.051901f64.sqrt() + 0.1)],
            ],
        );
    }
}
