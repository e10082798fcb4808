//! `rankproof rank`: weights recorded by any trainer.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::matrix::Rank;
use crate::report::{
    Drawn, EFFECTIVE_FIGURES, Experiment, WeightRecords, effective_details, effective_figures,
    effective_overview, effective_screen, effective_sentence, in_lines, rounding_sentence, wrapped,
};
use crate::tensor::{LowerEnd, UpperEnd};
use crate::theorem::{Observation, Verdict};
use crate::weights::{
    AnswerOptions, ExactRanks, Exactly, HeldBound, RecordedWeights, Stage, Watch, WeightAnswer,
    WeightPart, WeightRanks, doubts, scientific,
};
use anyhow::bail;
use clap::Args;
use indicatif::ProgressBar;

use super::files::Files;
use super::job::Plan;
use super::lock::lock_folder;
use super::output::{paragraph, print, progress, say, table, write_json};
use super::part::PartArguments;
use super::rank_input::Input;
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
    #[arg(long, value_name = "FILE", conflicts_with = "part")]
    pub json: Option<PathBuf>,
    /// Also write figures, their numbers as CSV, and summary.json into this folder, for
    /// `rankproof report --from FOLDER`. Of several matrices, write the rows as they come: a table,
    /// matrices.csv, and all of each matrix in matrices/NAME.json; if some are there, the run goes on
    /// with the others.
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub many: PartArguments,
}

/// `words` is the command line, the program first.
pub fn run(arguments: &Arguments, words: &[OsString]) -> anyhow::Result<u8> {
    if arguments.many.is_used() && arguments.input.patterns().is_none() {
        bail!("--part and --job are for several matrices, expected --array with names or '*'");
    }
    let files = arguments.input.checkpoints()?;
    Files::default().reads(&files.paths).writes("--json", &arguments.json).check()?;
    let written = arguments.json.as_deref().map(|path| ("--json", path));
    let folder = arguments.out.as_deref().unwrap_or(Path::new(""));
    let plan = Plan { folder, passes: 1, written };
    if let Some(script) = arguments.many.job.script(words, &plan)? {
        print(&script)?;
        return Ok(0);
    }
    let read = files.paths.clone();
    interrupt::end_with("stopped; what was written is whole, and rows of --out stay")?;
    let waiting = Waiting::new(&files.paths);
    let watch = |stage| waiting.show(stage);
    let mut opened = arguments.input.open(files)?;
    let lock = |out: &PathBuf| lock_folder(out, arguments.many.part);
    if let Some(patterns) = arguments.input.patterns() {
        let _lock = arguments.out.as_ref().map(lock).transpose()?;
        return rank_table::run(arguments, opened, patterns, &waiting, words);
    }
    if let Some(out) = &arguments.out {
        let names = EFFECTIVE_FIGURES.map(|name| [format!("{name}.svg"), format!("{name}.csv")]);
        let names = names.into_iter().flatten().chain(["summary.json".to_owned()]);
        Files::default().reads(read).writes_in("--out", out, names).check()?;
    }
    let _lock = arguments.out.as_ref().map(lock).transpose()?;
    let loaded = opened.load(&watch)?;
    let answers = answers(arguments, &loaded, true, &watch)?;
    waiting.end();
    if let Some(path) = &arguments.json {
        write_json(path, &WeightRecords::new(&loaded, &answers))?;
    }
    if let Some(out) = &arguments.out {
        write_results(out, &loaded, &answers)?;
    }
    print(&told(arguments, &loaded, &answers))?;
    Ok(0)
}

/// What is said of the weights, or of each gate.
fn answers(
    arguments: &Arguments,
    loaded: &RecordedWeights,
    small: bool,
    watch: Watch<'_>,
) -> anyhow::Result<Vec<WeightAnswer>> {
    loaded.parts.iter().map(|part| answer(arguments, part, small, watch)).collect()
}

/// The weights that arguments name and what is said of them, for whoever shows it elsewhere: nothing
/// is printed and no file is written. Exact ranks are as for [`answer`].
pub fn ranked(
    arguments: &Arguments,
    small: bool,
    watch: Watch<'_>,
) -> anyhow::Result<(RecordedWeights, Vec<WeightAnswer>)> {
    if arguments.input.patterns().is_some() {
        bail!("--array: is several names or a pattern, expected the name of one array");
    }
    let files = arguments.input.checkpoints()?;
    let loaded = arguments.input.open(files)?.load(watch)?;
    let answers = answers(arguments, &loaded, small, watch)?;
    Ok((loaded, answers))
}

/// The answers, and then all that is exact.
fn told(arguments: &Arguments, loaded: &RecordedWeights, answers: &[WeightAnswer]) -> String {
    let numbers = loaded.steps.as_deref();
    let mut text = String::new();
    if let [_, _, ..] = answers {
        text += &overview(loaded, answers);
    }
    for (part, answer) in loaded.parts.iter().zip(answers) {
        text += if answers.len() > 1 { "\n" } else { "" };
        text += &heading(loaded, part, answers.len() == 1);
        text += &effective_screen(&answer.effective, numbers);
        text += &effective_details(&answer.effective, numbers);
    }
    for (part, answer) in loaded.parts.iter().zip(answers) {
        match &answer.exact {
            Some(exact) => text += &exact_ranks(arguments, loaded, part, exact),
            None => {
                text += &format!("\n{}", not_exact(part));
                break;
            }
        }
    }
    text
}

/// Several answers beside each other.
fn overview(loaded: &RecordedWeights, answers: &[WeightAnswer]) -> String {
    let first = &loaded.parts[0].tracks[0];
    let mut text = wrapped(&format!(
        "{}, {} gates of {} x {} weights at the start and after {} learning steps",
        loaded.title,
        answers.len(),
        first.neurons(),
        first.columns(),
        first.steps(),
    ));
    loaded.notes.iter().for_each(|note| text += &noted(note));
    let gates = loaded.parts.iter().map(|part| part.gate.as_deref().unwrap_or_default());
    let found: Vec<_> = gates.zip(answers.iter().map(|answer| &answer.effective)).collect();
    text + "\n" + &effective_overview("gate", &found)
}

/// A note, in lines of at most 80 characters.
fn noted(note: &str) -> String {
    in_lines("note  ", note.split_whitespace(), 80)
}

/// Figures, tables and summary.json.
fn write_results(
    out: &Path,
    loaded: &RecordedWeights,
    answers: &[WeightAnswer],
) -> anyhow::Result<()> {
    let title = format!("Movement of the weights {}", loaded.title);
    let mut results = Experiment::new("rank", &title, out, false)?;
    let mut words = Vec::new();
    for (part, WeightAnswer { effective, .. }) in loaded.parts.iter().zip(answers) {
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

/// What is said of weights; with exact ranks if they are asked for or, where `small` says so, if they
/// take seconds.
pub fn answer(
    arguments: &Arguments,
    part: &WeightPart,
    small: bool,
    watch: Watch<'_>,
) -> anyhow::Result<WeightAnswer> {
    if part.tracks.len() > 1 && (part.channels.is_some() || arguments.exact) {
        let flag = if arguments.exact { "--exact" } else { "--inputs" };
        bail!("{flag} is for weights of three axes, and these have a fourth one");
    }
    let exactly = match (arguments.exact, small) {
        (true, _) => Exactly::Always,
        (false, true) => Exactly::Seconds,
        (false, false) => Exactly::Never,
    };
    let asked = AnswerOptions { increments: arguments.delta, exactly };
    WeightAnswer::new(part, asked, watch).map_err(read_error)
}

/// Why there are no exact ranks.
fn not_exact(part: &WeightPart) -> String {
    wrapped(if part.tracks.len() == 1 { NOT_EXACT } else { FOURTH })
}

/// Said in place of exact ranks of weights with a fourth axis.
const FOURTH: &str = "Exact ranks and the bounds of the theorems are for three axes: of each index of \
                      the fourth axis by itself.";

/// Said in place of exact ranks.
const NOT_EXACT: &str = "Exact ranks, and with them the bounds of the theorems, are not computed: of \
                         so many neurons and steps they take minutes; --exact computes them.";

fn exact_ranks(
    arguments: &Arguments,
    loaded: &RecordedWeights,
    part: &WeightPart,
    exact: &ExactRanks,
) -> String {
    let ExactRanks { ranks, bounds } = exact;
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
fn heading(loaded: &RecordedWeights, part: &WeightPart, notes: bool) -> String {
    let weights = &part.tracks[0];
    let (rows, columns, steps) = (weights.neurons(), weights.columns(), weights.steps());
    let gate = part.gate.as_ref().map_or(String::new(), |gate| format!(", gate {gate}"));
    let mut text = wrapped(&format!(
        "{}{gate}, {rows} x {columns} weights at the start and after {steps} learning steps;",
        loaded.title,
    ));
    text += &wrapped(&rounding_sentence(weights.rounding()));
    for note in loaded.notes.iter().filter(|_| notes) {
        text += &noted(note);
    }
    text + "\n"
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
