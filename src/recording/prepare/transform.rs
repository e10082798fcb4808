//! What is done to the numbers: smoothing, square root, one scale for all neurons.

use super::options::OptionName::SmoothMs;
use super::options::{Options, Scale, Selection, wrong_choice_of_file};
use super::select;
use crate::file::{ReadError, ReadErrorKind, Source};
use crate::recording::prepared::{Quantity, Recording};

/// Beyond so many standard deviations the Gaussian is nothing.
const TAIL: f64 = 4.0;

/// Smooths, takes the square root and brings to one scale, as far as it is asked for.
///
/// # Errors
///
/// If an option has no meaning for these numbers.
pub(super) fn apply(
    source: &Source,
    recording: &mut Recording,
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<(), ReadError> {
    let refused = |found: &str, expected: &str| {
        let flaw =
            ReadErrorKind::Content { found: found.to_owned(), expected: expected.to_owned() };
        Err(ReadError::of_file(source.path(), flaw))
    };
    if let Some(milliseconds) = options.smooth_ms {
        if !(milliseconds > 0.0 && milliseconds.is_finite()) {
            let (found, expected) = ("is to be smoothed by no time", format!("{SmoothMs} above 0"));
            return Err(wrong_choice_of_file(source, found, expected));
        }
        // Spikes and series were smoothed before they were cut.
        if matches!(options.what, Selection::Array { .. }) {
            smooth(recording, milliseconds / 1000.0 / recording.bin_seconds);
        }
        recording.quantity = Quantity::Values;
    }
    if options.sqrt {
        if recording.activity.iter().any(|entry| *entry < 0.0) {
            return refused("holds negative numbers", "none, of which to take the square root");
        }
        recording.activity.iter_mut().for_each(|entry| *entry = entry.sqrt());
        recording.unit = format!("square root of {}", recording.unit);
        recording.quantity = Quantity::Values;
    }
    match options.scale {
        None => {}
        Some(Scale::Soft(constant)) => {
            if !(constant > 0.0 && constant.is_finite()) {
                return refused("is to be normalised by no constant", "one above 0");
            }
            rescale(recording, |values| (0.0, range(values) + constant));
            recording.unit = format!("share of the range + {constant}");
        }
        Some(Scale::ZScore) => {
            let constant = constant_neurons(recording);
            if constant.len() == recording.neurons {
                return refused("does not change in any neuron", "neurons of different activity");
            }
            if !constant.is_empty() {
                notes.push(format!(
                    "{} of {} neurons left out: they never change",
                    constant.len(),
                    recording.neurons
                ));
                let others = (0..recording.neurons).filter(|n| !constant.contains(n));
                select::take(recording, &others.collect::<Vec<_>>());
            }
            rescale(recording, mean_and_deviation);
            recording.unit = "standard deviations".to_owned();
        }
    }
    if options.scale.is_some() {
        recording.quantity = Quantity::Values;
    }
    Ok(())
}

/// Smooths each trial of each neuron over time by a Gaussian of so many bins.
///
/// Weights are normalised where a trial begins and ends, so that what is constant remains so;
/// entries before and after a gap do not mix.
fn smooth(recording: &mut Recording, sigma: f64) {
    let (neurons, bins) = (recording.neurons, recording.bins);
    let reach = ((TAIL * sigma).ceil() as usize).min(bins);
    let weights: Vec<f64> =
        (0..=reach).map(|lag| (-0.5 * (lag as f64 / sigma).powi(2)).exp()).collect();
    for trial in recording.activity.chunks_exact_mut(bins * neurons) {
        for n in 0..neurons {
            let course: Vec<f64> = trial.iter().skip(n).step_by(neurons).copied().collect();
            let mut run = 0..0;
            for t in 0..bins {
                if course[t].is_nan() {
                    continue;
                }
                if t >= run.end {
                    let length = course[t..].iter().take_while(|entry| !entry.is_nan()).count();
                    run = t..t + length;
                }
                let near = run.start.max(t.saturating_sub(reach))..run.end.min(t + reach + 1);
                let weight = |other: usize| weights[other.abs_diff(t)];
                let sum: f64 = near.clone().map(|other| weight(other) * course[other]).sum();
                trial[t * neurons + n] = sum / near.map(weight).sum::<f64>();
            }
        }
    }
}

/// What was recorded of a neuron.
fn values(recording: &Recording, n: usize) -> Vec<f64> {
    let entries = recording.activity.iter().skip(n).step_by(recording.neurons);
    entries.copied().filter(|entry| !entry.is_nan()).collect()
}

fn range(values: &[f64]) -> f64 {
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    most - values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

fn constant_neurons(recording: &Recording) -> Vec<usize> {
    (0..recording.neurons).filter(|&n| range(&values(recording, n)) == 0.0).collect()
}

/// From each neuron's entries the first number is subtracted of those that `scale` gives for what
/// was recorded of it, and by the second they are divided.
fn rescale(recording: &mut Recording, scale: impl Fn(&[f64]) -> (f64, f64)) {
    for n in 0..recording.neurons {
        let (shift, divisor) = scale(&values(recording, n));
        let entries = recording.activity.iter_mut().skip(n).step_by(recording.neurons);
        entries.for_each(|entry| *entry = (*entry - shift) / divisor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two neurons, of which the second is the first with its sign turned, in trials of a length.
    fn recording(bins: usize, first: &[f64]) -> Recording {
        Recording {
            neurons: 2,
            bins,
            trials: first.len() / bins,
            activity: first.iter().flat_map(|&entry| [entry, -entry]).collect(),
            trial_numbers: (0..(first.len() / bins) as i64).collect(),
            conditions: vec![0; first.len() / bins],
            condition_names: vec!["all".to_owned()],
            epochs: vec![0; first.len() / bins],
            epoch_names: vec!["all".to_owned()],
            neuron_names: vec!["0".to_owned(), "1".to_owned()],
            bin_seconds: 0.1,
            start_seconds: 0.0,
            quantity: Quantity::Values,
            unit: String::new(),
            behaviour: None,
            provenance: String::new(),
        }
    }

    fn course(recording: &Recording, n: usize) -> Vec<f64> {
        recording.activity.iter().skip(n).step_by(2).copied().collect()
    }

    #[test]
    fn smoothing_keeps_what_is_constant_and_does_not_cross_gaps_or_trials() {
        let nan = f64::NAN;
        let mut smoothed = recording(5, &[1.0, 1.0, nan, 3.0, 3.0, 7.0, 7.0, 7.0, nan, nan]);
        smooth(&mut smoothed, 2.0);
        let found = course(&smoothed, 0);
        let expected = [1.0, 1.0, nan, 3.0, 3.0, 7.0, 7.0, 7.0, nan, nan];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12 || found.is_nan() && expected.is_nan());
        }
        assert!((smoothed.activity_at(1, 4, 0) + 3.0).abs() < 1e-12);
    }

    #[test]
    fn smoothing_weighs_by_the_gaussian() {
        let mut smoothed = recording(5, &[0.0, 0.0, 1.0, 0.0, 0.0]);
        smooth(&mut smoothed, 1.5);
        let weight = |lag: i32| (-0.5 * (f64::from(lag) / 1.5).powi(2)).exp();
        let at = |t: i32| weight(t - 2) / (0..5).map(|other| weight(other - t)).sum::<f64>();
        for t in 0..5 {
            assert!((smoothed.activity_at(0, t as usize, 0) - at(t)).abs() < 1e-12);
        }
    }

    #[test]
    fn scales_are_those_of_what_was_recorded() {
        let nan = f64::NAN;
        let mut scaled = recording(3, &[1.0, 2.0, nan, 3.0, 6.0, nan]);
        rescale(&mut scaled, |values| (0.0, range(values) + 5.0));
        assert_eq!(course(&scaled, 0)[..2], [0.1, 0.2]);
        assert_eq!(course(&scaled, 1)[3..5], [-0.3, -0.6]);
        let mut scaled = recording(3, &[1.0, 2.0, nan, 3.0, 6.0, nan]);
        rescale(&mut scaled, mean_and_deviation);
        let course = course(&scaled, 0);
        let present: Vec<f64> = course.into_iter().filter(|entry| !entry.is_nan()).collect();
        let (mean, deviation) = mean_and_deviation(&present);
        assert!(mean.abs() < 1e-12 && (deviation - 1.0).abs() < 1e-12);
    }
}
