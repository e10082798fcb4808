//! Products and singular values in f64, products and ranks in the prime field.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rankproof::matrix::SingularValues;
use rankproof::prelude::*;

fn random<S: Scalar>(rows: usize, cols: usize, name: &str) -> Matrix<S> {
    Matrix::random(rows, cols, &mut Stream::new("linear algebra bench", 0, 0).named(name))
}

fn products(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("product");
    for size in [64, 256, 1024] {
        group.throughput(Throughput::Elements(2 * (size * size * size) as u64));
        let (a, b) = (random::<f64>(size, size, "a"), random::<f64>(size, size, "b"));
        group.bench_function(format!("f64, {size}"), |bencher| bencher.iter(|| a.times(&b)));
    }
    for size in [64, 256] {
        group.throughput(Throughput::Elements(2 * (size * size * size) as u64));
        let (a, b) = (random::<Fp>(size, size, "a"), random::<Fp>(size, size, "b"));
        group.bench_function(format!("field, {size}"), |bencher| bencher.iter(|| a.times(&b)));
    }
    group.finish();
}

fn ranks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rank in the field");
    for size in [64, 256, 512] {
        let full = random::<Fp>(size, size, "full");
        let low = random::<Fp>(size, 5, "left").times(&random(5, size, "right"));
        assert_eq!(
            (Fp::rank(&full, 0.0).known(), Fp::rank(&low, 0.0).known()),
            (Some(size), Some(5))
        );
        group.bench_function(format!("full, {size}"), |bencher| {
            bencher.iter(|| Fp::rank(&full, 0.0));
        });
        group.bench_function(format!("rank 5, {size}"), |bencher| {
            bencher.iter(|| Fp::rank(&low, 0.0));
        });
    }
    group.finish();
}

fn singular_values(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("singular values");
    group.sample_size(20);
    for size in [64, 256] {
        let matrix = random::<f64>(size, size, "f64");
        group.bench_function(format!("f64, {size}"), |bencher| {
            bencher.iter(|| f64::singular_values(&matrix));
        });
    }
    let matrix = random::<DoubleDouble>(32, 32, "double-double");
    group.bench_function("double-double, 32", |bencher| {
        bencher.iter_batched(
            || matrix.clone(),
            |m| DoubleDouble::rank(&m, 0.0),
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, products, ranks, singular_values);
criterion_main!(benches);
