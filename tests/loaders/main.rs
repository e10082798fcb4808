//! Recordings from files in every format: see tests/data/recordings.

mod checkpoints;
mod command_line;
mod damage;
mod formats;
mod layouts;
mod oddities;
mod preparation;
mod refusals;
mod standard;

use std::path::{Path, PathBuf};

use rankproof::file::{Source, Value};

/// Bins of the trials, which all files share.
const LENGTHS: [usize; 5] = [6, 4, 6, 5, 3];

const TARGETS: [&str; 5] = ["left", "right", "left", "up", "right"];

/// A file of tests/data/recordings.
fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recordings").join(name)
}

fn open(name: &str) -> Source {
    Source::open(path(name)).unwrap_or_else(|error| panic!("{error}"))
}

/// What neuron n did in bin t of trial k, in all files.
fn count(n: usize, t: usize, k: usize) -> f64 {
    ((3 * n + 2 * t + k) % 5) as f64
}

fn numbers(source: &mut Source, path: &str) -> (Vec<usize>, Vec<f64>) {
    let array = source.numbers(path).unwrap_or_else(|error| panic!("{error}"));
    (array.shape, array.data)
}

fn texts(source: &mut Source, path: &str) -> Vec<String> {
    match source.value(path) {
        Ok(Value::Texts(texts)) => texts.strings,
        other => panic!("{path}: {other:?}"),
    }
}

/// The single strings or numbers of a list.
fn list(source: &mut Source, path: &str) -> Vec<String> {
    let Ok(Value::List(list)) = source.value(path) else { panic!("{path} is a list") };
    let single = |value: &Value| match value {
        Value::Numbers(array) => format!("{:?}", array.data),
        Value::Texts(texts) => texts.strings.join("|"),
        Value::List(list) => format!("list of {}", list.len()),
    };
    list.iter().map(single).collect()
}
