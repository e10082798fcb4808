#![no_main]
//! Prepared recordings, and models of fits.

use libfuzzer_sys::fuzz_target;
use rankproof::fit::{Saved, States};
use rankproof::recording::Recording;
use rankproof_fuzz::with_file;

fuzz_target!(|input: &[u8]| with_file("rec.npz", input, |path| {
    let _ = Recording::read(path);
    let _ = Saved::<f64>::read(path);
    let _ = States::read(path);
}));
