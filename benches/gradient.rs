//! The exact gradient of a tanh network: forward run, adjoint, and one product for dLoss/dW.
//! The same problem as `benches/peers/gradient_*.py`: T = 50, 16 trials, 3 inputs, 2 outputs.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rankproof::network::{Adjoint, Run, forward};
use rankproof::prelude::*;

const TIME: usize = 50;
const TRIALS: usize = 16;

fn problem(neurons: usize) -> (Network<f64>, Task<f64>) {
    let stream = Stream::new("gradient bench", 0, 0);
    let dimensions = Dimensions { neurons, d_in: 3, d_out: 2, steps: TIME, trials: TRIALS };
    let task = TaskFamily::RandomTargets.draw(&dimensions, &stream).expect("in every arithmetic");
    let normal = |rows, cols, size, name| Matrix::normal(rows, cols, size, &mut stream.named(name));
    let unit = 1.0 / (neurons as f64).sqrt();
    let w = normal(neurons, neurons, 0.9 * unit, "W");
    let b = normal(neurons, 3, 3.0_f64.sqrt().recip(), "B");
    let dynamics = Dynamics::rate(0.2, Activation::Tanh);
    let network = Network::rnn(dynamics, w, b, normal(2, neurons, unit, "C"));
    (network.expect("shapes that fit"), task)
}

/// The memory of a run and its adjoint, kept from one gradient to the next as training does.
struct Tape {
    run: Run<f64>,
    adjoint: Adjoint<f64>,
}

impl Tape {
    fn gradient(&mut self, network: &Network<f64>, task: &Task<f64>) -> Matrix<f64> {
        let (rnn, parts) = (&network.architecture, network.parts());
        self.run.repeat(&rnn.dynamics, parts, &task.inputs, task.trials);
        let errors = SquaredError.errors(&self.run.outputs, task);
        self.adjoint.repeat(rnn, parts, &self.run, &errors);
        self.adjoint.weight_gradient(&self.run)
    }
}

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
        let mut tape = Tape { run: Run::empty(), adjoint: Adjoint::empty() };
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
