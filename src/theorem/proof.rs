//! How a theorem is proved, apart from what is observed on instances.

/// The state of a proof. `tests/proofs` holds it against the folder `proofs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Coq checks it, without axioms.
    MachineChecked {
        /// The main results, each as `file.name`; `proofs/file.v` names them as such.
        lemmas: &'static [&'static str],
        /// What of the statement is proved on paper or observed alone, if anything.
        beyond: Option<&'static str>,
    },
    /// For people alone, in `proofs/`.
    OnPaper,
    /// There is none yet.
    Conjectured,
}

impl Proof {
    /// One or two words.
    pub fn name(self) -> &'static str {
        match self {
            Proof::MachineChecked { beyond: None, .. } => "machine",
            Proof::MachineChecked { .. } => "machine, in part",
            Proof::OnPaper => "paper",
            Proof::Conjectured => "conjectured",
        }
    }
}
