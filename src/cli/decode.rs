//! `rankproof decode`: behaviour read out from the states of a fit.

use std::path::PathBuf;

use crate::fit::{Decoded, DecodedDimension, R2, States, decode};
use crate::recording::Recording;
use anyhow::Context;
use clap::Args;
use serde::Serialize;

use super::files::Files;
use super::fitted::STATES;
use super::output::{print, table, write_json};

/// Read behaviour out of the states of a fit, and of the recorded neurons beside it.
///
/// Ridge regression in each bin, cross-validated over trials; the penalty is chosen by the folds that
/// are not scored. States were inferred from the activity of all trials, behaviour of scored trials is
/// not used. The behaviour is what `rankproof prepare --behaviour` took into the recording.
#[derive(Args)]
pub struct Arguments {
    /// The folder of the fit, as `rankproof fit` or `rankproof apply` writes it.
    fit: PathBuf,
    /// The recording that was fitted.
    recording: PathBuf,
    /// Folds of trials.
    #[arg(long, default_value_t = 10)]
    folds: usize,
    /// Names the folds.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Also write the result to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What --json writes.
#[derive(Serialize)]
struct File<'a> {
    schema: u32,
    #[serde(flatten)]
    decoded: &'a Decoded,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let path = arguments.fit.join(STATES);
    let files = Files::default().reads([&path, &arguments.recording]);
    files.writes("--json", &arguments.json).check()?;
    let recording = Recording::read(&arguments.recording)?;
    let states = States::read(&path).with_context(|| {
        format!("{}: no states of a fit; `rankproof fit` writes them", arguments.fit.display())
    })?;
    let decoded = decode(&recording, &states, arguments.folds, arguments.seed)
        .with_context(|| arguments.recording.display().to_string())?;
    if let Some(path) = &arguments.json {
        write_json(path, &File { schema: 1, decoded: &decoded })?;
    }
    print(&shown(&decoded))?;
    Ok(0)
}

fn shown(decoded: &Decoded) -> String {
    let columns = ["R2 of", "states", "95 %", "neurons", "95 %", "condition means", "95 %"];
    let mut table = table(&columns, 1);
    for DecodedDimension { name, states, neurons, conditions } in &decoded.dimensions {
        let numbers =
            [states, neurons, conditions].into_iter().flat_map(|R2 { mean, interval }| {
                let interval =
                    interval.map_or(String::new(), |(low, high)| format!("{low:.3}..{high:.3}"));
                [format!("{mean:.3}"), interval]
            });
        table.add_row(std::iter::once(name.clone()).chain(numbers));
    }
    let Decoded { folds, trials, bins, left_out, .. } = decoded;
    format!(
        "{table}\nOn left-out trials: {bins} bins of {trials} trials in {folds} folds; {left_out} bins \
         without behaviour or\nactivity are left out. 95 %: confidence over folds. Condition means \
         are what the condition alone says."
    )
}
