//! safetensors: a header in JSON, and behind it the numbers of all tensors, one after the other.
//!
//! Eight bytes say how long the header is. It tells of each tensor its type, its shape, and between
//! which bytes behind the header its numbers are, which are little-endian and in the order of C. The
//! published crate takes the whole file as one slice of memory; here a tensor is read when it is
//! asked for. Source: <https://github.com/huggingface/safetensors#format>.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::element::{Class, NumberType, byte_count};
use super::error::{ReadError, ReadErrorKind, Shape};
use super::format::{Opened, Reader};
use super::node::{Kind, Node, NodeBudget};
use super::value::{Loaded, Numbers};

/// Bytes that say how long the header is.
const PREFIX: u64 = 8;

/// The longest header that the format allows, in bytes.
const LONGEST: u64 = 100_000_000;

/// The entry of the header that is no tensor.
const METADATA: &str = "__metadata__";

/// True for the first bytes of such a file: the header begins with `{` and has a length that may be.
pub(super) fn is_safetensors(start: &[u8]) -> bool {
    let length = start.first_chunk().map(|&bytes| u64::from_le_bytes(bytes));
    length.is_some_and(|length| length <= LONGEST) && start.get(PREFIX as usize) == Some(&b'{')
}

/// Reads the header.
///
/// # Errors
///
/// If it is not one, or it does not tell of all bytes behind it, each of one tensor.
pub(super) fn open(path: &Path) -> Result<Opened, ReadError> {
    let (tensors, root) = open_tensors(path)?;
    let (format, reader) = ("safetensors".to_owned(), Box::new(tensors));
    Ok(Opened { format, separator: '.', root, reader })
}

/// The tensors of a file, and their tree.
///
/// # Errors
///
/// As for [`open`].
pub(super) fn open_tensors(path: &Path) -> Result<(Tensors, Node), ReadError> {
    File::open(path)
        .map_err(ReadErrorKind::of_io)
        .and_then(|file| list(BufReader::new(file)))
        .map_err(|flaw| ReadError::of_file(path, flaw))
}

fn list(mut file: BufReader<File>) -> Result<(Tensors, Node), ReadErrorKind> {
    let all = file.get_ref().metadata().map_err(ReadErrorKind::of_io)?.len();
    let mut prefix = [0; PREFIX as usize];
    file.read_exact(&mut prefix).map_err(ReadErrorKind::of_member)?;
    let length = u64::from_le_bytes(prefix);
    let behind = all.checked_sub(PREFIX).and_then(|rest| rest.checked_sub(length));
    let Some(behind) = behind.filter(|_| length <= LONGEST) else {
        return Err(damaged(format!("it claims a header of {length} bytes and has {all} in all")));
    };
    // At most as many as are there.
    let mut text = Vec::new();
    file.by_ref().take(length).read_to_end(&mut text).map_err(ReadErrorKind::of_io)?;
    let Header(tensors) = serde_json::from_slice(&text)
        .map_err(|error| damaged(format!("its header is not understood ({error})")))?;
    check(&tensors, behind)?;
    let mut budget = NodeBudget::of_file(all);
    let mut children = Vec::new();
    for (content, (name, tensor)) in tensors.iter().enumerate() {
        budget.spend(1)?;
        let shape = tensor.shape.clone();
        let node = match tensor.number() {
            Ok(number) => Node::leaf(name, Kind::Numbers, shape, number.name()),
            Err(flaw) => Node::unreadable(name, shape, &tensor.dtype, flaw.to_string()),
        };
        children.push(Node { content: Some(content), ..node });
    }
    let tensors = tensors.into_iter().map(|(_, tensor)| tensor).collect();
    Ok((Tensors { file, start: PREFIX + length, tensors }, Node::group("", children)))
}

/// Tensors by name, each once, in the order of the file.
struct Header(Vec<(String, Tensor)>);

/// What the header says of a tensor.
#[derive(Deserialize)]
struct Tensor {
    dtype: String,
    shape: Vec<usize>,
    /// Where its bytes begin and end, counted from the end of the header.
    data_offsets: [u64; 2],
}

impl Tensor {
    /// The type of its numbers.
    ///
    /// # Errors
    ///
    /// If it is none that is read.
    fn number(&self) -> Result<NumberType, ReadErrorKind> {
        let (class, size) = match self.dtype.as_str() {
            "BOOL" => (Class::Bool, 1),
            "I8" => (Class::Int, 1),
            "I16" => (Class::Int, 2),
            "I32" => (Class::Int, 4),
            "I64" => (Class::Int, 8),
            "U8" => (Class::Uint, 1),
            "U16" => (Class::Uint, 2),
            "U32" => (Class::Uint, 4),
            "U64" => (Class::Uint, 8),
            "F16" => (Class::Float, 2),
            "F32" => (Class::Float, 4),
            "F64" => (Class::Float, 8),
            "BF16" => (Class::Bfloat, 2),
            other => {
                let found = format!("elements of type {other:?}");
                return Err(ReadErrorKind::ElementType { found });
            }
        };
        Ok(NumberType::new(class, size, false).expect("a size that exists"))
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with an entry for each tensor")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut tensors = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name == METADATA {
                        map.next_value::<IgnoredAny>()?;
                    } else {
                        tensors.push((name, map.next_value()?));
                    }
                }
                Ok(Header(tensors))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// Checks that tensors have different names and as many bytes as their shapes say, and that each of
/// the bytes behind the header is of exactly one.
fn check(tensors: &[(String, Tensor)], behind: u64) -> Result<(), ReadErrorKind> {
    let mut names: Vec<&str> = tensors.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(ReadErrorKind::Duplicates);
    }
    for (name, tensor) in tensors {
        let [start, end] = tensor.data_offsets;
        let found = end.checked_sub(start).map(u128::from);
        let expected = tensor.number().map(|number| byte_count(&tensor.shape, number.size())).ok();
        if found.is_none() || expected.is_some_and(|expected| found != Some(expected)) {
            return Err(damaged(format!(
                "its header puts tensor {name:?}, of shape {} and type {:?}, into the bytes from \
                 {start} to {end}",
                Shape(&tensor.shape),
                tensor.dtype
            )));
        }
    }
    let mut spans: Vec<[u64; 2]> = tensors.iter().map(|(_, tensor)| tensor.data_offsets).collect();
    spans.sort_unstable();
    let mut told = 0;
    for [start, end] in spans {
        if start != told {
            return Err(damaged(format!(
                "its header has a tensor that begins at byte {start}, expected {told}, where those \
                 before it end"
            )));
        }
        told = end;
    }
    if told == behind {
        Ok(())
    } else {
        Err(damaged(format!("its tensors have {told} bytes, of which {behind} are there")))
    }
}

fn damaged(detail: String) -> ReadErrorKind {
    ReadErrorKind::Damaged { detail }
}

/// The tensors in the order of the header.
pub(super) struct Tensors {
    file: BufReader<File>,
    /// Where the numbers begin, behind the header.
    start: u64,
    tensors: Vec<Tensor>,
}

impl Tensors {
    /// Reads the numbers of a tensor from a place on as an array of this shape.
    fn read(
        &mut self,
        content: usize,
        first: usize,
        shape: Vec<usize>,
    ) -> Result<Numbers, ReadErrorKind> {
        let tensor = &self.tensors[content];
        let number = tensor.number()?;
        let place = self.start + tensor.data_offsets[0] + (first * number.size()) as u64;
        self.file.seek(SeekFrom::Start(place)).map_err(ReadErrorKind::of_io)?;
        let bytes = byte_count(&shape, number.size()) as u64;
        let data = number.read_all(&mut self.file.by_ref().take(bytes), &shape)?;
        Ok(Numbers { shape, data, precision: number.precision() })
    }
}

impl Reader for Tensors {
    fn load(&mut self, content: usize) -> Result<Loaded, ReadErrorKind> {
        let shape = self.tensors[content].shape.clone();
        self.read(content, 0, shape).map(Loaded::Numbers)
    }

    fn first(&mut self, content: usize, count: usize) -> Result<Loaded, ReadErrorKind> {
        let all = byte_count(&self.tensors[content].shape, 1);
        self.read(content, 0, vec![all.min(count as u128) as usize]).map(Loaded::Numbers)
    }

    fn part(
        &mut self,
        content: usize,
        places: Range<usize>,
    ) -> Result<Option<Numbers>, ReadErrorKind> {
        if places.end as u128 > byte_count(&self.tensors[content].shape, 1) {
            return Err(damaged(format!("it has no number {}", places.end)));
        }
        self.read(content, places.start, vec![places.len()]).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::file::{Source, Value};
    use crate::scalar::Precision;

    /// A file with this header and data.
    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
    }

    fn source(bytes: &[u8]) -> Result<(tempfile::TempDir, Source), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w");
        fs::write(&path, bytes).unwrap();
        let source = Source::open(&path).map_err(|error| {
            let message = error.to_string();
            message.strip_prefix(&format!("{}: ", path.display())).unwrap().to_owned()
        });
        source.map(|source| (folder, source))
    }

    fn refused(header: &str, data: &[u8]) -> String {
        source(&file(header, data)).err().expect("is refused")
    }

    const TWO: &str = r#"{"__metadata__":{"format":"pt"},
        "rnn.weight_hh_l0":{"dtype":"F16","shape":[2,1],"data_offsets":[1,5]},
        "rnn":{"dtype":"BOOL","shape":[],"data_offsets":[0,1]}}"#;

    #[test]
    fn tensors_are_found_by_their_dotted_names() {
        // True, then 1.5 and -2 as float16.
        let (_folder, mut source) = source(&file(TWO, &[1, 0, 0x3e, 0, 0xc0])).unwrap();
        assert_eq!(source.format(), "safetensors");
        let weights = source.numbers("rnn.weight_hh_l0").unwrap();
        assert_eq!((weights.shape, weights.data), (vec![2, 1], vec![1.5, -2.0]));
        assert_eq!(weights.precision, Precision::Half);
        let Ok(Value::Numbers(flag)) = source.value("rnn") else { panic!("numbers") };
        assert_eq!((flag.shape, flag.data), (vec![], vec![1.0]));
        let missing = source.value("lstm").unwrap_err().to_string();
        assert!(missing.contains(r#"only "rnn.weight_hh_l0", "rnn""#), "{missing}");
    }

    #[test]
    fn every_cut_is_an_error() {
        let whole = file(TWO, &[1, 0, 0x3e, 0, 0xc0]);
        for length in 0..whole.len() {
            assert!(source(&whole[..length]).is_err(), "cut after {length} bytes");
        }
    }

    #[test]
    fn every_flipped_bit_is_an_error_or_some_numbers() {
        let mut bytes = file(TWO, &[1, 0, 0x3e, 0, 0xc0]);
        for (byte, bit) in (0..bytes.len()).flat_map(|byte| (0..8).map(move |bit| (byte, bit))) {
            bytes[byte] ^= 1 << bit;
            if let Ok((_folder, mut source)) = source(&bytes) {
                let names: Vec<_> =
                    source.root().children.iter().map(|child| child.name.clone()).collect();
                names.iter().for_each(|name| drop(source.value(name)));
            }
            bytes[byte] ^= 1 << bit;
        }
    }

    #[test]
    fn headers_that_contradict_their_bytes_are_refused() {
        let tensor = |name: &str, shape: &str, start: u64, end: u64| {
            format!(r#""{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[{start},{end}]}}"#)
        };
        let one = |shape, start, end| format!("{{{}}}", tensor("W", shape, start, end));
        let short = refused(&one("[2]", 0, 8), &[0; 4]);
        assert_eq!(short, "is damaged: its tensors have 8 bytes, of which 4 are there");
        assert!(refused(&one("[2]", 0, 8), &[0; 12]).contains("8 bytes, of which 12 are there"));
        let shape = refused(&one("[3]", 0, 8), &[0; 8]);
        assert!(
            shape.contains(
                r#"puts tensor "W", of shape (3,) and type "F32", into the bytes from 0"#
            ),
            "{shape}"
        );
        let huge = refused(&one("[4294967296,4294967296,4294967296]", 0, 8), &[0; 8]);
        assert!(huge.contains("into the bytes from 0 to 8"), "{huge}");
        assert!(refused(&one("[1]", 4, 0), &[0; 4]).contains("from 4 to 0"));
        assert!(refused(&one("[1]", 4, 8), &[0; 8]).contains("begins at byte 4, expected 0"));
        let overlap = [tensor("V", "[2]", 0, 8), tensor("W", "[2]", 4, 12)].join(",");
        assert!(refused(&format!("{{{overlap}}}"), &[0; 12]).contains("begins at byte 4"));
        let twice = [tensor("W", "[1]", 0, 4), tensor("W", "[1]", 4, 8)].join(",");
        assert!(refused(&format!("{{{twice}}}"), &[0; 8]).contains("of the same name"));
        assert!(refused("{\"W\":3}", &[]).contains("its header is not understood (invalid type"));
        let nested = format!("{{\"W\":{}", "[".repeat(100_000));
        assert!(refused(&nested, &[]).contains("its header is not understood"));
        let claims = [&90_000_000_u64.to_le_bytes()[..], b"{}"].concat();
        let claims = source(&claims).err().expect("is refused");
        assert!(claims.contains("claims a header of 90000000 bytes and has 10 in all"), "{claims}");
    }

    #[test]
    fn types_that_are_not_read_are_named_and_hide_nothing_else() {
        let header = r#"{"q":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]},
            "W":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}"#;
        let (_folder, mut source) = source(&file(header, &[1, 2, 3])).unwrap();
        let refused = source.value("q").unwrap_err().to_string();
        assert!(
            refused.contains("holds elements of type \"F8_E4M3\", expected floats"),
            "{refused}"
        );
        assert_eq!(source.numbers("W").unwrap().data, [3.0]);
    }
}
