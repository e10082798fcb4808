//! What experiments, fits and cross-validations left in their folders.

use std::fs;
use std::path::{Path, PathBuf};

use maud::{Markup, html};
use serde_json::Value;

use super::embedding::Embedded;
use super::formula::formula;
use super::outline::outline;
use super::sheet::{Cell, Sheet};
use crate::fit::{Assumptions, Verdict};
use crate::report::fit::caption;
use crate::report::input::{InputError, read_text};
use crate::report::{Exhibit, Number, Summary};

const EXPECTED: &str =
    "the summary of an experiment, of rankproof rank, of rankproof fit or of rankproof cv";

/// Rows of a table that are shown; the file holds the rest.
const SHOWN: usize = 200;
/// Longer tables are folded.
const UNFOLDED: usize = 12;

/// The results in one folder.
pub struct Results {
    id: String,
    title: String,
    note: String,
    /// What is said of the numbers.
    words: Option<String>,
    numbers: Vec<Sheet>,
    figures: Vec<(String, Embedded)>,
    tables: Vec<Sheet>,
    files: Vec<PathBuf>,
}

impl Results {
    /// Reads folders, each with a `summary.json`.
    ///
    /// # Errors
    ///
    /// If a summary, or a figure or table that it names, is missing or cannot be shown.
    pub fn read_all(folders: &[PathBuf]) -> Result<Vec<Self>, InputError> {
        let numbered = folders.iter().enumerate();
        numbered
            .map(|(index, folder)| Self::read(folder, format!("results-{}", index + 1)))
            .collect()
    }

    fn read(folder: &Path, id: String) -> Result<Self, InputError> {
        let path = folder.join("summary.json");
        let refused = |found: String| InputError::new(&path, found, EXPECTED);
        let text = read_text(&path, EXPECTED)?;
        let mut value: Value = serde_json::from_str(&text)
            .map_err(|error| refused(format!("is not JSON: {error}")))?;
        match &value["schema"] {
            Value::Number(schema) if schema.as_u64() == Some(1) => {}
            other => return Err(refused(format!("has schema {other}"))),
        }
        if value.get("experiment").is_some() {
            let summary: Summary =
                serde_json::from_value(value).map_err(|error| refused(format!("says {error}")))?;
            return Self::of_experiment(folder, id, &summary);
        }
        let title = title_of_fit(&value).ok_or_else(|| refused("is something else".into()))?;
        let words = answer(&mut value).map_err(|error| refused(format!("says {error}")))?;
        Ok(Results { words, ..Self::of_fit(folder, id, title, &value)? })
    }

    fn of_experiment(folder: &Path, id: String, summary: &Summary) -> Result<Self, InputError> {
        let seconds = summary.seconds;
        let quick = if summary.quick { ", in its short setting" } else { "" };
        Ok(Results {
            title: summary.title.clone(),
            note: format!("{}: {seconds:.1} s{quick}", summary.experiment),
            numbers: vec![found_and_expected(&summary.numbers)],
            figures: figures(folder, &id, &summary.figures)?,
            tables: tables(folder, &summary.tables)?,
            words: summary.words.clone(),
            files: files(folder, summary.figures.iter().chain(&summary.tables)),
            id,
        })
    }

    fn of_fit(folder: &Path, id: String, title: String, value: &Value) -> Result<Self, InputError> {
        let exhibit = |file: String| {
            let name = file.trim_end_matches(".svg");
            let caption = caption(name).map_or_else(|| name.replace('_', " "), str::to_owned);
            Exhibit { file, caption }
        };
        let found: Vec<_> = drawings(folder)?.into_iter().map(exhibit).collect();
        let name = folder.file_name().unwrap_or(folder.as_os_str());
        Ok(Results {
            title,
            note: name.to_string_lossy().into_owned(),
            words: None,
            numbers: outline(value),
            figures: figures(folder, &id, &found)?,
            tables: Vec::new(),
            files: files(folder, &found),
            id,
        })
    }

    /// The files that it was read from.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// A line of the contents.
    pub(super) fn link(&self) -> Markup {
        html! { a href={ "#" (self.id) } { (formula(&self.title)) } }
    }

    pub(super) fn markup(&self) -> Markup {
        html! {
            section id=(self.id) {
                h3 { (formula(&self.title)) }
                p.under { (self.note) }
                @if let Some(words) = &self.words { p { (words) } }
                @for (caption, figure) in &self.figures {
                    figure {
                        div.scroll role="region" tabindex="0" aria-label=(caption) {
                            (figure.markup())
                        }
                        figcaption { (formula(caption)) }
                    }
                }
                @for sheet in &self.numbers { (sheet.markup()) }
                @for sheet in &self.tables {
                    @if sheet.rows.len() > UNFOLDED {
                        details { summary { (formula(&sheet.caption)) } (sheet.markup()) }
                    } @else {
                        (sheet.markup())
                    }
                }
            }
        }
    }
}

/// What a summary without the name of an experiment is about.
fn title_of_fit(value: &Value) -> Option<String> {
    let number = |key: &str| value[key].as_u64();
    match (number("chosen"), number("rank"), value["outcome"].as_str()) {
        (Some(chosen), ..) => Some(format!("Cross-validation: tensor rank {chosen} chosen")),
        (_, Some(rank), Some(_)) => Some(format!("Fit of tensor rank {rank}")),
        _ => None,
    }
}

/// Takes the verdict of a cross-validation out of its summary, in words.
fn answer(value: &mut Value) -> Result<Option<String>, serde_json::Error> {
    let Some(fields) = value.as_object_mut().filter(|fields| fields.contains_key("chosen")) else {
        return Ok(None);
    };
    let words = match fields.shift_remove("verdict") {
        Some(verdict) => serde_json::from_value::<Verdict>(verdict)?.in_words(),
        None => format!(
            "The summary does not say which initial states and inputs the models had.\n{}",
            Assumptions::GENERAL_CAUTION
        ),
    };
    Ok(Some(words.lines().collect::<Vec<_>>().join(" ")))
}

fn found_and_expected(numbers: &[Number]) -> Sheet {
    let row = |number: &Number| {
        let end = |of: fn((f64, f64)) -> f64| match number.expected {
            Some(range) => Cell::Number(of(range)),
            None => Cell::Written(String::new()),
        };
        let verdict = match (number.expected, number.is_expected()) {
            (_, false) => Cell::Alarm("outside".into()),
            (Some(_), true) => Cell::Words("within".into()),
            (None, true) => Cell::Words("measured".into()),
        };
        vec![
            Cell::Words(number.meaning.clone()),
            number.value.map_or(Cell::Alarm("not finite".into()), Cell::Number),
            end(|range| range.0),
            end(|range| range.1),
            verdict,
        ]
    };
    Sheet {
        caption: "What was found, and the range in which it was expected".into(),
        headers: ["result", "found", "at least", "at most", "range"].map(str::to_owned).into(),
        naming: 1,
        rows: numbers.iter().map(row).collect(),
    }
}

fn figures(
    folder: &Path,
    id: &str,
    figures: &[Exhibit],
) -> Result<Vec<(String, Embedded)>, InputError> {
    let read = |(index, Exhibit { file, caption }): (usize, &Exhibit)| {
        let path = inside(folder, file)?;
        let place = format!("{id}-figure-{}", index + 1);
        Ok((caption.clone(), Embedded::read(&path, &place, caption)?))
    };
    figures.iter().enumerate().map(read).collect()
}

/// The files of the folder that are read: its summary, and what it shows.
fn files<'a>(folder: &Path, exhibits: impl IntoIterator<Item = &'a Exhibit>) -> Vec<PathBuf> {
    let names = exhibits.into_iter().map(|exhibit| exhibit.file.as_str());
    std::iter::once("summary.json").chain(names).map(|name| folder.join(name)).collect()
}

fn tables(folder: &Path, tables: &[Exhibit]) -> Result<Vec<Sheet>, InputError> {
    let read = |Exhibit { file, caption }: &Exhibit| sheet(&inside(folder, file)?, caption);
    tables.iter().map(read).collect()
}

/// The path of a file that a summary names: in its folder, not elsewhere.
fn inside(folder: &Path, file: &str) -> Result<PathBuf, InputError> {
    if Path::new(file).file_name().is_some_and(|name| name == file) {
        return Ok(folder.join(file));
    }
    let found = format!("names {file:?}");
    Err(InputError::new(&folder.join("summary.json"), found, "names of files in its folder"))
}

fn sheet(path: &Path, caption: &str) -> Result<Sheet, InputError> {
    const EXPECTED: &str = "a table as CSV, with headers";
    let text = read_text(path, EXPECTED)?;
    let refused = |error: csv::Error| InputError::new(path, format!("says {error}"), EXPECTED);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers: Vec<_> = reader.headers().map_err(refused)?.iter().map(str::to_owned).collect();
    let rows = reader.records().map(|record| Ok(record?.iter().map(Cell::read).collect()));
    let mut rows: Vec<Vec<Cell>> = rows.collect::<Result<_, _>>().map_err(refused)?;
    let mut caption = caption.to_owned();
    if rows.len() > SHOWN {
        caption += &format!(" The first {SHOWN} of {} rows.", rows.len());
        rows.truncate(SHOWN);
    }
    Ok(Sheet { caption, headers, naming: 1, rows })
}

/// The names of the figures in a folder, sorted.
fn drawings(folder: &Path) -> Result<Vec<String>, InputError> {
    let refused = |error: std::io::Error| {
        InputError::new(folder, format!("cannot be listed ({error})"), "a folder of results")
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(refused)? {
        let name = entry.map_err(refused)?.file_name();
        names.extend(name.to_str().filter(|name| name.ends_with(".svg")).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}
