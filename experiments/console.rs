//! What the programs of all experiments share: their arguments, and what they print.

use std::error::Error;
use std::path::Path;
use std::{env, process};

use rankproof::report::{Experiment, Message};

/// An experiment as the arguments say, which prints what it finds: `--quick` for the setting that
/// runs in seconds, `--out DIR` for another folder than `out/NAME`. With `--help` it says so, and with
/// other arguments too, and ends.
///
/// # Errors
///
/// If the folder cannot be made.
pub fn experiment(name: &str, title: &str) -> Result<Experiment, Box<dyn Error>> {
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
    println!("{title}{}\n", if quick { " (quick)" } else { "" });
    Ok(Experiment::new(name, title, folder, quick)?.told_to(print))
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
