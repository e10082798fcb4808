//! The theorems, each with what the registry says of it.

use maud::{Markup, html};

use super::formula::formula;
use crate::report::{Entry, Fact, entries};
use crate::theorem::{self, Proof, Theorem};

/// What of a theorem is seen before its details are opened.
const ALWAYS: [&str; 2] = ["statement", "bound"];

pub fn section() -> Markup {
    html! {
        section #theorems {
            h2 { "Theorems" }
            p {
                "The network is "
                span.formula {
                    (formula("h_{t+1} = (1 - a) h_t + a phi(W psi(h_t) + B u_t + b)"))
                }
                ", "
                span.formula { (formula("y_t = C psi(h_t)")) }
                ", with N neurons, " (formula("d_in inputs and d_out outputs"))
                ", M trials of T time steps. "
                (formula(
                    "W_k are its recurrent weights after k learning steps, G_k the gradient there, \
                     D_k = W_k - c_k W_0 what was learned (c_k = 1 without weight decay). GD-like \
                     is every method whose weights are combinations of W_0, earlier iterates and \
                     gradients. For the N x N x K tensor of the D_k, r1, r2 and r3 are the ranks \
                     of its unfoldings.",
                ))
            }
            @for theorem in theorem::ALL { (article(theorem)) }
        }
    }
}

fn article(theorem: &Theorem) -> Markup {
    let (shown, folded): (Vec<_>, Vec<_>) =
        entries(theorem).into_iter().partition(|entry| ALWAYS.contains(&entry.label));
    html! {
        article id=(theorem.id) {
            h3 { (formula(theorem.title)) }
            p.under { code { (theorem.id) } " · " (status(theorem.proof)) }
            (list(&shown))
            details {
                summary { "Hypotheses, counterexamples, proof" span.hidden { " of " (theorem.id) } }
                (list(&folded))
            }
        }
    }
}

fn status(proof: Proof) -> &'static str {
    match proof {
        Proof::MachineChecked { beyond: None, .. } => "proved, checked by Coq",
        Proof::MachineChecked { .. } => "proved, checked by Coq in part",
        Proof::OnPaper => "proved on paper",
        Proof::Conjectured => "conjectured",
    }
}

fn list(entries: &[Entry]) -> Markup {
    html! {
        dl {
            @for entry in entries {
                div {
                    dt { (heading(entry.label)) }
                    @for fact in &entry.facts { dd { (said(fact)) } }
                }
            }
        }
    }
}

/// The label where there is room for more than a word.
fn heading(label: &str) -> &str {
    match label {
        "needs" => "hypotheses",
        "without" => "counterexamples",
        "controls" => "errors that the check must notice",
        other => other,
    }
}

fn said(fact: &Fact) -> Markup {
    match fact {
        Fact::Words(text) => formula(text),
        Fact::File(text) | Fact::Command(text) => html! { code { (text) } },
        Fact::Lemma { name, file } => html! { code { (name) } " in " code { (file) } },
    }
}
