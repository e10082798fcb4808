//! One network of one width: its ranks and what it cost.

use std::error::Error;
use std::fs;
use std::time::Instant;

use rankproof::matrix::{SingularValues, over_largest};
use rankproof::prelude::*;
use rankproof::tape::TapeError;

pub const D_IN: usize = 3;
pub const D_OUT: usize = 2;
pub const LEARNING_STEPS: usize = 10;
/// Of the task, which is the same for every N.
pub const DIMENSIONS: Dimensions =
    Dimensions { neurons: 100, d_in: D_IN, d_out: D_OUT, steps: 10, trials: 8 };

/// One network.
pub struct Row {
    pub neurons: usize,
    /// Of D_K; of the unfoldings of D_1..D_K along rows and columns.
    pub ranks: [Rank; 3],
    /// sigma_i / sigma_1 of D_K.
    pub spectrum: Vec<f64>,
    /// The loss at the end, over that at the start.
    pub loss: f64,
    pub seconds: f64,
    /// Bytes of all factors that the trajectory keeps.
    pub stored: f64,
    /// The most memory that the program has had so far, in bytes, where Linux tells.
    pub peak: Option<f64>,
}

/// A network of independent weights: columns of B and rows of C have a norm of about one.
fn network(neurons: usize, w: Block<f64>, stream: &Stream) -> Result<Network<f64>, TapeError> {
    let size = 1.0 / (neurons as f64).sqrt();
    let normal = |rows, cols, name| Matrix::normal(rows, cols, size, &mut stream.named(name));
    let (b, c) = (normal(neurons, D_IN, "B"), normal(D_OUT, neurons, "C"));
    Network::rnn(Dynamics::linear(0.5), w, b, c)
}

/// Trains a linear network from W_0 = 0 in factors.
pub fn row(neurons: usize) -> Result<Row, Box<dyn Error>> {
    let started = Instant::now();
    let stream = Stream::new("width", 1, 0);
    let task = TaskFamily::LinearTeacher.draw(&DIMENSIONS, &stream.named("task"));
    let task = task.ok_or("a task of real numbers")?;
    let network = network(neurons, Block::scaled_identity(neurons, 0.0), &stream)?;
    let optimizer = Optimizer::gradient_descent(2.0);
    let training = Training {
        trained: Subset::only(["W"]),
        storage: Storage::Factors,
        ..Training::new(&network, &task, &SquaredError, optimizer)
    };
    let trajectory = training.run(LEARNING_STEPS)?;
    let reduced = trajectory.increments().reduced();
    let core = reduced.slices.last().ok_or("no learning step")?;
    let spectrum = f64::singular_values(core);
    let last = Rank::of_spectrum(spectrum.clone(), trajectory.noise(LEARNING_STEPS));
    let [by_rows, by_columns, _] = reduced.unfolding_ranks(trajectory.tensor_noise());
    let numbers = trajectory.gradients().iter().map(|gradient| 2 * neurons * gradient.width());
    Ok(Row {
        neurons,
        ranks: [last, by_rows, by_columns],
        spectrum: over_largest(spectrum),
        loss: trajectory.losses[LEARNING_STEPS] / trajectory.losses[0],
        seconds: started.elapsed().as_secs_f64(),
        stored: (numbers.sum::<usize>() * size_of::<f64>()) as f64,
        peak: peak(),
    })
}

/// The ranks after the first and the last learning step from a random W_0. Exact, since in floating
/// point most singular values are below the noise.
pub fn control_ranks(neurons: usize) -> Result<[f64; 2], Box<dyn Error>> {
    let stream = Stream::new("width", 1, 0);
    let random = |rows, cols, name| Matrix::<Fp>::random(rows, cols, &mut stream.named(name));
    let dimensions = Dimensions { neurons, ..DIMENSIONS };
    let task = TaskFamily::LinearTeacher.draw(&dimensions, &stream.named("task"));
    let task = task.ok_or("a task of a field")?;
    let (b, c) = (random(neurons, D_IN, "B"), random(D_OUT, neurons, "C"));
    let w = random(neurons, neurons, "W");
    let network = Network::rnn(Dynamics::linear(Fp::ratio(1, 2)), w, b, c)?;
    let optimizer = Optimizer::gradient_descent(Fp::ratio(1, 10));
    let training = Training {
        trained: Subset::only(["W"]),
        ..Training::new(&network, &task, &SquaredError, optimizer)
    };
    let trajectory = training.run(LEARNING_STEPS)?;
    Ok([1, LEARNING_STEPS].map(|step| trajectory.rank(step).bounds.lower as f64))
}

/// The largest resident set of this process so far, in bytes.
fn peak() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(1024.0 * line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok()?)
}

impl Row {
    /// Bytes that W_0..W_K would take in full.
    pub fn tensor(&self) -> f64 {
        let entries = (LEARNING_STEPS + 1) as f64 * (self.neurons as f64).powi(2);
        entries * size_of::<f64>() as f64
    }
}
