//! Every argument of every subcommand that takes numbers, given absurd ones.
//!
//! The arguments are those of clap's own tables: a new one is tried because it is there.

use std::fs;
use std::path::Path;
use std::time::Duration;

use clap::Command;
use clap::error::ErrorKind;
use rankproof::cli;

use super::{Ended, HANG, SPACE, ended, limited, made, words};

/// What is put in the place of a number. None of them is a size of anything.
const ABSURD: [&str; 16] = [
    "",
    "0",
    "-1",
    "-0.0",
    "1e18",
    "1e300",
    "-1e300",
    "1e-300",
    "NaN",
    "inf",
    "-inf",
    "100000000",
    "1000000000000000000",
    "9223372036854775807",
    "18446744073709551615",
    "340282366920938463463374607431768211456",
];

/// Texts of which an argument that takes numbers takes one; `1` stands for the number.
const FORMS: [&str; 7] = ["1", "1,1", "1..1", "1/1", "d_in=1", "d_out=1", "step=1"];

/// Lines that are all right, to which an argument with an absurd number is added, or in which it is
/// changed. Every subcommand with numbers has one, and every argument goes with one.
const LINES: [&str; 23] = [
    "verify --theorem fingerprints --arithmetic exact --cases 1",
    "replay fingerprints --arithmetic exact --seed 1 --case 1",
    "train --task integrator --neurons 3 --steps 2 --start full --optimizer heavy-ball --out new.npz",
    "train --task integrator --neurons 3 --steps 2 --factors --out new.npz",
    "rank w.npz",
    "prepare session.nwb --spikes units --align trials.start_time --window 0,1 --bin 0.05 --out new.npz",
    "prepare session.nwb --series acquisition/speed --every 1 --window 0,1 --bin 0.1 --out new.npz",
    "prepare rec.npz --array activity --axes neuron,time,trial --bin-seconds 0.05 --out new.npz",
    "fit rec.npz --rank 1 --units 3 --iterations 1 --initial hierarchy --inputs execution --out new",
    "apply results rec.npz --iterations 1 --out new",
    "decode results rec.npz",
    "cv rec.npz --fixed --ranks 1 --units 3 --folds 2 --iterations 1 --initial hierarchy --inputs execution \
     --out new",
    "simulate --neurons 3 --trials 6 --bins 4 --rank 1 --conditions 2 --out new.npz",
    "cv rec.npz --grid grid.json --ranks 1 --units 3 --folds 2 --iterations 1 --permutations 1 --out new",
    "discover --neurons 6 --sweep d_in=1,2 --sweep d_out=2 --sweep time=3 --sweep trials=3 --sweep step=1,2 \
     --fresh 1",
    "explore --neurons 6 --time 3 --trials 3 --sweep step=0..2",
    "verify --theorem fingerprints --arithmetic exact --cases 1 --part 1/1 --out new",
    "verify --theorem fingerprints --arithmetic exact --cases 1 --job slurm --parts 2 --out new",
    "explore --neurons 6 --time 3 --trials 3 --sweep step=0..2 --part 1/1 --out new",
    "explore --neurons 6 --time 3 --trials 3 --sweep step=0..2 --job slurm --parts 2 --out new",
    "rank w.npz --array * --part 1/1 --out new",
    "rank w.npz --array * --job slurm --parts 2 --out new",
    "cv rec.npz --fixed --ranks 1 --units 3 --folds 2 --iterations 1 --job slurm --parts 2 --out new",
];

/// A single candidate.
const GRID: &str = r#"{"initial":["condition"],"inputs":["never"],"time_constant":[0.5],"gain":[0.0],
    "trial_input":[0.0],"length":[15.0],"amplitude":[0.5],"jumps":[false],"iterations":1}"#;

/// Arguments of which a large number is no error but a long run.
const LONG: [(&str, &str); 8] = [
    ("verify", "cases"),
    ("explore", "instances"),
    ("fit", "iterations"),
    ("apply", "iterations"),
    ("cv", "iterations"),
    ("cv", "seeds"),
    ("cv", "folds"),
    ("train", "steps"),
];

/// The text that an argument takes of a number, if it takes numbers and nothing else.
fn form(command: &Command, subcommand: &str, name: &str) -> Option<&'static str> {
    let takes = |text: &str| {
        let line = ["rankproof", subcommand, &format!("--{name}={text}")];
        let found = command.clone().try_get_matches_from(line);
        let refused =
            [ErrorKind::ValueValidation, ErrorKind::InvalidValue, ErrorKind::TooManyValues];
        !found.is_err_and(|error| refused.contains(&error.kind()))
    };
    (!takes("x")).then(|| FORMS.into_iter().find(|text| takes(text))).flatten()
}

/// A line with an argument in place of the one that it has.
fn with(line: &str, argument: &str, value: &str) -> Vec<String> {
    let mut line = words(line);
    let flag = format!("--{argument}");
    while let Some(place) = line.iter().position(|word| *word == flag) {
        line.drain(place..place + 2);
    }
    line.push(format!("{flag}={value}"));
    line
}

/// A folder with what the lines read.
fn inputs(folder: &Path) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recordings/session.nwb");
    fs::copy(data, folder.join("session.nwb")).expect("copied");
    made(folder, "train --task linear-teacher --neurons 4 --steps 2 --out w.npz");
    made(folder, "simulate --neurons 4 --trials 24 --bins 6 --rank 1 --conditions 2 --out s.npz");
    made(
        folder,
        "prepare s.npz --array activity --axes neuron,time,trial --bin-seconds 0.05 --condition condition \
         --behaviour activity --out rec.npz",
    );
    fs::write(folder.join("grid.json"), GRID).expect("written");
    made(folder, "fit rec.npz --rank 1 --units 3 --iterations 2 --out results");
}

fn run(folder: &Path, line: &[String], is_long: bool) -> Ended {
    for name in ["new", "new.npz"] {
        let path = folder.join(name);
        let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    }
    let time = if is_long { Duration::from_secs(2) } else { HANG };
    ended(&mut limited(folder, SPACE, line), time)
}

#[test]
fn an_absurd_number_is_refused_in_a_sentence_or_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    inputs(folder);
    let command = cli::command();
    let mut troubles = Vec::new();
    let mut tried = 0;
    for subcommand in command.get_subcommands() {
        let name = subcommand.get_name();
        let lines: Vec<&str> =
            LINES.into_iter().filter(|line| line.split(' ').next() == Some(name)).collect();
        for argument in subcommand.get_arguments().filter_map(|argument| argument.get_long()) {
            let Some(form) = form(&command, name, argument) else { continue };
            let goes_with = |line: &&&str| {
                let line = with(line, argument, form);
                let found = command
                    .clone()
                    .try_get_matches_from([vec!["rankproof".to_owned()], line].concat());
                found.is_ok()
            };
            let line = lines.iter().find(goes_with);
            let Some(line) = line else {
                troubles.push(format!("no line of {name} goes with --{argument}"));
                continue;
            };
            let is_long = LONG.contains(&(name, argument));
            for number in ABSURD {
                let line = with(line, argument, &form.replace('1', number));
                let found = run(folder, &line, is_long);
                tried += 1;
                let hung = found.was_stopped && !is_long;
                let trouble = found.trouble().filter(|_| hung || !found.was_stopped);
                troubles
                    .extend(trouble.map(|trouble| format!("{}\n    {trouble}", line.join(" "))));
            }
        }
    }
    assert!(tried > 1000, "{tried} runs");
    assert!(troubles.is_empty(), "{} of {tried}:\n{}", troubles.len(), troubles.join("\n"));
}
