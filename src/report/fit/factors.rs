//! Trial factors over trials.

use super::{CONDITIONS, SHOWN, View, over_trials};
use crate::fit::FitFloat;
use crate::report::figure::{Figure, Panel};
use crate::statistics::Moments;

/// A factor depends on conditions if they explain more of its variance than this, beyond what
/// groups as large explain of anything.
const DEPENDS: f64 = 0.1;

/// A panel for each factor: its course, and what the prior expects; points by condition where the
/// factor depends on it. None of weights without factors.
pub(super) fn figure(view: &View<impl FitFloat>) -> Option<Figure> {
    let factors = view.model.trial_factors()?.map(|c| c.to_f64());
    let recording = view.recording;
    let shown = factors.rows().min(SHOWN);
    let title = if shown < factors.rows() {
        format!("Trial factors, the first {shown} of {}", factors.rows())
    } else {
        "Trial factors".to_owned()
    };
    let priors = view.fit.objective().factor_priors(view.fit.blocks());
    let number = |k: usize| recording.trial_numbers[k] as f64;
    let (first, last) = (number(0), number(recording.trials - 1));
    let mut figure = Figure::new(title).columns(shown.min(3));
    for r in 0..shown {
        let panel = Panel::new(format!("factor {}", r + 1), "trial", format!("c_{}", r + 1));
        let mut panel = over_trials(view, panel);
        if let Some((mean, deviation)) = priors.as_ref().map(|priors| priors[r]) {
            let band = |x| (x, mean - 2.0 * deviation, mean + 2.0 * deviation);
            panel = panel.band("prior, two standard deviations", [first, last].map(band));
        }
        let values: Vec<f64> = (0..recording.trials).map(|k| factors[(r, k)]).collect();
        let course = values.iter().enumerate().map(|(k, &c)| (number(k), c));
        panel = panel.line_in_style(0, "factor", course);
        if explained(&values, &recording.conditions) > DEPENDS {
            for condition in 0..recording.condition_names.len().min(CONDITIONS) {
                let of_condition = (0..recording.trials)
                    .filter(|&k| recording.conditions[k] == condition)
                    .map(|k| (number(k), values[k]));
                panel =
                    panel.points(condition, super::condition(recording, condition), of_condition);
            }
        }
        figure = figure.panel(panel);
    }
    Some(figure)
}

/// The share of the variance that groups explain, less what they would by chance (omega squared);
/// 0 of one group, or groups of one.
fn explained(values: &[f64], groups: &[usize]) -> f64 {
    let count = groups.iter().max().map_or(0, |last| last + 1);
    let members = |group: usize| {
        let pairs = values.iter().zip(groups).filter(move |&(_, &other)| other == group);
        pairs.map(|(&value, _)| value)
    };
    let moments: Vec<Moments> = (0..count).map(|group| Moments::of(members(group))).collect();
    let present = moments.iter().filter(|moments| moments.count > 0).count();
    let total = Moments::of(values.iter().copied()).squares;
    let within: f64 =
        moments.iter().filter(|moments| moments.count > 0).map(|moments| moments.squares).sum();
    if present < 2 || values.len() <= present {
        return 0.0;
    }
    let mean_square = within / (values.len() - present) as f64;
    let beyond = total - within - (present - 1) as f64 * mean_square;
    let whole = total + mean_square;
    if whole > 0.0 { (beyond / whole).max(0.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_between_groups_depends_on_them() {
        let groups: Vec<usize> = (0..60).map(|k| k % 3).collect();
        let smooth: Vec<f64> = (0..60).map(|k| (f64::from(k) / 20.0).sin()).collect();
        assert!(explained(&smooth, &groups) < 0.01);
        let by_group: Vec<f64> =
            smooth.iter().zip(&groups).map(|(c, &group)| c + group as f64).collect();
        assert!(explained(&by_group, &groups) > 0.8);
        let alone: Vec<usize> = (0..60).collect();
        assert_eq!(explained(&smooth, &alone), 0.0);
        assert_eq!(explained(&[1.0; 60], &groups), 0.0);
    }
}
