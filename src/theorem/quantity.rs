//! What an observation counts.

use std::borrow::Cow;
use std::fmt;

use super::Slope;
use crate::bounds::Bounds;
use crate::tensor::Mode;

/// What an observation counts; prints as it stands in reports.
///
/// # Examples
///
/// ```
/// use rankproof::theorem::{Quantity, Sequence};
///
/// assert_eq!(Quantity::Rank(Sequence::Increments, 3).to_string(), "rank D_3");
/// assert_eq!(Quantity::from("neurons that never fire").to_string(), "neurons that never fire");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Quantity {
    /// The rank of one matrix of a sequence.
    Rank(Sequence, usize),
    /// The largest rank of a recorded increment.
    LargestIncrementRank,
    /// The rank r1, r2 or r3 of an unfolding of D_1..D_K: along its rows, columns or steps.
    UnfoldingRank(Mode),
    /// The CP rank of the tensor of a sequence up to so many matrices.
    CpRank(Sequence, usize),
    /// The CP rank of the tensor of all increments.
    IncrementsCpRank,
    /// The dimensions that the columns or rows of a sequence, up to so many matrices, add to a space
    /// in which a theorem says they lie.
    Outside(Side, Sequence, usize),
    /// Another one, of the matrices of the block of this name.
    OfBlock(&'static str, Box<Quantity>),
    /// By how much a number differs from what it should be.
    Difference {
        /// The number.
        of: Box<Quantity>,
        /// What it is.
        found: Bounds,
        /// What it should be.
        expected: usize,
    },
    /// Whether a norm falls more slowly than predicted: 1 if it does.
    Exponent {
        /// The norm.
        of: &'static str,
        /// With what it falls.
        over: Size,
        /// The exponent; `None` where nothing is clear of the noise.
        measured: Option<Slope>,
        /// The exponent that is predicted, at least.
        predicted: f64,
    },
    /// Sizes at which sigma_{d+1} exceeds what the time courses of activity and error allow.
    Exceeding {
        /// Sizes at which the two can be compared.
        compared: usize,
        /// What they are the sizes of.
        over: Size,
    },
    /// Directions of the parameters of this name along which two derivatives differ.
    DifferingDirections(&'static str),
    /// One that a theorem or a conjecture has for itself, in its own words.
    Named(Cow<'static, str>),
}

/// Matrices that learning makes one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequence {
    /// D_k = W_k - c_k W_0.
    Increments,
    /// W_k.
    Weights,
    /// G_j, the gradients by W, counted from 0.
    Gradients,
}

/// What of a matrix lies in a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Its columns.
    Columns,
    /// Its rows.
    Rows,
}

/// A size that goes to zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// eps, of what the start differs by from w I.
    Start,
    /// eta, of what step sizes are multiples of.
    Step,
    /// s, of inputs, initial state and bias.
    Drive,
}

impl From<&'static str> for Quantity {
    fn from(name: &'static str) -> Self {
        Quantity::Named(name.into())
    }
}

impl From<String> for Quantity {
    fn from(name: String) -> Self {
        Quantity::Named(name.into())
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Quantity::Rank(of, k) => write!(f, "rank {of}_{k}"),
            Quantity::LargestIncrementRank => f.write_str("largest rank of W_k - W_0"),
            Quantity::UnfoldingRank(mode) => f.write_str(match mode {
                Mode::Row => "r1",
                Mode::Column => "r2",
                Mode::Step => "r3",
            }),
            Quantity::CpRank(of, k) => write!(f, "CP rank of {of}_1..{of}_{k}"),
            Quantity::IncrementsCpRank => f.write_str("CP rank of the increments"),
            Quantity::Outside(side, of, k) => {
                let side = match side {
                    Side::Columns => "columns",
                    Side::Rows => "rows",
                };
                write!(f, "{side} of {of}_1..{of}_{k} outside the space")
            }
            Quantity::OfBlock(block, of) => write!(f, "{of} ({block})"),
            Quantity::Difference { of, found, expected } => {
                write!(f, "{of} = {found}, differs from {expected} by")
            }
            Quantity::Exponent { of, over, measured, predicted } => {
                write!(f, "{of} over {over}: ")?;
                match measured {
                    Some(slope) => write!(f, "exponent {slope}")?,
                    None => f.write_str("nothing clear of the noise")?,
                }
                write!(f, "; exponents below {predicted}")
            }
            Quantity::Exceeding { compared, over } => {
                let bound = "||Q Lambda|| (1 + ||Pi||) ||Q H||";
                write!(f, "{compared} sizes of {over}: sigma_{{d+1}} > {bound}")
            }
            Quantity::DifferingDirections(name) => write!(f, "directions of {name} that differ"),
            Quantity::Named(name) => f.write_str(name),
        }
    }
}

/// Its letter.
impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Sequence::Increments => "D",
            Sequence::Weights => "W",
            Sequence::Gradients => "G",
        })
    }
}

/// Its letter.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Size::Start => "eps",
            Size::Step => "eta",
            Size::Drive => "s",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_print_as_reports_have_them() {
        let slope = Slope { estimate: 2.0, half_width: 0.004 };
        let (of, over, predicted) = ("Q D_K Q", Size::Start, 2.0);
        let expected = [
            (Quantity::Rank(Sequence::Gradients, 0), "rank G_0"),
            (Quantity::UnfoldingRank(Mode::Step), "r3"),
            (Quantity::CpRank(Sequence::Increments, 5), "CP rank of D_1..D_5"),
            (
                Quantity::Outside(Side::Rows, Sequence::Weights, 2),
                "rows of W_1..W_2 outside the space",
            ),
            (
                Quantity::OfBlock("Q", Box::new(Quantity::Rank(Sequence::Increments, 2))),
                "rank D_2 (Q)",
            ),
            (
                Quantity::Difference {
                    of: Box::new(Quantity::UnfoldingRank(Mode::Step)),
                    found: Bounds { lower: 3, upper: 4 },
                    expected: 9,
                },
                "r3 = 3..4, differs from 9 by",
            ),
            (
                Quantity::Exponent { of, over, measured: Some(slope), predicted },
                "Q D_K Q over eps: exponent 2.000 +- 0.004; exponents below 2",
            ),
            (
                Quantity::Exponent { of, over, measured: None, predicted },
                "Q D_K Q over eps: nothing clear of the noise; exponents below 2",
            ),
            (
                Quantity::Exceeding { compared: 6, over: Size::Drive },
                "6 sizes of s: sigma_{d+1} > ||Q Lambda|| (1 + ||Pi||) ||Q H||",
            ),
        ];
        for (quantity, text) in expected {
            assert_eq!(quantity.to_string(), text);
        }
    }
}
