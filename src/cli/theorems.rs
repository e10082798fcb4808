//! `rankproof theorems`: what is checked.

use std::process::ExitCode;

use clap::Args;
use rankproof::theorem::{self, Arithmetic, Proof, Theorem};

use super::output::{paragraph, print, rendered, table};
use super::theorem as read_theorem;

/// List the theorems, or show one: statement, hypotheses, bound, and where its check is.
#[derive(Args)]
pub struct Arguments {
    /// The theorem to show.
    #[arg(value_name = "ID", value_parser = read_theorem)]
    theorem: Option<&'static Theorem>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    print(&arguments.theorem.map_or_else(list, details))?;
    Ok(ExitCode::SUCCESS)
}

fn list() -> String {
    let mut table = table(&["theorem", "proof", "what it says"], 3);
    for theorem in theorem::ALL {
        table.add_row([theorem.id, theorem.proof.name(), theorem.title]);
    }
    rendered(&table) + "\nrankproof theorems ID shows one of them in full.\n"
}

fn details(theorem: &Theorem) -> String {
    let file = theorem.id.replace('-', "_");
    let arithmetics: Vec<_> = theorem.arithmetics().map(Arithmetic::name).collect();
    let controls: Vec<_> = theorem.controls.iter().map(|control| control.description()).collect();
    let mut text = format!("{}\n{}\n\n", theorem.id, theorem.title);
    text += &paragraph("statement", theorem.statement);
    for (index, hypothesis) in theorem.hypotheses.iter().enumerate() {
        text += &paragraph(if index == 0 { "needs" } else { "" }, hypothesis);
    }
    text += &paragraph("bound", theorem.bound);
    text += &paragraph("attained", theorem.tightness);
    text += &paragraph("checked in", &arithmetics.join(", "));
    text += &paragraph("controls", &controls.join("; "));
    for (index, name) in theorem.counterexamples.iter().enumerate() {
        let label = if index == 0 { "without" } else { "" };
        text += &paragraph(label, &name.replace('_', " "));
    }
    text += &paragraph("", &format!("tests/counterexamples/{file}.rs"));
    text += &paragraph("check", &format!("src/theorem/{file}.rs"));
    text += &paragraph("tests", &format!("tests/theorems/{file}.rs"));
    text += &proof(theorem.proof);
    text += &paragraph("", &format!("proofs/{file}.md"));
    text + &paragraph("run it", &format!("rankproof verify --theorem {}", theorem.id))
}

fn proof(proof: Proof) -> String {
    match proof {
        Proof::MachineChecked { lemmas, beyond } => {
            let mut text = paragraph("proof", "checked by Coq, without axioms:");
            for lemma in lemmas {
                let (file, name) = lemma.split_once('.').unwrap_or((lemma, ""));
                text += &paragraph("", &format!("{name} in proofs/{file}.v"));
            }
            if let Some(beyond) = beyond {
                text += &paragraph("", &format!("not in it: {beyond}"));
            }
            text + &paragraph("", "for people:")
        }
        Proof::OnPaper => paragraph("proof", "on paper:"),
        Proof::Conjectured => paragraph("proof", "none yet; what is known:"),
    }
}
