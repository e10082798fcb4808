//! An exploration as a table: ranks beside their bounds.

use std::cmp::Ordering;

use crate::conjecture::{GridCell, Sweep};
use crate::scalar::PRIME;
use crate::tensor::Field;
use crate::theorem::{MAX_MISSED, Measure};

/// Rows are numbers of inputs and outputs, columns learning steps.
#[derive(Clone, Debug)]
pub struct ExplorationTable {
    /// `d_in`, `d_out`, and the steps.
    pub headers: Vec<String>,
    /// Numbers of inputs and outputs, and an entry for each step: `7` where the bound is reached,
    /// `7<12` where it is not, `7>5` where it is exceeded, `7~` where instances disagree. Of a CP
    /// rank `7*` where the upper end is that of a theorem, `7r` and `7c` where it holds over the
    /// real or the complex numbers.
    pub rows: Vec<Vec<String>>,
    /// What the entries mean, a line each.
    pub legend: Vec<String>,
}

impl ExplorationTable {
    /// The table of the cells of a sweep.
    pub fn new(sweep: &Sweep, cells: &[GridCell]) -> Self {
        let steps = sweep.steps.iter().map(|step| format!("k={step}"));
        let row = |row: &[GridCell]| {
            let numbers = [row[0].d_in.to_string(), row[0].d_out.to_string()];
            numbers.into_iter().chain(row.iter().map(entry)).collect()
        };
        ExplorationTable {
            headers: ["d_in", "d_out"].map(str::to_owned).into_iter().chain(steps).collect(),
            rows: cells.chunks(sweep.steps.len().max(1)).map(row).collect(),
            legend: legend(sweep, cells),
        }
    }
}

fn entry(cell: &GridCell) -> String {
    let mut entry = cell.known().to_string();
    if cell.is_narrowed() {
        entry.push('*');
    } else {
        entry += match cell.field {
            Field::Own => "",
            Field::Real => "r",
            Field::Complex => "c",
        };
    }
    if cell.is_refuted() {
        entry += &format!(">{}", cell.limit);
    } else if !cell.is_explained() {
        entry += &format!("<{}", cell.limit);
    }
    if cell.disagreeing > 0 {
        entry.push('~');
    }
    entry
}

/// How far the ranks are those of generic instances.
fn generic(sweep: &Sweep, cells: &[GridCell]) -> Vec<String> {
    let bounds: Vec<f64> = cells.iter().filter_map(|cell| cell.missed).collect();
    let mut lines = Vec::new();
    // Zero where nothing has been learned.
    let largest = bounds.iter().copied().fold(0.0, f64::max);
    if largest > 0.0 {
        lines.push(format!(
            "generic ranks, except with probability at most {largest:.0e} in each cell: that all \
             instances miss (Schwartz-Zippel, modulo {PRIME})."
        ));
    }
    let others = cells.len() - bounds.len();
    if others > 0 {
        let agreeing = cells.iter().filter(|cell| cell.missed.is_none() && cell.disagreeing == 0);
        let support = match sweep.instances {
            1 => "and one instance alone, where more would tell.".to_owned(),
            _ => format!("in {} of them all instances agree.", agreeing.count()),
        };
        lines.push(format!("{others} cells have no such bound below {MAX_MISSED:.0e}; {support}"));
    }
    lines
}

/// Whether a cell is to be counted.
type Test<'a> = &'a dyn Fn(&GridCell) -> bool;

/// How many CP ranks are known, and over which numbers.
fn of_cp(cells: &[GridCell]) -> Vec<String> {
    let count = |is_one: Test<'_>| cells.iter().filter(|cell| is_one(cell)).count();
    let known = |cell: &GridCell| cell.known().known().is_some();
    let by = |cell: &GridCell| if cell.is_narrowed() { Field::Own } else { cell.field };
    let over = |field: Field| count(&|cell| known(cell) && by(cell) <= field);
    let single = count(&known);
    let share = 100.0 * single as f64 / cells.len().max(1) as f64;
    let mut lines = vec![format!(
        "3..5: at least 3, at most 5. Single numbers: {single} of {} cells, {share:.0} %; {} of them over \
         any field, {} over the reals.",
        cells.len(),
        over(Field::Own),
        over(Field::Real),
    )];
    let marks: [(&str, Test<'_>); 3] = [
        ("*: the upper end is that of a theorem", &|cell| cell.is_narrowed()),
        ("r: the upper end holds over the real and complex numbers", &|cell| {
            !cell.is_narrowed() && cell.field == Field::Real
        }),
        ("c: the upper end holds over the complex numbers alone", &|cell| {
            !cell.is_narrowed() && cell.field == Field::Complex
        }),
    ];
    let against = |ordering| {
        count(&|cell| known(cell) && cell.measured.lower.cmp(&cell.generic()) == ordering)
    };
    lines.push(format!(
        "generic rank of the format over the complex numbers: reached by {} of the single numbers, below it {}, \
         above it {}.",
        against(Ordering::Equal),
        against(Ordering::Less),
        against(Ordering::Greater),
    ));
    for (what, is_one) in marks {
        let cells = count(is_one);
        if cells > 0 {
            lines.push(format!("{what}: {cells} cells."));
        }
    }
    let real = count(&|cell| cell.real.is_some() && cell.real == cell.known().known());
    if real > 0 {
        lines.push(format!(
            "as many terms over the reals, of an instance and certified: {real} of these cells."
        ));
    }
    lines
}

fn legend(sweep: &Sweep, cells: &[GridCell]) -> Vec<String> {
    let mut ids: Vec<_> = cells.iter().filter_map(|cell| cell.theorem).map(|t| t.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let unexplained =
        cells.iter().filter(|cell| !cell.is_explained() && !cell.is_refuted()).count();
    let refuted = cells.iter().filter(|cell| cell.is_refuted()).count();
    let disagreeing = cells.iter().filter(|cell| cell.disagreeing > 0).count();
    let mut lines = vec![
        format!("{}, the largest of {} random instances, exact.", sweep.measure, sweep.instances),
        format!(
            "4<7: measured, and the best bound known, where they differ: {unexplained} of {} cells.",
            cells.len()
        ),
    ];
    if sweep.measure == Measure::Cp {
        lines.extend(of_cp(cells));
    }
    lines.extend(generic(sweep, cells));
    if refuted > 0 {
        lines.push(format!("7>4: above its bound, which is wrong: {refuted} cells."));
    }
    if disagreeing > 0 {
        lines.push(format!("~: instances disagree: {disagreeing} cells."));
    }
    if !ids.is_empty() {
        lines.push(format!("bounds from {}", ids.join(", ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bounds::Bounds;
    use crate::task::Dimensions;
    use crate::theorem::{Measure, Setting};

    /// Below its bound, at it, and above it.
    #[test]
    fn a_bound_that_is_exceeded_is_not_shown_as_one_that_holds() {
        let dimensions = Dimensions { neurons: 4, d_in: 1, d_out: 1, steps: 4, trials: 4 };
        let sweep = Sweep {
            setting: Setting::plain(dimensions),
            d_in: vec![1],
            d_out: vec![1],
            steps: vec![1, 2, 3],
            measure: Measure::Rank,
            instances: 1,
            seed: 0,
            real: false,
        };
        let cell = |step| GridCell {
            d_in: 1,
            d_out: 1,
            step,
            measured: Bounds::exactly(step),
            field: Field::Own,
            format: [0; 3],
            real: None,
            disagreeing: 0,
            missed: Some(0.0),
            limit: 2,
            theorem: None,
        };
        let table = ExplorationTable::new(&sweep, &[1, 2, 3].map(cell));
        assert_eq!(table.rows, [["1", "1", "1<2", "2", "3>2"]]);
        let narrowed = GridCell { measured: Bounds { lower: 1, upper: 4 }, ..cell(1) };
        let complex = GridCell { measured: Bounds::exactly(1), field: Field::Complex, ..cell(1) };
        assert_eq!([entry(&narrowed), entry(&complex)], ["1..2*<2", "1c<2"]);
        let exceeded = "7>4: above its bound, which is wrong: 1 cells.";
        assert!(table.legend.iter().any(|line| line == exceeded), "{:?}", table.legend);
    }
}
