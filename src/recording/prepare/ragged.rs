//! Columns of lists as NWB stores them: all lists one after the other, and where each ends.

use crate::file::{
    Array, Found, ReadError, Source, Texts, Value, check_index, check_number_of_lists,
};
use crate::scalar::Precision;

/// A list of numbers for each row.
pub(super) struct Lists {
    pub lists: Vec<Vec<f64>>,
    /// How the numbers are stored.
    pub precision: Precision,
}

/// The lists of a column of numbers, rows of an array of several axes one after the other; none if
/// there is no such column with an index.
///
/// # Errors
///
/// If the index does not fit, or either cannot be read.
pub(super) fn numbers(source: &mut Source, column: &str) -> Result<Option<Lists>, ReadError> {
    let Some(ends) = ends(source, column)? else { return Ok(None) };
    let values = source.numbers(column)?;
    let width: usize = values.shape.iter().skip(1).product();
    let ranges = ranges(&ends);
    let list = |range: (usize, usize)| values.data[range.0 * width..range.1 * width].to_vec();
    let lists = ranges.into_iter().map(list).collect();
    Ok(Some(Lists { lists, precision: values.precision }))
}

/// What a column holds: in NWB a list for each row if it has an index, else the array as it is.
///
/// # Errors
///
/// If it cannot be read, or its index does not fit.
pub(super) fn value(source: &mut Source, column: &str) -> Result<Value, ReadError> {
    let value = source.value(column)?;
    let is_flat = match &value {
        Value::Numbers(array) => array.shape.len() == 1,
        Value::Texts(texts) => texts.shape.len() == 1,
        Value::List(_) => false,
    };
    if !is_flat || !source.is_nwb() {
        return Ok(value);
    }
    match ends(source, column)? {
        Some(ends) => {
            Ok(Value::List(ranges(&ends).into_iter().map(|range| part(&value, range)).collect()))
        }
        None => Ok(value),
    }
}

/// Some elements of an array of one axis.
fn part(value: &Value, (start, end): (usize, usize)) -> Value {
    let shape = vec![end - start];
    match value {
        Value::Numbers(array) => {
            let (path, name, precision) = (array.path.clone(), array.name.clone(), array.precision);
            let data = array.data[start..end].to_vec();
            Value::Numbers(Array { shape, data, precision, path, name })
        }
        Value::Texts(texts) => {
            let strings = texts.strings[start..end].to_vec();
            Value::Texts(Texts { shape, strings, name: texts.name.clone() })
        }
        Value::List(list) => Value::List(list[start..end].to_vec()),
    }
}

/// Where the lists of a column end; none if it has no index.
fn ends(source: &mut Source, column: &str) -> Result<Option<Vec<usize>>, ReadError> {
    let index = format!("{column}_index");
    let (Ok((_, Found::One(data_node))), Ok((_, Found::One(index_node)))) =
        (source.find(column), source.find(&index))
    else {
        return Ok(None);
    };
    let (data_node, index_node) = (data_node.clone(), index_node.clone());
    let path = source.path().to_owned();
    let error = |flaw| ReadError::of_array(&path, column, flaw);
    check_number_of_lists(&index_node).map_err(error)?;
    let ends = source.numbers(&index)?;
    check_index(&ends.data, &data_node, &index_node).map_err(error)?;
    match ends.data.iter().find(|end| end.fract() != 0.0) {
        Some(end) => Err(source.error(&index, format!("holds {end}"), "whole numbers")),
        None => Ok(Some(ends.data.iter().map(|&end| end as usize).collect())),
    }
}

/// From where to where each list goes.
fn ranges(ends: &[usize]) -> Vec<(usize, usize)> {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts.zip(ends.iter().copied()).collect()
}
