//! The events around which trials are cut.

use super::options::{Options, Window};
use crate::recording::error::{Flaw, ReadError};
use crate::recording::source::Source;

/// Bins that a trial may have.
const MOST_BINS: f64 = 1e6;

/// Trials that may be cut at regular times.
const MOST_EVENTS: f64 = 1e6;

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
}

/// The bins of a trial.
pub(super) struct Grid {
    /// Where the first begins, in seconds after the event.
    pub start: f64,
    /// How many there are.
    pub bins: usize,
}

/// Reads the times of events, or makes them at regular times within the span of the recording.
///
/// # Errors
///
/// If neither is asked for, or times and ends are not as many.
pub(super) fn read(
    source: &mut Source,
    options: &Options,
    span: (f64, f64),
) -> Result<Events, ReadError> {
    let Some(path) = &options.align else { return regular(source, options, span) };
    let scale = options.seconds();
    let times = source.numbers(path)?;
    let ends = match &options.until {
        None => None,
        Some(path) => {
            let ends = source.numbers(path)?;
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
    })
}

fn regular(source: &Source, options: &Options, span: (f64, f64)) -> Result<Events, ReadError> {
    let refused = |found: String, expected: &str| {
        let flaw = Flaw::Content { found, expected: expected.to_owned() };
        Err(ReadError::of_file(source.path(), flaw))
    };
    let Some(every) = options.every else {
        let expected = "--align TABLE.COLUMN, or --every SECONDS where there are no events";
        return refused("is to be cut without events".to_owned(), expected);
    };
    let count = ((span.1 - span.0) / every).floor();
    if !(every > 0.0 && (1.0..=MOST_EVENTS).contains(&count)) {
        let found = format!("lasts {} s", span.1 - span.0);
        return refused(found, "--every to be positive and to give between 1 and 1000000 trials");
    }
    let count = count as usize;
    let times = (0..count).map(|row| span.0 + row as f64 * every).collect();
    Ok(Events { times, rows: (0..count).collect(), ends: None, count })
}

/// The bins of the window around each event.
///
/// # Errors
///
/// If there is no window, or it is not a whole number of bins.
pub(super) fn grid(source: &Source, options: &Options, bin: f64) -> Result<Grid, ReadError> {
    let refused = |found: String, expected: &str| {
        let flaw = Flaw::Content { found, expected: expected.to_owned() };
        Err(ReadError::of_file(source.path(), flaw))
    };
    let whole = options.every.map(|every| Window { start: 0.0, end: every });
    let Some(Window { start, end }) = options.window.or(whole) else {
        return refused("is to be cut around events".to_owned(), "--window START,END in seconds");
    };
    let bins = (end - start) / bin;
    let is_whole = (bins - bins.round()).abs() < 1e-6 * bins.abs().max(1.0);
    match (1.0..=MOST_BINS).contains(&bins.round()) && is_whole {
        true => Ok(Grid { start, bins: bins.round() as usize }),
        false => {
            let found = format!("is to be cut from {start} to {end} s in bins of {bin} s");
            refused(found, "a window of a whole number of bins, at least one")
        }
    }
}
