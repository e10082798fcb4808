#![no_main]
//! Checkpoints of a small fit, which goes on from each that is taken.

use std::cell::RefCell;
use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use rankproof::fit::{Architecture, Fit, Objective, Observations, Role, Settings};
use rankproof_fuzz::{recording, seeds, with_file};

thread_local! {
    static OBJECTIVE: RefCell<Option<Objective<f64>>> = const { RefCell::new(None) };
}

/// The fit whose checkpoint is the seed.
fn objective() -> Objective<f64> {
    let (recording, _) = recording();
    let roles = vec![Role::Train; recording.activity.len()];
    let observations = Observations::new(&recording, &roles).expect("a role for each entry");
    Objective::new(&Architecture::new(2, 1, recording.bins), observations).expect("a model")
}

/// As the seed was made.
fn settings() -> Settings {
    Settings { iterations: 4, ..Settings::default() }
}

fuzz_target!(
    init: {
        if let Some(folder) = seeds() {
            let mut fit = Fit::new(objective(), settings());
            let _ = fit.run(|fit, _| match fit.iterations() {
                0 | 1 => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            });
            fit.save(folder.join("checkpoint.npz")).expect("written");
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
