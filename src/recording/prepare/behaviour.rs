//! Behaviour in the bins of a recording: cut as its activity is, from arrays or series of the same
//! file.

use super::options::{Options, Selection};
use super::trials::Trials;
use super::{arrays, series, widen_bins};
use crate::file::{Kind, ReadError, Source};
use crate::recording::prepared::{Behaviour, Recording};

/// Reads the paths that were asked for; none if there are none. `rows` say which trials of the file
/// those of the recording are.
///
/// # Errors
///
/// If a path leads nowhere, or what is there cannot be cut as the activity is.
pub(super) fn read(
    source: &mut Source,
    options: &Options,
    rows: &[usize],
    recording: &Recording,
    notes: &mut Vec<String>,
) -> Result<Option<Behaviour>, ReadError> {
    if options.behaviour.is_empty() {
        return Ok(None);
    }
    let mut parts = Vec::new();
    for path in &options.behaviour {
        parts.push(cut(source, path, options, notes)?);
    }
    let names: Vec<String> = parts.iter().flat_map(|part| part.neuron_names.clone()).collect();
    let of_rows: Vec<_> = parts
        .iter()
        .map(|part| rows.iter().map(|row| part.trials.iter().find(|trial| trial.row == *row)))
        .map(Iterator::collect::<Vec<_>>)
        .collect();
    let missing = (0..rows.len()).filter(|&k| of_rows.iter().any(|part| part[k].is_none())).count();
    if missing > 0 {
        notes.push(format!("{missing} of {} trials have no behaviour", rows.len()));
    }
    let mut values = Vec::with_capacity(names.len() * recording.bins * recording.trials);
    for (k, t) in (0..recording.trials).flat_map(|k| (0..recording.bins).map(move |t| (k, t))) {
        let place = recording.place(0, t, k);
        let of_bin = &recording.activity[place..place + recording.neurons];
        // A trial ends where nothing was recorded, whatever its behaviour is padded with.
        let recorded = of_bin.iter().any(|entry| !entry.is_nan());
        for (part, of_rows) in parts.iter().zip(&of_rows) {
            let all = of_rows[k].map_or(&[][..], |trial| &trial.activity);
            let value = |d: usize| all.get(t * part.neurons + d).copied().unwrap_or(f64::NAN);
            values.extend((0..part.neurons).map(|d| if recorded { value(d) } else { f64::NAN }));
        }
    }
    Ok(Some(Behaviour { names, values }))
}

/// One path, cut and binned as the activity is, and otherwise left as it is.
fn cut(
    source: &mut Source,
    path: &str,
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<Trials, ReadError> {
    let plain = Options {
        what: options.what.clone(),
        smooth_ms: None,
        sqrt: false,
        scale: None,
        min_rate: None,
        missing: None,
        ..options.clone()
    };
    let mut own = Vec::new();
    let mut trials = match &options.what {
        Selection::Array { axes, .. } => arrays::cut(source, path, axes, &plain, &mut own)?,
        Selection::Spikes { .. } | Selection::Series { .. } => {
            series::cut(source, path, &plain, &mut own)?
        }
    };
    // What is noted of the activity too is noted once.
    let new = own.into_iter().filter(|note| !notes.contains(note)).collect::<Vec<_>>();
    notes.extend(new.into_iter().map(|note| format!("{path}: {note}")));
    trials.counts = false;
    trials.mask(None);
    widen_bins(source, &mut trials, &plain, &mut Vec::new())?;
    let names = trials.neuron_names.iter();
    let is_series = source.find(path)?.1.nodes().first().is_some_and(|n| n.kind == Kind::Group);
    trials.neuron_names = match (trials.neurons, is_series) {
        (1, _) => vec![path.to_owned()],
        (_, true) => names.cloned().collect(),
        (_, false) => names.map(|name| format!("{path} {name}")).collect(),
    };
    Ok(trials)
}
