//! The CP rank between two certificates: a rank below, an explicit decomposition above.

use std::fmt;

use super::{LowerEnd, Mode, Reduced};
use crate::bounds::Bounds;
use crate::matrix::{Factors, Matrix, RankRevealing};
use crate::scalar::Scalar;

/// A sum of rank-one tensors `a_r (x) b_r (x) c_r`.
#[derive(Clone, Debug, PartialEq)]
pub struct Decomposition<S> {
    /// Shape (rows, terms).
    pub a: Matrix<S>,
    /// Shape (cols, terms).
    pub b: Matrix<S>,
    /// Shape (depth, terms).
    pub c: Matrix<S>,
}

impl<S: Scalar> Decomposition<S> {
    /// Number of terms.
    pub fn terms(&self) -> usize {
        self.a.cols()
    }

    /// Slice `k` of the sum, (rows, cols).
    pub fn slice(&self, k: usize) -> Matrix<S> {
        let scaled =
            Matrix::from_fn(self.a.rows(), self.terms(), |i, r| self.a[(i, r)] * self.c[(k, r)]);
        Matrix::product(scaled.view(), self.b.t())
    }
}

/// What is known of a CP rank.
#[derive(Clone, Debug)]
pub struct CpBracket<S> {
    /// What the CP rank is at least, and why.
    pub lower_end: LowerEnd,
    /// A decomposition that reproduces the tensor: exactly in a field, within `residual` else.
    pub decomposition: Decomposition<S>,
    /// The norm of the tensor less the decomposition, as an f64; zero in a field.
    pub residual: f64,
    /// How the decomposition was found.
    pub construction: Construction,
}

/// What a CP rank is at most, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct UpperEnd {
    /// The CP rank is at most this.
    pub bound: usize,
    /// How a decomposition of so many terms is made.
    pub construction: Construction,
    /// The norm of the tensor less that decomposition.
    pub residual: f64,
}

/// The numbers over which an upper end holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Those of the computation. In the prime field such a construction takes rational steps alone,
    /// so that a generic instance has it over the rationals too.
    Own,
    /// The real numbers, and the complex ones.
    Real,
    /// The complex numbers, or the closure of the field, and not less: it takes roots.
    Complex,
}

impl Field {
    /// From the one that says most.
    pub const ALL: [Field; 3] = [Field::Own, Field::Real, Field::Complex];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Field::Own => "any",
            Field::Real => "real",
            Field::Complex => "complex",
        }
    }
}

/// How a decomposition was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Construction {
    /// The entries as they are, in lines along a mode: one term for each.
    Lines(Mode),
    /// From slices along a mode, in a basis of it, each factored by itself.
    Slices(Mode),
    /// Each gradient factored by itself.
    Gradients,
    /// Matrices of rank one that span the slices along a mode, as many as these have dimensions:
    /// found in the span of the slices, which is large enough to have them.
    Spanned(Mode),
    /// The same where it takes roots of polynomials, which the field of the computation has, and the
    /// rationals need not have.
    SpannedByRoots(Mode),
    /// From gradients factored one by one, and the last two of them, as a pencil, together.
    Peeled {
        /// Terms of the gradients that are factored.
        cut: usize,
    },
    /// By pairs of slices, of which each is made diagonalisable (Ja'Ja').
    Pairs,
    /// That of almost all tensors like this one: of the same format, or with slices in the same nested
    /// spaces of rows and columns.
    Generic,
    /// By the CP solver.
    Fitted {
        /// [`Decomposition::condition`]; infinite if the terms can change and their sum not.
        condition: f64,
    },
}

impl fmt::Display for Construction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Construction::Lines(mode) => write!(f, "lines along the {}s", mode.name()),
            Construction::Slices(mode) => write!(f, "slices along the {}s", mode.name()),
            Construction::Gradients => f.write_str("gradients, each factored"),
            Construction::Spanned(mode) | Construction::SpannedByRoots(mode) => {
                write!(f, "matrices of rank one in the span of the {}s", mode.name())
            }
            Construction::Peeled { cut } => {
                write!(f, "{cut} terms of gradients, and the pencil of the last two")
            }
            Construction::Pairs => f.write_str("pairs of slices made diagonalisable"),
            Construction::Generic => f.write_str("the terms of generic tensors of its kind"),
            Construction::Fitted { condition } if condition.is_finite() => {
                write!(f, "fitted terms of condition {condition:.0e}")
            }
            Construction::Fitted { .. } => f.write_str("fitted terms, one choice among many"),
        }
    }
}

impl Construction {
    /// Where a decomposition that is made so holds.
    pub fn field(self) -> Field {
        match self {
            Construction::Peeled { .. }
            | Construction::Generic
            | Construction::SpannedByRoots(_) => Field::Complex,
            Construction::Pairs => Field::Real,
            _ => Field::Own,
        }
    }
}

impl<S: Scalar> CpBracket<S> {
    /// The CP rank, from the lower end to the number of terms of the decomposition.
    pub fn bounds(&self) -> Bounds {
        Bounds { lower: self.lower_end.bound, upper: self.decomposition.terms() }
    }

    /// The upper end with its construction.
    pub fn upper_end(&self) -> UpperEnd {
        let (construction, residual) = (self.construction, self.residual);
        UpperEnd { bound: self.decomposition.terms(), construction, residual }
    }
}

impl<S: RankRevealing> Reduced<S> {
    /// Brackets the CP rank. `None` if rounding noise hides the rank of every unfolding, or if no
    /// decomposition found reproduces the tensor within the noise. The lower end counts only what
    /// is clear of the noise.
    ///
    /// The decomposition cuts the tensor along one mode, in a basis of that mode, into as many
    /// slices as the mode has dimensions, and factors each slice; the best of the three modes is
    /// taken. It never has more than min(r1 r2, r1 r3, r2 r3) terms.
    pub fn cp_bracket(&self, noise: f64) -> Option<CpBracket<S>> {
        let lower_end = self.lower_end(noise);
        let allowed = self.allowed_residual(noise);
        let mut best: Option<(Mode, Decomposition<S>, f64)> = None;
        for mode in Mode::ALL {
            if best.as_ref().is_some_and(|(_, best, _)| best.terms() <= lower_end.bound) {
                break;
            }
            let Some(cut) = self.cut(mode, noise) else { continue };
            if best.as_ref().is_some_and(|(_, best, _)| best.terms() <= cut.terms()) {
                continue;
            }
            if let Some(residual) = self.residual(&cut).filter(|&residual| residual <= allowed) {
                best = Some((mode, cut, residual));
            }
        }
        let (mode, core, residual) = best?;
        let decomposition =
            Decomposition { a: self.left.times(&core.a), b: self.right.times(&core.b), c: core.c };
        let construction = Construction::Slices(mode);
        Some(CpBracket { lower_end, decomposition, residual, construction })
    }

    /// Raises the lower end as far as [`best_lower_end`](Reduced::best_lower_end) can.
    pub fn raise(&self, bracket: &mut CpBracket<S>, noise: f64) {
        let best = self.best_lower_end(noise, bracket.bounds().upper);
        bracket.lower_end.raise(Some(best));
    }

    /// Takes another decomposition if it has fewer terms and reproduces the tensor within the noise.
    pub fn offer(
        &self,
        bracket: &mut CpBracket<S>,
        decomposition: Decomposition<S>,
        construction: Construction,
        noise: f64,
    ) {
        if decomposition.terms() >= bracket.decomposition.terms() {
            return;
        }
        // In the bases of the core, in which the tensor has all there is of it.
        let core = Decomposition {
            a: S::coordinates(&self.left, &decomposition.a),
            b: S::coordinates(&self.right, &decomposition.b),
            c: decomposition.c,
        };
        let residual = self.residual(&core).filter(|&r| r <= self.allowed_residual(noise));
        if let Some(residual) = residual {
            let (a, b) = (self.left.times(&core.a), self.right.times(&core.b));
            bracket.decomposition = Decomposition { a, b, c: core.c };
            (bracket.residual, bracket.construction) = (residual, construction);
        }
    }

    /// What three truncations, each below the noise, can leave; zero in a field.
    pub(super) fn allowed_residual(&self, noise: f64) -> f64 {
        let norm = self.slices.iter().map(|slice| slice.norm().powi(2)).sum::<f64>().sqrt();
        // The singular values that each can leave out.
        let [a, b, c] = [self.left.cols(), self.right.cols(), self.slices.len()];
        let dimensions = a.min(b * c) + b.min(a * c) + c.min(a * b);
        10.0 * dimensions as f64 * noise.max(S::ROUNDING * dimensions as f64 * norm)
    }

    /// The core cut along `mode` in a basis of that mode; `None` if the basis is inconclusive.
    fn cut(&self, mode: Mode, noise: f64) -> Option<Decomposition<S>> {
        let unfolding = self.unfolding(mode);
        let basis = S::column_basis(&unfolding, noise)?;
        let coordinates = S::coordinates(&basis, &unfolding);
        drop(unfolding);
        let (rows, cols) = self.side(mode);
        let slices: Vec<Factors<S>> = (0..basis.cols())
            .map(|s| {
                let row = (0..coordinates.cols()).map(|j| coordinates[(s, j)]).collect();
                S::compress(&thin(Matrix::from_columns(rows, cols, row)), noise)
            })
            .collect();
        drop(coordinates);
        let widths = slices.iter().map(Factors::width).enumerate();
        let owners: Vec<usize> =
            widths.flat_map(|(s, width)| std::iter::repeat_n(s, width)).collect();
        let along = Matrix::from_fn(basis.rows(), owners.len(), |i, r| basis[(i, owners[r])]);
        let left = Matrix::beside(rows, slices.iter().map(|slice| &slice.left));
        let right = Matrix::beside(cols, slices.iter().map(|slice| &slice.right));
        Some(match mode {
            Mode::Row => Decomposition { a: along, b: left, c: right },
            Mode::Column => Decomposition { a: left, b: along, c: right },
            Mode::Step => Decomposition { a: left, b: right, c: along },
        })
    }

    /// The shape of a slice cut along `mode`, as [`unfolding`](Reduced::unfolding) lists it.
    pub(super) fn side(&self, mode: Mode) -> (usize, usize) {
        match mode {
            Mode::Row => (self.right.cols(), self.slices.len()),
            Mode::Column => (self.left.cols(), self.slices.len()),
            Mode::Step => (self.left.cols(), self.right.cols()),
        }
    }

    /// The norm of the difference from the tensor; in a field `None` unless it is zero.
    pub(super) fn residual(&self, decomposition: &Decomposition<S>) -> Option<f64> {
        let mut sum = self.lost.powi(2);
        for (k, slice) in self.slices.iter().enumerate() {
            let difference = decomposition.slice(k).minus(slice);
            if S::ROUNDING == 0.0 && difference.data().iter().any(|&entry| entry != S::ZERO) {
                return None;
            }
            sum += difference.norm().powi(2);
        }
        Some(sum.sqrt())
    }
}

/// A matrix as factors of which the wider one is the matrix itself.
fn thin<S: Scalar>(matrix: Matrix<S>) -> Factors<S> {
    let (rows, cols) = (matrix.rows(), matrix.cols());
    if rows < cols {
        Factors::new(Matrix::scaled_identity(rows, S::ONE), matrix.transposed())
    } else {
        Factors::new(matrix, Matrix::scaled_identity(cols, S::ONE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Fp;

    /// Ten times the noise in each singular value of an unfolding, of which there are as many as rows or
    /// as columns, whichever are fewer; where there is no noise the rounding of the norm, which is 3.
    #[test]
    fn each_singular_value_may_leave_out_the_noise() {
        for ([a, b, c], values) in [
            ([2, 2, 2], 2 + 2 + 2),
            ([5, 2, 2], 4 + 2 + 2),
            ([2, 7, 3], 2 + 6 + 3),
            ([3, 2, 8], 3 + 2 + 6),
            ([1, 1, 1], 1 + 1 + 1),
        ] {
            let mut slices = vec![Matrix::<f64>::zeros(a, b); c];
            slices[c - 1][(0, b - 1)] = 3.0;
            let reduced = Reduced::from_slices(slices);
            let values = f64::from(values);
            assert_eq!(reduced.allowed_residual(0.5), 10.0 * values * 0.5, "{a} x {b} x {c}");
            let rounding = 10.0 * values * (f64::ROUNDING * values * 3.0);
            assert_eq!(reduced.allowed_residual(0.0), rounding, "{a} x {b} x {c}");
        }
        let exact = Reduced::from_slices(vec![Matrix::scaled_identity(2, Fp::ONE)]);
        assert_eq!(exact.allowed_residual(0.0), 0.0);
    }
}
