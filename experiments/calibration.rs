//! How often is the verdict of a cross-validation wrong?
//!
//! Recordings are simulated from networks whose weights are constant, and from ones whose weights
//! change over trials. In both, gains vary from trial to trial by 15 %, and initial states by half as
//! much as those of conditions, in larger recordings by 0.7 as much. Small recordings have noise of a
//! third of the variance, larger ones, with five times the entries, of a fifth, which is half the size
//! of the signal. Of each recording it is asked whether changing weights are needed, as `rankproof cv` asks it, with a smaller
//! grid. To be seen: how often they are said to be needed where they are constant, and how often that
//! is not said where they change, with intervals of Clopper and Pearson at 95 %. How the question is
//! asked was chosen on small recordings of seeds before 32; no larger one of these seeds had a part in
//! it. Ten recordings of each kind take half an hour of processor time where they are small, an hour
//! and a half where they are larger; the variable RANKPROOF_CALIBRATION gives another number. Each
//! verdict is kept in the folder of the results, and a second run takes it from there: a run that was
//! broken off goes on. Of another version of `cv` they are to be removed.

use std::env;
use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use rankproof::file::write_atomically;
use rankproof::fit::{
    Answer, Architecture, ChangingWeights, CrossValidation, Driving, Grid, Search, Settings,
    Simulation, Start,
};
use rankproof::report::{Experiment, Figure, Panel, Table, number};
use statrs::distribution::{Beta, ContinuousCDF};

#[path = "console.rs"]
mod console;

/// The variable that says how many recordings of each kind there are.
const RECORDINGS: &str = "RANKPROOF_CALIBRATION";

/// Recordings of one size, and how they are asked.
#[derive(Clone, Copy)]
struct Size {
    name: &'static str,
    /// The seed of the first recording. Those before it may have decided how the question is asked.
    first: u64,
    /// What is recorded; the weights may be constant as well.
    simulation: Simulation,
    /// Units of the networks that are fitted.
    units: usize,
    ranks: &'static [usize],
    folds: usize,
    iterations: usize,
}

/// With `quick` one that is smaller than small.
fn sizes(quick: bool) -> Vec<Size> {
    let small = Size {
        name: "small",
        first: 32,
        simulation: Simulation {
            neurons: 20,
            units: 40,
            trials: 80,
            bins: 12,
            rank: 2,
            conditions: 4,
            noise: 1.0 / 3.0,
            initial_spread: 0.35,
            gain_spread: 0.15,
            ..Simulation::default()
        },
        units: 20,
        ranks: &[1, 2, 3],
        folds: 10,
        iterations: 400,
    };
    let larger = Size {
        name: "larger",
        first: 42,
        simulation: Simulation {
            neurons: 30,
            units: 60,
            trials: 160,
            bins: 20,
            conditions: 8,
            noise: 0.2,
            initial_spread: 0.5,
            ..small.simulation
        },
        ..small
    };
    // A name of its own, as verdicts are kept by it.
    let smallest = Size {
        name: "smallest",
        simulation: Simulation {
            neurons: 12,
            units: 12,
            trials: 48,
            bins: 8,
            noise: 0.2,
            ..small.simulation
        },
        units: 12,
        ranks: &[2],
        folds: 4,
        iterations: 250,
        ..small
    };
    if quick { vec![smallest] } else { vec![small, larger] }
}

fn main() -> ExitCode {
    let title = "How often the verdict of a cross-validation is wrong";
    console::run("calibration", title, run)
}

/// One verdict for each recording of each kind; with `--quick`, one recording of each.
pub fn run(mut experiment: Experiment) -> Result<(), Box<dyn Error>> {
    let count = if experiment.quick() { 1 } else { recordings()? };
    let mut table = Table::new([
        "recordings",
        "weights",
        "number",
        "needed",
        "not needed",
        "undecided",
        "wrong",
        "from",
        "to",
    ]);
    let mut figure = Figure::new("What constant weights lose");
    for size in sizes(experiment.quick()) {
        let title = format!("Constant less changing weights, {} recordings", size.name);
        let mut panel = Panel::new(title, "seed of the recording", "held-out loss");
        for (style, constant) in [true, false].into_iter().enumerate() {
            let answers = answers(&size, constant, count, &mut experiment)?;
            table.row(verdicts(&size, constant, &answers, &mut experiment));
            panel = drawn(panel, style, &size, weights(constant), &answers);
        }
        figure = figure.panel(panel);
    }
    let caption = "Verdicts on simulated recordings. Wrong: constant weights said to change, changing \
                   weights not said to; from and to: the interval at 95 % confidence.";
    experiment.table("verdicts", caption, &table)?;
    let caption = "By how much constant weights predict worse than changing ones, with the \
                   confidence interval over folds, for recordings of either kind.";
    experiment.figure("differences", caption, &figure)?;
    experiment.finish()?;
    Ok(())
}

fn weights(constant: bool) -> &'static str {
    if constant { "constant" } else { "changing" }
}

/// The verdicts on recordings of one kind, those of an earlier run among them.
fn answers(
    size: &Size,
    constant: bool,
    count: usize,
    experiment: &mut Experiment,
) -> Result<Vec<Answer>, Box<dyn Error>> {
    let (mut answers, mut earlier) = (Vec::new(), 0);
    let (name, weights) = (size.name, weights(constant));
    for seed in size.first..size.first + count as u64 {
        let path = experiment.folder().join(format!("{name}-{weights}-{seed}.json"));
        if path.exists() {
            answers.push(kept(&path)?);
            earlier += 1;
        } else {
            let found = answer(size, constant, seed)?;
            let line = serde_json::to_string(&found)? + "\n";
            write_atomically(&path, |out| out.write_all(line.as_bytes()))?;
            answers.push(found);
        }
        let (needed, asked) = (said(&answers, ChangingWeights::Needed), answers.len());
        experiment.progress(format!(
            "{name}, {weights} weights: needed in {needed} of {asked}, {earlier} of an earlier run"
        ));
    }
    Ok(answers)
}

fn kept(path: &Path) -> Result<Answer, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string());
    let answer =
        text.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
    answer.map_err(|error| format!("{}: {error}, expected a verdict", path.display()))
}

fn said(answers: &[Answer], what: ChangingWeights) -> usize {
    answers.iter().filter(|one| one.changing_weights == what).count()
}

/// A row of the table; states how many are wrong.
fn verdicts(
    size: &Size,
    constant: bool,
    answers: &[Answer],
    experiment: &mut Experiment,
) -> Vec<String> {
    let all = [ChangingWeights::Needed, ChangingWeights::NotNeeded, ChangingWeights::Undecided];
    let [needed, not_needed, undecided] = all.map(|what| said(answers, what));
    let count = answers.len();
    let wrong = if constant { needed } else { count - needed };
    let (low, high) = interval(wrong, count);
    let share = wrong as f64 / count as f64;
    // What these recordings do not exclude.
    let (name, meaning, most) = match constant {
        true => ("wrong_needed", "share of constant weights said to change, at least", 0.05),
        false => ("missed", "share of changing weights not said to change, at least", 0.1),
    };
    let (name, meaning) = (format!("{name}_{}", size.name), format!("{}: {meaning}", size.name));
    experiment.number(&name, &meaning, low, 0.0..=most);
    experiment.measured(&format!("{name}_found"), "the same, as found", share);
    let counts = [count, needed, not_needed, undecided].map(|count| count.to_string());
    let names = [size.name, weights(constant)].map(str::to_owned);
    names.into_iter().chain(counts).chain([share, low, high].map(number)).collect()
}

/// The differences, each with its interval.
fn drawn(mut panel: Panel, style: usize, size: &Size, weights: &str, answers: &[Answer]) -> Panel {
    let seed = |place: usize| (size.first + place as u64) as f64;
    for (place, answer) in answers.iter().enumerate() {
        if let Some((low, high)) = answer.interval {
            panel = panel.line_in_style(style, "", [(seed(place), low), (seed(place), high)]);
        }
    }
    let points = answers.iter().enumerate().map(|(place, one)| (seed(place), one.difference));
    panel.points(style, format!("{weights} weights"), points)
}

fn recordings() -> Result<usize, String> {
    let Some(text) = env::var_os(RECORDINGS) else { return Ok(10) };
    let found = text.to_str().and_then(|text| text.parse().ok()).filter(|&count| count > 0);
    found.ok_or_else(|| format!("{RECORDINGS} is {}, expected a number from 1", text.display()))
}

fn answer(size: &Size, constant: bool, seed: u64) -> Result<Answer, Box<dyn Error>> {
    let (recording, _) = Simulation { constant, ..size.simulation }.recording(seed)?;
    let search = Search {
        cv: CrossValidation {
            ranks: size.ranks.to_vec(),
            units: vec![size.units],
            folds: size.folds,
            settings: Settings { iterations: size.iterations, ..Settings::default() },
            ..CrossValidation::of_search(Architecture::new(size.units, 1, recording.bins))
        },
        grid: Grid {
            initial: vec![Start::Condition, Start::Hierarchy(0.3), Start::Hierarchy(1.0)],
            inputs: vec![Driving::Never],
            time_constant: vec![0.5],
            trial_input: vec![0.0],
            ..Grid::default()
        },
        permutations: 19,
    };
    let summary = search.answer::<f32>(&recording)?;
    Ok(summary.verdict.answer.ok_or("no answer")?)
}

/// The shares that this many cases among all do not exclude, at 95 % confidence.
fn interval(cases: usize, all: usize) -> (f64, f64) {
    let (cases, others) = (cases as f64, (all - cases) as f64);
    let quantile =
        |a: f64, b: f64, p: f64| Beta::new(a, b).map_or(f64::NAN, |law| law.inverse_cdf(p));
    let low = if cases == 0.0 { 0.0 } else { quantile(cases, others + 1.0, 0.025) };
    let high = if others == 0.0 { 1.0 } else { quantile(cases + 1.0, others, 0.975) };
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_that_is_kept_is_told_again_and_what_is_none_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small-constant-32.json");
        let found = answer(&sizes(true)[0], true, 32).unwrap();
        fs::write(&path, serde_json::to_string(&found).unwrap()).unwrap();
        assert_eq!(kept(&path).unwrap(), found);
        fs::write(&path, "{}").unwrap();
        let error = kept(&path).unwrap_err();
        assert!(error.contains("small-constant-32.json: missing field"), "{error}");
    }

    #[test]
    fn intervals_are_those_of_clopper_and_pearson() {
        let close = |(low, high): (f64, f64), expected: (f64, f64)| {
            (low - expected.0).abs() < 1e-4 && (high - expected.1).abs() < 1e-4
        };
        assert!(close(interval(0, 10), (0.0, 0.3085)));
        assert!(close(interval(10, 10), (0.6915, 1.0)));
        assert!(close(interval(5, 100), (0.0164, 0.1128)));
    }
}
