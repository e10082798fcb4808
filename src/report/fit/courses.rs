//! Courses in time: states along the columns of the weights, initial states, inputs.

use super::{CONDITIONS, Plane, SHOWN, View};
use crate::fit::{During, FitFloat};
use crate::report::figure::{Figure, Panel};

/// Columns along which states are shown.
const COLUMNS: usize = 3;

/// A row of panels for each stage: the states of the trial of each condition nearest to its middle
/// along a_1..a_3. None of weights without common columns.
pub(super) fn projections(view: &View<impl FitFloat>) -> Option<Figure> {
    let columns = view.model.columns()?;
    let shown = columns.cols().min(COLUMNS);
    let recording = view.recording;
    let time = |t: usize| recording.start_seconds + (t as f64 + 0.5) * recording.bin_seconds;
    let mut figure = Figure::new("States along the columns of the weights").columns(shown);
    for stage in &view.stages {
        for r in 0..shown {
            let title = format!("a_{}: {}", r + 1, stage.title(recording));
            let panel = Panel::new(title, "time (s)", format!("a_{} . x", r + 1));
            let add = |panel: Panel, (condition, trial): (usize, usize)| {
                let states = &view.states[trial];
                let along = |t: usize| {
                    let state = states.column(t).iter();
                    columns.column(r).iter().zip(state).map(|(a, x)| a.to_f64() * x).sum::<f64>()
                };
                let course = (0..recording.bins).map(|t| (time(t), along(t)));
                panel.line_in_style(condition, super::condition(recording, condition), course)
            };
            figure = figure.panel(stage.examples(recording).into_iter().fold(panel, add));
        }
    }
    Some(figure)
}

/// Where trials start in the plane, a panel for each stage, or one if the stages do not differ; and
/// the inputs of conditions over time, a panel for each column through which they enter.
pub(super) fn initial_states(view: &View<impl FitFloat>, plane: &Plane) -> Figure {
    let recording = view.recording;
    let by_trial = view.model.initial_states().cols() == recording.trials && recording.trials > 1;
    let has_inputs = view.fit.objective().architecture().inputs.during != During::Never;
    let inputs_too = if has_inputs { ", and inputs" } else { "" };
    let title = format!("Initial states in the {}{inputs_too}", plane.in_words());
    let mut figure = Figure::new(title);
    for (index, stage) in view.stages.iter().enumerate() {
        if index > 0 && !by_trial {
            break;
        }
        let title = if by_trial {
            format!("initial states, {}", stage.name)
        } else {
            "initial states".to_owned()
        };
        let all: Vec<usize> = (0..recording.trials).collect();
        let trials = if by_trial { stage.trials() } else { &all };
        let mut panel = Panel::new(title, "along the first axis", "along the second axis");
        for condition in 0..recording.condition_names.len().min(CONDITIONS) {
            let of_condition = trials.iter().filter(|&&k| recording.conditions[k] == condition);
            let starts = of_condition.map(|&k| {
                let state: Vec<f64> =
                    view.model.initial_state(k).iter().map(|x| x.to_f64()).collect();
                plane.seen(&state)
            });
            panel = panel.points(condition, super::condition(recording, condition), starts);
        }
        figure = figure.panel(panel);
    }
    inputs(view, figure)
}

fn inputs(view: &View<impl FitFloat>, figure: Figure) -> Figure {
    let architecture = view.fit.objective().architecture();
    if architecture.inputs.during == During::Never {
        return figure;
    }
    let recording = view.recording;
    let steps = architecture.steps(recording.bins);
    let step_seconds = recording.bin_seconds / architecture.steps_per_bin as f64;
    let time = |step: usize| {
        let since = step as f64 - architecture.preparation as f64;
        recording.start_seconds + 0.5 * recording.bin_seconds + since * step_seconds
    };
    let first_of = |condition: usize| recording.conditions.iter().position(|&c| c == condition);
    let conditions: Vec<(usize, usize)> = (0..recording.condition_names.len().min(CONDITIONS))
        .filter_map(|c| Some((c, first_of(c)?)))
        .collect();
    let width = if steps > 0 { view.model.input(0, 0).len() } else { 0 };
    let moves = |column: usize| {
        let mut all = (0..steps).flat_map(|step| {
            conditions.iter().map(move |&(_, trial)| view.model.input(trial, step)[column])
        });
        all.any(|value| value.to_f64() != 0.0)
    };
    (0..width).filter(|&column| moves(column)).take(SHOWN).fold(figure, |figure, column| {
        let title = format!("input through column {}", column + 1);
        let panel = Panel::new(title, "time (s)", "coefficient of the column");
        figure.panel(conditions.iter().fold(panel, |panel, &(condition, trial)| {
            let course =
                (0..steps).map(|step| (time(step), view.model.input(trial, step)[column].to_f64()));
            panel.line_in_style(condition, super::condition(recording, condition), course)
        }))
    })
}
