//! The tree of what a file holds, the same for all formats.

use super::error::{ReadErrorKind, Shape};

/// Parts that the tree of a file may have: no recording has as many, a hostile file might.
pub(super) const MAX_NODES: usize = 1 << 20;

/// How deep the tree of a file may be.
pub(super) const DEEPEST: usize = 64;

/// A part of a file: a group of named parts, an array, or something that is not read.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name in the group above; empty for the elements of a list.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The lengths of the axes; empty for groups and single numbers.
    pub shape: Vec<usize>,
    /// The type of the elements, such as `float64`, or what kind of group it is.
    pub element: String,
    /// The unit, if the file says one.
    pub unit: Option<String>,
    /// Samples for each second, of the start of a series of which no times are stored.
    pub rate: Option<f64>,
    /// How the numbers that are read are made of those that are stored, if by a rule of the format.
    pub scaled: Option<String>,
    /// What the file says of it.
    pub note: Option<String>,
    /// What is taken for granted in reading it, where the file does not say.
    pub assumed: Option<String>,
    /// Why it is not read; of an array or a group that is, what of it is not.
    pub unread: Option<String>,
    /// The parts of a group by name, or the elements of a list in the order of the file.
    pub children: Vec<Node>,
    /// Under which number the reader of the format knows the array.
    pub(super) content: Option<usize>,
}

/// What a part of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Named parts.
    Group,
    /// The elements of a struct array, each a group; written `[]` in a path.
    Structs,
    /// The elements of a cell array; written `[]` in a path.
    Cells,
    /// An array of numbers.
    Numbers,
    /// An array of strings.
    Text,
    /// Something that is there and not read; `unread` says why.
    Unreadable,
}

impl Node {
    /// A group of named parts.
    pub(super) fn group(name: impl Into<String>, children: Vec<Node>) -> Node {
        Node { children, ..Node::leaf(name, Kind::Group, vec![], "group") }
    }

    /// A node without parts.
    pub(super) fn leaf(
        name: impl Into<String>,
        kind: Kind,
        shape: Vec<usize>,
        element: impl Into<String>,
    ) -> Node {
        Node {
            name: name.into(),
            kind,
            shape,
            element: element.into(),
            unit: None,
            rate: None,
            scaled: None,
            note: None,
            assumed: None,
            unread: None,
            children: Vec::new(),
            content: None,
        }
    }

    /// A part that is not read.
    pub(super) fn unreadable(
        name: impl Into<String>,
        shape: Vec<usize>,
        element: impl Into<String>,
        why: impl Into<String>,
    ) -> Node {
        Node { unread: Some(why.into()), ..Node::leaf(name, Kind::Unreadable, shape, element) }
    }

    /// The part of this name.
    pub fn child(&self, name: &str) -> Option<&Node> {
        match self.kind {
            Kind::Group => self.children.iter().find(|child| child.name == name),
            _ => None,
        }
    }

    /// Number of elements, the product of the shape.
    pub fn len(&self) -> usize {
        self.shape.iter().fold(1_usize, |product, &length| product.saturating_mul(length))
    }

    /// True if an axis has length 0.
    pub fn is_empty(&self) -> bool {
        self.shape.contains(&0)
    }

    /// As the subject's complement of a sentence: `an array of 3 structs`.
    pub(crate) fn what(&self) -> String {
        match self.kind {
            Kind::Group => format!("a {}", self.element),
            Kind::Structs => format!("an array of {} structs", self.children.len()),
            Kind::Cells => format!("a cell array of {} elements", self.children.len()),
            Kind::Numbers | Kind::Text | Kind::Unreadable => {
                format!("an array {} of {}", Shape(&self.shape), self.element)
            }
        }
    }
}

/// Counts the parts of a file while its tree grows.
pub(super) struct NodeBudget {
    spent: usize,
    most: usize,
}

impl NodeBudget {
    /// For a file of so many bytes. A part takes some of them, and lists of like parts are made small
    /// by compression: a tree out of proportion is no recording.
    pub fn of_file(length: u64) -> Self {
        /// Parts that a file of any size may have.
        const ALWAYS: usize = 1 << 16;
        /// Bytes of a file for each part more.
        const EACH: u64 = 8;
        let of_length = usize::try_from(length / EACH).unwrap_or(usize::MAX);
        NodeBudget { spent: 0, most: of_length.clamp(ALWAYS, MAX_NODES) }
    }

    /// Counts one part at some depth.
    ///
    /// # Errors
    ///
    /// If there are more than a recording can have, or they are nested more deeply.
    pub fn spend(&mut self, depth: usize) -> Result<(), ReadErrorKind> {
        self.spent += 1;
        self.check()?;
        if depth > DEEPEST {
            Err(refused(format!("is nested more than {DEEPEST} deep")))
        } else {
            Ok(())
        }
    }

    /// Whether there is room for more parts.
    ///
    /// # Errors
    ///
    /// If there are more than a recording can have already.
    pub fn check(&self) -> Result<(), ReadErrorKind> {
        self.check_room(0)
    }

    /// Whether there is room for so many parts more, asked before they are read.
    ///
    /// # Errors
    ///
    /// If there is not.
    pub fn check_room(&self, more: usize) -> Result<(), ReadErrorKind> {
        if self.spent.saturating_add(more) > self.most {
            Err(refused(format!("holds more than {} parts", self.most)))
        } else {
            Ok(())
        }
    }
}

fn refused(found: String) -> ReadErrorKind {
    ReadErrorKind::Content { found, expected: "a recording".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_in_proportion_to_its_file() {
        let most = |length| {
            let mut budget = NodeBudget::of_file(length);
            let all = (0_usize..).take_while(|_| budget.spend(1).is_ok()).count();
            assert!(budget.check().is_err() && budget.check_room(0).is_err());
            all
        };
        assert_eq!(
            [0, 1 << 10, 1 << 20, u64::MAX].map(most),
            [1 << 16, 1 << 16, 1 << 17, MAX_NODES]
        );
        let budget = NodeBudget::of_file(0);
        assert!(budget.check_room(1 << 16).is_ok() && budget.check_room(1 + (1 << 16)).is_err());
        assert!(budget.check_room(usize::MAX).is_err());
        assert!(NodeBudget::of_file(0).spend(DEEPEST + 1).is_err());
    }
}
