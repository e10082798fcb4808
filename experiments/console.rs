//! What the programs of all experiments share: their arguments, and what they print.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, process};

use rankproof::file::Lock;
use rankproof::report::{Experiment, Message};

/// Runs an experiment as the arguments say, and prints what it finds: `--quick` for the setting that
/// runs in seconds, `--out DIR` for another folder than `out/NAME`. With `--help` it says so, and with
/// other arguments too, and ends. What goes wrong is said in a sentence.
pub fn run(name: &str, title: &str, run: fn(Experiment) -> Result<(), Box<dyn Error>>) -> ExitCode {
    let (quick, folder) = arguments(name, title);
    println!("{title}{}\n", if quick { " (quick)" } else { "" });
    let work = || run(Experiment::new(name, title, &folder, quick)?.told_to(print));
    match alone(&folder, work) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Does something while no other process writes to a folder, which is made if it is not there.
///
/// # Errors
///
/// If another process writes there, or what is done fails.
pub fn alone(
    folder: &Path,
    work: impl FnOnce() -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let lock = Lock::of_folder(folder)?;
    if let Some(missing) = lock.missing() {
        eprintln!("note: {missing}");
    }
    work()
}

/// Whether it is quick, and the folder.
fn arguments(name: &str, title: &str) -> (bool, PathBuf) {
    let (mut quick, mut folder) = (false, Path::new("out").join(name));
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => quick = true,
            "--out" => match arguments.next() {
                Some(path) => folder = path.into(),
                None => refuse("--out: nothing follows, expected --out DIR"),
            },
            "--help" | "-h" => {
                println!(
                    "{title}\n\n--quick    a small setting, in seconds\n--out DIR  instead of out/{name}"
                );
                process::exit(0);
            }
            _ => refuse(&format!("{argument}: is no argument here, expected --quick or --out DIR")),
        }
    }
    (quick, folder)
}

fn refuse(sentence: &str) -> ! {
    eprintln!("{sentence}");
    process::exit(2);
}

fn print(message: Message) {
    match message {
        Message::Progress(seconds, what) => eprintln!("{seconds:6.0} s  {what}"),
        Message::Result(text) => println!("{text}"),
    }
}
