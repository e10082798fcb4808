//! PyTorch: what `torch.save` writes, tensors in dictionaries and lists.
//!
//! It is a zip archive of a pickle, which says what there is, and a member for the numbers of each
//! storage. A tensor is a view of a storage: an offset, and for each axis a length and a stride. The
//! [pickle](pickle) is read without executing anything; of the functions that it would call those
//! that make tensors are known, and what any other makes is listed as not read.

mod pickle;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use zip::ZipArchive;

use self::pickle::{Id, Object, Objects};
use super::archive::{detail, read_member};
use super::element::{Class, NumberType};
use super::error::{ReadError, ReadErrorKind, Shape};
use super::format::{Opened, Reader};
use super::node::{DEEPEST, Kind, Node, NodeBudget};
use super::value::{Loaded, Numbers};
use crate::scalar::Precision;

/// What stands behind the name of the archive in the name of the pickle.
const PICKLE: &str = "/data.pkl";

/// The longest pickle that is read, in bytes: the numbers of tensors are not in it.
const LONGEST: u64 = 1 << 26;

/// Bytes of a name that count as much as a part of the tree.
const LONG_NAME: usize = 64;

/// How the files begin that PyTorch wrote before version 1.6: a pickled magic number.
pub(super) const LEGACY: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";

/// Why they are not read.
pub(super) fn legacy() -> ReadErrorKind {
    let found = "is of the form that PyTorch wrote before version 1.6, without an archive";
    let expected = "what torch.save(torch.load(FILE), NEW) writes in a later version";
    ReadErrorKind::Content { found: found.to_owned(), expected: expected.to_owned() }
}

/// True for the first bytes of such a file: an archive of which the first member is the pickle.
pub(super) fn is_torch(start: &[u8]) -> bool {
    const NAME: usize = 30;
    let is_member = start.starts_with(b"PK\x03\x04");
    let length = start.get(26..28).map(|bytes| usize::from(bytes[0]) | usize::from(bytes[1]) << 8);
    let name = length.and_then(|length| start.get(NAME..NAME + length));
    is_member && name.is_some_and(|name| name.ends_with(PICKLE.as_bytes()))
}

/// Reads the pickle of an archive.
///
/// # Errors
///
/// If the archive or the pickle is damaged, or it holds an object that is no tensor, dictionary or
/// list.
pub(super) fn open(path: &Path) -> Result<Opened, ReadError> {
    let (tensors, root) = File::open(path)
        .map_err(ReadErrorKind::of_io)
        .and_then(list)
        .map_err(|flaw| ReadError::of_file(path, flaw))?;
    let (format, reader) = ("PyTorch".to_owned(), Box::new(tensors));
    Ok(Opened { format, separator: '.', root, reader })
}

fn list(file: File) -> Result<(Tensors, Node), ReadErrorKind> {
    let length = file.metadata().map_err(ReadErrorKind::of_io)?.len();
    let archive = ZipArchive::new(BufReader::new(file));
    let mut archive = archive.map_err(|error| damaged(detail(error)))?;
    if archive.has_duplicate_names() {
        return Err(ReadErrorKind::Duplicates);
    }
    let pickles = archive.file_names().filter_map(|name| Some(name.ok()?.into_owned()));
    let pickles: Vec<String> = pickles.filter(|name| name.ends_with(PICKLE)).collect();
    let [pickle] = &pickles[..] else { return Err(ReadErrorKind::Duplicates) };
    let folder = pickle.trim_end_matches(PICKLE).to_owned();
    let bytes = member(&mut archive, pickle, LONGEST)?;
    let order = format!("{folder}/byteorder");
    // Versions before 2.1 do not say it.
    let big_endian = match archive.index_for_name(&order) {
        None => false,
        Some(_) => match member(&mut archive, &order, 16)?.as_slice() {
            b"little" => false,
            b"big" => true,
            _ => return Err(damaged("its byteorder is neither little nor big".to_owned())),
        },
    };
    let objects = Objects::read(&bytes)?;
    let mut tree = Tree {
        objects: &objects,
        big_endian,
        contents: Vec::new(),
        budget: NodeBudget::of_file(length),
        lists: HashMap::new(),
    };
    let root = match objects.get(objects.root) {
        Object::Dict(_) => tree.node("", objects.root, 0)?,
        Object::Call(function, _) if tree.tensor(objects.root, 0).is_none() => {
            let what = objects.name(*function);
            let why = format!(
                "holds a pickled {what}, which is never loaded, expected tensors as \
                 torch.save(model.state_dict(), FILE) writes them"
            );
            return Err(ReadErrorKind::NotRead { why });
        }
        _ => Node::group("", vec![tree.node("object", objects.root, 1)?]),
    };
    let contents = tree.contents;
    Ok((Tensors { archive, folder, objects, contents }, root))
}

/// A member that is no longer than some bytes.
fn member(
    archive: &mut ZipArchive<BufReader<File>>,
    name: &str,
    longest: u64,
) -> Result<Vec<u8>, ReadErrorKind> {
    let index = archive.index_for_name(name).ok_or_else(|| missing(name))?;
    read_member(archive, index, |member| {
        let mut bytes = Vec::new();
        member.take(longest + 1).read_to_end(&mut bytes).map_err(ReadErrorKind::of_member)?;
        if bytes.len() as u64 > longest {
            return Err(damaged(format!("its {name} has more than {longest} bytes")));
        }
        Ok(bytes)
    })
}

fn missing(name: &str) -> ReadErrorKind {
    damaged(format!("its {name} is not there"))
}

fn damaged(detail: String) -> ReadErrorKind {
    ReadErrorKind::Damaged { detail }
}

/// What an array of the tree is.
enum Content {
    Tensor(Result<Tensor, ReadErrorKind>),
    /// Numbers that are in the pickle itself, one or a list.
    Numbers(Vec<usize>, Vec<f64>),
    /// A string that is in the pickle itself.
    Text(Id),
}

/// A view of a storage.
struct Tensor {
    storage: String,
    number: NumberType,
    /// Numbers that the storage claims.
    length: u64,
    offset: u64,
    shape: Vec<usize>,
    strides: Vec<u64>,
}

impl Tensor {
    /// How many numbers of the storage there are from the first to the last, each counted once.
    ///
    /// # Errors
    ///
    /// If they are not in the storage, or some are of several places of the tensor.
    fn span(&self) -> Result<u64, ReadErrorKind> {
        if self.shape.contains(&0) {
            return Ok(0);
        }
        let axes = || self.shape.iter().map(|&length| length as u128).zip(&self.strides);
        let reach = axes().fold(1_u128, |reach, (length, &stride)| {
            reach.saturating_add((length - 1).saturating_mul(u128::from(stride)))
        });
        let all = axes().fold(1_u128, |all, (length, _)| all.saturating_mul(length));
        if all > reach {
            let why = "is a view that repeats its numbers, expected one that was made contiguous";
            return Err(ReadErrorKind::NotRead { why: why.to_owned() });
        }
        let end = reach.saturating_add(u128::from(self.offset));
        if end > u128::from(self.length) {
            return Err(damaged(format!(
                "its shape {} reaches number {end} of a storage of {}",
                Shape(&self.shape),
                self.length
            )));
        }
        Ok(reach as u64)
    }

    /// Where the numbers are, from the first on, in the order of C.
    fn places(&self) -> impl Iterator<Item = u64> + '_ {
        let mut index = vec![0; self.shape.len()];
        let (mut place, mut more) = (0, !self.shape.contains(&0));
        std::iter::from_fn(move || {
            let found = more.then_some(place)?;
            more = false;
            // To the next index, like an odometer. Strides of axes of length 1 may be any numbers, which
            // are added and taken off again.
            for (axis, (&length, &stride)) in self.shape.iter().zip(&self.strides).enumerate().rev()
            {
                index[axis] += 1;
                place = u64::wrapping_add(place, stride);
                if index[axis] < length {
                    more = true;
                    break;
                }
                place = place.wrapping_sub(stride.wrapping_mul(length as u64));
                index[axis] = 0;
            }
            Some(found)
        })
    }

    /// True if the numbers are in the order of C without gaps.
    fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        self.shape.iter().zip(&self.strides).rev().all(|(&length, &stride)| {
            let fits = length == 1 || stride == expected;
            expected = expected.saturating_mul(length as u64);
            fits
        })
    }
}

/// The tree of what a pickle holds.
struct Tree<'a> {
    objects: &'a Objects,
    big_endian: bool,
    contents: Vec<Content>,
    budget: NodeBudget,
    /// Of lists that were met, whether they hold numbers alone.
    lists: HashMap<Id, bool>,
}

impl Tree<'_> {
    fn node(&mut self, name: &str, id: Id, depth: usize) -> Result<Node, ReadErrorKind> {
        self.budget.spend(depth)?;
        let unread = |element: &str, why: String| Ok(Node::unreadable(name, vec![], element, why));
        match self.objects.get(id) {
            Object::Dict(pairs) => self.group(name, pairs, depth),
            Object::List(items) | Object::Tuple(items) => self.list(name, id, items, depth),
            Object::Text(_) => {
                Ok(self.leaf(Node::leaf(name, Kind::Text, vec![], "text"), Content::Text(id)))
            }
            Object::None => unread("None", "is None".to_owned()),
            Object::Other(what) => unread(what, format!("is a {what}, expected a tensor")),
            Object::Global(what) => {
                unread("name", format!("is the name {what}, expected a tensor"))
            }
            Object::Persistent(_) => {
                unread("storage", "is a storage, expected a tensor".to_owned())
            }
            Object::Call(function, _) => match self.tensor(id, depth) {
                Some(tensor) => Ok(self.of_tensor(name, tensor)),
                None => {
                    let what = self.objects.name(*function);
                    let why = format!("is a pickled {what}, which is never loaded");
                    unread("object", why)
                }
            },
            Object::Bool(_) | Object::Int(_) | Object::Float(_) => {
                let (element, numbers) = self.numbers(&[id])?;
                let content = Content::Numbers(vec![], numbers);
                Ok(self.leaf(Node::leaf(name, Kind::Numbers, vec![], element), content))
            }
        }
    }

    fn leaf(&mut self, node: Node, content: Content) -> Node {
        self.contents.push(content);
        Node { content: Some(self.contents.len() - 1), ..node }
    }

    fn group(
        &mut self,
        name: &str,
        pairs: &[(Id, Id)],
        depth: usize,
    ) -> Result<Node, ReadErrorKind> {
        let (mut children, mut places) = (Vec::new(), HashMap::new());
        for &(key, value) in pairs {
            let key = match self.objects.get(key) {
                Object::Text(text) => text.clone(),
                Object::Int(number) => number.to_string(),
                _ => "(a key that is neither text nor a number)".to_owned(),
            };
            // Long names count for more, as one may be in many places.
            (0..key.len() / LONG_NAME).try_for_each(|_| self.budget.spend(depth))?;
            let child = self.node(&key, value, depth + 1)?;
            let place = *places.entry(key).or_insert(children.len());
            if place == children.len() {
                children.push(child);
            } else {
                children[place] = child;
            }
        }
        Ok(Node::group(name, children))
    }

    /// Numbers alone are an array.
    fn list(
        &mut self,
        name: &str,
        id: Id,
        items: &[Id],
        depth: usize,
    ) -> Result<Node, ReadErrorKind> {
        let objects = self.objects;
        let is_number = |&item: &Id| {
            matches!(objects.get(item), Object::Bool(_) | Object::Int(_) | Object::Float(_))
        };
        if *self.lists.entry(id).or_insert_with(|| items.iter().all(is_number)) {
            // Each counts, as a list may be in many places.
            items.iter().try_for_each(|_| self.budget.spend(depth))?;
            let (element, numbers) = self.numbers(items)?;
            let shape = vec![items.len()];
            let content = Content::Numbers(shape.clone(), numbers);
            return Ok(self.leaf(Node::leaf(name, Kind::Numbers, shape, element), content));
        }
        let elements = items.iter().map(|&item| self.node("", item, depth + 1));
        let children = elements.collect::<Result<Vec<_>, _>>()?;
        Ok(Node { children, ..Node::leaf(name, Kind::Cells, vec![items.len()], "list") })
    }

    /// Numbers of the pickle, and what they are called together.
    fn numbers(&self, items: &[Id]) -> Result<(&'static str, Vec<f64>), ReadErrorKind> {
        let mut element = "bool";
        let number = |&item: &Id| match *self.objects.get(item) {
            Object::Bool(flag) => Ok(f64::from(u8::from(flag))),
            Object::Float(number) => {
                element = "float64";
                Ok(number)
            }
            Object::Int(number) => {
                element = if element == "float64" { element } else { "int64" };
                let float = number as f64;
                let value = i128::from(number);
                if float as i128 == value {
                    Ok(float)
                } else {
                    Err(ReadErrorKind::Inexact { value })
                }
            }
            _ => unreachable!("only numbers are asked for"),
        };
        let numbers = items.iter().map(number).collect::<Result<Vec<_>, _>>()?;
        Ok((element, numbers))
    }

    fn of_tensor(&mut self, name: &str, tensor: Result<Tensor, ReadErrorKind>) -> Node {
        let checked = tensor.and_then(|tensor| tensor.span().map(|_| tensor));
        let node = match &checked {
            Ok(tensor) => {
                Node::leaf(name, Kind::Numbers, tensor.shape.clone(), tensor.number.name())
            }
            Err(flaw) => Node::unreadable(name, vec![], "tensor", flaw.to_string()),
        };
        self.leaf(node, Content::Tensor(checked))
    }

    /// The tensor that a call would make, if it would make one.
    fn tensor(&self, id: Id, depth: usize) -> Option<Result<Tensor, ReadErrorKind>> {
        let Object::Call(function, arguments) = self.objects.get(id) else { return None };
        self.made(self.objects.name(*function), *arguments, depth)
    }

    fn made(
        &self,
        function: &str,
        arguments: Id,
        depth: usize,
    ) -> Option<Result<Tensor, ReadErrorKind>> {
        let Object::Tuple(given) = self.objects.get(arguments) else { return None };
        if depth > DEEPEST {
            return None;
        }
        match (function, &given[..]) {
            (
                "torch._utils._rebuild_tensor" | "torch._utils._rebuild_tensor_v2",
                &[storage, offset, shape, strides, ..],
            ) => Some(self.view(storage, [offset, shape, strides], None)),
            (
                "torch._utils._rebuild_tensor_v3",
                &[storage, offset, shape, strides, _, _, element, ..],
            ) => Some(self.view(storage, [offset, shape, strides], Some(element))),
            (
                "torch._utils._rebuild_parameter" | "torch._utils._rebuild_parameter_with_state",
                &[tensor, ..],
            ) => self.tensor(tensor, depth + 1),
            // A tensor with attributes, or of a class of its own.
            ("torch._tensor._rebuild_from_type_v2", &[function, _, arguments, ..]) => {
                self.made(self.objects.name(function), arguments, depth + 1)
            }
            _ => None,
        }
    }

    /// A view of a storage, of which `element` says the type where that of the storage does not.
    fn view(
        &self,
        storage: Id,
        [offset, shape, strides]: [Id; 3],
        element: Option<Id>,
    ) -> Result<Tensor, ReadErrorKind> {
        let unknown = || damaged("its pickle has a tensor that is not understood".to_owned());
        let count = |id: Id| match *self.objects.get(id) {
            Object::Int(number) => u64::try_from(number).map_err(|_| unknown()),
            _ => Err(unknown()),
        };
        let counts = |id: Id| match self.objects.get(id) {
            Object::Tuple(items) if items.len() <= DEEPEST => {
                items.iter().map(|&item| count(item)).collect::<Result<Vec<_>, _>>()
            }
            _ => Err(unknown()),
        };
        let Object::Persistent(description) = self.objects.get(storage) else {
            return Err(unknown());
        };
        let Object::Tuple(description) = self.objects.get(*description) else {
            return Err(unknown());
        };
        let &[_, class, key, _, length] = &description[..] else { return Err(unknown()) };
        let Object::Text(key) = self.objects.get(key) else { return Err(unknown()) };
        if key.len() > LONG_NAME {
            return Err(unknown());
        }
        let number = number_type(self.objects.name(element.unwrap_or(class)), self.big_endian)?;
        let length = match element {
            // Of a storage without type the bytes are counted.
            Some(_) => count(length)? / number.size() as u64,
            None => count(length)?,
        };
        let lengths = counts(shape)?.into_iter().map(usize::try_from);
        let shape = lengths.collect::<Result<Vec<_>, _>>().map_err(|_| unknown())?;
        let strides = counts(strides)?;
        if shape.len() != strides.len() {
            return Err(unknown());
        }
        let (storage, offset) = (format!("data/{key}"), count(offset)?);
        Ok(Tensor { storage, number, length, offset, shape, strides })
    }
}

/// The type that the class of a storage or the name of a type stands for.
fn number_type(name: &str, big_endian: bool) -> Result<NumberType, ReadErrorKind> {
    let (class, size) = match name.strip_prefix("torch.").unwrap_or(name) {
        "BoolStorage" | "bool" => (Class::Bool, 1),
        "CharStorage" | "int8" => (Class::Int, 1),
        "ShortStorage" | "int16" => (Class::Int, 2),
        "IntStorage" | "int32" => (Class::Int, 4),
        "LongStorage" | "int64" => (Class::Int, 8),
        "ByteStorage" | "uint8" => (Class::Uint, 1),
        "uint16" => (Class::Uint, 2),
        "uint32" => (Class::Uint, 4),
        "uint64" => (Class::Uint, 8),
        "HalfStorage" | "float16" => (Class::Float, 2),
        "FloatStorage" | "float32" => (Class::Float, 4),
        "DoubleStorage" | "float64" => (Class::Float, 8),
        "BFloat16Storage" | "bfloat16" => (Class::Bfloat, 2),
        _ => return Err(ReadErrorKind::ElementType { found: format!("elements of {name}") }),
    };
    Ok(NumberType::new(class, size, big_endian).expect("a size that exists"))
}

/// The archive, and what the arrays of the tree are.
struct Tensors {
    archive: ZipArchive<BufReader<File>>,
    /// The name before that of every member.
    folder: String,
    objects: Objects,
    contents: Vec<Content>,
}

impl Tensors {
    /// The first numbers of an array, at most `most`.
    fn read(&mut self, content: usize, most: usize) -> Result<Loaded, ReadErrorKind> {
        let (shape, data, precision) = match &self.contents[content] {
            &Content::Text(id) => {
                let Object::Text(text) = self.objects.get(id) else { unreachable!("a string") };
                return Ok(Loaded::Texts { shape: vec![], strings: vec![text.clone()] });
            }
            Content::Numbers(shape, numbers) => {
                (shape.clone(), numbers.iter().copied().take(most).collect(), Precision::Double)
            }
            Content::Tensor(Err(flaw)) => return Err(repeated(flaw)),
            Content::Tensor(Ok(tensor)) => {
                let (name, precision) =
                    (format!("{}/{}", self.folder, tensor.storage), tensor.number.precision());
                let index = self.archive.index_for_name(&name).ok_or_else(|| missing(&name))?;
                let data = read_member(&mut self.archive, index, |member| {
                    read_view(member, tensor, most)
                })?;
                (tensor.shape.clone(), data, precision)
            }
        };
        let shape = if most == usize::MAX { shape } else { vec![data.len()] };
        Ok(Loaded::Numbers(Numbers { shape, data, precision }))
    }
}

/// The same flaw again.
fn repeated(flaw: &ReadErrorKind) -> ReadErrorKind {
    match flaw {
        ReadErrorKind::Damaged { detail } => damaged(detail.clone()),
        ReadErrorKind::ElementType { found } => ReadErrorKind::ElementType { found: found.clone() },
        other => ReadErrorKind::NotRead { why: other.to_string() },
    }
}

/// The first numbers of a view, at most `most`. Of a whole view the whole member is read, at the end
/// of which its checksum is compared.
fn read_view(
    mut member: &mut dyn Read,
    tensor: &Tensor,
    most: usize,
) -> Result<Vec<f64>, ReadErrorKind> {
    let whole = most == usize::MAX;
    let span = match whole {
        true => tensor.span()?,
        false => tensor.places().take(most).max().map_or(0, |last| last + 1),
    };
    let size = tensor.number.size() as u64;
    let skipped = io::copy(&mut member.take(tensor.offset.saturating_mul(size)), &mut io::sink());
    skipped.map_err(ReadErrorKind::of_member)?;
    let mut view = member.take(span.saturating_mul(size));
    let mut numbers = tensor.number.read_all(&mut view, &[span as usize])?;
    if whole {
        io::copy(&mut member, &mut io::sink()).map_err(ReadErrorKind::of_member)?;
    }
    if !tensor.is_contiguous() {
        let places = tensor.places().take(most);
        numbers = places.map(|place| numbers[place as usize]).collect();
    }
    numbers.truncate(most);
    Ok(numbers)
}

impl Reader for Tensors {
    fn load(&mut self, content: usize) -> Result<Loaded, ReadErrorKind> {
        self.read(content, usize::MAX)
    }

    fn first(&mut self, content: usize, count: usize) -> Result<Loaded, ReadErrorKind> {
        self.read(content, count)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Cursor, Write};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use crate::file::{Source, Value};

    /// An archive of this pickle, and of one storage, called 0.
    fn open(pickle: &[u8], storage: &[u8]) -> Result<(tempfile::TempDir, Source), String> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in [("w/data.pkl", pickle), ("w/data/0", storage)] {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.pt");
        fs::write(&path, zip.finish().unwrap().into_inner()).unwrap();
        let source = Source::open(&path).map_err(|error| error.to_string());
        source.map(|source| (folder, source))
    }

    /// The pickle of a vector of float32, by what it says of itself.
    fn vector(key: &str, stored: i64, offset: i64, length: i64, stride: i64) -> Vec<u8> {
        let number = |number: i64| [b"\x8a\x08", &number.to_le_bytes()[..]].concat();
        let text =
            |text: &str| [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat();
        [
            b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((".to_vec(),
            text("storage"),
            b"ctorch\nFloatStorage\n".to_vec(),
            text(key),
            text("cpu"),
            number(stored),
            b"tQ".to_vec(),
            number(offset),
            number(length),
            b"\x85".to_vec(),
            number(stride),
            b"\x85\x89NtR.".to_vec(),
        ]
        .concat()
    }

    fn numbers(pickle: &[u8]) -> Result<Vec<f64>, String> {
        let data = [0.5_f32, 1.5, 2.5, 3.5].map(f32::to_le_bytes).concat();
        let (_folder, mut source) = open(pickle, &data)?;
        match source.value("object").map_err(|error| error.to_string())? {
            Value::Numbers(array) => Ok(array.data),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn views_are_held_against_their_storage() {
        assert_eq!(numbers(&vector("0", 4, 1, 2, 2)), Ok(vec![1.5, 3.5]));
        assert_eq!(numbers(&vector("0", 4, 3, 1, 1 << 40)), Ok(vec![3.5]));
        for (pickle, sentence) in [
            (vector("0", 4, 1, 4, 1), "reaches number 5 of a storage of 4"),
            (
                vector("0", 4, 0, 2, i64::MAX),
                "reaches number 9223372036854775808 of a storage of 4",
            ),
            (vector("0", 4, 0, 3, 0), "is a view that repeats its numbers"),
            (vector("0", 4, -1, 1, 1), "has a tensor that is not understood"),
            (vector("1", 4, 0, 4, 1), "its w/data/1 is not there"),
            // More than there is, and no memory for it.
            (vector("0", 1 << 50, 0, 1 << 50, 1), "but holds 16 bytes"),
            (vector("0", i64::MAX, i64::MAX - 8, 8, 1), "but holds 0 bytes"),
        ] {
            let error = numbers(&pickle).unwrap_err();
            assert!(error.contains(sentence), "{error}");
        }
    }

    /// Few bytes that stand for very many parts, or for endless ones.
    #[test]
    fn trees_that_grow_from_few_bytes_are_refused() {
        let mut doubled = b"]q\0".to_vec();
        for level in 0..50 {
            doubled.extend([b']', b'(', b'h', level, b'h', level, b'e', b'q', level + 1]);
        }
        doubled.push(b'.');
        let error = open(&doubled, &[]).err().expect("is refused");
        assert!(error.contains("holds more than 65536 parts"), "{error}");
        let error = open(b"]q\0h\0a.", &[]).err().expect("is refused");
        assert!(error.contains("is nested more than 64 deep"), "{error}");
    }
}
