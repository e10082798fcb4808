//! Formulas that nobody wrote: bounds found in a table of exact ranks.
//!
//! The least of a few sums of products, each with small integer coefficients, that is nowhere below
//! the table and reaches it as often as possible, is looked for; then ranks of new instances outside
//! the table try to refute each sum, until a search finds what they do not refute. It is the approach
//! of Graffiti (Fajtlowicz 1988) and of TxGraffiti (Davila 2024), which conjecture inequalities that
//! a table of graphs obeys, each tight somewhere and none implied by the others. Here what theorems
//! of the registry imply is left out: a sum counts only where it is less than all known bounds.

mod formula;
mod search;

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;

use rayon::prelude::*;

pub use formula::{Point, Term};
pub use search::Row;
use search::{Candidates, whole};

use crate::network::Transport;
use crate::network::architecture::CellTypes;
use crate::scalar::{Fp, Stream};
use crate::task::Dimensions;
use crate::theorem::{
    Case, Inconclusive, InitialWeights, Measure, Setting, Theorem, best_limit_among, minimum_cut,
};

/// What to look at.
#[derive(Clone, Debug, PartialEq)]
pub struct Discovery {
    /// Everything that stays the same. What the lists below say is replaced.
    pub setting: Setting,
    /// Numbers of inputs.
    pub d_in: Vec<usize>,
    /// Numbers of outputs.
    pub d_out: Vec<usize>,
    /// Numbers of time steps.
    pub time: Vec<usize>,
    /// Numbers of trials.
    pub trials: Vec<usize>,
    /// Learning steps to measure after.
    pub steps: Vec<usize>,
    /// After how many steps errors are cut; if empty they are not.
    pub cut: Vec<usize>,
    /// Ranks of P Q^T, or numbers of eigenvalues, at the start; if empty that of the setting.
    pub start: Vec<usize>,
    /// Numbers of types of neurons, each with a leak of its own; if empty all are alike.
    pub types: Vec<usize>,
    /// What is measured.
    pub measure: Measure,
    /// Theorems that count as not known, as minimum-cut always does: a flow is no formula.
    pub without: Vec<&'static str>,
    /// New instances that try to refute what was found.
    pub fresh: usize,
    /// The seed of all random numbers.
    pub seed: u64,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Discovered {
    /// The table.
    pub rows: Vec<Row>,
    /// The terms that new instances do not refute. Their least is the conjecture.
    pub terms: Vec<Found>,
    /// Terms that were refuted on the way, with the place and what was measured there.
    pub refuted: Vec<(Term, Row)>,
    /// The rows of the last new instances, which refute none of the terms.
    pub fresh: Vec<Row>,
}

/// A term of a conjecture.
#[derive(Clone, Debug)]
pub struct Found {
    /// The term.
    pub term: Term,
    /// In how many rows of the table it is the rank, where known bounds are more.
    pub reached: usize,
}

impl Default for Discovery {
    fn default() -> Self {
        let dimensions = Dimensions { neurons: 48, d_in: 1, d_out: 1, steps: 16, trials: 16 };
        Discovery {
            setting: Setting::plain(dimensions),
            d_in: vec![1, 2, 3],
            d_out: vec![1, 2, 4, 12],
            time: vec![16],
            trials: vec![16],
            steps: (0..=6).collect(),
            cut: Vec::new(),
            start: Vec::new(),
            types: Vec::new(),
            measure: Measure::Rank,
            without: Vec::new(),
            fresh: 60,
            seed: 1,
        }
    }
}

impl Discovered {
    /// The least of all terms there.
    pub fn bound(&self, point: &Point) -> Option<i64> {
        self.terms.iter().map(|found| found.term.of(point)).min()
    }

    /// In how many of the rows the known bounds are the rank, and in how many the known bounds or
    /// the conjecture are.
    pub fn reached(&self, rows: &[Row]) -> [usize; 2] {
        let known = |row: &&Row| row.measured == row.known;
        let either = |row: &&Row| {
            known(row) || self.bound(&row.point).is_some_and(|bound| bound == whole(row.measured))
        };
        [rows.iter().filter(known).count(), rows.iter().filter(either).count()]
    }
}

/// How often new instances may refute what is found, before the search gives up with what is left.
const MOST_ROUNDS: usize = 60;

/// Less rows than one in so many do not make a term.
const LEAST_SHARE: usize = 100;

impl Discovery {
    /// Measures the table, finds terms and tries to refute them. `done` is called after each
    /// instance, with how many there will be at least.
    ///
    /// # Errors
    ///
    /// If the field cannot express a setting.
    pub fn run(&self, done: &(dyn Fn(usize) + Sync)) -> Result<Discovered, Inconclusive> {
        let points = self.points();
        let expected = points.len() + self.fresh;
        let rows = self.measure(&points, &|| done(expected))?;
        let mut candidates = Candidates::new(&rows);
        let mut refuted = Vec::new();
        let mut fresh = Vec::new();
        for round in 0..MOST_ROUNDS {
            let open = rows.iter().filter(|row| row.measured < row.known).count();
            let terms = candidates.cover(open / LEAST_SHARE);
            fresh = self.measure(&self.fresh_points(round), &|| done(expected))?;
            let mut is_refuted = false;
            for term in &terms {
                let below = |row: &&Row| term.of(&row.point) < whole(row.measured);
                if let Some(&row) = fresh.iter().find(below) {
                    refuted.push((term.clone(), row));
                    is_refuted = true;
                }
            }
            if !is_refuted {
                let found = |term: Term| {
                    let reaches = |row: &&Row| {
                        row.measured < row.known && term.of(&row.point) == whole(row.measured)
                    };
                    Found { reached: rows.iter().filter(reaches).count(), term }
                };
                let terms = terms.into_iter().map(found).collect();
                return Ok(Discovered { rows, terms, refuted, fresh });
            }
            fresh.iter().for_each(|row| candidates.refute(&row.point, row.measured));
        }
        Ok(Discovered { rows, terms: Vec::new(), refuted, fresh })
    }

    /// The places of the table, but for the learning step.
    fn points(&self) -> Vec<Point> {
        let or = |list: &[usize], other: usize| {
            if list.is_empty() { vec![other] } else { list.to_vec() }
        };
        let neurons = self.setting.dimensions.neurons;
        let mut points = Vec::new();
        for &d_in in &self.d_in {
            for &d_out in &self.d_out {
                for &time in &self.time {
                    for &trials in &self.trials {
                        for cut in or(&self.cut, usize::MAX) {
                            for start in or(&self.start, 0) {
                                for types in or(&self.types, 1) {
                                    points.push(Point {
                                        d_in,
                                        d_out,
                                        neurons,
                                        time,
                                        trials,
                                        step: 0,
                                        cut: cut.min(time),
                                        start,
                                        types,
                                    });
                                }
                            }
                        }
                    }
                }
            }
        }
        points
    }

    /// New places: each number from the least of the table to half as far again as its greatest.
    fn fresh_points(&self, round: usize) -> Vec<Point> {
        let points = (0..self.fresh).map(|number| {
            let number = (round * self.fresh + number) as u64;
            let stream = Stream::new("discover", self.seed, number);
            let draw = |name: &str, list: &[usize]| match range(list) {
                Some(range) => {
                    range.start() + stream.named(name).below(range.end() - range.start() + 1)
                }
                None => 0,
            };
            let time = draw("time", &self.time);
            let cut =
                if self.cut.is_empty() { time } else { draw("cut", &self.cut).clamp(1, time) };
            Point {
                d_in: draw("d_in", &self.d_in),
                d_out: draw("d_out", &self.d_out),
                neurons: self.setting.dimensions.neurons,
                time,
                trials: draw("trials", &self.trials),
                step: 0,
                cut,
                start: draw("start", &self.start),
                types: if self.types.is_empty() { 1 } else { draw("types", &self.types) },
            }
        });
        points.collect()
    }

    fn measure(
        &self,
        points: &[Point],
        done: &(dyn Fn() + Sync),
    ) -> Result<Vec<Row>, Inconclusive> {
        let rows: Result<Vec<_>, _> = points
            .par_iter()
            .map(|point| {
                let rows = self.rows(point);
                done();
                rows
            })
            .collect();
        Ok(rows?.into_iter().flatten().collect())
    }

    /// The rows of one place, over the learning steps.
    fn rows(&self, point: &Point) -> Result<Vec<Row>, Inconclusive> {
        let setting = self.setting(point);
        // Networks of types are linear, and their errors go all the way.
        if !self.types.is_empty() && (point.cut < point.time || !setting.is_linear()) {
            return Err(Inconclusive::Unavailable);
        }
        let mut rows: Vec<_> = (self.steps.iter())
            .map(|&step| {
                // A flow is computed, and no formula.
                let is_formula = |theorem: &Theorem| theorem.id != minimum_cut::THEOREM.id;
                let is_known = |theorem: &Theorem| {
                    point.cut == point.time
                        && point.types == 1
                        && is_formula(theorem)
                        && !self.without.contains(&theorem.id)
                };
                let known = best_limit_among(&setting, self.measure, step, is_known).0;
                Row { point: Point { step, ..*point }, measured: 0, known }
            })
            .collect();
        for instance in 0..2 {
            let stream = Stream::new("explore", self.seed, instance);
            let case = Case::<Fp>::draw(&setting, stream, None)?;
            let mut network = case.instance.network.clone();
            if point.cut < point.time {
                let cut = NonZeroUsize::new(point.cut).ok_or(Inconclusive::Unavailable)?;
                network.architecture.transport = Transport::Truncated(cut);
            }
            let types = CellTypes::of(point.types);
            let mut training = case.training_of(&network);
            if !self.types.is_empty() {
                training.architecture = &types;
            }
            let trajectory = training.run(setting.learning_steps)?;
            for row in &mut rows {
                let value = self.measure.of(&trajectory, row.point.step);
                let value = value.ok_or(Inconclusive::Unavailable)?;
                row.measured = row.measured.max(value.lower);
            }
            if rows.iter().all(|row| row.measured >= row.known) {
                break;
            }
        }
        Ok(rows)
    }

    fn setting(&self, point: &Point) -> Setting {
        let &Point { d_in, d_out, neurons, time, trials, start, .. } = point;
        Setting {
            dimensions: Dimensions { neurons, d_in, d_out, steps: time, trials },
            // One step more, so that the gradient after the last one is there too.
            learning_steps: self.steps.iter().max().map_or(1, |&last| last + 1),
            initial_weights: if self.start.is_empty() {
                self.setting.initial_weights
            } else {
                InitialWeights::LowRank(start)
            },
            ..self.setting.clone()
        }
    }
}

/// From the least of a list to more than its greatest; one value stays what it is.
fn range(list: &[usize]) -> Option<RangeInclusive<usize>> {
    let (&least, &most) = (list.iter().min()?, list.iter().max()?);
    Some(least..=if least == most { most } else { most + (most - least).div_ceil(2) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(discovery: &Discovery) -> (Discovered, Vec<String>) {
        let found = discovery.run(&|_| ()).expect("all is in the field");
        let terms = found.terms.iter().map(|found| found.term.to_string()).collect();
        (found, terms)
    }

    fn small() -> Discovery {
        let dimensions = Dimensions { neurons: 24, d_in: 1, d_out: 1, steps: 8, trials: 8 };
        Discovery {
            setting: Setting::plain(dimensions),
            time: vec![8],
            trials: vec![8],
            d_out: vec![1, 2, 4],
            steps: (0..=4).collect(),
            fresh: 6,
            ..Discovery::default()
        }
    }

    #[test]
    fn the_fibonacci_bound_is_found_where_it_is_not_known() {
        let (found, terms) = found(&Discovery {
            without: vec!["fibonacci-growth"],
            d_out: vec![1, 2, 9],
            ..small()
        });
        assert!(terms.contains(&"m (F_{k+2} - 1)".to_owned()), "{terms:?}");
        let [known, both] = found.reached(&found.rows);
        assert!(known < both && both == found.rows.len(), "{known} {both}");
    }

    #[test]
    fn nothing_is_found_where_theorems_explain_all() {
        let (found, terms) = found(&small());
        assert!(terms.is_empty(), "{terms:?}");
        assert_eq!(found.reached(&found.rows)[0], found.rows.len());
    }

    /// cell-types, which is no bound of tables, and how fast it is reached.
    #[test]
    fn each_type_of_neurons_is_found_to_add_all_channels() {
        let (found, terms) = found(&Discovery {
            types: vec![1, 2, 3],
            d_in: vec![1, 2],
            d_out: vec![1, 3],
            ..small()
        });
        assert!(terms.contains(&"R p + R q".to_owned()), "{terms:?}");
        let [known, both] = found.reached(&found.rows);
        assert!(known < both && both == found.rows.len(), "{known} {both}");
    }

    /// truncated-bptt, which is none either.
    #[test]
    fn each_step_of_a_cut_error_is_found_to_count_once() {
        let (_, terms) = found(&Discovery {
            setting: Setting { initial_weights: InitialWeights::Full, ..small().setting },
            cut: vec![1, 2, 3],
            ..small()
        });
        assert!(terms.iter().any(|term| term.contains("(tau-1)")), "{terms:?}");
    }

    #[test]
    fn no_fresh_instance_is_above_what_is_found() {
        let discovery = Discovery {
            setting: Setting { initial_weights: InitialWeights::Full, ..small().setting },
            without: vec!["linear-growth"],
            time: vec![3, 4, 5],
            trials: vec![1, 2, 8],
            ..small()
        };
        let (found, terms) = found(&discovery);
        assert!(!terms.is_empty());
        for row in found.rows.iter().chain(&found.fresh) {
            assert!(found.bound(&row.point).is_some_and(|bound| bound >= whole(row.measured)));
        }
    }
}
