//! Gaussian-process priors over trials and over time, whitened by their Cholesky factor.

use serde::{Deserialize, Serialize};

use crate::matrix::Matrix;

/// What is expected of the trial factors c_r(k) before the data are seen: a Gaussian process around
/// a mean, smooth in the true numbers of the trials.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialPrior {
    /// The covariance of two trials.
    pub kernel: Kernel,
    /// How far it reaches, in trials.
    pub length: f64,
    /// Standard deviation of the smooth part.
    pub amplitude: f64,
    /// Standard deviation of a part that is independent from trial to trial; 0 for none.
    pub independent: f64,
    /// Whether factors may jump where the epoch changes: trials of different epochs are
    /// independent.
    pub jumps: bool,
}

impl Default for TrialPrior {
    fn default() -> Self {
        TrialPrior {
            kernel: Kernel::RationalQuadratic,
            length: 15.0,
            amplitude: 0.5,
            independent: 0.0,
            jumps: false,
        }
    }
}

/// A covariance as a function of distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kernel {
    /// 1 / (1 + d^2 / 2 l^2): smooth, with long tails.
    RationalQuadratic,
    /// exp(-d^2 / 2 l^2).
    Rbf,
}

impl Kernel {
    /// The correlation at a distance, in units of the length.
    fn correlation(self, distance: f64) -> f64 {
        let half = 0.5 * distance * distance;
        match self {
            Kernel::RationalQuadratic => 1.0 / (1.0 + half),
            Kernel::Rbf => (-half).exp(),
        }
    }
}

/// Added to the diagonal of a covariance, relative to it: smooth kernels are singular to rounding.
const JITTER: f64 = 1e-6;

impl TrialPrior {
    /// The standard deviation of a factor of a trial about the mean.
    pub(super) fn deviation(&self) -> f64 {
        self.amplitude.hypot(self.independent)
    }

    /// The same standard deviation for factors that are the same in all trials of an epoch.
    pub(super) fn constant_in_epochs(self) -> Self {
        // So long that nothing changes within a session; the jitter keeps the covariance regular.
        TrialPrior { length: 1e9, independent: 0.0, jumps: true, ..self }
    }

    /// The lower Cholesky factor L of the covariance, (K, K): `mean + L w` has the prior's law when
    /// the entries of w are independent standard normals.
    pub(super) fn whitening(&self, numbers: &[i64], epochs: &[usize]) -> Matrix<f64> {
        let variance = self.amplitude.powi(2);
        let covariance = Matrix::from_fn(numbers.len(), numbers.len(), |i, j| {
            let apart = self.jumps && epochs[i] != epochs[j];
            let distance = numbers[i].abs_diff(numbers[j]) as f64 / self.length;
            let smooth = if apart { 0.0 } else { variance * self.kernel.correlation(distance) };
            let own = self.independent.powi(2) + JITTER * variance;
            smooth + if i == j { own } else { 0.0 }
        });
        cholesky(&covariance)
    }
}

/// The same for inputs over `steps` steps, with an RBF kernel of unit variance.
pub(super) fn time_whitening(steps: usize, length: f64) -> Matrix<f64> {
    let covariance = Matrix::from_fn(steps, steps, |i, j| {
        let distance = (i as f64 - j as f64) / length;
        Kernel::Rbf.correlation(distance) + if i == j { JITTER } else { 0.0 }
    });
    cholesky(&covariance)
}

/// The lower factor of a covariance that the jitter keeps positive definite, or is zero.
fn cholesky(covariance: &Matrix<f64>) -> Matrix<f64> {
    let size = covariance.rows();
    if covariance.data().iter().all(|&entry| entry == 0.0) {
        return Matrix::zeros(size, size);
    }
    let factor = covariance.cholesky();
    factor.expect("the jitter is far above the rounding of a covariance").lower()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_factor_reproduces_the_covariance_of_both_kernels() {
        let numbers = [1, 2, 3, 7, 20, 21, 22];
        let epochs = [0, 0, 0, 0, 1, 1, 1];
        for kernel in [Kernel::RationalQuadratic, Kernel::Rbf] {
            for jumps in [false, true] {
                let prior =
                    TrialPrior { kernel, jumps, length: 3.0, amplitude: 0.4, independent: 0.2 };
                let factor = prior.whitening(&numbers, &epochs);
                let product = Matrix::product(factor.view(), factor.t());
                for (i, j) in [(0, 0), (1, 0), (4, 0), (6, 4), (3, 4)] {
                    let apart = jumps && epochs[i] != epochs[j];
                    let distance = (numbers[i] - numbers[j]) as f64 / 3.0;
                    let smooth = if apart { 0.0 } else { 0.16 * kernel.correlation(distance) };
                    let expected = smooth + if i == j { 0.04 } else { 0.0 };
                    assert!((product[(i, j)] - expected).abs() < 1e-6, "{i} {j}");
                }
                assert_eq!(factor[(0, 1)], 0.0, "the factor is lower triangular");
            }
        }
    }

    #[test]
    fn a_long_kernel_that_is_singular_to_rounding_still_has_a_factor() {
        let prior = TrialPrior { kernel: Kernel::Rbf, length: 1e4, ..TrialPrior::default() };
        let numbers: Vec<i64> = (0..300).collect();
        let factor = prior.whitening(&numbers, &vec![0; 300]);
        assert!(factor.is_finite());
        let product = Matrix::product(factor.view(), factor.t());
        assert!((product[(299, 0)] - 0.25).abs() < 1e-3);
    }

    #[test]
    fn smooth_inputs_have_unit_variance() {
        let factor = time_whitening(30, 5.0);
        let variance: f64 = (0..30).map(|k| factor[(29, k)].powi(2)).sum();
        assert!((variance - 1.0).abs() < 1e-5);
    }
}
