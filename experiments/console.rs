//! What the programs of all experiments share: their arguments, and what they print.

use std::env;
use std::error::Error;
use std::path::Path;

use rankproof::report::{Experiment, Message};

/// An experiment as the arguments say, which prints what it finds: `--quick` for the setting that
/// runs in seconds, `--out DIR` for another folder than `out/NAME`.
///
/// # Errors
///
/// If there are other arguments, or the folder cannot be made.
pub fn experiment(name: &str, title: &str) -> Result<Experiment, Box<dyn Error>> {
    let (mut quick, mut folder) = (false, Path::new("out").join(name));
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let unknown = || format!("{argument}: is no argument here, expected --quick or --out DIR");
        match argument.as_str() {
            "--quick" => quick = true,
            "--out" => folder = arguments.next().ok_or_else(unknown)?.into(),
            _ => return Err(unknown().into()),
        }
    }
    println!("{title}{}\n", if quick { " (quick)" } else { "" });
    Ok(Experiment::new(name, title, folder, quick)?.told_to(print))
}

fn print(message: Message) {
    match message {
        Message::Progress(seconds, what) => eprintln!("{seconds:6.0} s  {what}"),
        Message::Result(text) => println!("{text}"),
    }
}
