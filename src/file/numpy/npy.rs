//! What a `.npy` array holds: numbers or strings.

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use super::header::Header;
use crate::file::element::{Class, NumberType, TextBudget, byte_count, c_order, read_all, reserve};
use crate::file::error::ReadErrorKind;
use crate::file::value::{Loaded, Numbers};

/// bfloat16 as NumPy writes it with ml_dtypes, of which no other type of two raw bytes has the sign
/// of little-endian order: those are `|V2`.
const BFLOAT16: &str = "<V2";

/// Bytes of a character of a string of Unicode.
const CHARACTER: usize = 4;

/// The longest string that is read, in bytes.
const LONGEST_TEXT: usize = 1 << 14;

/// Reads an array of numbers, and that it ends where its shape says.
///
/// Memory grows with the bytes that are read, up to eight times as many (for bytes, which become
/// f64), whatever the header claims.
///
/// # Errors
///
/// Whatever [`ReadErrorKind`] the header or the numbers have; strings are refused.
pub(super) fn read(reader: &mut impl Read) -> Result<Numbers, ReadErrorKind> {
    let header = Header::read(reader)?;
    match Element::parse(&header.descr)? {
        Element::Number(number) => read_numbers(reader, number, header),
        Element::Text { .. } => Err(refused("strings", &header.descr)),
    }
}

/// Reads an array of numbers or strings, and that it ends where its shape says.
///
/// # Errors
///
/// As for [`read`].
pub(super) fn read_any(reader: &mut impl Read) -> Result<Loaded, ReadErrorKind> {
    let header = Header::read(reader)?;
    match Element::parse(&header.descr)? {
        Element::Number(number) => read_numbers(reader, number, header).map(Loaded::Numbers),
        text @ Element::Text { .. } => {
            let count = usize::try_from(byte_count(&header.shape, 1)).unwrap_or(usize::MAX);
            TextBudget::default().spend(count, count.saturating_mul(text.size()))?;
            let mut strings = Vec::new();
            read_all(reader, &header.shape, text.size(), |bytes, count| {
                reserve(&mut strings, count, &header.shape)?;
                strings.extend(bytes.chunks_exact(text.size()).map(|bytes| text.string(bytes)));
                Ok(())
            })?;
            let Header { shape, fortran_order, .. } = header;
            let strings = if fortran_order { c_order(&shape, strings)? } else { strings };
            Ok(Loaded::Texts { shape, strings })
        }
    }
}

/// The element type and the shape that a header tells of.
///
/// # Errors
///
/// If it is not a header. Of an element type that is not read the error is in the inner `Result`.
pub(super) fn outline(
    reader: &mut impl Read,
) -> Result<(Result<Element, ReadErrorKind>, Vec<usize>), ReadErrorKind> {
    let header = Header::read(reader)?;
    Ok((Element::parse(&header.descr), header.shape))
}

/// The first elements in the order of the file, at most `count`.
///
/// # Errors
///
/// As for [`read`], of what is read.
pub(super) fn first(reader: &mut impl Read, count: usize) -> Result<Loaded, ReadErrorKind> {
    let header = Header::read(reader)?;
    let element = Element::parse(&header.descr)?;
    let elements = byte_count(&header.shape, 1).min(count as u128) as usize;
    let shape = vec![elements];
    let mut bytes = Vec::new();
    let wanted = elements * element.size();
    let found =
        reader.take(wanted as u64).read_to_end(&mut bytes).map_err(ReadErrorKind::of_member)?;
    if found < wanted {
        let expected = byte_count(&header.shape, element.size());
        return Err(ReadErrorKind::TooShort { shape: header.shape, expected, found: found as u64 });
    }
    match element {
        Element::Number(number) => {
            let mut data = Vec::new();
            number.decode(&bytes, &mut data)?;
            Ok(Loaded::Numbers(Numbers { shape, data, precision: number.precision() }))
        }
        text @ Element::Text { .. } => {
            let strings = bytes.chunks_exact(text.size()).map(|bytes| text.string(bytes)).collect();
            Ok(Loaded::Texts { shape, strings })
        }
    }
}

/// The numbers at some neighbouring places; `None` of strings, or in the order of Fortran.
///
/// # Errors
///
/// As for [`read`], of what is read.
pub(super) fn part(
    reader: &mut (impl Read + Seek),
    places: Range<usize>,
) -> Result<Option<Numbers>, ReadErrorKind> {
    let header = Header::read(reader)?;
    let Element::Number(number) = Element::parse(&header.descr)? else { return Ok(None) };
    if header.fortran_order && header.shape.len() > 1 {
        return Ok(None);
    }
    let [start, length] = [places.start, places.len()].map(|count| (count * number.size()) as u64);
    reader.seek(SeekFrom::Current(start as i64)).map_err(ReadErrorKind::of_member)?;
    let shape = vec![places.len()];
    let data = number.read_all(&mut reader.take(length), &shape)?;
    Ok(Some(Numbers { shape, data, precision: number.precision() }))
}

/// What an element is.
#[derive(Clone, Copy)]
pub(super) enum Element {
    Number(NumberType),
    /// A string of `length` characters of 1 (`S`) or 4 bytes (`U`), padded with zeros.
    Text {
        length: usize,
        wide: bool,
        big_endian: bool,
    },
}

impl Element {
    /// The element type that a header names.
    fn parse(descr: &str) -> Result<Self, ReadErrorKind> {
        let refused = |what: &str| refused(what, descr);
        if descr == BFLOAT16 {
            let number = NumberType::new(Class::Bfloat, 2, false).expect("a size that exists");
            return Ok(Element::Number(number));
        }
        let (order, kind, size) =
            parts(descr).ok_or_else(|| refused("elements of unknown type"))?;
        let class = match kind {
            'b' => Some(Class::Bool),
            'i' => Some(Class::Int),
            'u' => Some(Class::Uint),
            'f' => Some(Class::Float),
            _ => None,
        };
        let big_endian = order == '>';
        if let Some(number) = class.and_then(|class| NumberType::new(class, size, big_endian)) {
            return Ok(Element::Number(number));
        }
        match kind {
            'S' | 'a' | 'U' if size == 0 => Err(refused("empty strings")),
            'S' | 'a' | 'U' => {
                let wide = kind == 'U';
                let text = Element::Text { length: size, wide, big_endian };
                if text.size() > LONGEST_TEXT { Err(refused("long strings")) } else { Ok(text) }
            }
            'f' if matches!(size, 12 | 16) => Err(refused("extended-precision floats")),
            'c' => Err(refused("complex numbers")),
            'O' => Err(ReadErrorKind::Objects),
            'M' | 'm' => Err(refused("dates or times")),
            'V' => Err(refused("raw bytes")),
            _ => Err(refused("elements of unknown type")),
        }
    }

    /// Bytes of an element.
    fn size(self) -> usize {
        match self {
            Element::Number(number) => number.size(),
            Element::Text { length, wide, .. } => {
                length.saturating_mul(if wide { CHARACTER } else { 1 })
            }
        }
    }

    /// The string that the bytes of an element are.
    fn string(self, bytes: &[u8]) -> String {
        let Element::Text { wide: true, big_endian, .. } = self else {
            let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
            return String::from_utf8_lossy(&bytes[..end]).into_owned();
        };
        let (characters, _) = bytes.as_chunks::<CHARACTER>();
        let read = if big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
        let text: String = characters
            .iter()
            .map(|&bytes| char::from_u32(read(bytes)).unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        text.trim_end_matches('\0').to_owned()
    }
}

/// Byte order, kind and size of a type as NumPy names it: `<f8`, `|S5`, `|O`, `<M8[ns]`. `None` if it
/// is no such name, or one of numbers of several bytes without their order.
fn parts(descr: &str) -> Option<(char, char, usize)> {
    let mut characters = descr.chars();
    let (order, kind) = (characters.next()?, characters.next()?);
    let rest = characters.as_str();
    let (digits, unit) = rest.split_at(rest.find('[').unwrap_or(rest.len()));
    let is_unit = unit.is_empty() || matches!(kind, 'M' | 'm') && unit.ends_with(']');
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    if !matches!(order, '<' | '>' | '|')
        || !is_unit
        || !is_number
        || (kind == 'O') != digits.is_empty()
    {
        return None;
    }
    let size = if kind == 'O' { 0 } else { digits.parse().ok()? };
    let needs_order = kind == 'U' || matches!(kind, 'i' | 'u' | 'f' | 'c' | 'M' | 'm') && size > 1;
    (order != '|' || !needs_order).then_some((order, kind, size))
}

fn refused(what: &str, descr: &str) -> ReadErrorKind {
    ReadErrorKind::ElementType { found: format!("{what} ({descr:?})") }
}

fn read_numbers(
    reader: &mut impl Read,
    number: NumberType,
    header: Header,
) -> Result<Numbers, ReadErrorKind> {
    let Header { shape, fortran_order, .. } = header;
    let data = number.read_all(reader, &shape)?;
    let data = if fortran_order { c_order(&shape, data)? } else { data };
    Ok(Numbers { shape, data, precision: number.precision() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(descr: &str) -> String {
        Element::parse(descr).err().expect("is refused").to_string()
    }

    #[test]
    fn types_that_are_neither_real_numbers_nor_strings_are_refused_by_name() {
        assert!(
            refused("<f16").starts_with("holds extended-precision floats (\"<f16\"), expected")
        );
        assert!(refused("|V2").contains("raw bytes"));
        assert!(refused("<V1").contains("raw bytes"), "float8 of ml_dtypes");
        assert!(refused("<c16").contains("complex numbers"));
        assert!(refused("<U0").contains("empty strings"));
        assert!(refused("|S99999").contains("long strings"));
        assert!(refused("<M8[ns]").contains("dates or times"));
        assert!(refused("|V8").contains("raw bytes"));
        assert!(refused("|O").contains("Python objects"));
        assert!(refused("<f7").contains("unknown type"));
        assert!(refused("é").contains("unknown type"));
    }

    #[test]
    fn strings_lose_their_padding_and_nothing_else() {
        let wide = |descr: &str, bytes: &[u8]| Element::parse(descr).unwrap().string(bytes);
        assert_eq!(wide("|S4", b"a\0b\0"), "a\0b");
        assert_eq!(wide("|S2", b"\0\0"), "");
        assert_eq!(wide("<U2", &[0xe9, 0, 0, 0, 0, 0, 0, 0]), "é");
        assert_eq!(wide(">U2", &[0, 0, 0, 0xe9, 0, 0, 0, b'x']), "éx");
        assert_eq!(wide("<U1", &[0xff; 4]), "\u{fffd}");
    }

    #[test]
    fn arrays_of_strings_are_refused_where_numbers_are_expected() {
        let header = "{'descr': '<U1', 'fortran_order': False, 'shape': (), }";
        let mut file = b"\x93NUMPY\x01\0".to_vec();
        file.extend((header.len() as u16).to_le_bytes());
        file.extend(header.as_bytes());
        file.extend([b'x', 0, 0, 0]);
        let flaw = read(&mut &file[..]).unwrap_err().to_string();
        assert!(flaw.starts_with("holds strings (\"<U1\"), expected"), "{flaw}");
        let Ok(Loaded::Texts { shape, strings }) = read_any(&mut &file[..]) else {
            panic!("strings are read")
        };
        assert_eq!((shape, strings), (vec![], vec!["x".to_owned()]));
    }
}
