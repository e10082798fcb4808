//! Trials from arrays: with a trial axis, one for each trial, or continuous.

use super::cells::{Cell, Cells};
use super::continuous::Continuous;
use super::list_axes::{self, ListAxes};
use super::options::OptionName::{
    Align, AlignIndex, Axes, BinSeconds, BinSecondsArray, Every, TrialLabels, TrialStarts, Until,
    Window,
};
use super::options::{Axis, Options, wrong_choice, wrong_choice_of_file};
use super::realign;
use super::trials::{Places, Trial, Trials, numbered};
use crate::file::{Array, ReadError, ReadErrorKind, Source, Value};
use crate::scalar::Precision;

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
    notes: &mut Vec<String>,
) -> Result<Trials, ReadError> {
    let first = source.find(path)?.1.nodes().first().copied();
    let unit = first.and_then(|node| node.unit.clone());
    notes.extend(
        first.and_then(|node| node.scaled.as_ref()).map(|scaled| format!("{path} {scaled}")),
    );
    let value = source.value(path)?;
    let is_list = matches!(value, Value::List(_));
    let (arrays, axes) = arranged(source, path, value, axes)?;
    let blocks = blocks(source, path, &arrays, &axes)?;
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
    if !has_events && options.until.is_some() {
        let expected = format!("{Until} with {Align} alone");
        return Err(wrong_choice(source, path, "is not cut around events", expected));
    }
    if !has_events && options.align_index.is_none() && options.window.is_some() {
        let expected = format!("{Window} with {Align}, {Every} or, of trials, {AlignIndex}");
        return Err(wrong_choice(source, path, "is not cut around anything", expected));
    }
    match (has_trials || is_list, is_cut, has_events) {
        (_, true, true) => {
            let found = "is told twice where trials begin";
            let expected = format!("either {TrialLabels}, {TrialStarts} or events");
            return Err(wrong_choice(source, path, found, expected));
        }
        (_, true, false) if !has_trials => {
            Continuous { source, path, blocks, options, notes }.by_bins(&mut trials)?;
        }
        (false, false, true) if options.align_index.is_none() => {
            Continuous { source, path, blocks, options, notes }.by_events(&mut trials)?;
        }
        (true, false, false) => one_by_one(blocks, is_list && !has_trials, &mut trials),
        (false, false, false) => {
            let found = "has no trial axis";
            let expected = format!("{TrialLabels}, {TrialStarts}, {Align} or {Every} to cut it by");
            return Err(wrong_choice(source, path, found, expected));
        }
        _ => {
            let found = "holds trials already";
            let expected = format!(
                "no events, labels or starts to cut it by; {AlignIndex} cuts around a bin of each \
                 trial"
            );
            return Err(wrong_choice(source, path, found, expected));
        }
    }
    if let Some(index) = &options.align_index {
        realign::around_index(source, index, options, &mut trials)?;
    }
    Ok(trials)
}

/// Activity in the order of trials, bins and neurons.
pub(super) struct Blocks {
    pub neurons: usize,
    /// For each array of a list its trials; a continuous array has one.
    pub parts: Vec<Vec<Vec<f64>>>,
}

/// The arrays, and what their axes are.
///
/// Of a list with several axes the first names are theirs.
fn arranged(
    source: &Source,
    path: &str,
    value: Value,
    axes: &[Axis],
) -> Result<(Vec<Array>, Vec<Axis>), ReadError> {
    let Value::List(list) = value else {
        return match axes.iter().filter(|&&axis| axis == Axis::Trial).count() {
            0 | 1 => Ok((vec![single(source, value)?], axes.to_vec())),
            _ => {
                let expected = format!("{Axes} with one trial axis");
                Err(wrong_choice(source, path, "is a single array", expected))
            }
        };
    };
    let all = |list: Vec<Value>| {
        list.into_iter().map(|value| single(source, value)).collect::<Result<Vec<_>, _>>()
    };
    let of_list = list_axes::read(source, path)?;
    if of_list.lengths.len() < 2 {
        return Ok((all(list)?, axes.to_vec()));
    }
    match axes {
        [Axis::Trial, Axis::Trial, rest @ ..] if of_list.lengths.len() == 2 => {
            Ok((all(ListAxes::one_by_one(list))?, rest.to_vec()))
        }
        [first @ (Axis::Trial | Axis::Neuron), Axis::Trial | Axis::Neuron, Axis::Time] => {
            let trials = of_list.by_trial(list, *first == Axis::Trial).into_iter();
            let arrays = trials.map(|neurons| side_by_side(all(neurons)?));
            Ok((arrays.collect::<Result<_, _>>()?, vec![Axis::Time, Axis::Neuron]))
        }
        _ => {
            let lengths: Vec<_> = of_list.lengths.iter().map(usize::to_string).collect();
            let found = format!("is a list of {} arrays", lengths.join(" x "));
            let expected = format!(
                "{Axes} with those of the list before those of each array, such as \
                 trial,neuron,time or trial,trial,time,neuron"
            );
            Err(wrong_choice(source, path, found, expected))
        }
    }
}

fn single(source: &Source, value: Value) -> Result<Array, ReadError> {
    match value {
        Value::Numbers(array) => Ok(array),
        Value::Texts(texts) => Err(source.error(&texts.name, "holds strings", "numbers")),
        Value::List(_) => {
            Err(source.error("", "holds lists in lists of lists", "a list of arrays"))
        }
    }
}

/// The courses of neurons as one array (time, neuron).
fn side_by_side(neurons: Vec<Array>) -> Result<Array, ReadError> {
    let bins = neurons.first().map_or(0, |array| array.data.len());
    for array in &neurons {
        let is_course = array.shape.iter().filter(|&&length| length != 1).count() < 2;
        if array.data.len() != bins || !is_course {
            return Err(array.wrong_shape(format!("{bins} bins as the neuron before")));
        }
    }
    let count = neurons.len();
    let data = (0..bins).flat_map(|t| neurons.iter().map(move |array| array.data[t])).collect();
    let precision = neurons.first().map_or(Precision::Exact, |array| array.precision);
    let (path, name) = neurons.into_iter().next().map(|a| (a.path, a.name)).unwrap_or_default();
    Ok(Array { shape: vec![bins, count], data, precision, path, name })
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
            return Err(array.error(ReadErrorKind::Dimensions { shape: array.shape.clone(), axes }));
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
                let length = activity.len() / blocks.neurons;
                trials.trials.push(Trial { activity, row, part, bins: 0..length, length });
                row += 1;
            }
        }
    }
    trials.places.rows = row;
}

/// The width of the bins of the array.
fn bin_seconds(source: &mut Source, options: &Options) -> Result<f64, ReadError> {
    let width = match (options.bin_seconds, &options.bin_seconds_array) {
        (Some(width), _) => width,
        (None, Some(path)) => {
            let widths = Cells::new(&source.value(path)?, 1).each;
            let width = widths.first().and_then(Cell::number);
            // One for each trial may be the same in all.
            match width.filter(|_| widths.iter().all(|other| other.number() == width)) {
                Some(width) => width,
                None => {
                    let found = format!("holds {} values", widths.len());
                    return Err(source.error(path, found, "one number, the width of all bins"));
                }
            }
        }
        (None, None) => {
            let found = "does not say how wide its bins are";
            let expected = format!("{BinSeconds} or {BinSecondsArray}");
            return Err(wrong_choice_of_file(source, found, expected));
        }
    };
    if width > 0.0 && width.is_finite() {
        Ok(width)
    } else {
        let found = format!("was told of bins of {width} s");
        let flaw = ReadErrorKind::Content { found, expected: "a positive number".to_owned() };
        Err(ReadError::of_file(source.path(), flaw))
    }
}
