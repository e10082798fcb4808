//! What the theorems really need: for each hypothesis a small instance in which that hypothesis
//! alone is dropped, and the number that breaks the bound. One file for each theorem, under its
//! name; each test first shows that the same instance with the hypothesis obeys the theorem.

mod broadcast_error;
mod conservation_law;
mod curriculum;
mod effective_task_dimension;
mod exact_adjoint;
mod explicit;
mod fibonacci_growth;
mod fingerprints;
mod gating_atoms;
mod gradient_factorization;
mod invariant_subspace;
mod krylov_decay;
mod linear_growth;
mod low_rank_initialization;
mod perturbation;
mod siso_reciprocity;
mod spectral_optimizers;
mod subspace_tensor_rank;
mod tensor_telescoping;
mod tightness;

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
