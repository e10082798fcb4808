//! Trials cut again around a bin of their own, such as that of a cue.

use super::columns;
use super::events;
use super::options::{OptionName, Options, wrong_choice};
use super::trials::{MAX_ENTRIES, Trials};
use crate::file::{ReadError, Source};

/// Cuts each trial around the bin that a column names for it, counted as the file counts.
///
/// Time 0 is where that bin begins. Bins beyond the ends of a trial are missing, and a trial without
/// a number is left out.
///
/// # Errors
///
/// If there is no window of whole bins, the column does not have a number for each trial, or one
/// that is no bin of its trial.
pub(super) fn around_index(
    source: &mut Source,
    path: &str,
    options: &Options,
    trials: &mut Trials,
) -> Result<(), ReadError> {
    let bin = trials.bin_seconds;
    // Also of the bins that are asked for a whole number must fit.
    events::grid(source, options, options.bin.unwrap_or(bin))?;
    let grid = events::grid(source, options, bin)?;
    let before = (grid.start / bin).round();
    if (before - grid.start / bin).abs() > 1e-6 * before.abs().max(1.0) {
        let found = format!("is to be cut from {} s on in bins of {bin} s", grid.start);
        let expected = format!("a {} that begins with a bin", OptionName::Window);
        return Err(wrong_choice(source, path, found, expected));
    }
    let neurons = trials.neurons;
    if trials.trials.len().saturating_mul(grid.bins).saturating_mul(neurons) > MAX_ENTRIES {
        return Err(source.error(
            path,
            "gives more entries than fit in memory",
            "a shorter window",
        ));
    }
    let base = source.first_index() as f64;
    let indices = columns::of_trials(source, path, trials, options.column_at)?;
    for (trial, cell) in trials.trials.iter_mut().zip(&indices) {
        let bins = trial.activity.len() / neurons;
        let Some(index) = cell.number().filter(|index| index.is_finite()) else {
            trial.activity.clear();
            continue;
        };
        let place = index - base;
        if bins > 0 && (place.fract() != 0.0 || !(0.0..bins as f64).contains(&place)) {
            let found = format!("holds {index} for trial {}", trial.row as f64 + base);
            let expected = format!("one of its bins, from {base} to {}", bins as f64 - 1.0 + base);
            return Err(source.error(path, found, expected));
        }
        let first = place + before;
        let entry = |t: usize| {
            let place = first + t as f64;
            (0.0..bins as f64).contains(&place).then_some(place as usize)
        };
        let activity = (0..grid.bins).flat_map(|t| {
            let place = entry(t);
            let of_bin = |n| place.map_or(f64::NAN, |place| trial.activity[place * neurons + n]);
            (0..neurons).map(of_bin).collect::<Vec<_>>()
        });
        let activity = activity.collect();
        trial.activity = activity;
        if options.bin_index.is_none() {
            let within = |place: f64| place.clamp(0.0, bins as f64) as usize;
            let (from, to) = (within(first), within(first + grid.bins as f64));
            trial.bins = trial.bins.start + from..trial.bins.start + to;
        }
    }
    trials.start_seconds = grid.start;
    Ok(())
}
