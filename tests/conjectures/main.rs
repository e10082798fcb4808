//! One file for each conjecture; `README.md` says how to add one. The files of this folder are
//! found by the build script.

include!(concat!(env!("OUT_DIR"), "/conjectures.rs"));

/// What `rankproof new-conjecture` writes compiles, and holds.
#[path = "../../src/cli/conjecture_template.rs"]
mod conjecture_template;
