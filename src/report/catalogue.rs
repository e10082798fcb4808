//! What the registry says of one theorem, in the order in which it is shown.

use std::fmt;

use crate::theorem::{Arithmetic, Proof, Theorem};

/// One thing that is said of a theorem, under its label.
#[derive(Clone, Debug)]
pub struct Entry {
    /// A word or two.
    pub label: &'static str,
    /// What is said, one after the other.
    pub facts: Vec<Fact>,
}

/// Part of an entry.
#[derive(Clone, Debug)]
pub enum Fact {
    /// Words, with formulas in them.
    Words(String),
    /// A file of the project.
    File(String),
    /// A result that Coq checks.
    Lemma {
        /// Its name there.
        name: &'static str,
        /// The file that holds it.
        file: String,
    },
    /// A command.
    Command(String),
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Fact::Words(text) | Fact::File(text) | Fact::Command(text) => f.write_str(text),
            Fact::Lemma { name, file } => write!(f, "{name} in {file}"),
        }
    }
}

/// All that is said of a theorem: statement, hypotheses, bound, where its check and its proof are.
pub fn entries(theorem: &Theorem) -> Vec<Entry> {
    let file = theorem.id.replace('-', "_");
    let arithmetics: Vec<_> = theorem.arithmetics().map(Arithmetic::name).collect();
    let controls: Vec<_> = theorem.controls.iter().map(|control| control.description()).collect();
    let dropped = theorem.counterexamples.iter().map(|name| name.replace('_', " "));
    let mut without: Vec<_> = dropped.map(Fact::Words).collect();
    without.push(Fact::File(format!("tests/counterexamples/{file}.rs")));
    let mut proof = proof(theorem.proof);
    proof.push(Fact::File(format!("proofs/{file}.md")));
    // Two searches go through all theorems.
    let searches = [("limits", theorem.limit.is_some()), ("attained", theorem.attained.is_some())];
    let searched = searches.iter().filter(|(_, holds)| *holds).map(|(name, _)| *name);
    let tests = [file.as_str()].into_iter().chain(searched);
    let tests = tests.map(|name| Fact::File(format!("tests/theorems/{name}.rs"))).collect();
    let mut source: Vec<_> =
        theorem.source.iter().map(|&source| Fact::Words(source.to_owned())).collect();
    if source.is_empty() {
        source.push(Fact::Words("none that we know of".to_owned()));
    }
    let words = |label, text: &str| Entry { label, facts: vec![Fact::Words(text.to_owned())] };
    let named = |label, path| Entry { label, facts: vec![Fact::File(path)] };
    let command = Fact::Command(format!("rankproof verify --theorem {}", theorem.id));
    vec![
        words("statement", theorem.statement),
        Entry {
            label: "needs",
            facts: theorem.hypotheses.iter().map(|text| Fact::Words((*text).into())).collect(),
        },
        words("bound", theorem.bound),
        words("attained", theorem.tightness),
        words("checked in", &arithmetics.join(", ")),
        words("controls", &controls.join("; ")),
        Entry { label: "without", facts: without },
        named("check", format!("src/theorem/{file}.rs")),
        Entry { label: "tests", facts: tests },
        Entry { label: "proof", facts: proof },
        Entry { label: "source", facts: source },
        Entry { label: "run it", facts: vec![command] },
    ]
}

/// What comes before the proof for people.
fn proof(proof: Proof) -> Vec<Fact> {
    let words = |text: &str| Fact::Words(text.to_owned());
    match proof {
        Proof::MachineChecked { lemmas, beyond } => {
            let lemma = |lemma: &&'static str| {
                let (file, name) = lemma.split_once('.').unwrap_or((lemma, ""));
                Fact::Lemma { name, file: format!("proofs/{file}.v") }
            };
            let mut facts = vec![words("checked by Coq, without axioms:")];
            facts.extend(lemmas.iter().map(lemma));
            facts.extend(beyond.map(|beyond| Fact::Words(format!("not in it: {beyond}"))));
            facts.push(words("for people:"));
            facts
        }
        Proof::OnPaper => vec![words("on paper:")],
        Proof::Conjectured => vec![words("none yet; what is known:")],
    }
}
