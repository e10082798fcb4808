//! Singular values, effective ranks and parts outside the space.

use rankproof::report::{Figure, Panel};

use super::outcome::{D_IN, D_OUT, NETWORKS, OPTIMIZERS, Outcome};

pub fn spectra(found: &[Vec<Outcome>]) -> Figure {
    let title = "A linear network: five singular values, except for entrywise steps";
    NETWORKS.iter().zip(found).fold(Figure::new(title).columns(2), |figure, (network, outcomes)| {
        let panel = Panel::new(*network, "number i", "sigma_i / sigma_1").log_y();
        let panel = OPTIMIZERS.iter().zip(outcomes).fold(panel, |panel, (name, outcome)| {
            let values = outcome.spectrum.iter().take(16).enumerate();
            panel.line(*name, values.map(|(i, &value)| ((i + 1) as f64, value)))
        });
        // A vertical line through the picture.
        let values = outcomes.iter().flat_map(|outcome| outcome.spectrum.iter().take(16));
        let least = values.copied().fold(1.0, f64::min).max(1e-18);
        let d = (D_IN + D_OUT) as f64;
        figure.panel(panel.path("d_in + d_out", [(d, least), (d, 1.0)]))
    })
}

pub fn bars(found: &[Vec<Outcome>]) -> Figure {
    let series = |panel: Panel, height: fn(&Outcome) -> f64| {
        NETWORKS.iter().zip(found).fold(panel, |panel, (network, outcomes)| {
            let bars = OPTIMIZERS.iter().zip(outcomes);
            panel.bars(*network, bars.map(|(name, outcome)| (*name, height(outcome), 0.0)))
        })
    };
    let rank = Panel::new("Effective rank", "", "participation ratio");
    let outside = Panel::new("Outside the space", "", "part of the norm outside S (%)");
    Figure::new("Muon and Shampoo stay in a linear network's space, and spread most with tanh")
        .columns(2)
        .panel(series(rank, Outcome::participation_ratio))
        .panel(series(outside, |outcome| 100.0 * outcome.outside))
}
