//! `rankproof inspect` and `rankproof prepare` from the outside.

use std::fs;
use std::process::{Command, Output};

use rankproof::recording::{Quantity, Recording};
use serde_json::Value;

use super::{LENGTHS, count, path};

fn rankproof(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rankproof")).args(arguments).output().expect("it starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

fn inspect(name: &str) -> Output {
    rankproof(&["inspect", path(name).to_str().expect("text")])
}

/// Runs `prepare` on a file and returns what it prints and the recording that it writes.
fn prepare(name: &str, arguments: &[&str]) -> (String, Recording) {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("rec.npz");
    let file = path(name);
    let start = ["prepare", file.to_str().expect("text"), "--out", out.to_str().expect("text")];
    let output = rankproof(&[&start[..], arguments].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    (stdout(&output), Recording::read(&out).expect("a recording"))
}

#[test]
fn inspect_names_everything_with_type_shape_unit_and_first_values() {
    let text = stdout(&inspect("session.nwb"));
    let line = |start: &str| {
        let found = text.lines().find(|line| line.trim_start().starts_with(start));
        let words: Vec<_> = found.unwrap_or_else(|| panic!("{text}")).split_whitespace().collect();
        words.join(" ")
    };
    assert_eq!(line("spike_times "), "spike_times float64 (50,) 0.05 0.35 0.65 0.95 1.25 1.55 ...");
    assert_eq!(line("target "), "target text (5,) \"left\" \"right\" \"left\" \"up\" \"right\"");
    assert_eq!(line("go_time "), "go_time float64 (5,) 1.2 2.7 4.2 NaN 7.2");
    assert!(line("data ").starts_with("data float64 (120,) dF/F 0 0.1"));
    assert!(text.contains("units: 4 units, 50 spikes  --spikes units"), "{text}");
    assert!(text.contains("intervals/trials: 5 rows  --align trials.start_time"), "{text}");
    assert!(text.contains("--series acquisition/speed"), "{text}");
}

#[test]
fn inspect_shows_like_parts_once() {
    let text = stdout(&inspect("plain.h5"));
    assert!(text.contains("trial_0 to trial_9 (30 alike)"), "{text}");
    assert!(!text.contains("trial_17"));
    let text = stdout(&inspect("session_v7.mat"));
    assert!(text.contains("(3..6, 4) or empty"), "the shapes of all trials: {text}");
    assert!(text.contains("trials[]") && text.contains("    deep "), "{text}");
    let hint = "trials[].counts: (3..6, 4) or empty  --array 'trials[].counts' --axes time,neuron";
    assert!(text.contains(hint), "{text}");
    let text = stdout(&inspect("counts.npz"));
    assert!(text.contains("--array counts --axes neuron,time,trial"), "{text}");
}

#[test]
fn inspect_offers_layouts_with_the_options_that_take_them() {
    for (name, hints) in [
        (
            "layouts.npz",
            &[
                "--spikes spike_times --unit-ids spike_clusters",
                "--spikes spike_samples --unit-ids spike_clusters --spike-time-scale 1/RATE",
            ][..],
        ),
        (
            "layouts.mat",
            &[
                "--spikes 'sig*'",
                "--spikes 'spk[]' --axes trial,neuron (or neuron,trial) --window START,END",
                "--spikes 'trials[].spikes[]' --axes trial,neuron --window START,END",
                "--align-index 'trial_data[].idx_goCueTime' --window START,END",
            ],
        ),
        ("layouts.h5", &["units/*/times: 4 of", "--spikes 'units/*/times'"]),
        (
            "layouts.nwb",
            &[
                "--spikes units",
                "--align trials.start_time",
                "acquisition/volts/data is multiplied by conversion 1e-6 and by channel_conversion, \
             plus offset 0.5",
            ],
        ),
    ] {
        let text = stdout(&inspect(name));
        for hint in hints {
            assert!(text.contains(hint), "{hint} is not in {text}");
        }
    }
    let text = stdout(&inspect("layouts.nwb"));
    assert!(!text.contains("--align invalid_times"), "{text}");
}

#[test]
fn prepare_takes_the_layouts_that_inspect_offers() {
    let around = ["--align", "start", "--window", "0,0.6", "--bin", "0.1"];
    let flat = ["--spikes", "spike_samples", "--unit-ids", "spike_clusters"];
    let scale = ["--spike-time-scale", "1/30000"];
    let (_, flat) = prepare("layouts.npz", &[&flat[..], &scale, &around].concat());
    let (_, named) = prepare("layouts.mat", &[&["--spikes", "sig*"][..], &around].concat());
    let cells = ["--spikes", "spk[]", "--axes", "trial,neuron", "--window", "0,0.6"];
    let (_, cells) = prepare("layouts.mat", &[&cells[..], &["--bin", "0.1"]].concat());
    for recording in [flat, named, cells] {
        assert_eq!((recording.neurons, recording.bins, recording.trials), (4, 6, 5));
        assert_eq!(recording.activity_at(3, 2, 4), count(3, 2, 4));
    }
    let list = ["--array", "trial_data[].M1_spikes", "--axes", "time,neuron"];
    let align = ["--align-index", "trial_data[].idx_goCueTime", "--window", "0,0.3"];
    let (text, list) =
        prepare("layouts.mat", &[&list[..], &align, &["--bin-seconds", "0.1"]].concat());
    assert_eq!((list.bins, list.trials), (3, 4));
    assert!(text.contains("1 of 5 trials left out"), "{text}");
    let continuous = ["--array", "continuous", "--axes", "neuron,time", "--bin-seconds", "0.1"];
    let trials = ["--trial-starts", "flag", "--condition", "cue", "--column-at", "mode"];
    let (text, _) = prepare("layouts.npz", &[&continuous[..], &trials].concat());
    assert!(text.contains("4: 1 (1); 2 (1); 3 (1); 4 (1)"), "{text}");
}

#[test]
fn inspect_lists_what_is_not_read_with_the_reason() {
    let output = inspect("odd/members.npz");
    assert!(output.status.success(), "a part that is not read is no error");
    let text = stdout(&output);
    let (tree, rest) = text.split_once("\nNot read\n").expect("a section of its own");
    assert!(tree.contains("(not read)"), "{text}");
    assert!(rest.starts_with("  pickled           holds Python objects"), "{text}");
    let latin = stdout(&inspect("odd/names_old.h5"));
    let (_, assumed) = latin.split_once("\nAssumed\n").expect("a section of its own");
    assert!(assumed.contains("µV      has a name that is not UTF-8"), "{latin}");
    assert!(!latin.contains("Not read"), "what is read is not listed there: {latin}");
    let damaged = inspect("odd/classes.mat");
    assert_eq!(damaged.status.code(), Some(2), "what is damaged is one");
    let text = stdout(&damaged);
    assert!(text.contains("(1, 9)        0 1 2 3 4 5 ..."), "the rest is shown: {text}");
    let error = stderr(&damaged);
    assert!(error.contains("array \"short\" is damaged: it claims shape (1, 10)"), "{error}");
}

#[test]
fn inspect_writes_the_list_as_json() {
    let folder = tempfile::tempdir().expect("a folder");
    let json = folder.path().join("list.json");
    let (file, json_path) = (path("session_v7.mat"), json.to_str().expect("text"));
    let output = rankproof(&["inspect", file.to_str().expect("text"), "--json", json_path]);
    assert!(output.status.success(), "{}", stderr(&output));
    let list: Value =
        serde_json::from_str(&fs::read_to_string(&json).expect("written")).expect("JSON");
    assert_eq!((&list["schema"], &list["format"]), (&1.into(), &"MATLAB v5".into()));
    let arrays = list["arrays"].as_array().expect("a list");
    let counts = arrays.iter().find(|array| array["path"] == "trials[].counts").expect("there");
    assert_eq!(counts["shape"], "(3..6, 4) or empty");
    assert_eq!(counts["type"], "uint8 or float64");
    let complex = arrays.iter().find(|array| array["path"] == "complex").expect("there");
    assert_eq!(complex["unread"], "holds complex numbers, expected real ones");
}

#[test]
fn inspect_shows_a_file_that_contradicts_itself_and_refuses_it() {
    let output = inspect("bad/index_past_data.nwb");
    assert_eq!(output.status.code(), Some(2));
    assert!(stdout(&output).contains("spike_times_index"));
    let error = stderr(&output);
    assert!(error.contains("array \"units/spike_times\" has 10 rows"), "{error}");
    assert_eq!(error.lines().count(), 1);
}

#[test]
fn prepare_cuts_an_array_and_says_what_it_did() {
    let (text, recording) = prepare(
        "counts.npz",
        &[
            "--array",
            "counts",
            "--missing",
            "-1",
            "--bin-seconds-array",
            "bin_s",
            "--condition",
            "target",
            "--epoch",
            "block",
            "--trial-number",
            "trial_id",
            "--where",
            "reward=1",
            "--neurons",
            "0..2",
        ],
    );
    assert_eq!((recording.neurons, recording.bins, recording.trials), (3, 6, 3));
    assert_eq!(recording.trial_numbers, [10, 14, 20]);
    assert_eq!(recording.quantity, Quantity::Counts);
    for line in [
        "3 neurons, 6 bins of 50 ms from 0 to 0.3 s, 3 trials",
        "counts (counts per bin), mean",
        "5.6 % of entries; trials last 5 to 6 bins",
        "numbered 10 to 20",
        "2: left (2); up (1)",
        "2: 1 (1); 2 (2)",
        "2 of 5 trials left out: not reward=1",
        "3 of 4 neurons were asked for",
        "counts.npz, NumPy .npz, SHA-256",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
}

#[test]
fn prepare_takes_spikes_series_and_lists() {
    let window = ["--align", "trials.start_time", "--window", "-0.5,1.0", "--bin", "0.25"];
    let (_, spikes) = prepare("session.nwb", &[&["--spikes", "units"][..], &window].concat());
    assert_eq!((spikes.bins, spikes.trials, spikes.start_seconds), (6, 5, -0.5));
    let series = ["--series", "acquisition/cell_*", "--smooth", "200", "--zscore"];
    let (_, series) = prepare("session.nwb", &[&series[..], &window].concat());
    assert_eq!((series.neurons, series.quantity), (3, Quantity::Values));
    assert_eq!(series.unit, "standard deviations");
    let list = ["--array", "trials[].counts", "--axes", "time,neuron", "--bin-seconds", "0.05"];
    let (_, list) = prepare("session_v7.mat", &list);
    assert_eq!(list.activity_at(3, 1, 1), count(3, 1, 1));
    assert!(list.activity_at(3, LENGTHS[1], 1).is_nan());
}

#[test]
fn prepare_refuses_in_one_sentence_and_writes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("rec.npz");
    let out = out.to_str().expect("text");
    let refused = |name: &str, arguments: &[&str]| {
        let file = path(name);
        let start = ["prepare", file.to_str().expect("text"), "--out", out];
        let output = rankproof(&[&start[..], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{name} {arguments:?}");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
        stderr(&output)
    };
    let nwb = refused("bad/nwb1.nwb", &["--spikes", "units", "--bin", "0.1"]);
    assert!(nwb.starts_with("error: ") && nwb.lines().count() == 1, "{nwb}");
    assert!(nwb.contains("nwb1.nwb: array \"nwb_version\""), "{nwb}");
    let absurd = refused("bad/absurd.h5", &["--array", "counts", "--bin-seconds", "0.1"]);
    assert!(absurd.contains("absurd.h5: array \"counts\" claims more"), "{absurd}");
    let axes = refused("counts.npz", &["--array", "counts", "--axes", "neuron,trial"]);
    assert!(axes.contains("expected neuron, time and perhaps trial"), "{axes}");
    let spikes = ["--spikes", "spikes[]", "--bin", "0.1", "--window", "0,1"];
    let axes = refused("session_v7.mat", &[&spikes[..], &["--axes", "neuron,time"]].concat());
    assert!(axes.contains("--axes: expected trial and neuron"), "{axes}");
    let scale = refused("session_v7.mat", &[&spikes[..], &["--time-scale", "0"]].concat());
    assert!(scale.contains("expected a factor above 0"), "{scale}");
    let nothing = refused("counts.npz", &[]);
    assert!(nothing.contains("--array") && nothing.contains("--spikes"), "{nothing}");
    let window = refused("session.nwb", &["--spikes", "units", "--window", "1,0"]);
    assert!(window.contains("two numbers of seconds"), "{window}");
    // The library names options, the program its flags.
    let bin = refused("session.nwb", &["--spikes", "units", "--align", "trials.start_time"]);
    assert!(bin.contains("holds spike times, expected --bin above 0 s to count them"), "{bin}");
    let smooth = ["--array", "counts", "--bin-seconds", "0.1", "--smooth", "0"];
    let smooth = refused("counts.npz", &smooth);
    assert!(smooth.contains("smoothed by no time, expected --smooth above 0"), "{smooth}");
    let filter = refused("counts.npz", &["--array", "counts", "--where", "left"]);
    assert!(filter.contains("expected COLUMN=VALUE"), "{filter}");
}

#[test]
fn prepare_does_not_overwrite_the_file_that_it_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("counts.npz");
    fs::copy(path("counts.npz"), &file).expect("copied");
    let name = file.to_str().expect("text");
    let output = rankproof(&["prepare", name, "--array", "counts", "--out", name]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("is the file to read"));
    assert_eq!(fs::read(&file).expect("there"), fs::read(path("counts.npz")).expect("there"));
}
