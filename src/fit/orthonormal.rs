//! A matrix with orthonormal columns (rows if it is wide) as a smooth function of any matrix: the Q
//! of its QR factorization with a positive diagonal of R.

use super::FitFloat;
use crate::matrix::Matrix;
use crate::scalar::to_faer;

/// The orthonormal factor, of the shape of `matrix`.
pub fn orthonormal_factor<S: FitFloat>(matrix: &Matrix<S>) -> Matrix<S> {
    if matrix.rows() < matrix.cols() {
        return orthonormal_factor(&matrix.transposed()).transposed();
    }
    factor(matrix).0
}

/// The orthonormal factor, and the gradient by `matrix`, given that by the factor.
///
/// With `M = -dQ^T Q` it is `(dQ + Q copyltu(M)) R^-T`, where copyltu mirrors the lower triangle
/// onto the upper (Walter and Lehmann, "Algorithmic differentiation of linear algebra functions",
/// 2018).
pub fn pull_back<S: FitFloat>(matrix: &Matrix<S>, gradient: &Matrix<S>) -> (Matrix<S>, Matrix<S>) {
    if matrix.rows() < matrix.cols() {
        let (q, back) = pull_back(&matrix.transposed(), &gradient.transposed());
        return (q.transposed(), back.transposed());
    }
    let (q, r) = factor(matrix);
    let m = Matrix::product(gradient.t(), q.view());
    let mirrored = Matrix::from_fn(m.rows(), m.cols(), |i, j| -m[(i.max(j), i.min(j))]);
    let mut inner = q.times(&mirrored);
    inner.add_scaled(S::ONE, gradient);
    let solution = S::solve_upper(to_faer(r.view()), to_faer(inner.t()));
    (q, Matrix::from_faer(solution.transpose()))
}

/// Q and R of a tall matrix, the diagonal of R positive.
fn factor<S: FitFloat>(matrix: &Matrix<S>) -> (Matrix<S>, Matrix<S>) {
    let (mut q, mut r) = S::thin_qr(matrix);
    for j in 0..r.rows() {
        if r[(j, j)] < S::ZERO {
            q.column_mut(j).iter_mut().for_each(|x| *x = -*x);
            (0..r.cols()).for_each(|k| r[(j, k)] = -r[(j, k)]);
        }
    }
    (q, r)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Stream;

    #[test]
    fn the_factor_is_orthonormal_whichever_side_is_longer() {
        let mut stream = Stream::new("orthonormal", 0, 0);
        for (rows, cols) in [(7, 3), (3, 7), (4, 4)] {
            let matrix = Matrix::from_fn(rows, cols, |_, _| stream.normal());
            let q = orthonormal_factor::<f64>(&matrix);
            let gram =
                if rows < cols { q.times(&q.transposed()) } else { q.transposed().times(&q) };
            let identity = Matrix::scaled_identity(rows.min(cols), 1.0);
            assert!(gram.minus(&identity).norm() < 1e-14);
            // It is that of the matrix: the identity is orthonormal too.
            let r = if rows < cols {
                q.times(&matrix.transposed())
            } else {
                q.transposed().times(&matrix)
            };
            let below = (0..r.rows()).flat_map(|i| (0..i.min(r.cols())).map(move |j| (i, j)));
            assert!(below.map(|place| r[place].abs()).fold(0.0, f64::max) < 1e-13);
        }
    }

    #[test]
    fn the_gradient_agrees_with_differences() {
        let mut stream = Stream::new("orthonormal gradient", 0, 0);
        for (rows, cols) in [(6, 3), (3, 6), (4, 4)] {
            let mut draw = || Matrix::from_fn(rows, cols, |_, _| stream.normal());
            let (mut matrix, weights, direction): (Matrix<f64>, _, _) = (draw(), draw(), draw());
            // Away from singular matrices, where the factor is not smooth.
            (0..rows.min(cols)).for_each(|i| matrix[(i, i)] += 4.0);
            let value = |step: f64| {
                let mut moved = matrix.clone();
                moved.add_scaled(step, &direction);
                orthonormal_factor(&moved).inner_product(&weights)
            };
            let h = 1e-3;
            let difference =
                (8.0 * (value(h) - value(-h)) - (value(2.0 * h) - value(-2.0 * h))) / (12.0 * h);
            let exact = pull_back(&matrix, &weights).1.inner_product(&direction);
            assert!((difference - exact).abs() < 1e-8 * exact.abs().max(1.0), "{rows} {cols}");
        }
    }
}
