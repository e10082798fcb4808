//! `rankproof inspect`: what is in a file.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use rankproof::recording::{Entry, Kind, Node, ReadError, Source, outline};
use serde::Serialize;
use serde_json::Value;

use super::output::{check_target, print, rendered, short, table, write_json};

/// Show what is in a recording: names, types, shapes, units and first values.
///
/// Reads NumPy (.npy, .npz), NWB 2.x, HDF5 and MATLAB (.mat of versions 5 to 7.3). The paths shown
/// are those by which `rankproof prepare` finds arrays: [] stands for all elements of a list, and
/// the groups above a name may be left out where only one place fits. Parts that are not read are
/// listed with the reason.
#[derive(Args)]
pub struct Arguments {
    /// The file.
    file: PathBuf,
    /// Also write the list as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Values that are read of each array.
const FIRST: usize = 6;

/// Characters of the columns that can be long.
const LONGEST_VALUES: usize = 40;
const LONGEST_UNIT: usize = 16;

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if let Some(path) = &arguments.json {
        check_target(path)?;
    }
    let mut source = Source::open(&arguments.file)?;
    let (entries, mut problems) = outline(&mut source, FIRST);
    problems.extend(source.contradictions());
    if let Some(path) = &arguments.json {
        let problems = problems.iter().map(ReadError::to_string).collect();
        write_json(path, &Json { schema: 1, format: source.format(), problems, arrays: &entries })?;
    }
    let text = [
        format!("{}: {}\n", arguments.file.display(), source.format()),
        order_of_axes(&source).to_owned(),
        tree(&source, &entries),
        not_read(&source, &entries),
        hints(&source, &entries),
    ];
    print(&text.concat())?;
    match problems.into_iter().next() {
        None => Ok(ExitCode::SUCCESS),
        Some(error) => Err(error.into()),
    }
}

#[derive(Serialize)]
struct Json<'a> {
    schema: u32,
    format: &'a str,
    problems: Vec<String>,
    arrays: &'a [Entry],
}

fn order_of_axes(source: &Source) -> &'static str {
    match source.format().starts_with("MATLAB v7.3") {
        true => "Axes are as HDF5 has them, in the reverse of MATLAB's order.\n\n",
        false => "\n",
    }
}

fn tree(source: &Source, entries: &[Entry]) -> String {
    let mut table = table(&["name", "type", "shape", "unit", "first values"], 5);
    for entry in entries.iter().filter(|entry| is_shown(source, entry)) {
        let name = match &entry.last {
            None => entry.name.clone(),
            Some(last) => format!("{} to {last} ({} alike)", entry.name, entry.alike),
        };
        let is_array = matches!(entry.kind, Kind::Numbers | Kind::Text | Kind::Unreadable);
        let values = match (entry.first.is_empty(), &entry.unread, &entry.note) {
            (true, Some(_), _) if is_array => "(not read)".to_owned(),
            (true, _, Some(note)) => format!("({note})"),
            (true, _, None) => String::new(),
            (false, _, _) => values(entry),
        };
        // What is not understood has no axes.
        let has_axes = entry.kind != Kind::Unreadable || entry.shape != "()";
        table.add_row([
            format!("{}{name}", "  ".repeat(entry.depth)),
            entry.element.clone(),
            if has_axes { entry.shape.clone() } else { String::new() },
            clipped(entry.unit.as_deref().unwrap_or(""), LONGEST_UNIT),
            clipped(&values, LONGEST_VALUES),
        ]);
    }
    rendered(&table)
}

/// The definitions of NWB itself tell nothing of the recording.
fn is_shown(source: &Source, entry: &Entry) -> bool {
    !(source.is_nwb() && entry.path.starts_with("specifications"))
}

/// What is in the file and not read, and why.
fn not_read(source: &Source, entries: &[Entry]) -> String {
    let shown = entries.iter().filter(|entry| is_shown(source, entry));
    let lines = shown.filter_map(|entry| {
        let why = entry.unread.as_ref()?;
        let alike = match entry.alike {
            1 => String::new(),
            alike => format!(" ({alike} alike)"),
        };
        Some((format!("{}{alike}", entry.path), why.clone()))
    });
    let lines: Vec<_> = lines.collect();
    let width = lines.iter().map(|(path, _)| path.chars().count()).max().unwrap_or(0);
    let text: String =
        lines.iter().map(|(path, why)| format!("  {path:width$}  {why}\n")).collect();
    if text.is_empty() { text } else { format!("\nNot read\n{text}") }
}

/// As many of the first values as there is room for.
fn values(entry: &Entry) -> String {
    let mut text = String::new();
    for value in entry.first.iter().map(value) {
        if !text.is_empty() && text.chars().count() + value.chars().count() + 5 > LONGEST_VALUES {
            return text + " ...";
        }
        text += if text.is_empty() { "" } else { " " };
        text += &value;
    }
    if entry.first.len() < FIRST { text } else { text + " ..." }
}

fn value(value: &Value) -> String {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(number) => short(number, 5),
            None => number.to_string(),
        },
        Value::String(text) => format!("{text:?}"),
        // JSON has no NaN.
        _ => "NaN".to_owned(),
    }
}

fn clipped(text: &str, length: usize) -> String {
    let line = text.replace(['\n', '\r', '\t'], " ");
    match line.chars().count() > length {
        true => line.chars().take(length - 3).collect::<String>() + "...",
        false => line,
    }
}

/// How `rankproof prepare` is told to take what the file offers.
fn hints(source: &Source, entries: &[Entry]) -> String {
    let mut hints = Hints::default();
    hints.visit(source.root(), "", source.separator());
    hints.series(entries, source.separator());
    hints.lists(entries);
    let mut text = String::new();
    for (title, lines) in [
        ("Spikes", hints.spikes),
        ("Events", hints.events),
        ("Series", hints.series),
        ("Arrays of three axes", hints.arrays),
        ("Lists of arrays, if one is a trial", hints.lists),
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
#[derive(Default)]
struct Hints {
    spikes: Vec<(String, String)>,
    events: Vec<(String, String)>,
    series: Vec<(String, String)>,
    arrays: Vec<(String, String)>,
    lists: Vec<(String, String)>,
}

impl Hints {
    fn visit(&mut self, node: &Node, path: &str, separator: char) {
        let rows = |name| node.child(name).and_then(|child| child.shape.first());
        if let (Some(spikes), Some(units)) = (rows("spike_times"), rows("spike_times_index")) {
            let found = format!("{path}: {units} units, {spikes} spikes");
            self.spikes.push((found, format!("--spikes {}", quoted(path))));
        }
        if let (Some(rows), Some(_)) = (rows("start_time"), rows("stop_time")) {
            let name = path.rsplit(separator).next().unwrap_or(path);
            let option = format!("--align {}", quoted(&format!("{name}.start_time")));
            self.events.push((format!("{path}: {rows} rows"), option));
        }
        for child in &node.children {
            let path = match path {
                "" => child.name.clone(),
                path => format!("{path}{separator}{}", child.name),
            };
            match child.kind {
                Kind::Numbers if child.shape.len() == 3 && !child.is_empty() => {
                    let found = format!("{path}: {:?}", child.shape);
                    let axes = "--axes neuron,time,trial (as they are)";
                    self.arrays.push((found, format!("--array {} {axes}", quoted(&path))));
                }
                Kind::Group => self.visit(child, &path, separator),
                _ => {}
            }
        }
    }

    /// Arrays of a list that differ in the length of one axis, which is time.
    fn lists(&mut self, entries: &[Entry]) {
        for entry in entries.iter().filter(|entry| entry.path.matches("[]").count() == 1) {
            let lengths: Vec<&str> =
                entry.shape.trim_end_matches(" or empty").split(", ").collect();
            let axes = match lengths[..] {
                [time, neurons] if time.contains("..") && !neurons.contains("..") => "time,neuron",
                [neurons, time] if time.contains("..") && !neurons.contains("..") => "neuron,time",
                _ => continue,
            };
            let is_column = lengths.contains(&"1)") || lengths.contains(&"(1");
            if !is_column && entry.element != "text" {
                let found = format!("{}: {}", entry.path, entry.shape);
                let option = format!("--array {} --axes {axes}", quoted(&entry.path));
                self.lists.push((found, option));
            }
        }
    }

    fn series(&mut self, entries: &[Entry], separator: char) {
        let at = |path: &str| entries.iter().find(|entry| entry.path == path);
        for entry in entries {
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
            self.series.push((found, format!("--series {}", quoted(&path))));
        }
    }
}

/// Both names, with a star where they differ.
fn pattern(first: &str, last: &str) -> String {
    let alike = first.chars().zip(last.chars()).take_while(|(a, b)| a == b);
    // Digits vary from name to name even where the first and the last have the same.
    let start: String = alike.map(|(c, _)| c).take_while(|c| !c.is_ascii_digit()).collect();
    start + "*"
}

/// In quotes, if a shell would take it apart.
fn quoted(path: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./".contains(c);
    if path.chars().all(is_plain) { path.to_owned() } else { format!("'{path}'") }
}
