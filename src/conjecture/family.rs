//! All tensors that a setting can learn, as a family: how many dimensions it has, and the CP rank of
//! almost all of its members.
//!
//! The tensors D_1..D_k of a setting are polynomials in its random numbers, so they and what they become
//! in other bases of rows, columns and steps, which have the same CP rank, are dense in an irreducible
//! variety X of r1 x r2 x k tensors. Its dimension is the rank of all first derivatives at a
//! generic place. Modulo the prime they are computed by running the training on dual numbers; the rank over
//! the rationals is no less.
//!
//! **From below.** Tensors of R terms span, by their slices, a space that R matrices of rank one
//! hold: R (r1 + r2 - 2) + k (R - k) + k^2 numbers. If X has more dimensions, almost none of its members
//! has R terms, over the complex numbers and so over any others. If s gradients have rank one they
//! are terms (see the substitution method), and the count is R (r1 + r2 - 2) + (k-s) (R - k) + k^2.
//!
//! **From above.** If X has all r1 r2 k dimensions, almost all tensors are like members of X, and their CP
//! rank over the complex numbers is the generic rank of the format, which is found by the lemma of
//! Terracini: R terms at a random place whose tangent spaces span everything. Else the first
//! increments lie in smaller spaces of rows and columns. If X has as many dimensions as all
//! tensors Y with slices in such nested spaces, it is dense in these; and if sums of terms of which the
//! first slices use the first few alone, in the same spaces, have as many dimensions too, almost all
//! tensors of Y are such sums.
//!
//! 1. A. Terracini, "Sulle V_k per cui la varietà degli S_h (h+1)-secanti ha dimensione minore
//!    dell'ordinario", Rend. Circ. Mat. Palermo 31 (1911).
//! 2. M. V. Catalisano, A. V. Geramita and A. Gimigliano, "Ranks of tensors, secant varieties of
//!    Segre varieties and fat points", Linear Algebra and its Applications 355 (2002).

use rayon::prelude::*;

use crate::matrix::{Matrix, RankRevealing};
use crate::scalar::{Dual, Fp, Scalar, Stream};
use crate::task::Dimensions;
use crate::tensor::{Certificate, Construction, LowerEnd, Mode, Reduced, UpperEnd};
use crate::theorem::{Case, Inconclusive, InitialWeights, Setting, nested_ranks};

/// Numbers of a tensor up to which its family is looked at.
const MAX_NUMBERS: usize = 400;

/// Directions beyond those that could be independent.
const SPARE: u64 = 2;

/// States of all trials up to which it is trained again for every direction.
const MAX_STATES: usize = 1024;

/// The family of the tensors of k learning steps.
#[derive(Clone, Debug)]
pub struct Family {
    /// The dimensions r1, r2 and k of its members.
    pub format: [usize; 3],
    /// The dimension of the family, in all bases.
    pub dimension: usize,
    /// How many dimensions of rows and columns the first, the first two, ... slices have.
    nested: Vec<[usize; 2]>,
    /// How many gradients have rank one.
    rank_ones: usize,
}

impl Family {
    /// The families of so many learning steps, for each number that is wanted; `None` for those that are
    /// too large, whose increments depend on each other, or of which nothing is known. By core-closure the number of
    /// neurons does not enter, so they are as few as there are channels.
    ///
    /// # Errors
    ///
    /// If the field cannot express the setting.
    pub fn of_steps(
        setting: &Setting,
        stream: &Stream,
        wanted: &[usize],
    ) -> Result<Vec<Option<Family>>, Inconclusive> {
        let Dimensions { steps, trials, .. } = setting.dimensions;
        let is_closed = setting.is_linear() && setting.initial_weights != InitialWeights::Full;
        let nothing = vec![None; wanted.len()];
        if !is_closed || steps * trials > MAX_STATES {
            return Ok(nothing);
        }
        let neurons = setting.channels();
        let setting = &Setting {
            dimensions: Dimensions { neurons, ..setting.dimensions },
            ..setting.clone()
        };
        let trajectory = Case::<Fp>::draw(setting, stream.clone(), None)?.train()?;
        let slices: Vec<_> =
            (1..=setting.learning_steps).map(|k| trajectory.increment(k)).collect();
        let nested = nested_ranks(&slices);
        let numbers = |k: usize| nested[k - 1].iter().product::<usize>() * k;
        let fits = |&k: &usize| k > 0 && k <= slices.len() && numbers(k) <= MAX_NUMBERS;
        // What changes of bases make of a tensor is there without training, and needs no direction.
        let begun = |&k: &usize| {
            fits(&k).then_some(())?;
            let core = Core::of(&slices[..k])?;
            let tangents = changes_of_bases(&core.slices);
            Some((k, core, tangents))
        };
        let begun: Vec<_> = wanted.iter().map(begun).collect();
        let open = |(k, _, tangents): &(usize, Core, Vec<_>)| numbers(*k) - dimension(tangents);
        let Some(directions) = begun.iter().flatten().map(open).max() else { return Ok(nothing) };
        let last = begun.iter().flatten().map(|&(k, ..)| k).max().expect("one of them at least");
        let moved: Result<Vec<_>, Inconclusive> = (1..=directions as u64 + SPARE)
            .into_par_iter()
            .map(|direction| {
                let case = Case::<Dual<Fp>>::draw(setting, stream.along(direction), None)?;
                let trajectory = case.train()?;
                let slope = |k| trajectory.increment(k).map(|entry| entry.derivative);
                Ok((1..=last).map(slope).collect::<Vec<Matrix<Fp>>>())
            })
            .collect();
        let moved = moved?;
        let ranks: Vec<_> = trajectory.gradients().iter().map(|g| g.compressed().width()).collect();
        let family = |(k, core, mut tangents): (usize, Core, Vec<_>)| {
            tangents.extend(moved.iter().map(|slopes| flat(&core.of_others(&slopes[..k]))));
            Family {
                format: [core.rows.len(), core.cols.len(), k],
                dimension: dimension(&tangents),
                nested: nested[..k].to_vec(),
                rank_ones: ranks.iter().take(k).filter(|&&rank| rank == 1).count(),
            }
        };
        Ok(begun.into_iter().map(|begun| begun.map(family)).collect())
    }

    /// What almost all members have at least.
    pub fn lower_end(&self) -> LowerEnd {
        let [r1, r2, k] = self.format;
        let free = k - self.rank_ones;
        let is_enough = |&terms: &usize| {
            let spaces = terms * (r1 + r2 - 2) + free * (terms - k);
            spaces + k * k >= self.dimension
        };
        let bound = (k..).find(is_enough).expect("it grows with the terms");
        LowerEnd { bound, certificate: Certificate::Count { dimension: self.dimension } }
    }

    /// What almost all members have at most over the complex numbers, if that is `below` some number and
    /// `lower` or more, which is known.
    pub fn upper_end(&self, lower: usize, below: usize) -> Option<UpperEnd> {
        let [r1, r2, k] = self.format;
        let end = |bound| UpperEnd { bound, construction: Construction::Generic, residual: 0.0 };
        if self.dimension == r1 * r2 * k {
            let all = |terms| vec![Level { first: 0, rows: r1, cols: r2, terms }];
            return (lower..below).find(|&terms| self.are_dense(&all(terms))).map(end);
        }
        // Where the spaces become larger.
        let steps = (0..k).filter(|&j| j == 0 || self.nested[j] != self.nested[j - 1]);
        let levels: Vec<_> = steps
            .map(|j| Level { first: j, rows: self.nested[j][0], cols: self.nested[j][1], terms: 0 })
            .collect();
        if nested_dimension(self.format, &levels) != self.dimension {
            return None;
        }
        (lower..below).find(|&terms| self.has_dense_sums(&levels, terms)).map(end)
    }

    /// Whether some choice of how many of the terms the first slices use is dense in the family.
    fn has_dense_sums(&self, levels: &[Level], terms: usize) -> bool {
        let mut open = vec![Vec::<Level>::new()];
        while let Some(chosen) = open.pop() {
            let used: usize = chosen.iter().map(|level| level.terms).sum();
            let Some(&next) = levels.get(chosen.len()) else {
                if used == terms && self.are_dense(&chosen) {
                    return true;
                }
                continue;
            };
            // Enough for the dimensions of its slices, and the rest at the last level.
            let least = next.rows.max(next.cols).saturating_sub(used);
            let is_last = chosen.len() + 1 == levels.len();
            let own = if is_last {
                terms.saturating_sub(used)..=terms.saturating_sub(used)
            } else {
                least..=terms.saturating_sub(used)
            };
            for terms in own.filter(|&own| own >= least) {
                let mut chosen = chosen.clone();
                chosen.push(Level { terms, ..next });
                open.push(chosen);
            }
        }
        false
    }

    /// Whether sums of such terms, in all bases, have as many dimensions as the family.
    fn are_dense(&self, levels: &[Level]) -> bool {
        let [r1, r2, k] = self.format;
        let numbers: usize = levels
            .iter()
            .map(|level| level.terms * (level.rows + level.cols + k - level.first - 2))
            .sum();
        // No more dimensions than numbers, and those of the nested spaces.
        let flags = flags(r1, levels.iter().map(|level| level.rows))
            + flags(r2, levels.iter().map(|level| level.cols));
        numbers + flags + k * (k - 1) / 2 >= self.dimension
            && sum_dimension(self.format, levels) == self.dimension
    }
}

/// A tensor in coordinates of its rows and columns.
struct Core {
    rows: Vec<usize>,
    cols: Vec<usize>,
    slices: Vec<Matrix<Fp>>,
}

impl Core {
    /// `None` if the slices depend on each other.
    fn of(slices: &[Matrix<Fp>]) -> Option<Self> {
        let tensor = Reduced::from_slices(slices.to_vec());
        let independent = Fp::rank(&tensor.unfolding(Mode::Step), 0.0).bounds.lower;
        let [rows, cols] = [Mode::Row, Mode::Column].map(|mode| pivots(&tensor.unfolding(mode)));
        let mut core = Core { rows, cols, slices: Vec::new() };
        core.slices = core.of_others(slices);
        (independent == slices.len()).then_some(core)
    }

    /// Other slices along whatever complement: what this takes away changes of bases make.
    fn of_others(&self, slices: &[Matrix<Fp>]) -> Vec<Matrix<Fp>> {
        let core = |slice: &Matrix<Fp>| {
            let entry = |i: usize, j: usize| slice[(self.rows[i], self.cols[j])];
            Matrix::from_fn(self.rows.len(), self.cols.len(), entry)
        };
        slices.iter().map(core).collect()
    }
}

/// From slice `first` on so many more terms, in the first rows and columns.
#[derive(Clone, Copy, Debug)]
struct Level {
    first: usize,
    rows: usize,
    cols: usize,
    terms: usize,
}

/// The dimension of the nested subspaces of these dimensions.
fn flags(whole: usize, dimensions: impl Iterator<Item = usize>) -> usize {
    let step = |before: &mut usize, now: usize| {
        let more = (now - *before) * (whole - now);
        *before = now;
        Some(more)
    };
    dimensions.scan(0, step).sum()
}

/// Tensors whose slices lie, in some bases, in the first rows and columns of their level.
fn nested_dimension([r1, r2, k]: [usize; 3], levels: &[Level]) -> usize {
    let mut stream = Stream::new("nested", (r1 * r2) as u64, k as u64);
    let block = |slice: usize| {
        levels.iter().rev().find(|level| level.first <= slice).expect("a level from the first on")
    };
    let is_inside =
        |slice: usize, i: usize, j: usize| i < block(slice).rows && j < block(slice).cols;
    let slices: Vec<_> = (0..k)
        .map(|slice| {
            Matrix::from_fn(r1, r2, |i, j| {
                let entry = Fp::random(&mut stream);
                if is_inside(slice, i, j) { entry } else { Fp::ZERO }
            })
        })
        .collect();
    let mut tangents = changes_of_bases(&slices);
    for (slice, j, i) in places(k, r2, r1).filter(|&(slice, j, i)| is_inside(slice, i, j)) {
        let mut unit = vec![Fp::ZERO; r1 * r2 * k];
        unit[(slice * r2 + j) * r1 + i] = Fp::ONE;
        tangents.push(unit);
    }
    dimension(&tangents)
}

/// Sums of terms of which those of a level are in its rows and columns, and in the slices from its
/// first one on.
fn sum_dimension([r1, r2, k]: [usize; 3], levels: &[Level]) -> usize {
    let mut stream = Stream::new("sums", (r1 * r2) as u64, k as u64);
    let mut slices = vec![Matrix::<Fp>::zeros(r1, r2); k];
    let mut tangents = Vec::new();
    for level in levels {
        for _ in 0..level.terms {
            let [a, b, c] = [level.rows, level.cols, k]
                .map(|length| (0..length).map(|_| Fp::random(&mut stream)).collect::<Vec<_>>());
            let c = |slice: usize| if slice < level.first { Fp::ZERO } else { c[slice] };
            let mut slope = |entry: &dyn Fn(usize, usize, usize) -> Fp| {
                let mut tangent = vec![Fp::ZERO; r1 * r2 * k];
                for (slice, j, i) in places(k, level.cols, level.rows) {
                    tangent[(slice * r2 + j) * r1 + i] = entry(slice, i, j);
                }
                tangents.push(tangent);
            };
            let unit = |at: usize, place: usize| if at == place { Fp::ONE } else { Fp::ZERO };
            (0..level.rows).for_each(|row| slope(&|s, i, j| unit(i, row) * b[j] * c(s)));
            (0..level.cols).for_each(|col| slope(&|s, i, j| a[i] * unit(j, col) * c(s)));
            (level.first..k).for_each(|own| slope(&|s, i, j| a[i] * b[j] * unit(s, own)));
            for (slice, j, i) in places(k, level.cols, level.rows) {
                slices[slice][(i, j)] += a[i] * b[j] * c(slice);
            }
        }
    }
    tangents.extend(changes_of_bases(&slices));
    dimension(&tangents)
}

fn places(k: usize, cols: usize, rows: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..k).flat_map(move |slice| (0..cols).flat_map(move |j| (0..rows).map(move |i| (slice, j, i))))
}

/// All slices, one after the other.
fn flat(slices: &[Matrix<Fp>]) -> Vec<Fp> {
    slices.iter().flat_map(|slice| slice.data().iter().copied()).collect()
}

fn pairs(size: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..size).flat_map(move |to| (0..size).map(move |from| (to, from)))
}

/// The directions in which changes of the bases of rows, columns and steps move a tensor.
fn changes_of_bases(slices: &[Matrix<Fp>]) -> Vec<Vec<Fp>> {
    let (rows, cols, k) = (slices[0].rows(), slices[0].cols(), slices.len());
    let mut tangents = Vec::new();
    let mut add = |entry: &dyn Fn(&Matrix<Fp>, usize, usize) -> Fp| {
        let moved = |slice| Matrix::from_fn(rows, cols, |i, j| entry(slice, i, j));
        tangents.push(flat(&slices.iter().map(moved).collect::<Vec<_>>()));
    };
    for (to, from) in pairs(rows) {
        add(&|slice, i, j| if i == to { slice[(from, j)] } else { Fp::ZERO });
    }
    for (to, from) in pairs(cols) {
        add(&|slice, i, j| if j == to { slice[(i, from)] } else { Fp::ZERO });
    }
    for to in 0..k {
        for from in slices {
            let mut moved = vec![Matrix::zeros(rows, cols); k];
            moved[to] = from.clone();
            tangents.push(flat(&moved));
        }
    }
    tangents
}

/// The dimension of the span.
fn dimension(tangents: &[Vec<Fp>]) -> usize {
    let length = tangents.first().map_or(0, Vec::len);
    let all = Matrix::from_columns(length, tangents.len(), tangents.concat());
    Fp::rank(&all, 0.0).bounds.lower
}

/// Rows of a matrix that are a basis of all of them.
fn pivots(matrix: &Matrix<Fp>) -> Vec<usize> {
    let basis = Fp::clear_basis(matrix, 0.0);
    // Reduced: the first entry of each column that is not zero stands alone in its row.
    let pivot = |c| (0..basis.rows()).find(|&i| basis[(i, c)] != Fp::ZERO).expect("not zero");
    (0..basis.cols()).map(pivot).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn families(d_in: usize, d_out: usize, learning_steps: usize) -> Vec<Option<Family>> {
        let dimensions = Dimensions { neurons: 12, d_in, d_out, steps: 8, trials: 6 };
        let setting = Setting { learning_steps, ..Setting::plain(dimensions) };
        let stream = Stream::new("family", 0, 0);
        let wanted: Vec<_> = (1..=learning_steps).collect();
        Family::of_steps(&setting, &stream, &wanted).expect("a linear network is in the field")
    }

    fn ends(family: &Family) -> (usize, Option<usize>) {
        let lower = family.lower_end().bound;
        (lower, family.upper_end(lower, 20).map(|end| end.bound))
    }

    /// Known generic ranks, of which 3 x 3 x 3, 4 x 4 x 3 and 5 x 5 x 3 are not what counting says,
    /// or barely.
    #[test]
    fn the_lemma_of_terracini_gives_generic_ranks() {
        for (format @ [r1, r2, k], rank) in [
            ([2, 2, 2], 2),
            ([2, 2, 3], 3),
            ([3, 3, 2], 3),
            ([3, 3, 3], 5),
            ([3, 3, 4], 5),
            ([3, 3, 6], 6),
            ([4, 4, 3], 6),
            ([4, 4, 4], 7),
            ([5, 5, 3], 8),
        ] {
            let family =
                Family { format, dimension: r1 * r2 * k, nested: Vec::new(), rank_ones: 0 };
            assert_eq!(family.upper_end(1, 20).map(|end| end.bound), Some(rank), "{format:?}");
            assert!(family.lower_end().bound <= rank);
        }
    }

    /// Two inputs and two outputs: after the fifth step nothing is left to learn of 4 x 4 matrices,
    /// before it the first increments are of rank two.
    #[test]
    fn learning_fills_its_format() {
        let families = families(2, 2, 6);
        let found: Vec<_> = families.iter().flatten().map(|f| (f.format, f.dimension)).collect();
        assert_eq!(
            found[2..],
            [([4, 4, 3], 46), ([4, 4, 4], 63), ([4, 4, 5], 80), ([4, 4, 6], 96)]
        );
        let ends: Vec<_> = families.iter().flatten().skip(3).map(ends).collect();
        assert_eq!(ends, [(7, Some(7)), (8, Some(8)), (8, Some(8))]);
    }

    /// Control: what is not dense in anything that is known has no upper end from here.
    #[test]
    fn a_family_that_is_not_dense_has_no_generic_rank() {
        let family = Family {
            format: [3, 3, 4],
            dimension: 30,
            nested: vec![[1, 1], [3, 3], [3, 3], [3, 3]],
            rank_ones: 1,
        };
        assert_eq!(family.upper_end(4, 20), None);
        assert_eq!(flags(4, [1, 3, 4].into_iter()), 5);
    }
}
