//! Columns with a value for each trial or neuron, and conditions on them.

use serde::Serialize;

use super::cells::{self, Cell, Cells};
use super::options::{ColumnAt, OptionName, wrong_choice};
use super::ragged;
use super::trials::{Trial, Trials};
use crate::file::{ReadError, Source, Value};

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

/// The values of a column, `rows` of them where it is not plain how many there are.
///
/// # Errors
///
/// If it cannot be read, or has several axes none of which has a row for each value.
pub(super) fn read(source: &mut Source, path: &str, rows: usize) -> Result<Cells, ReadError> {
    let value = ragged::value(source, path)?;
    match &value {
        Value::Numbers(array) if cells::is_table(&array.shape, rows) == Some(false) => {
            Err(array.wrong_shape(format!("one value, or a few, for each of {rows}")))
        }
        _ => Ok(Cells::new(&value, rows)),
    }
}

/// The value that a column has for each trial, in the order of the trials.
///
/// The column has a value for each trial; or, if trials come from a list of arrays, for each of
/// these; or for each bin of the array or of each array, and then the same for all bins of a trial
/// unless `at` says which counts. A single value is that of all trials.
///
/// # Errors
///
/// If it has another number of values, or changes within a trial.
pub(super) fn of_trials(
    source: &mut Source,
    path: &str,
    trials: &Trials,
    at: Option<ColumnAt>,
) -> Result<Vec<Cell>, ReadError> {
    let places = trials.places;
    let cells = read(source, path, places.rows)?;
    let count = cells.each.len();
    if (count != places.rows || at.is_some())
        && let Some(bins) = of_bins(&cells, trials)
    {
        let each = bins.into_iter().zip(&trials.trials);
        let value = |(bins, trial): (&[Cell], &Trial)| {
            of_trial(bins, at).map_err(|(first, other)| {
                let trial = trial.row + source.first_index();
                let found = format!("changes from {first} to {other} in trial {trial}");
                let expected = format!(
                    "one value for all bins of a trial, or {} first, last or mode to say which \
                     counts",
                    OptionName::ColumnAt
                );
                wrong_choice(source, path, found, expected)
            })
        };
        return each.map(value).collect();
    }
    if count == places.rows {
        return Ok(trials.trials.iter().map(|trial| cells.each[trial.row].clone()).collect());
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

/// The values of the bins of each trial, if the column has one for each bin.
fn of_bins<'a>(cells: &'a Cells, trials: &Trials) -> Option<Vec<&'a [Cell]>> {
    let all = &trials.trials;
    if trials.places.bins > 0 && cells.each.len() == trials.places.bins {
        return Some(all.iter().map(|trial| &cells.each[trial.bins.clone()]).collect());
    }
    let parts = cells.parts.as_ref().filter(|parts| parts.len() == trials.places.parts)?;
    let fits = |trial: &Trial| parts[trial.part].len() == trial.length;
    let are_many = all.iter().any(|trial| trial.length > 1);
    (are_many && all.iter().all(fits))
        .then(|| all.iter().map(|trial| &parts[trial.part][trial.bins.clone()]).collect())
}

/// The value of a trial from those of its bins; two that differ if nothing says which counts.
fn of_trial(bins: &[Cell], at: Option<ColumnAt>) -> Result<Cell, (Cell, Cell)> {
    let [first, .., last] = bins else {
        return Ok(bins.first().cloned().unwrap_or(Cell::Numbers(vec![f64::NAN])));
    };
    match at {
        Some(ColumnAt::First) => Ok(first.clone()),
        Some(ColumnAt::Last) => Ok(last.clone()),
        Some(ColumnAt::Mode) => {
            let (places, _) = categories(bins, Order::Appearance);
            let count = |place: usize| places.iter().filter(|&&other| other == place).count();
            // Of equals, max_by_key takes the last one.
            let most = (0..bins.len()).rev().max_by_key(|&bin| count(places[bin]));
            Ok(bins[most.unwrap_or(0)].clone())
        }
        None => match bins.iter().find(|cell| cell.order(first).is_ne()) {
            None => Ok(first.clone()),
            Some(other) => Err((first.clone(), other.clone())),
        },
    }
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
    at: Option<ColumnAt>,
) -> Result<Vec<bool>, ReadError> {
    let cells = of_trials(source, &filter.column, trials, at)?;
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
    let cells = read(source, &filter.column, neurons)?.each;
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
    fn of_bins_that_differ_one_is_chosen() {
        let bins = [3.0, 1.0, 1.0, 2.0, 2.0].map(number);
        let at = |at| of_trial(&bins, Some(at)).map(|cell| cell.to_string()).ok();
        assert_eq!(at(ColumnAt::First).as_deref(), Some("3"));
        assert_eq!(at(ColumnAt::Last).as_deref(), Some("2"));
        // Of two that are equally frequent the one that comes first.
        assert_eq!(at(ColumnAt::Mode).as_deref(), Some("1"));
        assert!(of_trial(&bins, None).is_err() && of_trial(&bins[1..3], None).is_ok());
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
