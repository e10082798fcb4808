//! The rounding of recorded weights: to which grid, step by step, and how that was decided.

use std::fmt;

use super::grid::{Census, Finding, Grid};
use super::{SliceError, Slices};
use crate::matrix::Matrix;
use crate::scalar::Precision;

/// To what the weights of every step were rounded.
///
/// Slices that are too small to tell their grid are asked together with the next ones. Some that
/// tell nothing have the grid of those before them.
#[derive(Clone, Debug, PartialEq)]
pub struct Rounding {
    stored: Precision,
    grids: Vec<Grid>,
    decided: Decided,
}

/// How a rounding was decided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decided {
    /// By the values.
    Values,
    /// By the type of the array, as there are so few different values.
    Few(usize),
    /// By the type of the array, as all values are small multiples of 2 to this power.
    Fixed(i32),
    /// By the type of the array: integers, or numbers that were made in it.
    Type,
    /// By whoever asked.
    Given,
}

impl Rounding {
    /// What the values say, or else the type of the array.
    ///
    /// # Errors
    ///
    /// If a slice cannot be read.
    pub(super) fn of_values(stored: Precision, slices: &dyn Slices) -> Result<Self, SliceError> {
        let blocks = match stored {
            Precision::Exact => Vec::new(),
            _ => blocks(stored, slices)?,
        };
        let type_grid = Grid::of(stored);
        let mut grids = Vec::with_capacity(slices.count());
        let mut known = None;
        for &(length, finding) in &blocks {
            if let Finding::Lies(grid) = finding {
                known = Some(grid);
            }
            grids.extend(std::iter::repeat_n(known.unwrap_or(type_grid), length));
        }
        let decided = match (known, blocks.first()) {
            (Some(_), _) => Decided::Values,
            (None, Some(&(_, Finding::Few(count)))) => Decided::Few(count),
            (None, Some(&(_, Finding::Fixed(power)))) => Decided::Fixed(power),
            (None, _) => return Ok(Self::of_type(stored, slices.count())),
        };
        Ok(Rounding { stored, grids, decided })
    }

    /// The type of the array, whatever the values are.
    pub(super) fn of_type(stored: Precision, slices: usize) -> Self {
        Rounding { stored, grids: vec![Grid::of(stored); slices], decided: Decided::Type }
    }

    /// A grid that somebody knows.
    pub(super) fn given(stored: Precision, grid: Grid, slices: usize) -> Self {
        Rounding { stored, grids: vec![grid; slices], decided: Decided::Given }
    }

    /// The type of the array.
    pub fn stored(&self) -> Precision {
        self.stored
    }

    /// The grid of each slice.
    pub fn grids(&self) -> &[Grid] {
        &self.grids
    }

    /// How it was decided.
    pub fn decided(&self) -> Decided {
        self.decided
    }

    /// For each k the distance from 1 to the next number of the coarsest arithmetic that led to
    /// W_k: of W_1..W_k, as W_0 is what learning started from, however it was made.
    pub(super) fn epsilons(&self) -> Vec<f64> {
        let own = self.grids.iter().map(|grid| grid.epsilon());
        let mut coarsest = 0.0_f64;
        let mut epsilons: Vec<f64> = own.collect();
        for epsilon in &mut epsilons[1..] {
            coarsest = coarsest.max(*epsilon);
            *epsilon = coarsest;
        }
        epsilons
    }

    /// Neighbours of the same grid: the first, the last, and what the grid is called.
    fn runs(&self) -> Vec<(usize, usize, String)> {
        let mut runs: Vec<(usize, usize, String)> = Vec::new();
        for (k, grid) in self.grids.iter().enumerate() {
            let name = grid.to_string();
            match runs.last_mut() {
                Some((_, last, of)) if *of == name => *last = k,
                _ => runs.push((k, k, name)),
            }
        }
        runs
    }

    /// What the values have: `24 bits`, or a list by steps.
    fn precision(&self) -> String {
        const SHOWN: usize = 4;
        let runs = self.runs();
        if let [(.., name)] = runs.as_slice() {
            return name.clone();
        }
        let shown = runs.iter().take(SHOWN).map(|(first, last, name)| {
            if first == last {
                format!("{name} (W_{first})")
            } else {
                format!("{name} (W_{first} to W_{last})")
            }
        });
        let more = if runs.len() > SHOWN { " and others" } else { "" };
        shown.collect::<Vec<_>>().join(", ") + more
    }
}

/// Slices one after the other, as many as tell their grid, and what they tell.
fn blocks(stored: Precision, slices: &dyn Slices) -> Result<Vec<(usize, Finding)>, SliceError> {
    let add = |census: &mut Census, slice: &Matrix<f64>| {
        slice.data().iter().for_each(|&value| census.add(value));
    };
    let mut blocks: Vec<(usize, Census)> = Vec::new();
    let (mut length, mut census) = (0, Census::new(stored));
    for k in 0..slices.count() {
        add(&mut census, &*slices.slice(k)?);
        length += 1;
        if census.is_enough() {
            blocks.push((length, std::mem::replace(&mut census, Census::new(stored))));
            length = 0;
        }
    }
    match blocks.last_mut() {
        // The last ones belong to those before them.
        Some((last_length, last)) if length > 0 => {
            for k in slices.count() - length..slices.count() {
                add(last, &*slices.slice(k)?);
            }
            *last_length += length;
        }
        Some(_) => {}
        None => blocks.push((length, census)),
    }
    Ok(blocks.into_iter().map(|(length, census)| (length, census.finding())).collect())
}

/// `values have 24 bits in a float64 array`, and how that is known if not by the values.
impl fmt::Display for Rounding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let precision = self.precision();
        let array = match self.stored {
            Precision::Exact => "an array of integers".to_owned(),
            stored => format!("a {} array", stored.name()),
        };
        match self.decided {
            Decided::Values => {
                write!(f, "values have {precision} in {array}")?;
                let last = self.grids.last().copied();
                if let Some(Grid::Digits { computed, .. } | Grid::Decimals { computed, .. }) = last
                {
                    let more = if computed == 24 { " or more" } else { "" };
                    write!(f, ": printed, and computed with {computed} bits{more}")?;
                }
                let coarser = self.grids[0].epsilon() > self.grids[1].epsilon();
                f.write_str(if coarser { "; W_0 is taken as it is" } else { "" })
            }
            Decided::Given => {
                write!(f, "values have {precision} in {array}, as given")
            }
            Decided::Few(count) => write!(
                f,
                "values have {precision} as {array} can: {count} different ones are too few \
                 to tell"
            ),
            Decided::Fixed(power) => write!(
                f,
                "values have {precision} as {array} can: they are small multiples of \
                 2^{power} and may be exact"
            ),
            Decided::Type if self.stored == Precision::Exact => f.write_str("values are integers"),
            Decided::Type => write!(f, "values have {precision} as {array} can"),
        }
    }
}
