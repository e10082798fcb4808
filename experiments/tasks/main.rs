//! Do low-dimensional tasks move weights in few terms?
//!
//! Every task family, with tanh and ReLU, by stochastic gradient descent and by Adam, from random
//! weights of full rank, over numbers of inputs and outputs. Of the tensor of recorded weights, less
//! those at the start, the CP terms that hold 90, 95 and 99 % of the movement (its squared norm) are
//! counted; the step size is that of a grid which ends in the smallest loss.
//!
//! No theorem bounds these numbers: the networks are not linear and their start is not small. To be
//! seen: how they grow with the channels of the task, and that entrywise steps need more terms.

use std::error::Error;
use std::process::ExitCode;

use rankproof::prelude::*;
use rankproof::report::{Experiment, Figure, Panel, Table};
use statrs::statistics::Statistics;

#[path = "../console.rs"]
mod console;
mod row;

use row::{Row, Setting, Sizes, row};

const ACTIVATIONS: [&str; 2] = ["tanh", "ReLU"];
const OPTIMIZERS: [&str; 2] = ["SGD", "Adam"];

fn main() -> ExitCode {
    let title = "How many terms learning takes, task by task";
    console::run("tasks", title, run)
}

/// Trains on every task, and counts.
pub fn run(mut experiment: Experiment) -> Result<(), Box<dyn Error>> {
    let (sizes, channels) = if experiment.quick() {
        (Sizes { neurons: 16, steps: 10, learning_steps: 12, terms: 8 }, &[(1, 1), (3, 3)][..])
    } else {
        (
            Sizes { neurons: 40, steps: 20, learning_steps: 60, terms: 16 },
            &[(1, 1), (2, 2), (4, 4), (1, 4), (4, 1)][..],
        )
    };
    let mut rows = Vec::new();
    for setting in settings(channels) {
        let Setting { family, activation, optimizer, d_in, d_out } = setting;
        experiment.progress(format!("{family}: {d_in} in, {d_out} out, {activation}, {optimizer}"));
        rows.push(row(setting, sizes)?);
    }
    table(&mut experiment, &rows)?;
    let caption = format!(
        "CP terms that hold 95 % of the movement of the weights, against the channels of the task \
         (inputs and outputs); {} where {} are not enough.",
        sizes.terms + 1,
        sizes.terms
    );
    experiment.figure("terms", &caption, &figure(&rows))?;

    // Each run was chosen among those that learn.
    let worst = rows.iter().map(|row| row.loss).fold(0.0, f64::max);
    experiment.number("loss", "largest loss at the end over that at the start", worst, 0.0..=1.0);
    for (name, activation, optimizer) in [
        ("tanh_sgd", "tanh", "SGD"),
        ("tanh_adam", "tanh", "Adam"),
        ("relu_sgd", "ReLU", "SGD"),
        ("relu_adam", "ReLU", "Adam"),
    ] {
        let terms: Vec<f64> =
            of(&rows, activation, optimizer).map(|row| row.terms_for_95() as f64).collect();
        let meaning = format!("{activation}, {optimizer}: mean number of CP terms for 95 %");
        experiment.measured(name, &meaning, terms.mean());
    }
    let sgd: Vec<&Row> = rows.iter().filter(|row| row.setting.optimizer == "SGD").collect();
    let few = sgd.iter().filter(|row| row.terms_for_95() <= row.channels()).count();
    let meaning = "SGD: share of settings in which as many terms as channels hold 95 %";
    experiment.measured("few", meaning, few as f64 / sgd.len() as f64);
    experiment.finish()?;
    Ok(())
}

/// All combinations, given numbers of inputs and outputs.
fn settings(channels: &[(usize, usize)]) -> Vec<Setting> {
    let mut all = Vec::new();
    for family in TaskFamily::ALL {
        for &(d_in, d_out) in channels {
            for activation in ACTIVATIONS {
                let with = |optimizer| Setting { family, activation, optimizer, d_in, d_out };
                all.extend(OPTIMIZERS.map(with));
            }
        }
    }
    all
}

fn of<'a>(
    rows: &'a [Row],
    activation: &'a str,
    optimizer: &'a str,
) -> impl Iterator<Item = &'a Row> {
    rows.iter().filter(move |row| {
        row.setting.activation == activation && row.setting.optimizer == optimizer
    })
}

fn table(experiment: &mut Experiment, rows: &[Row]) -> Result<(), Box<dyn Error>> {
    let mut table = Table::new([
        "task",
        "activation",
        "optimizer",
        "inputs",
        "outputs",
        "loss",
        "90 %",
        "95 %",
        "99 %",
        "rows",
        "columns",
        "steps",
    ]);
    for Row { setting, loss, terms, searched, dimensions } in rows {
        let Setting { family, activation, optimizer, d_in, d_out } = setting;
        let mut cells = vec![family.to_string(), activation.to_string(), optimizer.to_string()];
        cells.extend([d_in, d_out].map(|channels| channels.to_string()));
        cells.push(format!("{loss:.3}"));
        let over = || format!("> {searched}");
        cells.extend(terms.map(|terms| terms.map_or_else(over, |terms| terms.to_string())));
        cells.extend(dimensions.map(|dimensions| dimensions.to_string()));
        table.row(cells);
    }
    let caption = "CP terms that hold 90, 95 and 99 % of the movement; dimensions of its rows, columns and time courses for 95 %; loss at the end over that at the start.";
    experiment.table("tasks", caption, &table)?;
    Ok(())
}

/// A panel for each family.
fn figure(rows: &[Row]) -> Figure {
    let figure = Figure::new("Terms that hold 95 % of the movement");
    TaskFamily::ALL.into_iter().fold(figure, |figure, family| {
        let mut panel = Panel::new(family.to_string(), "inputs and outputs", "CP terms");
        for (activation, optimizer) in
            ACTIVATIONS.into_iter().flat_map(|a| OPTIMIZERS.map(|o| (a, o)))
        {
            let own = of(rows, activation, optimizer).filter(|row| row.setting.family == family);
            let points = own.map(|row| (row.channels() as f64, row.terms_for_95() as f64));
            panel = panel.scatter(format!("{activation}, {optimizer}"), points);
        }
        figure.panel(panel)
    })
}
