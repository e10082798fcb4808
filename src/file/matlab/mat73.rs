//! MATLAB v7.3, which is HDF5 behind a block of 512 bytes.
//!
//! Axes are in the order in which HDF5 shows them, the reverse of MATLAB's: what MATLAB calls
//! 695 x 155 is (155, 695) here, as it is for h5py.

use std::collections::HashMap;

use hdf5_reader::dataset::Dataset;

use super::sparse::{self, Sparse};
use super::{FUNCTION, object_of_class};
use crate::file::element::TextBudget;
use crate::file::error::ReadErrorKind;
use crate::file::format::{Opened, Reader};
use crate::file::hdf5::objects::{Body, Object};
use crate::file::hdf5::parts::Unread;
use crate::file::hdf5::{self, Element, Hdf5};
use crate::file::node::{Kind, Node, NodeBudget};
use crate::file::value::{Loaded, Numbers};

/// The groups in which MATLAB keeps what cells and structs refer to.
const HIDDEN: [&str; 2] = ["#refs#", "#subsystem#"];

/// Turns the objects of HDF5 into the variables that they stand for.
pub(in crate::file) fn open(root: Object, reader: Hdf5) -> Opened {
    let mut objects = HashMap::new();
    by_address(&root, &mut objects);
    let reader = Mat73 { hdf5: reader, texts: Vec::new(), sparse: Vec::new() };
    let budget = NodeBudget::of_file(reader.hdf5.length);
    let mut builder = Builder { objects, reader, budget };
    let Body::Group(variables) = &root.body else { unreachable!("the root is a group") };
    let variables = variables.iter().filter(|object| !HIDDEN.contains(&object.name.as_str()));
    let nodes = variables.map(|object| builder.node(&object.name, object, 1));
    let node = Node::group("", nodes.collect());
    let root = Node { unread: root.unread.clone(), ..node };
    let reader = Box::new(builder.reader);
    Opened { format: "MATLAB v7.3 (HDF5)".to_owned(), separator: '.', root, reader }
}

fn by_address<'a>(object: &'a Object, objects: &mut HashMap<u64, &'a Object>) {
    objects.insert(object.address, object);
    if let Body::Group(children) = &object.body {
        children.iter().for_each(|child| by_address(child, objects));
    }
}

struct Builder<'a> {
    objects: HashMap<u64, &'a Object>,
    reader: Mat73,
    budget: NodeBudget,
}

impl<'a> Builder<'a> {
    /// The node of an object; one that is not understood says why, and the others are read.
    fn node(&mut self, name: &str, object: &'a Object, depth: usize) -> Node {
        let node = match self.budget.spend(depth) {
            Ok(()) => match &object.body {
                Body::Group(children) => self.group(name, object, children, depth),
                Body::Dataset(dataset) => self.dataset(name, object, dataset, depth),
                Body::Unread(unread) => Ok(self.reader.hdf5.unread(name, unread)),
            },
            Err(flaw) => Err(flaw),
        };
        let node = node
            .unwrap_or_else(|flaw| self.reader.hdf5.unread(name, &Unread::of_flaw("array", flaw)));
        Node {
            assumed: object.assumed.map(str::to_owned),
            unread: node.unread.or_else(|| object.unread.clone()),
            ..node
        }
    }

    fn group(
        &mut self,
        name: &str,
        object: &'a Object,
        children: &'a [Object],
        depth: usize,
    ) -> Result<Node, ReadErrorKind> {
        if let Some(rows) = object.number("MATLAB_sparse") {
            let is_logical = object.text("MATLAB_class").as_deref() == Some("logical");
            return self.sparse(name, rows as usize, is_logical, object);
        }
        if object.text("MATLAB_class").as_deref() == Some("function_handle") {
            return Ok(Node::unreadable(name, vec![], "function", FUNCTION));
        }
        if let Some(shape) = struct_array(children)? {
            return self.structs(name, children, shape, depth);
        }
        let parts = children.iter().map(|child| self.node(&child.name, child, depth + 1));
        let mut node = Node::group(name, parts.collect());
        node.element = "struct".to_owned();
        Ok(node)
    }

    /// A sparse matrix, whose axes are reversed as those of all others.
    fn sparse(
        &mut self,
        name: &str,
        rows: usize,
        is_logical: bool,
        group: &Object,
    ) -> Result<Node, ReadErrorKind> {
        // A matrix of zeros has no entries and no arrays of them.
        let mut part = |part: &str| match group.child(part).map(|object| &object.body) {
            Some(Body::Dataset(dataset)) => {
                let node = self.reader.numbers(part, dataset)?;
                let what = &node.element;
                let why = format!("is a sparse matrix of {what} in {part:?}, expected numbers");
                let content = node.content.filter(|_| node.kind == Kind::Numbers);
                Ok(Some((content.ok_or(ReadErrorKind::NotRead { why })?, node.len())))
            }
            _ => Ok(None),
        };
        let (starts, places, values) = (part("jc")?, part("ir")?, part("data")?);
        let detail = || "a sparse matrix without columns".to_owned();
        let (starts, length) = starts.ok_or_else(|| ReadErrorKind::Damaged { detail: detail() })?;
        let columns =
            length.checked_sub(1).ok_or_else(|| ReadErrorKind::Damaged { detail: detail() })?;
        let mut node = sparse::node(name, vec![columns, rows], is_logical);
        let [places, values] = [places, values].map(|part| part.map(|(content, _)| content));
        let parts = Parts { rows, columns, is_logical, starts, places, values };
        self.reader.sparse.push(parts);
        node.content = Some(SPARSE + self.reader.sparse.len() - 1);
        Ok(node)
    }

    /// A struct array: each field is an array of references, one for each element.
    fn structs(
        &mut self,
        name: &str,
        fields: &'a [Object],
        shape: Vec<usize>,
        depth: usize,
    ) -> Result<Node, ReadErrorKind> {
        let mut node = Node::leaf(name, Kind::Structs, shape, "struct");
        for field in fields {
            let Body::Dataset(dataset) = &field.body else { continue };
            for (index, target) in self.targets(dataset)?.into_iter().enumerate() {
                let part = self.target(&field.name, target, depth + 2);
                if node.children.len() == index {
                    node.children
                        .push(Node { element: "struct".to_owned(), ..Node::group("", Vec::new()) });
                }
                node.children[index].children.push(part);
                self.budget.check()?;
            }
        }
        Ok(node)
    }

    fn dataset(
        &mut self,
        name: &str,
        object: &'a Object,
        dataset: &Dataset,
        depth: usize,
    ) -> Result<Node, ReadErrorKind> {
        let class = object.text("MATLAB_class");
        let class = class.as_deref().unwrap_or("");
        if object.attributes.contains_key("MATLAB_object_decode") {
            return Ok(Node::unreadable(name, vec![], class, object_of_class(class)));
        }
        if object.number("MATLAB_empty") == Some(1.0) {
            return self.empty(name, class, dataset);
        }
        match class {
            "char" => self.text(name, dataset),
            "cell" => {
                let mut node = Node::leaf(name, Kind::Cells, hdf5::shape(dataset)?, "cell");
                for target in self.targets(dataset)? {
                    node.children.push(self.target("", target, depth + 1));
                    self.budget.check()?;
                }
                Ok(node)
            }
            "logical" => {
                let mut node = self.reader.numbers(name, dataset)?;
                if node.kind == Kind::Numbers && node.element == "uint8" {
                    node.element = "bool".to_owned();
                }
                Ok(node)
            }
            _ => self.reader.numbers(name, dataset),
        }
    }

    /// An array without elements: the dataset holds the lengths of its axes.
    fn empty(&mut self, name: &str, class: &str, dataset: &Dataset) -> Result<Node, ReadErrorKind> {
        let lengths = hdf5::numbers(dataset)?;
        let shape: Vec<usize> = lengths.iter().rev().map(|&length| length as usize).collect();
        let shape = if shape.contains(&0) { shape } else { vec![0] };
        Ok(match class {
            "char" => Node::leaf(name, Kind::Text, vec![], "text"),
            "cell" => Node::leaf(name, Kind::Cells, shape, "cell"),
            "struct" => Node::leaf(name, Kind::Structs, shape, "struct"),
            "double" | "" => Node::leaf(name, Kind::Numbers, shape, "float64"),
            "single" => Node::leaf(name, Kind::Numbers, shape, "float32"),
            "logical" => Node::leaf(name, Kind::Numbers, shape, "bool"),
            class => Node::leaf(name, Kind::Numbers, shape, class),
        })
    }

    /// Characters: one string for each row, rows and columns being swapped in HDF5.
    fn text(&mut self, name: &str, dataset: &Dataset) -> Result<Node, ReadErrorKind> {
        let shape = hdf5::shape(dataset)?;
        let node = self.reader.numbers(name, dataset)?;
        let (&[_, rows], Some(content)) = (&shape[..], node.content) else { return Ok(node) };
        let shape = if rows == 1 { vec![] } else { vec![rows] };
        let mut node = Node::leaf(name, Kind::Text, shape, "text");
        node.content = Some(self.reader.text(content));
        Ok(node)
    }

    fn target(&mut self, name: &str, target: Option<&'a Object>, depth: usize) -> Node {
        match target {
            Some(object) => self.node(name, object, depth),
            None => Node::unreadable(name, vec![], "reference", "refers to nothing that is there"),
        }
    }

    /// The objects to which the elements of a dataset refer.
    fn targets(&self, dataset: &Dataset) -> Result<Vec<Option<&'a Object>>, ReadErrorKind> {
        let Ok(Element::Reference(size @ 1..=8)) = Element::new(dataset.dtype()) else {
            return Err(ReadErrorKind::ElementType {
                found: "a cell array without references".to_owned(),
            });
        };
        self.budget.check_room(hdf5::length(dataset)?)?;
        let bytes = hdf5::bytes(dataset)?;
        let address = |reference: &[u8]| {
            let mut wide = [0; 8];
            wide[..size].copy_from_slice(reference);
            u64::from_le_bytes(wide)
        };
        let objects = bytes.chunks_exact(size).map(address);
        Ok(objects.map(|address| self.objects.get(&address).copied()).collect())
    }
}

/// The shape of the struct array that a group stands for: all its parts are arrays of references
/// of one shape, and no cell arrays, of which the class is told.
fn struct_array(fields: &[Object]) -> Result<Option<Vec<usize>>, ReadErrorKind> {
    let mut common = None;
    for field in fields {
        let Body::Dataset(dataset) = &field.body else { return Ok(None) };
        let is_reference = matches!(Element::new(dataset.dtype()), Ok(Element::Reference(_)));
        if !is_reference || field.attributes.contains_key("MATLAB_class") {
            return Ok(None);
        }
        let shape = hdf5::shape(dataset)?;
        if *common.get_or_insert_with(|| shape.clone()) != shape {
            return Ok(None);
        }
    }
    Ok(common)
}

/// The arrays of a file: those of HDF5, some of which are text or parts of sparse matrices.
struct Mat73 {
    hdf5: Hdf5,
    /// Where the characters are, by the number of the text.
    texts: Vec<usize>,
    sparse: Vec<Parts>,
}

/// A sparse matrix, and where its arrays are.
struct Parts {
    rows: usize,
    columns: usize,
    is_logical: bool,
    starts: usize,
    places: Option<usize>,
    values: Option<usize>,
}

/// Numbers of texts and of sparse matrices begin here.
const TEXTS: usize = 1 << 30;
const SPARSE: usize = 1 << 31;

impl Mat73 {
    fn numbers(&mut self, name: &str, dataset: &Dataset) -> Result<Node, ReadErrorKind> {
        self.hdf5.node(name, Box::new(dataset.clone()))
    }

    fn text(&mut self, characters: usize) -> usize {
        self.texts.push(characters);
        TEXTS + self.texts.len() - 1
    }
}

impl Mat73 {
    /// The first entries of a sparse matrix with all zeros, MATLAB's columns one after the other.
    fn entries(&mut self, sparse: usize, count: usize) -> Result<Vec<f64>, ReadErrorKind> {
        let Parts { rows, columns, starts, places, values, .. } = self.sparse[sparse];
        let mut numbers = |content: Option<usize>| match content {
            None => Ok(Vec::new()),
            Some(content) => match self.hdf5.load(content)? {
                Loaded::Numbers(Numbers { data, .. }) => Ok(data),
                Loaded::Texts { .. } => unreachable!("was found to hold numbers"),
            },
        };
        let (starts, places, values) = (numbers(Some(starts))?, numbers(places)?, numbers(values)?);
        Sparse { rows, columns, starts, places, values }.entries(count, self.hdf5.length)
    }
}

impl Reader for Mat73 {
    fn load(&mut self, content: usize) -> Result<Loaded, ReadErrorKind> {
        if let Some(place) = content.checked_sub(SPARSE) {
            let Parts { rows, columns, is_logical, .. } = self.sparse[place];
            let data = self.entries(place, rows.saturating_mul(columns))?;
            let precision = sparse::precision(is_logical);
            return Ok(Loaded::Numbers(Numbers { shape: vec![columns, rows], data, precision }));
        }
        let Some(text) = content.checked_sub(TEXTS) else { return self.hdf5.load(content) };
        self.hdf5.check_text(self.texts[text])?;
        match self.hdf5.load(self.texts[text])? {
            Loaded::Numbers(Numbers { shape, data, .. }) => rows_of_text(&shape, &data),
            texts @ Loaded::Texts { .. } => Ok(texts),
        }
    }

    fn first(&mut self, content: usize, count: usize) -> Result<Loaded, ReadErrorKind> {
        if let Some(place) = content.checked_sub(SPARSE) {
            let data = self.entries(place, count)?;
            let precision = sparse::precision(self.sparse[place].is_logical);
            return Ok(Loaded::Numbers(Numbers { shape: vec![data.len()], data, precision }));
        }
        if content < TEXTS { self.hdf5.first(content, count) } else { self.load(content) }
    }
}

/// The strings that characters (column, row) of UTF-16 are.
fn rows_of_text(shape: &[usize], data: &[f64]) -> Result<Loaded, ReadErrorKind> {
    let rows = shape[1];
    TextBudget::default().spend(rows, data.len())?;
    let row = |row: usize| {
        let units = data.iter().skip(row).step_by(rows.max(1)).map(|&unit| unit as u16);
        let text: String = char::decode_utf16(units)
            .map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        if rows == 1 { text } else { text.trim_end().to_owned() }
    };
    let shape = if rows == 1 { vec![] } else { vec![rows] };
    Ok(Loaded::Texts { shape, strings: (0..rows).map(row).collect() })
}
