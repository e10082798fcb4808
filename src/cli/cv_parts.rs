//! `rankproof cv --part`: which fits fall to a part.
//!
//! With `--fixed` a fit is an instance, else a model in a fold, whose search is one sequence. What is
//! fitted depends on all parts: other models are fitted at the rank that all folds choose; in a search
//! architectures are compared that the folds propose, and orders of trials are shuffled in the one that
//! is best in all. So a part is run twice, or three times: it carries out what it can, and says what it
//! waits for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::collect::Parts;
use super::cv::{self, Arguments, Asked, Outcome};
use super::output::print;
use super::part::{Run, Share};
use super::several;
use crate::fit::{Comparison, CrossValidation, Job};
use crate::part::Part;
use crate::report::wrapped;

/// How often each part is run with `--fixed`.
pub const PASSES: usize = 2;

/// How often in a search.
pub const PASSES_OF_SEARCH: usize = 3;

/// The fits of one recording that a process carries out.
#[derive(Clone)]
pub struct Lot {
    share: Share,
    /// The recording's number, and how many there are: its instances are interleaved with those of
    /// the others.
    recording: usize,
    recordings: usize,
    /// Where other parts left fits of it.
    folders: Vec<PathBuf>,
}

/// All of the only recording.
impl Default for Lot {
    fn default() -> Self {
        Lot { share: Share::Whole, recording: 0, recordings: 1, folders: Vec::new() }
    }
}

/// A fit that falls to a part which has not made it.
#[derive(Debug, thiserror::Error)]
#[error("{}: part {part} has not made the fit {name}, expected that it is run again", folder.display())]
pub struct Missing {
    folder: PathBuf,
    part: Part,
    name: String,
}

impl Lot {
    fn of_part(part: Part) -> Self {
        Lot { share: Share::Part(part), ..Lot::default() }
    }

    /// Of what all parts have fitted.
    pub fn collected(parts: &Parts) -> Self {
        Lot { share: Share::Collected(parts.part()), folders: parts.folders(), ..Lot::default() }
    }

    /// The same for one of several recordings, each with a folder.
    pub fn of_recording(&self, recording: usize, recordings: usize, name: &str) -> Self {
        let folders = self.folders.iter().map(|folder| folder.join(name)).collect();
        Lot { recording, recordings, folders, ..*self }
    }

    /// Whether it is that of a part.
    pub fn is_part(&self) -> bool {
        matches!(self.share, Share::Part(_))
    }

    /// Whether it has the instance of this number of its recording.
    pub fn computes(&self, number: usize) -> bool {
        self.share.computes(self.among_all(number))
    }

    /// Says that an instance of another part is not there.
    pub fn missing(&self, number: usize, name: String, folder: &Path) -> Missing {
        let part = self.share.owner(self.among_all(number));
        let folder = self.folders.first().map_or(folder, PathBuf::as_path).to_owned();
        Missing { folder, part, name }
    }

    /// Where other parts left fits of its recording, but for the folder `out` itself.
    pub fn sources(&self, out: &Path) -> Vec<PathBuf> {
        self.folders.iter().filter(|folder| *folder != out).cloned().collect()
    }

    /// The number of an instance among those of all recordings.
    fn among_all(&self, number: usize) -> u64 {
        number as u64 * self.recordings as u64 + self.recording as u64
    }
}

/// Carries out what falls to a part. `words` is the command line, the program first.
pub fn run(
    arguments: &Arguments,
    part: Part,
    out: &Path,
    words: &[OsString],
) -> anyhow::Result<u8> {
    let recordings = arguments.recordings();
    let lot = Lot::of_part(part);
    let (mut choices, mut waiting) = (Vec::new(), None);
    let places: Vec<(PathBuf, Lot)> = match recordings {
        [_] => vec![(out.to_owned(), lot)],
        all => (several::folders(all)?.iter().enumerate())
            .map(|(index, name)| (out.join(name), lot.of_recording(index, all.len(), name)))
            .collect(),
    };
    for (path, (folder, lot)) in recordings.iter().zip(&places) {
        let asked = Asked::read(arguments, path)?;
        choices.push(asked.choices(arguments));
        match cv::answered(arguments, path, folder, &asked, lot)? {
            Outcome::Interrupted => return Ok(130),
            Outcome::Part(missing) => waiting = waiting.or(missing),
            Outcome::Answered(_) => {}
        }
    }
    Run::new(&words[1..], &json!({ "recordings": choices }))?.write(out, part, &())?;
    let folder = out.display();
    print(&wrapped(&match waiting {
        None => format!("part {part} of cv: all of its fits are in {folder}."),
        Some(Missing { part: other, .. }) => format!(
            "part {part} of cv: its first fits are in {folder}. The others follow from those of all \
             parts, and part {other} is not done: when all parts were run, run each again."
        ),
    }))?;
    Ok(0)
}

/// The number of a model in a fold: folds of a model follow one another, so that the models that take
/// long fall to different parts.
pub fn number_of_model(cv: &CrossValidation, model: Comparison, fold: usize) -> usize {
    place(model) * cv.folds + fold
}

/// The number of a fit with a fixed architecture.
pub fn number_of_job(cv: &CrossValidation, job: &Job) -> usize {
    let Job { comparison, rank, units, seed, fold } = *job;
    let at = |sizes: &[usize], size| sizes.iter().position(|&one| one == size).unwrap_or(0);
    let size = match comparison {
        Comparison::LowTensorRank => at(&cv.ranks, rank) * cv.units.len() + at(&cv.units, units),
        other => place(other),
    };
    let start = seed.wrapping_sub(cv.settings.seed) as usize;
    (size * cv.seeds as usize + start) * cv.folds + fold
}

/// 0 of changing weights, then the others in their order.
fn place(model: Comparison) -> usize {
    Comparison::OTHERS.iter().position(|&other| other == model).map_or(0, |place| place + 1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::fit::Architecture;

    #[test]
    fn every_fit_has_a_number_of_its_own() {
        let mut cv = CrossValidation::new(Architecture::new(4, 2, 10));
        (cv.ranks, cv.units, cv.seeds, cv.folds) = (vec![1, 3], vec![4, 8], 2, 3);
        cv.settings.seed = 7;
        for jobs in [cv.jobs(), cv.comparisons(2, 3, 8)] {
            let numbers: BTreeSet<_> = jobs.iter().map(|job| number_of_job(&cv, job)).collect();
            assert_eq!(numbers.len(), jobs.len());
        }
        let models = || Comparison::OTHERS.into_iter().chain([Comparison::LowTensorRank]);
        let numbers = models().flat_map(|model| (0..3).map(move |fold| (model, fold)));
        let numbers: BTreeSet<_> =
            numbers.map(|(model, fold)| number_of_model(&cv, model, fold)).collect();
        assert_eq!(numbers, (0..33).collect());
    }

    #[test]
    fn the_instances_of_several_recordings_are_interleaved() {
        let lot = Lot::of_part("2/3".parse().unwrap());
        let own = |recording| {
            let lot = lot.of_recording(recording, 2, "name");
            (0..6).filter(|&number| lot.computes(number)).collect::<Vec<_>>()
        };
        assert_eq!((own(0), own(1)), (vec![2, 5], vec![0, 3]));
    }
}
