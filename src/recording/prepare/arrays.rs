//! Trials from arrays: with a trial axis, one for each trial, or continuous.

use super::cells::{Cell, Cells};
use super::events::{self, Events};
use super::options::{Axis, Options};
use super::trials::{MOST_ENTRIES, Places, Trial, Trials, numbered};
use crate::recording::array::Array;
use crate::recording::error::{Flaw, ReadError};
use crate::recording::source::Source;
use crate::recording::value::Value;

/// The place of a bin in its trial may be at most this, so that an index that is none is refused.
const LONGEST_TRIAL: usize = 100_000;

/// Reads arrays and cuts them into trials.
///
/// # Errors
///
/// If they do not have the axes that they are said to have, differ in their neurons, or are
/// continuous and nothing says where trials begin.
pub(super) fn cut(
    source: &mut Source,
    path: &str,
    axes: &[Axis],
    options: &Options,
) -> Result<Trials, ReadError> {
    let unit = source.find(path)?.1.nodes().first().and_then(|node| node.unit.clone());
    let value = source.value(path)?;
    let is_list = matches!(value, Value::List(_));
    let arrays = arrays(source, path, value)?;
    let blocks = blocks(source, path, &arrays, axes)?;
    let bin_seconds = bin_seconds(source, options)?;
    let mut trials = Trials {
        neurons: blocks.neurons,
        neuron_names: numbered(blocks.neurons, source.first_index()),
        bin_seconds,
        start_seconds: 0.0,
        unit,
        counts: false,
        trials: Vec::new(),
        places: Places { parts: arrays.len(), ..Places::default() },
    };
    let has_trials = axes.contains(&Axis::Trial);
    let is_cut = options.trial_labels.is_some() || options.trial_starts.is_some();
    let has_events = options.align.is_some() || options.every.is_some();
    match (has_trials || is_list, is_cut, has_events) {
        (_, true, true) => {
            let found = "is told twice where trials begin";
            let expected = "either --trial-labels, --trial-starts or events";
            return Err(source.error(path, found, expected));
        }
        (_, true, false) if !has_trials => by_bins(source, path, blocks, options, &mut trials)?,
        (false, false, true) => by_events(source, path, blocks, options, &mut trials)?,
        (true, false, false) => one_by_one(blocks, is_list && !has_trials, &mut trials),
        (false, false, false) => {
            let found = "has no trial axis";
            let expected = "--trial-labels, --trial-starts, --align or --every to cut it by";
            return Err(source.error(path, found, expected));
        }
        _ => {
            let found = "holds trials already";
            let expected = "no events, labels or starts to cut it by";
            return Err(source.error(path, found, expected));
        }
    }
    Ok(trials)
}

/// Activity in the order of trials, bins and neurons.
struct Blocks {
    neurons: usize,
    /// For each array of a list its trials; a continuous array has one.
    parts: Vec<Vec<Vec<f64>>>,
}

fn arrays(source: &Source, path: &str, value: Value) -> Result<Vec<Array>, ReadError> {
    let single = |value| match value {
        Value::Numbers(array) => Ok(array),
        Value::Texts(texts) => Err(source.error(&texts.name, "holds strings", "numbers")),
        Value::List(_) => Err(source.error(path, "is a list of lists", "a list of arrays")),
    };
    match value {
        Value::List(list) => list.into_iter().map(single).collect(),
        value => Ok(vec![single(value)?]),
    }
}

/// Brings all arrays into one order.
fn blocks(
    source: &Source,
    path: &str,
    arrays: &[Array],
    axes: &[Axis],
) -> Result<Blocks, ReadError> {
    let mut neurons = None;
    let mut parts = Vec::new();
    for array in arrays {
        // An empty one is a trial in which nothing was recorded, whatever its shape.
        if array.data.is_empty() && arrays.len() > 1 {
            parts.push(vec![Vec::new()]);
            continue;
        }
        if array.shape.len() != axes.len() {
            let axes = axes.iter().map(|axis| axis.name().to_owned()).collect();
            return Err(array.error(Flaw::Dimensions { shape: array.shape.clone(), axes }));
        }
        let found = length(array, axes, Axis::Neuron);
        if *neurons.get_or_insert(found) != found {
            let expected = format!("{} neurons as the arrays before", neurons.unwrap_or(0));
            return Err(array.wrong_shape(expected));
        }
        parts.push(block(array, axes));
    }
    match neurons.filter(|&neurons| neurons > 0) {
        Some(neurons) => Ok(Blocks { neurons, parts }),
        None => Err(source.error(path, "holds no numbers", "the activity of neurons")),
    }
}

/// The length of an axis; 1 of an axis that an array does not have.
fn length(array: &Array, axes: &[Axis], axis: Axis) -> usize {
    axes.iter().position(|&other| other == axis).map_or(1, |place| array.shape[place])
}

/// The trials of an array, each in the order of bins and neurons.
fn block(array: &Array, axes: &[Axis]) -> Vec<Vec<f64>> {
    let [neurons, bins, trials] = Axis::ALL.map(|axis| length(array, axes, axis));
    let stride = |axis| {
        let place = axes.iter().position(|&other| other == axis);
        place.map_or(0, |place| array.shape[place + 1..].iter().product::<usize>())
    };
    let [by_neuron, by_bin, by_trial] = Axis::ALL.map(stride);
    let bin = |start: usize| (0..neurons).map(move |n| array.data[start + n * by_neuron]);
    let trial = |k: usize| (0..bins).flat_map(|t| bin(k * by_trial + t * by_bin)).collect();
    (0..trials).map(trial).collect()
}

/// Every trial is there by itself.
fn one_by_one(blocks: Blocks, one_for_each_part: bool, trials: &mut Trials) {
    let mut row = 0;
    for (part, block) in blocks.parts.into_iter().enumerate() {
        for activity in block {
            // In a list of blocks an empty one has no trials.
            if !activity.is_empty() || one_for_each_part {
                trials.trials.push(Trial { activity, row, part, bins: 0..0 });
                row += 1;
            }
        }
    }
    trials.places.rows = row;
}

/// A trial begins where a label changes or a flag is set, and with every array of a list.
fn by_bins(
    source: &mut Source,
    path: &str,
    blocks: Blocks,
    options: &Options,
    trials: &mut Trials,
) -> Result<(), ReadError> {
    let neurons = blocks.neurons;
    let lengths: Vec<usize> =
        blocks.parts.iter().map(|part| part.concat().len() / neurons).collect();
    let bins = lengths.iter().sum();
    let labels = match (&options.trial_labels, &options.trial_starts) {
        (Some(path), None) => changes(&column(source, path, bins)?),
        (None, Some(path)) => flags(&column(source, path, bins)?),
        _ => {
            let found = "is told twice where trials begin";
            return Err(source.error(path, found, "either --trial-labels or --trial-starts"));
        }
    };
    let places = match &options.bin_index {
        Some(path) => Some((path, column(source, path, bins)?)),
        None => None,
    };
    let (mut first, mut total) = (0, 0);
    for (part, (block, length)) in blocks.parts.iter().zip(lengths).enumerate() {
        let activity = block.concat();
        let mut start = first;
        while start < first + length {
            let rest = start + 1..first + length;
            let end = rest.clone().find(|&bin| labels[bin]).unwrap_or(rest.end);
            let own = &activity[(start - first) * neurons..(end - first) * neurons];
            let activity = match &places {
                None => own.to_vec(),
                Some((path, places)) => placed(source, path, own, neurons, &places[start..end])?,
            };
            total += activity.len();
            if total > MOST_ENTRIES {
                return Err(source.error(path, "gives more entries than fit in memory", "fewer"));
            }
            let row = trials.trials.len();
            trials.trials.push(Trial { activity, row, part, bins: start..end });
            start = end;
        }
        first += length;
    }
    trials.places.rows = trials.trials.len();
    trials.places.bins = bins;
    Ok(())
}

/// A column with a value for each bin.
fn column(source: &mut Source, path: &str, bins: usize) -> Result<Vec<Cell>, ReadError> {
    let value = source.value(path)?;
    let cells = Cells::new(&value, bins).each;
    match cells.len() == bins {
        true => Ok(cells),
        false => {
            let found = format!("has {} values", cells.len());
            Err(source.error(path, found, format!("one for each of {bins} bins")))
        }
    }
}

fn changes(labels: &[Cell]) -> Vec<bool> {
    let change = |bin: usize| bin == 0 || labels[bin].order(&labels[bin - 1]).is_ne();
    (0..labels.len()).map(change).collect()
}

fn flags(flags: &[Cell]) -> Vec<bool> {
    flags.iter().map(|flag| flag.number().is_some_and(|flag| flag != 0.0)).collect()
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

/// A trial is a window around an event; bins beyond the ends of the array are missing.
fn by_events(
    source: &mut Source,
    path: &str,
    blocks: Blocks,
    options: &Options,
    trials: &mut Trials,
) -> Result<(), ReadError> {
    let neurons = blocks.neurons;
    let activity = blocks.parts.concat().concat();
    let recorded = activity.len() / neurons;
    let bin = trials.bin_seconds;
    let Events { times, rows, ends, count } =
        events::read(source, options, (0.0, recorded as f64 * bin))?;
    // Also of the bins that are asked for a whole number must fit.
    events::grid(source, options, options.bin.unwrap_or(bin))?;
    let grid = events::grid(source, options, bin)?;
    if times.len().saturating_mul(grid.bins).saturating_mul(neurons) > MOST_ENTRIES {
        return Err(source.error(path, "gives more entries than fit in memory", "fewer events"));
    }
    for (index, (&time, &row)) in times.iter().zip(&rows).enumerate() {
        let first = ((time + grid.start) / bin).round();
        let end = ends.as_ref().map_or(f64::INFINITY, |ends| ends[index]);
        let mut trial = Vec::with_capacity(grid.bins * neurons);
        for t in 0..grid.bins {
            let place = first + t as f64;
            // Half a bin of tolerance, as the start is rounded to the bins of the array.
            let ends_before = (place + 1.0) * bin > end + 0.5 * bin;
            if place < 0.0 || place >= recorded as f64 || ends_before {
                trial.extend(std::iter::repeat_n(f64::NAN, neurons));
            } else {
                let start = place as usize * neurons;
                trial.extend(&activity[start..start + neurons]);
            }
        }
        trials.trials.push(Trial { activity: trial, row, part: 0, bins: 0..0 });
    }
    trials.start_seconds = grid.start;
    trials.places.rows = count;
    Ok(())
}

/// The width of the bins of the array.
fn bin_seconds(source: &mut Source, options: &Options) -> Result<f64, ReadError> {
    let width = match (options.bin_seconds, &options.bin_seconds_array) {
        (Some(width), _) => width,
        (None, Some(path)) => {
            let array = source.numbers(path)?;
            match array.data[..] {
                [width] => width,
                _ => return Err(array.wrong_shape("a single number, the width of a bin")),
            }
        }
        (None, None) => {
            let found = "does not say how wide its bins are".to_owned();
            let expected = "--bin-seconds or --bin-seconds-array".to_owned();
            let flaw = Flaw::Content { found, expected };
            return Err(ReadError::of_file(source.path(), flaw));
        }
    };
    match width > 0.0 && width.is_finite() {
        true => Ok(width),
        false => {
            let found = format!("was told of bins of {width} s");
            let flaw = Flaw::Content { found, expected: "a positive number".to_owned() };
            Err(ReadError::of_file(source.path(), flaw))
        }
    }
}
