//! The substitution method, for matrices of rank one.
//!
//! The CP rank is the least number of matrices of rank one whose span holds all slices. If the span
//! of the slices itself holds independent matrices of rank one, e_1..e_s, there are as few that
//! begin with these: in a basis of the larger span they replace others one by one (Steinitz). So
//! the CP rank is s and what it takes to span the slices modulo the e_i, and that is at least the
//! CP rank of the slices after a map of their rows, or columns, to which all e_i are zero. It is also the
//! least CP rank of other slices to which multiples of the e_i are added, which Koszul flattenings bound whatever the
//! multiples are. It holds over every field.
//!
//! 1. V. Strassen, "Vermeidung von Divisionen", J. Reine Angew. Math. 264 (1973).
//! 2. B. Alexeev, M. A. Forbes and J. Tsimerman, "Tensor rank: some lower and upper bounds", CCC
//!    2011.

use super::{Certificate, LowerEnd, koszul};
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
        if removed == 0 {
            return None;
        }
        let enough = enough.saturating_sub(removed);
        let (left, right): (Vec<_>, Vec<_>) = kept.into_iter().unzip();
        let [left, right] = [left, right].map(|all| Matrix::beside(all[0].rows(), &all));
        let mut rest = koszul::up_to(&self.beside(&own), &left, &right, enough);
        // The rows of these are all functions that are zero on every u, or v.
        let [on_left, on_right] = [&left, &right].map(|all| all.transposed().kernel());
        let without_rows = |slice: &Matrix<Fp>| Matrix::product(on_left.t(), slice.view());
        let without_cols = |slice: &Matrix<Fp>| slice.times(&on_right);
        for slices in [
            self.slices.iter().map(without_rows).collect::<Vec<_>>(),
            self.slices.iter().map(without_cols).collect(),
        ] {
            rest.raise(Some(Reduced::from_slices(slices).best_lower_end(0.0, enough)));
        }
        let certificate = Certificate::Substitution { removed, rest: Box::new(rest.certificate) };
        Some(LowerEnd { bound: removed + rest.bound, certificate })
    }

    /// Slices that span, with the columns of `own`, all of them: as many as these lack.
    fn beside(&self, own: &Matrix<Fp>) -> Vec<Matrix<Fp>> {
        let mut span = own.clone();
        let is_new = |slice: &&Matrix<Fp>| {
            let flat = Matrix::from_columns(span.rows(), 1, slice.data().to_vec());
            let wider = Matrix::beside(span.rows(), [&span, &flat]);
            let is_new = rank(&wider) > span.cols();
            if is_new {
                span = wider;
            }
            is_new
        };
        self.slices.iter().filter(is_new).cloned().collect()
    }
}

fn rank(matrix: &Matrix<Fp>) -> usize {
    Fp::rank(matrix, 0.0).bounds.lower
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::{Scalar, Stream};

    /// The gradients of one input and four outputs, of ranks 1, 2, 3 and 5, all of the first three with the row of the
    /// first: eight, where Koszul flattenings of all show seven.
    #[test]
    fn whatever_is_taken_off_the_rest_keeps_its_flattening() {
        let mut stream = Stream::new("substitution", 1, 0);
        let mut with_rows = |places: &[usize]| {
            let right = |i: usize, j: usize| Fp::from_integer(i64::from(i == places[j]));
            let left = Matrix::<Fp>::random(5, places.len(), &mut stream);
            Factors::new(left, Matrix::from_fn(5, places.len(), right))
        };
        let slices = [&[0][..], &[0, 1], &[0, 2, 3], &[0, 1, 2, 3, 4]].map(&mut with_rows);
        let tensor = Reduced::from_slices(slices.iter().map(Factors::to_matrix).collect());
        let found = tensor.substituted(&slices[..1], usize::MAX).expect("a term");
        let plain = tensor.best_lower_end(0.0, usize::MAX);
        assert_eq!((plain.bound, found.bound), (7, 8), "{}", found.certificate);
        // Control: what is found holds of every multiple, that which lowers the rank included.
        let others: Vec<_> = slices[1..].iter().map(Factors::to_matrix).collect();
        let (left, right) = (&slices[0].left, &slices[0].right);
        let least = koszul::up_to(&others, left, right, usize::MAX).bound;
        for _ in 0..4 {
            let moved = others.iter().map(|slice| {
                let mut moved = slice.clone();
                let multiple = Fp::random(&mut stream);
                moved.add_scaled(multiple, &slices[0].to_matrix());
                moved
            });
            let moved = Reduced::from_slices(moved.collect()).best_lower_end(0.0, usize::MAX);
            assert!(least <= moved.bound);
        }
    }

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
