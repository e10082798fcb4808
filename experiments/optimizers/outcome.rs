//! A network trained by one optimizer, and what that did to its weights.

use std::error::Error;

use rankproof::matrix::{SingularValues, count_for_share, over_largest};
use rankproof::prelude::*;
use rankproof::training::UpdateRule;

pub const OPTIMIZERS: [&str; 6] = ["SGD", "momentum", "Muon", "Shampoo", "Adam", "sign"];
pub const NETWORKS: [&str; 2] = ["linear", "tanh"];
pub const D_IN: usize = 3;
pub const D_OUT: usize = 2;
/// What counts as a dimension, in units of the largest singular value: far above the rounding
/// errors, which are below 1e-11 of it, and far below what matters.
const LEAST: f64 = 1e-6;

/// What one optimizer did to one network.
pub struct Outcome {
    pub loss: f64,
    pub step_size: f64,
    /// Of D, descending, the largest being 1.
    pub spectrum: Vec<f64>,
    /// ||D - P D P|| / ||D||, P the projection on S.
    pub outside: f64,
    /// Dimensions that the columns and rows of D add to S.
    pub dimensions: usize,
}

/// The outcome of the step size that ends in the smallest loss.
pub fn best(
    network: &str,
    optimizer: &str,
    neurons: usize,
    steps: usize,
) -> Result<Outcome, Box<dyn Error>> {
    let outcomes =
        (-2..10).map(|power| train(network, optimizer, neurons, steps, 0.5f64.powi(power)));
    let finite = outcomes.flatten().filter(|outcome| outcome.loss.is_finite());
    let best = finite.min_by(|a, b| a.loss.total_cmp(&b.loss));
    best.ok_or_else(|| format!("{optimizer} diverged with every step size").into())
}

/// The outcome of one step size, in units of what suits the optimizer; `None` if it diverged.
fn train(
    network: &str,
    optimizer: &str,
    neurons: usize,
    steps: usize,
    size: f64,
) -> Option<Outcome> {
    let stream = Stream::new("optimizers", 1, 0);
    let dimensions = Dimensions { neurons, d_in: D_IN, d_out: D_OUT, steps: 10, trials: 16 };
    let task = TaskFamily::DelayedRecall.draw(&dimensions, &stream.named("task"))?;
    let normal = |rows, cols, size, name| Matrix::normal(rows, cols, size, &mut stream.named(name));
    // Inputs of about one to every neuron, so that tanh bends.
    let b = normal(neurons, D_IN, 1.0, "B");
    let c = normal(D_OUT, neurons, 1.0 / neurons as f64, "C");
    let activation = if network == "tanh" { Activation::Tanh } else { Activation::Identity };
    let w = Block::scaled_identity(neurons, 0.5);
    let start = Network::rnn(Dynamics::rate(0.5, activation), w, b, c).ok()?;
    // A step of sign descent moves every entry by its size, one of Muon every singular value.
    let (rule, unit) = match optimizer {
        "Muon" => (UpdateRule::muon(), 1.0),
        "Shampoo" => (UpdateRule::shampoo(1e-4), 1.0),
        "Adam" => (UpdateRule::adam(1e-8), 1.0 / neurons as f64),
        "sign" => (UpdateRule::sign(), 1.0 / neurons as f64),
        _ => (UpdateRule::Gradient, 16.0),
    };
    let gradient_descent = Optimizer::gradient_descent(size * unit);
    let stepper = match optimizer {
        "momentum" => Stepper::HeavyBall { momentum: 0.9 },
        "Muon" => Stepper::Nesterov { momentum: rule.momentum()? },
        _ => gradient_descent.stepper.clone(),
    };
    let optimizer = Optimizer { stepper, rule, ..gradient_descent };
    let training = Training {
        batches: Batches::Mini { size: 8, stream: Box::new(stream.named("batches")) },
        trained: Subset::only(["W"]),
        ..Training::new(&start, &task, &SquaredError, optimizer)
    };
    let trajectory = training.run(steps).ok()?;
    Outcome::of(&trajectory, size * unit)
}

impl Outcome {
    fn of(trajectory: &Trajectory<f64>, step_size: f64) -> Option<Self> {
        let start = RnnParts::of(&trajectory.start).ok()?;
        let change = trajectory.increment(trajectory.steps());
        let space = Subspace::spanned_by(start.neurons(), [start.b, &start.c.transposed()])?;
        let sides = Matrix::beside(start.neurons(), [&change, &change.transposed()]);
        let added = f64::singular_values(&f64::outside(space.basis(), &sides));
        let values = f64::singular_values(&change);
        let least = LEAST * values[0];
        Some(Outcome {
            loss: trajectory.losses.last()? / trajectory.losses[0],
            step_size,
            spectrum: over_largest(values),
            outside: space.norms_outside(&change)[0] / change.norm(),
            dimensions: added.iter().filter(|&&value| value > least).count(),
        })
    }

    pub fn participation_ratio(&self) -> f64 {
        let sum = |power| self.spectrum.iter().map(|value| value.powi(power)).sum::<f64>();
        sum(2).powi(2) / sum(4)
    }

    pub fn for_99_percent(&self) -> usize {
        let squares: Vec<f64> = self.spectrum.iter().map(|value| value * value).collect();
        count_for_share(&squares, 0.99)
    }
}
