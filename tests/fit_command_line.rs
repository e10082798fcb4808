//! `simulate`, `fit`, `cv` and `rank` as a user runs them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use rankproof::recording::{Behaviour, Recording};
use rankproof::scalar::Stream;
use serde_json::Value;

fn rankproof(folder: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rankproof"))
        .current_dir(folder)
        .args(line.split_whitespace())
        .output()
        .expect("the program runs")
}

fn succeeds(folder: &Path, line: &str) -> String {
    let output = rankproof(folder, line);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{line}: {error}");
    String::from_utf8(output.stdout).expect("text")
}

fn refused(folder: &Path, line: &str) -> String {
    let output = rankproof(folder, line);
    assert_eq!(output.status.code(), Some(2), "{line}");
    let error = String::from_utf8(output.stderr).expect("text");
    assert!(error.starts_with("error: ") && error.trim_end().lines().count() == 1, "{error}");
    error
}

fn json(path: impl AsRef<Path>) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("the file is there")).expect("JSON")
}

const SIMULATE: &str =
    "simulate --neurons 12 --trials 24 --bins 12 --rank 2 --conditions 3 --out rec.npz";

#[test]
fn a_recording_is_simulated_fitted_and_its_weights_ranked() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeds(folder, &format!("{SIMULATE} --truth truth.npz"));
    let shown =
        succeeds(folder, "fit rec.npz --rank 2 --units 12 --iterations 30 --predictions --out fit");
    assert!(shown.contains("30 iterations") && shown.contains("held out"), "{shown}");
    let summary = json(folder.join("fit/summary.json"));
    assert_eq!(
        (&summary["schema"], &summary["rank"], &summary["units"]),
        (&1.into(), &2.into(), &12.into())
    );
    for part in ["train", "held_out"] {
        assert!(summary[part]["loss"].is_f64() && summary[part]["r2"].is_f64());
    }
    // The rank of a fitted model and of the true one is that of their factors.
    for model in ["fit/model.npz", "truth.npz"] {
        succeeds(folder, &format!("rank {model} --json rank.json"));
        let found = json(folder.join("rank.json"));
        assert_eq!(found["shape"], serde_json::json!([24, 12, 12]));
        assert!(found["ranks"].as_array().unwrap().iter().all(|rank| *rank == 2), "{found}");
        assert_eq!((&found["cp"]["lower"], &found["cp"]["upper"]), (&2.into(), &2.into()));
    }
    // It goes on to where a single run ends.
    succeeds(folder, "fit rec.npz --resume fit --iterations 40");
    succeeds(folder, "fit rec.npz --rank 2 --units 12 --iterations 40 --threads 1 --out whole");
    let losses = |of: &str| std::fs::read(folder.join(of).join("losses.csv")).unwrap();
    assert_eq!(losses("fit"), losses("whole"));
    let again = refused(folder, "fit rec.npz --rank 2 --out fit");
    assert!(again.contains("already; rankproof fit rec.npz --resume fit goes on"), "{again}");
    succeeds(folder, &SIMULATE.replace("rec.npz", "other.npz --seed 2"));
    let other = refused(folder, "fit other.npz --resume fit");
    assert!(other.contains("is another recording"), "{other}");
}

/// The rows of figures.csv that have this figure and this kind.
fn drawn(folder: &Path, figure: &str, kind: &str) -> usize {
    let text = std::fs::read_to_string(folder.join("figures.csv")).expect("the file is there");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let records = reader.records().map(|record| record.expect("a row of CSV"));
    records.filter(|record| &record[0] == figure && &record[3] == kind).count()
}

#[test]
fn a_fit_is_drawn_at_each_epoch_and_all_that_is_drawn_is_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeds(folder, SIMULATE);
    let mut recording = Recording::read(folder.join("rec.npz")).unwrap();
    recording.epoch_names = ["baseline", "adaptation", "washout"].map(str::to_owned).into();
    recording.epochs = (0..24).map(|k| [0, 1, 1, 2][k / 6]).collect();
    recording.write(folder.join("rec.npz")).unwrap();
    succeeds(
        folder,
        "fit rec.npz --rank 2 --units 12 --iterations 60 --inputs throughout --out fit",
    );
    let fit = folder.join("fit");
    let flow = std::fs::read_to_string(fit.join("flow.svg")).unwrap();
    // At the middle of adaptation, where it differs from what is before and after.
    for title in ["baseline, trial 3", "adaptation, trial 12", "washout, trial 21"] {
        assert!(flow.contains(title), "{title}");
    }
    for (figure, kind) in [
        ("losses", "line"),
        ("single_trials", "points"),
        ("trial_factors", "band"),
        ("trial_factors", "epoch"),
        ("flow", "flow"),
        ("flow", "points"),
        ("fixed_points", "points"),
        ("eigenvalues", "points"),
        ("projections", "line"),
        ("initial_states", "points"),
        ("initial_states", "line"),
    ] {
        assert!(drawn(&fit, figure, kind) > 0, "{figure} {kind}");
        assert!(fit.join(format!("{figure}.svg")).exists());
    }
    // Three stages, three conditions, two columns, twelve bins.
    assert_eq!(drawn(&fit, "projections", "line"), 3 * 3 * 2 * 12);
}

#[test]
fn a_fit_is_applied_to_other_trials_and_behaviour_decoded() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeds(folder, SIMULATE);
    let mut recording = Recording::read(folder.join("rec.npz")).unwrap();
    // What the first neuron does, without its noise: linear in it.
    let first = recording.activity.iter().step_by(12).map(|x| 3.0 * x - 1.0).collect();
    recording.behaviour = Some(Behaviour { names: vec!["speed".to_owned()], values: first });
    recording.write(folder.join("rec.npz")).unwrap();
    succeeds(folder, "fit rec.npz --rank 2 --units 12 --iterations 200 --out fit");
    let shown = succeeds(folder, "apply fit rec.npz --iterations 200 --out other");
    assert!(shown.contains("held out, factors held"), "{shown}");
    let summary = json(folder.join("other/summary.json"));
    let change = &summary["applied"]["change"];
    assert_eq!(change["factors"].as_array().unwrap().len(), 2);
    // To the trials that it was fitted to.
    assert!(change["weights"].as_f64().unwrap() < 0.2, "{summary}");
    assert!(summary["held_out"]["r2"].as_f64().unwrap() > 0.5, "{summary}");
    assert!(summary["applied"]["held_out_unchanged"]["loss"].is_f64());
    succeeds(folder, "rank other/model.npz");
    for fit in ["fit", "other"] {
        let shown =
            succeeds(folder, &format!("decode {fit} rec.npz --folds 4 --json decoded.json"));
        assert!(shown.contains("speed") && shown.contains("in 4 folds"), "{shown}");
        let speed = &json(folder.join("decoded.json"))["dimensions"][0];
        // A neuron says what it does; states say it but for its noise.
        assert!(speed["neurons"]["mean"].as_f64().unwrap() > 0.999, "{speed}");
        let by_states = speed["states"]["mean"].as_f64().unwrap();
        assert!((0.3..0.98).contains(&by_states), "{speed}");
    }
    succeeds(folder, &SIMULATE.replace("rec.npz", "other.npz --seed 2"));
    let without = refused(folder, "decode fit other.npz");
    assert!(without.contains("recording is one without, expected one with behaviour"), "{without}");
    let missing = refused(folder, "decode . rec.npz");
    assert!(missing.contains("no states of a fit"), "{missing}");
    succeeds(folder, &SIMULATE.replace("--neurons 12", "--neurons 13").replace("rec", "more"));
    let more = refused(folder, "apply fit more.npz --out third");
    assert!(more.contains("number of neurons is 13, expected 12"), "{more}");
    assert!(!folder.join("third").exists());
    let twice = refused(folder, "apply fit rec.npz --out fit");
    assert!(twice.contains("model.npz"), "{twice}");
}

#[test]
fn several_recordings_are_pooled() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for seed in ["1", "2"] {
        succeeds(folder, &SIMULATE.replace("rec.npz", &format!("rec{seed}.npz --seed {seed}")));
    }
    let fast = "--fixed --ranks 1..2 --units 12 --folds 2 --iterations 20";
    let shown = succeeds(folder, &format!("cv rec1.npz rec2.npz {fast} --out cv"));
    assert!(shown.contains("All recordings") && shown.contains("rec2"), "{shown}");
    let pooled = json(folder.join("cv/pooled.json"));
    let constant = pooled["pooled"].as_array().unwrap().iter();
    let constant = constant.clone().find(|model| model["model"] == "constant weights").unwrap();
    let differences = constant["differences"].as_array().unwrap();
    let of = |k: usize| differences[k]["difference"].as_f64().unwrap();
    let found = constant["pooled"]["difference"].as_f64().unwrap();
    assert!(of(0).min(of(1)) <= found && found <= of(0).max(of(1)), "{constant}");
    // Each is what it would be alone.
    succeeds(folder, &format!("cv rec2.npz {fast} --out alone"));
    assert_eq!(json(folder.join("alone/summary.json")), json(folder.join("cv/rec2/summary.json")));
    let missing = refused(folder, &format!("cv rec1.npz nothing.npz {fast} --out other"));
    assert!(missing.contains("nothing.npz") && !folder.join("other").exists(), "{missing}");
    std::fs::create_dir(folder.join("b")).unwrap();
    std::fs::copy(folder.join("rec1.npz"), folder.join("b/rec1.npz")).unwrap();
    let twice = refused(folder, &format!("cv rec1.npz b/rec1.npz {fast} --out other"));
    assert!(twice.contains("two recordings are called rec1"), "{twice}");
}

#[test]
fn a_rank_is_chosen_and_compared_and_a_second_run_repeats_no_fit() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeds(folder, SIMULATE);
    let line = "cv rec.npz --fixed --ranks 1..2 --units 12 --folds 2 --iterations 60 --out cv";
    let shown = succeeds(folder, line);
    assert!(shown.contains("chosen") && shown.contains("constant weights"), "{shown}");
    let summary = json(folder.join("cv/summary.json"));
    assert_eq!(summary["ranks"].as_array().unwrap().len(), 2);
    for other in ["constant", "free", "cp", "principal_components", "condition_mean"] {
        assert!(summary["comparisons"][other]["mean"].is_f64(), "{other}");
        assert!(summary["comparisons"][other]["se"].is_f64(), "{other}");
    }
    let jobs = || {
        let mut times: Vec<_> = std::fs::read_dir(folder.join("cv/jobs"))
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name(), entry.metadata().unwrap().modified().unwrap()))
            .collect();
        times.sort();
        times
    };
    let before = jobs();
    // Eight other models, of a recording of one epoch.
    assert_eq!(before.len(), 2 * 2 + 8 * 2);
    assert_eq!(succeeds(folder, line), shown);
    assert_eq!(jobs(), before);
    let mixed = refused(folder, &line.replace("--iterations 60", "--iterations 61"));
    assert!(mixed.contains("with other settings"), "{mixed}");
    // Fits of a version in which they meant something else.
    let plan = folder.join("cv/plan.json");
    let mut older = json(plan.clone());
    older.as_object_mut().unwrap().remove("form").expect("the form of the fits");
    std::fs::write(&plan, older.to_string()).unwrap();
    let older = refused(folder, line);
    assert!(older.contains("cv: holds fits of another version of rankproof"), "{older}");
    assert!(older.contains("give another --out"), "{older}");
}

const GRID: &str = r#"{"initial":["condition",{"hierarchy":0.3},"trial"],
    "inputs":["never","constant",{"smooth":0.3}],"time_constant":[0.5],"length":[15],
    "amplitude":[0.5],"jumps":[false],"iterations":4}"#;

#[test]
fn each_model_chooses_what_it_is_made_of() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeds(folder, SIMULATE);
    std::fs::write(folder.join("grid.json"), GRID).unwrap();
    let line = "cv rec.npz --grid grid.json --ranks 1..2 --units 6 --folds 2 --iterations 12 \
                --permutations 2 --out cv";
    let shown = succeeds(folder, line);
    for part in
        ["chosen", "low tensor rank", "Difference: ", "Order: ", "Architectures: ", "Fits: "]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let summary = json(folder.join("cv/summary.json"));
    let verdict = &summary["verdict"];
    let answers = ["needed", "not-needed", "undecided"];
    assert!(answers.contains(&verdict["changing_weights"].as_str().unwrap()), "{verdict}");
    assert!(verdict["difference"].is_f64() && verdict["interval"][1].is_f64(), "{verdict}");
    assert!(verdict["permutation_p"].is_f64() && verdict["stable"][1].is_u64(), "{verdict}");
    assert!(verdict["best_model"].is_string() && verdict["rank"].is_u64(), "{verdict}");
    assert_eq!(summary["search"]["winners"].as_array().unwrap().len(), 9 * 2);
    // A run that was killed goes on to the same bytes, and repeats no fit that it has.
    let whole = contents(&folder.join("cv"));
    std::fs::create_dir_all(folder.join("killed/jobs")).unwrap();
    for (number, (name, bytes)) in whole.iter().enumerate() {
        if name == "plan.json" || name.starts_with("jobs/") && number % 2 == 0 {
            std::fs::write(folder.join("killed").join(name), bytes).unwrap();
        }
    }
    let again = succeeds(folder, &line.replace("--out cv", "--out killed"));
    assert_eq!(again.replace("killed", "cv"), shown);
    same_files(folder, "killed", "cv", line);
    // The page says the same.
    succeeds(folder, "verify --theorem fingerprints --arithmetic exact --cases 2 --json v.json");
    succeeds(folder, "report --verified v.json --from cv --out page.html");
    let page = std::fs::read_to_string(folder.join("page.html")).unwrap();
    let answer = shown.lines().find(|line| line.starts_with("Architectures: ")).unwrap();
    assert!(page.contains(answer), "{answer}");
}

#[test]
fn what_a_search_chooses_is_no_option_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeds(folder, SIMULATE);
    let grid: Value = serde_json::from_str(&succeeds(folder, "cv --print-grid")).unwrap();
    assert!(grid["initial"].as_array().unwrap().len() > 2, "{grid}");
    std::fs::write(folder.join("text.json"), "no grid").unwrap();
    std::fs::write(folder.join("none.json"), GRID.replace("[0.5]", "[]")).unwrap();
    std::fs::write(folder.join("wrong.json"), GRID.replace("0.3},", "-1},")).unwrap();
    for (grid, expected) in [
        ("text.json", "text.json: is no grid"),
        ("none.json", "number of choices of time_constant is 0"),
        ("wrong.json", "initial spread is -1"),
        ("nowhere.json", "nowhere.json"),
    ] {
        let error = refused(folder, &format!("cv rec.npz --grid {grid} --out x"));
        assert!(error.contains(expected), "{grid}: {error}");
    }
    for option in ["--initial trial", "--inputs throughout", "--time-constant 0.2", "--length 9"] {
        let output = rankproof(folder, &format!("cv rec.npz {option} --out x"));
        assert_eq!(output.status.code(), Some(2), "{option}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("--fixed"), "{option}: {error}");
    }
    // Nor beside what --fixed refuses.
    std::fs::write(folder.join("grid.json"), GRID).unwrap();
    for beside in ["--grid grid.json", "--permutations 19"] {
        let output = rankproof(folder, &format!("cv rec.npz {beside} --length 9 --out x"));
        assert_eq!(output.status.code(), Some(2), "{beside}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("--length"), "{beside}: {error}");
    }
    assert!(!folder.join("x").exists());
}

#[test]
fn wrong_input_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeds(folder, SIMULATE);
    std::fs::write(folder.join("text.npz"), "no archive").unwrap();
    let mut flat = Recording::read(folder.join("rec.npz")).unwrap();
    flat.activity.fill(0.3);
    flat.write(folder.join("flat.npz")).unwrap();
    for (line, expected) in [
        ("fit text.npz --rank 2 --out x", "text.npz"),
        ("fit nowhere.npz --rank 2 --out x", "does not exist"),
        ("fit rec.npz --rank 0 --out x", "--rank is 0"),
        ("fit rec.npz --rank 20 --units 10 --out x", "the number of units, 10"),
        ("fit rec.npz --rank 2 --likelihood poisson --out x", "needs counts"),
        ("fit rec.npz --rank 2 --held-out 0.4 --out x", "from 0 to 0.25"),
        ("fit rec.npz --resume nowhere", "expected a fit"),
        (
            "fit rec.npz --rank 2 --inputs preparation --out x",
            "--preparation is 0, expected at least one",
        ),
        ("fit rec.npz --rank 2 --initial zero --out x", "--initial is zero without inputs"),
        (
            "fit rec.npz --rank 2 --initial-spread 0.3 --out x",
            "--initial-spread is for --initial hierarchy",
        ),
        (
            "fit rec.npz --rank 2 --initial hierarchy --initial-spread 0 --out x",
            "--initial-spread is 0, expected a number above 0",
        ),
        ("fit rec.npz --rank 2 --length 0 --out x", "--length is 0, expected a number above 0"),
        ("fit rec.npz --rank 2 --activity-penalty=-1 --out x", "--activity-penalty is -1"),
        ("fit rec.npz --rank 2 --steps-per-bin 0 --out x", "--steps-per-bin is 0"),
        ("fit rec.npz --rank 2 --time-constant 0 --out x", "--time-constant is 0"),
        (
            "cv rec.npz --folds 11 --out x",
            "--folds is 11, expected 2 to 10 where 0.066 is held out",
        ),
        ("simulate --rank 9 --neurons 3 --out x.npz", "at most the number of units"),
        ("simulate --noise 1 --out x.npz", "below 1"),
        ("simulate --initial-spread=NaN --out x.npz", "expected 0 or a number above"),
        ("fit flat.npz --rank 1 --out x", "is constant: there is nothing to fit"),
        ("cv flat.npz --ranks 1 --out x", "is constant: there is nothing to fit"),
    ] {
        let error = refused(folder, line);
        assert!(error.contains(expected), "{line}: {error}");
    }
    assert!(!folder.join("x.npz").exists());
}

/// Every file below a folder and what it holds.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("text");
        if entry.file_type().expect("a type").is_dir() {
            let inner = contents(&entry.path());
            found.extend(inner.into_iter().map(|(file, bytes)| (format!("{name}/{file}"), bytes)));
        } else {
            found.insert(name, std::fs::read(entry.path()).expect("a file"));
        }
    }
    found
}

fn same_files(folder: &Path, a: &str, b: &str, what: &str) {
    let (a, b) = (contents(&folder.join(a)), contents(&folder.join(b)));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>(), "{what}");
    for (name, bytes) in &a {
        assert!(b[name] == *bytes, "{name} differs: {what}");
    }
}

/// Options of `fit` and `cv` with numbers that few digits do not name.
fn random_options(stream: &mut Stream) -> String {
    let one_of =
        |stream: &mut Stream, choices: &[&str]| choices[stream.below(choices.len())].to_owned();
    let mut options = format!(
        "--time-constant {} --length {} --amplitude {} --learning-rate {} --seed {} --patience {}",
        0.06 + stream.uniform(),
        1.0 + 30.0 * stream.uniform(),
        0.1 + stream.uniform(),
        0.001 + 0.05 * stream.uniform(),
        stream.below(1000),
        1 + stream.below(5),
    );
    for numbered in ["--independent", "--noise", "--activity-penalty"] {
        if stream.below(2) == 0 {
            options += &format!(" {numbered} {}", 0.3 * stream.uniform());
        }
    }
    if stream.below(2) == 0 {
        options += &format!(" --inputs throughout --input-length {}", 0.5 + 3.0 * stream.uniform());
    }
    for choices in [
        &["", " --initial common", " --initial trial", " --free-initial", " --initial hierarchy"][..],
        &["", " --nonlinearity relu", " --nonlinearity softplus"],
        &["", " --steps-per-bin 2", " --preparation 3"],
        &["", " --readout orthonormal", " --no-offset"],
        &["", " --bias free", " --kernel rbf"],
        &["", " --precision f64"],
    ] {
        options += &one_of(stream, choices);
    }
    options
}

/// A recording of random size.
fn random_recording(folder: &Path, stream: &mut Stream) {
    let [bins, trials] = [stream.below(40) + 2, stream.below(30) + 20];
    let counts = if stream.below(3) == 0 { " --counts" } else { "" };
    let line = format!(
        "simulate --neurons 6 --trials {trials} --bins {bins} --rank 1 --conditions 2{counts} \
         --out rec.npz"
    );
    succeeds(folder, &line);
}

#[test]
fn fits_with_random_settings_are_resumed_to_the_same_bytes() {
    for case in 0..12 {
        let mut stream = Stream::new("resumed fits", 1, case);
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        random_recording(folder, &mut stream);
        let options = random_options(&mut stream);
        let (first, all) = (1 + stream.below(8), 9 + stream.below(8));
        let predictions = if stream.below(2) == 0 { " --predictions" } else { "" };
        let fit = format!("fit rec.npz --rank 2 --units 5 --held-out 0.07 {options}{predictions}");
        succeeds(folder, &format!("{fit} --iterations {first} --out resumed"));
        succeeds(folder, &format!("fit rec.npz --resume resumed --iterations {all}"));
        succeeds(folder, &format!("{fit} --iterations {all} --out whole"));
        same_files(folder, "resumed", "whole", &fit);
        // Once more without a number of iterations: it keeps that of the fit.
        let shown = succeeds(folder, "fit rec.npz --resume resumed");
        assert!(shown.contains(" iterations in "), "{shown}");
        same_files(folder, "resumed", "whole", &fit);
    }
}

/// What a run that was killed has left is the results of some fits, each whole.
#[test]
fn cross_validations_with_random_settings_go_on_to_the_same_bytes() {
    for case in 0..6 {
        let mut stream = Stream::new("resumed cross-validations", 1, case);
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        random_recording(folder, &mut stream);
        let options = random_options(&mut stream);
        let cv =
            format!("cv rec.npz --fixed --ranks 1..2 --units 4 --folds 2 --iterations 4 {options}");
        let shown = succeeds(folder, &format!("{cv} --out whole"));
        let all = contents(&folder.join("whole"));
        std::fs::create_dir_all(folder.join("killed/jobs")).unwrap();
        for (name, bytes) in &all {
            let is_kept = name == "plan.json" || name.starts_with("jobs/") && stream.below(2) == 0;
            if is_kept {
                std::fs::write(folder.join("killed").join(name), bytes).unwrap();
            }
        }
        let again = succeeds(folder, &format!("{cv} --out killed"));
        assert_eq!(again.replace("killed", "whole"), shown, "{cv}");
        same_files(folder, "killed", "whole", &cv);
    }
}

/// By Ctrl-C, and by what the program then prints.
#[cfg(unix)]
#[test]
fn the_printed_command_goes_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeds(folder, &SIMULATE.replace("rec.npz", "it\'s.npz"));
    let fit = "fit it\'s.npz --rank 2 --units 12 --iterations 4000 --patience 4000 --predictions \
               --time-constant 0.37 --threads 1";
    let command = interrupted(folder, fit);
    assert_eq!(command, r"rankproof fit 'it'\''s.npz' --resume 'a fit' --threads 1");
    let command = command.replacen("rankproof", env!("CARGO_BIN_EXE_rankproof"), 1);
    let output = Command::new("sh").current_dir(folder).args(["-c", &command]).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("4000 iterations in "), "{shown}");
    succeeds(folder, &format!("{fit} --out whole"));
    same_files(folder, "a fit", "whole", fit);
}

/// Interrupts a fit to the folder `a fit` as soon as it has begun; what it says how to go on.
#[cfg(unix)]
fn interrupted(folder: &Path, fit: &str) -> String {
    // A machine that is busy elsewhere may end the fit before it hears of the signal.
    for _ in 0..10 {
        let _ = std::fs::remove_dir_all(folder.join("a fit"));
        let arguments = fit.split_whitespace().chain(["--out", "a fit"]);
        let mut fitting = Command::new(env!("CARGO_BIN_EXE_rankproof"))
            .current_dir(folder)
            .args(arguments)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let has_ended = |fitting: &mut std::process::Child| fitting.try_wait().unwrap().is_some();
        while !folder.join("a fit/plan.json").exists() && !has_ended(&mut fitting) {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        let signal = Command::new("kill").args(["-INT", &fitting.id().to_string()]).output();
        assert!(signal.unwrap().status.success() || has_ended(&mut fitting));
        let output = fitting.wait_with_output().unwrap();
        if output.status.code() == Some(130) {
            let said = String::from_utf8(output.stderr).unwrap();
            let (_, command) = said.split_once("; go on with\n  ").expect("how to go on");
            return command.trim_end().to_owned();
        }
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    panic!("ten fits ended before they could be interrupted");
}

#[test]
fn a_resumed_fit_keeps_its_settings() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeds(folder, SIMULATE);
    let fit = "fit rec.npz --rank 2 --units 12 --iterations 30 --out fit";
    let shown = succeeds(folder, fit);
    assert!(shown.contains("rankproof fit rec.npz --resume fit --iterations 60"), "{shown}");
    let before = contents(&folder.join("fit"));
    let iterations = |folder: &Path| json(folder.join("fit/summary.json"))["iterations"].clone();
    succeeds(folder, "fit rec.npz --resume fit");
    assert_eq!(iterations(folder), 30);
    assert!(contents(&folder.join("fit")) == before);
    let fewer = refused(folder, "fit rec.npz --resume fit --iterations 20");
    assert!(fewer.contains("--iterations is 20, expected at least the 30"), "{fewer}");
    // What cannot change is not passed over.
    for option in ["--units 12", "--length 15", "--seed 1", "--guard 2,2", "--initial condition"] {
        let output = rankproof(folder, &format!("fit rec.npz --resume fit {option}"));
        assert_eq!(output.status.code(), Some(2), "{option}");
        let error = String::from_utf8(output.stderr).unwrap();
        let name = option.split(' ').next().unwrap();
        let expected = format!("'--resume <DIR>' cannot be used with '{name} ");
        assert!(error.contains(&expected), "{error}");
    }
    assert!(contents(&folder.join("fit")) == before);
    succeeds(folder, "fit rec.npz --resume fit --iterations 40 --predictions --threads 1");
    assert_eq!(iterations(folder), 40);
    succeeds(folder, "fit rec.npz --resume fit");
    assert_eq!(iterations(folder), 40);
    let whole =
        fit.replace("--iterations 30 --out fit", "--iterations 40 --predictions --out whole");
    succeeds(folder, &whole);
    same_files(folder, "fit", "whole", "more iterations and predictions");
}

#[test]
fn a_cross_validation_says_what_it_compared() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeds(folder, SIMULATE);
    let cv = "cv rec.npz --fixed --ranks 1 --units 4 --folds 2 --iterations 2";
    let option = "\n--initial trial gives each trial an initial state.\n";
    let caution = "an initial state for each trial tests the first";
    for (options, compared, is_untested) in [
        ("", "with one initial state for each condition and without inputs", true),
        ("--initial common", "with one initial state for all trials and without inputs", true),
        ("--initial trial", "with an initial state for each trial and without inputs", false),
        (
            "--initial zero --inputs execution",
            "with the initial state 0 in all trials and one input for each condition from \
             the first bin on",
            true,
        ),
    ] {
        let out = options.replace(' ', "");
        let shown = succeeds(folder, &format!("{cv} {options} --out cv{out}"));
        assert!(shown.contains(&format!("\nCompared: networks {compared}.\n")), "{shown}");
        assert_eq!(shown.contains(option), is_untested, "{shown}");
        assert!(shown.contains("that vary from trial to trial can look like changing"), "{shown}");
        // The page says the same.
        succeeds(
            folder,
            "verify --theorem fingerprints --arithmetic exact --cases 2 --json v.json",
        );
        succeeds(folder, &format!("report --verified v.json --from cv{out} --out page.html"));
        let page = std::fs::read_to_string(folder.join("page.html")).unwrap();
        assert!(page.contains(&format!(" Compared: networks {compared}. ")), "{options}");
        assert_eq!(page.contains(caution), is_untested, "{options}");
    }
}
