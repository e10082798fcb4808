//! Where `rankproof rank` has the matrix of a step from: a part of an array, or a file of its own.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::file::{Array, ReadError, ReadErrorKind, Source};
use crate::matrix::Matrix;
use crate::scalar::Precision;
use crate::weights::{SliceError, Slices, Stage, Watch};
use rayon::prelude::*;

/// Bytes of weights that are all in memory: larger ones are read when they are asked for.
const IN_MEMORY: usize = 1 << 28;

/// The axes of an array in the order of the file.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The lengths of all axes.
    pub lengths: Vec<usize>,
    /// Where the axes of rows, columns and steps are, and the fourth, if there is one.
    pub row: usize,
    pub column: usize,
    pub step: usize,
    pub fourth: Option<usize>,
}

impl Layout {
    /// (N, M).
    fn shape(&self) -> [usize; 2] {
        [self.lengths[self.row], self.lengths[self.column]]
    }

    fn stride(&self, axis: usize) -> usize {
        self.lengths[axis + 1..].iter().product()
    }

    /// Where the numbers of a matrix begin: of a step, and of an index of the fourth axis.
    fn start(&self, step: usize, index: usize) -> usize {
        step * self.stride(self.step) + self.fourth.map_or(0, |axis| index * self.stride(axis))
    }

    /// True if the numbers of a matrix are neighbours in the file.
    fn is_contiguous(&self) -> bool {
        self.row.min(self.column) + 2 == self.lengths.len()
    }

    /// The indices of the number at a place of the array.
    fn index(&self, place: usize) -> Vec<usize> {
        let axes = 0..self.lengths.len();
        axes.map(|axis| place / self.stride(axis) % self.lengths[axis]).collect()
    }
}

/// Of an array of one file the matrices of one index of the fourth axis, or all.
struct OfArray {
    of: Arc<OneFile>,
    index: usize,
}

/// An array of one file.
pub struct OneFile {
    layout: Layout,
    numbers: Numbers,
    /// False if numbers that are not finite are left to who asks.
    finite: bool,
}

enum Numbers {
    /// All of them.
    Whole(Array),
    /// They are read when they are asked for.
    Parts { source: Box<Mutex<Source>>, name: String },
}

impl OneFile {
    /// The matrices for each index of the fourth axis, or the only ones, and the type in which they
    /// are stored. They are in memory unless they are large.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    pub fn tracks(
        mut source: Source,
        name: &str,
        layout: Layout,
        finite: bool,
        watch: Watch<'_>,
    ) -> anyhow::Result<(Vec<Arc<dyn Slices>>, Precision)> {
        let large = size_of::<f64>() * layout.lengths.iter().product::<usize>() > IN_MEMORY;
        let count = layout.fourth.map_or(1, |axis| layout.lengths[axis]);
        let part = if large && layout.is_contiguous() { source.part(name, 0..1)? } else { None };
        let (numbers, precision) = match part {
            Some(Array { precision, .. }) => (
                Numbers::Parts { source: Box::new(Mutex::new(source)), name: name.to_owned() },
                precision,
            ),
            None => {
                let array = source.numbers(name)?;
                if finite {
                    array.expect_finite()?;
                }
                let precision = array.precision;
                (Numbers::Whole(array), precision)
            }
        };
        let of = Arc::new(OneFile { layout, numbers, finite });
        let track = |index| held(Arc::new(OfArray { of: Arc::clone(&of), index }), watch);
        Ok(((0..count).map(track).collect::<anyhow::Result<_>>()?, precision))
    }

    /// The numbers of a matrix that are neighbours.
    fn part(&self, first: usize, count: usize) -> Result<Cow<'_, [f64]>, SliceError> {
        match &self.numbers {
            Numbers::Whole(array) => Ok(Cow::Borrowed(&array.data[first..first + count])),
            Numbers::Parts { source, name } => {
                let mut source = source.lock().unwrap_or_else(PoisonError::into_inner);
                let part = source.part(name, first..first + count)?.expect("as was asked before");
                let place = part.data.iter().position(|number| !number.is_finite());
                if let Some(place) = place.filter(|_| self.finite) {
                    let (index, value) = (self.layout.index(first + place), part.data[place]);
                    return Err(part.error(ReadErrorKind::NotFinite { index, value }).into());
                }
                Ok(Cow::Owned(part.data))
            }
        }
    }
}

impl Slices for OfArray {
    fn shape(&self) -> [usize; 2] {
        self.of.layout.shape()
    }

    fn count(&self) -> usize {
        self.of.layout.lengths[self.of.layout.step]
    }

    fn slice(&self, k: usize) -> Result<Cow<'_, Matrix<f64>>, SliceError> {
        let layout = &self.of.layout;
        let ([rows, columns], first) = (layout.shape(), layout.start(k, self.index));
        if let (Numbers::Whole(array), false) = (&self.of.numbers, layout.is_contiguous()) {
            let [down, right] = [layout.row, layout.column].map(|axis| layout.stride(axis));
            let entry = |i, j| array.data[first + i * down + j * right];
            return Ok(Cow::Owned(Matrix::from_fn(rows, columns, entry)));
        }
        let part = self.of.part(first, rows * columns)?;
        Ok(Cow::Owned(if layout.row < layout.column {
            by_columns(rows, columns, &part)
        } else {
            Matrix::from_columns(rows, columns, part.into_owned())
        }))
    }
}

/// A file for each step.
pub struct OfFiles {
    pub paths: Vec<PathBuf>,
    /// The matrix in each.
    pub name: String,
    /// Its shape in the first file.
    pub shape: [usize; 2],
    pub precision: Precision,
    /// True if the first axis is that of the columns.
    pub turned: bool,
    /// False if numbers that are not finite are left to who asks.
    pub finite: bool,
}

impl OfFiles {
    fn array(&self, k: usize) -> Result<Array, SliceError> {
        let (path, first) = (&self.paths[k], self.paths[0].display());
        let array = Source::open(path)?.numbers(&self.name)?;
        if array.axes(["row", "column"])? != self.shape {
            let [rows, columns] = self.shape;
            return Err(array.wrong_shape(format!("({rows}, {columns}) as in {first}")).into());
        }
        if array.precision != self.precision {
            let [found, expected] = [array.precision, self.precision].map(Precision::name);
            let (path, name) = (path.display(), &array.name());
            let text = format!(
                "{path}: array {name:?} is of {found}, expected {expected} as in the first"
            );
            return Err(text.into());
        }
        if self.finite {
            array.expect_finite()?;
        }
        Ok(array)
    }
}

impl Slices for OfFiles {
    fn shape(&self) -> [usize; 2] {
        let [rows, columns] = self.shape;
        if self.turned { [columns, rows] } else { [rows, columns] }
    }

    fn count(&self) -> usize {
        self.paths.len()
    }

    fn slice(&self, k: usize) -> Result<Cow<'_, Matrix<f64>>, SliceError> {
        let ([rows, columns], data) = (self.shape(), self.array(k)?.data);
        Ok(Cow::Owned(if self.turned {
            Matrix::from_columns(rows, columns, data)
        } else {
            by_columns(rows, columns, &data)
        }))
    }
}

/// The first steps alone.
pub struct FirstSteps {
    pub of: Arc<dyn Slices>,
    pub count: usize,
}

impl Slices for FirstSteps {
    fn shape(&self) -> [usize; 2] {
        self.of.shape()
    }

    fn count(&self) -> usize {
        self.count
    }

    fn slice(&self, k: usize) -> Result<Cow<'_, Matrix<f64>>, SliceError> {
        self.of.slice(k)
    }
}

/// The same matrices, in memory if they are not large.
///
/// # Errors
///
/// If one cannot be read.
pub fn held(slices: Arc<dyn Slices>, watch: Watch<'_>) -> anyhow::Result<Arc<dyn Slices>> {
    let ([rows, columns], count) = (slices.shape(), slices.count());
    let bytes = [rows, columns, count].into_iter().fold(size_of::<f64>(), usize::saturating_mul);
    if bytes > IN_MEMORY {
        return Ok(slices);
    }
    let read = |k| {
        watch(Stage { what: "reading", done: k, all: count });
        Ok(slices.slice(k)?.into_owned())
    };
    let matrices: Result<Vec<Matrix<f64>>, SliceError> = (0..count).map(read).collect();
    Ok(Arc::new(matrices.map_err(read_error)?))
}

/// The error of a slice as one of the program.
pub fn read_error(error: SliceError) -> anyhow::Error {
    match error.downcast::<ReadError>() {
        Ok(error) => (*error).into(),
        Err(error) => anyhow::anyhow!(error),
    }
}

/// A matrix from its numbers in the order of C. In blocks, as it is the other order that is kept.
fn by_columns(rows: usize, columns: usize, data: &[f64]) -> Matrix<f64> {
    const BLOCK: usize = 32;
    let mut matrix = Matrix::zeros(rows, columns);
    let panels = matrix.data_mut().par_chunks_mut((rows * BLOCK).max(1));
    panels.enumerate().for_each(|(panel, out)| {
        let first = panel * BLOCK;
        for top in (0..rows).step_by(BLOCK) {
            for (j, column) in out.chunks_exact_mut(rows).enumerate() {
                let bottom = rows.min(top + BLOCK);
                for (i, entry) in column[top..bottom].iter_mut().enumerate() {
                    *entry = data[(top + i) * columns + first + j];
                }
            }
        }
    });
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_are_taken_from_the_order_of_c() {
        let data: Vec<f64> = (0..70 * 41).map(f64::from).collect();
        let expected = Matrix::from_fn(70, 41, |i, j| data[i * 41 + j]);
        assert_eq!(by_columns(70, 41, &data), expected);
    }

    /// In every order of axes, whole and in parts.
    #[test]
    fn a_matrix_of_a_step_is_found_in_every_order_of_axes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.npy");
        let lengths = [3, 2, 4, 5];
        let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2, 4, 5), }";
        let mut file = b"\x93NUMPY\x01\0".to_vec();
        file.extend((header.len() as u16).to_le_bytes());
        file.extend(header.as_bytes());
        file.extend((0..120).flat_map(|number| f64::from(number).to_le_bytes()));
        std::fs::write(&path, file).unwrap();
        // Places of row, column, step and the fourth axis.
        for axes in [[2, 3, 0, 1], [3, 2, 0, 1], [2, 3, 1, 0], [0, 1, 2, 3], [1, 3, 2, 0]] {
            let [row, column, step, fourth] = axes;
            let fourth = Some(fourth);
            let layout = Layout { lengths: lengths.to_vec(), row, column, step, fourth };
            let whole = Numbers::Whole(Source::open(&path).unwrap().numbers("array").unwrap());
            let source = Box::new(Mutex::new(Source::open(&path).unwrap()));
            let parts = Numbers::Parts { source, name: "array".to_owned() };
            for numbers in [whole, parts] {
                let is_whole = matches!(numbers, Numbers::Whole(_));
                if !is_whole && !layout.is_contiguous() {
                    continue;
                }
                let of = Arc::new(OneFile { layout: layout.clone(), numbers, finite: true });
                let track = OfArray { of, index: 1 };
                let found = track.slice(1).unwrap();
                let strides = [40, 20, 5, 1];
                let at = |i: usize, j: usize| {
                    i * strides[row] + j * strides[column] + strides[step] + strides[axes[3]]
                };
                let expected =
                    Matrix::from_fn(lengths[row], lengths[column], |i, j| at(i, j) as f64);
                assert_eq!(*found, expected, "{axes:?} {is_whole}");
            }
        }
    }
}
