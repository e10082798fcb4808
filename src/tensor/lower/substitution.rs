//! The substitution method, for matrices of rank one.
//!
//! The CP rank is the least number of matrices of rank one whose span holds all slices. If the span
//! of the slices itself holds independent matrices of rank one, e_1..e_s, there are as few that
//! begin with these: in a basis of the larger span they replace others one by one (Steinitz). So
//! the CP rank is s and what it takes to span the slices modulo the e_i, and that is at least the
//! CP rank of the slices after a map of their rows, or columns, to which all e_i are zero. It holds
//! over every field.
//!
//! 1. V. Strassen, "Vermeidung von Divisionen", J. Reine Angew. Math. 264 (1973).
//! 2. B. Alexeev, M. A. Forbes and J. Tsimerman, "Tensor rank: some lower and upper bounds", CCC
//!    2011.

use super::{Certificate, LowerEnd};
use crate::matrix::{Factors, Matrix, RankRevealing};
use crate::scalar::Fp;
use crate::tensor::{Mode, Reduced};

impl Reduced<Fp> {
    /// What matrices of rank one (rows, cols) show that lie in the span of the slices; those that do not,
    /// or depend on others, are passed over. `None` if none is left.
    pub fn substituted(&self, matrices: &[Factors<Fp>], enough: usize) -> Option<LowerEnd> {
        let mut kept = Vec::new();
        let mut span = self.unfolding(Mode::Step).transposed();
        let dimension = rank(&span);
        let mut own = Matrix::zeros(span.rows(), 0);
        for Factors { left, right } in matrices.iter().filter(|matrix| matrix.width() == 1) {
            let (u, v) = (Fp::coordinates(&self.left, left), Fp::coordinates(&self.right, right));
            let flat = Matrix::product(u.view(), v.t());
            let flat = Matrix::from_columns(span.rows(), 1, flat.data().to_vec());
            let wider = Matrix::beside(span.rows(), [&span, &flat]);
            let with = Matrix::beside(span.rows(), [&own, &flat]);
            // Of a matrix with parts outside the core the coordinates would be of another one.
            let is_inside = self.left.times(&u) == *left && self.right.times(&v) == *right;
            if is_inside && rank(&wider) == dimension && rank(&with) > own.cols() {
                (span, own) = (wider, with);
                kept.push((u, v));
            }
        }
        let removed = kept.len();
        let sides = [0, 1].map(|side| {
            let columns = kept.iter().map(|(u, v)| if side == 0 { u } else { v });
            let rows = if side == 0 { self.left.cols() } else { self.right.cols() };
            // The rows of this matrix are all functions that are zero on every u, or v.
            let zero_on = Matrix::beside(rows, columns).transposed().kernel();
            let slices = self.slices.iter().map(|slice| match side {
                0 => Matrix::product(zero_on.t(), slice.view()),
                _ => slice.times(&zero_on),
            });
            Reduced::from_slices(slices.collect())
        });
        let rest = (removed > 0).then(|| {
            let ends =
                sides.iter().map(|rest| rest.best_lower_end(0.0, enough.saturating_sub(removed)));
            ends.max_by_key(|end| end.bound).expect("two sides")
        })?;
        let certificate = Certificate::Substitution { removed, rest: Box::new(rest.certificate) };
        Some(LowerEnd { bound: removed + rest.bound, certificate })
    }
}

fn rank(matrix: &Matrix<Fp>) -> usize {
    Fp::rank(matrix, 0.0).bounds.lower
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::{Scalar, Stream};

    /// Three slices of 4 x 4, the first of rank one and the others of rank four: by unfoldings and
    /// Koszul flattenings the rank of the pencil of the others is hidden.
    #[test]
    fn a_slice_of_rank_one_is_a_term_and_the_rest_counts_without_it() {
        let mut stream = Stream::new("substitution", 0, 0);
        let one = Factors::new(
            Matrix::<Fp>::random(4, 1, &mut stream),
            Matrix::random(4, 1, &mut stream),
        );
        let mut jordan = || {
            // Two Jordan blocks, of which each takes a term more.
            let unit = |i: usize, j: usize| i == j || (i + 1 == j && i.is_multiple_of(2));
            let block = Matrix::from_fn(4, 4, |i, j| Fp::from_integer(i64::from(unit(i, j))));
            let left = Matrix::random(4, 4, &mut stream);
            let right = Matrix::random(4, 4, &mut stream);
            [left.times(&right), left.times(&block).times(&right)]
        };
        let [first, second] = jordan();
        let pencil = Reduced::from_slices(vec![first.clone(), second.clone()]);
        assert_eq!(pencil.best_lower_end(0.0, usize::MAX).bound, 6);
        let tensor = Reduced::from_slices(vec![one.to_matrix(), first, second]);
        let found = tensor.substituted(std::slice::from_ref(&one), usize::MAX).expect("a term");
        let Certificate::Substitution { removed: 1, .. } = found.certificate else {
            panic!("{}", found.certificate)
        };
        assert!(found.bound >= 5, "{}", found.bound);
        // What is not in the span of the slices is no term of theirs.
        let other =
            Factors::new(Matrix::random(4, 1, &mut stream), Matrix::random(4, 1, &mut stream));
        assert_eq!(tensor.substituted(&[other], usize::MAX), None);
    }
}
