//! The program: arguments, the command line of the library, an exit status.

use std::env;
use std::process::ExitCode;

use rankproof::cli;

fn main() -> ExitCode {
    cli::keep_quiet_of_readers();
    ExitCode::from(cli::run(env::args_os()))
}
