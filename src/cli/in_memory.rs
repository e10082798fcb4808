//! `fit` and `cv` of a recording in memory, by the options of the command line: for programs that
//! embed rankproof, as the Python package does. What the commands do is done by the same code.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use clap::{Args, Command};
use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::NamedTempFile;

use crate::fit::{
    Attempt, Attempted, Change, Decoded, Fit, FitError, FitFloat, Fold, Grid, Job, Learned,
    Outcome, Progress, Role, Search, States, Summary, decode,
};
use crate::recording::Recording;

use super::cv;
use super::cv_folder::{self, Folder};
use super::fit::{self, Plan};
use super::fitted;
use super::lock::lock_folder;
use super::model_arguments::{FittingArguments, Precision};
use super::sentence_of;

/// A fit that has ended, in the numbers that it was made in.
#[derive(Clone, Debug)]
pub enum AnyFit {
    /// Single precision.
    F32(Box<Fit<f32>>),
    /// Double precision.
    F64(Box<Fit<f64>>),
}

/// A fit of a recording that has ended, and what it was asked for.
pub struct FittedRecording {
    recording: Arc<Recording>,
    arguments: fit::Arguments,
    /// As the options say; none if the caller said which entries are held out.
    plan: Option<Plan>,
    roles: Vec<Role>,
    fit: AnyFit,
    outcome: Outcome,
    change: Option<Change>,
}

/// What stands in sentences for the name of a file.
const RECORDING: &str = "the recording";

impl FittedRecording {
    /// Fits as `rankproof fit` does with these options, without paths: `--rank=3`, `--jumps`. `roles`
    /// say what each entry is used for, in the order of [`Recording::activity`], instead of the
    /// options. A fit goes on from a [`checkpoint`](Self::checkpoint), if one is given: if it had
    /// ended, it is as it was. `report` may break it off after any iteration.
    ///
    /// # Errors
    ///
    /// What the command says of wrong options and of recordings that cannot be fitted.
    pub fn new(
        recording: Arc<Recording>,
        options: &[OsString],
        roles: Option<Vec<Role>>,
        checkpoint: Option<&[u8]>,
        report: impl FnMut(Progress) -> ControlFlow<()> + Send,
    ) -> anyhow::Result<Self> {
        recording.validate()?;
        let arguments: fit::Arguments =
            parsed(Command::new("fit"), fit::guarded, &[RECORDING, "--out=fit"], options)?;
        let plan = fit::planned(&arguments, &recording)?;
        let by_options = roles.is_none();
        let roles = roles.map_or_else(|| plan.roles(&recording), Ok)?;
        let work = || match plan.precision {
            Precision::F32 => ended::<f32>(&plan, &recording, &roles, checkpoint, report)
                .map(|(fit, outcome)| (AnyFit::F32(Box::new(fit)), outcome)),
            Precision::F64 => ended::<f64>(&plan, &recording, &roles, checkpoint, report)
                .map(|(fit, outcome)| (AnyFit::F64(Box::new(fit)), outcome)),
        };
        let (fit, outcome) = arguments.fitting.on_threads(work)??;
        let plan = by_options.then_some(plan);
        Ok(FittedRecording { recording, arguments, plan, roles, fit, outcome, change: None })
    }

    /// The recording.
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// The fit.
    pub fn fit(&self) -> &AnyFit {
        &self.fit
    }

    /// What the folder of the fit has as summary.json.
    ///
    /// # Errors
    ///
    /// If threads cannot be made.
    pub fn summary(&self) -> anyhow::Result<Summary> {
        self.on_threads(|| match &self.fit {
            AnyFit::F32(fit) => fit.summary(self.outcome),
            AnyFit::F64(fit) => fit.summary(self.outcome),
        })
    }

    /// Runs something on the threads that the options ask for. They end with it: those of a pool for
    /// all calls would be missing after a fork.
    ///
    /// # Errors
    ///
    /// If they cannot be made.
    pub fn on_threads<R: Send>(&self, work: impl FnOnce() -> R + Send) -> anyhow::Result<R> {
        self.arguments.fitting.on_threads(work)
    }

    /// How far the trial factors lie from those that were fitted first, if it is a fit
    /// [applied](Self::applied) to other trials.
    pub fn change(&self) -> Option<&Change> {
        self.change.as_ref()
    }

    /// Writes the folder that `rankproof fit` writes, with which `apply`, `decode`, `report` and, if
    /// the options say what is held out, `fit --resume` go on.
    ///
    /// # Errors
    ///
    /// If the folder holds a fit already, or cannot be written.
    pub fn save(&self, folder: &Path) -> anyhow::Result<()> {
        if folder.join(fit::CHECKPOINT).exists() || folder.join(fit::SUMMARY).exists() {
            bail!("{}: holds a fit already, expected another folder", folder.display());
        }
        fs::create_dir_all(folder)
            .with_context(|| format!("{}: cannot be made", folder.display()))?;
        self.on_threads(|| match &self.fit {
            AnyFit::F32(fit) => self.save_fit(folder, fit),
            AnyFit::F64(fit) => self.save_fit(folder, fit),
        })??;
        fit::write_summary(folder, &self.summary()?)
    }

    fn save_fit<S: FitFloat + crate::file::Element>(
        &self,
        folder: &Path,
        fit: &Fit<S>,
    ) -> anyhow::Result<()> {
        if let Some(plan) = &self.plan {
            fit::write_plan(folder, plan)?;
            fit.save(folder.join(fit::CHECKPOINT))?;
        }
        fitted::write(folder, fit, &self.recording, &self.roles, self.arguments.predictions)
    }

    /// The file from which the fit goes on; none if it is a fit applied to other trials, which starts
    /// from another one.
    ///
    /// # Errors
    ///
    /// If it cannot be written to the folder for temporary files.
    pub fn checkpoint(&self) -> anyhow::Result<Option<Vec<u8>>> {
        if self.change.is_some() {
            return Ok(None);
        }
        let file = NamedTempFile::new()?;
        match &self.fit {
            AnyFit::F32(fit) => fit.save(file.path())?,
            AnyFit::F64(fit) => fit.save(file.path())?,
        }
        Ok(Some(fs::read(file.path())?))
    }

    /// Reads the behaviour of the recording out of the states of the fit, as `rankproof decode` does.
    ///
    /// # Errors
    ///
    /// Those of [`decode`].
    pub fn decoded(&self, folds: usize, seed: u64) -> anyhow::Result<Decoded> {
        self.on_threads(|| {
            let states = match &self.fit {
                AnyFit::F32(fit) => States::of(fit, &self.recording),
                AnyFit::F64(fit) => States::of(fit, &self.recording),
            };
            Ok(decode(&self.recording, &states, folds, seed)?)
        })?
    }

    /// Infers what belongs to the trials of another recording of the same neurons, as
    /// `rankproof apply` does with the options of this fit.
    ///
    /// # Errors
    ///
    /// Those of [`Learned::apply`].
    pub fn applied(
        &self,
        recording: Arc<Recording>,
        mut report: impl FnMut(Progress) -> ControlFlow<()> + Send,
    ) -> anyhow::Result<Self> {
        recording.validate()?;
        let fitting = &self.arguments.fitting;
        let (settings, held_out) = (fitting.settings()?, fitting.held_out()?);
        let roles = fit::roles(held_out, settings.seed, &recording)?;
        let (fit, outcome, change) = fitting.on_threads(|| -> anyhow::Result<_> {
            Ok(match &self.fit {
                AnyFit::F32(fit) => {
                    let learned = learned(fit, &self.recording)?;
                    let applied =
                        learned
                            .apply::<f32>(&recording, &roles, settings, |_, made| report(made))?;
                    (AnyFit::F32(Box::new(applied.fit)), applied.outcome, applied.change)
                }
                AnyFit::F64(fit) => {
                    let learned = learned(fit, &self.recording)?;
                    let applied =
                        learned
                            .apply::<f64>(&recording, &roles, settings, |_, made| report(made))?;
                    (AnyFit::F64(Box::new(applied.fit)), applied.outcome, applied.change)
                }
            })
        })??;
        let arguments = self.arguments.clone();
        let change = Some(change);
        Ok(FittedRecording { recording, arguments, plan: None, roles, fit, outcome, change })
    }
}

fn learned<S: FitFloat>(fit: &Fit<S>, recording: &Recording) -> anyhow::Result<Learned> {
    Ok(Learned::new(&fit.model(), fit.objective().architecture(), recording)?)
}

fn ended<S: FitFloat + crate::file::Element>(
    plan: &Plan,
    recording: &Recording,
    roles: &[Role],
    checkpoint: Option<&[u8]>,
    mut report: impl FnMut(Progress) -> ControlFlow<()>,
) -> anyhow::Result<(Fit<S>, Outcome)> {
    let objective = plan.objective(recording, roles).context(RECORDING)?;
    let mut fit = match checkpoint {
        None => Fit::new(objective, plan.settings),
        Some(bytes) => {
            let mut file = NamedTempFile::new()?;
            file.write_all(bytes)?;
            Fit::resume(objective, plan.settings, file.path())?
        }
    };
    let outcome = fit.run(|_, made| report(made))?;
    Ok((fit, outcome))
}

/// A cross-validation of a recording, of which each job can be carried out by itself, anywhere.
///
/// Jobs and their results are JSON: the results are those that `rankproof cv` keeps in its folder.
pub struct CrossValidated {
    recording: Arc<Recording>,
    fitting: FittingArguments,
    fixed: bool,
    search: Search,
    /// Where fits are kept, if they are.
    out: Option<PathBuf>,
}

/// The answer of a cross-validation.
pub struct CrossValidationAnswer {
    /// What the folder of `rankproof cv` has as summary.json, without the end of the line.
    pub json: String,
    /// The verdict in words.
    pub verdict: String,
    /// All that the command prints, but for the last line, which names the folder.
    pub text: String,
}

impl CrossValidated {
    /// As `rankproof cv` plans it with these options, without paths; `grid` is what --grid reads.
    /// In the folder `out`, if one is given, every finished fit is kept as the command keeps it.
    ///
    /// # Errors
    ///
    /// What the command says of wrong options.
    pub fn new(
        recording: Arc<Recording>,
        options: &[OsString],
        grid: Option<&str>,
        out: Option<PathBuf>,
    ) -> anyhow::Result<Self> {
        recording.validate()?;
        let arguments: cv::Arguments =
            parsed(Command::new("cv"), cv::guarded, &[RECORDING, "--out=cv"], options)?;
        let is_given = grid.is_some();
        let grid = match grid {
            None => Grid::default(),
            Some(text) => serde_json::from_str(text).context("--grid")?,
        };
        let cv::InMemory { fixed, fitting, search } =
            cv::InMemory::new(arguments, &recording, grid)?;
        if fixed && is_given {
            bail!("--grid is given with --fixed, which searches nothing");
        }
        Ok(CrossValidated { recording, fitting, fixed, search, out })
    }

    /// Carries a job out; none if `go_on` said no after an iteration.
    ///
    /// # Errors
    ///
    /// If it is no job of this cross-validation, or a fit breaks down with --fixed.
    pub fn run_job(
        &self,
        job: &str,
        go_on: &(dyn Fn() -> bool + Sync),
    ) -> anyhow::Result<Option<String>> {
        self.fitting.on_threads(|| self.result_of(job, go_on))?
    }

    fn result_of(&self, job: &str, go_on: &dyn Fn() -> bool) -> anyhow::Result<Option<String>> {
        if self.fixed {
            let (cv, job) = (&self.search.cv, read::<Job>(job)?);
            told(
                &job.name(),
                match self.fitting.precision {
                    Precision::F32 => cv.run::<f32>(&self.recording, job, go_on),
                    Precision::F64 => cv.run::<f64>(&self.recording, job, go_on),
                },
            )
        } else {
            let (search, attempt) = (&self.search, read::<Attempt>(job)?);
            told(
                &attempt.name(),
                match self.fitting.precision {
                    Precision::F32 => search.run::<f32>(&self.recording, attempt, go_on),
                    Precision::F64 => search.run::<f64>(&self.recording, attempt, go_on),
                },
            )
        }
    }

    /// Keeps the result of a job in the folder, if there is one: for those who carry jobs out by
    /// themselves, as soon as one has ended.
    ///
    /// # Errors
    ///
    /// If it is no result, or cannot be written.
    pub fn keep(&self, result: &str) -> anyhow::Result<()> {
        let Some(folder) = self.folder() else { return Ok(()) };
        if self.fixed {
            let fold: Fold = read_result(result)?;
            folder.keep(&fold.job.name(), &fold)
        } else {
            let attempted: Attempted = read_result(result)?;
            folder.keep(&attempted.attempt.name(), &attempted)
        }
    }

    fn folder(&self) -> Option<Folder<'_>> {
        self.out.as_deref().map(Folder)
    }

    /// Carries several out in parallel, and keeps the results, which are in the order of the jobs.
    /// `go_on` is asked between iterations, and `done` called after each job. None if they were
    /// broken off.
    ///
    /// # Errors
    ///
    /// Those of [`run_job`](Self::run_job) and [`keep`](Self::keep).
    pub fn run_jobs(
        &self,
        jobs: &[String],
        go_on: &(dyn Fn() -> bool + Sync),
        done: &(dyn Fn() + Sync),
    ) -> anyhow::Result<Option<Vec<String>>> {
        let run = |job: &String| {
            if !go_on() {
                return Ok(None);
            }
            let found = self.result_of(job, go_on)?;
            found.as_deref().map_or(Ok(()), |result| self.keep(result))?;
            done();
            Ok(found)
        };
        self.fitting.on_threads(|| jobs.par_iter().map(run).collect())?
    }

    /// The answer. `carry_out` is given the name of a stage and its jobs, and returns their results
    /// in the same order; which jobs there are in a stage depends on the results before. It is not
    /// given those whose results are in the folder, which gets the others, and the answer. Nobody
    /// else writes to the folder meanwhile.
    ///
    /// # Errors
    ///
    /// If `carry_out` fails, a result is none, or the folder holds fits with other settings.
    pub fn answer(
        &self,
        mut carry_out: impl FnMut(&str, &[String]) -> anyhow::Result<Vec<String>>,
    ) -> anyhow::Result<CrossValidationAnswer> {
        let cv = &self.search.cv;
        let _lock = match self.folder() {
            None => None,
            Some(folder) => {
                let lock = lock_folder(folder.0, None)?;
                folder.open(cv, self.fitting.precision, &self.recording)?;
                Some(lock)
            }
        };
        let summary = if self.fixed {
            cv.answer_by(&self.recording, |jobs| {
                self.results("fits", jobs, Job::name, &mut carry_out)
            })?
        } else {
            self.search.answer_by(&self.recording, |stage, attempts| {
                self.results(stage, attempts, Attempt::name, &mut carry_out)
            })?
        };
        if let Some(folder) = self.folder() {
            folder.finish(&summary)?;
        }
        Ok(CrossValidationAnswer {
            json: cv_folder::summary_json(&summary)?,
            verdict: summary.verdict.in_words(),
            text: cv::told(&summary),
        })
    }

    /// From the folder, or carried out as text.
    fn results<J: Serialize, R: Serialize + DeserializeOwned>(
        &self,
        stage: &str,
        jobs: &[J],
        name: impl Fn(&J) -> String,
        carry_out: &mut impl FnMut(&str, &[String]) -> anyhow::Result<Vec<String>>,
    ) -> anyhow::Result<Vec<R>> {
        let kept = |job| self.folder().map_or(Ok(None), |folder| folder.result(&name(job)));
        let mut found: Vec<Option<R>> = jobs.iter().map(kept).collect::<Result<_, _>>()?;
        let missing: Vec<usize> = (0..jobs.len()).filter(|&job| found[job].is_none()).collect();
        if missing.is_empty() {
            return Ok(found.into_iter().flatten().collect());
        }
        let texts = missing.iter().map(|&job| serde_json::to_string(&jobs[job]));
        let results = carry_out(stage, &texts.collect::<Result<Vec<_>, _>>()?)?;
        if results.len() != missing.len() {
            bail!("{} jobs came back with {} results", missing.len(), results.len());
        }
        for (job, text) in missing.into_iter().zip(results) {
            let result = read_result(&text)?;
            let name = name(&jobs[job]);
            // It may have been kept when it came.
            if let Some(folder) = self.folder().filter(|folder| !folder.path_of(&name).exists()) {
                folder.keep(&name, &result)?;
            }
            found[job] = Some(result);
        }
        Ok(found.into_iter().flatten().collect())
    }
}

fn read_result<R: DeserializeOwned>(text: &str) -> anyhow::Result<R> {
    serde_json::from_str(text).context("result of a job")
}

fn read<J: DeserializeOwned>(text: &str) -> anyhow::Result<J> {
    serde_json::from_str(text).with_context(|| format!("{text}: is no job of this kind"))
}

fn told<R: Serialize>(
    name: &str,
    result: Result<Option<R>, FitError>,
) -> anyhow::Result<Option<String>> {
    let result = result.with_context(|| name.to_owned())?;
    Ok(result.map(|found| serde_json::to_string(&found)).transpose()?)
}

/// The arguments of a command, read as the program reads them. `guard` is what the program refuses
/// beyond their definition, `paths` take the place of files.
fn parsed<A: Args>(
    command: Command,
    guard: impl FnOnce(Command) -> Command,
    paths: &[&str],
    options: &[OsString],
) -> anyhow::Result<A> {
    let command = guard(A::augment_args(command)).no_binary_name(true);
    let all = paths.iter().map(OsString::from).chain(options.iter().cloned());
    let matches = command.try_get_matches_from(all).map_err(in_a_sentence)?;
    A::from_arg_matches(&matches).map_err(in_a_sentence)
}

/// What clap says, in one line.
fn in_a_sentence(error: clap::Error) -> anyhow::Error {
    anyhow!("{}", sentence_of(&error).split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::Simulation;

    fn recording() -> Arc<Recording> {
        let simulation = Simulation { neurons: 6, trials: 20, bins: 6, ..Simulation::default() };
        Arc::new(simulation.recording(1).unwrap().0)
    }

    fn options(texts: &[&str]) -> Vec<OsString> {
        texts.iter().map(OsString::from).collect()
    }

    fn refused(texts: &[&str]) -> String {
        let report = |_| ControlFlow::Continue(());
        let fitted = FittedRecording::new(recording(), &options(texts), None, None, report);
        format!("{:#}", fitted.err().expect("wrong options"))
    }

    #[test]
    fn wrong_options_get_one_sentence() {
        let unknown = refused(&["--rank=1", "--kernel=cosine"]);
        assert_eq!(
            unknown,
            "invalid value 'cosine' for '--kernel <KERNEL>' [possible values: rational-quadratic, rbf]"
        );
        assert_eq!(refused(&["--rank=0", "--units=5"]).lines().count(), 1);
        assert!(refused(&["--rank=1", "--learning-rate=-1"]).contains("--learning-rate is -1"));
        let refused = |texts: &[&str]| {
            let fixed = CrossValidated::new(recording(), &options(texts), None, None);
            format!("{:#}", fixed.err().expect("a choice of the search"))
        };
        assert!(refused(&["--length=3"]).contains("--fixed"));
        assert!(refused(&["--length=3", "--permutations=19"]).contains("--length"));
    }

    #[test]
    fn jobs_by_themselves_give_the_same_answer() {
        let options = options(&[
            "--fixed",
            "--ranks=1,2",
            "--units=4",
            "--folds=2",
            "--iterations=6",
            "--threads=1",
        ]);
        let cv = CrossValidated::new(recording(), &options, None, None).unwrap();
        let one = |job: &String| Ok(cv.run_job(job, &|| true)?.expect("not broken off"));
        let alone = cv.answer(|_, jobs| jobs.iter().map(one).collect()).unwrap();
        let together =
            cv.answer(|_, jobs| Ok(cv.run_jobs(jobs, &|| true, &|| ())?.expect("not broken off")));
        assert_eq!(alone.json, together.unwrap().json);
        assert!(alone.text.contains(&alone.verdict), "{}", alone.text);
        assert!(cv.run_jobs(&["{}".to_owned()], &|| true, &|| ()).is_err());
        assert!(cv.answer(|_, _| Ok(vec![])).is_err());
    }

    /// Of a cross-validation that stopped after its first jobs the folder has those, and the next
    /// one is not asked for them.
    #[test]
    fn a_folder_keeps_what_ended() {
        let folder = tempfile::tempdir().unwrap();
        let texts = ["--fixed", "--ranks=1,2", "--units=4", "--folds=2", "--iterations=6"];
        let new = |more: &[&str]| {
            let out = Some(folder.path().join("cv"));
            let options = options(&[&texts[..], more].concat());
            CrossValidated::new(recording(), &options, None, out).unwrap()
        };
        let cv = new(&[]);
        let one = |job: &String| Ok(cv.run_job(job, &|| true)?.expect("not broken off"));
        let stopped = cv.answer(|_, jobs| {
            for job in &jobs[..3] {
                cv.keep(&one(job)?)?;
            }
            assert!(cv.answer(|_, _| Ok(vec![])).is_err(), "the folder is locked");
            bail!("stopped")
        });
        assert_eq!(stopped.err().unwrap().to_string(), "stopped");
        let mut asked = 0;
        let resumed = new(&[]).answer(|_, jobs| {
            asked += jobs.len();
            jobs.iter().map(one).collect()
        });
        let never = |_: &str, _: &[String]| bail!("all are there");
        let again = new(&["--threads=2"]).answer(never).unwrap();
        let made = fs::read_dir(folder.path().join("cv").join("jobs")).unwrap().count();
        assert_eq!(asked, made - 3);
        assert_eq!(resumed.unwrap().json, again.json);
        let summary = fs::read_to_string(folder.path().join("cv").join("summary.json")).unwrap();
        assert_eq!(summary, again.json + "\n");
        let other = new(&["--seed=2"]).answer(never).err().unwrap().to_string();
        assert!(other.contains("with other settings"), "{other}");
        assert!(cv.keep("{}").is_err());
    }
}
