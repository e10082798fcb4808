//! Rank and cost over the width.

use rankproof::report::{Figure, Panel};

use super::row::{LEARNING_STEPS, Row};

pub fn rank_figure(rows: &[Row], control: &[(f64, [f64; 2])]) -> Figure {
    let ranks = rows.iter().map(|row| (row.neurons as f64, row.ranks[0].bounds.lower as f64));
    let of = |index: usize| control.iter().map(move |(neurons, ranks)| (*neurons, ranks[index]));
    let panel = Panel::new("The rank does not grow with the network", "neurons N", "rank")
        .log_x()
        .log_y()
        .line(format!("W_0 = 0, {LEARNING_STEPS} steps"), ranks)
        .line("W_0 random, 1 step", of(0))
        .line(format!("W_0 random, {LEARNING_STEPS} steps"), of(1));
    Figure::single(panel)
}

pub fn cost_figure(rows: &[Row]) -> Figure {
    let of =
        |measure: fn(&Row) -> f64| rows.iter().map(move |row| (row.neurons as f64, measure(row)));
    let peaks = rows.iter().filter_map(|row| Some((row.neurons as f64, row.peak? / 1e6)));
    Figure::new("Memory grows in proportion to N, time nearly so")
        .columns(2)
        .panel(
            Panel::new("Memory", "neurons N", "megabytes")
                .log_x()
                .log_y()
                .line("factors kept", of(|row| row.stored / 1e6))
                .line("program, peak", peaks)
                .line("W_0..W_K in full", of(|row| row.tensor() / 1e6)),
        )
        .panel(
            Panel::new("Time", "neurons N", "seconds")
                .log_x()
                .log_y()
                .line("training and ranks", of(|row| row.seconds)),
        )
}
