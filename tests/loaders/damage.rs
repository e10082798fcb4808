//! Files that are cut off or have flipped bits: an error or some numbers, never a panic, and never
//! more memory than the file can stand for.

use std::fs;
use std::path::Path;

use rankproof::file::{Source, outline};
use rankproof::recording::{Axis, Options, Selection, Window, prepare};

use super::path;

/// Reads all that a file holds; the error, if it is refused somewhere, in one sentence.
fn read_all(path: &Path) -> Result<(), String> {
    let one_sentence = |error: String| {
        assert!(error.starts_with(&path.display().to_string()), "{error}");
        assert!(!error.contains('\n'), "{error}");
        error
    };
    let mut source = Source::open(path).map_err(|error| one_sentence(error.to_string()))?;
    let (entries, mut refused) = outline(&mut source, 3);
    refused.extend(source.contradictions());
    for entry in entries {
        refused.extend(source.value(&entry.path).err());
    }
    match refused.first() {
        None => Ok(()),
        Some(error) => Err(one_sentence(error.to_string())),
    }
}

fn prepared(path: &Path, options: &Options) {
    if let Ok(prepared) = prepare(path, options) {
        prepared.recording.validate().expect("what is prepared is valid");
    }
}

/// A recording that is prepared of a file, so that damage meets all code.
fn options(name: &str) -> Options {
    let what = match name {
        "session.nwb" => Selection::Spikes { path: "units".to_owned() },
        "session_v73.mat" => Selection::Array {
            path: "trials[].counts".to_owned(),
            axes: vec![Axis::Neuron, Axis::Time],
        },
        "session_v6.mat" | "session_v7.mat" => Selection::Array {
            path: "trials[].counts".to_owned(),
            axes: vec![Axis::Time, Axis::Neuron],
        },
        "plain.h5" => Selection::Array { path: "a/activity".to_owned(), axes: Axis::ALL.to_vec() },
        _ => Selection::Array { path: "counts".to_owned(), axes: Axis::ALL.to_vec() },
    };
    Options {
        bin_seconds: Some(0.1),
        bin: Some(0.1),
        align: (name == "session.nwb").then(|| "trials.start_time".to_owned()),
        window: Some(Window { start: 0.0, end: 0.5 }),
        ..Options::new(what)
    }
}

const FILES: [&str; 14] = [
    "counts.npz",
    "session_v6.mat",
    "session_v7.mat",
    "session_v73.mat",
    "session.nwb",
    "plain.h5",
    "../checkpoints/gru/model-00100.safetensors",
    "../checkpoints/odd.pt",
    "odd/names_old.h5",
    "odd/links_old.h5",
    "odd/filters.h5",
    "odd/lists.h5",
    "odd/sparse_v7.mat",
    "odd/classes_v73.mat",
];

#[test]
fn files_that_are_cut_off_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let cut = folder.path().join("cut");
    for name in FILES {
        let whole = fs::read(path(name)).expect("there");
        let step = (whole.len() / 60).max(1);
        for length in (0..whole.len()).step_by(step) {
            fs::write(&cut, &whole[..length]).expect("written");
            let outcome = read_all(&cut);
            // A list of variables may end behind each of them.
            let may_end = name.ends_with("_v6.mat") || name.ends_with("_v7.mat");
            assert!(outcome.is_err() || may_end, "{name} cut after {length} bytes");
            prepared(&cut, &options(name));
        }
    }
}

#[test]
fn variables_of_matlab_that_are_cut_off_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let cut = folder.path().join("cut");
    for name in ["session_v6.mat", "session_v7.mat"] {
        let whole = fs::read(path(name)).expect("there");
        // Where variables end, by the lengths in their tags.
        let mut ends = vec![128];
        while let Some(&end) = ends.last().filter(|end| **end < whole.len()) {
            let length = whole[end + 4..end + 8].try_into().map(u32::from_le_bytes);
            ends.push(end + 8 + length.expect("four bytes") as usize);
        }
        for length in 1..whole.len() {
            fs::write(&cut, &whole[..length]).expect("written");
            let expected = ends.contains(&length);
            let outcome = read_all(&cut);
            let opened = outcome.is_ok() || Source::open(&cut).is_ok();
            assert_eq!(opened, expected, "{name} cut after {length} bytes: {outcome:?}");
        }
    }
}

#[test]
fn flipped_bits_are_an_error_or_harmless() {
    let folder = tempfile::tempdir().expect("a folder");
    let damaged = folder.path().join("damaged");
    for name in FILES {
        let mut bytes = fs::read(path(name)).expect("there");
        let options = options(name);
        // All offsets of the small files, and a spread of them over all bits in the larger.
        let places = if name.starts_with("odd/") { 200 } else { 800 };
        let step = (bytes.len() / places).max(1) | 1;
        for (turn, place) in (0..bytes.len()).step_by(step).enumerate() {
            let flipped = 1 << (turn % 8);
            bytes[place] ^= flipped;
            fs::write(&damaged, &bytes).expect("written");
            let _ = read_all(&damaged);
            prepared(&damaged, &options);
            bytes[place] ^= flipped;
        }
    }
}

#[test]
fn bytes_of_extreme_value_are_an_error_or_harmless() {
    let folder = tempfile::tempdir().expect("a folder");
    let damaged = folder.path().join("damaged");
    for name in FILES {
        let mut bytes = fs::read(path(name)).expect("there");
        let places = if name.starts_with("odd/") { 40 } else { 150 };
        let step = (bytes.len() / places).max(1) | 1;
        for place in (0..bytes.len() - 8).step_by(step) {
            let before: Vec<u8> = bytes[place..place + 8].to_vec();
            for extreme in [[0xff; 8], [0; 8], [0x7f; 8]] {
                bytes[place..place + 8].copy_from_slice(&extreme);
                fs::write(&damaged, &bytes).expect("written");
                let _ = read_all(&damaged);
            }
            bytes[place..place + 8].copy_from_slice(&before);
        }
    }
}
