//! How fast does the rank of learning grow?
//!
//! W_0 = 0, so the first gradient sees the inputs and outputs alone, and every step can see at most
//! what the two before it made: by fibonacci-growth, with m = min(d_in, d_out),
//!
//! ```text
//! rank (W_k - W_0) <= m (F_{k+2} - 1) = m (0, 1, 2, 4, 7, 12, 20, 33, ...)
//! ```
//!
//! while by invariant-subspace it never exceeds d_in + d_out. Random linear networks are trained in
//! a prime field, where a rank is a fact, for several (d_in, d_out). To be seen: the rank takes
//! every one of these values until d_in + d_out ends the growth. One input and many outputs show
//! most of the sequence; there Muon grows as fast as gradient descent, training B and C too gives
//! F_{k+3} - 2, and a quadratic activation, to which neither theorem applies, obeys neither.

use std::error::Error;
use std::process::ExitCode;

use rankproof::conjecture::{GridCell, Sweep, explore};
use rankproof::prelude::*;
use rankproof::report::{Experiment, Figure, Panel, Table};
use rankproof::theorem::fibonacci_growth::fibonacci;
use rankproof::theorem::{ActivationKind, Measure, RuleKind, Setting, StepperKind};

#[path = "console.rs"]
mod console;

fn main() -> ExitCode {
    console::run("growth", "Rank over learning steps grows as Fibonacci numbers", run)
}

/// The four networks that are compared at one input and many outputs.
const KINDS: [&str; 4] = ["gradient descent on W", "Muon on W", "W, B and C trained", "quadratic"];

/// Ranks over learning steps for several (d_in, d_out), then for several kinds of networks.
pub fn run(mut experiment: Experiment) -> Result<(), Box<dyn Error>> {
    // Outputs enough for the growth of one input not to end within `steps`.
    let (many, steps) = if experiment.quick() { (20, 6) } else { (40, 7) };
    let grid = ranks(linear(), vec![1, 2, 4], vec![1, 4, many], steps)?;
    let rows: Vec<&[GridCell]> = grid.chunks(steps + 1).collect();
    let kinds = KINDS.map(|kind| ranks(of_kind(kind), vec![1], vec![many], steps));
    let kinds = kinds.into_iter().collect::<Result<Vec<_>, _>>()?;

    let mut table = Table::new(["d_in", "d_out", "network", "rank for k = 0, 1, ...", "bound"]);
    let named = rows.iter().map(|row| (KINDS[0], *row));
    for (kind, row) in named.chain(KINDS.into_iter().zip(&kinds).skip(1).map(|(k, r)| (k, &r[..])))
    {
        let list = |number: fn(&GridCell) -> usize| {
            row.iter().map(|cell| number(cell).to_string()).collect::<Vec<_>>().join(" ")
        };
        let (measured, limit) = (list(|cell| cell.measured.lower), list(|cell| cell.limit));
        let channels = [row[0].d_in, row[0].d_out].map(|number| number.to_string());
        table.row(channels.into_iter().chain([kind.to_owned(), measured, limit]));
    }
    experiment.table(
        "growth",
        "Rank of W_k - W_0 of generic networks after k steps, and the best bound known.",
        &table,
    )?;
    experiment.figure(
        "channels",
        "The rank meets the smaller of the two bounds at every step, for every number of inputs \
         and outputs.",
        &channels_figure(&rows),
    )?;
    experiment.figure(
        "kinds",
        "With one input, spectral updates grow as fast as gradients, training all weights takes \
         one step less, and a network that is not linear is not bounded.",
        &kinds_figure(&kinds, many),
    )?;

    let linear = || grid.iter().chain(kinds[..3].iter().flatten());
    let count = |test: fn(&GridCell) -> bool| linear().filter(|cell| test(cell)).count() as f64;
    let cells = linear().count() as f64;
    // A theorem with a proof: no exception is expected.
    let above = count(|cell| cell.measured.upper > cell.limit);
    experiment.number("above", "ranks of linear networks above their bound", above, 0.0..=0.0);
    // The theorem says that generic instances attain it, everywhere.
    let attained = count(GridCell::is_explained) / cells;
    experiment.number("attained", "part of the ranks that equal their bound", attained, 1.0..=1.0);
    // An instance misses about one rank in as many as the field has elements, 1e15; what is proved
    // of that is `GridCell::missed`.
    let others = count(|cell| cell.disagreeing > 0);
    experiment.number("others", "ranks on which instances disagree", others, 0.0..=0.0);
    // F_{K+2} - 1: 20 for K = 6, 33 for K = 7.
    let (last, predicted) = (kinds[0][steps].measured.lower, (fibonacci(steps + 2) - 1) as f64);
    let meaning = format!("rank after {steps} steps, 1 input and {many} outputs");
    experiment.number("last", &meaning, last as f64, predicted..=predicted);
    // The control: from the first step on, states of the quadratic network leave the space.
    let bounded = kinds[0].iter().zip(&kinds[3]).skip(1);
    let beyond = bounded.filter(|(linear, other)| other.measured.lower > linear.limit).count();
    let all = steps as f64;
    let meaning = format!("of {steps} steps, those in which the quadratic network is above");
    experiment.number("control", &meaning, beyond as f64, all..=all);
    experiment.finish()?;
    Ok(())
}

/// The largest exact rank of three random instances of each.
fn ranks(
    setting: Setting,
    d_in: Vec<usize>,
    d_out: Vec<usize>,
    steps: usize,
) -> Result<Vec<GridCell>, Box<dyn Error>> {
    let steps = (0..=steps).collect();
    let sweep = Sweep {
        setting,
        d_in,
        d_out,
        steps,
        measure: Measure::Rank,
        instances: 3,
        seed: 1,
        real: false,
    };
    Ok(explore(&sweep, &|| ()).map_err(|reason| format!("exploring: {reason}"))?)
}

/// W_0 = 0, h_0 = 0, and trials and time steps enough not to limit a rank. The weights, inputs,
/// targets and the step size are random.
fn linear() -> Setting {
    Setting::plain(Dimensions { neurons: 48, d_in: 1, d_out: 1, steps: 16, trials: 16 })
}

fn of_kind(kind: &str) -> Setting {
    let plain = linear();
    match kind {
        // With Nesterov's momentum, as published.
        "Muon on W" => Setting { rule: RuleKind::Muon, stepper: StepperKind::Nesterov, ..plain },
        "W, B and C trained" => Setting { trained: Subset::only(["W", "B", "C"]), ..plain },
        "quadratic" => Setting { psi: ActivationKind::Polynomial(2), ..plain },
        _ => plain,
    }
}

fn measured(row: &[GridCell]) -> impl Iterator<Item = (f64, f64)> {
    row.iter().map(|cell| (cell.step as f64, cell.measured.lower as f64))
}

/// A panel for each (d_in, d_out).
fn channels_figure(rows: &[&[GridCell]]) -> Figure {
    let title = "The rank meets the smaller of two bounds at every step";
    rows.iter().fold(Figure::new(title), |figure, row| {
        let (d_in, d_out) = (row[0].d_in, row[0].d_out);
        let top = (d_in + d_out) as f64;
        let bound = |k: usize| (d_in.min(d_out) * (fibonacci(k + 2) - 1)) as f64;
        // The Fibonacci bound as far as it is in the picture.
        let growth =
            (0..row.len()).map(|k| (k as f64, bound(k))).filter(|point| point.1 <= 1.5 * top);
        let title = format!("d_in = {d_in}, d_out = {d_out}");
        let panel = Panel::new(title, "learning step k", "rank of W_k - W_0")
            .path("m (F_{k+2} - 1)", growth)
            .path("d_in + d_out", [(0.0, top), ((row.len() - 1) as f64, top)])
            .scatter("rank, exact", measured(row));
        figure.panel(panel)
    })
}

/// One input, many outputs.
fn kinds_figure(kinds: &[Vec<GridCell>], d_out: usize) -> Figure {
    let title = format!("One input, {d_out} outputs: who grows how fast");
    let panel = Panel::new(title, "learning step k", "rank of W_k - W_0");
    let lines = KINDS.iter().zip(kinds);
    let panel = lines.fold(panel, |panel, (kind, row)| panel.line(*kind, measured(row)));
    Figure::single(panel.level("d_in + d_out", (d_out + 1) as f64))
}
