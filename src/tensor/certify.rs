//! A decomposition found in floating point as the proof that there is an exact one.
//!
//! A tensor of f64 numbers is an exact one: its entries are fractions with a power of two below. R terms
//! x reproduce it where F(x) = 0, one equation for each of the n entries. Of the unknowns n are
//! chosen whose derivatives are independent, the others stay as they are. With an approximate inverse
//! A of these derivatives, and a box X of radius r around x, the operator of Krawczyk
//!
//! ```text
//! K(X) = x - A F(x) + (I - A F'(X)) (X - x)
//! ```
//!
//! is computed in intervals with outward rounding. If K(X) lies inside X there is exactly one zero of
//! F in X: an exact real decomposition of R terms. Where fewer numbers are free than there are entries, or
//! the derivatives depend on each other, nothing is claimed: such decompositions need not survive the
//! least change of the tensor.
//!
//! 1. R. Krawczyk, "Newton-Algorithmen zur Bestimmung von Nullstellen mit Fehlerschranken",
//!    Computing 4 (1969).
//! 2. S. M. Rump, "Verification methods: rigorous results using floating-point arithmetic", Acta
//!    Numerica 19 (2010).

use super::interval::Interval;
use super::{CpOptions, Decomposition, Dense, cp_decompose};
use crate::matrix::Matrix;
use crate::scalar::Stream;

/// Entries of a tensor up to which decompositions are certified: it takes their cube of products.
const MAX_ENTRIES: usize = 256;

/// Newton steps before the box is drawn.
const NEWTON: usize = 4;

/// A decomposition with an exact one near it.
#[derive(Clone, Debug)]
pub struct Certified {
    /// In floating point.
    pub decomposition: Decomposition<f64>,
    /// No number of the exact one is further away than this.
    pub radius: f64,
}

/// Searches for a decomposition of so many terms, and proves that there is an exact one over the
/// reals, also of every tensor whose entries are no more than `noise` away. `None` if none is found, or
/// it cannot be proved: a search can miss, so this says nothing against one.
pub fn certified_terms(
    tensor: &Dense,
    terms: usize,
    noise: f64,
    stream: &Stream,
) -> Option<Certified> {
    if !can_be_certified(tensor.shape(), terms) {
        return None;
    }
    let options = CpOptions { starts: 8, max_iterations: 300, tolerance: 1e-9, enough: 1e-13 };
    let fit = cp_decompose(tensor, terms, &options, stream).ok()?;
    fit.decomposition.certified(tensor, noise)
}

/// True if there are no more entries than are affordable, and than there are numbers up to the scales of terms.
fn can_be_certified(shape: [usize; 3], terms: usize) -> bool {
    let entries: usize = shape.iter().product();
    entries <= MAX_ENTRIES && terms * (shape.iter().sum::<usize>().saturating_sub(2)) >= entries
}

impl Decomposition<f64> {
    /// Proves that every tensor whose entries are no more than `noise` from those of a given one has an
    /// exact real decomposition of as many terms, near this one. `None` if that cannot be proved.
    ///
    /// # Panics
    ///
    /// If the shapes differ.
    pub fn certified(&self, tensor: &Dense, noise: f64) -> Option<Certified> {
        let shape = [self.a.rows(), self.b.rows(), self.c.rows()];
        assert_eq!(shape, tensor.shape(), "a decomposition of this tensor");
        let entries = tensor.data().len();
        if !can_be_certified(shape, self.terms()) {
            return None;
        }
        let mut place = Place::of(self);
        let (chosen, mut inverse) = place.independent()?;
        for _ in 0..NEWTON {
            let miss = place.miss(tensor);
            let step = inverse.times(&Matrix::from_columns(entries, 1, miss));
            chosen.iter().zip(step.data()).for_each(|(&at, x)| place.numbers[at] -= x);
            inverse = invert(&place.derivative(&chosen))?;
        }
        let center = place.evaluated(tensor, noise);
        let moved = times(&inverse, &center);
        let first = moved.iter().map(|y| y.size()).fold(f64::MIN_POSITIVE, f64::max);
        // But for the error of the inverse, the sums of the contraction grow with the radius, in proportion
        // at least: of a box four times as wide they are below one only if of this one they are below a
        // quarter, which is enough here too.
        let radius = 2.0 * first;
        let contraction = place.contraction(&chosen, &inverse, radius);
        let inside = |(y, row): (&Interval, &f64)| {
            let reach =
                Interval::exactly(y.size()) + Interval::exactly(*row) * Interval::exactly(radius);
            reach.high < radius
        };
        let is_proved = moved.iter().zip(&contraction).all(inside);
        is_proved.then(|| Certified { decomposition: place.decomposition(), radius })
    }
}

/// The numbers of a decomposition in a row: those of a, of b and of c, row after row.
struct Place {
    shape: [usize; 3],
    terms: usize,
    numbers: Vec<f64>,
}

impl Place {
    fn of(decomposition: &Decomposition<f64>) -> Self {
        let factors = [&decomposition.a, &decomposition.b, &decomposition.c];
        let numbers = factors.iter().flat_map(|factor| factor.transposed().data().to_vec());
        Place {
            shape: factors.map(Matrix::rows),
            terms: decomposition.terms(),
            numbers: numbers.collect(),
        }
    }

    fn decomposition(&self) -> Decomposition<f64> {
        let factor = |mode: usize| {
            Matrix::from_fn(self.shape[mode], self.terms, |i, r| self.numbers[self.at(mode, i, r)])
        };
        Decomposition { a: factor(0), b: factor(1), c: factor(2) }
    }

    /// Where a number stands.
    fn at(&self, mode: usize, row: usize, term: usize) -> usize {
        (self.shape[..mode].iter().sum::<usize>() + row) * self.terms + term
    }

    /// The indices of an entry.
    fn index(&self, entry: usize) -> [usize; 3] {
        let [_, cols, depth] = self.shape;
        [entry / (cols * depth), entry / depth % cols, entry % depth]
    }

    /// F in floating point.
    fn miss(&self, tensor: &Dense) -> Vec<f64> {
        let entry = |entry: usize| {
            let index = self.index(entry);
            let term = |r| -> f64 {
                (0..3).map(|mode| self.numbers[self.at(mode, index[mode], r)]).product()
            };
            (0..self.terms).map(term).sum::<f64>() - tensor.data()[entry]
        };
        (0..tensor.data().len()).map(entry).collect()
    }

    /// F in intervals, for all tensors that are so near.
    fn evaluated(&self, tensor: &Dense, noise: f64) -> Vec<Interval> {
        let number = |mode, row, r| Interval::exactly(self.numbers[self.at(mode, row, r)]);
        let entry = |entry: usize| {
            let [i, j, k] = self.index(entry);
            let term = |r| number(0, i, r) * number(1, j, r) * number(2, k, r);
            let sum = (0..self.terms).map(term).fold(Interval::ZERO, |sum, term| sum + term);
            let value = tensor.data()[entry];
            let given =
                if noise > 0.0 { Interval::around(value, noise) } else { Interval::exactly(value) };
            sum - given
        };
        (0..tensor.data().len()).map(entry).collect()
    }

    /// The derivative of all entries by one number, at the entries where it is not zero, in intervals
    /// of this radius.
    fn slopes(&self, number: usize, radius: f64, chosen: &[bool]) -> Vec<(usize, Interval)> {
        let (row, r) = (number / self.terms, number % self.terms);
        let [rows, cols, depth] = self.shape;
        let mode = if row < rows { 0 } else { 1 + usize::from(row >= rows + cols) };
        let own = row - self.shape[..mode].iter().sum::<usize>();
        let value = |mode: usize, row: usize| {
            let at = self.at(mode, row, r);
            let number = self.numbers[at];
            if radius > 0.0 && chosen[at] {
                Interval::around(number, radius)
            } else {
                Interval::exactly(number)
            }
        };
        let entries = (0..rows * cols * depth).filter_map(|entry| {
            let index = self.index(entry);
            let others = (0..3).filter(|&other| other != mode);
            let slope = others
                .map(|other| value(other, index[other]))
                .reduce(|one, other| one * other)
                .expect("two others");
            (index[mode] == own).then_some((entry, slope))
        });
        entries.collect()
    }

    /// F' by the chosen numbers, (entries, entries).
    fn derivative(&self, chosen: &[usize]) -> Matrix<f64> {
        let entries = self.shape.iter().product();
        let mut matrix = Matrix::zeros(entries, chosen.len());
        for (column, &number) in chosen.iter().enumerate() {
            for (entry, slope) in self.slopes(number, 0.0, &[]) {
                matrix[(entry, column)] = 0.5 * (slope.low + slope.high);
            }
        }
        matrix
    }

    /// Numbers whose derivatives are a basis, by elimination with the largest pivot, and the inverse of
    /// these derivatives. `None` if there are too few that are independent.
    fn independent(&self) -> Option<(Vec<usize>, Matrix<f64>)> {
        let all: Vec<usize> = (0..self.numbers.len()).collect();
        let mut rest = self.derivative(&all);
        let entries = rest.rows();
        let mut chosen = Vec::new();
        let largest = rest.data().iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        for _ in 0..entries {
            let size = |&column: &usize| rest.column(column).iter().map(|x| x * x).sum::<f64>();
            let best =
                (0..rest.cols()).max_by(|a, b| size(a).total_cmp(&size(b))).expect("a column");
            let norm = size(&best).sqrt();
            // Not so of NaN either.
            let is_independent = norm > 1e-8 * largest;
            if !is_independent {
                return None;
            }
            chosen.push(best);
            // What is left of the others is orthogonal to it.
            let direction: Vec<f64> = rest.column(best).iter().map(|x| x / norm).collect();
            for column in 0..rest.cols() {
                let column = rest.column_mut(column);
                let along: f64 = column.iter().zip(&direction).map(|(x, y)| x * y).sum();
                column.iter_mut().zip(&direction).for_each(|(x, y)| *x -= along * y);
            }
        }
        let inverse = invert(&self.derivative(&chosen))?;
        Some((chosen, inverse))
    }

    /// For each row of I - A F'(X) the sum of the largest absolute values of its entries.
    fn contraction(&self, chosen: &[usize], inverse: &Matrix<f64>, radius: f64) -> Vec<f64> {
        let mut is_chosen = vec![false; self.numbers.len()];
        chosen.iter().for_each(|&number| is_chosen[number] = true);
        let mut sums = vec![Interval::ZERO; inverse.rows()];
        for (column, &number) in chosen.iter().enumerate() {
            let slopes = self.slopes(number, radius, &is_chosen);
            for (row, sum) in sums.iter_mut().enumerate() {
                let unit = if row == column { 1.0 } else { 0.0 };
                let product =
                    slopes.iter().fold(Interval::exactly(unit), |rest, &(entry, slope)| {
                        rest - Interval::exactly(inverse[(row, entry)]) * slope
                    });
                *sum = *sum + Interval::exactly(product.size());
            }
        }
        sums.into_iter().map(Interval::size).collect()
    }
}

/// A matrix as it is times a vector of intervals.
fn times(matrix: &Matrix<f64>, vector: &[Interval]) -> Vec<Interval> {
    let row = |i: usize| {
        let terms = vector.iter().enumerate().map(|(j, &x)| Interval::exactly(matrix[(i, j)]) * x);
        terms.fold(Interval::ZERO, |sum, term| sum + term)
    };
    (0..matrix.rows()).map(row).collect()
}

/// An approximate inverse by Gauss and Jordan; `None` of a matrix that is singular.
fn invert(matrix: &Matrix<f64>) -> Option<Matrix<f64>> {
    let size = matrix.rows();
    let mut left = matrix.transposed();
    let mut right = Matrix::scaled_identity(size, 1.0);
    // Columns of the transposes are rows.
    for step in 0..size {
        let pivot = (step..size)
            .max_by(|&a, &b| left[(step, a)].abs().total_cmp(&left[(step, b)].abs()))
            .expect("a row");
        let value = left[(step, pivot)];
        if value == 0.0 || !value.is_finite() {
            return None;
        }
        for matrix in [&mut left, &mut right] {
            for i in 0..size {
                let (one, other) = (matrix[(i, step)], matrix[(i, pivot)]);
                (matrix[(i, step)], matrix[(i, pivot)]) = (other / value, one);
            }
            if pivot == step {
                // The exchange has undone the scaling.
                matrix.column_mut(step).iter_mut().for_each(|x| *x /= value);
            }
        }
        for row in (0..size).filter(|&row| row != step) {
            let factor = left[(step, row)];
            for matrix in [&mut left, &mut right] {
                let own = matrix.column(step).to_vec();
                matrix.column_mut(row).iter_mut().zip(own).for_each(|(x, y)| *x -= factor * y);
            }
        }
    }
    Some(right.transposed())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small random integers.
    fn integers(shape: [usize; 3], seed: u64) -> Dense {
        let mut stream = Stream::new("integers", seed, 0);
        Dense::from_fn(shape, |_, _, _| stream.below(11) as f64 - 5.0)
    }

    fn certified(tensor: &Dense, terms: usize) -> Option<Certified> {
        certified_terms(tensor, terms, 0.0, &Stream::new("certified", 0, 0))
    }

    #[test]
    fn an_inverse_is_one() {
        let mut stream = Stream::new("inverse", 0, 0);
        let mut matrix = Matrix::<f64>::random(6, 6, &mut stream);
        matrix[(0, 0)] = 0.0;
        let product = matrix.times(&invert(&matrix).expect("a generic matrix"));
        assert!(product.minus(&Matrix::scaled_identity(6, 1.0)).norm() < 1e-11);
        assert_eq!(invert(&Matrix::zeros(2, 2)), None);
    }

    /// Integer tensors with as many real terms as generic complex ones have, and one more where the
    /// reals need it in some cases.
    #[test]
    fn integer_tensors_have_exact_decompositions_near_those_that_are_found() {
        for (shape, terms) in
            [([2, 2, 3], 3), ([3, 3, 4], 6), ([3, 3, 5], 6), ([4, 4, 3], 7), ([3, 3, 3], 5)]
        {
            let tensor = integers(shape, 1);
            let found = certified(&tensor, terms).expect("an exact decomposition");
            assert_eq!(found.decomposition.terms(), terms);
            assert!(found.radius < 1e-6, "{shape:?}: {:e}", found.radius);
            let place = Place::of(&found.decomposition);
            let miss = place.miss(&tensor).iter().fold(0.0, |most: f64, x| most.max(x.abs()));
            assert!(miss < 1e-9, "{shape:?}: {miss:e}");
        }
    }

    /// A pencil with complex eigenvalues: two real terms do not make it, three do. With real ones two do.
    #[test]
    fn a_pair_of_slices_has_its_real_rank() {
        let pair = |square: f64| {
            let slices = [[1.0, 0.0, 0.0, 1.0], [0.0, square, 1.0, 0.0]];
            Dense::from_fn([2, 2, 2], |i, j, k| slices[k][2 * i + j])
        };
        assert!(certified(&pair(1.0), 2).is_some());
        assert!(certified(&pair(-1.0), 2).is_none());
        assert!(certified(&pair(-1.0), 3).is_some());
        // The W state: terms that grow without bound come near, and none is exact.
        let w = Dense::new([2, 2, 2], vec![0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
        assert!(certified(&w, 2).is_none());
    }

    /// Control: a tensor that is a little further away than the noise is not covered, one that is
    /// nearer is.
    #[test]
    fn the_noise_is_part_of_the_proof() {
        let tensor = integers([2, 2, 3], 2);
        let found = certified(&tensor, 3).expect("an exact decomposition");
        let mut other = tensor.clone();
        other.data_mut()[0] += 1e-7;
        let again = found.decomposition.certified(&other, 0.0).expect("it moves there");
        let wide = found.decomposition.certified(&tensor, 1e-7).expect("all that are so near");
        assert!(again.radius < 1e-10 && wide.radius > 1e-8);
        assert!(found.decomposition.certified(&tensor, 1e3).is_none());
    }

    /// a b c = 8 with a = b = c = 2: of one number, the others as they are, the noise over 4 is the way
    /// to the nearest solution, and the box is twice as wide.
    #[test]
    fn the_radius_is_twice_the_way_to_the_solutions() {
        let two = Matrix::from_rows(&[[2.0]]);
        let one = Decomposition { a: two.clone(), b: two.clone(), c: two };
        let tensor = Dense::new([1, 1, 1], vec![8.0]);
        for noise in [1.0, 1e-3, 1e-6] {
            let radius = one.certified(&tensor, noise).expect("a product of reals").radius;
            assert!((radius / (noise / 2.0) - 1.0).abs() < 1e-8, "{noise}: {radius:e}");
        }
    }

    #[test]
    fn too_few_numbers_prove_nothing() {
        let unit = Matrix::scaled_identity(2, 1.0);
        let two = Decomposition { a: unit.clone(), b: unit.clone(), c: unit };
        let tensor = Dense::from_fn([2, 2, 2], |i, j, k| f64::from(u8::from(i == j && j == k)));
        // Two orthogonal terms, exact already, and of 3 x 2 x 2 numbers enough to move in all directions.
        assert!(two.certified(&tensor, 0.0).is_some());
        let first = |factor: &Matrix<f64>| Matrix::from_columns(2, 1, factor.column(0).to_vec());
        let one = Decomposition { a: first(&two.a), b: first(&two.b), c: first(&two.c) };
        let tensor = Dense::from_fn([2, 2, 2], |i, j, k| f64::from(u8::from(i + j + k == 0)));
        assert!(one.certified(&tensor, 0.0).is_none());
    }
}
