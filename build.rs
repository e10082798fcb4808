//! Lists the files of the folders of tests in which each file stands for itself, so that a new one
//! is found without being named anywhere else.

use std::path::Path;
use std::{env, fs};

fn main() {
    for folder in ["conjectures", "counterexamples", "theorems"] {
        list(folder);
    }
}

/// Writes `FOLDER.rs`, which declares each file of `tests/FOLDER` but `main.rs` as a module.
fn list(folder: &str) {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let path = Path::new(&root).join("tests").join(folder);
    println!("cargo::rerun-if-changed={}", path.display());
    // Where the folder is missing there is nothing in it.
    let entries = fs::read_dir(&path).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|path| !path.ends_with("main.rs"))
        .collect();
    files.sort();
    let modules: String = (files.iter())
        .filter_map(|path| Some((path, path.file_stem()?.to_str()?)))
        .map(|(path, name)| format!("#[path = {path:?}]\nmod {name};\n"))
        .collect();
    let out = env::var("OUT_DIR").expect("cargo sets it");
    let out = Path::new(&out).join(format!("{folder}.rs"));
    fs::write(out, modules).expect("OUT_DIR can be written to");
}
