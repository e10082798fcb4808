//! Can the change of weights be seen in the activity alone?
//!
//! The network of `force_field` is recorded while it adapts: in each learning step one reach, the
//! rates of all neurons and nothing else. A low-tensor-rank RNN is fitted to that, with the rank
//! chosen by cross-validation, and held against the true weights, which the fit has not seen: do
//! its trial factors follow the true movement, and do its columns lie where the weights moved?
//!
//! The true weights have full rank and move in more directions than the fit has terms, so this is
//! no recovery of parameters; it asks whether the fit finds the part that matters.

use std::error::Error;
use std::ops::ControlFlow;
use std::process::ExitCode;

use rankproof::fit::{
    Architecture, Course, CrossValidation, During, Fit, HeldOut, Inputs, Objective, Observations,
    Recurrence, Role, Settings, SizeEstimate, Through,
};
use rankproof::matrix::{Matrix, Subspace, principal_angles};
use rankproof::recording::Recording;
use rankproof::report::{Experiment, Figure, Panel, Table};
use statrs::statistics::Statistics;

#[path = "../force_field/main.rs"]
#[allow(dead_code, reason = "what the other experiment has beside the network")]
pub mod force_field;
pub mod movement;
pub mod recording;

use force_field::console;
use force_field::learner::{Learner, Protocol};
use movement::{Movement, fitted_weights, main_movement};
use recording::recorded;

fn main() -> ExitCode {
    let title = "What learning did to the weights, inferred from activity alone";
    console::run("recover", title, run)
}

/// Records, fits, compares.
pub fn run(mut experiment: Experiment) -> Result<(), Box<dyn Error>> {
    let protocol = Protocol::new(experiment.quick());
    let mut learner = Learner::new(&protocol, 1)?;
    experiment.progress("the network learns and adapts");
    learner.reach(&protocol)?;
    learner.adapt(&protocol)?;
    let recording = recorded(&protocol, &learner, 2);
    let cv = cross_validation(&recording, experiment.quick());
    experiment.progress(format!("cross-validation of ranks {:?}", cv.ranks));
    let chosen = choose(&mut experiment, &cv, &recording)?;

    let architecture = Architecture { rank: chosen, ..cv.architecture.clone() };
    experiment.progress("fits of changing and of constant weights");
    let fit = fitted(&recording, &architecture)?;
    let constant = Architecture { recurrence: Recurrence::Constant, ..architecture };
    let loss = fit.score(Role::Validation).loss;
    let constant_loss = fitted(&recording, &constant)?.score(Role::Validation).loss;

    let truth = Movement::of(&learner);
    let model = fit.model();
    let inferred = main_movement(&fitted_weights(&model, recording.trials));
    let followed = correlation(&truth.over_steps, &inferred).abs();
    let columns = fit.objective().visible_columns(&model).map(f64::from);
    let space = |columns: &Matrix<f64>| {
        Subspace::spanned_by(protocol.neurons, [columns]).ok_or("columns that are not finite")
    };
    let angle = principal_angles(&space(&truth.visible)?, &space(&columns)?)[0].to_degrees();
    show(&mut experiment, &protocol, &truth.over_steps, &inferred)?;

    // Learning is seen: weights that change predict better.
    let meaning = "held-out loss of constant weights over that of changing ones";
    experiment.number("constant_over_changing", meaning, constant_loss / loss, 1.05..=1e3);
    // Measured: 0.92 in full, 0.997 in the quick setting.
    let meaning = "correlation over learning steps of the main movement, true and inferred";
    experiment.number("correlation", meaning, followed, 0.85..=1.0);
    // The control: smooth curves are alike, but not once one is shifted by a quarter.
    let mut shifted = truth.over_steps.clone();
    let quarter = shifted.len() / 4;
    shifted.rotate_left(quarter);
    let meaning = "the same with the true movement shifted by a quarter of the recording";
    let control = correlation(&shifted, &inferred).abs();
    experiment.number("correlation_shifted", meaning, control, 0.0..=0.7);
    // Two random directions of N have an angle near 90 degrees to a few others.
    let meaning = "angle between the main direction of the true movement and the fitted columns, as neurons see them (degrees)";
    experiment.number("angle", meaning, angle, 0.0..=60.0);
    experiment.measured("rank", "rank chosen", chosen as f64);
    experiment.finish()?;
    Ok(())
}

fn cross_validation(recording: &Recording, quick: bool) -> CrossValidation {
    let (ranks, folds, units, iterations) =
        if quick { (vec![4, 6], 2, 30, 400) } else { (vec![2, 4, 6, 8, 10, 12], 2, 60, 1500) };
    let inputs =
        Inputs { during: During::Throughout, course: Course::Constant, through: Through::Weights };
    CrossValidation {
        ranks,
        units: vec![units],
        seeds: 1,
        folds,
        held_out: HeldOut::default(),
        settings: Settings { iterations, ..Settings::default() },
        architecture: Architecture { inputs, ..Architecture::new(units, 1, recording.bins) },
    }
}

fn choose(
    experiment: &mut Experiment,
    cv: &CrossValidation,
    recording: &Recording,
) -> Result<usize, Box<dyn Error>> {
    let lines = cv.table(&cv.run_all::<f32>(recording, &cv.jobs())?);
    let chosen = cv.choose(&lines)?.rank;
    let mut table = Table::new(["rank", "held-out loss", "standard error"]);
    for SizeEstimate { rank, estimate, .. } in &lines {
        table.row([
            rank.to_string(),
            format!("{:.5}", estimate.mean),
            format!("{:.5}", estimate.se),
        ]);
    }
    let caption =
        format!("Held-out loss by tensor rank, as a share of the variance: {chosen} chosen");
    experiment.table("ranks", &caption, &table)?;
    Ok(chosen)
}

fn fitted(recording: &Recording, architecture: &Architecture) -> Result<Fit<f32>, Box<dyn Error>> {
    let roles = HeldOut::default().roles(recording, 0, &[Role::Validation], 1)?;
    let objective = Objective::new(architecture, Observations::new(recording, &roles)?)?;
    let mut fit = Fit::new(objective, Settings::default());
    fit.run(|_, _| ControlFlow::Continue(()))?;
    Ok(fit)
}

/// Zero mean and unit variance.
pub fn standardised(values: &[f64]) -> Vec<f64> {
    let (mean, size) = (values.mean(), values.population_std_dev());
    values.iter().map(|value| (value - mean) / size).collect()
}

/// Between -1 and 1.
pub fn correlation(a: &[f64], b: &[f64]) -> f64 {
    a.covariance(b) / (a.std_dev() * b.std_dev())
}

fn show(
    experiment: &mut Experiment,
    protocol: &Protocol,
    truth: &[f64],
    inferred: &[f64],
) -> Result<(), Box<dyn Error>> {
    let curve = |values: &[f64], sign: f64| {
        let values = standardised(values).into_iter().enumerate();
        values.map(move |(k, value)| (k as f64, sign * value)).collect::<Vec<_>>()
    };
    // Singular vectors have no sign of their own: up is where the field is.
    let fields = protocol.fields();
    let sign = |values: &[f64]| correlation(values, &fields).signum();
    let panel = Panel::new(
        "The weights over learning, true and inferred from activity",
        "learning step",
        "along the main direction",
    )
    .line("true weights", curve(truth, sign(truth)))
    .line("inferred from activity", curve(inferred, sign(inferred)));
    let caption = format!(
        "The main movement of the weights over learning: of the true ones, and of those fitted to the activity alone. The field comes at step {} and goes at step {}.",
        protocol.baseline,
        protocol.baseline + protocol.adaptation
    );
    experiment.figure("movement", &caption, &Figure::single(panel))?;
    Ok(())
}
