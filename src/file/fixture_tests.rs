//! The files of tests/data: each says in one sentence what is wrong with it.

use std::path::{Path, PathBuf};

use super::{Array, Npz, ReadError, ReadErrorKind};
use crate::scalar::Precision;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn read(name: &str) -> Result<Array, ReadError> {
    Npz::open(path(name))?.array("W")
}

/// The sentence after the path, which must come first as it was given.
fn sentence(error: &ReadError, path: &Path) -> String {
    let (message, start) = (error.to_string(), format!("{}: ", path.display()));
    let rest = message.strip_prefix(&start).unwrap_or_else(|| panic!("no path in {message}"));
    assert!(!rest.contains('\n'), "{message}");
    rest.to_owned()
}

fn refused(name: &str) -> (ReadErrorKind, String) {
    let path = path(name);
    let error = read(name).expect_err("a bad file is refused");
    let sentence = sentence(&error, &path);
    (error.kind, sentence)
}

#[test]
fn text_is_not_an_archive() {
    let (flaw, sentence) = refused("bad/not_an_npz.npz");
    assert!(matches!(flaw, ReadErrorKind::NotNpz { .. }));
    assert_eq!(sentence, "is plain text, expected an .npz archive as numpy.savez writes it");
}

#[test]
fn beginning_of_an_archive_is_cut_off() {
    let (flaw, sentence) = refused("bad/truncated.npz");
    assert!(matches!(flaw, ReadErrorKind::BrokenArchive { .. }));
    assert!(sentence.starts_with("is cut off or damaged ("), "{sentence}");
    assert!(sentence.ends_with("), expected a whole .npz archive"), "{sentence}");
}

#[test]
fn archive_without_arrays_is_refused() {
    let (flaw, sentence) = refused("bad/empty.npz");
    assert!(matches!(flaw, ReadErrorKind::NoArrays { members: 0 }));
    assert!(sentence.starts_with("is an archive of 0 members without an array, expected"));
}

#[test]
fn missing_array_lists_those_that_exist() {
    let (flaw, sentence) = refused("bad/no_w.npz");
    assert!(matches!(flaw, ReadErrorKind::NoSuchArray { .. }));
    assert_eq!(sentence, r#"has no array "W", only "weights""#);
}

#[test]
fn objects_are_never_unpickled() {
    let (flaw, sentence) = refused("bad/objects.npz");
    assert!(matches!(flaw, ReadErrorKind::Objects));
    let expected = "holds Python objects, expected numbers; pickled data are never loaded";
    assert_eq!(sentence, format!("array \"W\" {expected}"));
}

#[test]
fn claim_of_more_numbers_than_there_are_is_refused() {
    let (flaw, sentence) = refused("bad/huge_claim.npz");
    assert!(matches!(flaw, ReadErrorKind::TooShort { found: 16, .. }));
    let claim = "claims shape (100000, 100000, 100000), 8000000000000000 bytes";
    assert_eq!(sentence, format!("array \"W\" {claim}, but holds 16 bytes"));
}

#[test]
fn shapes_and_values_are_for_the_caller_to_refuse() {
    let two = read("bad/two_dims.npz").unwrap();
    let error = two.axes(["step", "row", "column"]).unwrap_err();
    assert_eq!(
        sentence(&error, &path("bad/two_dims.npz")),
        "array \"W\" has 2 dimensions (4, 3), expected 3 (step, row, column)"
    );
    let nan = read("bad/nan.npz").unwrap();
    let (index, value) = nan.first_not_finite().unwrap();
    assert!(index == [2, 1, 0] && value.is_nan());
    assert_eq!(read("bad/one_slice.npz").unwrap().shape, [1, 3, 3]);
    assert_eq!(read("bad/not_square.npz").unwrap().shape, [4, 3, 2]);
}

#[test]
fn integers_are_read_exactly() {
    let integers = read("bad/integers.npz").unwrap();
    assert_eq!((integers.precision, &*integers.shape), (Precision::Exact, &[4, 3, 3][..]));
    // The rounding of ten times the numbers that the other files hold.
    let floats = read("bad/one_slice.npz").unwrap();
    for (integer, float) in integers.data.iter().zip(floats.data) {
        assert_eq!(*integer, (10.0 * float).round_ties_even());
    }
}

#[test]
fn byte_order_and_array_order_do_not_matter() {
    let [fortran, big] = ["bad/fortran.npz", "bad/big_endian.npz"].map(|name| read(name).unwrap());
    assert_eq!((&fortran.shape, &fortran.data), (&big.shape, &big.data));
    assert_eq!((fortran.precision, big.precision), (Precision::Double, Precision::Double));
    // Slice k is slice 0 plus k x y^T.
    let (x, y) = ([1.0, -2.0, 0.5, 3.0], [0.25, 1.0, -1.0, 2.0]);
    let at = |k: usize, i: usize, j: usize| fortran.data[(k * 4 + i) * 4 + j];
    for (k, i, j) in (0..80).map(|p| (p / 16, p / 4 % 4, p % 4)) {
        assert_eq!(at(k, i, j), at(0, i, j) + k as f64 * x[i] * y[j]);
    }
}

#[test]
fn histories_of_pytorch_are_read_in_both_precisions() {
    for (suffix, precision) in [("f32", Precision::Single), ("f64", Precision::Double)] {
        let path = path(&format!("torch_linear_sgd_{suffix}.npz"));
        let mut npz = Npz::open(&path).unwrap();
        let mut names = npz.names().to_vec();
        names.sort();
        assert_eq!(names, ["B", "C", "W", "loss"]);
        let weights = npz.array("W").unwrap();
        assert_eq!((weights.precision, &*weights.shape), (precision, &[61, 32, 32][..]));
        // The training starts at half the identity.
        for (position, &weight) in weights.data[..32 * 32].iter().enumerate() {
            assert_eq!(weight, if position % 33 == 0 { 0.5 } else { 0.0 });
        }
        let loss = npz.array("loss").unwrap();
        assert!((loss.data[0] - 0.1037).abs() < 1e-4 && (loss.data[60] - 0.00129).abs() < 1e-5);
        assert!(weights.expect_finite().is_ok());
    }
}

#[test]
fn paths_without_a_file_are_named() {
    let directory = path("bad");
    let error = Npz::open(&directory).unwrap_err();
    assert!(matches!(error.kind, ReadErrorKind::Directory));
    assert_eq!(sentence(&error, &directory), "is a directory, expected an .npz archive");
    for missing in ["no_such_file.npz", "", "Cargo.toml/w.npz"] {
        let error = Npz::open(missing).unwrap_err();
        assert!(error.to_string().starts_with(&format!("{missing}: ")), "{error}");
    }
    let error = Npz::open("./no_such_file.npz").unwrap_err();
    assert!(matches!(error.kind, ReadErrorKind::Missing));
    assert_eq!(error.to_string(), "./no_such_file.npz: does not exist");
    #[cfg(unix)]
    assert!(matches!(Npz::open("/dev/null").unwrap_err().kind, ReadErrorKind::NotRegular));
}
