//! Whether trial factors follow the switches of the mapping.

use std::error::Error;
use std::ops::ControlFlow;

use rankproof::fit::{Architecture, Fit, HeldOut, Objective, Observations, Role, Settings};
use rankproof::recording::Recording;
use rankproof::report::{Experiment, Figure, Panel};
use rankproof::scalar::Stream;

/// Trials after which a mapping is shown by its name; others are a grey line.
const LONG: usize = 100;
const GREY: usize = 6;

/// Do trial factors jump where the mapping was switched? Each is split into its mean over the
/// trials of a mapping and the rest. How much of it the mappings explain is held against the same
/// for mappings shifted along the session, which keeps everything else as it is.
pub fn show_switches(
    experiment: &mut Experiment,
    recording: &Recording,
    architecture: &Architecture,
    rank: usize,
) -> Result<(), Box<dyn Error>> {
    let architecture = Architecture { rank, ..architecture.clone() };
    let roles = HeldOut::default().roles(recording, 0, &[Role::Validation], 1)?;
    let observations = Observations::<f32>::new(recording, &roles)?;
    let mut fit = Fit::new(Objective::new(&architecture, observations)?, Settings::default());
    fit.run(|_, _| ControlFlow::Continue(()))?;
    let model = fit.model();
    let factors = model.trial_factors().ok_or("no trial factors")?.map(f64::from);
    let explained = |shift: usize| {
        let epoch = |k: usize| recording.epochs[(k + shift) % recording.trials];
        let of = |r: usize| {
            let values: Vec<f64> = (0..recording.trials).map(|k| factors[(r, k)]).collect();
            explained_by(&values, epoch)
        };
        (0..rank).map(of).sum::<f64>() / rank as f64
    };
    let mut stream = Stream::new("recordings", 1, 0).named("shifts");
    let found = explained(0);
    let shifts = (0..200).map(|_| explained(1 + stream.below(recording.trials - 1)));
    let share = shifts.filter(|&shifted| shifted >= found).count() as f64 / 200.0;
    let meaning = "degenhart: share of the trial factors that the mappings explain";
    experiment.measured("degenhart_explained", meaning, found);
    let meaning = "degenhart: share of shifted sequences of mappings that explain as much";
    experiment.measured("degenhart_shifted", meaning, share);
    // The mappings that were in use for long: before, during and after the change.
    let trials_of = |epoch: usize| recording.epochs.iter().filter(|&&other| other == epoch).count();
    let epochs = 0..recording.epoch_names.len();
    let long: Vec<usize> = epochs.filter(|&epoch| trials_of(epoch) >= LONG).collect();
    let mut figure = Figure::new("Trial factors and the mapping in use").columns(2);
    for r in 0..rank {
        let at = |k: usize| (recording.trial_numbers[k] as f64, factors[(r, k)]);
        let mut panel = Panel::new(format!("factor {}", r + 1), "trial", "trial factor")
            .line_in_style(GREY, "all trials", (0..recording.trials).map(at));
        for (style, &epoch) in long.iter().enumerate() {
            let of_it = (0..recording.trials).filter(|&k| recording.epochs[k] == epoch);
            let name = format!("mapping {}", recording.epoch_names[epoch]);
            panel = panel.points(style, name, of_it.map(at));
        }
        figure = figure.panel(panel);
    }
    experiment.figure("degenhart_factors", "degenhart: trial factors over the session. Mapping 11 was switched to twice, in trials 321 and 781.", &figure)?;
    Ok(())
}

/// The share of the variance that lies between the means of groups.
fn explained_by(values: &[f64], group: impl Fn(usize) -> usize) -> f64 {
    let groups = 1 + (0..values.len()).map(&group).max().unwrap_or(0);
    let (mut sums, mut counts) = (vec![0.0; groups], vec![0.0; groups]);
    for (k, value) in values.iter().enumerate() {
        sums[group(k)] += value;
        counts[group(k)] += 1.0;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let total: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let rest = |(k, value): (usize, &f64)| (value - sums[group(k)] / counts[group(k)]).powi(2);
    1.0 - values.iter().enumerate().map(rest).sum::<f64>() / total
}
