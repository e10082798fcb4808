//! One page that shows everything: HTML that opens from disk and asks for nothing else.
//!
//! Without a script: what folds is HTML's own, what the pointer shows is in the figures. The same
//! results give the same bytes.

mod catalogue;
mod checks;
mod embedding;
mod formula;
mod outline;
mod results;
mod sheet;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{ExplorationTable, VerificationRecord};
use crate::theorem::{self, Proof};

use formula::formula;
pub use results::Results;

const STYLE: &str = include_str!("style.css");

/// What the browser may do for the page: apply its style, nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// What the page shows.
pub struct Page {
    /// What was verified.
    pub verification: VerificationRecord,
    /// Where that comes from, in a sentence.
    pub origin: String,
    /// Ranks beside their bounds.
    pub exploration: ExplorationTable,
    /// What experiments found.
    pub results: Vec<Results>,
}

impl Page {
    /// The page as an HTML document.
    pub fn to_html(&self) -> String {
        let title = "The rank of learning dynamics";
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    meta name="color-scheme" content="light dark";
                    title { (title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    a.skip href="#main" { "Skip to the theorems" }
                    header {
                        h1 { (title) }
                        p { (self.summary()) }
                        (self.contents())
                    }
                    main #main tabindex="-1" {
                        (catalogue::section())
                        (checks::verification(&self.verification, &self.origin))
                        (checks::exploration(&self.exploration))
                        (self.experiments())
                    }
                    footer { p { "Written by rankproof " (env!("CARGO_PKG_VERSION")) "." } }
                }
            }
        };
        page.into_string() + "\n"
    }

    /// The page in a paragraph.
    fn summary(&self) -> String {
        let theorems = theorem::ALL.len();
        let checked =
            |theorem: &&&theorem::Theorem| matches!(theorem.proof, Proof::MachineChecked { .. });
        let proved = theorem::ALL.iter().filter(checked).count();
        let [cases, held, violated, inconclusive, _] = checks::total(&self.verification.results);
        let experiments = match self.results.len() {
            0 => "No experiment was run yet.".to_owned(),
            1 => "The results of one experiment follow.".to_owned(),
            many => format!("The results of {many} experiments and fits follow."),
        };
        format!(
            "When a recurrent network learns a low-dimensional task by gradient descent, its \
             weights often move in a space of few dimensions, which its inputs and outputs fix \
             before learning begins. This page lists {theorems} theorems that say when, and how \
             many; {proved} of them have a proof that Coq checks, in whole or in part. In the \
             verification shown here, of {cases} cases {held} held, {violated} violated a theorem, \
             and {inconclusive} were inconclusive. {experiments}"
        )
    }

    fn contents(&self) -> Markup {
        html! {
            nav aria-label="Contents" {
                ul {
                    li {
                        details {
                            summary { "Theorems" }
                            ul {
                                @for theorem in theorem::ALL {
                                    li { a href={ "#" (theorem.id) } { (formula(theorem.title)) } }
                                }
                            }
                        }
                    }
                    li { a href="#verification" { "Verification" } }
                    li { a href="#exploration" { "Exploration" } }
                    li {
                        a href="#experiments" { "Experiments" }
                        ul { @for results in &self.results { li { (results.link()) } } }
                    }
                }
            }
        }
    }

    fn experiments(&self) -> Markup {
        html! {
            section #experiments {
                h2 { "Experiments" }
                @if self.results.is_empty() {
                    p {
                        "None was run. Each is one program, such as "
                        code { "cargo run --release --example growth" }
                        ", and leaves its results where this report finds them."
                    }
                } @else {
                    p { "Marks in the figures tell their values under the pointer." }
                }
                @for results in &self.results { (results.markup()) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::figure::colours;

    #[test]
    fn the_style_has_every_colour_of_a_figure_by_day_and_by_night() {
        let (day, night) = STYLE.split_once("prefers-color-scheme: dark").unwrap();
        for (colour, variable) in colours() {
            let name = variable.trim_start_matches("var(").trim_end_matches(')');
            assert!(day.contains(&format!("{name}: {colour};")), "{name}");
            assert!(night.contains(&format!("{name}: #")), "{name}");
        }
    }
}
