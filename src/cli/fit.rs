//! `rankproof fit`: a low-tensor-rank RNN for a recording.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::file::{Element, Lock};
use crate::fit::{
    Architecture, Fit, FitFloat, HeldOut, Losses, Objective, Observations, Outcome, Role, Settings,
    Summary,
};
use crate::recording::Recording;
use anyhow::{Context, bail};
use clap::{Args, Command, Id};
use serde::{Deserialize, Serialize};

use super::files::Files;
use super::fitted;
use super::interrupt;
use super::lock::lock_folder;
use super::model_arguments::{FittingArguments, ModelArguments, Precision};
use super::output::{print, progress, say, shell_word, write_json};

/// Fit an RNN whose weights change over trials with low tensor rank to a recording.
///
/// Blocks of entries are held out: some decide when to stop, others are only predicted. The folder
/// --out gets model.npz, states.npz, summary.json, losses.csv, figures and all that they draw
/// (figures.csv), and a checkpoint from which --resume goes on to the same bits as a fit that was
/// never interrupted.
#[derive(Args, Clone)]
pub struct Arguments {
    /// The recording, as `rankproof prepare` or `simulate` writes it.
    recording: PathBuf,
    /// Terms of the weights: their tensor rank.
    #[arg(long, required_unless_present = "resume")]
    rank: Option<usize>,
    /// Units of the network.
    #[arg(long, default_value_t = 100)]
    units: usize,
    /// The folder for results; made if it is not there.
    #[arg(long, value_name = "DIR", required_unless_present = "resume")]
    out: Option<PathBuf>,
    /// Go on with the fit in this folder, with the model and the settings that it has, its number
    /// of iterations too; --iterations sets another one, --predictions adds these.
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,
    /// Also save the predicted activity of all entries.
    #[arg(long)]
    pub(super) predictions: bool,
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    pub(super) fitting: FittingArguments,
}

/// Refuses beside `--resume` all that a fit under way cannot change, so that nothing is passed over.
pub fn guarded(command: Command) -> Command {
    const FREE: [&str; 5] = ["recording", "resume", "iterations", "predictions", "threads"];
    let ids = command.get_arguments().map(|argument| argument.get_id().clone());
    let fixed: Vec<Id> = ids.filter(|id| !FREE.contains(&id.as_str())).collect();
    command.mut_arg("resume", |argument| argument.conflicts_with_all(fixed))
}

/// What a folder says of the fit in it.
#[derive(Serialize, Deserialize)]
pub(super) struct Plan {
    architecture: Architecture,
    pub(super) settings: Settings,
    #[serde(rename = "blocks")]
    held_out: HeldOut,
    pub(super) precision: Precision,
    #[serde(default)]
    predictions: bool,
    /// Of the recording's activity, to notice another one.
    fingerprint: String,
}

impl Plan {
    /// What each entry is used for.
    pub(super) fn roles(&self, recording: &Recording) -> anyhow::Result<Vec<Role>> {
        roles(self.held_out, self.settings.seed, recording)
    }

    /// What is fitted.
    pub(super) fn objective<S: FitFloat>(
        &self,
        recording: &Recording,
        roles: &[Role],
    ) -> anyhow::Result<Objective<S>> {
        let observations = Observations::<S>::new(recording, roles)?;
        Ok(Objective::new(&self.architecture, observations)?)
    }
}

/// What each entry is used for: some for testing and as many for stopping, if any are held out.
pub(super) fn roles(
    held_out: HeldOut,
    seed: u64,
    recording: &Recording,
) -> anyhow::Result<Vec<Role>> {
    let both = [Role::Test, Role::Validation];
    let wanted = if held_out.share > 0.0 { &both[..] } else { &[] };
    Ok(held_out.roles(recording, 0, wanted, seed)?)
}

/// summary.json.
#[derive(Serialize)]
struct SummaryFile<'a> {
    schema: u32,
    #[serde(flatten)]
    summary: &'a Summary,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let folder = arguments.resume.as_ref().or(arguments.out.as_ref());
    let folder = folder.context("--out is missing")?.clone();
    let files = Files::default().reads([&arguments.recording]);
    files.writes_in(argument_of_folder(arguments), &folder, written()).check()?;
    let recording = Recording::read(&arguments.recording)?;
    interrupt::listen()?;
    let (plan, _lock) = match &arguments.resume {
        Some(_) => resumed(&folder, &recording, arguments)?,
        None => begun(&folder, arguments, &recording)?,
    };
    let work = || match plan.precision {
        Precision::F32 => fit::<f32>(arguments, &folder, &plan, &recording),
        Precision::F64 => fit::<f64>(arguments, &folder, &plan, &recording),
    };
    arguments.fitting.on_threads(work)?
}

fn argument_of_folder(arguments: &Arguments) -> &'static str {
    if arguments.resume.is_some() { "--resume" } else { "--out" }
}

/// What the folder gets.
const PLAN: &str = "plan.json";
/// From which a fit goes on.
pub(super) const CHECKPOINT: &str = "checkpoint.npz";
pub(super) const SUMMARY: &str = "summary.json";

fn written() -> impl Iterator<Item = String> {
    [PLAN, CHECKPOINT, SUMMARY].map(str::to_owned).into_iter().chain(fitted::files())
}

/// The plan of a new fit, written to its folder, which is locked.
fn begun(
    folder: &Path,
    arguments: &Arguments,
    recording: &Recording,
) -> anyhow::Result<(Plan, Lock)> {
    let plan = planned(arguments, recording)?;
    let lock = lock_folder(folder, None)?;
    if folder.join(CHECKPOINT).exists() {
        let command = command_to_go_on(arguments, folder);
        bail!("{}: holds a fit already; {command} goes on with it", folder.display());
    }
    write_json(&folder.join(PLAN), &plan)?;
    Ok((plan, lock))
}

pub(super) fn planned(arguments: &Arguments, recording: &Recording) -> anyhow::Result<Plan> {
    let rank = arguments.rank.context("--rank is missing")?;
    Ok(Plan {
        architecture: arguments.model.architecture(recording, arguments.units, rank)?,
        settings: arguments.fitting.settings()?,
        held_out: arguments.fitting.held_out()?,
        precision: arguments.fitting.precision,
        predictions: arguments.predictions,
        fingerprint: recording.fingerprint(),
    })
}

/// The plan of the fit in a folder, which is locked, with what was asked for anew.
fn resumed(
    folder: &Path,
    recording: &Recording,
    arguments: &Arguments,
) -> anyhow::Result<(Plan, Lock)> {
    let path = folder.join(PLAN);
    let cannot = || format!("{}: cannot be read, expected a fit", path.display());
    // No lock where there is no fit: it would make the folder.
    fs::metadata(&path).with_context(cannot)?;
    let lock = lock_folder(folder, None)?;
    let text = fs::read_to_string(&path).with_context(cannot)?;
    let mut plan: Plan = serde_json::from_str(&text)
        .with_context(|| format!("{}: is not the plan of a fit", path.display()))?;
    if plan.fingerprint != recording.fingerprint() {
        bail!(
            "{}: is another recording than the one that was fitted in {}",
            arguments.recording.display(),
            folder.display()
        );
    }
    if let Some(iterations) = arguments.fitting.iterations {
        plan.settings.iterations = iterations;
    }
    plan.predictions |= arguments.predictions;
    Ok((plan, lock))
}

/// How long work may be lost when a machine stops.
const BETWEEN_CHECKPOINTS: Duration = Duration::from_secs(20);

fn fit<S: FitFloat + Element>(
    arguments: &Arguments,
    folder: &Path,
    plan: &Plan,
    recording: &Recording,
) -> anyhow::Result<u8> {
    let started = Instant::now();
    let roles = plan.roles(recording)?;
    let objective = plan
        .objective::<S>(recording, &roles)
        .with_context(|| arguments.recording.display().to_string())?;
    let checkpoint = folder.join(CHECKPOINT);
    let mut fit = if checkpoint.exists() {
        Fit::resume(objective, plan.settings, &checkpoint)?
    } else {
        Fit::new(objective, plan.settings)
    };
    if fit.iterations() > plan.settings.iterations {
        let (made, asked) = (fit.iterations(), plan.settings.iterations);
        bail!("--iterations is {asked}, expected at least the {made} that were made already");
    }
    // Another interruption goes on with what was asked for now.
    write_json(&folder.join(PLAN), plan)?;
    let bar = progress(plan.settings.iterations as u64, "");
    bar.set_position(fit.iterations() as u64);
    let mut saved = Instant::now();
    let mut trouble = None;
    let outcome = fit.run(|fit, made| {
        bar.set_position(made.iteration as u64);
        bar.set_message(in_words(&made.losses));
        if saved.elapsed() > BETWEEN_CHECKPOINTS {
            saved = Instant::now();
            trouble = fit.save(&checkpoint).err();
        }
        if interrupt::asked() || trouble.is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    bar.finish_and_clear();
    if let Some(trouble) = trouble {
        return Err(trouble.into());
    }
    let outcome = outcome?;
    fit.save(&checkpoint)?;
    if outcome == Outcome::Interrupted {
        let command = command_to_go_on(arguments, folder);
        let made = fit.iterations();
        say(&format!("interrupted after {made} iterations; go on with\n  {command}"));
        return Ok(130);
    }
    fitted::write(folder, &fit, recording, &roles, plan.predictions)?;
    let summary = fit.summary(outcome);
    write_summary(folder, &summary)?;
    print(&shown(arguments, folder, &summary, started.elapsed()))?;
    Ok(0)
}

pub(super) fn write_plan(folder: &Path, plan: &Plan) -> anyhow::Result<()> {
    write_json(&folder.join(PLAN), plan)
}

pub(super) fn write_summary(folder: &Path, summary: &Summary) -> anyhow::Result<()> {
    write_json(&folder.join(SUMMARY), &SummaryFile { schema: 1, summary })
}

/// All that is needed: what the fit was asked for is in its folder.
fn command_to_go_on(arguments: &Arguments, folder: &Path) -> String {
    let [recording, folder] =
        [arguments.recording.as_path(), folder].map(|path| shell_word(&path.display().to_string()));
    let threads = arguments.fitting.threads;
    let threads = threads.map_or(String::new(), |threads| format!(" --threads {threads}"));
    format!("rankproof fit {recording} --resume {folder}{threads}")
}

fn in_words(losses: &Losses) -> String {
    if losses.validation.is_nan() {
        format!("loss {:.4}", losses.train)
    } else {
        format!("loss {:.4}, held out {:.4}", losses.train, losses.validation)
    }
}

fn shown(arguments: &Arguments, folder: &Path, summary: &Summary, time: Duration) -> String {
    let table = fitted::scores(&[
        ("fitted", Some(summary.train)),
        ("for stopping", summary.validation),
        ("held out", summary.held_out),
    ]);
    let unit = summary.likelihood.loss_in_words();
    let end = match summary.outcome {
        Outcome::Converged => "the loss for stopping fell no more.".to_owned(),
        _ => {
            let command = command_to_go_on(arguments, folder);
            let more = 2 * summary.iterations;
            format!("all iterations were made; more are made by\n  {command} --iterations {more}")
        }
    };
    format!(
        "rank {}, {} units: {} iterations in {:.1} s; {end}\n\n{}\nloss: {unit}. Results are in {}",
        summary.rank,
        summary.units,
        summary.iterations,
        time.as_secs_f64(),
        table,
        folder.display()
    )
}
