//! Real recordings: each is loaded with the numbers that are known of it, or refused as it should
//! be. They are not part of this project, so the tests are ignored unless they are asked for:
//!
//! ```text
//! RANKPROOF_RECORDINGS=FOLDER cargo test --test real_recordings -- --ignored
//! ```

use std::env;
use std::path::{Path, PathBuf};

use rankproof::file::{ReadError, Source};
use rankproof::recording::{
    Axis, Filter, Options, Prepared, Quantity, Recording, Selection, Window, prepare,
};

/// A file of the folder of recordings.
fn recording(name: &str) -> PathBuf {
    let folder = env::var_os("RANKPROOF_RECORDINGS").expect("RANKPROOF_RECORDINGS names a folder");
    let path = Path::new(&folder).join(name);
    assert!(path.is_file(), "{} is missing", path.display());
    path
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn array(path: &str, axes: &[Axis]) -> Options {
    Options::new(Selection::Array { path: path.to_owned(), axes: axes.to_vec() })
}

fn prepared(path: &Path, options: &Options) -> Prepared {
    prepare(path, options).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(error: &ReadError, path: &Path) -> String {
    let message = error.to_string();
    let start = format!("{}: ", path.display());
    message.strip_prefix(&start).unwrap_or_else(|| panic!("no path in {message}")).to_owned()
}

/// Equal in every entry, missing ones included.
fn assert_same_activity(a: &Recording, b: &Recording) {
    assert_eq!((a.neurons, a.bins, a.trials), (b.neurons, b.bins, b.trials));
    let bits = |x: &f64| if x.is_nan() { u64::MAX } else { x.to_bits() };
    assert!(a.activity.iter().map(bits).eq(b.activity.iter().map(bits)));
}

#[test]
#[ignore = "needs real recordings: RANKPROOF_RECORDINGS=FOLDER"]
fn chewie_counts() {
    let path = recording("chewie_20131003_counts.npz");
    let options = Options {
        missing: Some(-1.0),
        bin_seconds_array: some("bin_s"),
        condition: some("target"),
        ..array("counts", &Axis::ALL)
    };
    let Prepared { recording, notes } = prepared(&path, &options);
    assert_eq!((recording.neurons, recording.bins, recording.trials), (174, 14, 159));
    assert_eq!((recording.quantity, recording.bin_seconds), (Quantity::Counts, 0.1));
    assert_eq!(recording.condition_names, ["0", "1", "2", "3", "4", "5", "6", "7"]);
    assert_eq!(recording.conditions[..6], [6, 3, 7, 2, 1, 3]);
    assert!(notes.is_empty(), "{notes:?}");
    // The lengths of the trials are in the file, too.
    let lengths = Source::open(&path).unwrap().numbers("n_bins").unwrap().data;
    for (k, length) in lengths.iter().enumerate() {
        let bins = (0..14).filter(|&t| !recording.activity_at(0, t, k).is_nan()).count();
        assert_eq!(bins as f64, *length, "trial {k}");
    }
}

#[test]
#[ignore = "needs real recordings: RANKPROOF_RECORDINGS=FOLDER"]
fn hennig_latents_of_matlab_are_those_of_numpy() {
    let npz = recording("hennig2021_monkeyN_latents.npz");
    let mat = recording("hennig2021_monkeyN_20160728_matv5.mat");
    let of_numpy = Options {
        bin_seconds_array: some("bin_s"),
        condition: some("target_deg"),
        epoch: some("block"),
        trial_number: some("trial_index"),
        ..array("latents", &Axis::ALL)
    };
    let of_matlab = Options {
        bin_seconds: Some(0.045),
        trial_labels: some("Bs[].trial_index"),
        bin_index: some("Bs[].time"),
        condition: some("Bs[].target"),
        epoch: some("Bs[].block_index"),
        trial_number: some("Bs[].trial_index"),
        ..array("Bs[].latents", &[Axis::Time, Axis::Neuron])
    };
    let of_numpy = prepared(&npz, &of_numpy).recording;
    let of_matlab = prepared(&mat, &of_matlab).recording;
    assert_eq!((of_numpy.neurons, of_numpy.bins, of_numpy.trials), (10, 20, 794));
    assert_same_activity(&of_numpy, &of_matlab);
    assert_eq!(of_numpy.trial_numbers, (1..=794).collect::<Vec<_>>());
    assert_eq!(of_numpy.trial_numbers, of_matlab.trial_numbers);
    assert_eq!(of_numpy.conditions, of_matlab.conditions);
    assert_eq!(of_numpy.condition_names, of_matlab.condition_names);
    let of_second_epoch = |r: &Recording| r.epochs.iter().filter(|&&epoch| epoch == 1).count();
    assert_eq!((of_second_epoch(&of_numpy), of_second_epoch(&of_matlab)), (600, 600));
    assert_eq!(of_numpy.quantity, Quantity::Values);
}

#[test]
#[ignore = "needs real recordings: RANKPROOF_RECORDINGS=FOLDER"]
fn degenhart_counts_of_matlab_are_those_of_numpy() {
    let npz = recording("degenhart2020_counts.npz");
    let mat = recording("degenhart2020_20160325_matv5.mat");
    let of_numpy = Options {
        missing: Some(-1.0),
        bin_seconds_array: some("bin_s"),
        condition: some("target_deg"),
        epoch: some("type_code"),
        trial_number: some("trial_id"),
        ..array("counts", &Axis::ALL)
    };
    let of_matlab = Options {
        bin_seconds: Some(0.045),
        neurons: some("goodElectrodes"),
        condition: some("trialData[].tgtPos"),
        epoch: some("trialData[].type"),
        trial_number: some("trialData[].id"),
        max_bins: Some(24),
        ..array("trialData[].binCounts", &[Axis::Time, Axis::Neuron])
    };
    let of_numpy = prepared(&npz, &of_numpy).recording;
    let Prepared { recording: matlab, notes } = prepared(&mat, &of_matlab);
    assert_eq!((of_numpy.neurons, of_numpy.bins, of_numpy.trials), (93, 24, 1252));
    assert_same_activity(&of_numpy, &matlab);
    assert_eq!(of_numpy.quantity, Quantity::Counts);
    assert_eq!(of_numpy.trial_numbers, matlab.trial_numbers);
    assert_eq!((matlab.trial_numbers[0], matlab.trial_numbers[1251]), (17, 1268));
    assert_eq!(notes[0], "16 of 1268 trials left out: nothing was recorded in them");
    assert_eq!((matlab.epoch_names.len(), matlab.condition_names.len()), (6, 8));
    // Targets are numbered by angle in one file and by place in the other, but are the same.
    let pairs: std::collections::BTreeSet<_> =
        of_numpy.conditions.iter().zip(&matlab.conditions).collect();
    assert_eq!(pairs.len(), 8);
    // Without a limit trials last up to 173 bins.
    let whole = prepared(&mat, &Options { max_bins: None, ..of_matlab.clone() }).recording;
    assert_eq!(whole.bins, 173);
    let filters = vec![Filter::parse("trialData[].type=stabilization").unwrap()];
    let some = prepared(&mat, &Options { filters, ..of_matlab }).recording;
    assert_eq!((some.trials, some.epoch_names.len()), (308, 1));
}

#[test]
#[ignore = "needs real recordings: RANKPROOF_RECORDINGS=FOLDER"]
fn zheng_units_and_tables() {
    let path = recording("nwb/zheng2022_human_mtl_sub-4_ses-4_nwb2.4.0.nwb");
    let mut source = Source::open(&path).unwrap();
    assert_eq!(source.format(), "NWB 2.4.0 (HDF5)");
    assert!(source.contradictions().is_empty());
    assert_eq!(source.numbers("units/spike_times").unwrap().shape, [214_278]);
    assert_eq!(source.numbers("units/spike_times_index").unwrap().data[34], 214_278.0);
    for (table, rows) in
        [("encoding_table", 90), ("recognition_table", 180), ("timediscrimination_table", 180)]
    {
        let starts = source.numbers(&format!("{table}.start_time")).unwrap();
        assert_eq!(starts.shape, [rows], "{table}");
        let options = Options {
            align: Some(format!("{table}.start_time")),
            window: Some(Window { start: -0.5, end: 1.0 }),
            bin: Some(0.05),
            ..Options::new(Selection::Spikes { path: "units".to_owned() })
        };
        let recording = prepared(&path, &options).recording;
        assert_eq!((recording.neurons, recording.bins, recording.trials), (35, 30, rows));
        assert_eq!(recording.quantity, Quantity::Counts);
        // Counted once more, spike by spike.
        let spikes = source.numbers("units/spike_times").unwrap().data;
        let inside = |spike: &f64| {
            let near = |start: &&f64| (**start - 0.5..**start + 1.0).contains(spike);
            starts.data.iter().filter(near).count()
        };
        let expected: usize = spikes.iter().map(inside).sum();
        let found: f64 = recording.activity.iter().sum();
        assert!((found - expected as f64).abs() <= 1.0, "{table}: {found}, {expected}");
    }
    let columns = Options {
        align: some("encoding_table.start_time"),
        window: Some(Window { start: 0.0, end: 8.0 }),
        bin: Some(0.1),
        condition: some("encoding_table.stimCategory"),
        smooth_ms: Some(100.0),
        ..Options::new(Selection::Spikes { path: "units".to_owned() })
    };
    let recording = prepared(&path, &columns).recording;
    assert_eq!(recording.condition_names, ["0", "1", "2"]);
    assert_eq!(recording.quantity, Quantity::Values);
}

#[test]
#[ignore = "needs real recordings: RANKPROOF_RECORDINGS=FOLDER"]
fn scholz_fluorescence() {
    let path = recording("nwb/scholz2018_celegans_gzip_nwb2.1.0.nwb");
    let options = Options {
        every: Some(30.0),
        bin: Some(0.5),
        ..Options::new(Selection::Series { path: "acquisition/Activity_*".to_owned() })
    };
    let recording = prepared(&path, &options).recording;
    assert_eq!((recording.neurons, recording.bins), (59, 60));
    assert_eq!(recording.neuron_names[58], "Activity_0058");
    // The first bin is the mean of the samples at 0, 0.166, 0.331 and 0.496 s.
    let mut source = Source::open(&path).unwrap();
    let data = source.numbers("Activity_0007/data").unwrap();
    assert_eq!(data.shape, [3690]);
    let expected = data.data[..4].iter().sum::<f64>() / 4.0;
    assert!((recording.activity_at(7, 0, 0) - expected).abs() < 1e-12);
}

#[test]
#[ignore = "needs real recordings: RANKPROOF_RECORDINGS=FOLDER"]
fn meister_is_nwb_of_the_first_version() {
    let path = recording("nwb/meister_retina_20080606_R2_nwb1.0.6.nwb");
    let error = Source::open(&path).err().expect("is refused");
    assert_eq!(
        refused(&error, &path),
        "array \"nwb_version\" says that this is NWB 1.0.6, expected NWB 2.x, because NWB 1 has \
         another layout"
    );
}

#[test]
#[ignore = "needs real recordings: RANKPROOF_RECORDINGS=FOLDER"]
fn allen_is_cut_off() {
    let path = recording("nwb/allen_neuropixels_TRUNCATED_nwb2.2.2.nwb");
    let options = Options {
        align: some("flashes_presentations.start_time"),
        window: Some(Window { start: 0.0, end: 0.25 }),
        bin: Some(0.05),
        ..Options::new(Selection::Spikes { path: "units".to_owned() })
    };
    let error = prepare(&path, &options).expect_err("is refused");
    let expected = "array \"units/spike_times\" has 10 rows, but its index \"spike_times_index\" \
                    points to 987786, expected an index within its data; the file may be cut off";
    assert_eq!(refused(&error, &path), expected);
}

#[test]
#[ignore = "needs real recordings: RANKPROOF_RECORDINGS=FOLDER"]
fn dad_rates() {
    let path = recording("mat73/dad_workspace_chewie_mihi_matv73.mat");
    let mut source = Source::open(&path).unwrap();
    for (name, shape) in [("Y1", [155, 695]), ("Y2", [174, 701]), ("Y3", [187, 875])] {
        assert_eq!(source.numbers(&format!("Data/{name}")).unwrap().shape, shape);
    }
    assert_eq!(source.numbers("sim").unwrap().shape, [1000, 726]);
    let options = Options {
        bin_seconds: Some(0.2),
        trial_starts: some("Data.Ntest"),
        condition: some("Data.Ttest"),
        ..array("Data.Y3", &[Axis::Neuron, Axis::Time])
    };
    let recording = prepared(&path, &options).recording;
    assert_eq!((recording.neurons, recording.trials), (187, 209));
    let recorded = recording.activity.iter().filter(|entry| !entry.is_nan()).count();
    assert_eq!(recorded, 187 * 875, "all bins are in some trial");
    assert_eq!(recording.condition_names.len(), 8);
}
