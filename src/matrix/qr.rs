//! Thin QR factorizations: faer's for f64 and f32, Gram-Schmidt done twice for double-double.

use super::Matrix;
use crate::scalar::{DoubleDouble, Real};

/// A real type with a thin QR factorization.
pub trait ThinQr: Real {
    /// `matrix = Q R` with Q (m, r) orthonormal, R (r, n), r = min(m, n).
    fn thin_qr(matrix: &Matrix<Self>) -> (Matrix<Self>, Matrix<Self>);
}

macro_rules! qr_by_faer {
    ($float:ty) => {
        impl ThinQr for $float {
            fn thin_qr(matrix: &Matrix<Self>) -> (Matrix<Self>, Matrix<Self>) {
                let qr = crate::scalar::to_faer(matrix.view()).qr();
                let (q, r) = (qr.compute_thin_Q(), qr.thin_R());
                (
                    Matrix::from_fn(q.nrows(), q.ncols(), |i, j| q[(i, j)]),
                    Matrix::from_fn(r.nrows(), r.ncols(), |i, j| r[(i, j)]),
                )
            }
        }
    };
}

qr_by_faer!(f64);
qr_by_faer!(f32);

impl ThinQr for DoubleDouble {
    fn thin_qr(matrix: &Matrix<Self>) -> (Matrix<Self>, Matrix<Self>) {
        gram_schmidt(matrix)
    }
}

/// What is left of a column that depends on the ones before it, in units of rounding. Normalising
/// such a rest would make a direction out of noise that is not orthogonal to the others.
const DEPENDENT: f64 = 100.0;

/// Classical Gram-Schmidt, each column projected twice (Giraud, Langou, Rozloznik 2005). A column
/// that is dependent to rounding gets a zero column of Q.
fn gram_schmidt<S: Real>(matrix: &Matrix<S>) -> (Matrix<S>, Matrix<S>) {
    let width = matrix.rows().min(matrix.cols());
    let mut q = Matrix::zeros(matrix.rows(), width);
    for j in 0..width {
        let mut column = Matrix::from_columns(matrix.rows(), 1, matrix.column(j).to_vec());
        let before = column.norm();
        for _ in 0..2 {
            let coordinates = Matrix::product(q.t(), column.view());
            column.add_scaled(-S::ONE, &q.times(&coordinates));
        }
        let norm = column.inner_product(&column).sqrt();
        if norm.to_f64() > DEPENDENT * S::EPSILON * before {
            let inverse = norm.inverse().expect("a norm above zero");
            column.scale(inverse);
            q.column_mut(j).copy_from_slice(column.data());
        }
    }
    let r = Matrix::product(q.t(), matrix.view());
    (q, r)
}
