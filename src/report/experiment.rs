//! What an experiment leaves behind: tables, figures and numbers in one folder.

use std::fmt::Display;
use std::fs;
use std::io::Write;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::file::{WriteError, write_atomically};
use crate::report::{Figure, TextTable};

/// An experiment while it runs. Everything it shows goes through here: it is written to the
/// experiment's folder, where `rankproof report` finds it, and told to whoever
/// [listens](Experiment::told_to).
///
/// # Examples
///
/// ```
/// use rankproof::report::{Experiment, Figure, Panel, Table};
///
/// let folder = tempfile::tempdir()?;
/// let mut experiment = Experiment::new("squares", "Squares grow", folder.path(), true)?;
/// let mut table = Table::new(["n", "square"]);
/// for n in 0..4 {
///     table.row([n, n * n]);
/// }
/// experiment.table("squares", "The squares of the first numbers.", &table)?;
/// experiment.number("largest", "the largest square", 9.0, 9.0..=9.0);
/// let summary = experiment.finish()?;
/// assert!(summary.missed().is_empty() && folder.path().join("squares.csv").exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Experiment {
    folder: PathBuf,
    started: Instant,
    summary: Summary,
    listener: fn(Message),
}

/// What an experiment says while it runs.
#[derive(Clone, Copy, Debug)]
pub enum Message<'a> {
    /// What is being done, and how many seconds after the start, for whoever waits.
    Progress(f64, &'a str),
    /// A result: a table under its caption.
    Result(&'a str),
}

/// `summary.json`: what was found, and where it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The version of this format, 1.
    pub schema: u32,
    /// The name of the experiment, and of its program.
    pub experiment: String,
    /// What it shows, in a line.
    pub title: String,
    /// Whether this was the short setting.
    pub quick: bool,
    /// What is said of the results, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// How long it took.
    pub seconds: f64,
    /// The results.
    pub numbers: Vec<Number>,
    /// Figures in the folder.
    pub figures: Vec<Exhibit>,
    /// Tables in the folder.
    pub tables: Vec<Exhibit>,
}

/// One result, with the range that the experiment says it should be in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Number {
    /// A name for programs.
    pub name: String,
    /// What it is, with its unit.
    pub meaning: String,
    /// What was found; null in JSON if it is not finite.
    pub value: Option<f64>,
    /// The lowest and the highest value expected; none where whatever is found is reported.
    #[serde(with = "crate::json::range")]
    pub expected: Option<(f64, f64)>,
}

/// A file that shows something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exhibit {
    /// Its name in the folder.
    pub file: String,
    /// What is to be seen.
    pub caption: String,
}

/// Rows under headers.
#[derive(Clone, Debug)]
pub struct Table {
    headers: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// Why an experiment could not say what it found.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// A file or folder could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Results are outside the ranges that the experiment states.
    #[error("outside the range expected: {0}")]
    Missed(String),
}

impl Experiment {
    /// An experiment that writes to `folder`, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// If the folder cannot be made.
    pub fn new(
        name: &str,
        title: &str,
        folder: impl AsRef<Path>,
        quick: bool,
    ) -> Result<Self, ExperimentError> {
        let folder = folder.as_ref().to_owned();
        fs::create_dir_all(&folder).map_err(|error| WriteError { path: folder.clone(), error })?;
        let summary = Summary {
            schema: 1,
            experiment: name.to_owned(),
            title: title.to_owned(),
            quick,
            words: None,
            seconds: 0.0,
            numbers: Vec::new(),
            figures: Vec::new(),
            tables: Vec::new(),
        };
        Ok(Experiment { folder, started: Instant::now(), summary, listener: |_| () })
    }

    /// The same, told to a listener, which may print it.
    pub fn told_to(self, listener: fn(Message)) -> Self {
        Experiment { listener, ..self }
    }

    /// Whether this is the setting that runs in seconds.
    pub fn quick(&self) -> bool {
        self.summary.quick
    }

    /// The folder of the results.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Says something of the results as a whole.
    pub fn says(&mut self, words: impl Into<String>) {
        self.summary.words = Some(words.into());
    }

    /// Says what is being done, for whoever waits.
    pub fn progress(&self, what: impl Display) {
        let seconds = self.started.elapsed().as_secs_f64();
        (self.listener)(Message::Progress(seconds, &what.to_string()));
    }

    /// Writes a figure to `NAME.svg`.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn figure(
        &mut self,
        name: &str,
        caption: &str,
        figure: &Figure,
    ) -> Result<(), ExperimentError> {
        let file = format!("{name}.svg");
        figure.save(self.folder.join(&file))?;
        self.summary.figures.push(Exhibit { file, caption: caption.to_owned() });
        Ok(())
    }

    /// Shows a table, and writes it to `NAME.csv`.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn table(
        &mut self,
        name: &str,
        caption: &str,
        table: &Table,
    ) -> Result<(), ExperimentError> {
        let file = format!("{name}.csv");
        let text = table.to_csv();
        write_atomically(self.folder.join(&file), |out| out.write_all(text.as_bytes()))?;
        (self.listener)(Message::Result(&format!("{caption}\n\n{}", table.to_text())));
        self.summary.tables.push(Exhibit { file, caption: caption.to_owned() });
        Ok(())
    }

    /// Notes a result, and in which range it is expected.
    pub fn number(&mut self, name: &str, meaning: &str, value: f64, expected: RangeInclusive<f64>) {
        self.measured(name, meaning, value);
        let last = self.summary.numbers.last_mut().expect("the number just noted");
        last.expected = Some((*expected.start(), *expected.end()));
    }

    /// Notes a result of which nothing is expected but that it is finite.
    pub fn measured(&mut self, name: &str, meaning: &str, value: f64) {
        self.summary.numbers.push(Number {
            name: name.to_owned(),
            meaning: meaning.to_owned(),
            value: value.is_finite().then_some(value),
            expected: None,
        });
    }

    /// Shows the results and writes them to `summary.json`.
    ///
    /// # Errors
    ///
    /// If it cannot be written, or a result is not in its range (the file is written all the same).
    pub fn finish(mut self) -> Result<Summary, ExperimentError> {
        self.summary.seconds = self.started.elapsed().as_secs_f64();
        let line = serde_json::to_string(&self.summary).expect("plain data are JSON") + "\n";
        write_atomically(self.folder.join("summary.json"), |out| out.write_all(line.as_bytes()))?;
        let mut table = Table::new(["result", "found", "expected"]);
        for number in &self.summary.numbers {
            let found = number.value.map_or("not finite".into(), super::number);
            let expected = number.expected.map_or(String::new(), |(low, high)| {
                format!("{} to {}", super::number(low), super::number(high))
            });
            table.row([number.meaning.clone(), found, expected]);
        }
        let (seconds, folder) = (self.summary.seconds, self.folder.display());
        let text = table.to_text();
        (self.listener)(Message::Result(&format!(
            "{text}\n{seconds:.1} s. Figures, tables and summary.json are in {folder}"
        )));
        match self.summary.missed().as_slice() {
            [] => Ok(self.summary),
            missed => {
                let names: Vec<_> = missed.iter().map(|number| number.name.as_str()).collect();
                Err(ExperimentError::Missed(names.join(", ")))
            }
        }
    }
}

impl Summary {
    /// The results that are not in their ranges.
    pub fn missed(&self) -> Vec<&Number> {
        self.numbers.iter().filter(|number| !number.is_expected()).collect()
    }
}

impl Number {
    /// Whether it is in its range, and finite.
    pub fn is_expected(&self) -> bool {
        let within =
            |value: f64| self.expected.is_none_or(|(low, high)| low <= value && value <= high);
        self.value.is_some_and(within)
    }
}

impl Table {
    /// A table without rows.
    pub fn new<const N: usize>(headers: [&str; N]) -> Self {
        Table { headers: headers.map(str::to_owned).into(), rows: Vec::new() }
    }

    /// Adds a row.
    ///
    /// # Panics
    ///
    /// If there is not one cell for each header.
    pub fn row<T: ToString>(&mut self, cells: impl IntoIterator<Item = T>) {
        let row: Vec<String> = cells.into_iter().map(|cell| cell.to_string()).collect();
        assert_eq!(row.len(), self.headers.len(), "a cell for each header");
        self.rows.push(row);
    }

    /// Columns aligned by spaces, numbers to the right.
    fn to_text(&self) -> String {
        let mut table = TextTable::new(&self.headers);
        table.add_rows(&self.rows);
        let is_number =
            |column: usize| self.rows.iter().all(|row| row[column].parse::<f64>().is_ok());
        (0..self.headers.len())
            .filter(|&column| is_number(column))
            .for_each(|column| table.align_right(column));
        table.to_string()
    }

    fn to_csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for row in std::iter::once(&self.headers).chain(&self.rows) {
            writer.write_record(row).expect("rows of one length, written to memory");
        }
        let bytes = writer.into_inner().expect("written to memory");
        String::from_utf8(bytes).expect("text stays text")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_outside_its_range_is_an_error_and_is_written() {
        for (value, expected) in [(2.0, true), (2.1, false), (0.9, false), (f64::NAN, false)] {
            let folder = tempfile::tempdir().unwrap();
            let mut experiment = Experiment::new("e", "E", folder.path(), true).unwrap();
            experiment.number("x", "x", value, 1.0..=2.0);
            let found = experiment.finish();
            assert_eq!(found.is_ok(), expected, "{value}");
            let text = fs::read_to_string(folder.path().join("summary.json")).unwrap();
            let summary: Summary = serde_json::from_str(&text).unwrap();
            assert_eq!(summary.missed().is_empty(), expected, "{value}");
        }
    }

    #[test]
    fn cells_are_quoted_where_commas_need_it() {
        let mut table = Table::new(["name", "n"]);
        table.row(["a, \"b\"", "1"]);
        assert_eq!(table.to_csv(), "name,n\n\"a, \"\"b\"\"\",1\n");
        assert_eq!(table.to_text(), "name    n\na, \"b\"  1\n");
    }
}
