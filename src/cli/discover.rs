//! `rankproof discover`: formulas for ranks, from a table of them.

use std::cell::OnceCell;
use std::fmt::Write;
use std::str::FromStr;
use std::sync::Mutex;

use anyhow::{Context, bail};
use clap::Args;

use super::network_arguments::{NetworkArguments, memory};
use super::output::{paragraph, print, progress, table};
use super::{any_choice, list_of_numbers, new_conjecture, theorem};
use crate::conjecture::{Discovered, Discovery, Found, Point, Row};
use crate::task::Dimensions;
use crate::theorem::{InitialWeights, Measure, Theorem};

/// Look for a bound on ranks that no theorem gives.
///
/// Measures a table of exact ranks, searches formulas (the least of a few sums of products of p =
/// d_in, q = d_out, m = min(p, q), T, M, k, Fibonacci numbers and others, with small integers) that
/// are nowhere below it and reach it where no known bound does, and tries to refute each by new
/// instances with larger numbers. What is left is printed with how often it is reached: a
/// conjecture, which --write makes a file in tests/conjectures.
#[derive(Args)]
pub struct Arguments {
    /// What is measured.
    #[arg(long, value_parser = any_choice::<Measure>(), default_value = "rank")]
    measure: Measure,
    /// What varies: d_in, d_out, time, trials, step, cut (errors are cut after so many steps), start
    /// (the rank of P Q^T in W_0) or types (of neurons, each with a leak of its own), each a range
    /// or a list, as in d_in=1..4 or time=3,4,6.
    #[arg(long, value_name = "NAME=VALUES")]
    sweep: Vec<Swept>,
    /// Neurons, N.
    #[arg(long, default_value_t = 48, value_parser = small())]
    neurons: u16,
    #[command(flatten)]
    network: NetworkArguments,
    /// Take this theorem for unknown; may be given more than once. minimum-cut, which computes a flow
    /// and has no formula, always is.
    #[arg(long, value_name = "ID", value_parser = theorem)]
    without: Vec<&'static Theorem>,
    /// New instances that try to refute what was found.
    #[arg(long, default_value_t = 60, value_parser = small())]
    fresh: u16,
    /// The seed of all random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write what was found to tests/conjectures/NAME.rs, a test.
    #[arg(long, value_name = "NAME")]
    write: Option<String>,
}

fn small() -> clap::builder::RangedI64ValueParser<u16> {
    clap::value_parser!(u16).range(1..=1000)
}

/// One `--sweep`.
#[derive(Clone)]
struct Swept {
    name: &'static str,
    values: Vec<usize>,
}

const SWEPT: [&str; 8] = ["d_in", "d_out", "time", "trials", "step", "cut", "start", "types"];

impl FromStr for Swept {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("expected one of {}, as in d_in=1..4", SWEPT.join(", "));
        let (name, values) = text.split_once('=').ok_or_else(expected)?;
        let name = SWEPT.into_iter().find(|known| *known == name).ok_or_else(expected)?;
        let values = list_of_numbers(values, expected)?;
        const MOST: usize = 64;
        let may_be_zero = ["step", "start"].contains(&name);
        if values.is_empty()
            || values.iter().any(|&value| value > MOST || value == 0 && !may_be_zero)
        {
            let least = usize::from(!may_be_zero);
            return Err(format!("{name} takes numbers from {least} to {MOST}"));
        }
        Ok(Swept { name, values })
    }
}

pub fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let discovery = planned(arguments)?;
    if let Some(name) = &arguments.write {
        new_conjecture::path(name)?;
    }
    let found = discovered(&discovery)?;
    print(&shown(&discovery, &found))?;
    if let Some(name) = &arguments.write {
        if found.terms.is_empty() {
            bail!("there is no conjecture to write to {name}");
        }
        new_conjecture::write(name, &file(name, &discovery, &found))?;
    }
    Ok(0)
}

fn planned(arguments: &Arguments) -> anyhow::Result<Discovery> {
    let swept = |name: &str, default: Vec<usize>| {
        let found = arguments.sweep.iter().find(|swept| swept.name == name);
        found.map_or(default, |swept| swept.values.clone())
    };
    let times = |name: &str| arguments.sweep.iter().filter(|swept| swept.name == name).count();
    if let Some(swept) = arguments.sweep.iter().find(|swept| times(swept.name) > 1) {
        bail!("--sweep names {} more than once, expected all of its values in one", swept.name);
    }
    let default = Discovery::default();
    let neurons = usize::from(arguments.neurons);
    let dimensions = Dimensions { neurons, ..default.setting.dimensions };
    let setting = arguments.network.setting(dimensions);
    let start = swept("start", default.start);
    if !start.is_empty() && setting.initial_weights != InitialWeights::Zero {
        bail!("--start and --sweep start=.. both say what W_0 is, expected one of them");
    }
    let (cut, types) = (swept("cut", default.cut), swept("types", default.types));
    if !types.is_empty() && (!cut.is_empty() || !setting.is_linear()) {
        bail!("--sweep types=.. is for linear networks whose errors are not cut");
    }
    // New instances have half as many again.
    let most = types.iter().max().map_or(0, |&most| most + most.div_ceil(2));
    if most > neurons {
        bail!("--sweep types=.. has up to {most} types in new instances, of {neurons} --neurons");
    }
    let steps = swept("step", default.steps);
    memory(&setting, steps.iter().copied().max().unwrap_or(0)).check()?;
    Ok(Discovery {
        setting,
        d_in: swept("d_in", default.d_in),
        d_out: swept("d_out", default.d_out),
        time: swept("time", default.time),
        trials: swept("trials", default.trials),
        steps,
        cut,
        start,
        types,
        measure: arguments.measure,
        without: arguments.without.iter().map(|theorem| theorem.id).collect(),
        fresh: usize::from(arguments.fresh),
        seed: arguments.seed,
    })
}

fn discovered(discovery: &Discovery) -> anyhow::Result<Discovered> {
    let bar = Mutex::new(OnceCell::new());
    let found = discovery.run(&|expected| {
        let bar = bar.lock().expect("no other call panicked");
        bar.get_or_init(|| progress(expected as u64, "instances")).inc(1);
    });
    if let Some(bar) = bar.into_inner().expect("no call panicked").get() {
        bar.finish_and_clear();
    }
    found.context("exploring in exact arithmetic")
}

fn shown(discovery: &Discovery, found: &Discovered) -> String {
    let Discovered { rows, terms, refuted, fresh } = found;
    let [known, both] = found.reached(rows);
    let mut text =
        format!("Table: {} ranks; the best known bound is reached in {known}.\n", rows.len());
    for (term, row) in refuted {
        let seen = format!("{term}, as {} = {} at {}", discovery.measure, row.measured, at(row));
        text += &paragraph("refuted", &seen);
    }
    if terms.is_empty() {
        let nothing = match known == rows.len() {
            true => "Theorems explain all of it: nothing is left to find.",
            false => {
                "No formula of this kind is above it everywhere and reaches it where theorems do not."
            }
        };
        return text + nothing + "\n";
    }
    let mut listed = table(&["term", "reached", "where first"], 1);
    for Found { term, reached } in terms {
        let first = rows
            .iter()
            .find(|row| row.measured < row.known && term.of(&row.point) == row.measured as i64);
        listed.add_row([term.to_string(), reached.to_string(), first.map_or(String::new(), at)]);
    }
    listed.align_left(2);
    let [fresh_known, fresh_both] = found.reached(fresh);
    let _ = writeln!(text, "\n{listed}");
    let names: Vec<_> = terms.iter().map(|found| found.term.to_string()).collect();
    text += &paragraph("conjecture", &format!("{} <= {}", discovery.measure, least_of(&names)));
    if discovery.measure == Measure::Cp {
        let caution = "of a CP rank that is known from both sides the lower end counts, so that a formula \
                       may be below the rank";
        text += &paragraph("caution", caution);
    }
    text += &paragraph("table", &format!("with it {both} of {} ranks are explained", rows.len()));
    text + &paragraph(
        "new",
        &format!(
            "{} of numbers up to half as large again: none of {} ranks is above it, and \
             {fresh_both} are explained, {fresh_known} of them by known bounds",
            if discovery.fresh == 1 {
                "1 instance".into()
            } else {
                format!("{} instances", discovery.fresh)
            },
            fresh.len()
        ),
    )
}

fn least_of(terms: &[String]) -> String {
    match terms {
        [one] => one.clone(),
        several => format!("min({})", several.join(", ")),
    }
}

fn at(row: &Row) -> String {
    let Point { d_in, d_out, time, trials, step, cut, start, types, .. } = row.point;
    let mut text = format!("p={d_in} q={d_out} T={time} M={trials} k={step}");
    if cut < time {
        let _ = write!(text, " tau={cut}");
    }
    if start > 0 {
        let _ = write!(text, " r={start}");
    }
    if types > 1 {
        let _ = write!(text, " R={types}");
    }
    text
}

/// The conjecture as a test.
fn file(name: &str, discovery: &Discovery, found: &Discovered) -> String {
    let Discovery { setting, measure, .. } = discovery;
    let names: Vec<_> = found.terms.iter().map(|found| found.term.to_string()).collect();
    let codes: Vec<_> = found.terms.iter().map(|found| found.term.code()).collect();
    let codes = codes.join(",\n        ");
    let (is_cut, is_typed) = (!discovery.cut.is_empty(), !discovery.types.is_empty());
    let range = |list: &[usize]| {
        let most = list.iter().max().copied().unwrap_or(1);
        format!("{}..={most}", list.iter().min().copied().unwrap_or(1))
    };
    let starts = match discovery.start.as_slice() {
        [] => format!("InitialWeights::{:?}", setting.initial_weights),
        ranks => ranks
            .iter()
            .map(|rank| format!("InitialWeights::LowRank({rank})"))
            .collect::<Vec<_>>()
            .join(", "),
    };
    let trained: Vec<_> = crate::network::RNN_BLOCKS
        .into_iter()
        .filter(|block| setting.trained.contains(block))
        .map(|block| format!("{block:?}"))
        .collect();
    let used = |word: &str| {
        codes.split(|c: char| !c.is_alphanumeric() && c != '_').any(|found| found == word)
    };
    let mut uses = String::from("use rankproof::conjecture::prelude::*;\n");
    if is_cut {
        uses = format!("use std::num::NonZeroUsize;\n\n{uses}use rankproof::network::Transport;\n");
    }
    if is_typed {
        uses += "use rankproof::network::architecture::CellTypes;\n";
    }
    if used("fibonacci") {
        uses += "use rankproof::theorem::fibonacci_growth::fibonacci;\n";
    }
    let mut lines = String::new();
    for (letter, field) in [("p", "d_in"), ("q", "d_out"), ("time", "steps"), ("trials", "trials")]
    {
        if used(letter) {
            let _ = writeln!(lines, "    let {letter} = case.setting.dimensions.{field} as i64;");
        }
    }
    if used("r") {
        lines += "    let InitialWeights::LowRank(r) = case.setting.initial_weights else {\n        \
                  return Err(Inconclusive::Unavailable);\n    };\n    let r = r as i64;\n";
    }
    let train = if is_cut {
        "    let time_steps = case.setting.dimensions.steps;\n    \
         let cut = 1 + case.stream.named(\"cut\").below(time_steps);\n    \
         let mut network = case.instance.network.clone();\n    \
         network.architecture.transport = Transport::Truncated(NonZeroUsize::MIN.saturating_add(cut - 1));\n    \
         let learned = case.training_of(&network).run(case.setting.learning_steps)?;\n"
            .into()
    } else if is_typed {
        let most = discovery.types.iter().max().copied().unwrap_or(1);
        format!(
            "    let most = {most}.min(case.setting.dimensions.neurons);\n    \
             let types = 1 + case.stream.named(\"types\").below(most);\n    \
             let architecture = CellTypes::of(types);\n    \
             let mut training = case.training();\n    \
             training.architecture = &architecture;\n    \
             let learned = training.run(case.setting.learning_steps)?;\n"
        )
    } else {
        String::from("    let learned = case.train()?;\n")
    };
    for (is_drawn, name) in [(is_cut, "cut"), (is_typed, "types")] {
        if is_drawn && used(name) {
            let _ = writeln!(lines, "    let {name} = {name} as i64;");
        }
    }
    let step = match measure {
        Measure::GradientRank => "learned.steps() - 1",
        _ => "learned.steps()",
    };
    let k = if used("k") { "    let k = step as i64;\n" } else { "" };
    let module = name.replace('-', "_");
    let statement = format!("{measure} <= {}", least_of(&names));
    let steps = discovery.steps.iter().max().copied().unwrap_or(1).max(1);
    format!(
        r#"{uses}
fn setting(arithmetic: Arithmetic) -> Domain {{
    Domain {{
        neurons: 1..={neurons},
        d_in: {d_in},
        d_out: {d_out},
        steps: {time},
        trials: {trials},
        // Rounding hides the ranks of later steps.
        learning_steps: if arithmetic.is_real() {{ 1..={few} }} else {{ 1..={steps} }},
        activations: vec![ActivationKind::{psi:?}],
        phi: Some(vec![ActivationKind::Identity]),
        initial_weights: vec![{starts}],
        initial_states: vec![InitialState::{state:?}],
        bias: false,
        tasks: vec![TaskFamily::{task:?}],
        steppers: vec![StepperKind::{stepper:?}],
        rules: vec![RuleKind::{rule:?}],
        trained: vec![Subset::only([{trained}])],
        ..Domain::linear(arithmetic)
    }}
}}

fn claim<S: RankRevealing>(case: &Case<S>) -> Observed {{
{train}    let step = {step};
{k}{lines}    let terms = [
        {codes},
    ];
    let bound = terms.into_iter().min().and_then(|least| usize::try_from(least).ok());
    let bound = bound.ok_or(Inconclusive::Unavailable)?;
    let found = Measure::{measure_code:?}.of(&learned, step).ok_or(Inconclusive::Unavailable)?;
    Ok(vec![Observation::number({measure:?}, found, bound)])
}}

#[test]
fn {module}() {{
    Conjecture {{
        id: {name:?},
        statement: {statement:?},
        status: Status::Supported,
        setting,
        exact: claim,
        f64: claim,
    }}
    .test(file!());
}}
"#,
        neurons = setting.dimensions.neurons,
        few = steps.min(2),
        task = setting.task,
        d_in = range(&discovery.d_in),
        d_out = range(&discovery.d_out),
        time = range(&discovery.time),
        trials = range(&discovery.trials),
        psi = setting.psi,
        state = setting.initial_state,
        stepper = setting.stepper,
        rule = setting.rule,
        trained = trained.join(", "),
        measure_code = measure,
        measure = measure.to_string(),
    )
}
