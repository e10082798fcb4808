//! Products and decompositions of dense f64 and f32 matrices, by faer, on one thread.
//!
//! faer is generic: it compiles into the crate that names a number type. This is that crate, and the
//! only one. It is compiled as one codegen unit, as faer's small functions must be inlined into their
//! callers: in several units singular values take up to twice as long, unless link-time optimisation
//! joins them again, and that took a fifth of the time of a first build of `rankproof`.

use faer::linalg::solvers::{Llt, Solve};
use faer::linalg::triangular_solve::solve_upper_triangular_in_place;
use faer::{Accum, Par, Side};

pub use faer::{Mat, MatMut, MatRef, c64};

/// A number type whose matrices are multiplied and decomposed.
pub trait Dense: Sized {
    /// `out = left right`, or that added to `out`.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit.
    fn multiply(
        out: MatMut<'_, Self>,
        accumulate: bool,
        left: MatRef<'_, Self>,
        right: MatRef<'_, Self>,
    );

    /// `matrix = Q R` with Q (m, r) orthonormal, R (r, n), r = min(m, n).
    fn qr(matrix: MatRef<'_, Self>) -> (Mat<Self>, Mat<Self>);

    /// R alone.
    fn qr_triangle(matrix: MatRef<'_, Self>) -> Mat<Self>;

    /// Singular values, descending. None if the iteration does not converge.
    fn svd_values(matrix: MatRef<'_, Self>) -> Option<Vec<Self>>;

    /// Left vectors (m, r), values, descending, and right vectors (n, r). None if the iteration does
    /// not converge.
    fn svd(matrix: MatRef<'_, Self>) -> Option<(Mat<Self>, Vec<Self>, Mat<Self>)>;

    /// `upper^-1 right`, of a triangle (n, n) of which the upper half is read.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit.
    fn solve_upper(upper: MatRef<'_, Self>, right: MatRef<'_, Self>) -> Mat<Self>;
}

macro_rules! dense {
    ($float:ty) => {
        impl Dense for $float {
            fn multiply(
                out: MatMut<'_, Self>,
                accumulate: bool,
                left: MatRef<'_, Self>,
                right: MatRef<'_, Self>,
            ) {
                let mode = if accumulate { Accum::Add } else { Accum::Replace };
                faer::linalg::matmul::matmul(out, mode, left, right, 1.0, Par::Seq);
            }

            fn qr(matrix: MatRef<'_, Self>) -> (Mat<Self>, Mat<Self>) {
                let qr = MatRef::qr(&matrix);
                (qr.compute_thin_Q(), qr.thin_R().to_owned())
            }

            fn qr_triangle(matrix: MatRef<'_, Self>) -> Mat<Self> {
                MatRef::qr(&matrix).thin_R().to_owned()
            }

            fn svd_values(matrix: MatRef<'_, Self>) -> Option<Vec<Self>> {
                matrix.singular_values().ok()
            }

            fn svd(matrix: MatRef<'_, Self>) -> Option<(Mat<Self>, Vec<Self>, Mat<Self>)> {
                let svd = matrix.thin_svd().ok()?;
                let values = svd.S().column_vector().iter().copied().collect();
                Some((svd.U().to_owned(), values, svd.V().to_owned()))
            }

            fn solve_upper(upper: MatRef<'_, Self>, right: MatRef<'_, Self>) -> Mat<Self> {
                let mut solution = right.to_owned();
                solve_upper_triangular_in_place(upper, solution.as_mut(), Par::Seq);
                solution
            }
        }
    };
}

dense!(f64);
dense!(f32);

/// A symmetric positive definite matrix as L L^T, to solve many equations with.
pub struct Cholesky(Llt<f64>);

impl Cholesky {
    /// The decomposition of a square matrix of which the lower half is read; `None` if it is not
    /// positive definite, to rounding.
    ///
    /// # Panics
    ///
    /// If the matrix is not square.
    pub fn new(matrix: MatRef<'_, f64>) -> Option<Self> {
        matrix.llt(Side::Lower).ok().map(Cholesky)
    }

    /// L, in the lower half.
    pub fn lower(&self) -> MatRef<'_, f64> {
        self.0.L()
    }

    /// The solution x of `matrix x = right`.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit.
    pub fn solve(&self, right: MatRef<'_, f64>) -> Mat<f64> {
        self.0.solve(right)
    }
}

/// Eigenvalues, ascending, and orthonormal eigenvectors of a symmetric matrix of which the lower half
/// is read. `None` if the iteration does not converge.
///
/// # Panics
///
/// If the matrix is not square.
pub fn symmetric_eigen(matrix: MatRef<'_, f64>) -> Option<(Vec<f64>, Mat<f64>)> {
    let eigen = matrix.self_adjoint_eigen(Side::Lower).ok()?;
    let values = eigen.S().column_vector().iter().copied().collect();
    Some((values, eigen.U().to_owned()))
}

/// The eigenvalues alone, ascending.
///
/// # Panics
///
/// If the matrix is not square.
pub fn symmetric_eigenvalues(matrix: MatRef<'_, f64>) -> Option<Vec<f64>> {
    matrix.self_adjoint_eigenvalues(Side::Lower).ok()
}

/// The eigenvalues of a square matrix, in no order. `None` if the iteration does not converge.
///
/// # Panics
///
/// If the matrix is not square.
pub fn eigenvalues(matrix: MatRef<'_, f64>) -> Option<Vec<c64>> {
    matrix.eigenvalues().ok()
}

/// The eigenvectors of a square matrix, (n, n): for a pair of complex ones, which are conjugate, their
/// real and imaginary parts. `None` if the iteration does not converge.
///
/// # Panics
///
/// If the matrix is not square.
pub fn eigenvectors(matrix: MatRef<'_, f64>) -> Option<Mat<f64>> {
    let eigen = matrix.eigen().ok()?;
    let (values, vectors) = (eigen.S().column_vector(), eigen.U());
    // Of a pair, the one below the axis gives the imaginary part.
    let part = |i, j| if values[j].im < 0.0 { vectors[(i, j)].im } else { vectors[(i, j)].re };
    Some(Mat::from_fn(matrix.nrows(), matrix.nrows(), part))
}
