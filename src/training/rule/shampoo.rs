//! Shampoo (Gupta, Koren and Singer 2018): L^{-1/4} G R^{-1/4} with L = epsilon + sum G G^T and
//! R = epsilon + sum G^T G over all gradients so far.

use std::sync::Arc;

use super::{Preconditioners, Row, Sizes, Spectral, UpdateRule, size};
use crate::matrix::{Matrix, RankRevealing};

#[derive(Debug)]
struct Shampoo<S> {
    /// Keeps L and R from being singular.
    epsilon: S,
}

impl<S: RankRevealing> Spectral<S> for Shampoo<S> {
    fn is_available(&self) -> bool {
        S::ELEMENTARY.is_some()
    }

    fn direction(&self, gradient: Matrix<S>, memory: &mut Preconditioners<S>) -> Matrix<S> {
        let (left, right) = memory.sides.get_or_insert_with(|| {
            let identity = |size| Matrix::scaled_identity(size, self.epsilon);
            (identity(gradient.rows()), identity(gradient.cols()))
        });
        left.add_scaled(S::ONE, &Matrix::product(gradient.view(), gradient.t()));
        right.add_scaled(S::ONE, &Matrix::product(gradient.t(), gradient.view()));
        let [left, right] = [left, right]
            .map(|side| S::inverse_fourth_root(side).expect("Shampoo needs real numbers"));
        left.times(&gradient).times(&right)
    }

    /// The slope of A^{-1/4} is at most epsilon^{-5/4} / 4, and what each of the two roots is
    /// multiplied by, G R^{-1/4} or L^{-1/4} G, has at most the root of the norm of G.
    fn rounding(&self, sizes: Sizes, memory: &mut Preconditioners<S>) -> f64 {
        let Sizes { rounding, norm, direction } = sizes;
        let epsilon = size(self.epsilon);
        memory.rounding += norm * (norm + 2.0 * rounding);
        let roots = epsilon.powf(-1.25) / 2.0 * (epsilon + memory.rounding);
        rounding / epsilon.sqrt() + roots * norm.sqrt() + direction
    }
}

impl<S: RankRevealing> UpdateRule<S> {
    /// Shampoo; `epsilon` is the multiple of the identity with which L and R start.
    pub fn shampoo(epsilon: S) -> Self {
        UpdateRule::Spectral(Arc::new(Shampoo { epsilon }))
    }
}

pub(super) struct Rule;

impl Row for Rule {
    /// The multiple of the paper.
    fn usual<S: RankRevealing>() -> UpdateRule<S> {
        UpdateRule::shampoo(S::ratio(1, 10_000))
    }

    fn drawn<S: RankRevealing>() -> UpdateRule<S> {
        UpdateRule::shampoo(S::ratio(1, 10))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On diagonal matrices each entry is a number of its own, g / sqrt(epsilon + sum g^2).
    #[test]
    fn diagonal_gradients_are_those_of_adagrad() {
        let UpdateRule::Spectral(shampoo) = UpdateRule::shampoo(0.1) else { panic!("spectral") };
        let mut memory = Preconditioners::default();
        let mut sums = [0.1, 0.1];
        for gradient in [[1.0, -2.0], [0.5, 3.0]] {
            let diagonal = |[a, b]: [f64; 2]| Matrix::from_rows(&[[a, 0.0], [0.0, b]]);
            let direction = shampoo.direction(diagonal(gradient), &mut memory);
            let expected = [0, 1].map(|i| {
                sums[i] += gradient[i] * gradient[i];
                gradient[i] / f64::sqrt(sums[i])
            });
            assert!(direction.minus(&diagonal(expected)).norm() < 1e-13, "{direction:?}");
        }
    }

    /// A gradient as large as the root of epsilon = 1e-4 halves what the square of the direction has
    /// of large ones, which is one.
    #[test]
    fn usual_numbers_are_those_of_the_paper() {
        let UpdateRule::Spectral(shampoo) = Rule::usual::<f64>() else { panic!("spectral") };
        for (gradient, squared) in [(0.01, 0.5), (1e6, 1.0)] {
            let gradient = Matrix::from_rows(&[[gradient]]);
            let direction = shampoo.direction(gradient, &mut Preconditioners::default());
            assert!((direction[(0, 0)].powi(2) - squared).abs() < 1e-10, "{direction:?}");
        }
    }
}
