//! Which tests reach a mutant, and whether one of them fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{fmt, thread};

use crate::tree::{Mutant, Program};

/// One test, alone in its process.
pub struct Test {
    program: PathBuf,
    target: String,
    name: String,
    /// While it is traced, which is slower than otherwise.
    time: Duration,
    reaches: BTreeSet<u32>,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Outcome {
    Killed,
    /// A test did not end in time, or wanted more than 8 GiB.
    TimedOut,
    Survived,
    /// By no test.
    Unreached,
}

const OUTCOMES: [(Outcome, &str); 4] = [
    (Outcome::Killed, "killed"),
    (Outcome::TimedOut, "timeout"),
    (Outcome::Survived, "survived"),
    (Outcome::Unreached, "unreached"),
];

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, name) = OUTCOMES.iter().find(|(outcome, _)| outcome == self).expect("all");
        f.pad(name)
    }
}

/// What became of each mutant, by its name: lines that are only ever added to a file.
pub struct Results {
    file: Mutex<File>,
    pub outcomes: BTreeMap<String, Outcome>,
}

impl Results {
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let text = fs::read_to_string(path).unwrap_or_default();
        let outcomes = text.lines().filter_map(|line| {
            let mut fields = line.split('\t');
            let (name, outcome) = (fields.next()?, fields.next()?);
            let (outcome, _) = OUTCOMES.iter().find(|(_, name)| *name == outcome)?;
            Some((name.to_owned(), *outcome))
        });
        let outcomes = outcomes.collect();
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Results { file: Mutex::new(file), outcomes })
    }
}

/// The tests, quickest first, each traced unless it was before with the same mutants. A test that
/// fails without any mutant is named and left out.
pub fn traced(
    programs: &[Program],
    modules: &[String],
    mutants: &[Mutant],
    folder: &Path,
    jobs: usize,
) -> std::io::Result<Vec<Test>> {
    let mut hasher = DefaultHasher::new();
    mutants.iter().for_each(|mutant| mutant.name.hash(&mut hasher));
    let traces = folder.join(format!("traces-{:016x}", hasher.finish()));
    fs::create_dir_all(&traces)?;
    let mut tests = Vec::new();
    for program in programs {
        for name in
            list(program, &["--list"])?.difference(&list(program, &["--list", "--ignored"])?)
        {
            // Unit tests of the modules alone.
            let module = name.split("::").next().unwrap_or_default();
            if program.target == "rankproof" && !modules.iter().any(|m| m == module) {
                continue;
            }
            let (target, program) = (program.target.clone(), program.path.clone());
            let (time, reaches) = (Duration::ZERO, BTreeSet::new());
            tests.push(Mutex::new(Test { program, target, name: name.clone(), time, reaches }));
        }
    }
    let tree = folder.join("tree");
    for_each(&tests, jobs, |place, test| {
        let mut test = test.lock().expect("no panic");
        let trace = traces.join(format!("{}--{}", test.target, test.name.replace("::", "-")));
        if !trace.exists() {
            let reached = traces.join(format!("{place}.reached"));
            let _ = fs::remove_file(&reached);
            let started = Instant::now();
            let run = test.run(&tree, "trace", &reached, Duration::from_secs(600));
            let seconds =
                if run == Outcome::Survived { started.elapsed().as_secs_f64() } else { -1.0 };
            let numbers = fs::read_to_string(&reached).unwrap_or_default();
            let _ = fs::remove_file(&reached);
            fs::write(&trace, format!("{seconds}\n{numbers}")).expect("a trace is written");
            println!("{seconds:8.2} s  {} {}", test.target, test.name);
        }
        let text = fs::read_to_string(&trace).expect("a trace is read");
        let mut lines = text.lines();
        let seconds: f64 = lines.next().and_then(|line| line.parse().ok()).unwrap_or(-1.0);
        if seconds < 0.0 {
            println!("fails without any mutant: {} {}", test.target, test.name);
            return;
        }
        test.time = Duration::from_secs_f64(seconds);
        test.reaches = lines.filter_map(|line| line.parse().ok()).collect();
    });
    let tests = tests.into_iter().map(|test| test.into_inner().expect("no panic"));
    let mut tests: Vec<_> = tests.filter(|test| !test.reaches.is_empty()).collect();
    tests.sort_by_key(|test| test.time);
    Ok(tests)
}

fn list(program: &Program, arguments: &[&str]) -> std::io::Result<BTreeSet<String>> {
    let output =
        Command::new(&program.path).args(arguments).args(["--format", "terse"]).output()?;
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(lines.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

/// Judges each mutant by the tests that reach it, until one fails.
pub fn judge(
    mutants: &[&Mutant],
    tests: &[Test],
    results: &mut Results,
    folder: &Path,
    jobs: usize,
) {
    let tree = folder.join("tree");
    let found = Mutex::new(Vec::new());
    let done = AtomicUsize::new(0);
    for_each(mutants, jobs, |_, mutant| {
        let started = Instant::now();
        let (mut outcome, mut by) = (Outcome::Unreached, "");
        for test in tests.iter().filter(|test| test.reaches.contains(&mutant.number)) {
            let limit = 3 * test.time + Duration::from_secs(5);
            outcome = test.run(&tree, &mutant.number.to_string(), Path::new(""), limit);
            if outcome != Outcome::Survived {
                by = &test.name;
                break;
            }
        }
        let done = 1 + done.fetch_add(1, Relaxed);
        println!("{done:5}/{} {outcome:9} {}", mutants.len(), mutant.name);
        let seconds = started.elapsed().as_secs_f64();
        let line = format!("{}\t{outcome}\t{by}\t{seconds:.1}\n", mutant.name);
        let mut file = results.file.lock().expect("no panic");
        file.write_all(line.as_bytes()).expect("a result is written");
        found.lock().expect("no panic").push((mutant.name.clone(), outcome));
    });
    results.outcomes.extend(found.into_inner().expect("no panic"));
}

impl Test {
    /// `Survived` if it passes.
    fn run(&self, tree: &Path, mutant: &str, reached: &Path, limit: Duration) -> Outcome {
        // The shell sets the limit of memory, and is the test afterwards.
        let mut child = Command::new("sh")
            .args(["-c", "ulimit -v 8388608; exec \"$0\" \"$@\""])
            .arg(&self.program)
            .args(["--exact", &self.name, "--test-threads", "1"])
            .current_dir(tree)
            .env("RANKPROOF_MUTANT", mutant)
            .env("RANKPROOF_REACHED", reached)
            // The same cases each time; what fails need not be made small or kept.
            .env("PROPTEST_RNG_SEED", "1")
            .env("PROPTEST_MAX_SHRINK_ITERS", "0")
            .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true")
            .env("RAYON_NUM_THREADS", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("sh starts");
        let started = Instant::now();
        loop {
            match child.try_wait().expect("a child can be waited for") {
                Some(status) if status.success() => return Outcome::Survived,
                Some(_) => return Outcome::Killed,
                None if started.elapsed() < limit => thread::sleep(Duration::from_millis(2)),
                None => {
                    // With the programs that it started.
                    let group = format!("-{}", child.id());
                    let _ = Command::new("kill").args(["-9", "--", &group]).status();
                    let _ = child.wait();
                    return Outcome::TimedOut;
                }
            }
        }
    }
}

/// Does something with each of a list, `jobs` at a time.
fn for_each<T: Sync>(list: &[T], jobs: usize, work: impl Fn(usize, &T) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some((place, item)) = Some(next.fetch_add(1, Relaxed))
                    .and_then(|place| Some((place, list.get(place)?)))
                {
                    work(place, item);
                }
            });
        }
    });
}
