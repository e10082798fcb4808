//! Which optimizers stay in the space of learning?
//!
//! S = span(col B, row C) holds every weight change of a linear network from W_0 = w I, for every
//! optimizer that combines gradients (SGD, momentum) or acts on their singular values (Muon,
//! Shampoo): theorems invariant-subspace and spectral-optimizers. Adam and sign descent act entry
//! by entry, and leave it. The same network and task, linear and with tanh, are trained by each,
//! on the same random batches, with the step size of a grid that ends in the smallest loss.
//!
//! With tanh the theorems do not apply, and the small part of a gradient outside S is what Muon and
//! Shampoo make larger: those that stay in a linear network spread over most directions there.
//!
//! To be seen, of D = W_K - W_0: its singular values; the part of its norm outside S x S; how many
//! dimensions outside S it has; its effective rank, the participation ratio
//! (sum sigma^2)^2 / sum sigma^4, and the number of singular values for 99 % of the squared norm.

use std::error::Error;

use rankproof::matrix::{SingularValues, count_for_share};
use rankproof::prelude::*;
use rankproof::report::{Experiment, Figure, Panel, Table, number};
use rankproof::training::{Direction, Entrywise};

fn main() -> Result<(), Box<dyn Error>> {
    let title =
        "Gradients and their spectral functions stay in a small space, entrywise steps leave";
    run(Experiment::from_arguments("optimizers", title)?)
}

const OPTIMIZERS: [&str; 6] = ["SGD", "momentum", "Muon", "Shampoo", "Adam", "sign"];
const NETWORKS: [&str; 2] = ["linear", "tanh"];
const D_IN: usize = 3;
const D_OUT: usize = 2;
/// What counts as a dimension, in units of the largest singular value: far above the rounding
/// errors, which are below 1e-11 of it, and far below what matters.
const LEAST: f64 = 1e-6;

/// What one optimizer did to one network.
struct Outcome {
    loss: f64,
    step_size: f64,
    /// Of D, descending, the largest being 1.
    spectrum: Vec<f64>,
    /// ||D - P D P|| / ||D||, P the projection on S.
    outside: f64,
    /// Dimensions that the columns and rows of D add to S.
    dimensions: usize,
}

/// Trains by each optimizer, and compares the weight changes.
pub fn run(mut experiment: Experiment) -> Result<(), Box<dyn Error>> {
    let (neurons, steps) = if experiment.quick() { (24, 20) } else { (80, 100) };
    let mut table = Table::new([
        "network",
        "optimizer",
        "step size",
        "loss, last/first",
        "outside S, % of norm",
        "dimensions outside S",
        "participation ratio",
        "for 99 %",
    ]);
    let mut found = Vec::new();
    for network in NETWORKS {
        let mut outcomes = Vec::new();
        for optimizer in OPTIMIZERS {
            experiment.progress(format!("{network}: {optimizer}"));
            let outcome = best(network, optimizer, neurons, steps)?;
            let measured = [
                outcome.step_size,
                outcome.loss,
                100.0 * outcome.outside,
                outcome.dimensions as f64,
                outcome.participation_ratio(),
                outcome.for_99_percent() as f64,
            ];
            let names = [network, optimizer].map(str::to_owned);
            table.row(names.into_iter().chain(measured.map(number)));
            outcomes.push(outcome);
        }
        found.push(outcomes);
    }
    let caption = format!("Weight changes of {neurons} neurons after {steps} learning steps.");
    experiment.table("optimizers", &caption, &table)?;
    experiment.figure(
        "spectra",
        "In a linear network the singular values end after d_in + d_out for all but Adam and sign \
         descent; with tanh they fall on, slowest for Muon and Shampoo.",
        &spectra(&found),
    )?;
    experiment.figure(
        "outside",
        "Effective rank and the part outside the space, of each optimizer.",
        &bars(&found),
    )?;

    let [linear, tanh] = [&found[0], &found[1]];
    let most = |outcomes: &[Outcome]| outcomes.iter().map(|o| o.outside).fold(0.0, f64::max);
    let least = |outcomes: &[Outcome]| outcomes.iter().map(|o| o.outside).fold(1.0, f64::min);
    // The theorems say zero; rounding errors are 1e-16, for each of some hundred sums, times the
    // hundreds by which Muon and Shampoo lift what is small, once for each of the last steps.
    let stay = most(&linear[..4]);
    let meaning = "linear: largest part of the norm outside S, of SGD, momentum, Muon, Shampoo";
    experiment.number("stay", meaning, stay, 0.0..=1e-9);
    // The signs of a normal gradient have 2 / pi of their squares along it; the rest, a part
    // sqrt(1 - 2 / pi) = 0.6 of the norm, points anywhere, of which S x S is little. Adam does the
    // same to a mean of gradients.
    let leave = least(&linear[4..]);
    let meaning = "linear: smallest part of the norm outside S, of Adam and sign descent";
    experiment.number("leave", meaning, leave, 0.4..=0.9);
    let d = (D_IN + D_OUT) as f64;
    let largest = linear[..4].iter().map(Outcome::participation_ratio).fold(0.0, f64::max);
    let meaning = "linear: largest participation ratio of those that stay";
    // At least one; at most the rank, d_in + d_out.
    experiment.number("participation", meaning, largest, 1.0..=d);
    // No theorem: inputs of about one bend tanh by a good part of itself, for everyone.
    let meaning = "tanh: smallest part of the norm outside S, of all";
    experiment.number("tanh", meaning, least(tanh), 0.3..=1.0);
    // Muon lifts the small singular values of a gradient, which with tanh lie outside S, to where
    // the large ones are.
    let [sgd, muon] = [&tanh[0], &tanh[2]].map(Outcome::participation_ratio);
    let meaning = "tanh: participation ratio of Muon over that of SGD";
    experiment.number("muon", meaning, muon / sgd, 2.0..=20.0);
    let worst = found.iter().flatten().map(|outcome| outcome.loss).fold(0.0, f64::max);
    // All have learned, or there is nothing to compare.
    experiment.number("loss", "largest loss at the end over that at the start", worst, 0.0..=0.3);
    experiment.finish()?;
    Ok(())
}

/// The outcome of the step size that ends in the smallest loss.
fn best(
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
    let normal = |rows, cols, size: f64, name| {
        let mut stream = stream.named(name);
        Matrix::from_fn(rows, cols, |_, _| size * stream.normal())
    };
    // Inputs of about one to every neuron, so that tanh bends.
    let b = normal(neurons, D_IN, 1.0, "B");
    let c = normal(D_OUT, neurons, 1.0 / neurons as f64, "C");
    let activation = if network == "tanh" { Activation::Tanh } else { Activation::Identity };
    let start = Network {
        dynamics: Dynamics::rate(0.5, activation),
        parameters: Parameters::new(Weights::scaled_identity(neurons, 0.5), b, c),
    };
    // A step of sign descent moves every entry by its size, one of Muon every singular value.
    let (direction, unit) = match optimizer {
        "Muon" => (Direction::muon(), 1.0),
        "Shampoo" => (Direction::shampoo(1e-4), 1.0),
        "Adam" => (Direction::adam(1e-8), 1.0 / neurons as f64),
        "sign" => (Direction::Entrywise(Entrywise::Sign), 1.0 / neurons as f64),
        _ => (Direction::Gradient, 16.0),
    };
    let gradient_descent = Optimizer::gradient_descent(size * unit);
    let method = match optimizer {
        "momentum" => Method::HeavyBall { momentum: 0.9 },
        _ => gradient_descent.method.clone(),
    };
    let optimizer = Optimizer { method, direction, ..gradient_descent };
    let training = Training {
        batches: Batches::Mini { size: 8, stream: Box::new(stream.named("batches")) },
        ..Training::new(start, &task, &SquaredError, optimizer)
    };
    let trajectory = training.run(steps).ok()?;
    Outcome::of(&trajectory, size * unit)
}

impl Outcome {
    fn of(trajectory: &Trajectory<f64>, step_size: f64) -> Option<Self> {
        let (start, change) = (&trajectory.start, trajectory.increment(trajectory.steps()));
        let space = Subspace::spanned_by(start.neurons(), [&start.b, &start.c.transposed()])?;
        let beyond = |matrix: &Matrix<f64>| f64::outside(space.basis(), matrix);
        let transposed = change.transposed();
        // Q D, and P D Q as its transpose.
        let (left, right) = (beyond(&change), beyond(&transposed));
        let inside_left = beyond(&change.minus(&left).transposed());
        let mut spectrum = f64::singular_values(&change);
        let largest = spectrum[0];
        let added = f64::singular_values(&Matrix::beside(start.neurons(), [&left, &right]));
        spectrum.iter_mut().for_each(|value| *value /= largest);
        Some(Outcome {
            loss: trajectory.losses.last()? / trajectory.losses[0],
            step_size,
            spectrum,
            outside: left.norm().hypot(inside_left.norm()) / change.norm(),
            dimensions: added.iter().filter(|&&value| value > LEAST * largest).count(),
        })
    }

    fn participation_ratio(&self) -> f64 {
        let sum = |power| self.spectrum.iter().map(|value| value.powi(power)).sum::<f64>();
        sum(2).powi(2) / sum(4)
    }

    fn for_99_percent(&self) -> usize {
        let squares: Vec<f64> = self.spectrum.iter().map(|value| value * value).collect();
        count_for_share(&squares, 0.99)
    }
}

fn spectra(found: &[Vec<Outcome>]) -> Figure {
    let title = "A linear network: five singular values, except for entrywise steps";
    NETWORKS.iter().zip(found).fold(Figure::new(title).columns(2), |figure, (network, outcomes)| {
        let panel = Panel::new(*network, "number i", "sigma_i / sigma_1").log_y();
        let panel = OPTIMIZERS.iter().zip(outcomes).fold(panel, |panel, (name, outcome)| {
            let values = outcome.spectrum.iter().take(16).enumerate();
            panel.line(*name, values.map(|(i, &value)| ((i + 1) as f64, value)))
        });
        // A vertical line through the picture.
        let values = outcomes.iter().flat_map(|outcome| outcome.spectrum.iter().take(16));
        let least = values.copied().fold(1.0, f64::min).max(1e-18);
        let d = (D_IN + D_OUT) as f64;
        figure.panel(panel.path("d_in + d_out", [(d, least), (d, 1.0)]))
    })
}

fn bars(found: &[Vec<Outcome>]) -> Figure {
    let series = |panel: Panel, height: fn(&Outcome) -> f64| {
        NETWORKS.iter().zip(found).fold(panel, |panel, (network, outcomes)| {
            let bars = OPTIMIZERS.iter().zip(outcomes);
            panel.bars(*network, bars.map(|(name, outcome)| (*name, height(outcome), 0.0)))
        })
    };
    let rank = Panel::new("Effective rank", "", "participation ratio");
    let outside = Panel::new("Outside the space", "", "part of the norm outside S (%)");
    Figure::new("Muon and Shampoo stay in a linear network's space, and spread most with tanh")
        .columns(2)
        .panel(series(rank, Outcome::participation_ratio))
        .panel(series(outside, |outcome| 100.0 * outcome.outside))
}
