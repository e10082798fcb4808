//! `rankproof verify`: the main job.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::named::Named;
use crate::part::Part;
use crate::report::VerificationRecord;
use crate::scalar::PRIME;
use crate::theorem::{
    self, Arithmetic, CaseId, Failure, Generic, MAX_INCONCLUSIVE, Tally, Theorem, Verification,
};
use anyhow::{Context, bail};
use clap::Args;
use serde::Serialize;

use super::collect::Parts;
use super::files::Files;
use super::job::Plan;
use super::numbers::threads;
use super::output::{paragraph, print, progress, table, write_json};
use super::part::{PartArguments, Run};
use super::{any_choice, theorem as read_theorem};

/// Draw random tasks, train networks on them by exact gradients, and check every theorem.
#[derive(Args)]
pub struct Arguments {
    /// Check this theorem alone; may be given more than once.
    #[arg(long, value_name = "ID", value_parser = read_theorem)]
    theorem: Vec<&'static Theorem>,
    /// The arithmetic to compute in.
    #[arg(long, value_parser = any_choice::<Choice>(), default_value = "all")]
    arithmetic: Choice,
    /// Random cases for each theorem and arithmetic.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    cases: u64,
    /// Names the random instances: the same seed draws the same ones.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads to compute on; all cores if not given. Results do not depend on it.
    #[arg(long, value_parser = threads())]
    threads: Option<u16>,
    /// Also write the results as JSON.
    #[arg(long, value_name = "FILE", conflicts_with = "part")]
    json: Option<PathBuf>,
    /// The folder for what a part finds; made if it is not there.
    #[arg(long, value_name = "DIR", help_heading = "Many machines")]
    out: Option<PathBuf>,
    #[command(flatten)]
    many: PartArguments,
}

/// What turns the results.
#[derive(Serialize)]
struct Choices {
    theorems: Vec<&'static str>,
    arithmetics: Vec<&'static str>,
    seed: u64,
    cases: u64,
}

/// One arithmetic or all.
#[derive(Clone, Copy, PartialEq)]
enum Choice {
    One(Arithmetic),
    All,
}

impl Choice {
    fn arithmetics(self) -> Vec<Arithmetic> {
        match self {
            Choice::One(arithmetic) => vec![arithmetic],
            Choice::All => Arithmetic::ALL.to_vec(),
        }
    }
}

impl Named for Choice {
    const WHAT: &'static str = Arithmetic::WHAT;

    fn table() -> Vec<(Self, &'static str, &'static str)> {
        let one = Arithmetic::table().into_iter();
        one.map(|(arithmetic, name, description)| (Choice::One(arithmetic), name, description))
            .chain([(Choice::All, "all", "All three")])
            .collect()
    }
}

/// One line of the table.
pub type Line = (&'static Theorem, Verification);

/// What a line is about.
type Row = (&'static Theorem, Arithmetic);

/// `words` is the command line, the program first.
pub fn run(arguments: &Arguments, words: &[OsString]) -> anyhow::Result<u8> {
    Files::default().writes("--json", &arguments.json).check()?;
    check(arguments)?;
    let written = arguments.json.as_deref().map(|path| ("--json", path));
    let folder = arguments.out.as_deref().unwrap_or(Path::new(""));
    let plan = Plan { folder, passes: 1, written };
    if let Some(script) = arguments.many.job.script(words, &plan)? {
        print(&script)?;
        return Ok(0);
    }
    let threads = arguments.threads.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().context("threads")?;
    let rows = rows(arguments);
    let tallied = |part| pool.install(|| tallied(&rows, arguments.seed, arguments.cases, part));
    match (arguments.many.part, &arguments.out) {
        (Some(part), Some(folder)) => {
            let run = Run::new(&words[1..], &choices(arguments))?;
            run.carry_out(folder, part, || Ok(tallied(part)))
        }
        (None, Some(_)) => bail!("--out is for --part, expected both: it is for what a part finds"),
        _ => concluded(arguments, &tallied(Part::WHOLE), arguments.json.as_deref()),
    }
}

/// What the parts of a run came to, as the run itself says it.
pub fn collected(arguments: &Arguments, parts: &Parts, json: Option<&Path>) -> anyhow::Result<u8> {
    parts.check_choices(&choices(arguments))?;
    let rows = rows(arguments);
    let mut sum = vec![Tally::default(); rows.len()];
    for (path, tallies) in parts.results::<Vec<Tally>>()? {
        if tallies.len() != rows.len() {
            let (found, all) = (tallies.len(), rows.len());
            bail!("{}: has {found} lines, expected {all}", path.display());
        }
        sum = sum.into_iter().zip(tallies).map(|(sum, tally)| sum.with(tally)).collect();
    }
    if let Some(tally) = sum.iter().find(|tally| tally.cases() != arguments.cases) {
        bail!(
            "{}: the parts have {} cases in a line, expected {}",
            parts.folder().display(),
            tally.cases(),
            arguments.cases
        );
    }
    concluded(arguments, &sum, json)
}

fn choices(arguments: &Arguments) -> Choices {
    Choices {
        theorems: wanted(arguments).iter().map(|theorem| theorem.id).collect(),
        arithmetics: arguments.arithmetic.arithmetics().into_iter().map(Named::name).collect(),
        seed: arguments.seed,
        cases: arguments.cases,
    }
}

/// Prints the table of a whole run, and writes it.
fn concluded(arguments: &Arguments, tallies: &[Tally], json: Option<&Path>) -> anyhow::Result<u8> {
    let lines = lines(&rows(arguments), arguments.seed, tallies);
    if let Some(path) = json {
        write_json(path, &VerificationRecord::new(arguments.seed, &lines))?;
    }
    let failures: Vec<String> = lines.iter().filter_map(explain_failure).collect();
    print(&format!(
        "{}\n{}\n{}",
        tabulate(&lines),
        legend(arguments, &lines),
        failures.join("\n")
    ))?;
    Ok(u8::from(!failures.is_empty()))
}

/// Refuses a run that would check nothing.
fn check(arguments: &Arguments) -> anyhow::Result<()> {
    let wanted = arguments.arithmetic.arithmetics();
    for theorem in &arguments.theorem {
        if !wanted.iter().any(|&arithmetic| theorem.is_checked_in(arithmetic)) {
            let names: Vec<_> = theorem.arithmetics().map(Arithmetic::name).collect();
            bail!("{} is checked in {} alone", theorem.id, names.join(" and "));
        }
    }
    Ok(())
}

fn wanted(arguments: &Arguments) -> Vec<&'static Theorem> {
    let is_wanted = |theorem: &&Theorem| {
        arguments.theorem.is_empty() || arguments.theorem.iter().any(|t| t.id == theorem.id)
    };
    theorem::ALL.into_iter().filter(is_wanted).collect()
}

fn rows(arguments: &Arguments) -> Vec<Row> {
    rows_of(&wanted(arguments), &arguments.arithmetic.arithmetics())
}

/// Theorems in those of the arithmetics that fit them.
fn rows_of(theorems: &[&'static Theorem], arithmetics: &[Arithmetic]) -> Vec<Row> {
    let of = |&theorem: &&'static Theorem| {
        let fitting = arithmetics.iter().filter(|&&arithmetic| theorem.is_checked_in(arithmetic));
        fitting.map(move |&arithmetic| (theorem, arithmetic)).collect::<Vec<_>>()
    };
    theorems.iter().flat_map(of).collect()
}

/// Checks theorems in those of the arithmetics that fit them.
pub fn verified(
    theorems: &[&'static Theorem],
    arithmetics: &[Arithmetic],
    seed: u64,
    cases: u64,
) -> Vec<Line> {
    let rows = rows_of(theorems, arithmetics);
    lines(&rows, seed, &tallied(&rows, seed, cases, Part::WHOLE))
}

/// Runs those of the cases that fall to a part.
fn tallied(rows: &[Row], seed: u64, cases: u64, part: Part) -> Vec<Tally> {
    let of_row =
        |(theorem, _): &Row| part.share_of(cases).saturating_add(theorem.controls.len() as u64);
    let bar = progress(rows.iter().map(of_row).fold(0, u64::saturating_add), "");
    let tally = |&(theorem, arithmetic): &Row| {
        bar.set_message(format!("{} {}", theorem.id, arithmetic.name()));
        theorem.tally(arithmetic, seed, cases, part, &|| bar.inc(1))
    };
    let tallies = rows.iter().map(tally).collect();
    bar.finish_and_clear();
    tallies
}

fn lines(rows: &[Row], seed: u64, tallies: &[Tally]) -> Vec<Line> {
    let line = |(&(theorem, arithmetic), tally): (&Row, &Tally)| {
        (theorem, theorem.verification(arithmetic, seed, tally))
    };
    rows.iter().zip(tallies).map(line).collect()
}

fn tabulate(lines: &[Line]) -> String {
    let headers = [
        "theorem",
        "arithmetic",
        "cases",
        "held",
        "violated",
        "inconclusive",
        "attained",
        "violation rate",
        "controls",
    ];
    let mut table = table(&headers, 2);
    for (theorem, result) in lines {
        let caught = result.controls.iter().filter(|control| control.caught_at.is_some()).count();
        table.add_row([
            theorem.id.to_owned(),
            result.arithmetic.name().to_owned(),
            result.cases().to_string(),
            result.held.to_string(),
            result.violated.to_string(),
            result.inconclusive.to_string(),
            result.attained.to_string(),
            format!("< {:.2} %", 100.0 * result.violation_rate_below(0.95)),
            format!("{caught}/{}", result.controls.len()),
        ]);
    }
    table.to_string()
}

fn legend(arguments: &Arguments, lines: &[Line]) -> String {
    let exact = lines.iter().any(|(_, result)| result.arithmetic == Arithmetic::Exact);
    let field = if exact { format!(" exact: modulo 2^50-27 = {PRIME}.") } else { String::new() };
    format!(
        "inconclusive: the run diverged, or a singular value stands too near to the noise.\n\
         attained: cases that reach the bound. violation rate: excluded by this run at 95 %\n\
         confidence. controls: deliberate errors in the gradient that the check noticed.\n\
         seed {}.{field}\n{}",
        arguments.seed,
        generic(lines)
    )
}

/// What the exact ranks of this run say of generic instances.
fn generic(lines: &[Line]) -> String {
    let generic = Generic::sum(lines.iter().filter_map(|(_, result)| result.generic.as_ref()));
    match generic.to_string() {
        text if text.is_empty() => text,
        text => paragraph("generic", &text),
    }
}

/// In words, what is wrong with a line, and how to see it again.
fn explain_failure((theorem, result): &Line) -> Option<String> {
    let name = format!("{} in {}", theorem.id, result.arithmetic.name());
    Some(match result.failure()? {
        Failure::Violated(id) => format!("{name} is VIOLATED.\n{}", smallest(theorem, id)),
        Failure::Inconclusive => format!(
            "{name} shows nothing: {} of {} cases are inconclusive, more than {} %.",
            result.inconclusive,
            result.cases(),
            100.0 * MAX_INCONCLUSIVE
        ),
        Failure::Blind(fault) => {
            format!("{name} shows nothing: its check does not notice {}.", fault.description())
        }
    })
}

fn smallest(theorem: &Theorem, id: CaseId) -> String {
    let report = theorem.smallest_violation(id, None);
    let found =
        report.map_or_else(String::new, |report| format!("Smallest instance found:\n{report}"));
    let CaseId { arithmetic, seed, number } = id;
    let arithmetic = arithmetic.name();
    format!(
        "{found}Replay: rankproof replay {} --arithmetic {arithmetic} --seed {seed} --case {number}",
        theorem.id
    )
}
