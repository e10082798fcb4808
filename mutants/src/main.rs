//! The mutation score: of how many small errors in the code some test takes notice.
//!
//! ```text
//! cargo run --manifest-path mutants/Cargo.toml -- --sample 200 --seed 1
//! ```
//!
//! A mutant is one small change of the code: an operator is another, a minus is gone, a function
//! returns a default, an arm of a match is passed over, a whole number is one larger. A copy of the
//! project under `mutants/target/work` has all of them, each behind a switch that a variable of the
//! environment sets, so that it is compiled once. Mutants that do not compile are left out. Each test
//! is run once to see which mutants it reaches; a mutant is then judged by the tests that reach it,
//! quickest first, until one fails. What was judged is in `results.tsv` and is not judged again
//! until `--again` asks for it, so a run can be interrupted.

mod judge;
mod rewrite;
mod sites;
#[cfg(test)]
mod test;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use clap::Parser;

use judge::{Outcome, Results, judge, traced};
use tree::{Mutant, Tree};

/// Counts how many small errors in the code the tests notice.
#[derive(Parser)]
struct Arguments {
    /// Modules whose code is changed, and whose unit tests are run.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "scalar,matrix,tensor,tape,network,training,theorem,weights"
    )]
    module: Vec<String>,
    /// Other programs of tests.
    #[arg(long, value_delimiter = ',', default_value = "theorems,counterexamples,training,rank")]
    test: Vec<String>,
    /// So many mutants, drawn at random; all without it.
    #[arg(long)]
    sample: Option<usize>,
    /// Of the random order.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Passes over so many in the random order, for a sample that has none of an earlier one.
    #[arg(long, default_value_t = 0)]
    from: usize,
    /// Judges those again that no test noticed.
    #[arg(long)]
    again: bool,
    /// Tests at a time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// The project.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/.."))]
    root: PathBuf,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/work");
    let mut tree = Tree::copy(&arguments.root, &folder.join("tree"), &arguments.module)?;
    let programs = tree.build(&arguments.test, &folder.join("not-compiling.txt"))?;
    let mutants = tree.mutants();
    println!("{} mutants", mutants.len());
    let tests = traced(&programs, &arguments.module, &mutants, &folder, arguments.jobs)?;

    let chosen = drawn(&mutants, &arguments);
    let mut results = Results::open(&folder.join("results.tsv"))?;
    let is_open = |mutant: &&Mutant| match results.outcomes.get(&mutant.name) {
        None => true,
        Some(Outcome::Survived | Outcome::Unreached) => arguments.again,
        Some(Outcome::Killed | Outcome::TimedOut) => false,
    };
    let open: Vec<_> = chosen.iter().copied().filter(is_open).collect();
    judge(&open, &tests, &mut results, &folder, arguments.jobs);

    let argued = fs::read_to_string(arguments.root.join("mutants/survivors.md"));
    report(&chosen, &results.outcomes, &argued.unwrap_or_default());
    Ok(())
}

/// The sample: a random order is that of hashes of names with the seed.
fn drawn<'a>(mutants: &'a [Mutant], arguments: &Arguments) -> Vec<&'a Mutant> {
    let mut order: Vec<_> = mutants.iter().collect();
    order.sort_by_key(|mutant| {
        let mut hasher = DefaultHasher::new();
        (arguments.seed, &mutant.name).hash(&mut hasher);
        hasher.finish()
    });
    let count = arguments.sample.unwrap_or(order.len());
    order.into_iter().skip(arguments.from).take(count).collect()
}

/// Counts by module, and the survivors. Those that `survivors.md` argues to change nothing that could
/// be noticed are counted by themselves.
fn report(chosen: &[&Mutant], outcomes: &BTreeMap<String, Outcome>, argued: &str) {
    let argued: BTreeSet<_> = argued.lines().filter_map(|line| line.strip_prefix("- ")).collect();
    let is_argued = |mutant: &Mutant| argued.contains(mutant.lasting_name().as_str());
    let mut rows: BTreeMap<&str, [usize; 5]> = BTreeMap::new();
    println!();
    for mutant in chosen {
        let outcome = outcomes[&mutant.name];
        let column = match outcome {
            Outcome::Killed => 0,
            Outcome::TimedOut => 1,
            _ if is_argued(mutant) => 4,
            Outcome::Survived => 2,
            Outcome::Unreached => 3,
        };
        if column == 2 || column == 3 {
            println!("{outcome:9} {}", mutant.name);
        }
        for module in [mutant.module.as_str(), "all"] {
            rows.entry(module).or_default()[column] += 1;
        }
    }
    println!("\n{:10} killed timeouts survived unreached argued  score", "");
    // All come last.
    let (all, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(name, _)| *name == "all");
    for (module, [killed, timeouts, survived, unreached, argued]) in others.into_iter().chain(all) {
        let noticed = killed + timeouts;
        let score = 100.0 * noticed as f64 / (noticed + survived + unreached) as f64;
        println!(
            "{module:10} {killed:6} {timeouts:8} {survived:8} {unreached:9} {argued:6} {score:5.1}%"
        );
    }
}
