use rankproof::bounds::Bounds;
use rankproof::matrix::Matrix;
use rankproof::scalar::{Fp, Scalar};
use rankproof::tensor::Tensor;

/// D_k = e_k s^T: the rows lie in a space of dimension d = 1, the columns in none, and the CP rank
/// is d K = 3 in the place of d min(d, K) = 1.
#[test]
fn rows_alone_are_not_enough() {
    let slices = [0, 1, 2].map(|k| {
        Matrix::from_fn(3, 3, |i, j| Fp::from_integer(if i == k { j as i64 + 1 } else { 0 }))
    });
    let bracket = Tensor::from_slices(3, 3, &slices).reduced().cp_bracket(0.0).expect("exact");
    assert_eq!(bracket.bounds(), Bounds::exactly(3));
}
