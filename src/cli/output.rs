//! What the commands share in printing: tables, wrapped text, progress, files.

use std::io::{self, Write};
use std::path::Path;

use crate::file::write_atomically;
use crate::report::{TextTable, in_lines};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// Prints to standard output. A reader that has gone away (`| head`) ends the printing silently.
pub fn print(text: &str) -> anyhow::Result<()> {
    match writeln!(io::stdout(), "{}", text.trim_end()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("standard output"),
    }
}

/// A table with right-aligned columns, but for the first `left`.
pub fn table(headers: &[&str], left: usize) -> TextTable {
    let mut table = TextTable::new(headers);
    (left..headers.len()).for_each(|column| table.align_right(column));
    table
}

/// `label` in a column of its own, and text beside it in lines of at most 96 characters.
pub fn paragraph(label: &str, text: &str) -> String {
    in_lines(&format!("{label:12}"), text.split_whitespace(), 96)
}

/// A progress bar on standard error; invisible when that is not a terminal.
pub fn progress(length: u64, what: &str) -> ProgressBar {
    let style = "{msg:28} {wide_bar} {pos}/{len} {eta_precise}";
    let style = ProgressStyle::with_template(style).expect("a template without mistakes");
    ProgressBar::new(length).with_style(style).with_message(what.to_owned())
}

/// Writes a value as one line of JSON.
pub fn write_json(path: &Path, value: &impl Serialize) -> anyhow::Result<()> {
    let line = serde_json::to_string(value).context("JSON")? + "\n";
    Ok(write_atomically(path, |file| file.write_all(line.as_bytes()))?)
}

/// A word of a command line as a shell takes it: in quotes, if it would take it apart.
pub fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
