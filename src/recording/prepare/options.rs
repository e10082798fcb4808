//! What the user may choose.

use std::fmt;

use serde::Serialize;

use super::columns::Filter;
use crate::file::{ReadError, ReadErrorKind, Source};
use crate::recording::prepared::Quantity;

/// All choices, as they are written into the provenance of the recording.
#[derive(Clone, Debug, Serialize)]
pub struct Options {
    /// What is taken from the file.
    pub what: Selection,
    /// The number that stands for entries that were not recorded, besides NaN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<f64>,
    /// The width of the bins of the array, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bin_seconds: Option<f64>,
    /// The array that holds the width of the bins of the array, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bin_seconds_array: Option<String>,
    /// The width of the bins of the recording, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bin: Option<f64>,
    /// Of a continuous array: an array with a label for each bin. Where it changes, a trial begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trial_labels: Option<String>,
    /// Of a continuous array: an array that is not 0 where a trial begins, and perhaps for some
    /// bins more; a trial begins where it rises.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trial_starts: Option<String>,
    /// Of a continuous array: an array with the place of each bin in its trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bin_index: Option<String>,
    /// The times of the events around which trials are cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub align: Option<String>,
    /// Of arrays that are trials: the bin of each trial around which it is cut, counted as the file
    /// counts: from 1 in MATLAB, else from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub align_index: Option<String>,
    /// Seconds from one trial to the next, where there are no events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<f64>,
    /// From where to where around an event a trial goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// The times at which trials end, where that is before the end of the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// By what times in the file are multiplied to be seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_scale: Option<f64>,
    /// By what spike times are multiplied, where that is another factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spike_time_scale: Option<f64>,
    /// By what the times of events, ends and invalid times are multiplied, where that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_time_scale: Option<f64>,
    /// Of spike times in one array: the array with the unit of each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_ids: Option<String>,
    /// Of a list of spike times with two axes: which is that of trials, which that of neurons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list_axes: Option<Vec<Axis>>,
    /// Count spikes also where a unit was not observed as the file says (`obs_intervals`), and take
    /// the times that should be removed from analysis (`invalid_times`).
    #[serde(skip_serializing_if = "is_false")]
    pub ignore_observed: bool,
    /// Bins of a trial that are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bins: Option<usize>,
    /// The standard deviation of the Gaussian by which activity is smoothed, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smooth_ms: Option<f64>,
    /// Take the square root.
    #[serde(skip_serializing_if = "is_false")]
    pub sqrt: bool,
    /// How the neurons are brought to one scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<Scale>,
    /// Neurons with fewer spikes for each second are dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_rate: Option<f64>,
    /// The neurons to take: places on their axis (`0..9,12`), or an array that holds these. As in
    /// MATLAB they are counted from 1 in its files, else from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub neurons: Option<String>,
    /// Conditions on columns with a value for each neuron.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub neurons_where: Vec<Filter>,
    /// The numbers of the trials to take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trials: Option<Ranges>,
    /// Conditions on columns with a value for each trial.
    #[serde(rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<Filter>,
    /// Which bin gives the value of a trial, of a column with a value for each bin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column_at: Option<ColumnAt>,
    /// The column with the condition of each trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// The column with the epoch of each trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<String>,
    /// The column with the number of each trial in the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trial_number: Option<String>,
    /// Arrays or series of behaviour, which is cut into the same bins of the same trials.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub behaviour: Vec<String>,
    /// What the entries are, where that cannot be seen from them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Options {
    /// Takes something as it is.
    pub fn new(what: Selection) -> Options {
        Options {
            what,
            missing: None,
            bin_seconds: None,
            bin_seconds_array: None,
            bin: None,
            trial_labels: None,
            trial_starts: None,
            bin_index: None,
            align: None,
            align_index: None,
            every: None,
            window: None,
            until: None,
            time_scale: None,
            spike_time_scale: None,
            event_time_scale: None,
            unit_ids: None,
            list_axes: None,
            ignore_observed: false,
            max_bins: None,
            smooth_ms: None,
            sqrt: false,
            scale: None,
            min_rate: None,
            neurons: None,
            neurons_where: Vec::new(),
            trials: None,
            filters: Vec::new(),
            column_at: None,
            condition: None,
            epoch: None,
            trial_number: None,
            behaviour: Vec::new(),
            quantity: None,
        }
    }

    /// By what times of samples are multiplied to be seconds.
    pub(super) fn sample_scale(&self) -> f64 {
        self.time_scale.unwrap_or(1.0)
    }

    /// By what spike times are multiplied to be seconds.
    pub(super) fn spike_scale(&self) -> f64 {
        self.spike_time_scale.or(self.time_scale).unwrap_or(1.0)
    }

    /// By what times of events are multiplied to be seconds.
    pub(super) fn event_scale(&self) -> f64 {
        self.event_time_scale.or(self.time_scale).unwrap_or(1.0)
    }
}

/// A field of [`Options`] or of its [`Selection`], as errors and notes name it: displays as
/// `` `bin` ``. A program that has other names for them can put these in their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as the fields are")]
pub enum OptionName {
    Align,
    AlignIndex,
    Axes,
    Bin,
    BinSeconds,
    BinSecondsArray,
    ColumnAt,
    EventTimeScale,
    Every,
    IgnoreObserved,
    MinRate,
    Quantity,
    SmoothMs,
    SpikeTimeScale,
    TrialLabels,
    TrialStarts,
    Trials,
    UnitIds,
    Until,
    Window,
}

impl OptionName {
    /// All that are named.
    pub const ALL: [OptionName; 20] = [
        OptionName::Align,
        OptionName::AlignIndex,
        OptionName::Axes,
        OptionName::Bin,
        OptionName::BinSeconds,
        OptionName::BinSecondsArray,
        OptionName::ColumnAt,
        OptionName::EventTimeScale,
        OptionName::Every,
        OptionName::IgnoreObserved,
        OptionName::MinRate,
        OptionName::Quantity,
        OptionName::SmoothMs,
        OptionName::SpikeTimeScale,
        OptionName::TrialLabels,
        OptionName::TrialStarts,
        OptionName::Trials,
        OptionName::UnitIds,
        OptionName::Until,
        OptionName::Window,
    ];

    /// The name of the field.
    pub fn name(self) -> &'static str {
        match self {
            OptionName::Align => "align",
            OptionName::AlignIndex => "align_index",
            OptionName::Axes => "axes",
            OptionName::Bin => "bin",
            OptionName::BinSeconds => "bin_seconds",
            OptionName::BinSecondsArray => "bin_seconds_array",
            OptionName::ColumnAt => "column_at",
            OptionName::EventTimeScale => "event_time_scale",
            OptionName::Every => "every",
            OptionName::IgnoreObserved => "ignore_observed",
            OptionName::MinRate => "min_rate",
            OptionName::Quantity => "quantity",
            OptionName::SmoothMs => "smooth_ms",
            OptionName::SpikeTimeScale => "spike_time_scale",
            OptionName::TrialLabels => "trial_labels",
            OptionName::TrialStarts => "trial_starts",
            OptionName::Trials => "trials",
            OptionName::UnitIds => "unit_ids",
            OptionName::Until => "until",
            OptionName::Window => "window",
        }
    }
}

impl fmt::Display for OptionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.name())
    }
}

/// The error that names an array and what was chosen wrongly.
pub(super) fn wrong_choice(
    source: &Source,
    array: &str,
    found: impl Into<String>,
    expected: impl Into<String>,
) -> ReadError {
    let kind = ReadErrorKind::Choice { found: found.into(), expected: expected.into() };
    ReadError::of_array(source.path(), array, kind)
}

/// The same of the whole file.
pub(super) fn wrong_choice_of_file(
    source: &Source,
    found: impl Into<String>,
    expected: impl Into<String>,
) -> ReadError {
    let kind = ReadErrorKind::Choice { found: found.into(), expected: expected.into() };
    ReadError::of_file(source.path(), kind)
}

/// What is taken from a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Selection {
    /// An array, or one for each trial or block (`trialData[].binCounts`).
    Array {
        /// Where it is.
        path: String,
        /// What its axes are, in the order of the file: without a trial axis it holds one trial,
        /// or is continuous. Of a list with several axes, those of the list come first.
        axes: Vec<Axis>,
    },
    /// Spike times: a table of units as in NWB, a list of arrays, one for each neuron, perhaps for
    /// each trial, or with [`Options::unit_ids`] one array.
    Spikes {
        /// Where they are; of an array for each neuron `*` may stand for any part of a name.
        path: String,
    },
    /// Series with times as in NWB: groups with `data` and `timestamps` or a rate.
    Series {
        /// Where they are; `*` stands for any characters of the last name.
        path: String,
    },
}

/// What an axis of an array is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Axis {
    /// Neurons, or whatever was recorded side by side.
    Neuron,
    /// Bins.
    Time,
    /// Trials.
    Trial,
}

impl Axis {
    /// All axes, in the order in which they are kept.
    pub const ALL: [Axis; 3] = [Axis::Neuron, Axis::Time, Axis::Trial];

    /// As it is called in options and messages.
    pub fn name(self) -> &'static str {
        match self {
            Axis::Neuron => "neuron",
            Axis::Time => "time",
            Axis::Trial => "trial",
        }
    }
}

/// Which bin gives the value of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnAt {
    /// The first one.
    First,
    /// The last one.
    Last,
    /// The value of most bins; of two that are equally frequent, the one that comes first.
    Mode,
}

/// From where to where around an event a trial goes, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Window {
    /// Where it begins; negative if before the event.
    pub start: f64,
    /// Where it ends.
    pub end: f64,
}

/// How neurons are brought to one scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Divided by their range and a constant, which keeps quiet neurons quiet.
    Soft(f64),
    /// Mean 0 and standard deviation 1.
    ZScore,
}

/// Ranges of trial numbers, both ends included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ranges(pub Vec<(i64, i64)>);

impl Ranges {
    /// True if one of them has the number.
    pub fn contain(&self, number: i64) -> bool {
        self.0.iter().any(|&(first, last)| (first..=last).contains(&number))
    }
}
