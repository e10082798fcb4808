//! In how few dimensions weights moved: spectra and effective ranks of recorded histories, without
//! random walks and CP terms, and with them as `rankproof rank` answers.

use criterion::{Criterion, criterion_group, criterion_main};
use rankproof::prelude::*;
use rankproof::weights::{EffectiveOptions, EffectiveRanks};

/// The spectra of the last change and of the three unfoldings, and those of both halves of the steps.
const SPECTRA: EffectiveOptions = EffectiveOptions { draws: 0, terms: 0, all: false };

/// Eight directions with noise, as in `benches/peers/effective_numpy.py`: K steps of (N, N).
fn history(neurons: usize, steps: usize) -> Vec<Matrix<f64>> {
    const DIRECTIONS: usize = 8;
    let mut stream = Stream::new("effective bench", 0, 0);
    let deviation = 1.0 / (neurons as f64).sqrt();
    let mut normal =
        |rows: usize, cols: usize, size: f64| Matrix::normal(rows, cols, size, &mut stream);
    let left = normal(neurons, DIRECTIONS, deviation);
    let right = normal(DIRECTIONS, neurons, deviation);
    let mut weights = normal(neurons, neurons, deviation);
    let mut slices = Vec::new();
    for k in 0..=steps {
        slices.push(weights.map(|entry| f64::from(entry as f32)));
        let decay = (-3.0 * k as f64 / steps as f64).exp();
        let course = normal(DIRECTIONS, 1, 0.1);
        let scaled = Matrix::from_fn(neurons, DIRECTIONS, |i, r| {
            3.0 * left[(i, r)] * (course[(r, 0)] + decay)
        });
        weights.add_scaled(1.0, &scaled.times(&right));
        weights.add_scaled(1.0, &normal(neurons, neurons, 1e-4));
    }
    slices
}

fn effective_ranks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("effective ranks");
    group.sample_size(10);
    for (neurons, steps) in [(128, 60), (256, 60), (512, 40)] {
        let weights = history(neurons, steps);
        for (name, options) in [("spectra", SPECTRA), ("all", EffectiveOptions::default())] {
            group.bench_function(format!("{name}, {neurons} x {steps}"), |bencher| {
                bencher.iter(|| EffectiveRanks::of_slices(&weights, &options, &|_| ()));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, effective_ranks);
criterion_main!(benches);
