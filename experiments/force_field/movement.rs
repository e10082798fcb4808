//! How the recorded movement of weights falls into parts.

use std::error::Error;

use rankproof::matrix::{SingularValues, count_for_share};
use rankproof::prelude::*;
use rankproof::tensor::{CpOptions, Dense, ErrorByRank, Mode, cp_error_by_rank};

/// A tensor of recorded weights less those at the start, and how it falls into parts.
pub struct Movement {
    pub name: &'static str,
    /// Singular values of the unfoldings along rows, columns and steps, over the norm.
    pub spectra: [Vec<f64>; 3],
    pub by_rank: ErrorByRank,
    /// Squared singular values of all rows and columns of all increments: how much of the movement
    /// each direction of the best fixed space holds.
    space: Vec<f64>,
}

impl Movement {
    pub fn of(
        name: &'static str,
        weights: &[Matrix<f64>],
        ranks: usize,
    ) -> Result<Self, Box<dyn Error>> {
        let increments: Vec<_> = weights[1..].iter().map(|w| w.minus(&weights[0])).collect();
        let n = weights[0].rows();
        let tensor = Tensor::from_slices(n, n, &increments).reduced();
        let spectra = Mode::ALL.map(|mode| {
            let values = f64::singular_values(&tensor.unfolding(mode));
            let norm = values.iter().map(|value| value * value).sum::<f64>().sqrt();
            values.into_iter().map(|value| value / norm).collect()
        });
        let dense = Dense::from_fn([n, n, increments.len()], |i, j, k| increments[k][(i, j)]);
        let options = CpOptions { starts: 0, ..CpOptions::default() };
        let by_rank = cp_error_by_rank(&dense, ranks, &options, &Stream::new(name, 0, 0))?;
        let mut gram = Matrix::zeros(n, n);
        for d in &increments {
            gram.add_scaled(1.0, &Matrix::product(d.view(), d.t()));
            gram.add_scaled(1.0, &Matrix::product(d.t(), d.view()));
        }
        Ok(Movement { name, spectra, by_rank, space: f64::singular_values(&gram) })
    }

    /// The least dimension of a fixed space that holds a share of the movement.
    pub fn dimension(&self, share: f64) -> usize {
        count_for_share(&self.space, share)
    }

    /// The CP rank for a share of the squared norm, one more than was tried if that is not enough.
    pub fn cp_rank(&self, share: f64) -> usize {
        self.by_rank.rank_for(share).unwrap_or(self.by_rank.errors.len() + 1)
    }
}

/// Weights that start the same and make steps of the same size, in random directions.
pub fn random_walk(weights: &[Matrix<f64>]) -> Vec<Matrix<f64>> {
    let mut stream = Stream::new("force_field", 1, 0).named("random walk");
    let mut now = weights[0].clone();
    let mut walk = vec![now.clone()];
    for pair in weights.windows(2) {
        let step = Matrix::normal(now.rows(), now.cols(), 1.0, &mut stream);
        now.add_scaled(pair[1].minus(&pair[0]).norm() / step.norm(), &step);
        walk.push(now.clone());
    }
    walk
}
