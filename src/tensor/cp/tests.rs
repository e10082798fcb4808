//! Decompositions of tensors that are sums of known terms: found, determined, and not claimed
//! where there are none.

use super::model::{random, sum};
use super::*;
use crate::matrix::Matrix;
use crate::scalar::Stream;
use crate::tensor::{Tensor, Term};

fn options() -> CpOptions {
    CpOptions::default()
}

/// The largest distance of a term from the nearest term found, over the norm of the term.
fn worst_term(expected: &Factors, found: &Decomposition<f64>) -> f64 {
    let found = Factors::from(found.clone());
    let term = |factors: &Factors, r: usize| {
        sum(&factors.each_ref().map(|f| Matrix::from_columns(f.rows(), 1, f.column(r).to_vec())))
    };
    let distance = |r: usize| {
        let one = term(expected, r);
        let to = |s: usize| {
            let other = term(&found, s);
            let pairs = one.data().iter().zip(other.data());
            pairs.map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt() / one.norm()
        };
        (0..found[0].cols()).map(to).fold(f64::INFINITY, f64::min)
    };
    (0..expected[0].cols()).map(distance).fold(0.0, f64::max)
}

#[test]
fn exact_rank_six_is_found_in_each_of_a_hundred_cases() {
    for case in 0..100 {
        let mut stream = Stream::new("rank six", 0, case);
        let shape = [[20, 18, 16], [8, 9, 7], [6, 6, 6], [30, 6, 2]][case as usize % 4];
        let expected = random(shape, 6, &mut stream);
        let fit = cp_decompose(&sum(&expected), 6, &options(), &stream).expect("finite");
        assert!(fit.relative_error < 1e-10, "case {case}: {fit:?}");
        // Errors of rounding, multiplied by the condition.
        let worst = worst_term(&expected, &fit.decomposition);
        assert!(worst < 1e-12 * fit.condition, "case {case}: {worst} {}", fit.condition);
    }
}

/// There the slices cannot be diagonalised, and the algebraic start has to be passed over.
#[test]
fn more_terms_than_two_modes_have_dimensions_are_found_by_random_starts() {
    let mut stuck = 0;
    for case in 0..20 {
        let mut stream = Stream::new("many terms", 0, case);
        let (shape, rank) = [([9, 4, 4], 6), ([4, 4, 4], 5), ([12, 3, 5], 6)][case as usize % 3];
        let expected = random(shape, rank, &mut stream);
        let fit = cp_decompose(&sum(&expected), rank, &options(), &stream).expect("finite");
        stuck += usize::from(fit.relative_error > 1e-9);
    }
    assert_eq!(stuck, 0);
}

/// Control: five terms are not six.
#[test]
fn a_term_too_few_is_not_enough() {
    for case in 0..10 {
        let mut stream = Stream::new("a term too few", 0, case);
        let tensor = sum(&random([9, 8, 7], 6, &mut stream));
        let fit = cp_decompose(&tensor, 5, &options(), &stream).expect("finite");
        assert!(fit.relative_error > 0.05, "case {case}: {}", fit.relative_error);
    }
}

/// The best distance of a sum of R terms from signal and noise is below that of the terms that made
/// the signal, by about the share of unknowns among the entries.
#[test]
fn with_noise_the_fit_is_as_near_as_least_squares_can_be() {
    for case in 0..10 {
        let mut stream = Stream::new("noise", 0, case);
        let shape = [20, 25, 15];
        let mut tensor = sum(&random(shape, 4, &mut stream));
        let clean = tensor.clone();
        tensor.data_mut().iter_mut().for_each(|x| *x += 0.5 * stream.normal());
        let noise = tensor.data().iter().zip(clean.data()).map(|(x, y)| (x - y) * (x - y));
        let noise = noise.sum::<f64>().sqrt() / tensor.norm();
        let fit = cp_decompose(&tensor, 4, &options(), &stream).expect("finite");
        let unknowns = 4.0 * (20.0 + 25.0 + 15.0 - 2.0) / (20.0 * 25.0 * 15.0);
        let expected = noise * (1.0_f64 - unknowns).sqrt();
        assert!(fit.converged);
        assert!(
            (fit.relative_error / expected - 1.0).abs() < 0.01,
            "{} {expected}",
            fit.relative_error
        );
        // And no slope is left on the whole tensor, of which only the core was refined.
        let objective = Objective::new(&tensor);
        let factors: Factors = fit.decomposition.clone().into();
        let start = objective.value(&factors);
        let limits = Limits { iterations: 50, tolerance: 1e-12, enough: 0.0, ridge: 0.0 };
        let polished = refine(&objective, factors, limits).value;
        assert!(start - polished < 1e-3 * start, "case {case}: {start} {polished}");
    }
}

#[test]
fn a_tensor_in_factors_of_many_neurons_is_decomposed_without_its_slices() {
    let mut stream = Stream::new("in factors", 0, 0);
    let n = 20_000;
    let terms = (0..3).map(|_| Term {
        factors: crate::matrix::Factors::new(
            Matrix::random(n, 2, &mut stream),
            Matrix::random(n, 2, &mut stream),
        ),
        weights: (0..7).map(|_| stream.normal()).collect(),
    });
    let tensor = Tensor::new(n, n, 7, terms.collect());
    let fit = cp_decompose(&tensor, 6, &options(), &stream).expect("finite");
    assert!(fit.relative_error < 1e-10, "{}", fit.relative_error);
    assert_eq!(fit.decomposition.a.rows(), n);
}

/// Every entry of weight zero is a NaN, so that none can have been used.
#[test]
fn missing_entries_are_predicted() {
    for case in 0..10 {
        let mut stream = Stream::new("missing", 0, case);
        let shape = [12, 10, 11];
        let expected = random(shape, 3, &mut stream);
        let whole = sum(&expected);
        let share = [0.1, 0.4][case as usize % 2];
        let weights =
            Dense::from_fn(shape, |_, _, _| f64::from(u8::from(stream.uniform() > share)));
        let mut seen = whole.clone();
        let pairs = seen.data_mut().iter_mut().zip(weights.data());
        pairs.filter(|(_, w)| **w == 0.0).for_each(|(x, _)| *x = f64::NAN);
        let fit = cp_decompose_weighted(&seen, &weights, 3, &options(), &stream).expect("finite");
        let held_out = Dense::from_fn(shape, |i, j, k| 1.0 - weights.at(i, j, k));
        let error = cp_error(&whole, &held_out, &fit.decomposition);
        assert!(fit.relative_error < 1e-9 && error < 1e-8, "case {case}: {error} {fit:?}");
        // Control: without the mask the fit is of other numbers.
        let mut zeros = seen.clone();
        zeros.data_mut().iter_mut().filter(|x| x.is_nan()).for_each(|x| *x = 0.0);
        let blind = cp_decompose(&zeros, 3, &options(), &stream).expect("finite");
        assert!(cp_error(&whole, &held_out, &blind.decomposition) > 0.05);
    }
}

/// The first start fills what is missing, and does without random ones.
#[test]
fn missing_entries_are_predicted_from_one_start() {
    let mut stream = Stream::new("missing, one start", 0, 0);
    let shape = [9, 8, 7];
    let whole = sum(&random(shape, 2, &mut stream));
    let weights = Dense::from_fn(shape, |_, _, _| f64::from(u8::from(stream.uniform() > 0.1)));
    let options = CpOptions { starts: 0, ..options() };
    let fit = cp_decompose_weighted(&whole, &weights, 2, &options, &stream).expect("finite");
    let held_out = Dense::from_fn(shape, |i, j, k| 1.0 - weights.at(i, j, k));
    assert!(cp_error(&whole, &held_out, &fit.decomposition) < 1e-8, "{fit:?}");
}

/// Where nothing is small enough to end it, a start takes all the steps that it may.
#[test]
fn steps_are_counted_over_all_parts_of_a_start() {
    let mut stream = Stream::new("steps", 0, 0);
    let mut noise = |shape| Dense::from_fn(shape, |_, _, _| stream.normal());
    let limits = Limits { iterations: 4, tolerance: 0.0, enough: 0.0, ridge: 0.0 };
    // Ten sweeps, thirty steps with a ridge and four without.
    let small = noise([6, 5, 4]);
    let objective = Objective::new(&small);
    let found = from_random(&objective, 3, limits, &mut Stream::new("a start", 0, 0));
    assert_eq!((found.iterations, found.converged), (10 + 30 + 4, false));
    // 1632 numbers are too many for Gauss-Newton: three sweeps for each of its steps.
    let long = noise([400, 4, 4]);
    let factors = random([400, 4, 4], 4, &mut Stream::new("a start", 0, 0));
    let found = refine(&Objective::new(&long), factors, limits);
    assert_eq!((found.iterations, found.converged), (3 * 4, false));
}

/// The noise itself cannot be predicted; what is below it can, several times better than its size.
#[test]
fn missing_entries_of_a_noisy_tensor_are_predicted_below_the_noise() {
    for case in 0..5 {
        let mut stream = Stream::new("missing and noisy", 0, case);
        let shape = [14, 12, 16];
        let clean = sum(&random(shape, 3, &mut stream));
        let mut noisy = clean.clone();
        noisy.data_mut().iter_mut().for_each(|x| *x += 0.5 * stream.normal());
        let weights = Dense::from_fn(shape, |_, _, _| f64::from(u8::from(stream.uniform() > 0.2)));
        let held_out = Dense::from_fn(shape, |i, j, k| 1.0 - weights.at(i, j, k));
        let fit = cp_decompose_weighted(&noisy, &weights, 3, &options(), &stream).expect("finite");
        let predicted = cp_error(&noisy, &held_out, &fit.decomposition);
        let below = cp_error(&clean, &held_out, &fit.decomposition);
        assert!(below < 0.5 * predicted && predicted < 0.5, "case {case}: {below} {predicted}");
    }
}

#[test]
fn an_outlier_of_small_weight_counts_little() {
    let mut stream = Stream::new("outlier", 0, 0);
    let shape = [8, 7, 6];
    let expected = random(shape, 2, &mut stream);
    let mut tensor = sum(&expected);
    tensor.data_mut()[17] += 50.0;
    let mut weights = Dense::from_fn(shape, |_, _, _| 1.0);
    weights.data_mut()[17] = 1e-9;
    let fit = cp_decompose_weighted(&tensor, &weights, 2, &options(), &stream).expect("finite");
    assert!(worst_term(&expected, &fit.decomposition) < 1e-6, "{}", fit.relative_error);
}

/// A row of which nothing is known stays at zero, whatever starts it.
#[test]
fn a_row_without_entries_is_zero_and_the_rest_is_found() {
    let mut stream = Stream::new("a row without entries", 0, 0);
    let shape = [6, 7, 8];
    let tensor = sum(&random(shape, 2, &mut stream));
    let weights = Dense::from_fn(shape, |i, _, _| f64::from(u8::from(i != 2)));
    let fit = cp_decompose_weighted(&tensor, &weights, 2, &options(), &stream).expect("finite");
    assert!(fit.relative_error < 1e-9, "{}", fit.relative_error);
    let row: f64 = (0..2).map(|r| fit.decomposition.a[(2, r)].abs()).sum();
    assert!(row < 1e-6 * fit.decomposition.a.norm(), "{row}");
}

#[test]
fn the_same_stream_gives_the_same_bits() {
    let mut stream = Stream::new("bits", 0, 0);
    let mut tensor = sum(&random([30, 9, 8], 3, &mut stream));
    tensor.data_mut().iter_mut().for_each(|x| *x += 0.1 * stream.normal());
    let fit = || cp_decompose(&tensor, 4, &options(), &Stream::new("same", 0, 0)).expect("finite");
    assert_eq!(fit().decomposition, fit().decomposition);
}

#[test]
fn degenerate_tensors_are_decomposed_or_refused() {
    let stream = Stream::new("degenerate", 0, 0);
    let zero = Dense::from_fn([3, 4, 2], |_, _, _| 0.0);
    let fit = cp_decompose(&zero, 2, &options(), &stream).expect("finite");
    assert_eq!((fit.relative_error, fit.decomposition.terms()), (0.0, 2));
    let one = Dense::from_fn([3, 1, 1], |i, _, _| i as f64);
    let fit = cp_decompose(&one, 2, &options(), &stream).expect("finite");
    assert!(fit.relative_error < 1e-12);
    let fit = cp_decompose(&one, 0, &options(), &stream).expect("finite");
    assert_eq!((fit.relative_error, fit.decomposition.terms()), (1.0, 0));
    let nan = Dense::from_fn([2, 2, 2], |i, j, k| if i + j + k == 3 { f64::NAN } else { 1.0 });
    let found = cp_decompose(&nan, 1, &options(), &stream);
    assert_eq!(found.err(), Some(CpError::NotFinite));
    let ones = Dense::from_fn([2, 2, 2], |_, _, _| 1.0);
    let found = cp_decompose_weighted(&nan, &ones, 1, &options(), &stream);
    assert_eq!(found.err(), Some(CpError::NotFinite));
    let negative = Dense::from_fn([2, 2, 2], |_, _, _| -1.0);
    let found = cp_decompose_weighted(&ones, &negative, 1, &options(), &stream);
    assert_eq!(found.err(), Some(CpError::Weights { expected: [2, 2, 2] }));
    let nothing = Dense::from_fn([2, 2, 2], |_, _, _| 0.0);
    let some = Dense::from_fn([2, 2, 2], |i, _, _| i as f64);
    let fit = cp_decompose_weighted(&ones, &some, 0, &options(), &stream).expect("finite");
    assert_eq!((fit.decomposition.a.cols(), fit.relative_error), (0, 1.0));
    let fit = cp_decompose_weighted(&nan, &nothing, 1, &options(), &stream).expect("finite");
    assert_eq!(fit.relative_error, 0.0);
}

#[test]
fn errors_by_rank_fall_to_the_noise() {
    let mut stream = Stream::new("by rank", 0, 0);
    let shape = [15, 20, 12];
    let mut tensor = sum(&random(shape, 4, &mut stream));
    tensor.data_mut().iter_mut().for_each(|x| *x += 0.02 * stream.normal());
    let found = cp_error_by_rank(&tensor, 6, &options(), &stream).expect("finite");
    assert_eq!(found.errors.len(), 6);
    assert!(found.errors.is_sorted_by(|a, b| a >= b), "{found:?}");
    assert!(found.errors[2] > 0.1 && found.errors[3] < 0.05, "{found:?}");
    assert_eq!((found.rank_for(0.99), found.rank_for(1.0)), (Some(4), None));
    assert_eq!(found.explained(0), 0.0);
    let exact = sum(&random([9, 8, 7], 3, &mut stream));
    let found = cp_error_by_rank(&exact, 5, &options(), &stream).expect("finite");
    assert!(found.errors[2] < 1e-10 && found.errors[4] < 1e-10, "{found:?}");
}

/// Against many starts: what grows term by term is as near as they are, or nearly.
#[test]
fn terms_that_grow_explain_nearly_what_many_starts_find() {
    for case in 0..6 {
        let mut stream = Stream::new("growth", 0, case);
        let shape = [[12, 10, 8], [9, 9, 3], [14, 4, 6]][case as usize % 3];
        let mut tensor = sum(&random(shape, 4, &mut stream));
        let noise = 0.1 * tensor.norm() / (tensor.data().len() as f64).sqrt();
        tensor.data_mut().iter_mut().for_each(|x| *x += noise * stream.normal());
        let grown = cp_growth(&tensor, 1.0, 5, &stream).expect("finite");
        let slices: Vec<_> = (0..shape[2]).map(|k| grown.terms[2].slice(k)).collect();
        let rest = Dense::from_fn(shape, |i, j, k| tensor.at(i, j, k) - slices[k][(i, j)]);
        let error = rest.norm() / tensor.norm();
        assert!((error - grown.found.errors[2]).abs() < 1e-6, "{error} {:?}", grown.found);
        // Each is refined: more steps gain a few percent at most.
        let objective = Objective::new(&tensor);
        for terms in &grown.terms[..4] {
            let factors: Factors = terms.clone().into();
            let start = objective.value(&factors);
            let limits = Limits { iterations: 50, tolerance: 1e-12, enough: 0.0, ridge: 0.0 };
            let polished = refine(&objective, factors, limits).value;
            assert!(start - polished < 0.05 * start, "case {case}: {start} {polished}");
        }
        let grown = grown.found;
        let best = cp_error_by_rank(&tensor, 5, &options(), &stream).expect("finite");
        assert_eq!(grown.errors.len(), 5);
        assert!(grown.errors.is_sorted_by(|a, b| a >= b));
        for rank in 1..=5 {
            let (grown, best) = (grown.explained(rank), best.explained(rank));
            assert!(grown > best - 0.02, "case {case}, {rank} terms: {grown} {best}");
        }
        // It stops where a share is explained.
        let few = cp_growth(&tensor, grown.explained(2), 5, &stream).expect("finite");
        assert_eq!(few.found.errors, grown.errors[..2]);
    }
    let nothing = Dense::from_fn([3, 2, 2], |_, _, _| 0.0);
    let grown = cp_growth(&nothing, 0.9, 3, &Stream::new("growth", 0, 0)).expect("zero");
    assert!(grown.found.errors.is_empty() && grown.terms.is_empty());
}
