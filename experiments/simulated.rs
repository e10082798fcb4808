//! Does the fit find weights that are known?
//!
//! Recordings are simulated from networks whose weights change over trials with tensor rank 3:
//! 100 neurons, 200 trials, 40 bins, noise of a tenth of the variance. One is fitted and held
//! against the truth: prediction of held-out entries, the space of the columns as the neurons see
//! it, and the trial factors. Then the rank is chosen by cross-validation, for ten recordings.

use std::error::Error;
use std::ops::ControlFlow;
use std::process::ExitCode;

use rankproof::fit::{
    CrossValidation, Fit, HeldOut, Objective, Observations, Role, Settings, Simulation,
    SizeEstimate,
};
use rankproof::matrix::{Matrix, Subspace, principal_angles};
use rankproof::recording::Recording;
use rankproof::report::{Experiment, Figure, Panel, Table};
use statrs::statistics::Statistics;

#[path = "console.rs"]
mod console;

fn main() -> ExitCode {
    let title = "The fit recovers weights that are known";
    console::run("simulated", title, run)
}

/// Fits, compares with the truth, and chooses ranks.
pub fn run(mut experiment: Experiment) -> Result<(), Box<dyn Error>> {
    let simulation = if experiment.quick() {
        Simulation::default()
    } else {
        Simulation { neurons: 100, units: 100, trials: 200, bins: 40, ..Simulation::default() }
    };
    experiment.progress("a fit of the true rank");
    recover(&mut experiment, &simulation)?;
    choose(&mut experiment, &simulation)?;
    experiment.finish()?;
    Ok(())
}

/// One recording: the fitted model beside the true one.
fn recover(experiment: &mut Experiment, simulation: &Simulation) -> Result<(), Box<dyn Error>> {
    let (recording, truth) = simulation.recording(1)?;
    let roles = HeldOut::default().roles(&recording, 0, &[Role::Test, Role::Validation], 1)?;
    let observations = Observations::<f32>::new(&recording, &roles)?;
    let mut fit = Fit::new(Objective::new(&truth.architecture, observations)?, Settings::default());
    fit.run(|_, _| ControlFlow::Continue(()))?;
    let model = fit.model();
    let observations = Observations::<f64>::new(&recording, &roles)?;
    let exact = Objective::new(&truth.architecture, observations)?;
    let found = fit.score(Role::Test).r2;
    let best = exact.score(&truth.model, Role::Test).r2;

    let seen = fit.objective().visible_columns(&model).map(f64::from);
    let true_columns = exact.visible_columns(&truth.model);
    let space = |columns| Subspace::spanned_by(simulation.neurons, [columns]).ok_or("no space");
    let angles = principal_angles(&space(&seen)?, &space(&true_columns)?);
    let largest = angles.iter().fold(0.0_f64, |largest, angle| largest.max(angle.to_degrees()));
    let factors = model.trial_factors().ok_or("no trial factors")?.map(f64::from);
    let true_factors = truth.model.trial_factors().ok_or("no trial factors")?;
    let matches = matched(true_factors, &factors);
    let least = matches.iter().map(|m| m.2.abs()).fold(1.0, f64::min);
    show_factors(experiment, &recording, true_factors, &factors, &matches)?;

    let short = "held-out R2 of the true model less that of the fitted one";
    experiment.number("r2_short", short, best - found, -0.02..=0.02);
    let angle = "largest angle between true and fitted columns, as neurons see them (degrees)";
    experiment.number("largest_angle", angle, largest, 0.0..=10.0);
    let factors = "least correlation of a true trial factor with the fitted one";
    experiment.number("least_correlation", factors, least, 0.95..=1.0);
    Ok(())
}

/// For each true trial factor the fitted one that it correlates with most, and by how much.
fn matched(truth: &Matrix<f64>, fitted: &Matrix<f64>) -> Vec<(usize, usize, f64)> {
    let rank = truth.rows();
    let best = |r: usize| {
        let all = (0..rank).map(|s| (r, s, correlation(&row(truth, r), &row(fitted, s))));
        all.max_by(|a, b| a.2.abs().total_cmp(&b.2.abs())).expect("at least one factor")
    };
    (0..rank).map(best).collect()
}

fn row(matrix: &Matrix<f64>, r: usize) -> Vec<f64> {
    (0..matrix.cols()).map(|k| matrix[(r, k)]).collect()
}

/// Between -1 and 1.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    a.covariance(b) / (a.std_dev() * b.std_dev())
}

/// Of zero mean and unit variance.
fn standard(values: &[f64]) -> Vec<f64> {
    let (mean, size) = (values.mean(), values.population_std_dev());
    values.iter().map(|value| (value - mean) / size).collect()
}

fn show_factors(
    experiment: &mut Experiment,
    recording: &Recording,
    truth: &Matrix<f64>,
    fitted: &Matrix<f64>,
    matches: &[(usize, usize, f64)],
) -> Result<(), Box<dyn Error>> {
    let mut figure = Figure::new("Trial factors, standardised");
    for &(r, s, correlation) in matches {
        let over_trials = |values: Vec<f64>, sign: f64| {
            let numbers = recording.trial_numbers.iter().map(|&k| k as f64);
            numbers.zip(values.into_iter().map(move |value| sign * value)).collect::<Vec<_>>()
        };
        let title = format!("term {}: correlation {:.3}", r + 1, correlation.abs());
        let panel = Panel::new(title, "trial", "trial factor")
            .line("true", over_trials(standard(&row(truth, r)), 1.0))
            .line("fitted", over_trials(standard(&row(fitted, s)), correlation.signum()));
        figure = figure.panel(panel);
    }
    let caption = "How the weights change over trials: true factors of a simulated network and those fitted to its activity.";
    experiment.figure("trial_factors", caption, &figure)?;
    Ok(())
}

/// The rank chosen for each of several recordings.
fn choose(experiment: &mut Experiment, simulation: &Simulation) -> Result<(), Box<dyn Error>> {
    let (recordings, ranks, folds) =
        if experiment.quick() { (1, vec![2, 3, 4], 2) } else { (10, vec![1, 2, 3, 4, 5], 3) };
    let mut table =
        Table::new(["recording", "chosen rank", "held-out loss", "one rank less", "one more"]);
    let mut right = 0;
    for seed in 1..=recordings {
        experiment.progress(format!("recording {seed} of {recordings}: ranks {ranks:?}"));
        let (recording, truth) = simulation.recording(seed)?;
        let cv = CrossValidation {
            ranks: ranks.clone(),
            units: vec![simulation.units],
            seeds: 1,
            folds,
            held_out: HeldOut::default(),
            settings: Settings::default(),
            architecture: truth.architecture,
        };
        let folds = cv.run_all::<f32>(&recording, &cv.jobs())?;
        let lines = cv.table(&folds);
        let chosen = cv.choose(&lines)?.rank;
        right += u32::from(chosen == simulation.rank);
        let loss = |rank: usize| {
            let line = lines.iter().find(|size: &&SizeEstimate| size.rank == rank);
            line.map_or(String::new(), |size| format!("{:.4}", size.estimate.mean))
        };
        let cells = [chosen - 1, chosen, chosen + 1].map(loss);
        let [less, at, more] = cells;
        table.row([seed.to_string(), chosen.to_string(), at, less, more]);
    }
    let caption = "The rank that cross-validation chooses for recordings of tensor rank 3";
    experiment.table("chosen_ranks", caption, &table)?;
    let share = "share of recordings for which cross-validation chooses rank 3";
    experiment.number("rank_chosen", share, f64::from(right) / recordings as f64, 0.9..=1.0);
    Ok(())
}
