//! Slices of low rank taken off one by one, until two are left.

use super::super::lower::pencil::closed_rank;
use crate::matrix::{Factors, Matrix};
use crate::scalar::{Fp, Scalar, Stream};

/// The terms of the matrices of least rank, all but two, and the CP rank over the closure of the field
/// of these two, to which multiples of the terms may be added: (terms, rank of the pencil). Together
/// they are an upper end for the tensor with these slices. `None` for no matrices, or if the rank of
/// the pencil is not known.
pub fn peeled(matrices: &[Factors<Fp>]) -> Option<(usize, usize)> {
    let mut sorted: Vec<_> = matrices.iter().collect();
    sorted.sort_by_key(|matrix| matrix.width());
    let (cut, last) = sorted.split_at(sorted.len().saturating_sub(2));
    let cut_terms = cut.iter().map(|matrix| matrix.width()).sum();
    let last: Vec<Matrix<Fp>> = last.iter().map(|matrix| matrix.to_matrix()).collect();
    let pencil = |first: &Matrix<Fp>, second: Option<&Matrix<Fp>>| match second {
        Some(second) => closed_rank(first, second),
        None => closed_rank(first, first),
    };
    let plain = pencil(last.first()?, last.get(1));
    let mut stream = Stream::new("peeled", matrices.len() as u64, cut_terms as u64);
    let moved: Vec<_> = last.iter().map(|matrix| with_terms(matrix, cut, &mut stream)).collect();
    let moved = pencil(moved.first()?, moved.get(1));
    [plain, moved].into_iter().flatten().min().map(|rank| (cut_terms, rank))
}

/// The matrix with random multiples of the terms of others.
fn with_terms(matrix: &Matrix<Fp>, others: &[&Factors<Fp>], stream: &mut Stream) -> Matrix<Fp> {
    let mut sum = matrix.clone();
    for Factors { left, right } in others {
        let mut left = left.clone();
        for r in 0..left.cols() {
            let scale = Fp::random(stream);
            left.column_mut(r).iter_mut().for_each(|x| *x *= scale);
        }
        sum.add_scaled(Fp::ONE, &Matrix::product(left.view(), right.t()));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slices of rank one, two and three in 3 x 3: 1 + 3, where factors make six.
    #[test]
    fn two_slices_are_one_pencil() {
        let mut stream = Stream::new("peel", 0, 0);
        let mut of_rank = |rank| {
            let left = Matrix::<Fp>::random(3, rank, &mut stream);
            Factors::new(left, Matrix::random(3, rank, &mut stream))
        };
        let slices = [of_rank(3), of_rank(1), of_rank(2)];
        assert_eq!(peeled(&slices), Some((1, 3)));
        assert_eq!(peeled(&slices[1..2]), Some((0, 1)));
        assert_eq!(peeled(&[]), None);
    }
}
