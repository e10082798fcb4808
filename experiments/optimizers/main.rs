//! Which optimizers stay in the space of learning?
//!
//! S = span(col B, row C) holds every weight change of a linear network from W_0 = w I, for every
//! optimizer that combines gradients (SGD, momentum) or acts on their singular values (Muon,
//! Shampoo): theorems invariant-subspace and spectral-optimizers. Adam and sign descent act entry
//! by entry, and leave it. The same network and task, linear and with tanh, are trained by each,
//! on the same random batches, with the step size of a grid that ends in the smallest loss.
//!
//! With tanh the theorems do not apply, and the small part of a gradient outside S is what Muon and
//! Shampoo make larger: those that stay in a linear network spread over most directions there.
//!
//! To be seen, of D = W_K - W_0: its singular values; the part of its norm outside S x S; how many
//! dimensions outside S it has; its effective rank, the participation ratio
//! (sum sigma^2)^2 / sum sigma^4, and the number of singular values for 99 % of the squared norm.

use std::error::Error;
use std::process::ExitCode;

use rankproof::report::{Experiment, Table, number};

#[path = "../console.rs"]
mod console;
mod figures;
mod outcome;

use figures::{bars, spectra};
use outcome::{D_IN, D_OUT, NETWORKS, OPTIMIZERS, Outcome, best};

fn main() -> ExitCode {
    let title =
        "Gradients and their spectral functions stay in a small space, entrywise steps leave";
    console::run("optimizers", title, run)
}

/// Trains by each optimizer, and compares the weight changes.
pub fn run(mut experiment: Experiment) -> Result<(), Box<dyn Error>> {
    let (neurons, steps) = if experiment.quick() { (24, 20) } else { (80, 100) };
    let mut table = Table::new([
        "network",
        "optimizer",
        "step size",
        "loss, last/first",
        "outside S, % of norm",
        "dimensions outside S",
        "participation ratio",
        "for 99 %",
    ]);
    let mut found = Vec::new();
    for network in NETWORKS {
        let mut outcomes = Vec::new();
        for optimizer in OPTIMIZERS {
            experiment.progress(format!("{network}: {optimizer}"));
            let outcome = best(network, optimizer, neurons, steps)?;
            let measured = [
                outcome.step_size,
                outcome.loss,
                100.0 * outcome.outside,
                outcome.dimensions as f64,
                outcome.participation_ratio(),
                outcome.for_99_percent() as f64,
            ];
            let names = [network, optimizer].map(str::to_owned);
            table.row(names.into_iter().chain(measured.map(number)));
            outcomes.push(outcome);
        }
        found.push(outcomes);
    }
    let caption = format!("Weight changes of {neurons} neurons after {steps} learning steps.");
    experiment.table("optimizers", &caption, &table)?;
    experiment.figure(
        "spectra",
        "In a linear network the singular values end after d_in + d_out for all but Adam and sign \
         descent; with tanh they fall on, slowest for Muon and Shampoo.",
        &spectra(&found),
    )?;
    experiment.figure(
        "outside",
        "Effective rank and the part outside the space, of each optimizer.",
        &bars(&found),
    )?;

    let [linear, tanh] = [&found[0], &found[1]];
    let most = |outcomes: &[Outcome]| outcomes.iter().map(|o| o.outside).fold(0.0, f64::max);
    let least = |outcomes: &[Outcome]| outcomes.iter().map(|o| o.outside).fold(1.0, f64::min);
    // The theorems say zero; rounding errors are 1e-16, for each of some hundred sums, times the
    // hundreds by which Muon and Shampoo lift what is small, once for each of the last steps.
    let stay = most(&linear[..4]);
    let meaning = "linear: largest part of the norm outside S, of SGD, momentum, Muon, Shampoo";
    experiment.number("stay", meaning, stay, 0.0..=1e-9);
    // The signs of a normal gradient have 2 / pi of their squares along it; the rest, a part
    // sqrt(1 - 2 / pi) = 0.6 of the norm, points anywhere, of which S x S is little. Adam does the
    // same to a mean of gradients.
    let leave = least(&linear[4..]);
    let meaning = "linear: smallest part of the norm outside S, of Adam and sign descent";
    experiment.number("leave", meaning, leave, 0.4..=0.9);
    let d = (D_IN + D_OUT) as f64;
    let largest = linear[..4].iter().map(Outcome::participation_ratio).fold(0.0, f64::max);
    let meaning = "linear: largest participation ratio of those that stay";
    // At least one; at most the rank, d_in + d_out.
    experiment.number("participation", meaning, largest, 1.0..=d);
    // No theorem: inputs of about one bend tanh by a good part of itself, for everyone.
    let meaning = "tanh: smallest part of the norm outside S, of all";
    experiment.number("tanh", meaning, least(tanh), 0.3..=1.0);
    // Muon lifts the small singular values of a gradient, which with tanh lie outside S, to where
    // the large ones are.
    let [sgd, muon] = [&tanh[0], &tanh[2]].map(Outcome::participation_ratio);
    let meaning = "tanh: participation ratio of Muon over that of SGD";
    experiment.number("muon", meaning, muon / sgd, 2.0..=20.0);
    let worst = found.iter().flatten().map(|outcome| outcome.loss).fold(0.0, f64::max);
    // All have learned, or there is nothing to compare.
    experiment.number("loss", "largest loss at the end over that at the start", worst, 0.0..=0.3);
    experiment.finish()?;
    Ok(())
}
