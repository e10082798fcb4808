//! The values of a column: a number, a string or a few of them for each row.

use std::cmp::Ordering;
use std::fmt;

use crate::file::Value;
use crate::scalar::significant;

/// More numbers than this are no label.
const LONGEST: usize = 16;

/// A value of a column.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    Numbers(Vec<f64>),
    Text(String),
}

impl Cell {
    /// The number, if it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Cell::Numbers(numbers) => match numbers[..] {
                [number] => Some(number),
                _ => None,
            },
            Cell::Text(_) => None,
        }
    }

    /// The order in which values are listed: numbers by size before text by letters.
    pub fn order(&self, other: &Cell) -> Ordering {
        match (self, other) {
            (Cell::Numbers(a), Cell::Numbers(b)) => {
                let pairs = a.iter().zip(b).map(|(a, b)| a.total_cmp(b));
                pairs.fold(Ordering::Equal, Ordering::then).then(a.len().cmp(&b.len()))
            }
            (Cell::Text(a), Cell::Text(b)) => a.cmp(b),
            (Cell::Numbers(_), Cell::Text(_)) => Ordering::Less,
            (Cell::Text(_), Cell::Numbers(_)) => Ordering::Greater,
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Numbers(numbers) => {
                let parts: Vec<_> = numbers.iter().map(|&number| short(number)).collect();
                write!(f, "{}", parts.join(", "))
            }
            Cell::Text(text) => write!(f, "{text}"),
        }
    }
}

/// A number to six digits, and an integer in full, as it is called in a list of conditions.
pub(super) fn short(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return number.to_string();
    }
    significant(number, 6)
}

/// What a column holds, by how many values it may be taken to have.
pub(super) struct Cells {
    /// The values one after the other.
    pub each: Vec<Cell>,
    /// If the column is a list: the values in each of its parts.
    pub parts: Option<Vec<Vec<Cell>>>,
}

impl Cells {
    /// The values of what a path leads to, of which `rows` are expected where an array has two
    /// axes.
    pub fn new(value: &Value, rows: usize) -> Cells {
        match value {
            Value::Numbers(array) => {
                Cells { each: of_numbers(&array.shape, &array.data, rows), parts: None }
            }
            Value::Texts(texts) => {
                Cells { each: texts.strings.iter().cloned().map(Cell::Text).collect(), parts: None }
            }
            Value::List(list) => {
                let parts: Vec<_> = list.iter().map(|part| Cells::new(part, rows).each).collect();
                let whole = list.iter().zip(&parts).map(|(value, cells)| whole(value, cells));
                let each = match whole.collect::<Option<Vec<_>>>() {
                    Some(each) if each.len() == rows => each,
                    // One long list for each row is no value for each.
                    None if list.len() == rows => Vec::new(),
                    _ => parts.concat(),
                };
                Cells { each, parts: Some(parts) }
            }
        }
    }
}

/// The one value that a part of a list is, if it is not too long for that.
fn whole(value: &Value, cells: &[Cell]) -> Option<Cell> {
    match (value, cells) {
        (Value::Numbers(array), _) if array.data.len() <= LONGEST => {
            Some(Cell::Numbers(array.data.clone()))
        }
        (_, [Cell::Text(text)]) => Some(Cell::Text(text.clone())),
        (Value::Texts(texts), _) if texts.strings.len() <= LONGEST => {
            Some(Cell::Text(texts.strings.join(", ")))
        }
        _ => None,
    }
}

/// Of an array of several axes, if one of the first two has a row for each of some values.
pub(super) fn is_table(shape: &[usize], rows: usize) -> Option<bool> {
    let long: Vec<usize> = shape.iter().copied().filter(|&length| length != 1).collect();
    match long[..] {
        [] | [_] => None,
        [first, second] => {
            Some(first == rows && second <= LONGEST || second == rows && first <= LONGEST)
        }
        _ => Some(false),
    }
}

/// A number for each row, or several where the array has two axes.
fn of_numbers(shape: &[usize], data: &[f64], rows: usize) -> Vec<Cell> {
    let long: Vec<usize> = shape.iter().copied().filter(|&length| length != 1).collect();
    match long[..] {
        [first, second] if first == rows && second <= LONGEST => {
            data.chunks_exact(second).map(|row| Cell::Numbers(row.to_vec())).collect()
        }
        [first, second] if second == rows && first <= LONGEST => {
            let column = |row| data.iter().skip(row).step_by(second).copied().collect();
            (0..second).map(|row| Cell::Numbers(column(row))).collect()
        }
        _ => data.iter().map(|&number| Cell::Numbers(vec![number])).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_named_by_six_digits() {
        for (number, name) in [
            (45.0, "45"),
            (-88.40000153, "-88.4"),
            (0.1, "0.1"),
            (1.0 / 3.0, "0.333333"),
            (123456.7, "123457"),
            (1.5e-9, "1.5e-9"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(short(number), name);
        }
        assert_eq!(Cell::Numbers(vec![1.0, -0.5]).to_string(), "1, -0.5");
    }

    #[test]
    fn numbers_are_ordered_by_size() {
        let number = |number| Cell::Numbers(vec![number]);
        assert_eq!(number(9.0).order(&number(10.0)), Ordering::Less);
        assert_eq!(Cell::Text("9".into()).order(&Cell::Text("10".into())), Ordering::Greater);
        assert_eq!(number(9.0).order(&Cell::Text("1".into())), Ordering::Less);
    }

    #[test]
    fn two_axes_give_several_numbers_for_each_row_in_either_order() {
        let cells = |shape: &[usize], rows| {
            let data: Vec<f64> = (0..6).map(f64::from).collect();
            let cells = of_numbers(shape, &data, rows);
            cells.iter().map(Cell::to_string).collect::<Vec<_>>()
        };
        assert_eq!(cells(&[3, 2], 3), ["0, 1", "2, 3", "4, 5"]);
        assert_eq!(cells(&[2, 3], 3), ["0, 3", "1, 4", "2, 5"]);
        assert_eq!(cells(&[1, 6], 6).len(), 6);
        assert_eq!(cells(&[6, 1, 1], 6).len(), 6);
    }
}
