//! The sign of the gradient (Bernstein et al. 2018).

use std::sync::Arc;

use super::{Entrywise, Row, UpdateRule, sign};
use crate::matrix::RankRevealing;
use crate::scalar::Scalar;

#[derive(Debug)]
pub(super) struct Rule;

impl<S: Scalar> Entrywise<S> for Rule {
    fn direction(&self, _: i32, gradient: &mut [S], _: &[S], _: &mut [Vec<S>]) {
        for g in gradient {
            *g = sign(*g);
        }
    }

    fn slope(&self, _: f64) -> f64 {
        0.0
    }

    fn is_lipschitz(&self) -> bool {
        false
    }
}

impl<S: Scalar> UpdateRule<S> {
    /// The sign of each entry: 1, -1 or 0.
    pub fn sign() -> Self {
        UpdateRule::Entrywise(Arc::new(Rule))
    }
}

impl Row for Rule {
    fn usual<S: RankRevealing>() -> UpdateRule<S> {
        UpdateRule::sign()
    }
}

#[cfg(test)]
mod tests {
    use super::super::test::directions;
    use super::*;

    #[test]
    fn zero_has_no_sign() {
        assert_eq!(directions(&UpdateRule::sign(), &[&[-0.3, 0.0, 2e-9]], 0.0), [[-1.0, 0.0, 1.0]]);
    }
}
