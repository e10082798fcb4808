//! The events around which trials are cut, and the times at which there is nothing to cut.

use super::bins::{Bins, Rounding, whole_steps};
use super::cells::short;
use super::options::OptionName::{self, Align, EventTimeScale, Every, SpikeTimeScale, Until};
use super::options::{Options, Window, wrong_choice, wrong_choice_of_file};
use crate::file::{Array, ReadError, Source};
use crate::scalar::Precision;

/// Bins that a trial may have.
const MAX_BINS: f64 = 1e6;

/// Trials that may be cut at regular times.
const MAX_EVENTS: f64 = 1e6;

/// The table of NWB with times that should be removed from analysis.
const INVALID: &str = "invalid_times";

/// Two spans of time that share less than this part of the longer one are hardly in one unit.
const LEAST_SHARED: f64 = 0.005;

/// From when to when, in seconds.
pub(super) type Interval = (f64, f64);

/// Events in the order of time.
pub(super) struct Events {
    /// When they are, in seconds.
    pub times: Vec<f64>,
    /// Which row of its table each one is.
    pub rows: Vec<usize>,
    /// When the trials end, if that is told.
    pub ends: Option<Vec<f64>>,
    /// Rows of the table, some of which may have no time.
    pub count: usize,
    /// By how much the times may be rounded.
    pub rounding: Rounding,
}

/// The bins of a trial.
#[derive(Clone, Copy)]
pub(super) struct Grid {
    /// Where the first begins, in seconds after the event.
    pub start: f64,
    /// How wide they are, in seconds.
    pub bin: f64,
    /// How many there are.
    pub bins: usize,
}

impl Grid {
    /// Where the last bin ends, in seconds after the event.
    pub fn end(&self) -> f64 {
        self.start + self.bins as f64 * self.bin
    }

    /// The bins around an event.
    pub fn at(&self, event: f64, rounding: Rounding) -> Bins {
        Bins::new(event + self.start, self.bin, self.bins, rounding)
    }
}

/// Reads the times of events, or makes them at regular times within the span of the recording.
///
/// # Errors
///
/// If neither is asked for, times and ends are not as many, or an array has several axes.
pub(super) fn read(
    source: &mut Source,
    options: &Options,
    span: Interval,
) -> Result<Events, ReadError> {
    let Some(path) = &options.align else { return regular(source, options, span) };
    refuse_invalid(source, path)?;
    let scale = options.event_scale();
    let times = column(source, path, "time for each event")?;
    let ends = match &options.until {
        None => None,
        Some(path) => {
            let ends = column(source, path, "end for each event")?;
            if ends.data.len() != times.data.len() {
                let found = format!("has {} values", ends.data.len());
                let expected = format!("one for each of {} events", times.data.len());
                return Err(source.error(path, found, expected));
            }
            Some(ends)
        }
    };
    let count = times.data.len();
    let mut rows: Vec<usize> = (0..count).filter(|&row| times.data[row].is_finite()).collect();
    rows.sort_by(|&a, &b| times.data[a].total_cmp(&times.data[b]));
    let of_rows = |data: &[f64]| rows.iter().map(|&row| data[row] * scale).collect();
    Ok(Events {
        times: of_rows(&times.data),
        ends: ends.map(|ends| of_rows(&ends.data)),
        rows,
        count,
        rounding: Rounding::of(times.precision),
    })
}

/// An array of one axis, whatever others of length 1 it has.
pub(super) fn column(source: &mut Source, path: &str, one: &str) -> Result<Array, ReadError> {
    let array = source.numbers(path)?;
    match array.shape.iter().filter(|&&length| length != 1).count() {
        0 | 1 => Ok(array),
        _ => Err(array.wrong_shape(format!("one axis with a {one}"))),
    }
}

/// Nobody wants trials of the times that are no good.
fn refuse_invalid(source: &Source, path: &str) -> Result<(), ReadError> {
    let (path, _) = source.find(path)?;
    if source.is_nwb() && path.split(['/', '.']).any(|name| name == INVALID) {
        let found = "holds the times that are to be left out";
        let expected = format!("events of another table for {Align}");
        Err(wrong_choice(source, &path, found, expected))
    } else {
        Ok(())
    }
}

fn regular(source: &Source, options: &Options, span: Interval) -> Result<Events, ReadError> {
    let Some(every) = options.every else {
        let expected = format!("{Align}, or {Every} where there are no events");
        return Err(wrong_choice_of_file(source, "is to be cut without events", expected));
    };
    if options.until.is_some() {
        let expected = format!("{Until} with {Align} alone");
        return Err(wrong_choice_of_file(source, "is cut at regular times", expected));
    }
    let count = whole_steps((span.1 - span.0) / every);
    if !(every > 0.0 && (1.0..=MAX_EVENTS).contains(&count)) {
        let found = format!("lasts {} s", span.1 - span.0);
        let expected = format!("{Every} to be positive and to give between 1 and 1000000 trials");
        return Err(wrong_choice_of_file(source, found, expected));
    }
    let count = count as usize;
    let times = (0..count).map(|row| span.0 + row as f64 * every).collect();
    let rounding = Rounding::of(Precision::Double);
    Ok(Events { times, rows: (0..count).collect(), ends: None, count, rounding })
}

/// The bins of the window around each event.
///
/// # Errors
///
/// If there is no window, or it is not a whole number of bins.
pub(super) fn grid(source: &Source, options: &Options, bin: f64) -> Result<Grid, ReadError> {
    let whole = options.every.map(|every| Window { start: 0.0, end: every });
    let Some(Window { start, end }) = options.window.or(whole) else {
        let expected = format!("{} from start to end in seconds", OptionName::Window);
        return Err(wrong_choice_of_file(source, "is to be cut around events", expected));
    };
    let bins = (end - start) / bin;
    let is_whole = (bins - bins.round()).abs() < 1e-6 * bins.abs().max(1.0);
    if (1.0..=MAX_BINS).contains(&bins.round()) && is_whole {
        Ok(Grid { start, bin, bins: bins.round() as usize })
    } else {
        let found = format!("is to be cut from {start} to {end} s in bins of {bin} s");
        let expected = "a window of a whole number of bins, at least one";
        Err(wrong_choice_of_file(source, found, expected))
    }
}

/// The times that NWB says should be removed from analysis (`intervals/invalid_times`), joined and
/// increasing; none in other formats and with [`Options::ignore_observed`].
///
/// # Errors
///
/// If the table cannot be read.
pub(super) fn invalid(source: &mut Source, options: &Options) -> Result<Vec<Interval>, ReadError> {
    let column = |name| format!("intervals/{INVALID}/{name}");
    let (from, to) = (column("start_time"), column("stop_time"));
    if !source.is_nwb() || options.ignore_observed || source.find(&from).is_err() {
        return Ok(Vec::new());
    }
    let (from, to) = (source.numbers(&from)?.data, source.numbers(&to)?.data);
    let scale = options.event_scale();
    // An interval without an end does not end.
    let end = |to: f64| if to.is_nan() { f64::INFINITY } else { to * scale };
    let intervals = from.iter().zip(&to).map(|(&from, &to)| (from * scale, end(to)));
    Ok(joined(intervals.filter(|(from, to)| from < to).collect()))
}

/// What remains of some intervals that increase without others that do.
pub(super) fn without(intervals: &[Interval], others: &[Interval]) -> Vec<Interval> {
    let mut rest = intervals.to_vec();
    for &(from, to) in others {
        let parts = |&(start, end): &Interval| [(start, end.min(from)), (start.max(to), end)];
        rest = rest.iter().flat_map(parts).filter(|(start, end)| start < end).collect();
    }
    rest
}

/// The bins of a trial that invalid times meet become missing; true if there are any.
pub(super) fn erase(
    activity: &mut [f64],
    neurons: usize,
    bins: &Bins,
    invalid: &[Interval],
) -> bool {
    let mut erased = false;
    for (t, entries) in activity.chunks_exact_mut(neurons).enumerate() {
        if bins.meets(t, invalid) {
            entries.fill(f64::NAN);
            erased = true;
        }
    }
    erased
}

/// What is said of trials of which bins are in invalid times.
pub(super) fn note_of_invalid(count: usize, notes: &mut Vec<String>) {
    if count > 0 {
        notes.push(format!(
            "{count} trials lie wholly or partly in {INVALID} of the file; these bins are missing"
        ));
    }
}

/// What is odd about the times of events: they hardly share a time with what was recorded, as where
/// one of them is in milliseconds, or trials overlap.
pub(super) fn notes_of_times(
    what: &str,
    span: Interval,
    events: &Events,
    grid: &Grid,
    notes: &mut Vec<String>,
) {
    let (Some(&first), Some(&last)) = (events.times.first(), events.times.last()) else { return };
    let windows = (first + grid.start, last + grid.end());
    let shared = |a: Interval, b: Interval| a.1.min(b.1) - a.0.max(b.0);
    let longer = (last - first).max(span.1 - span.0);
    let how = match (shared(windows, span), shared((first, last), span)) {
        (shared, _) if shared <= 0.0 => Some("share no time"),
        // A single event says nothing of a unit.
        (_, shared) if shared <= LEAST_SHARED * longer && last > first => {
            Some("hardly share a time")
        }
        _ => None,
    };
    notes.extend(how.map(|how| {
        let seconds = |(from, to): Interval| format!("from {} to {} s", short(from), short(to));
        format!(
            "trials and {what} {how}: trials go {}, {what} {}; if their units differ, \
             {EventTimeScale} scales the events alone and {SpikeTimeScale} the spikes",
            seconds(windows),
            seconds(span),
        )
    }));
    let slack = events.rounding.at(last);
    let end = |index: usize| {
        let end = events.ends.as_ref().map_or(f64::INFINITY, |ends| ends[index]);
        end.min(events.times[index] + grid.end())
    };
    let overlaps = |index: &usize| events.times[*index] + grid.start < end(index - 1) - 2.0 * slack;
    let count = (1..events.times.len()).filter(overlaps).count();
    if count > 0 {
        let all = events.times.len();
        notes.push(format!("{count} of {all} trials begin before the one before them ends"));
    }
}

/// Intervals in their order, those that touch or overlap made one.
pub(super) fn joined(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut joined: Vec<Interval> = Vec::new();
    for (from, to) in intervals {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_cut_out_of_others() {
        let (least, most) = (f64::NEG_INFINITY, f64::INFINITY);
        assert_eq!(without(&[(least, most)], &[(1.0, 2.0)]), [(least, 1.0), (2.0, most)]);
        let rest = without(&[(0.0, 3.0), (4.0, 5.0)], &[(-1.0, 1.0), (2.0, 4.5), (6.0, 7.0)]);
        assert_eq!(rest, [(1.0, 2.0), (4.5, 5.0)]);
    }

    #[test]
    fn intervals_that_touch_are_one() {
        assert_eq!(joined(vec![(2.0, 3.0), (0.0, 1.0), (1.0, 1.5)]), [(0.0, 1.5), (2.0, 3.0)]);
    }

    #[test]
    fn bins_in_invalid_times_are_erased() {
        let bins = Bins::new(9.8, 0.1, 4, Rounding::of(Precision::Double));
        let mut activity = vec![1.0; 8];
        assert!(erase(&mut activity, 2, &bins, &[(10.0, 10.1)]));
        let is_missing: Vec<bool> = activity.iter().map(|entry| entry.is_nan()).collect();
        assert_eq!(is_missing, [false, false, false, false, true, true, false, false]);
        assert!(!erase(&mut [1.0; 8], 2, &bins, &[(0.0, 9.8), (10.2, 11.0)]));
    }

    #[test]
    fn spans_in_different_units_are_told() {
        let events = |times: &[f64]| Events {
            times: times.to_vec(),
            rows: vec![],
            ends: None,
            count: times.len(),
            rounding: Rounding::of(Precision::Double),
        };
        let grid = Grid { start: 0.0, bin: 0.1, bins: 10 };
        let notes = |times: &[f64], span| {
            let mut notes = Vec::new();
            notes_of_times("spikes", span, &events(times), &grid, &mut notes);
            notes
        };
        assert!(notes(&[2.0, 40.0], (0.0, 80.0)).is_empty());
        // A tenth of a session is ordinary, and a single trial of it.
        assert!(notes(&[2.0, 9.0], (0.0, 80.0)).is_empty());
        assert!(notes(&[2.0], (0.0, 800.0)).is_empty());
        let hardly = &notes(&[2.0, 79.0], (5.0, 80_000.0))[0];
        assert!(hardly.contains("hardly share a time: trials go from 2 to 80 s, spikes from 5"));
        let never = &notes(&[2.0, 79.0], (100.0, 120.0))[0];
        assert!(never.contains("share no time") && never.contains("`event_time_scale`"));
        // Both in milliseconds, of which one is no longer.
        let short = notes(&[0.002, 0.079], (0.0, 80.0));
        assert!(short[0].contains("hardly share a time"), "{short:?}");
        assert_eq!(short[1], "1 of 2 trials begin before the one before them ends");
        // Windows that touch do not overlap.
        assert!(notes(&[2.1, 3.1, 4.1], (0.0, 80.0)).is_empty());
    }
}
