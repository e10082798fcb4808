//! `rankproof apply`: a fit on trials that it was not fitted to.

use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::file::Element;
use crate::fit::{Applied, Change, FactorChange, FitFloat, Learned, Role, Score, Summary};
use crate::recording::Recording;
use anyhow::Context;
use clap::Args;
use serde::Serialize;

use super::files::Files;
use super::fitted;
use super::lock::lock_folder;
use super::model_arguments::{FittingArguments, Precision};
use super::output::{print, progress, table, write_json};

/// Apply a fit to other trials of the same neurons, such as those of another day.
///
/// Initial states, inputs and trial factors of the other trials are inferred; units, columns and rows
/// of the weights, readout and bias stay as they were fitted. The folder --out gets what `fit` writes,
/// and summary.json says how far the trial factors lie from those that were fitted first, and how
/// well the same entries are predicted with factors held at the mean of these.
#[derive(Args)]
pub struct Arguments {
    /// The folder of the fit, or its model.npz.
    fit: PathBuf,
    /// The other recording, as `rankproof prepare` writes it.
    recording: PathBuf,
    /// The folder for results; made if it is not there.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Also save the predicted activity of all entries.
    #[arg(long)]
    predictions: bool,
    #[command(flatten)]
    fitting: FittingArguments,
}

const SUMMARY: &str = "summary.json";

/// summary.json.
#[derive(Serialize)]
struct SummaryFile<'a> {
    schema: u32,
    #[serde(flatten)]
    summary: &'a Summary,
    applied: AppliedFile<'a>,
}

/// What is said beside what any fit says.
#[derive(Serialize)]
struct AppliedFile<'a> {
    /// The entries that are held out, with trial factors held at their mean before.
    held_out_unchanged: Option<Score>,
    change: &'a Change,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let model = if arguments.fit.is_dir() {
        arguments.fit.join("model.npz")
    } else {
        arguments.fit.clone()
    };
    let written = fitted::files().chain([SUMMARY.to_owned()]);
    let files = Files::default().reads([&model, &arguments.recording]);
    files.writes_in("--out", &arguments.out, written).check()?;
    let learned = Learned::read(&model)?;
    let recording = Recording::read(&arguments.recording)?;
    let work = || match arguments.fitting.precision {
        Precision::F32 => apply::<f32>(arguments, &learned, &recording),
        Precision::F64 => apply::<f64>(arguments, &learned, &recording),
    };
    arguments.fitting.on_threads(work)?
}

fn apply<S: FitFloat + Element>(
    arguments: &Arguments,
    learned: &Learned,
    recording: &Recording,
) -> anyhow::Result<u8> {
    let (settings, held_out) = (arguments.fitting.settings()?, arguments.fitting.held_out()?);
    let both = [Role::Test, Role::Validation];
    let held = if held_out.share > 0.0 { &both[..] } else { &[] };
    let roles = held_out.roles(recording, 0, held, settings.seed)?;
    let out = &arguments.out;
    let _lock = lock_folder(out, None)?;
    let bar = progress(settings.iterations as u64, "");
    let applied = learned.apply::<S>(recording, &roles, settings, |_, made| {
        bar.set_position(made.iteration as u64);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    let applied = applied.with_context(|| arguments.recording.display().to_string())?;
    fitted::write(out, &applied.fit, recording, &roles, arguments.predictions)?;
    let summary = applied.fit.summary(applied.outcome);
    let unchanged = summary.held_out.map(|_| applied.unchanged.score(Role::Test));
    let file = SummaryFile {
        schema: 1,
        summary: &summary,
        applied: AppliedFile { held_out_unchanged: unchanged, change: &applied.change },
    };
    write_json(&out.join(SUMMARY), &file)?;
    print(&shown(arguments, learned, &applied, &summary, unchanged))?;
    Ok(0)
}

fn shown<S: FitFloat>(
    arguments: &Arguments,
    learned: &Learned,
    applied: &Applied<S>,
    summary: &Summary,
    unchanged: Option<Score>,
) -> String {
    let scores = fitted::scores(&[
        ("fitted", Some(summary.train)),
        ("for stopping", summary.validation),
        ("held out", summary.held_out),
        ("held out, factors held", unchanged),
    ]);
    let mut factors = table(&["factor", "before", "sd", "now", "sd"], 0);
    for (r, factor) in applied.change.factors.iter().enumerate() {
        let FactorChange { mean_before, deviation_before, mean, deviation } = *factor;
        let numbers = [mean_before, deviation_before, mean, deviation];
        let numbers = numbers.map(|number| format!("{number:.3}"));
        factors.add_row(std::iter::once((r + 1).to_string()).chain(numbers));
    }
    let Change { weights, weights_before, .. } = applied.change;
    let unchecked = if learned.knows_its_recording() {
        ""
    } else {
        "The model does not say which neurons it is of: their number was checked alone.\n"
    };
    format!(
        "rank {}, {} units, applied to {} trials.\n\n{scores}\n{factors}\n\
         The mean weights lie {weights:.3} of their norm from those fitted first, whose single\n\
         trials lie {weights_before:.3} from their mean.\n{unchecked}\
         loss: {}; factors held: at their mean before; sd: over trials.\nResults are in {}",
        summary.rank,
        summary.units,
        applied.fit.model().trial_factors().map_or(0, |factors| factors.cols()),
        summary.likelihood.loss_in_words(),
        arguments.out.display()
    )
}
