//! The exact gradient of a tanh network: forward run, adjoint, and one product for dLoss/dW.
//! The same problem as `benches/peers/gradient_*.py`: T = 50, 16 trials, 3 inputs, 2 outputs.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rankproof::network::forward;
use rankproof::prelude::*;

#[path = "problems/gradient.rs"]
mod problem;

use problem::{TIME, TRIALS, Tape, problem};

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
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
