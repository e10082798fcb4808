//! Paths into a file: `units/spike_times`, `trialData[].binCounts`, `D.decoders[0].name`.
//!
//! Names are separated by `/` or `.`, `[]` stands for all elements of a struct array or cell array
//! and `[i]` for one, counted from 1 in the formats of MATLAB and else from 0. A path may leave out the groups above its first name where
//! only one place fits: `encoding_table.start_time` is found in `intervals`.

use super::error::ReadErrorKind;
use super::node::{Kind, Node};

/// Where a path leads: to one part of the file, or for `[]` to one for each element.
#[derive(Clone, Debug)]
pub enum Found<'a> {
    /// One part.
    One(&'a Node),
    /// One for each element of an array, in their order.
    Each(Vec<Found<'a>>),
}

impl<'a> Found<'a> {
    /// All parts, one after the other.
    pub fn nodes(&self) -> Vec<&'a Node> {
        match self {
            Found::One(node) => vec![node],
            Found::Each(list) => list.iter().flat_map(Found::nodes).collect(),
        }
    }
}

/// How paths are written in a format.
#[derive(Clone, Copy)]
pub(super) struct Notation {
    /// What stands between names.
    pub separator: char,
    /// The number of the first element of a list.
    pub first_index: usize,
}

/// Follows a path from the root, or else from the one group from which it can be followed.
///
/// Returns the path from the root and where it leads.
///
/// # Errors
///
/// If it leads nowhere or to several places.
pub(super) fn find<'a>(
    root: &'a Node,
    notation: Notation,
    path: &str,
) -> Result<(String, Found<'a>), ReadErrorKind> {
    let path = path.trim_matches(['/', '.', ' ']);
    let flaw = match follow(root, notation.first_index, path) {
        Ok(found) => return Ok((path.to_owned(), found)),
        Err(flaw) => flaw,
    };
    let mut places = Vec::new();
    below(root, "", notation.separator, &mut |group, above| {
        places.extend(
            follow(group, notation.first_index, path)
                .ok()
                .map(|found| (format!("{above}{path}"), found)),
        );
    });
    match places.len() {
        0 => Err(flaw),
        1 => Ok(places.remove(0)),
        _ => {
            let paths: Vec<_> = places.iter().take(5).map(|(path, _)| path.as_str()).collect();
            let found =
                format!("has {} places called {path:?}: {}", places.len(), paths.join(", "));
            Err(ReadErrorKind::Content { found, expected: "a path with more names".to_owned() })
        }
    }
}

/// Visits all groups below the root that are not within a list.
fn below<'a>(group: &'a Node, path: &str, separator: char, each: &mut impl FnMut(&'a Node, &str)) {
    for child in group.children.iter().filter(|child| child.kind == Kind::Group) {
        let path = format!("{path}{}{separator}", child.name);
        each(child, &path);
        below(child, &path, separator, each);
    }
}

fn follow<'a>(node: &'a Node, base: usize, path: &str) -> Result<Found<'a>, ReadErrorKind> {
    let path = path.trim_start_matches(['/', '.']);
    if path.is_empty() {
        return Ok(Found::One(node));
    }
    if let Some(rest) = path.strip_prefix('[') {
        return element(node, base, rest);
    }
    if node.kind != Kind::Group {
        let found = format!("has at {:?} {}", node.name, node.what());
        let expected = match node.kind {
            Kind::Structs | Kind::Cells => {
                format!("[] behind it for all elements or [{base}] for the first, before {path:?}")
            }
            _ => format!("a group that has {path:?}"),
        };
        return Err(ReadErrorKind::Content { found, expected });
    }
    // Names may hold separators themselves, so that the longest that fits is meant.
    let ends = |rest: &str| rest.is_empty() || rest.starts_with(['/', '.', '[']);
    let fits = |child: &&Node| path.strip_prefix(child.name.as_str()).is_some_and(ends);
    let named = |child: &&Node| !child.name.is_empty();
    match node.children.iter().filter(named).filter(fits).max_by_key(|child| child.name.len()) {
        Some(child) => follow(child, base, &path[child.name.len()..]),
        None => {
            let present = node.children.iter().map(|child| child.name.clone()).collect();
            Err(ReadErrorKind::NoSuchArray { name: path.to_owned(), present })
        }
    }
}

/// Follows a path behind its `[`.
fn element<'a>(node: &'a Node, base: usize, path: &str) -> Result<Found<'a>, ReadErrorKind> {
    let refused = |found: String, expected: &str| {
        Err(ReadErrorKind::Content { found, expected: expected.to_owned() })
    };
    let Some((index, rest)) = path.split_once(']') else {
        return refused(format!("was asked for [{path}"), "] behind [");
    };
    // A struct that stands alone is an array of one.
    let elements = match node.kind {
        Kind::Structs | Kind::Cells => node.children.iter().collect(),
        Kind::Group => vec![node],
        _ => {
            return refused(
                format!("has at {:?} {}", node.name, node.what()),
                "a struct array or a cell array before []",
            );
        }
    };
    if index.is_empty() {
        let each = elements.into_iter().map(|element| follow(element, base, rest));
        return Ok(Found::Each(each.collect::<Result<_, _>>()?));
    }
    let position = index.parse::<usize>().ok().and_then(|index| index.checked_sub(base));
    match position.and_then(|position| elements.get(position)) {
        Some(element) => follow(element, base, rest),
        None => refused(
            format!("has at {:?} {}, without [{index}]", node.name, node.what()),
            &format!("an index from {base} to {}", elements.len() + base - 1),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(name: &str) -> Node {
        Node::leaf(name, Kind::Numbers, vec![3], "float64")
    }

    fn list(name: &str, kind: Kind, children: Vec<Node>) -> Node {
        Node { children, ..Node::leaf(name, kind, vec![2], "struct") }
    }

    fn tree() -> Node {
        let table = |name| Node::group(name, vec![numbers("start_time"), numbers("stop.time")]);
        let trial = || Node::group("", vec![numbers("counts")]);
        let intervals = Node::group("intervals", vec![table("one"), table("two")]);
        let trials = list("trial", Kind::Structs, vec![trial(), trial()]);
        let cells = list("cells", Kind::Cells, vec![numbers(""), numbers("")]);
        Node::group("", vec![intervals, trials, cells, numbers("a"), numbers("a/b")])
    }

    fn path(path: &str) -> Result<(String, usize), String> {
        let tree = tree();
        find(&tree, Notation { separator: '/', first_index: 0 }, path)
            .map(|(path, found)| (path, found.nodes().len()))
            .map_err(|flaw| flaw.to_string())
    }

    #[test]
    fn separators_brackets_and_short_paths_lead_to_the_same() {
        assert_eq!(path("/intervals/one/start_time"), Ok(("intervals/one/start_time".into(), 1)));
        assert_eq!(path("one.start_time"), Ok(("intervals/one.start_time".into(), 1)));
        assert_eq!(path("one.stop.time").unwrap().1, 1);
        assert_eq!(path("trial[].counts"), Ok(("trial[].counts".into(), 2)));
        assert_eq!(path("trial[1].counts").unwrap().1, 1);
        assert_eq!(path("cells[]").unwrap().1, 2);
        assert_eq!(path("intervals[].one").unwrap().1, 1);
        // An array called "a/b" is not part of the array "a".
        assert_eq!(path("a/b").unwrap().1, 1);
    }

    #[test]
    fn paths_that_lead_nowhere_say_what_is_there() {
        assert_eq!(
            path("b"),
            Err(r#"has no array "b", only "intervals", "trial", "cells", "a", "a/b""#.into())
        );
        assert_eq!(
            path("start_time"),
            Err("has 2 places called \"start_time\": intervals/one/start_time, \
             intervals/two/start_time, expected a path with more names"
                .into())
        );
        assert_eq!(path("trial.counts"), Err(
            "has at \"trial\" an array of 2 structs, expected [] behind it for all elements or \
             [0] for the first, before \"counts\"".into()
        ));
        assert!(path("trial[2].counts").unwrap_err().contains("without [2], expected an index"));
        assert!(path("trial[x].counts").unwrap_err().contains("without [x]"));
        assert!(path("trial[.counts").unwrap_err().contains("expected ] behind ["));
        assert!(path("a.c").unwrap_err().contains("has at \"a\" an array (3,) of float64"));
        assert!(path("a[]").unwrap_err().contains("expected a struct array or a cell array"));
    }
}
