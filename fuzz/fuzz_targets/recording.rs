#![no_main]
//! Prepared recordings, and models of fits.

use libfuzzer_sys::fuzz_target;
use rankproof::fit::{Learned, States};
use rankproof::recording::Recording;
use rankproof_fuzz::{recording, seeds, with_file};

fuzz_target!(
    init: {
        if let Some(folder) = seeds() {
            let (recording, model) = recording();
            recording.write(folder.join("rec.npz")).expect("written");
            model.write(folder.join("model.npz"), &recording, None).expect("written");
            std::process::exit(0);
        }
    },
    |input: &[u8]| with_file("rec.npz", input, |path| {
        let _ = Recording::read(path);
        let _ = Learned::read(path);
        let _ = States::read(path);
    })
);
