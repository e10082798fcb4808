//! Paths in which `*` stands for any part of a name: `units/*/times`, `sig*`.

use std::cmp::Ordering;

use crate::file::{Kind, Node, ReadError, ReadErrorKind, Source};

/// True if a name is the pattern, in which `*` stands for any characters.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            let ends = (0..=name.len()).filter(|&end| name.is_char_boundary(end));
            ends.into_iter().any(|end| fits(rest, &name[end..]))
        }),
    }
}

/// An array that a pattern leads to.
#[derive(Debug, PartialEq)]
pub(super) struct Match {
    /// Its path from the root.
    pub path: String,
    /// The first name in which the pattern has a `*`.
    pub name: String,
}

/// The arrays of numbers whose paths fit a pattern, in the order of their names, numbers in these
/// by size.
///
/// As in other paths, groups above the first name may be left out where only one place fits.
///
/// # Errors
///
/// If there is none, or they are in several places.
pub(super) fn arrays(source: &Source, pattern: &str) -> Result<Vec<Match>, ReadError> {
    // In files whose names are separated by /, a name may hold a point.
    let separator = if pattern.contains('/') { '/' } else { source.separator() };
    let pattern: Vec<&str> = pattern.trim_matches(['/', '.', ' ']).split(separator).collect();
    let mut found = Vec::new();
    visit(source.root(), &mut Vec::new(), &pattern, &mut found);
    let refused = |found: &str, expected: &str| {
        let (found, expected) = (format!("{found} {:?}", pattern.join("/")), expected.to_owned());
        Err(ReadError::of_file(source.path(), ReadErrorKind::Content { found, expected }))
    };
    // Those from the root, or else those from the one place below it.
    let least = found.iter().map(|(above, _)| above.len()).min();
    found.retain(|(above, _)| Some(above.len()) == least);
    let Some((place, _)) = found.first() else {
        return refused("has no array of numbers that fits", "one at least");
    };
    if found.iter().any(|(above, _)| above != place) {
        return refused("has several places that fit", "a pattern with more names");
    }
    let mut matches: Vec<Match> = found
        .into_iter()
        .map(|(above, names)| {
            let starred = pattern.iter().position(|part| part.contains('*')).unwrap_or(0);
            let name = names[starred].to_owned();
            let path = [above, names].concat().join(&source.separator().to_string());
            Match { path, name }
        })
        .collect();
    matches.sort_by(|a, b| by_number(&a.path, &b.path));
    Ok(matches)
}

/// The names above the place from which a pattern fits, and those that fit.
type Fitting<'a> = (Vec<&'a str>, Vec<&'a str>);

fn visit<'a>(
    group: &'a Node,
    above: &mut Vec<&'a str>,
    pattern: &[&str],
    found: &mut Vec<Fitting<'a>>,
) {
    for child in &group.children {
        above.push(&child.name);
        match child.kind {
            Kind::Numbers => {
                if let Some(start) = above.len().checked_sub(pattern.len())
                    && pattern.iter().zip(&above[start..]).all(|(part, name)| fits(part, name))
                {
                    found.push((above[..start].to_vec(), above[start..].to_vec()));
                }
            }
            Kind::Group => visit(child, above, pattern, found),
            _ => {}
        }
        above.pop();
    }
}

/// The order of names in which numbers are ordered by size: `unit9` before `unit10`.
fn by_number(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (rest_a, rest_b) = (a.trim_start_matches(digit), b.trim_start_matches(digit));
        let numbers = (&a[..a.len() - rest_a.len()], &b[..b.len() - rest_b.len()]);
        let (first_a, first_b) = (a.chars().next(), b.chars().next());
        let order = match numbers {
            ("", _) | (_, "") => first_a.cmp(&first_b),
            (a, b) => by_size(a, b),
        };
        if order.is_ne() || first_a.is_none() {
            return order;
        }
        // Behind the number, or behind the letter that both begin with.
        let letter = first_a.map_or(0, char::len_utf8);
        let is_number = !numbers.0.is_empty();
        (a, b) = if is_number { (rest_a, rest_b) } else { (&a[letter..], &b[letter..]) };
    }
}

/// The order of two numbers of any length.
fn by_size(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn digit(c: char) -> bool {
    c.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_characters() {
        assert!(fits("Activity_*", "Activity_0000") && fits("*", "x") && fits("a*c*", "abcd"));
        assert!(!fits("Activity_*", "Tracked") && !fits("a*c", "abcd"));
    }

    #[test]
    fn names_are_ordered_by_their_numbers() {
        let mut names = ["u10", "u9", "u010b", "u", "t11", "u1"];
        names.sort_by(|a, b| by_number(a, b));
        assert_eq!(names, ["t11", "u", "u1", "u9", "u10", "u010b"]);
    }
}
