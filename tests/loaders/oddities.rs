//! A part that is not understood is listed with the reason, and the rest is read.

use std::fs;

use rankproof::file::{Source, Value, outline};
use rankproof::recording::{Options, Selection, Window, prepare};
use rankproof::scalar::Precision;

use super::{numbers, open, path};

const FILES: [&str; 15] = [
    "virtual.h5",
    "names_old.h5",
    "names_new.h5",
    "deep.h5",
    "userblock.h5",
    "links_old.h5",
    "links_new.h5",
    "layout_2.h5",
    "external.h5",
    "filters.h5",
    "types.h5",
    "channels.nwb",
    "members.npz",
    "classes_v73.mat",
    "classes.mat",
];

fn odd(name: &str) -> Source {
    open(&format!("odd/{name}"))
}

/// Paths and reasons of what is not read.
fn unread(source: &mut Source) -> Vec<(String, String)> {
    let (entries, _) = outline(source, 1);
    entries.into_iter().filter_map(|entry| Some((entry.path, entry.unread?))).collect()
}

/// Checks which parts are not read, and how the reasons begin.
fn check_unread(name: &str, expected: &[(&str, &str)]) {
    let found = unread(&mut odd(name));
    let paths = |list: &[(String, String)]| list.iter().map(|(path, _)| path.clone()).collect();
    let (paths, expected_paths): (Vec<_>, Vec<_>) =
        (paths(&found), expected.iter().map(|(path, _)| (*path).to_owned()).collect());
    assert_eq!(paths, expected_paths, "{name}");
    for ((path, why), (_, start)) in found.iter().zip(expected) {
        assert!(why.starts_with(start), "{name}: {path} {why}");
    }
}

/// What all chunks of filters.h5 hold.
fn counts() -> Vec<f64> {
    (0..3000).map(|i| f64::from(i * 7919 % 97 % 5)).collect()
}

/// The matrix (neuron, time) of the sparse ones.
fn raster(neuron: usize, time: usize) -> f64 {
    f64::from(u8::from((7 * neuron + time).is_multiple_of(11)))
}

#[test]
fn what_stands_beside_is_read() {
    let x: Vec<f64> = (0..9).map(f64::from).collect();
    for name in FILES {
        assert_eq!(numbers(&mut odd(name), "x").1, x, "{name}");
    }
    assert_eq!(numbers(&mut odd("layout_2.h5"), "chunked").1, x, "in chunks as well");
    assert_eq!(numbers(&mut odd("types.h5"), "typed").1, x, "of a type with a name");
}

#[test]
fn storage_elsewhere_is_not_read() {
    let why = "is a virtual dataset, put together of others: save its numbers as a dataset of \
               their own";
    check_unread("virtual.h5", &[("virtual", why)]);
    let why = "keeps its numbers in another file: save them in the same";
    check_unread("external.h5", &[("outside", why)]);
    let error = odd("virtual.h5").value("virtual").unwrap_err().to_string();
    assert!(error.contains("array \"virtual\" is a virtual dataset"), "{error}");
}

#[test]
fn names_that_are_not_utf8_are_latin1() {
    for name in ["names_old.h5", "names_new.h5"] {
        let why = "has a name that is not UTF-8 and is taken for Latin-1";
        // They are read, which the listing says apart from what is not.
        check_unread(name, &[]);
        let mut source = odd(name);
        let entries = outline(&mut source, 1).0.into_iter();
        let assumed: Vec<_> =
            entries.filter_map(|entry| Some((entry.path, entry.assumed?))).collect();
        assert_eq!(assumed, ["many/é", "µV"].map(|path| (path.to_owned(), why.to_owned())));
        assert_eq!(numbers(&mut source, "µV").1, [1.5]);
        assert_eq!(numbers(&mut source, "many/é").1, [2.5]);
        assert_eq!(numbers(&mut source, "many/a19").1, [19.0]);
        let (_, many) = source.find("many").unwrap();
        assert_eq!(many.nodes()[0].unit.as_deref(), Some("mV"), "attributes of the group");
    }
}

#[test]
fn groups_that_are_too_deep_are_not_entered() {
    let mut source = odd("deep.h5");
    let deepest = vec!["g"; 65].join("/");
    let why = "is nested more than 64 deep, expected a recording".to_owned();
    assert_eq!(unread(&mut source), [(deepest, why)]);
}

#[test]
fn links_are_followed_or_listed() {
    for name in ["links_old.h5", "links_new.h5"] {
        check_unread(
            name,
            &[
                ("back", "leads back to a group above it"),
                ("group/there", "leads to \"../x\", where nothing is"),
                ("other", "leads to \"/y\" in the file \"other.h5\": name that file instead"),
                ("round", "leads to \"/round\", where nothing is"),
            ],
        );
        let mut source = odd(name);
        for path in ["group/inner/y", "group/relative", "twice"] {
            assert_eq!(numbers(&mut source, path).1, [0.0, 1.0, 2.0], "{name}: {path}");
        }
    }
}

#[test]
fn filters_of_plug_ins_are_read() {
    let mut source = odd("filters.h5");
    let names: Vec<String> =
        source.root().children.iter().map(|child| child.name.clone()).collect();
    let shuffles = ["plain", "bytes", "bits_13", "bits_16"];
    let codecs = ["blosclz", "lz4", "lz4hc", "zlib", "zstd"];
    let blosc = codecs.iter().flat_map(|c| shuffles.iter().map(move |s| format!("blosc_{c}_{s}")));
    let others = ["lzf", "lzf_shuffled", "lz4", "zstd", "bitshuffle_none", "bitshuffle_lz4"]
        .map(str::to_owned);
    for name in blosc.chain(others).chain(["bitshuffle_zstd".to_owned()]) {
        assert!(names.contains(&name), "{name} is not in {names:?}");
        assert_eq!(numbers(&mut source, &name), (vec![30, 100], counts()), "{name}");
    }
    let long = numbers(&mut source, "long").1;
    assert!(long.iter().enumerate().all(|(i, number)| *number == (i % 100) as f64));
    assert_eq!((long.len(), numbers(&mut source, "short").1), (300_100, vec![0.0, 1.0, 2.0]));
    let why = "is compressed by filter 32013 (zfp), expected gzip, lzf, lz4, zstd, bitshuffle, \
               blosc, szip, shuffle, fletcher32, nbit or scale-offset: rewrite it by h5repack -f \
               GZIP=4";
    assert_eq!(unread(&mut source), [("zfp".to_owned(), why.to_owned())]);
}

#[test]
fn types_that_are_not_read_say_which() {
    let attribute = "has an attribute that is not read (invalid data: invalid UTF-8 string: \
                     incomplete utf-8 byte sequence from index 0)";
    check_unread(
        "types.h5",
        &[
            ("attributed", attribute),
            ("attributes", attribute),
            (
                "bfloat16",
                "holds floats of another format than IEEE 754, expected float16, float32 or float64",
            ),
            ("complex", "holds records of r, i: save each field as an array of its own"),
            ("inner", "holds elements that are arrays, expected numbers or text"),
            ("lists_of_bfloat16", "holds floats of another format than IEEE 754"),
            ("lists_of_records", "holds lists of other than numbers, expected numbers or text"),
            ("named", "is a type with a name, without data"),
            ("named_bfloat16", "is a type with a name, without data"),
            ("named_float16", "is a type with a name, without data"),
            ("opaque", "holds opaque bytes, expected numbers or text"),
            ("record", "holds records of x, y: save each field as an array of its own"),
            ("reference", "holds references to other objects, expected numbers or text"),
            ("twelve_bits", "holds integers of an odd number of bits, expected whole bytes"),
            ("typed_bfloat16", "holds floats of another format than IEEE 754"),
        ],
    );
    let source = odd("types.h5");
    let unit = |path: &str| source.find(path).unwrap().1.nodes()[0].unit.clone();
    assert_eq!(unit("x").as_deref(), Some("mV"));
    for path in ["attributed", "attributes"] {
        assert_eq!(unit(path).as_deref(), Some("mV"), "the other attributes are read");
    }
}

/// hdf5-reader does not tell float16 from bfloat16; the message of the type does.
#[test]
fn float16_is_read_as_it_is_by_a_named_type_and_in_lists() {
    let mut source = odd("types.h5");
    let halves = [1.5, -0.25, 65504.0, 2.0_f64.powi(-24)];
    for path in ["float16", "typed_float16"] {
        let array = source.numbers(path).unwrap();
        assert_eq!((&array.data[..], array.precision), (&halves[..], Precision::Half), "{path}");
    }
    assert_eq!(numbers(&mut source, "lists_of_float16[0]").1, halves[..1]);
    assert_eq!(numbers(&mut source, "lists_of_float16[1]").1, halves);
}

#[test]
fn numbers_are_not_read_without_the_factors_of_their_channels() {
    let why = "has a channel_conversion that is not read";
    let elsewhere = "keeps its numbers in another file: save them in the same";
    let parts = ["acquisition/volts/channel_conversion", "acquisition/volts/data"];
    check_unread("channels.nwb", &[(parts[0], elsewhere), (parts[1], why)]);
    assert!(odd("channels.nwb").value(parts[1]).unwrap_err().to_string().ends_with(why));
}

#[test]
fn lists_of_variable_length_are_arrays() {
    let mut source = odd("lists.h5");
    let Value::List(lists) = source.value("units/spikes[]").unwrap() else { panic!("a list") };
    for (n, list) in lists.iter().enumerate() {
        let Value::Numbers(array) = list else { panic!("numbers") };
        let expected: Vec<f64> = (0..5 * n).map(|i| 0.05 + 0.1 * i as f64).collect();
        assert_eq!((&array.data, array.precision), (&expected, Precision::Double));
    }
    assert_eq!(lists.len(), 4);
    assert_eq!(numbers(&mut source, "units/spikes[1]").0, [5]);
}

#[test]
fn spikes_are_taken_from_lists_of_variable_length() {
    let options = Options {
        align: Some("starts".to_owned()),
        window: Some(Window { start: 0.0, end: 0.5 }),
        bin: Some(0.1),
        ..Options::new(Selection::Spikes { path: "units/spikes[]".to_owned() })
    };
    let recording = prepare(path("odd/lists.h5"), &options).expect("is prepared").recording;
    assert_eq!((recording.neurons, recording.bins, recording.trials), (4, 5, 2));
    for (n, t, k) in (0..40).map(|i| (i / 10, i / 2 % 5, i % 2)) {
        // Neuron n fires in the middle of each of the first 5 n bins of 0.1 s.
        let expected = f64::from(u8::from(5 * k + t < 5 * n));
        assert_eq!(recording.activity_at(n, t, k), expected, "{n}, {t}, {k}");
    }
}

#[test]
fn members_that_are_no_arrays_are_listed() {
    check_unread(
        "members.npz",
        &[
            ("pickled", "holds Python objects, expected numbers; pickled data are never loaded"),
            ("complex", "holds complex numbers (\"<c16\"), expected "),
            ("record", "holds structured elements with fields, expected "),
            (
                "garbage",
                "has a malformed .npy header: it does not begin with the magic string of the format",
            ),
            (
                "bzip2",
                "is compressed as Bzip2, expected a stored or deflated array without password",
            ),
            ("__MACOSX/._x.npy", "is no array: macOS added it"),
            (".DS_Store", "is no array: macOS added it"),
            ("readme.txt", "is no array (.npy)"),
        ],
    );
    let error = odd("members.npz").value("pickled").unwrap_err().to_string();
    assert!(
        error.ends_with(
            "array \"pickled\" holds Python objects, expected numbers; pickled \
                             data are never loaded"
        ),
        "{error}"
    );
}

#[test]
fn sparse_matrices_are_read_with_their_zeros() {
    let mut v7 = odd("sparse_v7.mat");
    let mut v73 = odd("classes_v73.mat");
    for name in ["raster", "flags"] {
        let matrix = v7.numbers(name).unwrap();
        // HDF5 shows MATLAB's axes in reverse, of sparse matrices as of all others.
        let reversed = v73.numbers(name).unwrap();
        assert_eq!((&matrix.shape[..], &reversed.shape[..]), (&[4, 30][..], &[30, 4][..]));
        for (n, t) in (0..120).map(|i| (i / 30, i % 30)) {
            assert_eq!(matrix.data[30 * n + t], raster(n, t), "{name}: {n}, {t}");
            assert_eq!(reversed.data[4 * t + n], raster(n, t), "{name}: {n}, {t}");
        }
        let is_exact = name == "flags";
        let precision = if is_exact { Precision::Exact } else { Precision::Double };
        assert_eq!((matrix.precision, reversed.precision), (precision, precision), "{name}");
    }
    assert_eq!(numbers(&mut v7, "negative"), (vec![2, 2], vec![0.0, -1.5, 0.25, 0.0]));
    assert_eq!(numbers(&mut v7, "zeros"), (vec![3, 2], vec![0.0; 6]));
    assert_eq!(numbers(&mut v73, "zeros"), (vec![2, 3], vec![0.0; 6]));
    let error = v7.value("huge").unwrap_err().to_string();
    let expected = "array \"huge\" is a sparse matrix of 1000000 x 1000000, which is too large with \
                    its zeros, expected a part of it: save full(x(rows, columns))";
    assert!(error.ends_with(expected), "{error}");
}

#[test]
fn variables_of_other_classes_are_listed() {
    let table = "is an object of class table, which only MATLAB reads: save table2struct(x, \
                 'ToScalar', true) instead";
    check_unread(
        "classes.mat",
        &[
            ("handle", "is a function handle, expected numbers or text"),
            ("table", table),
            ("unknown", "is of the class 99, which is not known"),
            ("short", "is damaged: it claims shape (1, 10), 80 bytes, but holds 72 bytes"),
            ("cell[]", "is damaged: it is cut off in an array"),
            ("(variable 6)", "is an element of type 77 and no array"),
        ],
    );
    let mut source = odd("classes.mat");
    assert_eq!(numbers(&mut source, "cell[2]").1, (0..9).map(f64::from).collect::<Vec<_>>());
    check_unread(
        "classes_v73.mat",
        &[
            ("half[]", "refers to nothing that is there (1 of 2)"),
            ("handle", "is a function handle, expected numbers or text"),
            ("no_cell", "holds a cell array without references, expected "),
            (
                "words",
                "is an object of class string, which only MATLAB reads: save cellstr(x) instead",
            ),
        ],
    );
    assert_eq!(numbers(&mut odd("classes_v73.mat"), "half[1]").1, [1.0]);
}

#[test]
fn damage_of_one_part_is_told_and_the_others_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let damaged = folder.path().join("damaged");
    let h5 = fs::read(path("plain.h5")).expect("there");
    let headers: Vec<usize> = (0..h5.len() - 4).filter(|&at| &h5[at..at + 4] == b"OHDR").collect();
    let mut told = 0;
    for at in headers {
        let mut bytes = h5.clone();
        // Behind the signature, the version, the flags and the length.
        bytes[at + 12] ^= 1;
        fs::write(&damaged, &bytes).expect("written");
        let Ok(mut source) = Source::open(&damaged) else { continue };
        let (entries, damage) = outline(&mut source, 1);
        let unread: Vec<_> = entries.iter().filter(|entry| entry.unread.is_some()).collect();
        assert!(!damage.is_empty() && !unread.is_empty(), "the header at {at}");
        assert!(entries.len() > unread.len(), "others are read");
        told += 1;
    }
    assert!(told > 30, "headers of groups and datasets: {told}");
    let mut bytes = fs::read(path("session_v7.mat")).expect("there");
    // Within the first variable, which is compressed.
    bytes[200] ^= 1;
    fs::write(&damaged, &bytes).expect("written");
    let mut source = Source::open(&damaged).expect("the others are read");
    assert_eq!(outline(&mut source, 1).1.len(), 1);
    assert_eq!(numbers(&mut source, "matrix").1, (0..6).map(f64::from).collect::<Vec<_>>());
}
