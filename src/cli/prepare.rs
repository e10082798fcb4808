//! `rankproof prepare`: from a file of any format to a recording that can be fitted.

use std::path::PathBuf;

use crate::file::{ReadError, ReadErrorKind};
use crate::recording::{
    Axis, Behaviour, ColumnAt, Filter, OptionName, Options, Prepared, Quantity, Ranges, Recording,
    Scale, Selection, Window, prepare,
};
use crate::scalar::significant;
use anyhow::bail;
use clap::{ArgGroup, Args, ValueEnum};

use super::files::{Files, arrays_of};
use super::numbers::{above_zero, from_zero, positive};
use super::output::{paragraph, print};

/// The headings under which options are listed.
const WHAT: &str = "What to take";
const NEURONS: &str = "Neurons";
const TIMES: &str = "Times";
const WHERE: &str = "Where trials are";
const WHICH: &str = "Which trials, and what is known of them";
const NUMBERS: &str = "Numbers";

const EXAMPLES: &str = "\
Examples, each behind `rankproof prepare FILE --out rec.npz`:
  NWB, spikes around events
    --spikes units --align trials.start_time --window -0.5,1 --bin 0.05
  Kilosort and phy: a folder of .npy, times in samples, events in seconds
    --spikes spike_times --unit-ids spike_clusters --spike-time-scale 1/30000
    --align start --window 0,1 --bin 0.05
  an array of counts by neuron, bin and trial
    --array counts --bin-seconds 0.05 --condition target
  a struct for each trial, cut around the bin of its cue
    --array 'trial_data[].M1_spikes' --axes time,neuron --bin-seconds 0.01
    --align-index 'trial_data[].idx_goCueTime' --window -0.2,0.5
  cells of spike times, a row for each trial and a column for each neuron
    --spikes 'spk[]' --axes trial,neuron --window 0,1 --bin 0.05
  a variable for each unit
    --spikes 'sig*' --align start --window 0,1 --bin 0.05";

/// Cut a recording into trials and write it as one .npz for `rankproof fit` and `cv`.
///
/// Takes an array (--array), spike times (--spikes) or series with times such as fluorescence
/// (--series) from files of every format; `rankproof inspect` lists the formats and shows what is in
/// a file. Paths of arrays may leave out the groups above them where only one place fits; [] stands
/// for all elements of a list. In MATLAB files elements, neurons and trials are counted from 1, else
/// from 0.
///
/// In this order: trials are cut, bins widened, trials and neurons selected, and the numbers
/// smoothed, their square root taken, and normalised. Spikes and series are smoothed before they
/// are cut.
#[derive(Args)]
#[command(group(ArgGroup::new("what").required(true)), after_long_help = EXAMPLES)]
pub struct Arguments {
    /// The file, or a folder of .npy files.
    file: PathBuf,
    /// Where to write the recording.
    #[arg(long, value_name = "REC.npz")]
    out: PathBuf,

    /// Take an array with a trial axis, a list with an array for each trial
    /// (trialData[].binCounts), or continuous ones.
    #[arg(long, value_name = "PATH", group = "what", help_heading = WHAT)]
    array: Option<String>,
    /// What its axes are, in their order; neuron,time,trial if nothing is said. Of a list of
    /// several axes, those of the list come first: trial,neuron for cells of spike times.
    #[arg(long, value_name = "AXIS,..", value_parser = read_axes, help_heading = WHAT)]
    axes: Option<Axes>,
    /// Take spike times: an NWB table of units; a list with an array for each neuron (spikes[]),
    /// or for each trial and neuron (trials[].spikes[]); an array for each name that fits a
    /// pattern (units/*/times); or all times in one array, with --unit-ids.
    #[arg(long, value_name = "PATH", group = "what", help_heading = WHAT)]
    spikes: Option<String>,
    /// Of spike times in one array: the array with the unit of each, as Kilosort, phy and IBL
    /// write them. Sample numbers become seconds by --spike-time-scale.
    #[arg(long, value_name = "PATH", requires = "spikes", help_heading = WHAT)]
    unit_ids: Option<String>,
    /// Take series with times: groups with data and timestamps or a rate; * stands for any
    /// characters of the last name.
    #[arg(long, value_name = "PATH", group = "what", help_heading = WHAT)]
    series: Option<String>,
    /// The number that stands for entries that were not recorded, besides NaN.
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true, help_heading = WHAT)]
    missing: Option<f64>,
    /// Take the entries for counts (integers from 0) or for values, whatever they look like.
    #[arg(long, value_enum, help_heading = WHAT)]
    quantity: Option<QuantityName>,

    /// Neurons to take: places such as 0..9,12, or an array that holds these, or a flag for each.
    #[arg(long, value_name = "PLACES", help_heading = NEURONS)]
    neurons: Option<String>,
    /// Take neurons by a column with a value for each: units.location=M1.
    #[arg(
        long,
        value_name = "COLUMN=VALUE",
        value_parser = Filter::parse,
        help_heading = NEURONS
    )]
    neurons_where: Vec<Filter>,
    /// Drop neurons that fire less often for each second.
    #[arg(long, value_name = "HZ", value_parser = from_zero, help_heading = NEURONS)]
    min_rate: Option<f64>,

    /// The width of the bins of the recording in seconds. Of bins that are made one, counts are
    /// added and values averaged.
    #[arg(long, value_name = "SECONDS", value_parser = above_zero, help_heading = TIMES)]
    bin: Option<f64>,
    /// The width of the bins of the array in seconds.
    #[arg(long, value_name = "SECONDS", value_parser = above_zero, help_heading = TIMES)]
    bin_seconds: Option<f64>,
    /// The array that holds the width of the bins in seconds.
    #[arg(long, value_name = "PATH", conflicts_with = "bin_seconds", help_heading = TIMES)]
    bin_seconds_array: Option<String>,
    /// By what times in the file are multiplied to be seconds: 0.001 for milliseconds.
    #[arg(long, value_name = "FACTOR", value_parser = read_factor, help_heading = TIMES)]
    time_scale: Option<f64>,
    /// By what spike times are multiplied, if that is another factor: 1/30000 for samples at 30 kHz.
    #[arg(long, value_name = "FACTOR", value_parser = read_factor, help_heading = TIMES)]
    spike_time_scale: Option<f64>,
    /// By what the times of events (--align, --until) are multiplied, if that is another factor.
    #[arg(long, value_name = "FACTOR", value_parser = read_factor, help_heading = TIMES)]
    event_time_scale: Option<f64>,
    /// Take also times at which NWB says that a unit was not observed (obs_intervals), or that
    /// should be left out (invalid_times).
    #[arg(long, help_heading = TIMES)]
    ignore_observed: bool,

    /// Times of the events around which trials are cut. Of spikes that are stored by trial: a time
    /// for each trial, on its clock.
    #[arg(long, value_name = "TABLE.COLUMN", help_heading = WHERE)]
    align: Option<String>,
    /// From where to where around its event a trial goes, in seconds.
    #[arg(
        long,
        value_name = "START,END",
        value_parser = read_window,
        allow_hyphen_values = true,
        help_heading = WHERE
    )]
    window: Option<Window>,
    /// Times at which trials end, if that is before the end of the window.
    #[arg(long, value_name = "TABLE.COLUMN", help_heading = WHERE)]
    until: Option<String>,
    /// Cut trials at regular times instead.
    #[arg(
        long,
        value_name = "SECONDS",
        value_parser = above_zero,
        conflicts_with = "align",
        help_heading = WHERE
    )]
    every: Option<f64>,
    /// Of arrays that are trials: the bin of each around which it is cut again, such as
    /// trial_data[].idx_goCueTime; from 1 in MATLAB files, else from 0.
    #[arg(
        long,
        value_name = "COLUMN",
        requires = "array",
        conflicts_with_all = ["align", "every"],
        help_heading = WHERE
    )]
    align_index: Option<String>,
    /// Of a continuous array: labels, one for each bin; where they change, a trial begins.
    #[arg(long, value_name = "PATH", help_heading = WHERE)]
    trial_labels: Option<String>,
    /// Of a continuous array: flags, 0 or not; where they rise, a trial begins.
    #[arg(long, value_name = "PATH", conflicts_with = "trial_labels", help_heading = WHERE)]
    trial_starts: Option<String>,
    /// Of a continuous array: the place of each bin in its trial, which may leave gaps.
    #[arg(long, value_name = "PATH", help_heading = WHERE)]
    bin_index: Option<String>,
    /// Cut trials after so many bins.
    #[arg(long, value_name = "BINS", value_parser = positive, help_heading = WHERE)]
    max_bins: Option<usize>,

    /// Numbers of the trials to take: 100..600, or several ranges.
    #[arg(
        long,
        value_name = "FIRST..LAST",
        value_parser = read_ranges,
        allow_hyphen_values = true,
        help_heading = WHICH
    )]
    trials: Option<Ranges>,
    /// Take trials by a column with a value for each: success=1, type!=observation, RT<2.
    #[arg(
        long = "where",
        value_name = "COLUMN=VALUE",
        value_parser = Filter::parse,
        help_heading = WHICH
    )]
    filters: Vec<Filter>,
    /// The column with the condition of each trial: numbers or strings.
    #[arg(long, value_name = "COLUMN", help_heading = WHICH)]
    condition: Option<String>,
    /// The column with the epoch of each trial, between which weights may jump.
    #[arg(long, value_name = "COLUMN", help_heading = WHICH)]
    epoch: Option<String>,
    /// Behaviour to be kept beside the activity, for `rankproof decode`: an array with the same axes
    /// (dimensions in the place of neurons) or a series, cut into the same bins; may be given more
    /// than once.
    #[arg(long, value_name = "PATH", help_heading = WHICH)]
    behaviour: Vec<String>,
    /// The column with the number of each trial in its session.
    #[arg(long, value_name = "COLUMN", help_heading = WHICH)]
    trial_number: Option<String>,
    /// Of columns with a value for each bin that change within a trial: which bin counts.
    #[arg(long, value_name = "BIN", value_enum, help_heading = WHICH)]
    column_at: Option<ColumnAtName>,

    /// Smooth over time by a Gaussian of this standard deviation in milliseconds.
    #[arg(long, value_name = "MS", help_heading = NUMBERS)]
    smooth: Option<f64>,
    /// Take the square root.
    #[arg(long, help_heading = NUMBERS)]
    sqrt: bool,
    /// Divide each neuron by its range plus a constant, in the unit of the entries.
    #[arg(long, value_name = "CONSTANT", help_heading = NUMBERS)]
    soft_normalize: Option<f64>,
    /// Bring each neuron to mean 0 and standard deviation 1.
    #[arg(long, conflicts_with = "soft_normalize", help_heading = NUMBERS)]
    zscore: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum QuantityName {
    /// Integers from 0.
    Counts,
    /// Any numbers.
    Values,
}

#[derive(Clone, Copy, ValueEnum)]
enum ColumnAtName {
    /// The first.
    First,
    /// The last.
    Last,
    /// The value of most bins.
    Mode,
}

/// The axes of an array in the order of the file.
#[derive(Clone)]
struct Axes(Vec<Axis>);

fn read_axes(text: &str) -> Result<Axes, String> {
    let read = |name: &str| Axis::ALL.into_iter().find(|axis| axis.name() == name.trim());
    let axes: Option<Vec<Axis>> = text.split(',').map(read).collect();
    let once = |axes: &Vec<Axis>| {
        let count = |axis| axes.iter().filter(|&&other| other == axis).count();
        // Spike times have no axis of time, and a list of lists may have two of trials.
        count(Axis::Neuron) == 1 && count(Axis::Time) <= 1 && count(Axis::Trial) <= 2
    };
    axes.filter(once).map(Axes).ok_or_else(|| {
        "expected neuron, time and perhaps trial, in the order of the file".to_owned()
    })
}

/// A number above 0, or a fraction of two.
fn read_factor(text: &str) -> Result<f64, String> {
    let (above, below) = text.split_once('/').unwrap_or((text, "1"));
    let factor = match (above.trim().parse::<f64>(), below.trim().parse::<f64>()) {
        (Ok(above), Ok(below)) => above / below,
        _ => f64::NAN,
    };
    if factor > 0.0 && factor.is_finite() {
        Ok(factor)
    } else {
        Err("expected a factor above 0, such as 0.001 or 1/30000".to_owned())
    }
}

fn read_window(text: &str) -> Result<Window, String> {
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|part| part.trim().parse()).collect();
    match numbers.as_deref() {
        Ok(&[start, end]) if start < end => Ok(Window { start, end }),
        _ => Err("expected two numbers of seconds, such as -0.5,1.0".to_owned()),
    }
}

fn read_ranges(text: &str) -> Result<Ranges, String> {
    let bound = |text: &str, open: i64| match text.trim() {
        "" => Some(open),
        text => text.parse().ok(),
    };
    let range = |part: &str| {
        let (first, last) = part.split_once("..").unwrap_or((part, part));
        let range = (bound(first, i64::MIN)?, bound(last, i64::MAX)?);
        (range.0 <= range.1 && !part.trim().is_empty()).then_some(range)
    };
    let ranges: Option<Vec<_>> = text.split(',').map(range).collect();
    ranges.map(Ranges).ok_or_else(|| "expected ranges such as 100..600 or 1..50,80..".to_owned())
}

/// Axes are named of an array, or of a list of spike times with several.
fn check_axes(arguments: &Arguments) -> anyhow::Result<()> {
    let Some(Axes(axes)) = &arguments.axes else { return Ok(()) };
    let has_time = axes.contains(&Axis::Time);
    if arguments.array.is_some() && !has_time {
        bail!("--axes: expected neuron, time and perhaps trial, in the order of the file");
    }
    if arguments.spikes.is_some() && has_time {
        bail!("--axes: expected trial and neuron, in the order of the list of spike times");
    }
    if arguments.series.is_some() {
        bail!("--axes: expected none with --series, whose data are (time, neuron)");
    }
    Ok(())
}

pub fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    check_axes(arguments)?;
    Files::default().reads(arrays_of(&arguments.file)).writes("--out", [&arguments.out]).check()?;
    let prepared = prepare(&arguments.file, &options(arguments)).map_err(in_words_of_flags)?;
    prepared.recording.write(&arguments.out)?;
    print(&summary(arguments, &prepared))?;
    Ok(0)
}

/// The same error with the flags in place of the options that it names.
fn in_words_of_flags(mut error: ReadError) -> ReadError {
    if let ReadErrorKind::Choice { expected, .. } = &mut error.kind {
        *expected = with_flags(expected);
    }
    error
}

/// A text with the flags in place of the options that it names.
fn with_flags(text: &str) -> String {
    OptionName::ALL
        .into_iter()
        .fold(text.to_owned(), |text, option| text.replace(&option.to_string(), &flag(option)))
}

/// By which flag an option is given.
fn flag(option: OptionName) -> String {
    match option {
        OptionName::SmoothMs => "--smooth".to_owned(),
        option => format!("--{}", option.name().replace('_', "-")),
    }
}

fn options(arguments: &Arguments) -> Options {
    let what = match (&arguments.array, &arguments.spikes, &arguments.series) {
        (Some(path), _, _) => {
            let axes = arguments.axes.as_ref().map_or(&Axis::ALL[..], |axes| &axes.0);
            Selection::Array { path: path.clone(), axes: axes.to_vec() }
        }
        (_, Some(path), _) => Selection::Spikes { path: path.clone() },
        (_, _, path) => Selection::Series { path: path.clone().unwrap_or_default() },
    };
    Options {
        what,
        missing: arguments.missing,
        bin_seconds: arguments.bin_seconds,
        bin_seconds_array: arguments.bin_seconds_array.clone(),
        bin: arguments.bin,
        trial_labels: arguments.trial_labels.clone(),
        trial_starts: arguments.trial_starts.clone(),
        bin_index: arguments.bin_index.clone(),
        align: arguments.align.clone(),
        align_index: arguments.align_index.clone(),
        every: arguments.every,
        window: arguments.window,
        until: arguments.until.clone(),
        time_scale: arguments.time_scale,
        spike_time_scale: arguments.spike_time_scale,
        event_time_scale: arguments.event_time_scale,
        unit_ids: arguments.unit_ids.clone(),
        list_axes: arguments.axes.as_ref().map(|axes| axes.0.clone()),
        ignore_observed: arguments.ignore_observed,
        max_bins: arguments.max_bins,
        smooth_ms: arguments.smooth,
        sqrt: arguments.sqrt,
        scale: match (arguments.soft_normalize, arguments.zscore) {
            (Some(constant), _) => Some(Scale::Soft(constant)),
            (None, true) => Some(Scale::ZScore),
            (None, false) => None,
        },
        min_rate: arguments.min_rate,
        neurons: arguments.neurons.clone(),
        neurons_where: arguments.neurons_where.clone(),
        trials: arguments.trials.clone(),
        filters: arguments.filters.clone(),
        column_at: arguments.column_at.map(|name| match name {
            ColumnAtName::First => ColumnAt::First,
            ColumnAtName::Last => ColumnAt::Last,
            ColumnAtName::Mode => ColumnAt::Mode,
        }),
        condition: arguments.condition.clone(),
        epoch: arguments.epoch.clone(),
        trial_number: arguments.trial_number.clone(),
        behaviour: arguments.behaviour.clone(),
        quantity: arguments.quantity.map(|name| match name {
            QuantityName::Counts => Quantity::Counts,
            QuantityName::Values => Quantity::Values,
        }),
    }
}

fn summary(arguments: &Arguments, Prepared { recording, notes }: &Prepared) -> String {
    let Recording { neurons, bins, trials, .. } = recording;
    let mut text = format!("{}\n", arguments.out.display());
    let size = format!(
        "{neurons} neurons, {bins} bins of {} ms from {} to {} s, {trials} trials",
        short(1000.0 * recording.bin_seconds),
        short(recording.start_seconds),
        short(recording.start_seconds + *bins as f64 * recording.bin_seconds),
    );
    text += &paragraph("  size", &size);
    text += &paragraph("  entries", &entries(recording));
    let missing = 100.0 * recording.missing_share();
    text += &paragraph("  missing", &format!("{missing:.1} % of entries; {}", lengths(recording)));
    let (first, last) = (recording.trial_numbers[0], recording.trial_numbers[trials - 1]);
    text += &paragraph("  trials", &format!("numbered {first} to {last}"));
    text +=
        &paragraph("  condition", &categories(&recording.conditions, &recording.condition_names));
    text += &paragraph("  epoch", &categories(&recording.epochs, &recording.epoch_names));
    if let Some(behaviour) = &recording.behaviour {
        text += &paragraph("  behaviour", &dimensions(behaviour));
    }
    for note in notes {
        text += &paragraph("  note", &with_flags(note));
    }
    text += &paragraph("  source", &source(recording));
    text
}

fn entries(recording: &Recording) -> String {
    let present = || recording.activity.iter().copied().filter(|entry| !entry.is_nan());
    let (least, most) =
        (present().fold(f64::INFINITY, f64::min), present().fold(f64::NEG_INFINITY, f64::max));
    let mean = present().sum::<f64>() / present().count() as f64;
    let mut text = format!(
        "{} ({}), mean {}, from {} to {}",
        recording.quantity.name(),
        recording.unit,
        short(mean),
        short(least),
        short(most),
    );
    if recording.quantity == Quantity::Counts {
        text += &format!("; {} for each second", short(mean / recording.bin_seconds));
    }
    text
}

fn dimensions(behaviour: &Behaviour) -> String {
    let missing = behaviour.values.iter().filter(|value| value.is_nan()).count();
    let share = 100.0 * missing as f64 / behaviour.values.len() as f64;
    let names = behaviour.names.join("; ");
    format!("{}: {names}; {share:.1} % missing", behaviour.names.len())
}

fn lengths(recording: &Recording) -> String {
    let size = recording.bins * recording.neurons;
    let bins = recording.activity.chunks_exact(size).map(|trial| {
        let last = trial.iter().rposition(|entry| !entry.is_nan());
        last.map_or(0, |last| last / recording.neurons + 1)
    });
    let (least, most) = (bins.clone().min().unwrap_or(0), bins.max().unwrap_or(0));
    if least == most {
        format!("all trials last {most} bins")
    } else {
        format!("trials last {least} to {most} bins")
    }
}

/// Names with how many trials each has; of many, the first.
fn categories(indices: &[usize], names: &[String]) -> String {
    const SHOWN: usize = 12;
    let count = |place| indices.iter().filter(|&&index| index == place).count();
    let shown = names.iter().enumerate().take(SHOWN);
    let mut parts: Vec<String> =
        shown.map(|(place, name)| format!("{name} ({})", count(place))).collect();
    if names.len() > SHOWN {
        parts.push("...".to_owned());
    }
    format!("{}: {}", names.len(), parts.join("; "))
}

fn source(recording: &Recording) -> String {
    let provenance: serde_json::Value =
        serde_json::from_str(&recording.provenance).unwrap_or_default();
    let text = |key: &str| provenance["source"][key].as_str().unwrap_or("?").to_owned();
    let digits: String = text("sha256").chars().take(16).collect();
    format!("{}, {}, SHA-256 {digits}...", text("file"), text("format"))
}

fn short(number: f64) -> String {
    significant(number, 4)
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    #[test]
    fn every_option_that_is_named_is_a_flag() {
        let command = Arguments::augment_args(Command::new("prepare"));
        let flags: Vec<String> = command
            .get_arguments()
            .filter_map(|argument| argument.get_long())
            .map(|name| format!("--{name}"))
            .collect();
        for option in OptionName::ALL {
            assert!(flags.contains(&flag(option)), "{option}");
        }
        assert_eq!(with_flags("either `bin` or `bin_seconds`"), "either --bin or --bin-seconds");
    }
}
