//! Recorded increments against the bounds of the theorems.

use std::borrow::Cow;

use super::weights::{Noise, WeightReport, sides};
use crate::matrix::{Factors, Matrix, RankRevealing, Subspace};
use crate::recording::WeightHistory;
use crate::tensor::CpBracket;
use crate::theorem::{
    Observation, Theorem, Verdict, invariant_subspace, low_rank_initialization,
    subspace_tensor_rank,
};

/// The input and output directions of a recorded network.
#[derive(Clone, Debug)]
pub struct InputOutput {
    /// Input weights B, and b and h_0 if there are any: columns of N numbers.
    pub inputs: Matrix<f64>,
    /// The transpose of the readout C: columns of N numbers.
    pub outputs: Matrix<f64>,
}

/// A theorem's bound beside what was found.
#[derive(Clone, Debug)]
pub struct BoundReport {
    /// The theorem.
    pub theorem: &'static Theorem,
    /// What was held against its bound, or why the theorem says nothing of these weights.
    pub found: Result<Vec<Observation>, String>,
}

impl BoundReport {
    /// The worst verdict; `None` if the theorem does not apply.
    pub fn verdict(&self) -> Option<Verdict> {
        self.found.as_ref().ok().map(|observations| Verdict::of(observations))
    }

    /// Holds the increments of a history against every bound that can be read off recorded
    /// weights. The hypotheses that cannot be (a linear network, GD-like learning) are what a
    /// violation tells against.
    pub fn all(
        history: &WeightHistory,
        report: &WeightReport,
        channels: Option<&InputOutput>,
    ) -> Vec<BoundReport> {
        let start = channels.map(|channels| Start::of(history, channels));
        let mut reports = vec![BoundReport {
            theorem: &subspace_tensor_rank::THEOREM,
            found: tensor_rank(history, report),
        }];
        if let Some(start) = start {
            let theorem = match start.low_rank.width() {
                0 => &invariant_subspace::THEOREM,
                _ => &low_rank_initialization::THEOREM,
            };
            reports.push(BoundReport { theorem, found: start.hold() });
        }
        reports
    }
}

/// CP rank <= d min(d, K) with the dimension d of the space in which rows and columns lie.
fn tensor_rank(history: &WeightHistory, report: &WeightReport) -> Result<Vec<Observation>, String> {
    let d = report.space.known().ok_or("the dimension of the space of learning is inconclusive")?;
    // The bracket is needed of the increments, and the report may be on the weights.
    let increments = match report.delta {
        true => Cow::Borrowed(report),
        false => Cow::Owned(WeightReport::new(history, true)),
    };
    let lower = increments.cp_lower.bound;
    let upper = increments.cp_upper.as_ref().map_or(usize::MAX, CpBracket::upper);
    let bound = d * d.min(history.steps());
    Ok(vec![Observation::between("CP rank of the increments", lower, upper, bound)])
}

/// How W_0 = w I + P Q^T is made, and what follows.
struct Start<'a> {
    history: &'a WeightHistory,
    channels: &'a InputOutput,
    low_rank: Factors<f64>,
}

impl<'a> Start<'a> {
    /// Splits W_0 with whichever w leaves the smaller rank: 0, or the median of its diagonal.
    fn of(history: &'a WeightHistory, channels: &'a InputOutput) -> Self {
        let start = &history.slices()[0];
        let noise = history.rounding() * start.norm();
        let split = |identity: f64| {
            let rest = start.minus(&Matrix::scaled_identity(start.rows(), identity));
            let rest = Factors::new(rest, Matrix::scaled_identity(start.rows(), 1.0));
            f64::compress(&rest, noise)
        };
        let candidates = [split(0.0), split(median_of_diagonal(start))];
        let low_rank = candidates.into_iter().min_by_key(Factors::width).expect("two candidates");
        Start { history, channels, low_rank }
    }

    /// The increments against the space that the theorem fixes before learning.
    fn hold(&self) -> Result<Vec<Observation>, String> {
        let neurons = self.history.neurons();
        let generators = [
            &self.channels.inputs,
            &self.channels.outputs,
            &self.low_rank.left,
            &self.low_rank.right,
        ];
        let space = Subspace::spanned_by(neurons, generators)
            .ok_or("the dimension of S is inconclusive")?;
        let bound = space.dimension();
        if bound == neurons {
            return Err(format!("S is the whole space of {neurons} dimensions"));
        }
        let noise = Noise::of(self.history);
        let increments: Vec<_> =
            (0..=self.history.steps()).map(|k| self.history.increment(k)).collect();
        let largest = (increments.iter().enumerate())
            .map(|(k, increment)| f64::rank(increment, noise.at(k)))
            .max_by_key(|rank| (rank.lower, rank.upper))
            .expect("there is a start");
        let outside = space.excess(&sides(&increments[1..]), 2.0 * noise.of_increments());
        Ok(vec![
            Observation::rank("largest rank of W_k - W_0", &largest, bound),
            Observation::rank("dimensions outside S", &outside, 0),
        ])
    }
}

fn median_of_diagonal(matrix: &Matrix<f64>) -> f64 {
    let mut diagonal: Vec<f64> = (0..matrix.rows()).map(|i| matrix[(i, i)]).collect();
    diagonal.sort_by(f64::total_cmp);
    diagonal[diagonal.len() / 2]
}
