//! The program: arguments, the command line of the library, an exit status.

use std::process::ExitCode;
use std::{env, panic};

use rankproof::{cli, file};

/// Prints no panic of a reader that was written by others: it becomes an error of one sentence.
fn keep_quiet_of_readers() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !file::is_guarded() {
            print(info);
        }
    }));
}

fn main() -> ExitCode {
    keep_quiet_of_readers();
    ExitCode::from(cli::run(env::args_os()))
}
