//! The registry of theorems, and one file for each.
//!
//! A theorem is a value of type [`Theorem`]: what it says, on which instances, and what is observed
//! on one. The same observation runs in exact arithmetic, in f64 and in double-double. To add a
//! theorem, write its file after the pattern of [`invariant_subspace`] and name it in `registry`,
//! which makes [`ALL`].

mod check;
mod cp_ends;
#[cfg(feature = "verify")]
mod drawing;
mod first_gradient;
mod flow;
mod generic;
mod instance;
mod learning_network;
#[cfg(test)]
mod limit_tests;
mod measure;
mod model;
mod movement;
mod populations;
mod proof;
mod quantity;
mod setting;
mod slope;
mod sources;
#[cfg(feature = "verify")]
mod verification;

pub use check::{Case, CaseId, CaseReport, Inconclusive, Observation, Observed, SECOND_INSTANCES};
pub use cp_ends::{CpEnds, cp_ends, spanning_slices};
pub use generic::{MAX_MISSED, entries, missed, of_training, probability};
pub use instance::Instance;
#[cfg(feature = "cli")]
pub(crate) use instance::symmetric;
pub use measure::{Measure, best_limit, best_limit_among};
pub use model::{Model, Roles};
pub use proof::Proof;
pub use quantity::{Quantity, Sequence, Side, Size};
pub use setting::{
    Arithmetic, Domain, InitialState, InitialWeights, LossKind, OptimizerKind, Setting, StepperKind,
};
pub use slope::Slope;
#[cfg(feature = "verify")]
pub use verification::{
    CONTROL_CASES, Control, Failure, Generic, MAX_INCONCLUSIVE, Tally, Verification,
};

pub use crate::bounds::Verdict;
pub use crate::network::ActivationKind;
use crate::scalar::{DoubleDouble, Fp};
use crate::training::GradientFault;
pub use crate::training::RuleKind;

/// A theorem as a value.
#[derive(Debug)]
pub struct Theorem {
    /// Its name everywhere: in commands, of its source file (with underscores), its tests and its
    /// proof.
    pub id: &'static str,
    /// A few words.
    pub title: &'static str,
    /// What it says, in the notation of the README.
    pub statement: &'static str,
    /// What it needs; the domain draws instances that satisfy all of it.
    pub hypotheses: &'static [&'static str],
    /// The bound that the first observation is held against.
    pub bound: &'static str,
    /// When the bound is attained, or why it is not.
    pub tightness: &'static str,
    /// How it is proved.
    pub proof: Proof,
    /// What it stands on, or is near to: authors and year, as the literature of its proof has them;
    /// none where we know of none.
    pub source: &'static [&'static str],
    /// What it allows a measure after k learning steps, known before training; `None` of settings
    /// that it does not speak about.
    pub limit: Option<Limit>,
    /// Of which settings `tightness` says that generic data, random inputs and targets, attain the
    /// bound; `None` if of none. A search holds it: `tests/theorems/attained.rs`.
    pub attained: Option<fn(&Setting) -> bool>,
    /// The instances.
    pub domain: fn(Arithmetic) -> Domain,
    /// What is observed on one, in each arithmetic.
    pub checks: Checks,
    /// The deliberate errors that the check must notice.
    pub controls: &'static [GradientFault],
    /// The degree of the largest minor that it observes in an exact instance, as a polynomial in
    /// the random numbers; `None` where it is not known to be one.
    pub minors: fn(&Setting) -> Option<u64>,
    /// The tests in `tests/counterexamples/` that drop a hypothesis, one each.
    pub counterexamples: &'static [&'static str],
}

/// A bound as a function of the setting, the measure and the learning step.
pub type Limit = fn(&Setting, Measure, usize) -> Option<usize>;

/// The same observation in each arithmetic that fits the statement.
#[derive(Debug)]
pub struct Checks {
    /// In the prime field.
    pub exact: Option<fn(&Case<Fp>) -> Observed>,
    /// In double precision.
    pub f64: Option<fn(&Case<f64>) -> Observed>,
    /// In double-double.
    pub double_double: Option<fn(&Case<DoubleDouble>) -> Observed>,
}

impl Theorem {
    /// True if it is checked in this arithmetic.
    pub fn is_checked_in(&self, arithmetic: Arithmetic) -> bool {
        match arithmetic {
            Arithmetic::Exact => self.checks.exact.is_some(),
            Arithmetic::F64 => self.checks.f64.is_some(),
            Arithmetic::DoubleDouble => self.checks.double_double.is_some(),
        }
    }

    /// The arithmetics in which it is checked.
    pub fn arithmetics(&self) -> impl Iterator<Item = Arithmetic> + '_ {
        Arithmetic::ALL.into_iter().filter(|&arithmetic| self.is_checked_in(arithmetic))
    }
}

/// Declares the file of each theorem and lists its `THEOREM`, so that a theorem is named once.
/// rustfmt does not find files that a macro declares; `.ci/run` names them to it.
macro_rules! registry {
    ($($file:ident),* $(,)?) => {
        $(pub mod $file;)*

        /// All theorems, in the order of the catalogue.
        pub static ALL: [&Theorem; [$(stringify!($file)),*].len()] = [$(&$file::THEOREM),*];
    };
}

registry![
    gradient_factorization,
    exact_adjoint,
    tensor_telescoping,
    effective_telescoping,
    subspace_tensor_rank,
    symmetry,
    fingerprints,
    gated_networks,
    broadcast_error,
    feedback_alignment,
    local_rules,
    gating_atoms,
    invariant_subspace,
    cell_types,
    areas,
    low_rank_initialization,
    eigenspaces,
    factor_learning,
    effective_task_dimension,
    fibonacci_growth,
    polynomial_growth,
    siso_reciprocity,
    tightness,
    spectral_optimizers,
    core_closure,
    curriculum,
    conservation_law,
    momentum_angular_law,
    krylov_decay,
    orders,
    linear_growth,
    minimum_cut,
    short_trials,
    modes,
    weight_decay_tail,
    truncated_bptt,
    perturbation,
];

/// The theorem of this name.
pub fn find(id: &str) -> Option<&'static Theorem> {
    ALL.into_iter().find(|theorem| theorem.id == id)
}
