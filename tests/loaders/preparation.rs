//! Recordings prepared from files, against what their writer wrote.

use rankproof::recording::{
    Axis, Filter, Options, Prepared, Quantity, Ranges, Recording, Scale, Selection, Window, prepare,
};

use super::{LENGTHS, TARGETS, count, path};

fn prepared(name: &str, options: &Options) -> Prepared {
    let prepared = prepare(path(name), options).unwrap_or_else(|error| panic!("{error}"));
    prepared.recording.validate().expect("a valid recording");
    prepared
}

fn recording(name: &str, options: &Options) -> Recording {
    prepared(name, options).recording
}

fn array(path: &str, axes: &[Axis]) -> Options {
    let what = Selection::Array { path: path.to_owned(), axes: axes.to_vec() };
    Options { bin_seconds: Some(0.05), ..Options::new(what) }
}

fn cube() -> Options {
    Options { missing: Some(-1.0), ..array("counts", &Axis::ALL) }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// Checks all entries of trials that are these of the files.
fn check(recording: &Recording, trials: &[usize]) {
    assert_eq!((recording.neurons, recording.trials), (4, trials.len()));
    for (place, &k) in trials.iter().enumerate() {
        for (n, t) in (0..4).flat_map(|n| (0..recording.bins).map(move |t| (n, t))) {
            let found = recording.activity_at(n, t, place);
            if t < LENGTHS[k] {
                assert_eq!(found, count(n, t, k), "neuron {n}, bin {t}, trial {k}")
            } else {
                assert!(found.is_nan(), "neuron {n}, bin {t}, trial {k}: {found}")
            }
        }
    }
}

#[test]
fn one_array_with_its_columns() {
    let options = Options {
        condition: some("target"),
        epoch: some("block"),
        trial_number: some("trial_id"),
        ..cube()
    };
    let recording = recording("counts.npz", &options);
    check(&recording, &[0, 1, 2, 3, 4]);
    assert_eq!((recording.bins, recording.quantity), (6, Quantity::Counts));
    assert_eq!(recording.condition_names, ["left", "right", "up"]);
    assert_eq!(recording.conditions, [0, 1, 0, 2, 1]);
    assert_eq!(recording.epoch_names, ["1", "2"]);
    assert_eq!(recording.epochs, [0, 0, 1, 1, 1]);
    assert_eq!(recording.trial_numbers, [10, 11, 14, 20, 21]);
    assert_eq!(recording.neuron_names, ["0", "1", "2", "3"]);
    assert_eq!((recording.bin_seconds, recording.start_seconds), (0.05, 0.0));
    let provenance: serde_json::Value = serde_json::from_str(&recording.provenance).expect("JSON");
    let source = &provenance["source"];
    assert_eq!((&source["file"], &source["bytes"]), (&"counts.npz".into(), &1754.into()));
    assert_eq!(source["sha256"].as_str().map(str::len), Some(64));
    assert_eq!(provenance["options"]["missing"], -1.0);
    assert_eq!(provenance["options"]["what"]["array"]["path"], "counts");
}

#[test]
fn axes_in_any_order_and_all_formats_give_the_same() {
    let by_trial = [Axis::Trial, Axis::Neuron, Axis::Time];
    check(&recording("counts.npz", &array("by_trial", &by_trial)), &[0, 1, 2, 3, 4]);
    check(&recording("fortran.npy", &array("array", &Axis::ALL)), &[0, 1, 2, 3, 4]);
    check(&recording("plain.h5", &array("a/activity", &Axis::ALL)), &[0, 1, 2, 3, 4]);
    let unit = recording("plain.h5", &array("a/activity", &Axis::ALL)).unit;
    assert_eq!(unit, "spikes");
    let ragged = array("trials[].counts", &[Axis::Time, Axis::Neuron]);
    check(&recording("session_v6.mat", &ragged), &[0, 1, 2, 4]);
    check(&recording("session_v7.mat", &ragged), &[0, 1, 2, 4]);
    let reversed = array("trials[].counts", &[Axis::Neuron, Axis::Time]);
    check(&recording("session_v73.mat", &reversed), &[0, 1, 2, 4]);
}

#[test]
fn trials_of_a_struct_array_keep_their_numbers_and_columns() {
    for (name, axes) in [
        ("session_v7.mat", [Axis::Time, Axis::Neuron]),
        ("session_v73.mat", [Axis::Neuron, Axis::Time]),
    ] {
        let options = Options { epoch: some("trials[].type"), ..array("trials[].counts", &axes) };
        let Prepared { recording, notes } = prepared(name, &options);
        assert_eq!(recording.trial_numbers, [1, 2, 3, 5], "counted as in MATLAB");
        assert_eq!(recording.epoch_names, ["baseline", "adaptation"]);
        assert_eq!(recording.epochs, [0, 0, 1, 1]);
        assert_eq!(notes, ["1 of 5 trials left out: nothing was recorded in them"]);
        let options = Options { trial_number: some("trials[].id"), ..options };
        assert_eq!(super::preparation::recording(name, &options).trial_numbers, [10, 11, 12, 14]);
    }
    // Two numbers for each trial are one condition.
    let axes = [Axis::Time, Axis::Neuron];
    let options = Options { condition: some("trials[].target"), ..array("trials[].counts", &axes) };
    let names = recording("session_v7.mat", &options).condition_names;
    assert_eq!(
        names,
        ["-0.653644, -0.756802", "-0.416147, 0.909297", "0.540302, 0.841471", "1, 0"]
    );
}

#[test]
fn neurons_and_trials_are_selected() {
    let good =
        Options { neurons: some("good"), ..array("trials[].counts", &[Axis::Time, Axis::Neuron]) };
    let recording = recording("session_v7.mat", &good);
    assert_eq!(recording.neuron_names, ["1", "3", "4"], "counted as in MATLAB");
    assert_eq!(recording.activity_at(1, 2, 1), count(2, 2, 1));
    let options = Options {
        neurons: some("0,2..3"),
        trials: Some(Ranges(vec![(11, 20)])),
        trial_number: some("trial_id"),
        filters: vec![Filter::parse("target!=right").unwrap()],
        ..cube()
    };
    let Prepared { recording, notes } = prepared("counts.npz", &options);
    assert_eq!((recording.neurons, recording.neuron_names[1].as_str()), (3, "2"));
    assert_eq!(recording.trial_numbers, [14, 20]);
    assert_eq!(recording.activity_at(1, 3, 0), count(2, 3, 2));
    assert!(notes.contains(&"2 of 5 trials left out: not target!=right".to_owned()), "{notes:?}");
    // What is left out takes its conditions with it.
    let options = Options { condition: some("target"), ..options };
    let Recording { condition_names, conditions, .. } =
        super::preparation::recording("counts.npz", &options);
    assert_eq!((condition_names.join(" "), conditions), ("left up".to_owned(), vec![0, 1]));
}

#[test]
fn silent_neurons_are_dropped_by_their_rate() {
    // Means of what was recorded: 1.75 to 2.08 for each bin of 50 ms.
    let rate = |n: usize| {
        let bins = (0..5).flat_map(|k| (0..LENGTHS[k]).map(move |t| count(n, t, k)));
        bins.sum::<f64>() / 24.0 / 0.05
    };
    let rates: Vec<f64> = (0..4).map(rate).collect();
    let least = (rates.iter().copied().fold(f64::INFINITY, f64::min) + 1e-9, rates.len());
    let Prepared { recording, notes } =
        prepared("counts.npz", &Options { min_rate: Some(least.0), ..cube() });
    let kept: Vec<String> = (0..4).filter(|&n| rates[n] > least.0).map(|n| n.to_string()).collect();
    assert!(kept.len() < 4 && !kept.is_empty());
    assert_eq!(recording.neuron_names, kept);
    assert!(notes[0].starts_with(&format!("{} of 4 neurons left out: below", 4 - kept.len())));
}

#[test]
fn bins_are_made_wider_by_sums_of_counts_and_means_of_values() {
    let wide = recording("counts.npz", &Options { bin: Some(0.1), ..cube() });
    assert_eq!((wide.bins, wide.bin_seconds, wide.quantity), (3, 0.1, Quantity::Counts));
    assert_eq!(wide.activity_at(2, 1, 0), count(2, 2, 0) + count(2, 3, 0));
    // The last of five bins and of three is no whole bin.
    assert!(wide.activity_at(2, 2, 3).is_nan() && wide.activity_at(2, 1, 4).is_nan());
    assert_eq!(wide.activity_at(2, 0, 4), count(2, 0, 4) + count(2, 1, 4));
    let options = Options { bin: Some(0.1), quantity: Some(Quantity::Values), ..cube() };
    let mean = recording("counts.npz", &options);
    assert_eq!(mean.quantity, Quantity::Values);
    assert_eq!(mean.activity_at(2, 1, 0), 0.5 * (count(2, 2, 0) + count(2, 3, 0)));
    let short = recording("counts.npz", &Options { max_bins: Some(4), ..cube() });
    assert_eq!((short.bins, short.activity_at(0, 3, 0)), (4, count(0, 3, 0)));
}

#[test]
fn numbers_are_transformed_in_the_order_that_is_documented() {
    let options = Options { sqrt: true, scale: Some(Scale::Soft(5.0)), ..cube() };
    let soft = recording("counts.npz", &options);
    // Every neuron has counts from 0 to 4.
    assert!((soft.activity_at(1, 2, 0) - count(1, 2, 0).sqrt() / (2.0 + 5.0)).abs() < 1e-15);
    assert_eq!((soft.quantity, &*soft.unit), (Quantity::Values, "share of the range + 5"));
    let z = recording("counts.npz", &Options { scale: Some(Scale::ZScore), ..cube() });
    for n in 0..4 {
        let values: Vec<f64> = z.activity.iter().skip(n).step_by(4).copied().collect();
        let present: Vec<f64> = values.into_iter().filter(|x| !x.is_nan()).collect();
        let mean = present.iter().sum::<f64>() / present.len() as f64;
        let variance = present.iter().map(|x| x * x).sum::<f64>() / present.len() as f64;
        assert!(mean.abs() < 1e-12 && (variance - 1.0).abs() < 1e-12, "neuron {n}");
    }
    let smooth = recording("counts.npz", &Options { smooth_ms: Some(50.0), ..cube() });
    let weight = |lag: f64| (-0.5 * lag * lag).exp();
    let near = |t: usize| (0..3).map(move |s| (weight(s as f64 - t as f64), s));
    let expected = near(1).map(|(w, s)| w * count(3, s, 4)).sum::<f64>()
        / near(1).map(|(w, _)| w).sum::<f64>();
    assert!((smooth.activity_at(3, 1, 4) - expected).abs() < 1e-12);
    assert!(smooth.activity_at(3, 3, 4).is_nan(), "what was not recorded remains so");
}

/// The spikes of the units of session.nwb.
fn spikes(unit: usize) -> Vec<f64> {
    match unit {
        2 => vec![],
        unit => (0..10 + 5 * unit).map(|i| 0.05 + 0.3 * i as f64 + 0.01 * unit as f64).collect(),
    }
}

fn units() -> Options {
    Options {
        align: some("trials.start_time"),
        window: Some(Window { start: -0.25, end: 0.5 }),
        bin: Some(0.25),
        ..Options::new(Selection::Spikes { path: "units".to_owned() })
    }
}

#[test]
fn spikes_are_counted_around_events() {
    let options = Options { condition: some("trials.target"), ..units() };
    let Prepared { recording, notes } = prepared("session.nwb", &options);
    assert_eq!((recording.bins, recording.trials, recording.start_seconds), (3, 5, -0.25));
    assert_eq!(recording.neuron_names, ["100", "101", "102", "103"]);
    assert!(notes.is_empty(), "{notes:?}");
    // In whole milliseconds, as sums of decimals are rounded: a spike at 2.75 s is not before it.
    let ms = |time: f64| (1000.0 * time).round() as i64;
    let observed = |low: f64, high: f64| high <= 3.0 || (low >= 4.0 && high <= 10.0);
    for unit in 0..4 {
        for (t, k) in (0..3).flat_map(|t| (0..5).map(move |k| (t, k))) {
            let low = 1.0 + 1.5 * k as f64 - 0.25 + 0.25 * t as f64;
            let high = low + 0.25;
            let within = |spike: &&f64| (ms(low)..ms(high)).contains(&ms(**spike));
            let expected = spikes(unit).iter().filter(within).count() as f64;
            let found = recording.activity_at(unit, t, k);
            if observed(low, high) {
                assert_eq!(found, expected, "unit {unit}, bin {t}, trial {k}")
            } else {
                assert!(found.is_nan(), "unit {unit}, bin {t}, trial {k}: {found}")
            }
        }
    }
    assert_eq!(recording.conditions, [0, 1, 0, 2, 1]);
    assert_eq!(recording.condition_names, ["left", "right", "up"]);
    assert_eq!(TARGETS[3], "up");
}

#[test]
fn units_are_selected_by_their_columns() {
    let options =
        Options { neurons_where: vec![Filter::parse("units.location=M1").unwrap()], ..units() };
    assert_eq!(recording("session.nwb", &options).neuron_names, ["100", "102"]);
}

#[test]
fn events_without_a_time_are_left_out_and_trials_end_where_they_are_told_to() {
    let options = Options {
        align: some("trials.go_time"),
        until: some("trials.stop_time"),
        window: Some(Window { start: 0.0, end: 1.5 }),
        neurons: some("0"),
        ..units()
    };
    let Prepared { recording, notes } = prepared("session.nwb", &options);
    assert_eq!(recording.trial_numbers, [0, 1, 2, 4]);
    assert_eq!(notes[0], "1 events without a time are left out");
    // The first goes from 1.2 to 2.2 s, the last from 7.2 to 7.6 s.
    let bins = |k: usize| {
        let recorded = |&t: &usize| !recording.activity_at(0, t, k).is_nan();
        (0..recording.bins).filter(recorded).count()
    };
    assert_eq!((bins(0), bins(3)), (4, 1));
}

#[test]
fn events_are_put_in_the_order_of_time() {
    let options = Options {
        align: some("blocks.start_time"),
        condition: some("blocks.id"),
        window: Some(Window { start: 0.0, end: 1.0 }),
        ..units()
    };
    let Prepared { recording, notes } = prepared("session.nwb", &options);
    assert_eq!(recording.conditions, [1, 2, 0]);
    assert_eq!(recording.trial_numbers, [0, 1, 2]);
    assert!(
        notes.contains(
            &"events are not in the order of time: trials are numbered by time".to_owned()
        )
    );
}

#[test]
fn spike_times_of_a_cell_array_are_scaled_to_seconds() {
    let options = Options {
        align: some("go_time"),
        window: Some(Window { start: 0.0, end: 0.001 }),
        bin: Some(0.0005),
        time_scale: Some(0.001),
        ..Options::new(Selection::Spikes { path: "spikes[]".to_owned() })
    };
    let recording = recording("session_v7.mat", &options);
    // Neuron 4 fires at 0.3, 0.55, 0.8, ... ms until 3.05 ms.
    assert_eq!((recording.trials, recording.bins), (3, 2));
    let n = recording.neuron_names.iter().position(|name| name == "4").expect("neuron 4");
    assert_eq!(recording.activity_at(n, 0, 0), 2.0);
    assert_eq!(recording.activity_at(n, 1, 2), 0.0);
}

#[test]
fn series_are_averaged_around_events() {
    for path in ["acquisition/cell_*", "RoiResponseSeries"] {
        let options = Options {
            align: some("blocks.start_time"),
            window: Some(Window { start: 0.0, end: 3.0 }),
            bin: Some(0.5),
            ..Options::new(Selection::Series { path: path.to_owned() })
        };
        let recording = recording("session.nwb", &options);
        assert_eq!((recording.neurons, recording.trials, &*recording.unit), (3, 3, "dF/F"));
        // Sample i is at 0.1 i s and has the value i / 10 + n, until the gap from 5.9 to 8 s.
        for (n, k) in (0..3).flat_map(|n| (0..2).map(move |k| (n, k))) {
            let first = 2.0 + 2.0 * k as f64 + n as f64;
            let found = recording.activity_at(n, 0, k);
            assert!((found - (first + 0.2)).abs() < 0.051, "{path}: {n}, {k}: {found}");
        }
        assert!(recording.activity_at(0, 2, 2).is_nan(), "a gap from 5.9 to 8 s");
        assert!((recording.activity_at(0, 4, 2) - 6.2).abs() < 0.051, "behind it");
    }
    let options = Options {
        every: Some(1.0),
        bin: Some(0.1),
        smooth_ms: Some(1e6),
        ..Options::new(Selection::Series { path: "speed".to_owned() })
    };
    let flat = recording("session.nwb", &options);
    assert_eq!((flat.trials, flat.bins, flat.neurons), (2, 10, 1));
    // So smooth that each bin is the mean of all 40 samples, also at the ends.
    for t in 0..10 {
        assert!((flat.activity_at(0, t, 0) - 0.195).abs() < 1e-6);
    }
}

#[test]
fn continuous_arrays_are_cut_by_labels_starts_places_or_events() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("flat.npz");
    let counts: Vec<i32> = (0..20).collect();
    rankproof::file::write_npz(&path, |npz| {
        npz.array("x", &[2, 10], &counts)?;
        npz.array("label", &[10], &[1, 1, 1, 2, 2, 2, 2, 5, 5, 5])?;
        npz.array(
            "start",
            &[10],
            &[true, false, false, true, false, false, false, true, false, false],
        )?;
        npz.array("place", &[10], &[0, 1, 2, 0, 1, 4, 5, 0, 1, 2])?;
        npz.array("target", &[10], &[7, 7, 7, 3, 3, 3, 3, 7, 7, 7])?;
        npz.array("event", &[2], &[0.1, 0.82])
    })
    .expect("written");
    let flat = Options { condition: None, ..array("x", &[Axis::Neuron, Axis::Time]) };
    let flat = Options { bin_seconds: Some(0.1), ..flat };
    let cut =
        |options: Options| prepare(&path, &options).unwrap_or_else(|e| panic!("{e}")).recording;
    for options in [
        Options { trial_labels: some("label"), ..flat.clone() },
        Options { trial_starts: some("start"), ..flat.clone() },
    ] {
        let options = Options { condition: some("target"), ..options };
        let recording = cut(options.clone());
        assert_eq!((recording.trials, recording.bins), (3, 4));
        assert_eq!(recording.conditions, [1, 0, 1]);
        assert_eq!((recording.activity_at(1, 2, 1), recording.activity_at(0, 0, 2)), (15.0, 7.0));
        assert!(recording.activity_at(0, 3, 0).is_nan());
        let placed = cut(Options { bin_index: some("place"), ..options });
        assert_eq!((placed.bins, placed.activity_at(0, 4, 1)), (6, 5.0));
        assert!(placed.activity_at(0, 2, 1).is_nan() && placed.activity_at(0, 3, 1).is_nan());
    }
    let numbered =
        cut(Options { trial_labels: some("label"), trial_number: some("label"), ..flat.clone() });
    assert_eq!(numbered.trial_numbers, [1, 2, 5]);
    let around = cut(Options {
        align: some("event"),
        window: Some(Window { start: -0.2, end: 0.4 }),
        bin: Some(0.2),
        ..flat
    });
    // Around 0.1 s the first bin lies before the array, around 0.82 s the last beyond it.
    assert_eq!((around.bins, around.trials, around.start_seconds), (3, 2, -0.2));
    assert!(around.activity_at(0, 0, 0).is_nan() && around.activity_at(0, 2, 1).is_nan());
    assert_eq!(
        (around.activity_at(0, 1, 0), around.activity_at(1, 1, 1)),
        (1.0 + 2.0, 18.0 + 19.0)
    );
}

#[test]
fn a_recording_is_the_same_when_it_is_read_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("rec.npz");
    let written = recording("session.nwb", &units());
    written.write(&file).expect("written");
    let read = Recording::read(&file).expect("read");
    let bits = |recording: &Recording| {
        recording.activity.iter().map(|entry| entry.to_bits()).collect::<Vec<_>>()
    };
    assert_eq!(bits(&read), bits(&written));
    assert_eq!(read.provenance, written.provenance);
}

#[test]
fn behaviour_is_cut_into_the_bins_of_the_activity() {
    // The counts themselves as behaviour of four dimensions, in wider bins: means, not sums.
    let wide = Options { bin: Some(0.1), behaviour: vec!["counts".into()], ..cube() };
    let kept = Options { trials: Some(Ranges(vec![(1, 3)])), ..wide };
    let recording = recording("counts.npz", &kept);
    let behaviour = recording.behaviour.as_ref().expect("behaviour was asked for");
    assert_eq!(behaviour.names, ["counts 0", "counts 1", "counts 2", "counts 3"]);
    let mut seen = 0;
    for (place, value) in behaviour.values.iter().enumerate() {
        // Both are in the same order.
        let activity = recording.activity[place];
        assert_eq!(value.is_nan(), activity.is_nan(), "{place}");
        seen += usize::from(!value.is_nan());
        assert!(value.is_nan() || (2.0 * value - activity).abs() < 1e-12, "{place}");
    }
    assert!(seen > 20);
    let error =
        prepare(path("counts.npz"), &Options { behaviour: vec!["nothing".into()], ..cube() });
    assert!(error.unwrap_err().to_string().contains("nothing"));
}
