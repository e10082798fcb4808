//! Recorded increments against the bounds of the theorems.

use super::history::Record;
use super::{WeightError, WeightHistory, WeightRanks};
use crate::bounds::Bounds;
use crate::matrix::{Factors, Matrix, Rank, RankRevealing, SingularValues, Subspace, ThinQr};
use crate::scalar::Stream;
use crate::theorem::{
    Observation, Quantity, Theorem, Verdict, invariant_subspace, low_rank_initialization,
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

impl InputOutput {
    /// An array in the order of C, of one axis or two, as columns of N numbers. `axis` is that of the
    /// neurons unless only the other fits; `None` if none does.
    pub fn columns(
        shape: &[usize],
        data: &[f64],
        neurons: usize,
        axis: usize,
    ) -> Option<Matrix<f64>> {
        let (axis, others) = match *shape {
            [n] if n == neurons => (0, 1),
            [_, _] if shape[axis] == neurons => (axis, shape[1 - axis]),
            [_, _] if shape[1 - axis] == neurons => (1 - axis, shape[axis]),
            _ => return None,
        };
        let entry = |i, j| data[if axis == 0 { i * others + j } else { j * neurons + i }];
        Some(Matrix::from_fn(neurons, others, entry))
    }

    pub(super) fn check(&self, neurons: usize) -> Result<(), WeightError> {
        let (inputs, outputs) = (self.inputs.rows(), self.outputs.rows());
        if (inputs, outputs) != (neurons, neurons) {
            return Err(WeightError::ChannelShape { inputs, outputs, neurons });
        }
        if self.inputs.is_finite() && self.outputs.is_finite() {
            Ok(())
        } else {
            Err(WeightError::ChannelNotFinite)
        }
    }
}

/// A theorem's bound beside what was found.
#[derive(Clone, Debug)]
pub struct HeldBound {
    /// The theorem.
    pub theorem: &'static Theorem,
    /// What was held against its bound, or why the theorem says nothing of these weights.
    pub found: Result<Vec<Observation>, String>,
}

impl HeldBound {
    /// The worst verdict; `None` if the theorem does not apply.
    pub fn verdict(&self) -> Option<Verdict> {
        self.found.as_ref().ok().map(|observations| Observation::verdict_of(observations))
    }

    /// Holds the increments of a history against every bound that can be read off recorded
    /// weights. The hypotheses that cannot be (a linear network, GD-like learning) are what a
    /// violation tells against. They speak of recurrent weights, (N, N), alone.
    ///
    /// # Errors
    ///
    /// If inputs or outputs do not have a row for each neuron, or hold a number that is not finite.
    pub fn all(
        history: &WeightHistory,
        ranks: &WeightRanks,
        channels: Option<&InputOutput>,
    ) -> Result<Vec<HeldBound>, WeightError> {
        channels.map_or(Ok(()), |channels| channels.check(history.neurons()))?;
        if !history.is_square() {
            let (rows, columns) = (history.neurons(), history.columns());
            let why = format!("it is of square weights, and these are {rows} x {columns}");
            let mut theorems = vec![&subspace_tensor_rank::THEOREM];
            theorems.extend(channels.map(|_| &invariant_subspace::THEOREM));
            let held = |theorem| HeldBound { theorem, found: Err(why.clone()) };
            return Ok(theorems.into_iter().map(held).collect());
        }
        let start =
            channels.map(|channels| Start::of(history.weights_at(0), history.record(), channels));
        let mut held = vec![HeldBound {
            theorem: &subspace_tensor_rank::THEOREM,
            found: tensor_rank(history, ranks),
        }];
        if let Some(start) = start {
            held.push(HeldBound { theorem: start.theorem(), found: start.hold(ranks) });
        }
        Ok(held)
    }
}

/// CP rank <= d min(d, K) with the dimension d of the space in which rows and columns lie.
fn tensor_rank(history: &WeightHistory, ranks: &WeightRanks) -> Result<Vec<Observation>, String> {
    let space = ranks.space.as_ref().and_then(Rank::known);
    let d = space.ok_or("the dimension of the space of learning is inconclusive")?;
    let increments = ranks.increments();
    // No N x N x K tensor has more.
    let most = history.neurons() * history.neurons().min(history.steps());
    let cp_rank = Bounds {
        lower: increments.cp_lower.bound,
        upper: increments.cp_upper.as_ref().map_or(most, |upper| upper.bound),
    };
    let bound = d * d.min(history.steps());
    Ok(vec![Observation::number(Quantity::IncrementsCpRank, cp_rank, bound)])
}

/// How W_0 = w I + P Q^T is made, and what follows.
pub(super) struct Start<'a> {
    channels: &'a InputOutput,
    /// w.
    identity: f64,
    low_rank: Factors<f64>,
}

impl<'a> Start<'a> {
    /// Splits W_0 with the w that leaves the smallest rank: 0, the median of the diagonal, or an
    /// eigenvalue that most of the dimensions share.
    pub(super) fn of(start: &Matrix<f64>, record: &Record, channels: &'a InputOutput) -> Self {
        let noise = record.epsilons[0] * start.norm() + record.noise(0, start, start);
        let split = |identity: f64| {
            let rest = start.minus(&Matrix::scaled_identity(start.rows(), identity));
            let rest = Factors::new(rest, Matrix::scaled_identity(start.rows(), 1.0));
            Start { channels, identity, low_rank: f64::compress(&rest, noise) }
        };
        // No two w leave ranks that add up to less than N.
        let is_least = |found: &Start<'_>| 2 * found.rank() < start.rows();
        let mut least = split(0.0);
        let others: [&dyn Fn() -> Option<f64>; 2] =
            [&|| Some(median_of_diagonal(start)), &|| shared_eigenvalue(start, noise)];
        for other in others {
            if is_least(&least) {
                break;
            }
            let found = other().map(split);
            least = found.into_iter().fold(least, |a, b| if b.rank() < a.rank() { b } else { a });
        }
        least
    }

    /// w.
    pub(super) fn identity(&self) -> f64 {
        self.identity
    }

    /// The rank of P Q^T, above the noise.
    pub(super) fn rank(&self) -> usize {
        self.low_rank.width()
    }

    pub(super) fn theorem(&self) -> &'static Theorem {
        match self.rank() {
            0 => &invariant_subspace::THEOREM,
            _ => &low_rank_initialization::THEOREM,
        }
    }

    /// The space that the theorem fixes before learning.
    pub(super) fn space(&self) -> Result<Subspace<f64>, String> {
        self.space_with(&self.low_rank)
    }

    /// span(col B, row C, h_0, b), and the columns and rows of a P Q^T.
    pub(super) fn space_with(&self, low_rank: &Factors<f64>) -> Result<Subspace<f64>, String> {
        // Only directions matter, and weights, inputs and outputs may be of different units.
        let generators = [
            unit_columns(&self.channels.inputs),
            unit_columns(&self.channels.outputs),
            unit_norm(&low_rank.left),
            unit_norm(&low_rank.right),
        ];
        let neurons = self.low_rank.left.rows();
        let space = Subspace::spanned_by(neurons, &generators)
            .ok_or("the dimension of S is inconclusive")?;
        if space.dimension() == neurons {
            return Err(format!("S is the whole space of {neurons} dimensions"));
        }
        Ok(space)
    }

    /// The increments against that space.
    fn hold(&self, ranks: &WeightRanks) -> Result<Vec<Observation>, String> {
        let space = self.space()?;
        let bound = space.dimension();
        let largest = ranks.largest_increment().ok_or("the noise hides the increments")?;
        let (sides, noise) = ranks.sides.as_ref().ok_or("rows and columns differ in length")?;
        let outside = space.excess(sides, *noise);
        Ok(vec![
            Observation::number(Quantity::LargestIncrementRank, largest, bound),
            Observation::rank("dimensions outside S", &outside, 0),
        ])
    }
}

/// Each column over its largest entry.
fn unit_columns(matrix: &Matrix<f64>) -> Matrix<f64> {
    let mut scaled = matrix.clone();
    for j in 0..matrix.cols() {
        let largest = matrix.column(j).iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
        if largest > 0.0 {
            scaled.column_mut(j).iter_mut().for_each(|x| *x /= largest);
        }
    }
    scaled
}

/// A matrix over its norm.
fn unit_norm(matrix: &Matrix<f64>) -> Matrix<f64> {
    match matrix.norm() {
        0.0 => matrix.clone(),
        norm => matrix.map(|x| x / norm),
    }
}

fn median_of_diagonal(matrix: &Matrix<f64>) -> f64 {
    let mut diagonal: Vec<f64> = (0..matrix.rows()).map(|i| matrix[(i, i)]).collect();
    diagonal.sort_by(f64::total_cmp);
    diagonal[diagonal.len() / 2]
}

/// w of W_0 = w I + P Q^T, whatever P and Q are, if their rank is less than half of the neurons; `None`
/// where the noise shows that it is not.
///
/// Two spaces U and V that are orthogonal, and random, halve the space of neurons. `U^T W_0 V` knows
/// nothing of w, and V x, for its null vectors x, is an eigenvector: `Q^T V x = 0`. From the left it is
/// the same with P. A quotient of both has an error of second order in those of the vectors.
fn shared_eigenvalue(start: &Matrix<f64>, noise: f64) -> Option<f64> {
    let (size, half) = (start.rows(), start.rows() / 2);
    let mut stream = Stream::new("halves of the space of neurons", 0, 0);
    let (basis, _) = f64::thin_qr(&Matrix::normal(size, 2 * half, 1.0, &mut stream));
    let of_basis = |first: usize| {
        Matrix::from_columns(size, half, basis.columns(first..first + half).data().to_vec())
    };
    let (one, other) = (of_basis(0), of_basis(half));
    let null_vectors = |images: &Matrix<f64>| {
        let found = f64::singular(&Matrix::product(other.t(), images.view()));
        let rounding = f64::EPSILON * size as f64 * found.values.first()?;
        let floor = noise.max(rounding);
        let rank = found.values.iter().filter(|&&value| value > floor).count();
        (rank < half).then(|| Matrix::product(one.view(), found.right.columns(rank..half)))
    };
    let right = null_vectors(&start.times(&one))?;
    let left = null_vectors(&Matrix::product(start.t(), one.view()))?;
    // The vector that noise changes least, and its projection on the others, so that they are not
    // orthogonal.
    let vector = Matrix::from_columns(size, 1, right.column(right.cols() - 1).to_vec());
    let beside = left.times(&Matrix::product(left.t(), vector.view()));
    let quotient = beside.inner_product(&start.times(&vector)) / beside.inner_product(&vector);
    quotient.is_finite().then_some(quotient)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A start whose w the diagonal hides, for P and Q of all kinds.
    #[test]
    fn the_identity_of_a_dense_start_is_found() {
        const SIZE: usize = 40;
        let mut stream = Stream::new("dense starts", 0, 0);
        let channels =
            InputOutput { inputs: Matrix::zeros(SIZE, 1), outputs: Matrix::zeros(SIZE, 1) };
        let mut normal = |cols: usize| Matrix::normal(SIZE, cols, 1.0, &mut stream);
        let (left, right, wide, other) = (normal(3), normal(3), normal(18), normal(18));
        let uneven = Matrix::from_fn(SIZE, 3, |i, j| left[(i, j)] * 10f64.powi(-(j as i32)));
        let sparse = Matrix::from_fn(SIZE, 3, |i, j| if i < 4 { left[(i, j)] } else { 0.0 });
        let full = normal(SIZE);
        let kinds = [
            ("dense", &left, &right),
            ("symmetric", &left, &left),
            ("uneven", &uneven, &right),
            ("of few neurons", &sparse, &right),
            ("nearly half of the rank", &wide, &other),
        ];
        for (name, p, q) in kinds {
            for identity in [0.7, -0.2, 0.0] {
                for single in [false, true] {
                    let mut start = Matrix::product(p.view(), q.t());
                    start.add_scaled(1.0, &Matrix::scaled_identity(SIZE, identity));
                    if single {
                        start = start.map(|entry| f64::from(entry as f32));
                    }
                    let history = WeightHistory::new(vec![start.clone(), start]).unwrap();
                    let scale = 2f64.powi(history.exponent());
                    let found = Start::of(history.weights_at(0), history.record(), &channels);
                    let what = format!("{name}, {identity}, {single}");
                    assert_eq!(found.rank(), p.cols(), "{what}");
                    assert!((scale * found.identity() - identity).abs() < 1e-5, "{what}");
                }
            }
        }
        // Of full rank whatever w is.
        let history = WeightHistory::new(vec![full.clone(), full]).unwrap();
        let found = Start::of(history.weights_at(0), history.record(), &channels);
        assert_eq!(found.rank(), SIZE);
    }

    /// Arrays in the order of C, of one axis or two, whichever is that of the neurons.
    #[test]
    fn columns_are_those_of_the_axis_of_the_neurons() {
        let data = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let columns =
            |shape: &[usize], neurons, axis| InputOutput::columns(shape, &data, neurons, axis);
        let tall = Matrix::from_rows(&[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
        let wide = Matrix::from_rows(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        for axis in [0, 1] {
            assert_eq!(columns(&[6], 6, axis), Some(Matrix::from_columns(6, 1, data.to_vec())));
            assert_eq!(columns(&[3, 2], 3, axis), Some(tall.clone()));
            assert_eq!(columns(&[3, 2], 2, axis), Some(tall.transposed()));
            assert_eq!(columns(&[2, 3], 3, axis), Some(wide.transposed()));
            assert_eq!([columns(&[3, 2], 4, axis), columns(&[1, 2, 3], 3, axis)], [None, None]);
        }
        let square = Matrix::from_rows(&[[1.0, 2.0], [3.0, 4.0]]);
        assert_eq!(columns(&[2, 2], 2, 0), Some(square.clone()));
        assert_eq!(columns(&[2, 2], 2, 1), Some(square.transposed()));
    }

    /// Two channels, whose units differ, from w I and from w I + p q^T; then a step that leaves them.
    #[test]
    fn increments_are_held_against_the_space_of_the_channels() {
        const SIZE: usize = 9;
        let mut stream = Stream::new("held bounds", 0, 0);
        let [b, c, p, q, other] = [0; 5].map(|_| Matrix::<f64>::normal(SIZE, 1, 1.0, &mut stream));
        let scaled = |matrix: &Matrix<f64>, by: f64| matrix.map(|x| by * x);
        let channels = InputOutput { inputs: scaled(&b, 1e8), outputs: scaled(&c, 1e-8) };
        let outer =
            |left: &Matrix<f64>, right: &Matrix<f64>| Matrix::product(left.view(), right.t());
        for low_rank in [0.0, 1.0] {
            let mut start = Matrix::scaled_identity(SIZE, 0.5);
            start.add_scaled(low_rank, &outer(&p, &q));
            let mut slices = vec![start.clone()];
            for added in [&[(&b, &b), (&c, &c)][..], &[(&b, &c)], &[(&c, &b)]] {
                let mut next = slices.last().expect("a start").clone();
                added.iter().for_each(|(left, right)| next.add_scaled(0.3, &outer(left, right)));
                slices.push(next);
            }
            let held = |slices: &[Matrix<f64>]| {
                let history = WeightHistory::new(slices.to_vec()).unwrap();
                let ranks = WeightRanks::new(&history, true, &|_| ());
                HeldBound::all(&history, &ranks, Some(&channels)).unwrap()
            };
            let (theorem, dimension) = match low_rank {
                0.0 => ("invariant-subspace", 2),
                _ => ("low-rank-initialization", 4),
            };
            for steps in 1..=3 {
                let [tensor, space] = held(&slices[..=steps]).try_into().expect("two theorems");
                assert_eq!(tensor.theorem.id, "subspace-tensor-rank");
                let [cp_rank] = tensor.found.unwrap().try_into().expect("one number");
                // Rows and columns have two dimensions from the first step on.
                assert_eq!((cp_rank.bound, cp_rank.found.lower >= 2), (2 * steps.min(2), true));
                assert_eq!(space.theorem.id, theorem);
                let attained = dimension == 2;
                assert_eq!(space.verdict(), Some(Verdict::Held { attained }));
                let [rank, outside] = space.found.unwrap().try_into().expect("two numbers");
                assert_eq!((rank.bound, rank.found), (dimension, Bounds::exactly(2)));
                assert_eq!((outside.bound, outside.found), (0, Bounds::exactly(0)));
            }
            let mut astray = slices[3].clone();
            astray.add_scaled(0.3, &outer(&other, &b));
            slices.push(astray);
            let [_, space] = held(&slices).try_into().expect("two theorems");
            assert_eq!(space.verdict(), Some(Verdict::Violated));
            let [_, outside] = space.found.unwrap().try_into().expect("two numbers");
            assert_eq!(outside.found, Bounds::exactly(1));
        }
    }

    #[test]
    fn channels_of_other_neurons_are_refused() {
        let history = WeightHistory::new(vec![Matrix::scaled_identity(3, 1.0); 2]).unwrap();
        let ranks = WeightRanks::new(&history, true, &|_| ());
        let held = |inputs: Matrix<f64>, outputs: Matrix<f64>| {
            HeldBound::all(&history, &ranks, Some(&InputOutput { inputs, outputs }))
        };
        assert_eq!(
            held(Matrix::zeros(3, 1), Matrix::zeros(2, 1)).unwrap_err().to_string(),
            "inputs have 3 rows and outputs 2, expected 3, one for each neuron"
        );
        let mut inputs = Matrix::zeros(3, 1);
        inputs[(1, 0)] = f64::NAN;
        let error = held(inputs, Matrix::zeros(3, 1)).unwrap_err();
        assert_eq!(error, WeightError::ChannelNotFinite);
    }
    #[test]
    fn theorems_say_nothing_of_input_weights() {
        let step =
            Matrix::from_fn(6, 1, |i, _| (i as f64).sin())
                .times(&Matrix::from_fn(1, 4, |_, j| (j as f64 + 0.5).cos()));
        let weights = |k: i32| step.map(|entry| f64::from(k).sqrt() * entry);
        let history = WeightHistory::new((0..4).map(weights).collect()).unwrap();
        assert_eq!((history.neurons(), history.columns(), history.is_square()), (6, 4, false));
        let ranks = WeightRanks::new(&history, true, &|_| ());
        assert_eq!(ranks.increment_ranks[3].known(), Some(1));
        let unfoldings = ranks.tensor.unfolding_ranks.each_ref().map(|rank| rank.known());
        assert_eq!(unfoldings, [Some(1); 3]);
        assert_eq!(ranks.increments().cp_upper.as_ref().map(|end| end.bound), Some(1));
        assert!(ranks.space.is_none());
        let channels = InputOutput { inputs: Matrix::zeros(6, 1), outputs: Matrix::zeros(6, 1) };
        let held = HeldBound::all(&history, &ranks, Some(&channels)).unwrap();
        assert_eq!(held.len(), 2);
        for bound in held {
            assert!(bound.verdict().is_none(), "{}", bound.theorem.id);
            assert!(bound.found.unwrap_err().contains("these are 6 x 4"));
        }
    }
}
