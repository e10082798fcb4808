//! The command line: one file for each subcommand. The program, and the Python package, hand it
//! their arguments.

mod apply;
mod checkpoints;
mod collect;
mod cv;
mod cv_folder;
mod cv_parts;
mod decode;
mod discover;
mod explore;
mod explore_parts;
mod files;
mod fit;
mod fitted;
mod hints;
mod in_memory;
mod inspect;
mod interrupt;
mod job;
mod lock;
mod model_arguments;
mod network_arguments;
mod new_conjecture;
mod numbers;
mod output;
mod part;
mod prepare;
mod rank;
mod rank_input;
mod rank_slices;
mod rank_table;
mod replay;
mod report;
mod several;
mod simulate;
mod theorems;
mod train;
mod verify;

use std::ffi::OsString;
use std::panic;

pub use in_memory::{AnyFit, CrossValidated, CrossValidationAnswer, FittedRecording};

use crate::file;
use crate::named::Named;
use crate::theorem::{self, Theorem};
use crate::weights::{RecordedWeights, Watch, WeightAnswer};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// Checks the theorems on the rank of learning dynamics in recurrent networks.
///
/// Exit status: 0 if all is well, 1 if `verify` or `replay` finds a theorem violated or shows
/// nothing, 2 if the arguments or the input are wrong. What `rank` finds in recorded weights is an
/// answer, with status 0.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Verify(verify::Arguments),
    Theorems(theorems::Arguments),
    Replay(replay::Arguments),
    Train(train::Arguments),
    Rank(rank::Arguments),
    Inspect(inspect::Arguments),
    Prepare(Box<prepare::Arguments>),
    Fit(Box<fit::Arguments>),
    Apply(Box<apply::Arguments>),
    Decode(decode::Arguments),
    Cv(Box<cv::Arguments>),
    Simulate(simulate::Arguments),
    Explore(explore::Arguments),
    Discover(discover::Arguments),
    Collect(collect::Arguments),
    Report(report::Arguments),
    NewConjecture(new_conjecture::Arguments),
}

/// The subcommands and their arguments, as clap knows them.
pub fn command() -> clap::Command {
    let command = Cli::command().mut_subcommand("fit", fit::guarded);
    let command = command.mut_subcommand("cv", cv::guarded);
    // `explore` has a `--time` of its own.
    ["verify", "rank", "cv"].into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |command| {
            command.mut_arg("time_limit", |argument| argument.visible_alias("time"))
        })
    })
}

/// The command that these words give, the subcommand first.
fn parsed(words: Vec<String>) -> Result<Command, clap::Error> {
    let words = std::iter::once("rankproof".to_owned()).chain(words);
    Ok(Cli::from_arg_matches(&command().try_get_matches_from(words)?)?.command)
}

/// Parses the arguments, of which the first is the name of the program, runs the command, prints what
/// it finds and reports an error in one sentence. The exit status is returned, but for `--help`,
/// arguments that do not parse and Ctrl-C in long work, which end the process.
pub fn run(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> u8 {
    execute(arguments).unwrap_or_else(|error| {
        output::say(&format!("error: {error:#}"));
        2
    })
}

/// As [`run`], but an error is left to whoever called.
///
/// # Errors
///
/// If the input is wrong, in one sentence with its causes.
pub fn execute(
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> anyhow::Result<u8> {
    let words: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let matches = command().get_matches_from(&words);
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match cli.command {
        Command::Verify(arguments) => verify::run(&arguments, &words),
        Command::Theorems(arguments) => theorems::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
        Command::Rank(arguments) => rank::run(&arguments, &words),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Prepare(arguments) => prepare::run(&arguments),
        Command::Fit(arguments) => fit::run(&arguments),
        Command::Apply(arguments) => apply::run(&arguments),
        Command::Decode(arguments) => decode::run(&arguments),
        Command::Cv(arguments) => cv::run(&arguments, &words),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Explore(arguments) => explore::run(&arguments, &words),
        Command::Discover(arguments) => discover::run(&arguments),
        Command::Collect(arguments) => collect::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::NewConjecture(arguments) => new_conjecture::run(&arguments),
    }
}

/// The answer of `rankproof rank` with these arguments, of which the first is the name of the program
/// and the second `rank`, for whoever shows it in another way: nothing is printed or written. Exact
/// ranks that are not asked for are computed where `small` says so and they take seconds.
///
/// # Errors
///
/// What the command would say, in one sentence.
pub fn rank(
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    small: bool,
    watch: Watch<'_>,
) -> anyhow::Result<(RecordedWeights, Vec<WeightAnswer>)> {
    let matches = command().try_get_matches_from(arguments);
    let cli = matches.and_then(|matches| Cli::from_arg_matches(&matches));
    match cli.map_err(|error| anyhow::anyhow!(sentence_of(&error)))?.command {
        Command::Rank(arguments) => rank::ranked(&arguments, small, watch),
        _ => anyhow::bail!("another command than rank"),
    }
}

/// What is wrong with arguments, without how the command is used.
fn sentence_of(error: &clap::Error) -> String {
    let text = error.to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    first.strip_prefix("error: ").unwrap_or(first).trim_end().to_owned()
}

/// Prints no panic of a reader that was written by others: it becomes an error of one sentence.
pub fn keep_quiet_of_readers() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !file::is_guarded() {
            print(info);
        }
    }));
}

/// Reads the name of a choice, of those that are allowed, for clap, whose help lists them.
fn choice<T: Named + Send + Sync>(
    is_allowed: impl Fn(T) -> bool,
) -> impl TypedValueParser<Value = T> {
    let allowed = T::table().into_iter().filter(move |(value, ..)| is_allowed(*value));
    let values = allowed.map(|(_, name, description)| PossibleValue::new(name).help(description));
    PossibleValuesParser::new(values).try_map(|name| T::find(&name))
}

/// Reads the name of any choice.
fn any_choice<T: Named + Send + Sync>() -> impl TypedValueParser<Value = T> {
    choice(|_| true)
}

/// Reads the name of a theorem, for clap.
fn theorem(id: &str) -> Result<&'static Theorem, String> {
    theorem::find(id).ok_or_else(|| {
        let known: Vec<_> = theorem::ALL.iter().map(|theorem| theorem.id).collect();
        format!("no theorem is called {id:?}; there are {}", known.join(", "))
    })
}

/// Reads `1..8`, both ends included, or `1,2,4`, for clap.
fn list_of_numbers(text: &str, expected: impl Fn() -> String) -> Result<Vec<usize>, String> {
    const MOST: usize = 1000;
    let number = |text: &str| text.trim().parse::<usize>().map_err(|_| expected());
    let Some((first, last)) = text.split_once("..") else {
        return text.split(',').map(number).collect();
    };
    let (first, last) = (number(first)?, number(last.trim_start_matches('='))?);
    if last.saturating_sub(first) > MOST {
        return Err(format!("more than {MOST} numbers"));
    }
    Ok((first..=last).collect())
}
