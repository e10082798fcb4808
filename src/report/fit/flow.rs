//! The flow in the plane of most movement, at each stage of learning.

use super::landmarks::Landmarks;
use super::{Plane, View};
use crate::fit::{Dynamics, FitFloat};
use crate::report::figure::{Figure, Panel};

/// Streamlines along each axis.
const GRID: usize = 11;
/// How long a streamline lasts, in time constants.
const LASTS: f64 = 0.4;
/// By how much the panel reaches beyond the states.
const MARGIN: f64 = 1.25;

/// A panel for each stage, of the weights of its middle trial.
pub(super) fn figure(
    view: &View<impl FitFloat>,
    plane: &Plane,
    landmarks: &Landmarks,
) -> Option<Figure> {
    let reach = MARGIN * reach(view, plane)?;
    let mut figure = Figure::new(format!("Flow in the {}", plane.in_words()));
    for stage in &view.stages {
        let architecture = view.fit.objective().architecture();
        let dynamics = view.model.dynamics(architecture, stage.middle());
        let title = stage.title(view.recording);
        let panel = Panel::new(title, "along the first axis", "along the second axis")
            .equal_scales()
            .x_range(-reach, reach)
            .y_range(-reach, reach);
        let panel = streamlines(panel, &dynamics, plane, reach);
        let panel =
            stage.examples(view.recording).into_iter().fold(panel, |panel, (condition, trial)| {
                trajectory(view, plane, panel, condition, trial)
            });
        figure = figure.panel(landmarks.add(panel, plane, stage.middle(), reach));
    }
    Some(figure)
}

/// The states of a trial, from a mark where they start.
fn trajectory(
    view: &View<impl FitFloat>,
    plane: &Plane,
    panel: Panel,
    condition: usize,
    trial: usize,
) -> Panel {
    let states = &view.states[trial];
    let seen: Vec<_> = (0..states.cols()).map(|t| plane.seen(states.column(t))).collect();
    let start = seen[0];
    let name = super::condition(view.recording, condition);
    panel.line_in_style(condition, name, seen).points(condition, "", [start])
}

/// Where states of a grid in the plane go, in as many steps as the network takes for it.
fn streamlines(panel: Panel, dynamics: &Dynamics, plane: &Plane, reach: f64) -> Panel {
    let along = |index: usize| 0.95 * reach * (2.0 * index as f64 / (GRID - 1) as f64 - 1.0);
    let grid: Vec<_> =
        (0..GRID * GRID).map(|point| (along(point % GRID), along(point / GRID))).collect();
    let mut states = plane.states(&grid);
    let mut lines: Vec<Vec<_>> = grid.iter().map(|&point| vec![point]).collect();
    let steps = (LASTS / dynamics.leak()).round().clamp(1.0, 40.0) as usize;
    for _ in 0..steps {
        states = dynamics.step(&states);
        for (line, state) in lines.iter_mut().zip(states.data().chunks_exact(states.rows())) {
            line.push(plane.seen(state));
        }
    }
    lines.into_iter().fold(panel, Panel::stream)
}

/// How far the states that are drawn come from the centre of the plane; none if they do not move.
fn reach(view: &View<impl FitFloat>, plane: &Plane) -> Option<f64> {
    let examples = view.stages.iter().flat_map(|stage| stage.examples(view.recording));
    let largest = examples
        .flat_map(|(_, trial)| {
            let states = &view.states[trial];
            (0..states.cols()).map(|t| plane.seen(states.column(t))).collect::<Vec<_>>()
        })
        .fold(0.0_f64, |largest, (x, y)| largest.max(x.abs()).max(y.abs()));
    (largest > 0.0 && largest.is_finite()).then_some(largest)
}
