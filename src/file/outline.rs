//! What is in a file, in few lines: the tree with like parts shown once.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::error::{ReadError, ReadErrorKind, Shape};
use super::node::{Kind, Node};
use super::source::Source;

/// So many siblings of like names and like content become one line.
const MANY: usize = 4;

/// A part of a file, or several that are alike.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// The path from the root, with `[]` for the elements of lists.
    pub path: String,
    /// The last name of the path, as it stands under the part above.
    #[serde(skip)]
    pub name: String,
    /// How many parts are above.
    #[serde(skip)]
    pub depth: usize,
    /// What it is; of several parts what those are that are read.
    #[serde(skip)]
    pub kind: Kind,
    /// The type of the elements of an array, or what kind of group it is.
    #[serde(rename = "type")]
    pub element: String,
    /// The lengths of the axes as Python writes them, with ranges where they differ from element
    /// to element: `(12..173, 96) or empty`. Nothing for groups.
    pub shape: String,
    /// The unit, if the file says one.
    pub unit: Option<String>,
    /// How the values are made of the stored ones, if by a rule of the format.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scaled: Option<String>,
    /// What the file says of it.
    pub note: Option<String>,
    /// What is taken for granted in reading it; of several parts the first of which something is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assumed: Option<String>,
    /// Why it is not read, or what of it; of several parts why the first that is not.
    pub unread: Option<String>,
    /// The first values, of the first that has any.
    pub first: Vec<Sample>,
    /// How many siblings this one stands for.
    pub alike: usize,
    /// The name of the last of them.
    pub last: Option<String>,
}

/// A value that is shown of an array.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Sample {
    /// A number.
    Number(f64),
    /// A string.
    Text(String),
}

impl Sample {
    /// The number, if it is a finite one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Sample::Number(number) => Some(*number).filter(|number| number.is_finite()),
            Sample::Text(_) => None,
        }
    }
}

/// Lists what is in a file, with the first `count` values of each array, and what is damaged.
///
/// Siblings whose names differ only in digits and which hold the same are listed once, and so are
/// the elements of struct and cell arrays. Empty groups are passed over.
pub fn outline(source: &mut Source, count: usize) -> (Vec<Entry>, Vec<ReadError>) {
    let root = source.root().clone();
    let (entries, damage) = (Vec::new(), Vec::new());
    let mut outline = Outline { separator: source.separator(), source, count, entries, damage };
    if root.unread.is_some() {
        outline.node(
            &[&Node { children: vec![], ..root.clone() }],
            String::new(),
            "/".to_owned(),
            0,
        );
    }
    outline.children(&[&root], "", 0);
    (outline.entries, outline.damage)
}

struct Outline<'s> {
    source: &'s mut Source,
    separator: char,
    count: usize,
    entries: Vec<Entry>,
    damage: Vec<ReadError>,
}

/// So many elements of different kinds are listed one by one.
const DIFFERENT: usize = 8;

impl Outline<'_> {
    /// The parts of like groups, by name.
    fn children(&mut self, groups: &[&Node], path: &str, depth: usize) {
        for Alike { names, nodes } in alike(by_name(groups)) {
            if nodes.iter().all(|node| node.element == "group" && node.children.is_empty()) {
                continue;
            }
            let path = match path {
                "" => names[0].to_owned(),
                path => format!("{path}{}{}", self.separator, names[0]),
            };
            let entry = self.entries.len();
            self.node(&nodes, path, names[0].to_owned(), depth);
            self.entries[entry].alike = names.len();
            if let [_, .., last] = names[..] {
                self.entries[entry].last = Some(last.to_owned());
            }
        }
    }

    /// One part, or several that are alike.
    fn node(&mut self, nodes: &[&Node], path: String, name: String, depth: usize) {
        // What is not read does not hide what those are that are.
        let is_read = |node: &&&Node| node.kind != Kind::Unreadable;
        let readable: Vec<&Node> = nodes.iter().filter(is_read).copied().collect();
        let shown = if readable.is_empty() { nodes } else { &readable };
        let of_kind = |kind| shown.iter().all(|node| node.kind == kind);
        let is_list = of_kind(Kind::Structs) || of_kind(Kind::Cells);
        let brackets = if is_list { "[]" } else { "" };
        let (path, name) = (format!("{path}{brackets}"), format!("{name}{brackets}"));
        let (values, flaw) = match self.values(&readable) {
            Ok(values) => (values, self.broken(nodes)),
            Err(flaw) => (Vec::new(), Some(flaw)),
        };
        self.entries.push(Entry {
            path: path.clone(),
            name,
            depth,
            kind: shown[0].kind,
            element: element(nodes),
            shape: if of_kind(Kind::Group) { String::new() } else { shape(shown) },
            unit: shown[0].unit.clone(),
            scaled: shown[0].scaled.clone(),
            note: shown[0].note.clone(),
            assumed: nodes.iter().find_map(|node| node.assumed.clone()),
            unread: flaw.as_ref().map(ReadErrorKind::to_string).or_else(|| unread(nodes)),
            first: values,
            alike: 1,
            last: None,
        });
        if let Some(flaw) = flaw.filter(is_damage) {
            self.damage.push(ReadError::of_array(self.source.path(), &path, flaw));
        }
        if of_kind(Kind::Group) {
            self.children(shown, &path, depth + 1);
        } else if is_list {
            self.elements(shown, &path, depth + 1);
        }
    }

    /// The elements of lists: as one if they are of one kind, else one by one.
    fn elements(&mut self, lists: &[&Node], path: &str, depth: usize) {
        let elements: Vec<&Node> = lists.iter().flat_map(|node| &node.children).collect();
        if elements.is_empty() {
            return;
        }
        let mut kinds =
            elements.iter().map(|element| element.kind).filter(|k| *k != Kind::Unreadable);
        let kind = kinds.next().unwrap_or(Kind::Unreadable);
        if kinds.all(|other| other == kind) {
            match kind {
                Kind::Group => self.children(&elements, path, depth),
                _ => self.node(&elements, path.to_owned(), "each".to_owned(), depth),
            }
            return;
        }
        let base = self.source.first_index();
        let above = path.strip_suffix("[]").unwrap_or(path);
        for (index, element) in lists[0].children.iter().take(DIFFERENT).enumerate() {
            let name = format!("[{}]", index + base);
            self.node(&[element], format!("{above}{name}"), name, depth);
        }
    }

    /// How the first of some parts is broken that is.
    fn broken(&mut self, nodes: &[&Node]) -> Option<ReadErrorKind> {
        let unread = nodes.iter().filter(|node| node.kind == Kind::Unreadable);
        unread
            .filter_map(|node| node.content)
            .find_map(|content| self.source.first(content, 1).err())
    }

    fn values(&mut self, nodes: &[&Node]) -> Result<Vec<Sample>, ReadErrorKind> {
        let readable = nodes.iter().filter(|node| !node.is_empty());
        match readable.filter_map(|node| node.content).next() {
            Some(content) => self.source.first(content, self.count),
            None => Ok(Vec::new()),
        }
    }
}

/// True if the file is broken, and not only of a kind that is not read.
fn is_damage(flaw: &ReadErrorKind) -> bool {
    matches!(
        flaw,
        ReadErrorKind::Damaged { .. }
            | ReadErrorKind::TooShort { .. }
            | ReadErrorKind::TooLong { .. }
            | ReadErrorKind::Io(_)
    )
}

/// The parts of groups, each name with all nodes that have it, in the order of the file.
fn by_name<'a>(groups: &[&'a Node]) -> Vec<(&'a str, Vec<&'a Node>)> {
    let mut places = HashMap::new();
    let mut parts: Vec<(&str, Vec<&Node>)> = Vec::new();
    for child in groups.iter().flat_map(|group| &group.children) {
        let place = *places.entry(child.name.as_str()).or_insert(parts.len());
        if place == parts.len() {
            parts.push((&child.name, Vec::new()));
        }
        parts[place].1.push(child);
    }
    parts
}

/// Parts that are listed as one.
#[derive(Default)]
struct Alike<'a> {
    names: Vec<&'a str>,
    nodes: Vec<&'a Node>,
}

/// Names with their nodes; of those with the same [`likeness`] are [`MANY`] or more one.
fn alike<'a>(parts: Vec<(&'a str, Vec<&'a Node>)>) -> Vec<Alike<'a>> {
    let mut families: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, (name, nodes)) in parts.iter().enumerate() {
        if let Some(likeness) = likeness(name, nodes[0]) {
            families.entry(likeness).or_default().push(place);
        }
    }
    // The place of the part under which each is listed: of a large family that of the first.
    let mut listed: Vec<usize> = (0..parts.len()).collect();
    for family in families.into_values().filter(|family| family.len() >= MANY) {
        family.iter().for_each(|&place| listed[place] = family[0]);
    }
    let mut merged: BTreeMap<usize, Alike> = BTreeMap::new();
    for ((name, nodes), place) in parts.into_iter().zip(listed) {
        let alike = merged.entry(place).or_default();
        alike.names.push(name);
        alike.nodes.extend(nodes);
    }
    merged.into_values().collect()
}

/// The name with one `#` for all digits in a row, and what the part holds; `None` of a name without
/// digits.
fn likeness(name: &str, node: &Node) -> Option<String> {
    let mut pattern = String::new();
    for c in name.chars() {
        let c = if c.is_ascii_digit() { '#' } else { c };
        if c != '#' || !pattern.ends_with('#') {
            pattern.push(c);
        }
    }
    pattern.contains('#').then(|| format!("{pattern}\n{}", signature(node)))
}

/// What like parts have in common: kinds, types, names and numbers of axes.
fn signature(node: &Node) -> String {
    let parts: Vec<_> =
        node.children.iter().map(|child| format!("{}:{}", child.name, signature(child))).collect();
    format!("{:?} {} {} ({})", node.kind, node.element, node.shape.len(), parts.join(","))
}

/// Why some of like parts are not read, and how many of them.
fn unread(nodes: &[&Node]) -> Option<String> {
    let mut reasons = nodes.iter().filter_map(|node| node.unread.as_ref());
    let first = reasons.next()?;
    match 1 + reasons.count() {
        count if count == nodes.len() => Some(first.clone()),
        count => Some(format!("{first} ({count} of {})", nodes.len())),
    }
}

/// The type of all elements; several if they differ.
fn element(nodes: &[&Node]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for node in nodes {
        if !names.contains(&node.element.as_str()) {
            names.push(&node.element);
        }
    }
    names.join(" or ")
}

/// The shape of all arrays, with ranges where they differ; of empty ones it is only said that
/// there are some.
fn shape(nodes: &[&Node]) -> String {
    let full: Vec<&[usize]> =
        nodes.iter().filter(|node| !node.is_empty()).map(|node| &node.shape[..]).collect();
    let Some(&first) = full.first() else { return Shape(&nodes[0].shape).to_string() };
    let or_empty = if full.len() < nodes.len() { " or empty" } else { "" };
    if full.iter().all(|shape| *shape == first) {
        return format!("{}{or_empty}", Shape(first));
    }
    if full.iter().any(|shape| shape.len() != first.len()) {
        return "various".to_owned();
    }
    let range = |axis: usize| {
        let lengths = full.iter().map(|shape| shape[axis]);
        let (least, most) = (lengths.clone().min(), lengths.max());
        let (least, most) = (least.unwrap_or(0), most.unwrap_or(0));
        if least == most { least.to_string() } else { format!("{least}..{most}") }
    };
    let lengths: Vec<_> = (0..first.len()).map(range).collect();
    format!("({}{}){or_empty}", lengths.join(", "), if first.len() == 1 { "," } else { "" })
}
