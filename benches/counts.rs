//! One kernel, run so many times and no more: what `benches/counts.sh` counts the instructions of.

use std::env;
use std::hint::black_box;

use rankproof::prelude::*;

#[path = "problems/fit.rs"]
mod fit;
#[path = "problems/gradient.rs"]
mod gradient;

const USAGE: &str = "expected one of gradient, rank, product, fit, and how many times";

fn main() {
    // `cargo bench` adds an argument of its own.
    let given: Vec<String> = env::args().skip(1).filter(|one| one != "--bench").collect();
    let [kernel, times] = &given[..] else { return println!("passed over: {USAGE}") };
    let times = times.parse().expect(USAGE);
    match kernel.as_str() {
        "gradient" => gradients(times),
        "rank" => ranks(times),
        "product" => products(times),
        "fit" => iterations(times),
        _ => panic!("{USAGE}"),
    }
}

/// dLoss/dW of 64 tanh units in f64.
fn gradients(times: usize) {
    let (network, task) = gradient::problem(64);
    let mut tape = gradient::Tape::empty();
    for _ in 0..times {
        black_box(tape.gradient(&network, &task));
    }
}

/// The rank of a matrix over the prime field.
fn ranks(times: usize) {
    let matrix = random::<Fp>(256);
    for _ in 0..times {
        black_box(Fp::rank(&matrix, 0.0));
    }
}

/// A product in double-double.
fn products(times: usize) {
    let (a, b) = (random::<DoubleDouble>(64), random::<DoubleDouble>(64));
    for _ in 0..times {
        black_box(a.times(&b));
    }
}

/// Loss and gradient of a fit.
fn iterations(times: usize) {
    let objective = fit::objective();
    let stream = Stream::new("fit bench", 0, 0);
    let blocks = objective.start(&stream);
    for _ in 0..times {
        black_box(objective.gradient(&blocks, &stream).expect("blocks of this objective"));
    }
}

fn random<S: Scalar>(size: usize) -> Matrix<S> {
    Matrix::random(size, size, &mut Stream::new("counts bench", 0, size as u64))
}
