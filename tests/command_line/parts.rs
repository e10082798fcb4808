//! Runs in parts: their union is the whole run to the last byte, what is missing or of another run is
//! named, and two processes that would mix their results find each other.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{contents, in_folder, stderr, stdout};

/// What a command prints, in a folder.
fn succeeds(folder: &Path, line: &str) -> String {
    let output = in_folder(folder, line);
    assert_eq!(output.status.code(), Some(0), "{line}: {}", stderr(&output));
    stdout(&output)
}

/// The one sentence in which a command refuses.
fn refused(folder: &Path, line: &str) -> String {
    let output = in_folder(folder, line);
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{line}: {error}");
    assert!(error.starts_with("error: ") && error.lines().count() == 1, "{line}: {error}");
    assert!(output.stdout.is_empty(), "{line}");
    error
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn bytes(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).expect("written")
}

/// Runs the parts of a command, the last first.
fn in_parts(folder: &Path, line: &str, count: usize, out: &str) {
    for number in (1..=count).rev() {
        succeeds(folder, &format!("{line} --part {number}/{count} --out {out}"));
    }
}

const VERIFY: &str = "verify --cases 12 --theorem fingerprints --theorem tightness \
                      --theorem invariant-subspace";
const EXPLORE: &str = "explore --neurons 12 --time 6 --trials 6 --sweep d_in=1,2 --sweep d_out=1..3 \
                       --sweep step=0..3";

#[test]
fn the_parts_of_a_verification_are_the_whole() {
    let folder = folder();
    let folder = folder.path();
    let whole = succeeds(folder, &format!("{VERIFY} --json whole.json"));
    for count in [1, 3, 20] {
        let out = format!("in-{count}");
        in_parts(folder, VERIFY, count, &out);
        assert_eq!(succeeds(folder, &format!("collect {out} --json parts.json")), whole);
        assert_eq!(bytes(folder, "whole.json"), bytes(folder, "parts.json"));
    }
    // Whichever died and was run again, and wherever it was.
    let again = "in-3/verify-part-2-of-3.json";
    let before = bytes(folder, again);
    fs::remove_file(folder.join(again)).expect("removed");
    let missing = refused(folder, "collect in-3");
    assert!(missing.contains("in-3: part 2 is missing, expected all of 3"), "{missing}");
    succeeds(folder, &format!("{VERIFY} --threads 1 --part 2/3 --out elsewhere"));
    assert_eq!(succeeds(folder, "collect elsewhere in-3"), whole);
    succeeds(folder, &format!("{VERIFY} --part 2/3 --out in-3"));
    assert_eq!(bytes(folder, again), before);
    // What is there is not computed again.
    let said = succeeds(folder, &format!("{VERIFY} --part 2/3 --out in-3"));
    assert_eq!(said, "part 2/3 of verify is in in-3 already.\n");
}

#[test]
fn the_parts_of_an_exploration_are_the_whole() {
    let folder = folder();
    let folder = folder.path();
    let whole = succeeds(folder, &format!("{EXPLORE} --csv whole.csv"));
    for count in [1, 3] {
        let out = format!("in-{count}");
        in_parts(folder, EXPLORE, count, &out);
        assert_eq!(succeeds(folder, &format!("collect {out} --csv parts.csv")), whole);
        assert_eq!(bytes(folder, "whole.csv"), bytes(folder, "parts.csv"));
    }
}

#[test]
fn parts_that_do_not_belong_together_are_named() {
    let folder = folder();
    let folder = folder.path();
    let line = "verify --theorem fingerprints --arithmetic exact --cases 6";
    in_parts(folder, line, 2, "parts");
    let of = |line: &str, out: &str| succeeds(folder, &format!("{line} --part 1/2 --out {out}"));
    of(&line.replace("--cases 6", "--cases 7"), "cases");
    of(&format!("{line} --seed 2"), "seed");
    of(&line.replace("fingerprints", "symmetry"), "theorem");
    of("explore --neurons 8 --sweep step=0..1 --sweep d_out=1", "command");
    succeeds(folder, &format!("{line} --part 1/3 --out count"));
    for (other, sentence) in [
        ("cases", "cases is 6 and not 7"),
        ("seed", "seed is 1 and not 2"),
        ("theorem", "theorems.0 is \"fingerprints\" and not \"symmetry\""),
        ("command", "the command is verify and not explore"),
        ("count", "the number of parts is 2 and not 3"),
    ] {
        let error = refused(folder, &format!("collect {other} parts"));
        let of = format!("is a part of another run than {other}/");
        assert!(error.contains(&of) && error.contains(sentence), "{other}: {error}");
    }
    // Nor is a part written beside them.
    let error = refused(folder, &format!("{line} --seed 2 --part 1/2 --out parts"));
    assert!(error.contains("seed is 1 and not 2; expected another --out"), "{error}");

    // Edited files: another result for one part, another version, other choices than its words.
    let path = folder.join("parts/verify-part-1-of-2.json");
    let text = fs::read_to_string(&path).expect("written");
    fs::create_dir(folder.join("edited")).expect("made");
    let edited = |from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        fs::write(folder.join("edited/verify-part-1-of-2.json"), text.replace(from, to))
            .expect("written");
    };
    edited("\"held\":3", "\"held\":2");
    let error = refused(folder, "collect edited parts");
    assert!(error.contains("are both part 1/2, with different results"), "{error}");
    let second = folder.join("parts/verify-part-2-of-2.json");
    fs::copy(second, folder.join("edited/verify-part-2-of-2.json")).expect("copied");
    let error = refused(folder, "collect edited");
    assert!(error.contains("the parts have 5 cases in a line, expected 6"), "{error}");
    edited("\"version\":\"", "\"version\":\"9");
    assert!(refused(folder, "collect edited").contains("was written by version 9"));
    edited("\"version\"", "\"revision\"");
    assert!(refused(folder, "collect edited").contains("is no part of a run"));
    assert!(refused(folder, "collect .").contains("holds no part of a run"));
    let error = refused(folder, "collect parts --csv cells.csv");
    assert!(error.contains("--csv is not for parts of verify"), "{error}");
    let error = refused(folder, &format!("{line} --out parts"));
    assert!(error.contains("--out is for --part"), "{error}");
}

const RECORDING: &str =
    "simulate --neurons 8 --trials 24 --bins 8 --rank 1 --conditions 2 --out rec.npz";

/// A folder of results without what says of the parts.
fn results(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let name = |path: &Path| path.strip_prefix(folder).expect("below").display().to_string();
    let all = contents(folder).into_iter().map(|(path, bytes)| (name(&path), bytes));
    all.filter(|(name, _)| !name.contains("-part-")).collect()
}

/// The last line names the folder.
fn but_for_the_folder(shown: &str) -> Vec<&str> {
    shown.lines().filter(|line| !line.starts_with("Results are in ")).collect()
}

#[test]
fn the_parts_of_a_cross_validation_are_the_whole() {
    let folder = folder();
    let folder = folder.path();
    succeeds(folder, RECORDING);
    succeeds(folder, &RECORDING.replace("rec.npz", "other.npz --seed 2"));
    let sizes = "--ranks 1,2 --units 4 --folds 2 --iterations 6";
    for (name, passes, line) in [
        ("fixed", 2, format!("cv rec.npz --fixed {sizes}")),
        ("searched", 3, format!("cv rec.npz --permutations 2 {sizes}")),
        ("several", 2, format!("cv rec.npz other.npz --fixed {sizes}")),
    ] {
        let whole = succeeds(folder, &format!("{line} --out {name}"));
        for count in [1, 3] {
            let out = format!("{name}-{count}");
            in_parts(folder, &line, count, &out);
            if count > 1 {
                let early = in_folder(folder, &format!("collect {out} --out early"));
                assert_eq!(early.status.code(), Some(2));
                let error = stderr(&early);
                assert!(error.contains("/3 has not made the fit"), "{error}");
                fs::remove_dir_all(folder.join("early")).expect("removed");
                (1..passes).for_each(|_| in_parts(folder, &line, count, &out));
            }
            let collected = succeeds(folder, &format!("collect {out} --out {out}-all"));
            assert_eq!(but_for_the_folder(&collected), but_for_the_folder(&whole));
            let expected = contents(&folder.join(name)).len();
            assert_eq!(contents(&folder.join(format!("{out}-all"))).len(), expected);
            // In the folder of the parts themselves too.
            succeeds(folder, &format!("collect {out}"));
            for made in [&out, &format!("{out}-all")] {
                assert!(results(&folder.join(made)) == results(&folder.join(name)), "{made}");
            }
        }
    }
    // A fit that was made twice, differently.
    let fit = "fixed-3/jobs/constant_rank1_units4_seed1_fold0.json";
    let fit =
        if folder.join(fit).exists() { fit.to_owned() } else { fit.replace("rank1", "rank2") };
    let copy = fit.replace("fixed-3", "fixed-1");
    let text = fs::read_to_string(folder.join(&copy)).expect("written");
    fs::write(folder.join(&copy), text.replacen("0.", "1.", 1)).expect("written");
    fs::remove_file(folder.join("fixed-1/cv-part-1-of-1.json")).expect("removed");
    let part = "cv-part-1-of-3.json";
    fs::rename(folder.join("fixed-3").join(part), folder.join("fixed-1").join(part))
        .expect("moved");
    let error = refused(folder, "collect fixed-1 fixed-3 --out both");
    assert!(error.contains("differ, and are of one instance"), "{error}");
}

#[test]
fn the_parts_of_a_table_of_matrices_are_the_whole() {
    let folder = folder();
    let folder = folder.path();
    let train = "train --task integrator --neurons 6 --steps 4 --learn W,B,C --out w.npz";
    succeeds(folder, train);
    let line = "rank w.npz --array W,B,C";
    let whole = succeeds(folder, &format!("{line} --out whole --json whole.json"));
    for count in [1, 2, 5] {
        let out = format!("in-{count}");
        in_parts(folder, line, count, &out);
        let collected = succeeds(folder, &format!("collect {out} --out all --json parts.json"));
        assert_eq!(collected, whole);
        assert_eq!(bytes(folder, "whole.json"), bytes(folder, "parts.json"));
        assert!(results(&folder.join("all")) == results(&folder.join("whole")));
        fs::remove_dir_all(folder.join("all")).expect("removed");
    }
    fs::remove_file(folder.join("in-2/matrices/B.json")).expect("removed");
    let error = refused(folder, "collect in-2");
    assert!(error.contains("part 2/2 has no rows of B"), "{error}");
    let error = refused(folder, "rank w.npz --array W --part 1/2 --out one");
    assert!(error.contains("--part and --job are for several matrices"), "{error}");
}

#[test]
fn a_job_script_runs_the_same_command_in_parts() {
    let folder = folder();
    let folder = folder.path();
    let job = "--job slurm --parts 40 --mem 4G";
    let verify = format!("{VERIFY} --json v.json --out parts {job} --time 1:00:00");
    let script = succeeds(folder, &verify);
    let part = format!(" {} --out parts\nPART", VERIFY.replace("verify ", "").replace("  ", " "));
    let part = part.split_whitespace().collect::<Vec<_>>().join(" ");
    let told = script.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains(&format!("verify --part \"$SLURM_ARRAY_TASK_ID/40\" {part}")),
        "{script}"
    );
    assert!(script.contains("--time='1:00:00'") && script.contains("--array=1-40"), "{script}");
    assert!(script.contains("collect parts --json v.json\nCOLLECT"), "{script}");
    // Its own --time stays.
    let script = succeeds(folder, &format!("{EXPLORE} --out parts {job} --time-limit 9"));
    assert!(script.contains("--time 6") && script.contains("--time=9"), "{script}");
    // Nothing is read or written, and cv has three passes, with --fixed two.
    for (passes, line) in [(3, "cv rec.npz"), (2, "cv rec.npz --fixed")] {
        let script = succeeds(folder, &format!("{line} --out cv {job}"));
        assert_eq!(script.matches("--array=1-40").count(), passes, "{script}");
    }
    assert!(contents(folder).is_empty());
}

/// Starts a command that goes on until it is killed.
fn started(folder: &Path, line: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_rankproof"))
        .current_dir(folder)
        .args(line.split_whitespace())
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts")
}

#[test]
fn a_part_that_is_broken_off_leaves_nothing() {
    let folder = folder();
    let folder = folder.path();
    let out = folder.join("out");
    for (signal, line) in [
        ("-KILL", "verify --cases 100000000 --theorem fingerprints --part 1/2 --out out"),
        ("-TERM", "explore --lattice --part 1/2 --out out"),
    ] {
        let mut running = started(folder, line);
        while !out.exists() {
            assert!(running.try_wait().expect("its state").is_none(), "{line} ended");
            std::thread::yield_now();
        }
        let number = running.id().to_string();
        let sent = Command::new("kill").args([signal, &number]).status().expect("kill");
        assert!(sent.success());
        assert!(!running.wait().expect("its end").success());
        assert!(contents(&out).is_empty());
        fs::remove_dir(&out).expect("removed");
    }
}

#[test]
fn two_processes_do_not_write_into_one_folder() {
    let folder = folder();
    let folder = folder.path();
    succeeds(folder, RECORDING);
    let endless = "--units 8 --iterations 100000000 --patience 100000000";
    for (first, second) in [
        (
            format!("fit rec.npz --rank 2 {endless}"),
            "fit rec.npz --rank 1 --units 4 --iterations 2",
        ),
        (
            format!("cv rec.npz --fixed --ranks 2 --folds 2 {endless}"),
            "cv rec.npz --fixed --ranks 1 --units 4 --folds 2 --iterations 2 --part 1/2",
        ),
    ] {
        let mut running = started(folder, &format!("{first} --out out"));
        while !folder.join("out/plan.json").exists() {
            assert!(running.try_wait().expect("its state").is_none(), "{first} ended");
            std::thread::yield_now();
        }
        let error = refused(folder, &format!("{second} --out out"));
        assert!(error.contains("out: another process is writing there now"), "{error}");
        // The lock dies with its process.
        running.kill().expect("killed");
        running.wait().expect("its end");
        for left in ["plan.json", "checkpoint.npz"] {
            let _ = fs::remove_file(folder.join("out").join(left));
        }
        succeeds(folder, &format!("{second} --out out"));
        fs::remove_dir_all(folder.join("out")).expect("removed");
    }
}
