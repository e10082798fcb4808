//! Gaussian elimination over the prime field: exact rank, column bases, rank factorizations.

use super::Matrix;
use crate::scalar::{Fp, Scalar};

/// Columns eliminated together. Their effect on an entry is one dot product with one reduction,
/// so the block must not be longer than the delay of the reduction; measured best on 512 x 512.
const BLOCK: usize = 48;

/// The rank of a matrix.
///
/// Blocked elimination with row exchanges, right-looking between blocks of columns and
/// left-looking (Crout) inside one, so that every update is a dot product of residues summed in
/// 128 bits. Any shape; n^3 / 3 products for an (n, n) matrix of full rank.
pub(super) fn rank(matrix: &Matrix<Fp>) -> usize {
    // Rank does not change under transposition: columns are read as rows, which are contiguous.
    let (rows, cols) = (matrix.cols(), matrix.rows());
    let mut work = Work {
        entries: matrix.data().to_vec(),
        negated_lower: vec![Fp::ZERO; rows * BLOCK],
        rows,
        cols,
    };
    let mut rank = 0;
    for start in (0..cols).step_by(BLOCK) {
        if rank == rows {
            break;
        }
        let end = cols.min(start + BLOCK);
        let found = work.eliminate_block(rank, start, end);
        work.update_columns(rank, found, end);
        rank += found;
    }
    rank
}

struct Work {
    /// Row after row.
    entries: Vec<Fp>,
    /// The multipliers of the current block with their sign changed, BLOCK to a row.
    negated_lower: Vec<Fp>,
    rows: usize,
    cols: usize,
}

impl Work {
    /// Finds the pivots of the columns start..end below row `top`; returns how many. Leaves the
    /// multipliers in `negated_lower`.
    fn eliminate_block(&mut self, top: usize, start: usize, end: usize) -> usize {
        let mut found = 0;
        let mut upper = [Fp::ZERO; BLOCK];
        for column in start..end {
            self.upper_part(top, found, column, &mut upper);
            for row in top + found..self.rows {
                let entry = &mut self.entries[row * self.cols + column];
                let lower = &self.negated_lower[row * BLOCK..row * BLOCK + found];
                *entry = dot(*entry, lower, &upper[..found]);
            }
            let pivot = (top + found..self.rows)
                .find(|row| self.entries[row * self.cols + column] != Fp::ZERO);
            let Some(pivot) = pivot else { continue };
            self.exchange(pivot, top + found);
            let pivot = self.entries[(top + found) * self.cols + column];
            let negated_inverse = -pivot.inverse().expect("a pivot is not zero");
            for row in top + found + 1..self.rows {
                self.negated_lower[row * BLOCK + found] =
                    self.entries[row * self.cols + column] * negated_inverse;
            }
            found += 1;
            if top + found == self.rows {
                break;
            }
        }
        found
    }

    /// Applies the multipliers of a block with `found` pivots to the columns from `end` on.
    fn update_columns(&mut self, top: usize, found: usize, end: usize) {
        if found == 0 {
            return;
        }
        let mut columns = end;
        while columns < self.cols {
            // Two columns and two rows at a time: each number loaded is used twice.
            let two = columns + 1 < self.cols;
            let (mut left, mut right) = ([Fp::ZERO; BLOCK], [Fp::ZERO; BLOCK]);
            self.upper_part(top, found, columns, &mut left);
            if two {
                self.upper_part(top, found, columns + 1, &mut right);
            }
            let (left, right) = (&left[..found], &right[..found]);
            let rows = self.entries.chunks_exact_mut(self.cols);
            let lowers = self.negated_lower.chunks_exact(BLOCK);
            for (row, lower) in rows.zip(lowers).skip(top + found) {
                let lower = &lower[..found];
                if two {
                    let pair = &mut row[columns..columns + 2];
                    (pair[0], pair[1]) = dot_pair((pair[0], pair[1]), lower, left, right);
                } else {
                    row[columns] = dot(row[columns], lower, left);
                }
            }
            columns += 2;
        }
    }

    /// The entries of a column in the pivot rows of the block, after elimination (forward
    /// substitution with the unit lower triangle).
    fn upper_part(&self, top: usize, found: usize, column: usize, upper: &mut [Fp; BLOCK]) {
        for f in 0..found {
            let row = top + f;
            let lower = &self.negated_lower[row * BLOCK..row * BLOCK + f];
            upper[f] = dot(self.entries[row * self.cols + column], lower, &upper[..f]);
        }
    }

    fn exchange(&mut self, a: usize, b: usize) {
        if a != b {
            for j in 0..self.cols {
                self.entries.swap(a * self.cols + j, b * self.cols + j);
            }
            for j in 0..BLOCK {
                self.negated_lower.swap(a * BLOCK + j, b * BLOCK + j);
            }
        }
    }
}

/// start + a . b, for at most BLOCK terms.
#[inline(always)]
fn dot(start: Fp, a: &[Fp], b: &[Fp]) -> Fp {
    crate::scalar::reduce(
        a.iter()
            .zip(b)
            .fold(u128::from(start.value()), |sum, (&a, &b)| sum + crate::scalar::wide(a, b)),
    )
}

/// (start.0 + a . b, start.1 + a . c).
#[inline(always)]
fn dot_pair(start: (Fp, Fp), a: &[Fp], b: &[Fp], c: &[Fp]) -> (Fp, Fp) {
    let mut sums = (u128::from(start.0.value()), u128::from(start.1.value()));
    for ((&a, &b), &c) in a.iter().zip(b).zip(c) {
        sums.0 += crate::scalar::wide(a, b);
        sums.1 += crate::scalar::wide(a, c);
    }
    (crate::scalar::reduce(sums.0), crate::scalar::reduce(sums.1))
}

/// A matrix in reduced column echelon form: a basis of a column space.
pub(super) struct Echelon {
    /// Row `pivots[k]` of column k is 1, and zero in every other column.
    pub columns: Matrix<Fp>,
    /// One row for each column.
    pub pivots: Vec<usize>,
}

/// The reduced column echelon form of the column space of `matrix`.
pub(super) fn column_echelon(matrix: &Matrix<Fp>) -> Echelon {
    let mut columns: Vec<Vec<Fp>> = (0..matrix.cols()).map(|j| matrix.column(j).to_vec()).collect();
    let mut pivots = Vec::new();
    for row in 0..matrix.rows() {
        let done = pivots.len();
        let Some(found) = (done..columns.len()).find(|&j| columns[j][row] != Fp::ZERO) else {
            continue;
        };
        columns.swap(done, found);
        let inverse = columns[done][row].inverse().expect("a pivot is not zero");
        columns[done].iter_mut().for_each(|entry| *entry *= inverse);
        let pivot = columns[done].clone();
        for (j, column) in columns.iter_mut().enumerate() {
            let factor = column[row];
            if j != done && factor != Fp::ZERO {
                column.iter_mut().zip(&pivot).for_each(|(entry, &p)| *entry -= factor * p);
            }
        }
        pivots.push(row);
    }
    columns.truncate(pivots.len());
    let data: Vec<Fp> = columns.concat();
    Echelon { columns: Matrix::from_columns(matrix.rows(), pivots.len(), data), pivots }
}

impl Echelon {
    /// The coordinates of a matrix whose columns lie in the space: its pivot rows, (d, cols).
    pub fn coordinates(&self, matrix: &Matrix<Fp>) -> Matrix<Fp> {
        Matrix::from_fn(self.pivots.len(), matrix.cols(), |k, j| matrix[(self.pivots[k], j)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Stream;
    use proptest::prelude::*;

    /// A random matrix of a given rank, with some zero and repeated columns among the others.
    fn of_rank(rows: usize, cols: usize, rank: usize, seed: u64) -> Matrix<Fp> {
        let mut stream = Stream::new("elimination", seed, 0);
        let left = Matrix::random(rows, rank, &mut stream);
        left.times(&Matrix::random(rank, cols, &mut stream))
    }

    #[test]
    fn rank_is_found_at_sizes_that_straddle_the_block() {
        for size in [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 3] {
            for (rows, cols) in [(size, size), (size, size + 5), (size + 5, size)] {
                for expected in [0, 1, size / 2, size.saturating_sub(1), size] {
                    assert_eq!(rank(&of_rank(rows, cols, expected, size as u64)), expected);
                }
            }
        }
    }

    #[test]
    fn rank_of_structured_matrices() {
        let zero_one = |n: usize, entry: fn(usize, usize) -> bool| {
            Matrix::from_fn(n, n, |i, j| if entry(i, j) { Fp::ONE } else { Fp::ZERO })
        };
        assert_eq!(rank(&zero_one(100, |_, _| false)), 0);
        assert_eq!(rank(&zero_one(100, |i, j| i == j)), 100);
        assert_eq!(rank(&zero_one(100, |i, j| i + j == 99)), 100);
        // Nilpotent, and pivots in one column out of three.
        assert_eq!(rank(&zero_one(100, |i, j| i == j + 1)), 99);
        assert_eq!(rank(&zero_one(100, |i, j| i == j && i % 3 == 0)), 34);
    }

    proptest! {
        #[test]
        fn rank_agrees_with_the_echelon_form(rows in 0..70usize, cols in 0..70usize, rank_ in 0..70usize, seed: u64) {
            let matrix = of_rank(rows, cols, rank_, seed);
            let echelon = column_echelon(&matrix);
            prop_assert_eq!(rank(&matrix), rank_.min(rows).min(cols));
            prop_assert_eq!(echelon.pivots.len(), rank_.min(rows).min(cols));
            prop_assert_eq!(echelon.columns.times(&echelon.coordinates(&matrix)), matrix);
        }
    }
}
