//! Trials from series with times, such as fluorescence: means in the bins around each event.

use std::rc::Rc;

use super::bins::{Bins, Rounding};
use super::events::{self, Events, Interval};
use super::options::OptionName::Bin;
use super::options::{Options, wrong_choice};
use super::trials::{MAX_ENTRIES, Places, Trial, Trials};
use super::wildcard::fits;
use crate::file::{Found, Kind, Node, ReadError, Source};
use crate::scalar::Precision;

/// Samples further apart than so many times the usual are not joined across.
const GAP: f64 = 3.0;

/// Beyond so many standard deviations the Gaussian is nothing.
const TAIL: f64 = 4.0;

/// The samples of one neuron.
struct Series {
    name: String,
    /// When they were taken, in seconds, increasing.
    times: Rc<Vec<f64>>,
    values: Vec<f64>,
    /// By how much the times may be rounded.
    rounding: Rounding,
}

/// Reads series and averages their samples in bins.
///
/// A bin without a sample between two that are not far apart is interpolated. With smoothing, a bin
/// is the mean of the samples around its centre by the weights of the Gaussian. Neither goes across
/// gaps, where samples are more than three times as far apart as usual.
///
/// # Errors
///
/// If there is no series, its times do not fit its data, there are no events, no bin width or no
/// window, or bins are narrower than the samples are apart.
pub(super) fn cut(
    source: &mut Source,
    path: &str,
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<Trials, ReadError> {
    let Some(bin) = options.bin.filter(|bin| *bin > 0.0 && bin.is_finite()) else {
        let expected = format!("{Bin} above 0 s to average them");
        return Err(wrong_choice(source, path, "holds series", expected));
    };
    let groups = groups(source, path)?;
    let unit = unit(&groups, notes);
    let invalid = events::invalid(source, options)?;
    let mut series = Vec::new();
    for group in &groups {
        series.extend(read(source, group, options.sample_scale(), &invalid)?);
    }
    let interval = series.iter().map(Series::interval).fold(0.0, f64::max);
    if bin < interval * (1.0 - 1e-3) {
        let found = format!("has a sample every {interval:.4} s");
        return Err(source.error(path, found, format!("bins at least that wide, not {bin} s")));
    }
    let ends_of = |end: fn(&Vec<f64>) -> Option<&f64>| {
        series.iter().filter_map(move |series| end(&series.times).copied())
    };
    let span = (
        ends_of(|times| times.first()).fold(f64::INFINITY, f64::min),
        ends_of(|times| times.last()).fold(f64::NEG_INFINITY, f64::max) + interval,
    );
    let events = events::read(source, options, span)?;
    let grid = events::grid(source, options, bin)?;
    if events.times.len().saturating_mul(grid.bins).saturating_mul(series.len()) > MAX_ENTRIES {
        return Err(source.error(path, "gives more entries than fit in memory", "fewer events"));
    }
    events::notes_of_times("samples", span, &events, &grid, notes);
    let roundings = series.iter().map(|series| series.rounding);
    let rounding =
        roundings.reduce(Rounding::or).map_or(events.rounding, |r| r.and(events.rounding));
    let rounding = rounding.of_samples(interval);
    notes.extend(rounding.note(span.1, bin));
    let Events { times, rows, ends, count, .. } = events;
    let sigma = options.smooth_ms.unwrap_or(0.0) / 1000.0;
    let mut trials = Vec::new();
    let mut invalid_trials = 0;
    for (index, (&time, &row)) in times.iter().zip(&rows).enumerate() {
        let bins = grid.at(time, rounding);
        let over = ends.as_ref().map_or(grid.bins, |ends| bins.over_at(ends[index]));
        let means = |t| series.iter().map(move |series| series.mean(&bins, t, sigma, interval));
        let mut activity: Vec<f64> = (0..over).flat_map(means).collect();
        invalid_trials += usize::from(events::erase(&mut activity, series.len(), &bins, &invalid));
        trials.push(Trial { activity, row, ..Trial::default() });
    }
    events::note_of_invalid(invalid_trials, notes);
    notes.push(format!("{} series with a sample every {interval:.4} s", series.len()));
    Ok(Trials {
        neurons: series.len(),
        neuron_names: series.into_iter().map(|series| series.name).collect(),
        bin_seconds: bin,
        start_seconds: grid.start,
        unit,
        counts: false,
        trials,
        places: Places { rows: count, ..Places::default() },
    })
}

/// The unit of the first series; what is scaled and what has another unit is told.
fn unit(groups: &[(String, Node)], notes: &mut Vec<String>) -> Option<String> {
    let data: Vec<&Node> = groups.iter().filter_map(|(_, group)| group.child("data")).collect();
    let mut scaled: Vec<&String> = data.iter().filter_map(|data| data.scaled.as_ref()).collect();
    scaled.dedup();
    notes.extend(scaled.iter().map(|scaled| format!("data {scaled}")));
    let mut units: Vec<&str> =
        data.iter().map(|data| data.unit.as_deref().unwrap_or("none")).collect();
    units.sort_unstable();
    units.dedup();
    if units.len() > 1 {
        notes.push(format!("series have different units: {}", units.join(", ")));
    }
    data.first().and_then(|data| data.unit.clone())
}

impl Series {
    /// The usual time between two samples: the median.
    fn interval(&self) -> f64 {
        let mut steps: Vec<f64> = self.times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        steps.sort_by(f64::total_cmp);
        steps.get(steps.len() / 2).copied().unwrap_or(0.0)
    }

    /// The mean in a bin, or by the weights of a Gaussian around its centre.
    fn mean(&self, bins: &Bins, bin: usize, sigma: f64, interval: f64) -> f64 {
        let times = &*self.times;
        let centre = 0.5 * (bins.edge(bin) + bins.edge(bin + 1));
        let within = bins.places(times, bin);
        let next = bins.first_from(times, centre);
        let joined = |place: usize| times[place] - times[place - 1] <= GAP * interval;
        let between = next > 0 && next < times.len() && joined(next);
        if within.is_empty() && !between {
            return f64::NAN;
        }
        if sigma > 0.0 {
            // A sample of the bin, or else of the two around its centre, which are joined.
            let anchor =
                if within.is_empty() { next } else { next.clamp(within.start, within.end - 1) };
            return self.weighted(bins, centre, sigma, anchor, joined);
        }
        if !within.is_empty() {
            let values = &self.values[within];
            return values.iter().sum::<f64>() / values.len() as f64;
        }
        let share = (centre - times[next - 1]) / (times[next] - times[next - 1]);
        self.values[next - 1] * (1.0 - share) + self.values[next] * share
    }

    /// The mean by the weights of a Gaussian, of samples that are joined to the one at `anchor`.
    fn weighted(
        &self,
        bins: &Bins,
        centre: f64,
        sigma: f64,
        anchor: usize,
        joined: impl Fn(usize) -> bool,
    ) -> f64 {
        // As many samples on one side as on the other, where they stand on the ends.
        let low = bins.first_from(&self.times, centre - TAIL * sigma);
        let high = bins.first_behind(&self.times, centre + TAIL * sigma);
        let before = (low..anchor).rev().take_while(|&i| joined(i + 1));
        let after =
            (anchor..self.times.len()).take_while(|&i| i == anchor || (joined(i) && i < high));
        let (mut sum, mut weights) = (0.0, 0.0);
        for i in before.chain(after) {
            let weight = (-0.5 * ((self.times[i] - centre) / sigma).powi(2)).exp();
            sum += weight * self.values[i];
            weights += weight;
        }
        // A Gaussian that is narrower than the samples are apart sees none of them.
        if weights > 0.0 { sum / weights } else { self.values[anchor] }
    }
}

/// The groups that are series, at least one, by their path.
fn groups(source: &Source, path: &str) -> Result<Vec<(String, Node)>, ReadError> {
    let separator = source.separator();
    let (above, pattern) = match path.rsplit_once('/') {
        Some((above, last)) if last.contains('*') => (above, Some(last)),
        None if path.contains('*') => ("", Some(path)),
        _ => (path, None),
    };
    let (above, found) = source.find(above)?;
    let Found::One(group) = found else {
        return Err(source.error(path, "is a list", "a group of series"));
    };
    let mut groups = Vec::new();
    match pattern {
        None if is_series(group) => groups.push((above, group.clone())),
        _ => {
            let children = group.children.iter().filter(|child| is_series(child));
            let fitting = children.filter(|child| pattern.is_none_or(|p| fits(p, &child.name)));
            groups.extend(
                fitting.map(|child| (format!("{above}{separator}{}", child.name), child.clone())),
            );
        }
    }
    if groups.is_empty() {
        let expected = "series: groups with data and timestamps or a rate";
        Err(source.error(path, "holds no series", expected))
    } else {
        Ok(groups)
    }
}

/// Snippets of waveforms have times, too, but are no course of anything.
fn is_series(node: &Node) -> bool {
    node.element != "SpikeEventSeries"
        && node.child("data").is_some_and(|data| data.kind == Kind::Numbers)
        && (node.child("timestamps").is_some() || node.child("starting_time").is_some())
}

/// The series of a group: one, or one for each column of its data.
fn read(
    source: &mut Source,
    (path, group): &(String, Node),
    scale: f64,
    invalid: &[Interval],
) -> Result<Vec<Series>, ReadError> {
    let separator = source.separator();
    let part = |name: &str| format!("{path}{separator}{name}");
    let data = source.numbers(&part("data"))?;
    let (samples, neurons) = match data.shape[..] {
        [samples] => (samples, 1),
        [samples, neurons] => (samples, neurons),
        _ => return Err(data.wrong_shape("(time,) or (time, neuron)")),
    };
    let (times, precision) = match group.child("timestamps") {
        Some(_) => {
            let times = source.numbers(&part("timestamps"))?;
            times.expect_shape(&[samples])?;
            (times.data.iter().map(|time| time * scale).collect(), times.precision)
        }
        None => {
            let start = source.numbers(&part("starting_time"))?;
            let rate = group.child("starting_time").and_then(|node| node.rate);
            let (Some(rate), [start]) = (rate.filter(|rate| *rate > 0.0), &start.data[..]) else {
                let found = "does not say how many samples there are for each second";
                return Err(source.error(&part("starting_time"), found, "an attribute rate"));
            };
            let times = (0..samples).map(|i| start * scale + i as f64 / rate).collect::<Vec<f64>>();
            (times, precision_of_rate(rate))
        }
    };
    if let Some(place) = times.windows(2).position(|pair| pair[1] <= pair[0] || pair[1].is_nan()) {
        let found = format!("falls from {} to {}", times[place], times[place + 1]);
        return Err(source.error(&part("timestamps"), found, "times that increase"));
    }
    let is_valid = |time: f64| invalid.iter().all(|&(from, to)| time < from || time >= to);
    let valid: Vec<bool> = times.iter().map(|&time| is_valid(time)).collect();
    let times = Rc::new(times);
    let series = |neuron: usize| {
        let values = data.data.iter().skip(neuron).step_by(neurons).copied().zip(&valid);
        let values = values.map(|(value, valid)| if *valid { value } else { f64::NAN });
        let name = match neurons {
            1 => group.name.clone(),
            _ => format!("{}[{neuron}]", group.name),
        };
        recorded(name, &times, values.collect(), Rounding::of(precision))
    };
    Ok((0..neurons).map(series).collect())
}

/// How exactly a rate is known: a float32, as NWB asks for, unless it is a whole number.
fn precision_of_rate(rate: f64) -> Precision {
    let is_single = f64::from(rate as f32) == rate && rate.fract() != 0.0;
    if is_single { Precision::Single } else { Precision::Double }
}

/// The samples that are there; times and values that are not numbers are left out.
fn recorded(name: String, times: &Rc<Vec<f64>>, values: Vec<f64>, rounding: Rounding) -> Series {
    if values.iter().all(|value| value.is_finite()) {
        return Series { name, times: times.clone(), values, rounding };
    }
    let pairs = times.iter().zip(values).filter(|(_, value)| value.is_finite());
    let (times, values): (Vec<f64>, Vec<f64>) = pairs.unzip();
    Series { name, times: Rc::new(times), values, rounding }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn doubles() -> Rounding {
        Rounding::of(Precision::Double).of_samples(1.0)
    }

    fn series(times: &[f64], values: &[f64]) -> Series {
        recorded(String::new(), &Rc::new(times.to_vec()), values.to_vec(), doubles())
    }

    #[test]
    fn rates_of_single_precision_are_known_to_be_rounded() {
        // 30.3 as float32, over an hour: the last sample is off by 0.2 ms.
        assert_eq!(precision_of_rate(f64::from(30.3_f32)), Precision::Single);
        assert_eq!(precision_of_rate(30.3), Precision::Double);
        assert_eq!(precision_of_rate(30_000.0), Precision::Double);
    }

    /// The mean of a series with a sample each second between two times.
    fn mean(series: &Series, low: f64, high: f64, sigma: f64) -> f64 {
        series.mean(&Bins::new(low, high - low, 1, doubles()), 0, sigma, 1.0)
    }

    #[test]
    fn bins_are_means_or_interpolated_and_missing_in_gaps() {
        let series = series(&[0.0, 1.0, 2.0, 3.0, 10.0, 11.0], &[0.0, 2.0, 4.0, 8.0, 1.0, 1.0]);
        let mean = |low, high| mean(&series, low, high, 0.0);
        assert_eq!(mean(0.0, 2.0), 1.0);
        assert_eq!(mean(1.0, 4.0), 14.0 / 3.0);
        assert_eq!(mean(0.2, 0.8), 1.0, "halfway between the first two");
        assert!(mean(5.0, 8.0).is_nan(), "a gap");
        assert!(mean(-3.0, -1.0).is_nan() && mean(12.0, 13.0).is_nan(), "beyond the ends");
        assert_eq!(series.interval(), 1.0);
    }

    #[test]
    fn smoothing_is_normalised_at_the_ends_and_stays_on_its_side_of_a_gap() {
        let times: Vec<f64> = (0..10).map(f64::from).chain((30..40).map(f64::from)).collect();
        let values = vec![5.0; 10].into_iter().chain(vec![-5.0; 10]).collect::<Vec<_>>();
        let series = series(&times, &values);
        for (low, expected) in [(0.0, 5.0), (4.0, 5.0), (9.0, 5.0), (30.0, -5.0)] {
            let found = mean(&series, low, low + 1.0, 50.0);
            assert!((found - expected).abs() < 1e-12, "{found} at {low}");
        }
        let step = super::tests::series(&[0.0, 1.0, 2.0], &[0.0, 1.0, 0.0]);
        let (one, two) = ((-0.5_f64 * 0.25).exp(), (-0.5_f64 * 2.25).exp());
        let expected = one / (2.0 * one + two);
        assert!((mean(&step, 0.0, 1.0, 1.0) - expected).abs() < 1e-12);
    }

    proptest! {
        /// Of samples that count themselves each bin has the mean of its own, and no other.
        #[test]
        fn samples_on_the_edges_of_bins_are_taken_once(
            rate in 10_u32..=1000,
            steps in 1_usize..=20,
            milliseconds in 0_u32..3_000_000,
            first in 0_usize..500,
        ) {
            let (rate, start) = (f64::from(rate), f64::from(milliseconds) / 1000.0);
            let times: Vec<f64> = (0..1000).map(|i| start + f64::from(i) / rate).collect();
            let values: Vec<f64> = (0..1000).map(f64::from).collect();
            let rounding = doubles().of_samples(1.0 / rate);
            let series = recorded(String::new(), &Rc::new(times), values, rounding);
            let width = steps as f64 / rate;
            let bins = Bins::new(start + first as f64 / rate, width, 20, rounding);
            for bin in 0..20 {
                let expected = (first + bin * steps) as f64 + 0.5 * (steps as f64 - 1.0);
                prop_assert_eq!(series.mean(&bins, bin, 0.0, 1.0 / rate), expected);
            }
        }
    }
}
