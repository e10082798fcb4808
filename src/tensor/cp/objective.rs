//! What is minimised: the squared distance from a tensor, each entry with a weight.

use super::model::{Factors, OTHERS, grams, hadamard, sum, unfolded_times_others};
use crate::matrix::Matrix;
use crate::tensor::Dense;

/// The squared distance of a sum of terms from a tensor,
///
/// ```text
/// f = sum_ijk w_ijk (x_ijk - sum_r a_ir b_jr c_kr)^2.
/// ```
///
/// Sums over all entries follow from small Gram matrices where all weights are equal; so for the
/// equations of all factors at once weights are split into the most common of 0 and 1, and the entries
/// that have another.
pub(super) struct Objective<'a> {
    tensor: &'a Dense,
    weights: Option<Weights<'a>>,
    /// sum of w x^2, the value of f without terms.
    pub size: f64,
}

struct Weights<'a> {
    all: &'a Dense,
    /// w x.
    weighted: Dense,
    common: f64,
    /// Entries with another weight: their index, and how much it is larger than the common one.
    others: Vec<([usize; 3], f64)>,
}

/// The part of the normal equations that belongs to one factor: for each row the matrix (R, R) and
/// the right side (R), one after the other.
struct Rows {
    matrices: Vec<f64>,
    right: Matrix<f64>,
}

impl<'a> Objective<'a> {
    /// All entries count the same.
    pub fn new(tensor: &'a Dense) -> Self {
        Objective { tensor, weights: None, size: tensor.norm().powi(2) }
    }

    /// Entry by entry a weight. Where it is zero the entry of the tensor must still be a number.
    pub fn weighted(tensor: &'a Dense, all: &'a Dense) -> Self {
        let pairs = || tensor.data().iter().zip(all.data());
        let weighted = Dense::new(tensor.shape(), pairs().map(|(x, w)| x * w).collect());
        let ones = all.data().iter().filter(|&&w| w == 1.0).count();
        let common = if 2 * ones > all.data().len() { 1.0 } else { 0.0 };
        let [_, cols, depth] = tensor.shape();
        let different = all.data().iter().enumerate().filter(|&(_, &w)| w != common);
        let others = different.map(|(place, &w)| {
            ([place / (cols * depth), place / depth % cols, place % depth], w - common)
        });
        let weights = Weights { all, weighted, common, others: others.collect() };
        let size = pairs().map(|(x, w)| w * x * x).sum();
        Objective { tensor, weights: Some(weights), size }
    }

    pub fn shape(&self) -> [usize; 3] {
        self.tensor.shape()
    }

    /// f.
    pub fn value(&self, factors: &Factors) -> f64 {
        let fit = sum(factors);
        let square = |(x, y): (&f64, &f64)| (x - y) * (x - y);
        let pairs = self.tensor.data().iter().zip(fit.data());
        match &self.weights {
            None => pairs.map(square).sum(),
            Some(weights) => pairs.zip(weights.all.data()).map(|(pair, w)| w * square(pair)).sum(),
        }
    }

    /// The factor of one mode that minimises f with the others as they are, and `ridge` times its
    /// squared numbers; `share`, of the size of the equations, keeps it bounded where they leave it
    /// open.
    pub fn best_factor(
        &self,
        factors: &Factors,
        mode: usize,
        share: f64,
        ridge: f64,
    ) -> Matrix<f64> {
        let rank = factors[mode].cols();
        let Rows { mut matrices, right } = self.rows(factors, mode);
        let whole = matrices.len() == rank * rank;
        let solve = |matrix: &mut [f64], right: &Matrix<f64>| {
            let trace: f64 = (0..rank).map(|r| matrix[r * rank + r]).sum();
            let added = share * trace / rank as f64 + ridge + f64::MIN_POSITIVE;
            (0..rank).for_each(|r| matrix[r * rank + r] += added);
            let matrix = Matrix::from_columns(rank, rank, matrix.to_vec());
            matrix.solve_positive(right).unwrap_or_else(|| Matrix::zeros(rank, right.cols()))
        };
        if whole {
            return solve(&mut matrices, &right).transposed();
        }
        let mut factor = Matrix::zeros(rank, right.cols());
        for (row, matrix) in matrices.chunks_mut(rank * rank).enumerate() {
            let right = Matrix::from_columns(rank, 1, right.column(row).to_vec());
            factor.column_mut(row).copy_from_slice(solve(matrix, &right).data());
        }
        factor.transposed()
    }

    /// One matrix for all rows where weights are equal.
    fn rows(&self, factors: &Factors, mode: usize) -> Rows {
        let Some(weights) = &self.weights else {
            let [p, q] = OTHERS[mode];
            let grams = grams(factors);
            let gram = hadamard(&grams[p], &grams[q]);
            let right = unfolded_times_others(self.tensor, factors, mode).transposed();
            return Rows { matrices: gram.data().to_vec(), right };
        };
        let right = unfolded_times_others(&weights.weighted, factors, mode).transposed();
        // Row i of the factor has sum_jk w_ijk (b_jr b_js) (c_kr c_ks): terms of pairs of terms.
        let pairs = factors.each_ref().map(products_of_pairs);
        let upper = unfolded_times_others(weights.all, &pairs, mode).transposed();
        let (rows, rank) = (upper.cols(), factors[mode].cols());
        let mut matrices = vec![0.0; rows * rank * rank];
        for (row, matrix) in matrices.chunks_mut((rank * rank).max(1)).enumerate() {
            for ((r, s), &x) in pairs_of(rank).zip(upper.column(row)) {
                (matrix[r * rank + s], matrix[s * rank + r]) = (x, x);
            }
        }
        Rows { matrices, right }
    }

    /// Half of the gradient of f, mode after mode and row after row: J^T (fit - tensor), with J the
    /// derivative of the fit.
    pub fn gradient(&self, factors: &Factors) -> Vec<f64> {
        let rank = factors[0].cols();
        let mut gradient = Vec::new();
        for (mode, factor) in factors.iter().enumerate() {
            let Rows { matrices, right } = self.rows(factors, mode);
            let whole = matrices.len() == rank * rank;
            for row in 0..factor.rows() {
                let start = if whole { 0 } else { row * rank * rank };
                for r in 0..rank {
                    let column = &matrices[start + r * rank..start + (r + 1) * rank];
                    let product: f64 = (0..rank).map(|s| column[s] * factor[(row, s)]).sum();
                    gradient.push(product - right[(r, row)]);
                }
            }
        }
        gradient
    }

    /// J^T J with the weights, of the unknowns in the order of [`gradient`](Objective::gradient).
    pub fn normal_matrix(&self, factors: &Factors) -> Matrix<f64> {
        let rank = factors[0].cols();
        let starts = starts(factors);
        let common = self.weights.as_ref().map_or(1.0, |weights| weights.common);
        let mut matrix = if common == 0.0 {
            Matrix::zeros(starts[3], starts[3])
        } else {
            normal_matrix(factors)
        };
        let Some(weights) = &self.weights else { return matrix };
        let turned = factors.each_ref().map(Matrix::transposed);
        // An entry depends on one row of each factor: its derivative has 3 R numbers.
        let mut slope = vec![(0, 0.0); 3 * rank];
        for &(index, weight) in &weights.others {
            for (mode, [p, q]) in OTHERS.into_iter().enumerate() {
                let (x, y) = (turned[p].column(index[p]), turned[q].column(index[q]));
                for r in 0..rank {
                    slope[mode * rank + r] = (starts[mode] + index[mode] * rank + r, x[r] * y[r]);
                }
            }
            for &(column, scale) in &slope {
                let out = matrix.column_mut(column);
                slope.iter().for_each(|&(row, x)| out[row] += weight * scale * x);
            }
        }
        matrix
    }
}

/// The pairs of columns, each once.
fn pairs_of(columns: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..columns).flat_map(|r| (0..=r).map(move |s| (r, s)))
}

/// The products of the columns in each of these pairs.
fn products_of_pairs(factor: &Matrix<f64>) -> Matrix<f64> {
    let mut products = Matrix::zeros(factor.rows(), pairs_of(factor.cols()).count());
    for (pair, (r, s)) in pairs_of(factor.cols()).enumerate() {
        let columns = factor.column(r).iter().zip(factor.column(s));
        products.column_mut(pair).iter_mut().zip(columns).for_each(|(out, (x, y))| *out = x * y);
    }
    products
}

/// Where the unknowns of each mode begin, and their number.
pub(super) fn starts(factors: &Factors) -> [usize; 4] {
    let [a, b, c] = factors.each_ref().map(|factor| factor.rows() * factor.cols());
    [0, a, a + b, a + b + c]
}

/// J^T J without weights, from the Gram matrices of the factors.
pub(super) fn normal_matrix(factors: &Factors) -> Matrix<f64> {
    let rank = factors[0].cols();
    let starts = starts(factors);
    let grams = grams(factors);
    let mut matrix = Matrix::zeros(starts[3], starts[3]);
    for (mode, [p, q]) in OTHERS.into_iter().enumerate() {
        let block = hadamard(&grams[p], &grams[q]);
        for row in 0..factors[mode].rows() {
            let start = starts[mode] + row * rank;
            for s in 0..rank {
                let out = &mut matrix.column_mut(start + s)[start..start + rank];
                out.copy_from_slice(block.column(s));
            }
        }
        // d/da_ir against d/db_js: (c_r . c_s) a_is b_jr.
        for (other, third) in [(p, q), (q, p)] {
            for row in 0..factors[other].rows() {
                for s in 0..rank {
                    let out = matrix.column_mut(starts[other] + row * rank + s);
                    for i in 0..factors[mode].rows() {
                        for r in 0..rank {
                            out[starts[mode] + i * rank + r] = grams[third][(r, s)]
                                * factors[mode][(i, s)]
                                * factors[other][(row, r)];
                        }
                    }
                }
            }
        }
    }
    matrix
}

#[cfg(test)]
mod tests {
    use super::super::model::random;
    use super::*;
    use crate::scalar::Stream;

    /// Weights of 0, 1 and others, most of them `common`.
    fn weights(shape: [usize; 3], common: f64, stream: &mut Stream) -> Dense {
        Dense::from_fn(shape, |_, _, _| match stream.below(6) {
            0 => 1.0 - common,
            1 => 0.3,
            _ => common,
        })
    }

    /// By entries.
    fn value(tensor: &Dense, weights: &Dense, factors: &Factors) -> f64 {
        let fit = sum(factors);
        let squares = tensor.data().iter().zip(fit.data()).map(|(x, y)| (x - y) * (x - y));
        squares.zip(weights.data()).map(|(square, w)| square * w).sum()
    }

    fn shifted(factors: &Factors, place: usize, by: f64) -> Factors {
        let rank = factors[0].cols();
        let starts = starts(factors);
        let mode = (0..3).rfind(|&mode| starts[mode] <= place).expect("inside");
        let mut shifted = factors.clone();
        let inside = place - starts[mode];
        shifted[mode][(inside / rank, inside % rank)] += by;
        shifted
    }

    #[test]
    fn derivatives_agree_with_differences_of_the_value() {
        let mut stream = Stream::new("objective", 0, 0);
        let shape = [3, 4, 2];
        let tensor = Dense::from_fn(shape, |_, _, _| stream.normal());
        let ones = Dense::from_fn(shape, |_, _, _| 1.0);
        for common in [None, Some(1.0), Some(0.0)] {
            let weights = common.map_or(ones.clone(), |c| weights(shape, c, &mut stream));
            let objective = match common {
                None => Objective::new(&tensor),
                Some(_) => Objective::weighted(&tensor, &weights),
            };
            let factors = random(shape, 2, &mut stream);
            let f = |factors: &Factors| value(&tensor, &weights, factors);
            assert!((objective.value(&factors) - f(&factors)).abs() < 1e-12);
            let nothing = factors.each_ref().map(|factor| Matrix::zeros(factor.rows(), 2));
            assert!((objective.size - f(&nothing)).abs() < 1e-12, "{common:?}");
            let gradient = objective.gradient(&factors);
            let matrix = objective.normal_matrix(&factors);
            let h = 1e-5;
            for (place, &exact) in gradient.iter().enumerate() {
                let [above, below] = [h, -h].map(|h| shifted(&factors, place, h));
                let slope = (f(&above) - f(&below)) / (4.0 * h);
                assert!((exact - slope).abs() < 1e-8, "{common:?} {place}");
                // A column of J^T J: the change of J^T fit when J is kept.
                let [above, below] = [sum(&above), sum(&below)];
                let change = Dense::new(
                    shape,
                    (above.data().iter().zip(below.data()).zip(weights.data()))
                        .map(|((x, y), w)| w * (x - y) / (2.0 * h))
                        .collect(),
                );
                let expected: Vec<f64> = (0..3)
                    .flat_map(|mode| {
                        let product = unfolded_times_others(&change, &factors, mode).transposed();
                        product.data().to_vec()
                    })
                    .collect();
                let pairs = matrix.column(place).iter().zip(&expected);
                let error = pairs.map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
                assert!(error < 1e-8, "{common:?} {place}: {error}");
            }
        }
    }

    #[test]
    fn the_best_factor_leaves_no_slope() {
        let mut stream = Stream::new("best factor", 0, 0);
        let shape = [5, 4, 6];
        let tensor = Dense::from_fn(shape, |_, _, _| stream.normal());
        let weights = weights(shape, 1.0, &mut stream);
        for objective in [Objective::new(&tensor), Objective::weighted(&tensor, &weights)] {
            for mode in 0..3 {
                let mut factors = random(shape, 2, &mut stream);
                factors[mode] = objective.best_factor(&factors, mode, 0.0, 0.0);
                let starts = starts(&factors);
                let slope = &objective.gradient(&factors)[starts[mode]..starts[mode + 1]];
                assert!(slope.iter().all(|x| x.abs() < 1e-11), "{slope:?}");
            }
        }
    }
}
