//! New statements: explore what ranks do, write a conjecture as a test, see it supported or refuted.
//!
//! A [`Conjecture`] is what a theorem is before it has a proof: a statement in words, a setting to
//! draw instances from, and a claim. It runs through the same code as the theorems do, so a
//! violation is made small and printed in the same terms. [`explore`] tabulates exact generic
//! ranks beside the best bound that the registry knows; where the two differ there is something to
//! find.

mod count;
mod discover;
mod explore;
mod family;
mod lattice;
mod pattern;
mod real;
mod status;

pub use discover::{Discovered, Discovery, Found, Point, Row, Term};
pub use explore::{Exploration, GridCell, Sweep, explore, explore_part};
pub use family::Family;
pub use lattice::{Group, Lattice, Survey, Surveyed};
pub use status::{Conjecture, Status};

/// What the file of a conjecture needs.
pub mod prelude {
    pub use super::{Conjecture, Status};
    pub use crate::blocks::{Block, Blocks, Subset};
    pub use crate::bounds::Bounds;
    pub use crate::matrix::{Matrix, RankRevealing, Subspace};
    pub use crate::network::architecture::Architecture;
    pub use crate::scalar::Scalar;
    pub use crate::tape::{Scope, Var};
    pub use crate::task::TaskFamily;
    pub use crate::tensor::Mode;
    pub use crate::theorem::{
        ActivationKind, Arithmetic, Case, Domain, Inconclusive, InitialState, InitialWeights,
        LossKind, Measure, Observation, Observed, Quantity, RuleKind, Sequence, StepperKind,
    };
}
