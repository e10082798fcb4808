//! CP decompositions of data of exact rank six, from the array in memory to the terms.

use criterion::{Criterion, criterion_group, criterion_main};
use rankproof::prelude::*;
use rankproof::tensor::{CpOptions, Decomposition, Dense, cp_decompose, cp_error_by_rank};

/// Standard normal factors, as the peer's script draws them.
fn of_rank(shape: [usize; 3], rank: usize) -> Vec<f64> {
    let mut stream = Stream::new("cp bench", 0, 0);
    let mut factor = |rows| Matrix::from_fn(rows, rank, |_, _| stream.normal());
    let [a, b, c] = shape.map(&mut factor);
    let sum = Decomposition { a, b, c };
    let slices: Vec<_> = (0..shape[2]).map(|k| sum.slice(k)).collect();
    let tensor = Dense::from_fn(shape, |i, j, k| slices[k][(i, j)]);
    tensor.data().to_vec()
}

fn decompose(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("CP decomposition");
    group.sample_size(10);
    let options = CpOptions::default();
    let stream = Stream::new("cp bench", 1, 0);
    let fit = |tensor: &Dense| {
        let fit = cp_decompose(tensor, 6, &options, &stream).expect("finite");
        assert!(fit.relative_error < 1e-10, "{}", fit.relative_error);
        fit
    };
    for shape in [[64, 64, 50], [256, 256, 200]] {
        let tensor = Dense::new(shape, of_rank(shape, 6));
        group.bench_function(format!("rank 6, {shape:?}"), |bencher| {
            bencher.iter(|| fit(&tensor));
        });
        group.bench_function(format!("rank 6, {shape:?}, copied first"), |bencher| {
            bencher.iter(|| fit(&tensor.clone()));
        });
    }
    let shape = [70, 50, 120];
    let mut noisy = Dense::new(shape, of_rank(shape, 6));
    let mut draws = stream.named("noise");
    noisy.data_mut().iter_mut().for_each(|x| *x += 2.0 * draws.normal());
    group.bench_function(format!("errors of ranks 1 to 12 with noise, {shape:?}"), |bencher| {
        bencher.iter(|| cp_error_by_rank(&noisy, 12, &options, &stream).expect("finite"));
    });
    group.finish();
}

criterion_group!(benches, decompose);
criterion_main!(benches);
