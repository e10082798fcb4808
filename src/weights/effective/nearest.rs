//! The share of the movement in the space of each theorem, and which theorem is near.
//!
//! Of the hypotheses of a theorem weights show what it says of the start W_0, and no more: whether
//! phi is linear, which optimizer learned, and on what data, is not in them. So a theorem is near if
//! W_0 is nearly as it says. If W_0 is just so, and the movement is not all in the space, one of the
//! hypotheses that are not seen fails: a theorem holds whenever all of its hypotheses do.

use std::collections::{HashMap, HashSet};

use super::gram::{Side, add_gram, directions};
use super::movement::Movement;
use super::{MOST, leading};
use crate::matrix::{Factors, Matrix, RankRevealing, Subspace, ThinQr};
use crate::theorem::{
    Theorem, fingerprints, invariant_subspace, low_rank_initialization, perturbation,
    siso_reciprocity,
};
use crate::weights::bounds::Start;
use crate::weights::history::Record;
use crate::weights::{InputOutput, SliceError};

/// Neurons up to which the directions of W_0 are computed that hold most of it.
const MAX_SIDE: usize = 2048;

/// What inputs, outputs and W_0 say of the movement.
#[derive(Clone, Debug)]
pub struct Nearness {
    /// The theorem whose hypothesis on W_0 holds.
    pub applies: &'static Theorem,
    /// The movement in its S, or why S is not known; often it is the whole space.
    pub space: Result<SpaceShare, String>,
    /// The shares in the spaces that theorems fix before learning.
    pub shares: Vec<TheoremShare>,
    /// How far apart the entries of W_1 - W_0 are in size: the square of their mean size over their
    /// mean square. 1 if all are of one size, as sign descent and the first step of Adam make them,
    /// 2 / pi if they are normal; `None` if that step is zero.
    pub evenness: Option<f64>,
}

/// The movement in the space of a theorem.
#[derive(Clone, Debug)]
pub struct TheoremShare {
    /// The theorem.
    pub theorem: &'static Theorem,
    /// What it says of W_0.
    pub start: &'static str,
    /// How far that is from true: the norm of what W_0 has besides, over that of W_0.
    pub off: f64,
    /// What was found, or why there is no space.
    pub found: Result<SpaceShare, String>,
}

/// Shares of the movement in a space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpaceShare {
    /// Dimensions of the space, of neurons; of `siso-reciprocity` of matrices.
    pub dimensions: usize,
    /// The share whose columns lie in S: `||P D||^2` over `||D||^2` with the projection P on S.
    /// `None` of a space of matrices.
    pub rows: Option<f64>,
    /// The share whose rows do: `||D P||^2`.
    pub columns: Option<f64>,
    /// The share in the space of the theorem: of both sides, `||P D P||^2`; of `perturbation` of either
    /// side, `||D||^2 - ||Q D Q||^2`, Q = I - P.
    pub both: f64,
    /// The share on each side that is expected of a random walk.
    pub chance: f64,
    /// The share in the space of the theorem that is.
    pub chance_both: f64,
}

impl Nearness {
    pub(super) fn new(
        weights: &Matrix<f64>,
        record: &Record,
        movement: &Movement<'_>,
        channels: &InputOutput,
    ) -> Result<Self, SliceError> {
        let start = Start::of(weights, record, channels);
        let neurons = weights.rows();
        let empty = || Matrix::zeros(neurons, 0);
        let of_channels = start.space_with(&Factors::new(empty(), empty()));
        let shares_in = |basis: &Matrix<f64>| {
            let [rows, columns, both] = movement.shares_in(basis, basis)?;
            let chance = basis.cols() as f64 / neurons as f64;
            Ok::<_, SliceError>(SpaceShare {
                dimensions: basis.cols(),
                rows: Some(rows),
                columns: Some(columns),
                both,
                chance,
                chance_both: chance * chance,
            })
        };
        let (identity, off) = identity_of(weights, &start);
        let in_space = |space: Result<Subspace<f64>, String>| match space {
            Ok(space) => shares_in(space.basis()).map(Ok),
            Err(reason) => Ok(Err(reason)),
        };
        let of_channels = in_space(of_channels)?;
        let mut shares = vec![TheoremShare {
            theorem: &invariant_subspace::THEOREM,
            start: "W_0 = w I",
            off,
            found: of_channels.clone(),
        }];
        if channels.inputs.cols() == 1 && channels.outputs.cols() == 1 {
            shares.push(TheoremShare {
                theorem: &siso_reciprocity::THEOREM,
                start: "W_0 = w I",
                off,
                found: Ok(reciprocal(movement, channels)?),
            });
        }
        if start.rank() > 0 {
            shares.push(TheoremShare {
                theorem: &perturbation::THEOREM,
                start: "W_0 = w I + eps R",
                off,
                found: of_channels.map(either_side),
            });
            shares.push(low_rank(weights, &start, identity, in_space)?);
        }
        let classes = Classes::of(channels);
        if let Some(basis) = classes.basis() {
            shares.push(TheoremShare {
                theorem: &fingerprints::THEOREM,
                start: "W_0 constant on classes",
                off: outside(weights, &basis),
                found: Ok(shares_in(&basis)?),
            });
        }
        Ok(Nearness {
            applies: start.theorem(),
            space: in_space(start.space())?,
            shares,
            evenness: evenness(&movement.change(0, 0, 1)?),
        })
    }

    /// The theorem whose hypothesis on W_0 is nearest to true, of those that have a space; of several
    /// the one with the smallest space.
    pub fn nearest(&self) -> Option<&TheoremShare> {
        let known =
            self.shares.iter().filter_map(|share| Some((share, share.found.as_ref().ok()?)));
        let order = |(share, found): &(&TheoremShare, &SpaceShare)| (share.off, found.chance_both);
        known.min_by(|a, b| order(a).partial_cmp(&order(b)).expect("finite")).map(|(near, _)| near)
    }
}

impl TheoremShare {
    /// The hypotheses that weights do not show.
    pub fn unseen(&self) -> impl Iterator<Item = &'static str> {
        let of_start = |hypothesis: &&str| {
            hypothesis.starts_with("W_0") || hypothesis.starts_with("one input, one output")
        };
        self.theorem.hypotheses.iter().copied().filter(move |hypothesis| !of_start(hypothesis))
    }
}

/// w, and how far W_0 is from w I: zero if the noise hides what it has besides.
fn identity_of(weights: &Matrix<f64>, start: &Start<'_>) -> (f64, f64) {
    if start.rank() == 0 {
        return (start.identity(), 0.0);
    }
    let size = weights.rows();
    // The mean of the diagonal is nearest.
    let mean = (0..size).map(|i| weights[(i, i)]).sum::<f64>() / size as f64;
    let rest = weights.minus(&Matrix::scaled_identity(size, mean));
    (mean, rest.norm() / weights.norm())
}

/// As of `perturbation`: the part of D that lies in S on one side at least.
fn either_side(shares: SpaceShare) -> SpaceShare {
    let either = |rows: f64, columns: f64, both: f64| rows + columns - both;
    let SpaceShare { rows, columns, both, chance, chance_both, .. } = shares;
    SpaceShare {
        both: rows.zip(columns).map_or(both, |(rows, columns)| either(rows, columns, both)),
        chance_both: either(chance, chance, chance_both),
        ..shares
    }
}

/// By the low rank that W_0 - w I has; if S is then the whole space, by the rank that 95 % of it have.
fn low_rank(
    weights: &Matrix<f64>,
    start: &Start<'_>,
    identity: f64,
    in_space: impl Fn(Result<Subspace<f64>, String>) -> Result<Result<SpaceShare, String>, SliceError>,
) -> Result<TheoremShare, SliceError> {
    let share = |off, found| TheoremShare {
        theorem: &low_rank_initialization::THEOREM,
        start: "W_0 = w I + P Q^T",
        off,
        found,
    };
    let whole = match start.space() {
        Ok(space) => return Ok(share(0.0, in_space(Ok(space))?)),
        Err(reason) => reason,
    };
    if weights.rows() > MAX_SIDE {
        return Ok(share(0.0, Err(whole)));
    }
    let rest = weights.minus(&Matrix::scaled_identity(weights.rows(), identity));
    let directions = |side: Side| {
        let mut gram = Matrix::zeros(rest.rows(), rest.rows());
        add_gram(&mut gram, side, &rest);
        directions(&gram)
    };
    let Some(((spectrum, left), (_, right))) =
        directions(Side::Rows).zip(directions(Side::Columns))
    else {
        return Ok(share(0.0, Err(whole)));
    };
    let most = spectrum.dimensions_for(MOST);
    let factors = Factors::new(leading(&left, most), leading(&right, most));
    let left_out = (1.0 - spectrum.explained(most)).max(0.0).sqrt();
    let off = left_out * rest.norm() / weights.norm();
    let reason = format!("{whole}: 95 % of W_0 - w I is of rank {most}");
    Ok(share(off, in_space(start.space_with(&factors).map_err(|_| reason))?))
}

/// The share in span{c b^T, b c^T, (c.c) b b^T + (b.b) c c^T}.
fn reciprocal(movement: &Movement<'_>, channels: &InputOutput) -> Result<SpaceShare, SliceError> {
    let (b, c) = (&channels.inputs, &channels.outputs);
    let outer = |x: &Matrix<f64>, y: &Matrix<f64>| Matrix::product(x.view(), y.t());
    let mut sum = outer(b, b).map(|entry| c.inner_product(c) * entry);
    sum.add_scaled(b.inner_product(b), &outer(c, c));
    let neurons = b.rows();
    let vectors = [outer(c, b), outer(b, c), sum];
    let vectors = vectors.map(|matrix| {
        let norm = matrix.norm();
        let scale = if norm > 0.0 { 1.0 / norm } else { 0.0 };
        Matrix::from_columns(neurons * neurons, 1, matrix.map(|x| scale * x).data().to_vec())
    });
    let beside = Matrix::beside(neurons * neurons, &vectors);
    // Three, unless b and c are parallel or one is zero.
    let basis = f64::column_basis(&beside, 0.0).unwrap_or_else(|| f64::thin_qr(&beside).0);
    let (mut inside, mut total) = (0.0, 0.0);
    for k in 1..=movement.steps() {
        let change = movement.change(0, 0, k)?;
        let vector = Matrix::from_columns(neurons * neurons, 1, change.data().to_vec());
        inside += Matrix::product(basis.t(), vector.view()).norm().powi(2);
        total += vector.norm().powi(2);
    }
    let chance = basis.cols() as f64 / (neurons * neurons) as f64;
    Ok(SpaceShare {
        dimensions: basis.cols(),
        rows: None,
        columns: None,
        both: if total > 0.0 { inside / total } else { 0.0 },
        chance,
        chance_both: chance,
    })
}

/// Neurons with the same inputs and outputs.
struct Classes {
    /// For each neuron the first that is like it.
    first: Vec<usize>,
}

impl Classes {
    fn of(channels: &InputOutput) -> Self {
        let row = |i: usize| -> Vec<u64> {
            let entries = [&channels.inputs, &channels.outputs]
                .into_iter()
                .flat_map(|matrix| (0..matrix.cols()).map(move |j| matrix[(i, j)]));
            // Zero of either sign is zero.
            entries.map(|entry| (entry + 0.0).to_bits()).collect()
        };
        let mut known = HashMap::new();
        let first = (0..channels.inputs.rows()).map(|i| *known.entry(row(i)).or_insert(i));
        Classes { first: first.collect() }
    }

    /// An orthonormal basis of the vectors that are constant on classes; `None` if no two neurons are
    /// alike.
    fn basis(&self) -> Option<Matrix<f64>> {
        let neurons = self.first.len();
        let mut seen = HashSet::new();
        let firsts: Vec<usize> =
            self.first.iter().copied().filter(|&first| seen.insert(first)).collect();
        (firsts.len() < neurons).then(|| {
            let size = |first: usize| self.first.iter().filter(|&&other| other == first).count();
            let entries: Vec<f64> =
                firsts.iter().map(|&first| 1.0 / (size(first) as f64).sqrt()).collect();
            Matrix::from_fn(neurons, firsts.len(), |i, class| {
                if self.first[i] == firsts[class] { entries[class] } else { 0.0 }
            })
        })
    }
}

/// The norm of W less P W P over that of W; zero if W is.
fn outside(weights: &Matrix<f64>, basis: &Matrix<f64>) -> f64 {
    let norm = weights.norm();
    if norm == 0.0 {
        return 0.0;
    }
    let core = Matrix::product(basis.t(), weights.view()).times(basis);
    let inside = Matrix::product(basis.times(&core).view(), basis.t());
    weights.minus(&inside).norm() / norm
}

/// The square of the mean size of entries over their mean square.
fn evenness(change: &Matrix<f64>) -> Option<f64> {
    let entries = change.data();
    let sizes: f64 = entries.iter().map(|entry| entry.abs()).sum();
    let squares: f64 = entries.iter().map(|entry| entry * entry).sum();
    (squares > 0.0).then(|| sizes * sizes / (entries.len() as f64 * squares))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Neurons 0, 2 and 3 are alike, whatever the sign of their zeros; 1 and 4 differ in an output.
    #[test]
    fn neurons_with_the_same_channels_are_of_one_class() {
        let inputs =
            Matrix::from_rows(&[[1.0, 0.0], [1.0, 0.0], [1.0, -0.0], [1.0, 0.0], [1.0, 0.0]]);
        let outputs = Matrix::from_rows(&[[-0.0], [2.0], [0.0], [0.0], [-2.0]]);
        let classes = Classes::of(&InputOutput { inputs, outputs });
        assert_eq!(classes.first, [0, 1, 0, 0, 4]);
        let basis = classes.basis().expect("three neurons alike");
        let third = 1.0 / 3.0_f64.sqrt();
        let expected = [
            [third, 0.0, 0.0],
            [0.0, 1.0, 0.0],
            [third, 0.0, 0.0],
            [third, 0.0, 0.0],
            [0.0, 0.0, 1.0],
        ];
        assert_eq!(basis, Matrix::from_rows(&expected));
        assert!(Classes { first: vec![0, 1, 2] }.basis().is_none());
    }

    /// Of W_0 - w I of rank 3 with values 1, 1/2 and 1/10, two have 95 % of the squares; what is off is the
    /// third, over the norm of W_0.
    #[test]
    fn a_start_that_fills_the_space_is_cut_and_says_how_far_off_it_is() {
        let values = [1.0, 0.5, 0.1];
        let weights = Matrix::from_fn(3, 3, |i, j| if i == j { values[i] } else { 0.0 });
        // With it the two directions that W_0 - I / 2 has besides fill the space.
        let inputs = Matrix::from_rows(&[[0.0], [1.0], [0.0]]);
        let channels = InputOutput { inputs, outputs: Matrix::zeros(3, 1) };
        let history =
            crate::weights::WeightHistory::new(vec![weights.clone(); 2]).expect("finite numbers");
        let start = Start::of(history.weights_at(0), history.record(), &channels);
        let found = low_rank(&weights, &start, 0.0, |space| {
            Ok(space.map(|space| SpaceShare {
                dimensions: space.dimension(),
                rows: None,
                columns: None,
                both: 0.0,
                chance: 0.0,
                chance_both: 0.0,
            }))
        });
        let found = found.expect("in memory");
        assert_eq!(found.found.expect("a space").dimensions, 2);
        let off = 0.1 / (1.0_f64 + 0.25 + 0.01).sqrt();
        assert!((found.off - off).abs() < 1e-12, "{} {off}", found.off);
    }
}
