//! Lower ends of tensors whose rank is known: reached, never exceeded, and not claimed of others.

use proptest::prelude::*;

use super::*;
use crate::scalar::{DoubleDouble, Fp, Scalar, Stream};
use crate::tensor::{Decomposition, Tensor};

/// The tensor with the entries 1 at some places (i, j, k), and 0 else.
fn of_units<S: Scalar>(shape: [usize; 3], units: &[[usize; 3]]) -> Tensor<S> {
    let [rows, cols, depth] = shape;
    let entry = |i, j, k| S::from_integer(i64::from(units.contains(&[i, j, k])));
    let slices: Vec<_> =
        (0..depth).map(|k| Matrix::from_fn(rows, cols, |i, j| entry(i, j, k))).collect();
    Tensor::from_slices(rows, cols, &slices)
}

/// The W state, the multiplication of F[x] / x^2.
fn w_state<S: Scalar>() -> Tensor<S> {
    of_units([2, 2, 2], &[[0, 0, 0], [0, 1, 1], [1, 0, 1]])
}

/// The multiplication of n x n matrices.
fn matrix_product<S: Scalar>(n: usize) -> Tensor<S> {
    let triples = (0..n).flat_map(|i| (0..n).flat_map(move |j| (0..n).map(move |k| (i, j, k))));
    let units = triples.map(|(i, j, k)| [i * n + j, j * n + k, i * n + k]);
    of_units([n * n; 3], &units.collect::<Vec<_>>())
}

/// The multiplication of polynomials modulo x^n.
fn truncated_polynomials<S: Scalar>(n: usize) -> Tensor<S> {
    let pairs = (0..n).flat_map(|i| (0..n - i).map(move |j| [i, j, i + j]));
    of_units([n; 3], &pairs.collect::<Vec<_>>())
}

/// A sum of R terms with random entries, of the given kind.
fn sum_of_terms<S: RankRevealing>(
    shape: [usize; 3],
    terms: usize,
    mut entry: impl FnMut() -> S,
) -> Tensor<S> {
    let mut factor = |rows| Matrix::from_fn(rows, terms, |_, _| entry());
    let [a, b, c] = shape.map(&mut factor);
    let sum = Decomposition { a, b, c };
    let slices: Vec<_> = (0..shape[2]).map(|k| sum.slice(k)).collect();
    Tensor::from_slices(shape[0], shape[1], &slices)
}

/// The same tensor in random bases, in spaces one dimension larger.
fn hidden<S: RankRevealing>(tensor: &Tensor<S>, seed: u64) -> Tensor<S> {
    let (rows, cols, depth) = tensor.shape();
    let mut stream = Stream::new("hidden", seed, 0);
    let left = Matrix::<S>::random(rows + 1, rows, &mut stream);
    let right = Matrix::<S>::random(cols + 1, cols, &mut stream);
    let steps = Matrix::<S>::random(depth + 1, depth, &mut stream);
    let slices = (0..=depth).map(|k| {
        let mut sum = Matrix::zeros(rows, cols);
        for j in 0..depth {
            sum.add_scaled(steps[(k, j)], &tensor.slice(j));
        }
        Matrix::product(left.times(&sum).view(), right.t())
    });
    Tensor::from_slices(rows + 1, cols + 1, &slices.collect::<Vec<_>>())
}

/// The best lower end, in the given bases and in others.
fn best<S: RankRevealing>(tensor: &Tensor<S>) -> LowerEnd {
    let found = tensor.reduced().best_lower_end(0.0, usize::MAX);
    for seed in 0..2 {
        let again = hidden(tensor, seed).reduced().best_lower_end(0.0, usize::MAX);
        assert_eq!(again.bound, found.bound, "{again:?}");
    }
    found
}

/// A block L of 168 rows and a Jordan block of two: 169 terms and three. It is larger than what
/// flattenings are made of, and just not too large for pencils.
#[test]
fn a_long_pencil_has_one_term_more_than_its_unfoldings_show() {
    let long = (0..168).flat_map(|i| [[i, i, 0], [i, i + 1, 1]]);
    let jordan = [[168, 169, 0], [169, 170, 0], [168, 170, 1]];
    let tensor = of_units::<Fp>([170, 171, 2], &long.chain(jordan).collect::<Vec<_>>());
    let reduced = tensor.reduced();
    assert_eq!(reduced.lower_end(0.0).bound, 171);
    assert_eq!(reduced.best_lower_end(0.0, 172).bound, 172);
}

#[test]
fn the_w_state_has_rank_three() {
    let found = best(&w_state::<Fp>());
    assert_eq!(found.bound, 3);
    assert!(!found.certificate.bounds_border_rank());
    let algebra = algebra_bound(&w_state());
    assert_eq!(algebra.map(|found| found.bound), Some(3));
}

/// Its border rank is two, so nothing that stands against noise can show three.
#[test]
fn in_floating_point_the_w_state_has_no_more_than_its_border_rank() {
    assert_eq!(best(&w_state::<f64>()).bound, 2);
    assert_eq!(best(&w_state::<DoubleDouble>()).bound, 2);
}

#[test]
fn the_product_of_two_by_two_matrices_has_rank_seven() {
    let found = best(&matrix_product::<Fp>(2));
    assert_eq!(found.bound, 7);
    let certificate = Certificate::Algebra { product: Mode::Row, dimension: 4, ideals: 1 };
    assert_eq!(found.certificate, certificate);
    // The Koszul flattening of full rank shows six: more it cannot.
    let floating = best(&matrix_product::<f64>(2));
    assert_eq!(floating.bound, 6);
    let Certificate::Koszul { shape: (12, 12), rank: 12, per_term: 2, .. } = floating.certificate
    else {
        panic!("{}", floating.certificate)
    };
}

/// 2 n^2 - n by Landsberg and Ottaviani, 2 n^2 - 1 by Alder and Strassen.
#[test]
fn the_product_of_three_by_three_matrices_has_border_rank_15_and_rank_17_at_least() {
    let tensor = matrix_product::<Fp>(3).reduced();
    let mut border = tensor.lower_end(0.0);
    koszul::raise(&mut border, Mode::Row, &tensor.along(Mode::Row), 0.0, usize::MAX);
    assert_eq!(border.bound, 15);
    assert_eq!(tensor.best_lower_end(0.0, usize::MAX).bound, 17);
}

fn algebra_bound(tensor: &Tensor<Fp>) -> Option<LowerEnd> {
    let slices = tensor.reduced().along(Mode::Step);
    algebra::bound(Mode::Step, &slices.iter().collect::<Vec<_>>())
}

#[test]
fn algebras_have_the_rank_of_alder_and_strassen() {
    for n in 1..=6 {
        // n fields: n terms.
        let diagonal: Vec<_> = (0..n).map(|i| [i; 3]).collect();
        assert_eq!(algebra_bound(&of_units([n; 3], &diagonal)).map(|found| found.bound), Some(n));
        // A local algebra: 2 n - 1, which interpolation in 2 n - 1 points reaches.
        let local = algebra_bound(&truncated_polynomials(n)).map(|found| found.bound);
        assert_eq!(local, Some(2 * n - 1));
    }
    // Triangular 2 x 2 matrices, e_11, e_12, e_22: two ideals, four products.
    let triangular = [[0, 0, 0], [0, 1, 1], [1, 2, 1], [2, 2, 2]];
    assert_eq!(algebra_bound(&of_units([3; 3], &triangular)).map(|found| found.bound), Some(4));
}

/// Control: nothing is claimed of a multiplication that is not associative, or has no unit.
#[test]
fn what_is_not_an_algebra_is_not_taken_for_one() {
    let mut slices: Vec<_> = (0..4).map(|k| matrix_product::<Fp>(2).slice(k)).collect();
    slices[1][(2, 3)] += Fp::ONE;
    assert_eq!(algebra_bound(&Tensor::from_slices(4, 4, &slices)), None);
    let mut stream = Stream::new("generic", 0, 0);
    let generic = sum_of_terms([4; 3], 7, || Fp::random(&mut stream));
    assert_eq!(algebra_bound(&generic), None);
    // Concise, and b(u, .) is singular for every u.
    let antisymmetric = of_units([3; 3], &[[0, 1, 2], [1, 2, 0], [2, 0, 1]]);
    let turned = of_units([3; 3], &[[1, 0, 2], [2, 1, 0], [0, 2, 1]]);
    let slices: Vec<_> = (0..3).map(|k| antisymmetric.slice(k).minus(&turned.slice(k))).collect();
    assert_eq!(algebra_bound(&Tensor::from_slices(3, 3, &slices)), None);
}

/// A block diagonal pencil x I - F with these blocks of F, with L blocks and their transposes.
fn pencil_of(blocks: &[Matrix<Fp>], wide: &[usize], tall: &[usize]) -> Tensor<Fp> {
    let one = |yes: bool| Fp::from_integer(i64::from(yes));
    let identity = |n| Matrix::scaled_identity(n, Fp::ONE);
    let mut parts: Vec<[Matrix<Fp>; 2]> =
        blocks.iter().map(|block| [identity(block.rows()), block.clone()]).collect();
    let shifted = |e: usize, shift| Matrix::from_fn(e, e + 1, |i, j| one(j == i + shift));
    parts.extend(wide.iter().map(|&e| [shifted(e, 0), shifted(e, 1)]));
    parts.extend(tall.iter().map(|&e| [0, 1].map(|shift| shifted(e, shift).transposed())));
    let rows = parts.iter().map(|[e, _]| e.rows()).sum();
    let cols = parts.iter().map(|[e, _]| e.cols()).sum();
    let mut slices = [Matrix::zeros(rows, cols), Matrix::zeros(rows, cols)];
    let mut corner = (0, 0);
    for part in &parts {
        for (slice, block) in slices.iter_mut().zip(part) {
            for j in 0..block.cols() {
                for i in 0..block.rows() {
                    slice[(corner.0 + i, corner.1 + j)] = block[(i, j)];
                }
            }
        }
        corner = (corner.0 + part[0].rows(), corner.1 + part[0].cols());
    }
    Tensor::from_slices(rows, cols, &slices)
}

fn jordan(size: usize, eigenvalue: i64) -> Matrix<Fp> {
    Matrix::from_fn(size, size, |i, j| {
        let entry = if i == j { eigenvalue } else { i64::from(j == i + 1) };
        Fp::from_integer(entry)
    })
}

fn pencil_bound(tensor: &Tensor<Fp>) -> usize {
    let bounds = [0, 1].map(|seed| {
        let core = hidden(tensor, seed).reduced().clear_core(0.0);
        let slices = core.along(Mode::Step);
        pencil::bound(Mode::Step, &slices.iter().collect::<Vec<_>>()).expect("two slices").bound
    });
    assert_eq!(bounds[0], bounds[1]);
    bounds[0]
}

/// Against the formula of Grigoriev and Ja'Ja', block by block.
#[test]
fn pencils_have_the_rank_of_their_kronecker_form() {
    let rank = |blocks: &[(usize, i64)], wide: &[usize], tall: &[usize]| {
        let blocks: Vec<_> = blocks.iter().map(|&(size, value)| jordan(size, value)).collect();
        pencil_bound(&pencil_of(&blocks, wide, tall))
    };
    assert_eq!(rank(&[(1, 0), (1, 1), (1, 2)], &[], &[]), 3);
    assert_eq!(rank(&[(2, 0)], &[], &[]), 3);
    assert_eq!(rank(&[(3, 5)], &[], &[]), 4);
    // Two blocks at one eigenvalue add two, at two eigenvalues one.
    assert_eq!(rank(&[(2, 4), (2, 4)], &[], &[]), 6);
    assert_eq!(rank(&[(2, 4), (2, 1)], &[], &[]), 5);
    assert_eq!(rank(&[(2, 4), (3, 4), (1, 4), (2, 1), (1, 1)], &[], &[]), 11);
    // A multiple eigenvalue without a Jordan block adds nothing.
    assert_eq!(rank(&[(1, 3), (1, 3), (1, 0)], &[], &[]), 3);
    assert_eq!(rank(&[], &[1], &[]), 2);
    assert_eq!(rank(&[], &[3], &[2]), 7);
    assert_eq!(rank(&[(2, 0), (1, 7)], &[1, 2], &[1]), 2 + 3 + 2 + 3 + 1);
}

/// Jordan blocks at eigenvalues that are not in the field: the two roots of a non-square.
#[test]
fn pencils_with_eigenvalues_outside_the_field_are_bounded_over_the_closure() {
    // By Euler's criterion.
    let nonsquare = (2..)
        .find(|&a| Fp::from_integer(a).power((crate::scalar::PRIME - 1) / 2) != Fp::ONE)
        .expect("half of all numbers");
    let [zero, one, a] = [0, 1, nonsquare].map(Fp::from_integer);
    let root = Matrix::from_rows(&[[zero, a], [one, zero]]);
    assert_eq!(pencil_bound(&pencil_of(std::slice::from_ref(&root), &[], &[])), 2);
    let block = Matrix::from_fn(4, 4, |i, j| match (i / 2, j / 2) {
        (0, 1) => Fp::from_integer(i64::from(i == j - 2)),
        (1, 0) => zero,
        _ => root[(i % 2, j % 2)],
    });
    assert_eq!(pencil_bound(&pencil_of(std::slice::from_ref(&block), &[], &[])), 5);
    assert_eq!(pencil_bound(&pencil_of(&[block.clone(), block], &[1], &[])), 8 + 2 + 2);
}

/// Attained beyond the unfoldings: random sums of up to eight terms in 5 x 5 x 5, in every
/// arithmetic.
#[test]
fn koszul_flattenings_count_the_terms_of_random_sums() {
    fn counts<S: RankRevealing>() {
        for (shape, most) in [([3, 3, 3], 4), ([5, 5, 5], 8), ([4, 3, 5], 5)] {
            for terms in 1..=most {
                let mut stream = Stream::new("random sum", terms as u64, shape[0] as u64);
                let tensor = sum_of_terms(shape, terms, || S::random(&mut stream)).reduced();
                let found = tensor.best_lower_end(0.0, usize::MAX);
                assert_eq!(found.bound, terms, "{shape:?} {} {}", S::NAME, found.certificate);
            }
        }
    }
    counts::<Fp>();
    counts::<f64>();
    counts::<DoubleDouble>();
}

#[test]
fn a_generic_tensor_of_three_dimensions_has_border_rank_five() {
    let mut stream = Stream::new("generic", 3, 0);
    let slices: Vec<_> = (0..3).map(|_| Matrix::<Fp>::random(3, 3, &mut stream)).collect();
    let tensor = Tensor::from_slices(3, 3, &slices);
    assert_eq!(best(&tensor).bound, 5);
}

proptest! {
    /// Control of all certificates at once: a sum of R terms never has rank above R. Small
    /// entries make pencils and algebras that are far from generic.
    #[test]
    fn no_sum_of_terms_is_above_its_number(
        shape in [1..=5_usize, 1..=5, 1..=5],
        terms in 0..=7_usize,
        span in 1..=3_i64,
        seed: u64,
    ) {
        let mut stream = Stream::new("sum of terms", seed, 0);
        let width = 2 * span as usize + 1;
        let tensor = sum_of_terms(shape, terms, || {
            Fp::from_integer(stream.below(width) as i64 - span)
        });
        let found = tensor.reduced().best_lower_end(0.0, usize::MAX);
        prop_assert!(found.bound <= terms, "{} > {terms} by {}", found.bound, found.certificate);
    }

    /// The same of multiplications: cubes with a unit in each sum.
    #[test]
    fn no_product_of_polynomials_is_above_interpolation(n in 1..=5_usize, seed: u64) {
        let tensor = hidden(&truncated_polynomials::<Fp>(n), seed).reduced();
        prop_assert_eq!(tensor.best_lower_end(0.0, usize::MAX).bound, 2 * n - 1);
    }

    /// Rounding does not raise a lower end.
    #[test]
    fn noise_raises_nothing(terms in 1..=6_usize, seed: u64) {
        let mut stream = Stream::new("noisy sum", seed, 0);
        let tensor = sum_of_terms([4, 5, 4], terms, || f64::random(&mut stream));
        let slices: Vec<_> = (0..4)
            .map(|k| {
                let mut slice = tensor.slice(k);
                slice.add_scaled(1e-7, &Matrix::random(4, 5, &mut stream));
                slice
            })
            .collect();
        let noise = 1e-7 * 80.0_f64.sqrt();
        let noisy = Tensor::from_slices(4, 5, &slices).reduced();
        let found = noisy.best_lower_end(noise, usize::MAX);
        prop_assert!(found.bound <= terms, "{} > {terms} by {}", found.bound, found.certificate);
    }
}
