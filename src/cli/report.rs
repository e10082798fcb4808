//! `rankproof report`: everything on one page.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::file::write_atomically;
use crate::report::{Page, Results, VerificationRecord};
use crate::theorem::{self, Arithmetic};
use anyhow::Context;
use clap::Args;

use super::explore::default_table;
use super::files::Files;
use super::output::print;
use super::verify::verified;

/// Write one HTML page: theorems, what was verified, ranks beside bounds, experiments.
///
/// The page needs no network and no script, and opens from disk. The experiments are those that
/// were run: the folders that they wrote, and those of `rankproof fit` and `rankproof cv`.
#[derive(Args)]
pub struct Arguments {
    /// The page to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// A folder with a summary.json; may be given more than once. If not given, all in `out`.
    #[arg(long, value_name = "DIR", num_args = 1..)]
    from: Vec<PathBuf>,
    /// The run to show, as `rankproof verify --json FILE` writes it. If not given, a small one is
    /// made: 100 cases in exact arithmetic and in f64.
    #[arg(long, value_name = "FILE")]
    verified: Option<PathBuf>,
}

/// Cases of each theorem in a run that is made for the page.
const CASES: u64 = 100;

pub fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let folders = if arguments.from.is_empty() {
        folders_in(Path::new("out"))?
    } else {
        arguments.from.clone()
    };
    let results = Results::read_all(&folders)?;
    let read = results.iter().flat_map(Results::files).chain(&arguments.verified);
    Files::default().reads(read).writes("--out", [&arguments.out]).check()?;
    let (verification, origin) = verification(arguments.verified.as_deref())?;
    let page = Page { verification, origin, exploration: default_table()?, results };
    write_atomically(&arguments.out, |file| file.write_all(page.to_html().as_bytes()))?;
    print(&format!("{}: {} results", arguments.out.display(), page.results.len()))?;
    Ok(0)
}

/// What was verified, and in a sentence where that comes from.
fn verification(path: Option<&Path>) -> anyhow::Result<(VerificationRecord, String)> {
    const SEED: u64 = 1;
    if let Some(path) = path {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        return Ok((VerificationRecord::read(path)?, format!("From {name}.")));
    }
    let lines = verified(&theorem::ALL, &[Arithmetic::Exact, Arithmetic::F64], SEED, CASES);
    let origin = format!(
        "A small run made for this page: {CASES} cases of each theorem in each of two arithmetics. \
         rankproof report --verified FILE shows a longer one."
    );
    Ok((VerificationRecord::new(SEED, &lines), origin))
}

/// The folders in a folder that hold results, sorted; none if it is not there.
fn folders_in(parent: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !parent.is_dir() {
        return Ok(Vec::new());
    }
    let listed = || format!("{}: cannot be listed", parent.display());
    let mut folders = Vec::new();
    for entry in fs::read_dir(parent).with_context(listed)? {
        let folder = entry.with_context(listed)?.path();
        if folder.join("summary.json").exists() {
            folders.push(folder);
        }
    }
    folders.sort();
    Ok(folders)
}
