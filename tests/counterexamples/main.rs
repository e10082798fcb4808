//! What the theorems really need: for each hypothesis a small instance in which that hypothesis
//! alone is dropped, and the number that breaks the bound. One file for each theorem, under its
//! name; each test first shows that the same instance with the hypothesis obeys the theorem.
//! The build script finds the files of this folder.

include!(concat!(env!("OUT_DIR"), "/counterexamples.rs"));

use std::path::Path;

/// `rankproof theorems ID` lists the counterexamples; this holds its list to the files.
#[test]
fn the_registry_names_every_counterexample() {
    for theorem in rankproof::theorem::ALL {
        let file = theorem.id.replace('-', "_");
        let path = format!("tests/counterexamples/{file}.rs");
        let source = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path));
        let source = source.unwrap_or_else(|error| panic!("{path}: {error}"));
        let tests: Vec<&str> = source
            .split("#[test]\nfn ")
            .skip(1)
            .map(|rest| rest.split('(').next().expect("a name"))
            .collect();
        assert_eq!(theorem.counterexamples, tests, "{path}");
    }
}
