//! `simulate`, `fit`, `cv` and `rank` as a user runs them.

use std::path::Path;
use std::process::{Command, Output};

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
    assert!(again.contains("holds a fit already"), "{again}");
    succeeds(folder, &SIMULATE.replace("rec.npz", "other.npz --seed 2"));
    let other = refused(folder, "fit other.npz --resume fit");
    assert!(other.contains("is another recording"), "{other}");
}

#[test]
fn a_rank_is_chosen_and_compared_and_a_second_run_repeats_no_fit() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeds(folder, SIMULATE);
    let line = "cv rec.npz --ranks 1..2 --units 12 --folds 2 --iterations 60 --out cv";
    let shown = succeeds(folder, line);
    assert!(shown.contains("chosen") && shown.contains("constant weights"), "{shown}");
    let summary = json(folder.join("cv/summary.json"));
    assert_eq!(summary["ranks"].as_array().unwrap().len(), 2);
    for other in ["constant", "free", "cp", "condition_mean"] {
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
    assert_eq!(before.len(), 2 * 2 + 4 * 2);
    assert_eq!(succeeds(folder, line), shown);
    assert_eq!(jobs(), before);
    let mixed = refused(folder, &line.replace("--iterations 60", "--iterations 61"));
    assert!(mixed.contains("with other settings"), "{mixed}");
}

#[test]
fn wrong_input_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    succeeds(folder, SIMULATE);
    std::fs::write(folder.join("text.npz"), "no archive").unwrap();
    for (line, expected) in [
        ("fit text.npz --rank 2 --out x", "text.npz"),
        ("fit nowhere.npz --rank 2 --out x", "does not exist"),
        ("fit rec.npz --rank 0 --out x", "--rank is 0"),
        ("fit rec.npz --rank 20 --units 10 --out x", "the number of units, 10"),
        ("fit rec.npz --rank 2 --likelihood poisson --out x", "needs counts"),
        ("fit rec.npz --rank 2 --held-out 0.4 --out x", "from 0 to 0.25"),
        ("fit rec.npz --resume nowhere", "expected a fit"),
        ("fit rec.npz --rank 2 --inputs preparation --out x", "needs --preparation"),
        ("cv rec.npz --folds 11 --out x", "expected 2 to 10"),
        ("simulate --rank 9 --neurons 3 --out x.npz", "at most the number of units"),
        ("simulate --noise 1 --out x.npz", "below 1"),
    ] {
        let error = refused(folder, line);
        assert!(error.contains(expected), "{line}: {error}");
    }
    assert!(!folder.join("x.npz").exists());
}
