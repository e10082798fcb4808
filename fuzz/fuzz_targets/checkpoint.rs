#![no_main]
//! Checkpoints of a small fit, which goes on from each that is taken.

use std::cell::RefCell;
use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use rankproof::fit::{Architecture, Fit, Objective, Observations, Role, Settings, Simulation};
use rankproof_fuzz::with_file;

thread_local! {
    static OBJECTIVE: RefCell<Option<Objective<f64>>> = const { RefCell::new(None) };
}

/// The fit whose checkpoint is the seed: of `rankproof simulate --neurons 3 --trials 4 --bins 3 --rank 1
/// --conditions 2`.
fn objective() -> Objective<f64> {
    let simulation = Simulation {
        neurons: 3,
        units: 3,
        trials: 4,
        bins: 3,
        rank: 1,
        conditions: 2,
        ..Simulation::default()
    };
    let (recording, _) = simulation.recording(1).expect("a recording");
    let roles = vec![Role::Train; recording.activity.len()];
    let observations = Observations::new(&recording, &roles).expect("a role for each entry");
    Objective::new(&Architecture::new(2, 1, 3), observations).expect("a model")
}

/// As the seed was made.
fn settings() -> Settings {
    Settings { iterations: 4, ..Settings::default() }
}

fuzz_target!(
    init: {
        // The first seed, for a run without any.
        if let Ok(place) = std::env::var("RANKPROOF_FUZZ_SEED") {
            let mut fit = Fit::new(objective(), settings());
            let _ = fit.run(|fit, _| if fit.iterations() < 2 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) });
            fit.save(place).expect("written");
            std::process::exit(0);
        }
    },
    |input: &[u8]| with_file("checkpoint.npz", input, |path| {
        let objective = OBJECTIVE.with_borrow_mut(|known| known.get_or_insert_with(objective).clone());
        if let Ok(mut fit) = Fit::resume(objective, settings(), path) {
            let _ = fit.run(|_, _| ControlFlow::Break(()));
        }
    })
);
