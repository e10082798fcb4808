//! In how many dimensions a squared norm lies: the measures, each of squared singular values.
//!
//! 1. P. Gao, E. Trautmann, B. Yu, G. Santhanam, S. Ryu, K. Shenoy and S. Ganguli, "A theory of
//!    multineuronal dimensionality, dynamics and measurement", bioRxiv 214262 (2017): the
//!    participation ratio.
//! 2. M. Rudelson and R. Vershynin, "Sampling from large matrices: an approach through geometric
//!    functional analysis", Journal of the ACM 54 (2007): the stable rank.

use crate::matrix::count_for_share;

/// Squared singular values over their sum, descending: the share of the squared norm in each of the
/// orthogonal directions that hold most. It is PCA without a mean taken off, and the shares are the
/// explained variances.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum(Vec<f64>);

impl Spectrum {
    /// Of squared singular values, in any order; rounding may have made some of them negative. `None`
    /// if none is positive.
    pub fn of_squares(mut squares: Vec<f64>) -> Option<Self> {
        squares.iter_mut().for_each(|square| *square = square.max(0.0));
        squares.sort_by(|a, b| b.total_cmp(a));
        let total: f64 = squares.iter().sum();
        squares.iter_mut().for_each(|square| *square /= total);
        (total > 0.0).then_some(Spectrum(squares))
    }

    /// The share in each direction, descending.
    pub fn shares(&self) -> &[f64] {
        &self.0
    }

    /// The share that the first so many directions hold: 1 for all of them.
    pub fn explained(&self, dimensions: usize) -> f64 {
        self.0.iter().take(dimensions).sum()
    }

    /// The number of directions that hold this share, 0.95 for instance.
    pub fn dimensions_for(&self, share: f64) -> usize {
        count_for_share(&self.0, share).min(self.0.len())
    }

    /// `(sum of s^2)^2 / sum of s^4` over the singular values s: n if n are equal and the others
    /// zero.
    pub fn participation_ratio(&self) -> f64 {
        1.0 / self.0.iter().map(|share| share * share).sum::<f64>()
    }

    /// `sum of s^2 / max s^2` over the singular values s: how many of the strongest direction would
    /// make the whole. It is at most the participation ratio, which is at most its square.
    pub fn stable_rank(&self) -> f64 {
        1.0 / self.0[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_directions_are_counted_by_every_measure() {
        let even = Spectrum::of_squares(vec![2.0, 0.0, 2.0, -1e-17, 2.0, 2.0]).unwrap();
        assert_eq!((even.participation_ratio(), even.stable_rank()), (4.0, 4.0));
        assert_eq!([0.5, 0.51, 0.95, 1.0].map(|share| even.dimensions_for(share)), [2, 3, 4, 4]);
        assert_eq!(
            [0, 1, 4, 9].map(|dimensions| even.explained(dimensions)),
            [0.0, 0.25, 1.0, 1.0]
        );
    }

    #[test]
    fn unequal_directions_by_hand() {
        let found = Spectrum::of_squares(vec![1.0, 9.0]).unwrap();
        assert!((found.participation_ratio() - 100.0 / 82.0).abs() < 1e-14);
        assert!((found.stable_rank() - 10.0 / 9.0).abs() < 1e-14);
        assert_eq!([0.9, 0.91].map(|share| found.dimensions_for(share)), [1, 2]);
        assert_eq!(Spectrum::of_squares(vec![0.0, -1.0]), None);
        assert_eq!(Spectrum::of_squares(vec![]), None);
    }
}
