//! Gaussian elimination over the prime field: exact rank, column bases, rank factorizations.

use super::Matrix;
use super::modular::{Row, WIDTH, modular, reduced, times};
use crate::scalar::{Fp, Scalar, vectorised};

/// Columns eliminated together; measured best on 512 x 512.
const BLOCK: usize = 16;

/// The rank of a matrix.
///
/// Right-looking blocked elimination with row exchanges, on residues in f64: the columns of a block
/// are eliminated one by one, the columns behind it in one product. Any shape; n^3 / 3 products
/// for an (n, n) matrix of full rank.
pub(super) fn rank(matrix: &Matrix<Fp>) -> usize {
    vectorised(
        #[inline(always)]
        || Work::of(matrix).rank(),
    )
}

struct Work {
    /// Row after row, each in whole vectors; zeros behind the last column.
    rows: Vec<Row>,
    cols: usize,
}

impl Work {
    fn of(matrix: &Matrix<Fp>) -> Self {
        // Rank does not change under transposition: columns are read as rows.
        let vectors = matrix.rows().div_ceil(WIDTH);
        let rows = (0..matrix.cols()).map(|j| {
            let mut row = vec![[0.0; WIDTH]; vectors];
            for (i, &entry) in matrix.column(j).iter().enumerate() {
                row[i / WIDTH][i % WIDTH] = modular(entry);
            }
            row
        });
        Work { rows: rows.collect(), cols: matrix.rows() }
    }

    #[inline(always)]
    fn rank(mut self) -> usize {
        let mut rank = 0;
        for start in (0..self.cols).step_by(BLOCK) {
            if rank == self.rows.len() {
                break;
            }
            let end = self.cols.min(start + BLOCK);
            let (multipliers, found) = self.eliminate_block(rank, start, end);
            self.update(rank, found, end.div_ceil(WIDTH), &multipliers);
            rank += found;
        }
        rank
    }

    /// Finds the pivots of the columns start..end below row `top`, and clears these columns.
    /// Returns for each row from `top` on what each of the pivot rows is to be added with, and
    /// the number of pivots.
    #[inline(always)]
    fn eliminate_block(
        &mut self,
        top: usize,
        start: usize,
        end: usize,
    ) -> (Vec<[f64; BLOCK]>, usize) {
        let mut multipliers = vec![[0.0; BLOCK]; self.rows.len() - top];
        let mut found = 0;
        let vectors = end.div_ceil(WIDTH);
        for column in start..end {
            let (vector, lane) = (column / WIDTH, column % WIDTH);
            let pivot =
                (top + found..self.rows.len()).find(|&row| self.rows[row][vector][lane] != 0.0);
            let Some(pivot) = pivot else { continue };
            self.rows.swap(pivot, top + found);
            multipliers.swap(pivot - top, found);
            let (above, below) = self.rows.split_at_mut(top + found + 1);
            let pivot_row = &above[top + found];
            let inverse = negated_inverse(pivot_row[vector][lane]);
            for (row, multipliers) in below.iter_mut().zip(&mut multipliers[found + 1..]) {
                let multiplier = reduced(times(row[vector][lane], inverse));
                multipliers[found] = multiplier;
                for v in vector..vectors {
                    for l in 0..WIDTH {
                        row[v][l] = reduced(row[v][l] + times(multiplier, pivot_row[v][l]));
                    }
                }
            }
            found += 1;
            if top + found == self.rows.len() {
                break;
            }
        }
        (multipliers, found)
    }

    /// Adds the pivot rows of a block to the rows behind them, in the vectors from `first` on.
    #[inline(always)]
    fn update(&mut self, top: usize, found: usize, first: usize, multipliers: &[[f64; BLOCK]]) {
        if found == 0 || first == self.rows[top].len() {
            return;
        }
        // The pivot rows among themselves, then all others, in pairs that share what is loaded.
        for f in 1..found {
            let (above, below) = self.rows.split_at_mut(top + f);
            add(&mut below[0], &above[top..], &multipliers[f][..f], first);
        }
        let (pivots, below) = self.rows[top..].split_at_mut(found);
        let mut pairs = below.chunks_exact_mut(2);
        let mut factors = multipliers[found..].chunks_exact(2);
        for (rows, factors) in (&mut pairs).zip(&mut factors) {
            let [one, two] = rows else { unreachable!("pairs") };
            add_to_two([one, two], pivots, [&factors[0][..found], &factors[1][..found]], first);
        }
        for (row, factors) in pairs.into_remainder().iter_mut().zip(factors.remainder()) {
            add(row, pivots, &factors[..found], first);
        }
    }
}

/// -1 / x, of a residue that is not zero.
fn negated_inverse(x: f64) -> f64 {
    let inverse = Fp::from_integer(x as i64).inverse().expect("a pivot is not zero");
    modular(-inverse)
}

/// Products summed between two reductions: each is below 2^49 + 2^47, and 2^53 is the limit.
const DELAY: usize = 8;

/// row += sum of factors[f] times pivots[f], in the vectors from `first` on.
///
/// By indices: iterators that are taken together can end in functions of their own.
#[inline(always)]
fn add(row: &mut Row, pivots: &[Row], factors: &[f64], first: usize) {
    for (v, target) in row.iter_mut().enumerate().skip(first) {
        let mut sum = *target;
        let mut start = 0;
        while start < factors.len() {
            let end = factors.len().min(start + DELAY);
            for f in start..end {
                for l in 0..WIDTH {
                    sum[l] += times(factors[f], pivots[f][v][l]);
                }
            }
            for entry in &mut sum {
                *entry = reduced(*entry);
            }
            start = end;
        }
        *target = sum;
    }
}

/// The same for two rows at once.
#[inline(always)]
fn add_to_two(rows: [&mut Row; 2], pivots: &[Row], factors: [&[f64]; 2], first: usize) {
    let [one, two] = rows;
    let count = factors[0].len();
    for v in first..one.len() {
        let mut sums = [one[v], two[v]];
        let mut start = 0;
        while start < count {
            let end = count.min(start + DELAY);
            for f in start..end {
                for l in 0..WIDTH {
                    sums[0][l] += times(factors[0][f], pivots[f][v][l]);
                    sums[1][l] += times(factors[1][f], pivots[f][v][l]);
                }
            }
            for sum in &mut sums {
                for entry in sum {
                    *entry = reduced(*entry);
                }
            }
            start = end;
        }
        [one[v], two[v]] = sums;
    }
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
        for entry in &mut columns[done] {
            *entry *= inverse;
        }
        let pivot = columns[done].clone();
        for (j, column) in columns.iter_mut().enumerate() {
            let factor = column[row];
            if j != done && factor != Fp::ZERO {
                for (entry, &p) in column.iter_mut().zip(&pivot) {
                    *entry -= factor * p;
                }
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
