//! A network under one condition, and what learning did to its weights.

use std::error::Error;

use rankproof::matrix::{SingularValues, count_for_share, over_largest};
use rankproof::prelude::*;

const D_IN: usize = 3;
const D_OUT: usize = 2;
pub const D: usize = D_IN + D_OUT;

/// A network and how hard it is driven.
#[derive(Clone)]
pub struct Condition {
    pub neurons: usize,
    pub activation: Activation<f64>,
    /// w of W_0 = w I + gain R, R a random matrix of spectral radius about 1.
    pub identity: f64,
    pub gain: f64,
    /// What a typical input to a neuron is.
    pub drive: f64,
}

/// Its weight change after five steps, relative to the norm, or to the largest singular value.
pub struct Outcome {
    /// ||D - P D P|| and ||Q D Q||.
    pub outside: [f64; 2],
    /// Descending.
    pub spectrum: Vec<f64>,
}

impl Condition {
    pub fn train(&self) -> Result<Outcome, Box<dyn Error>> {
        let n = self.neurons;
        let stream = Stream::new("nonlinearity", 1, 0);
        let dimensions = Dimensions { neurons: n, d_in: D_IN, d_out: D_OUT, steps: 8, trials: 12 };
        let task = TaskFamily::RandomTargets.draw(&dimensions, &stream.named("task"));
        let mut task: Task<f64> = task.ok_or("a task of real numbers")?;
        task.inputs.scale(self.drive);
        let normal =
            |rows, cols, size, name| Matrix::normal(rows, cols, size, &mut stream.named(name));
        let unit = 1.0 / (n as f64).sqrt();
        let mut start = Matrix::scaled_identity(n, self.identity);
        start.add_scaled(self.gain, &normal(n, n, unit, "R"));
        let (b, c) = (normal(n, D_IN, 1.0, "B"), normal(D_OUT, n, unit, "C"));
        let dynamics = Dynamics::rate(0.5, self.activation.clone());
        let network = Network::rnn(dynamics, start, b, c)?;
        // Steps of the same length at every drive that is not small.
        let optimizer = Optimizer { clip: Some(1.0), ..Optimizer::gradient_descent(0.2) };
        let training = Training {
            trained: Subset::only(["W"]),
            ..Training::new(&network, &task, &SquaredError, optimizer)
        };
        let trajectory = training.run(5)?;
        Outcome::of(&trajectory).ok_or_else(|| "the dimension of S is not clear".into())
    }
}

impl Outcome {
    fn of(trajectory: &Trajectory<f64>) -> Option<Self> {
        let start = RnnParts::of(&trajectory.start).ok()?;
        let change = trajectory.increment(trajectory.steps());
        let space = Subspace::spanned_by(start.neurons(), [start.b, &start.c.transposed()])?;
        let spectrum = over_largest(f64::singular_values(&change));
        let outside = space.norms_outside(&change).map(|norm| norm / change.norm());
        Some(Outcome { outside, spectrum })
    }

    pub fn for_99_percent(&self) -> usize {
        let squares: Vec<f64> = self.spectrum.iter().map(|value| value * value).collect();
        count_for_share(&squares, 0.99)
    }
}
