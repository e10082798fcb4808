//! The figures of a fit and of a cross-validation.

mod courses;
mod eigenvalues;
mod factors;
mod flow;
mod landmarks;
mod plane;
mod stages;

use super::figure::{Figure, Panel};
use crate::fit::{
    Compared, Comparison, CrossValidationSummary, Fit, FitFloat, Losses, Misfit, Model, Role,
    SizeEstimate,
};
use crate::matrix::Matrix;
use crate::recording::Recording;
use crate::statistics::Moments;
use landmarks::Landmarks;
use plane::Plane;
use stages::{Stage, epoch_runs, stages};

/// Trial factors, stages and the like that are drawn at most.
const SHOWN: usize = 6;
/// Conditions that are drawn at most: as many as can be told apart.
const CONDITIONS: usize = 8;

/// The names of all figures that a fit can have.
pub const FIT_FIGURES: [&str; 8] = [
    "losses",
    "single_trials",
    "trial_factors",
    "flow",
    "fixed_points",
    "eigenvalues",
    "projections",
    "initial_states",
];

/// What all figures of a fit are drawn from.
struct View<'a, S> {
    fit: &'a Fit<S>,
    model: &'a Model<S>,
    recording: &'a Recording,
    /// The states at the bins of each trial, (N, T).
    states: Vec<Matrix<f64>>,
    stages: Vec<Stage>,
    plane: Option<Plane>,
}

/// The figures of a fit by their names, of [`FIT_FIGURES`]. `predictions` are in the order of
/// [`Recording::activity`], `roles` too. Weights that are free in each trial have no trial factors;
/// states that move along one line have no flow in a plane.
///
/// # Errors
///
/// If there are not as many roles as entries.
pub fn fit_figures<S: FitFloat>(
    fit: &Fit<S>,
    model: &Model<S>,
    recording: &Recording,
    roles: &[Role],
    predictions: &[S],
) -> Result<Vec<(&'static str, Figure)>, Misfit> {
    let states = fit.objective().states(model).into_iter();
    let states: Vec<Matrix<f64>> = states.map(|of_trial| of_trial.map(|x| x.to_f64())).collect();
    let plane = Plane::of_states(&states);
    let view = View { fit, model, recording, states, stages: stages(recording), plane };
    let mut figures = vec![
        ("losses", losses(fit, recording, roles)?),
        ("single_trials", single_trials(recording, predictions)),
    ];
    figures.extend(factors::figure(&view).map(|figure| ("trial_factors", figure)));
    if let Some(plane) = &view.plane {
        let landmarks = Landmarks::find(&view);
        figures.extend(flow::figure(&view, plane, &landmarks).map(|figure| ("flow", figure)));
        figures.push(("fixed_points", landmarks.figure(&view, plane)));
        figures.push(("initial_states", courses::initial_states(&view, plane)));
    }
    figures.push(("eigenvalues", eigenvalues::figure(&view)));
    figures.extend(courses::projections(&view).map(|figure| ("projections", figure)));
    Ok(figures)
}

/// What is to be seen in a figure of a fit or of a cross-validation, by its name.
pub(super) fn caption(name: &str) -> Option<&'static str> {
    Some(match name {
        "losses" => {
            "The loss over iterations: of fitted entries, of those held out for stopping, and what \
             as many principal components of the activity as the weights have terms come to."
        }
        "single_trials" => "Single trials, recorded and predicted.",
        "trial_factors" => {
            "How the weights change: each term's factor over trials, with what the prior expects \
             (two standard deviations about the mean). Epochs are shaded in turn."
        }
        "eigenvalues" => {
            "Eigenvalues of the recurrent weights, in the complex plane at the middle trial of each \
             epoch, and over trials. Right of 1 a state near rest grows where slopes are 1."
        }
        "flow" => {
            "Where states go without inputs, in the plane in which the states move most, at the \
             middle trial of each epoch; states inferred for the nearest trial of each condition; \
             fixed points and slow points of that trial's weights."
        }
        "fixed_points" => {
            "Fixed points and slow points over learning: where they lie in the plane in which the \
             states move most, and the largest real part of the Jacobian's eigenvalues there (below \
             0 is stable)."
        }
        "projections" => {
            "States along the first columns of the weights over time, for the trial of each \
             condition nearest to the middle of each epoch."
        }
        "initial_states" => {
            "Where trials start, by condition, in the plane in which the states move most, and the \
             inputs of conditions, which are the same in all epochs."
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

/// Over iterations, beside the principal components that are as many as the terms of the weights.
fn losses<S: FitFloat>(
    fit: &Fit<S>,
    recording: &Recording,
    roles: &[Role],
) -> Result<Figure, Misfit> {
    let losses = fit.losses();
    let curve = |loss: fn(&Losses) -> f64| {
        losses
            .iter()
            .enumerate()
            .map(move |(k, losses)| ((k + 1) as f64, loss(losses)))
            .collect::<Vec<_>>()
    };
    let architecture = fit.objective().architecture();
    let (likelihood, rank) = (architecture.likelihood, architecture.rank);
    let judged = [Role::Train, Role::Validation];
    let scores =
        Comparison::PrincipalComponents.scores(recording, roles, likelihood, rank, 0, judged)?;
    let [train, validation] = scores.expect("components are no network");
    let ends = |loss: f64| [(1.0, loss), (losses.len().max(2) as f64, loss)];
    let mut panel = Panel::new("", "iteration", "loss")
        .line("fitted", curve(|losses| losses.train))
        .line("held out for stopping", curve(|losses| losses.validation))
        .path(format!("{rank} principal components, fitted"), ends(train.loss));
    if validation.entries > 0 {
        panel = panel.path(
            format!("{rank} principal components, held out for stopping"),
            ends(validation.loss),
        );
    }
    Ok(Figure::new("Losses").panel(panel))
}

/// What a condition is called in a legend.
fn condition(recording: &Recording, index: usize) -> String {
    let name = &recording.condition_names[index];
    if name.starts_with("condition") { name.clone() } else { format!("condition {name}") }
}

/// The axis of trials, with epochs shaded in turn and named where they begin, if there are several.
fn over_trials(view: &View<impl FitFloat>, mut panel: Panel) -> Panel {
    let runs = epoch_runs(view.recording);
    if runs.len() < 2 {
        return panel;
    }
    for (index, run) in runs.iter().enumerate() {
        if index % 2 == 1 {
            panel = panel.shade(run.first, run.last);
        }
        // More names than fit say nothing.
        let name = if runs.len() > SHOWN { "" } else { run.name.as_str() };
        panel = panel.upright(name, run.first);
    }
    panel
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
