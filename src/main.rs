//! The program. Everything it does stands in the library; `cli` reads arguments and prints.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
