//! Do the weights behind real recordings change with low tensor rank?
//!
//! Three recordings of monkey motor cortex, prepared as `rankproof prepare` would: reaching without
//! learning (the control), learning a new mapping of a brain-computer interface, and a decoder
//! whose mapping is switched in known trials. For each the tensor rank is chosen by how well
//! held-out entries are predicted, beside constant weights, weights free in each trial, a CP
//! decomposition of the activity and condition means. The trial factors of the last are held
//! against the switches. The recordings are looked for in `../shared/recordings`.

use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;

use rankproof::fit::{
    Architecture, Blocks, Comparison, CrossValidation, Estimate, Fit, Fold, Likelihood, Objective,
    Observations, Role, Settings,
};
use rankproof::recording::{Axis, Options, Quantity, Recording, What, prepare};
use rankproof::report::{Experiment, Figure, Panel, Table, cross_validation_figure};
use rankproof::scalar::Stream;

/// Where the recordings are.
pub const FOLDER: &str = "../shared/recordings";
/// Units of the fitted networks.
const UNITS: usize = 40;
/// Trials after which a mapping is shown by its name; others are a grey line.
const LONG: usize = 100;
const GREY: usize = 6;

fn main() -> Result<(), Box<dyn Error>> {
    let title = "Recordings of motor cortex, cross-validated";
    run(Experiment::from_arguments("recordings", title)?)
}

/// One recording, cut as its file needs it.
struct Source {
    name: &'static str,
    file: &'static str,
    options: Options,
}

fn sources() -> [Source; 3] {
    let array =
        |path: &str| Options::new(What::Array { path: path.to_owned(), axes: Axis::ALL.to_vec() });
    let some = |text: &str| Some(text.to_owned());
    let counts = || Options {
        missing: Some(-1.0),
        bin_seconds_array: some("bin_s"),
        min_rate: Some(0.5),
        ..array("counts")
    };
    [
        Source {
            name: "chewie",
            file: "chewie_20131003_counts.npz",
            options: Options { condition: some("target"), ..counts() },
        },
        Source {
            name: "hennig",
            file: "hennig2021_monkeyN_latents.npz",
            options: Options {
                bin_seconds_array: some("bin_s"),
                condition: some("target_deg"),
                epoch: some("block"),
                trial_number: some("trial_index"),
                ..array("latents")
            },
        },
        Source {
            name: "degenhart",
            file: "degenhart2020_counts.npz",
            options: Options {
                condition: some("target_deg"),
                epoch: some("decoder"),
                trial_number: some("trial_id"),
                ..counts()
            },
        },
    ]
}

/// Chooses ranks and compares; with `--quick`, for the control and two ranks alone.
pub fn run(mut experiment: Experiment) -> Result<(), Box<dyn Error>> {
    let mut table =
        Table::new(["recording", "model", "held-out loss", "se", "worse by", "se of that"]);
    for source in sources() {
        if experiment.quick() && source.name != "chewie" {
            continue;
        }
        let recording = prepare(Path::new(FOLDER).join(source.file), &source.options)?.recording;
        let cv = cross_validation(&recording, experiment.quick());
        experiment.progress(format!("{}: ranks {:?}", source.name, cv.ranks));
        let folds = cv.run_all::<f32>(&recording, &cv.jobs())?;
        let (chosen, _) = cv.choose(&cv.table(&folds));
        experiment.progress(format!("{}: comparisons at rank {chosen}", source.name));
        let others = cv.run_all::<f32>(&recording, &cv.comparisons(chosen, UNITS))?;
        let folds = [folds, others].concat();
        show(&mut experiment, &mut table, source.name, &cv, &folds, chosen)?;
        if source.name == "degenhart" {
            show_switches(&mut experiment, &recording, &cv.architecture, chosen)?;
        }
    }
    let caption = "Held-out loss (nats an entry for counts, share of the variance for latents) of each model, and by how much it is worse than low tensor rank on the same entries";
    experiment.table("models", caption, &table)?;
    experiment.finish()?;
    Ok(())
}

fn cross_validation(recording: &Recording, quick: bool) -> CrossValidation {
    let likelihood = match recording.quantity {
        Quantity::Counts => Likelihood::Poisson,
        Quantity::Values => Likelihood::Gaussian,
    };
    let (ranks, folds, iterations) =
        if quick { (vec![1, 2], 2, 40) } else { (vec![1, 2, 3, 4, 6], 3, 600) };
    CrossValidation {
        ranks,
        units: vec![UNITS],
        seeds: 1,
        folds,
        blocks: Blocks::default(),
        settings: Settings { iterations, ..Settings::default() },
        architecture: Architecture { likelihood, ..Architecture::new(UNITS, 1, recording.bins) },
    }
}

fn show(
    experiment: &mut Experiment,
    table: &mut Table,
    name: &str,
    cv: &CrossValidation,
    folds: &[Fold],
    chosen: usize,
) -> Result<(), Box<dyn Error>> {
    let number = |value: f64| format!("{value:.4}");
    let lines = cv.table(folds);
    let ranks: Vec<(usize, Estimate)> = lines.iter().map(|line| (line.0, line.2)).collect();
    for (rank, estimate) in &ranks {
        let mark = if *rank == chosen { " (chosen)" } else { "" };
        let model = format!("rank {rank}{mark}");
        let cells = [name.to_owned(), model, number(estimate.mean), number(estimate.se)];
        table.row(cells.into_iter().chain([String::new(), String::new()]));
    }
    let mut others = Vec::new();
    for other in Comparison::OTHERS {
        let (estimate, excess) = cv.against(folds, other, chosen, UNITS);
        let [loss, se] = [estimate.mean, estimate.se].map(number);
        let [worse, worse_se] = [excess.mean, excess.se].map(number);
        table.row([name.to_owned(), other.name().to_owned(), loss, se, worse, worse_se]);
        others.push((other.name(), estimate));
        if other == Comparison::Constant && name == "chewie" {
            let meaning = "chewie (no learning): loss of constant weights less that of changing ones, in standard errors of the loss";
            let value = excess.mean / estimate.se;
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
            experiment.number("chewie_condition_mean", meaning, excess.mean, 0.0..=0.5);
        }
    }
    let caption = format!("{name}: held-out loss by tensor rank, and that of other models.");
    let figure = cross_validation_figure(&ranks, &others, chosen);
    experiment.figure(&format!("{name}_loss"), &caption, &figure)?;
    Ok(())
}

/// Do trial factors jump where the mapping was switched? Each is split into its mean over the
/// trials of a mapping and the rest. How much of it the mappings explain is held against the same
/// for mappings shifted along the session, which keeps everything else as it is.
fn show_switches(
    experiment: &mut Experiment,
    recording: &Recording,
    architecture: &Architecture,
    rank: usize,
) -> Result<(), Box<dyn Error>> {
    let architecture = Architecture { rank, ..architecture.clone() };
    let roles = Blocks::default().roles(recording, 0, &[Role::Validation], 1);
    let observations = Observations::<f32>::new(recording, &roles);
    let mut fit = Fit::new(Objective::new(&architecture, observations), Settings::default());
    fit.run(|_, _| ControlFlow::Continue(()))?;
    let factors = fit.model().factors.map(f64::from);
    let explained = |shift: usize| {
        let epoch = |k: usize| recording.epochs[(k + shift) % recording.trials];
        let of = |r: usize| {
            let values: Vec<f64> = (0..recording.trials).map(|k| factors[(r, k)]).collect();
            explained_by(&values, epoch)
        };
        (0..rank).map(of).sum::<f64>() / rank as f64
    };
    let mut stream = Stream::new("recordings", 1, 0).named("shifts");
    let shifts: Vec<f64> =
        (0..200).map(|_| explained(1 + stream.below(recording.trials - 1))).collect();
    let share = shifts.iter().filter(|&&shifted| shifted >= explained(0)).count() as f64 / 200.0;
    let meaning = "degenhart: share of the trial factors that the mappings explain";
    experiment.measured("degenhart_explained", meaning, explained(0));
    let meaning = "degenhart: share of shifted sequences of mappings that explain as much";
    experiment.measured("degenhart_shifted", meaning, share);
    // The mappings that were in use for long: before, during and after the change.
    let trials_of = |epoch: usize| recording.epochs.iter().filter(|&&other| other == epoch).count();
    let epochs = 0..recording.epoch_names.len();
    let long: Vec<usize> = epochs.filter(|&epoch| trials_of(epoch) >= LONG).collect();
    let mut figure = Figure::new("Trial factors and the mapping in use").columns(2);
    for r in 0..rank {
        let at = |k: usize| (recording.trial_numbers[k] as f64, factors[(r, k)]);
        let mut panel = Panel::new(format!("factor {}", r + 1), "trial", "trial factor")
            .line_in_style(GREY, "all trials", (0..recording.trials).map(at));
        for (style, &epoch) in long.iter().enumerate() {
            let of_it = (0..recording.trials).filter(|&k| recording.epochs[k] == epoch);
            let name = format!("mapping {}", recording.epoch_names[epoch]);
            panel = panel.points(style, name, of_it.map(at));
        }
        figure = figure.panel(panel);
    }
    experiment.figure("degenhart_factors", "degenhart: trial factors over the session. Mapping 11 was switched to twice, in trials 321 and 781.", &figure)?;
    Ok(())
}

/// The share of the variance that lies between the means of groups.
fn explained_by(values: &[f64], group: impl Fn(usize) -> usize) -> f64 {
    let groups = 1 + (0..values.len()).map(&group).max().unwrap_or(0);
    let (mut sums, mut counts) = (vec![0.0; groups], vec![0.0; groups]);
    for (k, value) in values.iter().enumerate() {
        sums[group(k)] += value;
        counts[group(k)] += 1.0;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let total: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let rest = |(k, value): (usize, &f64)| (value - sums[group(k)] / counts[group(k)]).powi(2);
    1.0 - values.iter().enumerate().map(rest).sum::<f64>() / total
}
