//! One iteration of fitting: loss and exact gradient of a recording of 200 neurons, 250 trials and
//! 21 bins by a network of 200 units and tensor rank 5.

use criterion::{Criterion, criterion_group, criterion_main};
use rankproof::scalar::Stream;

#[path = "problems/fit.rs"]
mod problem;

fn bench(criterion: &mut Criterion) {
    let objective = problem::objective();
    let stream = Stream::new("fit bench", 0, 0);
    let blocks = objective.start(&stream);
    let gradient = || objective.gradient(&blocks, &stream).expect("blocks of this objective");
    let (losses, _) = gradient();
    assert!(losses.train.is_finite() && losses.validation.is_finite());
    let mut group = criterion.benchmark_group("fit");
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        group.bench_function(format!("iteration, {threads} threads"), |bencher| {
            bencher.iter(|| pool.install(gradient));
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
