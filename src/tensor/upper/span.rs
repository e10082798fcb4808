//! Matrices of rank one in the span of slices.
//!
//! Let c slices of d x e span a space E of c dimensions, which d e - c equations describe. For a
//! direction a in F^d the matrices a (x) x in E are the solutions of these equations in the e numbers
//! of x. If c > (d-1) e there are more unknowns than equations, whatever a is: every direction gives
//! such matrices, and c of them that are independent span E. They are c terms, and fewer do not span it:
//! the CP rank is c, over any field. If c = (d-1) e there are as many equations as unknowns: along a
//! line of directions their determinant is a polynomial of degree e, and each root of it in the
//! field gives a matrix. These roots need not be rational, so that over the rationals, or the reals, there may be
//! fewer. The same with d and e exchanged.
//!
//! Almost all spaces with (d-1) (e-1) < c are spanned by matrices of rank one over the complex numbers
//! (Catalisano, Geramita and Gimigliano, "On the ideals of secant varieties to certain rational
//! varieties", J. Algebra 319, 2008); this is where they are found without leaving the field.

use super::super::lower::pencil::minimal_polynomial;
use crate::matrix::{Matrix, RankRevealing};
use crate::scalar::{Fp, Scalar, Stream};
use crate::tensor::{Construction, CpBracket, Decomposition, Mode, Reduced};

/// Numbers in the equations up to which they are solved.
const MAX_ENTRIES: usize = 1 << 16;

impl Reduced<Fp> {
    /// Looks for matrices of rank one that span the slices along a mode, as many as these have
    /// dimensions, where there are equations that have them; a bracket that has more terms takes
    /// them.
    pub fn span_by_rank_one(&self, bracket: &mut CpBracket<Fp>) {
        for mode in Mode::ALL {
            let unfolding = self.unfolding(mode);
            let (rows, cols) = self.side(mode);
            let Some(found) = rank_one_basis(&unfolding, rows, cols) else { continue };
            let (made, [left, right]) = found;
            let terms = left.cols();
            if terms >= bracket.decomposition.terms() {
                continue;
            }
            let Some(along) = coordinates(&unfolding, &left, &right) else { continue };
            let (wide, long) = (&self.left, &self.right);
            let decomposition = match mode {
                Mode::Row => {
                    Decomposition { a: wide.times(&along), b: long.times(&left), c: right }
                }
                Mode::Column => {
                    Decomposition { a: wide.times(&left), b: long.times(&along), c: right }
                }
                Mode::Step => {
                    Decomposition { a: wide.times(&left), b: long.times(&right), c: along }
                }
            };
            // The decomposition is held against the tensor, whatever made it.
            self.offer(bracket, decomposition, made(mode), 0.0);
        }
    }
}

/// How matrices were made, and they themselves.
type Found = (fn(Mode) -> Construction, [Matrix<Fp>; 2]);

/// Matrices of rank one, as columns (rows, c) and (cols, c), that span the rows of an unfolding, each a
/// (rows, cols) matrix, and what made them; `None` where they are not found.
fn rank_one_basis(unfolding: &Matrix<Fp>, rows: usize, cols: usize) -> Option<Found> {
    if unfolding.rows() * unfolding.cols() > MAX_ENTRIES || rows * cols == 0 {
        return None;
    }
    let dimension = Fp::rank(unfolding, 0.0).bounds.lower;
    if dimension == 0 {
        return None;
    }
    // The side that needs no roots first.
    let needed = [(rows - 1) * cols, (cols - 1) * rows];
    let turned = if needed[0] <= needed[1] { 0 } else { 1 };
    if dimension < needed[turned] {
        return None;
    }
    let turned = turned == 1;
    let equations = unfolding.kernel();
    // a runs over the first side, x over the second.
    let [first, second] = if turned { [cols, rows] } else { [rows, cols] };
    let place = |i: usize, j: usize| if turned { j + i * rows } else { i + j * rows };
    let system = |a: &[Fp]| {
        Matrix::from_fn(equations.cols(), second, |l, j| {
            let terms = (0..first).map(|i| a[i] * equations[(place(i, j), l)]);
            terms.fold(Fp::ZERO, |sum, term| sum + term)
        })
    };
    let always = dimension > (first - 1) * second;
    let mut stream = Stream::new("rank one", dimension as u64, unfolding.cols() as u64);
    let [mut left, mut right] = [first, second].map(|side| Matrix::zeros(side, 0));
    let mut found = Matrix::zeros(rows * cols, 0);
    for _ in 0..8 * dimension {
        let a = Matrix::random(first, 1, &mut stream);
        let directions = if always { vec![a] } else { singular(&system, a, &mut stream) };
        for a in directions {
            let solutions = system(a.data()).kernel();
            for s in 0..solutions.cols() {
                let x = Matrix::from_columns(second, 1, solutions.column(s).to_vec());
                let entry = |index: usize| {
                    let (i, j) = (index % rows, index / rows);
                    let (i, j) = if turned { (j, i) } else { (i, j) };
                    a[(i, 0)] * x[(j, 0)]
                };
                let flat = Matrix::from_fn(rows * cols, 1, |index, _| entry(index));
                let wider = Matrix::beside(rows * cols, [&found, &flat]);
                if Fp::rank(&wider, 0.0).bounds.lower == wider.cols() {
                    found = wider;
                    left = Matrix::beside(first, [&left, &a]);
                    right = Matrix::beside(second, [&right, &x]);
                }
            }
        }
        if found.cols() == dimension {
            let made: fn(Mode) -> Construction =
                if always { Construction::Spanned } else { Construction::SpannedByRoots };
            return Some((made, if turned { [right, left] } else { [left, right] }));
        }
    }
    None
}

/// The directions on a random line through one at which a square system is singular.
fn singular(
    system: &dyn Fn(&[Fp]) -> Matrix<Fp>,
    a: Matrix<Fp>,
    stream: &mut Stream,
) -> Vec<Matrix<Fp>> {
    let slope = Matrix::random(a.rows(), 1, stream);
    let (at, along) = (system(a.data()), system(slope.data()));
    let roots = along.inverse().and_then(|inverse| {
        // at + t along is singular where t is an eigenvalue of -along^{-1} at.
        let mut map = inverse.times(&at);
        map.scale(-Fp::ONE);
        Some(minimal_polynomial(&map, stream)?.roots(stream))
    });
    let moved = |t: Fp| {
        let mut moved = a.clone();
        moved.add_scaled(t, &slope);
        moved
    };
    roots.unwrap_or_default().into_iter().map(moved).collect()
}

/// The numbers (n, c) with which these matrices of rank one make the rows of an unfolding.
fn coordinates(
    unfolding: &Matrix<Fp>,
    left: &Matrix<Fp>,
    right: &Matrix<Fp>,
) -> Option<Matrix<Fp>> {
    let (rows, terms) = (left.rows(), left.cols());
    let flat = Matrix::from_fn(unfolding.cols(), terms, |index, r| {
        left[(index % rows, r)] * right[(index / rows, r)]
    });
    // As many random combinations of the equations as there are unknowns.
    let mut stream = Stream::new("coordinates", terms as u64, unfolding.cols() as u64);
    let mixed = Matrix::random(terms, unfolding.cols(), &mut stream);
    let solved = mixed.times(&flat).inverse()?.times(&Matrix::product(mixed.view(), unfolding.t()));
    Some(solved.transposed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bounds::Bounds;
    use crate::tensor::{Field, Tensor};

    fn random(rows: usize, cols: usize, count: usize, seed: u64) -> Reduced<Fp> {
        let mut stream = Stream::new("tall", seed, 0);
        let slices: Vec<_> =
            (0..count).map(|_| Matrix::<Fp>::random(rows, cols, &mut stream)).collect();
        Tensor::concise(&slices)
    }

    fn spanned(tensor: &Reduced<Fp>) -> (Bounds, Construction) {
        let mut bracket = tensor.cp_bracket(0.0).expect("exact");
        tensor.span_by_rank_one(&mut bracket);
        (bracket.bounds(), bracket.construction)
    }

    /// c > (d-1) e: c terms always. (d, e, c), the sides exchanged too.
    #[test]
    fn tall_slices_have_as_many_terms_as_they_are() {
        for (seed, (rows, cols, count)) in
            [(2, 2, 3), (3, 3, 7), (3, 3, 8), (2, 4, 5), (4, 2, 7), (3, 4, 9), (4, 3, 9)]
                .into_iter()
                .enumerate()
        {
            let (bounds, construction) = spanned(&random(rows, cols, count, seed as u64));
            assert_eq!(bounds, Bounds::exactly(count), "{rows} x {cols} x {count}");
            assert_eq!(construction, Construction::Spanned(Mode::Step));
        }
    }

    /// c = (d-1) e: where the determinants have roots, which they have on most lines.
    #[test]
    fn one_slice_less_takes_roots() {
        let (bounds, construction) = spanned(&random(3, 3, 6, 0));
        assert_eq!(bounds, Bounds::exactly(6));
        assert_eq!(construction, Construction::SpannedByRoots(Mode::Step));
        assert_eq!(construction.field(), Field::Complex);
    }

    /// Control: slices that span less than their number, and too few of them.
    #[test]
    fn few_slices_are_left_alone() {
        let (bounds, construction) = spanned(&random(3, 3, 4, 0));
        assert!(bounds.upper > 4 && matches!(construction, Construction::Slices(_)));
        // Symmetric matrices: a space of three dimensions in 2 x 2, which three squares span.
        let mut stream = Stream::new("symmetric", 0, 0);
        let slices: Vec<_> = (0..4)
            .map(|_| {
                let part = Matrix::<Fp>::random(2, 2, &mut stream);
                let mut sum = part.transposed();
                sum.add_scaled(Fp::ONE, &part);
                sum
            })
            .collect();
        let tensor = Tensor::concise(&slices);
        assert_eq!(spanned(&tensor).0, Bounds::exactly(3));
    }
}
