//! Tensors that are the multiplication of an associative algebra.
//!
//! The theorem of Alder and Strassen, over every field: an associative algebra of dimension n with
//! a unit and t maximal two-sided ideals has CP rank at least 2 n - t. It is a systematic use of
//! the substitution method. The matrices of size k have n = k^2 and t = 1; F[x] / x^n has t = 1 and
//! needs 2 n - 1 terms, the W state is its case n = 2.
//!
//! A tensor is recognised up to a choice of bases: if some u and v make both b(u, .) and b(., v)
//! invertible, the product b(R^{-1} x, L^{-1} y) has the unit b(u, v); and if b is the multiplication
//! of an associative algebra in other bases, this product is that of an isomorphic algebra (Albert:
//! an isotope with a unit of an associative algebra with a unit is isomorphic to it). Whether it is
//! associative is computed for all pairs of basis elements. The choice of u and v is random; that
//! it succeeds is not proved, but what it finds is.
//!
//! 1. A. Alder and V. Strassen, "On the algorithmic complexity of associative algebras",
//!    Theoretical Computer Science 15 (1981).
//! 2. A. A. Albert, "Non-associative algebras I", Annals of Mathematics 43 (1942).
//! 3. L. E. Dickson, "Algebras and their Arithmetics" (1923): the radical is the kernel of the form
//!    trace(x y), in a characteristic above the dimension.

use super::{Certificate, LowerEnd};
use crate::matrix::{Matrix, RankRevealing};
use crate::scalar::{Fp, Scalar, Stream};
use crate::tensor::Mode;

/// Dimension of the largest algebra that is looked for: the check takes n^5 products.
const LARGEST: usize = 16;

/// 2 n - t, if the tensor is a multiplication whose products lie along `mode`.
pub(super) fn bound(mode: Mode, slices: &[&Matrix<Fp>]) -> Option<LowerEnd> {
    let n = slices.len();
    let cube = slices.iter().all(|slice| (slice.rows(), slice.cols()) == (n, n));
    if n == 0 || n > LARGEST || !cube {
        return None;
    }
    let ideals = Algebra::recognised(slices)?.maximal_ideals();
    Some(LowerEnd {
        bound: 2 * n - ideals,
        certificate: Certificate::Algebra { product: mode, dimension: n, ideals },
    })
}

/// An associative algebra with a unit.
struct Algebra {
    /// For each basis element the matrix of the multiplication by it from the left, (n, n).
    left: Vec<Matrix<Fp>>,
}

impl Algebra {
    /// `products[k]` holds the coordinates k of the products of all pairs, (n, n).
    fn recognised(products: &[&Matrix<Fp>]) -> Option<Self> {
        let n = products.len();
        let mut stream = Stream::new("algebra", n as u64, 0);
        let (u, v) = (Matrix::random(n, 1, &mut stream), Matrix::random(n, 1, &mut stream));
        let by_row = |rows: &dyn Fn(&Matrix<Fp>) -> Matrix<Fp>| {
            let rows: Vec<_> = products.iter().map(|slice| rows(slice)).collect();
            Matrix::beside(n, &rows).transposed()
        };
        // b(., v) and b(u, .)
        let right = by_row(&|slice| slice.times(&v)).inverse()?;
        let left = by_row(&|slice| Matrix::product(slice.t(), u.view())).inverse()?;
        let slices: Vec<_> = products
            .iter()
            .map(|slice| Matrix::product(right.t(), slice.times(&left).view()))
            .collect();
        let by_left = (0..n).map(|x| Matrix::from_fn(n, n, |k, y| slices[k][(x, y)])).collect();
        Some(Algebra { left: by_left }).filter(Algebra::is_associative)
    }

    /// (x y) z = x (y z) for all basis elements: the left multiplication by x y is the product of
    /// those by x and by y.
    fn is_associative(&self) -> bool {
        self.left.iter().all(|x| {
            self.left
                .iter()
                .enumerate()
                .all(|(y, by_y)| self.multiplication(x.column(y)) == x.times(by_y))
        })
    }

    /// The matrix of the multiplication by an element from the left.
    fn multiplication(&self, element: &[Fp]) -> Matrix<Fp> {
        let mut sum = Matrix::zeros(self.left.len(), self.left.len());
        for (&coordinate, matrix) in element.iter().zip(&self.left) {
            sum.add_scaled(coordinate, matrix);
        }
        sum
    }

    /// The number t of maximal two-sided ideals over the algebraic closure: of the simple algebras
    /// of which A / rad A consists, the dimension of its centre, and of A / (rad A + [A, A]).
    /// Over the field itself there may be fewer, which would only raise the bound.
    fn maximal_ideals(&self) -> usize {
        let n = self.left.len();
        let trace = |element: &[Fp]| {
            let matrix = self.multiplication(element);
            (0..n).fold(Fp::ZERO, |sum, i| sum + matrix[(i, i)])
        };
        // trace(x y) is zero for all y exactly on the radical.
        let form = Matrix::from_fn(n, n, |x, y| trace(self.left[x].column(y)));
        let commutators = Matrix::from_fn(n, n * n, |k, pair| {
            let (x, y) = (pair % n, pair / n);
            self.left[x][(k, y)] - self.left[y][(k, x)]
        });
        let rank = |matrix: &Matrix<Fp>| Fp::rank(matrix, 0.0).bounds.lower;
        rank(&form) - rank(&form.times(&commutators))
    }
}
