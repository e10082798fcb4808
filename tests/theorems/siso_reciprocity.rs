use rankproof::matrix::{Matrix, RankRevealing};
use rankproof::scalar::{Fp, Scalar, Stream};
use rankproof::theorem::siso_reciprocity::{THEOREM, reflection};
use rankproof::theorem::{Arithmetic, Case, CaseId, InitialWeights};

use crate::harness::{attained_at, catches_its_controls, first_observation, holds};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

#[test]
fn is_attained_with_each_start() {
    for start in [InitialWeights::Zero, InitialWeights::ScaledIdentity] {
        let report = attained_at(&THEOREM, 3, |setting| {
            setting.initial_weights = start;
            (setting.dimensions.steps, setting.dimensions.trials) = (5, 3);
            setting.learning_steps = 4;
        });
        assert_eq!(first_observation(&report), (3, 3), "{report}");
    }
}

/// Exchanged twice, b is back where it was up to its length.
#[test]
fn the_reflection_exchanges_input_and_output() {
    let mut stream = Stream::new("reflection", 0, 0);
    let (b, c) = (Matrix::<Fp>::random(6, 1, &mut stream), Matrix::random(6, 1, &mut stream));
    let reflection = reflection(&b, &c).expect("independent");
    let scaled = |matrix: &Matrix<Fp>, scale| {
        let mut matrix = matrix.clone();
        matrix.scale(scale);
        matrix
    };
    let (bb, cc) = (b.inner_product(&b), c.inner_product(&c));
    assert_eq!(reflection.times(&b), scaled(&c, bb));
    assert_eq!(reflection.times(&c), scaled(&b, cc));
    assert_eq!(reflection.times(&reflection.times(&b)), scaled(&b, bb * cc));
}

/// From the trajectory alone: among the maps M of span(b, c), in coordinates of b and c, those for
/// which M D_k is symmetric for all k are the multiples of one, and that one is R.
#[test]
fn the_reflection_is_recovered_from_the_trajectory() {
    let id = CaseId { arithmetic: Arithmetic::Exact, seed: 0, number: 0 };
    let mut setting = THEOREM.run(id, None).setting;
    (setting.dimensions.steps, setting.dimensions.trials) = (5, 3);
    setting.learning_steps = 5;
    let case = Case::<Fp>::draw(&setting, Stream::new("recovered", 0, 0), None).expect("a case");
    let trajectory = case.train().expect("a field has no overflow");
    let start = case.instance.network.parts();
    let (b, c) = (start.b, start.c.transposed());
    // D = [b c] X [b c]^T, and M X is symmetric if m00 x01 + m01 x11 = m10 x00 + m11 x10.
    let dual = dual_basis(b, &c);
    let equations: Vec<_> = (1..=5)
        .map(|k| {
            let x = Matrix::product(dual.t(), trajectory.increment(k).times(&dual).view());
            Matrix::from_rows(&[[x[(0, 1)], x[(1, 1)], -x[(0, 0)], -x[(1, 0)]]]).transposed()
        })
        .collect();
    let equations = Matrix::beside(4, &equations).transposed();
    assert_eq!(Fp::rank(&equations, 0.0).known(), Some(3), "one solution up to a factor");
    // R b = (b.b) c and R c = (c.c) b: m00 = m11 = 0, m10 = b.b, m01 = c.c.
    let expected = [Fp::ZERO, c.inner_product(&c), b.inner_product(b), Fp::ZERO];
    let solution = Matrix::from_columns(4, 1, expected.to_vec());
    assert!(equations.times(&solution).data().iter().all(|&entry| entry == Fp::ZERO));
}

/// The (N, 2) matrix F (F^T F)^{-1}, where F = [b c].
fn dual_basis(b: &Matrix<Fp>, c: &Matrix<Fp>) -> Matrix<Fp> {
    let (bb, bc, cc) = (b.inner_product(b), b.inner_product(c), c.inner_product(c));
    let inverse = (bb * cc - bc * bc).inverse().expect("independent");
    let gram = Matrix::from_rows(&[[cc * inverse, -bc * inverse], [-bc * inverse, bb * inverse]]);
    Matrix::beside(b.rows(), [b, c]).times(&gram)
}
