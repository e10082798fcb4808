//! Trials from a continuous array: where labels change or flags rise, or around events.

use super::arrays::Blocks;
use super::bins::{Rounding, whole_steps};
use super::cells::Cell;
use super::columns;
use super::events::{self, Events};
use super::options::OptionName::{TrialLabels, TrialStarts};
use super::options::{Options, wrong_choice};
use super::trials::{MAX_ENTRIES, Trial, Trials};
use crate::file::{ReadError, Source};
use crate::scalar::Precision;

/// The place of a bin in its trial may be at most this, so that an index that is none is refused.
const LONGEST_TRIAL: usize = 100_000;

/// A continuous array, or a list of them, that is to be cut into trials.
pub(super) struct Continuous<'a> {
    pub source: &'a mut Source,
    pub path: &'a str,
    pub blocks: Blocks,
    pub options: &'a Options,
    pub notes: &'a mut Vec<String>,
}

impl Continuous<'_> {
    /// A trial begins where a label changes or a flag rises, and with every array of a list.
    ///
    /// Bins of a single array before its first flag are no trial.
    ///
    /// # Errors
    ///
    /// If there is not one label or flag for each bin, or no flag is set.
    pub fn by_bins(self, trials: &mut Trials) -> Result<(), ReadError> {
        let Continuous { source, path, blocks, options, notes } = self;
        let neurons = blocks.neurons;
        let lengths: Vec<usize> =
            blocks.parts.iter().map(|part| part.concat().len() / neurons).collect();
        let bins = lengths.iter().sum();
        let (starts, skipped) = match (&options.trial_labels, &options.trial_starts) {
            (Some(path), None) => (changes(&column(source, path, bins)?), 0),
            (None, Some(path)) => {
                let flags = column(source, path, bins)?;
                rises(source, path, &flags, &lengths, notes)?
            }
            _ => {
                let found = "is told twice where trials begin";
                let expected = format!("either {TrialLabels} or {TrialStarts}");
                return Err(wrong_choice(source, path, found, expected));
            }
        };
        let places = match &options.bin_index {
            Some(path) => Some((path, column(source, path, bins)?)),
            None => None,
        };
        let (mut first, mut total) = (0, 0);
        for (part, (block, length)) in blocks.parts.iter().zip(lengths).enumerate() {
            let activity = block.concat();
            let mut start = first + skipped;
            while start < first + length {
                let rest = start + 1..first + length;
                let end = rest.clone().find(|&bin| starts[bin]).unwrap_or(rest.end);
                let own = &activity[(start - first) * neurons..(end - first) * neurons];
                let activity = match &places {
                    None => own.to_vec(),
                    Some((path, places)) => {
                        placed(source, path, own, neurons, &places[start..end])?
                    }
                };
                total += activity.len();
                if total > MAX_ENTRIES {
                    return Err(source.error(
                        path,
                        "gives more entries than fit in memory",
                        "fewer",
                    ));
                }
                let row = trials.trials.len();
                trials.trials.push(Trial { activity, row, part, bins: start..end, length: 0 });
                start = end;
            }
            first += length;
        }
        trials.places.rows = trials.trials.len();
        trials.places.bins = bins;
        Ok(())
    }

    /// A trial is a window around an event; bins beyond the ends of the array are missing.
    ///
    /// The array begins at 0 s, and a trial with the bin that begins nearest to the start of its
    /// window.
    ///
    /// # Errors
    ///
    /// If there is no window, or the events cannot be read.
    pub fn by_events(self, trials: &mut Trials) -> Result<(), ReadError> {
        let Continuous { source, path, blocks, options, notes } = self;
        let neurons = blocks.neurons;
        let activity = blocks.parts.concat().concat();
        let recorded = activity.len() / neurons;
        let bin = trials.bin_seconds;
        let span = (0.0, recorded as f64 * bin);
        let events = events::read(source, options, span)?;
        // Also of the bins that are asked for a whole number must fit.
        events::grid(source, options, options.bin.unwrap_or(bin))?;
        let grid = events::grid(source, options, bin)?;
        if events.times.len().saturating_mul(grid.bins).saturating_mul(neurons) > MAX_ENTRIES {
            return Err(source.error(
                path,
                "gives more entries than fit in memory",
                "fewer events",
            ));
        }
        let invalid = events::invalid(source, options)?;
        events::notes_of_times("bins", span, &events, &grid, notes);
        let rounding = events.rounding.and(Rounding::of(Precision::Double));
        let Events { times, rows, ends, count, .. } = events;
        let (mut furthest, mut invalid_trials) = (0.0_f64, 0);
        for (index, (&time, &row)) in times.iter().zip(&rows).enumerate() {
            let place = (time + grid.start) / bin;
            let first = whole_steps(place + 0.5);
            furthest = furthest.max((place - first).abs());
            let bins = grid.at(first * bin - grid.start, rounding);
            // As the start, the end is that of the nearest bin.
            let over =
                ends.as_ref().map_or(grid.bins, |ends| bins.over_at(ends[index] + 0.5 * bin));
            let mut trial = Vec::with_capacity(grid.bins * neurons);
            for t in 0..grid.bins {
                let place = first + t as f64;
                if place < 0.0 || place >= recorded as f64 || t >= over {
                    trial.extend(std::iter::repeat_n(f64::NAN, neurons));
                } else {
                    let start = place as usize * neurons;
                    trial.extend(&activity[start..start + neurons]);
                }
            }
            invalid_trials += usize::from(events::erase(&mut trial, neurons, &bins, &invalid));
            trials.trials.push(Trial { activity: trial, row, ..Trial::default() });
        }
        if furthest > 1e-3 {
            let milliseconds = 1000.0 * furthest * bin;
            notes.push(format!(
                "trials begin with the nearest bin of the array, up to {milliseconds:.4} ms from the \
                 start of their windows"
            ));
        }
        events::note_of_invalid(invalid_trials, notes);
        trials.start_seconds = grid.start;
        trials.places.rows = count;
        Ok(())
    }
}

/// A column with a value for each bin.
fn column(source: &mut Source, path: &str, bins: usize) -> Result<Vec<Cell>, ReadError> {
    let cells = columns::read(source, path, bins)?.each;
    if cells.len() == bins {
        Ok(cells)
    } else {
        let found = format!("has {} values", cells.len());
        Err(source.error(path, found, format!("one for each of {bins} bins")))
    }
}

fn changes(labels: &[Cell]) -> Vec<bool> {
    let change = |bin: usize| bin == 0 || labels[bin].order(&labels[bin - 1]).is_ne();
    (0..labels.len()).map(change).collect()
}

/// Where flags rise in each array of a list, and how many bins of a single array are before the
/// first of them.
fn rises(
    source: &Source,
    path: &str,
    flags: &[Cell],
    lengths: &[usize],
    notes: &mut Vec<String>,
) -> Result<(Vec<bool>, usize), ReadError> {
    // What is missing is not set.
    let set = |flag: &Cell| flag.number().is_some_and(|flag| flag != 0.0 && !flag.is_nan());
    let set: Vec<bool> = flags.iter().map(set).collect();
    let Some(first) = set.iter().position(|&set| set) else {
        return Err(source.error(path, "has no flag that is set", "one where each trial begins"));
    };
    let mut rises = set.clone();
    let mut start = 0;
    for &length in lengths {
        (start + 1..start + length).for_each(|bin| rises[bin] = set[bin] && !set[bin - 1]);
        start += length;
    }
    let longest = set.chunk_by(|a, b| a == b).filter(|run| run[0]).map(<[bool]>::len).max();
    if let Some(longest) = longest.filter(|&longest| longest > 1) {
        notes.push(format!(
            "flags of {path} stay on for up to {longest} bins; a trial begins where they rise"
        ));
    }
    let skipped = if lengths.len() == 1 { first } else { 0 };
    if skipped > 0 {
        notes.push(format!("{skipped} bins before the first flag of {path} are left out"));
    }
    Ok((rises, skipped))
}

/// The bins of a trial at their places, with gaps where some are missing.
fn placed(
    source: &Source,
    path: &str,
    activity: &[f64],
    neurons: usize,
    places: &[Cell],
) -> Result<Vec<f64>, ReadError> {
    let base = source.first_index() as f64;
    let mut placed: Vec<f64> = Vec::new();
    for (bin, place) in activity.chunks_exact(neurons).zip(places) {
        let place = place.number().map_or(f64::NAN, |place| place - base);
        let next = placed.len() / neurons;
        let fits = place.fract() == 0.0 && (next as f64..LONGEST_TRIAL as f64).contains(&place);
        if !fits {
            let found = format!("holds {} where a trial has {next} bins already", place + base);
            let expected = format!("places that increase, from {base} at the start of a trial");
            return Err(source.error(path, found, expected));
        }
        placed.resize(place as usize * neurons, f64::NAN);
        placed.extend(bin);
    }
    Ok(placed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_change_where_they_differ_from_the_one_before() {
        let labels = [1.0, 1.0, 2.0, 1.0].map(|label| Cell::Numbers(vec![label]));
        assert_eq!(changes(&labels), [true, false, true, true]);
    }
}
