//! `rankproof cv`: do the weights of a recording have low tensor rank?

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use rankproof::fit::{
    Architecture, Compared, CrossValidation, CrossValidationSummary, Fold, Job, SizeEstimate,
};
use rankproof::recording::Recording;
use rankproof::report::cross_validation_figure;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::files::Files;
use super::interrupt;
use super::list_of_numbers;
use super::model_arguments::{FittingArguments, ModelArguments, Precision, with_flag};
use super::output::{print, progress, table, write_json};

/// Choose the tensor rank of a recording's weights by cross-validation, and compare.
///
/// Every fold holds out other blocks of entries. The rank is the smallest one whose held-out loss
/// is within one standard error of the best. Four other models predict the same entries: constant
/// weights (no learning), weights free in each trial (no tensor constraint), a CP decomposition of
/// the activity (no dynamics), and the means of conditions. Every finished fit is kept in --out: a
/// run that was interrupted goes on when it is started again.
#[derive(Args)]
pub struct Arguments {
    /// The recording, as `rankproof prepare` or `simulate` writes it.
    recording: PathBuf,
    /// The ranks to choose from: 1..8, or 1,2,4.
    #[arg(long, value_parser = read_numbers, default_value = "1..6")]
    ranks: Numbers,
    /// The numbers of units to choose from.
    #[arg(long, value_parser = read_numbers, default_value = "50")]
    units: Numbers,
    /// Random starts of each fit.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Folds: how often other entries are held out.
    #[arg(long, default_value_t = 5)]
    folds: usize,
    /// The folder for results; made if it is not there.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    fitting: FittingArguments,
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

/// What the folder says of the run in it.
#[derive(PartialEq, Serialize, Deserialize)]
struct Plan {
    cross_validation: CrossValidation,
    precision: Precision,
    fingerprint: String,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let recording = Recording::read(&arguments.recording)?;
    let cv = planned(arguments, &recording)?;
    files(arguments, &cv).check()?;
    let jobs = arguments.out.join(JOBS);
    fs::create_dir_all(&jobs).with_context(|| format!("{}: cannot be made", jobs.display()))?;
    agree_on_plan(arguments, &cv, &recording)?;
    interrupt::listen()?;
    let runner = Runner { cv: &cv, recording: &recording, arguments };
    let Some(mut folds) = runner.all(&cv.jobs())? else { return Ok(interrupted(arguments)) };
    let SizeEstimate { rank, units, .. } = cv.choose(&cv.table(&folds))?;
    let Some(others) = runner.all(&cv.comparisons(rank, units))? else {
        return Ok(interrupted(arguments));
    };
    folds.extend(others);
    let summary = cv.summary(&folds)?;
    write_json(&arguments.out.join(SUMMARY), &SummaryFile { schema: 1, summary: &summary })?;
    cross_validation_figure(&summary).save(arguments.out.join(FIGURE))?;
    print(&shown(&summary, &arguments.out))?;
    Ok(ExitCode::SUCCESS)
}

/// What the folder gets, besides the results of fits.
const PLAN: &str = "plan.json";
const SUMMARY: &str = "summary.json";
const FIGURE: &str = "held_out_loss.svg";
/// The folder in it for the results of fits.
const JOBS: &str = "jobs";

/// The recording, and everything that could be written.
fn files(arguments: &Arguments, cv: &CrossValidation) -> Files {
    let sizes = cv.ranks.iter().flat_map(|&rank| cv.units.iter().map(move |&units| (rank, units)));
    let mut names: BTreeSet<PathBuf> =
        sizes.flat_map(|(rank, units)| cv.comparisons(rank, units)).map(file_of).collect();
    names.extend(cv.jobs().into_iter().map(file_of));
    names.extend([PLAN, SUMMARY, FIGURE].map(PathBuf::from));
    Files::default().reads([&arguments.recording]).writes_in("--out", &arguments.out, names)
}

/// Where the result of a fit is, in the folder.
fn file_of(job: Job) -> PathBuf {
    Path::new(JOBS).join(job.name() + ".json")
}

fn interrupted(arguments: &Arguments) -> ExitCode {
    let folder = arguments.out.display();
    eprintln!("interrupted; finished fits are kept in {folder}: the same command goes on");
    ExitCode::from(130)
}

fn planned(arguments: &Arguments, recording: &Recording) -> anyhow::Result<CrossValidation> {
    let (ranks, units) = (arguments.ranks.0.clone(), arguments.units.0.clone());
    let largest = ranks[ranks.len() - 1];
    let architecture = arguments.model.architecture(recording, units[0], largest)?;
    let cv = CrossValidation {
        ranks,
        units,
        seeds: arguments.seeds,
        folds: arguments.folds,
        held_out: arguments.fitting.held_out()?,
        settings: arguments.fitting.settings()?,
        architecture,
    };
    if cv.held_out.share <= 0.0 {
        bail!("--held-out is 0, expected a share above: cross-validation needs held-out entries");
    }
    cv.validate().map_err(with_flag)?;
    Ok(cv)
}

/// Keeps a folder from mixing fits of two runs.
fn agree_on_plan(
    arguments: &Arguments,
    cv: &CrossValidation,
    recording: &Recording,
) -> anyhow::Result<()> {
    // More ranks, units, seeds or folds are a longer run of the same kind.
    let kind = CrossValidation {
        ranks: Vec::new(),
        units: Vec::new(),
        seeds: 0,
        folds: 0,
        architecture: Architecture { units: 0, rank: 0, ..cv.architecture.clone() },
        ..cv.clone()
    };
    let plan = Plan {
        cross_validation: kind,
        precision: arguments.fitting.precision,
        fingerprint: recording.fingerprint(),
    };
    let path = arguments.out.join(PLAN);
    let Ok(text) = fs::read_to_string(&path) else { return write_json(&path, &plan) };
    let there: Plan = serde_json::from_str(&text)
        .with_context(|| format!("{}: is not the plan of a cross-validation", path.display()))?;
    if there != plan {
        bail!(
            "{}: holds fits of another recording or with other settings; give another --out",
            arguments.out.display()
        );
    }
    Ok(())
}

/// Carries out jobs in parallel, each at most once.
struct Runner<'a> {
    cv: &'a CrossValidation,
    recording: &'a Recording,
    arguments: &'a Arguments,
}

impl Runner<'_> {
    /// `None` if the user broke it off.
    fn all(&self, jobs: &[Job]) -> anyhow::Result<Option<Vec<Fold>>> {
        let bar = progress(jobs.len() as u64, "fits");
        let carry_out = |&job: &Job| {
            let fold = self.one(job);
            bar.inc(1);
            fold
        };
        let work = || jobs.par_iter().map(carry_out).collect::<anyhow::Result<Option<Vec<_>>>>();
        let found = self.arguments.fitting.on_threads(work)?;
        bar.finish_and_clear();
        found
    }

    fn one(&self, job: Job) -> anyhow::Result<Option<Fold>> {
        let path = self.arguments.out.join(file_of(job));
        if let Ok(text) = fs::read_to_string(&path) {
            let fold: Fold = serde_json::from_str(&text)
                .with_context(|| format!("{}: is not the result of a fit", path.display()))?;
            return Ok(Some(fold));
        }
        if interrupt::asked() {
            return Ok(None);
        }
        let go_on = || !interrupt::asked();
        let fold = match self.arguments.fitting.precision {
            Precision::F32 => self.cv.run::<f32>(self.recording, job, go_on),
            Precision::F64 => self.cv.run::<f64>(self.recording, job, go_on),
        };
        let fold = fold.with_context(|| job.name())?;
        if let Some(fold) = &fold {
            write_json(&path, fold)?;
        }
        Ok(fold)
    }
}

/// summary.json.
#[derive(Serialize)]
struct SummaryFile<'a> {
    schema: u32,
    #[serde(flatten)]
    summary: &'a CrossValidationSummary,
}

fn shown(summary: &CrossValidationSummary, folder: &Path) -> String {
    let number = |value: f64| format!("{value:.4}");
    let mut ranks = table(&["rank", "units", "held-out loss", "se", "R2", ""], 0);
    for SizeEstimate { rank, units, estimate } in &summary.ranks {
        ranks.add_row([
            rank.to_string(),
            units.to_string(),
            number(estimate.mean),
            number(estimate.se),
            number(estimate.r2),
            if *rank == summary.chosen { "chosen" } else { "" }.to_owned(),
        ]);
    }
    let mut others = table(&["other models", "held-out loss", "se", "R2", "worse by", "se"], 1);
    for Compared { comparison, estimate, excess, excess_se } in &summary.comparisons {
        others.add_row([
            comparison.in_words().to_owned(),
            number(estimate.mean),
            number(estimate.se),
            number(estimate.r2),
            number(*excess),
            number(*excess_se),
        ]);
    }
    let option = if summary.verdict.assumptions.leave_initial_states() {
        "--initial trial gives each trial an initial state.\n"
    } else {
        ""
    };
    format!(
        "{}\n{}\n{}{option}\nloss: {}; se: standard error over {} folds. Results are in {}",
        ranks,
        others,
        summary.verdict.in_words(),
        summary.likelihood.loss_in_words(),
        summary.folds,
        folder.display()
    )
}
