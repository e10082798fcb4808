//! Lists the files of `tests/conjectures`, so that a conjecture is found without being named
//! anywhere else.

use std::path::Path;
use std::{env, fs};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let folder = Path::new(&root).join("tests/conjectures");
    println!("cargo::rerun-if-changed={}", folder.display());
    // Where the folder is missing there are no conjectures.
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
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
    fs::write(Path::new(&out).join("conjectures.rs"), modules).expect("OUT_DIR can be written to");
}
