//! `rankproof cv`: do the weights of a recording have low tensor rank?

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::fit::{
    Attempt, Candidate, Compared, Comparison, CrossValidation, CrossValidationSummary, Estimate,
    FitError, Grid, HeldOut, Job, Likelihood, Search, Searched, SizeEstimate, Split, TrialPrior,
};
use crate::recording::Recording;
use anyhow::{Context, bail};
use clap::{Args, Command, ValueEnum};
use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::collect::Parts;
use super::cv_folder::{self, Folder};
use super::cv_parts::{self, Lot, Missing};
use super::files::Files;
use super::interrupt;
use super::job::Plan as JobPlan;
use super::list_of_numbers;
use super::lock::lock_folder;
use super::model_arguments::{FittingArguments, ModelArguments, Precision, with_flag};
use super::output::{print, progress, say, table};
use super::part::{PartArguments, copied};
use super::several;

/// Choose the tensor rank of a recording's weights by cross-validation, and compare.
///
/// Every fold holds out other entries: blocks, or what --split says. The rank is the smallest one
/// whose loss on validation entries is within one standard error of the best. Other models predict
/// the same entries: constant weights (no learning), weights constant in each epoch, weights free in
/// each trial (no tensor constraint); without a network CP decompositions of the activity, principal
/// components, slice rank, linear dynamics from bin to bin, and the means of conditions. Every
/// finished fit is kept in --out: a run that was interrupted goes on when it is started again.
///
/// In each fold each network chooses its own initial states, inputs, time constant, gains and inputs
/// of trials, units and rank, and changing weights their prior, on entries that are neither fitted
/// nor tested: of the candidates the best third is fitted for three times as many iterations, until
/// one is left. Changing and constant weights are then fitted side by side, in the architectures that
/// came far, and take the one that is best over all folds. --print-grid prints the candidates, --grid
/// gives others, --fixed gives all models the one architecture of the options.
#[derive(Args)]
pub struct Arguments {
    /// The recording, as `rankproof prepare` or `simulate` writes it. Of several, each has a folder
    /// in --out, and their differences are pooled (pooled.json).
    #[arg(required_unless_present = "print_grid", value_name = "RECORDING")]
    recordings: Vec<PathBuf>,
    /// The ranks to choose from: 1..8, or 1,2,4.
    #[arg(long, value_parser = read_numbers, default_value = "1..6")]
    ranks: Numbers,
    /// The numbers of units to choose from.
    #[arg(long, value_parser = read_numbers, default_value = "50")]
    units: Numbers,
    /// Random starts: with --fixed of each fit, whose losses are averaged (1 if not given); else of
    /// the fits that the answer rests on, whose predictions are averaged (2).
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: Option<u64>,
    /// Folds: how often other entries are held out. If not given 10, with --fixed 5, or as many as
    /// find entries of their own; models choose in the first five.
    #[arg(long)]
    folds: Option<usize>,
    /// What a fold holds out for testing.
    #[arg(long, value_enum, default_value_t = SplitName::Blocks, help_heading = "Held-out entries")]
    split: SplitName,
    /// The folder for results; made if it is not there.
    #[arg(long, value_name = "DIR", required_unless_present = "print_grid")]
    out: Option<PathBuf>,
    /// Search nothing: all networks have the architecture of the options.
    #[arg(long, help_heading = "Search")]
    fixed: bool,
    /// The candidates to search, in the form of --print-grid.
    #[arg(long, value_name = "FILE", conflicts_with = "fixed", help_heading = "Search")]
    grid: Option<PathBuf>,
    /// Print the candidates that are searched if no others are given.
    #[arg(long, exclusive = true, help_heading = "Search")]
    print_grid: bool,
    /// Orders of trials, shuffled within condition and epoch, in which changing weights are fitted to
    /// the first five folds again, and as many within condition alone if those show nothing; less than
    /// 19 cannot tell at the level of 5 %.
    #[arg(long, default_value_t = 19, conflicts_with = "fixed", help_heading = "Search")]
    permutations: usize,
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    fitting: FittingArguments,
    #[command(flatten)]
    many: PartArguments,
}

#[derive(Clone, Copy, ValueEnum)]
enum SplitName {
    /// Blocks of bins and trials of a neuron, as --block and --held-out say.
    Blocks,
    /// The last fifth of the trials: the prior of trial factors extrapolates. Each fold ends the
    /// session a tenth earlier.
    Future,
    /// A fifth of the neurons in a fifth of the trials (co-smoothing).
    Neurons,
}

/// A list of numbers, ascending.
#[derive(Clone, Debug)]
struct Numbers(Vec<usize>);

fn read_numbers(text: &str) -> Result<Numbers, String> {
    let expected = || "expected numbers such as 1..8 or 1,2,4".to_owned();
    let mut numbers = list_of_numbers(text, expected)?;
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.is_empty() || numbers[0] == 0 {
        return Err(expected());
    }
    Ok(Numbers(numbers))
}

/// What the search chooses, and `--fixed` leaves to options.
const CHOSEN: [&str; 10] = [
    "initial",
    "initial_spread",
    "inputs",
    "input_length",
    "input_spread",
    "gain_spread",
    "time_constant",
    "length",
    "amplitude",
    "jumps",
];

impl From<SplitName> for Split {
    fn from(name: SplitName) -> Self {
        match name {
            SplitName::Blocks => Split::Blocks,
            SplitName::Future => Split::FutureTrials,
            SplitName::Neurons => Split::Neurons,
        }
    }
}

/// Refuses the options of what is searched unless nothing is, so that none is passed over.
pub fn guarded(command: Command) -> Command {
    CHOSEN.into_iter().fold(command, |command, id| {
        command.mut_arg(id, |argument| {
            // What conflicts with an option that is required makes clap take it for not required.
            argument
                .requires("fixed")
                .conflicts_with_all(["grid", "permutations"])
                .help_heading("With --fixed, else chosen by the search")
        })
    })
}

impl Arguments {
    /// The files of the recordings.
    pub fn recordings(&self) -> &[PathBuf] {
        &self.recordings
    }
}

/// The user broke it off.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
struct Interrupted;

/// `words` is the command line, the program first.
pub fn run(arguments: &Arguments, words: &[OsString]) -> anyhow::Result<u8> {
    if arguments.print_grid {
        print(&serde_json::to_string_pretty(&Grid::default())?)?;
        return Ok(0);
    }
    let out = arguments.out.as_deref().context("--out is missing")?;
    let passes = if arguments.fixed { cv_parts::PASSES } else { cv_parts::PASSES_OF_SEARCH };
    let plan = JobPlan { folder: out, passes, written: None };
    if let Some(script) = arguments.many.job.script(words, &plan)? {
        print(&script)?;
        return Ok(0);
    }
    interrupt::listen()?;
    match arguments.many.part {
        Some(part) => cv_parts::run(arguments, part, out, words),
        None => whole(arguments, out, &Lot::default()),
    }
}

/// What the parts of a run came to, as the run itself says it, with its files in `out`.
pub fn collected(arguments: &Arguments, parts: &Parts, out: &Path) -> anyhow::Result<u8> {
    whole(arguments, out, &Lot::collected(parts))
}

fn whole(arguments: &Arguments, out: &Path, lot: &Lot) -> anyhow::Result<u8> {
    if let [path] = arguments.recordings.as_slice() {
        let found = one(arguments, path, out, lot)?;
        return Ok(if matches!(found, Outcome::Interrupted) { 130 } else { 0 });
    }
    several::run(arguments, &arguments.recordings, out, lot)
}

/// What came of one recording.
pub enum Outcome {
    /// An answer, which was printed.
    Answered(Box<CrossValidationSummary>),
    /// The fits of a part, and the one of another part for which the others wait.
    Part(Option<Missing>),
    /// The user broke it off.
    Interrupted,
}

/// What is asked of one recording.
pub struct Asked {
    recording: Recording,
    search: Search,
}

impl Asked {
    /// Reads the recording.
    pub fn read(arguments: &Arguments, path: &Path) -> anyhow::Result<Self> {
        let recording = Recording::read(path)?;
        let cv = planned(arguments, &recording)?;
        let grid = arguments.grid.as_deref().map_or(Ok(Grid::default()), read_grid)?;
        let search = Search { cv, grid, permutations: arguments.permutations };
        Ok(Asked { recording, search })
    }

    /// What turns the results.
    pub fn choices(&self, arguments: &Arguments) -> serde_json::Value {
        let search = if arguments.fixed { None } else { Some(&self.search) };
        serde_json::json!({
            "recording": self.recording.fingerprint(),
            "precision": arguments.fitting.precision,
            "cross_validation": self.search.cv,
            "grid": search.map(|search| &search.grid),
            "permutations": search.map(|search| search.permutations),
        })
    }
}

/// Answers for one recording and prints it, or carries out what falls to a part.
pub fn one(arguments: &Arguments, path: &Path, out: &Path, lot: &Lot) -> anyhow::Result<Outcome> {
    answered(arguments, path, out, &Asked::read(arguments, path)?, lot)
}

/// The same, of what was read.
pub fn answered(
    arguments: &Arguments,
    path: &Path,
    out: &Path,
    asked: &Asked,
    lot: &Lot,
) -> anyhow::Result<Outcome> {
    let Asked { recording, search } = asked;
    files(arguments, path, out, &search.cv).check()?;
    if !arguments.fixed {
        search.validate(recording)?;
    }
    let _lock = lock_folder(out, arguments.many.part)?;
    Folder(out).open(&search.cv, arguments.fitting.precision, recording)?;
    copied(&lot.sources(out), out, Path::new(cv_folder::JOBS))?;
    let runner = Runner { recording, arguments, out, lot };
    let summary = if arguments.fixed { runner.fixed(&search.cv) } else { runner.searched(search) };
    let summary = match summary {
        Err(error) if error.is::<Interrupted>() => {
            tell_of_interruption(out);
            return Ok(Outcome::Interrupted);
        }
        Err(error) if arguments.many.part.is_some() && error.is::<Missing>() => {
            return Ok(Outcome::Part(error.downcast().ok()));
        }
        other => other?,
    };
    let Some(summary) = summary else { return Ok(Outcome::Part(None)) };
    Folder(out).finish(&summary)?;
    print(&shown(&summary, out))?;
    Ok(Outcome::Answered(Box::new(summary)))
}

fn read_grid(path: &Path) -> anyhow::Result<Grid> {
    let name = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("{name}: cannot be read"))?;
    serde_json::from_str(&text)
        .with_context(|| format!("{name}: is no grid, expected the form that --print-grid prints"))
}

/// What is read, and everything that could be written. A search writes no file of a fit that is there
/// already: it takes it for the result.
fn files(arguments: &Arguments, recording: &Path, out: &Path, cv: &CrossValidation) -> Files {
    let read = [recording].into_iter().chain(arguments.grid.as_deref());
    Files::default().reads(read).writes_in("--out", out, cv_folder::names(cv))
}

fn tell_of_interruption(out: &Path) {
    let folder = out.display();
    say(&format!("interrupted; finished fits are kept in {folder}: the same command goes on"));
}

fn planned(arguments: &Arguments, recording: &Recording) -> anyhow::Result<CrossValidation> {
    let (ranks, units) = (arguments.ranks.0.clone(), arguments.units.0.clone());
    let largest = ranks[ranks.len() - 1];
    let architecture = arguments.model.architecture(recording, units[0], largest)?;
    let (held_out, usual) = match arguments.fixed {
        true => (arguments.fitting.held_out()?, CrossValidation::new(architecture)),
        false => {
            (arguments.fitting.held_out_of_search()?, CrossValidation::of_search(architecture))
        }
    };
    let held_out = HeldOut { split: arguments.split.into(), ..held_out };
    let cv = CrossValidation {
        ranks,
        units,
        seeds: arguments.seeds.unwrap_or(usual.seeds),
        folds: arguments.folds.unwrap_or(usual.folds.min(held_out.most_folds())),
        held_out,
        settings: arguments.fitting.settings()?,
        ..usual
    };
    if cv.held_out.share <= 0.0 {
        bail!("--held-out is 0, expected a share above: cross-validation needs held-out entries");
    }
    cv.validate().map_err(with_flag)?;
    Ok(cv)
}

/// Carries out fits in parallel, each at most once.
struct Runner<'a> {
    recording: &'a Recording,
    arguments: &'a Arguments,
    out: &'a Path,
    lot: &'a Lot,
}

impl Runner<'_> {
    /// One architecture for all models. None of a part.
    fn fixed(&self, cv: &CrossValidation) -> anyhow::Result<Option<CrossValidationSummary>> {
        let run = |&job: &Job, go_on: &dyn Fn() -> bool| match self.arguments.fitting.precision {
            Precision::F32 => cv.run::<f32>(self.recording, job, go_on),
            Precision::F64 => cv.run::<f64>(self.recording, job, go_on),
        };
        let number = |job: &Job| cv_parts::number_of_job(cv, job);
        let own = |jobs: &[Job]| -> Vec<Job> {
            jobs.iter().filter(|job| self.lot.computes(number(job))).copied().collect()
        };
        let jobs = cv.jobs();
        if self.lot.is_part() {
            // Its own, before others are waited for.
            self.all("fits", &own(&jobs), number, Job::name, run)?;
        }
        let mut folds = self.all("fits", &jobs, number, Job::name, run)?;
        let SizeEstimate { rank, units, .. } = cv.choose(&cv.table(&folds))?;
        let others = cv.comparisons(self.recording.epochs_used(), rank, units);
        if self.lot.is_part() {
            self.all("fits", &own(&others), number, Job::name, run)?;
            return Ok(None);
        }
        folds.extend(self.all("fits", &others, number, Job::name, run)?);
        Ok(Some(cv.summary(&folds)?))
    }

    /// An architecture for each model and fold. None of a part.
    fn searched(&self, search: &Search) -> anyhow::Result<Option<CrossValidationSummary>> {
        let run =
            |&attempt: &Attempt, go_on: &dyn Fn() -> bool| match self.arguments.fitting.precision {
                Precision::F32 => search.run::<f32>(self.recording, attempt, go_on),
                Precision::F64 => search.run::<f64>(self.recording, attempt, go_on),
            };
        let number = |model, fold| cv_parts::number_of_model(&search.cv, model, fold);
        let number_of = |attempt: &Attempt| number(attempt.comparison, attempt.fold);
        let carry_out = |stage: &str, attempts: &[Attempt]| {
            self.all(stage, attempts, number_of, Attempt::name, run)
        };
        if self.lot.is_part() {
            let is_own = |model, fold| self.lot.computes(number(model, fold));
            search.share_by(self.recording, &is_own, carry_out)?;
            return Ok(None);
        }
        search.answer_by(self.recording, carry_out).map(Some)
    }

    /// In their order. Those that fall to other parts must be there.
    fn all<J: Sync, R: Send + Serialize + DeserializeOwned>(
        &self,
        stage: &str,
        jobs: &[J],
        number: impl Fn(&J) -> usize,
        name: impl Fn(&J) -> String + Sync,
        run: impl Fn(&J, &dyn Fn() -> bool) -> Result<Option<R>, FitError> + Sync,
    ) -> anyhow::Result<Vec<R>> {
        for job in jobs.iter().filter(|job| !self.lot.computes(number(job))) {
            let name = name(job);
            if !Folder(self.out).path_of(&name).exists() {
                return Err(self.lot.missing(number(job), name, self.out).into());
            }
        }
        let bar = progress(jobs.len() as u64, stage);
        let carry_out = |job: &J| {
            let found = self.one(&name(job), |go_on| run(job, go_on));
            bar.inc(1);
            found
        };
        let work = || jobs.par_iter().map(carry_out).collect::<anyhow::Result<Vec<_>>>();
        let found = self.arguments.fitting.on_threads(work)?;
        bar.finish_and_clear();
        found
    }

    fn one<R: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        run: impl Fn(&dyn Fn() -> bool) -> Result<Option<R>, FitError>,
    ) -> anyhow::Result<R> {
        let folder = Folder(self.out);
        if let Some(found) = folder.result(name)? {
            return Ok(found);
        }
        if interrupt::asked() {
            return Err(Interrupted.into());
        }
        let found = run(&|| !interrupt::asked()).with_context(|| name.to_owned())?;
        let found = found.ok_or(Interrupted)?;
        folder.keep(name, &found)?;
        Ok(found)
    }
}

/// What is asked of a recording in memory.
pub(super) struct InMemory {
    pub fixed: bool,
    pub fitting: FittingArguments,
    pub search: Search,
}

impl InMemory {
    /// As the arguments say it but for --grid.
    pub fn new(arguments: Arguments, recording: &Recording, grid: Grid) -> anyhow::Result<Self> {
        let cv = planned(&arguments, recording)?;
        let Arguments { fixed, fitting, permutations, .. } = arguments;
        let search = Search { cv, grid, permutations };
        if !fixed {
            search.validate(recording)?;
        }
        Ok(InMemory { fixed, fitting, search })
    }
}

fn shown(summary: &CrossValidationSummary, folder: &Path) -> String {
    format!("{}\nResults are in {}", told(summary), folder.display())
}

/// What is found, in tables and words.
pub(super) fn told(summary: &CrossValidationSummary) -> String {
    let columns = numbers_of(summary.likelihood);
    let with = |first: &[&'static str], last: &[&'static str]| [first, columns, last].concat();
    let mut ranks = table(&with(&["rank", "units"], &[""]), 0);
    for SizeEstimate { rank, units, estimate, .. } in &summary.ranks {
        let mut row = vec![rank.to_string(), units.to_string()];
        row.extend(numbers(estimate, columns));
        row.push(if *rank == summary.chosen { "chosen" } else { "" }.to_owned());
        ranks.add_row(row);
    }
    let first = if summary.search.is_some() { "models" } else { "other models" };
    let mut models = table(&with(&[first], &["worse by", "se"]), 1);
    if let Some(search) = &summary.search {
        let mut row = vec![Comparison::LowTensorRank.in_words().to_owned()];
        row.extend(numbers(&search.low_tensor_rank, columns));
        row.extend([String::new(), String::new()]);
        models.add_row(row);
    }
    for Compared { comparison, estimate, excess, excess_se } in &summary.comparisons {
        let mut row = vec![comparison.in_words().to_owned()];
        row.extend(numbers(estimate, columns));
        row.extend([format!("{excess:.4}"), format!("{excess_se:.4}")]);
        models.add_row(row);
    }
    let search = match (&summary.search, summary.verdict.assumptions) {
        (Some(search), _) => format!("{}\n{}", terms(search), choices(search)),
        (None, Some(assumptions)) if assumptions.leave_initial_states() => {
            "--initial trial gives each trial an initial state.\n".to_owned()
        }
        _ => String::new(),
    };
    // Of ranks there are fewer folds.
    let last = match &summary.search {
        Some(search) if search.contested < summary.folds => {
            format!(", of ranks over {};\nranks", search.contested)
        }
        _ => "; ranks".to_owned(),
    };
    format!(
        "{ranks}\n{models}\n{}{search}\nloss: {}; se: standard error over {} folds{last} are chosen on \
         other entries.",
        summary.verdict.in_words(),
        summary.likelihood.loss_in_words(),
        summary.folds,
    )
}

/// What is shown of a model: of counts bits per spike, too.
fn numbers_of(likelihood: Likelihood) -> &'static [&'static str] {
    match likelihood {
        Likelihood::Gaussian => &["held-out loss", "se", "R2"],
        Likelihood::Poisson | Likelihood::NegativeBinomial => {
            &["held-out loss", "se", "R2", "bits/spike"]
        }
    }
}

fn numbers(estimate: &Estimate, columns: &[&str]) -> Vec<String> {
    let Estimate { mean, se, r2, bits_per_spike, .. } = *estimate;
    let all = [mean, se, r2, bits_per_spike].into_iter().take(columns.len());
    all.map(|value| format!("{value:.4}")).collect()
}

/// Which terms other fits find again.
fn terms(search: &Searched) -> String {
    search.replication.as_ref().map_or(String::new(), |found| found.in_words() + "\n")
}

/// What the models chose, and in how many folds if not in all.
fn choices(search: &Searched) -> String {
    let headers = [
        "chosen",
        "initial states",
        "inputs",
        "time constant",
        "gains",
        "inputs of trials",
        "units",
        "rank",
        "prior",
    ];
    let mut table = table(&headers, headers.len());
    for model in Comparison::NETWORKS {
        // What is taken over is not counted again.
        let own = search.winners.iter().filter(|winner| winner.fold < search.contested);
        let winners = own.filter(|winner| winner.comparison == model);
        let all: Vec<Candidate> = winners.map(|winner| winner.candidate).collect();
        if all.is_empty() {
            continue;
        }
        let tally = |of: &dyn Fn(&Candidate) -> String| tallied(all.iter().map(of));
        table.add_row([
            model.in_words().to_owned(),
            tally(&|one| one.shared.initial.in_words()),
            tally(&|one| one.shared.inputs.in_words()),
            tally(&|one| one.shared.time_constant.to_string()),
            tally(&|one| spread(one.shared.gain)),
            tally(&|one| spread(one.shared.trial_input)),
            tally(&|one| one.shared.units.to_string()),
            tally(&|one| one.rank.to_string()),
            tally(&|one| one.prior.map_or(String::new(), in_words)),
        ]);
    }
    let diverged = match search.diverged {
        0 => String::new(),
        count => format!("; {count} diverged"),
    };
    format!("{table}Fits: {}{diverged}.\n", search.fits)
}

fn spread(of_trials: f64) -> String {
    if of_trials == 0.0 { "none".to_owned() } else { of_trials.to_string() }
}

fn in_words(prior: TrialPrior) -> String {
    // Longer than any session: the same in all trials of an epoch.
    if prior.length >= 1e6 {
        return format!("epochs, {}", prior.amplitude);
    }
    let jumps = if prior.jumps { ", jumps" } else { "" };
    format!("{} trials, {}{jumps}", prior.length, prior.amplitude)
}

/// `a`, or `a (3), b (2)`, the most frequent first.
fn tallied(all: impl Iterator<Item = String>) -> String {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for one in all {
        match counts.iter_mut().find(|(known, _)| *known == one) {
            Some((_, count)) => *count += 1,
            None => counts.push((one, 1)),
        }
    }
    if let [(only, _)] = counts.as_slice() {
        return only.clone();
    }
    counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    let words: Vec<String> = counts.iter().map(|(one, count)| format!("{one} ({count})")).collect();
    words.join(", ")
}
