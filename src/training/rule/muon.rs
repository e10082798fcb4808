//! Muon (Jordan et al. 2024): the momentum, its singular values made nearly equal.
//!
//! The momentum of the [`Stepper`](crate::training::Stepper) is accumulated first, for all
//! parameters: v = mu v + g. Then X = v, or X = g + mu v where the method is Nesterov's, or the
//! gradient where it has no momentum, becomes X <- a X + b X X^T X + c X (X^T X)^2, five times; in
//! floating point X is divided by its norm before.

use std::sync::Arc;

use super::{Preconditioners, Row, Sizes, Spectral, UpdateRule, size};
use crate::matrix::{Matrix, RankRevealing};
use crate::scalar::Scalar;

#[derive(Debug)]
struct Muon<S> {
    /// a, b and c.
    coefficients: [S; 3],
    iterations: usize,
}

/// The momentum that its authors use, in the form of
/// [`Nesterov`](crate::training::Stepper::Nesterov).
const MOMENTUM: f64 = 0.95;

impl<S: Scalar> Spectral<S> for Muon<S> {
    fn momentum(&self) -> Option<f64> {
        Some(MOMENTUM)
    }

    fn direction(&self, gradient: Matrix<S>, _: &mut Preconditioners<S>) -> Matrix<S> {
        let start = gradient.normalized();
        (0..self.iterations).fold(start, |g, _| newton_schulz(&self.coefficients, &g))
    }

    /// What is small at the start grows by the linear coefficient each time.
    fn rounding(&self, sizes: Sizes, _: &mut Preconditioners<S>) -> f64 {
        let slope = size(self.coefficients[0]).powi(self.iterations as i32) / sizes.norm;
        slope * sizes.rounding + sizes.direction
    }

    /// In a field, where nothing is divided by a norm.
    fn degree(&self) -> Option<usize> {
        Some(5usize.pow(self.iterations as u32))
    }
}

/// a G + b G G^T G + c G (G^T G)^2.
fn newton_schulz<S: Scalar>([a, b, c]: &[S; 3], g: &Matrix<S>) -> Matrix<S> {
    let square = Matrix::product(g.t(), g.view());
    let mut polynomial = square.times(&square);
    polynomial.scale(*c);
    polynomial.add_scaled(*b, &square);
    polynomial.add_scaled(*a, &Matrix::scaled_identity(g.cols(), S::ONE));
    g.times(&polynomial)
}

impl<S: Scalar> UpdateRule<S> {
    /// Muon with the coefficients and the five iterations of its authors, who use it with the
    /// method [`Nesterov`](crate::training::Stepper::Nesterov) and the
    /// [`momentum`](UpdateRule::momentum) 0.95.
    pub fn muon() -> Self {
        let coefficients = [(34445, 10_000), (-47750, 10_000), (20315, 10_000)];
        let coefficients = coefficients.map(|(numerator, scale)| S::ratio(numerator, scale));
        UpdateRule::Spectral(Arc::new(Muon { coefficients, iterations: 5 }))
    }
}

pub(super) struct Rule;

impl Row for Rule {
    fn usual<S: RankRevealing>() -> UpdateRule<S> {
        UpdateRule::muon()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On a multiple of an orthogonal matrix the iteration is one of numbers: with the norm
    /// sqrt 2 r of r Q it starts at 1 / sqrt 2.
    #[test]
    fn an_orthogonal_matrix_keeps_its_shape() {
        let UpdateRule::Spectral(muon) = UpdateRule::<f64>::muon() else { panic!("spectral") };
        let rotation = [[0.6, -0.8], [0.8, 0.6]];
        let gradient = Matrix::from_rows(&rotation.map(|row| row.map(|entry| 7.0 * entry)));
        let direction = muon.direction(gradient, &mut Preconditioners::default());
        let value =
            (0..5).fold(0.5f64.sqrt(), |x, _| 3.4445 * x - 4.7750 * x.powi(3) + 2.0315 * x.powi(5));
        let expected = Matrix::from_rows(&rotation.map(|row| row.map(|entry| value * entry)));
        assert!(direction.minus(&expected).norm() < 1e-14, "{direction:?}");
    }
}
