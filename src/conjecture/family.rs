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
//! are terms (see the substitution method), and the count is R (r1 + r2 - 2) + (k-s) (R - k) + k^2. Gradients of
//! low rank leave fewer dimensions still: see `count`.
//!
//! **From above.** The gradients lie in spaces of rows and columns that are a [pattern](Pattern); that of all
//! entries is one. If X has as many dimensions as all tensors of the pattern, it is dense in these, and
//! almost all of its members have as many terms as almost all tensors of the pattern have over the complex
//! numbers: see `pattern`.
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
use crate::theorem::{Case, Inconclusive, InitialWeights, Setting, spanning_slices};

use super::count::{Ranks, most};
use super::pattern::Pattern;

/// Numbers of a tensor up to which its family is looked at.
const MAX_NUMBERS: usize = 450;

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
    /// The spaces of the gradients.
    patterns: Vec<Pattern>,
    /// The ranks of all pairs of gradients.
    ranks: Vec<Ranks>,
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
        let nothing = vec![None; wanted.len()];
        let Some(setting) = &narrowest(setting) else { return Ok(nothing) };
        let trajectory = Case::<Fp>::draw(setting, stream.clone(), None)?.train()?;
        let slices: Vec<_> =
            (1..=setting.learning_steps).map(|k| trajectory.increment(k)).collect();
        let numbers = |k: usize| {
            let tensor = Reduced::from_slices(slices[..k].to_vec());
            tensor.unfolding_ranks(0.0).iter().map(|rank| rank.bounds.lower).product::<usize>()
        };
        let fits = |&k: &usize| (1..=slices.len()).contains(&k) && numbers(k) <= MAX_NUMBERS;
        // What changes of bases make of a tensor is there without training, and needs no direction.
        let begun = |&k: &usize| {
            fits(&k).then_some(())?;
            let core = Core::of(&slices[..k])?;
            let tangents = changes_of_bases(&core.slices);
            Some((k, core, tangents))
        };
        let begun: Vec<_> = wanted.iter().map(begun).collect();
        let open =
            |(_, core, tangents): &(usize, Core, Vec<_>)| core.numbers() - dimension(tangents);
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
        let family = |(k, core, mut tangents): (usize, Core, Vec<_>)| {
            tangents.extend(moved.iter().map(|slopes| flat(&core.of_others(&slopes[..k]))));
            let spanning = spanning_slices(&trajectory, k).expect("in the field");
            Family {
                format: [core.rows.len(), core.cols.len(), k],
                dimension: dimension(&tangents),
                patterns: Pattern::of(&spanning),
                ranks: ranks(&spanning),
                rank_ones: spanning.iter().filter(|slice| rank(slice) == 1).count(),
            }
        };
        Ok(begun.into_iter().map(|begun| begun.map(family)).collect())
    }

    /// What almost all members have at least.
    pub fn lower_end(&self) -> LowerEnd {
        let [r1, r2, k] = self.format;
        let free = k - self.rank_ones;
        let is_enough = |&terms: &usize| {
            let spaces = terms * (r1 + r2 - 2) + free * (terms - k) + k * k;
            let low = self.ranks.iter().map(|&ranks| most(self.format, ranks, terms));
            low.fold(spaces, usize::min) >= self.dimension
        };
        let bound = (r1.max(r2).max(k)..).find(is_enough).expect("it grows with the terms");
        LowerEnd { bound, certificate: Certificate::Count { dimension: self.dimension } }
    }

    /// What almost all members have at most over the complex numbers, if that is `below` some number and
    /// `lower` or more, which is known.
    pub fn upper_end(&self, lower: usize, below: usize) -> Option<UpperEnd> {
        let whole = Pattern::whole(self.format);
        let fewest = if self.dimension == self.format.iter().product::<usize>() {
            whole.fewest(lower..below)
        } else {
            let dense = self.patterns.iter().filter(|p| p.dimension() == self.dimension);
            dense.fold(None, |best, pattern| pattern.fewest(lower..best.unwrap_or(below)).or(best))
        };
        let end = |bound| UpperEnd { bound, construction: Construction::Generic, residual: 0.0 };
        fewest.map(end)
    }
}

/// The setting with as few neurons as there are channels, where their number does not count (core-closure); `None`
/// where it does, and where training is long.
pub(super) fn narrowest(setting: &Setting) -> Option<Setting> {
    let Dimensions { steps, trials, .. } = setting.dimensions;
    let is_closed = setting.is_linear() && setting.initial_weights != InitialWeights::Full;
    let dimensions = Dimensions { neurons: setting.channels(), ..setting.dimensions };
    (is_closed && steps * trials <= MAX_STATES).then(|| Setting { dimensions, ..setting.clone() })
}

/// The ranks of every slice with every other one.
fn ranks(slices: &[Matrix<Fp>]) -> Vec<Ranks> {
    let mut ranks = Vec::new();
    for first in slices {
        let (kernel, cokernel) = (first.kernel(), first.transposed().kernel());
        for other in slices.iter().filter(|other| !std::ptr::eq(*other, first)) {
            ranks.push(Ranks {
                first: rank(first),
                on_kernel: rank(&other.times(&kernel)),
                on_cokernel: rank(&Matrix::product(other.t(), cokernel.view())),
            });
        }
    }
    ranks.dedup();
    ranks
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
        let independent = rank(&tensor.unfolding(Mode::Step));
        let [rows, cols] = [Mode::Row, Mode::Column].map(|mode| pivots(&tensor.unfolding(mode)));
        let mut core = Core { rows, cols, slices: Vec::new() };
        core.slices = core.of_others(slices);
        (independent == slices.len()).then_some(core)
    }

    fn numbers(&self) -> usize {
        self.rows.len() * self.cols.len() * self.slices.len()
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

/// All slices, one after the other.
fn flat(slices: &[Matrix<Fp>]) -> Vec<Fp> {
    slices.iter().flat_map(|slice| slice.data().iter().copied()).collect()
}

fn pairs(size: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..size).flat_map(move |to| (0..size).map(move |from| (to, from)))
}

/// The directions in which changes of the bases of rows, columns and steps move a tensor.
pub(super) fn changes_of_bases(slices: &[Matrix<Fp>]) -> Vec<Vec<Fp>> {
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
pub(super) fn dimension(tangents: &[Vec<Fp>]) -> usize {
    let length = tangents.first().map_or(0, Vec::len);
    let all = Matrix::from_columns(length, tangents.len(), tangents.concat());
    rank(&all)
}

pub(super) fn rank(matrix: &Matrix<Fp>) -> usize {
    Fp::rank(matrix, 0.0).bounds.lower
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

    /// One input and four outputs: the third gradient lies in the rows of the first and of two others, not in those
    /// of the second. From h_0 = 0, two and four: the second one has rank four, and the first two.
    #[test]
    fn spaces_of_gradients_and_their_ranks_tell_single_numbers() {
        let one = families(1, 4, 5);
        let found: Vec<_> = one.iter().flatten().skip(2).map(|f| (f.dimension, ends(f))).collect();
        assert_eq!(found, [(41, (5, Some(5))), (73, (7, Some(8))), (101, (9, Some(9)))]);
        let two = families(2, 4, 4);
        let found: Vec<_> = two.iter().flatten().skip(3).map(|f| (f.dimension, ends(f))).collect();
        assert_eq!(found, [(125, (10, Some(10)))]);
    }

    /// Three inputs and two outputs: twelve terms fill all but one dimension of the pattern, and all of it
    /// with the changes of bases that keep it.
    #[test]
    fn terms_of_all_bases_are_enough() {
        let seventh = families(3, 2, 7).remove(6).expect("a small one");
        assert_eq!((seventh.dimension, ends(&seventh)), (172, (12, Some(12))));
    }

    /// Control: what is not dense in anything that is known has no upper end from here.
    #[test]
    fn a_family_that_is_not_dense_has_no_generic_rank() {
        let mut family = families(1, 4, 4).remove(3).expect("a small one");
        assert!(family.upper_end(4, 20).is_some());
        family.dimension -= 1;
        assert_eq!(family.upper_end(4, 20), None);
    }
}
