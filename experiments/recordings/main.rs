//! Do the weights behind real recordings change with low tensor rank?
//!
//! Three recordings of monkey motor cortex, prepared as `rankproof prepare` would: reaching without
//! learning (the control), learning a new mapping of a brain-computer interface, and a decoder
//! whose mapping is switched in known trials. For each the tensor rank is chosen by how well
//! held-out entries are predicted, beside constant weights, weights free in each trial, a CP
//! decomposition of the activity and condition means. The trial factors of the last are held
//! against the switches. The variable RANKPROOF_RECORDINGS names the folder of the recordings.

use std::error::Error;

use rankproof::fit::{
    Architecture, Assumptions, Compared, Comparison, CrossValidation, CrossValidationSummary,
    HeldOut, Likelihood, Settings, SizeEstimate,
};
use rankproof::recording::{Recording, prepare};
use rankproof::report::{Experiment, Table, cross_validation_figure};

#[path = "../console.rs"]
mod console;
mod sources;
mod switches;

use sources::{folder, sources};
use switches::show_switches;

/// Units of the fitted networks.
const UNITS: usize = 40;

fn main() -> Result<(), Box<dyn Error>> {
    let title = "Recordings of motor cortex, cross-validated";
    run(console::experiment("recordings", title)?)
}

/// Chooses ranks and compares; with `--quick`, for the control and two ranks alone.
pub fn run(mut experiment: Experiment) -> Result<(), Box<dyn Error>> {
    let folder = folder()?;
    let mut table =
        Table::new(["recording", "model", "held-out loss", "se", "worse by", "se of that"]);
    for source in sources() {
        if experiment.quick() && source.name != "chewie" {
            continue;
        }
        let recording = prepare(folder.join(source.file), &source.options)?.recording;
        let cv = cross_validation(&recording, experiment.quick());
        experiment.progress(format!("{}: ranks {:?}", source.name, cv.ranks));
        let folds = cv.run_all::<f32>(&recording, &cv.jobs())?;
        let chosen = cv.choose(&cv.table(&folds))?.rank;
        experiment.progress(format!("{}: comparisons at rank {chosen}", source.name));
        let others =
            cv.run_all::<f32>(&recording, &cv.comparisons(recording.epochs_used(), chosen, UNITS))?;
        let summary = cv.summary(&[folds, others].concat())?;
        show(&mut experiment, &mut table, source.name, &summary)?;
        if source.name == "degenhart" {
            show_switches(&mut experiment, &recording, &cv.architecture, chosen)?;
        }
    }
    let assumptions = Assumptions::new(&Architecture::new(UNITS, 1, 1));
    let caption = format!(
        "Held-out loss (nats an entry for counts, share of the variance for latents) of each model, \
         and by how much it is worse than low tensor rank on the same entries. Compared: networks {}. {}",
        assumptions.in_words(),
        assumptions.caution().replace('\n', " ")
    );
    experiment.table("models", &caption, &table)?;
    experiment.finish()?;
    Ok(())
}

fn cross_validation(recording: &Recording, quick: bool) -> CrossValidation {
    let likelihood = Likelihood::usual(recording.quantity);
    let (ranks, folds, iterations) =
        if quick { (vec![1, 2], 2, 40) } else { (vec![1, 2, 3, 4, 6], 3, 600) };
    CrossValidation {
        ranks,
        units: vec![UNITS],
        seeds: 1,
        folds,
        held_out: HeldOut::default(),
        settings: Settings { iterations, ..Settings::default() },
        architecture: Architecture { likelihood, ..Architecture::new(UNITS, 1, recording.bins) },
    }
}

fn show(
    experiment: &mut Experiment,
    table: &mut Table,
    name: &str,
    summary: &CrossValidationSummary,
) -> Result<(), Box<dyn Error>> {
    let number = |value: f64| format!("{value:.4}");
    for SizeEstimate { rank, estimate, .. } in &summary.ranks {
        let mark = if *rank == summary.chosen { " (chosen)" } else { "" };
        let model = format!("rank {rank}{mark}");
        let cells = [name.to_owned(), model, number(estimate.mean), number(estimate.se)];
        table.row(cells.into_iter().chain([String::new(), String::new()]));
    }
    for &Compared { comparison: other, estimate, excess, excess_se } in &summary.comparisons {
        let [loss, se] = [estimate.mean, estimate.se].map(number);
        let [worse, worse_se] = [excess, excess_se].map(number);
        table.row([name.to_owned(), other.name().to_owned(), loss, se, worse, worse_se]);
        if other == Comparison::Constant && name == "chewie" {
            let meaning = "chewie (no learning): loss of constant weights less that of changing ones, in standard errors of the loss";
            let value = excess / estimate.se;
            // Without learning, changing weights must not win by more than the standard error.
            // Two folds cannot tell.
            match experiment.quick() {
                true => experiment.measured("chewie_constant", meaning, value),
                false => experiment.number("chewie_constant", meaning, value, -3.0..=1.0),
            }
        }
        if other == Comparison::ConditionMean && name == "chewie" {
            // Single trials differ: a network predicts them better than the mean does.
            let meaning =
                "chewie: loss of condition means less that of the network (nats an entry)";
            experiment.number("chewie_condition_mean", meaning, excess, 0.0..=0.5);
        }
    }
    let caption = format!("{name}: held-out loss by tensor rank, and that of other models.");
    let figure = cross_validation_figure(summary);
    experiment.figure(&format!("{name}_loss"), &caption, &figure)?;
    Ok(())
}
