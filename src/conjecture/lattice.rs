//! A stated lattice of settings: in which of its cells a measured rank is what a theorem says.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::blocks::Subset;
use crate::bounds::Bounds;
use crate::named::Named;
use crate::part::Part;
use crate::scalar::{Fp, Stream};
use crate::task::Dimensions;
use crate::theorem::{
    Case, Inconclusive, InitialState, InitialWeights, Measure, OptimizerKind, RuleKind, Setting,
    StepperKind, best_limit,
};

/// Every choice of each list with every one of the others.
#[derive(Clone, Debug)]
pub struct Lattice {
    /// N.
    pub neurons: usize,
    /// Numbers of inputs.
    pub d_in: Vec<usize>,
    /// Numbers of outputs.
    pub d_out: Vec<usize>,
    /// T and M.
    pub times_and_trials: Vec<(usize, usize)>,
    /// W_0.
    pub starts: Vec<InitialWeights>,
    /// h_0.
    pub states: Vec<InitialState>,
    /// What is trained, as commands name it.
    pub trained: Vec<&'static str>,
    /// How.
    pub optimizers: Vec<OptimizerKind>,
    /// The learning steps 0 to this one.
    pub last_step: usize,
}

/// The lattice on which the catalogue is judged.
impl Default for Lattice {
    fn default() -> Self {
        let of = |stepper, rule| OptimizerKind { stepper, rule };
        Lattice {
            neurons: 48,
            d_in: vec![1, 2, 3],
            d_out: vec![1, 2, 4, 36],
            times_and_trials: vec![(16, 16), (8, 2), (4, 1), (3, 2), (2, 8)],
            starts: vec![
                InitialWeights::Zero,
                InitialWeights::ScaledIdentity,
                InitialWeights::LowRank(2),
                InitialWeights::Full,
            ],
            states: vec![InitialState::Zero, InitialState::Common, InitialState::PerTrial],
            trained: vec!["W", "W,B", "W,C", "W,B,C", "W,B,C,bias,h0"],
            optimizers: vec![
                of(StepperKind::GradientDescent, RuleKind::Gradient),
                of(StepperKind::HeavyBall, RuleKind::Gradient),
                of(StepperKind::Nesterov, RuleKind::Muon),
            ],
            last_step: 7,
        }
    }
}

/// The axes, from the one that changes slowest.
const AXES: [&str; 8] = ["optimizer", "learned", "state", "start", "T,M", "d_in", "d_out", "k"];

/// A cell: its place on each axis.
type Place = [usize; AXES.len()];

/// What cells show of one measure: all of a lattice, or those of a [`Part`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surveyed {
    /// How many cells there are.
    pub cells: usize,
    /// Cells in which it is less than the best bound, or may be.
    unexplained: Vec<Place>,
    /// Cells in which it is more than a bound.
    refuted: Vec<Place>,
}

/// What a lattice shows of one measure.
#[derive(Clone, Debug)]
pub struct Survey {
    /// What was measured.
    pub measure: Measure,
    /// How many cells there are.
    pub cells: usize,
    /// Cells in which it is less than the best bound, or may be, in groups.
    pub unexplained: Vec<Group>,
    /// Cells in which it is more than a bound, which is wrong.
    pub refuted: Vec<Group>,
}

/// Cells that are a product: every value of each axis with every one of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Names of axes and values, from the one that changes slowest.
    pub axes: Vec<(&'static str, Vec<String>)>,
    /// How many cells it has.
    pub cells: usize,
}

impl Survey {
    /// The number of cells in which the measure is its bound.
    pub fn explained(&self) -> usize {
        let of = |groups: &[Group]| groups.iter().map(|group| group.cells).sum::<usize>();
        self.cells - of(&self.unexplained) - of(&self.refuted)
    }
}

impl Lattice {
    /// The settings, in the order of the axes.
    fn settings(&self) -> Vec<(Place, Setting)> {
        let mut settings = Vec::new();
        let [choices @ .., _] = self.lengths();
        for number in 0..choices.iter().product() {
            let mut place = [0; AXES.len()];
            let mut rest = number;
            for (axis, count) in choices.iter().enumerate().rev() {
                (place[axis], rest) = (rest % count, rest / count);
            }
            settings.push((place, self.setting(&place)));
        }
        settings
    }

    /// How many values each axis has.
    fn lengths(&self) -> Place {
        [
            self.optimizers.len(),
            self.trained.len(),
            self.states.len(),
            self.starts.len(),
            self.times_and_trials.len(),
            self.d_in.len(),
            self.d_out.len(),
            self.last_step + 1,
        ]
    }

    fn setting(&self, place: &Place) -> Setting {
        let [optimizer, trained, state, start, time, d_in, d_out, _] = *place;
        let (steps, trials) = self.times_and_trials[time];
        let dimensions = Dimensions {
            neurons: self.neurons,
            d_in: self.d_in[d_in],
            d_out: self.d_out[d_out],
            steps,
            trials,
        };
        let OptimizerKind { stepper, rule } = self.optimizers[optimizer];
        Setting {
            // One step more, so that the gradient after the last one is there too.
            learning_steps: self.last_step + 1,
            initial_weights: self.starts[start],
            initial_state: self.states[state],
            stepper,
            rule,
            trained: Subset::only(self.trained[trained].split(',')),
            ..Setting::plain(dimensions)
        }
    }

    fn label(&self, axis: usize, value: usize) -> String {
        match AXES[axis] {
            "optimizer" => self.optimizers[value].name().to_owned(),
            "learned" => self.trained[value].to_owned(),
            "state" => self.states[value].name().to_owned(),
            "start" => self.starts[value].to_string(),
            "T,M" => {
                let (steps, trials) = self.times_and_trials[value];
                format!("{steps},{trials}")
            }
            "d_in" => self.d_in[value].to_string(),
            "d_out" => self.d_out[value].to_string(),
            _ => value.to_string(),
        }
    }

    /// Cells put together as far as they are a product.
    fn grouped(&self, cells: impl Iterator<Item = Place>) -> Vec<Group> {
        let single = |place: Place| place.map(|value| BTreeSet::from([value]));
        let mut products: Vec<[BTreeSet<usize>; AXES.len()]> = cells.map(single).collect();
        for axis in (0..AXES.len()).rev() {
            let mut merged: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
            for mut product in products {
                let own = std::mem::take(&mut product[axis]);
                merged.entry(product).or_default().extend(own);
            }
            let whole = |(mut product, own): ([BTreeSet<usize>; AXES.len()], _)| {
                product[axis] = own;
                product
            };
            products = merged.into_iter().map(whole).collect();
        }
        let mut groups: Vec<_> = products
            .into_iter()
            .map(|product| Group {
                cells: product.iter().map(BTreeSet::len).product(),
                axes: (AXES.into_iter().zip(&product).enumerate())
                    .map(|(axis, (name, values))| {
                        (name, values.iter().map(|&value| self.label(axis, value)).collect())
                    })
                    .collect(),
            })
            .collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.cells));
        groups
    }

    /// How many settings it has: how often `done` of [`survey`](Lattice::survey) is called.
    pub fn len(&self) -> usize {
        self.settings().len()
    }

    /// How many cells it has, for each measure.
    pub fn cells(&self) -> usize {
        self.lengths().into_iter().product()
    }

    /// True if some list is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Measures every cell in exact arithmetic; where an instance is below a bound a second one is
    /// taken, as the rank of a generic one is the largest. `done` is called after each setting.
    ///
    /// # Errors
    ///
    /// If the field cannot express a setting.
    pub fn survey(
        &self,
        measures: &[Measure],
        seed: u64,
        done: &(dyn Fn() + Sync),
    ) -> Result<Vec<Survey>, Inconclusive> {
        let found = self.find(measures, seed, Part::WHOLE, done)?;
        Ok(self.surveys(measures, &found))
    }

    /// For each measure what is found in the settings that fall to a part.
    ///
    /// # Errors
    ///
    /// As for [`survey`](Lattice::survey).
    pub fn find(
        &self,
        measures: &[Measure],
        seed: u64,
        part: Part,
        done: &(dyn Fn() + Sync),
    ) -> Result<Vec<Surveyed>, Inconclusive> {
        let own = (0..).zip(self.settings()).filter(|&(number, _)| part.has(number));
        let rows: Result<Vec<_>, Inconclusive> = own
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|(_, (place, setting))| {
                let row = row(&setting, measures, self.last_step, seed)?;
                done();
                Ok((place, row))
            })
            .collect();
        let rows = rows?;
        let found = |index: usize| {
            let cells = || {
                rows.iter().flat_map(|(place, row)| {
                    row[index].iter().enumerate().map(|(step, cell)| {
                        let mut place = *place;
                        place[AXES.len() - 1] = step;
                        (place, cell)
                    })
                })
            };
            let places = |is_of: fn(&Cell) -> bool| {
                cells().filter(|(_, cell)| is_of(cell)).map(|(place, _)| place).collect()
            };
            Surveyed {
                cells: cells().count(),
                unexplained: places(|cell| cell.measured.lower < cell.limit),
                refuted: places(|cell| cell.measured.lower > cell.limit),
            }
        };
        Ok((0..measures.len()).map(found).collect())
    }

    /// Whether each place of what was found is one of this lattice.
    pub fn has(&self, found: &Surveyed) -> bool {
        let lengths = self.lengths();
        let is_place = |place: &Place| place.iter().zip(lengths).all(|(&at, length)| at < length);
        found.unexplained.iter().chain(&found.refuted).all(is_place)
    }

    /// What was found of each measure, in groups. The places [are of](Lattice::has) this lattice.
    pub fn surveys(&self, measures: &[Measure], found: &[Surveyed]) -> Vec<Survey> {
        let grouped = |places: &[Place]| self.grouped(places.iter().copied());
        let survey = |(&measure, found): (&Measure, &Surveyed)| Survey {
            measure,
            cells: found.cells,
            unexplained: grouped(&found.unexplained),
            refuted: grouped(&found.refuted),
        };
        measures.iter().zip(found).map(survey).collect()
    }
}

impl Surveyed {
    /// Of two disjoint sets of settings together, in whichever order.
    #[must_use]
    pub fn with(mut self, other: Surveyed) -> Surveyed {
        self.cells += other.cells;
        self.unexplained.extend(other.unexplained);
        self.refuted.extend(other.refuted);
        self
    }
}

/// A measured value and the best bound.
struct Cell {
    measured: Bounds,
    limit: usize,
}

/// For each measure the cells of one setting, over the learning steps.
fn row(
    setting: &Setting,
    measures: &[Measure],
    last: usize,
    seed: u64,
) -> Result<Vec<Vec<Cell>>, Inconclusive> {
    let cell = |measure: Measure, step| Cell {
        measured: Bounds::exactly(0),
        limit: best_limit(setting, measure, step).0,
    };
    let mut rows: Vec<Vec<_>> = (measures.iter())
        .map(|&measure| (0..=last).map(|step| cell(measure, step)).collect())
        .collect();
    for instance in 0..2 {
        let is_below = |cell: &Cell| cell.measured.lower < cell.limit;
        if !rows.iter().flatten().any(is_below) {
            break;
        }
        let stream = Stream::new("explore", seed, instance);
        let trajectory = Case::<Fp>::draw(setting, stream, None)?.train()?;
        for (&measure, row) in measures.iter().zip(&mut rows) {
            for (step, cell) in row.iter_mut().enumerate() {
                if cell.measured.lower < cell.limit {
                    let value = measure.of(&trajectory, step).ok_or(Inconclusive::Unavailable)?;
                    cell.measured = cell.measured.max(value);
                }
            }
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A part of the lattice that takes a second, with every value of the axes that theorems ask
    /// for.
    fn part() -> Lattice {
        Lattice {
            neurons: 12,
            d_in: vec![1, 2],
            d_out: vec![1, 4],
            times_and_trials: vec![(8, 8), (4, 1), (3, 2), (2, 4)],
            last_step: 4,
            ..Lattice::default()
        }
    }

    #[test]
    fn no_cell_of_a_part_is_above_its_bound() {
        let measures = [Measure::Rank, Measure::GradientRank, Measure::R3];
        let surveys = part().survey(&measures, 1, &|| ()).expect("all is in the field");
        for survey in surveys {
            assert_eq!(survey.cells, part().len() * 5);
            assert_eq!(survey.refuted, [], "{}", survey.measure);
            assert!(survey.explained() * 100 >= survey.cells * 75, "{survey:#?}");
        }
    }

    #[test]
    fn what_parts_find_adds_to_what_the_whole_does() {
        let (lattice, measures) = (part(), [Measure::Rank, Measure::R3]);
        let find = |part| lattice.find(&measures, 1, part, &|| ()).expect("all is in the field");
        let first: Part = "1/3".parse().unwrap();
        let sum = first.siblings().map(find).reduce(|sum, found| {
            sum.into_iter().zip(found).map(|(one, other)| one.with(other)).collect()
        });
        let shown = |found: &[Surveyed]| format!("{:?}", lattice.surveys(&measures, found));
        assert_eq!(shown(&sum.unwrap()), shown(&find(Part::WHOLE)));
    }

    #[test]
    fn cells_are_grouped_as_far_as_they_are_a_product() {
        let lattice = part();
        let cell = |d_in, step| [0, 0, 0, 0, 0, d_in, 1, step];
        let groups = lattice.grouped([cell(0, 2), cell(0, 3), cell(1, 2), cell(1, 3)].into_iter());
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0].cells, 4);
        assert_eq!(groups[0].axes[5], ("d_in", vec!["1".into(), "2".into()]));
        assert_eq!(groups[0].axes[7], ("k", vec!["2".into(), "3".into()]));
        let groups = lattice.grouped([cell(0, 2), cell(1, 3)].into_iter());
        assert_eq!(groups.len(), 2);
    }
}
