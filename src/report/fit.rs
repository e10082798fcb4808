//! The figures of a fit and of a cross-validation.

use super::figure::{Figure, Panel};
use crate::fit::{
    Architecture, Compared, CrossValidationSummary, Dynamics, Fit, FitFloat, Losses, Model,
    SizeEstimate,
};
use crate::matrix::{Matrix, RankRevealing};
use crate::recording::Recording;
use crate::statistics::Moments;

/// Trial factors and conditions that are drawn at most.
const SHOWN: usize = 6;

/// The names of all figures that a fit can have.
pub const FIT_FIGURES: [&str; 5] =
    ["losses", "single_trials", "trial_factors", "eigenvalues", "flow"];

/// The figures of a fit by their names, of [`FIT_FIGURES`]: losses, trial factors, single trials, eigenvalues of the
/// weights and their flow. `predictions` are in the order of [`Recording::activity`]. Weights that
/// are free in each trial have no trial factors and no common flow.
pub fn fit_figures<S: FitFloat>(
    fit: &Fit<S>,
    model: &Model<S>,
    recording: &Recording,
    predictions: &[S],
) -> Vec<(&'static str, Figure)> {
    let mut figures = vec![
        ("losses", losses(fit.losses())),
        ("single_trials", single_trials(recording, predictions)),
    ];
    let architecture = fit.objective().architecture();
    if let Some(factors) = model.trial_factors() {
        let factors = factors.map(|c| c.to_f64());
        figures.push(("trial_factors", trial_factors(&factors, recording)));
        figures.push(("eigenvalues", eigenvalues(architecture, model, recording)));
    }
    figures.extend(flow(architecture, model, recording).map(|flow| ("flow", flow)));
    figures
}

/// What is to be seen in a figure of a fit or of a cross-validation, by its name.
pub(super) fn caption(name: &str) -> Option<&'static str> {
    Some(match name {
        "losses" => {
            "The loss over iterations: of fitted entries, and of those held out for stopping."
        }
        "single_trials" => "Single trials, recorded and predicted.",
        "trial_factors" => "How the weights change: each term's factor over trials.",
        "eigenvalues" => "Eigenvalues of the recurrent weights over trials.",
        "flow" => {
            "Where states go without inputs, in the plane of the first two columns, early and late."
        }
        "held_out_loss" => {
            "Held-out loss by tensor rank, and that of other models on the same entries."
        }
        _ => return None,
    })
}

/// Held-out loss against rank, and that of other models.
pub fn cross_validation_figure(summary: &CrossValidationSummary) -> Figure {
    let CrossValidationSummary { ranks, chosen, comparisons, .. } = summary;
    let title = format!("Held-out loss: tensor rank {chosen} chosen");
    let point = |size: &SizeEstimate| (size.rank as f64, size.estimate.mean, size.estimate.se);
    let mut panel = Panel::new(title, "tensor rank", "held-out loss")
        .error_bars("low tensor rank", ranks.iter().map(point));
    let numbers = || ranks.iter().map(|size| size.rank as f64);
    let (first, last) = (numbers().fold(f64::MAX, f64::min), numbers().fold(0.0, f64::max));
    for Compared { comparison, estimate, .. } in comparisons {
        let ends = [first - 0.3, last + 0.3].map(|rank| (rank, estimate.mean));
        panel = panel.line(comparison.in_words(), ends);
    }
    Figure::new("Cross-validation").panel(panel)
}

fn losses(losses: &[Losses]) -> Figure {
    let curve = |loss: fn(&Losses) -> f64| {
        losses
            .iter()
            .enumerate()
            .map(move |(k, losses)| ((k + 1) as f64, loss(losses)))
            .collect::<Vec<_>>()
    };
    let panel = Panel::new("", "iteration", "loss")
        .line("fitted", curve(|losses| losses.train))
        .line("held out for stopping", curve(|losses| losses.validation));
    Figure::new("Losses").panel(panel)
}

/// The three most variable neurons in an early and in a late trial.
fn single_trials<S: FitFloat>(recording: &Recording, predictions: &[S]) -> Figure {
    let mut figure = Figure::new("Recorded and predicted activity");
    let late = recording.trials.saturating_sub(1 + recording.trials / 10);
    for trial in [recording.trials / 10, late] {
        for neuron in most_variable(recording).into_iter().take(3) {
            let place = |t: usize| recording.place(neuron, t, trial);
            let time =
                |t: usize| recording.start_seconds + (t as f64 + 0.5) * recording.bin_seconds;
            let bins = 0..recording.bins;
            let title = format!(
                "{}, trial {}",
                recording.neuron_names[neuron], recording.trial_numbers[trial]
            );
            let panel = Panel::new(title, "time (s)", recording.unit.as_str())
                .points(
                    0,
                    "recorded",
                    bins.clone().map(|t| (time(t), recording.activity[place(t)])),
                )
                .line("predicted", bins.map(|t| (time(t), predictions[place(t)].to_f64())));
            figure = figure.panel(panel);
        }
    }
    figure
}

fn most_variable(recording: &Recording) -> Vec<usize> {
    let variance = |n: usize| {
        let entries = recording.activity.iter().skip(n).step_by(recording.neurons).copied();
        // Of a neuron that was never recorded it is not a number, and 0 here.
        Moments::of(entries.filter(|value| !value.is_nan())).variance().max(0.0)
    };
    let variances: Vec<f64> = (0..recording.neurons).map(variance).collect();
    let mut order: Vec<usize> = (0..recording.neurons).collect();
    order.sort_by(|&a, &b| variances[b].total_cmp(&variances[a]));
    order
}

/// Each factor over trials, by condition and, if there are several, by epoch.
fn trial_factors(factors: &Matrix<f64>, recording: &Recording) -> Figure {
    let shown = factors.rows().min(SHOWN);
    let mut figure = Figure::new("Trial factors").columns(shown.min(3));
    for (kind, of, names) in [
        ("condition", &recording.conditions, &recording.condition_names),
        ("epoch", &recording.epochs, &recording.epoch_names),
    ] {
        if names.len() < 2 && !std::ptr::eq(of, &recording.conditions) {
            continue;
        }
        for r in 0..shown {
            let mut panel =
                Panel::new(format!("factor {}", r + 1), "trial", format!("c_{}", r + 1));
            for (group, name) in names.iter().enumerate() {
                let trials = (0..recording.trials).filter(|&k| of[k] == group);
                let points = trials.map(|k| (recording.trial_numbers[k] as f64, factors[(r, k)]));
                // More names than can be told apart say nothing.
                let name = if names.len() > 8 { String::new() } else { format!("{kind} {name}") };
                panel = panel.points(group, name, points);
            }
            figure = figure.panel(panel);
        }
    }
    figure
}

/// The eigenvalues of W_k that need not be zero, over trials.
fn eigenvalues<S: FitFloat>(
    architecture: &Architecture,
    model: &Model<S>,
    recording: &Recording,
) -> Figure {
    let rank = architecture.rank;
    let mut real = vec![Vec::new(); rank];
    let mut imaginary = vec![Vec::new(); rank];
    for (k, &number) in recording.trial_numbers.iter().enumerate() {
        let values = model.dynamics(architecture, k).eigenvalues();
        for (r, value) in values.into_iter().flatten().enumerate() {
            real[r].push((number as f64, value.re));
            imaginary[r].push((number as f64, value.im));
        }
    }
    let panel = |title: &str, series: Vec<Vec<(f64, f64)>>| {
        let start = Panel::new(title, "trial", title);
        series.into_iter().enumerate().fold(start, |panel, (r, points)| {
            panel.line_in_style(r, format!("eigenvalue {}", r + 1), points)
        })
    };
    Figure::new("Eigenvalues of the weights")
        .panel(panel("real part", real))
        .panel(panel("imaginary part", imaginary))
}

/// Streamlines in the plane of the first two columns, without inputs, with the mean weights of the
/// first and of the last tenth of trials. None of weights without two common columns.
fn flow<S: FitFloat>(
    architecture: &Architecture,
    model: &Model<S>,
    recording: &Recording,
) -> Option<Figure> {
    let (trials, tenth) = (recording.trials, (recording.trials / 10).max(1));
    let early = model.mean_dynamics(architecture, 0..tenth)?;
    let late = model.mean_dynamics(architecture, trials - tenth..trials)?;
    let columns = early.columns();
    if columns.cols() < 2 {
        return None;
    }
    let first_two = Matrix::from_fn(columns.rows(), 2, |i, r| columns[(i, r)]);
    let plane = f64::factor(&first_two).0;
    let starts = model.initial_states().map(|x| x.to_f64());
    let reach = reach(&early, &plane, starts, architecture.steps(recording.bins));
    let title = "Flow in the plane of the first two columns";
    let figure = Figure::new(title).columns(2);
    Some(figure.panel(streamlines("early trials", &early, &plane, reach)).panel(streamlines(
        "late trials",
        &late,
        &plane,
        reach,
    )))
}

/// Where states of a grid in a plane (N, 2) go.
fn streamlines(title: &str, dynamics: &Dynamics, plane: &Matrix<f64>, reach: f64) -> Panel {
    const GRID: usize = 9;
    const STEPS: usize = 8;
    let along = |index: usize| reach * (2.0 * index as f64 / (GRID - 1) as f64 - 1.0);
    let grid = Matrix::from_fn(2, GRID * GRID, |axis, point| match axis {
        0 => along(point % GRID),
        _ => along(point / GRID),
    });
    let point = |seen: &Matrix<f64>, p: usize| (seen[(0, p)], seen[(1, p)]);
    let mut lines: Vec<Vec<_>> = (0..GRID * GRID).map(|p| vec![point(&grid, p)]).collect();
    let mut states = plane.times(&grid);
    for _ in 0..STEPS {
        states = dynamics.step(&states);
        let seen = Matrix::product(plane.t(), states.view());
        lines.iter_mut().enumerate().for_each(|(p, line)| line.push(point(&seen, p)));
    }
    let panel = Panel::new(title, "along the first column", "along the second column");
    let starts: Vec<_> = lines.iter().map(|line| line[0]).collect();
    let panel = lines.into_iter().fold(panel, |panel, line| panel.line_in_style(0, "", line));
    panel.points(1, "start", starts)
}

/// How far states come within the plane.
fn reach(dynamics: &Dynamics, plane: &Matrix<f64>, starts: Matrix<f64>, steps: usize) -> f64 {
    let mut states = starts;
    let mut largest = 0.0_f64;
    for _ in 0..=steps {
        let seen = Matrix::product(plane.t(), states.view());
        largest = seen.data().iter().fold(largest, |largest, x| largest.max(x.abs()));
        states = dynamics.step(&states);
    }
    if largest > 0.0 && largest.is_finite() { largest } else { 1.0 }
}
