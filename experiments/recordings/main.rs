//! Do the weights behind real recordings change with low tensor rank?
//!
//! Three recordings of monkey motor cortex, prepared as `rankproof prepare` would: reaching without
//! learning (the control), learning a new mapping of a brain-computer interface, and a decoder
//! whose mapping is switched in known trials. Of each it is asked, as `rankproof cv` asks it, whether
//! weights that change over trials are needed: every network chooses its architecture, and other
//! models predict the same entries. The trial factors of the last are held against the switches. On
//! two cores this takes hours. The variable RANKPROOF_RECORDINGS names the folder of the recordings.

use std::error::Error;
use std::process::ExitCode;

use rankproof::fit::{
    Architecture, Compared, Comparison, CrossValidation, CrossValidationSummary, Driving, Grid,
    Likelihood, Search, Settings, SizeEstimate, Start,
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

fn main() -> ExitCode {
    let title = "Recordings of motor cortex, cross-validated";
    console::run("recordings", title, run)
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
        let search = search(&recording, experiment.quick());
        experiment.progress(format!("{}: ranks {:?}", source.name, search.cv.ranks));
        let summary = search.answer::<f32>(&recording)?;
        let verdict = summary.verdict.in_words().replace('\n', " ");
        experiment.progress(format!("{}: {verdict}", source.name));
        show(&mut experiment, &mut table, source.name, &summary)?;
        if source.name == "degenhart" {
            let architecture = &search.cv.architecture;
            show_switches(&mut experiment, &recording, architecture, summary.chosen)?;
        }
    }
    let caption = "Held-out loss (nats an entry for counts, share of the variance for latents) of each \
                   model, and by how much it is worse than low tensor rank on the same entries; each \
                   model chose its architecture for itself.";
    experiment.table("models", caption, &table)?;
    experiment.finish()?;
    Ok(())
}

/// As `rankproof cv` does by default, with less of everything where it is to be quick.
fn search(recording: &Recording, quick: bool) -> Search {
    let likelihood = Likelihood::usual(recording.quantity);
    let architecture = Architecture { likelihood, ..Architecture::new(UNITS, 1, recording.bins) };
    let usual = CrossValidation::of_search(architecture);
    if !quick {
        return Search { cv: usual, grid: Grid::default(), permutations: 19 };
    }
    let settings = Settings { iterations: 300, ..Settings::default() };
    let grid = Grid {
        initial: vec![Start::Condition, Start::Hierarchy(0.5)],
        inputs: vec![Driving::Never],
        time_constant: vec![0.5],
        gain: vec![0.0],
        trial_input: vec![0.0],
        ..Grid::default()
    };
    let cv = CrossValidation { ranks: vec![1, 2], folds: 2, settings, ..usual };
    Search { cv, grid, permutations: 2 }
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
            if experiment.quick() {
                experiment.measured("chewie_constant", meaning, value)
            } else {
                experiment.number("chewie_constant", meaning, value, -3.0..=1.0)
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
