//! Does learning a new movement change the weights of a network in few dimensions?
//!
//! A tanh network of 100 neurons with random weights of full rank drives a point mass in the plane
//! by its two outputs. It is told one of eight directions and learns to reach there; the gradient
//! goes through the mass. Then its weights are recorded at every learning step, as those of an
//! animal would be: a baseline, adaptation to a force field that pushes sideways in proportion to
//! speed, and washout without the field. Every step learns from two reaches alone.
//!
//! The recorded weights, less those at the start, are a tensor of 100 x 100 x steps. Beside it
//! stand the same for a network that had not learned to reach before, and a random walk with steps
//! of the same size, which is what weights without structure look like.

use std::error::Error;
use std::process::ExitCode;

use rankproof::prelude::*;
use rankproof::report::Experiment;
use rankproof::tape::TapeError;

#[path = "../console.rs"]
pub mod console;
mod figures;
pub mod learner;
pub mod movement;

use figures::{show_losses, show_movements, show_reaches};
use learner::{CURL, DIRECTIONS, Learner, Protocol};
use movement::{Movement, random_walk};

fn main() -> ExitCode {
    let title = "A network that adapts to a force field moves its weights in few dimensions";
    console::run("force_field", title, run)
}

/// How far to the left of the straight line, and how far from the target, reaches end: means over
/// directions, in reach lengths.
pub fn deviation(paths: &Matrix<f64>, task: &Task<f64>) -> (f64, f64) {
    let (mut aside, mut missed) = (0.0, 0.0);
    for trial in 0..DIRECTIONS {
        let goal = task.inputs.column(trial);
        let end = paths.column(task.steps * DIRECTIONS + trial);
        aside += (goal[0] * end[1] - goal[1] * end[0]) / DIRECTIONS as f64;
        missed += (end[0] - goal[0]).hypot(end[1] - goal[1]) / DIRECTIONS as f64;
    }
    (aside, missed)
}

/// Trains, records, and compares.
pub fn run(mut experiment: Experiment) -> Result<(), Box<dyn Error>> {
    let protocol = Protocol::new(experiment.quick());
    let mut learner = Learner::new(&protocol, 1)?;
    experiment.progress("learning to reach");
    learner.reach(&protocol)?;
    experiment.progress("baseline, adaptation, washout");
    learner.adapt(&protocol)?;
    experiment.progress("the same without having learned to reach");
    let mut novice = Learner::new(&protocol, 1)?;
    novice.adapt(&protocol)?;
    experiment.progress("decompositions of three tensors of weights");
    let movements = [
        Movement::of("trained network", &learner.weights, protocol.ranks)?,
        Movement::of("untrained network", &novice.weights, protocol.ranks)?,
        Movement::of("random walk", &random_walk(&learner.weights), protocol.ranks)?,
    ];
    let reaches = reaches(&protocol, &learner)?;
    show_reaches(&mut experiment, &learner, &reaches)?;
    show_losses(&mut experiment, &protocol, &learner, &novice)?;
    show_movements(&mut experiment, &movements)?;
    let [before, early, late, after] = reaches.map(|(_, paths)| deviation(&paths, &learner.task));
    let [trained, untrained, walk] = &movements;
    let neurons = protocol.neurons as f64;
    let tried = protocol.ranks as f64;
    // Learned: reaches miss by less than a tenth of their length.
    let missed = "how far reaches end from the target before the field (reach lengths)";
    experiment.number("missed_before", missed, before.1, 0.0..=0.1);
    // To the right, which is where the field pushes.
    let aside = "how far to the left reaches end when the field has come (reach lengths)";
    experiment.number("aside_early", aside, early.0, -1.0..=-0.2);
    let left = "share of that when adapted";
    experiment.number("left_of_early", left, late.0 / early.0, -0.25..=0.25);
    // To the other side, by about as much.
    let after_effect = "share of that when the field has gone: the after-effect";
    experiment.number("after_effect", after_effect, after.0 / early.0, -1.4..=-0.7);
    // Low: the movement of N^2 weights is held by terms and dimensions far fewer than N.
    let rank = "CP rank for 95 % of the movement, trained network";
    experiment.number("cp_rank_95", rank, trained.cp_rank(0.95) as f64, 1.0..=(0.25 * neurons));
    let rank = "CP rank for 95 % of the movement, untrained network";
    let most = 0.25 * neurons;
    experiment.number("cp_rank_95_untrained", rank, untrained.cp_rank(0.95) as f64, 1.0..=most);
    let rank = "CP rank for 95 % of a random walk (one more than were tried: not reached)";
    let more = tried + 1.0;
    experiment.number("cp_rank_95_walk", rank, walk.cp_rank(0.95) as f64, more..=more);
    let dimension = "dimensions of a fixed space with 95 % of the movement, trained network";
    let most = 0.3 * neurons;
    experiment.number("dimension_95", dimension, trained.dimension(0.95) as f64, 1.0..=most);
    let dimension = "dimensions of a fixed space with 95 % of a random walk";
    let range = 0.7 * neurons..=neurons;
    experiment.number("dimension_95_walk", dimension, walk.dimension(0.95) as f64, range);
    experiment.finish()?;
    Ok(())
}

/// Reaches at four moments of the recording.
pub fn reaches(
    protocol: &Protocol,
    learner: &Learner,
) -> Result<[(&'static str, Matrix<f64>); 4], TapeError> {
    let switch = protocol.baseline;
    let back = switch + protocol.adaptation;
    Ok([
        ("before: no field", learner.paths(switch, 0.0)?),
        ("early: the field has come", learner.paths(switch, CURL)?),
        ("late: adapted to the field", learner.paths(back, CURL)?),
        ("after: the field has gone", learner.paths(back, 0.0)?),
    ])
}
