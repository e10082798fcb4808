//! The cube of the gradient: the simplest rule beside the gradient that every ring has.

use std::sync::Arc;

use super::{Entrywise, Row, UpdateRule};
use crate::matrix::RankRevealing;
use crate::scalar::Scalar;

#[derive(Debug)]
pub(super) struct Rule;

impl<S: Scalar> Entrywise<S> for Rule {
    fn direction(&self, _: i32, gradient: &mut [S], _: &[S], _: &mut [Vec<S>]) {
        for g in gradient {
            *g = *g * *g * *g;
        }
    }

    fn slope(&self, norm: f64) -> f64 {
        3.0 * norm * norm
    }

    fn is_lipschitz(&self) -> bool {
        false
    }

    fn degree(&self) -> Option<usize> {
        Some(3)
    }
}

impl<S: Scalar> UpdateRule<S> {
    /// The cube of each entry.
    pub fn cube() -> Self {
        UpdateRule::Entrywise(Arc::new(Rule))
    }
}

impl Row for Rule {
    fn usual<S: RankRevealing>() -> UpdateRule<S> {
        UpdateRule::cube()
    }
}

#[cfg(test)]
mod tests {
    use super::super::test::directions;
    use super::*;

    #[test]
    fn entries_are_cubed() {
        assert_eq!(directions(&UpdateRule::cube(), &[&[-3.0, 0.5]], 0.0), [[-27.0, 0.125]]);
    }
}
