//! What NWB says of the numbers in it, applied: see the table in `recording/format/nwb.rs`.

use rankproof::recording::{Filter, Options, Prepared, Selection, Window, prepare};

use super::{numbers, open, path, texts};

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn prepared(options: &Options) -> Prepared {
    prepare(path("layouts.nwb"), options).unwrap_or_else(|error| panic!("{error}"))
}

fn aligned(what: Selection, end: f64, bin: f64) -> Options {
    Options {
        align: some("trials.start_time"),
        window: Some(Window { start: 0.0, end }),
        bin: Some(bin),
        ..Options::new(what)
    }
}

fn units(end: f64, bin: f64) -> Options {
    aligned(Selection::Spikes { path: "units".to_owned() }, end, bin)
}

fn series(path: &str) -> Options {
    aligned(Selection::Series { path: path.to_owned() }, 1.0, 0.1)
}

/// When trial k starts, in steps of 0.1 s.
fn start(k: usize) -> usize {
    10 + 17 * k
}

#[test]
fn samples_and_spikes_on_edges_belong_to_the_bin_that_begins_there() {
    let ramp = prepared(&Options { ignore_observed: true, ..series("ramp") }).recording;
    for (t, k) in (0..10).flat_map(|t| (0..8).map(move |k| (t, k))) {
        assert_eq!(ramp.activity_at(0, t, k), (start(k) + t) as f64, "bin {t}, trial {k}");
    }
    let spikes = prepared(&Options { ignore_observed: true, ..units(1.0, 0.05) }).recording;
    assert_eq!((spikes.trials, spikes.bins), (8, 20));
    assert!(spikes.activity.iter().all(|&count| count == 5.0));
}

#[test]
fn data_are_in_their_unit_by_the_conversion_of_each_channel() {
    let (shape, data) = numbers(&mut open("layouts.nwb"), "volts.data");
    assert_eq!(shape, [200, 2]);
    for (t, volts) in data.chunks_exact(2).enumerate() {
        // As get_data_in_units of pynwb.
        assert_eq!(volts[0], t as f64 * 1e-6 + 0.5);
        assert_eq!(volts[1], (1000 + t) as f64 * (1e-6 * 3.0) + 0.5);
    }
    let Prepared { recording, notes } = prepared(&series("volts"));
    assert_eq!((recording.neurons, &*recording.unit), (2, "volts"));
    assert_eq!(recording.activity_at(1, 0, 0), 1010.0 * (1e-6 * 3.0) + 0.5);
    let note = "data is multiplied by conversion 1e-6 and by channel_conversion, plus offset 0.5";
    assert!(notes.iter().any(|other| other == note), "{notes:?}");
}

#[test]
fn bins_in_invalid_times_are_missing_and_trials_in_them_left_out() {
    for options in [units(1.0, 0.1), series("ramp")] {
        let Prepared { recording, notes } = prepared(&options);
        // From 10 to 13 s: the end of trial 5, all of trial 6 and the first bin of trial 7.
        assert_eq!(recording.trial_numbers, [0, 1, 2, 3, 4, 5, 7]);
        for (place, &k) in recording.trial_numbers.iter().enumerate() {
            for t in 0..10 {
                let is_valid = !(100..130).contains(&(start(k as usize) + t));
                assert_eq!(!recording.activity_at(0, t, place).is_nan(), is_valid, "{t}, {k}");
            }
        }
        let notes = notes.join("\n");
        assert!(notes.contains("3 trials lie wholly or partly in invalid_times"), "{notes}");
        assert!(notes.contains("1 of 8 trials left out: nothing was recorded in them"), "{notes}");
        let all = prepared(&Options { ignore_observed: true, ..options }).recording;
        assert_eq!((all.trials, all.missing_share()), (8, 0.0));
    }
    let options = Options { align: some("invalid_times.start_time"), ..units(1.0, 0.1) };
    let error = prepare(path("layouts.nwb"), &options).expect_err("is refused").to_string();
    assert!(error.contains("holds the times that are to be left out"), "{error}");
}

#[test]
fn elements_of_an_enumeration_are_called_by_their_names() {
    let names = texts(&mut open("layouts.nwb"), "trials.side");
    assert_eq!(names, ["L", "R", "both", "L", "R", "both", "L", "R"]);
    let options = Options {
        condition: some("trials.side"),
        filters: vec![Filter::parse("trials.side!=both").expect("a filter")],
        ..units(1.0, 0.1)
    };
    let recording = prepared(&options).recording;
    assert_eq!(recording.condition_names, ["L", "R"]);
    // Trial 6 is in invalid times.
    assert_eq!(recording.trial_numbers, [0, 1, 3, 4, 7]);
    assert_eq!(recording.conditions, [0, 1, 0, 1, 1]);
}

#[test]
fn a_column_of_lists_has_a_list_for_each_row() {
    // As many elements as trials, and yet not one for each.
    let options = Options { condition: some("trials.kind"), ..units(1.0, 0.1) };
    let recording = prepared(&options).recording;
    assert_eq!(recording.condition_names, ["", "a", "a, b", "b"]);
    assert_eq!(recording.conditions, [2, 0, 1, 3, 1, 3, 3]);
}
