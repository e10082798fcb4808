//! Update rules: what a gradient becomes before a step is made along it. One file for each.
//!
//! A rule is a function of a gradient and of what it remembers. An [`Entrywise`] rule sees a list
//! of entries and may not tell one from another; a [`Spectral`] one sees the gradient of a matrix
//! and moves its singular values. Theorems ask for the kind, not for the name. To add a rule, write
//! its file after the pattern of `rms_prop.rs` and name it in `rules!`, which makes [`RuleKind`]:
//! commands, settings and theorems then have it, and the tests below hold it to its kind.

mod state;
#[cfg(test)]
mod test;

use std::fmt::Debug;
use std::sync::Arc;

pub(crate) use adam::Adam;
pub use state::Preconditioners;
pub(super) use state::State;

use crate::matrix::{Matrix, RankRevealing};
use crate::named::Named;
use crate::scalar::Scalar;

/// What a gradient becomes.
///
/// # Examples
///
/// ```
/// use rankproof::training::{Optimizer, UpdateRule};
///
/// let plain = Optimizer::gradient_descent(0.01);
/// let optimizer = Optimizer { rule: UpdateRule::adam(1e-8), ..plain };
/// ```
#[derive(Clone, Debug)]
pub enum UpdateRule<S> {
    /// The gradient itself: with it every optimizer is GD-like.
    Gradient,
    /// Each entry of each block on its own.
    Entrywise(Arc<dyn Entrywise<S>>),
    /// The gradient of each block that is [followed](super::Training::followed), or its momentum, as
    /// `L G R` with L and R made of gradients; other blocks as they are.
    Spectral(Arc<dyn Spectral<S>>),
}

/// A rule that acts entry by entry, on all entries alike, and is odd: of the negative of gradient
/// and parameter it makes the negative.
///
/// # Examples
///
/// One of one's own, here the cube root of the gradient:
///
/// ```
/// use std::sync::Arc;
/// use rankproof::training::{Entrywise, Optimizer, UpdateRule};
///
/// #[derive(Debug)]
/// struct CubeRoot;
///
/// impl Entrywise<f64> for CubeRoot {
///     fn direction(&self, _: i32, gradient: &mut [f64], _: &[f64], _: &mut [Vec<f64>]) {
///         gradient.iter_mut().for_each(|g| *g = g.cbrt());
///     }
///     fn slope(&self, _: f64) -> f64 {
///         f64::INFINITY
///     }
///     fn is_lipschitz(&self) -> bool {
///         false
///     }
/// }
///
/// let rule = UpdateRule::Entrywise(Arc::new(CubeRoot));
/// let optimizer = Optimizer { rule, ..Optimizer::gradient_descent(0.01) };
/// ```
pub trait Entrywise<S>: Debug + Send + Sync {
    /// True if this arithmetic can express it.
    fn is_available(&self) -> bool {
        true
    }

    /// How many numbers it remembers of each entry; they are zero at the start.
    fn numbers(&self) -> usize {
        0
    }

    /// Replaces a gradient by the direction of a step. `step` counts gradients from 1, `at` are the
    /// parameters, of the same length, `memory` as many lists of that length as
    /// [`numbers`](Entrywise::numbers).
    ///
    /// # Panics
    ///
    /// If it is not [available](Entrywise::is_available).
    fn direction(&self, step: i32, gradient: &mut [S], at: &[S], memory: &mut [Vec<S>]);

    /// The largest slope of the direction as a function of a gradient of at most this norm; zero of
    /// a step function, where entries that are equal without rounding must stay equal.
    fn slope(&self, norm: f64) -> f64;

    /// True if the slope has a bound that does not depend on the norm, and nothing jumps: then
    /// entries that are equal but for rounding stay so.
    fn is_lipschitz(&self) -> bool;

    /// The degree of the direction as a polynomial in the gradients, or `None` if it is not one.
    fn degree(&self) -> Option<usize> {
        None
    }
}

/// A rule that acts on the singular values of the gradient of one matrix, (m, n).
pub trait Spectral<S>: Debug + Send + Sync {
    /// True if this arithmetic can express it.
    fn is_available(&self) -> bool {
        true
    }

    /// Of a rule that takes the momentum of the [`Stepper`](super::Stepper) before the direction is
    /// made, as the steps along it then do not: how large its authors have it.
    fn momentum(&self) -> Option<f64> {
        None
    }

    /// The direction of a step, (m, n), along a gradient or its momentum, (m, n).
    ///
    /// # Panics
    ///
    /// If it is not [available](Spectral::is_available).
    fn direction(&self, gradient: Matrix<S>, memory: &mut Preconditioners<S>) -> Matrix<S>;

    /// How large the rounding errors of the direction can be, in units of rounding. Asked once for
    /// each gradient that is not zero, after its direction.
    fn rounding(&self, sizes: Sizes, memory: &mut Preconditioners<S>) -> f64;

    /// The degree of the direction as a polynomial in the gradients, or `None` if it is not one.
    fn degree(&self) -> Option<usize> {
        None
    }
}

/// The sizes of a gradient and of the direction made of it.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// What the rounding errors of the gradient are proportional to.
    pub rounding: f64,
    /// The norm of the gradient.
    pub norm: f64,
    /// The norm of the direction.
    pub direction: f64,
}

impl<S> UpdateRule<S> {
    /// True if this arithmetic can express it.
    pub fn is_available(&self) -> bool {
        match self {
            UpdateRule::Gradient => true,
            UpdateRule::Entrywise(rule) => rule.is_available(),
            UpdateRule::Spectral(rule) => rule.is_available(),
        }
    }

    /// The degree of the direction as a polynomial in the gradients: of each entry, or of the
    /// followed blocks. `None` if it is not one.
    pub fn degree(&self) -> Option<usize> {
        match self {
            UpdateRule::Gradient => Some(1),
            UpdateRule::Entrywise(rule) => rule.degree(),
            UpdateRule::Spectral(rule) => rule.degree(),
        }
    }

    /// The momentum of its authors, if it is made of the momentum of the method.
    pub fn momentum(&self) -> Option<f64> {
        match self {
            UpdateRule::Gradient | UpdateRule::Entrywise(_) => None,
            UpdateRule::Spectral(rule) => rule.momentum(),
        }
    }
}

/// The numbers of a rule, which its file says.
trait Row {
    /// With the numbers that are usual: those of its authors, where there are.
    fn usual<S: RankRevealing>() -> UpdateRule<S>;

    /// With the numbers of the instances of theorems: a small number in a denominator is not as
    /// small as is usual, because rounding errors are divided by it.
    fn drawn<S: RankRevealing>() -> UpdateRule<S> {
        Self::usual()
    }
}

/// Declares the file of each rule and lists them, so that a rule is named once. rustfmt does not
/// find files that a macro declares; `.ci/run` names them to it.
macro_rules! rules {
    ($($file:ident: $Kind:ident, $name:literal, $description:literal;)*) => {
        $(mod $file;)*

        /// A rule by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum RuleKind {
            $(#[doc = $description] $Kind,)*
        }

        impl RuleKind {
            /// All of them.
            pub const ALL: [RuleKind; [$(stringify!($file)),*].len()] = [$(RuleKind::$Kind),*];

            /// The rule with the numbers that are usual; `None` if the arithmetic does not have it.
            pub fn usual<S: RankRevealing>(self) -> Option<UpdateRule<S>> {
                let rule = match self { $(RuleKind::$Kind => $file::Rule::usual(),)* };
                Some(rule).filter(UpdateRule::is_available)
            }

            /// The rule as instances of theorems have it; `None` if the arithmetic does not.
            pub fn drawn<S: RankRevealing>(self) -> Option<UpdateRule<S>> {
                let rule = match self { $(RuleKind::$Kind => $file::Rule::drawn(),)* };
                Some(rule).filter(UpdateRule::is_available)
            }
        }

        impl Named for RuleKind {
            const WHAT: &'static str = "update rule";

            fn table() -> Vec<(Self, &'static str, &'static str)> {
                vec![$((RuleKind::$Kind, $name, $description)),*]
            }
        }
    };
}

rules![
    gradient: Gradient, "gradient", "The gradient itself";
    sign: Sign, "sign", "The sign of each entry of the gradient";
    adam: Adam, "adam", "Adam: the mean gradient over the root of its mean square";
    rms_prop: RmsProp, "rms-prop", "RMSProp: the gradient over the root of its mean square";
    clip: Clip, "clip", "The gradient, each entry cut to at most 0.1";
    l1: L1, "l1", "The gradient plus 0.1 times the sign of the parameter";
    cube: Cube, "cube", "The cube of each entry of the gradient";
    muon: Muon, "muon", "Muon: Nesterov's momentum, with the singular values of that of W nearly equal";
    shampoo: Shampoo, "shampoo", "Shampoo: the gradient of W between inverse fourth roots of sums of its squares";
    lion: Lion, "lion", "Lion: the sign of the momentum moved towards the gradient";
];

impl RuleKind {
    /// The gradient itself.
    pub fn is_gd_like(self) -> bool {
        self == RuleKind::Gradient
    }

    /// One that acts entry by entry.
    pub fn is_entrywise(self) -> bool {
        self.entrywise().is_some()
    }

    /// One that acts on singular values.
    pub fn is_spectral(self) -> bool {
        matches!(self.usual::<f64>(), Some(UpdateRule::Spectral(_)))
    }

    /// One that leaves alike what is alike but for rounding; see [`Entrywise::is_lipschitz`].
    pub fn keeps_rounding_small(self) -> bool {
        self.is_gd_like() || self.entrywise().is_some_and(|rule| rule.is_lipschitz())
    }

    /// See [`UpdateRule::momentum`].
    pub fn momentum(self) -> Option<f64> {
        self.usual::<f64>().and_then(|rule| rule.momentum())
    }

    /// f64 has every rule.
    fn entrywise(self) -> Option<Arc<dyn Entrywise<f64>>> {
        match self.usual() {
            Some(UpdateRule::Entrywise(rule)) => Some(rule),
            _ => None,
        }
    }
}

/// As large as x in f64, or 1 in a field, where nothing rounds.
fn size<S: Scalar>(x: S) -> f64 {
    S::ELEMENTARY.map_or(1.0, |real| (real.to_f64)(x).abs())
}

fn sign<S: Scalar>(x: S) -> S {
    if x.is_positive() {
        S::ONE
    } else if (-x).is_positive() {
        -S::ONE
    } else {
        S::ZERO
    }
}

/// x / y, or 0 where y is 0.
fn divided<S: Scalar>(x: S, y: S) -> S {
    y.inverse().map_or(S::ZERO, |inverse| x * inverse)
}

/// decay old + (1 - decay) new.
fn averaged<S: Scalar>(old: S, new: S, decay: S) -> S {
    decay * old + (S::ONE - decay) * new
}
