//! Each entry of the gradient cut to a size, in the way of PyTorch's `clip_grad_value_`.

use std::sync::Arc;

use super::{Entrywise, Row, UpdateRule, sign};
use crate::matrix::RankRevealing;
use crate::scalar::Scalar;

#[derive(Debug)]
struct Clip<S> {
    size: S,
}

impl<S: Scalar> Entrywise<S> for Clip<S> {
    fn direction(&self, _: i32, gradient: &mut [S], _: &[S], _: &mut [Vec<S>]) {
        for g in gradient {
            let sign = sign(*g);
            if (sign * *g - self.size).is_positive() {
                *g = sign * self.size;
            }
        }
    }

    fn slope(&self, _: f64) -> f64 {
        1.0
    }

    fn is_lipschitz(&self) -> bool {
        true
    }
}

impl<S: Scalar> UpdateRule<S> {
    /// The gradient, each entry cut to at most this size, which is positive.
    pub fn clip(size: S) -> Self {
        UpdateRule::Entrywise(Arc::new(Clip { size }))
    }
}

pub(super) struct Rule;

impl Row for Rule {
    fn usual<S: RankRevealing>() -> UpdateRule<S> {
        let tenth = S::ratio(1, 10);
        // In a field this or its negative counts as positive.
        UpdateRule::clip(if tenth.is_positive() { tenth } else { -tenth })
    }
}

#[cfg(test)]
mod tests {
    use super::super::test::directions;
    use super::*;

    #[test]
    fn small_entries_stay() {
        let clip = UpdateRule::clip(0.5);
        assert_eq!(directions(&clip, &[&[-0.3, 0.7, -4.0]], 0.0), [[-0.3, 0.5, -0.5]]);
    }
}
