//! What was verified, and the exploration.

use maud::{Markup, html};

use super::formula::formula;
use super::sheet::{Cell, Sheet};
use crate::report::{ExplorationTable, VerificationRecord, VerificationRow};
use crate::theorem::{self, Generic};

pub fn verification(record: &VerificationRecord, origin: &str) -> Markup {
    let in_run = |id: &&str| record.results.iter().any(|row| row.theorem == *id);
    let ids = theorem::ALL.iter().map(|theorem| theorem.id);
    let missing: Vec<_> = ids.filter(|id| !in_run(id)).collect();
    html! {
        section #verification {
            h2 { "Verification" }
            p {
                (origin) " Random tasks are drawn, networks are trained on them by exact gradients, \
                 and what is observed is held against the bound. A case holds, violates its theorem, \
                 or is inconclusive: the run diverged, or a singular value stands too near to the \
                 noise. Nothing inconclusive counts as holding. Attained are those that reach the \
                 bound. Seed " (record.seed) "; exact arithmetic is modulo " (record.prime) "."
                " " (generic(record))
                @if !missing.is_empty() { " Not in this run: " (missing.join(", ")) "." }
            }
            (by_arithmetic(record).markup())
            (by_theorem(record).markup())
        }
    }
}

/// What the exact ranks of the run say of generic instances.
fn generic(record: &VerificationRecord) -> String {
    Generic::sum(record.results.iter().filter_map(|row| row.generic.as_ref())).to_string()
}

const COUNTS: [&str; 5] = ["cases", "held", "violated", "inconclusive", "attained"];

/// The counts of some rows together.
pub fn total<'a>(rows: impl IntoIterator<Item = &'a VerificationRow>) -> [u64; 5] {
    rows.into_iter().map(counts).fold([0; 5], |sum, counts| {
        std::array::from_fn(|index| sum[index].saturating_add(counts[index]))
    })
}

fn counts(row: &VerificationRow) -> [u64; 5] {
    [row.cases, row.held, row.violated, row.inconclusive, row.attained]
}

fn by_arithmetic(record: &VerificationRecord) -> Sheet {
    let mut arithmetics: Vec<&str> = Vec::new();
    for row in &record.results {
        if !arithmetics.contains(&row.arithmetic.as_str()) {
            arithmetics.push(&row.arithmetic);
        }
    }
    let row = |&arithmetic: &&str| {
        let of = || record.results.iter().filter(|row| row.arithmetic == arithmetic);
        let theorems =
            [Cell::Words(arithmetic.to_owned()), Cell::Written(of().count().to_string())];
        theorems.into_iter().chain(written(total(of()))).collect()
    };
    Sheet {
        caption: "All theorems together, in each arithmetic".into(),
        headers: ["arithmetic", "theorems"].into_iter().chain(COUNTS).map(str::to_owned).collect(),
        naming: 1,
        rows: arithmetics.iter().map(row).collect(),
    }
}

fn by_theorem(record: &VerificationRecord) -> Sheet {
    let row = |row: &VerificationRow| {
        let names = [Cell::Theorem(row.theorem.clone()), Cell::Words(row.arithmetic.clone())];
        names.into_iter().chain(written(counts(row))).collect()
    };
    Sheet {
        caption: "Each theorem in each arithmetic that fits it".into(),
        headers: ["theorem", "arithmetic"].into_iter().chain(COUNTS).map(str::to_owned).collect(),
        naming: 2,
        rows: record.results.iter().map(row).collect(),
    }
}

fn written(counts: [u64; 5]) -> impl Iterator<Item = Cell> {
    counts.into_iter().zip(COUNTS).map(|(count, name)| match name {
        "violated" if count > 0 => Cell::Alarm(count.to_string()),
        _ => Cell::Written(count.to_string()),
    })
}

pub fn exploration(table: &ExplorationTable) -> Markup {
    let cells = |row: &Vec<String>| row.iter().cloned().map(Cell::Written).collect();
    let sheet = Sheet {
        caption: "Generic ranks after k learning steps, for d_in inputs and d_out outputs".into(),
        headers: table.headers.clone(),
        naming: 2,
        rows: table.rows.iter().map(cells).collect(),
    };
    html! {
        section #exploration {
            h2 { "Exploration" }
            p {
                "Ranks of random instances in exact arithmetic, beside the best bound that a theorem \
                 gives. Where the two differ, a theorem is missing, or its bound is loose."
            }
            (sheet.markup())
            @for line in &table.legend { p.note { (formula(line)) } }
        }
    }
}
