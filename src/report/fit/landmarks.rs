//! Fixed points and slow points of the weights of some trials, and how they move over learning.

use super::{Plane, View, over_trials};
use crate::fit::{FitFloat, FixedPoint, FixedPoints, PointKind};
use crate::matrix::Matrix;
use crate::report::figure::{Figure, Panel};
use crate::scalar::Stream;

/// Trials over the session of which points are looked for.
const TRIALS: usize = 24;
/// Random starts in each trial.
const STARTS: usize = 60;
/// Visited states around which starts are drawn, at most.
const VISITED: usize = 2000;

/// The points of some trials, and the trials, ascending.
pub(super) struct Landmarks(Vec<(usize, FixedPoints)>);

/// The kinds in the order of the legend, each with the style of its marker and its name.
const KINDS: [(PointKind, usize, &str); 3] = [
    (PointKind::Stable, 0, "stable fixed point"),
    (PointKind::Unstable, 5, "unstable fixed point"),
    (PointKind::Slow, 2, "slow point"),
];

impl Landmarks {
    /// Of trials spread over the session and of the middle of each stage. Every trial starts from
    /// where the points of the trial before lay, too, and has the same random starts.
    pub fn find(view: &View<impl FitFloat>) -> Self {
        let architecture = view.fit.objective().architecture();
        let last = view.recording.trials - 1;
        let mut trials: Vec<usize> = (0..TRIALS).map(|i| i * last / (TRIALS - 1)).collect();
        trials.extend(view.stages.iter().map(|stage| stage.middle()));
        trials.sort_unstable();
        trials.dedup();
        let visited = visited(&view.states);
        let stream = Stream::new("fixed points", view.fit.settings().seed, 0);
        let mut before = Matrix::zeros(visited.rows(), 0);
        let mut all = Vec::new();
        for trial in trials {
            let dynamics = view.model.dynamics(architecture, trial);
            let found = dynamics.fixed_points(&visited, &before, STARTS, &stream);
            let data: Vec<f64> =
                found.points.iter().flat_map(|point| point.state.iter().copied()).collect();
            before = Matrix::from_columns(visited.rows(), found.points.len(), data);
            all.push((trial, found));
        }
        Landmarks(all)
    }

    /// Of one of the trials.
    fn of(&self, trial: usize) -> &[FixedPoint] {
        let found = self.0.iter().find(|(other, _)| *other == trial);
        found.map_or(&[], |(_, found)| &found.points)
    }

    /// Adds the points of a trial that lie within the reach of a panel, seen in the plane.
    pub fn add(&self, panel: Panel, plane: &Plane, trial: usize, within: f64) -> Panel {
        KINDS.into_iter().fold(panel, |panel, (kind, style, name)| {
            let of_kind = self.of(trial).iter().filter(|point| point.kind == kind);
            let seen = of_kind.map(|point| plane.seen(&point.state));
            panel.marks(style, name, seen.filter(|(x, y)| x.abs() <= within && y.abs() <= within))
        })
    }

    /// Both coordinates in the plane, and the largest real part of an eigenvalue, over trials.
    pub fn figure(&self, view: &View<impl FitFloat>, plane: &Plane) -> Figure {
        let (starts, lost) = self
            .0
            .iter()
            .fold((0, 0), |(starts, lost), (_, found)| (starts + found.starts, lost + found.lost));
        let title = format!(
            "Fixed points and slow points over learning ({lost} of {starts} starts led to none)"
        );
        let along = |axis: &str| format!("along the {axis} axis");
        Figure::new(title)
            .panel(self.panel(view, "first axis of the plane", &along("first"), |point| {
                plane.seen(&point.state).0
            }))
            .panel(self.panel(view, "second axis of the plane", &along("second"), |point| {
                plane.seen(&point.state).1
            }))
            .panel(
                self.panel(view, "stability", "largest real part (1 / time constant)", |point| {
                    point.eigenvalues[0].re
                })
                .level("0", 0.0),
            )
    }

    fn panel(
        &self,
        view: &View<impl FitFloat>,
        title: &str,
        label: &str,
        value: impl Fn(&FixedPoint) -> f64,
    ) -> Panel {
        let panel = over_trials(view, Panel::new(title, "trial", label));
        KINDS.into_iter().fold(panel, |panel, (kind, style, name)| {
            let points = self.0.iter().flat_map(|(trial, found)| {
                let number = view.recording.trial_numbers[*trial] as f64;
                let of_kind = found.points.iter().filter(move |point| point.kind == kind);
                of_kind.map(move |point| (number, point))
            });
            panel.marks(style, name, points.map(|(number, point)| (number, value(point))))
        })
    }
}

/// States of all trials, evenly thinned, (N, at most [`VISITED`]).
fn visited(states: &[Matrix<f64>]) -> Matrix<f64> {
    let units = states[0].rows();
    let count: usize = states.iter().map(Matrix::cols).sum();
    let columns = states.iter().flat_map(|trial| trial.data().chunks_exact(units));
    let data: Vec<f64> = columns.step_by(count.div_ceil(VISITED)).flatten().copied().collect();
    Matrix::from_columns(units, data.len() / units, data)
}
