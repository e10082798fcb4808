//! One file for each theorem, under the theorem's name: it holds in every arithmetic, its bound is
//! attained, and its check notices deliberate errors. Three files are about all of them: `limits`
//! holds every bound that is known before training against exact ranks, `attained` every text that
//! says when a bound is attained, `rounding` cases in which rounding looked like a violation. The build script finds the files of this folder.
//!
//! `PROPTEST_CASES` sets the number of cases (256 if not set). What fails is made small, printed
//! in the terms of the theorems, and kept in `proptest-regressions/` to be tried first next time.

include!(concat!(env!("OUT_DIR"), "/theorems.rs"));

use std::path::Path;

use rankproof::theorem::{ALL, find};

#[test]
fn every_theorem_has_its_files_under_its_name() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for theorem in ALL {
        let file = theorem.id.replace('-', "_");
        for folder in ["src/theorem", "tests/theorems"] {
            let path = root.join(folder).join(format!("{file}.rs"));
            assert!(path.is_file(), "{} is missing", path.display());
        }
        assert_eq!(find(theorem.id).map(|found| found.title), Some(theorem.title));
    }
}

#[test]
fn every_theorem_says_what_it_needs() {
    for theorem in ALL {
        assert!(!theorem.statement.is_empty() && !theorem.hypotheses.is_empty(), "{}", theorem.id);
        assert!(!theorem.controls.is_empty(), "{} has no control", theorem.id);
    }
}
