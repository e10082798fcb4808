//! What the CP rank is at least: unfoldings, and certificates that can go beyond them.
//!
//! | certificate | shows | holds in |
//! |---|---|---|
//! | unfolding | at most the largest of the three dimensions | every arithmetic; border rank |
//! | Koszul flattening | less than twice the second largest dimension | every arithmetic; border rank |
//! | pencil | the CP rank of a tensor with one dimension of two | the field; CP rank alone |
//! | algebra | nearly twice the dimension, of algebras | the field; CP rank alone |
//! | substitution | one for each matrix of rank one that is known, and the best of what is left | the field; CP rank alone |
//! | count | what the dimension of a family of tensors asks for | almost all of the family; border rank |
//!
//! A bound on the border rank holds for all tensors near enough as well, so it survives rounding.
//! One on the CP rank alone does not: the W state has CP rank three, and tensors of CP rank two as
//! near to it as one likes. Hence pencil, algebra and substitution are used in the field alone. All hold
//! over every extension of the field, its algebraic closure included; of a generic instance, whose ranks
//! are no less than those modulo a prime, over the rationals, the reals and the complex numbers.
//!
//! What each gives, by computation (see the tests):
//!
//! | tensor | unfolding | Koszul | pencil | algebra | CP rank |
//! |---|---|---|---|---|---|
//! | W state, 2 x 2 x 2 | 2 | | 3 | 3 | 3 |
//! | product of 2 x 2 matrices, 4 x 4 x 4 | 4 | 6 | | 7 | 7 |
//! | product of 3 x 3 matrices, 9 x 9 x 9 | 9 | 15 | | 17 | 19 to 23 |
//! | generic, 3 x 3 x 3 | 3 | 5 | | | 5 |
//!
//! Seven is out of reach of a flattening for the product of 2 x 2 matrices: a 4 x 4 x 4 tensor has one
//! of rank 12 at most, to which each term adds 2.

mod algebra;
#[cfg(test)]
mod known_rank_tests;
mod koszul;
pub(super) mod pencil;
pub(super) mod polynomial;
mod substitution;

use std::fmt;

use super::{Mode, Reduced};
use crate::matrix::{Matrix, RankRevealing};

/// What a CP rank is at least, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LowerEnd {
    /// The CP rank is at least this.
    pub bound: usize,
    /// Why.
    pub certificate: Certificate,
}

/// Why a CP rank is at least some number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// The rank of an unfolding: each term adds at most one to it.
    Unfolding(Mode),
    /// The rank of a Koszul flattening: each term adds at most `per_term` to it.
    Koszul {
        /// The mode that is wedged.
        mode: Mode,
        /// What this mode was restricted to: a generic space of 2p + 1 dimensions.
        dimensions: usize,
        /// Shape of the flattening.
        shape: (usize, usize),
        /// Its rank.
        rank: usize,
        /// binomial(2p, p).
        per_term: usize,
    },
    /// The Kronecker form of a pencil of matrices, of a mode with two dimensions.
    Pencil {
        /// The mode with two dimensions.
        mode: Mode,
        /// Shape of the two matrices.
        shape: (usize, usize),
        /// The rank of a generic combination of them.
        rank: usize,
        /// What Jordan blocks of two rows or more add.
        defect: usize,
    },
    /// The tensor is the multiplication of an associative algebra with a unit.
    Algebra {
        /// The mode of the products.
        product: Mode,
        /// Its dimension.
        dimension: usize,
        /// The number of its maximal two-sided ideals, over the algebraic closure.
        ideals: usize,
    },
    /// Matrices of rank one in the span of the steps, each of which is a term, and what is left when
    /// the rows or columns of these are taken out.
    Substitution {
        /// How many matrices.
        removed: usize,
        /// Of what is left.
        rest: Box<Certificate>,
    },
    /// Tensors of fewer terms make a set of fewer dimensions than those that are learned: it is of
    /// almost all instances, not of each.
    Count {
        /// The dimensions of all tensors that are learned, in all bases.
        dimension: usize,
    },
}

impl Certificate {
    /// True if it bounds the border rank too, so that rounding errors cannot have made it.
    pub fn bounds_border_rank(&self) -> bool {
        matches!(self, Certificate::Unfolding(_) | Certificate::Koszul { .. })
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Certificate::Unfolding(mode) => write!(f, "unfolding along the {}s", mode.name()),
            Certificate::Koszul { mode, dimensions, shape: (rows, cols), rank, per_term } => {
                write!(
                    f,
                    "Koszul flattening of {dimensions} dimensions of the {}s: rank {rank} of \
                 {rows} x {cols}, {per_term} for each term",
                    mode.name(),
                )
            }
            Certificate::Pencil { mode, shape: (rows, cols), rank, defect } => write!(
                f,
                "pencil of two {}s, {rows} x {cols}: {rows} + {cols} - {rank}, and {defect} for \
                 Jordan blocks",
                mode.name(),
            ),
            Certificate::Algebra { product, dimension, ideals } => write!(
                f,
                "multiplication of an algebra, products along the {}s: 2 * {dimension} less \
                 {ideals} for its maximal ideals",
                product.name(),
            ),
            Certificate::Substitution { removed, rest } => {
                write!(f, "substitution of {removed} matrices of rank one, and {rest}")
            }
            Certificate::Count { dimension } => {
                write!(f, "the {dimension} dimensions of what is learned")
            }
        }
    }
}

impl<S: RankRevealing> Reduced<S> {
    /// The largest rank of an unfolding. Only what is clear of the noise counts.
    pub fn lower_end(&self, noise: f64) -> LowerEnd {
        LowerEnd::of_unfoldings(self.unfolding_ranks(noise).map(|rank| rank.bounds.lower))
    }

    /// The best of all certificates, tried until one shows `enough`. It takes longer than
    /// [`lower_end`](Reduced::lower_end); flattenings of more than 512 rows or columns, pencils
    /// whose Jordan blocks would need such matrices, and algebras of more than 16 dimensions are
    /// passed over.
    pub fn best_lower_end(&self, noise: f64, enough: usize) -> LowerEnd {
        let ranks = self.unfolding_ranks(noise).map(|rank| rank.bounds.lower);
        let mut best = LowerEnd::of_unfoldings(ranks);
        let mut sorted = ranks;
        sorted.sort_unstable();
        // The smallest flattening has three times as many rows or columns as the middle one.
        if best.bound >= enough || 3 * sorted[1] > koszul::LARGEST {
            return best;
        }
        let core = self.clear_core(noise);
        for mode in Mode::ALL {
            let slices = core.along(mode);
            let field: Option<Vec<_>> = slices.iter().map(S::in_field).collect();
            if let Some(slices) = field {
                best.raise(pencil::bound(mode, &slices));
                best.raise(algebra::bound(mode, &slices));
            }
            if best.bound < enough {
                koszul::raise(&mut best, mode, &slices, noise, enough);
            }
        }
        best
    }

    /// The tensor in bases of as many dimensions of each mode as are clear of the noise.
    fn clear_core(&self, noise: f64) -> Reduced<S> {
        let [left, right, steps] =
            Mode::ALL.map(|mode| S::clear_basis(&self.unfolding(mode), noise));
        let (rows, cols) = self.side(Mode::Step);
        let slices =
            rows_as_matrices(&S::coordinates(&steps, &self.unfolding(Mode::Step)), rows, cols);
        let slices = slices.into_iter().map(|slice| {
            let slice = S::coordinates(&left, &slice);
            S::coordinates(&right, &slice.transposed()).transposed()
        });
        Reduced { slices: slices.collect(), left, right, lost: self.lost }
    }

    /// The core as matrices, one for each index of `mode`.
    fn along(&self, mode: Mode) -> Vec<Matrix<S>> {
        let (rows, cols) = self.side(mode);
        rows_as_matrices(&self.unfolding(mode), rows, cols)
    }
}

impl LowerEnd {
    /// What the ranks of the unfoldings show.
    pub(crate) fn of_unfoldings(ranks: [usize; 3]) -> Self {
        let (mode, bound) =
            (Mode::ALL.into_iter().zip(ranks)).max_by_key(|&(_, rank)| rank).expect("three modes");
        LowerEnd { bound, certificate: Certificate::Unfolding(mode) }
    }

    /// Takes another end that says more.
    pub(crate) fn raise(&mut self, other: Option<LowerEnd>) {
        if let Some(other) = other.filter(|other| other.bound > self.bound) {
            *self = other;
        }
    }
}

/// Each row of an unfolding as a (rows, cols) matrix.
fn rows_as_matrices<S: RankRevealing>(
    unfolding: &Matrix<S>,
    rows: usize,
    cols: usize,
) -> Vec<Matrix<S>> {
    let row = |s| (0..unfolding.cols()).map(|j| unfolding[(s, j)]).collect();
    (0..unfolding.rows()).map(|s| Matrix::from_columns(rows, cols, row(s))).collect()
}
