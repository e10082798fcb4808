//! `rankproof explore`: exact generic ranks over a grid, beside the best bound known.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::conjecture::{GridCell, Group, Lattice, Survey, Surveyed, Sweep, explore_part};
use crate::file::write_atomically;
use crate::named::Named;
use crate::part::Part;
use crate::report::ExplorationTable;
use crate::task::Dimensions;
use crate::theorem::{Measure, Setting};
use anyhow::{Context, bail};
use clap::Args;

use super::collect::Parts;
use super::explore_parts::{Cell, Choices};
use super::files::Files;
use super::job::Plan;
use super::network_arguments::{NetworkArguments, memory};
use super::output::{print, progress, table};
use super::part::{PartArguments, Run};
use super::{any_choice, list_of_numbers};

/// Tabulate the exact rank of generic instances beside the best bound that is known.
///
/// Rows are numbers of inputs and outputs, columns learning steps. `4` stands for a rank that
/// reaches its bound, `4<7` for one that does not: there a theorem is missing, or its bound is
/// loose. `7>4` would be a bound that is wrong, and exit status 1. With the defaults the rows of one input grow as the Fibonacci numbers.
///
/// With `--measure cp` an entry is a number, or `8..9`: at least 8, at most 9. Lower ends hold over every
/// field. An upper end without a mark holds over the prime field of the computation and, being made by
/// rational steps, of generic instances over the rationals. `7*` is that of a theorem, over any field;
/// `7r` holds over the real and complex numbers; `7c` over the complex numbers alone, where over the
/// reals more terms may be needed. The last line of the legend tells the share of single numbers.
#[derive(Args)]
pub struct Arguments {
    /// What is measured; rank if not given.
    #[arg(long, value_parser = any_choice::<Measure>())]
    measure: Option<Measure>,
    /// What varies: d_in, d_out or step, each a range or a list, as in d_in=1..4 or d_out=1,2,8.
    #[arg(long, value_name = "NAME=VALUES")]
    sweep: Vec<Swept>,
    /// Neurons, N.
    #[arg(long, default_value_t = 48)]
    neurons: usize,
    /// Time steps, T.
    #[arg(long, default_value_t = 16)]
    time: usize,
    /// Trials, M.
    #[arg(long, default_value_t = 16)]
    trials: usize,
    #[command(flatten)]
    network: NetworkArguments,
    /// Random instances of each; the generic rank is the largest.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    instances: u64,
    /// The seed of all random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Measure a lattice of settings instead, 86 400 cells for each measure, and print the share in
    /// which the rank is the best bound, and what the others have in common. Without --measure,
    /// rank, gradient-rank and r3. About two minutes on two cores.
    #[arg(long, conflicts_with_all = ["neurons", "sweep", "time", "trials", "activation", "task",
        "optimizer", "train", "start", "state", "instances", "csv"])]
    lattice: bool,
    /// With --measure cp, also search for real terms, of instances and certified, where an upper end holds
    /// over the complex numbers alone or is loose; of formats of up to 256 numbers. Takes minutes.
    #[arg(long, conflicts_with = "lattice")]
    real: bool,
    /// Also write the cells as CSV; `missed` bounds the probability that a rank is not the generic
    /// one, and is empty where nothing bounds it; `generic` is the CP rank of almost all tensors of the format
    /// over the complex numbers, and `real` the terms that --real has found of an instance.
    #[arg(long, value_name = "FILE", conflicts_with = "part")]
    csv: Option<PathBuf>,
    /// The folder for what a part finds; made if it is not there.
    #[arg(long, value_name = "DIR", help_heading = "Many machines")]
    out: Option<PathBuf>,
    #[command(flatten)]
    many: PartArguments,
}

/// One `--sweep`.
#[derive(Clone)]
struct Swept {
    name: String,
    values: Vec<usize>,
}

impl FromStr for Swept {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected d_in, d_out or step, as in d_in=1..4 or d_out=1,2,8".to_owned();
        let (name, values) = text.split_once('=').ok_or_else(expected)?;
        if !["d_in", "d_out", "step"].contains(&name) {
            return Err(expected());
        }
        let values = list_of_numbers(values, expected)?;
        if values.is_empty() || (name != "step" && values.contains(&0)) {
            return Err(format!("{name} takes at least one value, of one or more channels"));
        }
        Ok(Swept { name: name.to_owned(), values })
    }
}

/// `words` is the command line, the program first.
pub fn run(arguments: &Arguments, words: &[OsString]) -> anyhow::Result<u8> {
    Files::default().writes("--csv", &arguments.csv).check()?;
    let sweep = sweep(arguments)?;
    check_memory(&sweep)?;
    let written = arguments.csv.as_deref().map(|path| ("--csv", path));
    let folder = arguments.out.as_deref().unwrap_or(Path::new(""));
    let plan = Plan { folder, passes: 1, written };
    if let Some(script) = arguments.many.job.script(words, &plan)? {
        print(&script)?;
        return Ok(0);
    }
    match (arguments.many.part, &arguments.out) {
        (Some(part), Some(folder)) => {
            let run = Run::new(&words[1..], &choices(arguments, &sweep))?;
            if arguments.lattice {
                return run.carry_out(folder, part, || found(arguments, part));
            }
            let cells = || Ok(explored(&sweep, part)?.iter().map(Cell::of).collect::<Vec<_>>());
            run.carry_out(folder, part, cells)
        }
        (None, Some(_)) => bail!("--out is for --part, expected both: it is for what a part finds"),
        _ if arguments.lattice => surveys(arguments, &found(arguments, Part::WHOLE)?),
        _ => concluded(&sweep, &explored(&sweep, Part::WHOLE)?, arguments.csv.as_deref()),
    }
}

/// What the parts of a run came to, as the run itself says it.
pub fn collected(arguments: &Arguments, parts: &Parts, csv: Option<&Path>) -> anyhow::Result<u8> {
    let sweep = sweep(arguments)?;
    parts.check_choices(&choices(arguments, &sweep))?;
    if !arguments.lattice {
        let cells = Cell::collected(parts, &sweep)?;
        return concluded(&sweep, &cells, csv);
    }
    if csv.is_some() {
        bail!("--csv is not for parts of explore --lattice, which has no such file");
    }
    let (lattice, mut sum) = (Lattice::default(), Vec::<Surveyed>::new());
    for (path, found) in parts.results::<Vec<Surveyed>>()? {
        let is_whole = found.len() == measures(arguments).len();
        if !is_whole || !found.iter().all(|found| lattice.has(found)) {
            bail!("{}: has cells of another lattice", path.display());
        }
        sum = match sum.is_empty() {
            true => found,
            false => sum.into_iter().zip(found).map(|(sum, found)| sum.with(found)).collect(),
        };
    }
    let cells = lattice.cells();
    if let Some(found) = sum.iter().find(|found| found.cells != cells) {
        let folder = parts.folder().display();
        bail!("{folder}: the parts have {} cells, expected {cells}", found.cells);
    }
    surveys(arguments, &sum)
}

fn choices<'a>(arguments: &Arguments, sweep: &'a Sweep) -> Choices<'a> {
    let measures = measures(arguments).into_iter().map(Named::name).collect();
    Choices::new(sweep, arguments.lattice.then_some(measures))
}

/// Prints the table of a whole run, and writes it.
fn concluded(sweep: &Sweep, cells: &[GridCell], csv: Option<&Path>) -> anyhow::Result<u8> {
    if let Some(path) = csv {
        write_csv(path, sweep.measure, cells)?;
    }
    print(&shown(sweep, cells))?;
    Ok(u8::from(cells.iter().any(GridCell::is_refuted)))
}

/// Those of the stated lattice.
fn measures(arguments: &Arguments) -> Vec<Measure> {
    let three = vec![Measure::Rank, Measure::GradientRank, Measure::R3];
    arguments.measure.map_or(three, |measure| vec![measure])
}

/// What is found in the settings of the stated lattice that fall to a part.
fn found(arguments: &Arguments, part: Part) -> anyhow::Result<Vec<Surveyed>> {
    let lattice = Lattice::default();
    let bar = progress(part.share_of(lattice.len() as u64), "settings");
    let found = lattice.find(&measures(arguments), arguments.seed, part, &|| bar.inc(1));
    bar.finish_and_clear();
    found.context("exploring in exact arithmetic")
}

/// The shares of the stated lattice.
fn surveys(arguments: &Arguments, found: &[Surveyed]) -> anyhow::Result<u8> {
    let surveys = Lattice::default().surveys(&measures(arguments), found);
    print(&surveyed(&surveys))?;
    Ok(u8::from(surveys.iter().any(|survey| !survey.refuted.is_empty())))
}

fn surveyed(surveys: &[Survey]) -> String {
    let mut shares = table(&["measure", "cells", "explained", "share", "above a bound"], 0);
    let mut groups = String::new();
    for survey in surveys {
        let (explained, measure) = (survey.explained(), survey.measure.to_string());
        let share = 100.0 * explained as f64 / survey.cells as f64;
        let refuted: usize = survey.refuted.iter().map(|group| group.cells).sum();
        shares.add_row([
            measure.clone(),
            survey.cells.to_string(),
            explained.to_string(),
            format!("{share:.2} %"),
            refuted.to_string(),
        ]);
        for (what, found) in [("above a bound", &survey.refuted), ("below", &survey.unexplained)] {
            for group in found {
                groups +=
                    &format!("{measure} {what}, {} cells: {}\n", group.cells, described(group));
            }
        }
    }
    let legend = "explained: the rank of a random instance is the best bound that a theorem gives.";
    format!("{shares}\n{legend}\n{groups}")
}

fn described(group: &Group) -> String {
    let axis = |(name, values): &(&str, Vec<String>)| format!("{name} {}", values.join("|"));
    group.axes.iter().map(axis).collect::<Vec<_>>().join("; ")
}

fn explored(sweep: &Sweep, part: Part) -> anyhow::Result<Vec<GridCell>> {
    let pairs = (sweep.d_in.len() * sweep.d_out.len()) as u64;
    let bar = progress(part.share_of(pairs), "exploring");
    let cells = explore_part(sweep, part, &|| bar.inc(1));
    bar.finish_and_clear();
    cells.context("exploring in exact arithmetic")
}

/// The table that the command prints without arguments.
pub fn default_table() -> anyhow::Result<ExplorationTable> {
    let sweep = Sweep::default();
    Ok(ExplorationTable::new(&sweep, &explored(&sweep, Part::WHOLE)?))
}

fn sweep(arguments: &Arguments) -> anyhow::Result<Sweep> {
    let swept = |name: &str, default: Vec<usize>| {
        let found = arguments.sweep.iter().find(|swept| swept.name == name);
        found.map_or(default, |swept| swept.values.clone())
    };
    let default = Sweep::default();
    let times = |name: &str| arguments.sweep.iter().filter(|swept| swept.name == name).count();
    if let Some(swept) = arguments.sweep.iter().find(|swept| times(&swept.name) > 1) {
        bail!("--sweep names {} more than once, expected all of its values in one", swept.name);
    }
    if [arguments.neurons, arguments.time, arguments.trials].contains(&0) {
        bail!("--neurons, --time and --trials take one or more");
    }
    Ok(Sweep {
        setting: setting(arguments),
        d_in: swept("d_in", default.d_in),
        d_out: swept("d_out", default.d_out),
        steps: swept("step", default.steps),
        measure: arguments.measure.unwrap_or(default.measure),
        instances: arguments.instances,
        seed: arguments.seed,
        real: arguments.real,
    })
}

/// Refuses what memory does not hold.
fn check_memory(sweep: &Sweep) -> anyhow::Result<()> {
    let largest = |values: &[usize]| values.iter().copied().max().unwrap_or(0);
    let (d_in, d_out) = (largest(&sweep.d_in), largest(&sweep.d_out));
    let sizes = Dimensions { d_in, d_out, ..sweep.setting.dimensions };
    let cells = [sweep.d_in.len(), sweep.d_out.len(), sweep.steps.len()];
    let needed =
        memory(&Setting { dimensions: sizes, ..sweep.setting.clone() }, largest(&sweep.steps));
    Ok(needed.and("the table", size_of::<GridCell>(), &cells).check()?)
}

fn setting(arguments: &Arguments) -> Setting {
    let dimensions = Dimensions {
        neurons: arguments.neurons,
        d_in: 1,
        d_out: 1,
        steps: arguments.time,
        trials: arguments.trials,
    };
    arguments.network.setting(dimensions)
}

fn shown(sweep: &Sweep, cells: &[GridCell]) -> String {
    let ExplorationTable { headers, rows, legend } = ExplorationTable::new(sweep, cells);
    let headers: Vec<_> = headers.iter().map(String::as_str).collect();
    let mut table = table(&headers, 0);
    table.add_rows(rows);
    format!("{}\n{}\n", table, legend.join("\n"))
}

fn write_csv(path: &Path, measure: Measure, cells: &[GridCell]) -> anyhow::Result<()> {
    let mut text = String::from(
        "d_in,d_out,step,lower,upper,disagreeing,missed,bound,theorem,over,generic,real\n",
    );
    let is_cp = measure == Measure::Cp;
    for cell in cells {
        let GridCell { d_in, d_out, step, measured, field, disagreeing, missed, limit, .. } = cell;
        let missed = missed.map_or_else(String::new, |missed| format!("{missed:.0e}"));
        let id = cell.theorem.map_or("", |theorem| theorem.id);
        let real = cell.real.map_or_else(String::new, |real| real.to_string());
        let generic = if is_cp { cell.generic().to_string() } else { String::new() };
        text += &format!(
            "{d_in},{d_out},{step},{},{},{disagreeing},{missed},{limit},{id},{},{generic},{real}\n",
            measured.lower,
            measured.upper,
            field.name()
        );
    }
    write_atomically(path, |file| file.write_all(text.as_bytes()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn without_arguments_the_default_is_explored() {
        #[derive(Parser)]
        struct Alone {
            #[command(flatten)]
            arguments: Arguments,
        }
        assert_eq!(sweep(&Alone::parse_from(["explore"]).arguments).unwrap(), Sweep::default());
    }
}
