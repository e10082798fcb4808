//! A summary of a fit or of a cross-validation as tables, without knowing what its fields mean.

use serde_json::{Map, Value};

use super::sheet::{Cell, Sheet};

/// Its plain values in one table, and one table more for each list of objects or object of
/// objects in it.
pub fn outline(summary: &Value) -> Vec<Sheet> {
    let Value::Object(fields) = summary else { return Vec::new() };
    let plain = fields.iter().filter(|(name, value)| is_plain(value) && *name != "schema");
    let plain = plain.map(|(name, value)| vec![Cell::Words(words(name)), cell(value)]);
    let mut sheets = vec![Sheet {
        caption: "Summary".into(),
        headers: vec!["name".into(), "value".into()],
        naming: 1,
        rows: plain.collect(),
    }];
    let mut alone = Map::new();
    for (name, value) in fields {
        match value {
            Value::Array(items) => {
                let rows = items.iter().filter_map(Value::as_object).map(|row| (None, row));
                sheets.extend(table(words(name), &rows.collect::<Vec<_>>()));
            }
            Value::Object(inner) if inner.values().all(Value::is_object) => {
                let rows =
                    inner.iter().filter_map(|(key, row)| Some((Some(key), row.as_object()?)));
                sheets.extend(table(words(name), &rows.collect::<Vec<_>>()));
            }
            Value::Object(_) => {
                alone.insert(name.clone(), value.clone());
            }
            _ => {}
        }
    }
    // Objects that stand beside each other, such as the scores of a fit, are rows of one table.
    let rows = alone.iter().filter_map(|(key, row)| Some((Some(key), row.as_object()?)));
    sheets.extend(table("Scores".into(), &rows.collect::<Vec<_>>()));
    sheets
}

/// Rows with names, or whose first field names them; columns are the fields of the first one.
fn table(caption: String, rows: &[(Option<&String>, &Map<String, Value>)]) -> Option<Sheet> {
    let (first_name, first) = rows.first()?;
    let names: Vec<_> = first.iter().filter(|(_, value)| is_plain(value)).map(|(n, _)| n).collect();
    let row = |(name, fields): &(Option<&String>, &Map<String, Value>)| {
        let named = name.map(|name| Cell::Words(words(name)));
        let cells = names.iter().map(|name| fields.get(*name).map_or(cell(&Value::Null), cell));
        named.into_iter().chain(cells).collect()
    };
    let corner = first_name.map(|_| "name".to_owned());
    Some(Sheet {
        caption,
        headers: corner.into_iter().chain(names.iter().map(|name| words(name))).collect(),
        naming: 1,
        rows: rows.iter().map(row).collect(),
    })
}

fn is_plain(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(whole), _) => Cell::Written(whole.to_string()),
            (None, Some(number)) => Cell::Number(number),
            (None, None) => Cell::Words(number.to_string()),
        },
        Value::String(text) => Cell::Words(text.clone()),
        Value::Null => Cell::Words("–".into()),
        other => Cell::Words(other.to_string()),
    }
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}
