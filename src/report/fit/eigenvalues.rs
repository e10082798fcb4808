//! The eigenvalues of the weights that need not be zero.

use super::{SHOWN, View, over_trials};
use crate::fit::{Eigenvalue, FitFloat};
use crate::report::figure::{Figure, Panel};

/// In the complex plane at the middle trial of each stage, and both parts over trials.
pub(super) fn figure(view: &View<impl FitFloat>) -> Figure {
    let architecture = view.fit.objective().architecture();
    let of_trial = |k: usize| -> Vec<Eigenvalue> {
        view.model.dynamics(architecture, k).eigenvalues().unwrap_or_default()
    };
    let mut plane = Panel::new("complex plane", "real part", "imaginary part").upright("1", 1.0);
    for (index, stage) in view.stages.iter().enumerate() {
        let points = of_trial(stage.middle()).into_iter().map(|value| (value.re, value.im));
        plane = plane.points(index, stage.title(view.recording), points);
    }
    let all: Vec<Vec<Eigenvalue>> = (0..view.recording.trials).map(of_trial).collect();
    let shown = architecture.rank.min(SHOWN);
    let part = |title: &str, part: fn(&Eigenvalue) -> f64| {
        let panel = over_trials(view, Panel::new(title, "trial", title));
        (0..shown).fold(panel, |panel, r| {
            let points = all.iter().enumerate().filter_map(|(k, values)| {
                Some((view.recording.trial_numbers[k] as f64, part(values.get(r)?)))
            });
            panel.line_in_style(r, format!("eigenvalue {}", r + 1), points)
        })
    };
    let title = if shown < architecture.rank {
        format!("Eigenvalues of the weights, over trials the first {shown}")
    } else {
        "Eigenvalues of the weights".to_owned()
    };
    Figure::new(title)
        .panel(plane)
        .panel(part("real part", |value| value.re).level("1", 1.0))
        .panel(part("imaginary part", |value| value.im))
}
