//! The protocol of the paper: 50 learning steps of baseline, 100 in a force field, 100 of washout, of
//! 200 tanh units that reach for 8 targets in 41 bins, by plain stochastic gradient descent.
//!
//! The tensor of the recorded weights is decomposed directly. Then a low-tensor-rank RNN is fitted to
//! the activity alone, one reach in each learning step, over a grid of ranks and units, and held
//! against the weights that it has not seen.
//!
//! # What the activity can say
//!
//! A fit has units of its own, which no recording identifies, so that its weights are compared where
//! the neurons see them, in three ways. The *time course* of the main movement over learning steps.
//! The *main direction* of the movement, against the span of the fitted columns as neurons see them,
//! beside the angle that as many random columns would have: what the weights do to rates that no
//! reach visits is part of that direction, though no activity depends on it. And the *change of the
//! drive*, `phi'(x) (W_k - W_base) phi(x)` at the states that were visited, which the activity does
//! depend on, beside other things that a fit can put in its place: the inputs of conditions.
//!
//! The true weights have full rank before they learn anything. A fit has one set of terms for these
//! and for what is learned, so that the best rank is that of the dynamics and not of learning alone.
//! Without noise every further term buys something, and the largest rank that is tried predicts best
//! whatever it is; so the activity is recorded with noise of a tenth of the variance of each neuron,
//! and the rank that is chosen is the smallest one that predicts about as well as the best (within one
//! standard error of the difference over folds). The time constant is given to the fit, so that it is
//! not what stands between the two.

use std::error::Error;
use std::process::ExitCode;

use rankproof::fit::{
    Architecture, Course, During, Fit, HeldOut, Inputs, Objective, Observations, Role, Settings,
    Through,
};
use rankproof::matrix::{Matrix, Subspace, principal_angles};
use rankproof::recording::Recording;
use rankproof::report::{Experiment, Figure, Panel, Table, fit_figures};
use rankproof::scalar::Stream;
use statrs::statistics::Statistics;

mod drive;
#[path = "../recover/main.rs"]
#[allow(dead_code, reason = "what the other experiment has beside the comparison")]
pub mod recover;

use drive::Drive;
use recover::force_field::console;
use recover::force_field::learner::{Learner, Protocol};
use recover::force_field::movement::Movement as Decomposed;
use recover::force_field::{deviation, reaches};
use recover::movement::{Movement, fitted_weights, main_movement};
use recover::recording::recorded;
use recover::{correlation, standardised};

fn main() -> ExitCode {
    let title = "Adaptation to a force field: the weights, and what their activity says of them";
    console::run("adaptation", title, run)
}

/// The share of the variance of each neuron that is noise.
const NOISE: f64 = 0.1;

/// Folds that hold out other entries; fits to the first are held against the truth.
const FOLDS: usize = 2;

/// The length of a step over the time constant of the network that learns.
const LEAK: f64 = 0.2;

/// What is fitted.
struct Plan {
    ranks: Vec<usize>,
    units: Vec<usize>,
    iterations: usize,
}

fn protocol(quick: bool) -> (Protocol, Plan) {
    let full = Protocol {
        neurons: 200,
        steps: 40,
        plain: true,
        reaching: 3000,
        baseline: 50,
        adaptation: 100,
        washout: 100,
        ranks: 20,
    };
    if quick {
        let short = Protocol {
            neurons: 30,
            steps: 20,
            reaching: 1200,
            baseline: 20,
            adaptation: 50,
            washout: 30,
            ranks: 8,
            ..full
        };
        return (short, Plan { ranks: vec![2, 4], units: vec![30], iterations: 300 });
    }
    (full, Plan { ranks: vec![1, 2, 3, 4, 5, 10, 20], units: vec![50, 200], iterations: 1000 })
}

/// A fit, held against the truth.
struct Found {
    rank: usize,
    units: usize,
    /// In each fold.
    held_out: [f64; FOLDS],
    /// Of the main movement over learning steps, true and inferred.
    correlation: f64,
    /// Between the main direction of the true movement and the fitted columns, as neurons see them,
    /// in degrees.
    angle: f64,
    /// What that would be, about, of random columns: one direction and R of N dimensions.
    chance: f64,
    /// The cosine of the changes of the drive, true and fitted, over all neurons, bins and trials.
    drive: f64,
    /// The angle between the main directions of these, in degrees.
    drive_angle: f64,
    /// The main movement.
    inferred: Vec<f64>,
    fit: Fit<f32>,
}

/// Records, decomposes, fits, compares.
pub fn run(mut experiment: Experiment) -> Result<(), Box<dyn Error>> {
    let (protocol, plan) = protocol(experiment.quick());
    let mut learner = Learner::new(&protocol, 1)?;
    experiment.progress("the network learns to reach");
    learner.reach(&protocol)?;
    experiment.progress("baseline, adaptation, washout");
    learner.adapt(&protocol)?;
    let [before, early, late, after] =
        reaches(&protocol, &learner)?.map(|(_, paths)| deviation(&paths, &learner.task));
    experiment.progress("decomposition of the weights");
    let decomposed = Decomposed::of("weights", &learner.weights, protocol.ranks)?;
    let recording = noisy(recorded(&protocol, &learner, 1));
    let roles =
        |fold| HeldOut::default().roles(&recording, fold, &[Role::Test, Role::Validation], 1);
    let truth = Movement::of(&learner);
    let true_drive = Drive::of_learner(&learner, protocol.baseline);
    let mut all = Vec::new();
    for &units in &plan.units {
        for &rank in plan.ranks.iter().filter(|&&rank| rank <= units) {
            experiment.progress(format!("fit of rank {rank}, {units} units"));
            let mut held_out = [f64::NAN; FOLDS];
            let mut first = None;
            for (fold, loss) in held_out.iter_mut().enumerate() {
                let fit = fitted(&recording, &roles(fold)?, rank, units, plan.iterations)?;
                *loss = fit.score(Role::Test).loss;
                first = first.or(Some(fit));
            }
            let fit = first.ok_or("no fold")?;
            all.push(compared(fit, held_out, &recording, &protocol, &truth, &true_drive)?);
        }
    }
    table(&mut experiment, &all)?;
    let least = all.iter().min_by(|a, b| a.loss().total_cmp(&b.loss())).ok_or("no fit")?;
    let suffices = |found: &&Found| found.is_as_good_as(least);
    let best = all.iter().filter(suffices).min_by_key(|found| found.rank).ok_or("no fit")?;
    show(&mut experiment, &protocol, &truth.over_steps, &best.inferred)?;
    decomposition(&mut experiment, &decomposed)?;
    let model = best.fit.model();
    let predictions = best.fit.objective().predictions(&model);
    for (name, figure) in fit_figures(&best.fit, &model, &recording, &roles(0)?, &predictions)? {
        let caption = format!("The fit of the rank that is chosen. {}.", figure.title());
        experiment.figure(name, &caption, &figure)?;
    }

    let missed = "how far reaches end from the target before the field (reach lengths)";
    experiment.number("missed_before", missed, before.1, 0.0..=0.2);
    let aside = "how far to the left reaches end when the field has come (reach lengths)";
    experiment.number("aside_early", aside, early.0, -1.0..=-0.1);
    experiment.measured("left_of_early", "share of that when adapted", late.0 / early.0);
    let meaning = "share of that when the field has gone: the after-effect";
    experiment.measured("after_effect", meaning, after.0 / early.0);
    for (share, name) in [(0.9, "90"), (0.95, "95"), (0.99, "99")] {
        let meaning = format!(
            "CP rank for {name} % of the movement of the weights (one more than tried: not reached)"
        );
        experiment.measured(&format!("cp_rank_{name}"), &meaning, decomposed.cp_rank(share) as f64);
    }
    experiment.measured("rank", "rank that is chosen", best.rank as f64);
    experiment.measured("largest", "rank of the least held-out loss", least.rank as f64);
    let meaning = "correlation over learning steps of the main movement, true and inferred";
    experiment.number("correlation", meaning, best.correlation, 0.8..=1.0);
    // The control: smooth curves are alike, but not once one is shifted by a quarter.
    let mut shifted = truth.over_steps.clone();
    let quarter = shifted.len() / 4;
    shifted.rotate_left(quarter);
    let meaning = "the same with the true movement shifted by a quarter of the recording";
    let control = correlation(&shifted, &best.inferred).abs();
    experiment.number("correlation_shifted", meaning, control, 0.0..=0.7);
    let meaning = "angle between the main direction of the true movement and the fitted columns, as neurons see them (degrees)";
    experiment.measured("angle", meaning, best.angle);
    let meaning = "angle between the main directions of the change of the drive at visited states, true and fitted (degrees)";
    experiment.measured("drive_angle", meaning, best.drive_angle);
    let meaning = "cosine of the change of the drive at visited states, true and fitted";
    experiment.measured("drive", meaning, best.drive);
    experiment.finish()?;
    Ok(())
}

fn fitted(
    recording: &Recording,
    roles: &[Role],
    rank: usize,
    units: usize,
    iterations: usize,
) -> Result<Fit<f32>, Box<dyn Error>> {
    let inputs =
        Inputs { during: During::Throughout, course: Course::Constant, through: Through::Weights };
    let architecture =
        Architecture { inputs, leak: LEAK, ..Architecture::new(units, rank, recording.bins) };
    let objective = Objective::new(&architecture, Observations::new(recording, roles)?)?;
    let mut fit = Fit::new(objective, Settings { iterations, ..Settings::default() });
    fit.run(|_, _| std::ops::ControlFlow::Continue(()))?;
    Ok(fit)
}

impl Found {
    fn loss(&self) -> f64 {
        self.held_out.mean()
    }

    /// Whether its loss exceeds that of another by no more than a standard error of the difference.
    fn is_as_good_as(&self, other: &Found) -> bool {
        let excess: Vec<f64> =
            self.held_out.iter().zip(&other.held_out).map(|(own, other)| own - other).collect();
        excess.as_slice().mean() <= excess.as_slice().std_dev() / (FOLDS as f64).sqrt()
    }
}

/// With noise whose variance is its share of the whole.
fn noisy(mut recording: Recording) -> Recording {
    let mut stream = Stream::new("noise of the adaptation", 1, 0);
    let neurons = recording.neurons;
    for n in 0..neurons {
        let of_neuron = || recording.activity.iter().skip(n).step_by(neurons).copied();
        let signal = of_neuron().collect::<Vec<_>>().population_variance();
        let size = (signal * NOISE / (1.0 - NOISE)).sqrt();
        let entries = recording.activity.iter_mut().skip(n).step_by(neurons);
        entries.for_each(|entry| *entry += size * stream.normal());
    }
    recording
}

fn compared(
    fit: Fit<f32>,
    held_out: [f64; FOLDS],
    recording: &Recording,
    protocol: &Protocol,
    truth: &Movement,
    true_drive: &Drive,
) -> Result<Found, Box<dyn Error>> {
    let model = fit.model();
    let weights = fitted_weights(&model, recording.trials);
    let inferred = main_movement(&weights);
    let columns = fit.objective().visible_columns(&model).map(f64::from);
    let space = |columns: &Matrix<f64>| {
        Subspace::spanned_by(protocol.neurons, [columns]).ok_or("columns that are not finite")
    };
    let drive = Drive::of_fit(&fit, &weights, protocol.baseline);
    let architecture = fit.objective().architecture();
    Ok(Found {
        rank: architecture.rank,
        units: architecture.units,
        held_out,
        correlation: correlation(&truth.over_steps, &inferred).abs(),
        angle: principal_angles(&space(&truth.visible)?, &space(&columns)?)[0].to_degrees(),
        chance: (architecture.rank as f64 / protocol.neurons as f64).sqrt().acos().to_degrees(),
        drive: true_drive.cosine(&drive),
        drive_angle: true_drive.angle(&drive).to_degrees(),
        inferred,
        fit,
    })
}

fn table(experiment: &mut Experiment, all: &[Found]) -> Result<(), Box<dyn Error>> {
    let mut table = Table::new([
        "rank",
        "units",
        "held-out loss",
        "correlation",
        "angle",
        "by chance",
        "drive",
        "angle of the drive",
    ]);
    for found in all {
        table.row([
            found.rank.to_string(),
            found.units.to_string(),
            format!("{:.5}", found.loss()),
            format!("{:.3}", found.correlation),
            format!("{:.0}", found.angle),
            format!("{:.0}", found.chance),
            format!("{:.3}", found.drive),
            format!("{:.0}", found.drive_angle),
        ]);
    }
    let caption = "Fits to the activity alone, held against the true weights: correlation of the main movement over learning steps; angle (degrees) between its direction and the fitted columns, and that of as many random columns; cosine of the changes of the drive at visited states, and the angle between their main directions (degrees).";
    experiment.table("fits", caption, &table)?;
    Ok(())
}

fn decomposition(
    experiment: &mut Experiment,
    decomposed: &Decomposed,
) -> Result<(), Box<dyn Error>> {
    let explained = (0..=decomposed.by_rank.errors.len())
        .map(|rank| (rank as f64, 100.0 * decomposed.by_rank.explained(rank)));
    let panel = Panel::new(
        "How many terms the movement of the weights needs",
        "CP rank",
        "share of the movement (%)",
    )
    .y_range(0.0, 104.0)
    .line("weights", explained)
    .level("95 %", 95.0);
    let caption = "CP decompositions of the recorded weights less those at the start: the share of their squared norm that so many terms hold.";
    experiment.figure("cp", caption, &Figure::single(panel))?;
    Ok(())
}

fn show(
    experiment: &mut Experiment,
    protocol: &Protocol,
    truth: &[f64],
    inferred: &[f64],
) -> Result<(), Box<dyn Error>> {
    // Singular vectors have no sign of their own: up is where the field is.
    let fields = protocol.fields();
    let curve = |values: &[f64]| {
        let sign = correlation(values, &fields).signum();
        let values = standardised(values).into_iter().enumerate();
        values.map(move |(k, value)| (k as f64, sign * value)).collect::<Vec<_>>()
    };
    let (from, to) = (protocol.baseline as f64, (protocol.baseline + protocol.adaptation) as f64);
    let panel = Panel::new(
        "The weights over learning, true and inferred from activity",
        "learning step",
        "along the main direction",
    )
    .shade(from, to)
    .upright("field", from)
    .upright("washout", to)
    .line("true weights", curve(truth))
    .line("inferred from activity", curve(inferred));
    let caption = "The main movement of the weights over learning: of the true ones, and of those fitted to the activity alone.";
    experiment.figure("movement", caption, &Figure::single(panel))?;
    Ok(())
}
