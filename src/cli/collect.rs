//! `rankproof collect`: what the parts of a run found, put together.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::files::Files;
use super::part::{PartFile, files_in};
use super::{Command, cv, explore, parsed, rank_table, verify};
use crate::part::Part;

/// Put the parts of a run together that were computed with --part.
///
/// Prints and writes what the run prints and writes that is not in parts, to the same bits, and ends
/// with the same status. A part that is missing, or is of another run than the others, is named, with
/// exit status 2; when it was run, collect again.
#[derive(Args)]
pub struct Arguments {
    /// The folders that parts were given as --out, or files of parts in them.
    #[arg(required = true, value_name = "DIR|FILE")]
    parts: Vec<PathBuf>,
    /// The table of `verify` or `rank` as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The cells of `explore` as CSV.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// The folder for the results of `cv` or `rank`; that of the parts if not given and there is one.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// All parts of one run, in their order.
pub struct Parts {
    found: Vec<(PathBuf, PartFile)>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let parts = Parts::read(&arguments.parts)?;
    let read = parts.found.iter().map(|(path, _)| path);
    let files = Files::default().reads(read).writes("--json", &arguments.json);
    files.writes("--csv", &arguments.csv).check()?;
    let words = parts.first().words.clone();
    let command = words[0].clone();
    let refuse = |options: &[(&str, bool)]| match options.iter().find(|(_, is_given)| *is_given) {
        Some((option, _)) => {
            bail!("{option} is not for parts of {command}, which has no such file")
        }
        None => Ok(()),
    };
    let (json, csv, out) = (&arguments.json, &arguments.csv, &arguments.out);
    let [has_json, has_csv, has_out] =
        [("--json", json.is_some()), ("--csv", csv.is_some()), ("--out", out.is_some())];
    match parsed(words).map_err(|error| parts.cannot_be_read(&error))? {
        Command::Verify(run) => {
            refuse(&[has_csv, has_out])?;
            verify::collected(&run, &parts, json.as_deref())
        }
        Command::Explore(run) => {
            refuse(&[has_json, has_out])?;
            explore::collected(&run, &parts, csv.as_deref())
        }
        Command::Rank(_) => {
            refuse(&[has_csv])?;
            rank_table::collected(&parts, json.as_deref(), &parts.target(out.as_deref())?)
        }
        Command::Cv(run) => {
            refuse(&[has_json, has_csv])?;
            cv::collected(&run, &parts, &parts.target(out.as_deref())?)
        }
        _ => bail!("{}: {command} does not run in parts", parts.folder().display()),
    }
}

impl Parts {
    /// Reads the parts in folders and files.
    ///
    /// # Errors
    ///
    /// If one is damaged, missing, or of another run than the others.
    fn read(paths: &[PathBuf]) -> anyhow::Result<Self> {
        let mut found: Vec<(PathBuf, PartFile)> = Vec::new();
        for path in paths {
            let files = if path.is_dir() { files_in(path)? } else { vec![path.clone()] };
            if files.is_empty() {
                bail!("{}: holds no part of a run, expected what --part writes", path.display());
            }
            for path in files {
                let file = PartFile::read(&path)?;
                found.push((path, file));
            }
        }
        let parts = Parts { found };
        parts.agree()?;
        parts.complete()
    }

    /// Refuses parts of different runs, and of another version than this program.
    fn agree(&self) -> anyhow::Result<()> {
        let (first_path, first) = &self.found[0];
        let version = env!("CARGO_PKG_VERSION");
        if first.version != version {
            let (path, written) = (first_path.display(), &first.version);
            bail!("{path}: was written by version {written}, expected {version}, which this is");
        }
        for (path, file) in &self.found[1..] {
            if let Some(difference) = first.difference(file) {
                bail!(
                    "{}: is a part of another run than {}: {difference}",
                    path.display(),
                    first_path.display()
                );
            }
        }
        Ok(())
    }

    /// Puts the parts in order, each once; refuses two different ones in one place, and none.
    fn complete(mut self) -> anyhow::Result<Self> {
        self.found.sort_by_key(|(_, file)| file.part);
        for pair in self.found.windows(2) {
            let [(path, file), (other_path, other)] = pair else { continue };
            if file.part == other.part && file.results != other.results {
                bail!(
                    "{} and {}: are both part {}, with different results; expected one of them",
                    path.display(),
                    other_path.display(),
                    file.part
                );
            }
        }
        self.found.dedup_by_key(|(_, file)| file.part);
        let there =
            |part: &Part| self.found.binary_search_by_key(part, |(_, file)| file.part).is_ok();
        let missing: Vec<Part> = self.first().part.siblings().filter(|part| !there(part)).collect();
        if !missing.is_empty() {
            let folder = self.folder().display();
            bail!(
                "{folder}: {}, expected all of {}",
                in_words(&missing),
                self.first().part.count()
            );
        }
        Ok(self)
    }

    fn first(&self) -> &PartFile {
        &self.found[0].1
    }

    /// One of the parts, for their number.
    pub fn part(&self) -> Part {
        self.first().part
    }

    /// The folder of the first part.
    pub fn folder(&self) -> &Path {
        folder_of(&self.found[0].0)
    }

    /// The folders of all parts, each once.
    pub fn folders(&self) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = Vec::new();
        for (path, _) in &self.found {
            let folder = folder_of(path);
            if !folders.iter().any(|known| known == folder) {
                folders.push(folder.to_owned());
            }
        }
        folders
    }

    /// Where results of the run are written.
    fn target(&self, out: Option<&Path>) -> anyhow::Result<PathBuf> {
        match (out, self.folders().as_slice()) {
            (Some(out), _) => Ok(out.to_owned()),
            (None, [folder]) => Ok(folder.clone()),
            (None, folders) => {
                bail!("the parts are in {} folders, expected --out for the results", folders.len())
            }
        }
    }

    /// Refuses files that were changed: their command line makes other choices than they say.
    pub fn check_choices(&self, choices: &impl Serialize) -> anyhow::Result<()> {
        let choices = serde_json::to_value(choices).context("JSON")?;
        match self.first().with_choices(choices).difference(self.first()) {
            None => Ok(()),
            Some(difference) => bail!(
                "{}: says what its command line does not: {difference}",
                self.found[0].0.display()
            ),
        }
    }

    /// What each part found, and the file that says so.
    pub fn results<R: DeserializeOwned>(&self) -> anyhow::Result<Vec<(&Path, R)>> {
        let read = |(path, file): &'_ (PathBuf, PartFile)| -> anyhow::Result<R> {
            serde_json::from_value(file.results.clone())
                .with_context(|| format!("{}: has no results of its command", path.display()))
        };
        self.found.iter().map(|found| Ok((found.0.as_path(), read(found)?))).collect()
    }

    /// What turns the results.
    pub fn choices(&self) -> &Value {
        &self.first().choices
    }

    fn cannot_be_read(&self, error: &clap::Error) -> anyhow::Error {
        let first = error.to_string().lines().next().unwrap_or_default().to_owned();
        let path = self.found[0].0.display();
        anyhow::anyhow!("{path}: has a command line that cannot be read: {first}")
    }
}

/// Where a file is: a name alone is of the folder in which the program runs.
fn folder_of(path: &Path) -> &Path {
    let parent = path.parent().unwrap_or(Path::new("."));
    if parent.as_os_str().is_empty() { Path::new(".") } else { parent }
}

/// `parts 3 and 7 are missing`.
fn in_words(missing: &[Part]) -> String {
    const MOST: usize = 12;
    let numbers = missing.iter().take(MOST).map(|part| part.number().to_string());
    let mut numbers: Vec<String> = numbers.collect();
    if missing.len() > MOST {
        numbers.push(format!("{} more", missing.len() - MOST));
    }
    match numbers.as_slice() {
        [one] => format!("part {one} is missing"),
        [others @ .., last] => format!("parts {} and {last} are missing", others.join(", ")),
        [] => String::new(),
    }
}
