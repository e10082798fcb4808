use rankproof::matrix::Matrix;
use rankproof::network::Activation;
use rankproof::scalar::{Fp, Scalar};
use rankproof::training::UpdateRule;

use crate::explicit::{Explicit, integers, parabola};

/// Four orthonormal columns of five entries: a rotation by thirds, and (3, 4) / 5.
fn embedding() -> Matrix<Fp> {
    let rows: [[i64; 4]; 5] =
        [[5, 10, 10, 0], [10, 5, -10, 0], [10, -10, 5, 0], [0, 0, 0, 9], [0, 0, 0, 12]];
    Matrix::from_fn(5, 4, |i, j| Fp::ratio(rows[i][j], 15))
}

/// One input and one output, four neurons and five, of one Gram matrix.
fn two_widths() -> [Explicit<Fp>; 2] {
    let [narrow, mut wide] = [4, 5].map(|neurons| Explicit::new(neurons, 1, 1));
    let start = narrow.network.parts();
    wide.put("B", embedding().times(start.b));
    wide.put("C", embedding().times(&start.c.transposed()).transposed());
    let widths = [narrow, wide];
    assert_eq!(differing(&widths), [false; 4]);
    widths
}

/// Whether the losses differ after 0, 1, 2 and 3 learning steps.
fn differing(widths: &[Explicit<Fp>; 2]) -> [bool; 4] {
    let [narrow, wide] = widths.each_ref().map(|explicit| explicit.train(3).losses);
    std::array::from_fn(|k| narrow[k] != wide[k])
}

#[test]
fn the_network_must_be_linear() {
    let bent = two_widths().map(|width| width.bent(parabola(), Activation::Identity));
    assert_eq!(differing(&bent), [true; 4]);
}

/// Random weights are in no multiple of the identity and no few columns.
#[test]
fn the_start_must_be_of_the_form() {
    let [narrow, wide] = two_widths();
    let full = [narrow.starting_at(integers(4, 4, 5)), wide.starting_at(integers(5, 5, 5))];
    assert_eq!(differing(&full), [true; 4]);
}

#[test]
fn the_gram_matrix_must_be_the_same() {
    let mut widths = two_widths();
    widths[1].put("B", integers(5, 1, 1));
    assert_eq!(differing(&widths), [true; 4]);
}

/// A rule that acts entry by entry sees in how many neurons a step is.
#[test]
fn the_optimizer_must_be_gd_like() {
    let entrywise = two_widths().map(|width| width.along(UpdateRule::cube()));
    assert_eq!(differing(&entrywise), [false, true, true, true]);
}
