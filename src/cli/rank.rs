//! `rankproof rank`: weights recorded by any trainer.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::Args;
use indicatif::ProgressBar;
use rankproof::file::{Array, Npz, ReadError};
use rankproof::matrix::{Matrix, Rank};
use rankproof::tensor::{LowerEnd, Mode, UpperEnd};
use rankproof::theorem::{Observation, Verdict};
use rankproof::weights::{
    Decided, Grid, HeldBound, InputOutput, Rounding, Stage, WeightHistory, WeightRanks, doubts,
    scientific,
};
use serde::Serialize;

use super::files::Files;
use super::output::{paragraph, print, progress, table, write_json};

/// Show the ranks of weights that were recorded while a network learned.
///
/// Reads an .npz archive with the recurrent weights of every learning step, by whatever program they
/// were trained. A rank is given only where the singular values leave a clear gap above the noise
/// floor, which is stated; else it is inconclusive.
///
/// The floor follows from what the values were rounded to, which is told from the values: float32
/// weights in a float64 array have the noise of float32.
///
/// Exit status: 0 if the ranks are given, whatever they are, as a bound that recorded weights
/// violate is a finding; 2 if the arguments or the input are wrong.
#[derive(Args)]
pub struct Arguments {
    /// The .npz archive, or the model.npz of a fit.
    file: PathBuf,
    /// The array with the weights.
    #[arg(long, value_name = "NAME", default_value = "W")]
    array: String,
    /// What its three axes are, in their order.
    #[arg(long, value_parser = read_axes, default_value = "step,row,column")]
    axes: Axes,
    /// Unfolding ranks and CP rank of the increments W_k - W_0 instead of the weights W_k.
    #[arg(long)]
    delta: bool,
    /// Arrays with the input weights B (N, d_in), and the bias and the initial state (N) if there
    /// were any: with --outputs, holds the increments against the bounds of the theorems.
    #[arg(long, value_name = "B[,b,h0]", value_delimiter = ',', requires = "outputs")]
    inputs: Vec<String>,
    /// The array with the readout C (d_out, N).
    #[arg(long, value_name = "C", requires = "inputs")]
    outputs: Option<String>,
    /// What the values were rounded to, in place of what they tell: f16, bf16, f32, f64, or the
    /// number of significant digits with which they were printed.
    #[arg(long, value_name = "TYPE|DIGITS", value_parser = read_precision)]
    precision: Option<Grid>,
    /// Also write the results as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// The axes of an array in the order of the file.
#[derive(Clone, Copy)]
struct Axes([Mode; 3]);

fn read_axes(text: &str) -> Result<Axes, String> {
    let read = |name: &str| Mode::ALL.into_iter().find(|mode| mode.name() == name.trim());
    let axes: Option<Vec<Mode>> = text.split(',').map(read).collect();
    let axes: Option<[Mode; 3]> = axes.and_then(|axes| axes.try_into().ok());
    axes.filter(|axes| Mode::ALL.iter().all(|mode| axes.contains(mode)))
        .map(Axes)
        .ok_or_else(|| "expected step, row and column in the order of the file".to_owned())
}

fn read_precision(text: &str) -> Result<Grid, String> {
    const MAX_DIGITS: u32 = 17;
    match text {
        "f16" => Ok(Grid::HALF),
        "bf16" => Ok(Grid::BFLOAT),
        "f32" => Ok(Grid::SINGLE),
        "f64" => Ok(Grid::DOUBLE),
        digits => (digits.parse().ok().filter(|digits| (1..=MAX_DIGITS).contains(digits)))
            .map(Grid::printed)
            .ok_or_else(|| {
                format!("expected f16, bf16, f32, f64, or digits from 1 to {MAX_DIGITS}")
            }),
    }
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    Files::default().reads([&arguments.file]).writes("--json", &arguments.json).check()?;
    let mut npz = Npz::open(&arguments.file)?;
    let waiting = Waiting::new(&arguments.file);
    waiting.show(Stage { what: "reading", done: 0, all: 1 });
    let history = read_weights(&mut npz, arguments)?;
    let channels = match &arguments.outputs {
        Some(outputs) => Some(read_channels(&mut npz, &arguments.inputs, outputs, &history)?),
        None => None,
    };
    let ranks = WeightRanks::new(&history, arguments.delta, &|stage| waiting.show(stage));
    waiting.show(Stage { what: "bounds", done: 0, all: 1 });
    let bounds = HeldBound::all(&history, &ranks, channels.as_ref())?;
    waiting.end();
    if let Some(path) = &arguments.json {
        write_json(path, &Json::new(&history, &ranks, &bounds))?;
    }
    let hint = match channels {
        None => "Give --inputs and --outputs to hold the increments against more theorems.\n",
        Some(_) => "",
    };
    let text = [
        heading(arguments, &history),
        steps(&ranks),
        whole(arguments, &ranks),
        hold(&bounds),
        hint.to_owned(),
        inconclusive(&ranks),
    ];
    print(&text.concat())?;
    Ok(ExitCode::SUCCESS)
}

/// The weights, or those that the factors of a fitted model make.
fn read_weights(npz: &mut Npz, arguments: &Arguments) -> anyhow::Result<WeightHistory> {
    let has = |npz: &Npz, name: &str| npz.names().iter().any(|other| other == name);
    if arguments.array == "W" && !has(npz, "W") && has(npz, "a") && has(npz, "b") {
        if arguments.precision.is_some() {
            let path = npz.path().display();
            bail!("{path}: holds factors, from which W is made in float64; --precision is for W");
        }
        let (a, b) = (npz.array("a")?, npz.array("b")?);
        let c = if has(npz, "c") { Some(npz.array("c")?) } else { None };
        return Ok(WeightHistory::from_factors(&a, &b, c.as_ref())?);
    }
    let array = npz.array(&arguments.array)?;
    Ok(WeightHistory::from_array(array, arguments.axes.0, arguments.precision)?)
}

fn read_channels(
    npz: &mut Npz,
    inputs: &[String],
    outputs: &str,
    history: &WeightHistory,
) -> anyhow::Result<InputOutput> {
    let neurons = history.neurons();
    let mut columns = Matrix::zeros(neurons, 0);
    for name in inputs {
        columns = Matrix::beside(neurons, [&columns, &by_neuron(&npz.array(name)?, neurons, 0)?]);
    }
    let outputs = by_neuron(&npz.array(outputs)?, neurons, 1)?;
    if columns.cols() + outputs.cols() == 0 {
        bail!("{}: neither inputs nor outputs have a column", npz.path().display());
    }
    Ok(InputOutput { inputs: columns, outputs })
}

/// An array as columns of N numbers; `axis` is that of the neurons unless only the other fits.
fn by_neuron(array: &Array, neurons: usize, axis: usize) -> Result<Matrix<f64>, ReadError> {
    array.expect_finite()?;
    let (axis, others) = match array.shape.as_slice() {
        [n] if *n == neurons => (0, 1),
        shape @ [_, _] if shape[axis] == neurons => (axis, shape[1 - axis]),
        shape @ [_, _] if shape[1 - axis] == neurons => (1 - axis, shape[axis]),
        _ => return Err(array.wrong_shape(format!("an axis of {neurons} neurons, as W has"))),
    };
    let entry = |i, j| array.data[if axis == 0 { i * others + j } else { j * neurons + i }];
    Ok(Matrix::from_fn(neurons, others, entry))
}

fn heading(arguments: &Arguments, history: &WeightHistory) -> String {
    let (neurons, steps) = (history.neurons(), history.steps());
    format!(
        "{}: {}, {neurons} x {neurons} weights at the start and after {steps} learning steps;\n{}\n\n",
        arguments.file.display(),
        arguments.array,
        sentence(history.rounding()),
    )
}

/// To what the weights were rounded, and by which flag, if by one.
fn sentence(rounding: &Rounding) -> String {
    match rounding.decided() {
        Decided::Given => format!("{rounding} by --precision"),
        _ => rounding.to_string(),
    }
}

/// Ranks and singular values of some steps: all of them are in the JSON.
fn steps(ranks: &WeightRanks) -> String {
    let headers =
        ["k", "rank W_k", "rank W_k - W_0", "noise floor", "singular values of W_k - W_0"];
    let mut table = table(&headers, 0);
    let last = ranks.ranks.len() - 1;
    for k in some_steps(last) {
        let increment = &ranks.increment_ranks[k];
        let (values, floor) = increment.spectrum().unwrap_or_default();
        table.add_row([
            k.to_string(),
            shown(&ranks.ranks[k]),
            shown(increment),
            scientific(floor, ranks.exponent, 0),
            spectrum(values, increment, ranks.exponent),
        ]);
    }
    table.align_left(4);
    table.to_string() + "\n"
}

/// 1, 2, 5, 10, 20, ... and the last.
fn some_steps(last: usize) -> Vec<usize> {
    let decades = (0..).map(|power| 10_usize.pow(power)).take_while(|&decade| decade < last);
    let mut steps: Vec<_> = decades.flat_map(|decade| [decade, 2 * decade, 5 * decade]).collect();
    steps.retain(|&step| step < last);
    steps.push(last);
    steps
}

/// The first singular values, with a bar where the noise begins.
fn spectrum(values: &[f64], rank: &Rank, exponent: i32) -> String {
    let shown = (rank.bounds.upper + 2).clamp(6, 9).min(values.len());
    let mut text: Vec<String> = Vec::new();
    for (index, value) in values[..shown].iter().enumerate() {
        if index == rank.bounds.upper {
            text.push("|".to_owned());
        }
        text.push(scientific(*value, exponent, 0));
    }
    if shown < values.len() {
        text.push("...".to_owned());
    }
    text.join(" ")
}

fn shown(rank: &Rank) -> String {
    match rank.known() {
        Some(rank) => rank.to_string(),
        None => format!("{rank} ?"),
    }
}

fn whole(arguments: &Arguments, ranks: &WeightRanks) -> String {
    let what = if arguments.delta { "increments" } else { "weights" };
    let tensor = &ranks.tensor;
    let [r1, r2, r3] = tensor.unfolding_ranks.each_ref().map(shown);
    let cp = cp_rank(&tensor.cp_lower, tensor.cp_upper.as_ref(), ranks.exponent);
    let floor = scientific(tensor.noise_floor, ranks.exponent, 0);
    let mut text = format!("The {what} as a tensor, noise floor {floor}\n");
    text += &paragraph("  unfolding", &format!("{r1} (rows), {r2} (columns), {r3} (steps)"));
    text += &paragraph("  CP rank", &cp);
    let space = "dimensions hold the rows and columns of all increments";
    text + &paragraph("  space", &format!("{} {space}", shown(&ranks.space))) + "\n"
}

/// Both ends of the bracket, each with what shows it.
fn cp_rank(lower: &LowerEnd, upper: Option<&UpperEnd>, exponent: i32) -> String {
    let LowerEnd { bound, certificate } = lower;
    match upper {
        None => format!("at least {bound} ({certificate}), inconclusive above"),
        Some(UpperEnd { bound: upper, construction, residual }) => {
            let ends = if upper == bound { String::new() } else { format!("{bound} to ") };
            let residual = scientific(*residual, exponent, 0);
            format!(
                "{ends}{upper}; at least by {certificate}; at most by {construction}, residual \
                 {residual}"
            )
        }
    }
}

fn hold(bounds: &[HeldBound]) -> String {
    let mut table = table(&["theorem", "quantity", "observed", "bound", "verdict"], 1);
    for bound in bounds {
        let id = bound.theorem.id;
        match &bound.found {
            Err(reason) => {
                table.add_row([id, &format!("says nothing: {reason}")]);
            }
            Ok(observations) => {
                for (index, found) in observations.iter().enumerate() {
                    table.add_row([
                        if index == 0 { id } else { "" },
                        &found.quantity.to_string(),
                        &found.found.to_string(),
                        &found.bound.to_string(),
                        verdict(found),
                    ]);
                }
            }
        }
    }
    [1, 4].into_iter().for_each(|column| table.align_left(column));
    let violated = bounds.iter().any(|bound| bound.verdict() == Some(Verdict::Violated));
    let meaning = if violated {
        "A violated bound means that a hypothesis fails: rankproof theorems ID lists them.\n"
    } else {
        ""
    };
    table.to_string() + meaning
}

fn verdict(found: &Observation) -> &'static str {
    match found.verdict() {
        Verdict::Held { attained: true } if found.bound > 0 => "holds, attained",
        Verdict::Held { .. } => "holds",
        Verdict::Violated => "VIOLATED",
        Verdict::Inconclusive => "inconclusive",
    }
}

fn inconclusive(ranks: &WeightRanks) -> String {
    const SHOWN: usize = 4;
    let doubts = doubts(ranks);
    if doubts.is_empty() {
        return String::new();
    }
    let mut text = format!("\nInconclusive (marked ?), {} in all:\n", doubts.len());
    for doubt in doubts.iter().rev().take(SHOWN) {
        text += &format!("  {doubt}\n");
    }
    if doubts.len() > SHOWN {
        text += "  and others, which --json lists\n";
    }
    text
}

/// Shows what is waited for: as a bar in a terminal, else as a line on standard error, one a second
/// at most. Of a large file the first comes at once.
struct Waiting {
    bar: ProgressBar,
    last: Mutex<Option<Instant>>,
}

impl Waiting {
    fn new(file: &Path) -> Self {
        const LARGE: u64 = 1 << 24;
        let large = file.metadata().is_ok_and(|metadata| metadata.len() >= LARGE);
        let last = (!large).then(Instant::now);
        Waiting { bar: progress(1, ""), last: Mutex::new(last) }
    }

    fn show(&self, Stage { what, done, all }: Stage) {
        const PAUSE: Duration = Duration::from_secs(1);
        self.bar.set_length(all as u64);
        self.bar.set_position(done as u64);
        self.bar.set_message(what);
        let mut last = self.last.lock().unwrap_or_else(|error| error.into_inner());
        if self.bar.is_hidden() && last.is_none_or(|last| last.elapsed() >= PAUSE) {
            *last = Some(Instant::now());
            match all {
                1 => eprintln!("{what}"),
                _ => eprintln!("{what}: {done} of {all}"),
            }
        }
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}

#[derive(Serialize)]
struct Json {
    schema: u32,
    shape: [usize; 3],
    precision: JsonPrecision,
    ranks: Vec<Option<usize>>,
    increment_ranks: Vec<Option<usize>>,
    unfolding_ranks: Vec<Option<usize>>,
    cp: JsonBracket,
    cp_certificates: JsonCertificates,
    noise_floor: f64,
    space_dimension: Option<usize>,
    bounds: Vec<JsonBound>,
    inconclusive: Vec<String>,
}

/// What the values were rounded to, and how that is known.
#[derive(Serialize)]
struct JsonPrecision {
    array: &'static str,
    /// Of W_0, and the coarsest of W_1..W_K.
    start: String,
    values: String,
    epsilon: f64,
    decided: &'static str,
    sentence: String,
}

#[derive(Serialize)]
struct JsonBracket {
    lower: usize,
    upper: Option<usize>,
}

/// What shows each end of the bracket, and the norm of what the upper one leaves.
#[derive(Serialize)]
struct JsonCertificates {
    lower: String,
    upper: Option<String>,
    residual: Option<f64>,
}

#[derive(Serialize)]
struct JsonBound {
    theorem: &'static str,
    verdict: &'static str,
    reason: Option<String>,
    observations: Vec<JsonObservation>,
}

#[derive(Serialize)]
struct JsonObservation {
    what: String,
    lower: usize,
    upper: usize,
    bound: usize,
}

impl Json {
    fn new(history: &WeightHistory, ranks: &WeightRanks, bounds: &[HeldBound]) -> Self {
        let known = |ranks: &[Rank]| ranks.iter().map(Rank::known).collect();
        let half = ranks.exponent / 2;
        let powers = [half, ranks.exponent - half].map(|power| f64::from(power).exp2());
        let scaled = |number: f64| number * powers[0] * powers[1];
        Json {
            schema: 1,
            shape: [history.steps() + 1, history.neurons(), history.neurons()],
            precision: JsonPrecision::new(history.rounding()),
            ranks: known(&ranks.ranks),
            increment_ranks: known(&ranks.increment_ranks),
            unfolding_ranks: known(&ranks.tensor.unfolding_ranks),
            cp: JsonBracket {
                lower: ranks.tensor.cp_lower.bound,
                upper: ranks.tensor.cp_upper.as_ref().map(|upper| upper.bound),
            },
            cp_certificates: JsonCertificates {
                lower: ranks.tensor.cp_lower.certificate.to_string(),
                upper: ranks.tensor.cp_upper.as_ref().map(|upper| upper.construction.to_string()),
                residual: ranks.tensor.cp_upper.as_ref().map(|upper| scaled(upper.residual)),
            },
            noise_floor: scaled(ranks.tensor.noise_floor),
            space_dimension: ranks.space.known(),
            bounds: bounds.iter().map(JsonBound::new).collect(),
            inconclusive: doubts(ranks),
        }
    }
}

impl JsonPrecision {
    fn new(rounding: &Rounding) -> Self {
        let (start, later) = rounding.grids().split_first().expect("there is a start");
        let coarsest = later
            .iter()
            .copied()
            .max_by(|a, b| a.epsilon().total_cmp(&b.epsilon()))
            .expect("there is a step");
        JsonPrecision {
            array: rounding.stored().name(),
            start: start.to_string(),
            values: coarsest.to_string(),
            epsilon: coarsest.epsilon(),
            decided: match rounding.decided() {
                Decided::Values => "by the values",
                Decided::Given => "by --precision",
                Decided::Few(_) => "by the array: too few different values",
                Decided::Fixed(_) => "by the array: values may be exact",
                Decided::Type => "by the array",
            },
            sentence: sentence(rounding),
        }
    }
}

impl JsonBound {
    fn new(bound: &HeldBound) -> Self {
        let verdict = match bound.verdict() {
            None => "not applicable",
            Some(Verdict::Held { .. }) => "holds",
            Some(Verdict::Violated) => "violated",
            Some(Verdict::Inconclusive) => "inconclusive",
        };
        let observations = bound.found.iter().flatten().map(|found| JsonObservation {
            what: found.quantity.to_string(),
            lower: found.found.lower,
            upper: found.found.upper,
            bound: found.bound,
        });
        let observations = observations.collect();
        let reason = bound.found.as_ref().err().cloned();
        JsonBound { theorem: bound.theorem.id, verdict, reason, observations }
    }
}
