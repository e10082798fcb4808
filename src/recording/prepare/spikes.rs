//! Trials from spike times: counts in the bins of a window around each event.

use statrs::function::erf::erf;

use super::bins::{Bins, Rounding};
use super::columns;
use super::events::{self, Events, Grid, Interval};
use super::options::OptionName::{self, Bin, Every, IgnoreObserved};
use super::options::{Options, wrong_choice};
use super::trials::{MAX_ENTRIES, Places, Trial, Trials};
use super::units::{self, Spikes, Unit};
use crate::file::{ReadError, Source};
use crate::scalar::Precision;

/// Beyond so many standard deviations the Gaussian is nothing.
const TAIL: f64 = 5.0;

/// When a neuron is observed of which nothing is said.
const ALWAYS: Interval = (f64::NEG_INFINITY, f64::INFINITY);

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
        let expected = format!("{Bin} above 0 s to count them");
        return Err(wrong_choice(source, path, "holds spike times", expected));
    };
    let (mut spikes, rounding) = units::read(source, path, options, notes)?;
    let cut = match &mut spikes {
        Spikes::OfSession(units) => of_session(source, path, units, rounding, bin, options, notes)?,
        Spikes::OfTrials(trials) => of_trials(source, path, trials, rounding, bin, options)?,
    };
    let silent = |trial: &&Trial| {
        let recorded = trial.activity.iter().any(|entry| !entry.is_nan());
        recorded && trial.activity.iter().all(|entry| entry.is_nan() || *entry == 0.0)
    };
    let silent = cut.trials.iter().filter(silent).count();
    if silent > 0 {
        notes.push(format!("{silent} trials have no spike of any neuron; were they recorded?"));
    }
    let latest = cut.latest;
    notes.extend(rounding.note(latest, bin));
    let units = spikes.first();
    Ok(Trials {
        neurons: units.len(),
        neuron_names: units.iter().map(|unit| unit.name.clone()).collect(),
        bin_seconds: bin,
        start_seconds: cut.grid.start,
        unit: Some("spikes per bin".to_owned()),
        counts: false,
        trials: cut.trials,
        places: Places { rows: cut.rows, ..Places::default() },
    })
}

/// Trials, and how they were cut.
struct Cut {
    grid: Grid,
    trials: Vec<Trial>,
    /// Rows that a column with a value for each trial has.
    rows: usize,
    /// The latest of the times by which trials were cut, in seconds.
    latest: f64,
}

/// Cuts spikes of a whole session around events.
fn of_session(
    source: &mut Source,
    path: &str,
    units: &mut [Unit],
    rounding: Rounding,
    bin: f64,
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<Cut, ReadError> {
    let Some(span) = span(units) else {
        return Err(source.error(path, "holds no spike", "some spikes"));
    };
    let events = events::read(source, options, span)?;
    let grid = events::grid(source, options, bin)?;
    check_size(source, path, [events.times.len(), grid.bins, units.len()])?;
    let invalid = events::invalid(source, options)?;
    if !invalid.is_empty() {
        units.iter_mut().for_each(|unit| unit.hide(&invalid));
    }
    events::notes_of_times("spikes", span, &events, &grid, notes);
    let rounding = rounding.and(events.rounding);
    let sigma = options.smooth_ms.unwrap_or(0.0) / 1000.0;
    let Events { times, rows, ends, count, .. } = events;
    let mut trials = Vec::new();
    let mut invalid_trials = 0;
    for (index, (&time, &row)) in times.iter().zip(&rows).enumerate() {
        let bins = grid.at(time, rounding);
        let over = ends.as_ref().map_or(grid.bins, |ends| bins.over_at(ends[index]));
        let activity = activity(units, &bins, over, sigma);
        invalid_trials += usize::from((0..over).any(|t| bins.meets(t, &invalid)));
        trials.push(Trial { activity, row, ..Trial::default() });
    }
    let mut entries = trials.iter().flat_map(|trial| &trial.activity);
    if units.iter().any(|unit| unit.observed.is_some()) && entries.all(|entry| entry.is_nan()) {
        let found = "has no bin in which a neuron was observed";
        let expected =
            format!("events within obs_intervals and out of invalid_times, or {IgnoreObserved}");
        return Err(wrong_choice(source, path, found, expected));
    }
    events::note_of_invalid(invalid_trials, notes);
    let latest = times.last().copied().unwrap_or(0.0);
    Ok(Cut { grid, trials, rows: count, latest })
}

/// Cuts spikes that are stored trial by trial, on the clock of each trial or of the session: around
/// an event of each trial, or around 0.
fn of_trials(
    source: &mut Source,
    path: &str,
    trials: &[Vec<Unit>],
    rounding: Rounding,
    bin: f64,
    options: &Options,
) -> Result<Cut, ReadError> {
    if options.every.is_some() {
        let found = "holds spikes trial by trial";
        let expected = format!("{} in place of {Every}", OptionName::Window);
        return Err(wrong_choice(source, path, found, expected));
    }
    let grid = events::grid(source, options, bin)?;
    let neurons = trials.first().map_or(0, Vec::len);
    check_size(source, path, [trials.len(), grid.bins, neurons])?;
    let mut times = |column: &Option<String>, otherwise: f64| match column {
        Some(path) => of_each(source, path, trials.len(), options.event_scale()),
        None => Ok(vec![otherwise; trials.len()]),
    };
    let events = times(&options.align, 0.0)?;
    let ends = times(&options.until, f64::INFINITY)?;
    let rounding = rounding.and(Rounding::of(Precision::Double));
    let sigma = options.smooth_ms.unwrap_or(0.0) / 1000.0;
    let with_event = (0..trials.len()).filter(|&row| events[row].is_finite());
    let trial = |row: usize| {
        let bins = grid.at(events[row], rounding);
        let activity = activity(&trials[row], &bins, bins.over_at(ends[row]), sigma);
        Trial { activity, row, part: row, ..Trial::default() }
    };
    let latest = events.iter().copied().filter(|time| time.is_finite()).fold(0.0, f64::max);
    Ok(Cut { grid, trials: with_event.map(trial).collect(), rows: trials.len(), latest })
}

/// The time that a column has for each trial, in seconds; NaN where it has none.
fn of_each(
    source: &mut Source,
    path: &str,
    trials: usize,
    scale: f64,
) -> Result<Vec<f64>, ReadError> {
    let cells = columns::read(source, path, trials)?.each;
    if cells.len() != trials {
        let found = format!("has {} values", cells.len());
        return Err(source.error(path, found, format!("a time for each of {trials} trials")));
    }
    Ok(cells.iter().map(|cell| cell.number().map_or(f64::NAN, |time| time * scale)).collect())
}

fn check_size(source: &Source, path: &str, axes: [usize; 3]) -> Result<(), ReadError> {
    let entries = axes.into_iter().fold(1, usize::saturating_mul);
    if entries > MAX_ENTRIES {
        Err(source.error(path, "gives more entries than fit in memory", "fewer events"))
    } else {
        Ok(())
    }
}

/// The first and the last spike; none if there is no spike.
fn span(units: &[Unit]) -> Option<Interval> {
    let first = units.iter().filter_map(|unit| unit.spikes.first());
    let last = units.iter().filter_map(|unit| unit.spikes.last());
    let span = (
        first.copied().fold(f64::INFINITY, f64::min),
        last.copied().fold(f64::NEG_INFINITY, f64::max),
    );
    (span.0 <= span.1).then_some(span)
}

/// The counts of all units in the first so many bins, bin by bin.
fn activity(units: &[Unit], bins: &Bins, over: usize, sigma: f64) -> Vec<f64> {
    let courses: Vec<_> = units.iter().map(|unit| unit.course(bins, over, sigma)).collect();
    (0..over).flat_map(|t| courses.iter().map(move |course| course[t])).collect()
}

impl Unit {
    /// Takes some times for ones at which the neuron was not observed.
    fn hide(&mut self, invalid: &[Interval]) {
        let observed = self.observed.take().unwrap_or_else(|| vec![ALWAYS]);
        self.observed = Some(events::without(&observed, invalid));
    }

    /// Spikes in each of the first so many bins, each spread by a Gaussian if `sigma` (in seconds)
    /// is above 0; NaN where the neuron was not observed.
    fn course(&self, bins: &Bins, over: usize, sigma: f64) -> Vec<f64> {
        let observed = |bin: usize| match &self.observed {
            None => Some(ALWAYS),
            Some(intervals) => bins.interval_around(bin, intervals),
        };
        let mut first = bins.first(&self.spikes, 0);
        let count = |bin: usize| {
            let spikes = bins.first(&self.spikes[first..], bin + 1);
            first += spikes;
            spikes as f64
        };
        let counts: Vec<f64> = (0..over).map(count).collect();
        let of_bin = |(bin, count): (usize, f64)| match observed(bin) {
            None => f64::NAN,
            Some(_) if sigma == 0.0 => count,
            Some(interval) => self.spread(bins, bin, interval, sigma),
        };
        counts.into_iter().enumerate().map(of_bin).collect()
    }

    /// The mass of all spikes in a bin, each being a Gaussian, for a neuron that was observed
    /// between two times.
    fn spread(&self, bins: &Bins, bin: usize, (from, to): Interval, sigma: f64) -> f64 {
        let (low, high) = (bins.edge(bin), bins.edge(bin + 1));
        let mass = |low: f64, high: f64, centre: f64| {
            let part = |edge: f64| erf((edge - centre) / (sigma * std::f64::consts::SQRT_2));
            0.5 * (part(high) - part(low))
        };
        let first = bins.first_from(&self.spikes, (low - TAIL * sigma).max(from));
        let last = bins.first_from(&self.spikes, (high + TAIL * sigma).min(to)).max(first);
        let sum: f64 = self.spikes[first..last].iter().map(|&spike| mass(low, high, spike)).sum();
        sum / mass(from, to, 0.5 * (low + high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(spikes: &[f64], observed: Option<Vec<Interval>>) -> Unit {
        Unit { name: "7".to_owned(), spikes: spikes.to_vec(), observed }
    }

    /// Counts of a unit in so many bins.
    fn course(unit: &Unit, start: f64, width: f64, count: usize, sigma: f64) -> Vec<f64> {
        let bins = Bins::new(start, width, count, Rounding::of(Precision::Double));
        unit.course(&bins, count, sigma)
    }

    #[test]
    fn spikes_are_counted_from_the_lower_edge_to_below_the_upper() {
        let unit = unit(&[0.0, 0.1, 0.1, 0.2], None);
        assert_eq!(course(&unit, 0.0, 0.1, 4, 0.0), [1.0, 2.0, 1.0, 0.0]);
        assert_eq!(course(&unit, 0.05, 0.1, 1, 0.0), [2.0]);
    }

    #[test]
    fn smoothing_spreads_spikes_and_keeps_their_number() {
        let smooth = course(&unit(&[0.5, 0.5, 0.72], None), 0.0, 0.05, 20, 0.04);
        assert!((smooth.iter().sum::<f64>() - 3.0).abs() < 1e-6);
        // Symmetric around the two spikes at an edge, and by the error function: half of the
        // Gaussian lies above, of which the first bin of 1.25 standard deviations has 0.3944.
        assert!((smooth[9] - 2.0 * 0.394_350_226).abs() < 1e-6, "{}", smooth[9]);
    }

    #[test]
    fn bins_in_which_a_neuron_was_not_observed_are_missing() {
        let of_bin = |unit: &Unit, low, width, sigma| course(unit, low, width, 1, sigma)[0];
        let observed = unit(&[0.05, 0.95, 1.5], Some(vec![(0.0, 1.0), (2.0, 3.0)]));
        assert_eq!(of_bin(&observed, 0.9, 0.1, 0.0), 1.0);
        assert!(of_bin(&observed, 0.95, 0.1, 0.0).is_nan());
        assert!(of_bin(&observed, 1.4, 0.2, 0.0).is_nan());
        assert_eq!(of_bin(&observed, 2.0, 0.1, 0.0), 0.0);
        // A neuron that fires at a constant rate is seen to do so up to the edge.
        let steady: Vec<f64> = (0..1000).map(|i| (f64::from(i) + 0.5) / 1000.0).collect();
        let steady = unit(&steady, Some(vec![(0.0, 1.0)]));
        assert!((of_bin(&steady, 0.98, 0.02, 0.05) - 20.0).abs() < 0.1);
        assert!((of_bin(&steady, 0.5, 0.02, 0.05) - 20.0).abs() < 1e-3);
    }
}
