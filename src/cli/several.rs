//! `rankproof cv` of several recordings: an answer for each, and their differences pooled.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::fit::{Compared, CrossValidationSummary, Pooled};
use crate::recording::Recording;
use anyhow::{Context, bail};
use serde::Serialize;

use super::cv::{self, Outcome};
use super::cv_parts::Lot;
use super::files::Files;
use super::lock::lock_folder;
use super::output::{print, table, write_json};

/// The file with what is pooled.
const POOLED: &str = "pooled.json";

/// pooled.json.
#[derive(Serialize)]
struct File {
    schema: u32,
    recordings: Vec<OfRecording>,
    pooled: Vec<OfModel>,
}

/// What a recording came to; its folder has the rest.
#[derive(Serialize)]
struct OfRecording {
    folder: String,
    chosen: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<serde_json::Value>,
}

/// By how much a model is worse than low tensor rank.
#[derive(Serialize)]
struct OfModel {
    model: String,
    /// Of each recording; none where the model was not compared.
    differences: Vec<Option<Difference>>,
    /// None of less than two.
    pooled: Option<Pooled>,
}

#[derive(Clone, Copy, Serialize)]
struct Difference {
    #[serde(serialize_with = "rankproof_number")]
    difference: f64,
    #[serde(serialize_with = "rankproof_number")]
    se: f64,
}

/// JSON has no number that is not finite.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn rankproof_number<S: serde::Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    value.is_finite().then_some(*value).serialize(serializer)
}

/// Each recording in a folder of its own in --out, then all together.
pub fn run(
    arguments: &cv::Arguments,
    recordings: &[PathBuf],
    out: &Path,
    lot: &Lot,
) -> anyhow::Result<u8> {
    let names = folders(recordings)?;
    Files::default().reads(recordings).writes_in("--out", out, [POOLED]).check()?;
    // What cannot be read is said before hours of work.
    for path in recordings {
        Recording::read(path)?;
    }
    let _lock = lock_folder(out, None)?;
    let mut found: Vec<(String, CrossValidationSummary)> = Vec::new();
    for (index, (path, name)) in recordings.iter().zip(names).enumerate() {
        print(&format!("{}\n", path.display()))?;
        let lot = lot.of_recording(index, recordings.len(), &name);
        match cv::one(arguments, path, &out.join(&name), &lot)? {
            Outcome::Answered(summary) => found.push((name, *summary)),
            Outcome::Part(_) | Outcome::Interrupted => return Ok(130),
        }
        print("")?;
    }
    let pooled = models(&found);
    print(&shown(&found, &pooled, out))?;
    let recordings = found.into_iter().map(|(folder, summary)| {
        let value = serde_json::to_value(&summary).unwrap_or_default();
        let verdict = value.get("verdict").cloned();
        OfRecording { folder, chosen: summary.chosen, verdict }
    });
    write_json(&out.join(POOLED), &File { schema: 1, recordings: recordings.collect(), pooled })?;
    Ok(0)
}

/// The name of each recording's folder: that of its file.
pub fn folders(recordings: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let mut seen = HashSet::new();
    let name = |path: &PathBuf| {
        let stem = path.file_stem().with_context(|| format!("{}: is no file", path.display()))?;
        let name = stem.to_string_lossy().into_owned();
        if !seen.insert(name.clone()) {
            bail!("two recordings are called {name}; expected different names, for their folders");
        }
        Ok(name)
    };
    recordings.iter().map(name).collect()
}

/// Every model that was compared in any recording, in the order in which they come.
fn models(found: &[(String, CrossValidationSummary)]) -> Vec<OfModel> {
    let mut names: Vec<&str> = Vec::new();
    for (_, summary) in found {
        for compared in &summary.comparisons {
            let name = compared.comparison.in_words();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let of = |name: &str, summary: &CrossValidationSummary| {
        let same = |compared: &&Compared| compared.comparison.in_words() == name;
        let Compared { excess, excess_se, .. } = summary.comparisons.iter().find(same)?;
        Some(Difference { difference: *excess, se: *excess_se })
    };
    names
        .into_iter()
        .map(|name| {
            let differences: Vec<_> = found.iter().map(|(_, summary)| of(name, summary)).collect();
            let pairs: Vec<(f64, f64)> =
                differences.iter().flatten().map(|d| (d.difference, d.se)).collect();
            OfModel { model: name.to_owned(), differences, pooled: Pooled::of(&pairs) }
        })
        .collect()
}

fn shown(found: &[(String, CrossValidationSummary)], models: &[OfModel], out: &Path) -> String {
    let mut rows = table(&["model", "recording", "worse by", "se", "95 %", "between"], 2);
    for OfModel { model, differences, pooled } in models {
        for ((name, _), difference) in found.iter().zip(differences) {
            let numbers = difference.map_or(["".to_owned(), "".to_owned()], |found| {
                [format!("{:.4}", found.difference), format!("{:.4}", found.se)]
            });
            let [worse, se] = numbers;
            let none = String::new();
            rows.add_row([model.clone(), name.clone(), worse, se, none.clone(), none]);
        }
        if let Some(Pooled { difference, se, interval: (low, high), between, .. }) = pooled {
            rows.add_row([
                model.clone(),
                "all".to_owned(),
                format!("{difference:.4}"),
                format!("{se:.4}"),
                format!("{low:.4}..{high:.4}"),
                format!("{between:.4}"),
            ]);
        }
    }
    let likelihoods: HashSet<&str> =
        found.iter().map(|(_, summary)| summary.likelihood.loss_in_words()).collect();
    let caution = if likelihoods.len() > 1 {
        "The recordings have losses in different units: what is pooled of them has no unit.\n"
    } else {
        ""
    };
    format!(
        "All recordings\n\n{rows}\n\
         all: random effects (DerSimonian and Laird 1986); between: the standard deviation of true\n\
         differences from recording to recording. Of a few recordings the interval is too narrow.\n\
         {caution}Results are in {}",
        out.display()
    )
}
