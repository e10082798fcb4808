//! Does the rank of learning grow with the number of neurons?
//!
//! invariant-subspace bounds it by d_in + d_out, whatever N is. Linear networks of 100 to 100 000
//! neurons learn the same task from W_0 = 0; the weights are kept as the factors of their
//! gradients, so that neither W nor the N x N x K tensor is ever formed: the theorem put to use.
//!
//! To be seen: the ranks of the last change and of the unfoldings of the tensor stay what they are;
//! memory grows in proportion to N and time nearly so, where a tensor would take N^2. The control:
//! a random W_0, to which the theorem does not apply. The rank is then N in small networks, and in
//! large ones a number that grows with learning and with the time steps, far above d_in + d_out.

use std::error::Error;
use std::process::ExitCode;

use rankproof::matrix::Rank;
use rankproof::report::{Experiment, Table, number};
use rankproof::theorem::Slope;

#[path = "../console.rs"]
mod console;
mod figures;
mod row;

use figures::{cost_figure, rank_figure};
use row::{D_IN, D_OUT, DIMENSIONS, LEARNING_STEPS, control_ranks, row};

fn main() -> ExitCode {
    console::run("width", "The rank of learning does not grow with the network", run)
}

/// Trains one network of each width.
pub fn run(mut experiment: Experiment) -> Result<(), Box<dyn Error>> {
    let widths = [100, 300, 1000, 3000, 10_000, 30_000, 100_000];
    let controls = [25, 50, 100, 200, 400];
    let (most, most_control) = if experiment.quick() { (2000, 100) } else { (100_000, 400) };
    let mut rows = Vec::new();
    for neurons in widths.into_iter().filter(|&neurons| neurons <= most) {
        experiment.progress(format!("{neurons} neurons"));
        rows.push(row(neurons)?);
    }
    let mut control = Vec::new();
    for neurons in controls.into_iter().filter(|&neurons| neurons <= most_control) {
        control.push((neurons as f64, control_ranks(neurons)?));
    }

    let mut table = Table::new([
        "N",
        "rank of D_K",
        "rows",
        "columns",
        "sigma_5",
        "sigma_6",
        "loss, last/first",
        "seconds",
        "stored (MB)",
        "peak (MB)",
        "tensor (MB)",
    ]);
    for row in &rows {
        let megabytes = |bytes: f64| number(bytes / 1e6);
        let mut cells = vec![row.neurons.to_string()];
        cells.extend(row.ranks.iter().map(Rank::to_string));
        let value = |index: usize| number(row.spectrum.get(index).copied().unwrap_or(0.0));
        cells.extend([value(4), value(5), number(row.loss), number(row.seconds)]);
        cells.push(megabytes(row.stored));
        cells.push(row.peak.map_or("unknown".into(), megabytes));
        cells.push(megabytes(row.tensor()));
        table.row(cells);
    }
    let caption = format!(
        "Learning {LEARNING_STEPS} steps with {D_IN} inputs and {D_OUT} outputs; the ranks of the \
         last change and of all along rows and columns, and what the run cost."
    );
    experiment.table("width", &caption, &table)?;
    experiment.figure(
        "rank",
        "From W_0 = 0 the rank is d_in + d_out = 5 at every width; from a random start it is far \
         above that, as the controls show.",
        &rank_figure(&rows, &control),
    )?;
    experiment.figure(
        "cost",
        "Memory grows in proportion to N and time nearly so; the tensor would take N^2.",
        &cost_figure(&rows),
    )?;

    // The theorem: at most d, at every width. Generic data attain it.
    let d = (D_IN + D_OUT) as f64;
    let last = |rank: &Rank| [rank.bounds.lower as f64, rank.bounds.upper as f64];
    let ends: Vec<f64> = rows.iter().flat_map(|row| row.ranks.iter().flat_map(last)).collect();
    let largest = ends.iter().copied().fold(0.0, f64::max);
    let smallest = ends.iter().copied().fold(f64::INFINITY, f64::min);
    experiment.number("largest", "largest rank of any width and unfolding", largest, d..=d);
    experiment.number("smallest", "smallest rank of any width and unfolding", smallest, d..=d);
    // The first gradient is a sum over time steps but the first, where h_0 = 0, each of rank
    // min(d_in, d_out); in the space of dimension N, which is larger.
    let (widest, [first, last]) = *control.last().ok_or("no control")?;
    let predicted = (D_IN.min(D_OUT) * (DIMENSIONS.steps - 1)) as f64;
    let meaning = format!("rank after one step from a random start, N = {widest}, exact");
    experiment.number("control_first", &meaning, first, predicted..=predicted);
    // No theorem: growth with every step, to ten times d at least.
    let meaning = format!("the same after {LEARNING_STEPS} steps");
    experiment.number("control", &meaning, last, 10.0 * d..=widest);
    // Ten steps of a task that is not learned would show nothing.
    let loss = rows.iter().map(|row| row.loss).fold(0.0, f64::max);
    experiment.number("loss", "largest loss at the end over that at the start", loss, 0.0..=0.9);
    // The factors are d columns of N numbers, twice for each step.
    let points: Vec<_> = rows.iter().map(|row| (row.neurons as f64, row.stored)).collect();
    let slope = Slope::of_logs(&points).ok_or("too few widths")?;
    let meaning = "exponent of the memory of the weights over N";
    experiment.number("memory", meaning, slope.estimate, 0.95..=1.05);
    experiment.finish()?;
    Ok(())
}
