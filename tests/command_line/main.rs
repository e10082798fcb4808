//! The program from the outside: what it prints, writes and exits with.

mod documents;
#[cfg(unix)]
mod parts;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rankproof::file::{Npz, write_npz};
use rankproof::matrix::Matrix;
use rankproof::scalar::Stream;
use rankproof::tensor::Decomposition;
use rankproof::theorem;
use serde_json::Value;

fn rankproof(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rankproof")).args(arguments).output().expect("it starts")
}

fn data(name: &str) -> String {
    format!("{}/tests/data/{name}.npz", env!("CARGO_MANIFEST_DIR"))
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

/// Runs with `--json FILE` and returns what was written there.
fn json(arguments: &[&str]) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("result.json");
    let path = file.to_str().expect("text");
    let output = rankproof(&[arguments, &["--json", path]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_str(&fs::read_to_string(&file).expect("written")).expect("JSON")
}

#[test]
fn verify_checks_every_theorem_in_its_arithmetics() {
    let report = json(&["verify", "--cases", "20", "--seed", "7"]);
    assert_eq!((&report["schema"], &report["seed"]), (&1.into(), &7.into()));
    let results = report["results"].as_array().expect("a list");
    let expected: Vec<_> = theorem::ALL
        .iter()
        .flat_map(|theorem| theorem.arithmetics().map(|a| (theorem.id, a.name())))
        .collect();
    let text = |result: &Value, key: &str| result[key].as_str().expect("text").to_owned();
    let found: Vec<_> = results
        .iter()
        .map(|result| (text(result, "theorem"), text(result, "arithmetic")))
        .collect();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!((&*found.0, &*found.1), expected);
    }
    for result in results {
        assert_eq!((&result["cases"], &result["violated"]), (&20.into(), &0.into()));
        let sum = ["held", "inconclusive"].map(|key| result[key].as_u64().expect("a number"));
        assert_eq!(sum[0] + sum[1], 20);
        assert!(result["attained"].as_u64().expect("a number") > 0, "{result}");
        let exact = result["arithmetic"] == "exact";
        assert_eq!(result["generic"].is_object(), exact, "{result}");
        // Eighteen learning steps are too many for Schwartz-Zippel.
        if exact && result["theorem"] == "tightness" {
            assert_eq!(result["generic"]["second_instances"], 20);
        }
    }
}

#[test]
fn verify_does_not_depend_on_the_number_of_threads() {
    let run =
        |threads| json(&["verify", "--arithmetic", "f64", "--cases", "50", "--threads", threads]);
    assert_eq!(run("1"), run("3"));
    let other = json(&["verify", "--arithmetic", "f64", "--cases", "50", "--seed", "2"]);
    assert_ne!(run("1")["results"], other["results"]);
}

#[test]
fn verify_prints_a_table_of_the_theorems_asked_for() {
    let output = rankproof(&[
        "verify",
        "--theorem",
        "exact-adjoint",
        "--arithmetic",
        "exact",
        "--cases",
        "10",
    ]);
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    let line = text.lines().find(|line| line.starts_with("exact-adjoint")).expect("a line");
    let fields: Vec<_> = line.split_whitespace().collect();
    assert_eq!(fields[..7], ["exact-adjoint", "exact", "10", "10", "0", "0", "10"]);
    assert_eq!(fields.last(), Some(&"3/3"));
    assert!(!text.contains("invariant-subspace"));
    assert!(text.contains("1125899906842597"), "the prime is named: {text}");
    assert!(text.contains("Schwartz-Zippel"), "{text}");
}

#[test]
fn a_case_is_replayed_to_the_letter() {
    let replay = || {
        rankproof(&[
            "replay",
            "invariant-subspace",
            "--arithmetic",
            "f64",
            "--seed",
            "3",
            "--case",
            "5",
        ])
    };
    let text = stdout(&replay());
    assert_eq!(text, stdout(&replay()));
    let id = theorem::CaseId { arithmetic: theorem::Arithmetic::F64, seed: 3, number: 5 };
    let report = theorem::invariant_subspace::THEOREM.run(id, None);
    assert!(text.contains(&report.setting.to_string()) && text.contains("rank D_"), "{text}");
}

#[test]
fn theorems_are_listed_and_shown() {
    let list = stdout(&rankproof(&["theorems"]));
    for theorem in theorem::ALL {
        assert!(list.contains(theorem.id) && list.contains(theorem.title));
        let shown = stdout(&rankproof(&["theorems", theorem.id]));
        let file = theorem.id.replace('-', "_");
        assert!(shown.contains(&format!("src/theorem/{file}.rs")), "{shown}");
        assert!(shown.contains(&format!("tests/theorems/{file}.rs")), "{shown}");
        assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in [
        vec![],
        vec!["prove"],
        vec!["verify", "--theorem", "riemann-hypothesis"],
        vec!["verify", "--cases", "0"],
        vec!["verify", "--arithmetic", "f16"],
        vec!["verify", "--threads", "0"],
        vec!["verify", "--cases", "1", "--json", "no/such/folder/file.json"],
        vec!["theorems", "riemann-hypothesis"],
        vec!["replay", "invariant-subspace", "--arithmetic", "exact", "--seed", "1"],
        vec!["train", "--task", "integrator", "--neurons", "0", "--steps", "1"],
        vec!["train", "--task", "chess", "--neurons", "4", "--steps", "1"],
        vec!["rank", "no_such_file.npz"],
    ] {
        let output = rankproof(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!stderr(&output).is_empty() && !stderr(&output).contains("panicked"));
    }
}

#[test]
fn gradient_descent_of_pytorch_stays_in_the_space_and_adam_does_not() {
    for precision in ["f32", "f64"] {
        let report = |name: &str| {
            let file = data(&format!("torch_linear_{name}_{precision}"));
            json(&["rank", &file, "--delta", "--inputs", "B", "--outputs", "C"])
        };
        let sgd = report("sgd");
        assert_eq!(sgd["shape"], serde_json::json!([61, 32, 32]));
        assert_eq!(sgd["increment_ranks"][0], 0);
        assert_eq!(sgd["increment_ranks"][1], 2, "one gradient of two outputs");
        assert_eq!(sgd["increment_ranks"][60], 5, "d_in + d_out");
        assert_eq!(
            (&sgd["unfolding_ranks"][0], &sgd["unfolding_ranks"][1]),
            (&5.into(), &5.into())
        );
        assert_eq!(sgd["space_dimension"], 5);
        let ends = ["lower", "upper"].map(|end| sgd["cp"][end].as_u64().expect("a number"));
        assert!(ends[0] >= 9 && ends[0] <= ends[1] && ends[1] <= 25, "{sgd}");
        let certificates = &sgd["cp_certificates"];
        assert!(certificates["lower"].is_string() && certificates["upper"].is_string(), "{sgd}");
        let noise = sgd["noise_floor"].as_f64().expect("a number");
        let residual = certificates["residual"].as_f64().expect("a number");
        assert!(residual <= 10.0 * noise, "{residual} {noise}");
        assert_eq!(sgd["bounds"][1]["theorem"], "invariant-subspace");
        assert_eq!(sgd["bounds"][1]["verdict"], "holds");
        let adam = report("adam");
        assert_eq!(adam["increment_ranks"][60], 32);
        assert_eq!(adam["bounds"][1]["verdict"], "violated");
    }
}

#[test]
fn a_tanh_network_of_pytorch_fills_the_space() {
    for name in ["torch_tanh_sgd_f64", "torch_tanh_adam_f64", "torch_tanh_adam_f32"] {
        let report = json(&["rank", &data(name), "--delta"]);
        assert_eq!(report["increment_ranks"][60], 32, "{name}");
        assert_eq!(report["unfolding_ranks"][0], 32, "{name}");
        assert_eq!(report["space_dimension"], 32, "{name}");
    }
}

/// Ranks that the noise hides are null, and each is explained.
#[test]
fn what_is_inconclusive_is_null_and_explained() {
    let report = json(&["rank", &data("torch_tanh_sgd_f32")]);
    let nulls = |key: &str| {
        report[key].as_array().expect("a list").iter().filter(|rank| rank.is_null()).count()
    };
    let explained = report["inconclusive"].as_array().expect("a list").len();
    let space = usize::from(report["space_dimension"].is_null());
    let all = nulls("ranks") + nulls("increment_ranks") + nulls("unfolding_ranks") + space;
    assert!(all > 0);
    assert_eq!(explained, all, "{report}");
}

#[test]
fn stored_orders_and_axes_do_not_matter() {
    let fortran = json(&["rank", &data("bad/fortran"), "--delta"]);
    assert_eq!(fortran, json(&["rank", &data("bad/big_endian"), "--delta"]));
    assert_eq!(fortran["unfolding_ranks"], serde_json::json!([1, 1, 1]));
    assert_eq!(fortran["cp"]["lower"], 1);
    assert_eq!(fortran["cp"]["upper"], 1);
    // Rows and columns exchanged: every matrix is transposed, and so are the unfoldings.
    let file = data("torch_linear_sgd_f64");
    let plain = json(&["rank", &file, "--delta"]);
    let turned = json(&["rank", &file, "--delta", "--axes", "step,column,row"]);
    assert_eq!(plain["increment_ranks"], turned["increment_ranks"]);
}

#[test]
fn bad_files_are_refused_in_one_sentence() {
    let cases = [
        ("not_an_npz", "is plain text"),
        ("truncated", "cut off or damaged"),
        ("empty", "without an array"),
        ("nan", "holds NaN at [2, 1, 0]"),
        ("one_slice", "expected at least 2 steps"),
        ("two_dims", "has 2 dimensions (4, 3), expected 3"),
        ("objects", "holds Python objects"),
        ("huge_claim", "holds 16 bytes"),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    for (name, sentence) in cases {
        let (file, target) = (data(&format!("bad/{name}")), folder.path().join("out.json"));
        let output = rankproof(&["rank", &file, "--json", target.to_str().expect("text")]);
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {message}");
        assert!(message.contains(&file) && message.contains(sentence), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(output.stdout.is_empty());
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing half written");
}

#[test]
fn names_that_a_file_does_not_have_are_refused() {
    let file = data("torch_linear_sgd_f64");
    for (arguments, sentence) in [
        (vec!["--array", "V"], "has no array \"V\", only \"W\", \"B\", \"C\", \"loss\""),
        (vec!["--inputs", "loss", "--outputs", "C"], "expected an axis of 32 neurons"),
        (vec!["--axes", "step,row,row"], "expected step, row and column"),
    ] {
        let output = rankproof(&[&["rank", file.as_str()], arguments.as_slice()].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(sentence), "{}", stderr(&output));
    }
}

#[test]
fn the_only_array_of_three_axes_needs_no_name() {
    let text = stdout(&rankproof(&["rank", &data("bad/no_w")]));
    assert!(text.contains("bad/no_w.npz: weights, 3 x 3 weights at the start"), "{text}");
}

/// Theorems speak of recurrent weights; ranks there are of all.
#[test]
fn weights_that_are_not_square_have_ranks_and_no_theorems() {
    let report = json(&["rank", &data("bad/not_square"), "--delta"]);
    assert_eq!(report["shape"], serde_json::json!([4, 3, 2]));
    assert_eq!(report["increment_ranks"][3], 2);
    assert!(report["space_dimension"].is_null());
    assert_eq!(report["bounds"][0]["verdict"], "not applicable");
    assert_eq!(report["bounds"][0]["reason"], "it is of square weights, and these are 3 x 2");
    let text = stdout(&rankproof(&["rank", &data("bad/not_square")]));
    assert!(text.contains("none: rows and columns of these weights differ in length"), "{text}");
}

#[test]
fn what_train_writes_rank_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let train = |file: &Path, more: &[&str]| {
        let fixed =
            ["train", "--task", "random-targets", "--neurons", "20", "--steps", "12", "--out"];
        let output = rankproof(&[&fixed, [file.to_str().expect("text")].as_slice(), more].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    let (first, second): (PathBuf, PathBuf) = (path("first.npz"), path("second.npz"));
    let text = train(&first, &[]);
    assert!(text.contains("random-targets with 20 neurons") && text.contains("CP rank"), "{text}");
    train(&second, &[]);
    assert_eq!(fs::read(&first).expect("a file"), fs::read(&second).expect("a file"));
    let file = first.to_str().expect("text");
    let report = json(&["rank", file, "--delta", "--inputs", "B", "--outputs", "C"]);
    assert_eq!(report["shape"], serde_json::json!([13, 20, 20]));
    assert_eq!(report["bounds"][1]["verdict"], "holds");
    assert_eq!(report["space_dimension"], 5);
}

/// Each writes the history of what learned by its name, and `rank` reads it.
#[test]
fn every_architecture_is_trained_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, block, shape) in [
        ("rnn", "W", [4, 6, 6]),
        ("low-rank", "M", [4, 6, 6]),
        ("populations", "exc.W.exc", [4, 4, 4]),
        ("stack", "1.W", [4, 6, 6]),
        ("gru", "weight_hh_l0", [4, 18, 6]),
        ("lstm", "weight_hh_l0", [4, 24, 6]),
        ("minimal-gated", "weight_hh_l0", [4, 12, 6]),
        ("attention", "V", [4, 6, 6]),
        ("divisive", "W", [4, 6, 6]),
        ("closed-loop", "W", [4, 6, 6]),
    ] {
        let file = folder.path().join(format!("{name}.npz"));
        let file = file.to_str().expect("text");
        let fixed = ["train", "--task", "random-targets", "--neurons", "6", "--steps", "3"];
        let output = rankproof(&[&fixed[..], &["--architecture", name, "--out", file]].concat());
        assert!(output.status.success(), "{name}: {}", stderr(&output));
        let array = Npz::open(file).and_then(|mut npz| npz.array(block)).expect("the history");
        assert_eq!(array.shape, shape, "{name}");
        let [_, rows, columns] = shape;
        if name != "rnn" {
            let heading = format!("{block}, {rows} x {columns}");
            assert!(stdout(&output).contains(&heading), "{}", stdout(&output));
        }
        let output = rankproof(&["rank", file, "--array", block]);
        assert!(output.status.success(), "{name}: {}", stderr(&output));
    }
}

/// Of every block that is named, in full: the history begins at the start and moves.
#[test]
fn every_block_that_learns_has_a_history() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("all.npz");
    let file = file.to_str().expect("text");
    let line = ["train", "--task", "integrator", "--neurons", "5", "--steps", "2", "--out", file];
    let output = rankproof(&[&line[..], &["--learn", "W,B,b", "--initial-state"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let mut npz = Npz::open(file).expect("an archive");
    let mut shape = |name: &str| npz.array(name).expect("an array").shape;
    assert_eq!(shape("W"), [3, 5, 5]);
    assert_eq!(shape("B"), [3, 5, 3]);
    assert_eq!(shape("bias"), [3, 5, 1]);
    assert_eq!((shape("C"), shape("h0")), (vec![2, 5], vec![5]));
    assert_eq!((shape("spectra"), shape("bias.spectra")), (vec![3, 5], vec![3, 1]));
}

#[test]
fn what_does_not_apply_to_an_architecture_is_refused() {
    let fixed = ["train", "--task", "integrator", "--neurons", "4", "--steps", "1"];
    for (line, sentence) in [
        ("gru --phi tanh", "--phi does not apply to --architecture gru, which has none"),
        ("populations --phi tanh", "--phi does not apply to --architecture populations"),
        ("divisive --psi tanh", "--psi does not apply to --architecture divisive"),
        ("lstm --leak 0.2", "--leak does not apply to --architecture lstm"),
        ("low-rank --start identity", "--start does not apply to --architecture low-rank"),
        ("stack --gain 0.2", "--gain does not apply to --architecture stack"),
        ("rnn --gain 0.2", "--gain is for another --start than zero"),
        ("attention --factors", "--factors does not apply to --architecture attention"),
        ("gru --initial-state", "--initial-state does not apply to --architecture gru"),
        ("gru --learn W", "no block is named W; there are: weight_ih_l0"),
        ("rnn --learn V", "no block is named V; there are: W, B, C, bias, h0"),
        ("rnn --learn B --factors", "--factors is for a W that learns"),
        ("populations --neurons 1", "expected at least 2, one of each population"),
        ("transformer", "transformer"),
    ] {
        let line: Vec<_> = line.split(' ').collect();
        let mut fixed = fixed.to_vec();
        if line.contains(&"--neurons") {
            fixed.drain(3..5);
        }
        let output = rankproof(&[&fixed[..], &["--architecture"], &line[..]].concat());
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{line:?}: {message}");
        assert!(message.contains(sentence) && !message.contains("panicked"), "{message}");
        assert!(output.stdout.is_empty(), "{}", stdout(&output));
    }
}

#[test]
fn a_run_that_diverges_writes_nothing_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("w.npz");
    let output = rankproof(&[
        "train",
        "--task",
        "integrator",
        "--neurons",
        "8",
        "--steps",
        "200",
        "--step-size",
        "1e9",
        "--out",
        file.to_str().expect("text"),
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("diverged") && stderr(&output).contains("learning step"));
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn a_wide_linear_network_is_trained_in_factors() {
    let output = rankproof(&[
        "train",
        "--task",
        "random-targets",
        "--neurons",
        "3000",
        "--steps",
        "3",
        "--factors",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("5 (rows), 5 (columns)"), "{}", stdout(&output));
}

/// What is printed of the few is what is printed of all, and `rank` reads what is written.
#[test]
fn cores_learn_what_all_neurons_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = ["all.npz", "cores.npz"].map(|name| folder.path().join(name));
    let [whole, file] = files.each_ref().map(|file| file.to_str().expect("text"));
    let line = "train --task random-targets --neurons 60 --steps 2 --start 1 --initial-state --learn \
                W,B,b --optimizer nesterov --decay 0.1 --clip 0.2";
    let line: Vec<_> = line.split_whitespace().collect();
    let all = rankproof(&[&line[..], &["--out", whole]].concat());
    let few = rankproof(&[&line[..], &["--cores", "--out", file]].concat());
    for output in [&all, &few] {
        assert!(output.status.success(), "{}", stderr(output));
    }
    // Of each row of the tables k, the loss and the largest singular value; the least are noise.
    let told = |output: &Output| -> Vec<[String; 3]> {
        let text = stdout(output);
        let rows = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let rows = rows.filter(|row| row.len() > 3 && row[0].parse::<usize>().is_ok());
        rows.map(|row| [0, 1, 3].map(|column| row[column].to_owned())).collect()
    };
    assert_eq!(told(&all).len(), 3 * 2);
    assert_eq!(told(&all), told(&few));
    assert!(stdout(&few).contains("60 neurons, which learn as 8 do: loss"), "{}", stdout(&few));

    // W_2 by the formula of --help, from what is written.
    let mut npz = Npz::open(file).expect("an archive");
    let mut array = |name: &str| npz.array(name).expect("an array");
    let (basis, cores, identity) = (array("basis"), array("W"), array("identity"));
    assert_eq!((array("B").shape, array("C").shape), (vec![3, 8, 3], vec![2, 8]));
    assert_eq!((&basis.shape[..], &cores.shape[..]), (&[60, 8][..], &[3, 8, 8][..]));
    let u = Matrix::from_fn(60, 8, |i, j| basis.data[8 * i + j]);
    let c = identity.data[2];
    let inner = |i: usize, j: usize| cores.data[2 * 64 + 8 * i + j] - if i == j { c } else { 0.0 };
    let w = Matrix::product(u.times(&Matrix::from_fn(8, 8, inner)).view(), u.t());
    let learned = Npz::open(whole).expect("an archive").array("W").expect("an array");
    let differs = |i: usize, j: usize| {
        let diagonal = if i == j { c } else { 0.0 };
        learned.data[2 * 3600 + 60 * i + j] - w[(i, j)] - diagonal
    };
    let difference = Matrix::from_fn(60, 60, differs).norm();
    assert!(c > 0.4 && c < 0.5 && difference < 1e-13, "{c} {difference:e}");

    let output = rankproof(&["rank", file, "--array", "W", "--delta"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("8 x 8 weights"), "{}", stdout(&output));
}

#[test]
fn cores_are_refused_where_they_do_not_close() {
    let fixed = ["train", "--task", "integrator", "--neurons", "4", "--steps", "1", "--cores"];
    for (line, sentence) in [
        ("--phi tanh", "--cores is for linear networks, so it needs another --phi than tanh"),
        ("--psi relu", "--cores is for linear networks, so it needs another --psi than relu"),
        ("--start full", "--cores keeps no N x N matrix, so it needs another --start than full"),
        ("--start symmetric-2", "so it needs another --start than symmetric-2"),
        (
            "--optimizer adam",
            "that do not see the basis of the neurons, and adam acts entry by entry",
        ),
        ("--architecture gru", "--cores does not apply to --architecture gru"),
        ("--factors", "'--cores' cannot be used with '--factors'"),
        ("--d-in 1000000000000000", "memory"),
        ("--start 18446744073709551615", "memory"),
    ] {
        let output = rankproof(&[&fixed[..], &line.split(' ').collect::<Vec<_>>()].concat());
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{line:?}: {message}");
        assert!(message.contains(sentence) && !message.contains("panicked"), "{message}");
    }
}

#[test]
fn verify_refuses_an_arithmetic_that_no_named_theorem_has() {
    let output = rankproof(&["verify", "--theorem", "tightness", "--arithmetic", "f64"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("tightness is checked in exact alone"), "{}", stderr(&output));
}

#[test]
fn explore_shows_the_fibonacci_row() {
    let arguments = ["explore", "--neurons", "16", "--time", "8", "--trials", "8"];
    let swept = ["--sweep", "d_in=1", "--sweep", "d_out=9", "--sweep", "step=0..4"];
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cells.csv");
    let csv = ["--csv", file.to_str().expect("text")];
    let output = rankproof(&[&arguments[..], &swept, &csv].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    let row = text.lines().nth(1).expect("a row").split_whitespace().collect::<Vec<_>>();
    assert_eq!(row, ["1", "9", "0", "1", "2", "4", "7"]);
    assert!(text.contains("generic ranks, except with probability"), "{text}");
    // What no bound speaks of is said.
    let gated = rankproof(&[&arguments[..], &swept, &["--activation", "relu"]].concat());
    assert!(stdout(&gated).contains("4 cells have no such bound"), "{}", stdout(&gated));
    let cells = fs::read_to_string(&file).expect("written");
    assert_eq!(cells.lines().nth(4), Some("1,9,3,4,4,0,9e-35,4,fibonacci-growth,any,,"));
    for wrong in ["d_in=0..2", "d_in", "neurons=3", "step=x"] {
        assert_eq!(rankproof(&["explore", "--sweep", wrong]).status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn a_new_conjecture_is_written_once_and_only_inside_the_project() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |name: &str| {
        Command::new(env!("CARGO_BIN_EXE_rankproof"))
            .args(["new-conjecture", name])
            .current_dir(folder.path())
            .output()
            .expect("the program starts")
    };
    assert_eq!(run("an-idea").status.code(), Some(2));
    fs::create_dir_all(folder.path().join("tests/conjectures")).expect("a folder");
    assert_eq!(run("an-idea").status.code(), Some(0));
    let file = folder.path().join("tests/conjectures/an_idea.rs");
    let text = fs::read_to_string(file).expect("written");
    assert!(text.contains("fn an_idea()") && text.contains("id: \"an-idea\""), "{text}");
    for wrong in ["an-idea", "An-idea", "../idea", "", "main", "fn", "match", "gen"] {
        let output = run(wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        assert!(stderr(&output).starts_with("error: "), "{}", stderr(&output));
    }
}

/// A tensor of eight random terms in five dimensions, which slices would bound by 25.
#[test]
fn the_cp_rank_is_bracketed_by_flattenings_and_fitted_terms() {
    let file = rank_eight();
    let path = file.path().join("eight.npz");
    let path = path.to_str().expect("text");
    let report = json(&["rank", path]);
    assert_eq!(report["cp"], serde_json::json!({"lower": 8, "upper": 8}), "{report}");
    let text = stdout(&rankproof(&["rank", path]));
    assert!(text.contains("8; at least by Koszul flattening of"), "{text}");
    assert!(text.contains("at most by fitted terms"), "{text}");
}

fn rank_eight() -> tempfile::TempDir {
    let mut stream = Stream::new("eight terms", 0, 0);
    let mut factor = || Matrix::<f64>::random(5, 8, &mut stream);
    let sum = Decomposition { a: factor(), b: factor(), c: factor() };
    let folder = tempfile::tempdir().expect("a folder");
    let slices: Vec<f64> = (0..5).flat_map(|k| sum.slice(k).transposed().data().to_vec()).collect();
    write_npz(folder.path().join("eight.npz"), |npz| npz.array("W", &[5, 5, 5], &slices))
        .expect("written");
    folder
}

/// What makes every file that these commands can make.
#[cfg(unix)]
const FIT: &str = "fit --rank 2 --units 4 --iterations 2";
#[cfg(unix)]
const CV: &str = "cv --fixed --ranks 1 --units 4 --folds 2 --iterations 2";

/// A folder with inputs of all commands, and other names for them.
#[cfg(unix)]
fn many_names() -> tempfile::TempDir {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    for line in [
        "simulate --neurons 4 --trials 24 --bins 6 --rank 1 --conditions 2 --out rec.npz",
        "train --task linear-teacher --neurons 4 --steps 2 --out w.npz",
        "verify --theorem fingerprints --arithmetic exact --cases 2 --json v.json",
        "verify --theorem fingerprints --arithmetic exact --cases 2 --part 1/1 --out parts",
        &format!("{FIT} rec.npz --out results"),
        &format!("{CV} rec.npz --out crossed"),
    ] {
        let output = in_folder(folder.path(), line);
        assert_eq!(output.status.code(), Some(0), "{line}: {}", stderr(&output));
    }
    for name in ["sub", "model", "summary", "twice"] {
        fs::create_dir(at(name)).expect("a folder");
    }
    symlink("rec.npz", at("soft.npz")).expect("a link");
    symlink("new.npz", at("dangling.npz")).expect("a link");
    symlink(".", at("here")).expect("a link");
    symlink("../rec.npz", at("model/model.npz")).expect("a link");
    symlink("../rec.npz", at("summary/summary.json")).expect("a link");
    fs::hard_link(at("rec.npz"), at("hard.npz")).expect("a link");
    fs::hard_link(at("w.npz"), at("hard-w.npz")).expect("a link");
    fs::hard_link(at("v.json"), at("hard-v.json")).expect("a link");
    fs::write(at("twice/model.npz"), "old").expect("written");
    fs::hard_link(at("twice/model.npz"), at("twice/summary.json")).expect("a link");
    folder
}

/// Puts a recording wherever `fit` and `cv` have written something, and says by which commands
/// that would be overwritten.
#[cfg(unix)]
fn recordings_in_the_way(folder: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for (command, written, out) in [(FIT, "results", "in-fit"), (CV, "crossed", "in-cv")] {
        for (path, _) in contents(&folder.join(written)) {
            let name = path.strip_prefix(folder.join(written)).expect("a file of the folder");
            let there = Path::new(out).join(name);
            fs::create_dir_all(folder.join(&there).parent().expect("a folder")).expect("made");
            fs::copy(folder.join("rec.npz"), folder.join(&there)).expect("copied");
            lines.push(format!("{command} {} --out {out}", there.display()));
        }
    }
    lines
}

#[cfg(unix)]
fn in_folder(folder: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rankproof"))
        .current_dir(folder)
        .args(line.split_whitespace())
        .output()
        .expect("the program starts")
}

/// Every file below a folder with what it holds, links as what they are.
#[cfg(unix)]
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let (path, kind) = (entry.path(), entry.file_type().expect("a type"));
        if kind.is_dir() {
            found.extend(contents(&path));
        } else if kind.is_symlink() {
            let link = fs::read_link(&path).expect("a link");
            found.push((path, link.into_os_string().into_encoded_bytes()));
        } else {
            let bytes = fs::read(&path).expect("a file");
            found.push((path, bytes));
        }
    }
    found.sort();
    found
}

/// What a slip could overwrite, for each command that has two files or more.
#[cfg(unix)]
const SLIPS: [&str; 48] = [
    "inspect rec.npz --json rec.npz",
    "inspect rec.npz --json ./rec.npz",
    "inspect rec.npz --json sub/../rec.npz",
    "inspect rec.npz --json here/here/rec.npz",
    "inspect rec.npz --json soft.npz",
    "inspect rec.npz --json hard.npz",
    "inspect soft.npz --json rec.npz",
    "inspect hard.npz --json soft.npz",
    "rank w.npz --json w.npz",
    "rank w.npz --json hard-w.npz",
    "rank here/w.npz --json sub/../w.npz",
    "rank results/model.npz --json results/model.npz",
    "prepare rec.npz --array activity --bin-seconds 0.05 --out rec.npz",
    "prepare rec.npz --array activity --bin-seconds 0.05 --out soft.npz",
    "prepare rec.npz --array activity --bin-seconds 0.05 --out hard.npz",
    "prepare soft.npz --array activity --bin-seconds 0.05 --out here/rec.npz",
    "fit rec.npz --rank 1 --units 4 --iterations 2 --out rec.npz",
    "fit hard.npz --rank 1 --units 4 --iterations 2 --out rec.npz",
    "fit rec.npz --rank 1 --units 4 --iterations 2 --out model",
    "fit hard.npz --rank 1 --units 4 --iterations 2 --out here/model",
    "fit rec.npz --rank 1 --units 4 --iterations 2 --out summary",
    "fit rec.npz --rank 1 --units 4 --iterations 2 --out twice",
    "fit rec.npz --rank 1 --units 4 --iterations 2 --out missing/../rec.npz",
    "fit rec.npz --resume model",
    "fit results/model.npz --resume results",
    "apply results rec.npz --out results",
    "apply results/model.npz rec.npz --out here/results",
    "apply results rec.npz --out rec.npz",
    "decode results rec.npz --json rec.npz",
    "cv rec.npz --ranks 1..1 --units 4 --folds 2 --iterations 2 --out rec.npz",
    "cv rec.npz --ranks 1..1 --units 4 --folds 2 --iterations 2 --out summary",
    "cv hard.npz --ranks 1..1 --units 4 --folds 2 --iterations 2 --out here/summary",
    "cv rec.npz --ranks 1..1 --units 4 --folds 2 --iterations 2 --out missing/./../summary",
    "simulate --trials 9 --out s.npz --truth s.npz",
    "simulate --trials 9 --out s.npz --truth ./sub/../s.npz",
    "simulate --trials 9 --out sub/s.npz --truth here/sub/s.npz",
    "simulate --trials 9 --out new.npz --truth dangling.npz",
    "simulate --trials 9 --out dangling.npz --truth here/new.npz",
    "simulate --trials 9 --out rec.npz --truth hard.npz",
    "collect parts --json parts/verify-part-1-of-1.json",
    "collect parts --json here/parts/verify-part-1-of-1.json",
    "collect parts/verify-part-1-of-1.json --json sub/../parts/verify-part-1-of-1.json",
    "report --from results --verified v.json --out v.json",
    "report --from results --verified v.json --out hard-v.json",
    "report --from results --verified v.json --out results/summary.json",
    "report --from here/results --out results/summary.json",
    "report --from results --verified v.json --out results/losses.svg",
    "report --from model results --verified v.json --out results/eigenvalues.svg",
];

#[cfg(unix)]
#[test]
fn no_output_is_an_input_or_another_output() {
    let folder = many_names();
    let folder = folder.path();
    fs::copy(folder.join("results/summary.json"), folder.join("model/summary.json"))
        .expect("copied");
    let in_folders = recordings_in_the_way(folder);
    // Eight figures of a fit, and seven other files; of a cross-validation three, and two fits of
    // each of nine models.
    assert_eq!(in_folders.len(), 15 + (3 + 9 * 2));
    let before = contents(folder);
    for line in SLIPS.into_iter().map(str::to_owned).chain(in_folders) {
        let output = in_folder(folder, &line);
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{line}: {error}");
        assert!(error.starts_with("error: ") && error.lines().count() == 1, "{line}: {error}");
        assert!(error.contains(", expected another for --"), "{line}: {error}");
        assert!(output.stdout.is_empty(), "{line}");
        assert!(contents(folder) == before, "{line} changed something");
    }
    // Whoever adds a command says here what it could overwrite, or that it has one file at most.
    const ONE_FILE: [&str; 8] =
        ["verify", "theorems", "replay", "train", "explore", "discover", "new-conjecture", "help"];
    let help = stdout(&rankproof(&["--help"]));
    let listed = help.split_once("Commands:").expect("a list").1;
    let listed = listed.split_once("Options:").expect("its end").0;
    let commands = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let commands: Vec<_> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(commands.len(), 18, "{commands:?}");
    for command in commands {
        let is_tried = SLIPS.iter().any(|line| line.split(' ').next() == Some(command));
        assert!(is_tried != ONE_FILE.contains(&command), "{command}");
    }
}

/// The other side: a folder may hold both what is read and what is written.
#[cfg(unix)]
#[test]
fn files_beside_those_that_are_written_are_no_obstacle() {
    let folder = many_names();
    let folder = folder.path();
    fs::copy(folder.join("rec.npz"), folder.join("sub/rec.npz")).expect("copied");
    for line in [
        "fit sub/rec.npz --rank 1 --units 4 --iterations 2 --out sub",
        "report --from results --verified v.json --out results/report.html",
        "report --from results --verified v.json --out results/report.html",
        "inspect rec.npz --json sub/rec.json",
        "simulate --trials 9 --neurons 4 --bins 6 --out sub/s.npz --truth s.npz",
    ] {
        let output = in_folder(folder, line);
        assert_eq!(output.status.code(), Some(0), "{line}: {}", stderr(&output));
    }
}
