//! Slopes where the nonlinearity is small, and the way to where it is large.

use rankproof::report::{Figure, Panel};
use rankproof::theorem::Slope;

use super::condition::Outcome;
use super::{Curve, LAWS, Measure};

fn of<'a>(
    curve: &'a Curve,
    measure: impl Fn(&Outcome) -> f64 + 'a,
) -> impl Iterator<Item = (f64, f64)> + 'a {
    curve.iter().map(move |(size, outcome)| (*size, measure(outcome)))
}

pub fn slopes(starts: &Curve, drives: &Curve) -> Figure {
    let panels = [
        ("Linear", "eps, of W_0 = w I + eps R", starts),
        ("tanh, W_0 = w I", "size of the inputs, s", drives),
    ];
    let figure = Figure::new("What leaves the space grows by predicted powers").columns(2);
    panels.into_iter().fold(figure, |figure, (network, size, curve)| {
        let lines = LAWS.map(|(what, measure)| (what, of(curve, measure).collect::<Vec<_>>()));
        let slopes = lines.iter().filter_map(|(_, points)| Slope::of_logs(points));
        let slopes: Vec<_> = slopes.map(|slope| format!("{:.2}", slope.estimate)).collect();
        let title = format!("{network}: slopes {}", slopes.join(", "));
        let panel = Panel::new(title, size, "relative to D").log_x().log_y();
        figure
            .panel(lines.into_iter().fold(panel, |panel, (what, points)| panel.line(what, points)))
    })
}

pub fn regimes(curves: &[(&'static str, &Curve)]) -> Figure {
    let title = "Strong inputs and random starts leave the space; few directions hold the change";
    let measures: [(&str, f64, Measure); 2] = [
        ("part of the norm outside S (%)", 100.0, |outcome| 100.0 * outcome.outside[0]),
        ("singular values for 99 %", 16.0, |outcome| outcome.for_99_percent() as f64),
    ];
    let sides = [
        ("Inputs of size s", "size of the inputs, s", &curves[..2]),
        ("Random start of radius g", "spectral radius of W_0, g", &curves[2..]),
    ];
    let mut figure = Figure::new(title).columns(2);
    for (label, top, measure) in measures {
        for (title, size, curves) in sides {
            let mut panel = Panel::new(title, size, label).y_range(0.0, top);
            if size.ends_with('s') {
                panel = panel.log_x();
            }
            for (name, curve) in curves {
                panel = panel.line(*name, of(curve, measure));
            }
            figure = figure.panel(panel);
        }
    }
    figure
}
