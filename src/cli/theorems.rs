//! `rankproof theorems`: what is checked.

use crate::report::entries;
use crate::theorem::{self, Theorem};
use clap::Args;

use super::output::{paragraph, print, table};
use super::theorem as read_theorem;

/// List the theorems, or show one: statement, hypotheses, bound, and where its check is.
#[derive(Args)]
pub struct Arguments {
    /// The theorem to show.
    #[arg(value_name = "ID", value_parser = read_theorem)]
    theorem: Option<&'static Theorem>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    print(&arguments.theorem.map_or_else(list, details))?;
    Ok(0)
}

fn list() -> String {
    let mut table = table(&["theorem", "proof", "what it says"], 3);
    for theorem in theorem::ALL {
        table.add_row([theorem.id, theorem.proof.name(), theorem.title]);
    }
    table.to_string() + "\nrankproof theorems ID shows one of them in full.\n"
}

fn details(theorem: &Theorem) -> String {
    let mut text = format!("{}\n{}\n\n", theorem.id, theorem.title);
    for entry in entries(theorem) {
        for (index, fact) in entry.facts.iter().enumerate() {
            let label = if index == 0 { entry.label } else { "" };
            text += &paragraph(label, &fact.to_string());
        }
    }
    text
}
