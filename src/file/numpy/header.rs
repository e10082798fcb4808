//! The header of a `.npy` array: a Python dictionary of element type, order and shape.
//!
//! Parsed here, as the crates for this format (npyz, ndarray-npy) allocate a header of the length
//! that the file claims and recurse with the nesting of its text, by a parser generator that takes
//! longer to compile than everything else that reads files.

use std::io::{self, Read};

use crate::file::error::ReadErrorKind;

/// The longest header that is read, in bytes. One of numbers takes about 100.
const LONGEST: u64 = 1 << 16;

/// Bytes before the text in version 1.0.
const PREFIX: usize = 10;

/// What the header of an array says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The element type as NumPy writes it: `<f8`.
    pub descr: String,
    /// True if the first index runs fastest.
    pub fortran_order: bool,
    /// The lengths of the axes.
    pub shape: Vec<usize>,
}

impl Header {
    /// Reads magic string, version, length and text.
    ///
    /// # Errors
    ///
    /// [`ReadErrorKind::Header`] if it is not a header, [`ReadErrorKind::ElementType`] if the elements are
    /// structured, and whatever reading fails with.
    pub fn read(reader: &mut impl Read) -> Result<Header, ReadErrorKind> {
        let prefix = bytes::<8>(reader)?;
        let [magic @ .., major, minor] = prefix;
        if magic != *b"\x93NUMPY" {
            return Err(malformed("it does not begin with the magic string of the format"));
        }
        let length = match (major, minor) {
            (1, 0) => u64::from(u16::from_le_bytes(bytes(reader)?)),
            (2 | 3, 0) => u64::from(u32::from_le_bytes(bytes(reader)?)),
            _ => {
                let found = format!("version {major}.{minor} is not 1.0, 2.0 or 3.0");
                return Err(malformed(found));
            }
        };
        if length > LONGEST {
            return Err(malformed(format!("it claims {length} bytes, more than {LONGEST}")));
        }
        let mut text = Vec::new();
        let found = reader.take(length).read_to_end(&mut text).map_err(ReadErrorKind::of_member)?;
        if found as u64 != length {
            return Err(malformed(format!("it claims {length} bytes and ends after {found}")));
        }
        Parser { rest: &text }.header()
    }

    /// Magic string, version 1.0, length and text, whose end is a multiple of 64 bytes as the format
    /// asks for.
    ///
    /// # Panics
    ///
    /// If there are so many axes that their lengths take 64 kB.
    pub fn to_bytes(&self) -> Vec<u8> {
        let order = if self.fortran_order { "True" } else { "False" };
        let lengths: String = self.shape.iter().map(|length| format!("{length}, ")).collect();
        let descr = &self.descr;
        let mut text =
            format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({lengths}), }}");
        let whole = (PREFIX + text.len() + 1).next_multiple_of(64);
        text.push_str(&" ".repeat(whole - PREFIX - text.len() - 1));
        text.push('\n');
        let length = u16::try_from(text.len()).expect("a few axes");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend(length.to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes
    }
}

/// The next `COUNT` bytes.
fn bytes<const COUNT: usize>(reader: &mut impl Read) -> Result<[u8; COUNT], ReadErrorKind> {
    let mut buffer = [0; COUNT];
    reader.read_exact(&mut buffer).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => malformed("it ends before its text begins"),
        _ => ReadErrorKind::of_member(error),
    })?;
    Ok(buffer)
}

fn malformed(detail: impl Into<String>) -> ReadErrorKind {
    ReadErrorKind::Header { detail: detail.into() }
}

/// What remains of the text. The tokens are ASCII in all versions of the format.
struct Parser<'a> {
    rest: &'a [u8],
}

impl Parser<'_> {
    /// `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`, keys in any order.
    fn header(mut self) -> Result<Header, ReadErrorKind> {
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        self.expect(b'{')?;
        while !self.eat(b'}') {
            let key = self.string()?;
            self.expect(b':')?;
            match key.as_str() {
                "descr" => descr = Some(self.descr()?),
                "fortran_order" => fortran_order = Some(self.boolean()?),
                "shape" => shape = Some(self.shape()?),
                other => return Err(malformed(format!("unknown key {other:?}"))),
            }
            if !self.eat(b',') {
                self.expect(b'}')?;
                break;
            }
        }
        self.skip_space();
        if !self.rest.is_empty() {
            return Err(self.unexpected("the end"));
        }
        let missing = |key: &str| malformed(format!("key {key:?} is missing"));
        Ok(Header {
            descr: descr.ok_or_else(|| missing("descr"))?,
            fortran_order: fortran_order.ok_or_else(|| missing("fortran_order"))?,
            shape: shape.ok_or_else(|| missing("shape"))?,
        })
    }

    /// The element type of plain elements. Lists and tuples describe structured ones.
    fn descr(&mut self) -> Result<String, ReadErrorKind> {
        self.skip_space();
        match self.rest.first() {
            Some(b'[' | b'(' | b'{') => {
                Err(ReadErrorKind::ElementType { found: "structured elements with fields".into() })
            }
            _ => self.string(),
        }
    }

    /// A string in quotes, without escapes.
    fn string(&mut self) -> Result<String, ReadErrorKind> {
        let quote = if self.eat(b'"') { b'"' } else { b'\'' };
        if quote == b'\'' {
            self.expect(quote)?;
        }
        let end = self.rest.iter().position(|&byte| byte == quote);
        let end = end.ok_or_else(|| malformed("a string has no end"))?;
        let text = String::from_utf8_lossy(&self.rest[..end]).into_owned();
        self.rest = &self.rest[end + 1..];
        Ok(text)
    }

    fn boolean(&mut self) -> Result<bool, ReadErrorKind> {
        self.skip_space();
        for (word, value) in [(&b"False"[..], false), (b"True", true)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err(self.unexpected("True or False"))
    }

    /// `()`, `(3,)` or `(3, 4)`.
    fn shape(&mut self) -> Result<Vec<usize>, ReadErrorKind> {
        let mut shape = Vec::new();
        self.expect(b'(')?;
        while !self.eat(b')') {
            shape.push(self.length()?);
            if !self.eat(b',') {
                self.expect(b')')?;
                break;
            }
        }
        Ok(shape)
    }

    /// A decimal number; Python 2 wrote an `L` after it.
    fn length(&mut self) -> Result<usize, ReadErrorKind> {
        self.skip_space();
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return Err(self.unexpected("the length of an axis"));
        }
        let (number, rest) = self.rest.split_at(digits);
        let number = String::from_utf8_lossy(number);
        self.rest = rest.strip_prefix(b"L").unwrap_or(rest);
        number.parse().map_err(|_| malformed(format!("an axis of length {number}")))
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.skip_space();
        let eaten = self.rest.first() == Some(&byte);
        self.rest = &self.rest[usize::from(eaten)..];
        eaten
    }

    fn expect(&mut self, byte: u8) -> Result<(), ReadErrorKind> {
        if self.eat(byte) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("{:?}", char::from(byte))))
        }
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn unexpected(&self, expected: &str) -> ReadErrorKind {
        let next = &self.rest[..self.rest.len().min(20)];
        let found = match next {
            [] => "the end".to_owned(),
            next => format!("{:?}", String::from_utf8_lossy(next)),
        };
        malformed(format!("found {found}, expected {expected}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Header, ReadErrorKind> {
        Parser { rest: text.as_bytes() }.header()
    }

    fn refused(text: &str) -> String {
        parse(text).expect_err("a malformed header is refused").to_string()
    }

    #[test]
    fn reads_what_numpy_writes() {
        let header = parse("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }   \n");
        let expected = Header { descr: "<f8".into(), fortran_order: false, shape: vec![3, 4] };
        assert_eq!(header.unwrap(), expected);
        let header = parse("{\"shape\":(),\"descr\":\"|b1\",\"fortran_order\":True}").unwrap();
        assert_eq!((header.descr.as_str(), header.fortran_order), ("|b1", true));
        assert!(header.shape.is_empty());
        let python2 = parse("{'descr': '<f8', 'fortran_order': False, 'shape': (3L,), }").unwrap();
        assert_eq!(python2.shape, [3]);
    }

    #[test]
    fn what_is_written_is_read_again() {
        for shape in [vec![], vec![3], vec![3, 4, 123_456_789, 0, 7, 12]] {
            let header = Header { descr: "<f8".into(), fortran_order: false, shape };
            let bytes = header.to_bytes();
            assert_eq!((bytes.len() % 64, bytes.last()), (0, Some(&b'\n')));
            assert_eq!(Header::read(&mut &bytes[..]).unwrap(), header);
        }
    }

    #[test]
    fn says_what_is_malformed() {
        let start = "{'descr': '<f8', 'fortran_order': False, ";
        for (text, detail) in [
            ("", "found the end, expected '{'".to_owned()),
            ("{'descr", "a string has no end".to_owned()),
            ("{'descr': 8", "found \"8\", expected '\\''".to_owned()),
            ("{'order': 8", "unknown key \"order\"".to_owned()),
            ("{'fortran_order': 0", "found \"0\", expected True or False".to_owned()),
            (&format!("{start}}}"), "key \"shape\" is missing".to_owned()),
            (&format!("{start}'shape': (-1,)}}"), "expected the length of an axis".to_owned()),
            (&format!("{start}'shape': (3 4)}}"), "found \"4)}\", expected ')'".to_owned()),
            (&format!("{start}'shape': (3, 4)}} x"), "found \"x\", expected the end".to_owned()),
            (
                &format!("{start}'shape': (99999999999999999999,)}}"),
                "an axis of length 99999999999999999999".to_owned(),
            ),
        ] {
            assert!(refused(text).contains(&detail), "{} <- {text}", refused(text));
        }
    }

    #[test]
    fn structured_elements_are_named_whatever_their_nesting() {
        let nested = format!("{{'descr': {}", "[('a', ".repeat(10_000));
        assert!(refused(&nested).contains("structured elements"));
    }

    #[test]
    fn length_and_version_are_checked_before_anything_is_read() {
        let read = |bytes: &[u8]| Header::read(&mut &bytes[..]).unwrap_err().to_string();
        assert!(
            read(b"\x93NUMPY\x02\x00\xff\xff\xff\xff")
                .contains("claims 4294967295 bytes, more than")
        );
        assert!(read(b"\x93NUMPY\x01\x00\x08\x00{}").contains("claims 8 bytes and ends after 2"));
        assert!(read(b"\x93NUMPY\x04\x00").contains("version 4.0"));
        assert!(read(b"\x93NUMPX\x01\x00").contains("magic"));
        assert!(read(b"\x93NUM").contains("ends before"));
    }
}
