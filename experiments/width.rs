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
use std::fs;
use std::time::Instant;

use rankproof::matrix::SingularValues;
use rankproof::prelude::*;
use rankproof::report::{Experiment, Figure, Panel, Table, number};
use rankproof::theorem::Slope;

fn main() -> Result<(), Box<dyn Error>> {
    run(Experiment::from_arguments("width", "The rank of learning does not grow with the network")?)
}

const D_IN: usize = 3;
const D_OUT: usize = 2;
const LEARNING_STEPS: usize = 10;
/// Of the task, which is the same for every N.
const DIMENSIONS: Dimensions =
    Dimensions { neurons: 100, d_in: D_IN, d_out: D_OUT, steps: 10, trials: 8 };

/// One network.
struct Row {
    neurons: usize,
    /// Of D_K; of the unfoldings of D_1..D_K along rows and columns.
    ranks: [Rank; 3],
    /// sigma_i / sigma_1 of D_K.
    spectrum: Vec<f64>,
    /// The loss at the end, over that at the start.
    loss: f64,
    seconds: f64,
    /// Bytes of all factors that the trajectory keeps.
    stored: f64,
    /// The most memory that the program has had so far, in bytes, where Linux tells.
    peak: Option<f64>,
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
    let last = |rank: &Rank| [rank.lower as f64, rank.upper as f64];
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

/// A network of independent weights: columns of B and rows of C have a norm of about one.
fn network(neurons: usize, w: Weights<f64>, stream: &Stream) -> Network<f64> {
    let normal = |rows, cols, name| {
        let mut stream = stream.named(name);
        let size = 1.0 / (neurons as f64).sqrt();
        Matrix::from_fn(rows, cols, |_, _| size * stream.normal())
    };
    Network {
        dynamics: Dynamics::linear(0.5),
        parameters: Parameters::new(w, normal(neurons, D_IN, "B"), normal(D_OUT, neurons, "C")),
    }
}

/// Trains a linear network from W_0 = 0 in factors.
fn row(neurons: usize) -> Result<Row, Box<dyn Error>> {
    let started = Instant::now();
    let stream = Stream::new("width", 1, 0);
    let task = TaskFamily::LinearTeacher.draw(&DIMENSIONS, &stream.named("task"));
    let task = task.ok_or("a task of real numbers")?;
    let network = network(neurons, Weights::scaled_identity(neurons, 0.0), &stream);
    let optimizer = Optimizer::gradient_descent(2.0);
    let training = Training {
        storage: Storage::Factors,
        ..Training::new(network, &task, &SquaredError, optimizer)
    };
    let trajectory = training.run(LEARNING_STEPS)?;
    let reduced = trajectory.increments().reduced();
    let core = reduced.slices.last().ok_or("no learning step")?;
    let mut spectrum = f64::singular_values(core);
    let last = Rank::of_spectrum(spectrum.clone(), trajectory.noise(LEARNING_STEPS));
    let [by_rows, by_columns, _] = reduced.unfolding_ranks(trajectory.tensor_noise());
    let largest = spectrum[0];
    spectrum.iter_mut().for_each(|value| *value /= largest);
    let numbers = trajectory.gradients.iter().map(|gradient| 2 * neurons * gradient.width());
    Ok(Row {
        neurons,
        ranks: [last, by_rows, by_columns],
        spectrum,
        loss: trajectory.losses[LEARNING_STEPS] / trajectory.losses[0],
        seconds: started.elapsed().as_secs_f64(),
        stored: (numbers.sum::<usize>() * size_of::<f64>()) as f64,
        peak: peak(),
    })
}

/// The ranks after the first and the last learning step from a random W_0. Exact, since in floating
/// point most singular values are below the noise.
fn control_ranks(neurons: usize) -> Result<[f64; 2], Box<dyn Error>> {
    let stream = Stream::new("width", 1, 0);
    let random = |rows, cols, name| Matrix::<Fp>::random(rows, cols, &mut stream.named(name));
    let dimensions = Dimensions { neurons, ..DIMENSIONS };
    let task = TaskFamily::LinearTeacher.draw(&dimensions, &stream.named("task"));
    let task = task.ok_or("a task of a field")?;
    let network = Network {
        dynamics: Dynamics::linear(Fp::ratio(1, 2)),
        parameters: Parameters::new(
            Weights::dense(random(neurons, neurons, "W")),
            random(neurons, D_IN, "B"),
            random(D_OUT, neurons, "C"),
        ),
    };
    let optimizer = Optimizer::gradient_descent(Fp::ratio(1, 10));
    let trajectory = Training::new(network, &task, &SquaredError, optimizer).run(LEARNING_STEPS)?;
    Ok([1, LEARNING_STEPS].map(|step| trajectory.rank(step).lower as f64))
}

/// The largest resident set of this process so far, in bytes.
fn peak() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(1024.0 * line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok()?)
}

impl Row {
    /// Bytes that W_0..W_K would take in full.
    fn tensor(&self) -> f64 {
        let entries = (LEARNING_STEPS + 1) as f64 * (self.neurons as f64).powi(2);
        entries * size_of::<f64>() as f64
    }
}

fn rank_figure(rows: &[Row], control: &[(f64, [f64; 2])]) -> Figure {
    let ranks = rows.iter().map(|row| (row.neurons as f64, row.ranks[0].lower as f64));
    let of = |index: usize| control.iter().map(move |(neurons, ranks)| (*neurons, ranks[index]));
    let panel = Panel::new("The rank does not grow with the network", "neurons N", "rank")
        .log_x()
        .log_y()
        .line(format!("W_0 = 0, {LEARNING_STEPS} steps"), ranks)
        .line("W_0 random, 1 step", of(0))
        .line(format!("W_0 random, {LEARNING_STEPS} steps"), of(1));
    Figure::single(panel)
}

fn cost_figure(rows: &[Row]) -> Figure {
    let of =
        |measure: fn(&Row) -> f64| rows.iter().map(move |row| (row.neurons as f64, measure(row)));
    let peaks = rows.iter().filter_map(|row| Some((row.neurons as f64, row.peak? / 1e6)));
    Figure::new("Memory grows in proportion to N, time nearly so")
        .columns(2)
        .panel(
            Panel::new("Memory", "neurons N", "megabytes")
                .log_x()
                .log_y()
                .line("factors kept", of(|row| row.stored / 1e6))
                .line("program, peak", peaks)
                .line("W_0..W_K in full", of(|row| row.tensor() / 1e6)),
        )
        .panel(
            Panel::new("Time", "neurons N", "seconds")
                .log_x()
                .log_y()
                .line("training and ranks", of(|row| row.seconds)),
        )
}
