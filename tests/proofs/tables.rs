//! The tables of README.md and proofs/README.md that repeat what the registry and the proofs say.
//! They stand between `<!-- NAME -->` and `<!-- end of NAME -->`, and are written by
//!
//! ```text
//! UPDATE_TABLES=1 cargo test --test proofs tables
//! ```
//!
//! Without that variable the test fails where a table is not the one that would be written.

use std::path::Path;
use std::{env, fs};

use rankproof::theorem::{self, Proof, Theorem};

use crate::{file_of, folder, main_results, read};

#[test]
fn tables_are_those_of_the_registry() {
    let tables = [
        ("README.md", "theorems", theorems()),
        ("proofs/README.md", "map", map()),
        ("proofs/README.md", "closed theorems", closed_theorems()),
    ];
    let update = env::var_os("UPDATE_TABLES").is_some();
    let mut stale = Vec::new();
    for (file, name, table) in tables {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let old = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
        let new = replaced(&old, name, &table)
            .unwrap_or_else(|| panic!("{file} has no section between <!-- {name} --> and its end"));
        if new != old && update {
            fs::write(&path, new).unwrap_or_else(|error| panic!("{file}: {error}"));
        } else if new != old {
            stale.push(format!("{file}: {name}"));
        }
    }
    assert!(
        stale.is_empty(),
        "not as the registry and the proofs have it:\n{}\n\
         UPDATE_TABLES=1 cargo test --test proofs tables writes it",
        stale.join("\n")
    );
}

#[test]
fn only_the_section_is_replaced() {
    let text = "a\n<!-- map -->\n\nold\n\n<!-- end of map -->\nb\n";
    let expected = "a\n<!-- map -->\n\nnew\n\n<!-- end of map -->\nb\n";
    assert_eq!(replaced(text, "map", "new\n").as_deref(), Some(expected));
    assert_eq!(replaced(text, "theorems", "new\n"), None);
    assert_eq!(replaced("<!-- end of map --><!-- map -->", "map", "new\n"), None);
}

/// The text with another table in the section of this name; none if it has no such section.
fn replaced(text: &str, name: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(&format!("<!-- {name} -->"))?;
    let (_, after) = rest.split_once(&format!("<!-- end of {name} -->"))?;
    Some(format!("{before}<!-- {name} -->\n\n{table}\n<!-- end of {name} -->{after}"))
}

/// For README.md: what each theorem says.
fn theorems() -> String {
    let mut table = "| theorem | what it says | bound | proof |\n|---|---|---|---|\n".to_owned();
    for theorem in theorem::ALL {
        let Theorem { id, title, bound, .. } = theorem;
        let file = file_of(theorem);
        let paper = format!("[paper](proofs/{file}.md)");
        let proof = match theorem.proof {
            Proof::MachineChecked { beyond: None, .. } => {
                format!("{paper}, [Coq](proofs/{file}.v)")
            }
            Proof::MachineChecked { .. } => format!("{paper}, [Coq](proofs/{file}.v) in part"),
            Proof::OnPaper => paper,
            Proof::Conjectured => format!("[open](proofs/{file}.md)"),
        };
        table += &format!("| `{id}` | {title} | {bound} | {proof} |\n");
    }
    table
}

/// For proofs/README.md: what of each theorem Coq checks, and the files that its proof imports.
fn map() -> String {
    let mut table = "| theorem | checked by Coq | imports |\n|---|---|---|\n".to_owned();
    for theorem in theorem::ALL {
        let (id, file) = (theorem.id, file_of(theorem));
        let checked = match theorem.proof {
            Proof::MachineChecked { beyond: None, .. } => "all".to_owned(),
            Proof::MachineChecked { beyond: Some(beyond), .. } => {
                format!("in part; not in it: {beyond}")
            }
            Proof::OnPaper => "nothing: on paper".to_owned(),
            Proof::Conjectured => "nothing: conjectured".to_owned(),
        };
        let imports = imports(&read(&format!("{file}.v"))).join(", ");
        table += &format!("| [{id}]({file}.md) | {checked} | {imports} |\n");
    }
    table
}

/// The files of this project that a Coq file imports.
fn imports(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (folder, start) in
        [("base/", "From RankProof.base Require Import "), ("", "From RankProof Require Import ")]
    {
        let lists = source.split(start).skip(1);
        let names = lists.flat_map(|rest| rest.split('.').next().unwrap_or("").split_whitespace());
        found.extend(names.map(|name| format!("{folder}{name}")));
    }
    found
}

/// For proofs/README.md: the results whose assumptions `make` prints, file by file.
fn closed_theorems() -> String {
    let mut list = String::new();
    for name in ["base", "."].into_iter().flat_map(coq_files) {
        let source = read(&name);
        let results = main_results(&source).into_iter().map(|result| format!("`{result}`"));
        let results = results.collect::<Vec<_>>().join(", ");
        if !results.is_empty() {
            list += &format!("- `{name}`: {results}\n");
        }
    }
    list
}

/// The Coq files in a folder of the proofs but the one that `make` writes, in order.
fn coq_files(within: &str) -> Vec<String> {
    let entries = fs::read_dir(folder().join(within)).expect("a folder of proofs");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .filter(|name| name.ends_with(".v") && name != "assumptions.v")
        .map(|name| if within == "." { name } else { format!("{within}/{name}") })
        .collect();
    names.sort();
    names
}
