//! What goes wrong on a bad day: absurd arguments, files made to be large, ends in the middle.
//!
//! Each run has a bounded address space, so that an allocation out of proportion ends it, and a time
//! that is there to end a hang alone.
#![cfg(unix)]

mod absurd;
mod budgets;
mod faults;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit status; none if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// True if it was ended because it did not end by itself.
    pub was_stopped: bool,
}

impl Ended {
    /// In words, what is wrong with a refusal or an answer; none if it is one.
    pub fn trouble(&self) -> Option<String> {
        let is_told = match self.code {
            Some(0) => true,
            Some(2) => self.stderr.contains("error: "),
            _ => false,
        };
        let is_calm = !self.stderr.contains("panicked");
        let sentence = self.stderr.lines().next().unwrap_or_default();
        (!is_told || !is_calm).then(|| format!("{:?}: {sentence}", self.code))
    }
}

/// Address space of a run, in KiB: the program itself has about a quarter of it.
pub const SPACE: u64 = 1 << 20;

/// No run takes so long that does not hang.
pub const HANG: Duration = Duration::from_secs(300);

/// The program with these arguments in a folder, with at most so much address space.
pub fn limited(folder: &Path, space: u64, arguments: &[String]) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("ulimit -v {space}; exec \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_rankproof"))
        .args(arguments)
        .current_dir(folder)
        .env("RAYON_NUM_THREADS", "2")
        .stdin(Stdio::null());
    command
}

/// Runs it to its end, or to that of its time.
pub fn ended(command: &mut Command, time: Duration) -> Ended {
    let told = tempfile::tempdir().expect("a folder");
    let file = |name: &str| File::create(told.path().join(name)).expect("a file");
    let child = command.stdout(file("stdout")).stderr(file("stderr")).spawn().expect("it starts");
    let (code, was_stopped) = waited(child, time);
    let text = |name: &str| {
        let bytes = fs::read(told.path().join(name)).expect("a file");
        String::from_utf8_lossy(&bytes).into_owned()
    };
    Ended { code, stdout: text("stdout"), stderr: text("stderr"), was_stopped }
}

fn waited(mut child: Child, time: Duration) -> (Option<i32>, bool) {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return (status.code(), false);
        }
        if started.elapsed() > time {
            child.kill().expect("it is there");
            child.wait().expect("it ends");
            return (None, true);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// A line of arguments; no argument has a space in it.
pub fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

/// Runs a line that must succeed.
pub fn made(folder: &Path, line: &str) {
    let found = ended(&mut limited(folder, 4 * SPACE, &words(line)), HANG);
    assert_eq!(found.code, Some(0), "{line}: {}", found.stderr);
}
