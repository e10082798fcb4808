//! Sums of few CP terms that come near the movement, and how each term grows over the steps.

use super::movement::Movement;
use super::{SHARES, Spectrum, leading};
use crate::matrix::Matrix;
use crate::scalar::Stream;
use crate::tensor::{Decomposition, ErrorByRank, cp_growth};
use crate::weights::history::scale;
use crate::weights::{SliceError, Stage, Watch};

/// CP decompositions of the increments.
#[derive(Clone, Debug)]
pub struct CpTerms {
    /// What one term, two terms, and so on hold, until they hold 99 % or are as many as the limit.
    pub found: ErrorByRank,
    /// The terms up to which was searched.
    pub limit: usize,
    /// The terms that 90, 95 and 99 % need at least, by the unfoldings.
    pub at_least: [usize; 3],
    /// The terms that hold 95 %, or as many as the limit, over the steps; `None` if two of them are
    /// so much alike that their sizes mean nothing.
    pub courses: Option<Courses>,
}

/// CP terms: a pattern of rows times a pattern of columns, both of norm 1, times a size for each
/// step.
#[derive(Clone, Debug)]
pub struct Courses {
    /// (K, R): the size of each term in D_1..D_K, the largest of either sign above zero. Terms go
    /// from large to small, by the squares of all steps. Of several histories side by side (T K, R),
    /// those of one history after the other.
    pub sizes: Matrix<f64>,
    /// (N, R).
    pub rows: Matrix<f64>,
    /// (M, R).
    pub columns: Matrix<f64>,
}

impl CpTerms {
    /// By a search among the directions that hold most, (N, r) and (M, s): from large to small.
    pub(super) fn new(
        movement: &Movement<'_>,
        total: f64,
        spectra: [Option<&Spectrum>; 3],
        directions: [&Matrix<f64>; 2],
        limit: usize,
        watch: Watch<'_>,
    ) -> Result<Option<Self>, SliceError> {
        let [left, right] = directions.map(|basis| leading(basis, core_width(limit)));
        let core = movement.projected(left, right, total, watch)?;
        watch(Stage { what: "CP terms", done: 0, all: 1 });
        let stream = Stream::new("CP terms of weights", 0, 0);
        let Ok(mut grown) = cp_growth(&core, SHARES[2], limit, &stream) else { return Ok(None) };
        let at_least = SHARES.map(|share| {
            let needed = |spectrum: &Spectrum| spectrum.dimensions_for(share);
            spectra.into_iter().flatten().map(needed).max().unwrap_or(0)
        });
        let found = grown.found;
        let courses = match found.rank_for(SHARES[1]).unwrap_or(found.errors.len()) {
            0 => None,
            terms => Courses::of(movement, grown.terms.swap_remove(terms - 1))?,
        };
        Ok(Some(CpTerms { found, limit, at_least, courses }))
    }

    /// Terms that hold 90, 95 and 99 % of the movement; `None` if more than the limit.
    pub fn dimensions(&self) -> [Option<usize>; 3] {
        SHARES.map(|share| self.found.rank_for(share))
    }

    /// Sizes in the units of the weights, which were over two to this power.
    pub(super) fn in_units(&mut self, exponent: i32) {
        if let Some(courses) = &mut self.courses {
            scale(&mut courses.sizes, exponent);
        }
    }
}

impl Courses {
    /// The sizes for which the sum is nearest to each increment, given the patterns: exact least
    /// squares.
    fn of(movement: &Movement<'_>, terms: Decomposition<f64>) -> Result<Option<Self>, SliceError> {
        let (rows, columns) = (unit_columns(terms.a), unit_columns(terms.b));
        let count = rows.cols();
        let alike = |of: &Matrix<f64>| Matrix::product(of.t(), of.view());
        let (left, right) = (alike(&rows), alike(&columns));
        let gram = Matrix::from_fn(count, count, |r, s| left[(r, s)] * right[(r, s)]);
        let increments = movement.increments();
        let mut inner = Matrix::zeros(count, increments.len());
        for (place, (track, k)) in increments.into_iter().enumerate() {
            let images = movement.change(track, 0, k)?.times(&columns);
            for r in 0..count {
                let products = images.column(r).iter().zip(rows.column(r)).map(|(x, y)| x * y);
                inner[(r, place)] = products.sum();
            }
        }
        let sizes = gram.solve_positive(&inner).filter(Matrix::is_finite);
        Ok(sizes.map(|sizes| Courses { sizes: sizes.transposed(), rows, columns }.sorted()))
    }

    /// From large to small, the largest of each term above zero.
    fn sorted(self) -> Self {
        let Courses { sizes, rows, columns } = self;
        let square = |r: usize| sizes.column(r).iter().map(|size| size * size).sum::<f64>();
        let mut order: Vec<(usize, f64)> = (0..sizes.cols()).map(|r| (r, square(r))).collect();
        order.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let largest = |r: usize| {
            let column = sizes.column(r).iter().copied();
            column.fold(0.0, |most: f64, size| if size.abs() > most.abs() { size } else { most })
        };
        let sign = |r: usize| if largest(r) < 0.0 { -1.0 } else { 1.0 };
        let taken = |of: &Matrix<f64>, signed: bool| {
            Matrix::from_fn(of.rows(), order.len(), |i, place| {
                let r = order[place].0;
                of[(i, r)] * if signed { sign(r) } else { 1.0 }
            })
        };
        Courses {
            sizes: taken(&sizes, true),
            rows: taken(&rows, true),
            columns: taken(&columns, false),
        }
    }
}

/// Each column over its norm.
fn unit_columns(mut matrix: Matrix<f64>) -> Matrix<f64> {
    for j in 0..matrix.cols() {
        let norm = matrix.column(j).iter().map(|x| x * x).sum::<f64>().sqrt();
        if norm > 0.0 {
            matrix.column_mut(j).iter_mut().for_each(|x| *x /= norm);
        }
    }
    matrix
}

/// Dimensions of rows and columns in which nearly all of the best terms lie.
fn core_width(terms: usize) -> usize {
    terms + (terms / 2).max(6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::Slices;
    use crate::weights::effective::directions;

    /// Two terms that are known, of different courses.
    #[test]
    fn terms_come_back_with_their_courses() {
        let mut stream = Stream::new("courses", 0, 0);
        let patterns = [9, 7].map(|side| Matrix::normal(side, 2, 1.0, &mut stream));
        let [rows, columns] = patterns.map(unit_columns);
        let size = |k: usize, r: usize| [3.0 * (k as f64).sqrt(), -(k as f64) / 2.0][r];
        let slice = |k: usize| {
            let scaled = Matrix::from_fn(9, 2, |i, r| rows[(i, r)] * size(k, r));
            Matrix::product(scaled.view(), columns.t())
        };
        let slices: Vec<_> = (0..8).map(slice).collect();
        let movement = Movement::new([&slices as &dyn Slices]).unwrap();
        let sums = movement.sums(&|_| ()).unwrap();
        let [left, right] =
            [sums.whole.rows, sums.whole.columns].map(|gram| directions(&gram.unwrap()).unwrap().1);
        let found = CpTerms::new(&movement, sums.total, [None; 3], [&left, &right], 5, &|_| ());
        let cp = found.unwrap().unwrap();
        let courses = cp.courses.expect("two terms that differ");
        assert_eq!(courses.sizes.cols(), 2);
        for (k, slice) in slices.iter().enumerate().skip(1) {
            for r in 0..2 {
                let (found, expected) = (courses.sizes[(k - 1, r)], size(k, r).abs());
                assert!((found - expected).abs() < 1e-5 * expected, "{k} {r}: {found} {expected}");
            }
            let scaled =
                Matrix::from_fn(9, 2, |i, r| courses.rows[(i, r)] * courses.sizes[(k - 1, r)]);
            let rebuilt = Matrix::product(scaled.view(), courses.columns.t());
            assert!(rebuilt.minus(slice).norm() < 1e-5 * slice.norm());
        }
    }
}
