//! One row for each matrix of a model, with the memory that one matrix takes.
//!
//! Rows are printed as they come. In a folder each matrix has a file of its own, so that a run that was
//! stopped goes on with those that are missing, and several runs can share the matrices of a model.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::file::Lock;
use crate::report::{WeightRecord, wrapped};
use crate::scalar::significant;
use crate::weights::{EffectiveRanks, NullRanks, Spectrum, WeightStream};
use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use super::collect::Parts;
use super::lock::lock_folder;
use super::output::{print, write_json};
use super::part::{Run, Share, copied};
use super::rank::{Arguments, Waiting, answer};
use super::rank_input::Opened;

/// What the table says of a matrix: empty cells where it is not computed.
#[derive(Clone, Deserialize, Serialize)]
struct Row {
    /// Its name, with its gate in brackets.
    array: String,
    rows: usize,
    columns: usize,
    steps: usize,
    /// The sum of the squared increments.
    movement: f64,
    /// ||W_K - W_0|| over ||W_0||.
    relative_change: Option<f64>,
    last_participation_ratio: Option<f64>,
    last_stable_rank: Option<f64>,
    last_r95: Option<usize>,
    rows_participation_ratio: Option<f64>,
    rows_stable_rank: Option<f64>,
    rows_r90: Option<usize>,
    rows_r95: Option<usize>,
    rows_r99: Option<usize>,
    rows_r95_walk: Option<f64>,
    columns_participation_ratio: Option<f64>,
    columns_stable_rank: Option<f64>,
    columns_r90: Option<usize>,
    columns_r95: Option<usize>,
    columns_r99: Option<usize>,
    columns_r95_walk: Option<f64>,
    time_courses_r95: Option<usize>,
    /// CP terms for 95 %; empty if more than `cp_limit`, or not computed.
    cp_r95: Option<usize>,
    /// The terms that 95 % need at least.
    cp_r95_at_least: Option<usize>,
    /// The terms up to which was searched.
    cp_limit: Option<usize>,
    /// What a random walk needs at least, in 19 of 20.
    cp_r95_walk: Option<f64>,
    /// The share of the movement that rounding can have made, at most.
    rounding: f64,
}

/// A file of a folder: the row, and all that `--json` writes of one matrix.
#[derive(Serialize)]
struct File<'a> {
    row: &'a Row,
    #[serde(flatten)]
    all: WeightRecord,
}

/// What is read of it again.
#[derive(Deserialize)]
struct Written {
    row: Row,
}

/// Of which files and with which choices the rows of a folder are.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
struct Input {
    schema: u32,
    files: Vec<PathBuf>,
    choices: String,
}

/// What turns the rows of a run in parts.
#[derive(Deserialize, Serialize)]
struct Choices {
    input: Input,
    matrices: Vec<String>,
    /// What is printed above the rows.
    heading: Vec<String>,
}

/// All rows, for `--json`.
#[derive(Serialize)]
struct Table<'a> {
    schema: u32,
    matrices: &'a [Row],
}

/// Prints a row for each matrix that fits one of the patterns. `words` is the command line, the
/// program first.
pub fn run(
    arguments: &Arguments,
    mut opened: Opened<'_>,
    patterns: &[String],
    waiting: &Waiting,
    words: &[OsString],
) -> anyhow::Result<u8> {
    if let Some(flag) = arguments.input.channels_flag() {
        bail!("{flag} is for one matrix, expected --array with one name");
    }
    let (names, notes) = opened.matching(patterns)?;
    let part = arguments.many.part;
    let input = input(arguments, &opened);
    let folder = match &arguments.out {
        None => None,
        Some(path) => Some(Folder::open(path, &input)?),
    };
    let heading = heading(&opened, &names, &notes);
    let width = width(&names);
    print_heading(&heading, width)?;
    let (mut rows, mut known) = (Vec::new(), 0);
    let share = Share::of(part);
    for (_, name) in (0..).zip(&names).filter(|&(number, _)| share.computes(number)) {
        let found = match &folder {
            Some(folder) => folder.rows_of(name)?,
            None => None,
        };
        let of_matrix = match found {
            Some(found) => {
                known += 1;
                found
            }
            None => computed(arguments, &mut opened, name, folder.as_ref(), waiting)?,
        };
        waiting.end();
        print_rows(&of_matrix, width)?;
        rows.extend(of_matrix);
        // The table of parts is made of all of them.
        if let (Some(folder), None) = (&folder, part) {
            folder.write_table(&names)?;
        }
    }
    let mut last = String::from("\n");
    if known > 0 {
        let (all, folder) = (names.len(), arguments.out.as_ref().expect("a folder"));
        let folder = folder.display();
        last += &wrapped(&format!("{known} of {all} matrices were in {folder} already."));
    }
    print(&(last + &wrapped(LEGEND)))?;
    if let (Some(part), Some(folder)) = (part, &folder) {
        let choices = Choices { input, matrices: names, heading };
        Run::new(&words[1..], &choices)?.write(&folder.0, part, &())?;
    }
    written(arguments.json.as_deref(), &rows)
}

/// What the parts of a run came to, as the run itself says it, with its files in `out`.
pub fn collected(parts: &Parts, json: Option<&Path>, out: &Path) -> anyhow::Result<u8> {
    let choices = serde_json::from_value(parts.choices().clone());
    let Choices { input, matrices, heading } =
        choices.with_context(|| format!("{}: holds no parts of rank", parts.folder().display()))?;
    let _lock = lock_folder(out, None)?;
    let folder = Folder::open(out, &input)?;
    copied(&parts.folders(), out, Path::new(MATRICES))?;
    let share = Share::Collected(parts.part());
    let mut rows = Vec::new();
    for (number, name) in (0..).zip(&matrices) {
        let of_matrix = folder.rows_of(name)?.with_context(|| {
            let (folder, part) = (parts.folder().display(), share.owner(number));
            format!("{folder}: part {part} has no rows of {name}, expected that it is run again")
        })?;
        rows.push(of_matrix);
    }
    let width = width(&matrices);
    print_heading(&heading, width)?;
    rows.iter().try_for_each(|rows| print_rows(rows, width))?;
    folder.write_table(&matrices)?;
    print(&(String::from("\n") + &wrapped(LEGEND)))?;
    written(json, &rows.concat())
}

fn written(json: Option<&Path>, rows: &[Row]) -> anyhow::Result<u8> {
    if let Some(path) = json {
        write_json(path, &Table { schema: 1, matrices: rows })?;
    }
    Ok(0)
}

/// What is said of the files.
fn heading(opened: &Opened<'_>, names: &[String], notes: &[String]) -> Vec<String> {
    let steps = match opened.steps() {
        Some(steps) => {
            format!("at {} steps from {} to {}", steps.len(), steps[0], steps[steps.len() - 1])
        }
        None => "of all steps in one file".to_owned(),
    };
    let first = format!("{}: {} matrices {steps}.", opened.shown, names.len());
    [first].into_iter().chain(notes.iter().cloned()).collect()
}

fn print_heading(heading: &[String], width: usize) -> anyhow::Result<()> {
    heading.iter().try_for_each(|sentence| print(&wrapped(sentence)))?;
    print(&format!("\n{}", line(width, &HEADER.map(str::to_owned))))
}

fn print_rows(rows: &[Row], width: usize) -> anyhow::Result<()> {
    rows.iter().try_for_each(|row| print(&line(width, &row.cells())))
}

/// Of the column of names.
fn width(names: &[String]) -> usize {
    names.iter().map(String::len).max().unwrap_or(0).clamp(12, 48) + 3
}

const HEADER: [&str; 6] = ["array", "shape", "change", "rows", "columns", "CP terms"];

const LEGEND: &str = "Change: ||W_K - W_0|| over ||W_0||. Then the dimensions of rows and columns, and \
                      the CP terms, that hold 95 % of the movement; in brackets those of random walks \
                      of the same steps: medians, and for CP terms the least, in 95 %.";

/// The rows of one matrix, one for each gate.
fn computed(
    arguments: &Arguments,
    opened: &mut Opened<'_>,
    name: &str,
    folder: Option<&Folder>,
    waiting: &Waiting,
) -> anyhow::Result<Vec<Row>> {
    let watch = |stage| waiting.show(stage);
    let loaded = opened.load_array(name, &watch)?;
    let (mut rows, mut files) = (Vec::new(), Vec::new());
    for part in &loaded.parts {
        let answer = answer(arguments, part, false, &watch)?;
        let array = match &part.gate {
            Some(gate) => format!("{name}[{gate}]"),
            None => name.to_owned(),
        };
        rows.push(Row::new(array, &part.tracks[0], &answer.effective));
        files.push(WeightRecord::new(&loaded, part, &answer));
    }
    if let Some(folder) = folder {
        let files: Vec<File> = rows.iter().zip(files).map(|(row, all)| File { row, all }).collect();
        write_json(&folder.file_of(name), &files)?;
    }
    Ok(rows)
}

/// Cells in columns: names to the left, numbers to the right.
fn line(width: usize, cells: &[String; 6]) -> String {
    let [array, shape, change, rows, columns, terms] = cells;
    format!("{array:width$} {shape:>11} {change:>8} {rows:>11} {columns:>11} {terms:>11}")
}

impl Row {
    fn new(array: String, weights: &WeightStream, found: &EffectiveRanks) -> Self {
        let [last, rows, columns, steps] =
            [&found.last, &found.rows, &found.columns, &found.steps].map(Option::as_ref);
        let ratio = |spectrum: Option<&Spectrum>| spectrum.map(Spectrum::participation_ratio);
        let stable = |spectrum: Option<&Spectrum>| spectrum.map(Spectrum::stable_rank);
        let held = |spectrum: Option<&Spectrum>, share: f64| {
            spectrum.map(|spectrum| spectrum.dimensions_for(share))
        };
        let walk = found.walk.as_ref();
        let median = |ranks: Option<&NullRanks>| ranks.map(|ranks| ranks.dimensions[1].median);
        let cp = found.cp.as_ref();
        let unit = f64::from(found.exponent).exp2();
        Row {
            array,
            rows: weights.neurons(),
            columns: weights.columns(),
            steps: weights.steps(),
            movement: (found.movement * unit * unit).min(f64::MAX),
            relative_change: found.relative_change,
            last_participation_ratio: ratio(last),
            last_stable_rank: stable(last),
            last_r95: held(last, 0.95),
            rows_participation_ratio: ratio(rows),
            rows_stable_rank: stable(rows),
            rows_r90: held(rows, 0.90),
            rows_r95: held(rows, 0.95),
            rows_r99: held(rows, 0.99),
            rows_r95_walk: median(walk.and_then(|walk| walk.rows.as_ref())),
            columns_participation_ratio: ratio(columns),
            columns_stable_rank: stable(columns),
            columns_r90: held(columns, 0.90),
            columns_r95: held(columns, 0.95),
            columns_r99: held(columns, 0.99),
            columns_r95_walk: median(walk.and_then(|walk| walk.columns.as_ref())),
            time_courses_r95: held(steps, 0.95),
            cp_r95: cp.and_then(|cp| cp.dimensions()[1]),
            cp_r95_at_least: cp.map(|cp| cp.at_least[1]),
            cp_limit: cp.map(|cp| cp.limit),
            cp_r95_walk: walk.and_then(|walk| walk.cp_at_least).map(|terms| terms[1].low),
            rounding: found.rounding,
        }
    }

    fn cells(&self) -> [String; 6] {
        let beside = |found: Option<usize>, walk: Option<f64>| match (found, walk) {
            (Some(found), Some(walk)) => format!("{found} ({})", significant(walk, 4)),
            (Some(found), None) => found.to_string(),
            (None, _) => "-".to_owned(),
        };
        let terms = match (self.cp_r95, self.cp_limit) {
            (Some(terms), _) => terms.to_string(),
            (None, Some(limit)) => format!(">{limit}"),
            (None, None) => "-".to_owned(),
        };
        let terms = match self.cp_r95_walk {
            Some(walk) if terms != "-" => format!("{terms} ({walk:.0}+)"),
            _ => terms,
        };
        [
            self.array.clone(),
            format!("{} x {}", self.rows, self.columns),
            self.relative_change.map_or("-".to_owned(), |change| significant(change, 3)),
            beside(self.rows_r95, self.rows_r95_walk),
            beside(self.columns_r95, self.columns_r95_walk),
            terms,
        ]
    }
}

/// Of which files and with which choices the rows are.
fn input(arguments: &Arguments, opened: &Opened<'_>) -> Input {
    let choices = format!("{}, exact {}", arguments.input.choices(), arguments.exact);
    Input { schema: 1, files: opened.paths().to_vec(), choices }
}

/// The folder of `--out`.
struct Folder(PathBuf);

/// The folder in it with a file for each matrix.
const MATRICES: &str = "matrices";

impl Folder {
    /// Makes it, or goes on in it.
    fn open(path: &Path, input: &Input) -> anyhow::Result<Self> {
        let cannot = || format!("{}: cannot be made", path.display());
        fs::create_dir_all(path.join(MATRICES)).with_context(cannot)?;
        let _agreeing = Lock::for_a_moment(path)?;
        let known = path.join("input.json");
        match fs::read_to_string(&known) {
            Err(_) => write_json(&known, input)?,
            Ok(text) => {
                let written: Option<Input> = serde_json::from_str(&text).ok();
                if written.is_none_or(|written| written != *input) {
                    bail!(
                        "{}: has rows of other files or options, expected the same as in {}, or an \
                         empty folder",
                        path.display(),
                        known.display()
                    );
                }
            }
        }
        Ok(Folder(path.to_owned()))
    }

    /// The file of a matrix: names may have characters that names of files may not.
    fn file_of(&self, name: &str) -> PathBuf {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let coded = name.chars().map(|c| match plain(c) {
            true => c.to_string(),
            false => format!("%{:x}", u32::from(c)),
        });
        self.0.join(MATRICES).join(coded.collect::<String>() + ".json")
    }

    /// The rows of a matrix, if they are written.
    fn rows_of(&self, name: &str) -> anyhow::Result<Option<Vec<Row>>> {
        let path = self.file_of(name);
        let Ok(text) = fs::read_to_string(&path) else { return Ok(None) };
        let written: Vec<Written> = serde_json::from_str(&text).with_context(|| {
            format!("{}: is not as rank writes it, expected that it is removed", path.display())
        })?;
        Ok(Some(written.into_iter().map(|Written { row }| row).collect()))
    }

    /// All rows that are there, whoever computed them.
    fn write_table(&self, names: &[String]) -> anyhow::Result<()> {
        let rows: Vec<Option<Vec<Row>>> =
            names.iter().map(|name| self.rows_of(name)).collect::<Result<_, _>>()?;
        let path = self.0.join("matrices.csv");
        Ok(crate::file::write_atomically(&path, |file| {
            let mut table = csv::Writer::from_writer(file);
            let mut rows = rows.iter().flatten().flatten();
            rows.try_for_each(|row| table.serialize(row)).map_err(std::io::Error::other)?;
            table.flush()
        })?)
    }
}
