//! The parts of a long run: which instances a process computes, and the files in which parts keep what
//! they found until `rankproof collect` puts them together.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::files::Files;
use super::job::JobArguments;
use super::output::{print, write_json};
use crate::file::write_atomically;
use crate::part::Part;

/// What the commands share that run in parts.
#[derive(Args)]
#[command(next_help_heading = "Many machines")]
pub struct PartArguments {
    /// Compute part I of N alone, into --out; `rankproof collect` puts the parts together. Any engine
    /// that runs commands can run them, in any order, and again those that died.
    #[arg(long, value_name = "I/N", requires = "out")]
    pub part: Option<Part>,
    #[command(flatten)]
    pub job: JobArguments,
}

impl PartArguments {
    /// Whether the run is shared out.
    pub fn is_used(&self) -> bool {
        self.part.is_some() || self.job.is_asked()
    }
}

/// Which instances a process computes; the others it takes from files.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Share {
    /// All.
    Whole,
    /// Those of a part.
    Part(Part),
    /// None, as all were computed in so many parts, of which this is one.
    Collected(Part),
}

impl Share {
    /// That of a process which was given `--part`, or was not.
    pub fn of(part: Option<Part>) -> Self {
        part.map_or(Share::Whole, Share::Part)
    }

    /// Whether it computes the instance of this number.
    pub fn computes(self, instance: u64) -> bool {
        match self {
            Share::Whole => true,
            Share::Part(part) => part.has(instance),
            Share::Collected(_) => false,
        }
    }

    /// Which part computes the instance of this number.
    pub fn owner(self, instance: u64) -> Part {
        match self {
            Share::Whole => Part::WHOLE,
            Share::Part(part) | Share::Collected(part) => part.of_instance(instance),
        }
    }
}

/// The command line of a whole run, of which parts are made.
pub struct Run<'a> {
    /// The subcommand, and the words after it.
    words: &'a [OsString],
    /// What turns the results.
    choices: Value,
}

/// What is said of a part in its file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PartFile {
    schema: u32,
    /// Of this program.
    pub version: String,
    /// Which part it is.
    pub part: Part,
    /// The command line of the whole run, the subcommand first.
    pub words: Vec<String>,
    /// What turns the results, to notice parts of another run.
    pub choices: Value,
    /// What was found.
    pub results: Value,
}

/// What the names of these files have between the command and the number of the part.
const MIDDLE: &str = "-part-";

impl<'a> Run<'a> {
    /// Of these words, the subcommand first, and the choices that they make.
    pub fn new(words: &'a [OsString], choices: &impl Serialize) -> anyhow::Result<Self> {
        let choices = serde_json::to_value(choices).context("JSON")?;
        Ok(Run { words, choices })
    }

    /// Computes a part into a folder, which is made if it is not there, unless it has it, and says so.
    pub fn carry_out<R: Serialize>(
        &self,
        folder: &Path,
        part: Part,
        compute: impl FnOnce() -> anyhow::Result<R>,
    ) -> anyhow::Result<u8> {
        let file = self.file(part, Value::Null)?;
        Files::default().writes_in("--out", folder, [file.name()]).check()?;
        fs::create_dir_all(folder)
            .with_context(|| format!("{}: cannot be made", folder.display()))?;
        let is_known = self.is_in(folder, part)?;
        if !is_known {
            self.write(folder, part, &compute()?)?;
        }
        let already = if is_known { " already" } else { "" };
        let (command, folder) = (&file.words[0], folder.display());
        print(&format!("part {part} of {command} is in {folder}{already}."))?;
        Ok(0)
    }

    /// Whether a folder has the part. One that holds a part of another run is refused.
    fn is_in(&self, folder: &Path, part: Part) -> anyhow::Result<bool> {
        let mut is_there = false;
        let own = self.file(part, Value::Null)?;
        for path in files_in(folder)? {
            let other = PartFile::read(&path)?;
            if other.words[0] != own.words[0] {
                continue;
            }
            if let Some(difference) = own.difference(&other) {
                bail!(
                    "{}: is a part of another run: {difference}; expected another --out",
                    path.display()
                );
            }
            is_there |= other.part == part;
        }
        Ok(is_there)
    }

    /// Writes what a part found into a folder.
    pub fn write(&self, folder: &Path, part: Part, results: &impl Serialize) -> anyhow::Result<()> {
        let file = self.file(part, serde_json::to_value(results).context("JSON")?)?;
        write_json(&folder.join(file.name()), &file)
    }

    fn file(&self, part: Part, results: Value) -> anyhow::Result<PartFile> {
        Ok(PartFile {
            schema: 1,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            part,
            words: without(self.words, &["--part"])?,
            choices: self.choices.clone(),
            results,
        })
    }
}

impl PartFile {
    /// Reads one.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        const EXPECTED: &str = "expected what a command with --part writes";
        let name = path.display();
        let text = fs::read_to_string(path)
            .with_context(|| format!("{name}: cannot be read, {EXPECTED}"))?;
        let file: PartFile = serde_json::from_str(&text)
            .with_context(|| format!("{name}: is no part of a run, {EXPECTED}"))?;
        if file.schema != 1 || file.words.is_empty() {
            bail!("{name}: has schema {} and {} words, {EXPECTED}", file.schema, file.words.len());
        }
        Ok(file)
    }

    /// The same with other choices.
    pub fn with_choices(&self, choices: Value) -> Self {
        PartFile { choices, ..self.clone() }
    }

    fn name(&self) -> String {
        let (command, part) = (&self.words[0], self.part);
        format!("{command}{MIDDLE}{}-of-{}.json", part.number(), part.count())
    }

    /// In which another one is not of the same run, if it is in anything: `seed is 2 and not 1`.
    pub fn difference(&self, other: &PartFile) -> Option<String> {
        let told = |what: &str, own: &dyn std::fmt::Display, other: &dyn std::fmt::Display| {
            Some(format!("{what} is {other} and not {own}"))
        };
        if self.words[0] != other.words[0] {
            return told("the command", &self.words[0], &other.words[0]);
        }
        if self.version != other.version {
            return told("the version of rankproof", &self.version, &other.version);
        }
        if self.part.count() != other.part.count() {
            return told("the number of parts", &self.part.count(), &other.part.count());
        }
        let (name, own, others) = difference(&self.choices, &other.choices)?;
        told(&name, &own, &others)
    }
}

/// Where two values differ first: by which names it is found, and both.
fn difference(own: &Value, other: &Value) -> Option<(String, String, String)> {
    let below = |name: String, own: Option<&Value>, other: Option<&Value>| {
        let [own, other] = [own, other].map(|value| value.cloned().unwrap_or(Value::Null));
        let (inner, own, other) = difference(&own, &other)?;
        Some((if inner.is_empty() { name } else { format!("{name}.{inner}") }, own, other))
    };
    match (own, other) {
        (Value::Object(a), Value::Object(b)) => {
            let names = a.keys().chain(b.keys().filter(|name| !a.contains_key(*name)));
            names.into_iter().find_map(|name| below(name.clone(), a.get(name), b.get(name)))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let both = a.iter().zip(b).enumerate();
            both.into_iter().find_map(|(at, (a, b))| below(at.to_string(), Some(a), Some(b)))
        }
        _ if own == other => None,
        _ => Some((String::new(), own.to_string(), other.to_string())),
    }
}

/// The files of parts in a folder, sorted by name.
pub fn files_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let listed = || format!("{}: cannot be listed", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).with_context(listed)? {
        let path = entry.with_context(listed)?.path();
        let is_part =
            |name: &str| !name.starts_with('.') && name.contains(MIDDLE) && name.ends_with(".json");
        if path.file_name().and_then(OsStr::to_str).is_some_and(is_part) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Brings the results of instances, the files in this folder below each of `folders`, to the same one
/// below `out`.
///
/// # Errors
///
/// Before anything is written, if two of them have different contents for one instance.
pub fn copied(folders: &[PathBuf], out: &Path, below: &Path) -> anyhow::Result<()> {
    if folders.is_empty() {
        return Ok(());
    }
    let mut known: BTreeMap<OsString, PathBuf> = BTreeMap::new();
    for folder in folders.iter().map(PathBuf::as_path).chain([out]) {
        for entry in fs::read_dir(folder.join(below)).into_iter().flatten().flatten() {
            let (name, path) = (entry.file_name(), entry.path());
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let Some(other) = known.get(&name) else {
                known.insert(name, path);
                continue;
            };
            if *other != path && contents(&path)? != contents(other)? {
                let (path, other) = (path.display(), other.display());
                bail!("{path} and {other}: differ, and are of one instance; expected one of them");
            }
        }
    }
    for (name, path) in known {
        let target = out.join(below).join(name);
        if !target.exists() {
            let bytes = contents(&path)?;
            write_atomically(&target, |file| file.write_all(&bytes))?;
        }
    }
    Ok(())
}

fn contents(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))
}

/// The words of a command line but for these options, each of which has a value.
pub fn without(words: &[OsString], options: &[&str]) -> anyhow::Result<Vec<String>> {
    let (mut kept, mut is_open) = (Vec::new(), true);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let text = word.to_str().with_context(|| {
            format!("{}: is not UTF-8, as the words of a run in parts are", word.display())
        })?;
        // What follows are no options.
        is_open &= text != "--";
        let name = text.split_once('=').map_or(text, |(name, _)| name);
        if !(is_open && options.contains(&name)) {
            kept.push(text.to_owned());
        } else if name == text {
            words.next();
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn options_are_taken_from_a_command_line_with_their_values() {
        let words = ["verify", "--part", "1/2", "--seed=3", "--part=2/2", "--", "--part", "x"];
        let words = words.map(OsString::from);
        let kept = without(&words, &["--part"]).unwrap();
        assert_eq!(kept, ["verify", "--seed=3", "--", "--part", "x"]);
        assert_eq!(without(&words, &["--part", "--seed"]).unwrap()[1], "--");
    }

    #[test]
    fn the_first_difference_is_named() {
        let own = json!({"seed": 1, "sizes": [1, {"a": 2}]});
        assert_eq!(difference(&own, &own.clone()), None);
        let named = |other: Value| difference(&own, &other).map(|(name, ..)| name);
        assert_eq!(named(json!({"seed": 2, "sizes": [1, {"a": 2}]})).as_deref(), Some("seed"));
        let inner = json!({"seed": 1, "sizes": [1, {"a": 3}]});
        assert_eq!(named(inner).as_deref(), Some("sizes.1.a"));
        assert_eq!(named(json!({"seed": 1})).as_deref(), Some("sizes"));
        let more = json!({"seed": 1, "sizes": [1, {"a": 2}], "more": 0});
        assert_eq!(named(more).as_deref(), Some("more"));
    }
}
