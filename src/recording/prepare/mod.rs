//! From a file of any format to a [`Recording`]: what is taken, how it is cut into trials, which
//! trials and neurons stay, and what is done to the numbers.
//!
//! In this order: cut into trials, widen the bins, select trials and neurons, smooth, square root,
//! normalise. Spikes and series with times are smoothed before they are cut, so that a trial has no
//! edges that its session has not.

mod arrays;
mod behaviour;
mod bins;
mod cells;
mod columns;
mod continuous;
mod events;
mod list_axes;
mod options;
mod ragged;
mod realign;
mod select;
mod series;
mod spikes;
mod transform;
mod trials;
mod units;
mod wildcard;

use std::path::Path;

use serde_json::json;

pub use self::columns::Filter;
use self::options::OptionName::Bin;
use self::options::wrong_choice_of_file;
pub use self::options::{Axis, ColumnAt, OptionName, Options, Ranges, Scale, Selection, Window};
use self::trials::Trials;
use super::prepared::{Quantity, Recording};
use crate::file::{ReadError, ReadErrorKind, Source};

/// A recording, and what was left out of it.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The recording.
    pub recording: Recording,
    /// One sentence for everything that was left out or assumed.
    pub notes: Vec<String>,
}

/// Reads a file and makes a recording of it.
///
/// # Errors
///
/// If the file cannot be read or contradicts itself, a path leads nowhere, an array does not have
/// the axes that it is said to have, no trial or neuron remains, or nothing was recorded.
///
/// # Examples
///
/// ```
/// use rankproof::file::write_npz;
/// use rankproof::recording::{Axis, Options, Quantity, Selection, prepare};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// let path = directory.path().join("counts.npz");
/// write_npz(&path, |npz| {
///     // Two neurons, three bins, two trials, of which the second is shorter.
///     npz.array("counts", &[2, 3, 2], &[0_i32, 1, 2, 3, 4, -1, 1, 1, 0, 2, 5, -1])?;
///     npz.array("target", &[2], &[90.0, 45.0])
/// })?;
///
/// let what = Selection::Array { path: "counts".into(), axes: Axis::ALL.to_vec() };
/// let options = Options {
///     missing: Some(-1.0),
///     bin_seconds: Some(0.05),
///     condition: Some("target".into()),
///     ..Options::new(what)
/// };
/// let recording = prepare(&path, &options)?.recording;
/// assert_eq!((recording.neurons, recording.bins, recording.trials), (2, 3, 2));
/// assert_eq!(recording.quantity, Quantity::Counts);
/// assert_eq!(recording.condition_names, ["45", "90"]);
/// assert!(recording.activity_at(0, 2, 1).is_nan());
/// # Ok(())
/// # }
/// ```
pub fn prepare(path: impl AsRef<Path>, options: &Options) -> Result<Prepared, ReadError> {
    let path = path.as_ref();
    let mut source = Source::open(path)?;
    if let Some(contradiction) = source.contradictions().into_iter().next() {
        return Err(contradiction);
    }
    let mut notes = Vec::new();
    let mut trials = match &options.what {
        Selection::Array { path, axes } => {
            arrays::cut(&mut source, path, axes, options, &mut notes)?
        }
        Selection::Spikes { path } => spikes::cut(&mut source, path, options, &mut notes)?,
        Selection::Series { path } => series::cut(&mut source, path, options, &mut notes)?,
    };
    trials.mask(options.missing);
    trials.counts = options.quantity != Some(Quantity::Values) && trials.hold_counts();
    if options.quantity == Some(Quantity::Counts) && !trials.counts {
        let expected = format!("integers from 0 where {} counts is given", OptionName::Quantity);
        return Err(wrong_choice_of_file(&source, "does not hold counts", expected));
    }
    widen_bins(&source, &mut trials, options, &mut notes)?;
    let neurons = select::neurons(&mut source, &mut trials, options)?;
    let kept = select::trials(&mut source, &mut trials, options, &mut notes)?;
    let rows: Vec<usize> = trials.trials.iter().map(|trial| trial.row).collect();
    let mut recording = trials.assemble(&source, kept)?;
    recording.behaviour = behaviour::read(&mut source, options, &rows, &recording, &mut notes)?;
    select::active_neurons(&source, &mut recording, neurons, options, &mut notes)?;
    transform::apply(&source, &mut recording, options, &mut notes)?;
    recording.provenance = provenance(&source, options, &notes)?;
    match recording.validate() {
        Ok(()) => Ok(Prepared { recording, notes }),
        Err(sentence) => {
            let found = format!("gives no recording: its {sentence}");
            let expected = "other options".to_owned();
            Err(ReadError::of_file(path, ReadErrorKind::Content { found, expected }))
        }
    }
}

/// Several bins become one, where the file has narrower bins than were asked for.
fn widen_bins(
    source: &Source,
    trials: &mut Trials,
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<(), ReadError> {
    let Some(bin) = options.bin else { return Ok(()) };
    let ratio = bin / trials.bin_seconds;
    let factor = ratio.round();
    if factor < 1.0 || (ratio - factor).abs() > 1e-6 * ratio || factor > 1e6 {
        let found = format!("has bins of {} s", trials.bin_seconds);
        let expected = format!("bins of which a whole number is the {bin} s of {Bin}");
        return Err(wrong_choice_of_file(source, found, expected));
    }
    let cut = trials.widen(factor as usize);
    trials.bin_seconds = bin;
    if cut > 0 {
        notes.push(format!("{cut} trials end within a bin of {bin} s: the rest is left out"));
    }
    Ok(())
}

/// Where the recording comes from, and all that was done to it.
fn provenance(source: &Source, options: &Options, notes: &[String]) -> Result<String, ReadError> {
    let (bytes, sha256) = source.checksum()?;
    let file = source.path().file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(json!({
        "program": concat!("rankproof ", env!("CARGO_PKG_VERSION")),
        "source": {"file": file, "format": source.format(), "bytes": bytes, "sha256": sha256},
        "options": options,
        "notes": notes,
    })
    .to_string())
}
