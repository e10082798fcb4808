//! Neurodata Without Borders 2.x, which is HDF5 with rules.
//!
//! Rules of the schema (NWB 2.0 to 2.10, and the `hdmf-common` tables in it) that change what a number
//! means, and where they are applied:
//!
//! | rule | what is done |
//! |---|---|
//! | `data` of a `TimeSeries`: attributes `conversion`, `offset` | data x conversion + offset, here |
//! | `channel_conversion` of an `ElectricalSeries` | data x conversion x that of the channel + offset, here |
//! | `EnumData` with `elements`, and its predecessor `VocabData` with `vocabulary` | the names in place of the numbers, here |
//! | `VectorIndex` (`x_index` beside `x`) | a list for each row: `prepare`; checked when a file is opened |
//! | `timestamps`, or `starting_time` with `rate` | times of samples: `prepare` |
//! | `units` with `spike_times`, `id` | spikes of each unit: `prepare` |
//! | `obs_intervals` of `units` | bins outside are missing: `prepare`, unless `ignore_observed` |
//! | `intervals/invalid_times` | bins in them are missing: `prepare`, unless `ignore_observed` |
//! | `TimeIntervals`, `EventsTable` | times of events, columns of conditions and filters: `prepare` |
//!
//! Listed as they are stored, for the reader to judge: `resolution` (also of `spike_times`),
//! `control` with `control_description`, `continuity`, `DynamicTableRegion` (numbers of rows of
//! another table, such as `electrodes`), `MeaningsTable`, the categories of an
//! `AlignedDynamicTable` (groups with columns of their own), `IntervalSeries` (starts and ends by
//! sign), indices of indices (`waveforms_index_index`). Not read: references and records (`timeseries`
//! of `TimeIntervals`, `TimeSeriesReferenceVectorData`, `pixel_mask`), data in other files
//! (`external_file`). Waveforms of a `SpikeEventSeries` are no series over time, and `prepare` does
//! not take them for one.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use super::element::TextBudget;
use super::error::{ReadError, ReadErrorKind};
use super::format::{Opened, Reader};
use super::hdf5::objects::{Body, Object};
use super::hdf5::{self, Hdf5};
use super::node::{Kind, MAX_NODES, Node};
use super::value::{Loaded, Numbers};
use crate::scalar::Precision;

/// Takes an HDF5 file for NWB if it says that it is, else for what it is.
///
/// # Errors
///
/// If it is NWB of another version than 2.
pub(super) fn open(path: &Path, root: Object, mut reader: Hdf5) -> Result<Opened, ReadError> {
    let of_file = |flaw| ReadError::of_file(path, flaw);
    let version = version(&root, &mut reader).map_err(of_file)?;
    let Some(version) = version else { return Ok(hdf5::plain(root, reader)) };
    let number = version.trim_start_matches("NWB-");
    if number != "2" && !number.starts_with("2.") {
        let found = format!("says that this is NWB {number}");
        let expected = "NWB 2.x, because NWB 1 has another layout".to_owned();
        return Err(ReadError::of_array(
            path,
            "nwb_version",
            ReadErrorKind::Content { found, expected },
        ));
    }
    let mut said = Vec::new();
    let mut paths = HashMap::new();
    by_address(&root, &mut Vec::new(), &mut paths);
    collect(&root, &mut Vec::new(), &paths, &mut said);
    let format = format!("NWB {number} (HDF5)");
    let Opened { mut root, reader, separator, .. } = hdf5::plain(root, reader);
    let mut rules = HashMap::new();
    for (path, said) in said {
        rules.extend(apply(&mut root, &path, said));
    }
    Ok(Opened { format, separator, root, reader: Box::new(Nwb { stored: reader, rules }) })
}

/// Names from the root.
type Names = Vec<String>;

/// What is said of a dataset.
enum Said {
    /// Its numbers are scaled, and perhaps those of each channel by a factor along an axis.
    Scale { factor: f64, offset: f64, channel_axis: Option<usize> },
    /// Its numbers stand for the elements of the dataset at a path.
    Elements(Names),
    /// Its numbers stand for these.
    Vocabulary(Vec<String>),
}

/// The paths of all datasets, by which references are followed.
fn by_address(object: &Object, path: &mut Names, paths: &mut HashMap<u64, Names>) {
    match &object.body {
        Body::Group(children) => {
            for child in children {
                path.push(child.name.clone());
                by_address(child, path, paths);
                path.pop();
            }
        }
        _ => {
            paths.entry(object.address).or_insert_with(|| path.clone());
        }
    }
}

/// Finds every dataset of which something is said.
fn collect(
    group: &Object,
    path: &mut Names,
    paths: &HashMap<u64, Names>,
    said: &mut Vec<(Names, Said)>,
) {
    let Body::Group(children) = &group.body else { return };
    for child in children {
        path.push(child.name.clone());
        let names = child.reference("elements").and_then(|address| paths.get(&address));
        if let Some(names) = names {
            said.push((path.clone(), Said::Elements(names.clone())));
        } else if let Some(vocabulary) = child.texts("vocabulary") {
            said.push((path.clone(), Said::Vocabulary(vocabulary)));
        } else if child.name == "data" {
            let number = |name: &str| child.number(name).filter(|number| number.is_finite());
            let factor = number("conversion").filter(|&factor| factor != 0.0).unwrap_or(1.0);
            let offset = number("offset").unwrap_or(0.0);
            let channels = group.child("channel_conversion");
            let channel_axis =
                channels.map(|channels| channels.number("axis").map_or(1, |axis| axis as usize));
            if factor != 1.0 || offset != 0.0 || channel_axis.is_some() {
                said.push((path.clone(), Said::Scale { factor, offset, channel_axis }));
            }
        }
        collect(child, path, paths, said);
        path.pop();
    }
}

/// Marks the array that something is said of; returns the rule by which it is read.
fn apply(root: &mut Node, path: &[String], said: Said) -> Option<(usize, Rule)> {
    let content = |path: &[String]| node_at(root, path).and_then(|node| node.content);
    let rule = match said {
        Said::Scale { factor, offset, channel_axis } => {
            let above = path.split_last()?.1;
            let of_channels = [above, &["channel_conversion".to_owned()]].concat();
            let shape = node_at(root, path)?.shape.clone();
            let channels = channel_axis.zip(content(&of_channels));
            if channels.is_none() && channel_axis.is_some() {
                // Without the factors of its channels its numbers would be others.
                let node = node_mut(root, path)?;
                (node.kind, node.content) = (Kind::Unreadable, None);
                node.unread = Some("has a channel_conversion that is not read".to_owned());
                return None;
            }
            let channels = channels.map(|(axis, content)| Channels { content, axis, shape });
            Rule::Scale { factor, offset, channels }
        }
        Said::Elements(names) => Rule::Names(content(&names)?),
        Said::Vocabulary(names) => Rule::Vocabulary(names),
    };
    let node = node_mut(root, path)?;
    let content = node.content?;
    match &rule {
        Rule::Scale { .. } => node.scaled = Some(rule.to_string()),
        Rule::Names(_) | Rule::Vocabulary(_) => {
            (node.kind, node.element) = (Kind::Text, "text".to_owned());
        }
    }
    Some((content, rule))
}

fn node_at<'a>(root: &'a Node, path: &[String]) -> Option<&'a Node> {
    path.iter().try_fold(root, |node, name| node.child(name))
}

fn node_mut<'a>(root: &'a mut Node, path: &[String]) -> Option<&'a mut Node> {
    path.iter()
        .try_fold(root, |node, name| node.children.iter_mut().find(|child| child.name == *name))
}

/// How an array is made of what is stored.
enum Rule {
    /// Times a factor, times that of the channel, plus an offset.
    Scale { factor: f64, offset: f64, channels: Option<Channels> },
    /// The elements of another array of the file, to which the numbers point.
    Names(usize),
    /// These, to which the numbers point.
    Vocabulary(Vec<String>),
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rule::Scale { factor, offset, channels } = self else {
            return write!(f, "is given by names");
        };
        write!(f, "is multiplied by conversion {factor:e}")?;
        if channels.is_some() {
            write!(f, " and by channel_conversion")?;
        }
        if *offset == 0.0 { Ok(()) } else { write!(f, ", plus offset {offset}") }
    }
}

/// The arrays of a file by the rules of NWB.
struct Nwb {
    stored: Box<dyn Reader>,
    /// By the numbers of the arrays.
    rules: HashMap<usize, Rule>,
}

impl Nwb {
    /// What stored elements stand for: all, or the first ones as [`Reader::first`] returns them.
    fn translate(
        &mut self,
        content: usize,
        loaded: Loaded,
        all: bool,
    ) -> Result<Loaded, ReadErrorKind> {
        let Loaded::Numbers(numbers) = loaded else { return Ok(loaded) };
        let names = match self.rules.get(&content) {
            None => return Ok(Loaded::Numbers(numbers)),
            Some(Rule::Scale { factor, offset, channels: None }) => {
                return Ok(Loaded::Numbers(scaled(numbers, |_| *factor, *offset)));
            }
            Some(Rule::Scale { factor, offset, channels: Some(channels) }) => {
                let of_channel = factors(&mut *self.stored, channels.content)?;
                channels.check(&of_channel)?;
                let place = |index| if all { channels.of(index) } else { channels.of_first(index) };
                let factor = |index| factor * of_channel[place(index)];
                return Ok(Loaded::Numbers(scaled(numbers, factor, *offset)));
            }
            Some(Rule::Vocabulary(names)) => named(&numbers, names)?,
            Some(&Rule::Names(elements)) => match self.stored.load(elements)? {
                Loaded::Texts { strings, .. } => named(&numbers, &strings)?,
                Loaded::Numbers(Numbers { data, .. }) => {
                    named(&numbers, &data.iter().map(f64::to_string).collect::<Vec<_>>())?
                }
            },
        };
        Ok(Loaded::Texts { shape: numbers.shape, strings: names })
    }
}

impl Reader for Nwb {
    fn load(&mut self, content: usize) -> Result<Loaded, ReadErrorKind> {
        let loaded = self.stored.load(content)?;
        self.translate(content, loaded, true)
    }

    fn first(&mut self, content: usize, count: usize) -> Result<Loaded, ReadErrorKind> {
        let loaded = self.stored.first(content, count)?;
        self.translate(content, loaded, false)
    }
}

/// Where the factors of channels are, and which element is of which channel.
struct Channels {
    content: usize,
    axis: usize,
    /// The shape of the data.
    shape: Vec<usize>,
}

impl Channels {
    /// The channel of an element in the order of C.
    fn of(&self, index: usize) -> usize {
        let Some(&length) = self.shape.get(self.axis) else { return 0 };
        let stride: usize = self.shape[self.axis + 1..].iter().product();
        index / stride.max(1) % length.max(1)
    }

    /// The channel of one of the first elements of the last axis, or of a column.
    fn of_first(&self, index: usize) -> usize {
        let is_last = self.axis + 1 == self.shape.len();
        if is_last && self.shape.last().is_some_and(|&length| length > 1) { index } else { 0 }
    }

    /// Checks that there is a factor for each channel.
    fn check(&self, factors: &[f64]) -> Result<(), ReadErrorKind> {
        let channels = self.shape.get(self.axis).copied().unwrap_or(1);
        if factors.len() == channels {
            Ok(())
        } else {
            Err(ReadErrorKind::Content {
                found: format!("has {channels} channels and {} factors of them", factors.len()),
                expected: "a channel_conversion for each channel".to_owned(),
            })
        }
    }
}

/// The factors of all channels.
fn factors(stored: &mut dyn Reader, content: usize) -> Result<Vec<f64>, ReadErrorKind> {
    match stored.load(content)? {
        Loaded::Numbers(Numbers { data, .. }) => Ok(data),
        Loaded::Texts { .. } => {
            Err(ReadErrorKind::ElementType { found: "strings as channel_conversion".to_owned() })
        }
    }
}

/// Numbers in their unit, by the factor of each element.
fn scaled(mut numbers: Numbers, factor: impl Fn(usize) -> f64, offset: f64) -> Numbers {
    let each = numbers.data.iter_mut().enumerate();
    each.for_each(|(index, number)| *number = *number * factor(index) + offset);
    numbers.precision = Precision::Double;
    numbers
}

/// The names to which numbers point, from 0.
fn named(numbers: &Numbers, names: &[String]) -> Result<Vec<String>, ReadErrorKind> {
    let mut budget = TextBudget::default();
    let name = |&number: &f64| {
        let name = names.get(number as usize).filter(|_| number.fract() == 0.0 && number >= 0.0);
        let name = name.ok_or_else(|| ReadErrorKind::Content {
            found: format!("holds {number}, but there are {} elements", names.len()),
            expected: "numbers of elements, from 0".to_owned(),
        })?;
        budget.spend(1, name.len())?;
        Ok(name.clone())
    };
    numbers.data.iter().map(name).collect()
}

/// The version of NWB: an attribute of the file in NWB 2, a dataset in NWB 1.
fn version(root: &Object, reader: &mut Hdf5) -> Result<Option<String>, ReadErrorKind> {
    if let Some(version) = root.text("nwb_version") {
        return Ok(Some(version));
    }
    let Some(Object { body: Body::Dataset(dataset), .. }) = root.child("nwb_version") else {
        return Ok(None);
    };
    let node = reader.node("nwb_version", dataset.clone())?;
    let Some(content) = node.content else { return Ok(None) };
    match reader.load(content)? {
        Loaded::Texts { strings, .. } => Ok(strings.into_iter().next()),
        Loaded::Numbers(_) => Ok(None),
    }
}

/// Every index of a ragged column that points past its data, by the path of the data.
///
/// In NWB a column of lists is stored as two arrays: `spike_times`, all lists one after the other,
/// and `spike_times_index`, where each list ends.
pub(crate) fn broken_indices(root: &Node, reader: &mut dyn Reader) -> Vec<(String, ReadErrorKind)> {
    let mut broken = Vec::new();
    visit(root, "", &mut |group, path| {
        for index in &group.children {
            let Some(column) = index.name.strip_suffix("_index") else { continue };
            let (Some(data), Kind::Numbers) = (group.child(column), index.kind) else { continue };
            let (1, Some(content)) = (index.shape.len(), index.content) else { continue };
            if let Err(flaw) = check_number_of_lists(index) {
                broken.push((format!("{path}{column}"), flaw));
                continue;
            }
            let flaw = match reader.load(content) {
                Ok(Loaded::Numbers(ends)) => check_index(&ends.data, data, index).err(),
                Ok(Loaded::Texts { .. }) => None,
                Err(flaw) => Some(flaw),
            };
            broken.extend(flaw.map(|flaw| (format!("{path}{column}"), flaw)));
        }
    });
    // Spikes before all else, because without them there is nothing to fit.
    broken.sort_by_key(|(path, _)| !path.ends_with("spike_times"));
    broken
}

fn visit(node: &Node, path: &str, each: &mut impl FnMut(&Node, &str)) {
    each(node, path);
    for child in node.children.iter().filter(|child| child.kind == Kind::Group) {
        visit(child, &format!("{path}{}/", child.name), each);
    }
}

/// Checks that an index is one of a recording, before it is read: each list is an array of its own.
///
/// # Errors
///
/// If there are too many lists.
pub(crate) fn check_number_of_lists(index: &Node) -> Result<(), ReadErrorKind> {
    if index.len() <= MAX_NODES {
        return Ok(());
    }
    let found = format!("has an index {:?} of {} lists", index.name, index.len());
    Err(ReadErrorKind::Content { found, expected: format!("at most {MAX_NODES}") })
}

/// Checks that the ends of the lists of a ragged column increase and are within its data.
///
/// # Errors
///
/// A sentence on the data that names its index.
pub(crate) fn check_index(ends: &[f64], data: &Node, index: &Node) -> Result<(), ReadErrorKind> {
    let rows = data.shape.first().copied().unwrap_or(0);
    let last = ends.iter().copied().fold(0.0, f64::max);
    if last > rows as f64 {
        return Err(ReadErrorKind::Content {
            found: format!("has {rows} rows, but its index {:?} points to {last}", index.name),
            expected: "an index within its data; the file may be cut off".to_owned(),
        });
    }
    let falls = ends.windows(2).find(|pair| pair[0] > pair[1]);
    let first = ends.first().filter(|&&end| end < 0.0);
    if let Some(end) = falls.map(|pair| pair[1]).or(first.copied()) {
        return Err(ReadErrorKind::Content {
            found: format!("has an index {:?} that falls to {end}", index.name),
            expected: "ends of lists that increase".to_owned(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_belong_to_the_channels_of_their_axis() {
        let channels = |axis, shape: &[usize]| Channels { content: 0, axis, shape: shape.to_vec() };
        let of = |channels: &Channels| (0..6).map(|i| channels.of(i)).collect::<Vec<_>>();
        assert_eq!(of(&channels(1, &[2, 3])), [0, 1, 2, 0, 1, 2]);
        assert_eq!(of(&channels(0, &[2, 3])), [0, 0, 0, 1, 1, 1]);
        assert_eq!(of(&channels(1, &[1, 3, 2])), [0, 0, 1, 1, 2, 2]);
        assert_eq!(of(&channels(1, &[6])), [0; 6], "a single channel");
        // The first elements are those of the first sample, or those of a column.
        assert_eq!((channels(1, &[2, 3]).of_first(2), channels(1, &[9, 1]).of_first(2)), (2, 0));
        assert_eq!(channels(0, &[2, 3]).of_first(2), 0);
        assert!(channels(1, &[2, 3]).check(&[1.0; 3]).is_ok());
        let wrong = channels(1, &[2, 3]).check(&[1.0; 2]).unwrap_err().to_string();
        assert!(wrong.starts_with("has 3 channels and 2 factors of them"), "{wrong}");
    }

    #[test]
    fn numbers_without_an_element_are_refused() {
        let numbers = |data: &[f64]| Numbers {
            shape: vec![data.len()],
            data: data.to_vec(),
            precision: Precision::Exact,
        };
        let names = ["L".to_owned(), "R".to_owned()];
        assert_eq!(named(&numbers(&[1.0, 0.0]), &names).unwrap(), ["R", "L"]);
        for number in [2.0, -1.0, 0.5] {
            let refused = named(&numbers(&[number]), &names).unwrap_err().to_string();
            assert!(refused.contains("there are 2 elements"), "{refused}");
        }
    }
}
