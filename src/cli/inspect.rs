//! `rankproof inspect`: what is in a file.

use std::path::PathBuf;

use crate::file::{Entry, Kind, ReadError, Sample, Source, formats, outline};
use crate::scalar::significant;
use clap::Args;
use serde::Serialize;

use super::files::{Files, arrays_of};
use super::hints::hints;
use super::output::{print, table, write_json};

/// Show what is in a file: names, types, shapes, units and first values.
///
/// Reads the formats listed below, and a folder of .npy files as one. The paths shown are those by
/// which `rankproof prepare` finds arrays: [] stands for all elements of a list, and the
/// groups above a name may be left out where only one place fits. Parts that are not read are listed
/// with the reason.
#[derive(Args)]
#[command(after_help = format!("Formats: {}", formats()))]
pub struct Arguments {
    /// The file, or a folder of .npy files.
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

pub fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    Files::default().reads(arrays_of(&arguments.file)).writes("--json", &arguments.json).check()?;
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
        scales(&entries),
        listed("Assumed", &source, &entries, |entry| entry.assumed.as_ref()),
        listed("Not read", &source, &entries, |entry| entry.unread.as_ref()),
        hints(&source, &entries),
    ];
    print(&text.concat())?;
    match problems.into_iter().next() {
        None => Ok(0),
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
    if source.format().starts_with("MATLAB v7.3") {
        "Axes are as HDF5 has them, in the reverse of MATLAB's order.\n\n"
    } else {
        "\n"
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
    table.to_string()
}

/// What was done to the numbers that are shown.
fn scales(entries: &[Entry]) -> String {
    let scaled = entries.iter().filter_map(|entry| Some((entry, entry.scaled.as_ref()?)));
    let line = |(entry, scaled): (&Entry, &String)| format!("{} {scaled}\n", entry.path);
    let lines: String = scaled.map(line).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

/// The definitions of NWB itself tell nothing of the recording.
fn is_shown(source: &Source, entry: &Entry) -> bool {
    !(source.is_nwb() && entry.path.starts_with("specifications"))
}

/// What is said of some of the entries, under a title.
fn listed(
    title: &str,
    source: &Source,
    entries: &[Entry],
    said: impl Fn(&Entry) -> Option<&String>,
) -> String {
    let shown = entries.iter().filter(|entry| is_shown(source, entry));
    let lines = shown.filter_map(|entry| {
        let why = said(entry)?;
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
    if text.is_empty() { text } else { format!("\n{title}\n{text}") }
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

fn value(value: &Sample) -> String {
    match value {
        Sample::Number(number) => significant(*number, 5),
        Sample::Text(text) => format!("{text:?}"),
    }
}

fn clipped(text: &str, length: usize) -> String {
    let line = text.replace(['\n', '\r', '\t'], " ");
    if line.chars().count() > length {
        line.chars().take(length - 3).collect::<String>() + "..."
    } else {
        line
    }
}
