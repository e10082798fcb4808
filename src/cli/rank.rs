//! `rankproof rank`: weights recorded by any trainer.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::matrix::Rank;
use crate::report::{
    Drawn, EFFECTIVE_FIGURES, EffectiveRecord, Experiment, effective_details, effective_figures,
    effective_overview, effective_screen, effective_sentence, in_lines, wrapped,
};
use crate::tensor::{LowerEnd, UpperEnd};
use crate::theorem::{Observation, Verdict};
use crate::weights::{
    Decided, EffectiveOptions, EffectiveRanks, HeldBound, Rounding, Stage, Watch, WeightRanks,
    WeightStream, doubts, scientific,
};
use anyhow::bail;
use clap::Args;
use indicatif::ProgressBar;
use serde::Serialize;

use super::files::Files;
use super::output::{paragraph, print, progress, say, table, write_json};
use super::rank_input::{Input, Loaded, Part};
use super::rank_slices::read_error;
use super::{interrupt, rank_table};

/// Show the ranks of weights that were recorded while a network learned.
///
/// Reads the weights of every learning step, by whatever program they were trained: from one file
/// with all of them (.npz and others), or from checkpoints, a file for each step (.pt, .safetensors,
/// .npz and others; `rankproof inspect` shows what is in one).
///
/// First in how few dimensions, and in how few CP terms, nearly all of the movement lies: the squared
/// norm of the increments W_k - W_0. Beside it what random walks need whose steps are as long.
/// Then whether that space is fixed, and with --inputs and --outputs which share of the movement lies in
/// the spaces of theorems, and what weights show of their hypotheses.
///
/// Then exact ranks. One is given only where the singular values leave a clear gap above the noise
/// floor, which is stated; else it is inconclusive.
///
/// The floor follows from what the values were rounded to, which is told from the values: float32
/// weights in a float64 array have the noise of float32.
///
/// Exit status: 0 if the ranks are given, whatever they are, as a bound that recorded weights
/// violate is a finding; 2 if the arguments or the input are wrong.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    pub input: Input,
    /// Unfolding ranks and CP rank of the increments W_k - W_0 instead of the weights W_k.
    #[arg(long)]
    delta: bool,
    /// Exact ranks also of weights so large that they take minutes, and walks with the singular
    /// values of the steps.
    #[arg(long)]
    pub exact: bool,
    /// Also write the results as JSON: the dimensions of the movement under `effective`.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Also write figures, their numbers as CSV, and summary.json into this folder, for
    /// `rankproof report --from FOLDER`. Of several matrices, write the rows as they come: a table,
    /// matrices.csv, and all of each matrix in matrices/NAME.json; if some are there, the run goes on
    /// with the others.
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let files = arguments.input.checkpoints()?;
    Files::default().reads(&files.paths).writes("--json", &arguments.json).check()?;
    let read = files.paths.clone();
    interrupt::end_with("stopped; what was written is whole, and rows of --out stay")?;
    let waiting = Waiting::new(&files.paths);
    let watch = |stage| waiting.show(stage);
    let mut opened = arguments.input.open(files)?;
    if let Some(patterns) = arguments.input.patterns() {
        return rank_table::run(arguments, opened, patterns, &waiting);
    }
    if let Some(out) = &arguments.out {
        let names = EFFECTIVE_FIGURES.map(|name| [format!("{name}.svg"), format!("{name}.csv")]);
        let names = names.into_iter().flatten().chain(["summary.json".to_owned()]);
        Files::default().reads(read).writes_in("--out", out, names).check()?;
    }
    let loaded = opened.load(&watch)?;
    let mut answers = Vec::new();
    for part in &loaded.parts {
        answers.push(Answer::new(arguments, part, true, &watch)?);
    }
    waiting.end();
    if let Some(path) = &arguments.json {
        let mut gates: Vec<Json> =
            answers.iter().map(|answer| Json::new(&loaded, answer)).collect();
        match gates.len() {
            1 => write_json(path, &gates.remove(0))?,
            _ => write_json(path, &JsonGates { schema: 1, gates })?,
        }
    }
    if let Some(out) = &arguments.out {
        write_results(out, &loaded, &answers)?;
    }
    print(&told(arguments, &loaded, &answers))?;
    Ok(0)
}

/// The answers, and then all that is exact.
fn told(arguments: &Arguments, loaded: &Loaded, answers: &[Answer]) -> String {
    let numbers = loaded.steps.as_deref();
    let mut text = String::new();
    if let [_, _, ..] = answers {
        text += &overview(loaded, answers);
    }
    for (index, answer) in answers.iter().enumerate() {
        text += if answers.len() > 1 { "\n" } else { "" };
        text += &heading(loaded, answer.part, index == 0 && answers.len() == 1);
        text += &effective_screen(&answer.effective, numbers);
        text += &effective_details(&answer.effective, numbers);
    }
    for answer in answers {
        match &answer.exact {
            Some(exact) => text += &exact_ranks(arguments, loaded, answer.part, exact),
            None => {
                text += &format!("\n{}", answer.not_exact());
                break;
            }
        }
    }
    text
}

/// Several answers beside each other.
fn overview(loaded: &Loaded, answers: &[Answer]) -> String {
    let first = &answers[0].part.tracks[0];
    let mut text = wrapped(&format!(
        "{}, {} gates of {} x {} weights at the start and after {} learning steps",
        loaded.title,
        answers.len(),
        first.neurons(),
        first.columns(),
        first.steps(),
    ));
    loaded.notes.iter().for_each(|note| text += &noted(note));
    let gate = |answer: &Answer| answer.part.gate.clone().unwrap_or_default();
    let gates: Vec<_> = answers.iter().map(gate).collect();
    let found: Vec<_> = (gates.iter().map(String::as_str))
        .zip(answers.iter().map(|answer| &answer.effective))
        .collect();
    text + "\n" + &effective_overview("gate", &found)
}

/// A note, in lines of at most 80 characters.
fn noted(note: &str) -> String {
    in_lines("note  ", note.split_whitespace(), 80)
}

/// Figures, tables and summary.json.
fn write_results(out: &Path, loaded: &Loaded, answers: &[Answer]) -> anyhow::Result<()> {
    let title = format!("Movement of the weights {}", loaded.title);
    let mut results = Experiment::new("rank", &title, out, false)?;
    let mut words = Vec::new();
    for Answer { part, effective, .. } in answers {
        let (label, prefix) = match &part.gate {
            Some(gate) => (format!("gate {gate}"), format!("{gate}_")),
            None => Default::default(),
        };
        let of = if label.is_empty() { String::new() } else { format!("{label}: ") };
        words.push(format!("{of}{}", effective_sentence(effective)));
        let figures = effective_figures(&label, effective, loaded.steps.as_deref());
        for Drawn { name, caption, figure, table } in figures {
            let (name, caption) = (format!("{prefix}{name}"), format!("{of}{caption}"));
            results.figure(&name, &caption, &figure)?;
            results.table(&name, &caption, &table)?;
        }
        let spectra = [
            ("rows", "dimensions of rows", &effective.rows),
            ("columns", "dimensions of columns", &effective.columns),
            ("last", "dimensions of the last change", &effective.last),
        ];
        for (name, meaning, spectrum) in spectra {
            let Some(spectrum) = spectrum else { continue };
            let most = spectrum.dimensions_for(0.95) as f64;
            let name = format!("{prefix}{name}");
            let meaning = format!("{of}{meaning}");
            results.measured(&format!("{name}_r95"), &format!("{meaning} that hold 95 %"), most);
            let ratio = spectrum.participation_ratio();
            let meaning = format!("{meaning}, participation ratio");
            results.measured(&format!("{name}_participation_ratio"), &meaning, ratio);
        }
        if let Some(terms) = effective.cp.as_ref().and_then(|cp| cp.dimensions()[1]) {
            let meaning = format!("{of}CP terms that hold 95 %");
            results.measured(&format!("{prefix}cp_r95"), &meaning, terms as f64);
        }
    }
    results.says(words.join(" "));
    results.finish()?;
    Ok(())
}

/// What is said of one history.
pub struct Answer<'a> {
    pub part: &'a Part,
    pub effective: EffectiveRanks,
    /// Unless they take minutes and were not asked for.
    exact: Option<Exact>,
}

/// Exact ranks, and the bounds of the theorems.
struct Exact {
    ranks: WeightRanks,
    bounds: Vec<HeldBound>,
}

impl<'a> Answer<'a> {
    /// With exact ranks if they are asked for or, where `small` says so, if they take seconds.
    pub fn new(
        arguments: &Arguments,
        part: &'a Part,
        small: bool,
        watch: Watch<'_>,
    ) -> anyhow::Result<Self> {
        let (tracks, channels) = (&part.tracks[..], part.channels.as_ref());
        let options = EffectiveOptions { all: arguments.exact, ..EffectiveOptions::default() };
        let [weights] = tracks else {
            if channels.is_some() || arguments.exact {
                let flag = if arguments.exact { "--exact" } else { "--inputs" };
                bail!("{flag} is for weights of three axes, and these have a fourth one");
            }
            let effective =
                EffectiveRanks::of_tracks(tracks, &options, watch).map_err(read_error)?;
            return Ok(Answer { part, effective, exact: None });
        };
        let effective =
            EffectiveRanks::of_stream(weights, channels, &options, watch).map_err(read_error)?;
        let mut exact = None;
        if arguments.exact || (small && takes_seconds(weights)) {
            let history = weights.load().map_err(read_error)?;
            let ranks = WeightRanks::new(&history, arguments.delta, watch);
            watch(Stage { what: "bounds", done: 0, all: 1 });
            let bounds = HeldBound::all(&history, &ranks, channels)?;
            exact = Some(Exact { ranks, bounds });
        }
        Ok(Answer { part, effective, exact })
    }

    /// Why there are no exact ranks.
    fn not_exact(&self) -> String {
        wrapped(if self.part.tracks.len() == 1 { NOT_EXACT } else { FOURTH })
    }
}

/// Said in place of exact ranks of weights with a fourth axis.
const FOURTH: &str = "Exact ranks and the bounds of the theorems are for three axes: of each index of \
                      the fourth axis by itself.";

/// Said in place of exact ranks.
const NOT_EXACT: &str = "Exact ranks, and with them the bounds of the theorems, are not computed: of \
                         so many neurons and steps they take minutes; --exact computes them.";

/// True if exact ranks take seconds, about: they need singular values of every step.
fn takes_seconds(weights: &WeightStream) -> bool {
    const MAX_WORK: usize = 1 << 28;
    let (rows, columns) = (weights.neurons(), weights.columns());
    let of_a_step = rows.saturating_mul(columns).saturating_mul(rows.min(columns));
    of_a_step.saturating_mul(weights.steps() + 1) <= MAX_WORK
}

fn exact_ranks(arguments: &Arguments, loaded: &Loaded, part: &Part, exact: &Exact) -> String {
    let Exact { ranks, bounds } = exact;
    let hint = match part.channels {
        None if part.tracks[0].neurons() == part.tracks[0].columns() => {
            "Give --inputs and --outputs to hold the increments against more theorems.\n"
        }
        _ => "",
    };
    let gate = part.gate.as_ref().map_or(String::new(), |gate| format!(" of gate {gate}"));
    [
        format!("\nExact ranks{gate}, above the noise of rounding\n"),
        steps(ranks, loaded.steps.as_deref()),
        whole(arguments, ranks),
        hold(bounds),
        hint.to_owned(),
        inconclusive(ranks),
    ]
    .concat()
}

/// What was read, to what it was rounded, and once what was chosen in reading it.
fn heading(loaded: &Loaded, part: &Part, notes: bool) -> String {
    let weights = &part.tracks[0];
    let (rows, columns, steps) = (weights.neurons(), weights.columns(), weights.steps());
    let gate = part.gate.as_ref().map_or(String::new(), |gate| format!(", gate {gate}"));
    let mut text = wrapped(&format!(
        "{}{gate}, {rows} x {columns} weights at the start and after {steps} learning steps;",
        loaded.title,
    ));
    text += &wrapped(&sentence(weights.rounding()));
    for note in loaded.notes.iter().filter(|_| notes) {
        text += &noted(note);
    }
    text + "\n"
}

/// To what the weights were rounded, and by which flag, if by one.
fn sentence(rounding: &Rounding) -> String {
    match rounding.decided() {
        Decided::Given => format!("{rounding} by --precision"),
        _ => rounding.to_string(),
    }
}

/// Ranks and singular values of some steps: all of them are in the JSON. Steps have the numbers of
/// their files, if they come from several.
fn steps(ranks: &WeightRanks, numbers: Option<&[u64]>) -> String {
    let headers =
        ["k", "rank W_k", "rank W_k - W_0", "noise floor", "singular values of W_k - W_0"];
    let mut table = table(&headers, 0);
    let last = ranks.ranks.len() - 1;
    for k in some_steps(last) {
        let increment = &ranks.increment_ranks[k];
        let (values, floor) = increment.spectrum().unwrap_or_default();
        table.add_row([
            numbers.map_or(k as u64, |numbers| numbers[k]).to_string(),
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
    let space = match &ranks.space {
        Some(rank) => {
            format!("{} dimensions hold the rows and columns of all increments", shown(rank))
        }
        None => "none: rows and columns of these weights differ in length".to_owned(),
    };
    text + &paragraph("  space", &space) + "\n"
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
pub struct Waiting {
    bar: ProgressBar,
    last: Mutex<Option<Instant>>,
}

impl Waiting {
    fn new(files: &[PathBuf]) -> Self {
        const LARGE: u64 = 1 << 24;
        let length = |file: &PathBuf| file.metadata().map_or(0, |metadata| metadata.len());
        let large = files.iter().map(length).sum::<u64>() >= LARGE;
        let last = (!large).then(Instant::now);
        Waiting { bar: progress(1, ""), last: Mutex::new(last) }
    }

    pub fn show(&self, Stage { what, done, all }: Stage) {
        const PAUSE: Duration = Duration::from_secs(1);
        self.bar.set_length(all as u64);
        self.bar.set_position(done as u64);
        self.bar.set_message(what);
        let mut last = self.last.lock().unwrap_or_else(|error| error.into_inner());
        if self.bar.is_hidden() && last.is_none_or(|last| last.elapsed() >= PAUSE) {
            *last = Some(Instant::now());
            match all {
                1 => say(what),
                _ => say(&format!("{what}: {done} of {all}")),
            }
        }
    }

    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// All that was found. `effective` has the dimensions of the movement; the others are exact ranks,
/// null if those were not computed.
#[derive(Serialize)]
struct JsonGates {
    schema: u32,
    gates: Vec<Json>,
}

#[derive(Serialize)]
pub struct Json {
    schema: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    gate: Option<String>,
    /// The numbers of the files of the steps, if they come from several.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<u64>>,
    shape: [usize; 3],
    precision: JsonPrecision,
    #[serde(flatten)]
    exact: JsonExact,
    /// False if exact ranks were not computed.
    exact_ranks_computed: bool,
    effective: EffectiveRecord,
}

#[derive(Default, Serialize)]
struct JsonExact {
    ranks: Option<Vec<Option<usize>>>,
    increment_ranks: Option<Vec<Option<usize>>>,
    unfolding_ranks: Option<Vec<Option<usize>>>,
    cp: Option<JsonBracket>,
    cp_certificates: Option<JsonCertificates>,
    noise_floor: Option<f64>,
    space_dimension: Option<usize>,
    bounds: Option<Vec<JsonBound>>,
    inconclusive: Option<Vec<String>>,
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
    pub fn new(loaded: &Loaded, answer: &Answer) -> Self {
        let Answer { part, effective, exact } = answer;
        let weights = &part.tracks[0];
        Json {
            schema: 1,
            gate: part.gate.clone(),
            steps: loaded.steps.clone(),
            shape: [weights.steps() + 1, weights.neurons(), weights.columns()],
            precision: JsonPrecision::new(weights.rounding()),
            exact_ranks_computed: exact.is_some(),
            exact: exact.as_ref().map(JsonExact::new).unwrap_or_default(),
            effective: effective.into(),
        }
    }
}

impl JsonExact {
    fn new(Exact { ranks, bounds }: &Exact) -> Self {
        let known = |ranks: &[Rank]| Some(ranks.iter().map(Rank::known).collect());
        let half = ranks.exponent / 2;
        let powers = [half, ranks.exponent - half].map(|power| f64::from(power).exp2());
        let scaled = |number: f64| number * powers[0] * powers[1];
        let upper = ranks.tensor.cp_upper.as_ref();
        JsonExact {
            ranks: known(&ranks.ranks),
            increment_ranks: known(&ranks.increment_ranks),
            unfolding_ranks: known(&ranks.tensor.unfolding_ranks),
            cp: Some(JsonBracket {
                lower: ranks.tensor.cp_lower.bound,
                upper: upper.map(|upper| upper.bound),
            }),
            cp_certificates: Some(JsonCertificates {
                lower: ranks.tensor.cp_lower.certificate.to_string(),
                upper: upper.map(|upper| upper.construction.to_string()),
                residual: upper.map(|upper| scaled(upper.residual)),
            }),
            noise_floor: Some(scaled(ranks.tensor.noise_floor)),
            space_dimension: ranks.space.as_ref().and_then(Rank::known),
            bounds: Some(bounds.iter().map(JsonBound::new).collect()),
            inconclusive: Some(doubts(ranks)),
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
