//! Every file that is refused says in one sentence which file, which array, what was found and
//! what was expected.

use std::path::Path;

use rankproof::file::Source;
use rankproof::recording::{Axis, Options, Scale, Selection, Window, prepare};

use super::{open, path};

/// The sentence behind the path, which comes first as it was given.
fn sentence(error: &impl ToString, path: &Path) -> String {
    let message = error.to_string();
    let start = format!("{}: ", path.display());
    let rest = message.strip_prefix(&start).unwrap_or_else(|| panic!("no path in {message}"));
    assert!(!rest.contains('\n'), "{message}");
    rest.to_owned()
}

fn not_opened(name: &str) -> String {
    let path = path(name);
    let error = Source::open(&path).err().unwrap_or_else(|| panic!("{name} is opened"));
    sentence(&error, &path)
}

fn not_read(name: &str, array: &str) -> String {
    let error = open(name).value(array).err().unwrap_or_else(|| panic!("{array} is read"));
    sentence(&error, &path(name))
}

fn not_prepared(name: &str, options: &Options) -> String {
    let path = path(name);
    let error = prepare(&path, options).err().unwrap_or_else(|| panic!("{name} is prepared"));
    sentence(&error, &path)
}

fn array(path: &str, axes: &[Axis]) -> Options {
    let what = Selection::Array { path: path.to_owned(), axes: axes.to_vec() };
    Options { bin_seconds: Some(0.05), ..Options::new(what) }
}

fn spikes(window: Option<Window>, bin: Option<f64>) -> Options {
    let align = Some("trials.start_time".to_owned());
    Options { window, bin, align, ..Options::new(Selection::Spikes { path: "units".to_owned() }) }
}

const WINDOW: Option<Window> = Some(Window { start: 0.0, end: 1.0 });

#[test]
fn files_that_are_no_recordings() {
    let expected = "expected a recording: .npy, .npz, .nwb (2.x), HDF5 or .mat (MATLAB v5, v6, v7 \
                    or v7.3)";
    assert_eq!(not_opened("README.md"), format!("is plain text, {expected}"));
    assert_eq!(not_opened("bad"), format!("is a directory without .npy files, {expected}"));
    assert_eq!(not_opened("no_such_file.nwb"), "does not exist");
    let folder = tempfile::tempdir().expect("a folder");
    for (bytes, found) in [(&b""[..], "is empty"), (&[0xfe; 200], "is of an unknown format")] {
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).expect("written");
        let error = Source::open(&path).err().expect("is refused");
        assert_eq!(sentence(&error, &path), format!("{found}, {expected}"));
    }
}

#[test]
fn nwb_of_the_first_version() {
    assert_eq!(
        not_opened("bad/nwb1.nwb"),
        "array \"nwb_version\" says that this is NWB 1.0.6, expected NWB 2.x, because NWB 1 has \
         another layout"
    );
}

#[test]
fn an_index_that_points_past_its_data() {
    let expected = "array \"units/spike_times\" has 10 rows, but its index \"spike_times_index\" \
                    points to 987786, expected an index within its data; the file may be cut off";
    assert_eq!(not_prepared("bad/index_past_data.nwb", &spikes(WINDOW, Some(0.1))), expected);
    let contradictions = open("bad/index_past_data.nwb").contradictions();
    assert_eq!(sentence(&contradictions[0], &path("bad/index_past_data.nwb")), expected);
}

#[test]
fn compressed_arrays_that_claim_absurd_sizes() {
    let refused = not_prepared("bad/absurd.h5", &array("counts", &Axis::ALL));
    assert!(
        refused.starts_with("array \"counts\" claims more than the file can hold (")
            && refused.ends_with("expected as many bytes as are there"),
        "{refused}"
    );
    assert_eq!(open("bad/absurd.h5").numbers("fine").expect("is read").data, [0.0, 1.0, 2.0]);
    assert_eq!(
        not_read("bad/absurd_length.mat", "(variable 1)"),
        "array \"(variable 1)\" is damaged: it claims 4294967280 bytes, of which 72 are there"
    );
    assert!(not_read("bad/absurd_axes.mat", "counts").starts_with(
        "array \"counts\" is damaged: it claims shape (2147483647, 2147483647, 2147483647), \
         79228162403583873"
    ));
    // The elements of the innermost cell that is listed.
    let deep = format!("c{}", "[1]".repeat(64));
    let refused = not_read("bad/deep.mat", &deep);
    assert!(refused.ends_with("is nested more than 64 deep, expected a recording"), "{refused}");
}

#[test]
fn arrays_with_other_axes() {
    assert_eq!(
        not_prepared("bad/empty_trials.npz", &array("two", &Axis::ALL)),
        "array \"two\" has 2 dimensions (2, 3), expected 3 (neuron, time, trial)"
    );
    assert_eq!(
        not_prepared("bad/empty_trials.npz", &array("two", &[Axis::Neuron, Axis::Time])),
        "array \"two\" has no trial axis, expected `trial_labels`, `trial_starts`, `align` or \
         `every` to cut it by"
    );
    // Axes in another order are seen by columns that no longer fit.
    let axes = [Axis::Trial, Axis::Time, Axis::Neuron];
    let condition = Some("target".to_owned());
    assert_eq!(
        not_prepared("counts.npz", &Options { condition, ..array("counts", &axes) }),
        "array \"target\" has 5 values, expected one for each of 4 trials"
    );
    let refused = not_prepared("session_v7.mat", &array("trials[].counts", &Axis::ALL));
    assert!(refused.starts_with("array \"trials[1].counts\" has 2 dimensions (6, 4)"), "{refused}");
    let swapped = array("trials[].counts", &[Axis::Neuron, Axis::Time]);
    let refused = not_prepared("session_v7.mat", &swapped);
    assert!(refused.contains("has shape (4, 4), expected 6 neurons as the arrays before"));
}

#[test]
fn no_trials_and_nothing_recorded() {
    let axes = &Axis::ALL;
    assert_eq!(
        not_prepared("bad/empty_trials.npz", &array("none", axes)),
        "has no trial, expected at least one"
    );
    assert_eq!(
        not_prepared("bad/empty_trials.npz", &array("nan", axes)),
        "has no trial that was asked for, expected at least one"
    );
    let mut options = array("counts", axes);
    options.trials = Some(rankproof::recording::Ranges(vec![(100, 200)]));
    let refused = not_prepared("counts.npz", &options);
    assert_eq!(refused, "has no trial that was asked for, expected at least one");
    options = Options { min_rate: Some(1e6), missing: Some(-1.0), ..array("counts", axes) };
    let refused = not_prepared("counts.npz", &options);
    assert_eq!(refused, "has 4 neurons, none of which is active, expected at least one");
}

#[test]
fn choices_that_make_no_sense_for_the_file() {
    let nwb = |options: &Options| not_prepared("session.nwb", options);
    assert_eq!(
        nwb(&spikes(WINDOW, None)),
        "array \"units\" holds spike times, expected `bin` above 0 s to count them"
    );
    assert_eq!(
        nwb(&spikes(None, Some(0.1))),
        "is to be cut around events, expected `window` from start to end in seconds"
    );
    assert_eq!(
        nwb(&spikes(WINDOW, Some(0.3))),
        "is to be cut from 0 to 1 s in bins of 0.3 s, expected a window of a whole number of bins, \
         at least one"
    );
    let series = |bin| Options {
        bin: Some(bin),
        every: Some(1.0),
        ..Options::new(Selection::Series { path: "cell_00".to_owned() })
    };
    let refused = nwb(&series(0.05));
    assert!(
        refused.starts_with("array \"cell_00\" has a sample every 0.1000 s, expected bins"),
        "{refused}"
    );
    let npz = |options: &Options| not_prepared("counts.npz", options);
    let mut options = array("counts", &Axis::ALL);
    options.bin_seconds = None;
    assert_eq!(
        npz(&options),
        "does not say how wide its bins are, expected `bin_seconds` or `bin_seconds_array`"
    );
    let options = Options { bin: Some(0.12), ..array("counts", &Axis::ALL) };
    assert!(npz(&options).starts_with("has bins of 0.05 s, expected bins of which a whole number"));
    let options = Options { sqrt: true, ..array("counts", &Axis::ALL) };
    assert!(npz(&options).starts_with("holds negative numbers, expected none"));
    let options = Options { scale: Some(Scale::Soft(0.0)), ..array("by_trial", &Axis::ALL) };
    assert!(npz(&options).starts_with("is to be normalised by no constant"));
    let mut options = array("by_trial", &[Axis::Trial, Axis::Neuron, Axis::Time]);
    options.neurons = Some("0..4".to_owned());
    assert_eq!(npz(&options), "has no neuron 4, expected places from 0 to 3");
    options.neurons = None;
    options.trial_number = Some("block".to_owned());
    assert_eq!(
        npz(&options),
        "array \"block\" holds 1 after 1, expected numbers of trials that increase"
    );
    options.trial_number = Some("target".to_owned());
    assert!(npz(&options).contains("\"target\" holds other than whole numbers"));
    options.trial_number = None;
    options.condition = Some("targets".to_owned());
    assert!(npz(&options).starts_with("has no array \"targets\", only \"counts\", \"by_trial\""));
}
