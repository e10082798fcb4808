//! The layouts in which spike times and trials come, against what their writer wrote: in bin t of
//! 0.1 s of trial k neuron n has count(n, t, k) spikes, and trials start at 2 + 3 k s.

use proptest::prelude::*;
use rankproof::file::write_npz;
use rankproof::recording::{
    Axis, ColumnAt, Options, Prepared, Recording, Selection, Window, prepare,
};

use super::{TARGETS, count, path};

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn prepared(name: &str, options: &Options) -> Prepared {
    prepare(path(name), options).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(name: &str, options: &Options) -> String {
    match prepare(path(name), options) {
        Ok(_) => panic!("{name} is prepared"),
        Err(error) => error.to_string(),
    }
}

/// Spikes around the starts of trials.
fn of_session(path: &str) -> Options {
    Options { align: some("start"), ..of_trials(path) }
}

/// Spikes on the clock of each trial.
fn of_trials(path: &str) -> Options {
    Options {
        window: Some(Window { start: 0.0, end: 0.6 }),
        bin: Some(0.1),
        ..Options::new(Selection::Spikes { path: path.to_owned() })
    }
}

/// Checks all counts of all trials.
fn check(recording: &Recording) {
    assert_eq!((recording.neurons, recording.bins, recording.trials), (4, 6, 5));
    for (n, t, k) in (0..4).flat_map(|n| (0..6).flat_map(move |t| (0..5).map(move |k| (n, t, k)))) {
        let found = recording.activity_at(n, t, k);
        assert_eq!(found, count(n, t, k), "neuron {n}, bin {t}, trial {k}");
    }
}

#[test]
fn times_in_one_array_are_told_apart_by_the_unit_of_each() {
    for (times, ids, scale) in [
        ("spike_times", "spike_clusters", None),
        ("spike_samples", "spike_clusters", Some(1.0 / 30000.0)),
        ("spike_ms", "spike_names", Some(0.001)),
    ] {
        let options = Options { unit_ids: some(ids), spike_time_scale: scale, ..of_session(times) };
        let Prepared { recording, notes } = prepared("layouts.npz", &options);
        check(&recording);
        assert!(notes.is_empty(), "{times}: {notes:?}");
        let names = if ids == "spike_names" { "a b c d" } else { "0 10 20 30" };
        assert_eq!(recording.neuron_names.join(" "), names);
    }
    let without = refused("layouts.npz", &of_session("spike_times"));
    assert!(without.contains("is a single array, expected `unit_ids` with"), "{without}");
    let other = Options { unit_ids: some("start"), ..of_session("spike_times") };
    let other = refused("layouts.npz", &other);
    assert!(other.contains("\"start\" has 5 values, expected a unit for each of the"), "{other}");
}

#[test]
fn a_folder_of_arrays_is_read_as_one_file() {
    let folder = tempfile::tempdir().expect("a folder");
    // An archive of NumPy holds each array as the file that it would be by itself.
    let archive = std::fs::File::open(path("layouts.npz")).expect("there");
    let mut archive = zip::ZipArchive::new(archive).expect("an archive");
    for name in ["spike_samples.npy", "spike_clusters.npy", "start.npy"] {
        let mut member = archive.by_name(name).expect("a member");
        let mut file = std::fs::File::create(folder.path().join(name)).expect("created");
        std::io::copy(&mut member, &mut file).expect("copied");
    }
    std::fs::write(folder.path().join("broken.npy"), "no array").expect("written");
    let options = Options {
        unit_ids: some("spike_clusters"),
        spike_time_scale: Some(1.0 / 30000.0),
        ..of_session("spike_samples")
    };
    let recording = prepare(folder.path(), &options).expect("prepared").recording;
    check(&recording);
    let provenance: serde_json::Value = serde_json::from_str(&recording.provenance).expect("JSON");
    let source = &provenance["source"];
    assert_eq!(source["format"], "folder of NumPy .npy");
    assert!(source["bytes"].as_u64().is_some_and(|bytes| bytes > 1000));
}

#[test]
fn each_name_that_fits_a_pattern_is_a_unit() {
    let Prepared { recording, .. } = prepared("layouts.mat", &of_session("sig*"));
    check(&recording);
    assert_eq!(recording.neuron_names.join(" "), "sig000a sig001a sig002a sig003a");
    for pattern in ["units/*/times", "*/times"] {
        let Prepared { recording, .. } = prepared("layouts.h5", &of_session(pattern));
        check(&recording);
        assert_eq!(recording.neuron_names.join(" "), "1 2 3 10", "by number, not by letter");
    }
    let none = refused("layouts.h5", &of_session("units/*/spikes"));
    assert!(none.contains("has no array of numbers that fits \"units/*/spikes\""), "{none}");
}

#[test]
fn spikes_are_stored_trial_by_trial() {
    let Prepared { recording, notes } = prepared("layouts.mat", &of_trials("trials[].spikes[]"));
    check(&recording);
    assert_eq!(recording.trial_numbers, [1, 2, 3, 4, 5], "counted as in MATLAB");
    assert!(notes.iter().any(|note| note.contains("as by `axes` trial,neuron")), "{notes:?}");
    check(&prepared("layouts.mat", &of_trials("trials[].spikes")).recording);
    let options = Options {
        condition: some("trials[].target"),
        until: some("trials[].dur"),
        align: some("trials[].go"),
        window: Some(Window { start: -0.1, end: 0.2 }),
        ..of_trials("trials[].spikes[]")
    };
    let Prepared { recording, .. } = prepared("layouts.mat", &options);
    assert_eq!((recording.bins, recording.start_seconds), (3, -0.1));
    assert_eq!(recording.condition_names, ["left", "right", "up"]);
    assert_eq!(TARGETS[3], "up");
    // Time 0 is at the start of bin k.
    for (t, k) in (0..3).flat_map(|t| (1..5).map(move |k| (t, k))) {
        if k + t <= 6 {
            assert_eq!(recording.activity_at(2, t, k), count(2, k + t - 1, k))
        } else {
            assert!(recording.activity_at(2, t, k).is_nan(), "behind the end")
        }
    }
    let regular = Options { every: Some(0.6), ..of_trials("trials[].spikes[]") };
    assert!(refused("layouts.mat", &regular).contains("in place of `every`"));
}

#[test]
fn cells_of_several_axes_are_taken_by_their_names_or_not_at_all() {
    let (trial, neuron) = (Axis::Trial, Axis::Neuron);
    for (file, path, axes) in [
        ("layouts.mat", "spk[]", [trial, neuron]),
        ("layouts.mat", "spk", [trial, neuron]),
        ("layouts.mat", "by_neuron[]", [neuron, trial]),
        // As HDF5 has them, in the reverse of MATLAB's order.
        ("layouts_v73.mat", "spk[]", [neuron, trial]),
    ] {
        let options = Options { list_axes: Some(axes.to_vec()), ..of_trials(path) };
        let Prepared { recording, notes } = prepared(file, &options);
        check(&recording);
        assert!(notes.is_empty(), "{notes:?}");
    }
    let spikes = refused("layouts.mat", &of_trials("spk[]"));
    let expected = "is a list of 5 x 4 arrays, expected `axes` trial,neuron or neuron,trial";
    assert!(spikes.contains(expected), "{spikes}");
    let array = |axes: &[Axis]| Options {
        bin_seconds: Some(0.1),
        ..Options::new(Selection::Array { path: "courses[]".to_owned(), axes: axes.to_vec() })
    };
    check(&prepared("layouts.mat", &array(&[trial, neuron, Axis::Time])).recording);
    let flat = refused("layouts.mat", &array(&[Axis::Time, neuron]));
    assert!(flat.contains("is a list of 5 x 4 arrays, expected `axes` with those"), "{flat}");
    // If it is said, all elements are trials, in the order of MATLAB.
    let all = prepared("layouts.mat", &array(&[trial, trial, Axis::Time, neuron])).recording;
    assert_eq!((all.neurons, all.bins, all.trials), (1, 6, 20));
    assert_eq!(all.activity_at(0, 3, 6), count(1, 3, 1));
}

#[test]
fn times_in_other_units_are_told_and_scaled_apart() {
    let options = Options { unit_ids: some("spike_clusters"), ..of_session("spike_ms") };
    let Prepared { notes, .. } = prepared("layouts.npz", &options);
    let told = |notes: &[String], text: &str| notes.iter().any(|note| note.contains(text));
    assert!(told(&notes, "share no time: trials go from 2 to 14.6 s, spikes from 2"), "{notes:?}");
    let both = Options { time_scale: Some(0.001), ..options.clone() };
    let Prepared { notes, .. } = prepared("layouts.npz", &both);
    assert!(told(&notes, "share no time: trials go from 0.002 to 0.614"), "{notes:?}");
    // Either factor may be that of the one kind of times alone.
    let spikes = Options { spike_time_scale: Some(0.001), ..options };
    let events = Options { time_scale: Some(0.001), event_time_scale: Some(1.0), ..spikes.clone() };
    for options in [spikes, Options { spike_time_scale: None, ..events }] {
        let Prepared { recording, notes } = prepared("layouts.npz", &options);
        check(&recording);
        assert!(notes.is_empty(), "{notes:?}");
    }
}

#[test]
fn trials_of_a_list_are_cut_around_a_bin_of_their_own() {
    let axes = vec![Axis::Time, Axis::Neuron];
    let options = Options {
        align_index: some("trial_data[].idx_goCueTime"),
        window: Some(Window { start: -0.2, end: 0.4 }),
        bin_seconds_array: some("trial_data[].bin_size"),
        condition: some("trial_data[].target"),
        ..Options::new(Selection::Array { path: "trial_data[].M1_spikes".to_owned(), axes })
    };
    let Prepared { recording, notes } = prepared("layouts.mat", &options);
    assert_eq!((recording.bins, recording.start_seconds, recording.bin_seconds), (6, -0.2, 0.1));
    assert_eq!(recording.trial_numbers, [1, 2, 3, 5], "the fourth has no cue");
    assert_eq!(notes, ["1 of 5 trials left out: nothing was recorded in them"]);
    assert_eq!(recording.condition_names, ["left", "right"]);
    for (place, (k, cue)) in [(0, 2), (1, 3), (2, 4), (4, 3)].into_iter().enumerate() {
        for (n, t) in (0..4).flat_map(|n| (0..6).map(move |t| (n, t))) {
            let (found, bin) = (recording.activity_at(n, t, place), cue + t - 2);
            if bin < 6 {
                assert_eq!(found, count(n, bin, k), "neuron {n}, bin {t}, trial {k}")
            } else {
                assert!(found.is_nan(), "behind the end of the trial")
            }
        }
    }
    let wide = Options { bin: Some(0.2), ..options.clone() };
    let wide = prepared("layouts.mat", &wide).recording;
    assert_eq!((wide.bins, wide.activity_at(1, 0, 0)), (3, count(1, 0, 0) + count(1, 1, 0)));
    let events = Options { align: some("start"), align_index: None, ..options.clone() };
    assert!(refused("layouts.mat", &events).contains("`align_index` cuts around a bin"));
    let beyond = Options { align_index: some("trials[].go"), ..options };
    assert!(refused("layouts.mat", &beyond).contains("holds 0 for trial 1, expected one of its"));
}

fn continuous() -> Options {
    let axes = vec![Axis::Neuron, Axis::Time];
    Options {
        bin_seconds: Some(0.1),
        trial_starts: some("flag"),
        ..Options::new(Selection::Array { path: "continuous".to_owned(), axes })
    }
}

#[test]
fn a_trial_begins_where_a_flag_rises() {
    let Prepared { recording, notes } = prepared("layouts.npz", &continuous());
    assert_eq!((recording.trials, recording.bins), (4, 7));
    assert_eq!(recording.activity_at(2, 0, 1), 209.0);
    assert_eq!(
        notes,
        [
            "flags of flag stay on for up to 3 bins; a trial begins where they rise",
            "2 bins before the first flag of flag are left out",
        ]
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("flags.npz");
    write_npz(&file, |npz| {
        npz.array("x", &[1, 4], &[1.0, 2.0, 3.0, 4.0])?;
        npz.array("none", &[4], &[0.0, f64::NAN, 0.0, 0.0])
    })
    .expect("written");
    let axes = vec![Axis::Neuron, Axis::Time];
    let what = Selection::Array { path: "x".to_owned(), axes };
    let none = Options { trial_starts: some("none"), what, ..continuous() };
    let error = prepare(&file, &none).expect_err("no flag").to_string();
    assert!(error.contains("\"none\" has no flag that is set"), "{error}");
}

#[test]
fn events_halfway_between_bins_go_to_the_same_side() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("half.npz");
    // 0.15 / 0.1 is below 1.5, and 0.35 / 0.1 is 3.5.
    let events: Vec<f64> = (0..12).map(|k| 0.05 + f64::from(k) / 10.0).collect();
    write_npz(&file, |npz| {
        npz.array("x", &[1, 20], &(0..20).collect::<Vec<i32>>())?;
        npz.array("event", &[12], &events)
    })
    .expect("written");
    let axes = vec![Axis::Neuron, Axis::Time];
    let options = Options {
        bin_seconds: Some(0.1),
        align: some("event"),
        window: Some(Window { start: 0.0, end: 0.1 }),
        ..Options::new(Selection::Array { path: "x".to_owned(), axes })
    };
    let Prepared { recording, notes } = prepare(&file, &options).expect("prepared");
    let first: Vec<f64> = (0..12).map(|k| recording.activity_at(0, 0, k)).collect();
    assert_eq!(first, (1..13).map(f64::from).collect::<Vec<_>>());
    let note = "trials begin with the nearest bin of the array, up to 50.0000 ms from";
    assert!(notes.iter().any(|other| other.starts_with(note)), "{notes:?}");
}

#[test]
fn choices_that_would_change_nothing_are_refused() {
    let window = Some(Window { start: 0.0, end: 0.1 });
    let cut = refused("layouts.npz", &Options { window, ..continuous() });
    assert!(cut.contains("`window` with `align`, `every` or, of trials, `align_index`"), "{cut}");
    let until = refused("layouts.npz", &Options { until: some("start"), ..continuous() });
    assert!(until.contains("expected `until` with `align` alone"), "{until}");
    let axes = Some(vec![Axis::Trial, Axis::Neuron]);
    let list = Options { list_axes: axes, ..of_trials("trials[2].spikes[]") };
    let list = refused("layouts.mat", &Options { align: some("start"), ..list });
    assert!(list.contains("expected `axes` for lists of several axes alone"), "{list}");
}

#[test]
fn of_a_column_that_changes_within_trials_one_bin_counts() {
    let options = Options { condition: some("cue"), ..continuous() };
    let refused = refused("layouts.npz", &options);
    let expected = "changes from 0 to 1 in trial 0, expected one value for all bins of a trial, or \
                    `column_at` first, last or mode";
    assert!(refused.contains(expected), "{refused}");
    for (at, names) in
        [(ColumnAt::First, "0"), (ColumnAt::Last, "1 2 3 4"), (ColumnAt::Mode, "1 2 3 4")]
    {
        let options = Options { column_at: Some(at), ..options.clone() };
        let recording = prepared("layouts.npz", &options).recording;
        assert_eq!(recording.condition_names.join(" "), names, "{at:?}");
    }
}

#[test]
fn nothing_else_is_flattened_either() {
    let events = Options {
        unit_ids: some("spike_clusters"),
        align: some("intervals"),
        ..of_session("spike_times")
    };
    let events = refused("layouts.npz", &events);
    assert!(events.contains("\"intervals\" has shape (5, 2), expected one axis with a time"));
    let column = Options { condition: some("intervals"), ..continuous() };
    let column = refused("layouts.npz", &column);
    assert!(column.contains("has shape (5, 2), expected one value, or a few, for each of 4"));
    // Flags of neurons are flags and not the places 1, 0, 1, 0.
    let good = Options { neurons: some("good"), ..continuous() };
    assert_eq!(prepared("layouts.npz", &good).recording.neuron_names, ["0", "2"]);
    let narrow = Options { bin: Some(0.2), ..continuous() };
    let Prepared { recording, notes } = prepared("layouts.npz", &narrow);
    assert_eq!((recording.bins, recording.activity_at(0, 1, 0)), (3, 4.0 + 5.0));
    assert!(notes.iter().any(|note| note.contains("4 trials end within a bin of 0.2 s")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// A spike in each step of a clock, events on the clock: each bin has as many as it is wide.
    #[test]
    fn spikes_on_the_edges_of_bins_are_counted_once(
        rate in 10_u32..=1000,
        steps in 1_u32..=10,
        start in 0_u32..5_000_000,
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("edges.npz");
        let time = |i: u32| f64::from(start) / 1000.0 + f64::from(i) / f64::from(rate);
        let times: Vec<f64> = (0..600).map(time).collect();
        let events: Vec<f64> = [37, 100, 211, 400].map(time).to_vec();
        write_npz(&file, |npz| {
            npz.array("times", &[600], &times)?;
            npz.array("id", &[600], &[1_i32; 600])?;
            npz.array("single", &[4], &events.iter().map(|&t| t as f32).collect::<Vec<_>>())?;
            npz.array("event", &[4], &events)
        }).expect("written");
        let bin = f64::from(steps) / f64::from(rate);
        // The rounding of single precision is seen beside bins that are wide enough for it.
        let is_wide = bin > 20.0 * 3e-7 * time(600);
        for event in if is_wide { vec!["event", "single"] } else { vec!["event"] } {
            let options = Options {
                unit_ids: some("id"),
                align: some(event),
                window: Some(Window { start: -3.0 * bin, end: 12.0 * bin }),
                bin: Some(bin),
                ..Options::new(Selection::Spikes { path: "times".to_owned() })
            };
            let recording = prepare(&file, &options).expect("prepared").recording;
            prop_assert!(recording.activity.iter().all(|&count| count == f64::from(steps)));
        }
    }
}
