//! `rankproof simulate`: a recording with known weights.

use std::path::PathBuf;

use crate::fit::{Likelihood, Simulation};
use clap::Args;

use super::any_choice;
use super::files::Files;
use super::model_arguments::with_flag;
use super::output::print;

/// Draw a network whose weights change over trials with a known tensor rank, and record it.
///
/// Weights are neither symmetric nor equal in any two trials; trial factors are half-waves of
/// different frequencies over the session; initial states belong to conditions. --constant-weights,
/// --initial-spread and --gain-spread make recordings on which a wrong answer can be seen.
#[derive(Args)]
pub struct Arguments {
    /// Recorded neurons.
    #[arg(long, default_value_t = 100)]
    neurons: usize,
    /// Units of the network; as many as neurons if not given.
    #[arg(long)]
    units: Option<usize>,
    /// Trials.
    #[arg(long, default_value_t = 200)]
    trials: usize,
    /// Bins of a trial.
    #[arg(long, default_value_t = 40)]
    bins: usize,
    /// Tensor rank of the weights.
    #[arg(long, default_value_t = 3)]
    rank: usize,
    /// Conditions.
    #[arg(long, default_value_t = 8)]
    conditions: usize,
    /// The share of the variance that is noise.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    noise: f64,
    /// What is recorded of the network. Counts have no noise but their own.
    #[arg(long, value_parser = any_choice::<Likelihood>(), default_value = "gaussian")]
    likelihood: Likelihood,
    /// The same as `--likelihood poisson`.
    #[arg(long, conflicts_with = "likelihood")]
    counts: bool,
    /// The same weights in all trials, of this rank: nothing is learned.
    #[arg(long)]
    constant_weights: bool,
    /// Standard deviation by which initial states of trials differ from that of their condition;
    /// those of conditions have one of 0.7.
    #[arg(long, value_name = "SD", default_value_t = 0.0)]
    initial_spread: f64,
    /// Standard deviation by which the gains of trials, which multiply their activity, differ from 1.
    #[arg(long, value_name = "SD", default_value_t = 0.0)]
    gain_spread: f64,
    /// Names the network and the noise.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to write the recording.
    #[arg(long, value_name = "REC.npz")]
    out: PathBuf,
    /// Also write the true model, as `fit` writes a fitted one.
    #[arg(long, value_name = "MODEL.npz")]
    truth: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let files = Files::default().writes("--out", [&arguments.out]);
    files.writes("--truth", &arguments.truth).check()?;
    let simulation = checked(arguments)?;
    let (mut recording, truth) = simulation.recording(arguments.seed)?;
    recording.provenance =
        serde_json::json!({ "simulated": simulation, "seed": arguments.seed }).to_string();
    recording.write(&arguments.out)?;
    if let Some(path) = &arguments.truth {
        truth.write(path, &recording, None)?;
    }
    let weights = if simulation.constant { "constant weights of" } else { "weights of tensor" };
    print(&format!(
        "{}: {} neurons, {} bins, {} trials of {} conditions; {weights} rank {}",
        arguments.out.display(),
        recording.neurons,
        recording.bins,
        recording.trials,
        recording.condition_names.len(),
        simulation.rank,
    ))?;
    Ok(0)
}

fn checked(arguments: &Arguments) -> anyhow::Result<Simulation> {
    let &Arguments { neurons, trials, bins, rank, conditions, noise, .. } = arguments;
    let simulation = Simulation {
        neurons,
        units: arguments.units.unwrap_or(neurons),
        trials,
        bins,
        rank,
        conditions,
        noise,
        likelihood: if arguments.counts { Likelihood::Poisson } else { arguments.likelihood },
        constant: arguments.constant_weights,
        initial_spread: arguments.initial_spread,
        gain_spread: arguments.gain_spread,
    };
    simulation.validate().map_err(with_flag)?;
    Ok(simulation)
}
