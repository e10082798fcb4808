//! The gradient of a loss with an L1 penalty.

use std::sync::Arc;

use super::{Entrywise, Row, UpdateRule, sign};
use crate::matrix::RankRevealing;
use crate::scalar::Scalar;

#[derive(Debug)]
struct L1<S> {
    decay: S,
}

impl<S: Scalar> Entrywise<S> for L1<S> {
    fn direction(&self, _: i32, gradient: &mut [S], at: &[S], _: &mut [Vec<S>]) {
        for (g, x) in gradient.iter_mut().zip(at) {
            *g += self.decay * sign(*x);
        }
    }

    fn slope(&self, _: f64) -> f64 {
        1.0
    }

    /// It jumps where a parameter changes its sign.
    fn is_lipschitz(&self) -> bool {
        false
    }
}

impl<S: Scalar> UpdateRule<S> {
    /// The gradient plus `decay` times the sign of the parameter.
    pub fn l1(decay: S) -> Self {
        UpdateRule::Entrywise(Arc::new(L1 { decay }))
    }
}

pub(super) struct Rule;

impl Row for Rule {
    fn usual<S: RankRevealing>() -> UpdateRule<S> {
        UpdateRule::l1(S::ratio(1, 10))
    }
}

#[cfg(test)]
mod tests {
    use super::super::test::directions;
    use super::*;

    #[test]
    fn a_parameter_is_drawn_to_zero() {
        let l1 = UpdateRule::l1(0.5);
        assert_eq!(directions(&l1, &[&[0.25, -1.0]], 3.0), [[0.75, -0.5]]);
        assert_eq!(directions(&l1, &[&[0.25, -1.0]], -3.0), [[-0.25, -1.5]]);
        assert_eq!(directions(&l1, &[&[0.25, -1.0]], 0.0), [[0.25, -1.0]]);
    }
}
