//! Tensors with slices in given spaces of rows and columns, and how many terms almost all of them have.
//!
//! If one basis holds bases of the column spaces of all slices, and another one of their row spaces, then in
//! these bases every slice is zero outside a block: a pattern. The tensors of a pattern, in all bases, are
//! a family whose dimension is that of a tangent space. Terms that are zero outside the pattern are
//! of kinds: some slices, and the rows and columns that all of these have. So many of each kind make almost all tensors
//! of the pattern over the complex numbers if their tangent spaces at one place span all of it
//! (Terracini). The pattern of all entries is the format itself. Where they do not, they may with the
//! directions in which changes of bases move their sum: then the sums of so many terms, in all bases, are
//! a variety of the dimension of the family inside it, so almost all of the family.

use std::ops::Range;

use crate::matrix::{Matrix, RankRevealing};
use crate::scalar::{Fp, Scalar, Stream};

use super::family::{changes_of_bases, dimension, rank};

/// Slices up to which a basis for all of their spaces is looked for: every set of them is met.
const MAX_SLICES: usize = 10;

/// Kinds of terms up to which all choices are tried.
const MAX_KINDS: usize = 4;

/// Slices, a bit for each.
type Slices = u32;

/// Where tensors may have entries: in a slice, where a row and a column of it meet.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern {
    depth: usize,
    /// The slices that have each row.
    rows: Vec<Slices>,
    /// The slices that have each column.
    cols: Vec<Slices>,
}

/// Terms that some slices share.
struct Kind {
    slices: Vec<usize>,
    rows: Vec<usize>,
    cols: Vec<usize>,
}

impl Kind {
    fn numbers(&self) -> usize {
        self.slices.len() + self.rows.len() + self.cols.len() - 2
    }
}

impl Pattern {
    /// That of all entries.
    pub fn whole([rows, cols, depth]: [usize; 3]) -> Self {
        let all = Slices::MAX >> (Slices::BITS as usize - depth);
        Pattern { depth, rows: vec![all; rows], cols: vec![all; cols] }
    }

    /// The patterns of slices: of rows and of columns, by the sums of the spaces of the first slices,
    /// and by the spaces themselves where one basis has them all.
    pub fn of(slices: &[Matrix<Fp>]) -> Vec<Self> {
        let spaces: Vec<_> = slices.iter().map(basis).collect();
        let dual: Vec<_> = slices.iter().map(|slice| basis(&slice.transposed())).collect();
        let [left, right] = [&spaces, &dual].map(|spaces| {
            let mut found = vec![nested(spaces)];
            found.extend(own(spaces).filter(|own| *own != found[0]));
            found
        });
        let depth = slices.len();
        let of_rows = |rows: &Vec<Slices>| {
            let pattern =
                |cols: &Vec<Slices>| Pattern { depth, rows: rows.clone(), cols: cols.clone() };
            right.iter().map(pattern).collect::<Vec<_>>()
        };
        left.iter().flat_map(of_rows).collect()
    }

    fn has(&self, slice: usize, row: usize, col: usize) -> bool {
        (self.rows[row] & self.cols[col]) >> slice & 1 == 1
    }

    /// The places of entries, as (slice, row, column).
    fn entries(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let places = move |slice| {
            (0..self.cols.len()).flat_map(move |j| (0..self.rows.len()).map(move |i| (slice, i, j)))
        };
        (0..self.depth).flat_map(places).filter(|&(slice, i, j)| self.has(slice, i, j))
    }

    /// The dimension of its tensors in all bases of rows, columns and slices.
    pub fn dimension(&self) -> usize {
        let (rows, cols) = (self.rows.len(), self.cols.len());
        let mut stream = Stream::new("pattern", (rows * cols) as u64, self.depth as u64);
        let mut slices = vec![Matrix::<Fp>::zeros(rows, cols); self.depth];
        for (slice, i, j) in self.entries() {
            slices[slice][(i, j)] = Fp::random(&mut stream);
        }
        let mut tangents = changes_of_bases(&slices);
        tangents.extend(self.entries().map(|(slice, i, j)| {
            let mut unit = vec![Fp::ZERO; rows * cols * self.depth];
            unit[(slice * cols + j) * rows + i] = Fp::ONE;
            unit
        }));
        dimension(&tangents)
    }

    /// The fewest terms in a range that are found to make almost all of its tensors. Of more than
    /// [`MAX_KINDS`] kinds there may be fewer: they are chosen one after the other, and exchanged one by one.
    pub fn fewest(&self, terms: Range<usize>) -> Option<usize> {
        let (search, dimension) = (Search::of(self), self.dimension());
        let mut counts = vec![0; search.kinds.len()];
        (1..terms.end).find(|&used| {
            search.add(&mut counts);
            if used < terms.start {
                return false;
            }
            let is_filled = search.can_be_filled(used)
                && (search.exchange(&mut counts, search.entries, Search::filled)
                    || search.any_choice(used));
            is_filled || search.exchange(&mut counts.clone(), dimension, Search::in_all_bases)
        })
    }

    /// All kinds of terms, each with all slices that have its rows and columns.
    fn kinds(&self) -> Vec<Kind> {
        // The sets of slices that some rows and columns have in common.
        let mut common: Vec<Slices> = Vec::new();
        for &label in self.rows.iter().chain(&self.cols) {
            let with: Vec<_> = common.iter().map(|set| set & label).chain([label]).collect();
            common.extend(with);
            common.sort_unstable();
            common.dedup();
        }
        let of_all = |labels: &[Slices], set: Slices| -> Vec<usize> {
            (0..labels.len()).filter(|&at| labels[at] & set == set).collect()
        };
        let kind =
            |&set: &Slices| {
                let (rows, cols) = (of_all(&self.rows, set), of_all(&self.cols, set));
                let labels =
                    rows.iter().map(|&i| self.rows[i]).chain(cols.iter().map(|&j| self.cols[j]));
                let is_full = set != 0 && !rows.is_empty() && !cols.is_empty();
                let slices = (0..self.depth).filter(|&slice| set >> slice & 1 == 1).collect();
                (is_full && labels.fold(Slices::MAX, |sum, label| sum & label) == set)
                    .then_some(Kind { slices, rows, cols })
            };
        common.iter().filter_map(kind).collect()
    }
}

/// A search for terms of the kinds of a pattern that make almost all of its tensors.
struct Search {
    shape: [usize; 3],
    kinds: Vec<Kind>,
    /// The number of each place among the entries, if it is one.
    numbered: Vec<Option<usize>>,
    entries: usize,
}

impl Search {
    fn of(pattern: &Pattern) -> Self {
        let shape @ [rows, cols, depth] = [pattern.rows.len(), pattern.cols.len(), pattern.depth];
        let mut numbered = vec![None; rows * cols * depth];
        let mut entries = 0;
        for (slice, i, j) in pattern.entries() {
            numbered[(slice * cols + j) * rows + i] = Some(entries);
            entries += 1;
        }
        Search { shape, kinds: pattern.kinds(), numbered, entries }
    }

    /// One term more, of the kind that adds most; of the first of equals.
    fn add(&self, counts: &mut [usize]) {
        let mut best = (0, 0);
        for kind in 0..counts.len() {
            counts[kind] += 1;
            let filled = self.filled(counts);
            counts[kind] -= 1;
            if filled > best.0 {
                best = (filled, kind);
            }
        }
        counts[best.1] += 1;
    }

    /// False if so many terms have fewer numbers than there are entries.
    fn can_be_filled(&self, terms: usize) -> bool {
        let most = self.kinds.iter().map(Kind::numbers).max();
        most.is_some_and(|most| terms * most >= self.entries)
    }

    /// Whether any choice of so many terms fills all, if there are few kinds.
    fn any_choice(&self, terms: usize) -> bool {
        let mut counts = vec![0; self.kinds.len()];
        self.kinds.len() <= MAX_KINDS && self.any_choice_from(0, terms, &mut counts)
    }

    /// The same with the counts of the first kinds given.
    fn any_choice_from(&self, kind: usize, terms: usize, counts: &mut [usize]) -> bool {
        if kind + 1 < counts.len() {
            return (0..=terms).any(|own| {
                counts[kind] = own;
                self.any_choice_from(kind + 1, terms - own, counts)
            });
        }
        counts[kind] = terms;
        let numbers = self.kinds.iter().zip(&*counts).map(|(kind, count)| kind.numbers() * count);
        numbers.sum::<usize>() >= self.entries && self.filled(counts) == self.entries
    }

    /// Exchanges kinds as long as a measure of them grows. True if it comes to all there is.
    fn exchange(
        &self,
        counts: &mut Vec<usize>,
        all: usize,
        measure: fn(&Self, &[usize]) -> usize,
    ) -> bool {
        let mut reached = measure(self, counts);
        while reached < all {
            let exchanged = (0..counts.len()).filter(|&from| counts[from] > 0).flat_map(|from| {
                let to = (0..counts.len()).filter(move |&to| to != from);
                let counts = &*counts;
                to.map(move |to| {
                    let mut other = counts.clone();
                    (other[from], other[to]) = (other[from] - 1, other[to] + 1);
                    other
                })
            });
            let better = exchanged
                .map(|other| (measure(self, &other), other))
                .find(|&(with, _)| with > reached);
            let Some((with, other)) = better else { return false };
            (reached, *counts) = (with, other);
        }
        true
    }

    /// The dimensions of the pattern that the tangent spaces of so many terms of each kind span.
    fn filled(&self, counts: &[usize]) -> usize {
        dimension(&self.tangents(counts).0)
    }

    /// The dimension of the tensors of so many terms of each kind, in all bases.
    fn in_all_bases(&self, counts: &[usize]) -> usize {
        let [rows, cols, depth] = self.shape;
        let (tangents, sum) = self.tangents(counts);
        let whole = |entries: &Vec<Fp>| -> Vec<Fp> {
            self.numbered.iter().map(|entry| entry.map_or(Fp::ZERO, |at| entries[at])).collect()
        };
        let sum = whole(&sum);
        let slice =
            |slice: usize| Matrix::from_fn(rows, cols, |i, j| sum[(slice * cols + j) * rows + i]);
        let mut all = changes_of_bases(&(0..depth).map(slice).collect::<Vec<_>>());
        all.extend(tangents.iter().map(whole));
        dimension(&all)
    }

    /// The slopes of random terms, so many of each kind, by their numbers, and the sum of the terms, at the
    /// entries of the pattern.
    fn tangents(&self, counts: &[usize]) -> (Vec<Vec<Fp>>, Vec<Fp>) {
        let mut stream = Stream::new("terms", self.entries as u64, counts.len() as u64);
        let (mut tangents, mut sum) = (Vec::new(), vec![Fp::ZERO; self.entries]);
        for (kind, &count) in self.kinds.iter().zip(counts) {
            for _ in 0..count {
                self.tangents_of_term(kind, &mut stream, &mut tangents, &mut sum);
            }
        }
        (tangents, sum)
    }

    /// Those of one term more, and the sum with it.
    fn tangents_of_term(
        &self,
        kind: &Kind,
        stream: &mut Stream,
        tangents: &mut Vec<Vec<Fp>>,
        sum: &mut [Fp],
    ) {
        let [rows, cols, _] = self.shape;
        let sides = [&kind.rows, &kind.cols, &kind.slices];
        let values = sides.map(|side| Matrix::<Fp>::random(side.len(), 1, stream).data().to_vec());
        for (side, of_side) in sides.iter().enumerate() {
            for own in 0..of_side.len() {
                let mut tangent = vec![Fp::ZERO; self.entries];
                let value = |other: usize, at: usize| match (other == side, at == own) {
                    (false, _) => values[other][at],
                    (true, true) => Fp::ONE,
                    (true, false) => Fp::ZERO,
                };
                for (z, slice) in kind.slices.iter().enumerate() {
                    for (y, j) in kind.cols.iter().enumerate() {
                        for (x, i) in kind.rows.iter().enumerate() {
                            let entry = self.numbered[(slice * cols + j) * rows + i];
                            tangent[entry.expect("a kind is in the pattern")] =
                                value(0, x) * value(1, y) * value(2, z);
                        }
                    }
                }
                if side == 0 {
                    // A term is linear in the numbers of its rows.
                    for (sum, &slope) in sum.iter_mut().zip(&tangent) {
                        *sum += values[0][own] * slope;
                    }
                }
                tangents.push(tangent);
            }
        }
    }
}

/// The slices that have each vector of a basis for the sums of the first spaces: that slice by which it comes,
/// and all later ones.
fn nested(spaces: &[Matrix<Fp>]) -> Vec<Slices> {
    let all = Slices::MAX >> (Slices::BITS as usize - spaces.len());
    let mut sum = Matrix::zeros(spaces[0].rows(), 0);
    let mut labels = Vec::new();
    for (slice, space) in spaces.iter().enumerate() {
        sum = join(&sum, space);
        labels.resize(sum.cols(), all & !((1 << slice) - 1));
    }
    labels
}

/// The same for the spaces themselves, and where these have no common basis for such sums instead. `None` if
/// that is not enough.
fn own(spaces: &[Matrix<Fp>]) -> Option<Vec<Slices>> {
    if spaces.len() > MAX_SLICES {
        return None;
    }
    let mut sum = Matrix::zeros(spaces[0].rows(), 0);
    let mut chosen: Vec<Matrix<Fp>> = Vec::new();
    let mut labels = None;
    for space in spaces {
        sum = join(&sum, space);
        labels = [space, &sum].into_iter().find_map(|space| {
            let with: Vec<_> = chosen.iter().chain([space]).cloned().collect();
            adapted(&with).inspect(|_| chosen = with)
        });
        labels.as_ref()?;
    }
    labels
}

/// The spaces that have each vector of one basis that holds bases of all of them, if there is one.
fn adapted(spaces: &[Matrix<Fp>]) -> Option<Vec<Slices>> {
    let size = spaces[0].rows();
    let count: Slices = 1 << spaces.len();
    let mut common = vec![Matrix::zeros(size, 0)];
    for set in 1..count {
        let space = &spaces[set.trailing_zeros() as usize];
        let others = set & (set - 1);
        common.push(if others == 0 {
            space.clone()
        } else {
            meet(&common[others as usize], space)
        });
    }
    // From the vectors that most spaces have.
    let mut sets: Vec<Slices> = (1..count).collect();
    sets.sort_by_key(|set| std::cmp::Reverse(set.count_ones()));
    let mut labels: Vec<Slices> = Vec::new();
    let mut vectors = Matrix::zeros(size, 0);
    for set in sets {
        let inside: Vec<_> = (0..labels.len()).filter(|&at| labels[at] & set == set).collect();
        let mut own = Matrix::from_fn(size, inside.len(), |i, at| vectors[(i, inside[at])]);
        let whole = &common[set as usize];
        if inside.len() > whole.cols() {
            return None;
        }
        for column in 0..whole.cols() {
            let vector = Matrix::from_columns(size, 1, whole.column(column).to_vec());
            let wider = Matrix::beside(size, [&own, &vector]);
            if rank(&wider) == wider.cols() {
                own = wider;
                vectors = Matrix::beside(size, [&vectors, &vector]);
                labels.push(set);
            }
        }
    }
    (rank(&vectors) == vectors.cols()).then_some(labels)
}

/// A basis of the vectors that two spaces have.
fn meet(one: &Matrix<Fp>, other: &Matrix<Fp>) -> Matrix<Fp> {
    let kernel = Matrix::beside(one.rows(), [one, other]).kernel();
    let own = Matrix::from_fn(one.cols(), kernel.cols(), |i, j| kernel[(i, j)]);
    basis(&one.times(&own))
}

/// A basis of the sum of two spaces.
fn join(one: &Matrix<Fp>, other: &Matrix<Fp>) -> Matrix<Fp> {
    basis(&Matrix::beside(one.rows(), [one, other]))
}

fn basis(matrix: &Matrix<Fp>) -> Matrix<Fp> {
    if matrix.cols() == 0 { matrix.clone() } else { Fp::clear_basis(matrix, 0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::generic_rank;

    /// What is told of generic ranks, by the lemma of Terracini: all formats of few numbers.
    #[test]
    fn formats_have_the_generic_ranks_that_are_told() {
        let mut formats = 0;
        for a in 1..=7 {
            for b in a..=7 {
                for c in (b..=12).filter(|c| a * b * c <= 150) {
                    let (whole, told) = (Pattern::whole([a, b, c]), generic_rank([c, a, b]));
                    assert_eq!(whole.fewest(1..told + 2), Some(told), "{a} x {b} x {c}");
                    formats += 1;
                }
            }
        }
        assert!(formats > 60, "{formats}");
        assert_eq!([[3, 3, 3], [5, 5, 3], [4, 4, 3], [3, 3, 7]].map(generic_rank), [5, 8, 6, 7]);
    }

    fn units(size: usize, places: &[usize]) -> Matrix<Fp> {
        let entry = |i, j: usize| Fp::from_integer(i64::from(i == places[j]));
        Matrix::from_fn(size, places.len(), entry)
    }

    #[test]
    fn spaces_of_one_basis_have_it_and_others_none() {
        let spaces = [units(4, &[0]), units(4, &[0, 1]), units(4, &[0, 2, 3])];
        let mut labels = adapted(&spaces).expect("units");
        labels.sort_unstable();
        assert_eq!(labels, [0b010, 0b100, 0b100, 0b111]);
        assert_eq!(nested(&spaces), [0b111, 0b110, 0b100, 0b100]);
        // Three lines of a plane.
        let diagonal = Matrix::from_columns(2, 1, vec![Fp::ONE; 2]);
        assert_eq!(adapted(&[units(2, &[0]), units(2, &[1]), diagonal]), None);
    }

    /// A slice of rank one, one of two rows and columns, and one of all: the first is a term, the second takes
    /// one more, and so does each other row.
    #[test]
    fn terms_of_nested_slices() {
        let mut stream = Stream::new("nested slices", 0, 0);
        let mut block = |size: usize| {
            let inner = Matrix::<Fp>::random(size, size, &mut stream);
            let entry = |i, j| if i < size && j < size { inner[(i, j)] } else { Fp::ZERO };
            Matrix::from_fn(4, 4, entry)
        };
        let slices = [block(1), block(2), block(4)];
        let patterns = Pattern::of(&slices);
        assert_eq!(patterns.len(), 1);
        assert_eq!(patterns[0].entries().count(), 1 + 4 + 16);
        assert_eq!(patterns[0].kinds().len(), 3);
        let found = patterns[0].fewest(4..10).expect("at most one for each entry of a slice");
        assert_eq!(found, 5);
        // Control: fewer do not fill it.
        assert_eq!(patterns[0].fewest(1..5), None);
    }
}
