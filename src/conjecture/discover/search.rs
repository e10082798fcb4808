//! Which terms are nowhere below a table, and few of them that reach it as often as possible.

use super::formula::{Monomial, Point, Term};

/// A place of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where.
    pub point: Point,
    /// The rank of a generic instance.
    pub measured: usize,
    /// The best bound known.
    pub known: usize,
}

/// A term that is nowhere below the table.
#[derive(Clone)]
struct Candidate {
    term: Term,
    /// Of the rows that the known bounds do not reach, those that it does.
    reaches: Bits,
}

/// A set of rows.
#[derive(Clone)]
struct Bits(Vec<u64>);

impl Bits {
    fn of(members: impl Iterator<Item = bool>) -> Self {
        let mut words = Vec::new();
        for (index, is_in) in members.enumerate() {
            if index % 64 == 0 {
                words.push(0);
            }
            if is_in {
                words[index / 64] |= 1 << (index % 64);
            }
        }
        Bits(words)
    }

    fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// How many of them are not among the others.
    fn count_beyond(&self, others: &Bits) -> usize {
        let words = self.0.iter().zip(&others.0);
        words.map(|(own, other)| (own & !other).count_ones() as usize).sum()
    }

    fn insert(&mut self, others: &Bits) {
        self.0.iter_mut().zip(&others.0).for_each(|(own, other)| *own |= other);
    }
}

/// All terms of up to three products that are nowhere below the table and reach it somewhere where
/// no known bound does.
pub(super) struct Candidates {
    all: Vec<Candidate>,
    rows: usize,
}

/// The coefficients that are tried of one, two and three products: none greater than this.
const COEFFICIENTS: [&[[i64; 3]]; 3] = [
    &[[1, 0, 0], [2, 0, 0], [3, 0, 0]],
    &[
        [1, 1, 0],
        [1, 2, 0],
        [2, 1, 0],
        [1, -1, 0],
        [-1, 1, 0],
        [1, -2, 0],
        [-2, 1, 0],
        [2, -1, 0],
        [-1, 2, 0],
        [1, 3, 0],
        [3, 1, 0],
    ],
    &[
        [1, 1, 1],
        [2, 1, 1],
        [1, 2, 1],
        [1, 1, 2],
        [-1, 1, 1],
        [1, -1, 1],
        [1, 1, -1],
        [-2, 1, 1],
        [1, -2, 1],
        [1, 1, -2],
    ],
];

impl Candidates {
    /// Those of a table.
    pub fn new(rows: &[Row]) -> Self {
        let points: Vec<_> = rows.iter().map(|row| row.point).collect();
        let monomials = Monomial::all(&points);
        let measured: Vec<_> = rows.iter().map(|row| whole(row.measured)).collect();
        let values: Vec<Vec<i64>> = (monomials.iter())
            .map(|monomial| points.iter().map(|point| monomial.of(point)).collect())
            .collect();
        let open: Vec<_> =
            (0..rows.len()).filter(|&row| rows[row].measured < rows[row].known).collect();
        let mut search =
            Enumeration { values: &values, measured: &measured, order: (0..rows.len()).collect() };
        let mut all = Vec::new();
        let count = monomials.len();
        let mut consider = |chosen: &[usize], coefficients: &[i64; 3]| {
            if !search.is_nowhere_below(chosen, coefficients) {
                return;
            }
            let sum = |row: usize| sum(&values, chosen, coefficients, row);
            let reaches = Bits::of(open.iter().map(|&row| sum(row) == measured[row]));
            if reaches.count() > 0 {
                let parts = chosen.iter().zip(coefficients);
                let parts = parts.map(|(&index, &times)| (times, monomials[index])).collect();
                all.push(Candidate { term: Term { parts }, reaches });
            }
        };
        for i in 0..count {
            COEFFICIENTS[0].iter().for_each(|times| consider(&[i], times));
            for j in i + 1..count {
                COEFFICIENTS[1].iter().for_each(|times| consider(&[i, j], times));
                for l in j + 1..count {
                    COEFFICIENTS[2].iter().for_each(|times| consider(&[i, j, l], times));
                }
            }
        }
        // The simplest first, so that of equals it is taken.
        all.sort_by_cached_key(|candidate| (candidate.term.length(), candidate.term.clone()));
        Candidates { all, rows: open.len() }
    }

    /// Takes out those that are below a measured rank.
    pub fn refute(&mut self, point: &Point, measured: usize) {
        self.all.retain(|candidate| candidate.term.of(point) >= whole(measured));
    }

    /// Few terms that together reach the table as often as all do: the one that reaches it most
    /// often, then the one that adds most, and so on, without those that the others make
    /// superfluous. Terms that add less than `least` rows are left.
    pub fn cover(&self, least: usize) -> Vec<Term> {
        let nothing = Bits(vec![0; self.rows.div_ceil(64)]);
        let mut covered = nothing.clone();
        let mut chosen: Vec<&Candidate> = Vec::new();
        loop {
            let mut best: Option<(usize, &Candidate)> = None;
            for candidate in &self.all {
                let adds = candidate.reaches.count_beyond(&covered);
                if adds >= least.max(1) && best.is_none_or(|(most, _)| adds > most) {
                    best = Some((adds, candidate));
                }
            }
            let Some((_, candidate)) = best else { break };
            covered.insert(&candidate.reaches);
            chosen.push(candidate);
        }
        let mut kept = chosen.clone();
        for candidate in chosen {
            let mut others = nothing.clone();
            for other in kept.iter().filter(|other| other.term != candidate.term) {
                others.insert(&other.reaches);
            }
            if candidate.reaches.count_beyond(&others) == 0 {
                kept.retain(|other| other.term != candidate.term);
            }
        }
        kept.into_iter().map(|candidate| candidate.term.clone()).collect()
    }
}

/// What all sums are held against.
struct Enumeration<'a> {
    values: &'a [Vec<i64>],
    measured: &'a [i64],
    /// The rows, those first that refute most.
    order: Vec<usize>,
}

impl Enumeration<'_> {
    fn is_nowhere_below(&mut self, chosen: &[usize], coefficients: &[i64; 3]) -> bool {
        for place in 0..self.order.len() {
            let row = self.order[place];
            if sum(self.values, chosen, coefficients, row) < self.measured[row] {
                self.order.swap(place, place / 2);
                return false;
            }
        }
        true
    }
}

fn sum(values: &[Vec<i64>], chosen: &[usize], coefficients: &[i64; 3], row: usize) -> i64 {
    chosen.iter().zip(coefficients).map(|(&index, &times)| times * values[index][row]).sum()
}

pub(super) fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theorem::fibonacci_growth::fibonacci;

    /// A table of this law, of which nothing is known but N.
    fn table(law: impl Fn(&Point) -> usize) -> Vec<Row> {
        let mut rows = Vec::new();
        for (d_in, d_out, time) in [
            (1, 1, 4),
            (1, 2, 5),
            (2, 1, 6),
            (2, 2, 4),
            (3, 2, 7),
            (2, 4, 5),
            (4, 3, 6),
            (3, 3, 9),
            (1, 30, 4),
            (40, 2, 5),
        ] {
            for step in 0..6 {
                let (neurons, trials, cut, start, types) = (100, 8, time, 0, 1);
                let point = Point { d_in, d_out, neurons, time, trials, step, cut, start, types };
                rows.push(Row { point, measured: law(&point).min(neurons), known: neurons });
            }
        }
        rows
    }

    fn found(rows: &[Row]) -> Vec<String> {
        Candidates::new(rows).cover(1).iter().map(Term::to_string).collect()
    }

    #[test]
    fn a_law_is_found_from_its_table() {
        let m = |point: &Point| point.d_in.min(point.d_out);
        let rows = table(|point| {
            (m(point) * (fibonacci(point.step + 2) - 1)).min(point.d_in + point.d_out)
        });
        assert_eq!(found(&rows), ["m (F_{k+2} - 1)", "p + q"]);
        let rows = table(|point| m(point) + point.step * m(point) * (point.time - 2));
        assert_eq!(found(&rows), ["m + k m (T-2)"]);
    }

    #[test]
    fn no_term_is_below_what_was_measured_later() {
        let rows = table(|point| point.d_in + point.d_out);
        let mut candidates = Candidates::new(&rows);
        assert_eq!(candidates.cover(1).len(), 1);
        let point = Point { d_in: 1, d_out: 1, ..rows[3].point };
        candidates.refute(&point, 90);
        assert!(candidates.cover(1).iter().all(|term| term.of(&point) >= 90));
    }

    #[test]
    fn what_known_bounds_reach_is_not_asked_for() {
        let rows: Vec<_> = (table(|point| point.d_in).into_iter())
            .map(|row| Row { known: row.measured, ..row })
            .collect();
        assert!(found(&rows).is_empty());
    }
}
