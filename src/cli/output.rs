//! What the commands share in printing: tables, wrapped text, progress, files.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use crate::file::write_atomically;
use crate::report::{TextTable, in_lines};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// Says something on standard error, in lines of its own. Whoever has closed it, or has no room for
/// what is said, misses it: the work goes on, and the exit status tells how it ended.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{}", visible(text));
}

/// A text of which no character steers a terminal: names of files and of what is in them can have any.
fn visible(text: &str) -> Cow<'_, str> {
    let steers = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| if steers(c) { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(shown).collect())
}

/// Prints to standard output. A reader that has gone away (`| head`) ends the printing silently.
pub fn print(text: &str) -> anyhow::Result<()> {
    match writeln!(io::stdout(), "{}", visible(text.trim_end())) {
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
    write_line(path, serde_json::to_string(value).context("JSON")?)
}

fn write_line(path: &Path, line: String) -> anyhow::Result<()> {
    let line = line + "\n";
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_steers_a_terminal() {
        assert_eq!(visible("a\tb\nµ"), "a\tb\nµ");
        assert_eq!(visible("\x1b[31mred\r\u{9b}2J"), r"\u{1b}[31mred\r\u{9b}2J");
    }
}
