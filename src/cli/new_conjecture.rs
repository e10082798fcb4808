//! `rankproof new-conjecture`: a file to start from.

use std::path::{Path, PathBuf};

use crate::file::write_atomically;
use anyhow::bail;
use clap::Args;

use super::output::print;

/// Write tests/conjectures/NAME.rs from a template that compiles; `cargo test NAME` runs it.
#[derive(Args)]
pub struct Arguments {
    /// Its name: lower-case words joined by hyphens, as in my-idea.
    name: String,
}

const TEMPLATE: &str = include_str!("conjecture_template.rs");
const FOLDER: &str = "tests/conjectures";

pub fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let name = &arguments.name;
    let text = TEMPLATE.replace("my-idea", name).replace("my_idea", &name.replace('-', "_"));
    write(name, &text)?;
    Ok(0)
}

/// Where the conjecture of this name will be.
///
/// # Errors
///
/// If it is no name, it is taken, or this is not the folder of the project.
pub fn path(name: &str) -> anyhow::Result<PathBuf> {
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    if !name.split('-').all(word) {
        bail!("{name:?} is no name for a conjecture: expected lower-case words joined by hyphens");
    }
    if !Path::new(FOLDER).is_dir() {
        bail!("there is no {FOLDER} here: run this in the folder of the project");
    }
    let module = name.replace('-', "_");
    let path = Path::new(FOLDER).join(format!("{module}.rs"));
    if module == "main" || path.exists() {
        bail!("{} exists already: choose another name", path.display());
    }
    Ok(path)
}

/// Writes the file of a conjecture and says how to run it.
pub fn write(name: &str, text: &str) -> anyhow::Result<()> {
    let path = path(name)?;
    write_atomically(&path, |file| std::io::Write::write_all(file, text.as_bytes()))?;
    let module = name.replace('-', "_");
    print(&format!("{} is written. Change it, then:\n  cargo test {module}\n", path.display()))
}
