//! A network trained on one task, and in how few terms its weights moved.

use std::error::Error;

use rankproof::prelude::*;
use rankproof::training::UpdateRule;
use rankproof::weights::{EffectiveOptions, EffectiveRanks};

/// What is trained.
#[derive(Clone, Copy)]
pub struct Setting {
    pub family: TaskFamily,
    pub activation: &'static str,
    pub optimizer: &'static str,
    pub d_in: usize,
    pub d_out: usize,
}

/// How long, and how large.
#[derive(Clone, Copy)]
pub struct Sizes {
    pub neurons: usize,
    pub steps: usize,
    pub learning_steps: usize,
    /// Terms up to which decompositions are searched for.
    pub terms: usize,
}

/// What learning did.
pub struct Row {
    pub setting: Setting,
    /// At the end, over that at the start.
    pub loss: f64,
    /// CP terms that hold 90, 95 and 99 % of the movement; none if more than were searched for.
    pub terms: [Option<usize>; 3],
    /// Up to how many were searched for.
    pub searched: usize,
    /// Dimensions of rows, of columns and of time courses that hold 95 %.
    pub dimensions: [usize; 3],
}

impl Row {
    /// Channels of the task.
    pub fn channels(&self) -> usize {
        self.setting.d_in + self.setting.d_out
    }

    /// The terms for 95 %, one more than were searched for if that is not enough.
    pub fn terms_for_95(&self) -> usize {
        self.terms[1].unwrap_or(self.searched + 1)
    }
}

/// The run whose step size ends in the smallest loss.
pub fn row(setting: Setting, sizes: Sizes) -> Result<Row, Box<dyn Error>> {
    let runs = (0..6).filter_map(|power| train(setting, sizes, 0.25_f64.powi(power)));
    let best = runs.min_by(|a, b| a.0.total_cmp(&b.0));
    let (loss, best) = best.ok_or_else(|| format!("{}: no step size learns", setting.family))?;
    let weights: Vec<_> = (0..=best.steps()).map(|k| best.weights_at(k)).collect();
    let options = EffectiveOptions { draws: 1, terms: sizes.terms, ..EffectiveOptions::default() };
    let found = EffectiveRanks::of_slices(&weights, &options, &|_| ());
    let cp = found.cp.ok_or("weights that did not move")?;
    let sides = [found.rows, found.columns, found.steps];
    Ok(Row {
        setting,
        loss,
        terms: cp.dimensions(),
        searched: sizes.terms,
        dimensions: sides.map(|side| side.map_or(0, |spectrum| spectrum.dimensions_for(0.95))),
    })
}

/// Of one step size, in units of what suits the optimizer, with the loss over all trials at the end
/// over that at the start; `None` if it diverged or did not learn.
fn train(setting: Setting, sizes: Sizes, size: f64) -> Option<(f64, Trajectory<f64>)> {
    let Setting { family, activation, optimizer, d_in, d_out } = setting;
    let Sizes { neurons, steps, learning_steps, .. } = sizes;
    let stream = Stream::new("tasks", 1, 0);
    let dimensions = Dimensions { neurons, d_in, d_out, steps, trials: 16 };
    let task: Task<f64> = family.draw(&dimensions, &stream.named("task"))?;
    let normal = |rows, cols, size, name| Matrix::normal(rows, cols, size, &mut stream.named(name));
    let unit = 1.0 / (neurons as f64).sqrt();
    let b = normal(neurons, d_in, 1.0, "B");
    let c = normal(d_out, neurons, 1.0 / neurons as f64, "C");
    let activation = if activation == "tanh" { Activation::Tanh } else { Activation::Relu };
    let w = normal(neurons, neurons, 0.9 * unit, "W");
    let start = Network::rnn(Dynamics::rate(0.3, activation), w, b, c).ok()?;
    let (rule, unit) = match optimizer {
        "Adam" => (UpdateRule::adam(1e-8), 1.0 / neurons as f64),
        _ => (UpdateRule::Gradient, 16.0 / steps as f64),
    };
    let optimizer = Optimizer { rule, ..Optimizer::gradient_descent(size * unit) };
    let training = Training {
        batches: Batches::Mini { size: 8, stream: Box::new(stream.named("batches")) },
        trained: Subset::only(["W"]),
        ..Training::new(&start, &task, &SquaredError, optimizer)
    };
    let trajectory = training.run(learning_steps).ok()?;
    let loss = |blocks: &Blocks<f64>| {
        let outputs = start.architecture.outputs(blocks, &task.inputs, task.trials).ok()?;
        Some(SquaredError.value(&outputs, &task))
    };
    let ratio = loss(&trajectory.end)? / loss(&trajectory.start)?;
    (ratio < 1.0).then_some((ratio, trajectory))
}
