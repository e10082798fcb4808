//! Lists of arrays that have several axes themselves: cell arrays of trials by neurons, and lists
//! in lists. Nothing says which axis is which, so that the options have to.

use crate::file::{Kind, Node, ReadError, Source, Value};

/// The axes of a list.
pub(super) struct ListAxes {
    /// Their lengths, without those of length 1.
    pub lengths: Vec<usize>,
    /// If it is a list of lists, and not one of several axes.
    pub nested: bool,
    /// If the first index runs fastest, as in MATLAB.
    first_fastest: bool,
}

/// The path of all elements, of a path that leads to a list.
///
/// # Errors
///
/// If the path leads nowhere.
pub(super) fn with_brackets(source: &Source, path: &str) -> Result<String, ReadError> {
    let found = source.find(path)?.1;
    let is_list = found.nodes().iter().all(|node| matches!(node.kind, Kind::Cells | Kind::Structs));
    Ok(format!("{path}{}", if is_list { "[]" } else { "" }))
}

/// The axes of the list that a path with `[]` leads to.
///
/// # Errors
///
/// If a list of lists has such of several axes, or of different lengths.
pub(super) fn read(source: &Source, path: &str) -> Result<ListAxes, ReadError> {
    let mut levels: Vec<Vec<&Node>> = Vec::new();
    for (place, _) in path.match_indices("[]") {
        levels.push(source.find(&path[..place])?.1.nodes());
    }
    // MATLAB v7.3 shows its axes in reverse, so that the last index runs fastest there.
    let first_fastest = source.format().starts_with("MATLAB") && !is_hdf5(source);
    let long = |node: &Node| node.shape.iter().copied().filter(|&n| n != 1).collect::<Vec<_>>();
    if let [only] = &levels[..] {
        let lengths = only.first().map_or_else(Vec::new, |node| long(node));
        return Ok(ListAxes { lengths, nested: false, first_fastest });
    }
    let mut lengths = Vec::new();
    for nodes in &levels {
        if let Some(node) = nodes.iter().find(|node| long(node).len() > 1) {
            let found = format!("holds {} of several axes in a list", node.what());
            return Err(source.error(path, found, "lists of one axis in a list"));
        }
        let count = |node: &&Node| if node.kind == Kind::Group { 1 } else { node.children.len() };
        let first = nodes.first().map_or(0, count);
        if let Some(other) = nodes.iter().map(count).find(|&other| other != first) {
            let found = format!("is a list of lists of {first} and of {other} arrays");
            return Err(source.error(path, found, "lists of one length"));
        }
        lengths.push(first);
    }
    Ok(ListAxes { lengths, nested: true, first_fastest })
}

fn is_hdf5(source: &Source) -> bool {
    source.format().ends_with("(HDF5)")
}

impl ListAxes {
    /// All elements in the order of the file, by which columns have a value for each, too.
    pub fn one_by_one(list: Vec<Value>) -> Vec<Value> {
        list.into_iter().flat_map(elements).collect()
    }

    /// The elements of a list of two axes by trial, if the first axis is that of the trials or else
    /// the second one is.
    pub fn by_trial(&self, list: Vec<Value>, trials_first: bool) -> Vec<Vec<Value>> {
        let (&[first, second], false) = (&self.lengths[..], list.is_empty()) else {
            return Vec::new();
        };
        let mut elements: Vec<Option<Value>> =
            ListAxes::one_by_one(list).into_iter().map(Some).collect();
        let place = |i: usize, j: usize| {
            if self.first_fastest && !self.nested { i + j * first } else { i * second + j }
        };
        let (trials, neurons) = if trials_first { (first, second) } else { (second, first) };
        let mut trial = |k: usize| {
            let of_neuron = |n| if trials_first { place(k, n) } else { place(n, k) };
            (0..neurons).filter_map(|n| elements.get_mut(of_neuron(n))?.take()).collect()
        };
        (0..trials).map(&mut trial).collect()
    }
}

fn elements(value: Value) -> Vec<Value> {
    match value {
        Value::List(list) => list,
        value => vec![value],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::Texts;

    fn named(names: &str) -> Vec<Value> {
        let text = |name: char| {
            let strings = vec![name.to_string()];
            Value::Texts(Texts { shape: vec![], strings, name: String::new() })
        };
        names.chars().map(text).collect()
    }

    fn names(trials: Vec<Vec<Value>>) -> Vec<String> {
        let name = |value: &Value| match value {
            Value::Texts(texts) => texts.strings.concat(),
            _ => panic!("text"),
        };
        trials.iter().map(|trial| trial.iter().map(name).collect()).collect()
    }

    #[test]
    fn elements_are_found_in_either_order_of_axes_and_of_storage() {
        let axes = |first_fastest| ListAxes { lengths: vec![2, 3], nested: false, first_fastest };
        let by_trial = |fastest, first| names(axes(fastest).by_trial(named("abcdef"), first));
        assert_eq!(by_trial(false, true), ["abc", "def"]);
        assert_eq!(by_trial(false, false), ["ad", "be", "cf"]);
        assert_eq!(by_trial(true, true), ["ace", "bdf"]);
        assert_eq!(by_trial(true, false), ["ab", "cd", "ef"]);
        let nested = ListAxes { nested: true, ..axes(true) };
        let lists = vec![Value::List(named("abc")), Value::List(named("def"))];
        assert_eq!(names(nested.by_trial(lists, false)), ["ad", "be", "cf"]);
    }
}
