//! The folder of a cross-validation: what was asked, what each fit came to, and the answer. A run that
//! was interrupted goes on from the fits that are there, whether the program made them or Python.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::model_arguments::Precision;
use super::output::write_json;
use crate::file::Lock;
use crate::fit::{Architecture, CrossValidation, CrossValidationSummary, Job};
use crate::recording::Recording;
use crate::report::cross_validation_figure;

const PLAN: &str = "plan.json";
const SUMMARY: &str = "summary.json";
const FIGURE: &str = "held_out_loss.svg";
/// The folder in it for the results of fits.
pub const JOBS: &str = "jobs";

/// The folder of a cross-validation of one recording.
#[derive(Clone, Copy)]
pub struct Folder<'a>(pub &'a Path);

/// What fits come to changes its form, or what is fitted its meaning: then this counts on, and folders
/// from before are refused.
const FORM: u32 = 3;

/// What the folder says of the run in it.
#[derive(PartialEq, Serialize, Deserialize)]
struct Plan {
    /// [`FORM`]; 0 of the first versions, which did not write it.
    #[serde(default)]
    form: u32,
    cross_validation: CrossValidation,
    precision: Precision,
    fingerprint: String,
}

/// summary.json.
#[derive(Serialize)]
struct SummaryFile<'a> {
    schema: u32,
    #[serde(flatten)]
    summary: &'a CrossValidationSummary,
}

impl Folder<'_> {
    /// Makes what is missing of it, and keeps it from mixing fits of two runs.
    ///
    /// # Errors
    ///
    /// If it cannot be written, or holds fits of another recording or with other settings.
    pub fn open(
        self,
        cv: &CrossValidation,
        precision: Precision,
        recording: &Recording,
    ) -> anyhow::Result<()> {
        let jobs = self.0.join(JOBS);
        fs::create_dir_all(&jobs).with_context(|| format!("{}: cannot be made", jobs.display()))?;
        // More ranks, units, seeds or folds are a longer run of the same kind.
        let kind = CrossValidation {
            ranks: Vec::new(),
            units: Vec::new(),
            seeds: 0,
            folds: 0,
            architecture: Architecture { units: 0, rank: 0, ..cv.architecture.clone() },
            ..cv.clone()
        };
        let fingerprint = recording.fingerprint();
        let plan = Plan { form: FORM, cross_validation: kind, precision, fingerprint };
        let path = self.0.join(PLAN);
        let _agreeing = Lock::for_a_moment(self.0)?;
        let Ok(text) = fs::read_to_string(&path) else { return write_json(&path, &plan) };
        let there: Plan = serde_json::from_str(&text).with_context(|| {
            format!("{}: is not the plan of a cross-validation", path.display())
        })?;
        if there.form != plan.form {
            bail!(
                "{}: holds fits of another version of rankproof, expected those of this one; give \
                 another --out",
                self.0.display()
            );
        }
        if there != plan {
            bail!(
                "{}: holds fits of another recording or with other settings; give another --out",
                self.0.display()
            );
        }
        Ok(())
    }

    /// Where the result of a fit of this name is.
    pub fn path_of(self, name: &str) -> PathBuf {
        self.0.join(file_of(name))
    }

    /// What a fit came to, if it was made.
    ///
    /// # Errors
    ///
    /// If the file is not the result of a fit.
    pub fn result<R: DeserializeOwned>(self, name: &str) -> anyhow::Result<Option<R>> {
        let path = self.path_of(name);
        let Ok(text) = fs::read_to_string(&path) else { return Ok(None) };
        let found = serde_json::from_str(&text)
            .with_context(|| format!("{}: is not the result of a fit", path.display()))?;
        Ok(Some(found))
    }

    /// Keeps what a fit came to.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn keep(self, name: &str, result: &impl Serialize) -> anyhow::Result<()> {
        write_json(&self.path_of(name), result)
    }

    /// Writes the answer.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn finish(self, summary: &CrossValidationSummary) -> anyhow::Result<()> {
        write_json(&self.0.join(SUMMARY), &SummaryFile { schema: 1, summary })?;
        Ok(cross_validation_figure(summary).save(self.0.join(FIGURE))?)
    }
}

/// The line of summary.json.
pub fn summary_json(summary: &CrossValidationSummary) -> anyhow::Result<String> {
    Ok(serde_json::to_string(&SummaryFile { schema: 1, summary })?)
}

fn file_of(name: &str) -> PathBuf {
    Path::new(JOBS).join(format!("{name}.json"))
}

/// Everything that could be written to the folder, as paths in it.
pub fn names(cv: &CrossValidation) -> BTreeSet<PathBuf> {
    let sizes = cv.ranks.iter().flat_map(|&rank| cv.units.iter().map(move |&units| (rank, units)));
    let others = sizes.flat_map(|(rank, units)| cv.comparisons(2, rank, units));
    let jobs = others.chain(cv.jobs()).map(|job: Job| file_of(&job.name()));
    jobs.chain([PLAN, SUMMARY, FIGURE].map(PathBuf::from)).collect()
}
