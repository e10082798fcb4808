//! What can be measured of a trajectory at each learning step, and what is known to bound it.

use std::fmt;

use super::{Setting, Theorem, cp_ends};
use crate::bounds::Bounds;
use crate::matrix::RankRevealing;
use crate::named::Named;
use crate::tensor::Tensor;
use crate::training::Trajectory;

/// A rank that grows with learning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// rank D_k.
    Rank,
    /// rank G_k, of gradient k, counted from 0; a step of a Runge-Kutta method takes four.
    GradientRank,
    /// r3 of D_1..D_k: the dimensions that the increments span as vectors.
    R3,
    /// The CP rank of D_1..D_k.
    Cp,
}

impl Named for Measure {
    const WHAT: &'static str = "measure";

    fn table() -> Vec<(Self, &'static str, &'static str)> {
        vec![
            (Measure::Rank, "rank", "Of the increment D_k = W_k - c_k W_0"),
            (Measure::GradientRank, "gradient-rank", "Of the gradient G_k"),
            (Measure::R3, "r3", "The dimensions that the increments D_1..D_k span as vectors"),
            (Measure::Cp, "cp", "The CP rank of the increments D_1..D_k"),
        ]
    }
}

/// As tables print it.
impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Measure::Rank => "rank D_k",
            Measure::GradientRank => "rank G_k",
            Measure::R3 => "r3 of D_1..D_k",
            Measure::Cp => "CP rank of D_1..D_k",
        })
    }
}

impl Measure {
    /// The value after `k` learning steps. `None` where there is none: the gradient after the last
    /// step, or a CP rank that rounding hides. In the field the upper end of a CP rank is that over its
    /// closure.
    pub fn of<S: RankRevealing>(self, trajectory: &Trajectory<S>, k: usize) -> Option<Bounds> {
        if self == Measure::GradientRank {
            let gradient = trajectory.gradient(k)?;
            return Some(S::rank(&gradient.to_matrix(), trajectory.gradient_noise(k)).bounds);
        }
        if k == 0 {
            return Some(Bounds::exactly(0));
        }
        if self == Measure::Rank {
            return Some(trajectory.rank(k).bounds);
        }
        if self == Measure::Cp {
            return Some(cp_ends(trajectory, k)?.bounds());
        }
        let increments: Vec<_> = (1..=k).map(|j| trajectory.increment(j)).collect();
        let n = trajectory.neurons();
        let tensor = Tensor::from_slices(n, n, &increments).reduced();
        Some(tensor.unfolding_ranks(trajectory.tensor_noise())[2].bounds)
    }
}

/// The smallest bound that the registry knows for a measure, and the theorem that gives it.
pub fn best_limit(
    setting: &Setting,
    measure: Measure,
    k: usize,
) -> (usize, Option<&'static Theorem>) {
    best_limit_among(setting, measure, k, |_| true)
}

/// The same of some theorems.
pub fn best_limit_among(
    setting: &Setting,
    measure: Measure,
    k: usize,
    is_known: impl Fn(&Theorem) -> bool,
) -> (usize, Option<&'static Theorem>) {
    let n = setting.dimensions.neurons;
    let trivial = match measure {
        Measure::Rank | Measure::R3 | Measure::Cp if !setting.trained.contains("W") => 0,
        Measure::Rank | Measure::R3 | Measure::Cp if k == 0 => 0,
        Measure::Rank | Measure::GradientRank => n,
        // An N x N x k tensor is k matrices of rank N, or N^2 rows.
        Measure::R3 => k.min(n * n),
        Measure::Cp => n * n.min(k),
    };
    let known = super::ALL.into_iter().filter(|theorem| is_known(theorem));
    let limits = known.filter_map(|theorem| {
        let limit = (theorem.limit?)(setting, measure, k)?;
        Some((limit, Some(theorem)))
    });
    // The first of equals, and a theorem only where it says more than counting does.
    limits.fold((trivial, None), |best, next| if next.0 < best.0 { next } else { best })
}
