//! The cells of `rankproof explore` as parts keep them.

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use super::collect::Parts;
use crate::bounds::Bounds;
use crate::conjecture::{GridCell, Sweep};
use crate::named::Named;
use crate::tensor::Field;
use crate::theorem;

/// What turns the results.
#[derive(Serialize)]
pub struct Choices<'a> {
    /// The measures of the stated lattice, if that is explored.
    #[serde(skip_serializing_if = "Option::is_none")]
    lattice: Option<Vec<&'static str>>,
    measure: &'static str,
    /// All that does not vary.
    setting: String,
    d_in: &'a [usize],
    d_out: &'a [usize],
    steps: &'a [usize],
    instances: u64,
    seed: u64,
    real: bool,
}

impl<'a> Choices<'a> {
    /// Of a sweep, or of a lattice, of which the measures and the seed count.
    pub fn new(sweep: &'a Sweep, lattice: Option<Vec<&'static str>>) -> Self {
        Choices {
            lattice,
            measure: sweep.measure.name(),
            setting: format!("{:?}", sweep.setting),
            d_in: &sweep.d_in,
            d_out: &sweep.d_out,
            steps: &sweep.steps,
            instances: sweep.instances,
            seed: sweep.seed,
            real: sweep.real,
        }
    }
}

/// A cell: [`GridCell`], with its theorem by name.
#[derive(Serialize, Deserialize)]
pub struct Cell {
    d_in: usize,
    d_out: usize,
    step: usize,
    lower: usize,
    upper: usize,
    /// The numbers over which the upper end holds.
    field: String,
    /// The dimensions of rows, columns and steps; zeros if the measure is not the CP rank.
    format: [usize; 3],
    /// Certified real terms.
    real: Option<usize>,
    disagreeing: usize,
    missed: Option<f64>,
    limit: usize,
    theorem: Option<String>,
}

impl Cell {
    /// Of what was measured.
    pub fn of(cell: &GridCell) -> Self {
        let &GridCell { d_in, d_out, step, measured, format, disagreeing, missed, limit, .. } =
            cell;
        let field = cell.field.name().to_owned();
        let Bounds { lower, upper } = measured;
        let theorem = cell.theorem.map(|theorem| theorem.id.to_owned());
        let real = cell.real;
        Cell {
            d_in,
            d_out,
            step,
            lower,
            upper,
            field,
            format,
            real,
            disagreeing,
            missed,
            limit,
            theorem,
        }
    }

    /// The cells of all parts in the order of the sweep: pairs of channel numbers fall to the parts
    /// in turn.
    pub fn collected(parts: &Parts, sweep: &Sweep) -> anyhow::Result<Vec<GridCell>> {
        let results = parts.results::<Vec<Cell>>()?;
        let mut cells: Vec<_> =
            (results.into_iter()).map(|(path, cells)| (path, cells.into_iter())).collect();
        let pairs = (sweep.d_in.iter())
            .flat_map(|&d_in| sweep.d_out.iter().map(move |&d_out| (d_in, d_out)));
        let mut sorted = Vec::new();
        for (number, (d_in, d_out)) in (0..).zip(pairs) {
            let part = parts.part().of_instance(number);
            let (path, cells) = &mut cells[part.number() as usize - 1];
            for &step in &sweep.steps {
                let cell = cells
                    .next()
                    .filter(|cell| (cell.d_in, cell.d_out, cell.step) == (d_in, d_out, step));
                let path = path.display();
                let cell = cell.with_context(|| {
                    format!(
                        "{path}: has no cell d_in={d_in} d_out={d_out} k={step}, expected it next"
                    )
                })?;
                sorted.push(cell.measured().with_context(|| format!("{path}"))?);
            }
        }
        if let Some((path, _)) = cells.iter().find(|(_, cells)| cells.len() > 0) {
            bail!("{}: has more cells than fall to it", path.display());
        }
        Ok(sorted)
    }

    fn measured(self) -> anyhow::Result<GridCell> {
        let Cell { d_in, d_out, step, lower, upper, format, disagreeing, missed, limit, .. } = self;
        let field = (Field::ALL.into_iter().find(|field| field.name() == self.field))
            .with_context(|| format!("names a field {:?}, which there is not", self.field))?;
        let theorem = self.theorem;
        let theorem = match theorem {
            None => None,
            Some(id) => {
                let found = theorem::find(&id);
                Some(found.with_context(|| format!("names a theorem {id:?}, which there is not"))?)
            }
        };
        let measured = Bounds { lower, upper };
        Ok(GridCell {
            d_in,
            d_out,
            step,
            measured,
            field,
            format,
            real: self.real,
            disagreeing,
            missed,
            limit,
            theorem,
        })
    }
}
