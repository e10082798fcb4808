//! `rankproof replay`: one case again, in detail.

use crate::theorem::{Arithmetic, CaseId, Theorem, Verdict};
use clap::Args;

use super::output::print;
use super::{any_choice, theorem as read_theorem};

/// Run one case of a verification again and show all that was observed.
#[derive(Args)]
pub struct Arguments {
    /// The theorem.
    #[arg(value_parser = read_theorem)]
    theorem: &'static Theorem,
    /// The arithmetic of the run.
    #[arg(long, value_parser = any_choice::<Arithmetic>())]
    arithmetic: Arithmetic,
    /// The seed of the run.
    #[arg(long)]
    seed: u64,
    /// The number of the case.
    #[arg(long)]
    case: u64,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let theorem = arguments.theorem;
    let arithmetic = arguments.arithmetic;
    let id = CaseId { arithmetic, seed: arguments.seed, number: arguments.case };
    let report = theorem.run(id, None);
    let mut text = format!(
        "{} in {}, seed {}, case {}\n{report}",
        theorem.id,
        arithmetic.name(),
        arguments.seed,
        arguments.case
    );
    if let Some(smallest) = theorem.smallest_violation(id, None) {
        text += &format!("\nSmallest instance found:\n{smallest}");
    }
    print(&text)?;
    Ok(u8::from(report.verdict() == Verdict::Violated))
}
