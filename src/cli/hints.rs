//! How `rankproof prepare` is told to take what a file offers, as far as it can be recognised.

use crate::file::{Entry, Kind, Node, Sample, Source};

use super::output::shell_word;

/// So many numbers of a list are looked at.
const FEWEST: usize = 3;

/// What is offered, with the options that take it.
pub(super) fn hints(source: &Source, entries: &[Entry]) -> String {
    let mut hints = Hints::default();
    hints.visit(source.root(), "", source.separator());
    hints.series(entries, source.separator());
    hints.patterns(entries, source.separator());
    hints.lists(entries);
    let mut text = String::new();
    for (title, lines) in [
        ("Spikes", hints.spikes),
        ("Lists of times that increase, if they are spikes", hints.times),
        ("Events", hints.events),
        ("Series", hints.series),
        ("Arrays of three axes", hints.arrays),
        ("Lists of arrays, if one is a trial", hints.lists),
        ("Bins of such trials to cut around", hints.indices),
    ] {
        if !lines.is_empty() {
            text += &format!("\n{title}\n");
        }
        let width = lines.iter().map(|(found, _)| found.chars().count()).max().unwrap_or(0);
        for (found, option) in lines {
            text += &format!("  {found:width$}  {option}\n");
        }
    }
    text
}

/// What was found, and by which option it is taken.
type Lines = Vec<(String, String)>;

#[derive(Default)]
struct Hints {
    spikes: Lines,
    times: Lines,
    events: Lines,
    series: Lines,
    arrays: Lines,
    lists: Lines,
    indices: Lines,
}

impl Hints {
    fn visit(&mut self, node: &Node, path: &str, separator: char) {
        let rows = |name| node.child(name).and_then(|child| child.shape.first());
        if let (Some(spikes), Some(units)) = (rows("spike_times"), rows("spike_times_index")) {
            let found = format!("{path}: {units} units, {spikes} spikes");
            self.spikes.push((found, format!("--spikes {}", shell_word(path))));
        } else if !self.table_of_events(node, path, separator) {
            self.flat_times(node, path, separator);
        }
        for child in &node.children {
            let path = below(path, &child.name, separator);
            match child.kind {
                Kind::Numbers if child.shape.len() == 3 && !child.is_empty() => {
                    let found = format!("{path}: {:?}", child.shape);
                    let axes = "--axes neuron,time,trial (as they are)";
                    self.arrays.push((found, format!("--array {} {axes}", shell_word(&path))));
                }
                Kind::Group => self.visit(child, &path, separator),
                _ => {}
            }
        }
    }

    /// A table with times, of which that of the times that should be left out is not offered.
    fn table_of_events(&mut self, node: &Node, path: &str, separator: char) -> bool {
        let name = path.rsplit(separator).next().unwrap_or(path);
        let is_table = node.child("start_time").is_some() && node.child("stop_time").is_some();
        let time = if is_table {
            "start_time"
        } else if node.element == "EventsTable" {
            "timestamp"
        } else {
            return false;
        };
        let rows = node.child(time).and_then(|column| column.shape.first());
        if let (Some(rows), true) = (rows, name != "invalid_times") {
            let option = format!("--align {}", shell_word(&format!("{name}.{time}")));
            self.events.push((format!("{path}: {rows} rows"), option));
        }
        true
    }

    /// The times of all spikes in one array, beside one with the unit of each.
    fn flat_times(&mut self, group: &Node, path: &str, separator: char) {
        const IDS: [&str; 4] = ["cluster", "unit", "template", "ids"];
        let columns = || group.children.iter().filter(|child| is_column(child));
        let called = |node: &Node, part: &str| node.name.to_lowercase().contains(part);
        let is_ids = |node: &Node| IDS.iter().any(|part| called(node, part));
        let is_times =
            |node: &&Node| (called(node, "time") || called(node, "sample")) && !is_ids(node);
        for times in columns().filter(is_times) {
            let fitting = || columns().filter(|ids| ids.len() == times.len());
            let by_name = |part| fitting().find(|ids| called(ids, part));
            let Some(ids) = IDS.into_iter().find_map(by_name) else { continue };
            let name = |node: &Node| shell_word(&below(path, &node.name, separator));
            let mut option = format!("--spikes {} --unit-ids {}", name(times), name(ids));
            if times.element.contains("int") {
                option += " --spike-time-scale 1/RATE";
            }
            let found = below(path, &times.name, separator);
            self.spikes.push((format!("{found}: {} spikes", times.len()), option));
        }
    }

    /// An array of times for each of many names.
    fn patterns(&mut self, entries: &[Entry], separator: char) {
        for entry in entries {
            let Some(last) = entry.last.as_ref().filter(|_| !entry.path.contains("[]")) else {
                continue;
            };
            let above = entry.path.strip_suffix(entry.name.as_str()).unwrap_or("");
            let pattern = format!("{above}{}", pattern(&entry.name, last));
            let part = |name: &str| format!("{}{separator}{name}", entry.path);
            let mut take = |times: &Entry, pattern: String| {
                if increases(times) {
                    let found = format!("{pattern}: {} of {}", entry.alike, times.shape);
                    self.times.push((found, format!("--spikes {}", shell_word(&pattern))));
                }
            };
            take(entry, pattern.clone());
            // The times of a series are beside its data.
            if !entries.iter().any(|other| other.path == part("data")) {
                let parts = entries.iter().filter(|other| other.path == part(&other.name));
                parts.for_each(|times| take(times, format!("{pattern}{separator}{}", times.name)));
            }
        }
    }

    fn lists(&mut self, entries: &[Entry]) {
        for entry in entries {
            match entry.path.matches("[]").count() {
                1 if increases(entry) => self.list_of_times(entries, entry),
                1 => {
                    self.list_of_trials(entry);
                    self.index(entry);
                }
                2 if entry.path.ends_with("[]") && increases(entry) => {
                    let axes = "--axes trial,neuron --window START,END";
                    let option = format!("--spikes {} {axes}", shell_word(&entry.path));
                    self.times.push((found(entry), option));
                }
                _ => {}
            }
        }
    }

    /// An array of times for each neuron, or for each neuron and trial.
    fn list_of_times(&mut self, entries: &[Entry], entry: &Entry) {
        let mut option = format!("--spikes {}", shell_word(&entry.path));
        let list = entries.iter().find(|list| list.path == entry.path && list.element == "cell");
        if list.is_some_and(|list| long_axes(&list.shape) == 2) {
            option += " --axes trial,neuron (or neuron,trial) --window START,END";
        }
        self.times.push((found(entry), option));
    }

    /// Arrays of a list that differ in the length of one axis, which is time.
    fn list_of_trials(&mut self, entry: &Entry) {
        let lengths: Vec<&str> = entry.shape.trim_end_matches(" or empty").split(", ").collect();
        let axes = match lengths[..] {
            [time, neurons] if time.contains("..") && !neurons.contains("..") => "time,neuron",
            [neurons, time] if time.contains("..") && !neurons.contains("..") => "neuron,time",
            _ => return,
        };
        let is_column = lengths.contains(&"1)") || lengths.contains(&"(1");
        if !is_column && entry.element != "text" {
            let option = format!("--array {} --axes {axes}", shell_word(&entry.path));
            self.lists.push((found(entry), option));
        }
    }

    /// A number for each element of a list that is called an index.
    fn index(&mut self, entry: &Entry) {
        let name = entry.name.to_lowercase();
        let is_index = name.starts_with("idx") || name.ends_with("idx");
        let is_whole = entry.first.iter().all(|n| n.number().is_some_and(|n| n.fract() == 0.0));
        if is_index && is_whole && entry.first.len() == 1 && long_axes(&entry.shape) == 0 {
            let option = format!("--align-index {} --window START,END", shell_word(&entry.path));
            self.indices.push((entry.path.clone(), option));
        }
    }

    fn series(&mut self, entries: &[Entry], separator: char) {
        let at = |path: &str| entries.iter().find(|entry| entry.path == path);
        for entry in entries.iter().filter(|entry| entry.element != "SpikeEventSeries") {
            let part = |name: &str| at(&format!("{}{separator}{name}", entry.path));
            let times = part("timestamps").or_else(|| part("starting_time"));
            let (Some(data), Some(_)) = (part("data"), times) else { continue };
            if data.element == "text" || data.shape == "(0,)" {
                continue;
            }
            let above = entry.path.strip_suffix(entry.name.as_str()).unwrap_or("");
            let path = match &entry.last {
                Some(last) => format!("{above}{}", pattern(&entry.name, last)),
                None => entry.path.clone(),
            };
            let found = format!("{path}: {} of {}", entry.alike, data.shape);
            self.series.push((found, format!("--series {}", shell_word(&path))));
        }
    }
}

fn below(path: &str, name: &str, separator: char) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}{separator}{name}") }
}

fn found(entry: &Entry) -> String {
    format!("{}: {}", entry.path, entry.shape)
}

/// Numbers along one axis, more than one.
fn is_column(node: &Node) -> bool {
    let long = node.shape.iter().filter(|&&length| length != 1).count();
    node.kind == Kind::Numbers && long == 1 && node.len() > 1
}

/// Axes that are longer than 1, of a shape as it is shown.
fn long_axes(shape: &str) -> usize {
    let lengths = shape.trim_end_matches(" or empty").trim_matches(['(', ')']).split(',');
    lengths.map(str::trim).filter(|length| !matches!(*length, "" | "1")).count()
}

/// Numbers along one axis that increase from 0 or more, as far as they are looked at.
fn increases(entry: &Entry) -> bool {
    let numbers: Option<Vec<f64>> = entry.first.iter().map(Sample::number).collect();
    let increases = |numbers: Vec<f64>| {
        numbers.len() >= FEWEST && numbers[0] >= 0.0 && numbers.is_sorted_by(|a, b| a < b)
    };
    long_axes(&entry.shape) == 1 && numbers.is_some_and(increases)
}

/// Both names, with a star where they differ.
fn pattern(first: &str, last: &str) -> String {
    let alike = first.chars().zip(last.chars()).take_while(|(a, b)| a == b);
    // Digits vary from name to name even where the first and the last have the same.
    let start: String = alike.map(|(c, _)| c).take_while(|c| !c.is_ascii_digit()).collect();
    start + "*"
}
