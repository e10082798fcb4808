//! A copy of the project in which every mutant is compiled, behind a switch.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::rewrite::{Placed, rewrite};
use crate::sites::{Site, sites};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// A mutant that compiles.
#[derive(Clone)]
pub struct Mutant {
    pub number: u32,
    pub module: String,
    /// Where it is and what it changes, on one line.
    pub name: String,
}

impl Mutant {
    /// The name without line and column, which stays while other lines of the file change.
    pub fn lasting_name(&self) -> String {
        let (path, rest) = self.name.split_once(':').expect("path:line:column: change");
        let (_, change) = rest.split_once(' ').expect("path:line:column: change");
        format!("{path}: {change}")
    }
}

/// A program of tests: `theorems`, or `rankproof` for the unit tests of the library.
pub struct Program {
    pub target: String,
    pub path: PathBuf,
}

/// The folder of the copy, and what is in it.
pub struct Tree {
    folder: PathBuf,
    /// The files that are rewritten, as they were written, with their sites.
    files: BTreeMap<String, (String, Vec<Site>)>,
}

impl Tree {
    /// Copies the files of the project that version control knows.
    pub fn copy(root: &Path, folder: &Path, modules: &[String]) -> Fallible<Self> {
        let list = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()?;
        let list = String::from_utf8(list.stdout)?;
        let names = list.split('\0').filter(|name| !name.is_empty() && root.join(name).is_file());
        let names: BTreeSet<_> = names.map(str::to_owned).collect();
        for old in ["src", "tests"] {
            remove_others(folder, &folder.join(old), &names)?;
        }
        let mut files = BTreeMap::new();
        let mut tests = BTreeSet::new();
        for name in &names {
            let in_module = |module: &String| {
                name.starts_with(&format!("src/{module}/")) || *name == format!("src/{module}.rs")
            };
            if name.ends_with(".rs") && modules.iter().any(in_module) {
                let text = fs::read_to_string(root.join(name))?;
                let (sites, of_tests) = sites(&text).map_err(|error| format!("{name}: {error}"))?;
                let below = name.trim_end_matches(".rs").trim_end_matches("/mod");
                tests.extend(of_tests.iter().map(|test| format!("{below}/{test}.rs")));
                files.insert(name.clone(), (text, sites));
            } else {
                write(&folder.join(name), &fs::read(root.join(name))?)?;
            }
        }
        for test in tests {
            if let Some((text, _)) = files.remove(&test) {
                write(&folder.join(test), text.as_bytes())?;
            }
        }
        let library = fs::read_to_string(root.join("src/lib.rs"))?;
        let allowed = "#![allow(warnings, arithmetic_overflow, unconditional_panic)]";
        let library = format!("{allowed}\n{library}\n#[doc(hidden)]\npub mod mutants;\n");
        write(&folder.join("src/lib.rs"), library.as_bytes())?;
        write(&folder.join("src/mutants.rs"), include_bytes!("switch.rs"))?;
        Ok(Tree { folder: folder.to_owned(), files })
    }

    /// Compiles programs of tests, without the mutants that do not compile; `known` lists those of
    /// earlier runs and is added to.
    pub fn build(&mut self, targets: &[String], known: &Path) -> Fallible<Vec<Program>> {
        let failing = fs::read_to_string(known).unwrap_or_default();
        let mut failing: BTreeSet<String> = failing.lines().map(str::to_owned).collect();
        loop {
            self.drop_mutants(&failing);
            let placed = self.write()?;
            let (succeeded, messages) = self.compile(targets)?;
            if succeeded {
                return Ok(programs(&messages));
            }
            let before = failing.len();
            let numbers = failing_numbers(&messages, &placed);
            let names = self.mutants().into_iter().filter(|m| numbers.contains(&m.number));
            failing.extend(names.map(|mutant| mutant.name));
            println!("{} mutants do not compile", failing.len());
            fs::write(known, failing.iter().map(|name| format!("{name}\n")).collect::<String>())?;
            if failing.len() == before {
                let errors = errors(&messages).filter_map(|error| error["rendered"].as_str());
                let errors: String = errors.collect();
                return Err(format!("no mutant is behind these errors:\n{errors}").into());
            }
        }
    }

    pub fn mutants(&self) -> Vec<Mutant> {
        let mut mutants = Vec::new();
        for (path, (_, sites)) in &self.files {
            let module = path.trim_start_matches("src/").split(['/', '.']).next();
            let module = module.expect("a path has a first part");
            for (site, mutant) in sites.iter().flat_map(|s| s.mutants.iter().map(move |m| (s, m))) {
                let name = name(path, site, &mutant.change);
                let number = 1 + mutants.len() as u32;
                mutants.push(Mutant { number, module: module.to_owned(), name });
            }
        }
        mutants
    }

    fn drop_mutants(&mut self, names: &BTreeSet<String>) {
        for (path, (_, sites)) in &mut self.files {
            for site in sites {
                let mut mutants = std::mem::take(&mut site.mutants);
                mutants.retain(|mutant| !names.contains(&name(path, site, &mutant.change)));
                site.mutants = mutants;
            }
        }
    }

    /// Writes the rewritten files; says where the mutants are in them.
    fn write(&self) -> Fallible<BTreeMap<String, Vec<Placed>>> {
        let mut first = 1;
        let mut all = BTreeMap::new();
        for (path, (text, sites)) in &self.files {
            let (rewritten, placed) = rewrite(text, sites, first);
            first += placed.len() as u32;
            write(&self.folder.join(path), rewritten.as_bytes())?;
            all.insert(path.clone(), placed);
        }
        Ok(all)
    }

    /// Whether it succeeded, and what cargo says.
    fn compile(&self, targets: &[String]) -> Fallible<(bool, Vec<Value>)> {
        let output = Command::new("cargo")
            .args(["test", "--no-run", "--locked", "--message-format", "json", "--lib"])
            .args(targets.iter().flat_map(|target| ["--test", target]))
            .current_dir(&self.folder)
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            .stderr(Stdio::inherit())
            .output()?;
        let lines = String::from_utf8(output.stdout)?;
        let messages: Result<_, _> = lines.lines().map(serde_json::from_str).collect();
        Ok((output.status.success(), messages?))
    }
}

fn name(path: &str, site: &Site, change: &str) -> String {
    format!("{path}:{}:{}: {change}", site.line, site.column)
}

fn programs(messages: &[Value]) -> Vec<Program> {
    let programs = messages.iter().filter(|message| message["profile"]["test"] == true);
    let programs = programs.filter_map(|message| {
        let target = message["target"]["name"].as_str()?.to_owned();
        Some(Program { target, path: message["executable"].as_str()?.into() })
    });
    programs.collect()
}

fn errors(messages: &[Value]) -> impl Iterator<Item = &Value> {
    let errors = messages.iter().map(|message| &message["message"]);
    errors.filter(|message| message["level"] == "error")
}

/// The mutants in whose code an error stands; all of a place where it stands beside their code.
fn failing_numbers(messages: &[Value], placed: &BTreeMap<String, Vec<Placed>>) -> BTreeSet<u32> {
    let mut numbers = BTreeSet::new();
    for error in errors(messages) {
        let mut spans: Vec<_> = error["spans"].as_array().into_iter().flatten().collect();
        spans.sort_by_key(|span| span["is_primary"] != true);
        let mut found = spans.into_iter().map(|span| at_span(span, placed));
        numbers.extend(found.find(|numbers| !numbers.is_empty()).unwrap_or_default());
    }
    numbers
}

fn at_span(span: &Value, placed: &BTreeMap<String, Vec<Placed>>) -> Vec<u32> {
    let path = span["file_name"].as_str().unwrap_or_default();
    let (Some(placed), Some(byte)) = (placed.get(path), span["byte_start"].as_u64()) else {
        let outer = &span["expansion"]["span"];
        return if outer.is_null() { Vec::new() } else { at_span(outer, placed) };
    };
    let byte = byte as usize;
    if let Some(mutant) = placed.iter().find(|mutant| mutant.code.contains(&byte)) {
        return vec![mutant.number];
    }
    let around = placed.iter().filter(|mutant| mutant.site.contains(&byte));
    let Some(least) = around.min_by_key(|mutant| mutant.site.len()) else { return Vec::new() };
    let site = placed.iter().filter(|mutant| mutant.site == least.site);
    site.map(|mutant| mutant.number).collect()
}

/// Removes files that the project no longer has.
fn remove_others(folder: &Path, below: &Path, names: &BTreeSet<String>) -> Fallible<()> {
    for entry in fs::read_dir(below).into_iter().flatten() {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(folder, &path, names)?;
        } else if !names.contains(&*path.strip_prefix(folder)?.to_string_lossy()) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Leaves a file alone that is as it should be, so that cargo compiles what changed.
fn write(path: &Path, bytes: &[u8]) -> Fallible<()> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().expect("a file is in a folder"))?;
    Ok(fs::write(path, bytes)?)
}
