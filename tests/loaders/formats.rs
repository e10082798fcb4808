//! Every format gives the numbers that its writer wrote.

use rankproof::file::{Kind, Value};
use rankproof::scalar::Precision;

use super::{LENGTHS, TARGETS, count, list, numbers, open, texts};

/// Checks an array (neuron, time, trial) with a marker past the end of each trial.
fn check_cube(shape: &[usize], data: &[f64], is_missing: impl Fn(f64) -> bool) {
    assert_eq!(shape, [4, 6, 5]);
    for (n, t, k) in (0..120).map(|i| (i / 30, i / 5 % 6, i % 5)) {
        let found = data[(n * 6 + t) * 5 + k];
        if t < LENGTHS[k] {
            assert_eq!(found, count(n, t, k), "neuron {n}, bin {t}, trial {k}");
        } else {
            assert!(is_missing(found), "neuron {n}, bin {t}, trial {k}: {found}");
        }
    }
}

#[test]
fn numpy_archives_hold_numbers_and_strings() {
    let mut source = open("counts.npz");
    assert_eq!(source.format(), "NumPy .npz");
    let (shape, data) = numbers(&mut source, "counts");
    check_cube(&shape, &data, |entry| entry == -1.0);
    assert_eq!(source.numbers("counts").unwrap().precision, Precision::Exact);
    assert_eq!(numbers(&mut source, "by_trial").0, [5, 4, 6]);
    assert_eq!(texts(&mut source, "target"), TARGETS);
    assert_eq!(texts(&mut source, "label"), TARGETS);
    assert_eq!(numbers(&mut source, "reward"), (vec![5], vec![1.0, 0.0, 1.0, 1.0, 0.0]));
    assert_eq!(numbers(&mut source, "bin_s"), (vec![], vec![f64::from(0.05_f32)]));
}

#[test]
fn a_single_numpy_array_is_called_array() {
    let mut source = open("fortran.npy");
    assert_eq!(source.format(), "NumPy .npy");
    let (shape, data) = numbers(&mut source, "array");
    check_cube(&shape, &data, f64::is_nan);
}

#[test]
fn hdf5_is_read_whatever_its_storage() {
    let mut source = open("plain.h5");
    assert_eq!(source.format(), "HDF5");
    let (shape, data) = numbers(&mut source, "a/activity");
    check_cube(&shape, &data, f64::is_nan);
    let (path, _) = source.find("a.activity").unwrap();
    assert_eq!(path, "a.activity");
    assert_eq!(numbers(&mut source, "a/big"), (vec![2, 3], (0..6).map(f64::from).collect()));
    assert_eq!(numbers(&mut source, "a/bool").1, [1.0, 0.0, 1.0, 1.0, 0.0]);
    assert_eq!(texts(&mut source, "a/fixed"), TARGETS);
    assert_eq!(texts(&mut source, "a/heap"), TARGETS);
    assert_eq!(numbers(&mut source, "a/nothing"), (vec![0, 3], vec![]));
    assert_eq!(numbers(&mut source, "a/wide").1, [2_f64.powi(63), 1.0]);
    assert_eq!(numbers(&mut source, "many/trial_17"), (vec![], vec![17.0]));
}

#[test]
fn links_of_hdf5_are_followed_but_not_in_circles() {
    let source = open("plain.h5");
    let kind = |path: &str| source.find(path).unwrap().1.nodes()[0].kind;
    assert_eq!(kind("b/soft/activity"), Kind::Numbers);
    assert_eq!(kind("b/dangling"), Kind::Unreadable);
    assert_eq!(kind("a/up"), Kind::Unreadable, "a link to a group above is not followed");
}

#[test]
fn both_kinds_of_matlab_v5_hold_the_same() {
    for name in ["session_v6.mat", "session_v7.mat"] {
        let mut source = open(name);
        assert_eq!(source.format(), "MATLAB v5");
        assert_eq!(numbers(&mut source, "matrix"), (vec![2, 3], (0..6).map(f64::from).collect()));
        let cube = source.numbers("cube").unwrap();
        assert_eq!((&cube.shape[..], cube.precision), (&[2, 3, 4][..], Precision::Exact));
        assert_eq!(cube.data, (0..24).map(f64::from).collect::<Vec<_>>());
        assert_eq!(numbers(&mut source, "single").1, [0.5, -2.5]);
        assert_eq!(numbers(&mut source, "flags").1, [1.0, 0.0, 1.0]);
        assert_eq!(numbers(&mut source, "empty"), (vec![0, 3], vec![]));
        let identity = vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        assert_eq!(numbers(&mut source, "sparse"), (vec![3, 3], identity));
        assert_eq!(texts(&mut source, "unicode"), ["Größe π"]);
        assert_eq!(texts(&mut source, "rows"), ["left", "right"]);
        assert_eq!(source.find("flags").unwrap().1.nodes()[0].element, "bool");
    }
}

#[test]
fn structs_and_cells_of_matlab_are_found_by_path() {
    for name in ["session_v7.mat", "session_v73.mat"] {
        let mut source = open(name);
        let Value::List(trials) = source.value("trials[].counts").unwrap() else { panic!() };
        for (k, trial) in trials.iter().enumerate() {
            let Value::Numbers(array) = trial else { panic!("numbers") };
            if k == 3 {
                assert!(array.data.is_empty(), "{name}: the empty trial");
                continue;
            }
            // MATLAB's (bin, neuron); HDF5 shows the reverse.
            let is_reversed = name == "session_v73.mat";
            let shape = if is_reversed { [4, LENGTHS[k]] } else { [LENGTHS[k], 4] };
            assert_eq!(array.shape, shape, "{name}");
            for (n, t) in (0..4).flat_map(|n| (0..LENGTHS[k]).map(move |t| (n, t))) {
                let place = if is_reversed { n * LENGTHS[k] + t } else { t * 4 + n };
                assert_eq!(array.data[place], count(n, t, k), "{name}: {n}, {t}, {k}");
            }
        }
        let types = ["baseline", "baseline", "adaptation", "adaptation", "adaptation"];
        assert_eq!(list(&mut source, "trials[].type"), types);
        let ids = ["[10.0]", "[11.0]", "[12.0]", "[13.0]", "[14.0]"];
        assert_eq!(list(&mut source, "trials[].id"), ids);
        let Value::List(spikes) = source.value("spikes[]").unwrap() else { panic!() };
        let lengths = |value: &Value| match value {
            Value::Numbers(array) => array.data.len(),
            _ => panic!("numbers"),
        };
        assert_eq!(spikes.iter().map(lengths).collect::<Vec<_>>(), [0, 4, 8, 12]);
        assert_eq!(numbers(&mut source, "spikes[2]").1, [0.1, 0.35, 0.6, 0.85]);
        assert_eq!(numbers(&mut source, "trials[1].id").1, [10.0], "counted from 1, as in MATLAB");
    }
}

#[test]
fn nested_cells_of_matlab_are_in_its_order() {
    let mut source = open("session_v7.mat");
    // nested{1}, nested{2}, ... go down the columns.
    assert_eq!(texts(&mut source, "nested[1]"), ["text"]);
    assert_eq!(numbers(&mut source, "nested[2][3]").1.len(), 8);
    assert_eq!(numbers(&mut source, "nested[3]").1, [1.0, 2.0, 3.0]);
    assert_eq!(numbers(&mut source, "nested[4].deep.deeper").1, [-1.5]);
}

#[test]
fn matlab_v73_has_the_axes_of_hdf5() {
    let mut source = open("session_v73.mat");
    assert_eq!(source.format(), "MATLAB v7.3 (HDF5)");
    let (shape, data) = numbers(&mut source, "matrix");
    assert_eq!((shape, data), (vec![3, 2], vec![0.0, 3.0, 1.0, 4.0, 2.0, 5.0]));
    assert_eq!(texts(&mut source, "settings.monkey"), ["Größe"]);
    assert_eq!(numbers(&mut source, "settings.flags").1, [1.0, 0.0]);
    assert!(source.find("#refs#").is_err(), "MATLAB's own groups are hidden");
}

#[test]
fn what_is_not_read_says_why() {
    let refused = |name: &str, path: &str| {
        let error = open(name).value(path).expect_err("is not read").to_string();
        error.split_once(": ").expect("a path").1.to_owned()
    };
    assert_eq!(
        refused("session_v7.mat", "complex"),
        "array \"complex\" holds complex numbers, expected real ones"
    );
    assert!(refused("session_v73.mat", "table").contains("is an object of class table"));
    assert!(refused("plain.h5", "a/record").contains("holds records"));
    assert!(refused("plain.h5", "a/inexact").contains("which no float64 represents exactly"));
    assert!(refused("plain.h5", "a").contains("is a group, expected an array"));
    assert!(refused("session_v7.mat", "trials").contains("write [] behind it"));
}

#[test]
fn nwb_has_tables_series_and_units() {
    let mut source = open("session.nwb");
    assert!(source.format().starts_with("NWB 2."), "{}", source.format());
    assert!(source.contradictions().is_empty());
    assert_eq!(numbers(&mut source, "units/id").1, [100.0, 101.0, 102.0, 103.0]);
    assert_eq!(numbers(&mut source, "units/spike_times_index").1, [10.0, 25.0, 25.0, 50.0]);
    assert_eq!(texts(&mut source, "trials.target"), TARGETS);
    assert_eq!(numbers(&mut source, "blocks.start_time").1, [6.0, 2.0, 4.0]);
    // The times of all three are one array, to which the second and third have a link.
    let times = numbers(&mut source, "cell_00.timestamps");
    assert_eq!(numbers(&mut source, "cell_02.timestamps"), times);
    let (shape, data) = numbers(&mut source, "RoiResponseSeries.data");
    assert_eq!((shape, data[3 * 119 + 2]), (vec![120, 3], 13.9));
    let speed = numbers(&mut source, "speed/data").1;
    assert!((speed[39] - 0.39).abs() < 1e-12, "the conversion to the unit is done");
    let (_, found) = source.find("acquisition/speed/starting_time").unwrap();
    assert_eq!(found.nodes()[0].rate, Some(20.0));
}
