//! Checkpoints of PyTorch: see tests/data/checkpoints.

use std::path::{Path, PathBuf};

use rankproof::file::{Kind, Source, Value, outline};
use rankproof::scalar::Precision;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/checkpoints").join(name)
}

fn open(name: &str) -> Source {
    Source::open(path(name)).unwrap_or_else(|error| panic!("{error}"))
}

fn numbers(source: &mut Source, name: &str) -> (Vec<usize>, Vec<f64>) {
    let array = source.numbers(name).unwrap_or_else(|error| panic!("{error}"));
    (array.shape, array.data)
}

fn refused(name: &str) -> String {
    let path = path(name);
    let error = Source::open(&path).err().expect("is refused").to_string();
    error.strip_prefix(&format!("{}: ", path.display())).expect("the path").to_owned()
}

#[test]
fn views_of_storages_have_the_numbers_of_the_tensor() {
    let mut source = open("odd.pt");
    assert_eq!(source.format(), "PyTorch");
    let all: Vec<f64> = (0..24).map(f64::from).collect();
    assert_eq!(numbers(&mut source, "cube"), (vec![2, 3, 4], all));
    // transposed[i, j, k] = cube[k, j, i].
    let entry = |p: usize| (p % 2 * 12 + p / 2 % 3 * 4 + p / 6) as f64;
    let expected: Vec<f64> = (0..24).map(entry).collect();
    assert_eq!(numbers(&mut source, "transposed"), (vec![4, 3, 2], expected));
    let expected = vec![16.0, 18.0, 20.0, 22.0];
    assert_eq!(numbers(&mut source, "part"), (vec![2, 2], expected));
    assert_eq!(numbers(&mut source, "empty"), (vec![0, 3], vec![]));
}

#[test]
fn every_type_has_its_values() {
    let mut source = open("odd.pt");
    for (name, precision, values) in [
        ("half", Precision::Half, vec![1.5, -2.0]),
        ("bfloat", Precision::Bfloat, vec![1.5, -2.0]),
        ("double", Precision::Double, vec![0.1]),
        ("wide", Precision::Exact, vec![65535.0, 1.0]),
        ("flags", Precision::Exact, vec![1.0, 0.0]),
        ("parameter", Precision::Single, vec![1.0, 1.0]),
        ("ordered.a", Precision::Single, vec![1.0]),
        ("list[1].inner", Precision::Single, vec![1.0]),
        ("losses", Precision::Double, vec![0.5, 0.25, 1.0]),
        ("optimizer.param_groups[0].lr", Precision::Double, vec![0.001]),
        ("optimizer.state.0.step", Precision::Single, vec![1.0]),
    ] {
        let array = source.numbers(name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((array.precision, array.data), (precision, values), "{name}");
    }
    let Value::Texts(texts) = source.value("name").expect("text") else { panic!("text") };
    assert_eq!(texts.strings, ["odd"]);
    for name in ["tensor.pt", "big_endian.pt"] {
        assert_eq!(numbers(&mut open(name), "object"), (vec![2], vec![1.5, -2.0]), "{name}");
    }
}

#[test]
fn what_is_no_tensor_is_listed_and_hides_nothing() {
    let mut source = open("odd.pt");
    for (name, why) in [
        ("complex", "holds elements of torch.ComplexFloatStorage, expected floats"),
        ("expanded", "is a view that repeats its numbers"),
        ("device", "is a pickled torch.device, which is never loaded"),
        ("none", "is None"),
    ] {
        let error = source.value(name).expect_err("is not read").to_string();
        assert!(error.contains(&format!("array {name:?} {why}")), "{error}");
    }
    let (entries, damage) = outline(&mut source, 3);
    assert!(damage.is_empty(), "{damage:?}");
    let unread = entries.iter().filter(|entry| entry.kind == Kind::Unreadable).count();
    assert!(unread >= 4, "{unread}");
}

/// Unpickling would import the classes of whole modules, and run what they say.
#[test]
fn objects_are_never_loaded() {
    assert_eq!(
        refused("module.pt"),
        "holds a pickled torch.nn.modules.rnn.RNN, which is never loaded, expected tensors as \
         torch.save(model.state_dict(), FILE) writes them"
    );
    assert_eq!(
        refused("legacy.pt"),
        "is of the form that PyTorch wrote before version 1.6, without an archive, expected what \
         torch.save(torch.load(FILE), NEW) writes in a later version"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let pickle = folder.path().join("w.pkl");
    std::fs::write(&pickle, b"\x80\x04\x95\x01\0\0\0\0\0\0\0N.").expect("written");
    let error = Source::open(&pickle).err().expect("is refused").to_string();
    assert!(error.contains("is a pickled object of Python, which is never loaded"), "{error}");
}

#[test]
fn dotted_names_are_found_through_the_dictionaries_above() {
    let mut source = open("lstm/step_100.pt");
    assert_eq!(numbers(&mut source, "rnn.weight_hh_l0").0, [24, 6]);
    assert_eq!(numbers(&mut source, "model.rnn.weight_hh_l0").0, [24, 6]);
    assert_eq!(numbers(&mut source, "step"), (vec![], vec![100.0]));
    let mut source = open("gru/model-00100.safetensors");
    assert_eq!(source.numbers("rnn.weight_hh_l0").expect("there").precision, Precision::Bfloat);
}
