//! Spike times in each of the layouts in which they are stored.
//!
//! Of a session: a table of units as in NWB, a list or a pattern of names with an array for each
//! neuron, or all times in one array beside one with the unit of each. Of trials: lists of such
//! arrays, or cell arrays of several axes.

use super::bins::Rounding;
use super::cells::short;
use super::events::{self, Interval};
use super::list_axes::{self, ListAxes};
use super::options::OptionName::{Axes, UnitIds};
use super::options::{Axis, Options, wrong_choice};
use super::ragged;
use super::trials::numbered;
use super::wildcard;
use crate::file::{Array, Found, ReadError, Source, Value};
use crate::scalar::Precision;

/// A neuron and when it was seen to fire.
pub(super) struct Unit {
    pub name: String,
    /// In seconds, increasing.
    pub spikes: Vec<f64>,
    /// From when to when it was observed, increasing, if the file says so; else always.
    pub observed: Option<Vec<Interval>>,
}

/// Spike times as they are stored.
pub(super) enum Spikes {
    /// Of each neuron those of the whole session.
    OfSession(Vec<Unit>),
    /// Of each trial those of each neuron.
    OfTrials(Vec<Vec<Unit>>),
}

impl Spikes {
    /// The neurons; of trials, those of the first, which has as many as the others.
    pub fn first(&self) -> &[Unit] {
        match self {
            Spikes::OfSession(units) => units,
            Spikes::OfTrials(trials) => trials.first().map_or(&[], |units| units),
        }
    }

    fn units_mut(&mut self) -> impl Iterator<Item = &mut Unit> {
        match self {
            Spikes::OfSession(units) => std::slice::from_mut(units).iter_mut().flatten(),
            Spikes::OfTrials(trials) => trials.as_mut_slice().iter_mut().flatten(),
        }
    }
}

/// What all layouts are read with.
struct Reading<'a> {
    source: &'a mut Source,
    options: &'a Options,
    notes: &'a mut Vec<String>,
    /// If any times are stored so.
    single: bool,
}

/// Reads spike times in whatever layout they are stored, and by how much they may be rounded.
///
/// # Errors
///
/// If there are none, or arrays do not fit together.
pub(super) fn read(
    source: &mut Source,
    path: &str,
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<(Spikes, Rounding), ReadError> {
    let mut reading = Reading { source, options, notes, single: false };
    let mut spikes = reading.spikes(path)?;
    if options.ignore_observed {
        spikes.units_mut().for_each(|unit| unit.observed = None);
    }
    let times: usize = spikes.units_mut().map(|unit| unit.spikes.len()).sum();
    let scale = options.spike_scale();
    spikes.units_mut().for_each(|unit| unit.put_in_order(scale));
    let left: usize = spikes.units_mut().map(|unit| unit.spikes.len()).sum();
    if left < times {
        reading.notes.push(format!("{} spikes without a time are left out", times - left));
    }
    let precision = if reading.single { Precision::Single } else { Precision::Double };
    Ok((spikes, Rounding::of(precision)))
}

impl Unit {
    /// Times in seconds and in their order, without those that are no times.
    fn put_in_order(&mut self, scale: f64) {
        self.spikes.retain(|spike| spike.is_finite());
        self.spikes.iter_mut().for_each(|spike| *spike *= scale);
        self.spikes.sort_by(f64::total_cmp);
    }
}

impl Reading<'_> {
    fn spikes(&mut self, path: &str) -> Result<Spikes, ReadError> {
        let options = self.options;
        if let Some(ids) = &options.unit_ids {
            return self.by_id(path, ids).map(Spikes::OfSession);
        }
        if path.contains('*') {
            return self.by_name(path).map(Spikes::OfSession);
        }
        let (path, found) = self.source.find(path)?;
        let is_table = match &found {
            Found::One(node) => node.child("spike_times").is_some(),
            Found::Each(_) => false,
        };
        if is_table { self.table(&path).map(Spikes::OfSession) } else { self.list(&path) }
    }

    /// The spike times of one neuron.
    fn times(&mut self, array: Array) -> Result<Vec<f64>, ReadError> {
        if array.shape.iter().filter(|&&length| length > 1).count() > 1 {
            let expected = "the spike times of one neuron along one axis; counts are an array";
            return Err(array.wrong_shape(expected));
        }
        self.single |= array.precision == Precision::Single;
        Ok(array.data)
    }

    /// All times in one array, and which unit each is of in another.
    fn by_id(&mut self, path: &str, ids: &str) -> Result<Vec<Unit>, ReadError> {
        let times = events::column(self.source, path, "time for each spike")?;
        let times = self.times(times)?;
        let (names, places) = match self.source.value(ids)? {
            Value::Numbers(array) => distinct(&array.data, f64::total_cmp, |&id| short(id)),
            Value::Texts(texts) => distinct(&texts.strings, String::cmp, String::clone),
            Value::List(_) => {
                return Err(self.source.error(
                    ids,
                    "is a list",
                    "an array with a unit for each spike",
                ));
            }
        };
        if places.len() != times.len() {
            let found = format!("has {} values", places.len());
            let expected = format!("a unit for each of the {} spikes of {path}", times.len());
            return Err(self.source.error(ids, found, expected));
        }
        let unit = |name| Unit { name, spikes: Vec::new(), observed: None };
        let mut units: Vec<Unit> = names.into_iter().map(unit).collect();
        places.iter().zip(times).for_each(|(&place, time)| units[place].spikes.push(time));
        Ok(units)
    }

    /// An array for each name that fits a pattern.
    fn by_name(&mut self, pattern: &str) -> Result<Vec<Unit>, ReadError> {
        let mut units = Vec::new();
        for wildcard::Match { path, name } in wildcard::arrays(self.source, pattern)? {
            let array = self.source.numbers(&path)?;
            units.push(Unit { name, spikes: self.times(array)?, observed: None });
        }
        Ok(units)
    }

    /// A table of units as NWB has it.
    fn table(&mut self, path: &str) -> Result<Vec<Unit>, ReadError> {
        let separator = self.source.separator();
        let column = |name: &str| format!("{path}{separator}{name}");
        let Some(spikes) = ragged::numbers(self.source, &column("spike_times"))? else {
            let found = "has spike_times without spike_times_index";
            return Err(self.source.error(path, found, "which spikes are of which unit"));
        };
        self.single |= spikes.precision == Precision::Single;
        let count = spikes.lists.len();
        let names = if self.source.find(&column("id")).is_ok() {
            self.source.numbers(&column("id"))?.data.iter().map(f64::to_string).collect()
        } else {
            numbered(count, self.source.first_index())
        };
        if names.len() != count {
            let found = format!("has {} ids for {count} lists of spikes", names.len());
            return Err(self.source.error(path, found, "one for each unit"));
        }
        let intervals = ragged::numbers(self.source, &column("obs_intervals"))?;
        if let Some(found) = intervals.as_ref().map(|i| i.lists.len()).filter(|&n| n != count) {
            let found = format!("has obs_intervals for {found} units, and spikes for {count}");
            return Err(self.source.error(path, found, "as many of both"));
        }
        let scale = self.options.spike_scale();
        let unit = |(index, (name, spikes)): (usize, (String, Vec<f64>))| {
            let observed = intervals.as_ref().map(|intervals| {
                let pairs = intervals.lists[index].as_chunks::<2>().0.iter();
                events::joined(pairs.map(|&[from, to]| (from * scale, to * scale)).collect())
            });
            Unit { name, spikes, observed }
        };
        Ok(names.into_iter().zip(spikes.lists).enumerate().map(unit).collect())
    }

    /// A list with an array for each neuron, or for each neuron of each trial.
    fn list(&mut self, path: &str) -> Result<Spikes, ReadError> {
        let path = list_axes::with_brackets(self.source, path)?;
        let Value::List(list) = self.source.value(&path)? else {
            let found = "is a single array";
            let expected = format!(
                "{UnitIds} with the unit of each spike, a table of units with spike_times, a list \
                 of arrays such as spikes[] or a pattern of names such as 'unit*'"
            );
            return Err(wrong_choice(self.source, &path, found, expected));
        };
        let axes = list_axes::read(self.source, &path)?;
        match axes.lengths.len() {
            0 | 1 => self.of_neurons(&path, list),
            2 => self.of_trials(&path, list, &axes),
            _ => {
                let found = format!("is a list of {} axes", axes.lengths.len());
                Err(self.source.error(&path, found, "trials and neurons"))
            }
        }
    }

    fn of_neurons(&mut self, path: &str, list: Vec<Value>) -> Result<Spikes, ReadError> {
        if self.options.list_axes.is_some() {
            let found = "is a list of one axis, that of the neurons";
            let expected = format!("{Axes} for lists of several axes alone");
            return Err(wrong_choice(self.source, path, found, expected));
        }
        let names = numbered(list.len(), self.source.first_index());
        self.units(path, names, list).map(Spikes::OfSession)
    }

    fn units(
        &mut self,
        path: &str,
        names: Vec<String>,
        list: Vec<Value>,
    ) -> Result<Vec<Unit>, ReadError> {
        let mut units = Vec::new();
        for (name, value) in names.into_iter().zip(list) {
            let Value::Numbers(array) = value else {
                let found = "holds other than arrays of numbers";
                return Err(self.source.error(path, found, "spike times"));
            };
            units.push(Unit { name, spikes: self.times(array)?, observed: None });
        }
        Ok(units)
    }

    /// A list of two axes, of which one is that of the trials.
    fn of_trials(
        &mut self,
        path: &str,
        list: Vec<Value>,
        axes: &ListAxes,
    ) -> Result<Spikes, ReadError> {
        let options = self.options;
        let order = match options.list_axes.as_deref() {
            Some(order @ ([Axis::Trial, Axis::Neuron] | [Axis::Neuron, Axis::Trial])) => order,
            None if axes.nested => {
                self.notes.push(format!(
                    "{path}: the outer list is taken for trials and the inner one for neurons, as \
                     by {Axes} trial,neuron"
                ));
                &[Axis::Trial, Axis::Neuron]
            }
            _ => {
                let [first, second] = [axes.lengths[0], axes.lengths[1]];
                let found = format!("is a list of {first} x {second} arrays");
                let expected = format!("{Axes} trial,neuron or neuron,trial to say which is which");
                return Err(wrong_choice(self.source, path, found, expected));
            }
        };
        let trials = axes.by_trial(list, order[0] == Axis::Trial);
        let names = numbered(trials.first().map_or(0, Vec::len), self.source.first_index());
        let of_trial = |list| self.units(path, names.clone(), list);
        trials.into_iter().map(of_trial).collect::<Result<_, _>>().map(Spikes::OfTrials)
    }
}

/// The names of the distinct values in their order, and which of them each value is.
fn distinct<T: Clone>(
    values: &[T],
    order: impl Fn(&T, &T) -> std::cmp::Ordering,
    name: impl Fn(&T) -> String,
) -> (Vec<String>, Vec<usize>) {
    let mut distinct = values.to_vec();
    distinct.sort_unstable_by(&order);
    distinct.dedup_by(|a, b| order(a, b).is_eq());
    let place = |value: &T| distinct.partition_point(|other| order(other, value).is_lt());
    let places = values.iter().map(place).collect();
    (distinct.iter().map(name).collect(), places)
}
