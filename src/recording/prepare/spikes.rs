//! Trials from spike times: counts in the bins of a window around each event.

use statrs::function::erf::erf;

use super::events::{self, Events};
use super::options::Options;
use super::trials::{MOST_ENTRIES, Places, Trial, Trials, numbered};
use crate::recording::error::{Flaw, ReadError};
use crate::recording::format::check_index;
use crate::recording::source::{Found, Source};
use crate::recording::value::Value;

/// Beyond so many standard deviations the Gaussian is nothing.
const TAIL: f64 = 5.0;

/// A neuron and when it was seen to fire.
struct Unit {
    name: String,
    /// In seconds, increasing.
    spikes: Vec<f64>,
    /// From when to when it was observed, increasing, if the file says so; else always.
    observed: Option<Vec<(f64, f64)>>,
}

/// Reads spike times and counts them in bins.
///
/// Smoothing spreads each spike over the bins by the exact integral of the Gaussian; what falls
/// outside of the time in which the neuron was observed is made up for.
///
/// # Errors
///
/// If there are no spike times, no events, no bin width, or no window.
pub(super) fn cut(
    source: &mut Source,
    path: &str,
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<Trials, ReadError> {
    let Some(bin) = options.bin.filter(|bin| *bin > 0.0 && bin.is_finite()) else {
        return Err(source.error(path, "holds spike times", "--bin SECONDS above 0 to count them"));
    };
    let mut units = units(source, path, options)?;
    if options.ignore_observed {
        units.iter_mut().for_each(|unit| unit.observed = None);
    }
    let spikes = || units.iter().flat_map(|unit| &unit.spikes);
    let first = spikes().copied().fold(f64::INFINITY, f64::min);
    let last = spikes().copied().fold(f64::NEG_INFINITY, f64::max);
    if first > last {
        return Err(source.error(path, "holds no spike", "some spikes"));
    }
    let Events { times, rows, ends, count } = events::read(source, options, (first, last))?;
    let grid = events::grid(source, options, bin)?;
    if times.len().saturating_mul(grid.bins).saturating_mul(units.len()) > MOST_ENTRIES {
        return Err(source.error(path, "gives more entries than fit in memory", "fewer events"));
    }
    let sigma = options.smooth_ms.unwrap_or(0.0) / 1000.0;
    let mut trials = Vec::new();
    let mut silent = 0;
    for (index, (&time, &row)) in times.iter().zip(&rows).enumerate() {
        let end = ends.as_ref().map_or(f64::INFINITY, |ends| ends[index]);
        let edges: Vec<f64> = (0..=grid.bins).map(|t| time + grid.start + t as f64 * bin).collect();
        // A hundredth of a bin of tolerance for how times are written.
        let bins = edges[1..].iter().take_while(|edge| **edge <= end + 0.01 * bin).count();
        let courses: Vec<_> =
            units.iter().map(|unit| unit.course(&edges[..=bins], sigma)).collect();
        let activity: Vec<f64> =
            (0..bins).flat_map(|t| courses.iter().map(move |course| course[t])).collect();
        silent += usize::from(!activity.is_empty() && activity.iter().all(|count| *count == 0.0));
        trials.push(Trial { activity, row, part: 0, bins: 0..0 });
    }
    let mut entries = trials.iter().flat_map(|trial| &trial.activity);
    if units.iter().any(|unit| unit.observed.is_some()) && entries.all(|entry| entry.is_nan()) {
        let found = "has no bin in which a neuron was observed";
        let expected = "events within obs_intervals, or --ignore-observed";
        return Err(source.error(path, found, expected));
    }
    if silent > 0 {
        notes.push(format!("{silent} trials have no spike of any neuron; were they recorded?"));
    }
    Ok(Trials {
        neurons: units.len(),
        neuron_names: units.into_iter().map(|unit| unit.name).collect(),
        bin_seconds: bin,
        start_seconds: grid.start,
        unit: Some("spikes per bin".to_owned()),
        counts: false,
        trials,
        places: Places { rows: count, ..Places::default() },
    })
}

impl Unit {
    /// Spikes between each two of some edges.
    fn course(&self, edges: &[f64], sigma: f64) -> Vec<f64> {
        let bins = edges.windows(2);
        if sigma > 0.0 || self.observed.is_some() {
            return bins.map(|bin| self.count(bin[0], bin[1], sigma)).collect();
        }
        let mut rest = &self.spikes[self.spikes.partition_point(|spike| *spike < edges[0])..];
        bins.map(|bin| {
            let count = rest.iter().take_while(|spike| **spike < bin[1]).count();
            rest = &rest[count..];
            count as f64
        })
        .collect()
    }

    /// Spikes from `low` to below `high`, each spread by a Gaussian if `sigma` is above 0; NaN if
    /// the neuron was not observed all that time.
    fn count(&self, low: f64, high: f64, sigma: f64) -> f64 {
        let always = (f64::NEG_INFINITY, f64::INFINITY);
        let (from, to) = match &self.observed {
            None => always,
            Some(intervals) => {
                let before = intervals.partition_point(|(from, _)| *from <= low);
                match before.checked_sub(1).map(|place| intervals[place]) {
                    Some(interval) if high <= interval.1 => interval,
                    _ => return f64::NAN,
                }
            }
        };
        let between = |from: f64, to: f64| {
            let first = self.spikes.partition_point(|spike| *spike < from);
            let last = self.spikes.partition_point(|spike| *spike < to);
            &self.spikes[first..last.max(first)]
        };
        if sigma == 0.0 {
            return between(low, high).len() as f64;
        }
        let mass = |low: f64, high: f64, centre: f64| {
            let part = |edge: f64| erf((edge - centre) / (sigma * std::f64::consts::SQRT_2));
            0.5 * (part(high) - part(low))
        };
        let near = between((low - TAIL * sigma).max(from), (high + TAIL * sigma).min(to));
        let sum: f64 = near.iter().map(|&spike| mass(low, high, spike)).sum();
        sum / mass(from, to, 0.5 * (low + high))
    }
}

/// The units of a table as NWB has it, or of a list with an array for each neuron.
fn units(source: &mut Source, path: &str, options: &Options) -> Result<Vec<Unit>, ReadError> {
    let (path, found) = source.find(path)?;
    let is_table = match &found {
        Found::One(node) => node.child("spike_times").is_some(),
        Found::Each(_) => false,
    };
    match is_table {
        true => table(source, &path, options.seconds()),
        false => list(source, &path, options.seconds()),
    }
}

fn table(source: &mut Source, path: &str, scale: f64) -> Result<Vec<Unit>, ReadError> {
    let spikes = ragged(source, path, "spike_times")?;
    let Some(spikes) = spikes else {
        let found = "has spike_times without spike_times_index";
        return Err(source.error(path, found, "which spikes are of which unit"));
    };
    let separator = source.separator();
    let has_ids = source.find(&format!("{path}{separator}id")).is_ok();
    let names = match has_ids {
        true => {
            let ids = source.numbers(&format!("{path}{separator}id"))?;
            ids.data.iter().map(f64::to_string).collect()
        }
        false => numbered(spikes.len(), source.first_index()),
    };
    if names.len() != spikes.len() {
        let found = format!("has {} ids for {} lists of spikes", names.len(), spikes.len());
        return Err(source.error(path, found, "one for each unit"));
    }
    let intervals = ragged(source, path, "obs_intervals")?;
    let intervals = intervals.filter(|intervals| intervals.len() == spikes.len());
    let unit = |(index, (name, spikes)): (usize, (String, Vec<f64>))| {
        let observed = intervals.as_ref().map(|intervals| {
            let pairs = intervals[index].as_chunks::<2>().0.iter();
            joined(pairs.map(|&[from, to]| (from * scale, to * scale)).collect())
        });
        Unit { name, spikes: in_order(spikes, scale), observed }
    };
    Ok(names.into_iter().zip(spikes).enumerate().map(unit).collect())
}

/// The lists of a column of lists: what is between two values of its index; none if the table has
/// no such column.
fn ragged(
    source: &mut Source,
    path: &str,
    column: &str,
) -> Result<Option<Vec<Vec<f64>>>, ReadError> {
    let separator = source.separator();
    let data = format!("{path}{separator}{column}");
    let index = format!("{data}_index");
    let (Ok((_, Found::One(data_node))), Ok((_, Found::One(index_node)))) =
        (source.find(&data), source.find(&index))
    else {
        return Ok(None);
    };
    let (data_node, index_node) = (data_node.clone(), index_node.clone());
    let ends = source.numbers(&index)?;
    let error = |flaw| ReadError::of_array(source.path(), &data, flaw);
    check_index(&ends.data, &data_node, &index_node).map_err(error)?;
    let values = source.numbers(&data)?;
    let width: usize = values.shape.iter().skip(1).product();
    let mut start = 0;
    let mut lists = Vec::new();
    for end in ends.data {
        if end.fract() != 0.0 {
            return Err(source.error(&index, format!("holds {end}"), "whole numbers"));
        }
        let end = end as usize * width;
        lists.push(values.data[start..end].to_vec());
        start = end;
    }
    Ok(Some(lists))
}

fn list(source: &mut Source, path: &str, scale: f64) -> Result<Vec<Unit>, ReadError> {
    let Value::List(list) = source.value(path)? else {
        let found = "is a single array".to_owned();
        let expected = "a table of units with spike_times, or a list of arrays such as spikes[]";
        let flaw = Flaw::Content { found, expected: expected.to_owned() };
        return Err(ReadError::of_array(source.path(), path, flaw));
    };
    let names = numbered(list.len(), source.first_index());
    let unit = |(name, value): (String, Value)| match value {
        Value::Numbers(array) if array.shape.iter().filter(|&&length| length > 1).count() < 2 => {
            Ok(Unit { name, spikes: in_order(array.data, scale), observed: None })
        }
        Value::Numbers(array) => Err(array.wrong_shape("the spike times of one neuron")),
        _ => Err(source.error(path, "holds other than arrays of numbers", "spike times")),
    };
    names.into_iter().zip(list).map(unit).collect()
}

/// Intervals in their order, those that touch or overlap made one.
fn joined(mut intervals: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    intervals.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut joined: Vec<(f64, f64)> = Vec::new();
    for (from, to) in intervals {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// Spike times in seconds and in their order, without those that are no times.
fn in_order(mut spikes: Vec<f64>, scale: f64) -> Vec<f64> {
    spikes.retain(|spike| spike.is_finite());
    spikes.iter_mut().for_each(|spike| *spike *= scale);
    spikes.sort_by(f64::total_cmp);
    spikes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(spikes: &[f64], observed: Option<Vec<(f64, f64)>>) -> Unit {
        Unit { name: "7".to_owned(), spikes: spikes.to_vec(), observed }
    }

    #[test]
    fn spikes_are_counted_from_the_lower_edge_to_below_the_upper() {
        let unit = unit(&[0.0, 0.1, 0.1, 0.2], None);
        assert_eq!(unit.count(0.0, 0.1, 0.0), 1.0);
        assert_eq!(unit.count(0.1, 0.2, 0.0), 2.0);
        assert_eq!(unit.count(0.2, 0.3, 0.0), 1.0);
        assert_eq!(unit.count(0.3, 0.4, 0.0), 0.0);
        assert_eq!(unit.course(&[0.0, 0.1, 0.2, 0.3, 0.4], 0.0), [1.0, 2.0, 1.0, 0.0]);
        assert_eq!(unit.course(&[0.05, 0.15], 0.0), [2.0]);
    }

    #[test]
    fn smoothing_spreads_spikes_and_keeps_their_number() {
        let unit = unit(&[0.5, 0.5, 0.72], None);
        let counts = |sigma| (0..20).map(move |t| f64::from(t) * 0.05).map(move |low| (low, sigma));
        let smooth: Vec<f64> =
            counts(0.04).map(|(low, sigma)| unit.count(low, low + 0.05, sigma)).collect();
        assert!((smooth.iter().sum::<f64>() - 3.0).abs() < 1e-6);
        // Symmetric around the two spikes at an edge, and by the error function: half of the
        // Gaussian lies above, of which the first bin of 1.25 standard deviations has 0.3944.
        assert!((smooth[9] - 2.0 * 0.394_350_226).abs() < 1e-6, "{}", smooth[9]);
    }

    #[test]
    fn bins_in_which_a_neuron_was_not_observed_are_missing() {
        let unit = unit(&[0.05, 0.95, 1.5], Some(vec![(0.0, 1.0), (2.0, 3.0)]));
        assert_eq!(unit.count(0.9, 1.0, 0.0), 1.0);
        assert!(unit.count(0.95, 1.05, 0.0).is_nan());
        assert!(unit.count(1.4, 1.6, 0.0).is_nan());
        assert_eq!(unit.count(2.0, 2.1, 0.0), 0.0);
        assert_eq!(joined(vec![(2.0, 3.0), (0.0, 1.0), (1.0, 1.5)]), [(0.0, 1.5), (2.0, 3.0)]);
        // A neuron that fires at a constant rate is seen to do so up to the edge.
        let steady: Vec<f64> = (0..1000).map(|i| (f64::from(i) + 0.5) / 1000.0).collect();
        let unit =
            super::Unit { name: String::new(), spikes: steady, observed: Some(vec![(0.0, 1.0)]) };
        assert!((unit.count(0.98, 1.0, 0.05) - 20.0).abs() < 0.1);
        assert!((unit.count(0.5, 0.52, 0.05) - 20.0).abs() < 1e-3);
    }
}
