//! Sparse matrices of MATLAB, which both of its formats keep column by column.

use crate::file::error::ReadErrorKind;
use crate::file::format::allowed;
use crate::file::node::{Kind, Node};
use crate::scalar::Precision;

/// A matrix of which only the entries that are not 0 are stored.
pub(super) struct Sparse {
    pub rows: usize,
    pub columns: usize,
    /// For each column, and behind the last, how many entries are stored before it.
    pub starts: Vec<f64>,
    /// The row of each entry, from 0.
    pub places: Vec<f64>,
    pub values: Vec<f64>,
}

impl Sparse {
    /// The first `count` entries with all zeros, columns one after the other.
    ///
    /// # Errors
    ///
    /// If the matrix contradicts itself, or is too large for a file of `length` bytes.
    pub fn entries(&self, count: usize, length: u64) -> Result<Vec<f64>, ReadErrorKind> {
        let shape = || format!("sparse matrix of {} x {}", self.rows, self.columns);
        let total = self.rows.checked_mul(self.columns);
        let count = total.map_or(count, |total| count.min(total));
        if count as u64 > allowed(length) / 8 {
            return Err(ReadErrorKind::Content {
                found: format!("is a {}, which is too large with its zeros", shape()),
                expected: "a part of it: save full(x(rows, columns))".to_owned(),
            });
        }
        let damaged =
            |what: &str| ReadErrorKind::Damaged { detail: format!("a {} {what}", shape()) };
        let mut entries = vec![0.0; count];
        if self.starts.len() != self.columns + 1 || self.places.len() != self.values.len() {
            return Err(damaged("has another number of columns or entries"));
        }
        let columns = self.starts.windows(2).take(count.div_ceil(self.rows.max(1)));
        for (column, bounds) in columns.enumerate() {
            let bounds = bounds[0] as usize..bounds[1] as usize;
            let (places, values) = (self.places.get(bounds.clone()), self.values.get(bounds));
            let (Some(places), Some(values)) = (places, values) else {
                return Err(damaged("has columns of other entries than are there"));
            };
            for (&row, &value) in places.iter().zip(values) {
                if row < 0.0 || row >= self.rows as f64 {
                    return Err(damaged("has an entry outside of its rows"));
                }
                if let Some(entry) = entries.get_mut(column * self.rows + row as usize) {
                    *entry = value;
                }
            }
        }
        Ok(entries)
    }
}

/// The node of a sparse matrix, whose numbers are float64 unless they are logical.
pub(super) fn node(name: &str, shape: Vec<usize>, is_logical: bool) -> Node {
    let element = if is_logical { "bool" } else { "float64" };
    let note = Some("stored as a sparse matrix".to_owned());
    Node { note, ..Node::leaf(name, Kind::Numbers, shape, element) }
}

/// What is known of the rounding of the numbers of a sparse matrix.
pub(super) fn precision(is_logical: bool) -> Precision {
    if is_logical { Precision::Exact } else { Precision::Double }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The columns (0, 5), (0, 0) and (7, 8).
    fn matrix() -> Sparse {
        Sparse {
            rows: 2,
            columns: 3,
            starts: vec![0.0, 1.0, 1.0, 3.0],
            places: vec![1.0, 0.0, 1.0],
            values: vec![5.0, 7.0, 8.0],
        }
    }

    #[test]
    fn columns_follow_one_another() {
        assert_eq!(matrix().entries(6, 0).unwrap(), [0.0, 5.0, 0.0, 0.0, 7.0, 8.0]);
        assert_eq!(matrix().entries(5, 0).unwrap(), [0.0, 5.0, 0.0, 0.0, 7.0]);
        assert_eq!(matrix().entries(99, 0).unwrap().len(), 6);
        let empty =
            Sparse { rows: 0, starts: vec![0.0; 4], places: vec![], values: vec![], ..matrix() };
        assert!(empty.entries(6, 0).unwrap().is_empty());
    }

    #[test]
    fn contradictions_and_bombs_are_refused() {
        let refused = |sparse: Sparse, count| sparse.entries(count, 0).unwrap_err().to_string();
        let outside = Sparse { places: vec![1.0, 2.0, 1.0], ..matrix() };
        assert!(refused(outside, 6).contains("a sparse matrix of 2 x 3 has an entry outside"));
        let beyond = Sparse { starts: vec![0.0, 1.0, 1.0, 4.0], ..matrix() };
        assert!(refused(beyond, 6).contains("other entries than are there"));
        assert!(refused(Sparse { columns: 4, ..matrix() }, 8).contains("number of columns"));
        let huge = Sparse { rows: usize::MAX, ..matrix() };
        assert!(refused(huge, usize::MAX).contains("too large with its zeros"));
    }
}
