//! Tensors with one dimension of two: pencils of matrices.
//!
//! Two (m, n) matrices, concise in both, form a pencil x E - F. Its Kronecker form consists of
//! blocks L and L^T, and a regular part. Over an algebraically closed field
//!
//! ```text
//! CP rank = m + n - (rank of the pencil) + max over eigenvalues of (Jordan blocks of two rows or more),
//! ```
//!
//! since a block L_e of shape (e, e + 1) needs e + 1 terms, as many as rows and columns less rank.
//! Over a smaller field it is at least that.
//!
//! All of it comes from ranks: that of the pencil from more values of x than it has degree, and the
//! number of Jordan blocks at the roots of a polynomial from the pencil at its companion matrix,
//! without leaving the field. A repeated root of the polynomial of a generic vector is where they
//! are looked for; roots of equal multiplicity are counted together, by their mean. So the defect is
//! exact where no two eigenvalues share a multiplicity of two or more, and a lower bound else.
//!
//! 1. D. Yu. Grigoriev, "Multiplicative complexity of a pair of bilinear forms and of the polynomial
//!    multiplication", MFCS 1978.
//! 2. J. Ja'Ja', "Optimal evaluation of pairs of bilinear forms", SIAM J. Comput. 8 (1979).
//! 3. P. Bürgisser, M. Clausen, M. A. Shokrollahi, "Algebraic Complexity Theory", Theorem 19.4.

use super::polynomial::Polynomial;
use super::{Certificate, LowerEnd};
use crate::matrix::{Matrix, RankRevealing};
use crate::scalar::{Fp, Scalar, Stream};
use crate::tensor::{Mode, Tensor};

/// Rows or columns of the largest matrix that is eliminated.
const LARGEST: usize = 512;

/// The CP rank of a tensor with two slices along `mode`, which is concise; `None` of others.
pub(super) fn bound(mode: Mode, slices: &[&Matrix<Fp>]) -> Option<LowerEnd> {
    let [first, second] = slices else { return None };
    let shape @ (rows, cols) = (first.rows(), first.cols());
    if rows.max(cols) > LARGEST {
        return None;
    }
    let (rank, pencil) = Pencil::regular_at_infinity(first, second);
    let defect = pencil.defect(rank);
    Some(LowerEnd {
        bound: rows + cols - rank + defect,
        certificate: Certificate::Pencil { mode, shape, rank, defect },
    })
}

/// The CP rank over the algebraic closure of the tensor with these two slices. `None` where two
/// eigenvalues share a multiplicity of two or more, or a matrix would be too large.
pub(in crate::tensor) fn closed_rank(first: &Matrix<Fp>, second: &Matrix<Fp>) -> Option<usize> {
    let core = Tensor::concise(&[first.clone(), second.clone()]);
    let (rows, cols) = (core.left.cols(), core.right.cols());
    if rows.max(cols) > LARGEST {
        return None;
    }
    let (rank, pencil) = Pencil::regular_at_infinity(&core.slices[0], &core.slices[1]);
    if rank == 0 {
        return Some(0);
    }
    let repeated = pencil.polynomial(rank)?.repeated_roots();
    let is_known = repeated.iter().all(|roots| roots.degree() == 1);
    is_known.then(|| rows + cols - rank + pencil.defect(rank))
}

/// The dependency of least degree among a random vector and its images under a map, whose roots are
/// eigenvalues of it: all of them, but for bad luck.
pub(in crate::tensor) fn minimal_polynomial(
    map: &Matrix<Fp>,
    stream: &mut Stream,
) -> Option<Polynomial> {
    let size = map.rows();
    let mut powers = vec![Matrix::random(size, 1, stream)];
    for j in 0..size {
        powers.push(map.times(&powers[j]));
    }
    let kernel = Matrix::beside(size, &powers).kernel();
    // The first vector of the kernel is the dependency of least degree.
    (kernel.cols() > 0).then(|| Polynomial::new(kernel.column(0).to_vec()))
}

/// x E - F.
struct Pencil {
    e: Matrix<Fp>,
    f: Matrix<Fp>,
}

impl Pencil {
    /// The rank of the pencil, and the pencil with E = first + x second of that rank, F = second:
    /// it has no infinite eigenvalue.
    fn regular_at_infinity(first: &Matrix<Fp>, second: &Matrix<Fp>) -> (usize, Self) {
        let full = first.rows().min(first.cols());
        let mut best = (0, first.clone());
        // A minor has degree `full` at most: if it is zero for more values than that, it is zero.
        for x in 0..=full as i64 {
            let mut sum = first.clone();
            sum.add_scaled(Fp::from_integer(x), second);
            let rank = rank(&sum);
            if x == 0 || rank > best.0 {
                best = (rank, sum);
            }
            if rank == full {
                break;
            }
        }
        (best.0, Pencil { e: best.1, f: second.clone() })
    }

    /// The largest number of Jordan blocks of two rows or more at one eigenvalue, or less.
    fn defect(&self, rank: usize) -> usize {
        let candidates = self.polynomial(rank).map_or(Vec::new(), |p| p.repeated_roots());
        candidates.iter().map(|roots| self.blocks_at(roots, rank)).max().unwrap_or(0)
    }

    /// The minimal polynomial of a random vector under E^{-1} F, after both have been squeezed to
    /// the rank of the pencil: Jordan blocks of two rows or more are repeated roots of it.
    fn polynomial(&self, rank: usize) -> Option<Polynomial> {
        let mut stream = Stream::new("pencil", self.e.rows() as u64, self.e.cols() as u64);
        let left = Matrix::<Fp>::random(rank, self.e.rows(), &mut stream);
        let right = Matrix::random(self.e.cols(), rank, &mut stream);
        let squeezed = |matrix: &Matrix<Fp>| left.times(matrix).times(&right);
        let map = squeezed(&self.e).inverse()?.times(&squeezed(&self.f));
        minimal_polynomial(&map, &mut stream)
    }

    /// The mean number of Jordan blocks of two rows or more at the roots of a polynomial without
    /// repeated ones, rounded up: not more than their largest number.
    fn blocks_at(&self, roots: &Polynomial, rank: usize) -> usize {
        let degree = roots.degree();
        let (rows, cols) = (self.e.rows() * degree, self.e.cols() * degree);
        if 2 * rows.max(cols) > LARGEST {
            return 0;
        }
        let identity = Matrix::scaled_identity(degree, Fp::ONE);
        let slope = kronecker(&self.e, &identity);
        let value = kronecker(&self.e, &companion(roots)).minus(&kronecker(&self.f, &identity));
        // Of the pencil to first order at its roots: a Jordan block has one vector in the kernel of
        // the value, and two in that of value and slope if it has two rows or more. A block L has
        // one and two.
        let both = Matrix::from_fn(2 * rows, 2 * cols, |i, j| match (i < rows, j < cols) {
            (true, true) => value[(i, j)],
            (true, false) => Fp::ZERO,
            (false, true) => slope[(i - rows, j)],
            (false, false) => value[(i - rows, j - cols)],
        });
        let kernels = [cols - self::rank(&value), 2 * cols - self::rank(&both)];
        let singular = (self.e.cols() - rank) * degree;
        (kernels[1] - kernels[0] - singular).div_ceil(degree)
    }
}

fn rank(matrix: &Matrix<Fp>) -> usize {
    Fp::rank(matrix, 0.0).bounds.lower
}

/// The matrix that has a polynomial as its characteristic one.
fn companion(polynomial: &Polynomial) -> Matrix<Fp> {
    let degree = polynomial.degree();
    let lead = polynomial.coefficient(degree).inverse().expect("the leading one is not zero");
    Matrix::from_fn(degree, degree, |i, j| {
        if j + 1 == degree {
            -polynomial.coefficient(i) * lead
        } else {
            Fp::from_integer(i64::from(i == j + 1))
        }
    })
}

fn kronecker(a: &Matrix<Fp>, b: &Matrix<Fp>) -> Matrix<Fp> {
    let (rows, cols) = (b.rows(), b.cols());
    Matrix::from_fn(a.rows() * rows, a.cols() * cols, |i, j| {
        a[(i / rows, j / cols)] * b[(i % rows, j % cols)]
    })
}
