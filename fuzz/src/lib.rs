//! What the targets share: an input as a file, and everything that can be read of it.

use std::cell::RefCell;
use std::fs;
use std::panic;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Once;

use rankproof::file::{self, Kind, Node, Source, outline};
use rankproof::fit::{Saved, Simulation};
use rankproof::recording::Recording;
use tempfile::TempDir;

thread_local! {
    /// In memory, where the system has such a folder.
    static FOLDER: RefCell<Option<TempDir>> = const { RefCell::new(None) };
}

/// Writes an input to a file of this name, the same for all inputs.
pub fn with_file(name: &str, input: &[u8], read: impl FnOnce(&Path)) {
    let path = FOLDER.with_borrow_mut(|folder| {
        let made = || {
            let memory = Path::new("/dev/shm");
            let made = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
            made.expect("a folder")
        };
        folder.get_or_insert_with(made).path().join(name)
    });
    fs::write(&path, input).expect("a file");
    end_at_panics();
    read(&path);
}

/// A panic ends the run, as a finding, unless the library turns it into an error.
fn end_at_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        panic::set_hook(Box::new(|info| {
            if !file::is_guarded() {
                eprintln!("{info}");
                process::abort();
            }
        }));
    });
}

/// Where seeds are to be written that no file of the tests is: a run that is told of a folder fuzzes
/// nothing.
pub fn seeds() -> Option<PathBuf> {
    std::env::var_os("RANKPROOF_FUZZ_SEEDS").map(PathBuf::from)
}

/// A small recording, and the model that it was drawn from.
pub fn recording() -> (Recording, Saved<f64>) {
    let (neurons, trials, bins) = (3, 4, 3);
    let small = Simulation { neurons, trials, bins, ..Simulation::default() };
    let small = Simulation { units: 3, rank: 1, conditions: 2, ..small };
    small.recording(1).expect("a recording")
}

/// What `inspect` does, and then every array.
pub fn read_everything(path: &Path) {
    let Ok(mut source) = Source::open(path) else { return };
    outline(&mut source, 6);
    source.contradictions();
    let mut paths = Vec::new();
    below(source.root(), "", source.separator(), &mut paths);
    for path in paths {
        if source.find(&path).is_ok() {
            let _ = source.value(&path);
        }
        let _ = source.part(&path, 0..3);
    }
}

/// The paths of the first arrays of a tree.
fn below(node: &Node, path: &str, separator: char, paths: &mut Vec<String>) {
    const MOST: usize = 64;
    for child in &node.children {
        if paths.len() >= MOST {
            return;
        }
        let name = if child.name.is_empty() { "[]" } else { &child.name };
        let path = if path.is_empty() || name == "[]" {
            format!("{path}{name}")
        } else {
            format!("{path}{separator}{name}")
        };
        match child.kind {
            Kind::Numbers | Kind::Text | Kind::Unreadable => paths.push(path),
            Kind::Group => below(child, &path, separator, paths),
            // All elements are asked for at once.
            Kind::Structs | Kind::Cells => {
                let first = &child.children[..child.children.len().min(1)];
                paths.extend(first.iter().map(|_| format!("{path}[]")));
                first
                    .iter()
                    .for_each(|element| below(element, &format!("{path}[]"), separator, paths));
            }
        }
    }
}
