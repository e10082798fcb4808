//! Lion (Chen et al. 2023): the sign of the momentum, which is moved towards the gradient for the
//! step and more slowly for the next one.
//!
//! ```text
//! c = beta1 m + (1 - beta1) g,    x <- x - eta (sign(c) + lambda x),    m <- beta2 m + (1 - beta2) g
//! ```
//!
//! lambda is the weight decay of the [optimizer](crate::training::Optimizer), decoupled as published
//! where the method is gradient descent.

use std::sync::Arc;

use super::{Entrywise, Row, UpdateRule, averaged, sign};
use crate::matrix::RankRevealing;
use crate::scalar::Scalar;

#[derive(Debug)]
struct Lion<S> {
    /// Of the momentum in the step.
    beta1: S,
    /// The decay of the momentum.
    beta2: S,
}

impl<S: Scalar> Entrywise<S> for Lion<S> {
    fn numbers(&self) -> usize {
        1
    }

    fn direction(&self, _: i32, gradient: &mut [S], _: &[S], memory: &mut [Vec<S>]) {
        let [momentum] = memory else { unreachable!("one number for each entry") };
        for (g, m) in gradient.iter_mut().zip(momentum) {
            let towards = averaged(*m, *g, self.beta1);
            *m = averaged(*m, *g, self.beta2);
            *g = sign(towards);
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
    /// Lion with its authors' beta1 = 0.9 and beta2 = 0.99.
    pub fn lion() -> Self {
        UpdateRule::Entrywise(Arc::new(Lion { beta1: S::ratio(9, 10), beta2: S::ratio(99, 100) }))
    }
}

pub(super) struct Rule;

impl Row for Rule {
    fn usual<S: RankRevealing>() -> UpdateRule<S> {
        UpdateRule::lion()
    }
}

#[cfg(test)]
mod tests {
    use super::super::test::directions;
    use super::*;

    /// Algorithm 2 of the paper by hand: c is 0.1, 0.004, -0.01154, 0.0005754 and 0 of nothing,
    /// where signs of gradients would be 1, -1, -1, -1, and m is 0.01, 0.0094, 0.007306. With one
    /// beta for both, or the two exchanged, the third sign is another.
    #[test]
    fn steps_follow_the_published_formula() {
        let gradients: [&[f64]; 4] = [&[1.0, 0.0], &[-0.05, 0.0], &[-0.2, 0.0], &[-0.06, 0.0]];
        let found = directions(&UpdateRule::lion(), &gradients, 0.0);
        assert_eq!(found, [[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [1.0, 0.0]]);
    }
}
