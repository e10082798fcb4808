//! What a folder gets of a fitted model, by whichever command it was fitted.

use std::io::Write;
use std::path::Path;

use crate::file::{Element, write_atomically};
use crate::fit::{Fit, FitFloat, Role, Score, States};
use crate::recording::Recording;
use crate::report::{FIT_FIGURES, TextTable, drawn_csv, fit_figures};

use super::output::table;

const MODEL: &str = "model.npz";
/// The states at the bins of all trials.
pub const STATES: &str = "states.npz";
const LOSSES: &str = "losses.csv";
/// Everything that the figures draw.
const DRAWN: &str = "figures.csv";

/// The names of the files.
pub fn files() -> impl Iterator<Item = String> {
    let files = [MODEL, STATES, LOSSES, DRAWN].map(str::to_owned);
    files.into_iter().chain(FIT_FIGURES.map(figure_file))
}

fn figure_file(name: &str) -> String {
    format!("{name}.svg")
}

/// Writes them; with the predicted activity of all entries, if it is wanted.
pub fn write<S: FitFloat + Element>(
    folder: &Path,
    fit: &Fit<S>,
    recording: &Recording,
    roles: &[Role],
    with_predictions: bool,
) -> anyhow::Result<()> {
    let saved = fit.saved();
    let predictions = fit.objective().predictions(&saved.model);
    let wanted = with_predictions.then_some(predictions.as_slice());
    saved.write(folder.join(MODEL), recording, wanted)?;
    States::of(fit, recording).write(folder.join(STATES))?;
    write_losses(&folder.join(LOSSES), fit)?;
    let figures = fit_figures(fit, &saved.model, recording, roles, &predictions)?;
    for (name, figure) in &figures {
        figure.save(folder.join(figure_file(name)))?;
    }
    let drawn = drawn_csv(&figures);
    write_atomically(folder.join(DRAWN), |file| file.write_all(drawn.as_bytes()))?;
    Ok(())
}

fn write_losses<S: FitFloat>(path: &Path, fit: &Fit<S>) -> anyhow::Result<()> {
    let mut text = String::from("iteration,train,validation\n");
    for (iteration, losses) in fit.losses().iter().enumerate() {
        let validation =
            if losses.validation.is_nan() { String::new() } else { losses.validation.to_string() };
        text += &format!("{},{},{validation}\n", iteration + 1, losses.train);
    }
    write_atomically(path, |file| file.write_all(text.as_bytes()))?;
    Ok(())
}

/// How well entries are predicted, by what they are used for; without those that there are none of.
pub fn scores(rows: &[(&str, Option<Score>)]) -> TextTable {
    let mut table = table(&["entries", "number", "loss", "R2"], 1);
    for (name, score) in rows.iter().filter_map(|&(name, score)| Some((name, score?))) {
        table.add_row([
            name.to_owned(),
            score.entries.to_string(),
            format!("{:.4}", score.loss),
            format!("{:.4}", score.r2),
        ]);
    }
    table
}
