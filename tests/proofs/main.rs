//! Holds what the registry says of proofs against the folder `proofs`. Whether the proofs are right
//! is for Coq to say: `make -C proofs`.

mod tables;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rankproof::theorem::{self, Proof, Theorem};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("proofs")
}

fn read(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap_or_default()
}

fn file_of(theorem: &Theorem) -> String {
    theorem.id.replace('-', "_")
}

/// What is wrong with `file.name` as the name of a result that Coq checks.
fn fault(lemma: &str) -> Option<String> {
    let Some((file, name)) = lemma.split_once('.') else {
        return Some(format!("{lemma} does not name a file"));
    };
    let stated = ["Theorem", "Lemma", "Corollary"].iter().any(|word| {
        read(&format!("{file}.v")).lines().any(|line| {
            let words = line.trim_start().strip_prefix(word).map(str::trim_start);
            let rest = words.and_then(|words| words.strip_prefix(name));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ':']))
        })
    });
    if !stated {
        return Some(format!("{lemma}: proofs/{file}.v does not state {name}"));
    }
    (!main_results(&read(&format!("{file}.v"))).contains(&name))
        .then(|| format!("{lemma}: proofs/{file}.v does not name it among its main results"))
}

/// The results of which `make` prints the assumptions: those that a file names in comments.
fn main_results(source: &str) -> Vec<&str> {
    let comments = source.lines().filter_map(|line| {
        line.strip_prefix("(* Main results: ").and_then(|line| line.strip_suffix(" *)"))
    });
    comments.flat_map(str::split_whitespace).collect()
}

#[test]
fn what_is_said_to_be_machine_checked_is() {
    let mut faults = Vec::new();
    for theorem in theorem::ALL {
        let Proof::MachineChecked { lemmas, .. } = theorem.proof else { continue };
        let own = format!("{}.", file_of(theorem));
        assert!(lemmas.iter().any(|lemma| lemma.starts_with(&own)), "{} has no {own}v", theorem.id);
        faults.extend(lemmas.iter().filter_map(|lemma| fault(lemma)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    match Command::new("coqc").arg("--version").output() {
        Ok(_) => println!("proofs compared by name; make -C proofs has Coq check them"),
        Err(_) => println!("there is no coqc: proofs compared by name, not rebuilt"),
    }
}

/// The literature of a theorem is that of its proof.
#[test]
fn sources_are_in_the_proofs() {
    for theorem in theorem::ALL {
        let text = read(&format!("{}.md", file_of(theorem)));
        let literature = text.split("## Literature").nth(1).unwrap_or_default();
        let literature = literature.split("\n## ").next().unwrap_or_default();
        for source in theorem.source {
            let author = source.split([',', ' ']).next().unwrap_or_default();
            let arxiv = source.split("arXiv ").nth(1).map(|number| number.trim_end_matches(')'));
            for part in [Some(author), arxiv].into_iter().flatten() {
                assert!(literature.contains(part), "{}: {part} is not in its proof", theorem.id);
            }
        }
    }
}

#[test]
fn what_does_not_exist_is_reported() {
    for (lemma, part) in [
        ("invariant_subspace.riemann_hypothesis", "does not state"),
        ("invariant_subspace.invariant", "does not state"),
        ("no_such_file.rank_gradient", "does not state"),
        ("invariant_subspace.rank_start_space", "main results"),
        ("rank_gradient", "does not name a file"),
    ] {
        let fault = fault(lemma).unwrap_or_default();
        assert!(fault.contains(part), "{lemma}: {fault:?}");
    }
}

#[test]
fn every_theorem_has_a_proof_for_people() {
    for theorem in theorem::ALL {
        let name = format!("{}.md", file_of(theorem));
        let text = read(&name);
        assert!(text.starts_with(&format!("# {}\n", theorem.id)), "proofs/{name}");
        for name in theorem.counterexamples {
            assert!(text.contains(&format!("`{name}`")), "{}: {name} is not explained", theorem.id);
        }
    }
}

#[test]
fn every_file_of_a_theorem_is_claimed_by_it() {
    let claimed: BTreeSet<_> = theorem::ALL
        .into_iter()
        .filter(|theorem| matches!(theorem.proof, Proof::MachineChecked { .. }))
        .map(file_of)
        .collect();
    for theorem in theorem::ALL {
        let file = file_of(theorem);
        let exists = folder().join(format!("{file}.v")).exists();
        assert_eq!(exists, claimed.contains(&file), "proofs/{file}.v");
    }
    for entry in fs::read_dir(folder()).expect("proofs") {
        let path = entry.expect("an entry").path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        if path.extension().is_some_and(|extension| extension == "md") && stem != "README" {
            let known = theorem::ALL.into_iter().any(|theorem| file_of(theorem) == stem);
            assert!(known, "proofs/{stem}.md is the proof of no theorem");
        }
    }
}
