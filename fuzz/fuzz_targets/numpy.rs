#![no_main]

use libfuzzer_sys::fuzz_target;
use rankproof_fuzz::{read_everything, with_file};

fuzz_target!(|input: &[u8]| with_file("an.npz", input, read_everything));
