//! Exact generic ranks over a grid of settings, beside what is known to bound them.

use rayon::prelude::*;

use crate::bounds::Bounds;
use crate::part::Part;
use crate::scalar::{Fp, Stream};
use crate::task::Dimensions;
use crate::tensor::{Field, generic_rank};
use crate::theorem::{
    Case, CpEnds, Inconclusive, InitialState, InitialWeights, MAX_MISSED, Measure, Setting,
    Theorem, best_limit, cp_ends, entries, probability,
};
use crate::training::Trajectory;

use super::Family;
use super::family::narrowest;
use super::real::real_terms;

/// The grid: every number of inputs with every number of outputs, each over the learning steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// Everything that stays the same. Its d_in, d_out and learning steps are replaced.
    pub setting: Setting,
    /// Numbers of inputs.
    pub d_in: Vec<usize>,
    /// Numbers of outputs.
    pub d_out: Vec<usize>,
    /// Learning steps to measure after.
    pub steps: Vec<usize>,
    /// What is measured.
    pub measure: Measure,
    /// Random instances of each; the rank of a generic one is the largest.
    pub instances: u64,
    /// The seed of the random numbers.
    pub seed: u64,
    /// Of CP ranks, whether real terms are searched for and certified.
    pub real: bool,
}

/// Linear networks in which the rows of one input grow as the Fibonacci numbers.
impl Default for Sweep {
    fn default() -> Self {
        // Trials and time steps enough not to limit a rank.
        let dimensions = Dimensions { neurons: 48, d_in: 1, d_out: 1, steps: 16, trials: 16 };
        Sweep {
            setting: Setting::plain(dimensions),
            d_in: vec![1, 2, 3],
            d_out: vec![1, 2, 4, 36],
            steps: (0..=7).collect(),
            measure: Measure::Rank,
            instances: 3,
            seed: 1,
            real: false,
        }
    }
}

/// One place of the grid.
#[derive(Clone, Debug)]
pub struct GridCell {
    /// Inputs.
    pub d_in: usize,
    /// Outputs.
    pub d_out: usize,
    /// Learning steps.
    pub step: usize,
    /// The largest value over the instances; both ends the largest. Of a CP rank the one over the
    /// complex numbers, or the closure of the field.
    pub measured: Bounds,
    /// The numbers over which the upper end holds.
    pub field: Field,
    /// Of a CP rank the dimensions of rows, columns and steps of D_1..D_k; zeros of other measures.
    pub format: [usize; 3],
    /// Of a CP rank so many terms as an instance has over the reals, by a certificate, if it was
    /// [looked for](Sweep::real) and found.
    pub real: Option<usize>,
    /// Instances whose value is another one.
    pub disagreeing: usize,
    /// The probability with which all instances miss the generic rank, at most; `None` where it is
    /// above [`MAX_MISSED`] or not known, and only agreeing instances speak for the value.
    pub missed: Option<f64>,
    /// The best bound that the registry knows.
    pub limit: usize,
    /// The theorem that gives it; `None` where it follows from the shape alone.
    pub theorem: Option<&'static Theorem>,
}

impl GridCell {
    /// True if the generic rank reaches the bound for certain.
    pub fn is_explained(&self) -> bool {
        self.measured.lower == self.limit
    }

    /// Both ends, of which the upper one may be that of a theorem; a bound that is wrong is none.
    pub fn known(&self) -> Bounds {
        match self.is_refuted() {
            true => self.measured,
            false => Bounds { upper: self.measured.upper.min(self.limit), ..self.measured },
        }
    }

    /// Of a CP rank the generic one of the format over the complex numbers: see
    /// [`generic_rank`](crate::tensor::generic_rank).
    pub fn generic(&self) -> usize {
        generic_rank(self.format)
    }

    /// True if the upper end is that of a theorem, and no construction is known that is as short.
    pub fn is_narrowed(&self) -> bool {
        self.known() != self.measured
    }

    /// True if the generic rank exceeds the bound for certain: a theorem of the registry is wrong.
    pub fn is_refuted(&self) -> bool {
        self.measured.lower > self.limit
    }
}

impl Sweep {
    /// The tables by which CP ranks are judged: this one from each kind of W_0, from h_0 = 0 and from an
    /// h_0 that all trials share.
    pub fn variants(&self) -> Vec<Sweep> {
        let starts = [
            InitialWeights::Zero,
            InitialWeights::ScaledIdentity,
            InitialWeights::LowRank(2),
            InitialWeights::Full,
        ];
        let states = [InitialState::Zero, InitialState::Common];
        let variant = |initial_weights, initial_state| Sweep {
            setting: Setting { initial_weights, initial_state, ..self.setting.clone() },
            ..self.clone()
        };
        let of_start = |start| states.map(|state| variant(start, state));
        starts.into_iter().flat_map(of_start).collect()
    }
}

/// The cells, d_in slowest, then d_out, then the steps.
pub type Exploration = Vec<GridCell>;

/// Measures every place of the grid in exact arithmetic. `done` is called after each pair of
/// channel numbers.
///
/// # Errors
///
/// If the field cannot express the setting.
pub fn explore(sweep: &Sweep, done: &(dyn Fn() + Sync)) -> Result<Exploration, Inconclusive> {
    explore_part(sweep, Part::WHOLE, done)
}

/// The cells of those pairs of channel numbers that fall to a part, in the same order.
///
/// # Errors
///
/// As for [`explore`].
pub fn explore_part(
    sweep: &Sweep,
    part: Part,
    done: &(dyn Fn() + Sync),
) -> Result<Exploration, Inconclusive> {
    let pairs: Vec<_> = (sweep.d_in.iter())
        .flat_map(|&d_in| sweep.d_out.iter().map(move |&d_out| (d_in, d_out)))
        .collect();
    let own = (0..).zip(pairs).filter(|&(number, _)| part.has(number)).map(|(_, pair)| pair);
    let rows: Result<Vec<_>, _> = own
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|(d_in, d_out)| {
            let row = row(sweep, d_in, d_out);
            done();
            row
        })
        .collect();
    Ok(rows?.into_iter().flatten().collect())
}

/// All steps of one pair of channel numbers.
fn row(sweep: &Sweep, d_in: usize, d_out: usize) -> Result<Vec<GridCell>, Inconclusive> {
    let mut setting = sweep.setting.clone();
    (setting.dimensions.d_in, setting.dimensions.d_out) = (d_in, d_out);
    // One step more, so that the gradient after the last one is there too.
    setting.learning_steps = sweep.steps.iter().max().map_or(1, |&last| last + 1);
    let stream = |number| Stream::new("explore", sweep.seed, number);
    let instances: Result<Vec<_>, _> = (0..sweep.instances)
        .map(|number| {
            let trajectory = Case::<Fp>::draw(&setting, stream(number), None)?.train()?;
            let measured = sweep.steps.iter().map(|&step| value(sweep.measure, &trajectory, step));
            measured.collect::<Option<Vec<_>>>().ok_or(Inconclusive::Unavailable)
        })
        .collect();
    let instances = instances?;
    let cells = sweep.steps.iter().enumerate().map(|(index, &step)| {
        let values = instances.iter().map(|values| values[index]);
        let of_all = values.clone().fold(Value::exactly(Bounds::exactly(0)), Value::larger);
        let (limit, theorem) = best_limit(&setting, sweep.measure, step);
        let disagreeing = values.filter(|&value| value != of_all).count();
        let missed = missed(&setting, sweep, step, limit);
        let Value { measured, field, format } = of_all;
        GridCell {
            d_in,
            d_out,
            step,
            measured,
            field,
            format,
            real: None,
            disagreeing,
            missed,
            limit,
            theorem,
        }
    });
    let mut cells: Vec<_> = cells.collect();
    let is_open = |cell: &GridCell| sweep.measure == Measure::Cp && cell.known().known().is_none();
    let open: Vec<_> = cells.iter().filter(|cell| is_open(cell)).map(|cell| cell.step).collect();
    if !open.is_empty() {
        let families = Family::of_steps(&setting, &stream(0), &open)?;
        for (cell, family) in cells.iter_mut().filter(|cell| is_open(cell)).zip(families) {
            if let Some(family) = family {
                narrow(cell, &family);
            }
        }
    }
    if let Some(setting) = narrowest(&setting).filter(|_| sweep.real) {
        let streams: Vec<_> = (0..sweep.instances).map(stream).collect();
        cells.iter_mut().for_each(|cell| look_for_real_terms(cell, &setting, &streams));
    }
    Ok(cells)
}

/// What one instance has: see [`GridCell`].
#[derive(Clone, Copy, PartialEq)]
struct Value {
    measured: Bounds,
    field: Field,
    format: [usize; 3],
}

impl Value {
    fn exactly(measured: Bounds) -> Self {
        Value { measured, field: Field::Own, format: [0; 3] }
    }

    /// Both ends and the format the larger, and the numbers of the larger upper end.
    fn larger(self, other: Value) -> Value {
        let field = match self.measured.upper.cmp(&other.measured.upper) {
            std::cmp::Ordering::Less => other.field,
            std::cmp::Ordering::Equal => self.field.max(other.field),
            std::cmp::Ordering::Greater => self.field,
        };
        let format = [0, 1, 2].map(|mode| self.format[mode].max(other.format[mode]));
        Value { measured: self.measured.max(other.measured), field, format }
    }
}

fn value(measure: Measure, trajectory: &Trajectory<Fp>, step: usize) -> Option<Value> {
    if measure != Measure::Cp || step == 0 {
        return Some(Value::exactly(measure.of(trajectory, step)?));
    }
    let ends: CpEnds = cp_ends(trajectory, step)?;
    Some(Value { measured: ends.bounds(), field: ends.field(), format: ends.format })
}

/// What almost all instances have, where those that were looked at leave it open.
fn narrow(cell: &mut GridCell, family: &Family) {
    let measured = &mut cell.measured;
    measured.lower = measured.lower.max(family.lower_end().bound);
    let Bounds { lower, upper } = cell.known();
    if let Some(end) = family.upper_end(lower, upper) {
        (cell.measured.upper, cell.field) = (end.bound, end.construction.field());
    }
}

/// As many terms as are known over the complex numbers, or fewer, of the first instance that has them over the
/// reals. What one has almost all complex ones have.
fn look_for_real_terms(cell: &mut GridCell, setting: &Setting, streams: &[Stream]) {
    let Bounds { lower, upper } = cell.known();
    let n = setting.dimensions.neurons;
    let is_settled = lower == upper && cell.field != Field::Complex;
    if cell.step == 0 || is_settled || cell.format != [n, n, cell.step] {
        return;
    }
    let mut found = streams.iter().map(|s| real_terms(setting, s, cell.step, lower..=upper));
    cell.real = found.find_map(|terms| terms);
    if let Some(real) = cell.real.filter(|&real| real < cell.measured.upper) {
        (cell.measured.upper, cell.field) = (real, Field::Complex);
    }
}

/// See [`GridCell::missed`]: the generic rank is at most `limit`, and so is the size of the minor that
/// all instances would have to be roots of.
fn missed(setting: &Setting, sweep: &Sweep, step: usize, limit: usize) -> Option<f64> {
    let learning_steps = match sweep.measure {
        // Bounded from both sides, by more than minors.
        Measure::Cp => return None,
        Measure::GradientRank => step + 1,
        Measure::Rank | Measure::R3 => step,
    };
    let entry = entries(&Setting { learning_steps, ..setting.clone() })?;
    let each = probability(entry.saturating_mul(limit as u64));
    Some(each.powi(i32::try_from(sweep.instances).unwrap_or(i32::MAX)))
        .filter(|&missed| missed <= MAX_MISSED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theorem::ActivationKind;

    fn linear() -> Setting {
        Setting::plain(Dimensions { neurons: 16, d_in: 1, d_out: 1, steps: 6, trials: 6 })
    }

    #[test]
    fn the_fibonacci_row_is_found_and_explained() {
        let sweep = Sweep {
            setting: linear(),
            d_in: vec![1],
            d_out: vec![8],
            steps: (0..=4).collect(),
            measure: Measure::Rank,
            instances: 2,
            seed: 0,
            real: false,
        };
        let cells = explore(&sweep, &|| ()).expect("a linear network is in the field");
        let found: Vec<_> = cells.iter().map(|cell| cell.measured.lower).collect();
        assert_eq!(found, [0, 1, 2, 4, 7]);
        assert!(cells.iter().all(|cell| cell.is_explained() && cell.disagreeing == 0));
        assert!(cells.iter().all(|cell| cell.missed.is_some_and(|missed| missed < 1e-15)));
        assert_eq!(cells[3].theorem.map(|theorem| theorem.id), Some("fibonacci-growth"));
    }

    #[test]
    fn what_no_theorem_explains_shows() {
        let mut setting = linear();
        setting.psi = ActivationKind::Polynomial(2);
        let sweep = Sweep {
            setting,
            d_in: vec![1],
            d_out: vec![1],
            steps: vec![2],
            measure: Measure::Rank,
            instances: 1,
            seed: 0,
            real: false,
        };
        let cells = explore(&sweep, &|| ()).expect("polynomials are in the field");
        assert!(!cells[0].is_explained() && cells[0].measured.lower > 2);
    }

    /// One input and one output: after three steps siso-reciprocity proves a CP rank of three. A bracket of
    /// three to four is one number with it, and says that it is the theorem's.
    #[test]
    fn a_theorem_narrows_a_bracket() {
        let sweep = Sweep {
            setting: linear(),
            d_in: vec![1],
            d_out: vec![1],
            steps: vec![3],
            measure: Measure::Cp,
            ..Sweep::default()
        };
        let found = explore(&sweep, &|| ()).expect("a linear network is in the field").remove(0);
        assert_eq!(found.theorem.map(|theorem| theorem.id), Some("siso-reciprocity"));
        assert_eq!((found.limit, found.known()), (3, Bounds::exactly(3)));
        let loose = GridCell { measured: Bounds { lower: 3, upper: 4 }, ..found.clone() };
        assert_eq!((loose.known(), loose.is_narrowed()), (Bounds::exactly(3), true));
        // Control: a bound that is exceeded narrows nothing.
        let wrong = GridCell { measured: Bounds { lower: 4, upper: 5 }, ..found };
        assert_eq!((wrong.known(), wrong.is_narrowed()), (wrong.measured, false));
    }

    /// Of CP ranks: no lower end is above a bound, and most are single numbers.
    fn shares(sweep: &Sweep) -> Vec<[usize; 2]> {
        let share = |variant: &Sweep| {
            let cells = explore(variant, &|| ()).expect("a linear network is in the field");
            assert!(!cells.iter().any(GridCell::is_refuted), "{:?}", variant.setting);
            let single = cells.iter().filter(|cell| cell.known().known().is_some()).count();
            [single, cells.len()]
        };
        sweep.variants().iter().map(share).collect()
    }

    #[test]
    fn most_cp_ranks_of_the_small_variants_are_single_numbers() {
        let sweep = Sweep {
            setting: linear(),
            d_in: vec![1, 2],
            d_out: vec![1, 2],
            steps: (0..=4).collect(),
            measure: Measure::Cp,
            instances: 1,
            seed: 0,
            real: false,
        };
        let shares = shares(&sweep);
        // From W_0 = 0 and w I with h_0 = 0 all of them are.
        assert_eq!([shares[0], shares[2]], [[20, 20]; 2], "{shares:?}");
        let single: usize = shares.iter().map(|share| share[0]).sum();
        assert!(single >= 100, "{shares:?}");
    }

    /// The tables by which CP ranks are judged, printed.
    #[test]
    #[ignore = "takes minutes"]
    fn shares_of_the_variants() {
        let sweep = Sweep { measure: Measure::Cp, ..Sweep::default() };
        for (variant, [single, cells]) in sweep.variants().iter().zip(shares(&sweep)) {
            let Setting { initial_weights, initial_state, .. } = variant.setting;
            println!("W_0 {initial_weights:?} h_0 {initial_state:?}: {single} of {cells}");
        }
    }

    #[test]
    fn a_setting_that_is_not_in_the_field_is_refused() {
        let mut setting = linear();
        setting.phi = ActivationKind::Tanh;
        let sweep = Sweep {
            setting,
            d_in: vec![1],
            d_out: vec![1],
            steps: vec![1],
            measure: Measure::Rank,
            instances: 1,
            seed: 0,
            real: false,
        };
        assert_eq!(explore(&sweep, &|| ()).err(), Some(Inconclusive::Unavailable));
    }
}
