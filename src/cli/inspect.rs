//! `rankproof inspect`: what is in a file.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use comfy_table::CellAlignment;
use rankproof::recording::{Entry, Kind, Node, ReadError, Source, outline};
use serde::Serialize;
use serde_json::Value;

use super::output::{check_target, print, rendered, table, write_json};

/// Show what is in a recording: names, types, shapes, units and first values.
///
/// Reads NumPy (.npy, .npz), NWB 2.x, HDF5 and MATLAB (.mat of versions 5 to 7.3). The paths shown
/// are those by which `rankproof prepare` finds arrays: [] stands for all elements of a list, and
/// the groups above a name may be left out where only one place fits.
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
    let entries = outline(&mut source, FIRST)
        .map_err(|(path, flaw)| ReadError::of_array(&arguments.file, &path, flaw))?;
    let contradictions = source.contradictions();
    if let Some(path) = &arguments.json {
        let problems = contradictions.iter().map(ReadError::to_string).collect();
        write_json(path, &Json { schema: 1, format: source.format(), problems, arrays: &entries })?;
    }
    let text = [
        format!("{}: {}\n\n", arguments.file.display(), source.format()),
        tree(&source, &entries),
        hints(&source),
    ];
    print(&text.concat())?;
    match contradictions.into_iter().next() {
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

fn tree(source: &Source, entries: &[Entry]) -> String {
    let mut table = table(&["name", "type", "shape", "unit", "first values"], 5);
    for entry in entries {
        // The definitions of NWB itself tell nothing of the recording.
        if source.is_nwb() && entry.path.starts_with("specifications/") {
            continue;
        }
        let name = match &entry.last {
            None => entry.name.clone(),
            Some(last) => format!("{} to {last} ({} alike)", entry.name, entry.alike),
        };
        let values = match entry.first.is_empty() {
            true => entry.note.clone().filter(|_| entry.shape.is_empty()).unwrap_or_default(),
            false => values(entry),
        };
        table.add_row([
            format!("{}{name}", "  ".repeat(entry.depth)),
            entry.element.clone(),
            entry.shape.clone(),
            clipped(entry.unit.as_deref().unwrap_or(""), LONGEST_UNIT),
            clipped(&values, LONGEST_VALUES),
        ]);
    }
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Left);
    }
    rendered(&table)
}

fn values(entry: &Entry) -> String {
    let shown: Vec<_> = entry.first.iter().map(value).collect();
    let is_whole = matches!(entry.shape.as_str(), "()" | "(1,)" | "(1, 1)");
    let rest = if is_whole || entry.first.len() < FIRST { "" } else { " ..." };
    shown.join(" ") + rest
}

fn value(value: &Value) -> String {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(number) => short(number),
            None => number.to_string(),
        },
        Value::String(text) => format!("{text:?}"),
        // JSON has no NaN.
        _ => "NaN".to_owned(),
    }
}

/// At most five digits that matter.
fn short(number: f64) -> String {
    let plain = number.to_string();
    if plain.len() <= 7 {
        return plain;
    }
    let digits = match number.abs() {
        size if !(1e-4..1e7).contains(&size) => return format!("{number:.3e}"),
        size => (4 - size.log10().floor() as i32).max(0) as usize,
    };
    format!("{number:.digits$}")
}

fn clipped(text: &str, length: usize) -> String {
    let line = text.replace(['\n', '\r', '\t'], " ");
    match line.chars().count() > length {
        true => line.chars().take(length - 3).collect::<String>() + "...",
        false => line,
    }
}

/// How `rankproof prepare` is told to take what the file offers.
fn hints(source: &Source) -> String {
    let mut found = Hints::default();
    found.visit(source.root(), "", source.separator());
    let mut text = String::new();
    for (title, lines) in [
        ("Spikes", found.spikes),
        ("Events", found.events),
        ("Series", found.series),
        ("Arrays of three axes", found.arrays),
    ] {
        if !lines.is_empty() {
            text += &format!("\n{title}\n");
            lines.iter().for_each(|line| text += &format!("  {line}\n"));
        }
    }
    text
}

#[derive(Default)]
struct Hints {
    spikes: Vec<String>,
    events: Vec<String>,
    series: Vec<String>,
    arrays: Vec<String>,
}

impl Hints {
    fn visit(&mut self, node: &Node, path: &str, separator: char) {
        let rows = |name| node.child(name).and_then(|child| child.shape.first());
        if let (Some(spikes), Some(units)) = (rows("spike_times"), rows("spike_times_index")) {
            let found = format!("{path}: {units} units, {spikes} spikes");
            self.spikes.push(format!("{found:50}  --spikes {path}"));
        }
        if let (Some(rows), Some(_)) = (rows("start_time"), rows("stop_time")) {
            let name = path.rsplit(separator).next().unwrap_or(path);
            self.events.push(format!("{path}: {rows} rows  --align {name}.start_time"));
            let columns: Vec<_> = node.children.iter().map(|child| child.name.as_str()).collect();
            self.events.push(format!("  columns {}", columns.join(", ")));
        }
        let mut last: Option<(String, usize)> = None;
        for child in &node.children {
            let path = match path {
                "" => child.name.clone(),
                path => format!("{path}{separator}{}", child.name),
            };
            match child.kind {
                Kind::Numbers if child.shape.len() == 3 && !child.is_empty() => {
                    self.arrays.push(format!(
                        "{path} {:?}  --array {path} --axes neuron,time,trial (in their order)",
                        child.shape
                    ));
                }
                Kind::Group => self.visit(child, &path, separator),
                _ => {}
            }
            let _ = &mut last;
        }
    }
}
