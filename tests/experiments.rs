//! Every experiment runs in its quick setting, and what it finds is in the ranges that it states.

#![allow(clippy::duplicate_mod, reason = "each experiment is a program of its own")]

use std::error::Error;
use std::fs;

use rankproof::report::{Experiment, Summary};

/// Runs an experiment, and looks at what it left behind.
fn check(name: &str, run: impl FnOnce(Experiment) -> Result<(), Box<dyn Error>>) {
    let folder = tempfile::tempdir().unwrap();
    run(Experiment::new(name, "a test", folder.path(), true).unwrap()).unwrap();
    let text = fs::read_to_string(folder.path().join("summary.json")).unwrap();
    let summary: Summary = serde_json::from_str(&text).unwrap();
    assert_eq!((summary.experiment.as_str(), summary.quick), (name, true));
    assert!(!summary.numbers.is_empty() && summary.missed().is_empty(), "{text}");
    assert!(!summary.figures.is_empty() && !summary.tables.is_empty(), "{text}");
    for figure in &summary.figures {
        let svg = fs::read_to_string(folder.path().join(&figure.file)).unwrap();
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"), "{}", figure.file);
        assert!(!svg.contains("NaN"), "{}", figure.file);
    }
    for table in &summary.tables {
        let lines = fs::read_to_string(folder.path().join(&table.file)).unwrap();
        assert!(lines.lines().count() > 1, "{}", table.file);
    }
}

#[path = "../experiments/console.rs"]
#[allow(dead_code, reason = "arguments and what is printed")]
mod console;

#[test]
fn two_experiments_do_not_write_into_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let second = || console::alone(folder.path(), || panic!("the first goes on"));
    let first = || {
        let error = second().unwrap_err().to_string();
        assert!(error.contains("another process is writing there now"), "{error}");
        Ok(())
    };
    console::alone(folder.path(), first).unwrap();
    console::alone(folder.path(), || Ok(())).unwrap();
}

#[test]
fn force_field() {
    check("force_field", recover::force_field::run);
}

#[path = "../experiments/recover/main.rs"]
#[allow(dead_code, reason = "its own `main`")]
mod recover;

#[test]
fn recover() {
    check("recover", recover::run);
}

#[path = "../experiments/adaptation/main.rs"]
#[allow(dead_code, reason = "its own `main`")]
mod adaptation;

#[test]
fn adaptation() {
    check("adaptation", adaptation::run);
}

#[path = "../experiments/simulated.rs"]
#[allow(dead_code, reason = "its own `main`")]
mod simulated;

#[test]
fn simulated() {
    check("simulated", simulated::run);
}

#[path = "../experiments/calibration.rs"]
#[allow(dead_code, reason = "its own `main`")]
mod calibration;

#[test]
fn calibration() {
    check("calibration", calibration::run);
}

#[path = "../experiments/recordings/main.rs"]
#[allow(dead_code, reason = "its own `main`")]
mod recordings;

#[test]
#[ignore = "needs real recordings: RANKPROOF_RECORDINGS=FOLDER"]
fn recordings() {
    check("recordings", recordings::run);
}

#[path = "../experiments/growth.rs"]
#[allow(dead_code, reason = "its own `main`")]
mod growth;

#[test]
fn growth() {
    check("growth", growth::run);
}

#[path = "../experiments/optimizers/main.rs"]
#[allow(dead_code, reason = "its own `main`")]
mod optimizers;

#[test]
fn optimizers() {
    check("optimizers", optimizers::run);
}

#[path = "../experiments/nonlinearity/main.rs"]
#[allow(dead_code, reason = "its own `main`")]
mod nonlinearity;

#[test]
fn nonlinearity() {
    check("nonlinearity", nonlinearity::run);
}

#[path = "../experiments/width/main.rs"]
#[allow(dead_code, reason = "its own `main`")]
mod width;

#[test]
fn width() {
    check("width", width::run);
}

#[path = "../experiments/tasks/main.rs"]
#[allow(dead_code, reason = "its own `main`")]
mod tasks;

#[test]
fn tasks() {
    check("tasks", tasks::run);
}
