//! Which trials and neurons stay.

use super::columns::{self, Order};
use super::events;
use super::options::OptionName::{self, MinRate};
use super::options::{Options, wrong_choice_of_file};
use super::trials::{Kept, Trials};
use crate::file::{ReadError, ReadErrorKind, Source};
use crate::recording::prepared::{Quantity, Recording};

/// Takes the neurons that were asked for; returns how many there were.
///
/// # Errors
///
/// If there is none of them, or a column does not have a value for each.
pub(super) fn neurons(
    source: &mut Source,
    trials: &mut Trials,
    options: &Options,
) -> Result<usize, ReadError> {
    let all = trials.neurons;
    let mut places = match &options.neurons {
        Some(text) => places(source, text, all)?,
        None => (0..all).collect(),
    };
    for filter in &options.neurons_where {
        let fulfilled = columns::fulfilled_by_neurons(source, filter, all)?;
        places.retain(|&place| fulfilled[place]);
    }
    if places.is_empty() {
        let found = format!("has none of the neurons that were asked for among {all}");
        let flaw = ReadErrorKind::Content { found, expected: "at least one".to_owned() };
        return Err(ReadError::of_file(source.path(), flaw));
    }
    if places.len() < all || places.iter().enumerate().any(|(index, &place)| index != place) {
        trials.take_neurons(&places);
    }
    Ok(all)
}

/// The places that `0..9,12` names, or that an array holds.
fn places(source: &mut Source, text: &str, all: usize) -> Result<Vec<usize>, ReadError> {
    let base = source.first_index();
    let numbers: Vec<f64> = match ranges(text, base + all) {
        Some(numbers) => numbers.into_iter().map(|number| number as f64).collect(),
        None => of_array(source, text, all)?,
    };
    let last = base + all - 1;
    let place = |&number: &f64| {
        let fits = number.fract() == 0.0 && (base as f64..=last as f64).contains(&number);
        if fits { Ok(number as usize - base) } else { Err(number) }
    };
    let places: Result<Vec<usize>, f64> = numbers.iter().map(place).collect();
    let mut places = places.map_err(|number| {
        let found = format!("has no neuron {number}");
        let flaw =
            ReadErrorKind::Content { found, expected: format!("places from {base} to {last}") };
        ReadError::of_file(source.path(), flaw)
    })?;
    places.sort_unstable();
    places.dedup();
    Ok(places)
}

/// The places that an array holds, or of flags those where they are set.
fn of_array(source: &mut Source, path: &str, all: usize) -> Result<Vec<f64>, ReadError> {
    let array = events::column(source, path, "place for each neuron")?;
    let is_flags = source.find(path)?.1.nodes().iter().all(|node| node.element == "bool");
    if !is_flags {
        return Ok(array.data);
    }
    if array.data.len() != all {
        let expected = format!("a flag for each of {all} neurons");
        return Err(array.wrong_shape(expected));
    }
    let base = source.first_index();
    let set = (0..all).filter(|&place| array.data[place] != 0.0);
    Ok(set.map(|place| (place + base) as f64).collect())
}

/// The numbers of `0..9,12`, both ends included and none above `most`; none if it is a path.
fn ranges(text: &str, most: usize) -> Option<Vec<usize>> {
    let range = |part: &str| {
        let (first, last) = part.split_once("..").unwrap_or((part, part));
        let first: usize = first.trim().parse().ok()?;
        let last: usize = last.trim().parse().ok()?;
        // One too many, so that it is seen to be.
        Some(first.min(most)..=last.min(most))
    };
    let ranges: Option<Vec<_>> = text.split(',').map(range).collect();
    Some(ranges?.into_iter().flatten().collect())
}

/// Takes the trials that were asked for and in which something was recorded, and gives them their
/// numbers, conditions and epochs.
///
/// # Errors
///
/// If none remains, or a column does not fit.
pub(super) fn trials(
    source: &mut Source,
    trials: &mut Trials,
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<Kept, ReadError> {
    let all = trials.trials.len();
    if all == 0 {
        let flaw = ReadErrorKind::Content {
            found: "has no trial".to_owned(),
            expected: "at least one".to_owned(),
        };
        return Err(ReadError::of_file(source.path(), flaw));
    }
    if trials.places.rows > all {
        notes.push(format!("{} events without a time are left out", trials.places.rows - all));
    }
    let numbers = numbers(source, trials, options, notes)?;
    let mut keep: Vec<bool> = vec![true; all];
    let mut leave_out = |out: Vec<bool>, why: &str, keep: &mut Vec<bool>| {
        let before = keep.iter().filter(|keep| **keep).count();
        keep.iter_mut().zip(out).for_each(|(keep, out)| *keep &= !out);
        let dropped = before - keep.iter().filter(|keep| **keep).count();
        if dropped > 0 {
            notes.push(format!("{dropped} of {all} trials left out: {why}"));
        }
    };
    let empty = trials.trials.iter().map(|trial| trial.activity.is_empty()).collect();
    leave_out(empty, "nothing was recorded in them", &mut keep);
    for filter in &options.filters {
        let fulfilled = columns::fulfilled(source, filter, trials, options.column_at)?;
        let why = format!("not {}{}{}", filter.column, filter.comparison, filter.value);
        leave_out(fulfilled.iter().map(|held| !held).collect(), &why, &mut keep);
    }
    if let Some(ranges) = &options.trials {
        let out = numbers.iter().map(|&number| !ranges.contain(number)).collect();
        leave_out(out, &format!("other numbers than {}", OptionName::Trials), &mut keep);
    }
    let at = options.column_at;
    let mut column = |path: &Option<String>, order| match path {
        // Without a column all trials are one.
        None => Ok((vec![0; keep.iter().filter(|keep| **keep).count()], vec!["all".to_owned()])),
        Some(path) => {
            let cells = columns::of_trials(source, path, trials, at)?;
            Ok(columns::categories(&retained(cells, &keep), order))
        }
    };
    let conditions = column(&options.condition, Order::Sorted)?;
    let epochs = column(&options.epoch, Order::Appearance)?;
    let mut kept = keep.iter();
    trials.trials.retain(|_| *kept.next().unwrap_or(&false));
    shorten(trials, options, notes);
    Ok(Kept {
        numbers: retained(numbers, &keep),
        conditions: conditions.0,
        condition_names: conditions.1,
        epochs: epochs.0,
        epoch_names: epochs.1,
    })
}

/// Cuts trials that are longer than asked for.
fn shorten(trials: &mut Trials, options: &Options, notes: &mut Vec<String>) {
    let Some(bins) = options.max_bins else { return };
    let longest = bins.saturating_mul(trials.neurons);
    let long = trials.trials.iter_mut().filter(|trial| trial.activity.len() > longest);
    let count = long.map(|trial| trial.activity.truncate(longest)).count();
    if count > 0 {
        notes.push(format!("{count} trials cut after {bins} bins"));
    }
}

fn retained<T>(values: Vec<T>, keep: &[bool]) -> Vec<T> {
    values.into_iter().zip(keep).filter(|(_, keep)| **keep).map(|(value, _)| value).collect()
}

/// The numbers of the trials in their session: those of a column, or else their places.
fn numbers(
    source: &mut Source,
    trials: &Trials,
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<Vec<i64>, ReadError> {
    let base = source.first_index() as i64;
    let Some(path) = &options.trial_number else {
        let rows: Vec<i64> = trials.trials.iter().map(|trial| trial.row as i64 + base).collect();
        if rows.is_sorted() {
            return Ok(rows);
        }
        notes.push("events are not in the order of time: trials are numbered by time".to_owned());
        return Ok((base..).take(rows.len()).collect());
    };
    let cells = columns::of_trials(source, path, trials, options.column_at)?;
    let number = |cell: &super::cells::Cell| {
        cell.number().filter(|number| number.fract() == 0.0).map(|number| number as i64)
    };
    let numbers: Option<Vec<i64>> = cells.iter().map(number).collect();
    let Some(numbers) = numbers else {
        return Err(source.error(path, "holds other than whole numbers", "numbers of trials"));
    };
    match numbers.windows(2).find(|pair| pair[0] >= pair[1]) {
        None => Ok(numbers),
        Some(pair) => {
            let found = format!("holds {} after {}", pair[1], pair[0]);
            Err(source.error(path, found, "numbers of trials that increase"))
        }
    }
}

/// Drops neurons that were never recorded or fire too rarely; `all` is how many there were.
///
/// # Errors
///
/// If none remains, or a rate is asked for of what is no count.
pub(super) fn active_neurons(
    source: &Source,
    recording: &mut Recording,
    all: usize,
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<(), ReadError> {
    let refused = |found: String, expected: &str| {
        let flaw = ReadErrorKind::Content { found, expected: expected.to_owned() };
        Err(ReadError::of_file(source.path(), flaw))
    };
    if options.min_rate.is_some() && !is_rate(recording, options) {
        let expected = format!("counts, for which alone {MinRate} has a meaning");
        return Err(wrong_choice_of_file(source, "does not hold counts", expected));
    }
    let rates = rates(recording);
    let chosen = recording.neurons;
    if chosen < all {
        notes.push(format!("{chosen} of {all} neurons were asked for"));
    }
    let unseen = rates.iter().filter(|rate| rate.is_nan()).count();
    if unseen > 0 {
        notes.push(format!("{unseen} of {chosen} neurons left out: never recorded"));
    }
    let least = options.min_rate.unwrap_or(f64::NEG_INFINITY);
    let silent = rates.iter().filter(|rate| **rate < least).count();
    if silent > 0 {
        notes.push(format!("{silent} of {chosen} neurons left out: below {least} for each second"));
    }
    let places: Vec<usize> = (0..chosen).filter(|&n| rates[n] >= least).collect();
    if places.is_empty() {
        return refused(format!("has {chosen} neurons, none of which is active"), "at least one");
    }
    if places.len() < chosen {
        take(recording, &places);
    }
    Ok(())
}

/// Counts, or counts of spikes that were spread by smoothing.
fn is_rate(recording: &Recording, options: &Options) -> bool {
    recording.quantity == Quantity::Counts
        || matches!(options.what, super::options::Selection::Spikes { .. })
}

/// The mean of each neuron for each second; NaN if it was never recorded.
fn rates(recording: &Recording) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); recording.neurons];
    for bin in recording.activity.chunks_exact(recording.neurons) {
        for (sum, entry) in sums.iter_mut().zip(bin).filter(|(_, entry)| !entry.is_nan()) {
            *sum = (sum.0 + entry, sum.1 + recording.bin_seconds);
        }
    }
    sums.into_iter().map(|(sum, seconds)| sum / seconds).collect()
}

/// Takes the neurons at these places.
pub(super) fn take(recording: &mut Recording, places: &[usize]) {
    let bins = recording.activity.chunks_exact(recording.neurons);
    recording.activity = bins.flat_map(|bin| places.iter().map(|&n| bin[n])).collect();
    recording.neuron_names =
        places.iter().map(|&place| recording.neuron_names[place].clone()).collect();
    recording.neurons = places.len();
}
