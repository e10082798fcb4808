//! Files that are small and stand for something large: what is held of a file is in proportion to it
//! and to what is asked for.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use rankproof::file::{Source, Value};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{HANG, SPACE, ended, limited, words};

/// A file of tests/data/hostile.
fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hostile").join(name)
}

/// So much text, of which nothing is worth to be read.
const MANY: usize = 200_000_000;

/// An array of MATLAB v5 with so many characters.
fn text_of_matlab(rows: usize) -> Vec<u8> {
    let integers = |kind: u32, numbers: &[u32]| {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        [&kind.to_le_bytes()[..], &(bytes.len() as u32).to_le_bytes(), &bytes].concat()
    };
    let head = [
        integers(6, &[4, 0]),
        integers(5, &[rows as u32, (MANY / rows) as u32]),
        [&1_u32.to_le_bytes()[..], &1_u32.to_le_bytes(), b"t\0\0\0\0\0\0\0"].concat(),
        [&16_u32.to_le_bytes()[..], &(MANY as u32).to_le_bytes()].concat(),
    ]
    .concat();
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    let length = (head.len() + MANY) as u32;
    packed.write_all(&[14_u32.to_le_bytes(), length.to_le_bytes()].concat()).expect("packed");
    packed.write_all(&head).expect("packed");
    io::copy(&mut io::Read::take(io::repeat(b'a'), MANY as u64), &mut packed).expect("packed");
    let packed = packed.finish().expect("packed");
    let mut start = [b' '; 128];
    start[..10].copy_from_slice(b"MATLAB 5.0");
    start[124..].copy_from_slice(b"\x00\x01IM");
    [&start[..], &15_u32.to_le_bytes(), &(packed.len() as u32).to_le_bytes(), &packed].concat()
}

/// An archive of one array of so many equal bytes.
fn npz(path: &Path, name: &str, descr: &str, shape: &str, count: u64) {
    let mut zip = ZipWriter::new(File::create(path).expect("a file"));
    zip.start_file(name, SimpleFileOptions::default()).expect("a member");
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let header = format!("{header:117}\n");
    zip.write_all(b"\x93NUMPY\x01\x00").expect("written");
    zip.write_all(&(header.len() as u16).to_le_bytes()).expect("written");
    zip.write_all(header.as_bytes()).expect("written");
    io::copy(&mut io::Read::take(io::repeat(0), count), &mut zip).expect("written");
    zip.finish().expect("written");
}

#[test]
fn what_is_held_of_a_file_is_in_proportion_to_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for entry in fs::read_dir(data("")).expect("a folder") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), folder.join(entry.file_name())).expect("copied");
    }
    fs::write(folder.join("text.mat"), text_of_matlab(1)).expect("written");
    fs::write(folder.join("rows.mat"), text_of_matlab(MANY / 2)).expect("written");
    npz(&folder.join("text.npz"), "t.npy", "|S1", "(200000000,)", MANY as u64);
    npz(&folder.join("zeros.npz"), "W.npy", "|u1", "(4, 8192, 8192)", 4 << 26);
    // An array of numbers that no byte but its last is written of.
    let zeros = File::create(folder.join("zeros.mat")).expect("a file");
    let mut start = text_of_matlab(1);
    start.truncate(128);
    start.extend([14_u32.to_le_bytes(), (3_u32 << 30).to_le_bytes()].concat());
    (&zeros).write_all(&start).expect("written");
    zeros.set_len((3 << 30) + start.len() as u64).expect("made longer");
    let mut troubles = Vec::new();
    let prepare = "--align trials.start_time --window 0,1 --bin 0.1 --out rec.npz";
    for line in [
        "inspect cells.mat",
        "inspect cells_of_cells.mat",
        "inspect doubling.h5",
        "prepare doubling.h5 --array x --bin-seconds 1 --out rec.npz",
        "inspect many_links.h5",
        "inspect unstored_index.nwb",
        &format!("prepare unstored_index.nwb --spikes units {prepare}"),
        "inspect unstored_text.h5",
        "prepare unstored_text.h5 --array text --bin-seconds 1 --out rec.npz",
        "inspect text.mat",
        "inspect rows.mat",
        "prepare rows.mat --array t --bin-seconds 1 --out rec.npz",
        "inspect zeros.mat",
        "inspect text.npz",
        "prepare text.npz --array t --bin-seconds 1 --out rec.npz",
        "inspect zeros.npz",
        "rank zeros.npz",
    ] {
        let found = ended(&mut limited(folder, SPACE, &words(line)), HANG);
        let trouble = found.trouble();
        troubles.extend(trouble.map(|trouble| format!("{line}\n    {trouble}")));
    }
    assert!(troubles.is_empty(), "{}", troubles.join("\n"));
}

/// The first values are had without the whole, and of parts with many names one is enough.
#[test]
fn what_is_large_and_sound_is_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    npz(&folder.join("zeros.npz"), "W.npy", "|u1", "(4, 8192, 8192)", 4 << 26);
    for (line, told) in [
        (format!("inspect {}", data("doubling.h5").display()), "too often to be listed again"),
        (format!("inspect {}", data("many_links.h5").display()), "too often to be listed again"),
        ("inspect zeros.npz".to_owned(), "(4, 8192, 8192)"),
    ] {
        let found = ended(&mut limited(folder, SPACE, &words(&line)), HANG);
        assert_eq!(found.code, Some(0), "{line}: {}", found.stderr);
        assert!(found.stdout.contains(told), "{line}: {}", found.stdout);
    }
}

#[test]
fn names_that_are_one_as_text_lead_to_what_is_listed() {
    let mut source = Source::open(data("same_names.h5")).expect("a file");
    let names: Vec<String> = source.root().children.iter().map(|node| node.name.clone()).collect();
    assert_eq!(names, ["µ'", "µ"]);
    for (name, expected) in names.iter().zip([2.0, 1.0]) {
        let Ok(Value::Numbers(array)) = source.value(name) else { panic!("{name}") };
        assert_eq!(array.data, [expected], "{name}");
    }
}
