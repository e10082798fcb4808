//! Work that ends in the middle: by a signal, with a disk that is full, with nobody who listens.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rankproof::file::write_npz;
use rankproof::matrix::Matrix;
use rankproof::scalar::Stream;

use super::{Ended, HANG, SPACE, ended, limited, made, words};

/// By what a run is ended, in turn.
const SIGNALS: [&str; 3] = ["KILL", "TERM", "INT"];

/// Work that can be ended and taken up again.
struct Work {
    name: &'static str,
    /// The line that does it, with `OUT` for where.
    line: &'static str,
    /// The line that goes on once this file is there; the same one if there is none.
    resumed: Option<(&'static str, &'static str)>,
}

const WORKS: [Work; 4] = [
    Work {
        name: "fit",
        line: "fit rec.npz --rank 2 --units 12 --iterations 150 --precision f64 --out OUT",
        resumed: Some(("checkpoint.npz", "fit rec.npz --resume OUT")),
    },
    Work {
        name: "cv",
        line: "cv rec.npz --fixed --ranks 1,2 --units 6 --folds 2 --iterations 20 --out OUT",
        resumed: None,
    },
    Work {
        name: "verify",
        line: "verify --theorem fingerprints --theorem tightness --cases 100 --json OUT",
        resumed: None,
    },
    Work { name: "rank", line: "rank w --array * --out OUT", resumed: None },
];

fn inputs(folder: &Path) {
    made(
        folder,
        "simulate --neurons 12 --trials 60 --bins 12 --rank 2 --conditions 3 --out rec.npz",
    );
    made(folder, "train --task linear-teacher --neurons 6 --steps 3 --out w.npz");
    // Checkpoints of three matrices.
    fs::create_dir(folder.join("w")).expect("a folder");
    for step in 0..6 {
        let matrix = |name| Matrix::<f64>::random(40, 40, &mut Stream::new(name, 1, step));
        write_npz(folder.join(format!("w/w{step}.npz")), |npz| {
            ["a", "b", "c"]
                .into_iter()
                .try_for_each(|name| npz.array(name, &[40, 40], matrix(name).data()))
        })
        .expect("written");
    }
}

/// A line with the place of its results.
fn at(line: &str, out: &Path) -> Vec<String> {
    let out = out.to_str().expect("text");
    words(line).into_iter().map(|word| if word == "OUT" { out.to_owned() } else { word }).collect()
}

/// Every file at a place with what it holds, but for those that are not whole.
fn contents(place: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    if place.is_file() {
        return vec![(PathBuf::new(), fs::read(place).expect("a file"))];
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(place).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        let name = PathBuf::from(path.file_name().expect("a name"));
        if name.to_string_lossy().starts_with(".rankproof-") {
            continue;
        }
        found.extend(contents(&path).into_iter().map(|(below, bytes)| (name.join(below), bytes)));
    }
    found.sort();
    found
}

/// Starts a line, and ends it by a signal after some time.
fn broken_off(folder: &Path, line: &[String], signal: &str, after: Duration) -> Ended {
    let mut command = limited(folder, 4 * SPACE, line);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    thread::sleep(after);
    if child.try_wait().expect("a child").is_none() {
        let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
        assert!(sent.expect("kill").success() || child.try_wait().expect("a child").is_some());
    }
    let started = Instant::now();
    while child.try_wait().expect("a child").is_none() {
        assert!(started.elapsed() < HANG, "{line:?} goes on after {signal}");
        thread::sleep(Duration::from_millis(5));
    }
    let status = child.wait().expect("it ended");
    Ended { code: status.code(), stdout: String::new(), stderr: String::new(), was_stopped: true }
}

/// The line that begins or goes on.
fn next(work: &Work, out: &Path) -> Vec<String> {
    match work.resumed {
        Some((file, line)) if out.join(file).exists() => at(line, out),
        _ => at(work.line, out),
    }
}

/// Ends work so many times at moments spread over its time, each time going on with what is there, and
/// then lets it end. Returns how many runs were in fact ended.
fn breaks(folder: &Path, work: &Work, times: usize) -> usize {
    let whole = folder.join(format!("{}-whole", work.name));
    let started = Instant::now();
    let found = ended(&mut limited(folder, 4 * SPACE, &at(work.line, &whole)), HANG);
    assert_eq!(found.code, Some(0), "{}: {}", work.name, found.stderr);
    let time = started.elapsed();
    let out = folder.join(format!("{}-broken", work.name));
    let mut broken = 0;
    for number in 0..times {
        // The moments of a golden section fill an interval evenly, whatever their number.
        let share = (0.618_034 * (number + 1) as f64).fract();
        let signal = SIGNALS[number % SIGNALS.len()];
        let found = broken_off(folder, &next(work, &out), signal, time.mul_f64(share));
        match found.code {
            // Ended by itself before; begun again, so that all moments are tried.
            Some(0) => {
                compare(work, &whole, &out);
                let _ = if out.is_dir() { fs::remove_dir_all(&out) } else { fs::remove_file(&out) };
            }
            // 130: saved and ended; none: killed.
            Some(130) | None => broken += 1,
            code => panic!("{} ended by {signal} with {code:?}", work.name),
        }
    }
    let line = next(work, &out);
    let found = ended(&mut limited(folder, 4 * SPACE, &line), HANG);
    assert_eq!(found.code, Some(0), "{line:?}: {}", found.stderr);
    compare(work, &whole, &out);
    broken
}

fn compare(work: &Work, whole: &Path, out: &Path) {
    let (whole, broken) = (contents(whole), contents(out));
    let names =
        |all: &[(PathBuf, Vec<u8>)]| all.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&whole), names(&broken), "{}", work.name);
    for ((name, whole), (_, broken)) in whole.iter().zip(&broken) {
        assert!(whole == broken, "{}: {} differs", work.name, name.display());
    }
}

#[test]
fn work_that_was_ended_comes_to_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    inputs(folder.path());
    for work in &WORKS {
        breaks(folder.path(), work, 4);
    }
}

/// The same a hundred times: `cargo test --test hostile hundred -- --ignored --nocapture`.
#[test]
#[ignore = "takes minutes"]
fn work_that_was_ended_a_hundred_times_comes_to_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    inputs(folder.path());
    for work in &WORKS {
        let broken = breaks(folder.path(), work, 100);
        println!("{}: 100 times, of which {broken} before the end", work.name);
    }
}

/// Checkpoints are twenty seconds apart: `cargo test --test hostile killed -- --ignored`.
#[test]
#[ignore = "takes a minute"]
fn a_fit_that_is_killed_loses_at_most_what_it_did_since_the_last_checkpoint() {
    const BETWEEN: Duration = Duration::from_secs(20);
    let folder = tempfile::tempdir().expect("a folder");
    inputs(folder.path());
    let line = words(
        "fit rec.npz --rank 2 --units 20 --iterations 10000000 --patience 10000000 --out out",
    );
    let mut child = limited(folder.path(), 4 * SPACE, &line)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let checkpoint = folder.path().join("out/checkpoint.npz");
    // So late that there are checkpoints, and not in step with them.
    thread::sleep(BETWEEN.mul_f64(2.7));
    child.kill().expect("it runs");
    let killed = SystemTime::now();
    child.wait().expect("it ends");
    let saved = fs::metadata(&checkpoint).and_then(|of| of.modified()).expect("a checkpoint");
    let lost = killed.duration_since(saved).expect("saved before it was killed");
    // A second for the iteration in which the time was up.
    assert!(lost <= BETWEEN + Duration::from_secs(1), "{lost:?} of work are lost");
    let line = words("fit rec.npz --resume out --iterations 10000000");
    let found = broken_off(folder.path(), &line, "TERM", Duration::from_secs(3));
    assert_eq!(found.code, Some(130), "it goes on");
}

/// By a signal to end as by Ctrl-C: nothing of what was computed is lost.
#[test]
fn a_signal_to_end_saves_a_fit() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    made(
        folder,
        "simulate --neurons 12 --trials 60 --bins 12 --rank 2 --conditions 3 --out rec.npz",
    );
    let line =
        words("fit rec.npz --rank 2 --units 20 --iterations 1000000 --patience 1000000 --out out");
    for signal in ["TERM", "INT"] {
        let mut command = limited(folder, 4 * SPACE, &line);
        let told = folder.join("told");
        let mut child = command
            .stdout(Stdio::null())
            .stderr(File::create(&told).expect("a file"))
            .spawn()
            .expect("it starts");
        // The plan is written when fitting begins.
        while !folder.join("out/plan.json").exists() {
            assert!(child.try_wait().expect("a child").is_none(), "it ended");
            thread::sleep(Duration::from_millis(20));
        }
        thread::sleep(Duration::from_millis(300));
        let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
        assert!(sent.expect("kill").success());
        assert_eq!(child.wait().expect("it ends").code(), Some(130), "{signal}");
        let told = fs::read_to_string(&told).expect("text");
        assert!(told.contains("interrupted after ") && told.contains("--resume out"), "{told}");
        assert!(folder.join("out/checkpoint.npz").exists(), "{signal}");
        fs::remove_dir_all(folder.join("out")).expect("removed");
    }
}

/// Runs a line with something else in the place of an open file.
fn redirected(folder: &Path, line: &str, redirection: &str) -> std::process::Output {
    Command::new("sh")
        .args(["-c", &format!("exec \"$0\" {line} {redirection}")])
        .arg(env!("CARGO_BIN_EXE_rankproof"))
        .current_dir(folder)
        .output()
        .expect("it starts")
}

#[test]
fn an_error_that_nobody_hears_is_an_exit_status() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    inputs(folder);
    for place in ["2>&-", "2>/dev/full"] {
        for (line, code) in [
            ("inspect missing.npz", 2),
            ("fit", 2),
            ("rank w.npz --array W", 0),
            ("verify --theorem fingerprints --arithmetic exact --cases 2", 0),
        ] {
            let found = redirected(folder, line, place);
            assert_eq!(found.status.code(), Some(code), "{line} {place}");
        }
    }
    for (place, code) in [(">&-", [0, 2]), (">/dev/full", [2, 2]), ("| head -1", [0, 0])] {
        let found = redirected(folder, "rank w.npz --array W", place);
        assert!(
            found.status.code().is_some_and(|found| code.contains(&found)),
            "{place}: {found:?}"
        );
        let told = String::from_utf8_lossy(&found.stderr);
        assert!(!told.contains("panicked"), "{place}: {told}");
    }
}

/// A terminal would take them for commands.
#[test]
fn names_of_files_are_told_as_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let line = ["inspect".to_owned(), "\u{1b}[31mred.npz".to_owned()];
    let found = ended(&mut limited(folder.path(), SPACE, &line), HANG);
    assert_eq!(found.code, Some(2));
    assert!(found.stderr.contains(r"\u{1b}[31mred.npz"), "{}", found.stderr);
    assert!(!found.stderr.contains('\u{1b}'), "{}", found.stderr);
}

/// Files of at most so many blocks stand for a disk that is full.
#[test]
fn a_disk_that_is_full_is_told_of_in_one_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let script =
        "trap '' XFSZ; ulimit -f 8; exec \"$0\" simulate --neurons 40 --trials 80 --out s.npz";
    let found = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_rankproof")])
        .current_dir(folder)
        .output()
        .expect("it starts");
    let told = String::from_utf8_lossy(&found.stderr);
    assert_eq!(found.status.code(), Some(2), "{told}");
    assert!(told.starts_with("error: s.npz: cannot be written: "), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    assert_eq!(fs::read_dir(folder).expect("a folder").count(), 0, "nothing is left");
}
