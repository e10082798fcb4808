//! Columns with a value for each trial or neuron, and conditions on them.

use serde::Serialize;

use super::cells::{Cell, Cells};
use super::trials::Trials;
use crate::recording::error::ReadError;
use crate::recording::source::Source;

/// A condition on a column: `success=1`, `type!=observation`, `RT<2`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Filter {
    /// Where the column is.
    pub column: String,
    /// How its values are compared: `=`, `!=`, `<`, `<=`, `>` or `>=`.
    pub comparison: &'static str,
    /// With what they are compared.
    pub value: String,
}

impl Filter {
    /// Reads a condition.
    ///
    /// # Errors
    ///
    /// If there is no comparison between two names.
    pub fn parse(text: &str) -> Result<Filter, String> {
        // Those of two characters first, so that <= is not taken for <.
        let comparisons = ["!=", "<=", ">=", "=", "<", ">"];
        let at = |c: &&str| text.find(*c).map(|place| (place, std::cmp::Reverse(c.len())));
        let first = comparisons.into_iter().filter(|c| at(c).is_some()).min_by_key(at);
        let parts = first.and_then(|c| text.split_once(c).map(|(name, value)| (name, c, value)));
        match parts {
            Some((column, comparison, value)) if !column.trim().is_empty() => Ok(Filter {
                column: column.trim().to_owned(),
                comparison,
                value: value.trim().trim_matches(['"', '\'']).to_owned(),
            }),
            _ => Err(format!("expected COLUMN=VALUE (or !=, <, <=, >, >=), found {text:?}")),
        }
    }

    /// True if a value fulfils the condition; numbers are compared as numbers.
    fn holds(&self, cell: &Cell) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let order = match (cell.number(), self.value.parse::<f64>()) {
            // A value that is missing is equal to nothing.
            (Some(number), Ok(value)) => number.partial_cmp(&value),
            (Some(_), Err(_)) => None,
            _ => Some(cell.to_string().as_str().cmp(&self.value)),
        };
        match self.comparison {
            "=" => order == Some(Equal),
            "!=" => order != Some(Equal),
            "<" => order == Some(Less),
            "<=" => matches!(order, Some(Less | Equal)),
            ">" => order == Some(Greater),
            _ => matches!(order, Some(Greater | Equal)),
        }
    }
}

/// The value that a column has for each trial, in the order of the trials.
///
/// The column has a value for each trial; or, if trials come from a list of arrays, for each of
/// these; or, if they are cut from a continuous array, for each bin, and then the same for all bins
/// of a trial. A single value is that of all trials.
///
/// # Errors
///
/// If it has another number of values, or changes within a trial.
pub(super) fn of_trials(
    source: &mut Source,
    path: &str,
    trials: &Trials,
) -> Result<Vec<Cell>, ReadError> {
    let places = trials.places;
    let value = source.value(path)?;
    let cells = Cells::new(&value, places.rows);
    let count = cells.each.len();
    if count == places.rows {
        return Ok(trials.trials.iter().map(|trial| cells.each[trial.row].clone()).collect());
    }
    if places.bins > 0 && count == places.bins {
        let each = trials.trials.iter().enumerate();
        return each
            .map(|(index, trial)| {
                let bins = &cells.each[trial.bins.clone()];
                let differs = |cell: &&Cell| cell.order(&bins[0]).is_ne();
                match bins.iter().find(differs) {
                    None => Ok(bins[0].clone()),
                    Some(other) => {
                        let found = format!("changes from {} to {other} in trial {index}", bins[0]);
                        Err(source.error(path, found, "one value for all bins of a trial"))
                    }
                }
            })
            .collect();
    }
    let single = |part: &Vec<Cell>| part.len() == 1;
    let of_parts = cells.parts.is_none() || cells.parts.iter().flatten().all(single);
    if count == places.parts && of_parts {
        return Ok(trials.trials.iter().map(|trial| cells.each[trial.part].clone()).collect());
    }
    if let [only] = &cells.each[..] {
        return Ok(vec![only.clone(); trials.trials.len()]);
    }
    let mut expected = format!("one for each of {} trials", places.rows);
    if places.bins > 0 {
        expected += &format!(" or {} bins", places.bins);
    }
    if places.parts > 1 {
        expected += &format!(" or {} parts", places.parts);
    }
    Err(source.error(path, format!("has {count} values"), expected))
}

/// Which of the trials fulfil a condition.
///
/// # Errors
///
/// As for [`of_trials`].
pub(super) fn fulfilled(
    source: &mut Source,
    filter: &Filter,
    trials: &Trials,
) -> Result<Vec<bool>, ReadError> {
    let cells = of_trials(source, &filter.column, trials)?;
    Ok(cells.iter().map(|cell| filter.holds(cell)).collect())
}

/// Which of the neurons fulfil a condition on a column with a value for each of them.
///
/// # Errors
///
/// If it has another number of values.
pub(super) fn fulfilled_by_neurons(
    source: &mut Source,
    filter: &Filter,
    neurons: usize,
) -> Result<Vec<bool>, ReadError> {
    let value = source.value(&filter.column)?;
    let cells = Cells::new(&value, neurons).each;
    if cells.len() != neurons {
        let found = format!("has {} values", cells.len());
        let expected = format!("one for each of {neurons} neurons");
        return Err(source.error(&filter.column, found, expected));
    }
    Ok(cells.iter().map(|cell| filter.holds(cell)).collect())
}

/// How the distinct values of a column are ordered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Numbers by size, text by letters.
    Sorted,
    /// As they first appear.
    Appearance,
}

/// The distinct values of a column by name, and which one each row has.
pub(super) fn categories(cells: &[Cell], order: Order) -> (Vec<usize>, Vec<String>) {
    let mut distinct: Vec<(String, &Cell)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for cell in cells {
        let name = cell.to_string();
        if !places.contains_key(&name) {
            places.insert(name.clone(), distinct.len());
            distinct.push((name, cell));
        }
    }
    if order == Order::Sorted {
        distinct.sort_by(|a, b| a.1.order(b.1));
        for (place, (name, _)) in distinct.iter().enumerate() {
            places.insert(name.clone(), place);
        }
    }
    let indices = cells.iter().map(|cell| places[&cell.to_string()]).collect();
    (indices, distinct.into_iter().map(|(name, _)| name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(filter: &str, cell: Cell) -> bool {
        Filter::parse(filter).unwrap().holds(&cell)
    }

    fn number(number: f64) -> Cell {
        Cell::Numbers(vec![number])
    }

    #[test]
    fn conditions_compare_numbers_as_numbers_and_text_as_text() {
        for (filter, held) in [
            ("a=10", true),
            ("a = 10.0", true),
            ("a!=10", false),
            ("a<9", false),
            ("a<=10", true),
            ("a>9", true),
            ("a>=10.5", false),
        ] {
            assert_eq!(holds(filter, number(10.0)), held, "{filter}");
        }
        assert!(holds("a=left", Cell::Text("left".into())));
        assert!(holds("a!='right'", Cell::Text("left".into())));
        assert!(holds("a=2", Cell::Text("2".into())));
        assert!(!holds("a=left", number(1.0)));
        for filter in ["a=1", "a<1", "a>=1"] {
            assert!(!holds(filter, number(f64::NAN)), "{filter}");
        }
        assert!(Filter::parse("left").unwrap_err().starts_with("expected COLUMN=VALUE"));
        assert!(Filter::parse("=3").is_err());
    }

    #[test]
    fn categories_are_numbered_by_their_order() {
        let cells = [number(10.0), number(9.0), number(10.0)];
        let (indices, names) = categories(&cells, Order::Sorted);
        assert_eq!((indices, names), (vec![1, 0, 1], vec!["9".to_owned(), "10".to_owned()]));
        let (indices, names) = categories(&cells, Order::Appearance);
        assert_eq!((indices, names), (vec![0, 1, 0], vec!["10".to_owned(), "9".to_owned()]));
    }
}
