//! The exact gradient of a tanh network: forward run, adjoint, and one product for dLoss/dW.
//! The same problems as `benches/peers/gradient_*.py`: T = 50, 16 trials, 3 inputs, 2 outputs in f64, and
//! a large one in f32.

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rankproof::network::forward;
use rankproof::prelude::*;

#[path = "problems/gradient.rs"]
mod problem;

use problem::{TIME, TRIALS, Tape, problem, problem_of};

/// Moving all weights along the gradient changes the loss at the rate of its square.
fn check(network: &Network<f64>, task: &Task<f64>, gradient: &Matrix<f64>) {
    let loss = |step: f64| {
        let mut moved = network.clone();
        let w = moved.blocks.get_mut("W").expect("a recurrent network");
        w.add_scaled(step, &Block::from(gradient.clone()));
        let run = forward(&moved, &task.inputs, task.trials);
        SquaredError.value(&run.outputs, task)
    };
    let step = 1e-6 / gradient.norm();
    let difference = (loss(step) - loss(-step)) / (2.0 * step);
    let square = gradient.norm().powi(2);
    assert!((difference / square - 1.0).abs() < 1e-6, "{difference} against {square}");
}

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("gradient");
    for (neurons, threads) in [(64, 1), (256, 1), (256, 2)] {
        let (network, task) = problem(neurons);
        let mut tape = Tape::empty();
        check(&network, &task, &tape.gradient(&network, &task));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        // W h forwards, W^T lambda backwards and Lambda Phi^T: two operations for each entry.
        let operations = 3 * 2 * neurons * neurons * TIME * TRIALS;
        group.throughput(Throughput::Elements(operations as u64));
        group.bench_function(format!("tanh, N = {neurons}, {threads} threads"), |bencher| {
            pool.install(|| bencher.iter(|| tape.gradient(&network, &task)));
        });
    }
    let (neurons, time, trials) = (1024, 100, 64);
    let (network, task) = problem_of(neurons, time, trials);
    let (network, task) = (network.map(|x| x as f32), task.map(|x| x as f32));
    let mut tape = Tape::empty();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
    group.throughput(Throughput::Elements((3 * 2 * neurons * neurons * time * trials) as u64));
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    group.bench_function("tanh, f32, N = 1024, T = 100, 64 trials, 2 threads", |bencher| {
        pool.install(|| bencher.iter(|| tape.gradient(&network, &task)));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
