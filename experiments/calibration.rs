//! How often is the verdict of a cross-validation wrong?
//!
//! Recordings are simulated from networks whose weights are constant, and from ones whose weights
//! change over trials. In both initial states and gains vary from trial to trial, by half of the
//! difference between conditions and by 15 %, and the noise has half the variance of the signal. Of
//! each recording it is asked whether changing weights are needed, as `rankproof cv` asks it, with a
//! smaller grid. To be seen: how often they are said to be needed where they are constant, and how
//! often that is not said where they change, with intervals of Clopper and Pearson at 95 %. Seeds are
//! those from 32 on: how the question is asked was chosen on recordings of the seeds before. Ten
//! recordings of each kind take half an hour of processor time; the variable RANKPROOF_CALIBRATION
//! gives another number.

use std::env;
use std::error::Error;

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

/// The seed of the first recording. Those before it decided how the question is asked.
const FIRST: usize = 32;

fn main() -> Result<(), Box<dyn Error>> {
    let title = "How often the verdict of a cross-validation is wrong";
    run(console::experiment("calibration", title)?)
}

/// One verdict for each recording of each kind; with `--quick`, one small recording of each.
pub fn run(mut experiment: Experiment) -> Result<(), Box<dyn Error>> {
    let count = if experiment.quick() { 1 } else { recordings()? };
    let mut table = Table::new([
        "weights",
        "recordings",
        "needed",
        "not needed",
        "undecided",
        "wrong",
        "from",
        "to",
    ]);
    let mut panel =
        Panel::new("Constant less changing weights", "seed of the recording", "held-out loss");
    for (style, constant) in [true, false].into_iter().enumerate() {
        let weights = if constant { "constant" } else { "changing" };
        let mut answers = Vec::new();
        for number in 0..count {
            let found = answer(constant, (FIRST + number) as u64, experiment.quick())?;
            answers.push(found);
            let said = answers.iter().map(|one: &Answer| one.changing_weights);
            let needed = said.filter(|&said| said == ChangingWeights::Needed).count();
            let asked = number + 1;
            experiment.progress(format!("{weights} weights: needed in {needed} of {asked}"));
        }
        let of = |said| answers.iter().filter(|one| one.changing_weights == said).count();
        let all = [ChangingWeights::Needed, ChangingWeights::NotNeeded, ChangingWeights::Undecided];
        let [needed, not_needed, undecided] = all.map(of);
        let wrong = if constant { needed } else { count - needed };
        let (low, high) = interval(wrong, count);
        let share = wrong as f64 / count as f64;
        let counts = [count, needed, not_needed, undecided].map(|count| count.to_string());
        let shares = [share, low, high].map(number);
        table.row(std::iter::once(weights.to_owned()).chain(counts).chain(shares));
        let seed = |place: usize| (FIRST + place) as f64;
        for (place, answer) in answers.iter().enumerate() {
            let at = seed(place);
            if let Some((low, high)) = answer.interval {
                panel = panel.line_in_style(style, "", [(at, low), (at, high)]);
            }
        }
        let points = answers.iter().enumerate().map(|(i, one)| (seed(i), one.difference));
        panel = panel.points(style, format!("{weights} weights"), points);
        // What these recordings do not exclude.
        let (name, meaning, most) = match constant {
            true => ("wrong_needed", "share of constant weights said to change, at least", 0.05),
            false => ("missed", "share of changing weights not said to change, at least", 0.1),
        };
        experiment.number(name, meaning, low, 0.0..=most);
        experiment.measured(&format!("{name}_found"), "the same, as found", share);
    }
    let caption = "Verdicts on simulated recordings. Wrong: constant weights said to change, changing \
                   weights not said to; from and to: the interval at 95 % confidence.";
    experiment.table("verdicts", caption, &table)?;
    let caption = "By how much constant weights predict worse than changing ones, with the \
                   confidence interval over folds, for recordings of either kind.";
    let figure = Figure::new("What constant weights lose").panel(panel);
    experiment.figure("differences", caption, &figure)?;
    experiment.finish()?;
    Ok(())
}

fn recordings() -> Result<usize, String> {
    let Some(text) = env::var_os(RECORDINGS) else { return Ok(10) };
    let found = text.to_str().and_then(|text| text.parse().ok()).filter(|&count| count > 0);
    found.ok_or_else(|| format!("{RECORDINGS} is {}, expected a number from 1", text.display()))
}

fn answer(constant: bool, seed: u64, quick: bool) -> Result<Answer, Box<dyn Error>> {
    let simulation = Simulation {
        neurons: if quick { 12 } else { 20 },
        units: if quick { 12 } else { 40 },
        trials: if quick { 48 } else { 80 },
        bins: if quick { 8 } else { 12 },
        rank: 2,
        conditions: 4,
        noise: if quick { 0.2 } else { 1.0 / 3.0 },
        constant,
        initial_spread: 0.35,
        gain_spread: 0.15,
        ..Simulation::default()
    };
    let (recording, _) = simulation.recording(seed)?;
    let units = if quick { 12 } else { 20 };
    let search = Search {
        cv: CrossValidation {
            ranks: if quick { vec![2] } else { vec![1, 2, 3] },
            units: vec![units],
            folds: if quick { 4 } else { 10 },
            settings: Settings { iterations: if quick { 250 } else { 400 }, ..Settings::default() },
            ..CrossValidation::of_search(Architecture::new(units, 1, recording.bins))
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
    fn intervals_are_those_of_clopper_and_pearson() {
        let close = |(low, high): (f64, f64), expected: (f64, f64)| {
            (low - expected.0).abs() < 1e-4 && (high - expected.1).abs() < 1e-4
        };
        assert!(close(interval(0, 10), (0.0, 0.3085)));
        assert!(close(interval(10, 10), (0.6915, 1.0)));
        assert!(close(interval(5, 100), (0.0164, 0.1128)));
    }
}
